"""The A3 sheets of a small demo city: CPU a sheet beside ezdxf's drawing add-on, an idle run, one edit, a way by mouse."""

import io
import json
import sys
import time
import urllib.request
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from statistics import median
from uuid import UUID

import psycopg
from browser import chromium, visit
from city import found_city
from database import QUANJING, open_folder, private
from drafting import SURVEY, decided, hand_in_survey
from figures import Row, timed
from picture import house
from readings import spent

from drawings.sheets.batch import INDEX, facts_of
from drawings.sheets.composing import unsolved
from drawings.sheets.printed import read_printed
from drawings.sheets.proof import proof
from drawings.sheets.shelf import Shelf
from gis.settings import Settings
from gis.store import cluster as clusters
from gis.store.cluster import Urls
from gis.store.vector_tiles import covering

PLANTS = 24
EDITS = 5
ZOOM = 16
ASKED_S = 0.02
PLACE = """
SELECT enterprise_id, feature_id, ST_X(ST_PointOnSurface(geom)), ST_Y(ST_PointOnSurface(geom)) FROM buildings
WHERE closed_at IS NULL AND enterprise_id IS NOT NULL ORDER BY count(*) OVER (PARTITION BY enterprise_id) DESC, feature_id LIMIT 1
"""
ABOUT = (
    f"{PLANTS} invented plants and the transplanted survey (2,767 features), four sheets each as PDF, by `quanjing drawing sheet --all` "
    "on all cores, start of the command and of its processes included; the server's CPU is in the note. Peer: the drawing add-on of ezdxf "
    "draws the same plants' DXF (A, C and D) to SVG on an A3 page, one process for all of them: no labels placed, no legend, no title "
    "block, no tables; its PDF needs a library that we may not ship. Edited: from the moment that a row was changed by SQL until the new "
    f"site plan is handed out, in a process that runs already, median of {EDITS}. Served: `quanjing serve` runs, and a building of one "
    "plant gets another height by SQL; from that moment until the site plan asked over HTTP is a new one, until the vector tile that it "
    "lies in is a new one, until the plant's new 3D tileset is published, and until the last of the three, each asked for all the time, "
    f"median of {EDITS}. By mouse: a script clicks through `/drafting` in headless Chromium and never pauses: a stranger's survey of 3,584 "
    "entities, none of the norm's layers, is dropped, its proposed mapping adopted and changed, placed by control points, handed in, "
    "reviewed and published, its sheet seen each time. That is the machine's share; people read, think and decide beside it. Targets: "
    "0.3 CPU s a sheet, 300 kB, a run that has nothing to do 3 CPU s, one edited enterprise fresh within 3 s, from drop "
    "to published 20 minutes, people included."
)
PEER = """
import sys
import ezdxf
from ezdxf.addons.drawing import Frontend, RenderContext, layout, svg
for path in sys.argv[1:]:
    document = ezdxf.readfile(path)
    backend = svg.SVGBackend()
    Frontend(RenderContext(document), backend).draw_layout(document.modelspace())
    backend.get_string(layout.Page(420, 297, layout.Units.mm))
"""


def _printed(folder: Path, environ: dict[str, str], postmaster: int | None) -> list[Row]:
    """Print all sheets, and all of them again."""
    out = folder / "out"
    command = [*QUANJING, "drawing", "sheet", "--all", "-o", str(out)]
    first = spent(command, environ, postmaster)
    again = spent(command, environ, postmaster)
    assert [first.status, again.status] == [0, 0]
    sheets = [out / name for name in json.loads(out.joinpath(INDEX).read_text(encoding="utf-8"))]
    drawings = sorted(map(str, folder.glob("data/demo/enterprises/*/*.dxf")))
    peer = spent([sys.executable, "-c", PEER, *drawings])
    count = len(sheets)
    note = f"and the server {first.server_s / count:.2f} s; {first.wall_s:.0f} s wall for {count}"
    return [
        Row("a sheet, CPU", first.cpu_s / count, "s", peer.cpu_s / len(drawings), "ezdxf to SVG", note=note),
        Row("all of them again, nothing changed, CPU", again.cpu_s, "s", note=f"{again.wall_s:.1f} s wall"),
        Row("a sheet, median", median(sheet.stat().st_size for sheet in sheets) / 1000, "kB"),
        _proved(sheets[:: max(count // 12, 1)]),
    ]


def _proved(sheets: Sequence[Path]) -> Row:
    with timed() as clock:
        faults = [issue for sheet in sheets for issue in proof(read_printed(sheet), "light")]
    assert not faults, faults
    return Row("reading a sheet back and checking it (E701–E705), CPU", clock.own / len(sheets), "s")


def _edited(urls: Urls, folder: Path) -> Row:
    """Change a building of the plant with the most features but the survey's, and ask for its site plan."""
    shelf = Shelf(folder / "shelf", "http://127.0.0.1:8000", unsolved)
    taken = []
    with psycopg.connect(str(urls.owner), autocommit=True) as connection:
        most = "SELECT enterprise_id FROM buildings JOIN production_units USING (enterprise_id) GROUP BY 1 ORDER BY count(*) DESC LIMIT 1"
        (enterprise_id,) = connection.execute(most).fetchone() or (UUID(int=0),)
        for number in range(EDITS + 1):
            begin = time.perf_counter()
            connection.execute("UPDATE buildings SET name = name || %s WHERE enterprise_id = %s", [str(number), enterprise_id])
            data = shelf.sheet(facts_of(urls.reader, enterprise_id), "A", "pdf", "light")
            taken.append(time.perf_counter() - begin)
            assert io.BytesIO(data).read(4) == b"%PDF"
    # The first reads symbols and type, as a process that has just started does.
    return Row("one edited plant, its site plan, wall", median(taken[1:]), "s", note=f"{taken[0]:.1f} s the first time")


def _until_new(address: str) -> Callable[[], float]:
    """Return what waits until an address answers with something else than now; that returns when, by `time.perf_counter`."""

    def got() -> bytes:
        with urllib.request.urlopen(address, timeout=60) as answer:  # noqa: S310 — our own address
            body: bytes = answer.read()
            return body

    before = got()

    def wait() -> float:
        while got() == before:
            time.sleep(ASKED_S)
        return time.perf_counter()

    return wait


def _served(urls: Urls, folder: Path) -> list[Row]:
    """Change a building while the house runs; how soon sheet, vector tile and 3D tileset are those of now."""
    taken: list[list[float]] = []
    with house(folder / "data") as (address, _), psycopg.connect(str(urls.owner), autocommit=True) as connection:
        _baked(connection)
        row = connection.execute(PLACE).fetchone()
        assert row is not None
        enterprise_id, building, lon, lat = row
        x, _, y, _ = covering((lon, lat, lon, lat), ZOOM, 0)
        asked = (
            f"{address}/api/enterprises/{enterprise_id}/sheets/A.pdf",
            f"{address}/tiles/{ZOOM}/{x}/{y}.mvt",
            f"{address}/tiles3d/{enterprise_id}/current.json",
        )
        for number in range(EDITS + 1):
            waits = [_until_new(one) for one in asked]
            begin = time.perf_counter()
            connection.execute(
                "UPDATE buildings SET height_m = %s, name = %s WHERE feature_id = %s", [20 + number, f"车间{number}", building]
            )
            with ThreadPoolExecutor(len(waits)) as pool:
                found = [future.result() - begin for future in [pool.submit(wait) for wait in waits]]
            taken.append([*found, max(found)])
    middle = [median(column) for column in zip(*taken[1:], strict=True)]
    slowest = max(row[-1] for row in taken[1:])
    names = ("its site plan", "its vector tile", "its 3D tileset", "all of it")
    rows = [Row(f"one edited plant, served: {name}, wall", value, "s") for name, value in zip(names, middle, strict=True)]
    return [*rows[:-1], replace(rows[-1], note=f"slowest {slowest:.1f} s; {taken[0][-1]:.1f} s the first time")]


def _baked(connection: psycopg.Connection) -> None:
    """Wait until every plant has its tileset."""
    open_ones = (
        "SELECT count(*) FROM enterprises e LEFT JOIN tilesets t ON t.enterprise_id = e.feature_id "
        "WHERE e.closed_at IS NULL AND t.version IS NULL"
    )
    while connection.execute(open_ones).fetchone() != (0,):
        time.sleep(0.5)


def _walked() -> list[Row]:
    """Bring a stranger's drawing from drop to published with the mouse."""
    if not SURVEY.exists():
        return []
    with open_folder() as folder, house(folder / "data") as (address, _), chromium() as browser:
        found_city(clusters.ensure_running(Settings(data_dir=folder / "data", database_url=None)).owner, drawing=None)
        with visit(browser, f"{address}/drafting") as seen:
            begin = time.perf_counter()
            hand_in_survey(seen)
            handed_in = time.perf_counter()
            decided(seen, "check", "checked")
            decided(seen, "publish", "published")
            done = time.perf_counter()
    note = f"handed in after {handed_in - begin:.0f} s"
    return [Row("a survey without norm layers, from drop to published by mouse, wall", done - begin, "s", note=note)]


def run() -> list[Row]:
    """Make, load and print a small city."""
    with open_folder() as folder:
        settings = Settings(data_dir=folder / "data", database_url=None)
        urls = clusters.ensure_running(settings)
        try:
            environ = private(settings.data_dir)
            made = spent([*QUANJING, "demo", "make", "--enterprises", str(PLANTS)], environ)
            loaded = spent([*QUANJING, "demo", "load"], environ)
            assert [made.status, loaded.status] == [0, 0]
            rows = [*_printed(folder, environ, clusters.status(settings).pid), _edited(urls, folder), *_served(urls, folder)]
        finally:
            clusters.stop(settings)
    return [*rows, *_walked()]
