"""Flow sheets that are not by the norm: pipes followed from symbol to symbol, whatever program saved them; and a real P&ID."""

import json
import random
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from functools import partial
from io import StringIO
from pathlib import Path

import ezdxf
import ezdxf.filemanagement
import pytest
from city import DRAFTER, ENTERPRISE, City, found_city
from ezdxf.document import Drawing
from other_program import rewrite
from typer.testing import CliRunner

from drawings.handback import hand_back
from drawings.interpret import Reading, interpretation
from drawings.mapping import mapping_of
from drawings.options import Options
from drawings.process.cli import app
from drawings.process.layout import Problem
from drawings.process.picture import svg
from drawings.process.storing import layout_of
from drawings.publish import publish_drawing
from gis.store.cluster import Urls
from gis.store.connect import looking, writing
from gis.store.process import process_of

TOP = Path(__file__).parents[2]
REAL = TOP.parent / "shared" / "data" / "dxf" / "13_cn_pid_sheet_r2013.dxf"
MAPPING = TOP / "data" / "examples" / "13.mapping.yaml"
RULES = """
mapping: 1
drawing: B
network: {reach: 0.5, touch: 1.6, gap: 6, beside: 8}
rules:
  - {when: {layer: EQP, type: TEXT}, kind: process_node, code: '{text}', name: '{text}', attributes: {node_type: step}}
  - {when: {layer: EQP}, kind: process_node, name: 管口, attributes: {node_type: device}}
  - {when: {block: SHEET}, kind: process_node, name: '图 {attrib:NO}', attributes: {node_type: material, note: '{attribs}'}}
  - {when: {block: ARROW}, kind: process_stream, attributes: {medium: process}}
  - {when: {block: VALVE}, kind: process_node, name: 阀门, attributes: {node_type: device, note: '{block}；{attribs}'}}
  - {when: {layer: PIPE, type: TEXT}, kind: process_stream, attributes: {medium: process, carries: '{text}'}}
  - {when: {layer: PIPE}, kind: process_stream, attributes: {medium: process}}
"""


def sheet(seed: int | None = None) -> Drawing:
    """Return a P&ID: from a sheet through a valve to a vessel and on, a drain at a tee, a pipe that crosses and is broken there.

    With a seed in another order, under other handles.
    """
    document = ezdxf.new("R2013")
    for name, (west, south, east, north) in {"SHEET": (-10, -2, 0, 2), "VALVE": (-2, -1, 2, 1), "ARROW": (-2, -0.5, 0, 0.5)}.items():
        document.blocks.new(name).add_lwpolyline([(west, south), (east, south), (east, north), (west, north)], close=True)
    space = document.modelspace()

    def line(layer: str, *points: tuple[float, float]) -> None:
        space.add_lwpolyline(points, dxfattribs={"layer": layer})

    def put(name: str, x: float, y: float, **said: str) -> None:
        insert = space.add_blockref(name, (x, y))
        for tag, text in said.items():
            insert.add_attrib(tag, text, (x, y))

    def write(layer: str, text: str, *at: float) -> None:
        space.add_text(text, dxfattribs={"layer": layer, "insert": at, "height": 2})

    drawn: list[Callable[[], None]] = [
        partial(put, "SHEET", 10, 0, NO="2420", KIND="PL"),
        partial(line, "PIPE", (10, 0), (28, 0)),
        partial(put, "VALVE", 30, 0, SIZE="2"),
        partial(line, "PIPE", (32, 0), (60, 0)),
        partial(put, "ARROW", 58, 0),
        # The vessel: strokes that touch, its nozzle a flange's gap away, its name inside.
        partial(line, "EQP", (60, -10), (80, -10), (80, 20), (60, 20)),
        partial(line, "EQP", (60, 20), (60, -10)),
        partial(line, "EQP", (62, 21.5), (78, 21.5)),
        partial(write, "EQP", "D-1", 66, 5),
        # A drain: a tee, and a valve on its end.
        partial(line, "PIPE", (45, 0), (45, -8)),
        partial(put, "VALVE", 45, -9),
        # Out of the vessel, broken where another pipe crosses.
        partial(line, "PIPE", (70, 21.5), (70, 40), (90, 40)),
        partial(line, "PIPE", (90, 40), (100, 40)),
        partial(line, "PIPE", (104, 40), (120, 40)),
        partial(line, "PIPE", (102, 60), (102, 10)),
        partial(put, "SHEET", 130, 40, NO="2430"),
        partial(write, "PIPE", "80-PL-1", 106, 41),
    ]
    if seed is not None:
        random.Random(seed).shuffle(drawn)  # noqa: S311 — order, not secrecy
    for draw in drawn:
        draw()
    return document


def read(document: Drawing) -> Reading:
    mapping, issues = mapping_of(RULES)
    assert issues == []
    return interpretation(document, Options(drawing_kind="B"), mapping=mapping)


def led(reading: Reading) -> set[tuple[str, str]]:
    names = {one.code: one.name or "汇流点" for one in reading.plan.features if one.kind == "process_node"}
    streams = [one.attributes for one in reading.plan.features if one.kind == "process_stream"]
    return {(names[one["from_code"]], names[one["to_code"]]) for one in streams}


def test_pipes_lead_from_symbol_to_symbol() -> None:
    reading = read(sheet())
    assert led(reading) == {
        ("图 2420", "阀门"), ("阀门", "汇流点"), ("汇流点", "D-1"), ("汇流点", "阀门"), ("D-1", "图 2430"), ("汇流点", "汇流点"),
    }  # fmt: skip
    by_name = {one.name: one for one in reading.plan.features if one.name}
    assert by_name["图 2420"].attributes == {"node_type": "material", "note": "NO=2420；KIND=PL"}
    assert by_name["图 2430"].attributes["node_type"] == "product"
    assert [one.attributes["carries"] for one in reading.plan.features if "carries" in one.attributes] == ["80-PL-1"]
    counts = reading.plan.counts
    assert (counts.stored, counts.ignored, counts.refused) == (counts.entities, 0, 0)
    # What crosses is not connected: it ends in the open twice, and nothing says which way it runs.
    assert [issue.code for issue in reading.plan.issues] == ["W506"] * 3


def test_nothing_depends_on_order_or_handles() -> None:
    def told(reading: Reading) -> set[tuple[object, ...]]:
        return {(one.kind, one.code, one.name, one.xy.wkt, *map(str, one.attributes.items())) for one in reading.plan.features}

    assert told(read(sheet(seed=3))) == told(read(sheet()))


def test_a_text_and_an_arrow_beside_nothing_are_refused_by_name() -> None:
    document = sheet()
    document.modelspace().add_text("10-XX-9", dxfattribs={"layer": "PIPE", "insert": (300, 300), "height": 2})
    document.modelspace().add_blockref("ARROW", (300, 200))
    # And one pipe that is all within a valve.
    document.modelspace().add_lwpolyline([(29, 0), (31, 0)], dxfattribs={"layer": "PIPE"})
    counts = read(document).plan.counts
    assert (counts.entities - counts.stored, counts.ignored, counts.refused) == (3, 1, 2)
    reading = read(document)
    assert any("10-XX-9" in issue.message for issue in reading.plan.issues)


@pytest.fixture(scope="module")
def city(databases: Callable[[], AbstractContextManager[Urls]]) -> Iterator[City]:
    with databases() as urls:
        yield found_city(urls.owner)


@pytest.mark.parametrize("path", [path for path in [REAL] if path.is_file()], ids=["13"])
def test_a_real_sheet_is_a_process(city: City, path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    options = Options(mapping=MAPPING.read_text(encoding="utf-8"))
    with writing(city.engine, DRAFTER) as connection:
        plan, outcome = publish_drawing(connection, path, ENTERPRISE["source_code"], options)
    counts = plan.counts
    assert (counts.entities, counts.stored + counts.ignored + counts.refused) == (1091, 1091)
    assert counts.stored >= 1040
    assert outcome.published
    # Every block that is no arrow is a node, and says all that its attributes say.
    document = ezdxf.filemanagement.read(StringIO(path.read_text(encoding="utf-8")))
    nodes = {one.source.handle: one for one in plan.features if one.kind == "process_node"}
    stored = {handle for one in plan.features for handle in (one.source.handle, one.source.label_handle, *one.source.handles)}
    for insert in document.modelspace().query("INSERT"):
        handle, name = insert.dxf.handle, insert.dxf.name
        assert name == "SEI_A1" or handle in stored or name in ("HV1", "PUMP1")
        if handle in nodes:
            assert all(attrib.dxf.text.strip() in nodes[handle].attributes["note"] for attrib in insert.attribs)
    with looking(city.engine) as connection:
        process = process_of(connection, city.enterprise_id)
    graph = process.graph
    types = {node.name: node.type for node in graph.nodes}
    assert {"E-429", "D-429", "F-429-A", "F-429-B", "P-422-A", "P-422-B"} <= {name for name, type_ in types.items() if type_ == "step"}
    assert (types["CWS 图 2992-2 G"], types["CWR 图 2992-2 H"]) == ("material", "product")
    # Through filters, valves, tees and breaks: what the vessel holds comes from the filters and the pumps, and goes to the pumps.
    monkeypatch.setenv("DATABASE_URL", city.url)
    asked = CliRunner().invoke(app, ["ask", "--enterprise", ENTERPRISE["source_code"], "--node", "D-429", "--json"])
    assert asked.exit_code == 0, asked.output
    told = json.loads(asked.stdout)
    assert {"F-429-A F-429-A", "F-429-B F-429-B"} <= set(told["from"])
    assert {"P-422-A P-422-A", "P-422-B P-422-B"} <= set(told["to"])

    def refused(problem: Problem) -> Problem:
        raise AssertionError(problem)

    assert svg(graph, layout_of(process, refused)).count("P-422-A") >= 1
    # Again, by another program, with other handles and in another order: the same process.
    again = tmp_path / path.name
    rewrite(path, again, seed=5)
    with writing(city.engine, DRAFTER) as connection:
        _, second = publish_drawing(connection, again, ENTERPRISE["source_code"], options)
    assert second.actions == {"unchanged": sum(outcome.actions.values())}
    # To CAD by the norm, and back: pipes that run both ways, tees without a name, arrows that end nearer to another box.
    with looking(city.engine) as connection:
        name, export = hand_back(connection, ENTERPRISE["source_code"], "B")
    assert (export.features, export.issues) == (sum(outcome.actions.values()), ())
    exported = tmp_path / name
    exported.write_bytes(export.content)
    with writing(city.engine, DRAFTER) as connection:
        back, third = publish_drawing(connection, exported, ENTERPRISE["source_code"])
    assert (third.actions, [issue.message for issue in back.issues]) == (second.actions, [])
