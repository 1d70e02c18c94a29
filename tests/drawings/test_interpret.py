"""One bad drawing a code, and drawings that only look unusual; all made by changing the example."""

import io
import random
from collections.abc import Callable
from uuid import UUID

import pytest
import shapely
from ezdxf.document import Drawing
from ezdxf.entities import Attrib, DXFGraphic
from hypothesis import given, settings
from hypothesis import strategies as st

from drawings.example import drawing, place
from drawings.interpret import interpret
from drawings.read import plan_of
from gis.crs import lonlat_to_xy
from gis.issues import Severity
from gis.models.plan import PlanFeature, SitePlan

EXAMPLE = interpret(drawing())
SOURCES = {feature.code or feature.kind: feature.source for feature in EXAMPLE.features}
AN_ID = "0d9d1f3c-6f0a-5b0e-9f5e-2f6f4a0e7c11"
Change = Callable[[Drawing], object]


def outline(document: Drawing, code: str) -> DXFGraphic:
    return document.entitydb[SOURCES[code].handle]


def label(document: Drawing, code: str) -> DXFGraphic:
    return document.entitydb[SOURCES[code].label_handle or SOURCES[code].handle]


def attrib(document: Drawing, code: str, tag: str) -> Attrib:
    return label(document, code).get_attrib(tag)


def say(code: str, tag: str, text: str) -> Change:
    def change(document: Drawing) -> None:
        attrib(document, code, tag).dxf.text = text

    return change


def shift(dx: float, dy: float) -> Change:
    return lambda document: [entity.translate(dx, dy, 0) for entity in document.modelspace()]


def scale(factor: float) -> Change:
    return lambda document: [entity.scale_uniform(factor) for entity in document.modelspace()]


def move(code: str, dx: float, dy: float) -> Change:
    def change(document: Drawing) -> None:
        for entity in {outline(document, code), label(document, code)}:
            entity.translate(dx, dy, 0)

    return change


def move_label(code: str, start: tuple[float, float], end: tuple[float, float]) -> Change:
    (x0, y0), (x1, y1) = place(*start), place(*end)
    return lambda document: label(document, code).translate(x1 - x0, y1 - y0, 0)


def shrink_the_boundary(document: Drawing) -> None:
    corners = [(*place(u, v), 0) for u, v in ((17, 63), (27, 63), (27, 73))]
    outline(document, "site_boundary").set_points(corners, format="xyb")


def add_foreign_block(document: Drawing) -> None:
    document.blocks.new("设备")
    document.modelspace().add_blockref("设备", place(20, 70), dxfattribs={"layer": "QJ-A-BLDG"})


def swap_axes(document: Drawing) -> None:
    for entity in document.modelspace():
        if entity.dxftype() == "LWPOLYLINE":
            entity.set_points([(y, x, -bulge) for x, y, bulge in entity.get_points("xyb")], format="xyb")
        elif entity.dxftype() == "CIRCLE":
            entity.dxf.center = (entity.dxf.center.y, entity.dxf.center.x)
        elif entity.dxftype() == "INSERT":
            entity.dxf.insert = (entity.dxf.insert.y, entity.dxf.insert.x)


def open_up(code: str, gap: float) -> Change:
    """Draw the last side and stop `gap` metres short of the first point."""

    def change(document: Drawing) -> None:
        entity = outline(document, code)
        points = entity.get_points("xyb")
        (x0, y0, _), (x1, y1, _) = points[0], points[-1]
        part = gap / ((x1 - x0) ** 2 + (y1 - y0) ** 2) ** 0.5
        entity.set_points([*points, (x0 + (x1 - x0) * part, y0 + (y1 - y0) * part, 0)], format="xyb")
        entity.closed = False

    return change


def set_points(code: str, order: list[int]) -> Change:
    def change(document: Drawing) -> None:
        points = outline(document, code).get_points("xyb")
        outline(document, code).set_points([points[i] for i in order], format="xyb")

    return change


def cross_the_hole(document: Drawing) -> None:
    holes = [
        e for e in document.modelspace().query('LWPOLYLINE[layer=="QJ-A-BLDG"]') if e.dxf.handle not in {s.handle for s in SOURCES.values()}
    ]
    shifted = [(x + 4, y + 2, 0) for x, y, _ in holes[0].get_points("xyb")]
    document.modelspace().add_lwpolyline(shifted, format="xyb", close=True, dxfattribs={"layer": "QJ-A-BLDG"})


def copied(code: str, which: Callable[[Drawing, str], DXFGraphic]) -> Change:
    return lambda document: document.modelspace().add_entity(which(document, code).copy())


def with_ids(*codes: str, text: str = AN_ID) -> Change:
    return lambda document: [outline(document, code).set_xdata("QJ_ID", [(1000, text)]) for code in codes]


def all_of(*changes: Change) -> Change:
    return lambda document: [change(document) for change in changes]


BAD: list[tuple[str, str, Change]] = [
    ("E106", "声明为毫米", lambda d: d.header.__setitem__("$INSUNITS", 4)),
    ("E106", "以毫米为单位", scale(1000)),
    ("E106", "厂区范围", shrink_the_boundary),
    ("E108", "Z = 300", lambda d: outline(d, "B01").dxf.__setattr__("elevation", 300.0)),
    ("E108", "Z = 12", lambda d: outline(d, "T-101").dxf.__setattr__("center", (*place(25, 130), 12.0))),
    ("E108", "Z = 5", lambda d: label(d, "DA001").dxf.__setattr__("insert", (*place(116, 130.5), 5.0))),
    ("E201", "建筑", lambda d: outline(d, "B01").dxf.__setattr__("layer", "建筑")),
    ("W202", "没有厂界", lambda d: d.modelspace().delete_entity(outline(d, "site_boundary"))),
    ("E203", "未知块", add_foreign_block),
    ("E203", "不应在图层", lambda d: label(d, "DA001").dxf.__setattr__("layer", "QJ-M-CEMS")),
    ("E203", "不应在图层", lambda d: d.modelspace().add_blockref("QJ_BLDG", place(20, 70), dxfattribs={"layer": "QJ-A-BOUND"})),
    ("E203", "CIRCLE 不是", lambda d: d.modelspace().add_circle(place(20, 70), 1, dxfattribs={"layer": "QJ-A-OUTLET"})),
    ("E204", "缺少属性 HEIGHT", say("B01", "HEIGHT", "")),
    ("E204", "缺少属性 DEPTH", say("C-01", "DEPTH", " ")),
    ("E204", "缺少属性 DEPTH", say("T-201", "DEPTH", "")),
    ("E204", "缺少属性 NAME", say("T-101", "NAME", "")),
    ("E204", "缺少属性 CODE", say("DA001", "CODE", "")),
    ("E204", "填写有误：“十一”", say("B01", "HEIGHT", "十一")),
    ("E204", "填写有误：“nan”", say("B01", "HEIGHT", "nan")),
    ("E204", "填写有误：“-3”", say("C-01", "DEPTH", "-3")),
    ("E204", "填写有误：“2.5”", say("B01", "STOREYS", "2.5")),
    ("E204", "填写有误：“圆”", say("B01", "ROOF", "圆")),
    ("E204", "BASE 高于地面", say("T-201", "BASE", "0.8")),
    ("W204", "DATE2", lambda d: label(d, "B01").add_attrib("DATE2", "2024", (0, 0))),
    ("E205", "DA1 ", say("DA001", "CODE", "DA1")),
    ("E205", "DW002", say("DA001", "CODE", "DW002")),
    ("E206", "编号 B01 重复", say("B02", "CODE", "b01")),
    ("E209", "没有标注块", lambda d: d.modelspace().delete_entity(label(d, "B01"))),
    ("E209", "不在任何轮廓内", lambda d: d.modelspace().delete_entity(outline(d, "B01"))),
    ("E209", "多个标注块", move_label("B14", (95, 120.5), (95, 155))),
    ("W209", "不是有效的标识", with_ids("B01", text="abc")),
    ("W210", "复制所致", with_ids("B01", "B02")),
    ("E301", "缺口 3.000 m", open_up("B01", 3)),
    ("E301", "缺口 0.300 m", open_up("site_boundary", 0.3)),
    ("W301", "缺口 0.030 m", open_up("B01", 0.03)),
    ("E301", "缺口 10.000 m", lambda d: d.modelspace().add_line(place(20, 70), place(30, 70), dxfattribs={"layer": "QJ-A-BLDG"})),
    ("E301", "轮廓未闭合", lambda d: d.modelspace().add_ellipse(place(60, 105), (3, 0), 0.5, 0, 3, dxfattribs={"layer": "QJ-A-TANK"})),
    ("E302", "自相交", set_points("B01", [0, 2, 1, 3])),
    ("E302", "自相交", set_points("B01", [0, 1, 0, 1])),
    ("E302", "内轮廓", cross_the_hole),
    ("E303", "B13 危废贮存间 在厂界之外", move("B13", -40, 0)),
    ("E303", "DW001 废水总排口 在厂界之外", move("DW001", 80, 0)),
    ("E304", "B01 原料仓库 与 B02", move("B01", 20, 0)),
    ("E304", "T-101", move("T-101", 18, 2)),
    ("W305", "轮廓重复", copied("B01", outline)),
    ("W305", "标注块重复", copied("DA001", label)),
    ("E601", "真实坐标", shift(-450_280, -3_447_610)),
    ("E603", "对调", swap_axes),
    ("E603", "带号 35", shift(35_000_000, 0)),
    ("W603", "EPSG:4524", shift(36_000_000, 0)),
]  # fmt: skip


def reread(document: Drawing) -> SitePlan:
    text = io.StringIO()
    document.write(text)
    return plan_of(text.getvalue().encode("utf-8", "surrogateescape"), "x.dxf")


def accounts_add_up(plan: SitePlan) -> bool:
    counts = plan.counts
    return counts.entities == counts.stored + counts.ignored + counts.refused and counts.ignored == sum(plan.ignored_by.values())


@pytest.mark.parametrize(("code", "says", "change"), BAD, ids=[f"{code} {says}" for code, says, _ in BAD])
def test_each_fault_is_found_named_and_placed(code: str, says: str, change: Change) -> None:
    document = drawing()
    change(document)
    plan = reread(document)
    found = [issue for issue in plan.issues if issue.code == code and says in issue.message]
    assert found, plan.issues
    for issue in found:
        assert issue.hint
        assert issue.severity is (Severity.WARNING if code.startswith("W") else Severity.ERROR)
        assert issue.place.handle or issue.place.xy or issue.place.field or issue.place.layer
    assert accounts_add_up(plan)
    # What is refused has a reason; what only warns changes nothing.
    assert plan.counts.refused == 0 or any(issue.severity is Severity.ERROR for issue in plan.issues)


def test_all_faults_come_at_once() -> None:
    document = drawing()
    all_of(say("B01", "HEIGHT", ""), open_up("B02", 3), move("B13", -40, 0), say("DA001", "CODE", "DA1"), swap_axes)(document)
    assert {"E204", "E301", "E303", "E205", "E603"} <= {issue.code for issue in reread(document).issues}


def test_a_gap_says_where_to_close_it() -> None:
    document = drawing()
    open_up("site_boundary", 0.3)(document)
    issue = next(issue for issue in reread(document).issues if issue.code == "E301")
    x, y = place(10, 0)
    assert f"({x:.3f}, {y:.3f})" in issue.hint


def test_a_crossing_says_where() -> None:
    document = drawing()
    set_points("B01", [0, 2, 1, 3])(document)
    issue = next(issue for issue in reread(document).issues if issue.code == "E302")
    assert issue.place.xy == pytest.approx(place(37, 80), abs=0.01)


def test_without_a_place_nothing_is_stored() -> None:
    document = drawing()
    shift(-450_280, -3_447_610)(document)
    plan = reread(document)
    assert plan.features == ()
    assert plan.counts.stored == 0
    assert accounts_add_up(plan)


def test_a_zone_prefix_is_taken_away() -> None:
    document = drawing()
    shift(36_000_000, 0)(document)
    same_features(reread(document), EXAMPLE)


def same_features(plan: SitePlan, other: SitePlan) -> None:
    assert [facts(feature) for feature in plan.features] == [facts(feature) for feature in other.features]
    for one, two in zip(plan.features, other.features, strict=True):
        assert one.xy.symmetric_difference(two.xy).area < 0.05
        assert one.xy.distance(two.xy) < 0.001


def facts(feature: PlanFeature) -> tuple[object, ...]:
    return feature.kind, feature.code, feature.name, feature.height_m, feature.z_min_m, feature.z_max_m, feature.attributes


def mirror(document: Drawing) -> None:
    """Show the same outline from below: x and bulges change sign, and so does the extrusion."""
    entity = outline(document, "B06")
    entity.set_points([(-x, y, -bulge) for x, y, bulge in entity.get_points("xyb")], format="xyb")
    entity.dxf.extrusion = (0, 0, -1)


def repeat_first_point(document: Drawing) -> None:
    entity = outline(document, "B06")
    points = entity.get_points("xyb")
    entity.set_points([*points, points[0]], format="xyb")
    entity.closed = False


def reverse(document: Drawing) -> None:
    entity = outline(document, "B06")
    points = entity.get_points("xyb")
    bulges = [points[i - 1][2] for i in range(len(points))]
    entity.set_points([(x, y, -bulge) for (x, y, _), bulge in zip(reversed(points), reversed(bulges), strict=True)], format="xyb")


def redraw(code: str, draw: Callable[[Drawing, DXFGraphic], DXFGraphic]) -> Change:
    def change(document: Drawing) -> None:
        old = outline(document, code)
        draw(document, old).dxf.layer = old.dxf.layer
        document.modelspace().delete_entity(old)

    return change


def old_polyline(document: Drawing, old: DXFGraphic) -> DXFGraphic:
    return document.modelspace().add_polyline2d(old.get_points("xyb"), format="xyb", close=True)


def line_3d(document: Drawing, old: DXFGraphic) -> DXFGraphic:
    return document.modelspace().add_polyline3d([(x, y, 0) for x, y in old.get_points("xy")], close=True)


def ellipse(document: Drawing, old: DXFGraphic) -> DXFGraphic:
    return document.modelspace().add_ellipse(old.dxf.center, (0, old.dxf.radius), 1.0)


def half_circles(document: Drawing, old: DXFGraphic) -> DXFGraphic:
    (x, y, _), r = old.dxf.center, old.dxf.radius
    return document.modelspace().add_lwpolyline([(x - r, y, 1), (x + r, y, 1)], format="xyb", close=True)


def spline(document: Drawing, old: DXFGraphic) -> DXFGraphic:
    corners = [(x, y, 0) for x, y in old.get_points("xy")]
    return document.modelspace().add_open_spline([*corners, corners[0]], degree=1)


def hatch(document: Drawing) -> None:
    document.modelspace().add_hatch(dxfattribs={"layer": "QJ-A-BLDG"}).paths.add_polyline_path(outline(document, "B01").get_points("xy"))


UNUSUAL: dict[str, Change] = {
    "full-width digits and units": all_of(say("B01", "HEIGHT", "１１ m"), say("B02", "STOREYS", "4 层"), say("B03", "HEIGHT", "24米")),
    "Chinese enum labels": all_of(say("B01", "ROOF", "双坡"), say("DA001", "KIND", "主要排放口")),
    "lower-case full-width codes": say("DA001", "CODE", " ｄａ００１ "),
    "lower-case layers": lambda d: outline(d, "B01").dxf.__setattr__("layer", "qj-a-bldg"),
    "seen from below": mirror,
    "closed by its points": repeat_first_point,
    "drawn the other way": reverse,
    "started elsewhere": set_points("B03", [2, 3, 4, 5, 0, 1]),
    "old polyline": redraw("B06", old_polyline),
    "3D polyline": redraw("B01", line_3d),
    "ellipse": redraw("L-01", ellipse),
    "spline": redraw("B01", spline),
    "two arcs": redraw("T-102", half_circles),
    "diameter left to the circle": say("T-102", "DIAM", ""),
    "a hatch": hatch,
    "a text among the buildings": lambda d: d.modelspace().add_text("注", dxfattribs={"layer": "QJ-A-BLDG"}).set_placement(place(20, 70)),
    "no declared unit": lambda d: d.header.__setitem__("$INSUNITS", 0),
}


@pytest.mark.parametrize("change", UNUSUAL.values(), ids=UNUSUAL.keys())
def test_what_only_looks_unusual_reads_the_same(change: Change) -> None:
    document = drawing()
    change(document)
    plan = reread(document)
    assert plan.issues == ()
    assert accounts_add_up(plan)
    same_features(plan, EXAMPLE)


def test_stacked_solids_do_not_overlap() -> None:
    document = drawing()
    all_of(move("P-02", *(b - a for a, b in zip(place(111, 120), place(92, 122), strict=True))), say("P-02", "BASE", "4.5"))(document)
    plan = reread(document)
    assert plan.issues == ()
    assert next(feature for feature in plan.features if feature.code == "P-02").z_max_m == 29.5


def test_a_structure_in_the_courtyard_is_no_overlap_and_keeps_the_hole() -> None:
    document = drawing()
    move("P-02", *(b - a for a, b in zip(place(111, 120), place(84, 27), strict=True)))(document)
    plan = reread(document)
    assert plan.issues == ()
    assert len(next(feature for feature in plan.features if feature.code == "B05").xy.interiors) == 1


def test_two_boundaries_and_a_hole_in_one() -> None:
    document = drawing()
    for u0, v0, u1, v1 in ((300, 0, 340, 40), (202, 4, 210, 7)):
        ring = [(*place(u, v), 0) for u, v in ((u0, v0), (u1, v0), (u1, v1), (u0, v1))]
        document.modelspace().add_lwpolyline(ring, format="xyb", close=True, dxfattribs={"layer": "QJ-A-BOUND"})
    boundaries = [feature for feature in reread(document).features if feature.kind == "site_boundary"]
    assert sorted(len(feature.xy.interiors) for feature in boundaries) == [0, 1]


def test_an_id_of_an_earlier_export_is_kept() -> None:
    document = drawing()
    with_ids("B01")(document)
    label(document, "T-101").set_xdata("QJ_ID", [(1000, AN_ID.replace("0d", "1d"))])
    ids = {feature.code: feature.qj_id for feature in reread(document).features if feature.qj_id}
    assert ids == {"B01": UUID(AN_ID), "T-101": UUID(AN_ID.replace("0d", "1d"))}


def test_geom_is_where_xy_is() -> None:
    for feature in EXAMPLE.features:
        back = shapely.transform(feature.geom, lonlat_to_xy)
        assert shapely.equals_exact(back, feature.xy, 1e-4)
        assert 107 < feature.geom.representative_point().x < 108


def test_native_shapes_are_as_drawn() -> None:
    shapes = {feature.code: feature.shape for feature in EXAMPLE.features}
    assert shapes["T-101"] == {"type": "circle", "center": list(place(25, 130)), "radius": 8.0}
    assert shapes["DA001"] == {"type": "insert", "point": list(place(116, 130.5)), "block": "QJ_DA", "rotation": 6.5}
    assert [hole["type"] for hole in shapes["B05"]["holes"]] == ["lwpolyline"]
    assert shapes["B06"]["points"][0] == [*place(16, 24), 0.25]


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32))
def test_the_order_of_the_entities_does_not_matter(seed: int) -> None:
    document = drawing()
    all_of(move("B01", 20, 0), say("B03", "CODE", "B04"), copied("T-101", outline))(document)
    straight = interpret(document)
    random.Random(seed).shuffle(document.modelspace().entity_space.entities)  # noqa: S311 — order, not secrecy
    assert interpret(document) == straight
