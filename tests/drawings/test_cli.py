import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from drawings.cli import app
from drawings.example import example_files

NAME, DATA = next((name, data) for name, data in example_files().items() if name.endswith(".dxf"))


@pytest.fixture
def runner() -> CliRunner:
    return CliRunner()


def test_example_writes_its_files(runner: CliRunner, tmp_path: Path) -> None:
    result = runner.invoke(app, ["example", str(tmp_path / "new")])
    assert result.exit_code == 0
    assert {path.name: path.read_bytes() for path in (tmp_path / "new").iterdir()} == example_files()
    assert NAME in result.output.replace("\n", "")


def test_check_of_a_good_drawing(runner: CliRunner, tmp_path: Path) -> None:
    (tmp_path / NAME).write_bytes(DATA)
    result = runner.invoke(app, ["check", str(tmp_path / NAME)])
    assert result.exit_code == 0
    assert "没有问题" in result.output
    assert "建筑物 14" in result.output


def test_check_of_a_bad_drawing(runner: CliRunner, tmp_path: Path) -> None:
    (tmp_path / NAME).write_bytes(DATA.replace(b"DA001", b"DA01 "))
    result = runner.invoke(app, ["check", str(tmp_path / NAME)])
    assert result.exit_code == 1
    assert "E205" in result.output
    as_json = runner.invoke(app, ["check", str(tmp_path / NAME), "--json"])
    assert as_json.exit_code == 1
    answer = json.loads(as_json.output)
    assert answer["counts"]["entities"] == sum(answer["counts"][key] for key in ("stored", "ignored", "refused"))
    assert [issue["code"] for issue in answer["issues"]] == ["E205"]
    assert set(answer) >= {"counts", "ignored_by", "issues"}


@pytest.mark.parametrize("arguments", [["check"], ["check", "no-such-file.dxf"], ["example"], ["fly"]])
def test_misuse(runner: CliRunner, arguments: list[str]) -> None:
    assert runner.invoke(app, arguments).exit_code == 2
