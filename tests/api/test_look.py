"""The quick look: a page of its own, drawn by a real browser, that asks nobody for anything."""

import asyncio
import base64
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from browser import PATIENCE_MS, Visit, chromium, visit
from city import DRAFTER, City, found_city
from playwright.sync_api import Browser
from psycopg import AsyncConnection
from serving import serving

from api.look import layer_kind, page
from gis.errors import NotFound
from gis.kinds import KINDS
from gis.store.cluster import Urls
from gis.store.connect import snapshot, writing
from gis.store.layers import store_layer
from gis.store.looks import Look, look
from styles.tokens import scene_colour

EVIL = '</script><script>window.caught = 1</script><img src=x onerror="window.caught = 1">&lt;b&gt; @@=caught {{1}}'
SEEN = """
async ([picture, x, y]) => {
  const image = new Image();
  image.src = `data:image/png;base64,${picture}`;
  await image.decode();
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [image.width, image.height];
  const context = canvas.getContext("2d");
  context.drawImage(image, 0, 0);
  return [...context.getImageData(x, y, 1, 1).data].slice(0, 3);
}
"""


@pytest.fixture(scope="module")
def city(module_database: Urls) -> City:
    city = found_city(module_database.owner)
    county = {"type": "Polygon", "coordinates": [[[107.0, 31.0], [108.0, 31.0], [108.0, 31.8], [107.0, 31.8], [107.0, 31.0]]]}
    river = {"type": "LineString", "coordinates": [[107.1, 31.1], [107.5, 31.3], [107.9, 31.7]]}
    for kind, geometry in (("county", county), ("river", river)):
        row = {"type": "Feature", "geometry": geometry, "properties": {"code": "X1", "name": f"{kind}{EVIL}"}}
        with writing(city.engine, DRAFTER) as connection:
            assert store_layer(connection, kind, {"type": "FeatureCollection", "features": [row]}).actions == {"insert": 1}
    city.rows("UPDATE outlets SET name = %s WHERE code = 'DW001'", EVIL)
    city.rows("INSERT INTO alarms (feature_id, rule, level, message) VALUES (%s, '超标', 2, '高')", city.feature_id("DW001"))
    return city


@pytest.fixture(scope="module")
def address(city: City, module_database: Urls, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving(module_database.reader, tmp_path_factory.mktemp("data")) as address:
        yield address


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


def data(html: str) -> Any:
    """Return what a page holds."""
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', html, re.DOTALL)
    assert found
    return json.loads(found[1])


def drawn(seen: Visit) -> None:
    seen.page.wait_for_selector('body[data-ready="true"]', timeout=PATIENCE_MS)


def middle(seen: Visit, feature: int = 0) -> tuple[int, int]:
    """Return where on the page the first point of the feature of a row lies."""
    place = seen.page.evaluate(
        "(at) => { const { features } = window.look.props.layers.at(-1).props.data;"
        "const { geometry } = features.find((one) => one.properties.i === at);"
        "return window.look.getViewports()[0].project(geometry.coordinates.flat(3).slice(0, 2)); }",
        feature,
    )
    return round(place[0]), round(place[1])


def colour_at(browser: Browser, seen: Visit, x: int, y: int) -> list[int]:
    """Return the colour of a pixel as people see it."""
    picture = base64.b64encode(seen.page.screenshot()).decode()
    blank = browser.new_page()
    found: list[int] = blank.evaluate(SEEN, [picture, x, y])
    blank.close()
    return found


def test_points_are_drawn_told_and_nobody_is_asked(browser: Browser, address: str, city: City) -> None:
    with visit(browser, f"{address}/look/outlet", 1280, 800) as seen:
        drawn(seen)
        rows = seen.page.evaluate("JSON.parse(document.getElementById('data').textContent).rows")
        (evil,) = [at for at, row in enumerate(rows) if row[0] == EVIL]
        x, y = middle(seen, evil)
        assert colour_at(browser, seen, x, y) == pytest.approx(scene_colour("outlet", "water"), abs=4)
        assert seen.page.locator("#tip").is_hidden()
        seen.page.mouse.move(x, y)
        seen.page.wait_for_selector("#tip:not([hidden])", timeout=PATIENCE_MS)
        assert seen.page.locator("#tip h2").inner_text() == EVIL
        told = dict(zip(seen.page.locator("#tip dt").all_inner_texts(), seen.page.locator("#tip dd").all_inner_texts(), strict=True))
        assert told["编号"] == "DW001"
        assert told["排放介质"] == "废水"
        assert told["所属企业"] == "达州示范化工有限公司（示范）"
        assert told["报警"] == "Ⅱ级，未关闭 1 个"
        assert "Ⅱ级报警" in seen.page.locator("#legend").inner_text()
        assert seen.page.evaluate("window.caught") is None
        assert seen.page.evaluate("document.images.length") == 0
        assert (seen.requests, seen.foreign, seen.complaints) == (["/look/outlet"], [], [])


@pytest.mark.parametrize("layer", ["building", "pipes", "river", "county", "site_boundary"])
def test_each_shape_is_drawn_over_the_counties(browser: Browser, address: str, layer: str) -> None:
    with visit(browser, f"{address}/look/{layer}", 800, 600) as seen:
        drawn(seen)
        assert seen.page.evaluate("window.look.props.layers[0].props.data.features.length") == (0 if layer == "county" else 1)
        x, y = middle(seen)
        picked = seen.page.evaluate("([x, y]) => window.look.pickObject({ x, y, radius: 3 })?.object.properties.i", [x, y])
        assert picked is not None
        assert (seen.foreign, seen.complaints) == ([], [])


def test_the_saved_page_works_without_a_server(browser: Browser, city: City, module_database: Urls, tmp_path: Path) -> None:
    file = tmp_path / "look.html"
    command = [
        Path(sys.executable).with_name("quanjing"),
        "look",
        "monitoring_point",
        "--out",
        file,
        "--enterprise",
        "91511703MADEMA000P001P",
    ]
    subprocess.run(command, env=os.environ | {"DATABASE_URL": module_database.owner}, check=True, capture_output=True)
    with visit(browser, file.as_uri(), 390, 844) as seen:
        drawn(seen)
        assert seen.page.locator("h1").inner_text() == "监控点"
        assert seen.page.locator("#subtitle").inner_text().startswith("达州示范化工有限公司（示范） · 4 个")
        assert seen.page.evaluate("window.look.pickObject({ x: 195, y: 422, radius: 400 }) !== null")
        assert seen.page.evaluate("window.look.props.layers[0].props.data.features.length") == 1
        assert "细线为厂界" in seen.page.locator("footer").inner_text()
        assert (seen.requests, seen.foreign, seen.complaints) == ([], [], [])


def test_the_page_says_what_it_may_do(address: str) -> None:
    answer = httpx.get(f"{address}/look/outlet")
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["content-encoding"] == "gzip"
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert "unsafe" not in policy
    assert EVIL not in answer.text
    assert httpx.get(f"{address}/look/outlet", headers={"Accept-Encoding": "identity"}).text.startswith("<!DOCTYPE html>")


def test_one_enterprise_and_what_is_not_there(address: str, city: City) -> None:
    assert len(data(httpx.get(f"{address}/look/building", params={"enterprise": str(city.enterprise_id)}).text)["rows"]) == 14
    for path in ("look/sheep", "look/process_node", f"look/building?enterprise={city.feature_id('DW001')}"):
        answer = httpx.get(f"{address}/{path}")
        assert answer.status_code == 404
        assert answer.headers["content-type"] == "application/problem+json"


def test_an_empty_layer_says_so(browser: Browser, address: str) -> None:
    with visit(browser, f"{address}/look/air_station", 800, 600) as seen:
        drawn(seen)
        assert seen.page.locator("#notice").inner_text() == "这个图层还没有要素"
        assert seen.complaints == []


def test_a_long_layer_is_cut_and_says_so(city: City, module_database: Urls) -> None:
    async def looked(**most: int) -> Look:
        async with await AsyncConnection.connect(module_database.reader, autocommit=True) as connection, snapshot(connection):
            return await look(connection, KINDS["building"], **most)

    def seen(**most: int) -> Look:
        # In this thread runs Playwright's loop.
        with ThreadPoolExecutor(1) as pool:
            return pool.submit(asyncio.run, looked(**most)).result()

    whole = seen()
    assert (len(whole.rows), whole.total) == (14, 14)
    few = seen(features=3)
    assert (len(few.rows), few.total) == (3, 14)
    held = data(page(few, []).decode())
    assert held["notice"] == "共 14 个，为保证流畅只画出前 3 个；可以只看一家企业"
    assert len(seen(points=12).rows) < 4
    assert len(seen(points=1).rows) == 1


def test_layers_go_by_kind_or_table() -> None:
    assert layer_kind("rivers") is layer_kind("river") is KINDS["river"]
    with pytest.raises(NotFound, match="工艺流程图"):
        layer_kind("process_streams")
    with pytest.raises(NotFound, match="building"):
        layer_kind("sheep")
