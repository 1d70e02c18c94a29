"""The inspectors' map in a real browser, over the tiles of a real server."""

import io
from collections.abc import Iterator
from pathlib import Path

import openpyxl
import pytest
from browser import PATIENCE_MS, chromium, visit
from city import City, found_city
from serving import serving

from gis.store.cluster import Urls

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]
SHOWN = "([id]) => window.map.shown(id)"


@pytest.fixture
def city(database: Urls) -> City:
    return found_city(database.owner)


@pytest.fixture
def address(city: City, database: Urls, tmp_path: Path) -> Iterator[str]:
    with serving(database.reader, tmp_path) as address:
        yield address


def test_an_inspector_s_way_through_the_map(address: str, city: City) -> None:
    """Open on a plant, open a card, see an alarm come, look at the past, filter, ask what is around, and print."""
    outlet = city.feature_id("DW001")
    ((lon, lat, then),) = city.rows(
        "SELECT ST_X(geom), ST_Y(geom), to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"') FROM outlets"
        " WHERE feature_id = %s",
        outlet,
    )
    link = f"{address}/map#@{lon:.6f},{float(str(lat)) - 0.0009:.6f},120.0,0.0,-50.0&in={city.enterprise_id}&theme=light"
    with chromium() as browser, visit(browser, link, 1280, 800) as seen:
        page = seen.page
        page.wait_for_selector("[data-testid=map][data-ready=true]", timeout=PATIENCE_MS)
        seen.until("([id]) => window.map.positionOf(id) !== null", str(outlet))
        assert page.evaluate(SHOWN, [str(outlet)])["type"] == "water"

        # A click on the map opens the card; a commit elsewhere reaches card and tile.
        place = page.evaluate("([id]) => window.map.positionOf(id)", [str(outlet)])
        page.mouse.click(place["x"], place["y"])
        page.wait_for_selector(f'[data-testid=card][data-feature="{outlet}"][data-state=ready]', timeout=PATIENCE_MS)
        page.wait_for_selector("[data-testid=live-state][data-state=live]", timeout=PATIENCE_MS)
        city.rows("INSERT INTO alarms (feature_id, rule, level, message) VALUES (%s, '超标', 1, '化学需氧量超标')", outlet)
        seen.until("([id]) => window.map.shown(id)?.alarm_level === 1", str(outlet))
        page.wait_for_selector("[data-testid=card-alarm]", timeout=PATIENCE_MS)

        # As of then there was no alarm.
        page.goto(f"{link}&at={then}")
        page.reload()
        page.wait_for_selector("[data-testid=past]", timeout=PATIENCE_MS)
        seen.until(
            "([id]) => { const shown = window.map.shown(id); return shown !== null && shown.alarm_level === undefined; }", str(outlet)
        )
        page.click("[data-testid=past] button")
        seen.until("([id]) => window.map.shown(id)?.alarm_level === 1", str(outlet))

        # A filter leaves the tanks alone.
        page.click("[data-testid=tool-filter]")
        page.select_option("[data-testid=filter-kind]", "structure")
        page.select_option("[data-testid=condition-property]", "structure_type")
        page.select_option("[data-testid=condition-value]", "tank")
        assert page.input_value("[data-testid=filter-cql]") == "structure_type = 'tank'"
        page.click("[data-testid=filter-apply]")
        ((tanks,),) = city.rows("SELECT count(*) FROM structures WHERE structure_type = 'tank'")
        seen.until("([count]) => document.querySelector('[data-testid=filter-found]')?.textContent.includes(count)", str(tanks))
        assert "cql=" in page.url
        with page.expect_download() as held:
            page.click("[data-testid=export-xlsx]")
        book = openpyxl.load_workbook(io.BytesIO(held.value.path().read_bytes()))
        assert book.worksheets[0].max_row == int(str(tanks)) + 1

        # What is within 200 m of the outlet, by the store's own account.
        page.click("[data-testid=tool-measure]")
        page.click("[data-testid=mode-circle]")
        page.select_option("[data-testid=radius]", "200")
        place = page.evaluate("([id]) => window.map.positionOf(id)", [str(outlet)])
        page.mouse.click(place["x"], place["y"])
        page.wait_for_selector("[data-testid=inside-kind][data-kind=outlet]", timeout=PATIENCE_MS)
        ((near,),) = city.rows(
            "SELECT count(*) FROM outlets o, outlets c WHERE c.feature_id = %s AND ST_DWithin(o.geom::geography, c.geom::geography, 200)",
            outlet,
        )
        assert page.text_content("[data-kind=outlet] h4 span") == str(near)

        page.click("[data-testid=tool-print]")
        page.evaluate("() => { window.print = () => undefined; }")
        page.click("[data-testid=print-do]")
        page.wait_for_selector("[data-testid=print-sheet]", state="attached", timeout=PATIENCE_MS)
        assert page.pdf(prefer_css_page_size=True).startswith(b"%PDF")
        assert seen.foreign == []
        assert seen.complaints == []
