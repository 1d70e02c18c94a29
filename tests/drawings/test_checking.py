"""Many drawings at once: files side by side, what is stored with its permit; as JSON, SARIF and on paper."""

import json
from datetime import date
from pathlib import Path

import fastjsonschema
import pypdfium2
import pytest
from city import DRAWING, ENTERPRISE, EXAMPLES, found_city
from typer.testing import CliRunner

from drawings.checking import Checked, of_files
from drawings.cli import app
from drawings.handout import handout
from drawings.options import Options
from drawings.sarif import sarif
from gis.issues import CODES
from gis.store.cluster import Urls
from gis.store.connect import Actor, writing
from gis.store.permits import store_permit

SCHEMA = Path(__file__).parents[1] / "data" / "sarif-schema-2.1.0.json"
GOOD = DRAWING.read_bytes()
BAD = GOOD.replace(b"DA001", b"DA01 ")
DAYS = {"valid_from": "2024-03-01", "valid_to": "2029-02-28"}


@pytest.fixture(scope="module")
def checked(tmp_path_factory: pytest.TempPathFactory) -> list[Checked]:
    folder = tmp_path_factory.mktemp("drawings")
    (folder / DRAWING.name).write_bytes(BAD)
    (folder / DRAWING.name.replace("_A_", "_C_")).write_bytes(GOOD)
    told: list[str] = []
    found = of_files(sorted(folder.iterdir()), Options(), lambda done, total, name: told.append(f"{done}/{total} {name}"))
    assert told == [f"{number}/2 {path.name}" for number, path in enumerate(sorted(folder.iterdir()), 1)]
    return found


def test_files_of_one_enterprise_are_looked_at_side_by_side(checked: list[Checked]) -> None:
    (one,) = checked
    assert one.source_code == ENTERPRISE["source_code"]
    own = {plan.drawing_kind: {issue.code for issue in plan.issues} for plan in one.plans}
    assert own["A"] == {"E205"}
    assert {issue.place.file for issue in one.every if issue.code == "E205"} == {DRAWING.name}
    assert {issue.code for issue in one.issues} == {"E404", "E802", "E803"}


def test_a_process_table_is_looked_at_beside_the_site_plan(tmp_path: Path) -> None:
    plan, table = tmp_path / DRAWING.name, tmp_path / DRAWING.name.replace("_A_", "_B_").replace(".dxf", ".yaml")
    plan.write_bytes(GOOD)
    table.write_text((EXAMPLES / "process.yaml").read_text(encoding="utf-8").replace("  - {from: M3, to: P02}\n", ""), encoding="utf-8")
    (one,) = of_files([plan, table], Options(), lambda *_: None)
    assert [(issue.code, issue.place.file) for issue in one.plans[1].issues] == [("E504", table.name)]
    # Of its four units the site plan shows two.
    assert [issue.code for issue in one.issues] == ["E503", "E503"]


def test_sarif_is_valid_and_knows_every_code(checked: list[Checked]) -> None:
    log = sarif(issue for one in checked for issue in one.every)
    fastjsonschema.compile(json.loads(SCHEMA.read_text(encoding="utf-8")), use_default=False)(log)
    (run,) = log["runs"]
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == list(CODES)
    assert {result["ruleId"] for result in run["results"]} >= {"E205", "E803"}
    assert all(run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"] for result in run["results"])


def test_the_report_on_paper_says_what_was_found(checked: list[Checked]) -> None:
    page = handout(checked, date(2026, 9, 1))
    assert page == handout(checked, date(2026, 9, 1))
    text = "".join(sheet.get_textpage().get_text_range() for sheet in pypdfium2.PdfDocument(page))
    for issue in (issue for one in checked for issue in one.every):
        assert issue.code in text
        assert issue.message[:12] in text.replace("\r\n", "")
    assert "没有问题" in pypdfium2.PdfDocument(handout([], date(2026, 9, 1)))[0].get_textpage().get_text_range()


def test_several_files_from_the_command_line(tmp_path: Path) -> None:
    paths = [tmp_path / DRAWING.name, tmp_path / "other.dxf"]
    for path in paths:
        path.write_bytes(BAD)
    runner, report = CliRunner(), tmp_path / "report.pdf"
    result = runner.invoke(app, ["check", *map(str, paths), "--json", "--pdf", str(report)])
    assert result.exit_code == 1
    answer = json.loads(result.stdout)
    assert answer["counts"] == {"E205": 2}
    assert len(answer["enterprises"]) == 2
    assert report.read_bytes().startswith(b"%PDF")
    assert json.loads(runner.invoke(app, ["check", str(paths[0]), "--sarif"]).stdout)["version"] == "2.1.0"
    assert "E205" in runner.invoke(app, ["check", *map(str, paths)]).stdout
    assert runner.invoke(app, ["check", "--all", str(paths[0])]).exit_code != 0


def test_what_is_stored_is_checked_with_its_permit(database: Urls, monkeypatch: pytest.MonkeyPatch) -> None:
    city = found_city(database.owner)
    monkeypatch.setenv("DATABASE_URL", database.owner)
    command = ["check", "--enterprise", ENTERPRISE["source_code"], "--json"]
    assert json.loads(CliRunner().invoke(app, command).stdout)["counts"] == {}
    with writing(city.engine, Actor("registrar", "登记许可证", "permit")) as connection:
        outlets = [{"code": code, "name": code} for code in ("DA001", "DW001", "YS001", "DA002")]
        store_permit(connection, city.enterprise_id, {"permit_no": ENTERPRISE["source_code"], **DAYS, "outlets": outlets})
    result = CliRunner().invoke(app, command)
    assert result.exit_code == 1
    # Registered after the drawing came, it has an outlet that nobody drew.
    assert json.loads(result.stdout)["counts"] == {"W208": 1, "E605": 1}
