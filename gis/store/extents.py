"""Where collections and enterprises lie: kept, and read anew only where the change log tells of a change since.

A thing that was read keeps the oldest transaction that was open then (`pg_snapshot_xmin`): a change from that one on may be missing in
it, all before it is in it. What nothing was logged about since is as it was, and from then on of the later snapshot.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar
from uuid import UUID

from psycopg import AsyncConnection

from gis.store.changes import DERIVED
from gis.store.collections import Collection, relation
from gis.store.connect import EVERYWHERE
from gis.store.filters.fragment import Fragment, bound, column, joined, put
from gis.store.items import run

Box = tuple[float, float, float, float]
"""West, south, east, north, degrees (EPSG:4490)."""
Key = TypeVar("Key")
T = TypeVar("T")
HORIZON = "pg_snapshot_xmin(pg_current_snapshot())::text::bigint"
LATER = put(
    """SELECT {}, coalesce((SELECT split_part(value, '-', 1)::bigint FROM store_meta WHERE key = 'changes_swept'), 0),
    coalesce(array_agg(kind), '{{}}'), coalesce(array_agg(enterprise_id), '{{}}'), coalesce(array_agg(xid), '{{}}')
    FROM (SELECT kind, enterprise_id, max(xid::text::bigint) AS xid FROM change_log
        WHERE xid >= %s::text::xid8 AND layer <> ALL ({}) GROUP BY kind, enterprise_id) c""",
    Fragment(HORIZON),
    bound(list(DERIVED), "text[]"),
)
"""The horizon of now, how far the log is no longer kept, and the last change of each kind and owner from a transaction on."""


@dataclass(frozen=True, slots=True)
class Space:
    """What an enterprise's features take up: degrees (EPSG:4490), metres above its ground."""

    box: Box | None
    """None where nothing of it lies anywhere."""
    low_m: float
    high_m: float


@dataclass(slots=True)
class _Read(Generic[T]):
    horizon: int
    value: T


@dataclass(slots=True)
class Extents:
    """What one process has read."""

    collections: dict[tuple[str, str], _Read[Box | None]] = field(default_factory=dict)
    """By scope and collection."""
    spaces: dict[UUID, _Read[Space]] = field(default_factory=dict)
    """By enterprise, whoever sees it: who sees an enterprise sees all that is its own."""


class _Later:
    """The last transactions that changed things of each kind and of each owner; -1 where there is none."""

    def __init__(self, changes: Iterable[tuple[str, UUID | None, int]]) -> None:
        self.kinds: dict[str, int] = {}
        self.owners: dict[UUID | None, int] = {}
        for kind, owner, xid in changes:
            self.kinds[kind] = max(xid, self.of_kind(kind))
            self.owners[owner] = max(xid, self.of_owner(owner))

    def of_kind(self, kind: str) -> int:
        return self.kinds.get(kind, -1)

    def of_owner(self, owner: UUID | None) -> int:
        return self.owners.get(owner, -1)


async def _standing(
    connection: AsyncConnection, kept: dict[Key, _Read[T]], keys: Iterable[Key], last: Callable[[_Later, Key], int]
) -> dict[Key, T]:
    """Return what is kept under some keys and still so; `last` names the last transaction that changed what is kept under a key."""
    known = {key: kept[key] for key in keys if key in kept}
    if not known:
        return {}
    since = min(one.horizon for one in known.values())
    # Whole: a change that the caller does not see may have taken something out of sight.
    row = await run(connection, EVERYWHERE, Fragment(LATER.text, (str(since), *LATER.values)))
    assert row is not None, "an aggregate has a row"  # noqa: S101
    now, swept, *lists = row
    later = _Later(zip(*lists, strict=True))
    found = {}
    for key, one in known.items():
        # A store that was restored to an earlier time begins anew.
        if swept < one.horizon <= now and last(later, key) < one.horizon:
            found[key] = one.value
            if kept.get(key) is one:
                kept[key] = _Read(now, one.value)
    return found


async def extents(connection: AsyncConnection, collections: Sequence[Collection], scope: str, kept: Extents) -> dict[str, Box | None]:
    """Return west, south, east, north (degrees, EPSG:4490) of each collection's features in a scope; None where there are none.

    Parameters
    ----------
    connection : AsyncConnection
        As for `gis.store.items.run`.
    collections : sequence of Collection
    scope : str
        A code of `jurisdictions`, or `*`.
    kept : Extents
    """

    def last(later: _Later, key: tuple[str, str]) -> int:
        # With an enterprise all that it has comes into sight, or out of it.
        return max(later.of_kind(key[1]), later.of_kind("enterprise") if scope != EVERYWHERE else -1)

    standing = await _standing(connection, kept.collections, [(scope, one.id) for one in collections if one.kind], last)
    missing = [one for one in collections if (scope, one.id) not in standing]
    parts = []
    for one in missing:
        geom = column(one.geom) if one.srid in (4490, 4326) else put("ST_Transform({}, 4490)", column(one.geom))
        extent = put("ST_Extent({})", geom) if one.geometry else Fragment("NULL::box2d")
        corners = Fragment("CASE WHEN e IS NOT NULL THEN ARRAY[ST_XMin(e), ST_YMin(e), ST_XMax(e), ST_YMax(e)] END")
        parts.append(put("(SELECT {} FROM (SELECT {} AS e FROM {} f) e)", corners, extent, relation(one, scope, state=False)))
    found = {key[1]: value for key, value in standing.items()}
    if missing:
        row = await run(connection, scope, put("SELECT {}, {}", Fragment(HORIZON), joined(", ", parts)))
        assert row is not None, "it selects from nothing"  # noqa: S101
        for one, sides in zip(missing, row[1:], strict=True):
            found[one.id] = sides and (sides[0], sides[1], sides[2], sides[3])
            if one.kind:
                kept.collections[scope, one.id] = _Read(row[0], found[one.id])
    return found


# What lies around a plant says nothing of the space that it takes up.
SPACES = """
SELECT {}, coalesce(array_agg(asked.id), '{{}}'), coalesce(array_agg(sides), '{{}}'::double precision[]) FROM unnest({}) asked (id)
JOIN LATERAL (
    SELECT ARRAY[ST_XMin(box), ST_YMin(box), ST_XMax(box), ST_YMax(box), low_m, high_m]::double precision[] AS sides FROM (
        SELECT ST_Extent(v.geom) AS box, min(v.z_min_m) AS low_m, max(v.z_max_m) AS high_m FROM feature_view v
        WHERE v.enterprise_id = asked.id AND v.kind NOT IN ('receptor', 'river')) all_of_it) s ON true
"""


async def spaces(connection: AsyncConnection, enterprises: Sequence[UUID], kept: Extents) -> Mapping[UUID, Space]:
    """Return what each of some enterprises, which the caller has been found to see, takes up.

    Parameters
    ----------
    connection : AsyncConnection
        As for `gis.store.items.run`.
    enterprises : sequence of UUID
    kept : Extents
    """
    found = await _standing(connection, kept.spaces, enterprises, _Later.of_owner)
    missing = [one for one in enterprises if one not in found]
    if missing:
        asked = put(SPACES, Fragment(HORIZON), bound(missing, "uuid[]"))
        # Whoever asked first, it is kept for everybody who sees the enterprise.
        row = await run(connection, EVERYWHERE, asked)
        assert row is not None, "an aggregate has a row"  # noqa: S101
        horizon, ids, sides = row
        for one, (west, south, east, north, low_m, high_m) in zip(ids, sides, strict=True):
            box = None if west is None else (west, south, east, north)
            found[one] = Space(box, low_m or 0.0, high_m or 0.0)
            kept.spaces[one] = _Read(horizon, found[one])
    return found
