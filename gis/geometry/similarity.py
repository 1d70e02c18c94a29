"""Similarities of the plane: one scale, one turn, one shift, perhaps a reflection; fitted to control points by least squares.

Points are `(n, 2)` float64, x first; angles are radians, anticlockwise from the x axis.
"""

import cmath
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gis.errors import GeometryError

DISTINCT = 1e-9
"""Spreads below this part of the coordinates are rounding, not distance."""

Points = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Similarity:
    """A map that keeps shapes: reflect at the x axis (where mirrored), turn, scale, then move `source` onto `target`."""

    source: tuple[float, float] = (0.0, 0.0)
    target: tuple[float, float] = (0.0, 0.0)
    factor: complex = 1 + 0j
    """Scale and turn as a complex number."""
    mirrored: bool = False

    @property
    def scale(self) -> float:
        """Length of a unit after the map."""
        return abs(self.factor)

    @property
    def turn(self) -> float:
        """Angle of the x axis after the map, radians."""
        return cmath.phase(self.factor)

    @property
    def matrix(self) -> Points:
        """The linear part, (2, 2), for column vectors."""
        cosine, sine, flip = self.factor.real, self.factor.imag, -1.0 if self.mirrored else 1.0
        return np.array([[cosine, -sine * flip], [sine, cosine * flip]])

    def points(self, points: Points) -> Points:
        """Map points; `(n, 2)` to `(n, 2)`."""
        moved: Points = (points - np.array(self.source)) @ self.matrix.T + np.array(self.target)
        return moved

    def vectors(self, vectors: Points) -> Points:
        """Map directions, which do not move; `(n, 2)` to `(n, 2)`."""
        turned: Points = vectors @ self.matrix.T
        return turned

    def angle(self, angle: float) -> float:
        """Map the angle of a direction, radians."""
        return self.turn + (-angle if self.mirrored else angle)


IDENTITY = Similarity()
SWAP_AXES = Similarity(factor=1j, mirrored=True)
"""Exchange x and y."""


def fit(source: Points, target: Points, *, mirrored: bool = False) -> Similarity:
    """Return the similarity that brings points closest to their targets, in the sense of least squares.

    Parameters
    ----------
    source, target : (n, 2) float64
        At least two pairs; in any order, the same for both.
    mirrored : bool
        Fit a similarity with a reflection.

    Raises
    ------
    GeometryError
        Fewer than two distinct points on either side.

    Examples
    --------
    >>> fit(np.array([[0.0, 0.0], [1.0, 0.0]]), np.array([[5.0, 5.0], [5.0, 7.0]])).scale
    2.0
    """
    if len(source) < 2 or min(spread(source), spread(target)) == 0:
        raise GeometryError("a similarity takes two distinct points")
    middle, there = source.mean(axis=0), target.mean(axis=0)
    # Points as complex numbers: a turn with a scale is one factor, found by projection; a reflection is conjugation.
    before = (source - middle) @ np.array([1, -1j if mirrored else 1j])
    after = (target - there) @ np.array([1, 1j])
    factor = complex(np.vdot(before, after) / np.vdot(before, before).real)
    if factor == 0:
        raise GeometryError("the points and their targets have no similarity")
    return Similarity((float(middle[0]), float(middle[1])), (float(there[0]), float(there[1])), factor, mirrored)


def residuals(similarity: Similarity, source: Points, target: Points) -> Points:
    """Return target minus mapped source, `(n, 2)`."""
    return target - similarity.points(source)


def rms(offsets: Points) -> float:
    """Return the root of the mean square length of `(n, 2)` offsets."""
    return float(np.sqrt(np.mean(np.sum(offsets * offsets, axis=1))))


def spread(points: Points) -> float:
    """Return the largest distance of a point from the middle of all; 0 where it is only rounding."""
    farthest = float(np.max(np.hypot(*(points - points.mean(axis=0)).T)))
    return farthest if farthest > DISTINCT * float(np.max(np.abs(points))) else 0.0


def straightness(points: Points) -> float:
    """Return how much of a line points are: the ratio of their extent across the best line to that along it, 0 to 1."""
    along, across = np.linalg.svd(points - points.mean(axis=0), compute_uv=False)[:2]
    return float(across / along) if along > 0 else 0.0
