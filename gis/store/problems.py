"""The problem list: what the inspector must see of each enterprise (监管问题), derived from its features, its permit and its drawings.

It is derived where a drawing is published or a permit stored, in that transaction, and by the worker where features change otherwise.
Deriving it again writes nothing where nothing changed; a problem that is not found any more is resolved, and stays.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import numpy as np
import shapely
from psycopg import AsyncConnection, Connection, sql
from psycopg.rows import dict_row

from gis.crs import lonlat_to_xy
from gis.issues import CODES, Severity
from gis.kinds import KINDS
from gis.store.changes import DERIVED, Position, move_to, stretch
from gis.store.permit_today import CURRENT
from gis.supervision.network import BODIES, is_water_outlet
from gis.supervision.review import review
from gis.supervision.thing import Found, Thing, codes_in

READER = "problems"
JUDGED = ("outlet", "monitoring_point", "production_unit", "treatment_facility", "river_outlet")
DRAINS = ("pipe", *(kind for kind in BODIES if kind not in JUDGED))
"""Kinds that matter only where the pipes have to say what treats an outlet."""
SHOWN_ON = {"E402": "D", "E404": "C", "E405": "C"}
"""Code → the drawing that a problem is seen on; the others on A."""

HOLD = "SELECT FROM enterprises WHERE feature_id = %s FOR UPDATE"
DRAWINGS = """
SELECT DISTINCT ON (drawing_kind) drawing_kind, drawing_id FROM drawings WHERE enterprise_id = %s AND published
ORDER BY drawing_kind, drawing_id DESC
"""
OPEN = "SELECT problem_id, code, subject, message, hint, feature_id FROM problems WHERE enterprise_id = %s AND resolved IS NULL"
ADD = """
INSERT INTO problems (enterprise_id, feature_id, code, subject, message, hint, drawing_id) VALUES (%s, %s, %s, %s, %s, %s, %s)
"""
SAY = "UPDATE problems SET message = %s, hint = %s, feature_id = %s WHERE problem_id = %s"
RESOLVE = """
UPDATE problems SET resolved = clock_timestamp(), resolved_author = quanjing_author(), resolved_reason = quanjing_reason()
WHERE problem_id = ANY (%s)
"""
LIST = """
SELECT p.problem_id, p.code, p.message, p.hint, p.feature_id, p.since, p.resolved, p.author, p.reason, p.resolved_author, p.resolved_reason,
    d.drawing_kind, d.file_name
FROM problems p LEFT JOIN drawings d USING (drawing_id)
WHERE p.enterprise_id = %s AND (%s OR p.resolved IS NULL)
ORDER BY (p.resolved IS NOT NULL), p.code, p.since, p.problem_id
"""


@dataclass(frozen=True, slots=True)
class Derived:
    """What deriving the problems of an enterprise changed."""

    found: int
    """That stand open now."""
    added: int
    resolved: int


def _things(connection: Connection[Any], enterprise_id: UUID, kinds: Iterable[str]) -> list[Thing]:
    """Return the open features of some kinds, in EPSG:4545."""
    things = []
    for name in kinds:
        kind = KINDS[name]
        names = [attribute.name for attribute in kind.attributes]
        query = sql.SQL(
            "SELECT feature_id, code, name, ST_AsBinary(geom), {} FROM {}"
            " WHERE enterprise_id = %s AND closed_at IS NULL AND geom IS NOT NULL"
        ).format(sql.SQL(", ").join(map(sql.Identifier, names)), sql.Identifier(kind.table))
        rows = connection.execute(query, [enterprise_id]).fetchall()
        if not rows:
            continue
        shapes = shapely.transform(shapely.from_wkb([row[3] for row in rows]), _to_xy)
        things += [
            Thing(name, row[1], row[2] or "", shape, dict(zip(names, row[4:], strict=True)), row[0])
            for row, shape in zip(rows, shapes, strict=True)
        ]
    return things


def _to_xy(points: np.ndarray[Any, np.dtype[np.float64]]) -> np.ndarray[Any, np.dtype[np.float64]]:
    return lonlat_to_xy(points[:, :2])


def _pipes_decide(things: Sequence[Thing]) -> bool:
    """Say whether only the pipes can tell what treats an outlet of water."""
    treating = {thing.code for thing in things if thing.kind in ("treatment_facility", "production_unit")}
    return any(is_water_outlet(thing) and not treating.intersection(codes_in(thing.attributes.get("parent_code"))) for thing in things)


def findings(connection: Connection[Any], enterprise_id: UUID) -> tuple[list[Found], Mapping[str, int]]:
    """Return the problems that an enterprise's features, permit and drawings show now, and its published drawings by kind."""
    drawings = dict(connection.execute(DRAWINGS, [enterprise_id]).fetchall())
    things = _things(connection, enterprise_id, JUDGED)
    if _pipes_decide(things):
        things += _things(connection, enterprise_id, DRAINS)
    permit = connection.execute(CURRENT, [enterprise_id]).fetchone()
    found = review(things, drawings, permit[0] if permit else None)
    return [one for one in found if CODES[one.code].severity is Severity.VIOLATION], drawings


def derive(connection: Connection[Any], enterprise_id: UUID) -> Derived:
    """Bring the problem list of an enterprise up to date.

    Parameters
    ----------
    connection : psycopg.Connection
        In a transaction that says who writes (see `gis.store.connect.writing`).
    enterprise_id : UUID
        Whose list; two that derive it at once wait for each other.
    """
    connection.execute(HOLD, [enterprise_id])
    found, drawings = findings(connection, enterprise_id)
    standing = {(row[1], row[2]): row for row in connection.execute(OPEN, [enterprise_id]).fetchall()}
    added = 0
    for one in found:
        known = standing.pop((one.code, one.subject), None)
        hint = one.hint or CODES[one.code].hint
        feature_id = one.thing.feature_id if one.thing else None
        if known is None:
            drawing = drawings.get(SHOWN_ON.get(one.code, "A"))
            connection.execute(ADD, [enterprise_id, feature_id, one.code, one.subject, one.message, hint, drawing])
            added += 1
        elif known[3:] != (one.message, hint, feature_id):
            connection.execute(SAY, [one.message, hint, feature_id, known[0]])
    if standing:
        connection.execute(RESOLVE, [[row[0] for row in standing.values()]])
    return Derived(len(found), added, len(standing))


def problems(connection: Connection[Any], enterprise_id: UUID, *, resolved: bool = False) -> list[dict[str, Any]]:
    """Return the problems of an enterprise, open ones first; with those that are resolved where asked."""
    with connection.cursor(row_factory=dict_row) as cursor:
        return [_told(row) for row in cursor.execute(LIST, [enterprise_id, resolved]).fetchall()]


async def problem_list(connection: AsyncConnection, enterprise_id: UUID, *, resolved: bool = False) -> list[dict[str, Any]]:
    """Return the same as `problems`, over an asynchronous connection."""
    async with connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(LIST, [enterprise_id, resolved])
        return [_told(row) for row in await cursor.fetchall()]


def _told(row: dict[str, Any]) -> dict[str, Any]:
    return {**row, "label": CODES[row["code"]].label}


async def changed(connection: AsyncConnection, limit: int = 5000) -> tuple[list[UUID], Position | None]:
    """Return the enterprises that the next stretch of the change log is about, and where it ends; None where there is nothing new."""
    changes = await stretch(connection, READER, limit)
    concerned = {change.enterprise_id for change in changes if change.enterprise_id and change.layer not in DERIVED}
    return sorted(concerned), changes[-1].position if changes else None


async def looked_at(connection: AsyncConnection, end: Position) -> None:
    """Note how far the change log has been looked at."""
    await move_to(connection, READER, end)
