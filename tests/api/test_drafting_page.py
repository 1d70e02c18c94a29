"""The page `/drafting`, in a real browser, on a real worker and PostGIS."""

import io
from collections.abc import Iterator
from pathlib import Path

import ezdxf
import pytest
from browser import Visit, chromium, visit
from city import DRAWING, City, found_city
from drafting import SURVEY, choose, decided, drop, hand_in_survey, read
from other_program import rewrite
from playwright.sync_api import Browser
from serving import serving
from working import working

from gis.kinds import KINDS
from gis.store.cluster import Urls

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

EAST, NORTH = 450_300.0, 3_448_200.0
"""A place near the example's enterprise, EPSG:4545."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def house(module_database: Urls, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[City, str]]:
    """One server and one worker for all tests of the page."""
    city = found_city(module_database.owner, drawing=None)
    folder = tmp_path_factory.mktemp("data")
    with working(city.url, folder), serving(module_database.reader, folder) as address:
        yield city, f"{address}/drafting"


@pytest.fixture
def city(house: tuple[City, str]) -> Iterator[City]:
    """The enterprise without any drawing; what a test brought in is taken away after it."""
    city, _ = house
    yield city
    for table in (
        *(kind.table for kind in KINDS.values() if kind.name != "enterprise"),
        "feature_sources",
        "drawing_acts",
        "drawing_proofs",
        "drawings",
        "drawing_drafts",
    ):
        city.rows(f"DELETE FROM {table}")


@pytest.fixture
def page(house: tuple[City, str]) -> str:
    return house[1]


def count(seen: Visit, fate: str) -> int:
    seen.page.click("[data-testid=tab-accounts]")
    return int(seen.page.text_content(f"[data-testid=count-{fate}]") or "")


def plain(east: float = EAST, north: float = NORTH) -> bytes:
    """A drafter's file with none of the norm's layers: three houses along a road, with their names."""
    document = ezdxf.new("R2013", units=6)
    space = document.modelspace()
    for place in range(3):
        x = east + 40 * place
        corners = [(x, north), (x + 30, north), (x + 30, north + 20), (x, north + 20)]
        space.add_lwpolyline(corners, close=True, dxfattribs={"layer": "房屋"})
        space.add_text(f"车间{place + 1}", height=3, dxfattribs={"layer": "文字"}).set_placement((x + 8, north + 8))
    space.add_line((east - 20, north - 12), (east + 140, north - 12), dxfattribs={"layer": "道路"})
    text = io.StringIO()
    document.write(text)
    return text.getvalue().encode()


def test_a_drawing_by_the_norm_is_dropped_imported_and_its_next_version_reviewed(
    city: City, page: str, browser: Browser, tmp_path: Path
) -> None:
    with visit(browser, page) as seen:
        drop(seen, DRAWING.name, DRAWING.read_bytes())
        read(seen)
        assert "达州示范化工有限公司" in str(seen.page.text_content("[data-testid=enterprise]"))
        assert seen.page.get_attribute("[data-step=place]", "data-light") == "done"
        stored, ignored, refused = (count(seen, fate) for fate in ("stored", "ignored", "refused"))
        assert (stored > 0, refused) == (True, 0)
        assert city.rows("SELECT 1 FROM buildings") == []
        seen.page.click("[data-testid=import]")
        seen.page.wait_for_selector("[data-testid=outcome]")
        ((built,),) = city.rows("SELECT count(*) FROM buildings")
        assert built == 14
        assert city.rows("SELECT DISTINCT origin FROM buildings") == [("drafting",)]
        assert stored + ignored + refused == city.rows("SELECT (counts->>'entities')::integer FROM drawings")[0][0]
        assert str(city.enterprise_id) in str(seen.page.get_attribute("[data-testid=to-panorama]", "href"))
        review(seen, city, tmp_path)
        assert seen.complaints == []
        assert seen.foreign == []


def review(seen: Visit, city: City, folder: Path) -> None:
    """Hand in an edited drawing, have it reviewed and published by others, see what it changed: by mouse alone."""
    edited = folder / DRAWING.name
    rewrite(DRAWING, edited, move={"B05": (4.0, 0.0)})
    drop(seen, DRAWING.name, edited.read_bytes())
    read(seen)
    seen.page.fill("[data-testid=drawn-by]", "张三")
    seen.page.check("[data-testid=hand-review]")
    seen.page.click("[data-testid=import]")
    seen.page.click("[data-testid=to-versions]")
    newest = seen.page.locator("[data-testid=drawing][data-kind=A] [data-testid=version][data-version='2']")
    newest.locator("[data-testid=decide]").click()
    seen.page.fill("[data-testid=signed]", "张三")
    seen.page.click("[data-testid=act-check]")
    assert "制图人" in str(seen.page.text_content("[data-testid=decision-error]"))
    # The browser tells of every answer that is an error.
    seen.complaints.clear()
    seen.page.fill("[data-testid=signed]", "李四")
    seen.page.click("[data-testid=act-check]")
    seen.page.wait_for_selector("[data-version='2'][data-state=checked] [data-testid=decide]")
    newest.locator("[data-testid=see-sheet]").click()
    seen.page.wait_for_selector("[data-testid=sheet][data-light=done]")
    seen.page.click("[data-testid=sheet-close]")
    newest.locator("[data-testid=see-difference]").click()
    seen.page.wait_for_selector("[data-testid=change]")
    assert [row.get_attribute("data-change") for row in seen.page.locator("[data-testid=change]").all()] == ["moved"]
    seen.page.click("[data-testid=change]")
    seen.page.click("[data-testid=difference-sheet]")
    seen.page.wait_for_selector("[data-testid=sheet][data-light=done]")
    seen.page.click("[data-testid=sheet-close]")
    seen.page.click("[data-testid=difference-back]")
    newest.locator("[data-testid=decide]").click()
    seen.page.click("[data-testid=act-publish]")
    seen.page.wait_for_selector("[data-version='2'][data-state=published]")
    signed = city.rows("SELECT drawn_by, reviewer, publisher FROM drawings WHERE state = 'published'")
    assert signed == [("张三", "李四", "李四")]
    newest.locator("[data-testid=see-sheet]").click()
    seen.page.wait_for_selector("[data-testid=sheet][data-light=done]")


def test_a_drawing_without_norm_layers_is_brought_in_by_mouse_alone(city: City, page: str, browser: Browser) -> None:
    with visit(browser, page) as seen:
        drop(seen, "车间.dxf", plain())
        read(seen)
        assert seen.page.is_disabled("[data-testid=import]")
        assert "制图错误" in str(seen.page.text_content("[data-testid=obstacle]"))
        choose(seen, "房屋", "LWPOLYLINE", "building")
        choose(seen, "道路", "LINE", "road")
        seen.page.click("[data-testid=ignore-rest]")
        read(seen)
        seen.page.wait_for_selector("[data-testid=import]:enabled")
        assert [count(seen, fate) for fate in ("stored", "ignored", "refused")] == [4, 3, 0]
        seen.page.click("[data-testid=import]")
        seen.page.wait_for_selector("[data-testid=outcome]")
        place = "ST_Transform(geom, 4545)"
        houses = city.rows(f"SELECT round(ST_XMin({place})), round(ST_YMin({place})), round(ST_Area({place})) FROM buildings ORDER BY 1")
        assert houses == [(EAST + 40 * at, NORTH, 600.0) for at in range(3)]
        assert city.rows(f"SELECT round(ST_Length({place})) FROM roads") == [(160.0,)]
        assert seen.complaints == []


@pytest.mark.skipif(not SURVEY.exists(), reason="no ../shared/data")
def test_a_stranger_s_survey_goes_from_drop_to_published_by_mouse(city: City, page: str, browser: Browser) -> None:
    """Nothing of it is stored before somebody else has reviewed it and a person publishes it; its sheet is seen each time."""
    with visit(browser, page) as seen:
        hand_in_survey(seen)
        decided(seen, "check", "checked")
        assert city.rows("SELECT 1 FROM elevation_points LIMIT 1") == []
        decided(seen, "publish", "published")
        ((heights, manholes),) = city.rows("SELECT (SELECT count(*) FROM elevation_points), (SELECT count(*) FROM manholes)")
        assert (int(str(heights)) > 2000, int(str(manholes)) > 100) == (True, True)
        assert city.rows("SELECT drawn_by, publisher FROM drawings") == [("张三", "李四")]
        assert seen.complaints == []


def test_a_proposed_mapping_counts_only_once_it_is_adopted(city: City, page: str, browser: Browser) -> None:
    with visit(browser, page) as seen:
        drop(seen, "车间.dxf", plain())
        read(seen)
        seen.page.click("[data-testid=adopt]")
        read(seen)
        assert [count(seen, fate) for fate in ("stored", "ignored", "refused")] == [4, 3, 0]
        seen.page.click("[data-testid=import]")
        seen.page.wait_for_selector("[data-testid=outcome]")
        assert city.rows("SELECT count(*) FROM buildings") == [(3,)]


def test_what_is_refused_is_marked_at_its_place_with_its_hint(page: str, browser: Browser, city: City) -> None:
    with visit(browser, page) as seen:
        drop(seen, "车间.dxf", plain())
        read(seen)
        seen.page.click("[data-testid=tab-issues]")
        issue = seen.page.locator("[data-testid=issue]").first
        assert issue.get_attribute("data-code")
        place = seen.page.evaluate("window.drafting.markPosition(0)")
        seen.page.mouse.move(place["x"], place["y"])
        tip = seen.page.wait_for_selector("[data-testid=tip]")
        assert tip is not None
        assert str(issue.get_attribute("data-code")) in str(tip.text_content())
        # A click on the map leads to the row of its layer, and the row to the map.
        seen.page.click("[data-testid=tab-groups]")
        seen.page.click("[data-testid=group][data-layer='道路'] .layer-name")
        assert seen.page.get_attribute("[data-testid=group][data-layer='道路']", "class") == "layer row-on"


def test_a_local_drawing_is_placed_by_points_picked_in_it(page: str, browser: Browser, city: City) -> None:
    with visit(browser, page) as seen:
        drop(seen, "车间.dxf", plain(1000.0, 2000.0))
        read(seen)
        seen.page.wait_for_selector("[data-testid=unplaced]")
        choose(seen, "房屋", "LWPOLYLINE", "building")
        choose(seen, "道路", "LINE", "road")
        seen.page.click("[data-testid=ignore-rest]")
        read(seen)
        seen.page.click("[data-testid=tab-control]")
        for at, (x, y) in enumerate([(1000.0, 2000.0), (1110.0, 2000.0), (1080.0, 2020.0)]):
            seen.page.click("[data-testid=add-point]")
            place = seen.page.evaluate("([x, y]) => window.drafting.position(x, y)", [x, y])
            # Beside the corner: the click is drawn to it.
            seen.page.mouse.click(place["x"] + 4, place["y"] - 3)
            row = seen.page.locator("[data-testid=control-point]").nth(at)
            row.locator("[data-testid=ground]").fill(f"{EAST - 1000 + x}, {NORTH - 2000 + y}")
            row.locator("[data-testid=ground]").press("Tab")
        read(seen)
        seen.page.wait_for_selector("[data-testid=frame][data-known=true]")
        seen.page.wait_for_selector("[data-testid=import]:enabled")
        seen.page.click("[data-testid=import]")
        seen.page.wait_for_selector("[data-testid=outcome]")
        assert city.rows("SELECT round(min(ST_XMin(ST_Transform(geom, 4545)))) FROM buildings") == [(EAST,)]


def test_what_is_no_drawing_is_told_at_once(page: str, browser: Browser, city: City) -> None:
    with visit(browser, page) as seen:
        drop(seen, "plan.doc", b"\xd0\xcf\x11\xe0")
        assert ".dxf" in str(seen.page.text_content("[data-testid=error]"))
        assert city.rows("SELECT 1 FROM drawing_drafts") == []


def test_a_reload_takes_the_draft_up_again(page: str, browser: Browser, city: City) -> None:
    with visit(browser, page) as seen:
        drop(seen, "车间.dxf", plain())
        read(seen)
        choose(seen, "房屋", "LWPOLYLINE", "building")
        read(seen)
        seen.page.reload()
        read(seen)
        picker = "[data-testid=group][data-layer='房屋'] [data-testid=picker]"
        assert "建筑物" in str(seen.page.text_content(picker))


@pytest.mark.parametrize(("width", "height"), [(1920, 1080), (400, 860)])
def test_nothing_hangs_over_the_edge(*, page: str, browser: Browser, city: City, width: int, height: int) -> None:
    with visit(browser, page, width, height) as seen:
        drop(seen, DRAWING.name, DRAWING.read_bytes())
        read(seen)
        for tab in ("versions", "groups", "control", "issues", "accounts"):
            seen.page.click(f"[data-testid=tab-{tab}]")
            assert seen.page.evaluate("document.documentElement.scrollWidth") == width
            assert seen.page.evaluate("document.documentElement.scrollHeight") == height
