import json
from pathlib import Path

import pytest
import samples
from typer.testing import CliRunner

from gis.ground import ConstantGround
from tiles.cli import app
from tiles.tileset import build


@pytest.fixture
def baked(tmp_path: Path) -> Path:
    for path, content in build(samples.SITE, ConstantGround()).items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(content)
    return tmp_path


def test_good_is_0(baked: Path) -> None:
    answer = CliRunner().invoke(app, ["check", str(baked), "--json"])
    assert answer.exit_code == 0
    assert json.loads(answer.output) == {"tilesets": 1, "glbs": 2, "features": len(samples.FEATURES), "issues": []}


def test_findings_are_1(baked: Path) -> None:
    (baked / "massing.glb").unlink()
    answer = CliRunner().invoke(app, ["check", str(baked), "--json"])
    assert answer.exit_code == 1
    (issue,) = json.loads(answer.output)["issues"]
    assert (issue["code"], issue["severity"], issue["place"]) == ("T107", "error", {"file": "tileset.json", "field": "root.content.uri"})


def test_people_read_lines(baked: Path) -> None:
    (baked / "massing.glb").unlink()
    answer = CliRunner().invoke(app, ["check", str(baked)])
    assert "错误 T107 tileset.json root.content.uri 引用的文件不存在：massing.glb" in answer.output
    assert "1 个问题" in answer.output


@pytest.mark.parametrize("arguments", [["check"], ["check", "no such folder"], ["check", ".", "--nonsense"]])
def test_misuse_is_2(arguments: list[str]) -> None:
    assert CliRunner().invoke(app, arguments).exit_code == 2
