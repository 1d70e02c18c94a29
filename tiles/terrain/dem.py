"""Heights out of a GeoTIFF in any known CRS, at the points of a terrain lattice.

What is answered for a point depends on the point, the level and the file alone, never on what else is asked, so tiles made apart fit.
"""

import math
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from gis.crs import Source, from_lonlat, is_geographic
from gis.errors import Invalid
from gis.geoid import undulation_m
from tiles.geotiff import opened, rim
from tiles.places import between_nodes
from tiles.terrain.lattice import Rectangle, degrees, step_deg

if TYPE_CHECKING:
    from rasterio.io import DatasetReader

Above = Literal["sea", "ellipsoid"]
Floats = NDArray[np.float64]
Longs = NDArray[np.int64]

OVERVIEW = 1024
"""Longest side of the picture of the whole that fills holes."""
FADE_DEG = 0.3
"""Beyond the file the ground goes on as its rim, ever nearer to the mean of the rim; after some ten times that it is level at nought."""
SHARPEST = 0.75
"""Pixels between lattice points below which a curve runs through the pixels instead of straight lines."""


@dataclass(slots=True, eq=False)
class Dem:
    """A digital elevation model, open for reading; threads may share it."""

    path: Path
    above: Above
    """What its heights are over: the sea (1985 national height datum) or the ellipsoid."""
    dataset: "DatasetReader"
    source: Source
    bounds: Rectangle
    pixel_deg: float
    overview: Floats = field(repr=False)
    """The whole, small and without holes; north first."""
    rim_m: float
    lock: Lock = field(default_factory=Lock, repr=False)

    @property
    def finest(self) -> int:
        """The level whose lattice is about as fine as the file."""
        return max(0, round(math.log2(step_deg(0) / self.pixel_deg)))

    def heights(self, z: int, columns: Longs, rows: Longs) -> Floats:
        """Return ellipsoid heights at consecutive columns and rows of a level's lattice, metres; `(rows, columns)`."""
        lon, lat = degrees(z, columns, rows)
        x, y = self._pixels(z, columns, rows)
        width, height = self.dataset.width, self.dataset.height
        outside = np.hypot(x - np.clip(x, 0, width), y - np.clip(y, 0, height)) * self.pixel_deg
        found = self._sampled(np.clip(x, 0.5, width - 0.5), np.clip(y, 0.5, height - 0.5), step_deg(z) / self.pixel_deg)
        if outside.any():
            found = (self.rim_m + (found - self.rim_m) * np.exp(-outside / FADE_DEG)) * np.exp(-((outside / (10 * FADE_DEG)) ** 2))
        return found + (undulation_m(lon[None, :], lat[:, None]) if self.above == "sea" else 0.0)

    def roughly(self, lonlat: Floats) -> Floats:
        """Return ellipsoid heights at places (`(n, 2)` degrees) as the small picture of the whole knows them, metres."""
        a, b, c, d, e, f = tuple(~self.dataset.transform)[:6]
        xy = from_lonlat(lonlat, self.source)
        rows, columns = self.overview.shape
        u = np.clip((a * xy[:, 0] + b * xy[:, 1] + c) * columns / self.dataset.width - 0.5, 0, columns - 1)
        v = np.clip((d * xy[:, 0] + e * xy[:, 1] + f) * rows / self.dataset.height - 0.5, 0, rows - 1)
        found = _straight(self.overview, u, v)
        return found + undulation_m(lonlat[:, 0], lonlat[:, 1]) if self.above == "sea" else found

    def _pixels(self, z: int, columns: Longs, rows: Longs) -> tuple[Floats, Floats]:
        """Return where lattice points lie in the file, pixels from its upper left corner; each `(rows, columns)`."""
        west, south, east, north = self.bounds
        a, b, c, d, e, f = tuple(~self.dataset.transform)[:6]

        def at(nodes_x: Longs, nodes_y: Longs) -> Floats:
            lon, lat = degrees(z, nodes_x, nodes_y)
            # Beyond the poles and far from the file's own zone projections have no answer: such points lie outside in any case.
            lon, lat = np.clip(lon, west - 8, east + 8), np.clip(lat, max(south - 8, -89), min(north + 8, 89))
            xy = from_lonlat(np.column_stack([np.tile(lon, len(lat)), np.repeat(lat, len(lon))]), self.source)
            return np.stack([a * xy[:, 0] + b * xy[:, 1] + c, d * xy[:, 0] + e * xy[:, 1] + f]).reshape(2, len(lat), len(lon))

        place = between_nodes(columns, rows, at)
        return place[0], place[1]

    def _sampled(self, x: Floats, y: Floats, pixels_a_step: float) -> Floats:
        """Return heights at places in the file, pixels; averaged where steps are wide, so that no peak is missed or met by chance."""
        shrink = 2 ** max(0, math.floor(math.log2(pixels_a_step)))
        shrink = min(shrink, 2 ** int(math.log2(min(self.dataset.width, self.dataset.height))))
        most_x, most_y = self.dataset.width // shrink, self.dataset.height // shrink
        u, v = x / shrink - 0.5, y / shrink - 0.5
        left, top = max(0, int(u.min()) - 2), max(0, int(v.min()) - 2)
        right, bottom = min(most_x, int(u.max()) + 4), min(most_y, int(v.max()) + 4)
        cells = self._read(left, top, right - left, bottom - top, shrink)
        u, v = np.clip(u, 0, most_x - 1) - left, np.clip(v, 0, most_y - 1) - top
        return _curved(cells, u, v) if pixels_a_step < SHARPEST else _straight(cells, u, v)

    def _read(self, left: int, top: int, width: int, height: int, shrink: int) -> Floats:
        """Read a part, in cells of `shrink` pixels; what has no height gets that of its surroundings."""
        from rasterio.enums import Resampling  # noqa: PLC0415 — heavy
        from rasterio.windows import Window  # noqa: PLC0415 — heavy

        window = Window(left * shrink, top * shrink, width * shrink, height * shrink)
        with self.lock:
            read = self.dataset.read(1, window=window, out_shape=(height, width), resampling=Resampling.average, masked=True)
        cells = np.ma.filled(read.astype(float), np.nan)
        holes = ~np.isfinite(cells)
        if holes.any():
            rows, columns = np.nonzero(holes)
            scale = np.array(self.overview.shape) / (self.dataset.height, self.dataset.width)
            u = np.clip((columns + left + 0.5) * shrink * scale[1] - 0.5, 0, self.overview.shape[1] - 1)
            v = np.clip((rows + top + 0.5) * shrink * scale[0] - 0.5, 0, self.overview.shape[0] - 1)
            cells[holes] = _straight(self.overview, u, v)
        return cells


def _straight(cells: Floats, u: Floats, v: Floats) -> Floats:
    """Interpolate bilinearly between cells."""
    rows, columns = cells.shape
    i, j = np.minimum(u.astype(int), max(columns - 2, 0)), np.minimum(v.astype(int), max(rows - 2, 0))
    s, t = u - i, v - j
    right, down = np.minimum(i + 1, columns - 1), np.minimum(j + 1, rows - 1)
    flat, base, below = cells.reshape(-1), j * columns, down * columns
    upper = flat.take(base + i) * (1 - s) + flat.take(base + right) * s
    found: Floats = upper * (1 - t) + (flat.take(below + i) * (1 - s) + flat.take(below + right) * s) * t
    return found


def _weights(s: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    """Return the weights of four neighbours on a Catmull-Rom curve."""
    return (
        ((2 - s) * s - 1) * s / 2,
        (s * s * (3 * s - 5) + 2) / 2,
        ((4 - 3 * s) * s + 1) * s / 2,
        (s - 1) * s * s / 2,
    )


def _curved(cells: Floats, u: Floats, v: Floats) -> Floats:
    """Interpolate by Catmull-Rom curves through the cells, so that slopes have no kinks at them."""
    rows, columns = cells.shape
    i, j = u.astype(int), v.astype(int)
    across, along = _weights(u - i), _weights(v - j)
    flat = cells.reshape(-1)
    places = [np.clip(i + k, 0, columns - 1) for k in (-1, 0, 1, 2)]
    found = np.zeros_like(u)
    for k, weight in zip((-1, 0, 1, 2), along, strict=True):
        base = np.clip(j + k, 0, rows - 1) * columns
        found += weight * sum(w * flat.take(base + place) for w, place in zip(across, places, strict=True))
    return found


def _filled(small: NDArray[np.float64]) -> Floats:
    """Fill holes from ever coarser means, then bring those back: the nearer surroundings count most."""
    known = np.isfinite(small)
    if known.all():
        return small
    values, weights = np.where(known, small, 0.0), known.astype(float)
    if max(small.shape) <= 1:
        return np.zeros_like(small)
    padded = [np.pad(one, [(0, side % 2) for side in small.shape]) for one in (values, weights)]
    total, count = (one[::2, ::2] + one[1::2, ::2] + one[::2, 1::2] + one[1::2, 1::2] for one in padded)
    coarse = _filled(np.where(count > 0, total / np.maximum(count, 1), np.nan))
    rows, columns = small.shape
    back = np.repeat(np.repeat(coarse, 2, axis=0), 2, axis=1)[:rows, :columns]
    return np.where(known, small, back)


def open_dem(path: Path, above: Above = "sea", crs: str | None = None) -> Dem:
    """Open a DEM.

    Parameters
    ----------
    path : Path
        Whatever GDAL reads with one band of metres.
    above : "sea" or "ellipsoid"
        What its heights are over.
    crs : str, optional
        Where the file does not say it: words as `gis.crs.source_of` reads.

    Raises
    ------
    Invalid
        It can't be read, has no CRS, holds no height, or is too large to be of one place.
    """
    dataset, source = opened(path, crs, "DEM")
    lonlat = rim(dataset, source, 9)
    if not np.isfinite(lonlat).all() or np.abs(lonlat[:, 0]).max() > 180 or np.abs(lonlat[:, 1]).max() > 90:
        raise Invalid("DEM", f"{path.name} 的坐标不在 {source} 之内；坐标系可能写错了")
    (west, south), (east, north) = lonlat.min(axis=0).tolist(), lonlat.max(axis=0).tolist()
    small = (
        max(1, round(dataset.height * min(1, OVERVIEW / max(dataset.shape)))),
        max(1, round(dataset.width * min(1, OVERVIEW / max(dataset.shape)))),
    )
    from rasterio.enums import Resampling  # noqa: PLC0415 — heavy

    read = dataset.read(1, out_shape=small, resampling=Resampling.average, masked=True)
    cells = np.ma.filled(read.astype(float), np.nan)
    if not np.isfinite(cells).any():
        raise Invalid("DEM", f"{path.name} 里没有一个有效高程")
    whole = _filled(cells)
    rim_m = float(np.concatenate([whole[0], whole[-1], whole[:, 0], whole[:, -1]]).mean())
    metres = 111_320.0 * math.cos(math.radians((south + north) / 2))
    along, down = dataset.transform.a, dataset.transform.d
    pixel = abs(along) if is_geographic(source.epsg) else math.hypot(along, down) / metres
    return Dem(path, above, dataset, source, (west, south, east, north), pixel, whole, rim_m)
