"""Run the benchmarks: `python bench/run.py [NAME…]`; each writes its section of bench/RESULTS.md."""

import importlib
import os
import platform
import re
import subprocess
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from figures import Row

HERE = Path(__file__).parent
BENCHMARKS = {
    "import": "imports",
    "read": "readings",
    "bake": "bakes",
    "store": "store_bakes",
    "rebake": "rebake",
    "layer": "layers",
    "live": "live",
    "browser": "browser_live",
    "step": "in_step",
    "picture": "picture",
    "sheets": "sheets",
    "serving": "serving",
    "tiles": "serving_tiles",
    "feeds": "feeds_wire",
    "means": "means_stored",
    "topology": "topologies",
    "city": "whole_city",
    "terrain": "terrain",
}
HEAD = ("what", "ours", "peer", "unit", "ratio", "note")


def _machine() -> list[str]:
    """Return what it ran on."""
    model = re.search(r"model name\s*: (.+)", Path("/proc/cpuinfo").read_text())
    memory = re.search(r"MemTotal:\s*(\d+)", Path("/proc/meminfo").read_text())
    gib = f"{int(memory[1]) / 2**20:.0f} GiB" if memory else "unknown"
    from gis.store.binaries import choose, installed  # noqa: PLC0415 — the table can be had without a server

    binaries = choose(installed(), None)

    def said(program: str, option: str) -> str:
        return subprocess.run([binaries.program(program), option], capture_output=True, text=True, check=True).stdout.strip()

    control = Path(said("pg_config", "--sharedir"), "extension", "postgis.control").read_text(encoding="utf-8")
    postgis = re.search(r"default_version = '(.+)'", control)
    return [
        f"{os.cpu_count()} cores, {model[1] if model else platform.machine()}, {gib} of memory",
        f"Python {platform.python_version()}, {said('postgres', '--version')}, PostGIS {postgis[1] if postgis else 'unknown'}",
    ]


def _section(name: str, about: str, rows: Sequence[Row], seconds: float) -> str:
    busy = f"load average {os.getloadavg()[0]:.1f} at the end, the benchmark itself included"
    lines = [f"## {name}", "", about, "", f"{datetime.now(UTC).date().isoformat()}, {seconds:.0f} s, {busy}.", ""]
    lines += [f"| {' | '.join(HEAD)} |", "|---|--:|--:|---|--:|---|", *(f"| {' | '.join(row.cells())} |" for row in rows)]
    return "\n".join(lines) + "\n"


def _write(name: str, section: str) -> None:
    """Put a section into bench/RESULTS.md in place of its former one."""
    file = HERE / "RESULTS.md"
    _, *parts = re.split(r"^(?=## )", file.read_text(encoding="utf-8") if file.exists() else "", flags=re.MULTILINE)
    known = {part.split("\n", 1)[0].removeprefix("## "): part.rstrip() + "\n" for part in parts} | {name: section}
    head = ["# How fast", "", "Written by `make bench`; every figure with a peer was measured beside it in the same run."]
    head += ["The ratio says how many times ahead of the peer we are; below 1 we are behind.", "", *(f"- {line}" for line in _machine())]
    file.write_text("\n".join([*head, "", *(known[one] for one in BENCHMARKS if one in known)]), encoding="utf-8")


def main(names: Sequence[str]) -> None:
    """Run the named benchmarks, or all."""
    unknown = set(names) - set(BENCHMARKS)
    if unknown:
        sys.exit(f"no benchmark {', '.join(sorted(unknown))}; there are {', '.join(BENCHMARKS)}")
    # The tests' helpers found a city and drive the browser; pytest puts them on the path the same way.
    sys.path.append(str(HERE.parent / "tests"))
    begin = time.perf_counter()
    for name in names or BENCHMARKS:
        started = time.perf_counter()
        print(f"== {name}", flush=True)
        benchmark = importlib.import_module(BENCHMARKS[name])
        rows: list[Row] = benchmark.run()
        for row in rows:
            what, ours, peer, unit, ratio, note = row.cells()
            print(f"{what:52} {ours:>9} {unit:16} peer {peer:32} {ratio:>8}  {note}", flush=True)
        _write(name, _section(name, benchmark.ABOUT, rows, time.perf_counter() - started))
    print(f"{time.perf_counter() - begin:.0f} s")


if __name__ == "__main__":
    main(sys.argv[1:])
