"""Native shapes (`PlanFeature.shape`): moved as CAD programs would move them, and flattened to points.

A shape is a dict with a `type`; what its other keys mean is in one table for all types. Holes are shapes inside a shape.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from ezdxf.math import BSpline
from numpy.typing import NDArray

from gis.geometry.curves import SAGITTA_M, circle_points, ellipse_points, polyline_points
from gis.geometry.similarity import Similarity

FARTHEST = 1e12
"""Coordinates beyond this are no places in any unit."""

Shape = dict[str, Any]
Points = NDArray[np.float64]
Map = Callable[[Points], Points]


def _place(value: list[float], _: Similarity, place: Map) -> list[float]:
    moved_: list[float] = place(np.array([value[:2]], dtype=float))[0].tolist()
    return moved_


def _places(rows: list[list[float]], similarity: Similarity, place: Map) -> list[list[float]]:
    """Move rows of x, y and perhaps a bulge, which a reflection turns over."""
    table = np.array(rows, dtype=float)
    if table.size:
        table[:, :2] = place(table[:, :2])
        table[:, 2:] *= -1.0 if similarity.mirrored else 1.0
    moved_: list[list[float]] = table.tolist()
    return moved_


def _vector(value: list[float], similarity: Similarity, _: Map) -> list[float]:
    turned: list[float] = similarity.vectors(np.array([value[:2]], dtype=float))[0].tolist()
    return turned


def _length(value: float, similarity: Similarity, _: Map) -> float:
    return value * similarity.scale


def _angle(value: float, similarity: Similarity, _: Map) -> float:
    return math.degrees(similarity.angle(math.radians(value)))


def _shapes(value: list[Shape], similarity: Similarity, place: Map) -> list[Shape]:
    return [moved(part, similarity, place) for part in value]


MOVES: dict[str, Callable[[Any, Similarity, Map], Any]] = {
    **dict.fromkeys(("center", "point"), _place),
    **dict.fromkeys(("points", "control_points"), _places),
    **dict.fromkeys(("radius", "height", "xscale", "yscale"), _length),
    "major_axis": _vector,
    "rotation": _angle,
    "holes": _shapes,
}
"""What becomes of each key: places [x, y], lengths, a direction [x, y], an angle in degrees, shapes."""


def moved(shape: Shape, similarity: Similarity, place: Map | None = None) -> Shape:
    """Return a shape after a similarity.

    Parameters
    ----------
    shape : dict
        Native shape in drawing coordinates.
    similarity : Similarity
        What becomes of directions, lengths and turning senses.
    place : callable, optional
        What becomes of places, `(n, 2)` to `(n, 2)`, where that is known more exactly than by the similarity.
    """
    to = place or similarity.points
    after = {key: MOVES[key](value, similarity, to) if key in MOVES else value for key, value in shape.items()}
    if similarity.mirrored and shape["type"] == "insert":
        # A block seen in a mirror is a block with its y axis turned over.
        after["yscale"] = -after.get("yscale", 1.0)
    return after


def is_curved(shape: Shape) -> bool:
    """Tell whether a shape's own line is more than straight pieces between its points."""
    if shape["type"] in {"circle", "ellipse", "spline"}:
        return True
    return shape["type"] == "lwpolyline" and any(row[2] for row in shape["points"] if len(row) > 2)


def is_closed(shape: Shape) -> bool:
    """Tell whether a shape's line runs back to its start."""
    return shape["type"] in {"circle", "ellipse"} or bool(shape.get("closed", False))


def lines_of(shape: Shape) -> list[Shape]:
    """Return a shape and its holes."""
    return [shape, *shape.get("holes", [])]


def _polyline(shape: Shape, sagitta: float) -> Points:
    rows = np.array([[*row, 0.0][:3] for row in shape["points"]], dtype=float).reshape(-1, 3)
    return polyline_points(rows, closed=bool(shape["closed"]), sagitta=sagitta)


def _circle(shape: Shape, sagitta: float) -> Points:
    return circle_points(tuple(shape["center"][:2]), float(shape["radius"]), sagitta)


def _ellipse(shape: Shape, sagitta: float) -> Points:
    return ellipse_points(tuple(shape["center"][:2]), tuple(shape["major_axis"][:2]), float(shape["ratio"]), sagitta)


def _spline(shape: Shape, sagitta: float) -> Points:
    weights = shape.get("weights") or None
    curve = BSpline([(x, y) for x, y, *_ in shape["control_points"]], int(shape["degree"]) + 1, shape["knots"] or None, weights)
    return np.array([(vertex.x, vertex.y) for vertex in curve.flattening(sagitta)])


FLATTEN: dict[str, Callable[[Shape, float], Points]] = {
    "lwpolyline": _polyline,
    "circle": _circle,
    "ellipse": _ellipse,
    "spline": _spline,
}


def points_of(shape: Shape, sagitta: float = SAGITTA_M) -> Points:
    """Return the points of a shape's line, without its holes; closed ones do not repeat their first point.

    Parameters
    ----------
    shape : dict
        A curve of `FLATTEN`; of anything else its one `point`.
    sagitta : float
        Largest distance between curve and chord, in the shape's own unit.
    """
    flatten = FLATTEN.get(shape["type"])
    return flatten(shape, sagitta) if flatten else np.array([shape["point"][:2]], dtype=float)
