"""A point and the text beside it are one mark."""

import ezdxf.filemanagement

from drawings.example import place
from drawings.interpret import Reading, interpretation
from drawings.mapping import mapping_of

RULES = """
mapping: 1
unit: m
crs: EPSG:4545
rules:
- {when: {layer: MARKS, type: TEXT}, kind: elevation_point, marks_m: 0.5, attributes: {elevation_m: '{text}'}}
- {when: {layer: MARKS, type: POINT, z: [40, 60]}, kind: elevation_point, attributes: {elevation_m: '{z:-28.5}'}}
- {when: {layer: MARKS, type: POINT}, kind: elevation_point, attributes: {elevation_m: '{z}'}}
"""


def read(points: list[tuple[float, float, float]], texts: list[tuple[float, float, str]], rules: str = RULES) -> Reading:
    document = ezdxf.filemanagement.new("R2013", units=6)
    space = document.modelspace()
    for u, v, z in points:
        space.add_point((*place(u, v), z), dxfattribs={"layer": "MARKS"})
    for u, v, said in texts:
        space.add_text(said, dxfattribs={"layer": "MARKS", "insert": place(u, v)})
    mapping, issues = mapping_of(rules)
    assert mapping is not None, issues
    return interpretation(document, mapping=mapping)


def test_a_pair_is_one_feature_at_the_point_with_the_value_of_the_text() -> None:
    reading = read([(0, 0, 25.5)], [(0.3, 0, "25.51")])
    (feature,) = reading.plan.features
    assert feature.attributes["elevation_m"] == 25.51
    assert (round(feature.xy.x, 3), round(feature.xy.y, 3)) == place(0, 0)
    assert feature.source.label_handle not in (None, feature.source.handle)
    assert reading.plan.counts.stored == reading.plan.counts.entities == 2
    assert "W211" not in {issue.code for issue in reading.plan.issues}


def test_what_differs_is_told() -> None:
    reading = read([(0, 0, 26.0)], [(0.3, 0, "25.51")])
    (issue,) = [issue for issue in reading.plan.issues if issue.code == "W211"]
    assert "0.490" in issue.message


def test_each_point_takes_its_nearest_text_and_the_others_stay() -> None:
    reading = read([(0, 0, 25.0), (0.4, 0, 25.0), (9, 9, 25.0)], [(0.1, 0, "25.01"), (0.2, 0, "25.02"), (5, 5, "25.03")])
    pairs = [feature for feature in reading.plan.features if feature.source.label_handle]
    assert sorted(feature.attributes["elevation_m"] for feature in pairs) == [25.01, 25.02]
    assert len(reading.plan.features) == 4
    assert reading.plan.counts.stored == 6


def test_without_the_rule_saying_so_nothing_is_paired() -> None:
    reading = read([(0, 0, 25.5)], [(0.3, 0, "25.51")], RULES.replace("marks_m: 0.5, ", ""))
    assert len(reading.plan.features) == 2


def test_a_shift_of_heights_is_taken_off_where_the_rule_says_so() -> None:
    reading = read([(0, 0, 53.75), (9, 9, 25.0)], [])
    assert sorted(feature.attributes["elevation_m"] for feature in reading.plan.features) == [25.0, 25.25]


def test_a_rule_may_say_where() -> None:
    east, north = place(10, 0)
    within = f"[{east - 1}, {north - 1}, {east}, {north}]"
    rules = RULES.replace("rules:\n", f"rules:\n- {{when: {{layer: MARKS, within: {within}}}, ignore: 散点}}\n")
    plan = read([(0, 0, 25.5), (10, 0, 25.5), (10, 0.1, 25.5)], [], rules).plan
    assert plan.ignored_by == {"散点": 1}
    assert plan.counts.stored == 2
