"""The permit summary as it is printed: everything on it, nothing over another, the same bytes again."""

from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import permit_copy
import pytest
import shapely

from drawings.permit.reading import read_copy
from drawings.permit.summary import summary
from drawings.sheets import proof
from drawings.sheets.canvas import bound_pages
from drawings.sheets.printed import Printed, read_pages
from gis.errors import NotFound
from gis.models.feature import Feature
from gis.models.sheet import SheetFacts


@pytest.fixture(scope="module")
def facts(tmp_path_factory: pytest.TempPathFactory) -> SheetFacts:
    book: Path = permit_copy.workbook(tmp_path_factory.mktemp("copy"))
    permit = read_copy(book.read_bytes(), book.name).permit | {"note": "示范数据：企业、许可和数值均为虚构"}
    at = datetime(2026, 3, 1, tzinfo=UTC)
    place = Feature(UUID(int=7), "enterprise", None, permit["permit_no"], permit["holder"], shapely.Point(107.4, 31.2), recorded_from=at)
    return SheetFacts(place, "达川区", (), (), permit, 2, {})


@pytest.fixture(scope="module")
def pages(facts: SheetFacts) -> list[Printed]:
    return list(read_pages(bound_pages(summary(facts, "light", "http://127.0.0.1:8000"))))


def test_all_that_the_permit_says_stands_on_it(facts: SheetFacts, pages: list[Printed]) -> None:
    text = "".join(page.text for page in pages)
    permit = facts.permit or {}
    wanted = [permit["holder"], permit["permit_no"], permit["note"], "2024-03-01至2029-02-28", "第2版", "第1张，共2张", "第2张，共2张"]
    wanted += [row[name] for rows in ("outlets", "units", "facilities") for row in permit[rows] for name in ("code", "name")]
    wanted += [row["name"] for rows in ("materials", "products") for row in permit[rows]]
    wanted += ["260mg/m³", "GB4915-2013", "830.25", "达川区污水处理厂（示范）", "高90m", "HJ57-2017", "3200t/a", "1500000t/a"]
    assert [said for said in wanted if said.replace(" ", "") not in text] == []
    assert text.count("原辅材料及燃料") == 2


def test_nothing_is_cut_small_or_over_another(pages: list[Printed]) -> None:
    assert len(pages) == 2
    assert [issue.message for page in pages for check in (proof.overlaps, proof.small, proof.glyphs) for issue in check(page)] == []
    assert not any("…" in run.text for page in pages for run in page.runs)


def test_the_same_permit_is_the_same_file(facts: SheetFacts) -> None:
    assert bound_pages(summary(facts, "print-bw", "x")) == bound_pages(summary(facts, "print-bw", "x"))


def test_without_a_permit_there_is_none(facts: SheetFacts) -> None:
    with pytest.raises(NotFound):
        summary(SheetFacts(facts.enterprise, None, (), (), None, 0, {}), "light", "")
