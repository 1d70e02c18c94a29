"""Reading drawings large and small in fresh processes: CPU time and memory beside GDAL and ezdxf, and how soon a bomb is refused."""

import os
import shutil
import sys
from collections.abc import Iterator
from itertools import repeat
from pathlib import Path

import big_drawing
import big_survey
from city import DRAWING, ENTERPRISE, found_city
from database import QUANJING, Bench, cluster, environment
from figures import Row, Spent, spent
from psycopg.conninfo import conninfo_to_dict

COPIES = 49
SURVEYS = (100_000, 5_000)
MB = 1_000_000
ABOUT = (
    "Each a command of its own, start of the process included; CPU seconds of the command and of all processes it starts, the peak of the "
    "largest of them. `quanjing drawing import` guards, decodes, reads, checks and stores into PostGIS with history and change log; the "
    "server's CPU is in the note. The survey has the proportions of a real as-built survey (40 % texts, 37 % points, 12 % polylines, "
    "wells, labelled buildings), is read by a mapping and the norm together, and all of it is stored; the plan is the example's, copied: "
    "four records an entity, as each label carries its attributes. Peers: `ogr2ogr` writes each entity as a row of one table, in the same "
    "server; ezdxf alone is `ezdxf.readfile` and one loop over the model space. Both check nothing and relate nothing: lower bounds. "
    "Targets: 100,000 entities 12 CPU s and 400 MB, the plan 1.5 CPU s, a refusal 60 s and 1 GB."
)
EZDXF = "import sys, ezdxf\nfor entity in ezdxf.readfile(sys.argv[1]).modelspace(): entity.dxftype()"


def _import(bench: Bench, drawing: Path, mapping: Path | None, name: str) -> Spent:
    url = bench.fresh(name).owner
    found_city(url, drawing=None)
    command = [*QUANJING, "drawing", "import", str(drawing), "--enterprise", ENTERPRISE["source_code"]]
    command += ["--mapping", str(mapping)] if mapping else []
    result = spent(command, environment(url, bench.folder / "files"), bench.postmaster)
    assert result.status == 0, "the drawing has no faults"
    return result


def _gdal(bench: Bench, drawing: Path, name: str) -> Spent | None:
    """Run ogr2ogr into a database of its own; None where it is missing."""
    if shutil.which("ogr2ogr") is None:
        return None
    parts = conninfo_to_dict(bench.fresh(name).owner)
    password = {"PGPASSWORD": str(parts.pop("password"))}
    target = "PG:" + " ".join(f"{key}='{value}'" for key, value in parts.items())
    command = ["ogr2ogr", "-f", "PostgreSQL", target, str(drawing), "-nln", "entities", "-a_srs", "EPSG:4545"]
    result = spent(command, {**os.environ, **password}, bench.postmaster)
    assert result.status == 0, "GDAL reads what ezdxf wrote"
    return result


def _beside(title: str, ours: Spent, gdal: Spent | None, alone: Spent) -> list[Row]:
    rows = []
    for peer, name in ((gdal, "ogr2ogr"), (alone, "ezdxf alone")):
        if peer is None:
            continue
        server = f"and the server {ours.server_s:.2f} s, with {name} {peer.server_s:.2f} s; {ours.wall_s:.2f} s wall"
        rows.append(Row(f"{title}, CPU", ours.cpu_s, "s", peer.cpu_s, name, note=server))
        rows.append(Row(f"{title}, largest process", ours.peak_mb, "MB", peer.peak_mb, name))
    return rows


def _read(bench: Bench, title: str, drawing: Path, mapping: Path | None) -> list[Row]:
    name = f"d{drawing.stat().st_size}"
    alone = spent([sys.executable, "-c", EZDXF, str(drawing)])
    return _beside(title, _import(bench, drawing, mapping, f"{name}_ours"), _gdal(bench, drawing, f"{name}_gdal"), alone)


def _drawings(bench: Bench) -> list[Row]:
    rows = []
    for entities in SURVEYS:
        folder = bench.folder / f"survey-{entities}"
        folder.mkdir()
        mapping = folder / "mapping.yaml"
        mapping.write_text(big_survey.MAPPING, encoding="utf-8")
        big_survey.write(folder / DRAWING.name, entities)
        rows += _read(bench, f"survey of {entities:,} entities", folder / DRAWING.name, mapping)
    plan = bench.folder / DRAWING.name
    entities = big_drawing.write(DRAWING, plan, COPIES)
    rows += _read(bench, f"plan of {entities:,} entities", plan, None)
    start = _import(bench, DRAWING, None, "example")
    return [*rows, Row("of that the start: the example, one plant, CPU", start.cpu_s, "s", note=f"{start.wall_s:.2f} s wall")]


def _wrapped(layer_entity: str, lines: Iterator[bytes]) -> Iterator[bytes]:
    yield b"0\nSECTION\n2\nHEADER\n9\n$ACADVER\n1\nAC1027\n0\nENDSEC\n0\nSECTION\n2\nENTITIES\n"
    yield f"0\n{layer_entity}\n8\nQJ-X-BASE\n".encode()
    yield from lines
    yield b"0\nENDSEC\n0\nEOF\n"


def _hatch() -> Iterator[bytes]:
    """Yield one hatch of pattern lines, 200 MB."""
    line = b"53\n45.0\n43\n0.0\n44\n0.0\n45\n0.125\n46\n0.125\n79\n0\n"
    return _wrapped("HATCH", repeat(line * 1000, 200 * MB // (1000 * len(line)) + 1))


def _texts() -> Iterator[bytes]:
    """Yield texts of 2,000 characters, 500 MB."""
    line = b"0\nTEXT\n8\nQJ-X-TEXT\n10\n450280.0\n20\n3447610.0\n40\n2.5\n1\n" + b"x" * 2000 + b"\n"
    return _wrapped("TEXT", repeat(line * 100, 500 * MB // (100 * len(line)) + 1))


def _refusals(folder: Path) -> list[Row]:
    rows = []
    for title, pieces in (("one hatch", _hatch()), ("text", _texts())):
        bomb = folder / "bomb.dxf"
        with bomb.open("wb") as file:
            file.writelines(pieces)
        took = spent([*QUANJING, "drawing", "check", str(bomb)])
        assert took.status == 1, "it is refused"
        name = f"{bomb.stat().st_size / MB:.0f} MB of {title} refused"
        rows.append(Row(f"{name}, wall", took.wall_s, "s", note=f"{took.cpu_s:.2f} CPU s"))
        rows.append(Row(f"{name}, largest process", took.peak_mb, "MB"))
        bomb.unlink()
    return rows


def run() -> list[Row]:
    """Measure."""
    with cluster() as bench:
        return [*_drawings(bench), *_refusals(bench.folder)]
