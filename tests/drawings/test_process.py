"""Process graphs: from a table to checks, picture and answers."""

import json
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
import yaml
from shapely.geometry import LineString
from typer.testing import CliRunner

from drawings.process import checks
from drawings.process.cli import app
from drawings.process.drawn import connected
from drawings.process.elk import Elk, LayoutFailed
from drawings.process.layout import laid_out
from drawings.process.paths import arisings
from drawings.process.picture import picture, svg
from drawings.process.table import graph_of
from gis.models.plan import PlanFeature, PlanSource
from gis.models.process import ProcessGraph, ProcessLayout, Route
from gis.settings import Settings
from styles.palette import THEMES

FILE = Path(__file__).parents[2] / "data/examples/process.yaml"
TEXT = FILE.read_text(encoding="utf-8")


def graph_in(text: str) -> ProcessGraph:
    graph, issues = graph_of(text)
    assert graph is not None, issues
    return graph


@pytest.fixture(scope="module")
def graph() -> ProcessGraph:
    return graph_in(TEXT)


@pytest.fixture(scope="module")
def layout(graph: ProcessGraph) -> ProcessLayout:
    with Elk(Settings().web_dir) as elk:
        return laid_out(graph, elk.lay_out)


def without(old: str, new: str = "") -> ProcessGraph:
    """Return the example with a fault put into its text."""
    assert old in TEXT
    return graph_in(TEXT.replace(old, new))


def test_the_example_has_no_fault(graph: ProcessGraph, layout: ProcessLayout) -> None:
    assert checks.check(graph) + checks.picture_issues(layout) == []
    assert (len(graph.nodes), len(graph.streams)) == (21, 22)


@pytest.mark.parametrize(
    ("old", "new", "code", "node"),
    [
        ("  - {from: P02, to: P03, carries: 混合料}\n", "", "E501", "P03"),
        ("  - {from: TA004, to: DA003, medium: gas}\n", "", "E501", "TA004"),
        ("  - {from: P04, to: C1}\n", "", "E501", "C1"),
        (", pollutants: [SS]", "", "E502", "W1"),
        ("  - {from: G3, to: TA002, medium: gas}\n", "", "E502", "G3"),
        ("  - {from: M1, to: P02}\n", "", "E504", "M1"),
    ],
)
def test_each_fault_is_found_where_it_is(old: str, new: str, code: str, node: str) -> None:
    assert (code, node) in {(issue.code, issue.place.field) for issue in checks.check(without(old, new))}


def test_a_ring_is_followed_once() -> None:
    graph = without("  - {from: TA003, to: DA002, medium: gas}\n", "  - {from: TA003, to: TA002, medium: gas}\n")
    assert [node.code for node in arisings(graph, "SO2")[0].treatments] == ["TA002", "TA003"]


def test_units_that_the_plan_lacks(graph: ProcessGraph) -> None:
    found = checks.beside_plan(graph, {"MF0001", "MF0002", "MF0004"})
    assert [(issue.code, issue.place.field) for issue in found] == [("E503", "P03")]


def test_crossings_are_counted(layout: ProcessLayout) -> None:
    routes = ((0, 5), (10, 5)), ((5, 0), (5, 10)), ((0, 0), (0, 10)), ((2, 9), (5, 9)), ((5, 7), (5, 9), (8, 9))
    cross = replace(layout, routes=tuple(Route(str(number), points) for number, points in enumerate(routes)))
    assert checks.crossings([LineString(points) for points in routes]).tolist() == [[5, 5]]
    assert [issue.code for issue in checks.picture_issues(cross, most=0)] == ["W505"]


def test_picture_stands_within_its_bounds_and_boxes_keep_apart(layout: ProcessLayout) -> None:
    for one in layout.nodes:
        assert one.width / 2 <= one.x <= layout.width - one.width / 2
        assert one.height / 2 <= one.y <= layout.height - one.height / 2
        for other in layout.nodes:
            apart = abs(one.x - other.x) >= (one.width + other.width) / 2 or abs(one.y - other.y) >= (one.height + other.height) / 2
            assert one is other or apart, (one, other)
    assert all(a[0] == b[0] or a[1] == b[1] for route in layout.routes for a, b in pairwise(route.points))


def test_arrows_end_at_the_box_they_enter(graph: ProcessGraph, layout: ProcessLayout) -> None:
    for stream, route in zip(graph.streams, layout.routes, strict=True):
        box = layout.node(stream.target)
        x, y = route.points[-1]
        assert abs(abs(x - box.x) - box.width / 2) < 0.02 or abs(abs(y - box.y) - box.height / 2) < 0.02


def test_what_happens_first_stands_first(layout: ProcessLayout) -> None:
    places = [layout.node(code).x for code in ("P01", "P02", "P03", "P04")]
    assert places == sorted(places)


def test_a_long_process_is_wrapped_for_the_sheet() -> None:
    nodes = [{"code": f"P{number}", "name": f"第 {number} 道工序", "type": "step"} for number in range(30)]
    streams = [{"from": f"P{number}", "to": f"P{number + 1}"} for number in range(29)]
    with Elk(Settings().web_dir) as elk:
        layout = laid_out(graph_in(yaml.safe_dump({"nodes": nodes, "streams": streams}, allow_unicode=True)), elk.lay_out)
    assert layout.width < 30 * 24.0
    assert layout.height > 24.0


def test_a_layout_without_ways_is_refused(graph: ProcessGraph) -> None:
    with pytest.raises(LayoutFailed, match="没有路径"):
        laid_out(graph, lambda problem: problem)


@pytest.mark.parametrize("theme", THEMES)
def test_every_word_is_on_the_picture(graph: ProcessGraph, layout: ProcessLayout, theme: str) -> None:
    chosen = next(one for one in THEMES if one == theme)
    text = svg(graph, layout, chosen)
    assert text == svg(graph, layout, chosen)
    for word in ("焦粉、无烟煤", "SO₂", "TA003 · 超低排放", "返矿", "MF0003"):
        assert word in text
    assert len(picture(graph, layout, chosen)) > 2 * len(graph.nodes)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("nodes: [", "E101"),
        ("", "E101"),
        ("nodes: [{code: A, name: 甲, type: wizard}]", "E101"),
        ("nodes: [{code: A, name: 甲, type: step}, {code: A, name: 乙, type: step}]", "E206"),
        ("nodes: [{code: A, name: 甲, type: step}]\nstreams: [{from: A, to: B}]", "E501"),
        ("nodes: [{code: A, name: 甲, type: step}]\nstreams: [{from: A, to: A, medium: 酒}]", "E204"),
        ("nodes: [{code: A, name: 甲, type: step}]\nstreams: [{from: A, to: A}, {from: A, to: A}]", "E206"),
    ],
)
def test_a_faulty_table_is_told(text: str, code: str) -> None:
    graph, issues = graph_of(text, "表.yaml")
    assert graph is None
    assert [issue.code for issue in issues] == [code]


def test_which_steps_emit_so2_and_what_treats_it(graph: ProcessGraph) -> None:
    for name in ("SO2", "SO₂", "二氧化硫", "so2"):
        (only,) = arisings(graph, name)
        assert [step.name for step in only.steps] == ["烧结"]
        assert [(node.code, node.upgrade) for node in only.treatments] == [("TA002", None), ("TA003", "ultra_low")]
        assert [node.code for node in only.ends] == ["DA002"]
    assert len(arisings(graph)) == 5
    assert arisings(graph, "汞") == ()


def test_the_verbs(tmp_path: Path) -> None:
    runner = CliRunner()
    assert "没有问题" in runner.invoke(app, ["check", str(FILE)]).output
    told = runner.invoke(app, ["ask", str(FILE), "--pollutant", "SO2", "--json"])
    assert [row["source"]["code"] for row in json.loads(told.output)] == ["G3"]
    assert "超低排" in runner.invoke(app, ["ask", str(FILE), "--pollutant", "SO2"]).output
    assert runner.invoke(app, ["draw", str(FILE), "-o", str(tmp_path / "p.svg")]).exit_code == 0
    assert (tmp_path / "p.svg").read_text(encoding="utf-8").startswith("<svg")
    plan = next(FILE.parent.glob("*_A_*.dxf"))
    found = runner.invoke(app, ["check", str(FILE), "--plan", str(plan), "--json"])
    assert found.exit_code == 1
    assert {issue["code"] for issue in json.loads(found.output)} == {"E503"}
    (tmp_path / "bad.yaml").write_text("nodes: 1", encoding="utf-8")
    assert runner.invoke(app, ["check", str(tmp_path / "bad.yaml")]).exit_code == 1


def test_a_drawn_tangle_is_told_at_its_first_crossing() -> None:
    level = [LineString([(0, at), (10, at)]) for at in range(1, 5)]
    upright = [LineString([(at, 0), (at, 10)]) for at in range(1, 5)]
    streams = [
        PlanFeature("process_stream", None, "", line, line, {}, PlanSource(str(number), "QJ-F-FLOW"))
        for number, line in enumerate([*level, *upright])
    ]
    _, issues = connected(streams)
    told = next(issue for issue in issues if issue.code == "W505")
    assert (told.place.layer, told.place.xy) == ("QJ-F-FLOW", (1, 1))
