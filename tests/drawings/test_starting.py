"""What a drafter begins with: read back without a fault, blocks laid out beside the model space, codes of the permit filled in."""

import io

import ezdxf
import pytest
from city import DRAFTER, ENTERPRISE, City, found_city
from ezdxf.document import Drawing
from typer.testing import CliRunner

from drawings.cli import app
from drawings.norm import BLOCKS, LAYERS
from drawings.read import plan_of
from drawings.starting import empty, layer_of, start_of
from gis.errors import Invalid
from gis.issues import Severity
from gis.store.cluster import Urls
from gis.store.connect import looking, writing
from gis.store.permits import store_permit

PERMIT = {
    "permit_no": ENTERPRISE["source_code"],
    "valid_from": "2024-03-01",
    "valid_to": "2029-02-28",
    "outlets": [
        {"code": "DA001", "name": "总排气筒", "class": "main", "way": "direct", "pollutants": [{"name": "颗粒物"}, {"name": "氟化物"}]},
        {"code": "XX001", "name": "无人知晓"},
    ],
    "units": [{"code": "MF0001", "name": "酸解槽"}],
    "facilities": [{"code": "TW001", "name": "污水处理"}],
}


def opened(data: bytes) -> Drawing:
    return ezdxf.read(io.StringIO(data.decode("utf-8")))


def test_the_empty_template_is_read_without_an_issue_and_shows_every_block() -> None:
    data = empty()
    assert data == empty()
    assert plan_of(data, "模板.dxf").issues == ()
    document = opened(data)
    assert not document.audit().has_errors
    inserts = document.paperspace("规范图块").query("INSERT")
    assert {insert.dxf.name for insert in inserts} == set(BLOCKS)
    assert {insert.dxf.layer for insert in inserts} <= set(LAYERS)
    for insert in inserts:
        assert insert.dxf.layer == layer_of(BLOCKS[insert.dxf.name])
        assert tuple(attrib.dxf.tag for attrib in insert.attribs) == BLOCKS[insert.dxf.name].tags


def test_a_copy_out_of_the_layout_is_by_the_norm() -> None:
    document = opened(empty())
    space = document.modelspace()
    for insert in document.paperspace("规范图块").query("INSERT"):
        kind = BLOCKS[insert.dxf.name].kind
        # What needs an outline, or is drawn on a process flow, is not whole by itself.
        if kind is None or kind.geometry != "Point" or kind.schematic:
            continue
        copy = insert.copy()
        space.add_entity(copy)
        copy.dxf.insert = (450_400 + 10 * len(space), 3_447_700, 0)
    text = io.StringIO()
    document.write(text)
    issues = plan_of(text.getvalue().encode(), "模板.dxf").issues
    assert len(space) > 15
    # What a copy does not say yet, and what is still to be drawn around it.
    assert {issue.code for issue in issues} <= {"E204", "W202", "E403"}


@pytest.fixture(scope="module")
def city(module_database: Urls) -> City:
    city = found_city(module_database.owner)
    with writing(city.engine, DRAFTER) as connection:
        store_permit(connection, city.enterprise_id, PERMIT)
    return city


@pytest.mark.parametrize("kind", ["A", "C", "D"])
def test_an_enterprise_begins_with_its_boundary_base_and_permit_codes(city: City, kind: str) -> None:
    with looking(city.engine) as connection:
        name, data = start_of(connection, ENTERPRISE["source_code"], kind)
    assert name == f"{ENTERPRISE['source_code']}_{kind}_v{2 if kind == 'A' else 1:02d}.dxf"
    plan = plan_of(data, name)
    assert {issue.severity for issue in plan.issues} == {Severity.WARNING}
    # What is still to be drawn.
    assert {issue.code for issue in plan.issues} == {"W202"}
    assert [(feature.kind, feature.qj_id is not None) for feature in plan.features] == [("site_boundary", True)]
    document = opened(data)
    assert not document.audit().has_errors
    assert len(document.modelspace().query('*[layer=="QJ-X-BASE"]')) > 30
    ready = {insert.get_attrib_text("CODE"): insert for insert in document.paperspace("许可证编号").query("INSERT")}
    assert {code: insert.dxf.name for code, insert in ready.items()} == {"DA001": "QJ_DA", "MF0001": "QJ_MF", "TW001": "QJ_TW"}
    said = {attrib.dxf.tag: attrib.dxf.text for attrib in ready["DA001"].attribs if attrib.dxf.text}
    assert {tag: said[tag] for tag in ("NAME", "KIND", "WAY", "POLL")} == {
        "NAME": "总排气筒", "KIND": "main", "WAY": "direct", "POLL": "颗粒物、氟化物",
    }  # fmt: skip


def test_a_process_has_no_base_picture(city: City) -> None:
    with looking(city.engine) as connection, pytest.raises(Invalid, match="工艺流程"):
        start_of(connection, ENTERPRISE["source_code"], "B")


def test_the_verb(city: City, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("start")
    assert CliRunner().invoke(app, ["template", str(folder / "empty.dxf")]).exit_code == 0
    assert (folder / "empty.dxf").read_bytes() == empty()
    monkeypatch.setenv("DATABASE_URL", city.url)
    assert CliRunner().invoke(app, ["template", str(folder), "--enterprise", ENTERPRISE["source_code"], "--kind", "c"]).exit_code == 0
    assert (folder / f"{ENTERPRISE['source_code']}_C_v01.dxf").exists()
