"""Power, air, water and radar on the panorama, in a real browser: what is there, what is not, and what can't be had."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import numpy as np
import psycopg
import pytest
from browser import Visit, chromium, visit
from city import City, found_city
from playwright.sync_api import Browser, Route
from serving import serving

from gis.clock import BEIJING
from gis.rules.radar import Sweep
from gis.store import readings as store
from gis.store.cluster import Urls
from gis.store.connect import Actor, writing_plainly
from gis.store.power import Channel, put_channels
from gis.store.radar import put_sweeps

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

ACTOR = Actor("test", "panels")
NOW = datetime.now(BEIJING).replace(minute=0, second=0, microsecond=0)
HOUR = timedelta(hours=1)
STEP = timedelta(minutes=5)
AIR = {"a34004": 88.0, "a34002": 120.0, "a05024": 60.0, "a21026": 9.0, "a21004": 30.0, "a21005": 0.9}
WATER = {"w01001": 7.4, "w01009": 6.2, "w01019": 3.0, "w21003": 0.4, "w21011": 0.26}
PLACES = """
INSERT INTO production_units (code, name, enterprise_id, geom) VALUES ('MF0001', '回转窑', %(firm)s, %(ring)s);
INSERT INTO treatment_facilities (code, name, facility_type, serves_code, enterprise_id, geom)
    VALUES ('TA001', '布袋除尘', 'air', 'MF0001', %(firm)s, %(ring)s);
INSERT INTO monitoring_points (code, name, monitor_type, mn, outlet_code, enterprise_id, geom)
    VALUES ('M001', '用电监控', 'power', 'POWER', 'TA001', %(firm)s, %(at)s);
INSERT INTO air_stations (code, name, mn, station_class, geom) VALUES ('K1', '凤凰小区', 'AIR', 'national', %(at)s);
INSERT INTO air_stations (code, name, mn, geom) VALUES ('K2', '新建站', 'AIR2', %(at)s);
INSERT INTO water_stations (code, name, river, mn, station_class, target_class, geom)
    VALUES ('S1', '车家河', '州河', 'WATER', 'provincial', 'III', %(at)s);
INSERT INTO enterprises (code, name, geom) VALUES ('91511703MADEMA000P002P', '没有用电的一家', %(at)s);
"""


def _share(code: str, at: datetime) -> float:
    made = 1.0 if 8 <= at.hour < 20 else 0.02
    return made if code == "MF0001" or at.hour not in (11, 12) else 0.0


@pytest.fixture(scope="module")
def city(module_database: Urls) -> City:
    """A plant whose treatment rested for two hours, a dirty hour of air, a section that misses its target, a place that a radar saw."""
    found = found_city(module_database.owner, drawing=None)
    ring = "SRID=4490;POLYGON((107.5 31.2,107.501 31.2,107.501 31.201,107.5 31.2))"
    with psycopg.connect(found.url) as connection:
        for statement in PLACES.split(";"):
            if statement.strip():
                connection.execute(statement, {"firm": found.enterprise_id, "ring": ring, "at": "SRID=4490;POINT(107.5 31.2)"})
    with writing_plainly(found.url, ACTOR) as connection:
        put_channels(connection, [Channel("POWER", "d20401", "MF0001", 400.0), Channel("POWER", "d30401", "TA001", 90.0)])
        points = store.points(connection)
        for month in (NOW - timedelta(days=2), NOW):
            store.make_month(connection, month)
        rest = (None,) * 6
        rows = [
            (points[mn].point_id, "hour", factor, NOW - number * HOUR, value * (1 + 0.01 * number), *rest, "N", None, 1, NOW)
            for mn, values in (("AIR", AIR), ("WATER", WATER))
            for factor, value in values.items()
            for number in range(30)
        ]
        for number in range(300):
            at = NOW + HOUR - (number + 1) * STEP
            for factor, code, level in (("d20401", "MF0001", 400.0), ("d30401", "TA001", 90.0)):
                rows.append((points["POWER"].point_id, "rtd", factor, at, level * _share(code, at), *rest, "N", None, 1, NOW))
        store.write(connection, rows)
        turn, distance = np.arange(0.0, 360.0, 2.0), 60.0 + 30.0 * np.arange(200)
        across = np.radians((turn - 45 + 180) % 360 - 180)[:, None] * distance
        seen = 40 + 300 * np.exp(-(across**2 + (distance - 900) ** 2) / (2 * 150.0**2))
        put_sweeps(connection, "K1", [Sweep(NOW - HOUR, 3.0, turn, 60.0, 30.0, "pm", seen.astype(np.float32))])
    return found


@pytest.fixture(scope="module")
def house(city: City, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving(city.url, tmp_path_factory.mktemp("data")) as address:
        yield address


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


def text(seen: Visit, name: str) -> str:
    return seen.page.inner_text(f"[data-testid={name}]")


@pytest.mark.parametrize(("width", "theme"), [(1920, "dark"), (390, "light")])
def test_power_air_water_and_radar_are_told(city: City, house: str, browser: Browser, width: int, theme: str) -> None:
    with visit(browser, f"{house}/#sel={city.enterprise_id}&theme={theme}", width, 1080 if width > 1000 else 844) as seen:
        seen.page.wait_for_selector('[data-testid=card-power][data-state="ready"]')
        assert "生产设施运行而治理设施停运" in text(seen, "card-power")
        assert "TA001 布袋除尘" in text(seen, "card-power")
        assert seen.page.locator("[data-testid=power-pair] path").count() == 3
        assert seen.page.locator("[data-testid=power-pair] rect").count() >= 1
        seen.page.click("[data-testid=card-close]")
        seen.page.click("[data-testid=tool-quality]")
        seen.page.wait_for_selector('[data-testid=quality][data-state="ready"]')
        first, second = seen.page.locator("[data-testid=air-row]").all()
        assert "126 轻度污染\nPM2.5" in first.inner_text()
        assert "没有小时值" in second.inner_text()
        assert "Ⅳ 类\n未达标 总磷" in text(seen, "water-row")
        assert "国考" not in text(seen, "water-row")
        assert "省考" in text(seen, "water-row")
        assert "K1 以东北" in text(seen, "hotspot-row")
        edge = seen.page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert edge <= 0
        first.click()
        seen.page.wait_for_selector('[data-testid=card-station][data-state="ready"]')
        assert "126" in text(seen, "card-station")
        assert seen.page.locator(".air-hours i").count() == 24
        assert seen.complaints == []


def test_what_is_not_there_or_cannot_be_had_is_said(city: City, house: str, browser: Browser) -> None:
    ((other,),) = city.rows("SELECT feature_id FROM enterprises WHERE code = '91511703MADEMA000P002P'")
    with visit(browser, f"{house}/#sel={other}") as seen:
        seen.page.wait_for_selector('[data-testid=card-power][data-state="empty"]')
        assert "没有登记用电通道" in text(seen, "card-power")
        broken: list[str] = []

        def refuse(route: Route) -> None:
            broken.append(route.request.url)
            route.fulfill(status=503, json={"title": "数据库暂不可用", "detail": "", "status": 503})

        seen.page.route("**/api/quality/*", refuse)
        seen.page.click("[data-testid=tool-quality]")
        seen.page.wait_for_selector('[data-testid=quality][data-state="failed"]')
        assert broken
        seen.page.unroute("**/api/quality/*")
        seen.page.click("[data-testid=quality] [role=alert] button")
        seen.page.wait_for_selector('[data-testid=quality][data-state="ready"]')
