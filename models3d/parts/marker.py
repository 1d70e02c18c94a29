"""Markers: a slim post with a head that one sees and clicks, or something low on the ground, for things that are points."""

from functools import cache
from typing import Literal

import numpy as np
import shapely

from models3d.mesh import Mesh, faceted, scale, translate
from models3d.parts.prism import prism

POST_RADIUS_M = 0.16
POST_HEIGHT_M = 3.2
POST_SIDES = 12
HEAD_RADIUS_M = 0.85
HEIGHT_M = POST_HEIGHT_M + 2 * HEAD_RADIUS_M - 0.05
"""Foot to tip: the head sinks 5 cm over the post, so no gap shows."""
DISC_SIDES = 10
DISC_HEIGHT = 0.1
"""Of a disc, relative to its diameter."""

Head = Literal["octahedron", "cube", "pin"]
Shape = Literal["octahedron", "cube", "pin", "disc", "pyramid"]
"""A head on a post; or `disc`, `pyramid`: flat on the ground, as wide as their size in metres."""

_OCTAHEDRON = np.array([[1, 0, 0], [0, 1, 0], [-1, 0, 0], [0, -1, 0], [0, 0, 1], [0, 0, -1]], float)
_OCTAHEDRON_FACES = np.array([[0, 1, 4], [1, 2, 4], [2, 3, 4], [3, 0, 4], [1, 0, 5], [2, 1, 5], [3, 2, 5], [0, 3, 5]])
_PIN = np.array([[1, 0, 1], [0, 1, 1], [-1, 0, 1], [0, -1, 1], [0, 0, -1]], float)
_PIN_FACES = np.array([[0, 1, 2], [0, 2, 3], [1, 0, 4], [2, 1, 4], [3, 2, 4], [0, 3, 4]])
_PYRAMID = np.array([[0.5, 0, 0], [-0.25, 0.433, 0], [-0.25, -0.433, 0], [0, 0, 0.8]], float)
_PYRAMID_FACES = np.array([[0, 1, 3], [1, 2, 3], [2, 0, 3], [0, 2, 1]])


def _round(radius_m: float, sides: int) -> shapely.Polygon:
    angles = np.arange(sides) * 2 * np.pi / sides
    return shapely.Polygon(radius_m * np.column_stack([np.cos(angles), np.sin(angles)]))


@cache
def post() -> Mesh:
    """Return the post, standing on the frame's origin."""
    return prism(_round(POST_RADIUS_M, POST_SIDES), 0.0, POST_HEIGHT_M)


@cache
def head(shape: Head) -> Mesh:
    """Return a head in its place over a post that stands on the frame's origin."""
    middle = np.array([0.0, 0.0, HEIGHT_M - HEAD_RADIUS_M])
    if shape == "octahedron":
        return translate(faceted(HEAD_RADIUS_M * _OCTAHEDRON, _OCTAHEDRON_FACES), middle)
    if shape == "pin":
        return translate(faceted(HEAD_RADIUS_M * _PIN, _PIN_FACES), middle)
    half = 0.8 * HEAD_RADIUS_M
    return translate(prism(shapely.box(-half, -half, half, half), -HEAD_RADIUS_M, HEAD_RADIUS_M), middle)


@cache
def marker(shape: Shape, size: float = 1.0) -> tuple[Mesh, ...]:
    """Return a marker at the frame's origin as closed solids: its post and its head, or a head alone.

    Parameters
    ----------
    shape : Shape
    size : float
        Of the whole; 1 is `HEIGHT_M` high, and 1 m wide where it lies on the ground.
    """
    match shape:
        case "disc":
            return (scale(prism(_round(0.5, DISC_SIDES), 0.0, DISC_HEIGHT), size),)
        case "pyramid":
            return (scale(faceted(_PYRAMID, _PYRAMID_FACES), size),)
        case _:
            return scale(post(), size), scale(head(shape), size)
