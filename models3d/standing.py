"""Which part of the kit stands on an outline: a tank on a circle, a gabled house on a rectangle; else nothing, and a prism does."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely

from gis.models.feature import Feature
from models3d.kit.column import Column
from models3d.kit.cooling_tower import CoolingTower
from models3d.kit.fixed_roof_tank import FixedRoofTank
from models3d.kit.house import House
from models3d.kit.piece import Detail, Part, Piece
from models3d.kit.silo import Silo
from models3d.kit.stack import Stack
from models3d.mesh import Mesh, about_z, translate, turn
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
    match type_:
        case "tank":
            return FixedRoofTank(diameter_m, height_m)
        case "stack":
            return Stack(diameter_m, height_m)
        case "silo":
            return Silo(diameter_m, height_m)
        case "tower" if height_m >= SLENDER * diameter_m:
            return Column(diameter_m, height_m)
        case "tower" if diameter_m >= WIDE_M:
            return CoolingTower(diameter_m, height_m)
    return None


def _colour(piece: Piece, feature: Feature, type_: str | None) -> Rgb:
    return scene_colour(feature.kind, type_) if piece.material == "body" else part_colour(piece.material)


def stand(feature: Feature, type_: str | None, shape: shapely.Geometry, low_m: float, high_m: float) -> list[tuple[Mesh, Rgb]] | None:
    """Return the part that stands for a feature, in place, as closed solids with their colours; None where a prism does.

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
    part: Part | None = None
    centre, turned = (0.0, 0.0), 0.0
    if feature.kind == "structure" and type_ in ("tank", "stack", "silo", "tower"):
        if found := circle(shape):
            part, centre = _round(type_, found.diameter_m, high_m - low_m), found.centre
    elif feature.kind == "building" and feature.attributes.get("roof") not in (None, "flat") and (box := rectangle(shape)):
        part = House(box.length_m, box.width_m, high_m - low_m, feature.attributes["roof"])
        centre, turned = box.centre, box.turned_deg
    if part is None:
        return None
    return [(mesh, _colour(piece, feature, type_)) for piece, mesh in _placed(part, centre, turned, low_m)]


def _placed(part: Part, centre: Sequence[float], turned_deg: float, low_m: float) -> list[tuple[Piece, Mesh]]:
    axes, spot = about_z(turned_deg), np.array([*centre, low_m])
    return [(piece, translate(turn(piece.mesh, axes), spot)) for piece in part.pieces(DETAIL)]
