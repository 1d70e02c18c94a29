"""Reading the production process of an enterprise: its graph, and where the drawing or table it came from puts it."""

from collections.abc import Mapping, Sequence
from typing import Any, cast
from uuid import UUID

from psycopg import AsyncConnection, sql

from gis.errors import NotFound
from gis.models.process import NODE_TYPES, NodeType, ProcessGraph, ProcessNode, ProcessStream, StoredProcess, StoredStream, Upgrade
from gis.pollutants import listed
from gis.store.asking import Reading, asked, asked_aside
from gis.store.connect import Plain, Transaction, driver_of

NODES = sql.SQL("""
SELECT feature_id, code, name, node_type, unit_code, pollutants, note, amount, upgrade, upgraded_on, seq, shape
FROM process_node_view WHERE enterprise_id = %s ORDER BY seq NULLS LAST, code, feature_id
""")
STREAMS = sql.SQL("""
SELECT feature_id, code, from_code, to_code, carries, medium, shape
FROM process_stream_view WHERE enterprise_id = %s ORDER BY seq NULLS LAST, code, feature_id
""")
PLANNED = "SELECT EXISTS (SELECT FROM drawings WHERE enterprise_id = %s AND drawing_kind = 'A' AND published)"
UNITS = "SELECT code FROM production_units WHERE enterprise_id = %s AND closed_at IS NULL AND code IS NOT NULL"
MISSING = "没有登记这个企业的生产流程；用 quanjing process import FILE --enterprise CODE 导入"

Row = Mapping[str, Any]
Point = tuple[float, float]


def node_of(row: Row) -> ProcessNode:
    """Return the node that a row of the table says."""
    type_ = cast("NodeType", row["node_type"] if row["node_type"] in NODE_TYPES else "step")
    return ProcessNode(
        code=row["code"],
        name=row["name"],
        type=type_,
        unit_code=row["unit_code"] or None,
        pollutants=listed(row["pollutants"] or ""),
        note=row["note"] or "",
        amount=row["amount"] or "",
        upgrade=cast("Upgrade | None", row["upgrade"]),
        upgraded_on=row["upgraded_on"] or "",
        seq=row["seq"],
        feature_id=row["feature_id"],
    )


def stream_of(row: Row) -> ProcessStream:
    """Return the stream that a row of the table says."""
    source, target = row["from_code"], row["to_code"]
    return ProcessStream(
        row["code"] or f"{source}>{target}", source, target, row["carries"] or "", row["medium"] or "process", row["feature_id"]
    )


def _point(value: Sequence[float] | None) -> Point | None:
    return (float(value[0]), float(value[1])) if value else None


def _way(shape: Row) -> StoredStream:
    points = tuple((float(point[0]), float(point[1])) for point in shape.get("points", ()))
    return StoredStream(points, _point(shape.get("label")))


def _process(nodes: Sequence[Row], streams: Sequence[Row]) -> StoredProcess:
    # A node without a code can't be the end of any stream, nor a stream lead to a node that is not there.
    coded = [row for row in nodes if row["code"]]
    if not coded:
        raise NotFound(MISSING)
    codes = {row["code"] for row in coded}
    led = [row for row in streams if row["from_code"] in codes and row["to_code"] in codes]
    graph = ProcessGraph(tuple(map(node_of, coded)), tuple(map(stream_of, led)))
    middles, boxes = (tuple(_point(row["shape"].get(name)) for row in coded) for name in ("point", "box"))
    return StoredProcess(graph, middles, boxes, tuple(_way(row["shape"]) for row in led))


def process(enterprise_id: UUID) -> Reading[StoredProcess]:
    """Read the production process of an enterprise in the caller's scope; raises NotFound where none is stored."""
    nodes = yield NODES, [enterprise_id]
    streams = yield STREAMS, [enterprise_id]
    return _process(nodes, streams)


def process_of(connection: "Transaction | Plain", enterprise_id: UUID) -> StoredProcess:
    """Return the production process of an enterprise, over a plain connection; raises NotFound where none is stored."""
    return asked(connection, process(enterprise_id))


async def read_process(connection: AsyncConnection, enterprise_id: UUID) -> StoredProcess:
    """Return the same as `process_of`, over an asynchronous connection."""
    return await asked_aside(connection, process(enterprise_id))


def units_on_plan(connection: "Transaction | Plain", enterprise_id: UUID) -> frozenset[str] | None:
    """Return the codes of an enterprise's production units, None where no site plan has been published that could show any."""
    driver = driver_of(connection)
    if driver.execute(PLANNED, [enterprise_id]).fetchone() != (True,):
        return None
    return frozenset(row[0] for row in driver.execute(UNITS, [enterprise_id]))
