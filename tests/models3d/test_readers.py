"""What others wrote goes in whole: every object, with a volume that was found in another way."""

import json
from pathlib import Path

import ifcopenshell
import ifcopenshell.geom
import ifcopenshell.util.shape
import numpy as np
import pytest
import shapely
from pyproj import Geod

from gis.errors import Invalid
from models3d.preflight import preflight
from models3d.readers import cityjson, ewkt, gltf, ifc, obj
from models3d.readers.faces import cut

DATA = Path(__file__).parents[3] / "shared" / "data" / "3d"
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="inputs of others are not here")


def vector(points, ring):
    after = np.roll(points[ring], -1, axis=0)
    return np.cross(points[ring] - points[ring[0]], after - points[ring[0]]).sum(axis=0) / 2


def exact_volumes(document):
    """The divergence theorem face by face, from the document itself: no triangle is made."""
    transform = document["transform"]
    points = np.array(document["vertices"]) * transform["scale"] + transform["translate"]
    found = {}
    for key, one in document["CityObjects"].items():
        for geometry in one["geometry"]:
            if geometry["type"] != "Solid":
                continue
            rings = [np.array(ring) for shell in geometry["boundaries"] for face in shell for ring in face]
            faces = [[np.array(ring) for ring in face] for shell in geometry["boundaries"] for face in shell]
            # From a point at the foot: a floor that is missing adds nothing.
            foot = points[np.concatenate(rings)].min(axis=0)
            found[key, geometry["lod"]] = sum(
                float((points[face[0][0]] - foot) @ sum(vector(points, ring) for ring in face)) / 3 for face in faces
            )
    return found


@needs_data
@pytest.mark.parametrize("name", ["citygml4j_lod2_buildings_v2", "delft", "multi_lod", "rotterdam_subset"])
def test_cityjson_of_others_goes_in_whole(name):
    data = (DATA / "cityjson" / f"{name}.json").read_bytes()
    document = json.loads(data)
    report = preflight(cityjson.read(data))
    assert report.counts == {"read": len(document["CityObjects"]), "taken": len(document["CityObjects"]), "refused": 0}
    volumes = {(one.body.body_id, one.body.lod): one.volume_m3 for one in report.checked if one.body.solid}
    exact = exact_volumes(document)
    assert volumes.keys() == exact.keys()
    for key, volume in volumes.items():
        assert volume == pytest.approx(exact[key], rel=1e-3), key


@needs_data
def test_semantics_colours_and_levels_of_detail_are_kept():
    model = cityjson.read((DATA / "cityjson" / "multi_lod.json").read_bytes())
    assert {body.lod for body in model.bodies} == {"1.2", "1.3", "2.2"}
    fine = [body for body in model.bodies if body.lod == "2.2"]
    assert all({"RoofSurface", "WallSurface", "GroundSurface"} <= set(body.surfaces) for body in fine)
    for body in fine:
        a, b, c = np.moveaxis(body.points[body.triangles[body.surface == body.surfaces.index("GroundSurface")]], 1, 0)
        assert (np.cross(b - a, c - a)[:, 2] < 0).all()


@needs_data
@pytest.mark.parametrize("name", ["SimpleWall", "ManySimpleWalls"])
def test_ifc_of_others_goes_in_whole(name):
    path = DATA / "ifc" / f"{name}.ifc"
    report = preflight(ifc.read(path.read_bytes()))
    file, settings = ifcopenshell.open(path), ifcopenshell.geom.settings()
    things = [one for one in file.by_type("IfcProduct") if one.Representation and not one.is_a("IfcOpeningElement")]
    assert report.counts == {"read": len(things), "taken": len(things), "refused": 0}
    volumes = {one.body.body_id: one.volume_m3 for one in report.checked}
    for thing in things:
        shape = ifcopenshell.geom.create_shape(settings, thing)
        assert volumes[thing.GlobalId] == pytest.approx(ifcopenshell.util.shape.get_volume(shape.geometry), rel=1e-3)


@needs_data
def test_postgis_solids_of_others_go_in_whole():
    text = (DATA / "postgis" / "delaware_buildings.sql").read_text()
    report = preflight(ewkt.read(text.encode()))
    prisms = {}
    for line in text.splitlines():
        if "SRID=4326;POLYGON" in line:
            key, height, rest = line.strip().lstrip("(").split(",", 2)
            footprint = shapely.from_wkt(rest.split("SRID=4326;", 1)[1].split("'", 1)[0])
            area, _ = Geod(ellps="GRS80").geometry_area_perimeter(footprint)
            prisms[key] = abs(area) * float(height)
    assert report.counts == {"read": len(prisms), "taken": len(prisms), "refused": 0}
    wrong = [one.body.body_id for one in report.checked if one.volume_m3 != pytest.approx(prisms[one.body.body_id], rel=1e-3)]
    assert wrong == []


def test_a_face_keeps_the_vertices_on_its_straight_sides():
    points = np.array([[0, 0, 0], [1, 0, 0], [2, 0, 0], [2, 1, 0], [2, 2, 0], [0, 2, 0], [0, 1.5, 0], [0, 1, 0]], float)
    triangles = cut(points, [list(range(8))])
    assert {corner for triangle in triangles for corner in triangle} == set(range(8))
    a, b, c = np.moveaxis(points[np.array(triangles)], 1, 0)
    areas = np.cross(b - a, c - a)[:, 2] / 2
    assert (areas > 0).all()
    assert areas.sum() == pytest.approx(4)


CUBE = [[x, y, z] for z in (0, 1) for y in (0, 1) for x in (0, 1)]
QUADS = [[0, 2, 3, 1], [4, 5, 7, 6], [0, 1, 5, 4], [1, 3, 7, 5], [3, 2, 6, 7], [2, 0, 4, 6]]


def test_obj_has_polygons_groups_negative_rows_and_colours():
    lines = [f"v {x} {y} {z} 1 0 0" for x, y, z in CUBE]
    lines += ["o 罐"] + ["f " + " ".join(f"{at + 1}//1" for at in quad) for quad in QUADS[:3]]
    lines += ["f " + " ".join(str(at - 8) for at in quad) for quad in QUADS[3:]] + ["o 坏", "f 1 2 99"]
    report = preflight(obj.read("\n".join(lines).encode()))
    (one,) = report.taken
    assert (one.body.body_id, one.closed, one.volume_m3) == ("罐", True, pytest.approx(1))
    assert one.body.colours.tolist()[0] == [255, 0, 0]
    assert report.counts == {"read": 2, "taken": 1, "refused": 1}
    assert [(issue.code, issue.place.handle) for issue in report.issues] == [("E902", "坏")]


def instance():
    template = {"type": "Solid", "lod": "2", "boundaries": [[[quad] for quad in QUADS]]}
    matrix = [2, 0, 0, 10, 0, 2, 0, 20, 0, 0, 2, 30, 0, 0, 0, 1]
    return {
        "type": "CityJSON",
        "version": "1.0",
        "vertices": [[100, 200, 0]],
        "geometry-templates": {"templates": [template], "vertices-templates": CUBE},
        "CityObjects": {
            "树": {
                "type": "SolitaryVegetationObject",
                "geometry": [{"type": "GeometryInstance", "template": 0, "boundaries": [0], "transformationMatrix": matrix}],
            }
        },
    }


def test_cityjson_templates_stand_where_their_instances_do():
    (body,) = cityjson.read(json.dumps(instance()).encode()).bodies
    assert (body.points.min(axis=0).tolist(), body.points.max(axis=0).tolist()) == ([110, 220, 30], [112, 222, 32])
    assert body.lod == "2"


def test_cityjson_lines_are_one_model():
    head = {
        "type": "CityJSON",
        "version": "2.0",
        "transform": {"scale": [0.5] * 3, "translate": [1, 1, 1]},
        "CityObjects": {},
        "vertices": [],
    }
    feature = {"type": "CityJSONFeature", "id": "a", "vertices": CUBE}
    solid = {"type": "Solid", "lod": "1", "boundaries": [[[quad] for quad in QUADS]]}
    lines = [head] + [{**feature, "CityObjects": {key: {"type": "Building", "geometry": [solid]}}} for key in "ab"]
    report = preflight(cityjson.read("\n".join(json.dumps(line) for line in lines).encode()))
    assert [(one.body.body_id, one.volume_m3) for one in report.taken] == [("a", pytest.approx(0.125)), ("b", pytest.approx(0.125))]


@pytest.mark.parametrize(
    ("reader", "data"),
    [(cityjson, b"{}"), (cityjson, b"\xff"), (obj, b""), (gltf, b"glTF\2\0\0\0"), (gltf, b"{}"), (ifc, b"no"), (ewkt, b"POINT(1 2)")],
)
def test_what_is_no_model_is_said_to_be_none(reader, data):
    with pytest.raises(Invalid):
        reader.read(data)
