"""The page, in a real browser, on the whole house: supervisor, API, worker, PostGIS."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
import rasterio
from browser import PATIENCE_MS, Visit, chromium, visit
from city import DRAWING, City, found_city
from other_program import rewrite
from playwright.sync_api import Browser
from rasterio.transform import from_origin
from serving import serving

from demo.loading import load
from demo.making import make
from gis.settings import Settings
from gis.store.cluster import Urls
from gis.store.progress import telling
from styles.tokens import tokens
from tiles.glb import unpack
from tiles.terrain.bake import bake
from tiles.terrain.dem import open_dem

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

START_S = 120
OTHER = "INSERT INTO enterprises (code, name, geom) VALUES ('91511703MADEMA000P002P', '另一家', 'SRID=4490;POINT(107.4850 31.1500)')"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@contextmanager
def housed(database: Urls, folder: Path) -> Iterator[str]:
    """Run `quanjing serve` on a database; yields the address."""
    environment = {**os.environ, "DATABASE_URL": database.owner, "QUANJING_DATA_DIR": str(folder / "data"), "QUANJING_PORT": "0"}
    command = [sys.executable, "-c", "from api.cli import main; main()", "serve"]
    with (
        folder.joinpath("serve.log").open("wb") as log,
        subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=log, text=True) as process,
    ):
        assert process.stdout is not None
        line = process.stdout.readline()
        address = re.search(r"http://\S+:\d+", line)
        assert address, folder.joinpath("serve.log").read_text()
        yield address.group()
        process.terminate()
        process.wait(timeout=60)


@pytest.fixture(scope="module")
def city(module_database: Urls) -> City:
    """The example's plant, and another enterprise of which nothing is drawn; each test changes things of its own."""
    city = found_city(module_database.owner)
    psql(city.url, OTHER)
    return city


@pytest.fixture(scope="module")
def house(module_database: Urls, city: City, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """One house for the tests of that plant; yields the address."""
    with housed(module_database, tmp_path_factory.mktemp("house")) as address:
        yield address


def psql(url: str, command: str) -> None:
    """Run SQL from another process, with psql alone."""
    subprocess.run(["psql", "--no-psqlrc", "--quiet", "-v", "ON_ERROR_STOP=1", "-d", url, "-c", command], check=True)


def baked(address: str, city: City, after: str = "") -> str:
    """Wait until an enterprise has a version newer than `after`; returns it."""
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        answer = httpx.get(f"{address}/tiles3d/{city.enterprise_id}/current.json")
        if answer.status_code == 200 and answer.json()["version"] != after:
            return str(answer.json()["version"])
        time.sleep(0.1)
    raise AssertionError("never baked")


def shows(seen: Visit, city: City, version: str) -> None:
    """Wait until the page shows that version, and only that one."""
    seen.until("([id, version]) => window.quanjing?.shown()[id] === version", str(city.enterprise_id), version)
    seen.ready()


def others(seen: Visit, city: City, version: str) -> list[str]:
    """Return what the page asked for beyond a version of the enterprise's tiles and the city's, which holds its massing."""
    return [path for path in seen.requests if not path.startswith((f"/tiles3d/{city.enterprise_id}/{version}/", "/tiles3d/city/"))]


def test_a_click_on_a_tank_opens_its_card(city: City, house: str, browser: Browser) -> None:
    tank = city.feature_id("T-101")
    psql(city.url, f"INSERT INTO alarms (feature_id, rule, level, message) VALUES ('{tank}', '液位', 3, '液位接近高限')")
    psql(city.url, f"INSERT INTO case_links (case_id, feature_id, title) VALUES ('示1号', '{tank}', '围堰破损案')")
    psql(
        city.url,
        'UPDATE feature_state SET readings = \'{"level": {"label": "液位", "value": 10.9, "unit": "m", "at": "2026-11-23T10:00:00Z", '
        f'"flag": "N", "limit": 11.2}}}}\' WHERE feature_id = \'{tank}\'',
    )
    baked(house, city)
    with visit(browser, house) as seen:
        seen.ready()
        seen.page.evaluate("window.addEventListener('quanjing:picked', event => { window.picked = event.detail })")
        seen.click_on(tank)
        seen.page.wait_for_selector('[data-testid=card][data-state="ready"]')
        assert seen.page.evaluate("window.picked") == {"feature_id": str(tank), "name": "浓硫酸储罐"}
        assert seen.page.text_content("[data-testid=card-name]") == "浓硫酸储罐"
        assert "储罐" in str(seen.page.text_content("[data-testid=card-attributes]"))
        assert "液位接近高限" in str(seen.page.text_content("[data-testid=card-alarms]"))
        assert "10.9" in str(seen.page.text_content("[data-testid=card-readings]"))
        assert "围堰破损案" in str(seen.page.text_content("[data-testid=card-cases]"))
        seen.page.click("[data-testid=tab-history]")
        assert "drafter" in str(seen.page.text_content("[data-testid=history]"))
        assert seen.complaints == []
        assert seen.foreign == []


def test_one_of_many_tanks_of_one_shape_is_told_from_the_others(city: City, house: str, browser: Browser) -> None:
    before = baked(house, city)
    psql(
        city.url,
        "INSERT INTO structures (enterprise_id, code, name, geom, height_m, structure_type) SELECT enterprise_id, 'TX-' || k, k || '号罐', "
        "ST_Translate(geom, 0.0004 * k, 0.003), height_m, structure_type FROM structures, generate_series(1, 12) AS k WHERE code = 'T-101'",
    )
    version = baked(house, city, before)
    folder = httpx.get(f"{house}/tiles3d/{city.enterprise_id}/{version}/tileset.json").json()
    contents = [tile["content"]["uri"] for tile in folder["root"]["children"] if "content" in tile]
    glbs = [unpack(httpx.get(f"{house}/tiles3d/{city.enterprise_id}/{version}/{uri}").content) for uri in contents]
    assert any("EXT_mesh_gpu_instancing" in glb.document["extensionsRequired"] for glb in glbs)
    with visit(browser, house) as seen:
        shows(seen, city, version)
        seen.page.evaluate("window.addEventListener('quanjing:picked', event => { window.picked = event.detail })")
        for code in ("TX-3", "TX-8"):
            tank = city.feature_id(code)
            seen.click_on(tank)
            seen.page.wait_for_function("(id) => window.picked?.feature_id === id", arg=str(tank))
            assert seen.page.evaluate("window.picked") == {"feature_id": str(tank), "name": f"{code[3:]}号罐"}
        assert seen.complaints == []
    psql(city.url, "UPDATE structures SET closed_at = now() WHERE code LIKE 'TX-%'")
    # The tests after it begin with what stands then.
    baked(house, city, version)


def test_an_untouched_page_follows_psql(city: City, house: str, browser: Browser) -> None:
    outlet, office = city.feature_id("DW001"), city.feature_id("B05")
    first = baked(house, city)
    with visit(browser, house) as seen:
        shows(seen, city, first)
        before = seen.page.evaluate("([id]) => window.quanjing.color(id)", [str(outlet)])
        seen.requests.clear()
        psql(city.url, f"INSERT INTO alarms (feature_id, rule, level, message) VALUES ('{outlet}', '超标', 1, '总磷超标')")
        red = tokens()["alarm"]["1"]
        seen.until("([id, was]) => window.quanjing.color(id) !== was", str(outlet), before)
        assert colour(seen.page.evaluate("([id]) => window.quanjing.color(id)", [str(outlet)])) == colour(red)
        assert others(seen, city, first) == []
        psql(city.url, "UPDATE buildings SET height_m = 60 WHERE code = 'B05'")
        second = baked(house, city, first)
        shows(seen, city, second)
        assert seen.requests != []
        assert others(seen, city, second) == []
        # The new solid stands: the roof that rose can be clicked where there was sky.
        seen.click_on(office)
        seen.page.wait_for_selector('[data-testid=card][data-state="ready"]')
        assert "60 m" in str(seen.page.text_content("[data-testid=card-attributes]"))
        assert seen.complaints == []


def test_underground_view_lets_a_click_through_to_what_is_buried(city: City, house: str, browser: Browser) -> None:
    baked(house, city)
    with visit(browser, house) as seen:
        seen.ready()
        seen.page.click("[data-testid=tool-underground]")
        seen.click_on(city.feature_id("T-201"))
        seen.page.wait_for_selector('[data-testid=card][data-state="ready"]')
        assert seen.page.text_content("[data-testid=card-name]") == "埋地柴油罐"


def test_layers_theme_and_underground_view_are_in_the_link(city: City, house: str, browser: Browser) -> None:
    baked(house, city)
    tank, buried = str(city.feature_id("T-101")), str(city.feature_id("T-201"))
    with visit(browser, house) as seen:
        seen.ready()
        seen.until("([id]) => window.quanjing.positionOf(id) !== null", tank)
        # A system that prefers light is followed until the page is told otherwise.
        assert seen.page.get_attribute("html", "data-theme") == "light"
        seen.page.click("[data-testid=tool-theme]")
        seen.page.click("[data-testid=tool-theme]")
        seen.page.wait_for_selector("html[data-theme=dark]")
        seen.page.click("[data-testid=tool-layers]")
        seen.page.click("[data-testid=layer-structure]")
        assert seen.page.evaluate("document.querySelector('[data-testid=group-built]').indeterminate")
        seen.until("([id]) => window.quanjing.positionOf(id) === null", tank)
        seen.page.click("[data-testid=tool-underground]")
        link = seen.page.url
        assert seen.complaints == []
    with visit(browser, link) as again:
        again.ready()
        assert again.page.get_attribute("html", "data-theme") == "dark"
        assert again.page.get_attribute("[data-testid=tool-underground]", "aria-pressed") == "true"
        again.until("([id]) => window.quanjing.positionOf(id) !== null", buried)
        assert again.page.evaluate("([id]) => window.quanjing.positionOf(id)", [tank]) is None
        again.page.click("[data-testid=tool-layers]")
        assert not again.page.is_checked("[data-testid=layer-structure]")
        again.page.click("[data-testid=layers-all]")
        assert again.page.is_checked("[data-testid=layer-structure]")
        assert "off=" not in again.page.url


def test_a_building_moved_in_another_program_moves_on_the_page(city: City, house: str, browser: Browser, tmp_path: Path) -> None:
    first = baked(house, city)
    moved = tmp_path / DRAWING.name
    rewrite(DRAWING, moved, move={"B05": (2.0, 0.0)}, seed=3)
    with visit(browser, house) as seen:
        shows(seen, city, first)
        seen.requests.clear()
        city.publish(moved)
        second = baked(house, city, first)
        shows(seen, city, second)
        assert others(seen, city, second) == []


def test_the_page_outlives_the_server(city: City, house: str, browser: Browser) -> None:
    baked(house, city)
    with visit(browser, house) as seen:
        seen.ready()
        seen.page.wait_for_selector('[data-testid=live-state][data-state="live"]')
        before = seen.page.evaluate("([id]) => window.quanjing.color(id)", [str(city.feature_id("DA001"))])
        (api,) = [pid for pid in children() if b"\0api.process\0" in Path(f"/proc/{pid}/cmdline").read_bytes()]
        os.kill(api, signal.SIGKILL)
        seen.page.wait_for_selector('[data-testid=live-state]:not([data-state="live"])')
        psql(city.url, f"INSERT INTO alarms (feature_id, rule, level) VALUES ('{city.feature_id('DA001')}', '超标', 1)")
        seen.page.wait_for_selector('[data-testid=live-state][data-state="live"]')
        outlet = str(city.feature_id("DA001"))
        seen.until("([id, was]) => window.quanjing.color(id) !== was", outlet, before)
        assert colour(seen.page.evaluate("([id]) => window.quanjing.color(id)", [outlet])) == colour(tokens()["alarm"]["1"])


def children() -> list[int]:
    """Return the processes below this one."""
    found = [os.getpid()]
    for pid in found:
        for task in Path(f"/proc/{pid}/task").glob("*/children"):
            found += [int(child) for child in task.read_text().split()]
    return found


@pytest.mark.parametrize(("width", "height"), [(1920, 1080), (360, 740)])
def test_nothing_hangs_over_the_edge(city: City, house: str, browser: Browser, width: int, height: int) -> None:
    baked(house, city)
    with visit(browser, house, width, height) as seen:
        seen.ready()
        assert seen.page.evaluate("document.documentElement.scrollWidth") == width
        assert seen.page.evaluate("document.documentElement.scrollHeight") == height
        assert seen.page.evaluate("document.documentElement.lang").startswith("zh")
        for page in ("/", "/map"):
            seen.page.goto(f"{house}{page}")
            seen.page.wait_for_selector(".top-other")
            ends = seen.page.eval_on_selector_all(".top *", "parts => parts.map(part => part.getBoundingClientRect().right)")
            assert max(ends) <= width


TILESET = """
INSERT INTO tilesets (enterprise_id, version, state_epoch, features, bytes) SELECT feature_id, '{}', now(), 1, 1 FROM enterprises
ON CONFLICT (enterprise_id) DO UPDATE SET version = excluded.version
"""
"""A version that nobody has baked."""
BOUNDARY = """
INSERT INTO site_boundaries (enterprise_id, code, name, geom)
SELECT feature_id, 'B1', '厂界', ST_Expand(geom, 0.0005) FROM enterprises
"""
PIPE = """
INSERT INTO pipes (enterprise_id, code, name, medium, geom)
SELECT feature_id, 'P1', '管', 'sewage', ST_MakeLine(geom, ST_Translate(geom, 0.0002, 0)) FROM enterprises
"""


def hills(folder: Path) -> None:
    """Bake a terrain about the other enterprise."""
    profile = {"driver": "GTiff", "width": 60, "height": 60, "count": 1, "dtype": "float32", "crs": "EPSG:4490"}
    with rasterio.open(folder / "dem.tif", "w", transform=from_origin(107.45, 31.18, 0.001, 0.001), **profile) as file:
        file.write((300 + 20 * np.sin(np.add.outer(np.arange(60) / 9, np.arange(60) / 7))).astype(np.float32), 1)
    bake(open_dem(folder / "dem.tif"), folder / "terrain")


def test_an_empty_house_fills(database: Urls, browser: Browser, tmp_path: Path) -> None:
    hills(tmp_path)
    with serving(database.reader, tmp_path) as address, visit(browser, address) as seen:
        seen.page.wait_for_selector("[data-testid=empty]", timeout=PATIENCE_MS)
        assert seen.page.get_attribute("[data-testid=empty-register]", "href") == "/file#part=register"
        # Whoever fills the store tells how far it has come.
        with telling(database.owner, "city") as work:
            work.tell("装入示范企业", 37, 141)
            seen.page.wait_for_selector("[data-testid=empty] [data-testid=going]")
            assert "装入示范企业：37 / 141" in str(seen.page.text_content("[data-testid=going]"))
            psql(database.owner, OTHER)
            seen.ready()
            assert "装入示范企业：37 / 141" in str(seen.page.text_content(".strip"))
        plant = httpx.get(f"{address}/api/enterprises").json()["enterprises"][0]["feature_id"]
        seen.page.wait_for_selector("[data-testid=going]", state="detached")

        # Models that can't be read are told, and read again.
        psql(database.owner, TILESET.format("one"))
        seen.page.wait_for_selector("[data-testid=failing]")

        def asked(what: str, more: int) -> None:
            deadline = time.monotonic() + START_S
            while seen.requests.count(what) < more:
                assert time.monotonic() < deadline, what
                seen.page.wait_for_timeout(100)

        # The ground is drawn anew where a boundary was drawn, and not asked for where something else was.
        asked("/api/land", 2)
        psql(database.owner, f"{PIPE}; {TILESET.format('two')}")
        asked(f"/tiles3d/{plant}/two/tileset.json", 1)
        drawn = seen.requests.count("/terrain/layer.json")
        assert (seen.requests.count("/api/land"), drawn) == (2, 1)
        psql(database.owner, f"{BOUNDARY}; {TILESET.format('three')}")
        asked("/terrain/layer.json", drawn + 1)


PARKS = """
INSERT INTO enterprises (code, name, geom)
SELECT '91511703DEM' || lpad(n::text, 6, '0') || '001P', '园区' || n / 12 || '第' || n || '厂',
    ST_SetSRID(ST_MakePoint(107 + 0.35 * (n / 12 % 3) + 0.004 * (n % 4), 31 + 0.5 * (n / 36) + 0.003 * (n % 3)), 4490)
FROM generate_series(0, 60) AS n;
INSERT INTO outlets (code, name, medium, enterprise_id, geom) SELECT 'DW001', '总排口', 'water', feature_id, geom FROM enterprises;
INSERT INTO alarms (feature_id, rule, level)
SELECT o.feature_id, '超标', 1 + (row_number() OVER (ORDER BY e.code)) % 4
FROM outlets o JOIN enterprises e ON e.feature_id = o.enterprise_id
WHERE right(e.name, 2) IN ('1厂', '4厂', '7厂');
INSERT INTO alarms (feature_id, rule, level)
SELECT o.feature_id, '超标', 1 FROM outlets o JOIN enterprises e ON e.feature_id = o.enterprise_id WHERE e.name LIKE '%第60厂'
"""
"""Twelve plants to a park of a kilometre: from where the city fits the picture they lie within a few pixels of each other.

In such a crowd no name may find room; one plant in alarm stands alone.
"""


@pytest.mark.parametrize(("width", "height"), [(1920, 1080), (360, 740)])
def test_all_can_be_clicked_from_afar(database: Urls, browser: Browser, tmp_path: Path, width: int, height: int) -> None:
    psql(database.owner, PARKS)
    with serving(database.reader, tmp_path) as address, visit(browser, address, width, height) as seen:
        seen.ready()
        # On a phone the crowd leaves no room for a name.
        if width > height:
            seen.page.wait_for_selector(".label-enterprise:not(.label-hidden)")
        ids = [row["feature_id"] for row in httpx.get(f"{address}/api/enterprises").json()["enterprises"]]
        assert len(ids) == 61
        # Symbols that lie upon each other move apart in the frames that follow.
        seen.until("([ids]) => ids.every(id => window.quanjing.positionOf(id) !== null)", ids)


def colour(text: str) -> tuple[int, ...]:
    """Return `#rrggbb` or `rgb(r, g, b)` as three integers."""
    if text.startswith("#"):
        return tuple(int(text[at : at + 2], 16) for at in (1, 3, 5))
    return tuple(int(number) for number in re.findall(r"\d+", text)[:3])


def follows_the_process(seen: Visit, listed: list[dict[str, Any]]) -> None:
    """Open the production process of the plant that is entered, ask it for a pollutant, and find a treatment of it on the plant."""
    seen.page.click("[data-testid=enterprise-card]")
    seen.page.click("[data-testid=card-process]")
    seen.page.wait_for_selector('[data-testid=process][data-state="ready"]')
    treatment = next(row for row in listed if row["kind"] == "treatment_facility")
    node = f"[data-testid=process] [data-code={treatment['code']}]"
    before = seen.page.get_attribute(".process-stage", "viewBox")
    seen.page.click("[data-testid=process-nearer]")
    assert seen.page.get_attribute(".process-stage", "viewBox") != before
    seen.page.click("[data-testid=process-whole]")
    seen.page.select_option("[data-testid=process-pollutant]", index=1)
    assert 0 < seen.page.locator(".process-way").count() < seen.page.locator(".process-node").count()
    assert seen.page.locator(".process-aside").count() > 0
    seen.page.click(node)
    seen.page.wait_for_selector('[data-testid=card][data-state="ready"]')
    assert seen.page.text_content("[data-testid=card-code]") == treatment["code"]
    assert "process-chosen" in str(seen.page.get_attribute(node, "class"))
    assert treatment["code"] in str(seen.page.text_content("[data-testid=process-told]"))
    seen.page.keyboard.press("Escape")
    seen.page.wait_for_selector("[data-testid=process]", state="detached")


@pytest.fixture
def city_house(database: Urls, tmp_path: Path) -> Iterator[str]:
    """A house of a small city's own; yields the address."""
    city = make(tmp_path / "made", 2, 5)
    # The last one is a survey of thousands of features, which takes as long as all others.
    load(database.owner, city, Settings().web_dir, only=city.enterprises[:-1])
    with housed(database, tmp_path) as address:
        yield address


def test_a_walk_through_the_city(city_house: str, browser: Browser) -> None:
    rows: list[dict[str, Any]] = [{"tileset": None}]
    deadline = time.monotonic() + START_S
    while not all(row["tileset"] for row in rows):
        assert time.monotonic() < deadline
        time.sleep(0.2)
        rows = httpx.get(f"{city_house}/api/enterprises").json()["enterprises"]
    assert len(rows) == 5
    wanted = max(rows, key=lambda row: row["feature_count"])
    with visit(browser, city_house) as seen:
        seen.ready()
        # Names lie over symbols, and are clicked like them.
        seen.page.click("[data-testid=tool-layers]")
        seen.page.click("[data-testid=layer-names]")
        seen.page.click("[data-testid=tool-layers]")
        found = "ids => ids.filter(id => window.quanjing.positionOf(id)).length >= ids.length - 1"
        seen.until(found, [row["feature_id"] for row in rows])
        seen.page.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=city_house)
        seen.page.select_option("[data-testid=filter-county]", wanted["county"])
        seen.page.fill("[data-testid=search]", wanted["initials"][:6])
        assert "1 / 5" in str(seen.page.text_content("[data-testid=found]"))
        hidden = next(row for row in rows if row["feature_id"] != wanted["feature_id"])
        seen.until("id => window.quanjing.positionOf(id) === null", hidden["feature_id"])
        seen.page.click(f"[data-testid=enterprise-row][data-feature='{wanted['feature_id']}']")
        seen.until("id => id in window.quanjing.shown()", wanted["feature_id"])
        seen.ready()
        listed = httpx.get(f"{city_house}/api/enterprises/{wanted['feature_id']}/features").json()["features"]
        building = max((row for row in listed if row["kind"] == "building"), key=lambda row: row["z_max_m"])
        seen.click_on(building["feature_id"])
        seen.page.wait_for_selector('[data-testid=card][data-state="ready"]')
        assert seen.page.text_content("[data-testid=card-name]") == building["name"]
        seen.page.click("[data-testid=tool-share]")
        link = str(seen.page.evaluate("navigator.clipboard.readText()"))
        assert f"sel={building['feature_id']}" in link
        follows_the_process(seen, listed)
        assert seen.complaints == []
        assert seen.foreign == []
    with visit(browser, link) as again:
        again.page.wait_for_selector('[data-testid=card][data-state="ready"]')
        assert again.page.text_content("[data-testid=card-name]") == building["name"]
        # The link holds the plant that was entered; behind it stands the list as it was filtered.
        assert again.page.text_content("[data-testid=list] h3") == wanted["name"]
        again.page.click("[data-testid=list-back]")
        assert again.page.input_value("[data-testid=filter-county]") == wanted["county"]
