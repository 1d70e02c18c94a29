"""Splines: the part of a B-spline that is its curve, as one that begins at its first and ends at its last control point."""

import numpy as np
from ezdxf.entities.spline import Spline
from ezdxf.math import BSpline
from numpy.typing import NDArray

Array = NDArray[np.float64]


def _inserted(knots: Array, points: Array, degree: int, at: float) -> tuple[Array, Array]:
    """Insert a knot once, the curve stays (Boehm; Piegl and Tiller, The NURBS Book, 2nd ed., A5.1)."""
    last = int(np.searchsorted(knots, at, side="right")) - 1
    times = int(np.count_nonzero(knots == at))
    moved = np.arange(last - degree + 1, last - times + 1)
    share = ((at - knots[moved]) / (knots[moved + degree] - knots[moved]))[:, None]
    between = share * points[moved] + (1 - share) * points[moved - 1]
    points = np.vstack([points[: last - degree + 1], between, points[last - times :]])
    return np.insert(knots, last + 1, at), points


def clamped(spline: BSpline) -> BSpline:
    """Return the same curve with its ends in its first and last control point.

    A spline of degree p is a curve between its knots p and n - p alone; periodic ones have knots and control points beyond, and evaluated
    there they run towards the origin.

    Raises
    ------
    ValueError
        Knots that leave no curve.
    """
    degree, knots = spline.degree, np.array(spline.knots())
    start, end = float(knots[degree]), float(knots[spline.count])
    if not start < end or np.any(np.diff(knots) < 0):
        raise ValueError("knots leave no curve")
    if knots[0] == start and knots[-1] == end:
        return spline
    weights = np.array(spline.weights() or np.ones(spline.count))
    points = np.column_stack([np.array([point.xyz for point in spline.control_points]) * weights[:, None], weights])
    for at in (start, end):
        while np.count_nonzero(knots == at) < degree:
            knots, points = _inserted(knots, points, degree, at)
    first = int(np.searchsorted(knots, start, side="right")) - 1 - degree
    last = int(np.searchsorted(knots, end, side="left"))
    points = points[first:last]
    inner = knots[first + degree + 1 : last]
    ends = np.ones(degree + 1)
    rational = points[:, 3].tolist() if spline.is_rational else None
    return BSpline(points[:, :3] / points[:, 3:], spline.order, np.concatenate([start * ends, inner, end * ends]).tolist(), rational)


def spline_of(entity: Spline) -> BSpline:
    """Return the curve of a spline; where it has fit points alone, the one that CAD programs lay through them.

    Raises
    ------
    DXFError, ValueError, ArithmeticError, LookupError
        Its knots and points make no curve.
    """
    return clamped(entity.construction_tool())
