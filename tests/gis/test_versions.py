"""Versions of drawings: handed in, reviewed by another, published, superseded; fetched again; compared."""

import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import ezdxf
import psycopg
import pytest
from city import DRAFTER, DRAWING, ENTERPRISE, City, found_city
from other_program import rewrite
from pypdf import PdfReader

from drawings.options import Options
from drawings.publish import publish_drawing
from drawings.versions.deciding import decide_on
from gis.errors import Conflict, Invalid, NotFound
from gis.models.version import Changed, Decided, Difference, Version
from gis.store.asking import asked
from gis.store.cluster import Urls
from gis.store.connect import looking, writing
from gis.store.differences import between
from gis.store.plans import Handed, Outcome
from gis.store.versions import file, proof, versions

HANDED = Handed("张三", review=True)


@pytest.fixture
def city(database: Urls) -> City:
    return found_city(database.owner)


@pytest.fixture
def second(tmp_path: Path) -> Path:
    """The example edited: an office moved, a monitor gone, a tank new, a height other."""
    moved, path = tmp_path / "moved.dxf", tmp_path / DRAWING.name
    rewrite(DRAWING, moved, move={"B05": (2.0, 0.0)})
    document = ezdxf.readfile(moved)
    space = document.modelspace()
    space.delete_entity(next(insert for insert in space.query("INSERT") if insert.get_attrib_text("CODE") == "M04"))
    label = next(insert for insert in space.query("INSERT") if insert.get_attrib_text("CODE") == "B01")
    label.get_attrib("HEIGHT").dxf.text = "19.5"
    monitor = next(insert for insert in space.query("INSERT") if insert.get_attrib_text("CODE") == "M01")
    x, y, _ = monitor.dxf.insert
    known = monitor.dxf.name
    space.add_blockref(known, (x + 3, y + 3), dxfattribs={"layer": monitor.dxf.layer}).add_auto_attribs(
        {attrib.dxf.tag: attrib.dxf.text for attrib in monitor.attribs} | {"CODE": "M09", "NAME": "新测点"}
    )
    document.saveas(path)
    return path


def hand_in(city: City, path: Path, handed: Handed = HANDED) -> Outcome:
    with writing(city.engine, DRAFTER) as connection:
        return publish_drawing(connection, path, ENTERPRISE["source_code"], handed=handed)[1]


def decide(city: City, number: int, *decided: Any, **more: Any) -> Version:
    with writing(city.engine, replace(DRAFTER, author="office")) as connection:
        said = Decided(*decided, **more)
        return decide_on(connection, city.enterprise_id, "A", number, said, solve=lambda problem: problem)


def listed(city: City) -> list[tuple[int, str]]:
    with looking(city.engine) as connection:
        return [(one.version, one.state) for one in asked(connection, versions(city.enterprise_id))]


def differing(city: City, old: int | None, new: int) -> Difference:
    with looking(city.engine) as connection:
        return asked(connection, between(city.enterprise_id, "A", old, new))


def named(difference: Difference) -> dict[tuple[str, str | None], Changed]:
    return {(one.change, one.feature.code): one for one in difference.changes}


def test_a_drawing_goes_from_draft_to_published_by_other_hands(city: City, second: Path) -> None:
    before = city.rows("SELECT count(*) FROM change_log")
    outcome = hand_in(city, second)
    assert [issue.message for issue in outcome.issues if issue.severity == "error"] == []
    assert (outcome.published, outcome.version, outcome.state) == (False, 2, "draft")
    assert city.rows("SELECT count(*) FROM change_log") == before, "the layers wait for the review"
    with pytest.raises(Conflict, match="张三 是制图人，不能审核自己的图"):
        decide(city, 2, "check", "张三")
    with pytest.raises(Conflict, match="须先经审核"):
        decide(city, 2, "publish", "王五")
    checked = decide(city, 2, "check", " 李四 ", resurvey_on=None)
    assert (checked.state, checked.reviewer) == ("checked", "李四")
    with pytest.raises(Conflict, match="不能批准自己的图"):
        decide(city, 2, "publish", "张三")
    published = decide(city, 2, "publish", "王五")
    assert (published.state, published.publisher, published.drawn_by) == ("published", "王五", "张三")
    assert listed(city) == [(2, "published"), (1, "superseded")]
    assert city.rows("SELECT count(*) FROM monitoring_point_view WHERE code = 'M04'") == [(0,)]
    assert city.rows("SELECT author FROM monitoring_points WHERE code = 'M09'") == [("office",)]
    # Not even SQL of one's own gets round the four eyes.
    with pytest.raises(psycopg.errors.CheckViolation):
        city.rows("UPDATE drawings SET reviewer = drawn_by WHERE version = 2")


def test_who_reviews_sees_the_sheet_as_it_would_be(city: City, second: Path) -> None:
    hand_in(city, second)
    with looking(city.engine) as connection:
        (waiting,) = asked(connection, versions(city.enterprise_id, "A", 2))
        text = PdfReader(io.BytesIO(asked(connection, proof(waiting, "pdf")))).pages[0].extract_text()
        assert asked(connection, proof(waiting, "svg")).startswith(b"<?xml")
    assert "第 2 版 送审稿" in text
    assert "张三" in text
    decide(city, 2, "check", "李四")
    decide(city, 2, "publish", "王五")
    with looking(city.engine) as connection, pytest.raises(NotFound, match="送审稿"):
        asked(connection, proof(waiting, "pdf"))


def test_what_is_refused_says_why_and_stays(city: City, second: Path) -> None:
    hand_in(city, second)
    with pytest.raises(Invalid, match="请写明原因"):
        decide(city, 2, "refuse", "李四")
    decide(city, 2, "refuse", "李四", "M04 不应删除")
    with pytest.raises(Conflict, match="不在待审之列"):
        decide(city, 2, "check", "李四")
    assert listed(city) == [(2, "refused"), (1, "published")]
    # The same file again is handed in anew: somebody decided about the other.
    assert hand_in(city, second).version == 3
    assert hand_in(city, second).version == 3, "nobody has looked at it yet: the same version"


def test_a_version_is_fetched_again_byte_for_byte(city: City, second: Path) -> None:
    hand_in(city, second)
    with looking(city.engine) as connection:
        newer, older = asked(connection, versions(city.enterprise_id, "A"))
        assert asked(connection, file(older)) == DRAWING.read_bytes()
        assert asked(connection, file(newer)) == second.read_bytes()


def test_the_difference_is_told_before_and_after_publishing_alike(city: City, second: Path) -> None:
    hand_in(city, second)
    waiting = differing(city, None, 2)
    decide(city, 2, "check", "李四")
    decide(city, 2, "publish", "王五")
    told = differing(city, 1, 2)
    found = named(told)
    assert set(found) == {("moved", "B05"), ("removed", "M04"), ("added", "M09"), ("changed", "B01")}
    assert found["moved", "B05"].moved_m == pytest.approx(2.0, abs=1e-6)
    assert found["moved", "B05"].said == "移动 2.00 m"
    ((name, old, new),) = [(one.name, one.old, one.new) for one in found["changed", "B01"].values if one.name == "height_m"]
    assert (name, new) == ("height_m", "19.5")
    assert old != new
    assert {key: one.said for key, one in named(waiting).items()} == {key: one.said for key, one in found.items()}
    assert {one.feature_id for one in waiting.same} == {one.feature_id for one in told.same}
    # What happens to the layers afterwards belongs to no version.
    city.rows("UPDATE buildings SET name = '改名' WHERE code = 'B02'")
    assert named(differing(city, 1, 2)).keys() == found.keys()
    back = differing(city, 2, 1)
    assert {change for change, _ in named(back)} == {"moved", "removed", "added", "changed"}
    assert ("added", "M04") in named(back)
    with pytest.raises(NotFound, match="没有第 9 版"):
        differing(city, 1, 9)


def test_an_older_version_is_not_published_over_a_newer_one(city: City, second: Path) -> None:
    hand_in(city, second)
    decide(city, 2, "check", "李四")
    assert city.publish(second).version == 3
    with pytest.raises(Conflict, match="第 3 版已经发布"):
        decide(city, 2, "publish", "王五")


def test_a_faulty_drawing_is_a_draft_that_nobody_can_pass(city: City, tmp_path: Path) -> None:
    document = ezdxf.readfile(DRAWING)
    insert = next(insert for insert in document.modelspace().query("INSERT") if insert.get_attrib_text("CODE") == "DW001")
    insert.get_attrib("CODE").dxf.text = "DX9"
    broken = tmp_path / DRAWING.name
    document.saveas(broken)
    assert hand_in(city, broken).state == "draft"
    with pytest.raises(Conflict, match="个制图错误"):
        decide(city, 2, "check", "李四")


def test_a_version_is_read_again_as_it_was_handed_in(city: City, second: Path) -> None:
    nameless = second.with_name("图.dxf")
    nameless.write_bytes(second.read_bytes())
    with writing(city.engine, DRAFTER) as connection:
        options = Options(crs="EPSG:4545", drawing_kind="A")
        publish_drawing(connection, nameless, ENTERPRISE["source_code"], options, handed=HANDED)
    decide(city, 2, "check", "李四")
    assert decide(city, 2, "publish", "王五").options == {"crs": "EPSG:4545", "drawing_kind": "A"}
