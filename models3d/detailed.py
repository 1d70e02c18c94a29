"""Detailed models: from checked bodies to triangles in their place, and from these to the solid that stands for a feature."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from gis.crs import enu_frame, lonlat_to_enu
from gis.ground import Ground
from gis.kinds import KINDS
from gis.models.body import Body
from gis.models.detailed import Detailed
from gis.models.feature import Feature
from models3d.mesh import faceted
from models3d.preflight import WELD_M
from models3d.solid import SolidMesh, type_of
from styles.tokens import Rgb, part_colour, scene_colour

Floats = NDArray[np.float64]
Place = Callable[[Floats], Floats]
"""Brings `(n, 3)` of the file to longitude, latitude (EPSG:4490, degrees) and metres over the ground."""

MAX_TRIANGLES = 500_000
"""Of one model that stands for a feature: a page draws it whole."""
FINEST = 99.0
SURFACE_PARTS = {"RoofSurface": "roof", "GroundSurface": "concrete"}
"""Surfaces that have a material of their own where the file gives no colour."""


def lods(bodies: Sequence[Body]) -> list[str]:
    """Return the levels of detail that bodies have, the finest first."""

    def fineness(lod: str) -> float:
        try:
            return float(lod)
        except ValueError:
            return -1.0

    return sorted({body.lod for body in bodies if body.lod}, key=fineness, reverse=True)


def at_lod(bodies: Sequence[Body], lod: str | None) -> list[Body]:
    """Return each object once: at a level of detail, or at the finest that it has."""
    order = [lod] if lod else lods(bodies)
    found: dict[str, Body] = {}
    for body in sorted(bodies, key=lambda one: order.index(one.lod) if one.lod in order else len(order)):
        if not lod or body.lod in (lod, None):
            found.setdefault(body.body_id, body)
    return list(found.values())


def chosen(bodies: Sequence[Body], ids: Sequence[str]) -> list[Body]:
    """Return the objects of these ids, with what belongs to them; all where none is given."""
    if not ids:
        return list(bodies)
    wanted = set(ids)
    while more := {body.body_id for body in bodies if body.parent in wanted} - wanted:
        wanted |= more
    return [body for body in bodies if body.body_id in wanted]


def prepared(bodies: Sequence[Body], place: Place) -> Detailed:
    """Bring bodies to their place as one mesh.

    Parameters
    ----------
    bodies : sequence of Body
        At least one with triangles.
    place : callable

    Notes
    -----
    Metres are those of the ellipsoid at height 0: 500 m above it a model that a map grid places is 0.8 cm in 100 m too small.
    """
    names = sorted({name for body in bodies for name in body.surfaces})
    starts = np.cumsum([0, *(len(body.points) for body in bodies)])
    placed = place(np.concatenate([body.points for body in bodies]))
    low, high = placed[:, :2].min(axis=0), placed[:, :2].max(axis=0)
    anchor = tuple(((low + high) / 2).tolist())
    flat = lonlat_to_enu(np.column_stack([placed[:, :2], np.zeros(len(placed))]), (*anchor, 0.0))
    points = np.column_stack([flat[:, :2], placed[:, 2]])
    triangles = np.concatenate([body.triangles + start for body, start in zip(bodies, starts[:-1], strict=True)])
    colours = np.concatenate([np.zeros((len(body.triangles), 3), np.uint8) if body.colours is None else body.colours for body in bodies])
    painted = np.concatenate([np.full(len(body.triangles), body.colours is not None) for body in bodies])
    surface = np.concatenate([_rows(body, names) for body in bodies])
    a, b, c = np.moveaxis(points[triangles], 1, 0)
    whole = np.linalg.norm(np.cross(b - a, c - a), axis=1) > WELD_M**2
    kept = (triangles[whole], colours[whole], painted[whole], surface[whole])
    return Detailed((anchor[0], anchor[1]), points, *kept, tuple(names))


def _rows(body: Body, names: Sequence[str]) -> NDArray[np.int32]:
    if body.surface is None or not body.surfaces:
        return np.full(len(body.triangles), -1, np.int32)
    table = np.array([*(names.index(name) for name in body.surfaces), -1], np.int32)
    rows: NDArray[np.int32] = table[body.surface]
    return rows


def areas_m2(model: Detailed) -> dict[str, float]:
    """Return the area of each kind of surface, square metres."""
    a, b, c = np.moveaxis(model.points[model.triangles], 1, 0)
    area = np.linalg.norm(np.cross(b - a, c - a), axis=1) / 2
    found = {name: round(float(area[model.surface == row].sum()), 3) for row, name in enumerate(model.surfaces)}
    return {name: size for name, size in found.items() if size}


def _colour(name: str, body: Rgb) -> Rgb:
    part = SURFACE_PARTS.get(name)
    return part_colour(part) if part else body


def solid(feature: Feature, model: Detailed, origin: tuple[float, float, float], ground: Ground) -> SolidMesh:
    """Return the model as the solid of a feature.

    Parameters
    ----------
    feature : Feature
    model : Detailed
    origin : tuple of float
        Longitude, latitude (degrees), ellipsoid height (metres) of the scene's frame.
    ground : Ground
    """
    there = enu_frame((*model.anchor, ground.ellipsoid_m(feature.geom)))
    moved = np.linalg.inv(enu_frame(origin)) @ there
    mesh = faceted(model.points @ moved[:3, :3].T + moved[:3, 3], model.triangles)
    body = scene_colour(feature.kind, type_of(feature)) if KINDS[feature.kind].type_attribute else scene_colour(feature.kind)
    table = np.array([*(_colour(name, body) for name in model.surfaces), body], np.uint8)
    colours = np.where(model.painted[:, None], model.colours, table[model.surface])
    low, high = model.points[np.unique(model.triangles), 2].min(), model.points[np.unique(model.triangles), 2].max()
    return SolidMesh(feature, mesh, np.repeat(colours.astype(np.uint8), 3, axis=0), float(low), float(high))
