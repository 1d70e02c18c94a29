"""Markers: a slim post with a head that one sees and clicks, for things that are points."""

from functools import cache
from typing import Literal

import numpy as np
import shapely

from models3d.mesh import Mesh, faceted, translate
from models3d.parts.prism import prism

POST_RADIUS_M = 0.16
POST_HEIGHT_M = 3.2
POST_SIDES = 12
HEAD_RADIUS_M = 0.85
HEIGHT_M = POST_HEIGHT_M + 2 * HEAD_RADIUS_M - 0.05
"""Foot to tip: the head sinks 5 cm over the post, so no gap shows."""

Head = Literal["octahedron", "cube"]

_OCTAHEDRON = np.array([[1, 0, 0], [0, 1, 0], [-1, 0, 0], [0, -1, 0], [0, 0, 1], [0, 0, -1]], float)
_OCTAHEDRON_FACES = np.array([[0, 1, 4], [1, 2, 4], [2, 3, 4], [3, 0, 4], [1, 0, 5], [2, 1, 5], [3, 2, 5], [0, 3, 5]])


@cache
def post() -> Mesh:
    """Return the post, standing on the frame's origin."""
    angles = np.arange(POST_SIDES) * 2 * np.pi / POST_SIDES
    return prism(shapely.Polygon(POST_RADIUS_M * np.column_stack([np.cos(angles), np.sin(angles)])), 0.0, POST_HEIGHT_M)


@cache
def head(shape: Head) -> Mesh:
    """Return a head in its place over a post that stands on the frame's origin."""
    middle = np.array([0.0, 0.0, HEIGHT_M - HEAD_RADIUS_M])
    if shape == "octahedron":
        return translate(faceted(HEAD_RADIUS_M * _OCTAHEDRON, _OCTAHEDRON_FACES), middle)
    half = 0.8 * HEAD_RADIUS_M
    return translate(prism(shapely.box(-half, -half, half, half), -HEAD_RADIUS_M, HEAD_RADIUS_M), middle)


def marker(shape: Head, foot: tuple[float, float, float]) -> tuple[Mesh, Mesh]:
    """Return the post and the head of a marker, two closed solids, at a foot point in metres."""
    offset = np.array(foot)
    return translate(post(), offset), translate(head(shape), offset)
