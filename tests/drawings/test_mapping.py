import io
import lzma
from pathlib import Path

import ezdxf
import pytest

from drawings.interpret import interpretation
from drawings.mapping import mapping_of, schema, written
from drawings.options import Options
from drawings.read import plan_of
from drawings.survey import proposal, survey
from gis.kinds import KINDS

SURVEY = "01_plant_survey_ru_r2010.dxf"
EXAMPLES = Path(__file__).parents[2] / "data" / "examples"
DATA = lzma.decompress((EXAMPLES.parent / "surveys" / f"{SURVEY}.xz").read_bytes())
MAPPING = (EXAMPLES / "01.mapping.yaml").read_text(encoding="utf-8")
GCP = (EXAMPLES / "01.gcp.csv").read_text(encoding="utf-8")


def test_the_survey_is_stored_and_every_entity_accounted_for() -> None:
    plan = plan_of(DATA, SURVEY, Options(mapping=MAPPING, gcp=GCP))
    counts = plan.counts
    assert counts.stored + counts.ignored + counts.refused == counts.entities == 3584
    assert counts.stored >= 3000
    assert counts.refused == 0
    assert not [issue for issue in plan.issues if issue.severity == "error"]
    assert sum(plan.ignored_by.values()) == counts.ignored
    # The survey says nothing of heights: its bodies are drawn by their nominal ones, not flat.
    bodies = [feature for feature in plan.features if KINDS[feature.kind].solid]
    assert len(bodies) == 369
    assert {(body.height_m, body.z_min_m, body.z_max_m) for body in bodies} == {(None, 0.0, None)}
    marks = [feature for feature in plan.features if feature.kind == "elevation_point"]
    assert sum(1 + (mark.source.label_handle is not None) for mark in marks) > 2500
    assert all(20 < mark.attributes["elevation_m"] < 31 for mark in marks)


def test_without_control_points_the_survey_is_refused() -> None:
    plan = plan_of(DATA, SURVEY, Options(mapping=MAPPING))
    assert "E603" in {issue.code for issue in plan.issues}
    assert plan.features == ()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "是空的"),
        ("mapping: [", "YAML"),
        ("mapping: 2", "第 1 行：mapping 取值不对"),
        ("mapping: 1\nrules:\n- when: {layer: a}\n  kind: sheep", "第 4 行：rules.0.kind 没有要素类 sheep"),
        ("mapping: 1\nrules:\n- when: {layer: a}\n  kind: structure", "须写属性 structure_type"),
        ("mapping: 1\nrules:\n- when: {text: '('}\n  ignore: x", "正则表达式有误"),
        ("mapping: 1\nrules:\n- when: {}\n  kind: green\n  ignore: x", "只能写一个"),
    ],
)
def test_faults_of_a_mapping_are_named_with_their_line(text: str, says: str) -> None:
    mapping, issues = mapping_of(text)
    assert mapping is None
    assert [issue.code for issue in issues] == ["E110"]
    assert says in issues[0].message


def test_a_proposal_is_a_mapping() -> None:
    document = ezdxf.filemanagement.read(io.StringIO(DATA.decode(), newline=None))
    text = written(proposal(survey(document)))
    mapping, issues = mapping_of(text)
    assert mapping is not None
    assert issues == []
    reading = interpretation(document, Options(gcp=GCP), mapping=mapping)
    counts = reading.plan.counts
    assert counts.stored + counts.ignored + counts.refused == counts.entities
    assert len(reading.stored | reading.refused | reading.reasons.keys()) == counts.entities


def test_the_schema_names_every_kind_that_a_rule_may_give() -> None:
    kinds = schema()["$defs"]["Rule"]["properties"]["kind"]["oneOf"]
    assert {row["const"] for row in kinds if "const" in row} == set(KINDS) - {"enterprise"}
