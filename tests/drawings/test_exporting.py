"""DXF → PostGIS → DXF → PostGIS: equal in every feature, attribute and block."""

import io
import subprocess
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from uuid import UUID

import ezdxf
import numpy as np
import pytest
import shapely
from city import DRAFTER, DRAWING, ENTERPRISE, City, found_city

from drawings.exporting import Export, export_drawing
from drawings.handback import hand_back
from drawings.homes import HOME_OF
from drawings.read import Options, plan_of
from drawings.xdata import BESIDE
from gis.errors import Invalid
from gis.kinds import KINDS
from gis.models.drawn import Drawn
from gis.store.cluster import Urls
from gis.store.connect import looking, writing
from gis.store.drawn import drawing_version, drawn_features, last_file

CODE = ENTERPRISE["source_code"]


@pytest.fixture(scope="module")
def city(module_database: Urls) -> City:
    """The example, which these tests only read."""
    return found_city(module_database.owner)


@pytest.fixture(scope="module")
def export(city: City) -> Export:
    """Its plan on the way back, with the notes of the drawing it came from."""
    return exported(city, notes=True)


def drawn(city: City, drawing_kind: str = "A") -> list[Drawn]:
    with writing(city.engine, DRAFTER) as connection:
        return drawn_features(connection, city.enterprise_id, drawing_kind, HOME_OF)


def exported(city: City, *, notes: bool = False) -> Export:
    with writing(city.engine, DRAFTER) as connection:
        features = drawn_features(connection, city.enterprise_id, "A", HOME_OF)
        original = last_file(connection, city.enterprise_id, "A") if notes else None
    return export_drawing(features, source_code=CODE, drawing_kind="A", original=original)


def written(export: Export, folder: Path) -> Path:
    path = folder / DRAWING.name
    path.write_bytes(export.content)
    return path


def facts(city: City) -> dict[tuple[str, str, str], Drawn]:
    return {
        (one.kind, one.code or "", one.name + str(shapely.centroid(one.xy).coords[0] if one.xy else "")[:14]): one for one in drawn(city)
    }


def test_there_and_back_is_equal(city: City, export: Export, databases: Callable[[], AbstractContextManager[Urls]], tmp_path: Path) -> None:
    assert export.issues == ()
    with databases() as second:
        new = found_city(second.owner, drawing=written(export, tmp_path))
        before, after = facts(city), facts(new)
        assert before.keys() == after.keys()
        assert len(before) == export.features > 50
        for key, one in before.items():
            other = after[key]
            assert (one.layer, one.attributes) == (other.layer, other.attributes), key
            assert (one.height_m, one.z_min_m, one.z_max_m) == pytest.approx((other.height_m, other.z_min_m, other.z_max_m), abs=1e-9), key
            assert one.xy is not None
            assert other.xy is not None
            assert shapely.hausdorff_distance(one.xy, other.xy) <= 1e-6, key
            assert (one.shape or {}).get("type") == (other.shape or {}).get("type"), key
            for part in ("block", "rotation", "closed", "radius"):
                assert (one.shape or {}).get(part) == pytest.approx((other.shape or {}).get(part)), key


def test_coming_home_changes_nothing(city: City, export: Export, tmp_path: Path) -> None:
    outcome = city.publish(written(export, tmp_path))
    assert outcome.published
    assert set(outcome.actions) == {"unchanged"}


def test_the_same_features_are_the_same_bytes(city: City) -> None:
    assert exported(city).content == exported(city).content


def test_other_programs_open_it(export: Export, tmp_path: Path) -> None:
    path = written(export, tmp_path)
    document = ezdxf.readfile(path)
    assert document.dxfversion == "AC1027"
    assert not document.audit().has_errors
    listed = subprocess.run(["ogrinfo", "-ro", "-al", "-so", path], check=True, capture_output=True, text=True)
    assert "Feature Count" in listed.stdout
    assert "ERROR" not in listed.stderr


def test_notes_of_the_last_drawing_come_along(city: City, export: Export) -> None:
    def texts(content: bytes) -> list[str]:
        return sorted(one.dxf.text for one in ezdxf.read(io.StringIO(content.decode())).modelspace().query("TEXT"))

    assert texts(exported(city).content) == []
    assert texts(export.content) == texts(DRAWING.read_bytes())


def test_what_was_changed_by_other_doors_is_drawn_as_it_stands(database: Urls, tmp_path: Path) -> None:
    """Moved, drawn elsewhere, and said what the norm has no tag for; until a drafter says otherwise."""
    city = found_city(database.owner)
    city.rows("UPDATE structures SET geom = ST_Translate(geom, 0.00005, 0) WHERE structure_type = 'tank'")
    city.rows("UPDATE structures SET structure_type = 'rack' WHERE structure_type = 'tank'")
    city.rows("UPDATE pipes SET diameter_m = 0.3, from_code = 'TW001', name = '污水主管' WHERE medium = 'sewage'")
    city.rows(
        "INSERT INTO buildings (enterprise_id, name, height_m, geom, storeys) "
        "SELECT enterprise_id, '新建门卫', 3.2, ST_Translate(geom, 0.00001, 0), 1 FROM buildings LIMIT 1"
    )
    export = exported(city)
    assert export.issues == ()
    plan = plan_of(export.content, DRAWING.name, Options())
    (found,) = [feature for feature in plan.features if feature.name == "新建门卫"]
    assert (found.kind, found.height_m, found.attributes["storeys"]) == ("building", 3.2, 1)
    sewage = [feature for feature in plan.features if feature.kind == "pipe" and feature.attributes["medium"] == "sewage"]
    assert sewage
    assert {(one.name, one.attributes["diameter_m"], one.attributes["from_code"]) for one in sewage} == {("污水主管", 0.3, "TW001")}
    assert [feature for feature in plan.features if feature.attributes.get("structure_type") == "rack"]
    stands = {one.feature_id: one.xy for one in drawn(city)}
    assert all(shapely.hausdorff_distance(stands[one.qj_id], one.xy) <= 1e-3 for one in plan.features if one.qj_id)
    document = ezdxf.read(io.StringIO(export.content.decode()))
    for entity in document.modelspace().query('LWPOLYLINE[layer=="QJ-P-SEW"]'):
        entity.dxf.layer = "QJ-P-RAIN"
    changed = io.StringIO()
    document.write(changed)
    again = plan_of(changed.getvalue().encode(), DRAWING.name, Options())
    assert not [one for one in again.features if one.kind == "pipe" and one.attributes["medium"] == "sewage"]
    assert len([one for one in again.features if one.kind == "pipe" and one.attributes.get("diameter_m") == 0.3]) == len(sewage)


def test_what_a_mapping_made_comes_back_by_the_norm() -> None:
    """One of each kind that a mapping makes and the norm can't say whole."""
    place = shapely.box(450_400, 3_447_700, 450_410, 3_447_710)
    features = [
        Drawn(
            feature_id=UUID(int=number + 1),
            kind=kind,
            code=None,
            name="甲",
            xy=place if KINDS[kind].geometry == "Polygon" else shapely.LineString([(450_400, 3_447_700 + number), (450_420, 3_447_700)]),
            shape=None,
            layer="ЗДАНИЯ",
            height_m=4.0 if KINDS[kind].solid else None,
            z_min_m=0.0 if KINDS[kind].solid else None,
            z_max_m=4.0 if KINDS[kind].solid else None,
            attributes=attributes,
        )
        for number, (kind, attributes) in enumerate(
            [("structure", {"structure_type": "foundation"}), ("road", {"road_type": "kerb", "width_m": 0.2})]
        )
    ]
    export = export_drawing(features, source_code=CODE, drawing_kind="A")
    assert export.issues == ()
    read = {feature.kind: feature for feature in plan_of(export.content, DRAWING.name, Options()).features}
    assert read["structure"].attributes["structure_type"] == "foundation"
    assert (read["road"].attributes, read["road"].name) == ({"road_type": "kerb", "width_m": 0.2}, "甲")
    np.testing.assert_allclose(read["structure"].xy.bounds, place.bounds, atol=1e-6)


@pytest.mark.parametrize(
    "text", ["no JSON", "[1]", '{"height_m": 3}', '{"structure_type": ["tank", "moon"]}', '{"height_m": [8.0, "high"]}']
)
def test_what_others_write_into_our_place_is_not_believed(text: str) -> None:
    shape = {"type": "circle", "center": [450_400.0, 3_447_700.0], "radius": 3.0}
    tank = Drawn(UUID(int=1), "structure", "T1", "储罐", shapely.Point(450_400, 3_447_700).buffer(3.0, 256), shape, None, 8.0, 0.0, 8.0)
    tank.attributes.update({"structure_type": "tank"})
    document = ezdxf.read(io.StringIO(export_drawing([tank], source_code=CODE, drawing_kind="A").content.decode()))
    (entity,) = document.modelspace().query("CIRCLE")
    entity.set_xdata(BESIDE, [(1000, text)])
    changed = io.StringIO()
    document.write(changed)
    (feature,) = plan_of(changed.getvalue().encode(), DRAWING.name, Options()).features
    assert (feature.height_m, feature.attributes["structure_type"], feature.qj_id) == (8.0, "tank", UUID(int=1))


def test_the_file_is_named_after_the_next_version(city: City) -> None:
    with looking(city.engine) as connection:
        name, done = hand_back(connection, CODE, "A", notes=False)
        assert done.features > 50
        assert name == f"{CODE}_A_v{drawing_version(connection, city.enterprise_id, 'A') + 1:02d}.dxf"
        with pytest.raises(Invalid, match="没有图种"):
            hand_back(connection, CODE, "E")
        with pytest.raises(Invalid, match="没有可画"):
            hand_back(connection, CODE, "D")
