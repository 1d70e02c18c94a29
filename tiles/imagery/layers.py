"""Imagery layers: one JSON document each in the data folder, that names files or a source elsewhere; and the tiles of each."""

import io
import json
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from gis.errors import Invalid
from tiles.imagery.mercator import Box, level_of
from tiles.imagery.raster import Raster, open_raster, picture

NAME = re.compile(r"[a-z][a-z0-9-]{0,39}")
QUALITY = 84
MOST_ZOOM = 20

Datum = Literal["wgs84", "cgcs2000", "gcj02"]
Grid = Literal["mercator", "geographic"]


@dataclass(frozen=True, slots=True)
class FilesLayer:
    """GeoTIFFs of one's own."""

    name: str
    label: str
    attribution: str
    files: tuple[Path, ...]
    crs: str | None = None
    """Where the files do not say it."""


@dataclass(frozen=True, slots=True)
class SourceLayer:
    """Tiles of a server elsewhere."""

    name: str
    label: str
    attribution: str
    url: str
    """With `{z}`, `{x}`, `{y}`, and `{key}` where one is needed."""
    datum: Datum = "cgcs2000"
    """What its places are in; GCJ-02 is undone."""
    grid: Grid = "mercator"
    """Web map tiles, or EPSG:4490 as the `c` sets of Tianditu."""
    max_zoom: int = 18
    key_variable: str | None = None
    """Environment variable that holds the key; the key itself is kept nowhere."""

    def key(self) -> str:
        """Return the key, empty where none is named.

        Raises
        ------
        Invalid
            The variable is not set.
        """
        if not self.key_variable:
            return ""
        if not (key := os.environ.get(self.key_variable, "")):
            raise Invalid(self.key_variable, f"影像 {self.label} 需要密钥；请设置环境变量 {self.key_variable}")
        return key


Layer = FilesLayer | SourceLayer


def keep(folder: Path, layer: Layer) -> Path:
    """Write a layer's document; one that is there is replaced.

    Raises
    ------
    Invalid
        The name is none.
    """
    if not NAME.fullmatch(layer.name):
        raise Invalid("name", f"{layer.name!r} 不是图层名：小写字母开头，只含小写字母、数字和连字符")
    folder.mkdir(parents=True, exist_ok=True)
    document = {name: getattr(layer, name) for name in layer.__dataclass_fields__ if name != "name"}
    if isinstance(layer, FilesLayer):
        document["files"] = [str(path.resolve()) for path in layer.files]
    path = folder / f"{layer.name}.json"
    beside = path.with_suffix(".new")
    beside.write_text(json.dumps(document, ensure_ascii=False, indent=1), encoding="utf-8")
    beside.replace(path)
    return path


def layers(folder: Path) -> list[Layer]:
    """Return the layers of a folder by name; a document that can't be read is named in the error.

    Raises
    ------
    Invalid
        A document is none of a layer.
    """
    found: list[Layer] = []
    for path in sorted(folder.glob("*.json")):
        try:
            document = json.loads(path.read_text(encoding="utf-8"))
            if "files" in document:
                found.append(FilesLayer(path.stem, **{**document, "files": tuple(Path(file) for file in document["files"])}))
            else:
                found.append(SourceLayer(path.stem, **document))
        except (OSError, ValueError, TypeError) as error:
            raise Invalid(path.name, f"不是影像图层的说明（{error}）；请用 quanjing imagery add 重新写") from error
    return found


def encoded(pixels: NDArray[np.uint8]) -> tuple[bytes, str]:
    """Return a tile as an image and its media type: JPEG where it covers all, else WebP with a mask."""
    out = io.BytesIO()
    if pixels[..., 3].min() == 255:
        Image.fromarray(np.ascontiguousarray(pixels[..., :3])).save(out, "JPEG", quality=QUALITY)
        return out.getvalue(), "image/jpeg"
    Image.fromarray(pixels).save(out, "WEBP", quality=QUALITY, method=2)
    return out.getvalue(), "image/webp"


@dataclass(slots=True, eq=False)
class Mosaic:
    """The files of a layer, opened."""

    rasters: Sequence[Raster]
    """The coarsest first."""
    bounds: Box = field(init=False)
    max_zoom: int = field(init=False)

    def __post_init__(self) -> None:
        sides = np.array([raster.bounds for raster in self.rasters])
        self.bounds = (float(sides[:, 0].min()), float(sides[:, 1].min()), float(sides[:, 2].max()), float(sides[:, 3].max()))
        self.max_zoom = min(MOST_ZOOM, max(level_of(raster.pixel_m, (raster.bounds[1] + raster.bounds[3]) / 2) for raster in self.rasters))

    def tile(self, z: int, x: int, y: int) -> tuple[bytes, str] | None:
        """Return a tile and its media type, None where no file lies."""
        pixels = picture(self.rasters, z, x, y)
        return None if pixels is None else encoded(pixels)


def mosaic(layer: FilesLayer) -> Mosaic:
    """Open a layer's files.

    Raises
    ------
    Invalid
        There is none, or one can't be read.
    """
    if not layer.files:
        raise Invalid(layer.name, "没有影像文件")
    rasters = [open_raster(path, layer.crs) for path in layer.files]
    return Mosaic(sorted(rasters, key=lambda raster: (-raster.pixel_m, str(raster.path))))
