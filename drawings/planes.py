"""Planes that entities are drawn in: from the object coordinate system of an extrusion to the world, seen from above."""

import numpy as np
from ezdxf.entities.circle import Circle
from ezdxf.entities.dxfgfx import DXFGraphic
from ezdxf.math import Vec3
from numpy.typing import NDArray

from gis.geometry.curves import polyline_points

LEVEL = 1e-6
"""How much shorter than itself a direction may look from above in a plane that counts as level."""

Points = NDArray[np.float64]


def is_flat(entity: DXFGraphic) -> bool:
    """Tell whether an entity's own coordinates are the world's."""
    return not entity.dxf.hasattr("extrusion") or tuple(entity.dxf.extrusion) == (0.0, 0.0, 1.0)


def is_tilted(entity: DXFGraphic) -> bool:
    """Tell whether a circle of an entity's plane is none from above."""
    # Not by its OCS: an ellipse has none, though it has an extrusion.
    return not is_flat(entity) and 1.0 - abs(Vec3(entity.dxf.extrusion).normalize().z) > LEVEL


def lifted(points: Points, elevation: float, entity: DXFGraphic, *, closed: bool, sagitta: float) -> tuple[Points, float]:
    """Turn (n, 3) x, y, bulge of an object coordinate system into world x, y, bulge and the z farthest from zero.

    In a tilted plane arcs are none from above: there they become chords.
    """
    if is_flat(entity):
        return points, elevation
    ocs = entity.ocs()
    if np.any(points[:, 2]) and is_tilted(entity):
        chords = polyline_points(points, closed=closed, sagitta=sagitta)
        points = np.column_stack([chords, np.zeros(len(chords))])
    where = [ocs.to_wcs((x, y, elevation)) for x, y in points[:, :2].tolist()]
    # Seen from below, an arc that ran anticlockwise runs clockwise.
    bulges = points[:, 2] * (-1.0 if ocs.uz.z < 0 else 1.0)
    flat = np.column_stack([[point.x for point in where], [point.y for point in where], bulges])
    return flat, max((point.z for point in where), key=abs, default=0.0)


def centre(entity: Circle) -> tuple[float, float, float, float]:
    """Return the world centre of a circle or arc, and the sense in which it is seen from above."""
    if is_flat(entity):
        x, y, z = entity.dxf.center.xyz
        return x, y, z, 1.0
    ocs = entity.ocs()
    at = ocs.to_wcs(entity.dxf.center)
    return at.x, at.y, at.z, -1.0 if ocs.uz.z < 0 else 1.0


def pressed(entity: Circle) -> tuple[tuple[float, float], float]:
    """Return the major axis and the axis ratio of the ellipse that a tilted circle is from above; the ratio of an upright one is 0."""
    normal = entity.ocs().uz
    flat = np.hypot(normal.x, normal.y)
    radius = float(entity.dxf.radius)
    return (float(-normal.y / flat * radius), float(normal.x / flat * radius)), abs(float(normal.z))
