"""Every code of the list is found where its fault is put into the drawing's text, and nowhere else."""

import json
import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import ezdxf
import pytest
from city import DRAFTER, DRAWING, ENTERPRISE, EXAMPLES, found_city
from dxf_faults import (
    Edit,
    add,
    copy,
    drawn,
    drop,
    drop_all,
    edited,
    entity,
    exchange,
    header,
    into_block,
    label,
    nearly_close,
    outside,
    placed,
    put,
    rename,
    say,
    shift,
    shift_all,
    shift_end,
)  # fmt: skip

from drawings.interpret import interpretation
from drawings.mapping import Mapping, Rule, When
from drawings.options import Options
from drawings.process import checks
from drawings.process.table import graph_of
from drawings.read import plan_of
from drawings.sets import Permit, Set, check_set
from gis.issues import CODES, Issue
from gis.models.plan import SitePlan
from gis.models.process import PlacedNode, ProcessLayout, Route
from gis.store.cluster import Urls
from gis.store.connect import writing
from gis.store.layers import store_layer

ROOT = Path(__file__).parents[2]
GOOD = DRAWING.read_bytes()
NORM = ROOT.parent / "shared" / "domain" / "drafting_norm.md"
PROCESS = EXAMPLES.joinpath("process.yaml").read_text(encoding="utf-8")
CODE = ENTERPRISE["source_code"]
ELSEWHERE = {"W211": "tests/drawings/test_marks.py", "E213": "tests/gis/test_plans.py"}
"""Codes whose fault needs a drawing of its own."""
OWN = {"E701", "E702", "E703", "E704", "E705"}
"""Codes of printed sheets: the sheets' own checks look for them."""

UTM = 0.9996
B01, BOUND, TANK = drawn("QJ-A-BLDG", 0), drawn("QJ-A-BOUND"), drawn("QJ-A-TANK", 0, "CIRCLE")
RIVER = "州河（示范）"
AROUND: tuple[Edit, ...] = (
    *(drop_all(layer) for layer in ("QJ-A-UNIT", "QJ-A-TREAT", "QJ-A-OUTLET", "QJ-A-BLDG", "QJ-A-TANK", "QJ-A-UNDER")),
    *(drop_all(f"QJ-P-{name}") for name in ("SEW", "RAIN", "GAS", "UNDER")),
    *(drop_all(f"QJ-M-{name}") for name in ("CEMS", "WAT", "VIDEO", "POWER")),
)
"""What is taken off a site plan to make a drawing of the surroundings."""


def around(distance: int = 300) -> bytes:
    """Return drawing D of the example: its boundary, a ring and a village so far west of it, metres."""
    village = copy(label("DA001"), dx=-118 - distance, layer="QJ-R-RECEPTOR", block="QJ_RES", CODE="R1", NAME="示范村", DIST=str(distance))
    outfall = copy(
        label("DW001"), dx=60, layer="QJ-R-OUTLET", block="QJ_RO", CODE="RH0001", NAME="入河排污口", KIND=RIVER, PARENT="DW001", SRC="示范"
    )
    ring = copy(TANK, dx=100, layer="QJ-R-RING")
    wide = put(drawn("QJ-R-RING", 0, "CIRCLE"), 40, 2000.0)
    return edited(GOOD, village, outfall, ring, wide, *AROUND)


def plan(data: bytes, kind: str = "A", **options: Any) -> SitePlan:
    return plan_of(data, f"{CODE}_{kind}_v01.dxf", Options(**options))


def codes(issues: Sequence[Issue]) -> set[str]:
    return {issue.code for issue in issues}


def test_the_drawings_that_faults_are_put_into_have_none() -> None:
    plans = (plan(GOOD), plan(GOOD, "C"), plan(around(), "D"))
    assert [codes(one.issues) for one in plans] == [set(), set(), set()]
    assert check_set(Set(plans, PERMIT, {"A": datetime(2024, 5, 1, tzinfo=UTC)})) == []


PROXY = entity("ACAD_PROXY_ENTITY", (8, "QJ-A-BLDG"), (100, "AcDbProxyEntity"), (90, 498), (91, 500), (95, 0), (70, 0))
GONE = entity("INSERT", (8, "QJ-A-BLDG"), (100, "AcDbBlockReference"), (2, "GONE"), (10, 1), (20, 1), (30, 0))
LINE = entity("LINE", (8, "QJ-A-OUTLET"), (100, "AcDbLine"), (10, 450400), (20, 3447700), (30, 0), (11, 450401), (21, 3447701), (31, 0))
DENSE = entity(
    "HATCH", (8, "QJ-A-GREEN"), (100, "AcDbHatch"), (10, 0), (20, 0), (30, 0), (210, 0), (220, 0), (230, 1), (2, "LINES"), (70, 0),
    (71, 0), (91, 1), (92, 3), (72, 0), (73, 1), (93, 3), (10, 450400), (20, 3447700), (10, 450500), (20, 3447700), (10, 450500),
    (20, 3447800), (97, 0), (75, 0), (76, 1), (52, 0), (41, 1), (77, 0), (78, 1), (53, 0), (43, 0), (44, 0), (45, 0), (46, 0.0001),
    (79, 0), (98, 0),
)  # fmt: skip
XDATA = ((1001, "QJ_ID"), (1000, "6f1d8c3e-0000-5000-8000-000000000001"))
ITSELF = (
    (0, "INSERT"),
    (5, "FB001"),
    (100, "AcDbEntity"),
    (8, "0"),
    (100, "AcDbBlockReference"),
    (2, "QJ_BLDG"),
    (10, 0),
    (20, 0),
    (30, 0),
)


def nested(depth: int = 12, width: int = 8) -> bytes:
    """Return the example with blocks that hold the next one many times, put into the text of the block section."""
    text = GOOD.decode()
    at = text.index("  0\nENDSEC", text.index("\nBLOCKS\n"))
    made = ""
    for level in range(depth):
        inside = f"  0\nINSERT\n  5\nFC{level:X}\n  8\n0\n  2\nDEEP{level + 1}\n 10\n0\n 20\n0\n" * width
        made += f"  0\nBLOCK\n  8\n0\n  2\nDEEP{level}\n 70\n0\n 10\n0\n 20\n0\n{inside}  0\nENDBLK\n"
    last = f"  0\nBLOCK\n  8\n0\n  2\nDEEP{depth}\n 70\n0\n 10\n0\n 20\n0\n  0\nPOINT\n  8\n0\n 10\n0\n 20\n0\n  0\nENDBLK\n"
    return (text[:at] + made + last + text[at:]).encode()


def spelled(data: bytes, codec: str) -> bytes:
    return data.replace("酸解净化车间".encode(), "酸解净化车间".encode(codec))


def points(east: float = 0.0, turn: float = 0.0, src: str = "RTK", count: int = 4) -> str:
    """Return control points of the drawing as it lies, moved east; the last one by `turn` more."""
    corners = [(450_300, 3_447_650), (450_500, 3_447_650), (450_500, 3_447_780), (450_300, 3_447_780)][:count]
    rows = [f"G{at},{x},{y},{x + east + (turn if at == 1 else 0)},{y},{src}" for at, (x, y) in enumerate(corners)]
    return "\n".join(["name,x,y,E,N,src", *rows])


PERMIT = Permit(
    {
        "permit_no": CODE,
        "valid_from": "2024-03-01",
        "outlets": [
            {"code": "DA001", "class": "main", "way": "direct"},
            {"code": "DW001", "class": "main", "way": "indirect"},
            {"code": "YS001", "class": "rain", "way": "direct"},
        ],
        "units": [{"code": "MF0001"}, {"code": "MF0002"}],
        "facilities": [{"code": "TA001"}, {"code": "TW001"}],
    }
)
DIRECTLY = {"outlets": [{"code": code, "way": "direct"} for code in ("DA001", "DW001", "YS001")]}
RULES = "mapping: 1\nrules:\n"
MARKS = RULES + "- {when: {layer: QJ-X-TEXT, text: '.*'}, ignore: 注记}\n- {when: {layer: QJ-A-WALL}}\n"

FAULTS: dict[str, Callable[[], SitePlan]] = {
    "E101": lambda: plan(GOOD.replace(b"SECTION", b"SECTOIN")),
    "E102": lambda: plan(GOOD.replace("酸解净化车间".encode(), b"\xff\xfe\x81")),
    "W103": lambda: plan(spelled(GOOD, "gbk")),
    "E104": lambda: plan(edited(GOOD, GONE)),
    "W104": lambda: plan(GOOD.removesuffix(b"  0\nEOF\n")),
    "W105": lambda: plan(edited(GOOD, PROXY)),
    "E106": lambda: plan(edited(GOOD, header("$INSUNITS", 4))),
    "W106": lambda: plan(edited(GOOD, header("$INSUNITS", 4)), crs="EPSG:4545"),
    "W107": lambda: plan(edited(GOOD, shift(drawn("QJ-A-ROAD"), 4000, 0))),
    "E108": lambda: plan(edited(GOOD, add(B01, (38, 5.0), before=10))),
    "E109": lambda: plan(GOOD, source_code="91511703MADEMA000P002P"),
    "E110": lambda: plan(edited(GOOD, into_block("QJ_BLDG", *ITSELF))),
    "W110": lambda: plan(edited(GOOD, outside("QJ_FARM", "管网.dwg"))),
    "E111": lambda: plan(nested()),
    "E201": lambda: plan(edited(GOOD, put(drawn("QJ-A-ROAD"), 8, "道路"))),
    "W202": lambda: plan(edited(GOOD, drop_all("QJ-A-OUTLET"))),
    "E203": lambda: plan(edited(GOOD, LINE)),
    "E204": lambda: plan(edited(GOOD, say("B01", "NAME", ""))),
    "W204": lambda: plan(edited(GOOD, rename("B01", "STOREYS", "FLOORS"))),
    "E205": lambda: plan(edited(GOOD, say("DA001", "CODE", "DA1"))),
    "E206": lambda: plan(edited(GOOD, say("B02", "CODE", "B01"))),
    "E209": lambda: plan(edited(GOOD, drop(label("B01")))),
    "W209": lambda: plan(edited(GOOD, add(B01, (1001, "QJ_ID"), (1000, "abc")))),
    "W210": lambda: plan(edited(GOOD, add(B01, *XDATA), add(drawn("QJ-A-BLDG", 1), *XDATA))),
    "E211": lambda: plan(GOOD, mapping=MARKS),
    "E301": lambda: plan(edited(GOOD, put(BOUND, 70, 0))),
    "W301": lambda: plan(edited(GOOD, nearly_close(B01, 0.03))),
    "E302": lambda: plan(edited(GOOD, exchange(B01, 0, 1))),
    "E303": lambda: plan(edited(GOOD, shift(B01, -70, 0), shift(label("B01"), -70, 0))),
    "E304": lambda: plan(edited(GOOD, shift(B01, 30, 0), shift(label("B01"), 30, 0))),
    "W305": lambda: plan(edited(GOOD, copy(drawn("QJ-A-ROAD")))),
    "E306": lambda: plan(edited(GOOD, DENSE)),
    "E401": lambda: plan(edited(GOOD, drop(drawn("QJ-P-SEW", 0)))),
    "E403": lambda: plan(edited(GOOD, say("DA001", "PARENT", ""))),
    "W406": lambda: plan(edited(GOOD, shift_end(drawn("QJ-P-GAS", 0), 3.0))),
    "E404": lambda: plan(edited(GOOD, drop(label("M01"))), "C"),
    "E405": lambda: plan(edited(GOOD, say("M01", "MN", "123")), "C"),
    "E601": lambda: plan(edited(GOOD, shift_all(-450_200, -3_447_600))),
    "E602": lambda: plan(GOOD, gcp=points(turn=4.0)),
    "E603": lambda: plan(edited(GOOD, shift_all(400_000, 0))),
    "W603": lambda: plan(edited(GOOD, shift_all(36_000_000, 0))),
    "W604": lambda: plan(GOOD, gcp=points(east=5_000.0, src="transplanted")),
    "E610": lambda: plan(GOOD, crs="火星"),
    "E611": lambda: plan(edited(GOOD, shift_all(-450_200, -3_447_600)), gcp=points(src="高德")),
    "W612": lambda: plan(GOOD, gcp=points(count=2)),
    "W613": lambda: plan(edited(GOOD, placed(lambda x, y: (x * UTM + 500_000 * (1 - UTM) + 285_000, y * UTM))), crs="EPSG:32648"),
    "W614": lambda: plan(edited(GOOD, placed(lambda x, y: (y, x))), crs="EPSG:4545"),
    "E604": lambda: plan(edited(around(), say("R1", "DIST", "120")), "D"),
}
"""Code → the example with that fault in its text, as read."""


def beside(a: bytes = GOOD, c: bytes = GOOD, d: bytes | None = None, permit: dict[str, Any] | None = None, came: int = 2024) -> list[Issue]:
    """Return what the drawings of one enterprise and its permit show together."""
    plans = (plan(a), plan(c, "C"), plan(around() if d is None else d, "D"))
    document = Permit({**PERMIT.document, **(permit or {})})
    return check_set(Set(plans, document, {"A": datetime(came, 5, 1, tzinfo=UTC)}))


DIRECT = say("DW001", "WAY", "direct")
TOGETHER: dict[str, Callable[[], list[Issue]]] = {
    "E207": lambda: beside(permit={"units": [{"code": "MF0001"}]}),
    "W208": lambda: beside(permit={"units": [{"code": f"MF000{number}"} for number in (1, 2, 3)]}),
    "W212": lambda: beside(permit={"outlets": [{**row, "class": "general"} for row in PERMIT.document["outlets"]]}),
    "E402": lambda: beside(edited(GOOD, DIRECT), edited(GOOD, DIRECT), edited(around(), say("RH0001", "PARENT", "DW002")), DIRECTLY),
    "E605": lambda: beside(came=2023),
    "E801": lambda: beside(c=edited(GOOD, shift(label("DA001"), 2.0, 0))),
    "E802": lambda: beside(c=edited(GOOD, say("DA001", "NAME", "另一个排放口"))),
    "E803": lambda: beside(c=edited(GOOD, drop(label("YS001")))),
}
"""Code → a set of drawings or a permit with that fault."""


def process(*changes: tuple[str, str]) -> list[Issue]:
    text = PROCESS
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    graph, issues = graph_of(text)
    assert graph is not None, issues
    on_plan = {f"MF000{number}" for number in range(1, 5)}
    return [*checks.check(graph), *checks.beside_plan(graph, on_plan)]


def tangled() -> list[Issue]:
    """Return what is said of a picture in which four streams cross four others."""
    level = [Route(f"L{at}", ((0.0, at), (10.0, at))) for at in range(1, 5)]
    upright = [Route(f"U{at}", ((at, 0.0), (at, 10.0))) for at in range(1, 5)]
    return checks.picture_issues(ProcessLayout(10, 10, (PlacedNode("P", 0, 0, 1, 1),), (*level, *upright)))


def loose() -> list[Issue]:
    """Return what is said of a sheet, read by a mapping, whose only pipe ends in the open."""
    document = ezdxf.new()
    document.modelspace().add_line((0, 0), (20, 0), dxfattribs={"layer": "PIPE"})
    rule = Rule(when=When(layer=["PIPE"]), kind="process_stream", attributes={"medium": "process"})
    reading = interpretation(document, Options(drawing_kind="B"), mapping=Mapping(mapping=1, rules=[rule]))
    return [*reading.plan.issues]


FLOWING: dict[str, Callable[[], list[Issue]]] = {
    "E501": lambda: process(("  - {from: P04, to: C1}\n", "")),
    "E502": lambda: process(("pollutants: [SS]", "pollutants: []")),
    "E503": lambda: process(("type: step, unit: MF0001", "type: step, unit: MF0009")),
    "E504": lambda: process(("  - {from: M3, to: P02}\n", "")),
    "W505": tangled,
    "W506": loose,
}
"""Code → a process with that fault in its table."""
STORED = {"E112", "E210", "E212"}
"""Codes that only the store can tell; below."""


@pytest.mark.parametrize("code", FAULTS)
def test_a_fault_in_a_drawing_is_found(code: str) -> None:
    found = FAULTS[code]().issues
    assert code in codes(found)
    assert all(issue.severity is CODES[issue.code].severity for issue in found)
    assert all(issue.hint for issue in found)


@pytest.mark.parametrize("code", TOGETHER)
def test_a_fault_between_drawings_and_permit_is_found(code: str) -> None:
    assert codes(TOGETHER[code]()) == {code}


@pytest.mark.parametrize("code", FLOWING)
def test_a_fault_of_a_process_is_found(code: str) -> None:
    assert process() == []
    assert code in codes(FLOWING[code]())


def test_what_only_the_store_can_tell_is_found(database: Urls, tmp_path: Path) -> None:
    city, again = found_city(database.owner), tmp_path / DRAWING.name
    green = drawn("QJ-A-GREEN", 0)
    found: set[str] = set()
    for edits in (
        (say("B01", "STOREYS", "99999999999"),),
        # Two lawns a metre either way of where the next version draws one.
        (copy(green, dy=-1), copy(green, dy=1), drop(green)),
        (put(green, 5, "FFF0"),),
    ):
        again.write_bytes(edited(GOOD, *edits))
        found |= codes(city.publish(again).issues)
    with writing(city.engine, DRAFTER) as connection:
        row = {
            "type": "Feature",
            "geometry": {"type": "Point", "coordinates": [450400, 3447700]},
            "properties": {"code": "S1", "name": "断面"},
        }
        document = json.loads(json.dumps({"type": "FeatureCollection", "features": [row]}))
        found |= codes(store_layer(connection, "water_station", document, replace=False).issues)
    assert found == STORED


def test_every_code_has_its_fault_here_and_is_used_where_things_are_found() -> None:
    models = {code for code in CODES if code[1:].startswith("9")}
    assert {*FAULTS, *TOGETHER, *FLOWING, *STORED, *ELSEWHERE, *OWN} == set(CODES) - models
    # Those of models have theirs beside the readers of models.
    tried = "".join(path.read_text(encoding="utf-8") for top in ("models3d", "tiles") for path in ROOT.joinpath("tests", top).glob("*.py"))
    assert models == set(re.findall(r"\b[EW]9\d\d\b", tried))
    tops = ("drawings", "gis", "models3d", "tiles")
    written = "".join(path.read_text(encoding="utf-8") for top in tops for path in ROOT.joinpath(top).rglob("*.py"))
    used = set(re.findall(r"\b[EW]\d{3}\b", written))
    assert used <= set(CODES)
    assert set(CODES) - used <= OWN


@pytest.mark.skipif(not NORM.exists(), reason="the norm's facts lie beside the checkout")
def test_every_code_of_the_norm_is_in_the_list() -> None:
    section = NORM.read_text(encoding="utf-8").partition("**Checks**")[2].partition("**Sheet**")[0]
    listed = set(re.findall(r"\b([EW]\d{3})\b", section))
    assert len(listed) > 40
    assert listed <= set(CODES)
