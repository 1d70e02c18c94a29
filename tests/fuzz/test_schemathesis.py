"""The map server against its own definition: Schemathesis, all checks, stateful, thousands of requests (`make test-fuzz`)."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from city import found_city
from serving import serving

from gis.store.cluster import Urls

pytestmark = [pytest.mark.fuzz, pytest.mark.timeout(3600)]
HERE = Path(__file__).parent
FOLDER = HERE.parents[1] / "bench" / ".peers" / "schemathesis"
PROGRAM = "schemathesis>=4.32,<5"
EXAMPLES, LEAST = 100, 2000
CASES = re.compile(r"(\d+) generated")


@pytest.fixture(scope="module")
def program() -> Path:
    """Return Schemathesis, installed where it is missing: in an environment of its own, beside the benchmarks' peers."""
    found = FOLDER / "bin" / "schemathesis"
    if not found.exists():
        subprocess.run([sys.executable, "-m", "venv", FOLDER], check=True)
        subprocess.run([FOLDER / "bin" / "python", "-m", "pip", "install", "-q", PROGRAM], check=True)
    return found


@pytest.mark.parametrize("editing", [False, True], ids=["reading", "editing"])
def test_every_answer_is_as_defined(program: Path, database: Urls, tmp_path: Path, editing: bool) -> None:
    found_city(database.owner)
    environ = os.environ | {"SCHEMATHESIS_HOOKS": "hooks", "PYTHONPATH": str(HERE)}
    with serving(database.owner if editing else database.reader, tmp_path, editing=editing) as address:
        command = [program, "--config-file", HERE / "schemathesis.toml", "run", f"{address}/api", "--url", address]
        command += ["--checks", "all", "--no-color", "--seed", "1"]
        phases = ["--phases", "examples,coverage,fuzzing,stateful", "--max-examples", str(EXAMPLES)]
        said = subprocess.run([*command, *phases], check=False, capture_output=True, text=True, cwd=tmp_path, env=environ)
    assert said.returncode == 0, said.stdout[-8000:] + said.stderr[-2000:]
    cases = CASES.search(said.stdout)
    assert cases is not None, said.stdout[-2000:]
    assert int(cases[1]) >= LEAST
