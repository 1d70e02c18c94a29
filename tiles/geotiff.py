"""Rasters as files in any known CRS: opened, and where they lie."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from gis.crs import Source, source_of, to_lonlat
from gis.errors import Invalid
from tiles.places import Floats

if TYPE_CHECKING:
    from rasterio.io import DatasetReader


def opened(path: Path, crs: str | None, what: str) -> "tuple[DatasetReader, Source]":
    """Open a raster; returns it and its CRS.

    Parameters
    ----------
    path : Path
        Whatever GDAL reads.
    crs : str, optional
        Where the file does not say it: words as `gis.crs.source_of` reads.
    what : str
        What people call the file.

    Raises
    ------
    Invalid
        It can't be read, or has no CRS.
    """
    # Whoever bakes where there is no terrain needs none of it: 20 MB.
    import rasterio  # noqa: PLC0415
    from rasterio.errors import RasterioIOError  # noqa: PLC0415

    try:
        dataset = rasterio.open(path)
    except RasterioIOError as error:
        raise Invalid(what, f"{path} 读不出来（{error}）；请给出 GeoTIFF") from error
    if crs:
        return dataset, source_of(crs)
    code = dataset.crs.to_epsg() if dataset.crs else None
    if code is None:
        raise Invalid(what, f"{path.name} 没有写明坐标系（EPSG）；请用 --crs 给出，如 --crs EPSG:4545")
    return dataset, Source(int(code))


def rim(dataset: "DatasetReader", source: Source, count: int) -> Floats:
    """Return points over a raster, its corners among them, `(count², 2)`, EPSG:4490."""
    a, b, c, d, e, f = tuple(dataset.transform)[:6]
    places = [(x, y) for x in np.linspace(0, dataset.width, count) for y in np.linspace(0, dataset.height, count)]
    return to_lonlat(np.array([(a * x + b * y + c, d * x + e * y + f) for x, y in places]), source)
