"""From a commit until the open panorama shows it: a reading on a card, an alarm on a card and in the list."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from uuid import UUID

import numpy as np
import psycopg
from browser import PATIENCE_MS, chromium
from city import City, found_city
from database import cluster
from figures import Row
from live import server
from playwright.sync_api import Page
from psycopg.types.json import Jsonb

READINGS, ALARMS = 60, 30
PAUSE_S = 0.25
ABOUT = (
    "One server process and the panorama open in headless Chromium at 1920×1080 with the card of an outlet, all on this machine; drawn by "
    "software GL, so the page's own drawing takes the cores that a GPU would leave free. From just before COMMIT until a "
    "MutationObserver sees the new figure in the card's text; both clocks are this machine's. Readings: one value changed. Alarms: one "
    "raised (its message on the card) and one closed. No peer: nothing else serves this page. Target: 1 s at p95."
)
WATCH = """() => {
  window.seen = {};
  const note = () => {
    const text = document.querySelector("[data-testid=card]")?.textContent ?? "";
    for (const [word, at] of Object.entries(window.wanted ?? {})) if (at === null && text.includes(word)) window.wanted[word] = Date.now();
  };
  window.wanted = {};
  new MutationObserver(note).observe(document.body, { subtree: true, childList: true, characterData: true });
}"""


def _shown(page: Page, word: str, commit: Callable[[], float]) -> float:
    """Return the milliseconds from a commit until the card has a word."""
    page.evaluate("(word) => { window.wanted[word] = null }", word)
    begin = commit()
    page.wait_for_function("(word) => window.wanted[word] !== null", arg=word, polling=50)
    time.sleep(PAUSE_S)
    return float(page.evaluate("(word) => window.wanted[word]", word)) - begin


def _readings(page: Page, connection: psycopg.Connection, outlet: UUID) -> Iterator[float]:
    def commit(value: float) -> float:
        shown = {"label": "COD", "value": value, "unit": "mg/L", "at": "2026-03-01T08:00:00Z", "flag": "N", "limit": None}
        connection.execute("UPDATE feature_state SET readings = %s WHERE feature_id = %s", [Jsonb({"w01018": shown}), outlet])
        begin = time.time() * 1000
        connection.commit()
        return begin

    for number in range(READINGS):
        value = 1000.25 + number
        yield _shown(page, f"{value:,}", partial(commit, value))


def _alarms(page: Page, connection: psycopg.Connection, outlet: UUID) -> Iterator[float]:
    def commit(message: str) -> float:
        connection.execute("UPDATE alarms SET closed = clock_timestamp() WHERE feature_id = %s AND closed IS NULL", [outlet])
        connection.execute("INSERT INTO alarms (feature_id, rule, level, message) VALUES (%s, 'water_day', 2, %s)", [outlet, message])
        begin = time.time() * 1000
        connection.commit()
        return begin

    for number in range(ALARMS):
        message = f"COD日均值 {70 + number}.5 mg/L，限值 50 mg/L，第 {number:03d} 次"
        yield _shown(page, message, partial(commit, message))


@contextmanager
def _page(address: str, outlet: UUID) -> Iterator[Page]:
    with chromium() as browser:
        page = browser.new_page(viewport={"width": 1920, "height": 1080})
        page.set_default_timeout(PATIENCE_MS)
        page.goto(f"{address}/#sel={outlet}")
        page.wait_for_selector('[data-testid=scene][data-ready="true"]')
        page.wait_for_selector('[data-testid=live-state][data-state="live"]')
        page.wait_for_selector('[data-testid=card][data-state="ready"]')
        page.evaluate(WATCH)
        yield page


def run() -> list[Row]:
    """Measure."""
    with cluster() as bench:
        url = bench.fresh("browser").owner
        city: City = found_city(url)
        outlet = UUID(str(city.feature_id("DW001")))
        with (
            server([sys.executable, "-m", "api.process"], url, bench.folder / "files") as (port, _),
            psycopg.connect(url) as connection,
            _page(f"http://127.0.0.1:{port}", outlet) as page,
        ):
            readings = np.array(list(_readings(page, connection, outlet)))
            alarms = np.array(list(_alarms(page, connection, outlet)))
    rows = []
    for name, took in (("a reading", readings), ("an alarm", alarms)):
        note = f"slowest of {len(took)}: {took.max():.0f} ms"
        rows += [
            Row(f"commit to the card, {name}, p50", float(np.percentile(took, 50)), "ms"),
            Row(f"commit to the card, {name}, p95", float(np.percentile(took, 95)), "ms", note=note),
        ]
    return rows
