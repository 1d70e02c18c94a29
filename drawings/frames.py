"""How drawing coordinates become EPSG:4545 metres, points and native shapes alike."""

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from drawings.native import FARTHEST, Shape, is_closed, is_curved, lines_of, moved, points_of
from gis.crs import Source, is_geographic, lonlat_to_xy, to_lonlat
from gis.errors import CoordinateError
from gis.geometry.curves import SAGITTA_M
from gis.geometry.similarity import IDENTITY, Similarity
from gis.issues import Issue

METHODS = {
    "norm": "真实坐标",
    "crs": "指定的坐标系",
    "gcp": "控制点",
    "geodata": "图中的 GEODATA",
    "sheet": "图幅（流程图没有位置）",
    "none": "未定位",
}
"""Ways to place a drawing: `Frame.method` → label."""
DEGREE_M = 100_000.0
"""About the length of a degree, metres."""
FINE = 0.1
"""Part of the sagitta at which two renditions of a curve are compared."""

FARTHEST_M = 1e9
"""Metres beyond this are no places."""

Points = NDArray[np.float64]


@lru_cache(maxsize=256)
def _local(similarity: Similarity, source: Source, x: float, y: float) -> Similarity:
    """Return the similarity that a frame is near one of its points."""
    # Ten metres: wide enough that rounding does not show, narrow enough that the map is straight.
    step = 10.0 / similarity.scale / (DEGREE_M if is_geographic(source.epsg) else 1.0)
    cross = np.array([[0, 0], [1, 0], [0, 1], [-1, 0], [0, -1]])
    around = _to_xy(similarity, source, np.array([x, y]) + step * cross)
    columns = ((around[1:3] - around[3:5]) / (2 * step)).T
    mirrored = bool(np.linalg.det(columns) < 0)
    flip = -1.0 if mirrored else 1.0
    (xx, xy), (yx, yy) = columns
    factor = complex(xx + flip * yy, yx - flip * xy) / 2
    return Similarity((x, y), (float(around[0, 0]), float(around[0, 1])), factor, mirrored)


def _to_xy(similarity: Similarity, source: Source | None, points: Points) -> Points:
    inner = similarity.points(points)
    return inner if source is None else lonlat_to_xy(to_lonlat(inner, source))


@dataclass(frozen=True, slots=True)
class Frame:
    """How drawing coordinates become EPSG:4545 metres: a similarity, then perhaps another CRS."""

    known: bool
    """False: the place is unknown, nothing may be stored."""
    similarity: Similarity = IDENTITY
    source: Source | None = None
    """What the similarity leads to; None is EPSG:4545 itself."""
    middle: tuple[float, float] = (0.0, 0.0)
    """The middle of the drawing, drawing coordinates."""
    method: str = "none"
    """Key of `METHODS`."""
    note: dict[str, Any] = field(default_factory=dict)
    """How it was found, JSON."""
    issues: tuple[Issue, ...] = ()

    @property
    def scale(self) -> float:
        """Metres per drawing unit, at the middle of the drawing."""
        return self.similarity.scale if self.source is None else _local(self.similarity, self.source, *self.middle).scale

    def holds(self, points: Points) -> bool:
        """Tell whether points are places at all: numbers, and not beyond what the frame can map."""
        farthest = float(np.abs(points).max(initial=0.0))
        if self.source is None:
            return farthest < FARTHEST_M / self.similarity.scale
        if not farthest < FARTHEST:
            return False
        try:
            return bool(np.all(np.abs(self.xy(points)) < FARTHEST_M))
        except CoordinateError:
            return False

    def held(self, points: Points) -> NDArray[np.bool_]:
        """Tell of each point whether it is a place; `(n, 2)` to `(n,)`."""
        if self.holds(points):
            return np.ones(len(points), dtype=bool)
        return np.array([self.holds(points[index : index + 1]) for index in range(len(points))], dtype=bool)

    def xy(self, points: Points) -> Points:
        """Return drawing coordinates as EPSG:4545 metres, each point exactly; `(n, 2)` to `(n, 2)`."""
        if len(points) == 0 or (self.source is None and self.similarity == IDENTITY):
            return points
        return _to_xy(self.similarity, self.source, points)

    def shape(self, shape: Shape) -> Shape:
        """Return a native shape in EPSG:4545 metres.

        Under a similarity curves stay what they are. Under another CRS they are moved by the similarity that it nearly is at that place;
        where a curve would then lie more than the sagitta from where it belongs, it becomes a polyline.
        """
        if self.source is None:
            return shape if self.similarity == IDENTITY else moved(shape, self.similarity)
        at = points_of(shape, SAGITTA_M / self.scale).mean(axis=0)
        after = moved(shape, _local(self.similarity, self.source, float(at[0]), float(at[1])), self.xy)
        fits = all(self._fits(*pair) for pair in zip(lines_of(shape), lines_of(after), strict=True))
        return after if fits else self._straight(shape)

    def _fits(self, shape: Shape, after: Shape) -> bool:
        if not is_curved(shape):
            return True
        exact = self.xy(points_of(shape, FINE * SAGITTA_M / self.scale))
        line = points_of(after, FINE * SAGITTA_M)
        line = np.vstack([line, line[:1]]) if is_closed(after) else line
        return bool(np.max(shapely.distance(shapely.points(exact), shapely.LineString(line))) <= SAGITTA_M * (1 - FINE))

    def _straight(self, shape: Shape) -> Shape:
        """Return a shape as polylines without bulges."""
        line = self.xy(points_of(shape, (1 - FINE) * SAGITTA_M / self.scale))
        returns = len(line) > 2 and bool(np.hypot(*(line[0] - line[-1])) <= SAGITTA_M)
        rows = [[x, y, 0.0] for x, y in line[: len(line) - returns].tolist()]
        after: Shape = {"type": "lwpolyline", "points": rows, "closed": returns or is_closed(shape)}
        return {**after, "holes": [self._straight(hole) for hole in shape["holes"]]} if "holes" in shape else after
