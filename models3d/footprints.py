"""Footprints in local metres: outlines and points of features brought to the frame of their site."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import shapely
from numpy.typing import NDArray

from gis.crs import lonlat_to_enu
from gis.ground import Ground
from gis.models.feature import Feature

Floats = NDArray[np.float64]

TOLERANCE_M = 1e-7
"""Points closer than this to the line between their neighbours are left out: the lines of CAD carry many that say nothing."""

AT_ONCE = 8192
"""Features that are brought to metres together: of very many, all at once take as much memory as the features."""

LEAST_AREA_M2 = 1e-6
LEAST_LENGTH_M = 1e-3


@dataclass(frozen=True, slots=True, eq=False)
class Footprints:
    """Where features stand, in east, north, up metres of one frame."""

    shapes: NDArray[np.object_]
    """`(n,)` shapely geometry, east and north."""
    up_m: Floats
    """`(n,)` the ground under each: one level a feature, so that floors and roofs are flat."""
    ground_m: Floats
    """`(n,)` the same over the ellipsoid."""
    inside: Floats
    """`(n, 2)` longitude and latitude of a point inside each, degrees (EPSG:4490)."""

    def some(self, rows: NDArray[Any]) -> Self:
        """Return those of some rows."""
        return type(self)(self.shapes[rows], self.up_m[rows], self.ground_m[rows], self.inside[rows])


def _crowded(shapes: NDArray[np.object_]) -> NDArray[np.int64]:
    """Return which shapes may have a point that says nothing: what is no polygon, and polygons with one close to its neighbours' line."""
    polygons = np.flatnonzero(shapely.get_type_id(shapes) == shapely.GeometryType.POLYGON)
    if not len(polygons):
        return np.arange(len(shapes))
    lines, owner = shapely.get_rings(shapes[polygons], return_index=True)
    xy, line = shapely.get_coordinates(lines, return_index=True)
    last = np.append(line[1:] != line[:-1], True)
    first = np.append(True, last[:-1])
    # A ring ends where it began: its first point follows the one before its last.
    ends = np.flatnonzero(last)
    before, after = np.arange(len(xy)) - 1, np.arange(len(xy)) + 1
    before[first], after[last] = ends - 1, np.flatnonzero(first) + 1
    a, b = xy[before], xy[after]
    along, aside = b - a, xy - a
    across = np.abs(along[:, 0] * aside[:, 1] - along[:, 1] * aside[:, 0])
    # Of points that are left out in a run, none is farther than this from the line between the two beside it.
    close = across <= 4 * TOLERANCE_M * np.maximum(np.hypot(along[:, 0], along[:, 1]), TOLERANCE_M)
    found = np.ones(len(shapes), bool)
    found[polygons] = np.bincount(owner[line[close]], minlength=len(polygons)) > 0
    return np.flatnonzero(found)


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
    runs = range(0, max(len(features), 1), AT_ONCE)
    parts = [_footprints(features[begin : begin + AT_ONCE], origin, ground) for begin in runs]
    return Footprints(*(np.concatenate([getattr(part, name) for part in parts]) for name in Footprints.__slots__))


def _footprints(features: Sequence[Feature], origin: tuple[float, float, float], ground: Ground) -> Footprints:
    given = np.array([feature.geom for feature in features], object)
    shapes = shapely.force_2d(given) if shapely.has_z(given).any() else given
    heights = np.array([ground.ellipsoid_m(feature.geom) for feature in features], float)
    lonlat, owner = shapely.get_coordinates(shapes, return_index=True)
    enu = lonlat_to_enu(np.column_stack([lonlat, heights[owner]]), origin)
    inside = shapely.get_coordinates(shapely.point_on_surface(shapes)).reshape(-1, 2)
    up = lonlat_to_enu(np.column_stack([inside, heights]), origin)[:, 2]
    local = shapely.set_coordinates(shapes.copy(), enu[:, :2])
    crowded = _crowded(local)
    local[crowded] = shapely.simplify(local[crowded], TOLERANCE_M)
    return Footprints(local, up, heights, inside)


def sound(shapes: NDArray[np.object_], lines: NDArray[np.bool_]) -> bool:
    """Say whether a solid can stand on all outlines, and along those courses whose kind is one of `lines`; see `fault`."""
    types = shapely.get_type_id(shapes)
    areas = np.isin(types, (shapely.GeometryType.POLYGON, shapely.GeometryType.MULTIPOLYGON))
    courses = np.isin(types, (shapely.GeometryType.LINESTRING, shapely.GeometryType.MULTILINESTRING)) & lines
    return bool(
        (areas | courses | (types == shapely.GeometryType.POINT)).all()
        and not shapely.is_empty(shapes).any()
        and np.isfinite(shapely.get_coordinates(shapes)).all()
        and (shapely.area(shapes[areas]) >= LEAST_AREA_M2).all()
        and (shapely.length(shapes[courses]) >= LEAST_LENGTH_M).all()
        and shapely.is_valid(shapes[areas]).all()
    )


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
