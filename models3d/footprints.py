"""Footprints in local metres: outlines and points of features brought to the frame of their site."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from gis.crs import lonlat_to_enu
from gis.ground import Ground
from gis.models.feature import Feature

Floats = NDArray[np.float64]

TOLERANCE_M = 1e-7
"""Points closer than this to the line between their neighbours are left out: the lines of CAD carry many that say nothing."""

LEAST_AREA_M2 = 1e-6
LEAST_LENGTH_M = 1e-3


@dataclass(frozen=True, slots=True, eq=False)
class Footprints:
    """Where features stand, in east, north, up metres of one frame."""

    shapes: NDArray[np.object_]
    """`(n,)` shapely geometry, east and north."""
    up_m: Floats
    """`(n,)` the ground under each: one level a feature, so that floors and roofs are flat."""


def footprints(features: Sequence[Feature], origin: tuple[float, float, float], ground: Ground) -> Footprints:
    """Bring the geometry of features from EPSG:4490 to local metres.

    Parameters
    ----------
    features : sequence of Feature
        With non-empty geometry.
    origin : tuple of float
        Longitude, latitude (degrees), ellipsoid height (metres) of the frame.
    ground : Ground

    Notes
    -----
    A feature is level at the height of a point inside its footprint. The earth falls away from that plane by d²/2R: 2 cm at 500 m.
    """
    shapes = shapely.force_2d(np.array([feature.geom for feature in features], object))
    heights = np.array([ground.ellipsoid_m(feature.geom) for feature in features], float)
    lonlat, owner = shapely.get_coordinates(shapes, return_index=True)
    enu = lonlat_to_enu(np.column_stack([lonlat, heights[owner]]), origin)
    inside = shapely.get_coordinates(shapely.point_on_surface(shapes))
    up = lonlat_to_enu(np.column_stack([inside, heights]), origin)[:, 2]
    local = shapely.set_coordinates(shapes, enu[:, :2])
    return Footprints(shapely.simplify(local, TOLERANCE_M), up)


def fault(shape: shapely.Geometry, *, line: bool = False) -> str | None:
    """Say in words why no solid can stand on an outline in metres, or along a course where its kind is a `line`; None where one can.

    >>> fault(shapely.box(0, 0, 1, 1)) is None
    True
    >>> fault(shapely.Polygon())
    'the outline is empty'
    """
    if shape is None or shape.is_empty:
        return "the outline is empty"
    if not np.isfinite(shapely.get_coordinates(shape)).all():
        return "the outline has coordinates that are no numbers"
    reason = None
    match shape.geom_type:
        case "Point":
            pass
        case "Polygon" | "MultiPolygon" if not shape.is_valid:
            reason = f"the outline is not valid: {shapely.is_valid_reason(shape)}"
        case "Polygon" | "MultiPolygon":
            reason = "the outline has no area" if shape.area < LEAST_AREA_M2 else None
        case "LineString" | "MultiLineString" if line:
            reason = "the line has no length" if shape.length < LEAST_LENGTH_M else None
        case other:
            reason = f"a {other} has no solid"
    return reason
