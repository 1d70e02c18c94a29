"""Reading what the sheets of an enterprise show, from one snapshot."""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection, sql
from psycopg.rows import dict_row

from gis.errors import NotFound
from gis.kinds import KINDS
from gis.models.feature import Feature
from gis.models.process import StoredProcess
from gis.models.sheet import Issue, SheetFacts
from gis.store.asking import Reading, Row, asked_aside
from gis.store.permit_today import CURRENT
from gis.store.process import process
from gis.store.read import STANDING, feature_of

REACH_DEG = 0.16
"""How far around an enterprise the city is read, degrees: 15 km and more at 31° north, so that 10 km of water lie within."""
AROUND = ("river", "water_source", "water_station")
OWN = sql.SQL(
    "SELECT *, ST_AsBinary(geom) AS wkb, lower(recorded) AS recorded_from FROM {view} WHERE enterprise_id = %s ORDER BY feature_id"
)
NEAR = sql.SQL("""
SELECT *, ST_AsBinary(geom) AS wkb, lower(recorded) AS recorded_from FROM {view}
WHERE enterprise_id IS NULL AND geom && ST_Expand((SELECT geom FROM enterprises WHERE feature_id = %s), %s) ORDER BY feature_id
""")
COUNTY = sql.SQL("SELECT name FROM jurisdictions WHERE code = %s")
ISSUED = sql.SQL("""
SELECT drawing_kind, version, drawn_by, published_at, file_name, reviewer, reviewed_at, CASE WHEN review THEN publisher END AS publisher,
    resurvey_on
FROM drawings WHERE enterprise_id = %s AND state = 'published' ORDER BY drawing_kind
""")
STAMP_OWN = """
SELECT enterprise_id AS owner, concat_ws(' ', feature_id, extract(epoch FROM lower(recorded))) AS told
FROM {view} WHERE enterprise_id = ANY (%(ids)s)
"""
STAMP_NEAR = """
SELECT e.feature_id, concat_ws(' ', c.feature_id, extract(epoch FROM lower(c.recorded)))
FROM enterprise_view e JOIN {view} c ON c.enterprise_id IS NULL AND c.geom && ST_Expand(e.geom, %(reach)s)
WHERE e.feature_id = ANY (%(ids)s)
"""
# Permits by how they stand today: one that begins or ends changes what holds.
STAMP_PAPERS = """
SELECT enterprise_id, concat_ws(' ', permit_id, valid_from <= day, valid_to >= day)
FROM permits, (SELECT (now() AT TIME ZONE 'Asia/Shanghai')::date AS day) today WHERE enterprise_id = ANY (%(ids)s)
UNION ALL SELECT enterprise_id, md5(d::text) FROM drawings d WHERE state = 'published' AND enterprise_id = ANY (%(ids)s)
UNION ALL SELECT e.feature_id, j.name FROM enterprise_view e JOIN jurisdictions j ON j.code = e.jurisdiction
WHERE e.feature_id = ANY (%(ids)s)
"""
STAMPS = """
SELECT e.feature_id, e.code, s.stamp FROM enterprise_view e
JOIN (SELECT owner, md5(string_agg(told, ',' ORDER BY told)) AS stamp FROM ({told}) t GROUP BY owner) s ON s.owner = e.feature_id
"""
REGISTERED = sql.SQL("SELECT count(*) AS count FROM permits WHERE enterprise_id = %s AND permit_no = %s AND valid_from = %s")


async def _rows(connection: AsyncConnection, query: str | sql.Composed, parameters: Sequence[Any] | Mapping[str, Any]) -> list[Row]:
    async with connection.cursor(row_factory=dict_row) as cursor:
        # The text is a constant of this module, or composed of quoted names; values are always parameters.
        await cursor.execute(query, parameters)  # type: ignore[call-overload,unused-ignore]
        return await cursor.fetchall()


def _features(kind: str, query: sql.SQL, parameters: list[Any]) -> Reading[list[Feature]]:
    rows = yield query.format(view=sql.Identifier(f"{kind}_view")), parameters
    return [feature_of(KINDS[kind], row) for row in rows]


def _permit(enterprise_id: UUID) -> Reading[tuple[Row | None, int]]:
    found = yield sql.SQL(CURRENT), [enterprise_id]
    if not found:
        return None, 0
    document = found[0]["document"]
    rows = yield REGISTERED, [enterprise_id, document["permit_no"], document["valid_from"]]
    return document, rows[0]["count"]


def _process(enterprise_id: UUID) -> Reading[StoredProcess | None]:
    try:
        return (yield from process(enterprise_id))
    except NotFound:
        return None


def facts(enterprise_id: UUID) -> Reading[SheetFacts]:
    """Read what the sheets of an enterprise show.

    Raises
    ------
    NotFound
        No such enterprise in the caller's scope.
    """
    standing = {row["kind"] for row in (yield sql.SQL(STANDING), [enterprise_id])}
    own: list[Feature] = []
    for kind in KINDS.values():
        if kind.name in standing and not kind.schematic:
            own += yield from _features(kind.name, OWN, [enterprise_id])
    if not own or own[0].kind != "enterprise":
        raise NotFound(f"没有标识为 {enterprise_id} 的企业")
    near: list[Feature] = []
    for name in AROUND:
        near += yield from _features(name, NEAR, [enterprise_id, REACH_DEG])
    counties = yield COUNTY, [own[0].attributes["jurisdiction"]]
    permit, version = yield from _permit(enterprise_id)
    issued = {row.pop("drawing_kind"): Issue(**row) for row in (yield ISSUED, [enterprise_id])}
    return SheetFacts(
        own[0],
        counties[0]["name"] if counties else None,
        tuple(own[1:]),
        tuple(near),
        permit,
        version,
        issued,
        (yield from _process(enterprise_id)),
    )


async def sheet_facts(connection: AsyncConnection, enterprise_id: UUID) -> SheetFacts:
    """Return what the sheets of an enterprise show, over an asynchronous connection; raises as `facts`."""
    return await asked_aside(connection, facts(enterprise_id))


@cache
def _stamps() -> sql.Composed:
    def of(query: str, kinds: Iterable[str]) -> list[sql.Composable]:
        return [sql.SQL(query).format(view=sql.Identifier(f"{kind}_view")) for kind in kinds]  # type: ignore[arg-type,unused-ignore]

    told = [*of(STAMP_OWN, KINDS), *of(STAMP_NEAR, AROUND), sql.SQL(STAMP_PAPERS)]
    return sql.SQL(STAMPS).format(told=sql.SQL(" UNION ALL ").join(told))


async def sheet_stamps(connection: AsyncConnection, enterprises: Sequence[UUID]) -> dict[UUID, tuple[str, str]]:
    """Return of enterprises in the caller's scope the code, and a stamp that changes when anything is written that `sheet_facts` reads.

    It goes by ids and times alone, of many enterprises at once: a hundredth of the work of reading their facts.
    """
    rows = await _rows(connection, _stamps(), {"ids": list(enterprises), "reach": REACH_DEG})
    return {row["feature_id"]: (row["code"] or str(row["feature_id"]), row["stamp"]) for row in rows}


async def enterprise_ids(connection: AsyncConnection) -> list[UUID]:
    """Return the ids of all enterprises in the caller's scope, by source code."""
    return [row["feature_id"] for row in await _rows(connection, "SELECT feature_id FROM enterprise_view ORDER BY code, feature_id", [])]
