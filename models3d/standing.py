"""Which part of the kit stands on an outline: a tank on a circle, a gabled house on a rectangle; else nothing, and a prism does."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from gis.models.feature import Feature
from models3d.kit.clarifier import Clarifier
from models3d.kit.column import Column
from models3d.kit.cooling_tower import CoolingTower
from models3d.kit.fixed_roof_tank import FixedRoofTank
from models3d.kit.house import House
from models3d.kit.piece import Detail, Part, Piece
from models3d.kit.roof import Slope, slopes
from models3d.kit.silo import Silo
from models3d.kit.stack import Stack
from models3d.mesh import Mesh, about_z, concatenate, lean, translate, turn
from models3d.parts.prism import prism
from styles.tokens import Rgb, part_colour, scene_colour

DETAIL: Detail = 1
"""What tiles show from beside: fittings of a hand's width would weigh more than all the rest."""
ROUND = 0.97
"""An outline that fills so much of the circle around it is one: a polygon of 15 corners and more."""
SQUARE = 0.999
"""An outline that fills so much of the upright rectangle around it is one."""
SLENDER = 2.5
"""Towers at least so many times as high as wide are columns, wide ones cooling towers."""
WIDE_M = 12.0
BRIDGED_M = 8.0
"""Round basins from this width on have a scraper and its bridge."""
ROUND_TYPES = ("tank", "stack", "silo", "tower", "pond")
APART_M = 0.001
"""From the piece of a patch on one face of a roof to the edge of the face."""
LEAST_AREA_M2 = 0.01
"""Of a piece of a patch on a roof."""


@dataclass(frozen=True, slots=True)
class Circle:
    """A round outline, metres east and north."""

    centre: tuple[float, float]
    diameter_m: float


@dataclass(frozen=True, slots=True)
class Rectangle:
    """A rectangular outline, metres east and north; its longer side runs along x turned by an angle."""

    centre: tuple[float, float]
    length_m: float
    width_m: float
    turned_deg: float


def circle(shape: shapely.Geometry) -> Circle | None:
    """Return an outline as a circle, None where it is none."""
    if shape.geom_type != "Polygon" or len(shape.interiors):
        return None
    around = shapely.minimum_bounding_radius(shape)
    if shape.area < ROUND * np.pi * around**2:
        return None
    spot = shapely.centroid(shape)
    return Circle((spot.x, spot.y), float(2 * around))


def rectangle(shape: shapely.Geometry) -> Rectangle | None:
    """Return an outline as a rectangle, None where it is none."""
    if shape.geom_type != "Polygon" or len(shape.interiors):
        return None
    around = shapely.oriented_envelope(shape)
    if around.geom_type != "Polygon" or shape.area < SQUARE * around.area:
        return None
    corners = shapely.get_coordinates(around)[:4]
    first, second = corners[1] - corners[0], corners[2] - corners[1]
    long, short = (first, second) if np.linalg.norm(first) >= np.linalg.norm(second) else (second, first)
    spot = corners.mean(axis=0)
    turned = float(np.degrees(np.arctan2(long[1], long[0]))) % 180
    return Rectangle((float(spot[0]), float(spot[1])), float(np.linalg.norm(long)), float(np.linalg.norm(short)), turned)


def _round(type_: str | None, diameter_m: float, height_m: float) -> Part | None:
    part: Part | None = None
    match type_:
        case "tank":
            part = FixedRoofTank(diameter_m, height_m)
        case "stack":
            part = Stack(diameter_m, height_m)
        case "silo":
            part = Silo(diameter_m, height_m)
        case "tower" if height_m >= SLENDER * diameter_m:
            part = Column(diameter_m, height_m)
        case "tower" if diameter_m >= WIDE_M:
            part = CoolingTower(diameter_m, height_m)
        case "pond" if diameter_m >= BRIDGED_M:
            part = Clarifier(diameter_m, height_m, 0.0)
    return part


def _colour(piece: Piece, feature: Feature, type_: str | None) -> Rgb:
    if type_ == "pond" and piece.material == "body":
        return scene_colour(feature.kind)
    return scene_colour(feature.kind, type_) if piece.material == "body" else part_colour(piece.material)


@dataclass(frozen=True, slots=True, eq=False)
class Standing:
    """A part in its place."""

    meshes: tuple[tuple[Mesh, Rgb], ...]
    """Closed solids with their colours."""
    roof: tuple[Slope, ...] = ()
    """The faces of its roof, metres east, north and up; none where it is level or no roof."""


def _set(part: Part, feature: Feature, type_: str | None, place: tuple[float, float, float], turned_deg: float = 0.0) -> Standing:
    axes, spot = about_z(turned_deg), np.array(place)
    meshes = tuple((translate(turn(piece.mesh, axes), spot), _colour(piece, feature, type_)) for piece in part.pieces(DETAIL))
    if not isinstance(part, House):
        return Standing(meshes)
    x, y = part.length_m / 2, part.width_m / 2
    return Standing(meshes, tuple(_moved(face, axes, place) for face in slopes(part.roof, (-x, -y, x, y), part.eaves_m, part.height_m)))


def _moved(face: Slope, axes: NDArray[np.float64], place: tuple[float, float, float]) -> Slope:
    """Return a roof's face where its house stands."""
    region, (a, b, c) = face
    there = shapely.transform(region, lambda xy: xy @ axes[:2, :2].T + place[:2])
    east, north = (axes[:2, :2] @ [a, b]).tolist()
    return there, (east, north, c + place[2] - east * place[0] - north * place[1])


def stand(feature: Feature, type_: str | None, shape: shapely.Geometry, low_m: float, high_m: float) -> Standing | None:
    """Return the part that stands for a feature; None where a prism or a basin does.

    Parameters
    ----------
    feature : Feature
    type_ : str or None
        Value of its kind's type attribute.
    shape : shapely.Geometry
        Its outline, metres east and north.
    low_m, high_m : float
        Foot and top, metres up.
    """
    if feature.kind == "structure" and type_ in ROUND_TYPES:
        if (found := circle(shape)) and (part := _round(type_, found.diameter_m, high_m - low_m)):
            return _set(part, feature, type_, (*found.centre, low_m))
    elif feature.kind == "building" and feature.attributes.get("roof") not in (None, "flat") and (box := rectangle(shape)):
        house = House(box.length_m, box.width_m, high_m - low_m, feature.attributes["roof"])
        return _set(house, feature, type_, (*box.centre, low_m), box.turned_deg)
    return None


def drape(shape: shapely.Geometry, roof: Sequence[Slope], low_m: float, high_m: float) -> Mesh:
    """Return a patch on a roof, from so much under its faces to so much over them: a closed solid for each face that it lies on."""
    return concatenate(
        [
            lean(prism(part, low_m, high_m), *plane)
            for region, plane in roof
            # Solids that share an edge are not closed once they are welded.
            for part in shapely.get_parts(shapely.buffer(shapely.intersection(shape, region), -APART_M, join_style="mitre"))
            if part.area > LEAST_AREA_M2
        ]
    )
