"""A casing over hoppers on legs: what dust collectors have in common."""

import numpy as np

from models3d.kit.piece import Detail, Piece
from models3d.parts.block import box, frustum

HOPPER = 0.28
"""Height of the hoppers, of the whole."""
CLEAR = 0.16
"""Height under the hoppers."""


def casing(size: tuple[float, float, float], count: int, detail: Detail, top_share: float = 1.0) -> list[Piece]:
    """Return casing, hoppers and legs.

    Parameters
    ----------
    size : tuple of float
        Length, width and height of the whole, metres.
    count : int
        Hoppers in a row along x.
    detail : Detail
    top_share : float
        Height of the casing's top, of the whole.
    """
    length, width, height = size
    x, y, top = length / 2, width / 2, height * top_share
    if detail == 0:
        return [Piece(box((-x, -y, 0), (x, y, height)))]
    eaves, mouth = height * (CLEAR + HOPPER), height * CLEAR
    found = [Piece(box((-x, -y, eaves), (x, y, top)))]
    step = length / count
    for number in range(count):
        west = -x + number * step
        middle, narrow = west + step / 2, min(step, width) * 0.08
        found.append(Piece(frustum((middle - narrow, -narrow, middle + narrow, narrow), (west, -y, west + step, y), mouth, eaves), "steel"))
    places = np.linspace(-x + 0.15, x - 0.15, count + 1).tolist()
    found += [
        Piece(box((at - 0.15, side - 0.15, 0), (at + 0.15, side + 0.15, eaves)), "steel") for at in places for side in (-y + 0.15, y - 0.15)
    ]
    return found
