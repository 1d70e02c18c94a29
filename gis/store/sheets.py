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
from gis.store.permit_today import CURRENT
from gis.store.process import read_process
from gis.store.read import STANDING, feature_of

REACH_DEG = 0.16
"""How far around an enterprise the city is read, degrees: 15 km and more at 31° north, so that 10 km of water lie within."""
AROUND = ("river", "water_source", "water_station")
OWN = "SELECT *, ST_AsBinary(geom) AS wkb, lower(recorded) AS recorded_from FROM {view} WHERE enterprise_id = %s ORDER BY feature_id"
NEAR = """
SELECT *, ST_AsBinary(geom) AS wkb, lower(recorded) AS recorded_from FROM {view}
WHERE enterprise_id IS NULL AND geom && ST_Expand((SELECT geom FROM enterprises WHERE feature_id = %s), %s) ORDER BY feature_id
"""
COUNTY = "SELECT name FROM jurisdictions WHERE code = %s"
ISSUED = """
SELECT drawing_kind, version, drawn_by, published_at, file_name, reviewer, reviewed_at, CASE WHEN review THEN publisher END AS publisher,
    resurvey_on
FROM drawings WHERE enterprise_id = %s AND state = 'published' ORDER BY drawing_kind
"""
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
REGISTERED = "SELECT count(*) AS count FROM permits WHERE enterprise_id = %s AND permit_no = %s AND valid_from = %s"

Row = dict[str, Any]


async def _rows(connection: AsyncConnection, query: str | sql.Composed, parameters: Sequence[Any] | Mapping[str, Any]) -> list[Row]:
    async with connection.cursor(row_factory=dict_row) as cursor:
        # The text is a constant of this module, or composed of quoted names; values are always parameters.
        await cursor.execute(query, parameters)  # type: ignore[call-overload,unused-ignore]
        return await cursor.fetchall()


async def _features(connection: AsyncConnection, kind: str, query: str, parameters: Sequence[Any]) -> list[Feature]:
    composed = sql.SQL(query).format(view=sql.Identifier(f"{kind}_view"))  # type: ignore[arg-type,unused-ignore]
    return [feature_of(KINDS[kind], row) for row in await _rows(connection, composed, parameters)]


async def _permit(connection: AsyncConnection, enterprise_id: UUID) -> tuple[Row | None, int]:
    found = await _rows(connection, CURRENT, [enterprise_id])
    if not found:
        return None, 0
    document = found[0]["document"]
    rows = await _rows(connection, REGISTERED, [enterprise_id, document["permit_no"], document["valid_from"]])
    return document, rows[0]["count"]


async def _process(connection: AsyncConnection, enterprise_id: UUID) -> StoredProcess | None:
    try:
        return await read_process(connection, enterprise_id)
    except NotFound:
        return None


async def sheet_facts(connection: AsyncConnection, enterprise_id: UUID) -> SheetFacts:
    """Return what the sheets of an enterprise show.

    Raises
    ------
    NotFound
        No such enterprise in the caller's scope.
    """
    standing = {row["kind"] for row in await _rows(connection, STANDING, [enterprise_id])}
    own = [
        feature
        for kind in KINDS.values()
        if kind.name in standing and not kind.schematic
        for feature in await _features(connection, kind.name, OWN, [enterprise_id])
    ]
    if not own or own[0].kind != "enterprise":
        raise NotFound(f"没有标识为 {enterprise_id} 的企业")
    near = [feature for kind in AROUND for feature in await _features(connection, kind, NEAR, [enterprise_id, REACH_DEG])]
    counties = await _rows(connection, COUNTY, [own[0].attributes["jurisdiction"]])
    permit, version = await _permit(connection, enterprise_id)
    issued = {row.pop("drawing_kind"): Issue(**row) for row in await _rows(connection, ISSUED, [enterprise_id])}
    return SheetFacts(
        own[0],
        counties[0]["name"] if counties else None,
        tuple(own[1:]),
        tuple(near),
        permit,
        version,
        issued,
        await _process(connection, enterprise_id),
    )


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
