"""Sheets of the example: printed, read back from the PDF, proved; each fault of a sheet seeded into one; batch, volumes, service."""

import io
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path
from uuid import UUID

import ezdxf
import httpx
import pytest
import shapely
from city import DRAFTER, DRAWING, ENTERPRISE, EXAMPLES, City, found_city
from other_program import rewrite
from pypdf import PdfReader
from serving import serving

from drawings.process.elk import Elk
from drawings.process.layout import Problem
from drawings.process.storing import publish_process
from drawings.publish import publish_drawing
from drawings.sheets.batch import INDEX, Order, facts_of, known, print_all
from drawings.sheets.binding import CITY, bind
from drawings.sheets.canvas import printed
from drawings.sheets.column import boxes, column
from drawings.sheets.composing import compose, digest
from drawings.sheets.contents import items
from drawings.sheets.difference import difference_sheets, printed_sheets
from drawings.sheets.inks import Ink, Sheet, Text
from drawings.sheets.legend import Entry
from drawings.sheets.paper import Box
from drawings.sheets.printed import Printed, read_printed
from drawings.sheets.proof import glyphs, overlaps, proof, small
from drawings.sheets.risk import covering, windows
from drawings.sheets.stamps import stamp
from drawings.sheets.tables import Column, Table
from gis.models.sheet import KINDS, TITLES, Kind, SheetFacts
from gis.models.version import Difference
from gis.settings import Settings
from gis.store.asking import asked
from gis.store.cluster import Urls
from gis.store.connect import looking, writing
from gis.store.differences import between
from gis.store.enterprises import store_enterprise
from gis.store.plans import Handed
from gis.store.versions import version
from gis.surroundings import NEAR_M
from styles.library import symbols
from styles.ops import Area, Stroke, symbol_ops
from styles.palette import Theme

ADDRESS = "https://map.example.cn"
BARE = ENTERPRISE | {"name": "只登记的企业（示范）", "credit_code": "91511703MADEMB000N", "source_code": "91511703MADEMB000N001P"}


BESIDE = (
    """INSERT INTO receptors (enterprise_id, code, name, receptor_type, population, geom)
    SELECT feature_id, 'R01', '示范村', 'village', 420, ST_Translate(geom, 0.004, 0.003) FROM enterprises""",
    """INSERT INTO rivers (name, geom)
    SELECT '示范河', ST_MakeLine(ST_Translate(geom, -0.01, 0.05), ST_Translate(geom, -0.012, -0.2)) FROM enterprises""",
)
"""What lies around the example, which its site plan leaves out."""


@dataclass(frozen=True)
class Print:
    sheet: Sheet
    file: bytes
    page: Printed


def unsolved(_: Problem) -> Problem:
    raise AssertionError("a plan is no process")


def on_paper(sheet: Sheet) -> Print:
    file = printed(sheet, "pdf")
    return Print(sheet, file, read_printed(file))


@pytest.fixture(scope="module")
def city(module_database: Urls) -> City:
    city = found_city(module_database.owner)
    for statement in BESIDE:
        city.rows(statement)
    # The example of a plant has other units than the example of a process.
    table = EXAMPLES.joinpath("process.yaml").read_text(encoding="utf-8").replace("type: step, unit: MF", "type: step, unit: MX")
    with writing(city.engine, DRAFTER) as connection, Elk(Settings().web_dir) as elk:
        assert publish_process(connection, table.encode(), "process.yaml", ENTERPRISE["source_code"], elk.lay_out)[1].published
    return city


@pytest.fixture(scope="module")
def edited(city: City, tmp_path_factory: pytest.TempPathFactory) -> Difference:
    """What a drawing that waits for its review would change: an office moves, a monitor of the plan goes."""
    path = tmp_path_factory.mktemp("edited") / DRAWING.name
    rewrite(DRAWING, path, move={"B05": (4.0, 0.0)})
    document = ezdxf.readfile(path)
    for insert in document.modelspace().query("INSERT"):
        if insert.get_attrib_text("CODE") == "M04":
            document.modelspace().delete_entity(insert)
    document.saveas(path)
    with writing(city.engine, DRAFTER) as connection:
        publish_drawing(connection, path, ENTERPRISE["source_code"], handed=Handed("张三", review=True))
        return asked(connection, between(city.enterprise_id, "A", None, 2))


@pytest.fixture(scope="module")
def bare(city: City) -> UUID:
    """An enterprise of which nothing is known but where it is."""
    with writing(city.engine, DRAFTER) as connection:
        return store_enterprise(connection, BARE)


@pytest.fixture(scope="module")
def facts(city: City, module_database: Urls) -> SheetFacts:
    return facts_of(module_database.reader, city.enterprise_id)


@pytest.fixture(scope="module")
def prints(facts: SheetFacts) -> dict[Kind, Print]:
    return {kind: on_paper(compose(facts, kind, "light", ADDRESS)) for kind in KINDS}


@pytest.mark.parametrize("kind", KINDS)
def test_a_sheet_has_no_fault_and_shows_what_its_drawing_must(prints: dict[Kind, Print], kind: Kind, facts: SheetFacts) -> None:
    assert proof(prints[kind].page, "light") == []
    found = items(prints[kind].page, facts, kind, "light")
    assert found
    assert [item for item in found if item.missing] == []


@pytest.mark.parametrize("kind", KINDS)
def test_a_sheet_is_searchable_small_and_the_same_each_time(prints: dict[Kind, Print], kind: Kind, facts: SheetFacts) -> None:
    file = prints[kind].file
    assert len(file) < 300_000
    assert printed(compose(facts, kind, "light", ADDRESS), "pdf") == file
    reader = PdfReader(io.BytesIO(file))
    assert reader.metadata is not None
    assert reader.metadata.title == f"{facts.enterprise.name}{TITLES[kind]}"
    page = reader.pages[0]
    assert float(page.mediabox.width) == pytest.approx(420 * 72 / 25.4, abs=0.1)
    text = page.extract_text()
    assert facts.enterprise.name in text
    assert "排污单位编码" in text
    links = [note.get_object()["/A"]["/URI"] for note in page["/Annots"]]
    assert links == [f"{ADDRESS}/#sel={facts.enterprise.feature_id}"]


def test_black_and_white_has_no_colour(facts: SheetFacts) -> None:
    page = on_paper(compose(facts, "A", "print-bw", ADDRESS)).page
    assert proof(page, "print-bw") == []
    assert all(len(set(shape.paint.colour)) == 1 for shape in page.shapes)


@pytest.mark.parametrize("theme", ["light", "print-bw"])
def test_what_differs_is_drawn_numbered_and_listed(city: City, facts: SheetFacts, edited: Difference, theme: Theme) -> None:
    with looking(city.engine) as connection:
        waiting = asked(connection, version(city.enterprise_id, "A", 2))
    (sheet,) = difference_sheets(facts, edited, waiting, theme, ADDRESS, solve=unsolved)
    page = on_paper(sheet).page
    assert proof(page, theme) == []
    text = "".join(run.text for run in page.runs)
    for said in ("厂区平面图差异图", "第 1 版 → 第 2 版", "移动 4.00 m", "张三", "移动前", "删除", "未变的要素"):
        assert said.replace(" ", "") in text.replace(" ", "")
    if theme == "print-bw":
        assert all(len(set(shape.paint.colour)) == 1 for shape in page.shapes)


def test_a_long_list_goes_on_on_further_pages(city: City, facts: SheetFacts) -> None:
    with looking(city.engine) as connection:
        first = asked(connection, version(city.enterprise_id, "A", 1))
        plan = asked(connection, between(city.enterprise_id, "A", None, 1))
    sheets = difference_sheets(facts, plan, first, "light", ADDRESS, solve=unsolved)
    assert len(sheets) == 2
    assert len(PdfReader(io.BytesIO(printed_sheets(sheets, "pdf"))).pages) == 2
    pages = [on_paper(sheet).page for sheet in sheets]
    assert [fault for page in pages for fault in (*overlaps(page), *small(page), *glyphs(page))] == []


@pytest.mark.parametrize("theme", ["light", "print-bw"])
def test_what_differs_between_processes_is_shown_on_one_flow(city: City, facts: SheetFacts, theme: Theme) -> None:
    with looking(city.engine) as connection:
        whole = asked(connection, between(city.enterprise_id, "B", None, 1))
        drawn = asked(connection, version(city.enterprise_id, "B", 1))
    # Half of what came first is as it was, some of it is gone, and one node says something else.
    nodes = [one for one in whole.changes if one.feature.kind == "process_node"]
    assert all(value.name != "seq" for one in whole.changes for value in one.values)
    gone, other = (replace(nodes[at], change=change, old=nodes[at].new) for at, change in ((1, "removed"), (2, "changed")))
    kept = tuple(one.feature for one in whole.changes if one not in (*nodes[:3],))
    edited = replace(whole, old=1, changes=(nodes[0], replace(gone, new=None), other), same=kept)
    with Elk(Settings().web_dir) as elk:
        (sheet,) = difference_sheets(facts, edited, drawn, theme, ADDRESS, solve=elk.lay_out)
    page = on_paper(sheet).page
    assert (overlaps(page), small(page), glyphs(page)) == ([], [], [])
    text = "".join(run.text for run in page.runs).replace(" ", "")
    for said in ("生产流程工艺图差异图", "未变的节点、物流", nodes[0].feature.name, nodes[1].feature.name):
        assert said.replace(" ", "") in text
    if theme == "print-bw":
        assert all(len(set(shape.paint.colour)) == 1 for shape in page.shapes)


def test_svg_and_png_are_the_same_sheet(facts: SheetFacts) -> None:
    assert printed(compose(facts, "D", "light", ADDRESS), "svg").startswith(b"<?xml")
    assert printed(compose(facts, "D", "light", ADDRESS), "png").startswith(b"\x89PNG")


@pytest.mark.parametrize("side_m", [60, 250, 600])
def test_a_symbol_at_500_m_stands_clear_of_the_enlarged_map_s_title_and_scale_bar(side_m: float) -> None:
    site = shapely.box(450_000, 3_447_000, 450_000 + side_m, 3_447_000 + side_m)
    _, near = windows(Box(25, 10, 290, 287), site, shapely.LineString(), ())
    far = near.on_paper(site.buffer(NEAR_M)).buffer(symbols()["receptor-school"].size_mm.sheet / 2)
    head, _, bar = covering(near, "light")
    assert not any(far.intersects(shapely.box(one.left, one.bottom, one.right, one.top)) for one in (head, bar))


def test_of_an_enterprise_without_any_drawing_the_sheets_say_so(bare: UUID, module_database: Urls) -> None:
    known_of_it = facts_of(module_database.reader, bare)
    for kind in KINDS:
        page = on_paper(compose(known_of_it, kind, "light", ADDRESS)).page
        assert proof(page, "light") == []
        assert "未绘制" in page.text


def seeded(sheet: Sheet, *more: Ink) -> list[str]:
    """Return the codes of the faults of a sheet printed with something more on it."""
    return [issue.code for issue in proof(on_paper(replace(sheet, inks=(*sheet.inks, *more))).page, "light")]


def without(sheet: Sheet, text: str) -> Sheet:
    """Return a sheet without one of its texts."""
    assert any(isinstance(ink, Text) and ink.text == text for ink in sheet.inks)
    return replace(sheet, inks=tuple(ink for ink in sheet.inks if not (isinstance(ink, Text) and ink.text == text)))


def test_text_upon_text_is_found(prints: dict[Kind, Print]) -> None:
    sheet = prints["A"].sheet
    label = next(ink for ink in sheet.inks if isinstance(ink, Text) and ink.text.startswith("X="))
    assert seeded(sheet, replace(label, at=(label.at[0] + 2, label.at[1] + 1))) == ["E701"]


def test_small_text_is_found(prints: dict[Kind, Print]) -> None:
    assert seeded(prints["A"].sheet, Text("小字", (40.0, 250.0), 1.9)) == ["E702"]


def test_a_character_that_the_font_lacks_is_found(prints: dict[Kind, Print]) -> None:
    assert seeded(prints["A"].sheet, Text("缺字\U0001f3ed", (40.0, 250.0))) == ["E703"]


def test_a_symbol_that_the_legend_does_not_say_is_found(prints: dict[Kind, Print]) -> None:
    sign = [op for op in symbol_ops(symbols()["receptor-hospital"], at=(40.0, 250.0), size_mm=5.0) if isinstance(op, Area | Stroke)]
    assert set(seeded(prints["C"].sheet, *sign)) == {"E704"}


def test_a_line_of_the_legend_of_which_the_map_shows_nothing_is_found(prints: dict[Kind, Print]) -> None:
    sheet = prints["A"].sheet
    label = next(ink for ink in sheet.inks if isinstance(ink, Text) and ink.text == "厂界")
    # The map's boundary is the line with the boundary's paint that lies left of the legend.
    lines = [ink for ink in sheet.inks if isinstance(ink, Stroke) and ink.width_mm == 0.7 and len(ink.dash_mm) > 2]
    drawn = {id(ink) for ink in lines if ink.path.vertices[0][0] < label.at[0] - 20}
    assert drawn
    bare = replace(sheet, inks=tuple(ink for ink in sheet.inks if id(ink) not in drawn))
    assert seeded(bare) == ["E704"]


def test_an_empty_field_of_the_title_block_is_found(prints: dict[Kind, Print]) -> None:
    sheet = prints["D"].sheet
    assert seeded(without(sheet, "drafter")) == ["E705"]


def test_a_process_whose_stored_places_do_not_stand_is_laid_out_anew_or_said_to_have_no_picture(facts: SheetFacts) -> None:
    assert facts.process is not None
    lost = replace(facts, process=replace(facts.process, middles=(None,) * len(facts.process.middles)))
    page = on_paper(compose(lost, "B", "light", ADDRESS)).page
    assert proof(page, "light") == []
    assert "流程无法排版" in page.text
    with Elk(Settings().web_dir) as elk:
        page = on_paper(compose(lost, "B", "light", ADDRESS, elk.lay_out)).page
    assert [item for item in items(page, facts, "B", "light") if item.missing] == []


def test_what_is_missing_on_a_sheet_is_named(prints: dict[Kind, Print], facts: SheetFacts) -> None:
    page = on_paper(replace(prints["A"].sheet, inks=tuple(ink for ink in prints["A"].sheet.inks if not isinstance(ink, Text)))).page
    assert [item.missing for item in items(page, facts, "A", "light")] == [("图例",)]


def test_a_digest_changes_with_what_is_shown_and_not_with_an_alarm(city: City, facts: SheetFacts, module_database: Urls) -> None:
    before = digest(facts, "A", "light", ADDRESS)
    tank = city.feature_id("T-101")
    city.rows("INSERT INTO alarms (feature_id, rule, level, message) VALUES (%s, '液位', 3, '高')", tank)
    assert digest(facts_of(module_database.reader, city.enterprise_id), "A", "light", ADDRESS) == before
    first = facts.features[0]
    renamed = replace(facts, features=(replace(first, name=f"{first.name}改"), *facts.features[1:]))
    assert digest(renamed, "A", "light", ADDRESS) != before


CHILD = """
import sys
from pathlib import Path
from uuid import UUID
from drawings.sheets.batch import Order, print_all
url, folder, *ids = sys.argv[1:]
while True:
    print_all(url, [UUID(one) for one in ids], Order(Path(folder), tuple("ABCD")), processes=2)
    for one in Path(folder).glob("*/*_D.pdf"):
        one.unlink()
"""


def descendants(pid: int) -> list[int]:
    """Return the processes below one."""
    children = [int(one) for task in Path(f"/proc/{pid}/task").glob("*/children") for one in task.read_text().split()]
    return children + [below for one in children for below in descendants(one)]


def test_a_batch_that_was_killed_goes_on_where_it_stopped(city: City, bare: UUID, module_database: Urls, tmp_path: Path) -> None:
    ids = [city.enterprise_id, bare]
    child = subprocess.Popen([sys.executable, "-c", CHILD, module_database.reader, str(tmp_path), *map(str, ids)])
    try:
        while not known(tmp_path) and child.poll() is None:
            time.sleep(0.02)
        assert child.poll() is None
        family = descendants(child.pid)
    finally:
        os.kill(child.pid, signal.SIGKILL)
        child.wait()
    assert len(family) >= 3
    while any(Path(f"/proc/{pid}/exe").exists() for pid in family):
        time.sleep(0.02)
    code = ENTERPRISE["source_code"]
    # Of the enterprise that was done; the other was in the making.
    whole = tmp_path / next(name for name in known(tmp_path) if name.endswith("_A.pdf"))
    assert PdfReader(whole).pages
    stood = whole.stat().st_mtime_ns
    order = Order(tmp_path, KINDS)
    done = print_all(module_database.reader, ids, order, processes=1)
    assert whole.stat().st_mtime_ns == stood
    assert {one.code for one in done} == {code, BARE["source_code"]}
    assert all(tmp_path.joinpath(name).is_file() for one in done for name in one.digests)
    assert set(known(tmp_path)) == {name for one in done for name in one.digests}
    again = print_all(module_database.reader, ids, order, processes=1)
    assert [one.written for one in again] == [0, 0]
    assert [one.digests for one in again] == [one.digests for one in done]
    city.rows("UPDATE buildings SET name = name || '改' WHERE code = 'B04'")
    edited = print_all(module_database.reader, ids, order, processes=1)
    assert {one.code: one.written for one in edited} == {code: len(KINDS), BARE["source_code"]: 0}
    tmp_path.joinpath(INDEX).unlink()
    volumes = bind(tmp_path, [one.code for one in done], order.kinds, city=True)
    assert len(volumes) == 3
    atlas = PdfReader(tmp_path / CITY)
    assert len(atlas.pages) == 8
    assert sorted(entry.title for entry in atlas.outline if not isinstance(entry, list)) == sorted([BARE["name"], ENTERPRISE["name"]])
    first = tmp_path.joinpath(CITY).read_bytes()
    bind(tmp_path, [one.code for one in done], order.kinds, city=True)
    assert tmp_path.joinpath(CITY).read_bytes() == first


def test_the_service_hands_out_the_sheet_of_now(city: City, module_database: Urls, tmp_path: Path) -> None:
    with serving(module_database.reader, tmp_path) as address, httpx.Client(base_url=address) as client:
        listed = client.get(f"/api/enterprises/{city.enterprise_id}/sheets").json()["sheets"]
        assert [one["kind"] for one in listed] == [*KINDS, "checklist"]
        answer = client.get(listed[0]["url"])
        assert answer.headers["content-type"] == "application/pdf"
        assert answer.content.startswith(b"%PDF")
        same = client.get(listed[0]["url"], headers={"If-None-Match": answer.headers["etag"]})
        assert same.status_code == 304
        city.rows("UPDATE buildings SET name = '改名的楼' WHERE code = 'B05'")
        fresh = client.get(listed[0]["url"], headers={"If-None-Match": answer.headers["etag"]})
        assert fresh.status_code == 200
        assert fresh.content != answer.content
        assert len(list(tmp_path.joinpath("sheets", str(city.enterprise_id)).iterdir())) == 1
        assert client.get(f"/api/enterprises/{city.enterprise_id}/sheets/A.png?theme=print-bw").headers["content-type"] == "image/png"
        assert client.get(f"/api/enterprises/{UUID(int=0)}/sheets").status_code == 404
        assert client.get(f"/api/enterprises/{UUID(int=0)}/sheets/A.pdf").status_code == 404


def test_tables_too_long_for_a_sheet_say_how_much_they_leave_out(facts: SheetFacts) -> None:
    _, side = boxes(130.0)
    entries = [Entry("line", "road", f"线型{number}") for number in range(24)]
    rows = tuple((f"{number}", f"第{number}行") for number in range(150))
    table = Table("监控点位", (Column("编号", 20.0), Column("名称", 100.0)), rows)
    inks, _ = column(side, stamp(facts, "C", 2000, ADDRESS), entries, ((table,),), ["注"], theme="light")
    texts = [ink for ink in inks if isinstance(ink, Text)]
    shown = [ink for ink in texts if ink.text.startswith("第") and ink.text.endswith("行")]
    assert f"另有 {150 - len(shown)} 行从略" in {ink.text for ink in texts}
    assert min(ink.at[1] for ink in shown) > next(ink.at[1] for ink in texts if ink.text.startswith("图"))
