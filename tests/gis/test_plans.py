from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import ezdxf
import pytest
from city import DRAFTER, DRAWING, ENTERPRISE, EXAMPLES, City, found_city
from other_program import gdal_rewrite, rewrite
from sqlalchemy import text

from drawings.options import Options
from drawings.publish import publish_drawing
from drawings.read import plan_of, site_plan
from gis.errors import Invalid, NotFound
from gis.issues import Severity
from gis.models.plan import PlanFeature, SitePlan
from gis.store.cluster import Urls
from gis.store.connect import writing
from gis.store.plans import Outcome, store_plan


@pytest.fixture
def city(database: Urls) -> City:
    return found_city(database.owner)


def ids(city: City) -> set[tuple[object, ...]]:
    return set(city.rows("SELECT feature_id, kind, code, name FROM feature_view"))


def trace(city: City) -> tuple[object, ...]:
    """Return what an import could leave behind, but for its own record."""
    tables = ("buildings", "structures", "underground_structures", "site_boundaries", "outlets", "monitoring_points")
    counts = [city.rows(f"SELECT count(*) FROM {table}_history")[0][0] for table in tables]
    return (*counts, city.rows("SELECT count(*) FROM change_log")[0][0])


def test_the_example_is_stored_whole(city: City) -> None:
    counts = dict(city.rows("SELECT kind, count(*)::integer FROM feature_view GROUP BY kind"))
    assert counts == {
        "enterprise": 1,
        "site_boundary": 1,
        "building": 14,
        "structure": 11,
        "underground_structure": 1,
        "outlet": 3,
        "monitoring_point": 4,
        "green": 5,
        "pipe": 12,
        "production_unit": 2,
        "treatment_facility": 2,
        "road": 6,
        "wall": 1,
    }
    ((published, stored),) = city.rows("SELECT published, (counts->>'stored')::integer FROM drawings")
    assert published is True
    assert stored > 60
    assert city.rows("SELECT content FROM drawing_files") == [(DRAWING.read_bytes(),)]


def test_importing_again_changes_nothing(city: City) -> None:
    before, left = ids(city), trace(city)
    outcome = city.publish(DRAWING)
    assert set(outcome.actions) == {"unchanged"}
    assert (ids(city), trace(city)) == (before, left)


@pytest.mark.parametrize("drop_codes", [False, True], ids=["with codes", "without codes"])
def test_a_building_moved_in_another_program_stays_the_same_feature(city: City, tmp_path: Path, drop_codes: bool) -> None:
    if drop_codes:
        city.rows("DELETE FROM feature_sources")
        for table in ("buildings", "structures", "underground_structures", "monitoring_points"):
            city.rows(f"UPDATE {table} SET code = NULL")
            city.rows(f"DELETE FROM {table}_history")
    before = ids(city)
    moved = tmp_path / f"moved_{DRAWING.name}"
    rewrite(DRAWING, moved, move={"B05": (2.0, 0.0)}, drop_codes=drop_codes, seed=7)
    outcome = city.publish(moved)
    assert [(row[1], row[2], row[3]) for row in outcome.features] == [("building", "综合办公楼", "update")]
    assert ids(city) == before
    assert city.rows("SELECT count(*) FROM buildings_history") == [(1,)]
    assert city.rows("SELECT layer, op FROM change_log ORDER BY xid DESC, seq DESC LIMIT 1") == [("buildings", "update")]
    ((metres,),) = city.rows(
        "SELECT ST_Distance(ST_Centroid(ST_Transform(b.geom, 4545)), ST_Centroid(ST_Transform(h.geom, 4545))) "
        "FROM buildings b JOIN buildings_history h USING (feature_id)"
    )
    assert metres == pytest.approx(2.0, abs=1e-6)


def test_what_no_drawing_shows_any_more_is_closed_and_comes_back_as_itself(city: City, tmp_path: Path) -> None:
    document = ezdxf.readfile(DRAWING)
    space = document.modelspace()
    point = next(insert for insert in space.query("INSERT") if insert.get_attrib_text("CODE") == "M04")
    space.delete_entity(point)
    without = tmp_path / DRAWING.name
    document.saveas(without)
    monitor = city.feature_id("M04")
    outcome = city.publish(without)
    assert [row[3] for row in outcome.features] == ["close"]
    assert city.rows("SELECT count(*) FROM monitoring_point_view WHERE code = 'M04'") == [(0,)]
    assert city.rows("SELECT closed_at IS NOT NULL FROM monitoring_points WHERE feature_id = %s", monitor) == [(True,)]
    assert [row[3] for row in city.publish(DRAWING).features] == ["reopen"]
    assert city.feature_id("M04") == monitor


def test_a_drafting_fault_publishes_nothing_and_is_kept(city: City, tmp_path: Path) -> None:
    document = ezdxf.readfile(DRAWING)
    insert = next(insert for insert in document.modelspace().query("INSERT") if insert.get_attrib_text("CODE") == "DW001")
    next(attrib for attrib in insert.attribs if attrib.dxf.tag == "CODE").dxf.text = "DX9"
    broken = tmp_path / DRAWING.name
    document.saveas(broken)
    before, left = ids(city), trace(city)
    outcome = city.publish(broken)
    assert not outcome.published
    assert "E205" in {issue.code for issue in outcome.issues}
    assert (ids(city), trace(city)) == (before, left)
    assert city.rows("SELECT published, issues->0->>'code' FROM drawings ORDER BY drawing_id DESC LIMIT 1") == [(False, "E205")]


def test_two_things_that_could_be_one_are_an_issue_never_a_new_id(city: City, tmp_path: Path) -> None:
    ((tower,),) = city.rows("SELECT feature_id FROM structures WHERE code = 'TA001'")
    city.rows("UPDATE structures SET code = NULL WHERE feature_id = %s", tower)
    city.rows(
        "INSERT INTO structures (enterprise_id, name, geom, structure_type) SELECT enterprise_id, '影', geom, 'tower' FROM structures "
        "WHERE feature_id = %s",
        tower,
    )
    city.rows("DELETE FROM feature_sources")
    outcome = city.publish(DRAWING)
    assert not outcome.published
    assert [issue.code for issue in outcome.issues] == ["E210"]


def test_what_the_drawing_is_silent_about_stays(city: City) -> None:
    city.rows("UPDATE outlets SET pollutants = 'x', base_1985_m = 300 WHERE code = 'YS001'")
    city.publish(DRAWING)
    assert city.rows("SELECT base_1985_m FROM outlets WHERE code = 'YS001'") == [(300,)]


def test_an_import_names_its_enterprise(database: Urls, tmp_path: Path) -> None:
    city = found_city(database.owner, drawing=None)
    nameless = tmp_path / "plan.dxf"
    nameless.write_bytes(DRAWING.read_bytes())
    with writing(city.engine, DRAFTER) as connection:
        with pytest.raises(Invalid, match="--enterprise"):
            publish_drawing(connection, nameless)
        with pytest.raises(Invalid, match="22"):
            publish_drawing(connection, nameless, "12")
        with pytest.raises(NotFound, match="enterprise import"):
            publish_drawing(connection, nameless, "91511703MADEMA000P009P")
        _, outcome = publish_drawing(connection, nameless, ENTERPRISE["credit_code"])
        assert outcome.published
        assert connection.execute(text("SELECT count(*) FROM structures")).scalar() == 11


OTHER = "INSERT INTO enterprises (code, name, geom) VALUES ('Y', '另一家', 'SRID=4490;POINT(107.6 31.2)') RETURNING feature_id"


def restored(city: City, change: Callable[[PlanFeature], PlanFeature | None]) -> Outcome:
    """Store the example's plan with its features changed, None where one is gone."""
    plan = site_plan(DRAWING, None)
    features = tuple(feature for one in plan.features if (feature := change(one)) is not None)
    with writing(city.engine, DRAFTER) as connection:
        return store_plan(connection, city.enterprise_id, ENTERPRISE["source_code"], replace(plan, features=features), b"")


def test_features_may_exchange_their_codes(city: City) -> None:
    one, other = city.feature_id("B01"), city.feature_id("B02")
    exchanged = {"B01": ("B02", one), "B02": ("B01", other)}

    def change(feature: PlanFeature) -> PlanFeature:
        if feature.code not in exchanged:
            return feature
        code, id_ = exchanged[feature.code]
        return replace(feature, code=code, qj_id=id_)

    assert restored(city, change).actions["update"] == 2
    assert (city.feature_id("B02"), city.feature_id("B01")) == (one, other)
    assert city.rows("SELECT count(*) FROM buildings_history") == [(2,)]


def test_a_feature_may_take_the_code_of_one_that_is_gone(city: City) -> None:
    heir = city.feature_id("B02")

    def change(feature: PlanFeature) -> PlanFeature | None:
        if feature.code == "B02":
            return replace(feature, code="B01", qj_id=heir)
        return None if feature.code == "B01" else feature

    assert restored(city, change).actions["close"] == 1
    assert city.feature_id("B01") == heir


def test_what_was_given_to_another_enterprise_is_an_issue_and_not_closed(city: City) -> None:
    ((other,),) = city.rows(OTHER)
    city.rows("UPDATE buildings SET enterprise_id = %s WHERE code = 'B05'", other)
    outcome = city.publish(DRAWING)
    assert [(issue.code, "另一企业" in issue.message) for issue in outcome.issues] == [("E210", True)]
    assert restored(city, lambda feature: None if feature.code == "B05" else feature).published
    assert city.rows("SELECT closed_at, enterprise_id FROM buildings WHERE code = 'B05'") == [(None, other)]


def test_a_deleted_feature_comes_back_as_itself(city: City) -> None:
    building = city.feature_id("B05")
    city.rows("DELETE FROM feature_sources WHERE feature_id = %s", building)
    city.rows("DELETE FROM buildings WHERE feature_id = %s", building)
    assert [row[3] for row in city.publish(DRAWING).features] == ["insert"]
    assert city.feature_id("B05") == building


# A real survey, by its mapping; it lies beside the checkout.
SURVEYS = sorted((Path(__file__).parents[2].parent / "shared" / "data" / "dxf").glob("01_*.dxf"))
MAPPING, GCP = (EXAMPLES.joinpath(name).read_text(encoding="utf-8") for name in ("01.mapping.yaml", "01.gcp.csv"))


def survey_plan(path: Path, mapping: str) -> SitePlan:
    options = Options(source_code=ENTERPRISE["source_code"], drawing_kind="A", mapping=mapping, gcp=GCP)
    return plan_of(path.read_bytes(), path.name, options)


def store(city: City, plan: SitePlan) -> Outcome:
    with writing(city.engine, DRAFTER) as connection:
        return store_plan(connection, city.enterprise_id, ENTERPRISE["source_code"], plan, plan.sha256.encode())


@pytest.mark.parametrize("survey", SURVEYS, ids=lambda path: path.stem)
def test_a_survey_saved_again_by_ezdxf_with_a_layer_renamed_has_not_changed(database: Urls, survey: Path, tmp_path: Path) -> None:
    city = found_city(database.owner, drawing=None)
    first = survey_plan(survey, MAPPING)
    count = len(first.features)
    assert count >= 2700
    assert first.counts.stored >= 3000
    assert store(city, first).actions == {"insert": count}
    left = city.rows("SELECT count(*) FROM change_log")
    again = tmp_path / survey.name
    rewrite(survey, again, seed=11)
    document = ezdxf.readfile(again)
    for entity in document.modelspace():
        if entity.dxf.layer == "Фундамент":
            entity.dxf.layer = "基础"
    document.saveas(again)
    outcome = store(city, survey_plan(again, MAPPING.replace("layer: Фундамент", "layer: 基础")))
    assert [issue.message for issue in outcome.issues if issue.code == "E210"] == []
    assert outcome.actions == {"unchanged": count}
    assert city.rows("SELECT count(*) FROM change_log") == left


@pytest.mark.parametrize("survey", SURVEYS, ids=lambda path: path.stem)
def test_a_survey_saved_again_by_gdal_has_not_changed(database: Urls, survey: Path, tmp_path: Path) -> None:
    city = found_city(database.owner, drawing=None)
    first = survey_plan(survey, MAPPING)
    assert sum((one.shape or {}).get("type") == "circle" for one in first.features) > 100
    count = len(first.features)
    store(city, first)
    left = city.rows("SELECT count(*) FROM change_log")
    again = tmp_path / survey.name
    gdal_rewrite(survey, again)
    # Chords for circles and arcs, MTEXT for TEXT where that was aligned to, lines for multileaders: by the same mapping the same drawing.
    plan = survey_plan(again, MAPPING)
    assert not any((one.shape or {}).get("type") == "circle" for one in plan.features)
    assert plan.counts.refused == 0
    outcome = store(city, plan)
    assert {issue.code for issue in outcome.issues} == {issue.code for issue in first.issues} | {"W103"}
    assert outcome.actions == {"unchanged": count}
    assert city.rows("SELECT count(*) FROM change_log") == left
    # The exact shapes stay, not the chords.
    assert city.rows("SELECT count(*) > 100 FROM structures WHERE shape->>'type' = 'circle'") == [(True,)]


def test_a_plan_whose_attributes_gdal_lost_says_so_and_changes_nothing(city: City, tmp_path: Path) -> None:
    left = city.rows("SELECT count(*) FROM change_log")
    again = tmp_path / DRAWING.name
    gdal_rewrite(DRAWING, again)
    outcome = city.publish(again)
    assert not outcome.published
    # What GDAL does not write: the attributes of blocks, and the unit.
    assert {issue.code for issue in outcome.issues if issue.severity is Severity.ERROR} >= {"E106", "E213"}
    assert "E204" not in {issue.code for issue in outcome.issues}
    assert city.rows("SELECT count(*) FROM change_log") == left
