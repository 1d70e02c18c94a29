"""CityGML that is written here clause by clause, and the exact volumes of what it says."""

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from api.cli import app
from gis.errors import Invalid
from models3d.preflight import preflight
from models3d.readers import citygml, cityjson

DATA = Path(__file__).parents[3] / "shared" / "data" / "3d" / "cityjson"
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="inputs of others are not here")
HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?><CityModel xmlns="http://www.opengis.net/citygml/{v}" xmlns:gml="http://www.opengis.net/gml" '
    'xmlns:bldg="http://www.opengis.net/citygml/building/{v}" xmlns:gen="http://www.opengis.net/citygml/generics/{v}" '
    'xmlns:xlink="http://www.w3.org/1999/xlink">{srs}'
)
ENVELOPE = '<gml:boundedBy><gml:Envelope srsName="{}" srsDimension="3"/></gml:boundedBy>'
E, N, Z = 452_300.0, 3_453_200.0, 300.0
CORNERS = [(E, N), (E + 12, N), (E + 12, N + 8), (E, N + 8)]
RIDGE = [(E, N + 4), (E + 12, N + 4)]
SIX = [(*at, Z) for at in CORNERS] + [(*at, Z + 6) for at in CORNERS] + [(*at, Z + 9) for at in RIDGE]
FACES = {
    "GroundSurface": [[3, 2, 1, 0]],
    "WallSurface": [[0, 1, 5, 4], [1, 2, 6, 9, 5], [2, 3, 7, 6], [3, 0, 4, 8, 7]],
    "RoofSurface": [[4, 5, 9, 8], [6, 7, 8, 9]],
}
VOLUME = 12 * 8 * 6 + 12 * 8 * 3 / 2


def positions(face: list[int], order: tuple[int, int, int] = (0, 1, 2)) -> str:
    return " ".join(f"{SIX[at][axis]:.3f}" for at in [*face, face[0]] for axis in order)


def polygon(face: list[int], key: str, **how: tuple[int, int, int]) -> str:
    ring = f"<gml:LinearRing><gml:posList>{positions(face, **how)}</gml:posList></gml:LinearRing>"
    return f'<gml:Polygon gml:id="{key}"><gml:exterior>{ring}</gml:exterior></gml:Polygon>'


def house(key: str, *, order: tuple[int, int, int] = (0, 1, 2), inner: str = "") -> str:
    surfaces, members = "", ""
    for name, faces in FACES.items():
        for number, face in enumerate(faces):
            own = f"{key}-{name}-{number}"
            shape = f"<gml:MultiSurface><gml:surfaceMember>{polygon(face, own, order=order)}</gml:surfaceMember></gml:MultiSurface>"
            surfaces += (
                f"<bldg:boundedBy><bldg:{name}><bldg:lod2MultiSurface>{shape}</bldg:lod2MultiSurface></bldg:{name}></bldg:boundedBy>"
            )
            members += f'<gml:surfaceMember xlink:href="#{own}"/>'
    solid = f"<gml:Solid><gml:exterior><gml:CompositeSurface>{members}</gml:CompositeSurface></gml:exterior></gml:Solid>"
    return (
        f'<cityObjectMember><bldg:Building gml:id="{key}"><gml:name>锅炉房</gml:name><bldg:measuredHeight uom="m">9</bldg:measuredHeight>'
        f'<gen:stringAttribute name="用途"><gen:value>生产</gen:value></gen:stringAttribute>'
        f"<bldg:lod2Solid>{solid}</bldg:lod2Solid>{surfaces}"
        f"{inner}</bldg:Building></cityObjectMember>"
    )


def model(*houses: str, version: str = "2.0", srs: str = "EPSG:4545") -> bytes:
    return (HEAD.format(v=version, srs=ENVELOPE.format(srs)) + "".join(houses) + "</CityModel>").encode()


@pytest.mark.parametrize("version", ["1.0", "2.0", "3.0"])
def test_a_solid_that_names_its_surfaces_keeps_what_they_are(version: str) -> None:
    report = preflight(citygml.read(model(house("a"), house("b"), version=version)))
    assert report.counts == {"read": 2, "taken": 2, "refused": 0}
    (one, _) = report.taken
    assert one.volume_m3 == pytest.approx(VOLUME, rel=1e-9)
    body = one.body
    assert (body.body_id, body.name, body.lod, body.solid) == ("a", "锅炉房", "2", True)
    assert body.attributes == {"measuredHeight": "9", "用途": "生产"}
    a, b, c = np.moveaxis(body.points[body.triangles], 1, 0)
    assert body.surface is not None
    normals = np.cross(b - a, c - a)
    areas = {name: float(np.linalg.norm(normals[body.surface == row], axis=1).sum() / 2) for row, name in enumerate(body.surfaces)}
    assert areas == pytest.approx({"GroundSurface": 96, "RoofSurface": 2 * 12 * 5, "WallSurface": 2 * 12 * 6 + 2 * (8 * 6 + 8 * 3 / 2)})
    assert (normals[body.surface == body.surfaces.index("RoofSurface"), 2] > 0).all()


def test_lod1_and_parts_and_what_has_no_solid() -> None:
    box = "".join(f"<gml:surfaceMember>{polygon(face, f'p{n}')}</gml:surfaceMember>" for n, face in enumerate(
        [[3, 2, 1, 0], [0, 1, 5, 4], [1, 2, 6, 5], [2, 3, 7, 6], [3, 0, 4, 7], [4, 5, 6, 7]]))  # fmt: skip
    solid = f"<gml:Solid><gml:exterior><gml:CompositeSurface>{box}</gml:CompositeSurface></gml:exterior></gml:Solid>"
    part = f'<bldg:BuildingPart gml:id="part"><bldg:lod1Solid>{solid}</bldg:lod1Solid></bldg:BuildingPart>'
    part = f"<bldg:consistsOfBuildingPart>{part}</bldg:consistsOfBuildingPart>"
    members = f"<gml:surfaceMember>{polygon([3, 2, 1, 0], 'f')}</gml:surfaceMember>"
    foot = f"<bldg:lod0FootPrint><gml:MultiSurface>{members}</gml:MultiSurface></bldg:lod0FootPrint>"
    plain = f'<cityObjectMember><bldg:Building gml:id="flat">{foot}</bldg:Building></cityObjectMember>'
    found = citygml.read(model(house("whole", inner=part), plain))
    assert [(body.body_id, body.parent, body.lod) for body in found.bodies] == [("whole", None, "2"), ("part", "whole", "1")]
    assert (found.read, found.epsg, found.ignored) == (2, 4545, {"投影、轮廓线，没有立体": 1})
    volumes = {one.body.body_id: one.volume_m3 for one in preflight(found).taken}
    assert volumes == pytest.approx({"whole": VOLUME, "part": 12 * 8 * 6})


@pytest.mark.parametrize(
    "srs", ["urn:ogc:def:crs:EPSG::4545", "http://www.opengis.net/def/crs/EPSG/0/4545", "urn:ogc:def:crs,crs:EPSG::4545,crs:EPSG::5737"]
)
def test_axes_are_those_of_the_authority_where_the_name_says_so(srs: str) -> None:
    found = citygml.read(model(house("a", order=(1, 0, 2)), srs=srs))
    (one,) = preflight(found).taken
    assert one.volume_m3 == pytest.approx(VOLUME, rel=1e-9)
    np.testing.assert_allclose(one.body.points.min(axis=0), [E, N, Z], atol=1e-6)


def test_one_bad_building_leaves_the_others() -> None:
    lost = house("lost").replace("#lost-RoofSurface-1", "#elsewhere")
    odd = house("odd").replace(positions(FACES["RoofSurface"][0]), "1 2 3 4")
    report = preflight(citygml.read(model(house("a"), lost, odd, house("b"))))
    assert [one.body.body_id for one in report.taken] == ["a", "b"]
    assert {(issue.code, issue.place.handle) for issue in report.issues} == {("E902", "lost"), ("E902", "odd")}


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"<x/>", "命名空间"),
        (model().replace(b"<CityModel", b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;&a;">]><CityModel'), "DOCTYPE"),
        (model().replace(b"<CityModel", b'<!DOCTYPE x SYSTEM "file:///etc/passwd"><CityModel'), "DOCTYPE"),
        (model().replace(b"</CityModel>", b"<a>" * 300 + b"</a>" * 300 + b"</CityModel>"), "嵌套"),
        (model(house("a"))[:-40], "不是 XML"),
        (model(), "没有建筑"),
    ],
)
def test_what_is_not_read_is_said(data: bytes, said: str) -> None:
    with pytest.raises(Invalid, match=said):
        citygml.read(data)


@needs_data
def test_a_city_of_others_is_the_same_from_both_forms() -> None:
    document = json.loads((DATA / "citygml4j_lod2_buildings_v2.json").read_bytes())
    points = np.array(document["vertices"]) * document["transform"]["scale"] + document["transform"]["translate"]
    written = ""
    for key, one in document["CityObjects"].items():
        for geometry in (one for one in one["geometry"] if one["type"] == "Solid"):
            members = ""
            for face in (face for shell in geometry["boundaries"] for face in shell):
                rings = "".join(
                    f"<gml:{side}><gml:LinearRing><gml:posList>{' '.join(map(repr, points[[*ring, ring[0]]].ravel().tolist()))}"
                    f"</gml:posList></gml:LinearRing></gml:{side}>"
                    for side, ring in zip(["exterior", *["interior"] * (len(face) - 1)], face, strict=True)
                )
                members += f"<gml:surfaceMember><gml:Polygon>{rings}</gml:Polygon></gml:surfaceMember>"
            shape = f"<gml:Solid><gml:exterior><gml:CompositeSurface>{members}</gml:CompositeSurface></gml:exterior></gml:Solid>"
            lod2 = f"<bldg:lod2Solid>{shape}</bldg:lod2Solid>"
            written += f'<cityObjectMember><bldg:Building gml:id="{key}">{lod2}</bldg:Building></cityObjectMember>'
    mine = {one.body.body_id: one.volume_m3 for one in preflight(citygml.read(model(written))).taken}
    theirs = {
        one.body.body_id: one.volume_m3
        for one in preflight(cityjson.read((DATA / "citygml4j_lod2_buildings_v2.json").read_bytes())).taken
        if one.body.solid
    }
    assert mine == pytest.approx(theirs, rel=1e-6)
    assert mine


def test_the_command_reads_it(tmp_path: Path) -> None:
    path = tmp_path / "plant.gml"
    path.write_bytes(model(house("a")))
    answer = CliRunner().invoke(app, ["model", "check", str(path), "--json"])
    assert answer.exit_code == 0, answer.output
