"""Identity of what is drawn, without a database: what is stored is what an earlier drawing gave."""

import math
import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import ezdxf
import numpy as np
import pytest
import shapely
from ezdxf.entities import DXFEntity
from other_program import gdal_rewrite, rewrite
from shapely.geometry.base import BaseGeometry

from gis.crs import xy_to_lonlat
from gis.geometry.curves import arc_points, circle_points, ellipse_points, polyline_points
from gis.models.plan import PlanFeature, PlanSource
from gis.store.bulk import json_of
from gis.store.identity import Identified, identify, new_id
from gis.store.known import HEIGHTS
from gis.store.spots import ATTRIBUTES, Known, compared, said, stays

X, Y = 452_000.125, 3_451_000.375
LAYERS = {
    "BLDG": ("building", {}),
    "TANK": ("structure", {"structure_type": "tank"}),
    "PIPE": ("pipe", {"medium": "rain"}),
    "KERB": ("road", {"road_type": "kerb"}),
    "ELEV": ("elevation_point", {"elevation_m": 300.0}),
}


def feature(kind: str, xy: BaseGeometry, handle: str = "1", **rest: Any) -> PlanFeature:
    geom = shapely.transform(xy, xy_to_lonlat)
    return PlanFeature(
        kind, rest.pop("code", None), rest.pop("name", ""), geom, xy, rest.pop("shape", None), PlanSource(handle, "L"), **rest
    )


def stored(features: Sequence[PlanFeature], ids: Sequence[UUID], **rest: Any) -> list[Known]:
    return [
        Known(
            id_,
            one.kind,
            one.code,
            shape,
            frozenset([one.source.handle]),
            rest.get("closed", False),
            one.name,
            dict.fromkeys(("name", *HEIGHTS, *ATTRIBUTES[one.kind])) | said(one),
            json_of(one.shape),
        )
        for id_, one, shape in zip(ids, features, compared(features), strict=True)
    ]


def run(features: Sequence[PlanFeature], known: Sequence[Known] = ()) -> Identified:
    return identify(features, known, source_code="91511703MADEMA000P001P", drawing_kind="A", file="x.dxf")


def ids_of(features: Sequence[PlanFeature]) -> list[UUID]:
    return [id_ for id_ in run(features).ids if id_ is not None]


def shuffled(features: Sequence[PlanFeature], seed: int = 1) -> list[PlanFeature]:
    """Return features in another order, under handles that the others had."""
    order = list(features)
    random.Random(seed).shuffle(order)  # noqa: S311 — order, not secrecy
    return [replace(one, source=replace(one.source, handle=other.source.handle)) for one, other in zip(order, features, strict=True)]


# A drawing of no norm, read by layer, as another program may have saved it.


def survey(path: Path) -> None:
    document = ezdxf.new("R2010", units=6)
    space = document.modelspace()
    for index in range(12):
        space.add_circle((X + index * 16, Y + 10), 7.5, dxfattribs={"layer": "TANK"})
        # Twins: one tank drawn twice.
        space.add_circle((X + index * 16, Y + 40), 5, dxfattribs={"layer": "TANK"})
        space.add_circle((X + index * 16, Y + 40), 5, dxfattribs={"layer": "TANK"})
        # A dike round a tank, its middle the same.
        space.add_circle((X + index * 16, Y + 10), 6.5, dxfattribs={"layer": "TANK"})
        left = X + index * 30
        bulged = [(left, Y + 100, 0, 0, 0.4), (left + 20, Y + 100), (left + 20, Y + 108, 0, 0, -0.2), (left, Y + 108)]
        space.add_lwpolyline(bulged, close=True, dxfattribs={"layer": "BLDG"})
        straight = [(left, Y + 120), (left + 20, Y + 120), (left + 20, Y + 128), (left, Y + 128)]
        space.add_lwpolyline(straight, close=True, dxfattribs={"layer": "BLDG"})
        space.add_lwpolyline([(left, Y + 150, 0, 0, 0.3), (left + 20, Y + 150), (left + 20, Y + 158)], dxfattribs={"layer": "PIPE"})
        # A cross: two lines in one box.
        space.add_line((left, Y + 170), (left + 2, Y + 172), dxfattribs={"layer": "PIPE"})
        space.add_line((left, Y + 172), (left + 2, Y + 170), dxfattribs={"layer": "PIPE"})
        space.add_arc((left, Y + 200), 9, 10, 95, dxfattribs={"layer": "KERB"})
        space.add_ellipse((left, Y + 240), (8, 3), 0.4, dxfattribs={"layer": "BLDG"})
    for column in range(30):
        for row in range(30):
            space.add_point((X + column * 0.5, Y + 300 + row * 0.7), dxfattribs={"layer": "ELEV"})
    document.saveas(path)


def _line(entity: DXFEntity) -> tuple[np.ndarray, bool, dict[str, Any] | None]:
    """Return an entity's line, whether it is closed, and its native shape."""
    dxf = entity.dxf
    match entity.dxftype():
        case "CIRCLE":
            center = (dxf.center.x, dxf.center.y)
            return circle_points(center, dxf.radius), True, {"type": "circle", "center": center, "radius": dxf.radius}
        case "ELLIPSE":
            center, axis = (dxf.center.x, dxf.center.y), (dxf.major_axis.x, dxf.major_axis.y)
            native = {"type": "ellipse", "center": center, "major_axis": axis, "ratio": dxf.ratio}
            return ellipse_points(center, axis, dxf.ratio), True, native
        case "ARC":
            sweep = math.radians((dxf.end_angle - dxf.start_angle) % 360)
            line = arc_points((dxf.center.x, dxf.center.y), dxf.radius, math.radians(dxf.start_angle), sweep)
            native = {"type": "lwpolyline", "points": [[*line[0], math.tan(sweep / 4)], [*line[-1], 0.0]], "closed": False}
            return line, False, native
        case "LINE":
            line = np.array([dxf.start.xyz[:2], dxf.end.xyz[:2]])
            return line, False, {"type": "lwpolyline", "points": [[*point, 0.0] for point in line.tolist()], "closed": False}
        case "LWPOLYLINE":
            points = np.array(entity.get_points("xyb"), dtype=float)  # type: ignore[attr-defined]
            closed = bool(entity.closed) or bool(np.abs(points[0] - points[-1])[:2].max() < 1e-6)  # type: ignore[attr-defined]
            native = {"type": "lwpolyline", "points": points.tolist(), "closed": closed}
            return polyline_points(points, closed=closed), closed, native
    return np.array([dxf.location.xyz[:2]]), False, None


def read(path: Path, layers: dict[str, str]) -> list[PlanFeature]:
    """Read a survey; `layers` says which layer of it was which."""
    features = []
    for entity in ezdxf.readfile(path).modelspace():
        kind, attributes = LAYERS[layers.get(entity.dxf.layer, entity.dxf.layer)]
        line, closed, native = _line(entity)
        shape = shapely.Point(line[0]) if native is None else shapely.Polygon(line) if closed else shapely.LineString(line)
        features.append(feature(kind, shape, entity.dxf.handle, shape=native, attributes=attributes))
    return features


def by_ezdxf(source: Path, target: Path) -> None:
    rewrite(source, target, seed=3)


def renamed(source: Path, target: Path) -> None:
    rewrite(source, target, seed=4)
    document = ezdxf.readfile(target)
    for entity in document.modelspace().query('*[layer=="BLDG"]'):
        entity.dxf.layer = "建筑"
    document.saveas(target)


@pytest.mark.parametrize("save", [by_ezdxf, renamed, gdal_rewrite], ids=["ezdxf", "renamed layer", "gdal"])
def test_after_re_saving_everything_is_what_it_was(save: Callable[[Path, Path], None], tmp_path: Path) -> None:
    first, second = tmp_path / "first.dxf", tmp_path / "second.dxf"
    survey(first)
    save(first, second)
    old, new = read(first, {}), read(second, {"建筑": "BLDG"})
    known = stored(old, ids_of(old))
    found = run(new, known)
    assert found.issues == ()
    assert sorted(str(id_) for id_ in found.ids) == sorted(str(one.feature_id) for one in known)
    by_id = {one.feature_id: one for one in known}
    met = [by_id[id_] for id_ in found.ids if id_]
    drawn = np.array([one.drawn for one in met], dtype=object)
    assert all(stays(met, drawn, compared(new)))
    assert [one.kind for one in met] == [one.kind for one in new]


# Single cases.

HOUSE = shapely.box(X, Y, X + 20, Y + 10)


def moved(shape: BaseGeometry, dx: float, dy: float = 0.0) -> BaseGeometry:
    return shapely.transform(shape, lambda xy: xy + np.array([dx, dy]))


def tank(x: float, handle: str, **rest: Any) -> PlanFeature:
    return feature("structure", shapely.Point(X + x, Y).buffer(5), handle, attributes={"structure_type": "tank"}, **rest)


def test_the_same_code_is_the_same_thing_wherever_it_stands() -> None:
    old = [tank(0, "1", code="T01")]
    assert run([tank(500, "2", code="T01")], stored(old, ids_of(old))).ids == tuple(ids_of(old))


def test_another_code_is_another_thing_even_on_the_spot() -> None:
    old = [tank(0, "1", code="T01")]
    found = run([tank(0, "1", code="T02")], stored(old, ids_of(old)))
    assert found.issues == ()
    assert found.ids != tuple(ids_of(old))


def test_a_handle_decides_between_two_neighbours() -> None:
    old = [feature("building", HOUSE, "1"), feature("building", moved(HOUSE, 3), "2")]
    new = [feature("building", moved(HOUSE, 1.5, 1), "2"), feature("building", moved(HOUSE, 1.5, -1), "1")]
    assert run(new, stored(old, ids_of(old))).ids == tuple(reversed(ids_of(old)))


def test_a_handle_of_a_part_of_an_outline_is_its_handle() -> None:
    old = [feature("building", HOUSE, "1"), feature("building", moved(HOUSE, 3), "2")]
    parts = [replace(one.source, handle=handle, handles=(handle, one.source.handle)) for one, handle in zip(old, "89", strict=True)]
    shapes = moved(HOUSE, 1.5, 1), moved(HOUSE, 1.5, -1)
    new = [replace(one, xy=xy, source=source) for one, xy, source in zip(old, shapes, parts, strict=True)]
    assert run(new, stored(old, ids_of(old))).ids == tuple(ids_of(old))


def test_ambiguity_names_both_candidates_and_their_places() -> None:
    old = [feature("building", moved(HOUSE, 0, dy), str(dy), name=name) for dy, name in ((-1, "甲栋"), (1, "乙栋"))]
    (issue,) = run([feature("building", HOUSE, "9", name="某栋")], stored(old, ids_of(old))).issues
    assert issue.code == "E210"
    for one, id_ in zip(old, ids_of(old), strict=True):
        assert f"“{one.name}”（编号 无，标识 {id_.hex[:8]}，位于 {X + 10:.2f}, {Y + 5 + float(one.source.handle):.2f}）" in issue.message
    assert issue.place.handle == "9"


def test_two_drawn_for_one_stored_name_each_other() -> None:
    old = [feature("building", HOUSE, "1", name="甲栋")]
    new = [feature("building", moved(HOUSE, 0, dy), handle, name=handle) for dy, handle in ((-1, "A8"), (1, "A9"))]
    one, other = run(new, stored(old, ids_of(old))).issues
    assert "甲栋" in one.message
    assert "句柄 A9" in one.message
    assert "句柄 A8" in other.message


def test_two_drawn_with_one_id_name_each_other() -> None:
    old = [feature("building", HOUSE, "1", name="甲栋")]
    (id_,) = ids_of(old)
    new = [feature("building", moved(HOUSE, 50 * index), str(index), qj_id=id_) for index in range(2)]
    (issue,) = run(new, stored(old, [id_])).issues
    assert "句柄 0" in issue.message
    assert "甲栋" in issue.message


def test_a_copy_on_top_is_a_second_thing_and_takes_nothing_from_the_first() -> None:
    old = [tank(0, "1")]
    found = run([tank(0, "2"), tank(0, "1")], stored(old, ids_of(old)))
    assert found.issues == ()
    assert found.ids[1] == ids_of(old)[0]
    assert found.ids[0] not in ids_of(old)


def test_twins_are_told_apart_by_what_is_said_of_them() -> None:
    old = [tank(0, "1", name="甲"), tank(0, "2", name="乙"), tank(0, "3"), tank(0, "4")]
    new = shuffled(old)
    found = run(new, stored(old, ids_of(old)))
    assert found.issues == ()
    assert set(found.ids) == set(ids_of(old))
    names = dict(zip(ids_of(old), (one.name for one in old), strict=True))
    assert [names[id_] for id_ in found.ids if id_] == [one.name for one in new]


def test_points_that_stay_are_never_ambiguous_and_one_that_is_valued_anew_stays_itself() -> None:
    old = [
        feature("elevation_point", shapely.Point(X + c * 0.5, Y + r * 0.5), f"{c}-{r}", attributes={"elevation_m": float(c)})
        for c in range(40)
        for r in range(40)
    ]
    new = shuffled(old)
    new[7] = replace(new[7], attributes={"elevation_m": -1.0})
    found = run(new, stored(old, ids_of(old)))
    assert found.issues == ()
    places = dict(zip(ids_of(old), (one.xy.wkb for one in old), strict=True))
    assert [places[id_] for id_ in found.ids if id_] == [one.xy.wkb for one in new]


def test_a_turned_pipe_is_the_same_pipe_and_a_turned_kerb_has_not_changed() -> None:
    line = shapely.LineString([(X, Y), (X + 30, Y), (X + 30, Y + 8)])
    for kind, attributes, same in (("pipe", {"medium": "rain"}, False), ("road", {"road_type": "kerb"}, True)):
        old = [feature(kind, line, "1", attributes=attributes)]
        new = [feature(kind, line.reverse(), "2", attributes=attributes)]
        known = stored(old, ids_of(old))
        assert run(new, known).ids == tuple(ids_of(old))
        assert stays(known, compared(old), compared(new)) == [same]


def test_a_longer_pipe_is_the_same_pipe_and_a_parallel_one_is_not() -> None:
    old = [feature("pipe", shapely.LineString([(X, Y), (X + 30, Y)]), "1")]
    known = stored(old, ids_of(old))
    longer = shapely.LineString([(X, Y), (X + 30, Y), (X + 55, Y)])
    assert run([feature("pipe", longer, "2")], known).ids == tuple(ids_of(old))
    assert run([feature("pipe", moved(longer, 0, 6), "2")], known).ids != tuple(ids_of(old))


def test_what_was_closed_and_is_drawn_again_on_its_spot_comes_back() -> None:
    old = [tank(0, "1")]
    assert run([tank(0, "7")], stored(old, ids_of(old), closed=True)).ids == tuple(ids_of(old))
    assert run([tank(1, "1")], stored(old, ids_of(old), closed=True)).ids != tuple(ids_of(old))


def test_a_new_id_never_takes_one_that_is_taken() -> None:
    one = tank(0, "1")
    first = new_id("s", "A", one, set())
    assert new_id("s", "A", one, {first}) != first
    assert len(set(ids_of([one, one, one]))) == 3
