"""The pictures of the documents, taken of a city that is being served: `python docs/pictures.py [NAME…]`.

`make pictures` takes all of them from http://127.0.0.1:8000/, which `make run` serves; `FROM=URL` names another address. The browser draws
as on a machine with a GPU (shadows, smooth edges), on the processor where there is none: slowly, but the same picture.
"""

import json
import math
import os
import sys
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any, Literal

from PIL import Image
from playwright.sync_api import Browser, Page

IMAGES = Path(__file__).parent / "images"
MOST_BYTES = 199_000
QUALITIES = (90, 86, 82, 78, 72, 66, 60)
"""Of JPEG: the first that is small enough."""
READY = '[data-testid=scene][data-ready="true"]'
DESK, PHONE = (1600, 900), (390, 844)

Theme = Literal["light", "dark"]
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Camera:
    """What one takes pictures of, and with."""

    browser: Browser
    address: str

    def asked(self, path: str) -> Any:
        """Return what the API answers."""
        with urllib.request.urlopen(f"{self.address}{path}", timeout=120) as answer:  # noqa: S310 — the address that was asked for
            return json.load(answer)

    def enterprise(self, word: str, number: int = 0) -> Row:
        """Return the enterprise whose industry or name has a word, in the order of their codes."""
        rows: list[Row] = sorted(self.asked("/api/enterprises")["enterprises"], key=lambda row: row["code"])
        return [row for row in rows if word in f"{row['industry']}{row['name']}"][number]

    def page(self, path: str, size: tuple[int, int], theme: Theme, scale: float = 1) -> Page:
        """Open a page."""
        page = self.browser.new_page(
            viewport={"width": size[0], "height": size[1]},
            device_scale_factor=scale,
            reduced_motion="reduce",
            color_scheme=theme,
            timezone_id="Asia/Shanghai",
        )
        page.set_default_timeout(300_000)
        page.goto(f"{self.address}{path}")
        return page

    def panorama(self, size: tuple[int, int], theme: Theme, fragment: str = "", scale: float = 1, quality: str = "high") -> Page:
        """Open the panorama and wait until all of it stands."""
        page = self.page(f"/?quality={quality}#theme={theme}{fragment}", size, theme, scale)
        settle(page)
        return page


def settle(page: Page) -> None:
    """Wait until all that is in view is drawn, and names stand where they will."""
    page.wait_for_timeout(1000)
    page.wait_for_selector(READY)
    page.wait_for_timeout(2500)
    page.wait_for_selector(READY)


def shot(page: Page) -> Image.Image:
    """Take a picture of a page, and close it."""
    picture = Image.open(BytesIO(page.screenshot(timeout=300_000))).convert("RGB")
    page.close()
    return picture


def beside(pictures: Sequence[Image.Image], gap: int = 16) -> Image.Image:
    """Lay pictures of one height beside each other on white."""
    whole = Image.new("RGB", (sum(one.width for one in pictures) + gap * (len(pictures) - 1), pictures[0].height), "white")
    left = 0
    for one in pictures:
        whole.paste(one, (left, 0))
        left += one.width + gap
    return whole


def plant(camera: Camera, enterprise: Row, theme: Theme, size: tuple[int, int] = DESK) -> Page:
    """Fly to an enterprise."""
    page = camera.panorama(size, theme, f"&in={enterprise['feature_id']}")
    page.click(".plant-actions button:first-child")
    settle(page)
    return page


def view(lon: float, lat: float, height_m: float, heading_deg: float, pitch_deg: float) -> str:
    """Return where the camera stands, as the page's fragment says it."""
    return f"&@{lon:.6f},{lat:.6f},{height_m:.1f},{heading_deg:.1f},{pitch_deg:.1f}"


def away(row: Row, bearing_deg: float, metres: float) -> tuple[float, float]:
    """Return longitude and latitude so many metres from a place."""
    bearing = math.radians(bearing_deg)
    north = metres * math.cos(bearing) / 111_320
    east = metres * math.sin(bearing) / (111_320 * math.cos(math.radians(row["lat"])))
    return row["lon"] + east, row["lat"] + north


def city(camera: Camera) -> Image.Image:
    """All of the city, by day."""
    return shot(camera.panorama(DESK, "light"))


def panorama(camera: Camera) -> Image.Image:
    """A plant with an open alarm, and its card."""
    alarm = camera.asked("/api/alarms")["alarms"][0]
    page = camera.panorama(DESK, "dark", f"&in={alarm['enterprise_id']}&sel={alarm['feature_id']}")
    page.click(".plant-actions button:first-child")
    settle(page)
    return shot(page)


def steel(camera: Camera) -> Image.Image:
    """A steel works."""
    return shot(plant(camera, camera.enterprise("炼钢"), "light"))


def farm(camera: Camera) -> Image.Image:
    """A pig farm."""
    return shot(plant(camera, camera.enterprise("猪的饲养", 1), "light"))


def underground(camera: Camera) -> Image.Image:
    """A plant cut open."""
    # Ground of glass with shadows takes the processor minutes.
    works = camera.enterprise("陆地天然气开采")
    lon, lat = away(works, 204, 300)
    page = camera.panorama(
        DESK, "light", f"{view(lon, lat, works['ground_m'] + 190, 24, -34)}&in={works['feature_id']}&under=1", quality="low"
    )
    settle(page)
    return shot(page)


def phone(camera: Camera) -> Image.Image:
    """The city on a phone, a plant, and a card."""
    alarm = camera.asked("/api/alarms")["alarms"][0]
    whole = camera.panorama(PHONE, "dark", scale=1.5)
    near = camera.panorama(PHONE, "light", f"&in={alarm['enterprise_id']}", scale=1.5)
    near.click("[data-testid=tool-list]")
    near.click(".plant-actions button:first-child")
    near.click("[data-testid=tool-list]")
    settle(near)
    card = camera.panorama(PHONE, "dark", f"&in={alarm['enterprise_id']}&sel={alarm['feature_id']}", scale=1.5)
    return beside([shot(whole), shot(near), shot(card)])


def flat(camera: Camera) -> Image.Image:
    """The map."""
    page = camera.page("/map", DESK, "light")
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(4000)
    return shot(page)


PICTURES: dict[str, Callable[[Camera], Image.Image]] = {
    "city": city,
    "panorama": panorama,
    "steel": steel,
    "farm": farm,
    "underground": underground,
    "phone": phone,
    "map": flat,
}


def packed(picture: Image.Image) -> bytes:
    """Return a picture as JPEG, as good as fits the room."""
    for quality in QUALITIES:
        file = BytesIO()
        picture.save(file, "JPEG", quality=quality, optimize=True, progressive=True)
        if file.tell() <= MOST_BYTES:
            break
    return file.getvalue()


def main(names: Sequence[str]) -> None:
    """Take the named pictures, or all."""
    unknown = set(names) - set(PICTURES)
    if unknown:
        sys.exit(f"no picture {', '.join(sorted(unknown))}; there are {', '.join(PICTURES)}")
    # The tests' helper knows how to start the browser.
    sys.path.append(str(Path(__file__).parents[1] / "tests"))
    from browser import chromium  # noqa: PLC0415 — of the path above

    out = Path(os.environ.get("OUT", IMAGES))
    with chromium() as browser:
        camera = Camera(browser, os.environ.get("FROM", "http://127.0.0.1:8000").rstrip("/"))
        for name in names or PICTURES:
            data = packed(PICTURES[name](camera))
            out.joinpath(f"{name}.jpg").write_bytes(data)
            print(f"{name}.jpg  {len(data) / 1000:.0f} kB", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
