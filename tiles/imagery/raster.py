"""Pictures out of GeoTIFFs in any known CRS, sampled at the pixels of web map tiles."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock

import numpy as np
from numpy.typing import NDArray
from rasterio.enums import MaskFlags, Resampling
from rasterio.io import DatasetReader
from rasterio.windows import Window

from gis.crs import Source, from_lonlat, is_geographic
from gis.errors import Invalid
from tiles.geotiff import opened, rim
from tiles.imagery.mercator import SIDE, Box, box, lonlat
from tiles.places import Floats, Longs, between_nodes

Bytes = NDArray[np.uint8]


@dataclass(slots=True, eq=False)
class Raster:
    """One GeoTIFF, open for reading; threads may share it."""

    path: Path
    dataset: DatasetReader
    source: Source
    bounds: Box
    pixel_m: float
    lock: Lock = field(default_factory=Lock, repr=False)

    def sample(self, z: int, columns: Longs, rows: Longs) -> Bytes:
        """Return red, green, blue and cover at pixels of a level, `(rows, columns, 4)`; what lies outside has no cover."""
        a, b, c, d, e, f = tuple(~self.dataset.transform)[:6]
        west, south, east, north = self.bounds

        def at(nodes_x: Longs, nodes_y: Longs) -> Floats:
            lon, lat = lonlat(z, nodes_x.astype(float) + 0.5, nodes_y.astype(float) + 0.5)
            lon, lat = np.clip(lon, west - 8, east + 8), np.clip(lat, south - 8, north + 8)
            xy = from_lonlat(np.column_stack([np.tile(lon, len(lat)), np.repeat(lat, len(lon))]), self.source)
            return np.stack([a * xy[:, 0] + b * xy[:, 1] + c, d * xy[:, 0] + e * xy[:, 1] + f]).reshape(2, len(lat), len(lon))

        x, y = between_nodes(columns, rows, at)
        inside = (x >= 0) & (y >= 0) & (x <= self.dataset.width) & (y <= self.dataset.height)
        found = np.zeros((len(rows), len(columns), 4), np.uint8)
        if inside.any():
            found[inside] = self._read(x[inside], y[inside], float(np.hypot(x[0, 1] - x[0, 0], y[0, 1] - y[0, 0])))
        return found

    def _read(self, x: Floats, y: Floats, pixels_a_pixel: float) -> Bytes:
        """Return the colours at places in the file, averaged where its pixels are smaller than those of the tile."""
        shrink = 2 ** max(0, math.floor(math.log2(max(pixels_a_pixel, 1e-9)) + 0.3))
        shrink = min(shrink, 2 ** int(math.log2(min(self.dataset.width, self.dataset.height))))
        most_x, most_y = self.dataset.width // shrink, self.dataset.height // shrink
        u, v = np.clip(x / shrink - 0.5, 0, most_x - 1), np.clip(y / shrink - 0.5, 0, most_y - 1)
        left, top, right, bottom = int(u.min()), int(v.min()), min(most_x, int(u.max()) + 2), min(most_y, int(v.max()) + 2)
        cells = self._cells(left, top, right - left, bottom - top, shrink)
        u, v = (u - left).astype(np.float32), (v - top).astype(np.float32)
        i, j = u.astype(np.intp), v.astype(np.intp)
        s, t = (u - i)[:, None], (v - j)[:, None]
        flat, wide = cells.reshape(-1, 4), cells.shape[1]
        right_of, below = np.minimum(i + 1, wide - 1), np.minimum(j + 1, cells.shape[0] - 1)
        upper = flat[j * wide + i] * (1 - s) + flat[j * wide + right_of] * s
        lower = flat[below * wide + i] * (1 - s) + flat[below * wide + right_of] * s
        found: Bytes = (upper * (1 - t) + lower * t + np.float32(0.5)).astype(np.uint8)
        return found

    def _cells(self, left: int, top: int, width: int, height: int, shrink: int) -> NDArray[np.float32]:
        window = Window(left * shrink, top * shrink, width * shrink, height * shrink)
        bands = [1, 2, 3] if self.dataset.count >= 3 else [1, 1, 1]
        cells = np.full((height, width, 4), 255, np.float32)
        with self.lock:
            read = self.dataset.read(bands, window=window, out_shape=(3, height, width), resampling=Resampling.average)
            if MaskFlags.all_valid not in self.dataset.mask_flag_enums[0]:
                cells[..., 3] = self.dataset.dataset_mask(window=window, out_shape=(height, width))
        cells[..., :3] = read.transpose(1, 2, 0)
        return cells


def open_raster(path: Path, crs: str | None = None) -> Raster:
    """Open a picture.

    Raises
    ------
    Invalid
        It can't be read, has no CRS, or its bands are no bytes.
    """
    dataset, source = opened(path, crs, "影像")
    if dataset.dtypes[0] != "uint8":
        raise Invalid("影像", f"{path.name} 的像元是 {dataset.dtypes[0]}；请先转换为 8 位（gdal_translate -ot Byte -scale）")
    found = rim(dataset, source, 5)
    (west, south), (east, north) = found.min(axis=0).tolist(), found.max(axis=0).tolist()
    metres = 111_320.0 * math.cos(math.radians((south + north) / 2)) if is_geographic(source.epsg) else 1.0
    return Raster(path, dataset, source, (west, south, east, north), math.hypot(dataset.transform.a, dataset.transform.d) * metres)


def picture(rasters: Sequence[Raster], z: int, x: int, y: int) -> Bytes | None:
    """Return a tile out of several pictures, the finest on top, `(256, 256, 4)`; None where none of them lies.

    Parameters
    ----------
    rasters : sequence of Raster
        The coarsest first.
    """
    west, south, east, north = box(z, x, y)
    columns, rows = np.arange(x * SIDE, (x + 1) * SIDE), np.arange(y * SIDE, (y + 1) * SIDE)
    middle = math.radians((south + north) / 2)
    pixel_m = math.radians(east - west) * 6_378_137.0 * math.cos(middle) / SIDE
    found: Bytes | None = None
    for raster in rasters:
        left, bottom, right, top = raster.bounds
        if left >= east or right <= west or bottom >= north or top <= south:
            continue
        if found is not None and pixel_m > 6 * raster.pixel_m and found[..., 3].min() == 255:
            # Of so fine a picture nothing more would be seen than of the coarser one.
            continue
        layer = raster.sample(z, columns, rows)
        found = layer if found is None else np.where(layer[..., 3:] >= 128, layer, found)
    return found if found is not None and found[..., 3].any() else None
