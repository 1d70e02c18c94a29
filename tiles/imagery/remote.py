"""Tiles of a server elsewhere, brought to true places: GCJ-02 is undone pixel by pixel, keys stay here and are told to nobody."""

import hashlib
import io
import re
import urllib.error
import urllib.request
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from gis.crs import lonlat_to_gcj02
from gis.errors import Invalid, QuanjingError
from tiles.imagery.layers import SourceLayer, encoded
from tiles.imagery.mercator import SIDE, lonlat, pixels
from tiles.places import Floats, Longs, between_nodes

TIMEOUT_S = 8.0
MOST_BYTES = 4 * 2**20
"""Of one tile."""
MOST_PIXELS = 4096**2
AT_ONCE = 6
AGENT = "quanjing"

Bytes = NDArray[np.uint8]


class SourceFault(QuanjingError):
    """A source elsewhere did not answer with a picture."""


@dataclass(slots=True, eq=False)
class Remote:
    """A source, with what was fetched of it kept on disk."""

    layer: SourceLayer
    cache: Path
    fetch: Callable[[str], bytes] = field(default_factory=lambda: _fetched)

    def tile(self, z: int, x: int, y: int) -> tuple[bytes, str] | None:
        """Return a tile of ours and its media type, None where the source has none.

        Raises
        ------
        SourceFault
            It did not answer, or with something else than a picture.
        Invalid
            Its key is not set.
        """
        level = min(z, self.layer.max_zoom)
        columns, rows = np.arange(x * SIDE, (x + 1) * SIDE), np.arange(y * SIDE, (y + 1) * SIDE)
        if self.layer.datum != "gcj02" and self.layer.grid == "mercator" and level == z:
            data = self._own(z, x, y)
            return None if data is None else (data, _media(data))
        u, v = between_nodes(columns, rows, lambda i, j: self._there(z, level, i, j))
        return self._woven(level, u, v)

    def _there(self, z: int, level: int, columns: Longs, rows: Longs) -> Floats:
        """Return where pixels of ours lie in the source's picture of a level, `(2, rows, columns)`."""
        lon, lat = lonlat(z, columns.astype(float) + 0.5, rows.astype(float) + 0.5)
        grid = np.column_stack([np.tile(lon, len(lat)), np.repeat(lat, len(lon))])
        if self.layer.datum == "gcj02":
            grid = lonlat_to_gcj02(grid)
        if self.layer.grid == "geographic":
            side = 360.0 / 2.0**level / SIDE
            place = np.stack([(grid[:, 0] + 180) / side, (90 - grid[:, 1]) / side])
        else:
            place = np.stack(pixels(level, grid[:, 0], grid[:, 1]))
        return place.reshape(2, len(rows), len(columns))

    def _woven(self, level: int, u: Floats, v: Floats) -> tuple[bytes, str] | None:
        """Return the picture at places of the source's, out of the tiles in which they lie."""
        x0, y0, x1, y1 = (int(np.floor(value / SIDE)) for value in (u.min() - 1, v.min() - 1, u.max() + 1, v.max() + 1))
        places = [(x, y) for y in range(y0, y1 + 1) for x in range(x0, x1 + 1)]
        with ThreadPoolExecutor(AT_ONCE) as pool:
            parts = list(pool.map(lambda place: self._own(level, *place), places))
        if not any(parts):
            return None
        sheet = np.zeros(((y1 - y0 + 1) * SIDE, (x1 - x0 + 1) * SIDE, 4), np.uint8)
        for (x, y), part in zip(places, parts, strict=True):
            if part is not None:
                sheet[(y - y0) * SIDE : (y - y0 + 1) * SIDE, (x - x0) * SIDE : (x - x0 + 1) * SIDE] = _picture(part)
        across, along = u - x0 * SIDE - 0.5, v - y0 * SIDE - 0.5
        i, j = np.floor(across).astype(int), np.floor(along).astype(int)
        s, t = (across - i)[..., None], (along - j)[..., None]
        upper = sheet[j, i] * (1 - s) + sheet[j, i + 1] * s
        lower = sheet[j + 1, i] * (1 - s) + sheet[j + 1, i + 1] * s
        return encoded((upper * (1 - t) + lower * t + 0.5).astype(np.uint8))

    def _own(self, z: int, x: int, y: int) -> bytes | None:
        """Return a tile as the source has it, from disk where it was fetched before."""
        url = self.layer.url.replace("{z}", str(z)).replace("{x}", str(x)).replace("{y}", str(y))
        # The name tells the address without the key, which is written nowhere.
        path = self.cache / self.layer.name / hashlib.sha256(url.encode()).hexdigest()[:32]
        try:
            return path.read_bytes() or None
        except OSError:
            pass
        try:
            data = self.fetch(url.replace("{key}", self.layer.key()))
        except urllib.error.HTTPError as error:
            error.close()
            if error.code in (204, 404):
                return None
            raise SourceFault(f"影像源 {self.layer.label} 答复 {error.code}；请检查网址、密钥和额度") from None
        except (urllib.error.URLError, OSError, ValueError):
            # What went wrong may hold the address, and the address the key.
            raise SourceFault(f"影像源 {self.layer.label} 连不上；请检查网络和网址 {self.layer.url}") from None
        _picture(data)
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.with_suffix(f".{id(data):x}")
        beside.write_bytes(data)
        beside.replace(path)
        return data


def _fetched(url: str) -> bytes:
    if not re.match(r"https?://", url):
        raise ValueError("no web address")
    request = urllib.request.Request(url, headers={"User-Agent": AGENT})  # noqa: S310 — checked above
    with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:  # noqa: S310
        data: bytes = answer.read(MOST_BYTES + 1)
    if len(data) > MOST_BYTES:
        raise ValueError("too large for a tile")
    return data


def _media(data: bytes) -> str:
    kinds = ((b"\x89PNG", "image/png"), (b"RIFF", "image/webp"), (b"GIF8", "image/gif"))
    return next((media for start, media in kinds if data.startswith(start)), "image/jpeg")


def _picture(data: bytes) -> Bytes:
    """Return a tile's pixels, `(256, 256, 4)`."""
    try:
        with Image.open(io.BytesIO(data)) as image:
            if image.width * image.height > MOST_PIXELS:
                raise SourceFault("影像源的瓦片过大")
            square = image.convert("RGBA")
            return np.asarray(square if square.size == (SIDE, SIDE) else square.resize((SIDE, SIDE)))
    except (UnidentifiedImageError, OSError, Image.DecompressionBombError) as error:
        raise SourceFault("影像源的答复不是图像；密钥可能无效") from error


def checked(layer: SourceLayer) -> SourceLayer:
    """Return a source as it is.

    Raises
    ------
    Invalid
        Its address is none of tiles.
    """
    if not re.match(r"https?://", layer.url) or not all(part in layer.url for part in ("{z}", "{x}", "{y}")):
        raise Invalid("url", f"{layer.url} 不是瓦片地址；须为 http(s) 并含 {{z}}、{{x}}、{{y}}，密钥处写 {{key}}")
    if "{key}" in layer.url and not layer.key_variable:
        raise Invalid("key", "网址里有 {key}；请用 --key-variable 给出存放密钥的环境变量名")
    return layer
