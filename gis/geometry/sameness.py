"""Whether two shapes are one shape: but for rounding, or but for the chords another program drew instead of its curves.

Arrays are one-dimensional, of shapely geometries in metres (EPSG:4545), old and new side by side. A line that runs the other way is
another shape, an outline that begins at another corner is the same.
"""

from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import STRtree
from shapely.geometry.base import BaseGeometry

from gis.geometry.matching import Bools, Indices, Shapes

SAME_M = 1e-3
"""Shapes closer than this everywhere are one shape, metres: the sagitta that the archive accepts."""
REPEATED_M = 1e-5
"""Neighbouring points closer than this are one point, metres."""
BESIDE_GRID_M = 1.37e-4
"""Where cells begin: drafters round to parts of a millimetre, so that no corner of theirs lies on a border."""
ARC_SHARE = 0.011
"""Gap under a chord of 5° of a circle as a share of its length; GDAL draws arcs in chords of 4° (OGR_ARC_STEPSIZE)."""
SPLINE_SHARE = 0.05
"""The same of a spline, which turns as it likes."""
LONE_ARC_POINTS = 3
"""An arc is read as two halves."""
STRAIGHT = ("insert", "point", "line", "text")
MIXERS = np.array([0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F], dtype=np.uint64)


def _ends(shapes: Shapes) -> NDArray[np.float64]:
    """Return first and last points of lines, `(n, 4)`; zeros for what is no line."""
    ends = np.zeros((len(shapes), 4))
    lines = np.flatnonzero(shapely.get_type_id(shapes) == shapely.GeometryType.LINESTRING)
    for index, column in ((0, 0), (-1, 2)):
        ends[lines, column : column + 2] = shapely.get_coordinates(shapely.get_point(shapes[lines], index))
    return ends


def signatures(shapes: Shapes) -> NDArray[np.uint64]:
    """Return one number a shape: the same for shapes that differ by rounding only, another for nearly all others."""
    measures = np.column_stack(
        [
            shapely.get_type_id(shapes),
            shapely.bounds(shapes),
            shapely.get_coordinates(shapely.centroid(shapes)),
            shapely.length(shapes),
            shapely.area(shapes),
            _ends(shapes),
        ]
    )
    cells = np.floor((measures + BESIDE_GRID_M) / SAME_M).astype(np.int64).astype(np.uint64)
    mixed = np.zeros(len(shapes), dtype=np.uint64)
    for column in cells.T:
        mixed = (mixed ^ column) * MIXERS[0]
        mixed ^= (mixed >> np.uint64(29)) * MIXERS[1]
    return mixed


def _equal(old: Shapes, new: Shapes, tolerance_m: float) -> Bools:
    same = np.asarray(shapely.equals_exact(old, new, tolerance_m))
    areas = ~same & (shapely.get_dimensions(old) == 2) & (shapely.get_num_coordinates(old) == shapely.get_num_coordinates(new))
    again = np.flatnonzero(areas & (shapely.get_type_id(old) == shapely.get_type_id(new)))
    same[again] = shapely.equals_exact(shapely.normalize(old[again]), shapely.normalize(new[again]), tolerance_m)
    return same


def same_shapes(old: Shapes, new: Shapes, tolerance_m: float = SAME_M) -> Bools:
    """Tell, pair by pair, whether two shapes are one but for rounding and repeated points, heights included where both have them."""
    same = _equal(old, new, tolerance_m)
    # Some programs drop points that lie on one another.
    counts = shapely.get_num_coordinates(old), shapely.get_num_coordinates(new)
    again = np.flatnonzero(~same & (counts[0] != counts[1]) & (shapely.get_type_id(old) == shapely.get_type_id(new)))
    once = [np.asarray(shapely.remove_repeated_points(shapes[again], REPEATED_M)) for shapes in (old, new)]
    same[again] = _equal(once[0], once[1], tolerance_m)
    for index in np.flatnonzero(same & shapely.has_z(old) & shapely.has_z(new)):
        heights = [shapely.get_coordinates(shapely.normalize(shape), include_z=True)[:, 2] for shape in (old[index], new[index])]
        same[index] = len(heights[0]) == len(heights[1]) and bool(np.abs(heights[0] - heights[1]).max() <= tolerance_m)
    return same


def middles(shapes: Shapes) -> Shapes:
    """Return the middle of each shape's box."""
    west, south, east, north = shapely.bounds(shapes).T
    return np.asarray(shapely.points((west + east) / 2, (south + north) / 2))


def neighbours(old: Shapes, new: Shapes, reach_m: float) -> tuple[Indices, Indices]:
    """Return the pairs (old, new) of shapes whose middles lie within a reach."""
    if not len(old) or not len(new):
        return np.empty(0, dtype=np.intp), np.empty(0, dtype=np.intp)
    n, o = STRtree(middles(old)).query(middles(new), predicate="dwithin", distance=reach_m)
    return o, n


def chord_share(shape: dict[str, Any] | None) -> float:
    """Return the largest gap under another program's chord as a share of its length, for a native shape and its holes.

    >>> chord_share({"type": "lwpolyline", "points": [[0, 0, 0], [1, 0, 0]], "closed": True})
    0.0
    """
    if shape is None or shape["type"] in STRAIGHT:
        return 0.0
    holes = max((chord_share(hole) for hole in shape.get("holes", ())), default=0.0)
    if shape["type"] == "lwpolyline":
        curved = any(row[2] for row in shape["points"] if len(row) > 2)
        return max(holes, ARC_SHARE if curved else 0.0)
    # A step of the angle turns an ellipse's line the faster the flatter it is.
    flat = max(float(shape["ratio"]), ARC_SHARE / SPLINE_SHARE) if shape["type"] == "ellipse" else 1.0
    return max(holes, SPLINE_SHARE if shape["type"] == "spline" else ARC_SHARE / flat)


def is_lone_arc(shape: dict[str, Any] | None) -> bool:
    """Tell whether a native shape is one arc: it runs against the clock in every file, whichever way what it draws may run.

    >>> is_lone_arc({"type": "lwpolyline", "points": [[1, 0, 0.2], [0.7, 0.7, 0.2], [0, 1, 0]], "closed": False})
    True
    """
    if shape is None or shape["type"] != "lwpolyline" or shape["closed"] or len(shape["points"]) != LONE_ARC_POINTS:
        return False
    first, second, _ = (row[2] if len(row) > 2 else 0.0 for row in shape["points"])
    return bool(first == second != 0)


def renders(exact: BaseGeometry, coarse: BaseGeometry, share: float, *, either_way: bool = False) -> bool:
    """Tell whether a shape is a curved one drawn again in longer chords.

    Parameters
    ----------
    exact : shapely geometry
        Of curves, chords within `SAME_M` of them.
    coarse : shapely geometry
        Its corners must lie on those curves, and no chord may stand off them by more than its length allows.
    share : float
        Largest gap under a chord as a share of its length (see `chord_share`); 0 where there are no curves, and so nothing to render.
    either_way : bool
        Whether a line may run the other way (see `is_lone_arc`).
    """
    if share == 0 or exact.geom_type != coarse.geom_type or exact.has_z or coarse.has_z:
        return False
    if exact.geom_type == "LineString":
        ways = (coarse, coarse.reverse()) if either_way else (coarse,)
        if not any(np.allclose(_ends(np.array([exact])), _ends(np.array([way])), atol=SAME_M, rtol=0) for way in ways):
            return False
    lines = [shape.boundary if shape.geom_type == "Polygon" else shape for shape in (exact, coarse)]
    corners = shapely.points(shapely.get_coordinates(lines[1]))
    if (shapely.distance(corners, lines[0]) > 2 * SAME_M).any():
        return False
    parts = [shapely.get_coordinates(part) for part in shapely.get_parts(lines[1])]
    chords = np.concatenate([shapely.linestrings(np.stack([part[:-1], part[1:]], axis=1)) for part in parts])
    points = shapely.points(shapely.get_coordinates(lines[0]))
    nearest, gap = STRtree(chords).query_nearest(points, return_distance=True, all_matches=False)
    return bool((gap <= SAME_M + share * shapely.length(chords[nearest[1]])).all())
