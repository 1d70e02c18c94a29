"""A process table in the store: through the front door, again without a change, changed, refused, and out again as it went in."""

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path

import ezdxf.filemanagement
import pytest
import yaml
from city import DRAFTER, ENTERPRISE, City, found_city
from typer.testing import CliRunner

from drawings.checking import of_store
from drawings.handback import hand_back
from drawings.process.cli import app
from drawings.process.elk import Elk
from drawings.process.layout import Problem, laid_out
from drawings.process.storing import layout_of, publish_process, read_table, remembering
from drawings.process.table import graph_of
from drawings.sandbox import read_plan
from drawings.sets import Set, check_set
from gis.errors import NotFound
from gis.models.process import ProcessGraph, StoredProcess
from gis.settings import Settings
from gis.store.cluster import Urls
from gis.store.connect import looking, writing, writing_plainly
from gis.store.plans import Handed, Outcome
from gis.store.process import process_of

FILE = Path(__file__).parents[2] / "data/examples/process.yaml"
# The example of a plant has other units than the example of a process.
TEXT = "\n".join(line for line in FILE.read_text(encoding="utf-8").splitlines()).replace("type: step, unit: MF", "type: step, unit: MX")


@pytest.fixture(scope="module")
def elk() -> Iterator[Elk]:
    with Elk(Settings().web_dir) as one:
        yield one


@pytest.fixture(scope="module")
def city(databases: Callable[[], AbstractContextManager[Urls]]) -> Iterator[City]:
    with databases() as urls:
        yield found_city(urls.owner)


def publish(city: City, text: str, elk: Elk) -> Outcome:
    with writing(city.engine, DRAFTER) as connection:
        return publish_process(connection, text.encode(), "process.yaml", ENTERPRISE["credit_code"], elk.lay_out)[1]


def stored(city: City) -> StoredProcess:
    with looking(city.engine) as connection:
        return process_of(connection, city.enterprise_id)


def bare(graph: ProcessGraph) -> ProcessGraph:
    nodes = tuple(replace(node, feature_id=None) for node in graph.nodes)
    return ProcessGraph(nodes, tuple(replace(stream, feature_id=None) for stream in graph.streams))


def refused(problem: Problem) -> Problem:
    raise AssertionError(problem)


def test_a_process_goes_in_and_comes_out(city: City, elk: Elk) -> None:
    with pytest.raises(NotFound, match="process import"):
        stored(city)
    graph, _ = graph_of(TEXT)
    assert graph is not None
    outcome = publish(city, TEXT, elk)
    assert (outcome.published, outcome.actions) == (True, {"insert": 43})
    process = stored(city)
    assert bare(process.graph) == graph
    assert None not in {node.feature_id for node in process.graph.nodes}
    drawn, laid = layout_of(process, refused), laid_out(graph, elk.lay_out)
    assert (drawn.nodes, drawn.routes) == (laid.nodes, laid.routes)
    assert abs(drawn.width - laid.width) < 5
    assert abs(drawn.height - laid.height) < 5
    # Again: the same; and no step of it stands on the map.
    assert publish(city, TEXT, elk).actions == {"unchanged": 43}
    assert city.rows("SELECT count(*) FROM feature_view WHERE kind LIKE 'process%%'") == [(0,)]


def test_who_reviews_a_process_sees_its_sheet(city: City, elk: Elk) -> None:
    handed = Handed("张制图", review=True)
    with writing_plainly(city.url, DRAFTER) as connection:
        _, outcome = publish_process(connection, TEXT.encode(), "process.yaml", ENTERPRISE["credit_code"], elk.lay_out, handed)
        proofs = connection.execute("SELECT form, length(content) > 5000 FROM drawing_proofs ORDER BY form").fetchall()
        connection.rollback()
    assert (outcome.published, proofs) == (False, [("pdf", True), ("svg", True)])


def test_what_a_table_no_longer_says_is_no_longer_so(city: City, elk: Elk) -> None:
    publish(city, TEXT, elk)
    changed = TEXT.replace(', upgrade: ultra_low, upgraded_on: "2022-11"', "").replace("  - {from: P04, to: P02, carries: 返矿}\n", "")
    outcome = publish(city, changed, elk)
    assert outcome.actions["close"] == 1
    node = stored(city).graph.node("TA003")
    assert (node.upgrade, node.upgraded_on, node.note) == (None, "", "循环流化床脱硫+SCR")
    assert bare(stored(city).graph) == graph_of(changed)[0]
    assert city.rows("SELECT count(*) FROM process_nodes_history WHERE code = 'TA003' AND upgrade = 'ultra_low'")[0] >= (1,)
    assert publish(city, TEXT, elk).actions["reopen"] == 1


def test_a_faulty_table_changes_nothing_and_is_kept(city: City, elk: Elk) -> None:
    publish(city, TEXT, elk)
    before = stored(city)
    for text, code in (
        (TEXT.replace("unit: MX0001", "unit: MF9999"), "E503"),
        (TEXT.replace(", pollutants: [SS]", ""), "E502"),
        ("nodes: [", "E101"),
    ):
        outcome = publish(city, text, elk)
        assert not outcome.published
        assert {issue.code for issue in outcome.issues} == {code}
        ((issues,),) = city.rows("SELECT issues FROM drawings WHERE drawing_kind = 'B' ORDER BY drawing_id DESC LIMIT 1")
        assert [issue["code"] for issue in issues] == [code]  # type: ignore[attr-defined]
    assert stored(city) == before


def test_a_box_that_has_outgrown_its_place_is_laid_out_anew(city: City, elk: Elk) -> None:
    publish(city, TEXT, elk)
    process = stored(city)
    longer = tuple(replace(node, name=node.name * 4) if node.code == "P03" else node for node in process.graph.nodes)
    anew = replace(process, graph=replace(process.graph, nodes=longer))
    assert layout_of(anew, elk.lay_out) == laid_out(anew.graph, elk.lay_out)
    nowhere = replace(process, middles=(None, *process.middles[1:]))
    assert layout_of(nowhere, elk.lay_out).nodes == layout_of(process, refused).nodes


def test_equal_problems_are_solved_once(elk: Elk) -> None:
    graph, _ = graph_of(TEXT)
    assert graph is not None
    asked: list[Problem] = []

    class Counting(Elk):
        def lay_out(self, graph: Problem) -> Problem:
            asked.append(graph)
            return elk.lay_out(graph)

    solve = remembering(Counting(Settings().web_dir))
    # Other words of the same length make the same boxes.
    renamed = replace(graph, nodes=tuple(replace(node, name="烧制") if node.name == "烧结" else node for node in graph.nodes))
    assert laid_out(graph, solve) == laid_out(renamed, solve)
    assert len(asked) == len({json.dumps(one) for one in asked})


def drawn(city: City, elk: Elk, folder: Path) -> Path:
    """Return the process as a drawing by the norm."""
    publish(city, TEXT, elk)
    with looking(city.engine) as connection:
        name, export = hand_back(connection, ENTERPRISE["source_code"], "B")
    assert export.issues == ()
    path = folder / name
    path.write_bytes(export.content)
    return path


def test_a_process_goes_to_cad_and_comes_back_unchanged(city: City, elk: Elk, tmp_path: Path) -> None:
    path = drawn(city, elk, tmp_path)
    assert city.publish(path).actions == {"unchanged": 43}
    # The drawing that was imported is the one that is taken further.
    with looking(city.engine) as connection:
        assert hand_back(connection, ENTERPRISE["source_code"], "B")[1].issues == ()
    assert layout_of(stored(city), refused).nodes


def test_arrows_tell_by_their_ends_where_they_lead(city: City, elk: Elk, tmp_path: Path) -> None:
    path = drawn(city, elk, tmp_path)
    document = ezdxf.filemanagement.readfile(path)
    space = document.modelspace()
    for entity in space:
        entity.discard_xdata("QJ_ID")
        entity.discard_xdata("QJ_BESIDE")
    document.saveas(path)
    plan = read_plan(path, path.name)
    assert plan.issues == ()
    led = {(one.attributes["from_code"], one.attributes["to_code"]) for one in plan.features if one.kind == "process_stream"}
    graph, _ = graph_of(TEXT)
    assert graph is not None
    assert led == {(stream.source, stream.target) for stream in graph.streams}
    assert {one.code for one in plan.features if one.kind == "process_stream"} == {stream.code for stream in graph.streams}
    # A pen that slipped: one arrow ends nowhere, so that what it led to has nothing to come from.
    line = next(one for one in space.query("LWPOLYLINE") if one.get_points("xy")[-1][0] > 20)
    line.set_points([*line.get_points("xy")[:-1], (-80.0, -80.0)], format="xy")
    unit = next(one for one in space.query("INSERT") if one.get_attrib_text("PARENT") == "MX0001")
    unit.get_attrib("PARENT").dxf.text = "MF9999"
    document.saveas(path)
    assert "E501" in {issue.code for issue in read_plan(path, path.name).issues}
    outcome = city.publish(path)
    assert not outcome.published
    assert {"E501", "E503"} <= {issue.code for issue in outcome.issues}


def test_a_table_is_checked_where_it_is_stored(city: City, elk: Elk) -> None:
    publish(city, TEXT, elk)
    city.rows("UPDATE drawings SET file_name = 'p.yaml' WHERE drawing_kind = 'B'")
    with looking(city.engine) as connection:
        (checked,) = of_store(connection, [city.enterprise_id], lambda *_: None)
    (plan,) = [plan for plan in checked.plans if plan.drawing_kind == "B"]
    assert (plan.counts.stored, plan.issues) == (43, ())
    named = read_table(TEXT.replace("MX0001", "MF9999").encode(), "p.yaml", ENTERPRISE["source_code"])
    others = [one for one in checked.plans if one.drawing_kind == "A"]
    assert [issue.code for issue in check_set(Set((*others, named))) if issue.code == "E503"] == ["E503"]


def test_the_verbs(city: City, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DATABASE_URL", city.url)
    monkeypatch.setenv("QUANJING_DATA_DIR", str(tmp_path))
    runner, code = CliRunner(), ENTERPRISE["source_code"]
    table = tmp_path / "table.yaml"
    document = yaml.safe_load(TEXT)
    document["nodes"][0]["name"] = "铁矿石"
    table.write_text(yaml.safe_dump(document, allow_unicode=True), encoding="utf-8")
    told = runner.invoke(app, ["import", str(table), "--enterprise", code, "--dry-run", "--json"])
    assert (told.exit_code, json.loads(told.output)["dry_run"]) == (0, True)
    told = runner.invoke(app, ["import", str(table), "--enterprise", code])
    assert (told.exit_code, "已入库" in told.output) == (0, True)
    assert runner.invoke(app, ["draw", "--enterprise", code, "-o", str(tmp_path / "b.svg")]).exit_code == 0
    assert "铁矿石" in (tmp_path / "b.svg").read_text(encoding="utf-8")
    asked = runner.invoke(app, ["ask", "--enterprise", code, "--pollutant", "SO2", "--json"])
    assert [row["source"]["code"] for row in json.loads(asked.output)] == ["G3"]
    table.write_text(TEXT.replace("unit: MX0001", "unit: MF9999"), encoding="utf-8")
    told = runner.invoke(app, ["import", str(table), "--enterprise", code])
    assert (told.exit_code, "E503" in told.output) == (1, True)
    assert runner.invoke(app, ["draw", "-o", str(tmp_path / "c.svg")]).exit_code == 2
