"""A detailed model stands for a feature: in its place, under its id, until it is taken off."""

import asyncio

import numpy as np
import psycopg
import pytest
import shapely
from city import found_city
from psycopg import AsyncConnection

from gis.crs import flat_to_lonlat, lonlat_to_enu, lonlat_to_xy
from gis.errors import Invalid, NotFound
from gis.ground import ConstantGround
from gis.models.detailed import packed, unpacked
from gis.models.feature import Feature
from gis.store import detailed
from gis.store.connect import Actor, writing_plainly
from models3d.detailed import prepared, solid
from tiles.attach import Wish, attach_model
from tiles.attaching import by_points
from tiles.bake import Bakery, bake_dirty
from tiles.check import check
from tiles.glb import read
from tiles.metadata import schema
from tiles.model_file import checked
from tiles.store import FolderTileStore

ORIGIN = (107.5, 31.2)
CORNERS = np.array([[0, 0], [20, 0], [20, 10], [0, 10]], float)


def obj(height=6.0, unit=1.0):
    rows = [[x, y, z] for z in (3.0, 3.0 + height) for x, y in CORNERS]
    quads = [[4, 3, 2, 1], [5, 6, 7, 8], [1, 2, 6, 5], [2, 3, 7, 6], [3, 4, 8, 7], [4, 1, 5, 8]]
    lines = [f"v {x / unit} {y / unit} {z / unit}" for x, y, z in rows]
    return "\n".join([*lines, *("f " + " ".join(map(str, quad)) for quad in quads)]).encode()


def turned(degrees=30.0):
    """Where the corners of the building lie, EPSG:4545."""
    angle = np.radians(degrees)
    axes = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return CORNERS @ axes.T + lonlat_to_xy(np.array([ORIGIN]))[0]


@pytest.mark.parametrize("unit", [1.0, 0.001])
def test_control_points_bring_metres_and_millimetres_to_the_same_place(unit):
    report = checked(obj(unit=unit), "a.obj")
    bodies = [one.body for one in report.taken]
    found = by_points(list("abc"), CORNERS[:3] / unit, turned()[:3], 3.0 / unit, 0.5)
    model = unpacked(packed(prepared(bodies, found.place)))
    assert found.said["rms_m"] < 1e-6
    assert [issue.code for issue in found.issues] == ([] if unit == 1.0 else ["W910"])
    assert model.points[:, 2].min() == pytest.approx(0.5, abs=1e-9)
    assert model.points[:, 2].max() == pytest.approx(6.5, abs=1e-9)

    feature = Feature(None, "building", None, None, "", shapely.Point(ORIGIN))  # type: ignore[arg-type]
    mesh = solid(feature, model, (*ORIGIN, 300.0), ConstantGround(320.0)).mesh
    assert mesh.positions[:, 2].min() == pytest.approx(20.5, abs=1e-3)
    # The grid is 28 ppm larger than the ground here.
    across = max(np.linalg.norm(mesh.positions - one, axis=1).max() for one in mesh.positions)
    assert across == pytest.approx(np.linalg.norm([20, 10, 6]), rel=4e-5)
    middle = mesh.positions[:, :2].mean(axis=0)
    there = flat_to_lonlat(middle[None], ORIGIN)
    assert np.linalg.norm(lonlat_to_xy(there)[0] - turned().mean(axis=0)) < 0.01


def test_metres_on_the_ellipsoid_go_back_to_degrees():
    xy = np.array([[0.0, 0.0], [3000.0, -4000.0], [-9000.0, 2500.0]])
    back = lonlat_to_enu(np.column_stack([flat_to_lonlat(xy, ORIGIN), np.zeros(3)]), (*ORIGIN, 0.0))
    assert np.abs(back[:, :2] - xy).max() < 1e-6


def test_points_that_do_not_fit_are_refused_with_their_residuals():
    with pytest.raises(Invalid, match="P0"):
        by_points(["P0", "P1", "P2"], CORNERS[:3], turned()[:3] + np.array([[3, 0], [0, 0], [0, 0]]), 0.0, 0.0)
    with pytest.raises(Invalid, match="比例"):
        by_points(["P0", "P1"], CORNERS[:2], turned()[:2] * 1.3, 0.0, 0.0)
    with pytest.raises(Invalid, match="两个"):
        by_points(["P0"], CORNERS[:1], turned()[:1], 0.0, 0.0)


def plant(city):
    """The city's building of which most is known, its id and where it lies."""
    ((feature_id, lon, lat),) = city.rows(
        "SELECT feature_id, ST_X(ST_Centroid(geom)), ST_Y(ST_Centroid(geom)) FROM buildings ORDER BY feature_id LIMIT 1"
    )
    return feature_id, lonlat_to_xy(np.array([[lon, lat]]))[0]


def at(place):
    rows = [f"P{i},{x},{y},{place[0] + x},{place[1] + y}" for i, (x, y) in enumerate(CORNERS.tolist())]
    return "\n".join(["name,x,y,E,N", *rows])


def attach(city, file, wish):
    with writing_plainly(city.url, Actor("建模员", "竣工", "test")) as connection:
        return attach_model(connection, file, wish)


def rows_of(bakery, city, feature_id):
    """All that the current tiles say of a feature at their finest."""
    ((version,),) = city.rows("SELECT version FROM tilesets WHERE enterprise_id = %s", city.enterprise_id)
    folder = bakery.store.root / str(city.enterprise_id) / version
    found = []
    for path in sorted(folder.glob("cells/*.glb")):
        surface, rows = read(path.read_bytes(), schema())
        for row, values in enumerate(rows):
            if bytes(values["feature_id"]) == feature_id.bytes:
                own = surface.feature_ids == row
                found.append((values, surface.positions[own], int(np.isin(surface.triangles[:, 0], np.flatnonzero(own)).sum())))
    return folder, found


def test_a_model_takes_the_place_of_the_standard_solid_and_gives_it_back(database, tmp_path):
    city = found_city(database.owner)
    bakery = Bakery(FolderTileStore(tmp_path / "tiles3d"), ConstantGround())

    async def bake():
        async with await AsyncConnection.connect(city.url, autocommit=True) as connection:
            return await bake_dirty(connection, bakery)

    feature_id, place = plant(city)
    assert asyncio.run(bake()) == 1
    _, ((before, _, _),) = rows_of(bakery, city, feature_id)

    file = tmp_path / "厂房.obj"
    file.write_bytes(obj(height=61.0))
    done = attach(city, file, Wish(str(feature_id), gcp=at(place), ground_m=3.0))
    assert (done.version, done.counts["triangles"], done.counts["volume_m3"]) == (1, 12, pytest.approx(12_200))
    assert asyncio.run(bake()) == 1
    folder, ((after, positions, triangles),) = rows_of(bakery, city, feature_id)
    assert check(folder) == []
    assert triangles == 12
    assert np.ptp(positions[:, 2]) == pytest.approx(61, abs=0.02)
    assert {name: value for name, value in after.items() if name != "z_max_m"} == {n: v for n, v in before.items() if n != "z_max_m"}
    ((layer, op),) = city.rows("SELECT layer, op FROM change_log WHERE layer = 'detailed_models'")
    assert (layer, op) == ("detailed_models", "update")

    file.write_bytes(obj(height=30.0))
    assert attach(city, file, Wish(str(feature_id), gcp=at(place))).version == 2
    with writing_plainly(city.url, Actor("建模员", "拆除", "test")) as connection:
        assert detailed.detach(connection, feature_id) == 2
        with pytest.raises(NotFound):
            detailed.detach(connection, feature_id)
    asyncio.run(bake())
    assert rows_of(bakery, city, feature_id)[0] != folder
    ((last, _, _),) = rows_of(bakery, city, feature_id)[1]
    assert last == before
    with psycopg.connect(city.url) as connection:
        assert detailed.listed(connection) == []
        assert [(one.version, one.author, one.placement["method"]) for one in detailed.listed(connection, all_=True)] == [
            (1, "建模员", "gcp"),
            (2, "建模员", "gcp"),
        ]
    assert len(city.rows("SELECT sha256 FROM model_files")) == 2


def test_a_model_that_lies_elsewhere_or_nowhere_is_not_attached(database, tmp_path):
    city = found_city(database.owner)
    feature_id, place = plant(city)
    file = tmp_path / "a.obj"
    file.write_bytes(obj())
    for wish, said in (
        (Wish(str(feature_id), gcp=at(place + 500)), "离要素"),
        (Wish(str(feature_id)), "坐标系"),
        (Wish(str(feature_id), crs="EPSG:4545"), "E908"),
        (Wish(str(feature_id), gcp="name,x,y\n"), "表头"),
        (Wish(str(feature_id), gcp="".join(at(place).splitlines(keepends=True)[:2])), "E911"),
        (Wish(str(feature_id), gcp=at(place), objects=("x",)), "没有这些对象"),
        (Wish(str(feature_id), gcp=at(place), lod="3"), "LoD"),
    ):
        with pytest.raises(Invalid, match=said):
            attach(city, file, wish)
    with pytest.raises(NotFound):
        attach(city, file, Wish("x/y", gcp=at(place)))
    file.write_bytes(b"nothing")
    with pytest.raises(Invalid):
        attach(city, file, Wish(str(feature_id), gcp=at(place)))
    assert city.rows("SELECT version FROM detailed_models") == []
