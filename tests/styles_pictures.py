"""Two pictures of one symbol: how far they agree."""

import numpy as np
from numpy.typing import NDArray

SIDE = 192
INKED = 128
"""Alpha from which a pixel is inked."""

Rgba = NDArray[np.uint8]


def grown(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return a mask and the pixels next to it."""
    padded = np.pad(mask, 1)
    height, width = mask.shape
    parts = [padded[y : y + height, x : x + width] for y in range(3) for x in range(3)]
    return np.logical_or.reduce(parts)


def overlap(a: NDArray[np.bool_], b: NDArray[np.bool_]) -> float:
    """Return intersection over union of two masks; what lies within a pixel of the other agrees."""
    return float(((a & grown(b)) | (b & grown(a))).sum() / max((a | b).sum(), 1))


def agreement(one: Rgba, other: Rgba) -> float:
    """Return intersection over union of what is inked; what lies within a pixel of the other's ink agrees."""
    return overlap(one[..., 3] >= INKED, other[..., 3] >= INKED)


def lab(rgb: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return CIELAB (D65) of sRGB 0-255, `(n, 3)`."""
    linear = rgb / 255
    linear = np.where(linear <= 0.04045, linear / 12.92, ((linear + 0.055) / 1.055) ** 2.4)
    matrix = np.array([[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]])
    xyz = linear @ matrix.T / np.array([0.95047, 1.0, 1.08883])
    f = np.where(xyz > 216 / 24389, np.cbrt(xyz), (24389 / 27 * xyz + 16) / 116)
    return np.column_stack([116 * f[:, 1] - 16, 500 * (f[:, 0] - f[:, 1]), 200 * (f[:, 1] - f[:, 2])])


def colour_distance(one: Rgba, other: Rgba) -> float:
    """Return the mean CIE76 distance, never less than CIEDE2000, of pixels that lie inside one colour in both pictures."""
    whole = (one[..., 3] == 255) & (other[..., 3] == 255)
    # Edges are mixed by each engine in its own way.
    for picture in (one, other):
        values = picture[..., :3].astype(int)
        for axis in (0, 1):
            for step in (1, -1):
                whole &= np.abs(values - np.roll(values, step, axis)).sum(axis=2) == 0
    if not whole.any():
        return 0.0
    pixels = [lab(picture[whole][:, :3].astype(float)) for picture in (one, other)]
    return float(np.linalg.norm(pixels[0] - pixels[1], axis=1).mean())
