"""What many parts have: legs, rails, ladders, platforms, flanges."""

from collections.abc import Iterable

import numpy as np

from models3d.kit.piece import FINE, Detail, Piece
from models3d.mesh import translate
from models3d.parts.block import box
from models3d.parts.lathe import cylinder, ring
from models3d.parts.tube import tube

RAIL_M, RAIL_HEIGHT_M = 0.05, 1.1
"""Thickness and height of a handrail (GB 4053.3: not under 1.05 m)."""
SUNK_M = 0.02
"""How far what is fixed to a body reaches into it: faces that meet would flicker."""
PLATFORM_M = 0.9
"""Width of a round platform."""
RUNG_M = 0.3
"""Between the rungs of a ladder (GB 4053.1)."""


def legs(spots: Iterable[tuple[float, float]], high_m: float, detail: Detail, radius_m: float = 0.12, low_m: float = 0.0) -> list[Piece]:
    """Return round legs under a part."""
    return [Piece(translate(cylinder(radius_m, low_m, high_m, FINE[detail]), np.array([x, y, 0.0])), "steel") for x, y in spots]


def around(count: int, radius_m: float, turned: float = 0.5) -> list[tuple[float, float]]:
    """Return places on a circle, evenly, the first turned by so many steps from x."""
    angles = (np.arange(count) + turned) * 2 * np.pi / count
    return [(float(radius_m * np.cos(angle)), float(radius_m * np.sin(angle))) for angle in angles]


def platform(radius_m: float, z_m: float, detail: Detail, sides: int) -> list[Piece]:
    """Return a round platform with its handrail about an upright body of a radius."""
    outer = radius_m + PLATFORM_M
    found = [Piece(ring(radius_m - SUNK_M, outer, z_m - 0.06, z_m, sides), "steel")]
    if detail == 2:
        found += handrail([(x, y, z_m) for x, y in (*around(12, outer, 0), (outer, 0.0))])
    return found


def handrail(line: list[tuple[float, float, float]]) -> list[Piece]:
    """Return posts and a rail along a line at foot height."""
    posts = [Piece(translate(cylinder(RAIL_M / 2, 0, RAIL_HEIGHT_M, 6), np.array(foot)), "rail") for foot in dict.fromkeys(line)]
    rail = tube([(x, y, z + RAIL_HEIGHT_M) for x, y, z in line], RAIL_M / 2, 6)
    return [*posts, Piece(rail, "rail")]


def ladder(x_m: float, low_m: float, high_m: float, y_m: float = 0.0) -> list[Piece]:
    """Return an upright ladder that faces x, its stringers 0.5 m apart."""
    sides = [box((x_m - 0.03, y_m + side - 0.03, low_m), (x_m + 0.03, y_m + side + 0.03, high_m)) for side in (-0.25, 0.25)]
    heights = np.arange(low_m + RUNG_M, high_m, RUNG_M)
    rungs = [box((x_m - 0.02, y_m - 0.22, z - 0.015), (x_m + 0.02, y_m + 0.22, z + 0.015)) for z in heights.tolist()]
    return [Piece(mesh, "rail") for mesh in (*sides, *rungs)]


def pipe(line: list[tuple[float, float, float]], radius_m: float, detail: Detail) -> Piece:
    """Return a pipe of a part."""
    return Piece(tube(line, radius_m, FINE[detail]), "duct")
