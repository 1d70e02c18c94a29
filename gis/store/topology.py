"""Topology of what is stored: the rules of `gis.rules.topology` as SQL, over everything or over what an edit touches.

Areas and lengths in metres by EPSG:4545; distances on the indexed EPSG:3857 shapes, scaled by the cosine of the latitude.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson
from psycopg import AsyncConnection, Connection
from psycopg.rows import dict_row

from gis.geojson import feature_collection
from gis.kinds import KINDS
from gis.rules.topology import Rule, rules
from gis.store.changes import DERIVED, Position, move_to, stretch
from gis.store.connect import EVERYWHERE
from gis.store.kind_tables import quoted
from gis.store.scope import owned_inside

READER = "topology"
MARGIN_DEG = 5e-5
"""Around an edited shape: what lies within so much of it, about 5 m, may have been right because of it."""
GRID_DEG = 1e-7
"""Areas that share a border share its corners within so much, about a centimetre: what is straight on the plane is not in degrees."""
MOST_FAULTS = 10_000
NOTHING = "00000000-0000-0000-0000-000000000000"


def _source(kinds: Iterable[str], where: Mapping[str, Sequence[str]] | None = None, extra: Sequence[str] = ()) -> str:
    """Return the open features of kinds, with some attributes of theirs, as one relation."""
    parts = []
    for name in kinds:
        kind = KINDS[name]
        known = {attribute.name for attribute in kind.attributes}
        listed = "".join(f", {column}::text AS {column}" if column in known else f", NULL::text AS {column}" for column in extra)
        conditions = "".join(
            f" AND {column} IN ({', '.join(quoted(value) for value in values)})"
            for column, values in (where or {}).items()
            if column in known
        )
        parts.append(
            f"SELECT feature_id, enterprise_id, {quoted(name)}::text AS kind, geom, geom_3857, z_min_m, z_max_m{listed}"
            f" FROM {kind.table} WHERE closed_at IS NULL AND geom IS NOT NULL{conditions}"
        )
    return f"({' UNION ALL '.join(parts)})"


AREA = "ST_Area(ST_Transform({}, 4545))"
LEVEL = """(coalesce(a.z_max_m, 'Infinity') > coalesce(b.z_min_m, 0) AND coalesce(b.z_max_m, 'Infinity') > coalesce(a.z_min_m, 0))"""
"""Two features that share a height; who has none stands on the ground and reaches as high as there is."""
PAIR = """SELECT least(a.feature_id, b.feature_id) AS feature_id, greatest(a.feature_id, b.feature_id) AS other_id,
            CASE WHEN a.feature_id < b.feature_id THEN a.enterprise_id ELSE b.enterprise_id END AS enterprise_id"""
"""A pair is the same whichever of the two is asked about."""
SHARED_HEIGHT = "(least(a.z_max_m, b.z_max_m) - greatest(a.z_min_m, b.z_min_m))"
SCALED = "(%(within)s / cos(radians(ST_Y(ST_PointOnSurface({}.geom)))))"


def _overlap(rule: Rule) -> str:
    source = _source(rule.kinds, rule.where)
    amount = f"c.area * {SHARED_HEIGHT}" if rule.volume else "c.area"
    return f"""SELECT DISTINCT ON (feature_id, other_id) * FROM (
        SELECT p.*, {amount} AS amount, c.geom
        FROM {source} a JOIN {source} b ON a.geom && b.geom AND a.feature_id <> b.feature_id AND {LEVEL} AND ST_Intersects(a.geom, b.geom)
        CROSS JOIN LATERAL ({PAIR}) p
        CROSS JOIN LATERAL (SELECT CASE WHEN a.feature_id < b.feature_id THEN ST_Intersection(a.geom, b.geom)
            ELSE ST_Intersection(b.geom, a.geom) END AS geom) i
        CROSS JOIN LATERAL (SELECT i.geom, {AREA.format("i.geom")} AS area) c
        WHERE {{only}} AND c.area > %(least)s) f ORDER BY feature_id, other_id"""


def _duplicate(rule: Rule) -> str:
    return " UNION ALL ".join(
        f"""SELECT * FROM (SELECT DISTINCT ON (p.feature_id, p.other_id) p.*, NULL::double precision AS amount,
            CASE WHEN a.feature_id < b.feature_id THEN a.geom ELSE b.geom END AS geom
        FROM {_source([kind])} a JOIN {_source([kind])} b ON a.geom && b.geom AND a.feature_id <> b.feature_id
            AND a.enterprise_id IS NOT DISTINCT FROM b.enterprise_id AND ST_Equals(a.geom, b.geom)
            AND (a.z_min_m, a.z_max_m) IS NOT DISTINCT FROM (b.z_min_m, b.z_max_m)
        CROSS JOIN LATERAL ({PAIR}) p
        WHERE {{only}} ORDER BY p.feature_id, p.other_id) f"""
        for kind in rule.kinds
    )


def _gap(rule: Rule) -> str:
    source = _source(rule.kinds)
    holes = f"""SELECT row_number() OVER () AS hole, u.enterprise_id, ST_MakePolygon(ST_ExteriorRing((r.dump).geom)) AS geom
        FROM (SELECT a.enterprise_id, (ST_Dump(ST_Union(a.geom, {GRID_DEG}))).geom AS geom FROM {source} a
            WHERE {{owners}} GROUP BY a.enterprise_id HAVING count(*) > 1) u
        CROSS JOIN LATERAL (SELECT ST_DumpRings(u.geom) AS dump) r WHERE (r.dump).path[1] > 0"""
    # A hole is told of once, of one of the areas around it.
    return f"""SELECT h.feature_id, {quoted(NOTHING)}::uuid AS other_id, h.enterprise_id, sum(h.area) AS amount, ST_Collect(h.geom) AS geom
        FROM (
        SELECT DISTINCT ON (g.hole) n.feature_id, g.enterprise_id, {AREA.format("g.geom")} AS area, g.geom FROM ({holes}) g
        JOIN {source} n ON n.geom && g.geom AND n.enterprise_id IS NOT DISTINCT FROM g.enterprise_id AND ST_Intersects(n.geom, g.geom)
        ORDER BY g.hole, n.feature_id) h WHERE h.area < %(most)s GROUP BY h.feature_id, h.enterprise_id"""


def _sliver(rule: Rule) -> str:
    return f"""SELECT a.feature_id, {quoted(NOTHING)}::uuid AS other_id, a.enterprise_id, w.width AS amount, a.geom
        FROM {_source(rule.kinds)} a
        CROSS JOIN LATERAL (SELECT ST_Transform(a.geom, 4545) AS flat) t
        CROSS JOIN LATERAL (SELECT 2 * ST_Area(t.flat) / nullif(ST_Perimeter(t.flat), 0) AS width) w
        WHERE {{only}} AND ST_Dimension(a.geom) = 2 AND w.width < %(width)s"""


def _outside(rule: Rule) -> str:
    extra = [rule.same] if rule.same else []
    shared = f" AND b.{rule.same} = a.{rule.same}" if rule.same else ""
    return f"""SELECT a.feature_id, {quoted(NOTHING)}::uuid AS other_id, a.enterprise_id, o.area AS amount, o.geom
        FROM {_source(rule.kinds, rule.where, extra)} a
        CROSS JOIN LATERAL (SELECT ST_Union(b.geom) AS geom FROM {_source(rule.of, None, extra)} b
            WHERE b.enterprise_id = a.enterprise_id{shared}) w
        CROSS JOIN LATERAL (SELECT ST_Difference(a.geom, w.geom) AS geom) d
        CROSS JOIN LATERAL (SELECT d.geom, {AREA.format("d.geom")} AS area) o
        WHERE {{only}} AND w.geom IS NOT NULL AND ST_Dimension(a.geom) = 2 AND NOT ST_Covers(w.geom, a.geom) AND o.area > %(least)s"""


def _none_near(rule: Rule, spot: str, besides: str) -> str:
    """Return the condition that no feature of some kinds lies near a place in EPSG:3857."""
    within = SCALED.format("a")
    parts = [
        f"NOT EXISTS (SELECT FROM {KINDS[kind].table} b WHERE b.closed_at IS NULL AND b.feature_id <> a.feature_id{besides}"
        f" AND ST_DWithin(b.geom_3857, {spot}, {within}))"
        for kind in rule.of
    ]
    return " AND ".join(parts)


def _near(rule: Rule) -> str:
    return f"""SELECT a.feature_id, {quoted(NOTHING)}::uuid AS other_id, a.enterprise_id, NULL::double precision AS amount, a.geom
        FROM {_source(rule.kinds, rule.where)} a WHERE {{only}} AND {_none_near(rule, "a.geom_3857", "")}"""


def _ends(rule: Rule) -> str:
    spots = "unnest(ARRAY[ST_StartPoint(l.geom), ST_EndPoint(l.geom)])"
    return f"""SELECT a.feature_id, {quoted(NOTHING)}::uuid AS other_id, a.enterprise_id, count(*)::double precision AS amount,
            ST_Transform(ST_Collect(e.spot), 4490) AS geom
        FROM {_source(rule.kinds, rule.where)} a CROSS JOIN LATERAL ST_Dump(ST_LineMerge(a.geom_3857)) l CROSS JOIN LATERAL {spots} e(spot)
        WHERE {{only}} AND NOT ST_IsClosed(l.geom) AND {_none_near(rule, "e.spot", "")} GROUP BY a.feature_id, a.enterprise_id"""


def _single(amount: str, condition: Callable[[Rule], str], extra: Callable[[Rule], list[str]] = lambda _: []) -> Callable[[Rule], str]:
    """Return the check of a condition on one feature alone."""

    def check(rule: Rule) -> str:
        return f"""SELECT a.feature_id, {quoted(NOTHING)}::uuid AS other_id, a.enterprise_id, {amount} AS amount, a.geom
            FROM {_source(rule.kinds, rule.where, extra(rule))} a WHERE {{only}} AND {condition(rule)}"""

    return check


CHECKS: Mapping[str, Callable[[Rule], str]] = {
    "overlap": _overlap,
    "duplicate": _duplicate,
    "gap": _gap,
    "sliver": _sliver,
    "outside": _outside,
    "near": _near,
    "ends": _ends,
    "missing": _single("NULL::double precision", lambda rule: f"a.{rule.attribute} IS NULL", lambda rule: [str(rule.attribute)]),
    "crossing": _single("NULL::double precision", lambda _: "ST_Dimension(a.geom) = 1 AND NOT ST_IsSimple(a.geom)"),
    "heights": _single("a.z_min_m - a.z_max_m", lambda _: "a.z_min_m >= a.z_max_m"),
    "below": _single("a.z_max_m", lambda _: "a.z_max_m > 0"),
}
"""Check → SQL of what breaks a rule: feature_id, other_id, enterprise_id, amount, geom; `{only}`, `{owners}`: who is asked about."""

KEEP = """
WITH found AS MATERIALIZED ({found}),
gone AS (
    DELETE FROM topology_faults t WHERE t.rule = %(rule)s AND {mine}
        AND NOT EXISTS (SELECT FROM found f WHERE (f.feature_id, f.other_id) = (t.feature_id, t.other_id)) RETURNING 1
), kept AS (
    INSERT INTO topology_faults AS t (rule, feature_id, other_id, enterprise_id, amount, geom)
    SELECT %(rule)s, feature_id, other_id, enterprise_id, amount, ST_Force2D(geom) FROM found
    ON CONFLICT (rule, feature_id, other_id)
        DO UPDATE SET amount = EXCLUDED.amount, geom = EXCLUDED.geom, enterprise_id = EXCLUDED.enterprise_id
        WHERE (t.amount, t.geom) IS DISTINCT FROM (EXCLUDED.amount, EXCLUDED.geom) RETURNING (xmax = 0) AS new
)
SELECT (SELECT count(*) FROM found)::integer, (SELECT count(*) FROM kept WHERE new)::integer, (SELECT count(*) FROM gone)::integer
"""
ONLY = "a.feature_id = ANY (%(ids)s)"
OWNERS = "a.enterprise_id IN (SELECT enterprise_id FROM features WHERE feature_id = ANY (%(ids)s))"
MINE = "(t.feature_id = ANY (%(ids)s) OR t.other_id = ANY (%(ids)s))"
MINE_OWNERS = "t.enterprise_id IN (SELECT enterprise_id FROM features WHERE feature_id = ANY (%(ids)s))"


@dataclass(frozen=True, slots=True)
class Kept:
    """What checking a rule changed."""

    rule: Rule
    found: int
    """That stand now, of what was asked about."""
    added: int
    gone: int


def statement(rule: Rule, *, whole: bool) -> str:
    """Return the SQL that brings a rule's faults up to date: of everything, or of the features `ids`."""
    found = CHECKS[rule.check](rule)
    if whole:
        return KEEP.format(found=found.format(only="TRUE", owners="TRUE"), mine="TRUE")
    mine = MINE_OWNERS if rule.check == "gap" else MINE
    return KEEP.format(found=found.format(only=ONLY, owners=OWNERS), mine=mine)


def _values(rule: Rule, ids: Sequence[UUID] | None) -> dict[str, Any]:
    said = {"rule": rule.name, "least": rule.least_m2, "most": rule.most_m2, "width": rule.width_m, "within": rule.within_m}
    return said if ids is None else said | {"ids": list(ids)}


def check(connection: Connection[Any], names: Sequence[str] = (), ids: Sequence[UUID] | None = None) -> list[Kept]:
    """Bring the faults of rules up to date.

    Parameters
    ----------
    connection : psycopg.Connection
        In a transaction.
    names : sequence of str
        Rules; default: all.
    ids : sequence of UUID, optional
        Features to ask about; default: all.
    """
    kept = []
    for name in names or rules():
        rule = rules()[name]
        said = connection.execute(statement(rule, whole=ids is None), _values(rule, ids))  # type: ignore[call-overload,unused-ignore]
        ((found, added, gone),) = said.fetchall()
        kept.append(Kept(rule, found, added, gone))
    return kept


def near(connection: Connection[Any], boxes: Sequence[Sequence[float]]) -> list[UUID]:
    """Return the features in or beside boxes (west, south, east, north; degrees): what an edit there may make right or wrong."""
    kinds = dict.fromkeys(kind for rule in rules().values() for kind in rule.kinds)
    parts = " UNION ALL ".join(
        f"SELECT t.feature_id FROM boxes b JOIN {KINDS[kind].table} t ON t.closed_at IS NULL AND t.geom && b.box" for kind in kinds
    )
    query = f"""WITH boxes AS (
        SELECT ST_Expand(ST_MakeEnvelope(b[1], b[2], b[3], b[4], 4490), %(margin)s) AS box
        FROM unnest(%(west)s::float8[], %(south)s::float8[], %(east)s::float8[], %(north)s::float8[]) AS u(w, s, e, n)
        CROSS JOIN LATERAL (SELECT ARRAY[w, s, e, n] AS b) v)
        SELECT DISTINCT feature_id FROM ({parts}) f"""
    sides = dict(zip(("west", "south", "east", "north"), map(list, zip(*boxes, strict=True)), strict=True)) if boxes else {}
    if not sides:
        return []
    return [row[0] for row in connection.execute(query, {"margin": MARGIN_DEG, **sides}).fetchall()]  # type: ignore[call-overload,unused-ignore]


def recheck(connection: Connection[Any], features: Iterable[UUID], boxes: Sequence[Sequence[float]]) -> list[Kept]:
    """Bring the faults up to date where features changed: theirs, and those of what lies beside their old and new shapes."""
    ids = sorted({*features, *near(connection, boxes)})
    return check(connection, ids=ids) if ids else []


async def changed(connection: AsyncConnection, limit: int = 10_000) -> tuple[set[UUID], list[list[float]], Position | None]:
    """Return the features that the next stretch of the change log is about, their boxes, and where it ends; None where nothing is new."""
    changes = await stretch(connection, READER, limit)
    concerned = [change for change in changes if change.layer not in DERIVED]
    boxes = [change.bbox for change in concerned if change.bbox is not None]
    return {change.feature_id for change in concerned}, boxes, changes[-1].position if changes else None


async def looked_at(connection: AsyncConnection, end: Position) -> None:
    """Note how far the change log has been looked at."""
    await move_to(connection, READER, end)


LIST = """
SELECT t.fault_id, t.rule, t.feature_id, nullif(t.other_id, {nothing}::uuid) AS other_id, t.enterprise_id, e.name AS enterprise,
    t.amount, t.since, f.kind, a.name, a.code, b.name AS other_name, b.code AS other_code, ST_AsGeoJSON(t.geom, 7, 0)::json AS geometry
FROM topology_faults t JOIN features f USING (feature_id) LEFT JOIN enterprise_view e ON e.feature_id = t.enterprise_id
    LEFT JOIN feature_view a ON a.feature_id = t.feature_id LEFT JOIN feature_view b ON b.feature_id = t.other_id
WHERE (%(rule)s::text IS NULL OR t.rule = %(rule)s) AND (%(enterprise)s::uuid IS NULL OR t.enterprise_id = %(enterprise)s)
    AND (%(scope)s = {everywhere} OR {inside})
ORDER BY t.rule, e.name, t.fault_id LIMIT %(limit)s
"""


async def faults(
    connection: AsyncConnection, scope: str = EVERYWHERE, rule: str | None = None, enterprise: UUID | None = None, limit: int = MOST_FAULTS
) -> list[dict[str, Any]]:
    """Return the faults that stand in a scope, of a rule or an enterprise where one is named; each with its place (GeoJSON, EPSG:4490)."""
    inside = owned_inside("t.enterprise_id", "%(scope)s")
    query = LIST.format(nothing=quoted(NOTHING), everywhere=quoted(EVERYWHERE), inside=inside)
    async with connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(query, {"rule": rule, "enterprise": enterprise, "scope": scope, "limit": limit})  # type: ignore[call-overload,unused-ignore]
        rows = await cursor.fetchall()
    for row in rows:
        known = rules()[row["rule"]]
        row |= {"label": known.label, "hint": known.hint, "unit": known.amount, "kind_label": KINDS[row["kind"]].label}
    return rows


def as_bytes(rows: Iterable[Mapping[str, Any]]) -> bytes:
    """Return faults as GeoJSON, UTF-8."""
    return orjson.dumps(feature_collection(rows, "fault_id"), option=orjson.OPT_UTC_Z)
