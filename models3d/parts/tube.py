"""Round pipes along any line in space, mitred at its bends."""

from collections.abc import Sequence

import numpy as np

from models3d.mesh import Floats, Mesh, concatenate

SHARPEST_COS = -0.5
"""A line that turns by more than 120° has no mitre that is still a pipe."""


def _unit(vector: Floats) -> Floats:
    found: Floats = vector / np.linalg.norm(vector)
    return found


def _across(direction: Floats) -> tuple[Floats, Floats]:
    """Return two unit vectors across a direction and each other; from the first to the second one turns about it."""
    helper = np.array([0.0, 0.0, 1.0]) if abs(direction[2]) < 0.9 else np.array([1.0, 0.0, 0.0])
    first = _unit(np.cross(helper, direction))
    return first, np.cross(direction, first).astype(np.float64)


def tube(line: Sequence[Sequence[float]], radius_m: float, sides: int) -> Mesh:
    """Return a closed pipe along a line.

    Parameters
    ----------
    line : sequence of (x, y, z), metres
        At least two points, no two neighbours the same.
    radius_m : float
        To the corners of the cross-section.
    sides : int

    Raises
    ------
    ValueError
        The line turns by more than 120° at a point.
    """
    points = np.array(line, float)
    along = np.array([_unit(step) for step in np.diff(points, axis=0)])
    if len(along) > 1 and (np.einsum("ij,ij->i", along[:-1], along[1:]) < SHARPEST_COS).any():
        raise ValueError("a pipe can't turn by more than 120°")
    first, second = _across(along[0])
    angles = np.arange(sides) * 2 * np.pi / sides
    section = points[0] + radius_m * (np.cos(angles)[:, None] * first + np.sin(angles)[:, None] * second)
    after = np.roll(np.arange(sides), -1)
    fan = np.array([[0, step, step + 1] for step in range(1, sides - 1)])
    parts = [Mesh(section, np.tile(-along[0], (sides, 1)).astype(np.float32), fan[:, ::-1].astype(np.uint32))]
    for number, direction in enumerate(along):
        plane = direction if number == len(along) - 1 else _unit(direction + along[number + 1])
        reach = ((points[number + 1] - section) @ plane) / (direction @ plane)
        arrived = section + reach[:, None] * direction
        radial = section - points[number]
        radial -= (radial @ direction)[:, None] * direction
        normals = np.tile(radial / np.linalg.norm(radial, axis=1, keepdims=True), (2, 1))
        low, high = np.arange(sides), sides + np.arange(sides)
        faces = np.concatenate([np.column_stack([low, low[after], high[after]]), np.column_stack([low, high[after], high])])
        parts.append(Mesh(np.concatenate([section, arrived]), normals.astype(np.float32), faces.astype(np.uint32)))
        section = arrived
    parts.append(Mesh(section, np.tile(along[-1], (sides, 1)).astype(np.float32), fan.astype(np.uint32)))
    return concatenate(parts)
