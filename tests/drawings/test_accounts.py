import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from drawings.accounts import Account, account, drawings_in, page
from drawings.cli import app
from drawings.example import example_files
from drawings.mapping import mapping_of
from gis.limits import MAX_BYTES

TOP = Path(__file__).parents[2]
EXAMPLES = TOP / "data" / "examples"
PAGE = TOP / "docs" / "dxf-accounts.md"
SHARED = TOP.parent / "shared" / "data" / "dxf"
NAME, DATA = next((name, data) for name, data in example_files().items() if name.endswith(".dxf"))
MAPPINGS = sorted(EXAMPLES.glob("*.mapping.yaml"))


@pytest.fixture(scope="module")
def accounts() -> dict[str, Account]:
    return {path.name: account(path, EXAMPLES) for path in drawings_in(SHARED)} if SHARED.is_dir() else {}


@pytest.mark.parametrize("folder", [folder for folder in (SHARED,) if folder.is_dir()], ids=["shared"])
def test_the_committed_page_is_current(accounts: dict[str, Account], folder: Path) -> None:
    assert len(accounts) == len(list(folder.glob("*.dxf")))
    assert PAGE.read_text(encoding="utf-8") == page(list(accounts.values()))


@pytest.mark.parametrize("name", [path.name for path in sorted(SHARED.glob("*.dxf"))])
def test_every_entity_of_every_file_is_accounted_for(accounts: dict[str, Account], name: str) -> None:
    one = accounts[name]
    counts = one.plan.counts
    assert counts.stored + counts.ignored + counts.refused == counts.entities > 0
    assert one.adds_up
    assert "E101" not in {issue.code for issue in one.plan.issues}
    # What is neither stored nor ignored has been told why.
    assert not counts.refused or any(issue.severity == "error" for issue in one.plan.issues)
    assert all(issue.hint for issue in one.plan.issues)


@pytest.mark.parametrize("folder", [folder for folder in (SHARED,) if folder.is_dir()], ids=["shared"])
def test_a_place_is_never_invented(accounts: dict[str, Account], folder: Path) -> None:
    given = {path.name.partition(".")[0] for path in EXAMPLES.glob("*.gcp.csv")}
    assert {path.name for path in folder.glob("*.dxf")} == set(accounts)
    for name, one in accounts.items():
        refused = {"E601", "E603"} & {issue.code for issue in one.plan.issues}
        if one.plan.drawing_kind == "B":
            # A process has no place.
            assert not refused
            continue
        assert (one.plan.counts.stored > 0) == one.known == (name.partition("_")[0] in given) == (not refused), name


@pytest.mark.parametrize("path", [path for path in [SHARED / "11_cn_plant_building_r2018.dxf"] if path.is_file()], ids=["11"])
def test_a_chinese_plan_is_read_in_its_letters_and_its_unit(accounts: dict[str, Account], path: Path) -> None:
    one = accounts[path.name]
    assert (one.page, one.taken, set(one.codecs)) == ("ANSI_936", "utf-8", {"utf-8"})
    assert (one.unit, one.scale) == ("无单位", 0.001)
    # Its layers have Chinese names, and each has been met by the rule of that name: nothing is left to refuse.
    assert one.plan.counts.refused == 0
    assert one.plan.ignored_by["柱网图块，单体内部构件"] == 1


def test_the_page_adds_up() -> None:
    text = PAGE.read_text(encoding="utf-8")
    sums = re.findall(r"^(\d+) entities = (\d+) stored \+ (\d+) ignored \+ (\d+) refused\.$", text, re.MULTILINE)
    assert len(sums) == len(re.findall(r"^## ", text, re.MULTILINE)) >= 14
    assert all(int(whole) == int(stored) + int(ignored) + int(refused) for whole, stored, ignored, refused in sums)
    assert not re.search(r"(?<![\w.])/(?:home|root|tmp|work|usr)/", text)


@pytest.mark.parametrize("path", MAPPINGS, ids=lambda path: path.name)
def test_every_rule_of_a_committed_mapping_says_what_becomes_of_things(path: Path) -> None:
    mapping, issues = mapping_of(path.read_text(encoding="utf-8"))
    assert issues == []
    assert mapping is not None
    assert mapping.name
    assert mapping.rules
    assert not any(rule.undecided for rule in mapping.rules)


def test_the_verb_writes_the_page_of_a_folder(tmp_path: Path) -> None:
    (tmp_path / NAME).write_bytes(DATA)
    (tmp_path / "02_x.DXF").write_bytes(b"no drawing")
    (tmp_path / "readme.txt").write_bytes(b"")
    shown = CliRunner().invoke(app, ["accounts", str(tmp_path)])
    assert shown.exit_code == 0
    assert shown.stdout == page([account(path, tmp_path) for path in drawings_in(tmp_path)])
    sections = re.findall(r"^## (.*)$", shown.stdout, re.MULTILINE)
    assert sections == ["02_x.DXF", NAME]
    assert "文件不是 DXF" in shown.stdout
    assert "建筑物 `building` 14" in shown.stdout
    written = CliRunner().invoke(app, ["accounts", str(tmp_path), "--out", str(tmp_path / "page.md")])
    assert written.exit_code == 0
    assert (tmp_path / "page.md").read_text(encoding="utf-8") == shown.stdout


def test_a_mapping_beside_a_drawing_is_used_by_its_number(tmp_path: Path) -> None:
    (tmp_path / "07_x.dxf").write_bytes(DATA)
    (tmp_path / "07.mapping.yaml").write_text("mapping: 1\nrules:\n- {when: {}, ignore: 'a | b'}\n", encoding="utf-8")
    one = account(tmp_path / "07_x.dxf", tmp_path)
    assert one.inputs == ("07.mapping.yaml",)
    assert one.plan.counts.ignored == one.plan.counts.entities
    assert "| a \\| b |" in page([one])


def test_a_file_that_is_too_large_has_an_account_too(tmp_path: Path) -> None:
    with (tmp_path / "x.dxf").open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    one = account(tmp_path / "x.dxf", tmp_path)
    assert [issue.code for issue in one.plan.issues] == ["E101"]
    assert "not read" in page([one])
