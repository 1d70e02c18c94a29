"""All features of a kind, however many: where each lies, and then some of them whole, from one snapshot that several processes share."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from psycopg import AsyncConnection, Connection, sql
from psycopg.rows import dict_row

from gis.kinds import Kind
from gis.models.feature import Feature
from gis.store.connect import snapshot
from gis.store.read import features_of, plain_columns

SIGNATURE = b"PGCOPY\n\xff\r\n\0" + bytes(8)
ROW = np.dtype([("fields", ">i2"), ("id_size", ">i4"), ("id", "V16"), ("box", [("size", ">i4"), ("at", ">f8")], 4)])
"""A row of PostgreSQL's binary COPY: an id, then four numbers, each behind its length."""
KEPT = np.dtype([("id", "V16"), ("box", "f8", 4)])
AT_ONCE = 1 << 20
"""Bytes that are looked at together."""
END = 2
"""Bytes of the mark behind the last row."""


@dataclass(frozen=True, slots=True, eq=False)
class Outlines:
    """The boxes of features, in the order of their ids."""

    ids: NDArray[np.void]
    """`(n,)`, 16 bytes each."""
    boxes: NDArray[np.float64]
    """`(n, 4)` west, south, east, north, degrees (EPSG:4490)."""


@asynccontextmanager
async def shared(connection: AsyncConnection) -> AsyncIterator[str]:
    """Hold a snapshot open that others can join by its name."""
    async with snapshot(connection):
        row = await (await connection.execute("SELECT pg_export_snapshot()")).fetchone()
        yield str(row[0]) if row else ""


async def stamp(connection: AsyncConnection, kind: Kind) -> str:
    """Return a text that is another one whenever features of a kind are."""
    query = sql.SQL(
        "SELECT concat_ws(' ', (SELECT value FROM store_meta WHERE key = 'store_id'), {name}, "
        "(SELECT concat(count(*), ' ', max(lower(recorded))) FROM {table}), "
        "(SELECT concat(count(*), ' ', max(upper(recorded))) FROM {past}))"
    ).format(name=sql.Literal(kind.name), table=sql.Identifier(kind.table), past=sql.Identifier(f"{kind.table}_history"))
    row = await (await connection.execute(query)).fetchone()
    return str(row[0]) if row else ""


async def outlines(connection: AsyncConnection, kind: Kind) -> Outlines:
    """Return where the features of a kind lie: 70 bytes a feature on their way, 48 to keep."""
    query = sql.SQL(
        "COPY (SELECT feature_id, ST_XMin(geom), ST_YMin(geom), ST_XMax(geom), ST_YMax(geom) FROM {} WHERE closed_at IS NULL "
        "ORDER BY feature_id) TO STDOUT (FORMAT BINARY)"
    ).format(sql.Identifier(kind.table))
    parts, rest, begun = list[NDArray[np.void]](), bytearray(), False
    async with connection.cursor().copy(query) as copy:
        async for block in copy:
            rest += block
            if not begun and len(rest) >= len(SIGNATURE):
                del rest[: len(SIGNATURE)]
                begun = True
            if begun and len(rest) >= AT_ONCE:
                whole = len(rest) // ROW.itemsize * ROW.itemsize
                parts.append(_kept(bytes(rest[:whole])))
                del rest[:whole]
    rows = np.concatenate([*parts, _kept(bytes(rest[:-END]))])
    return Outlines(rows["id"].copy(), rows["box"].copy())


def _kept(data: bytes) -> NDArray[np.void]:
    """Return of rows what is kept of them."""
    rows = np.frombuffer(data, ROW)
    found = np.empty(len(rows), KEPT)
    found["id"], found["box"] = rows["id"], rows["box"]["at"]
    return found


JOIN = "SET TRANSACTION SNAPSHOT {}"


@asynccontextmanager
async def joined(connection: AsyncConnection, name: str) -> AsyncIterator[None]:
    """Run what is inside on a snapshot that another holds open."""
    async with connection.transaction():
        await connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        await connection.execute(sql.SQL(JOIN).format(sql.Literal(name)))
        yield


def features(connection: Connection, kind: Kind, ids: Sequence[UUID], name: str) -> list[Feature]:
    """Return features whole, in the order of their ids, without the state of the day.

    Parameters
    ----------
    connection : of its own, in autocommit mode
    kind : Kind
    ids : at most some thousand
    name : of a snapshot that another holds open, see `shared`
    """
    query = sql.SQL(
        "SELECT {}, ST_AsBinary(geom) AS wkb, lower(recorded) AS recorded_from FROM {} WHERE feature_id = ANY (%s) ORDER BY feature_id"
    ).format(plain_columns(kind), sql.Identifier(f"{kind.name}_view"))
    with connection.transaction(), connection.cursor(row_factory=dict_row, binary=True) as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        cursor.execute(sql.SQL(JOIN).format(sql.Literal(name)))
        rows = cursor.execute(query, [list(ids)]).fetchall()
    return features_of(kind, rows)
