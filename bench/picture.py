"""From nothing to the first picture: starting the house, and opening its page."""

import re
import signal
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from browser import PATIENCE_MS, chromium
from database import QUANJING, open_folder, private
from figures import Row
from playwright.sync_api import BrowserContext

VISITS = 3
READY = '[data-testid=scene][data-ready="true"]'
ABOUT = (
    "`quanjing serve --demo` from the start of the process to the answer of `/api/health`, wall time: the first start makes the cluster "
    "and loads the demo, the second finds both. Then headless Chromium, 1920×1080, from navigation to the first picture with all tiles "
    f"in view: median of {VISITS} with an empty cache, and once more with a full one. Drawn by software GL on the CPU: the times say "
    "nothing about machines with a GPU; bytes and requests hold anywhere. No peer: nothing else serves this page."
)


@contextmanager
def house(folder: Path, *options: str) -> Iterator[tuple[str, float]]:
    """Run the house; yields its address and the seconds until it was healthy."""
    begin = time.perf_counter()
    command = [*QUANJING, "serve", *options]
    with subprocess.Popen(command, env=private(folder), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        try:
            assert process.stdout is not None
            found = re.search(r"http://\S+:\d+", process.stdout.readline())
            assert found, "quanjing serve did not start"
            address = found.group()
            with urllib.request.urlopen(f"{address}/api/health", timeout=60) as answer:  # noqa: S310 — our own address
                assert answer.status == 200
            yield address, time.perf_counter() - begin
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=60)


@dataclass(frozen=True, slots=True)
class Seen:
    """One visit."""

    shown_ms: float
    """From navigation until what is wanted stands."""
    requests: int
    kilobytes: float
    """On the wire, headers included, from the network: nothing that came from the cache."""


def visit(context: BrowserContext, address: str, wanted: str = READY) -> Seen:
    """Open the page and wait for what a selector names."""
    page = context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    session = context.new_cdp_session(page)
    session.send("Network.enable")
    sizes: list[float] = []
    session.on("Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"]))
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    begin = time.perf_counter()
    page.goto(address, wait_until="commit")
    page.wait_for_selector(wanted)
    shown = time.perf_counter() - begin
    page.close()
    asked = sum(url.startswith(address) for url in requests)
    return Seen(shown * 1000, asked, sum(sizes) / 1000)


def _baked(address: str) -> None:
    """Wait until the demo has its tileset."""
    while b'"version"' not in urllib.request.urlopen(f"{address}/api/enterprises", timeout=60).read():  # noqa: S310 — our own address
        time.sleep(0.1)


def run() -> list[Row]:
    """Measure."""
    with open_folder() as folder:
        with house(folder / "data", "--demo") as (address, first):
            _baked(address)
        with house(folder / "data", "--demo") as (address, second), chromium() as browser:
            cold = []
            for _ in range(VISITS):
                context = browser.new_context(viewport={"width": 1920, "height": 1080})
                cold.append(visit(context, address))
                warm = visit(context, address)
                context.close()
    middle = sorted(cold, key=lambda seen: seen.shown_ms)[len(cold) // 2]
    return [
        Row("first start to health", first, "s", note="initdb, migrations, demo"),
        Row("second start to health", second, "s"),
        Row("first picture, empty cache", median(seen.shown_ms for seen in cold), "ms", note="software GL"),
        Row("bytes on the wire", middle.kilobytes, "kB"),
        Row("requests", float(middle.requests), "requests"),
        Row("first picture, full cache", warm.shown_ms, "ms", note=f"software GL; {warm.kilobytes:.0f} kB on the wire"),
    ]
