"""The demo city, 140 plants: loading its drawings, and what one waits for in the panorama.

`BENCH_CITY=FOLDER python bench/run.py city` keeps the loaded city in a folder, and measures only the page where it finds it there.
"""

import json
import os
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from browser import PATIENCE_MS, chromium
from database import QUANJING, open_folder, private
from figures import Row, timed
from picture import house, visit
from playwright.sync_api import Browser, BrowserContext, Page
from readings import spent

from demo.making import made as made_city
from gis.settings import Settings
from gis.store import cluster as clusters

VISITS = 3
FLIGHTS = 5
SCREENS = ((1920, 1080), (400, 860))
ABOUT = (
    "`quanjing demo load` puts the 140 invented plants and the transplanted survey, four drawings each, with permits, histories and the "
    "city's own layers, into an empty private PostGIS, each by the same way as `quanjing drawing import`; then `quanjing tiles bake` "
    "makes all tilesets and the city's. Then headless Chromium, 1920×1080, on that city. Useful picture: from navigation until list, "
    "symbols, ground, rivers and borders stand and answer clicks (massing follows; a quarter of the pixels until all is still); median of "
    f"{VISITS}, with an empty cache and with a full one. Flight: from the click on a plant in the list until the camera stands and all "
    f"tiles in view are drawn, {FLIGHTS} plants. Drawn by software GL on the CPU: a GPU is faster. Targets: loading 120 s, useful picture "
    "4 s with a full cache, flight 1.5 s. Then all of the city in the picture, on two sizes of screen: plants that no pixel picks. No "
    "peer: nothing else serves this page."
)
USEFUL = '[data-testid=scene][data-useful="true"]'
FLY = """
async id => {
  const scene = document.querySelector("[data-testid=scene]")
  // The list shows the plant that was flown to before.
  document.querySelector("[data-testid=list-back]")?.click()
  const row = () => document.querySelector(`[data-testid=enterprise-row][data-feature='${id}']`)
  while (!row()) await new Promise(resolve => setTimeout(resolve, 5))
  const begin = performance.now()
  row().click()
  while (!(id in window.quanjing.shown()) || scene.dataset.ready !== "true") {
    if (performance.now() - begin > 120000) throw new Error("never arrived")
    await new Promise(resolve => setTimeout(resolve, 5))
  }
  return performance.now() - begin
}
"""


def _load(folder: Path) -> list[Row]:
    """Load a city, made first where the folder has none."""
    settings = Settings(data_dir=folder / "data", database_url=None)
    clusters.ensure_running(settings)
    try:
        postmaster = clusters.status(settings).pid
        environ = private(settings.data_dir)
        made = spent([*QUANJING, "demo", "make"], environ) if made_city(settings.data_dir / "demo") is None else None
        busy = os.getloadavg()[0]
        loaded = spent([*QUANJING, "demo", "load"], environ, postmaster)
        baked = spent([*QUANJING, "tiles", "bake"], environ, postmaster)
        assert not any(step.status for step in (made, loaded, baked) if step)
    finally:
        clusters.stop(settings)
    whole = loaded.cpu_s + loaded.server_s
    making = [Row("make the city's files, wall", made.wall_s, "s", note=f"{made.cpu_s:.0f} CPU s")] if made else []
    return [
        *making,
        Row("load them, wall", loaded.wall_s, "s", note=f"load average {busy:.1f} before it"),
        Row("load them, CPU", whole, "s", note=f"{loaded.server_s:.0f} s of it PostgreSQL"),
        Row("bake all tilesets, wall", baked.wall_s, "s", note=f"{baked.cpu_s + baked.server_s:.0f} CPU s"),
    ]


@contextmanager
def _context(browser: Browser) -> Iterator[BrowserContext]:
    """Open a browser with an empty cache."""
    context = browser.new_context(viewport={"width": 1920, "height": 1080})
    context.set_default_timeout(PATIENCE_MS)
    yield context
    context.close()


def _fly(page: Page, address: str) -> list[float]:
    """Return the flight times to plants far apart, ms."""
    page.goto(address)
    page.wait_for_selector('[data-testid=scene][data-ready="true"]')
    rows = page.eval_on_selector_all("[data-testid=enterprise-row]", "rows => rows.map(row => row.dataset.feature)")
    return [float(page.evaluate(FLY, rows[number * len(rows) // FLIGHTS])) for number in range(FLIGHTS)]


def _hidden(browser: Browser, address: str, width: int, height: int) -> Row:
    """Return how many enterprises can't be clicked where all of the city fits the picture."""
    page = browser.new_page(viewport={"width": width, "height": height})
    page.set_default_timeout(PATIENCE_MS)
    page.goto(address)
    page.wait_for_selector('[data-testid=scene][data-ready="true"]')
    with urllib.request.urlopen(f"{address}/api/enterprises", timeout=60) as answer:  # noqa: S310 — our own address
        ids = [row["feature_id"] for row in json.load(answer)["enterprises"]]
    hidden = page.evaluate("ids => ids.filter(id => window.quanjing.positionOf(id) === null)", ids)
    page.close()
    return Row(f"plants that no pixel picks, all in view, {width}×{height}", float(len(hidden)), "plants", note=f"of {len(ids)}")


def _look(folder: Path) -> list[Row]:
    """Look at a loaded city."""
    cold, warm = [], []
    busy = 0.0
    with house(folder / "data") as (address, _), chromium() as browser:
        for _ in range(VISITS):
            with _context(browser) as context:
                cold.append(visit(context, address, USEFUL))
                with timed() as clock:
                    warm.append(visit(context, address, USEFUL))
                busy += clock.children / VISITS
        with _context(browser) as context, timed() as flown:
            flights = _fly(context.new_page(), address)
        hidden = [_hidden(browser, address, width, height) for width, height in SCREENS]
    load = f"load average {os.getloadavg()[0]:.1f}"
    wire = f"{busy:.1f} CPU s, {warm[0].kilobytes:,.0f} kB on the wire"
    note = f"software GL; {load}; {cold[0].kilobytes:,.0f} kB in {cold[0].requests} requests"
    return [
        Row("useful picture, empty cache", median(seen.shown_ms for seen in cold), "ms", note=note),
        Row(
            "useful picture, full cache",
            median(seen.shown_ms for seen in warm),
            "ms",
            note=wire,
        ),
        Row(
            "flight to a plant",
            median(flights),
            "ms",
            note=f"slowest {max(flights):,.0f} ms; {flown.children:.0f} CPU s in all",
        ),
        *hidden,
    ]


def _measure(folder: Path) -> list[Row]:
    loaded = [] if folder.joinpath("data", "tiles3d", "city").exists() else _load(folder)
    return loaded + _look(folder)


def run() -> list[Row]:
    """Measure; in a folder that holds the loaded city already, only the page."""
    if kept := os.environ.get("BENCH_CITY"):
        return _measure(Path(kept))
    with open_folder() as folder:
        return _measure(folder)
