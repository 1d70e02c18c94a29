"""A file is read in a child: what is wrong with it is an issue, whatever it does to its reader."""

import json

import pytest
from typer.testing import CliRunner

from gis.limits import Limits
from tiles.model_cli import app
from tiles.model_file import Frame, checked

CUBE = [f"v {x} {y} {z}" for z in (0, 1) for y in (0, 1) for x in (0, 1)]
QUADS = ["f 1 3 4 2", "f 5 6 8 7", "f 1 2 6 5", "f 2 4 8 6", "f 4 3 7 8", "f 3 1 5 7"]
OBJ = "\n".join(["o a", *CUBE, *QUADS]).encode()


def test_the_caller_knows_unit_and_up_better_than_the_file():
    (one,) = checked(OBJ, "A.OBJ", Frame(2.0, "y")).taken
    assert one.volume_m3 == pytest.approx(8)
    assert one.body.points.min(axis=0).tolist() == [0, -2, 0]


@pytest.mark.parametrize(("data", "name"), [(b"", "a.obj"), (b"x", "a.xyz"), (b"{}", "a.json"), (b"{}", "a.glb"), (b"x", "a.ifc")])
def test_what_can_not_be_read_is_one_issue(data, name):
    report = checked(data, name)
    assert ([issue.code for issue in report.issues], report.counts["read"]) == (["E901"], 0)


def test_a_reading_that_takes_too_long_is_called_off():
    rows = b"f 1 2 3 4\n" * 2_000_000
    assert [issue.code for issue in checked(OBJ + b"\n" + rows, "a.obj", limits=Limits(deadline_s=0.5)).issues] == ["E901"]


def test_the_command_says_every_object_and_fault(tmp_path):
    file = tmp_path / "a.obj"
    file.write_bytes(OBJ + b"\no b\nf 1 2 99\n")
    said = CliRunner().invoke(app, ["check", str(file), "--json"])
    document = json.loads(said.stdout)
    assert said.exit_code == 1
    assert document["counts"] == {"read": 2, "taken": 1, "refused": 1}
    assert [(one["id"], one["closed"], one["volume_m3"]) for one in document["objects"]] == [("a", True, 1.0)]
    assert [(one["code"], one["place"]["handle"]) for one in document["issues"]] == [("E902", "b")]
    assert CliRunner().invoke(app, ["check", str(file)]).stdout.splitlines()[-1].startswith("OBJ：对象 2 个，可用 1 个，不可用 1 个")
