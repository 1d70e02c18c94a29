"""How two versions of a drawing differ, from the tables and their histories as of the instants at which they were published."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import numpy as np
import shapely
from psycopg import sql

from gis.crs import lonlat_to_xy
from gis.errors import NotFound
from gis.kinds import KINDS, Kind
from gis.models.feature import Feature
from gis.models.version import CHANGES, NOWHERE, Change, Changed, Difference, Value, difference_of
from gis.store.asking import Reading, Row
from gis.store.kind_tables import columns
from gis.store.read import said_otherwise

NEAR_M = 0.005
"""A middle that moved less stands where it stood, metres."""
TURNED = 0.005
"""Metres by which outlines on one middle may differ and still be one outline."""

ORDINAL = "seq"
"""A place in the order of a process: it follows from what came or went before it, and is no difference of its own."""

VERSION = sql.SQL("""
SELECT version, state, published_at, shows, difference FROM drawings WHERE enterprise_id = %s AND drawing_kind = %s AND version = %s
""")
STANDING = sql.SQL("""
SELECT version, state, published_at, shows, difference FROM drawings
WHERE enterprise_id = %s AND drawing_kind = %s AND state = 'published'
""")
BEFORE = sql.SQL("""
SELECT version, state, published_at, shows, difference FROM drawings
WHERE enterprise_id = %s AND drawing_kind = %s AND published AND version < %s ORDER BY version DESC LIMIT 1
""")
SHOWN = sql.SQL("SELECT DISTINCT feature_id FROM feature_sources WHERE enterprise_id = %s AND drawing_kind = %s")
OF_KIND = sql.SQL("SELECT kind, array_agg(feature_id) AS ids FROM features WHERE feature_id = ANY (%s) GROUP BY kind")
# What a feature was at an instant stands in its table or in its history, never in both.
AS_OF = sql.SQL("""
SELECT {columns}, lower(recorded) AS recorded_from, ST_AsBinary(geom) AS wkb FROM (
    SELECT {columns}, recorded FROM {table} WHERE feature_id = ANY (%(ids)s)
    UNION ALL SELECT {columns}, recorded FROM {history} WHERE feature_id = ANY (%(ids)s)
) v WHERE recorded @> %(at)s::timestamptz AND closed_at IS NULL
""")

Shown = dict[UUID, tuple[Feature, Row]]
"""What a version shows: each feature, and its row."""


def _feature(kind: Kind, row: Row) -> Feature:
    return Feature(
        row["feature_id"],
        kind.name,
        row["enterprise_id"],
        row["code"],
        row["name"],
        NOWHERE if row["wkb"] is None else shapely.from_wkb(bytes(row["wkb"])),
        row["base_1985_m"],
        row["height_m"],
        row["z_min_m"],
        row["z_max_m"],
        {attribute.name: row[attribute.name] for attribute in kind.attributes},
        recorded_from=row["recorded_from"],
    )


def _as_of(ids: Sequence[UUID], at: datetime | None) -> Reading[Shown]:
    """Read features as they were at an instant, as they are where none is given; closed ones are none."""
    found: Shown = {}
    for row in (yield OF_KIND, [list(ids)]):
        kind = KINDS.get(row["kind"])
        if kind is None:
            continue
        query = AS_OF.format(
            columns=sql.SQL(", ").join(map(sql.Identifier, columns(kind))),
            table=sql.Identifier(kind.table),
            history=sql.Identifier(f"{kind.table}_history"),
        )
        rows = yield query, {"ids": row["ids"], "at": at or "infinity"}
        found |= {one["feature_id"]: (_feature(kind, one), one) for one in rows}
    return found


def _metres(features: Iterable[Feature]) -> list[shapely.Geometry]:
    flat = shapely.force_2d(np.array([feature.geom for feature in features], dtype=object))
    return list(shapely.set_coordinates(flat, lonlat_to_xy(shapely.get_coordinates(flat))))


def _moved(old: Feature, new: Feature) -> tuple[float, bool]:
    """Return how far the middle moved, metres, and whether the outline is another one besides."""
    if old.geom.is_empty or new.geom.is_empty or shapely.equals_identical(old.geom, new.geom):
        return 0.0, False
    before, after = _metres((old, new))
    step = np.array(after.centroid.coords[0]) - np.array(before.centroid.coords[0])
    there = shapely.transform(before, lambda points: points + step)
    turned = before.geom_type != after.geom_type or bool(shapely.hausdorff_distance(there, after) > TURNED)
    raised = old.geom.has_z and not np.array_equal(
        shapely.get_coordinates(old.geom, include_z=True)[:, 2], shapely.get_coordinates(new.geom, include_z=True)[:, 2]
    )
    return float(np.hypot(*step)), turned or raised


def _changed(kind: Kind, old: tuple[Feature, Row], new: tuple[Feature, Row]) -> Changed | None:
    moved_m, reshaped = _moved(old[0], new[0])
    values = tuple(Value(**row) for row in said_otherwise(kind, old[1], new[1]) if row["name"] != ORDINAL)
    if moved_m < NEAR_M and not reshaped and not values:
        return None
    change: Change = "moved" if moved_m >= NEAR_M or reshaped else "changed"
    return Changed(change, old[0], new[0], moved_m, reshaped, values)


def compared(old: Shown, new: Shown) -> tuple[tuple[Changed, ...], tuple[Feature, ...]]:
    """Return what differs between two versions, and what both show alike."""
    changes: list[Changed] = []
    same: list[Feature] = []
    for id_ in old.keys() | new.keys():
        if id_ not in old:
            changes.append(Changed("added", None, new[id_][0]))
        elif id_ not in new:
            changes.append(Changed("removed", old[id_][0], None))
        elif (found := _changed(KINDS[new[id_][0].kind], old[id_], new[id_])) is not None:
            changes.append(found)
        else:
            same.append(new[id_][0])
    order, kinds = list(CHANGES), list(KINDS)
    changes.sort(key=lambda one: (order.index(one.change), kinds.index(one.feature.kind), one.feature.code or "", one.feature.feature_id))
    return tuple(changes), tuple(sorted(same, key=lambda one: (kinds.index(one.kind), one.code or "", one.feature_id)))


def since_published(enterprise_id: UUID, drawing_kind: str) -> Reading[Difference]:
    """Read how the layers, as they are, differ from what a drawing showed when it was last published."""
    standing = yield STANDING, [enterprise_id, drawing_kind]
    old: Shown = {}
    if standing:
        old = yield from _as_of(standing[0]["shows"] or (), standing[0]["published_at"])
    ids = [row["feature_id"] for row in (yield SHOWN, [enterprise_id, drawing_kind])]
    new = yield from _as_of(ids, None)
    changes, same = compared(old, new)
    return Difference(drawing_kind, standing[0]["version"] if standing else None, None, changes, same)


def between(enterprise_id: UUID, drawing_kind: str, old: int | None, new: int) -> Reading[Difference]:
    """Read how two versions of a drawing differ.

    Of one that waits for its review, this is what it was found to change when it was handed in, against the version that stood then.

    Parameters
    ----------
    enterprise_id : UUID
        Whose drawing.
    drawing_kind : str
        A, B, C or D.
    old : int or None
        The earlier version; None: the one that was published before the later one.
    new : int
        The later version.

    Raises
    ------
    NotFound
        There is no such version, or it is not known what it showed.
    """
    later = yield from _version(enterprise_id, drawing_kind, new)
    if later["published_at"] is None:
        return (yield from _waiting(enterprise_id, drawing_kind, later, old))
    earlier = (
        (yield from _version(enterprise_id, drawing_kind, old))
        if old is not None
        else (yield from _before(enterprise_id, drawing_kind, new))
    )
    if earlier is not None and earlier["published_at"] is None:
        raise NotFound(f"图 {drawing_kind} 第 {old} 版没有发布过，不能与它比较")
    for row in (earlier, later):
        if row is not None and row["shows"] is None:
            raise NotFound(f"图 {drawing_kind} 第 {row['version']} 版没有记下画了哪些要素，不能比较；它的文件可以取回")
    before: Shown = {}
    if earlier is not None:
        before = yield from _as_of(earlier["shows"], earlier["published_at"])
    after = yield from _as_of(later["shows"], later["published_at"])
    changes, same = compared(before, after)
    return Difference(drawing_kind, earlier["version"] if earlier is not None else None, new, changes, same)


def _version(enterprise_id: UUID, drawing_kind: str, version: int) -> Reading[Row]:
    rows = yield VERSION, [enterprise_id, drawing_kind, version]
    if not rows:
        raise NotFound(f"图 {drawing_kind} 没有第 {version} 版")
    return rows[0]


def _before(enterprise_id: UUID, drawing_kind: str, version: int) -> Reading[Row | None]:
    rows = yield BEFORE, [enterprise_id, drawing_kind, version]
    return rows[0] if rows else None


def _waiting(enterprise_id: UUID, drawing_kind: str, later: Row, old: int | None) -> Reading[Difference]:
    document: Mapping[str, Any] | None = later["difference"]
    if document is None:
        raise NotFound(f"图 {drawing_kind} 第 {later['version']} 版有制图错误，没有可比较的内容")
    if old is not None and old != document["from"]:
        known = f"第 {document['from']} 版" if document["from"] is not None else "空白"
        raise NotFound(f"图 {drawing_kind} 第 {later['version']} 版尚未发布，只能与送审时已发布的{known}比较")
    same: tuple[Feature, ...] = ()
    if document["from"] is not None:
        earlier = yield from _version(enterprise_id, drawing_kind, document["from"])
        touched = {UUID(row["feature_id"]) for row in document["changes"]}
        stood = yield from _as_of([id_ for id_ in earlier["shows"] or () if id_ not in touched], earlier["published_at"])
        same = tuple(feature for feature, _ in stood.values())
    return difference_of(document, later["version"], same)
