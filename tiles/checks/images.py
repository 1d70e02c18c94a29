"""Pixels of textures that hold feature ids or properties (EXT_mesh_features, EXT_structural_metadata: `channels` of 8 bits)."""

import io
import warnings
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tiles.checks.gltf import Gltf, bytes_of
from tiles.checks.look import Look

FORMATS = ("PNG", "JPEG", "WEBP")
MOST_PIXELS = 2**26
"""Of an image that is looked into."""
CHANNELS = {"1": "L", "L": "L", "LA": "LA", "RGB": "RGB", "RGBA": "RGBA"}
"""Modes of images → those with a byte a channel; a palette stands for colours, deeper channels are not read."""
NEAREST, LINEAR = 9728, 9729
Bytes = NDArray[np.uint8]


def check_filters(gltf: Gltf, look: Look, index: int, allowed: Sequence[int]) -> None:
    """Find filters of a texture's sampler that would mix values."""
    sampler = gltf.list("textures")[index].get("sampler")
    if isinstance(sampler, int) and 0 <= sampler < len(gltf.list("samplers")):
        row = gltf.list("samplers")[sampler]
        for key in ("minFilter", "magFilter"):
            if row.get(key, NEAREST) not in allowed:
                look.fault("index", f"采样器的 {key} 为 {row[key]}，只能是 {'、'.join(map(str, allowed))}")


def _source(gltf: Gltf, index: int) -> int | None:
    texture = gltf.list("textures")[index]
    named = texture.get("source", texture.get("extensions", {}).get("EXT_texture_webp", {}).get("source"))
    return named if isinstance(named, int) and 0 <= named < len(gltf.list("images")) else None


def pixels(gltf: Gltf, index: int) -> Bytes | None:
    """Return the pixels of a texture, `(n, channels)`; None, with a finding where it is a fault, where they can't be had."""
    source = _source(gltf, index)
    if source is None:
        return None
    if source not in gltf.pixels:
        gltf.pixels[source] = _decoded(gltf, source)
    return gltf.pixels[source]


def _decoded(gltf: Gltf, source: int) -> Bytes | None:
    row = gltf.list("images")[source]
    data = gltf.view(row["bufferView"]) if "bufferView" in row else bytes_of(row["uri"], gltf.resolve)
    if data is None:
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            image: Image.Image = Image.open(io.BytesIO(data), formats=FORMATS)
            if image.width * image.height > MOST_PIXELS:
                return None
            if image.mode == "P":
                image = image.convert("RGBA" if "transparency" in image.info else "RGB")
            if image.mode not in CHANNELS:
                return None
            array = np.asarray(image.convert(CHANNELS[image.mode]))
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        gltf.found.add("T202", f"images[{source}]", f"图像无法解码：{error}")
        return None
    return array.reshape(image.width * image.height, -1)


def texels(gltf: Gltf, look: Look, index: int) -> Bytes | None:
    """Return the different bytes, `(n, k)`, of the channels that a reference to a texture names; None where they can't be had."""
    there = pixels(gltf, index)
    if there is None:
        return None
    channels = look.value.get("channels", [0])
    if max(channels) >= there.shape[1]:
        look.fault("channels", f"{channels}，图像有 {there.shape[1]} 个通道")
        return None
    found: Bytes = np.unique(there[:, channels], axis=0)
    return found
