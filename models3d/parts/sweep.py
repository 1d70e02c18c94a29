"""Ribbons, thin walls and tubes: a cross-section drawn along level lines, many at a time."""

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from models3d.mesh import Mesh
from models3d.parts.rings import Floats, Indices, starts_of
from models3d.parts.walls import CREASE_COS, QUAD

SHARP_COS = -0.5
"""Where a line turns by more than 120° it is cut: a mitre there would reach out beyond its double width."""
SAME_M = 1e-6
"""Points closer than this are one."""

BAR = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]], float)
"""Cross-section of ribbons and walls; left and up, counter-clockwise seen against the direction."""
_ANGLES = np.arange(8) * np.pi / 4
TUBE = np.column_stack([np.cos(_ANGLES), np.sin(_ANGLES)])
"""Cross-section of pipes."""


@dataclass(frozen=True, slots=True, eq=False)
class _Runs:
    """Lines cut at their sharp turns, points in a row."""

    xy: Floats
    line: Indices
    """`(n,)` line of each point."""
    first: NDArray[np.bool_]
    """`(n,)` whether a run begins with the point, ends with it."""
    last: NDArray[np.bool_]
    joined: NDArray[np.bool_]
    """`(n,)` of ends: whether the line closes here, so that no cap is needed."""
    into: Floats
    """`(n, 2)` unit direction in which the line arrives at each point, leaves it; at an end the other's."""
    out: Floats


def _unit(vectors: Floats) -> Floats:
    found: Floats = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return found


def _runs(lines: NDArray[np.object_]) -> _Runs:
    """Take lines apart; each has a length."""
    xy, line = shapely.get_coordinates(shapely.remove_repeated_points(lines, SAME_M), return_index=True)
    first, last = np.insert(line[1:] != line[:-1], 0, True), np.append(line[1:] != line[:-1], True)
    along = _unit(np.where(last[:-1, None], 1.0, np.diff(xy, axis=0)))
    out, into = np.vstack([along, [[1.0, 0.0]]]), np.vstack([[[1.0, 0.0]], along])
    begin, end = np.flatnonzero(first), np.flatnonzero(last)
    closed = (end - begin >= 2) & (np.linalg.norm(xy[begin] - xy[end], axis=1) < SAME_M)
    closed &= np.einsum("ij,ij->i", into[end], out[begin]) > SHARP_COS
    into[begin] = np.where(closed[:, None], into[end], out[begin])
    out[end] = np.where(closed[:, None], out[begin], into[end])
    joined = np.zeros(len(xy), bool)
    joined[begin], joined[end] = closed, closed

    sharp = ~first & ~last & (np.einsum("ij,ij->i", into, out) <= SHARP_COS)
    index = np.repeat(np.arange(len(xy)), 1 + sharp)
    former = sharp[index] & np.append(index[1:] == index[:-1], False)
    latter = sharp[index] & ~former
    into, out = into[index], out[index]
    into[latter], out[former] = out[latter], into[former]
    return _Runs(xy[index], line[index], first[index] | latter, last[index] | former, joined[index], into, out)


def _left(direction: Floats) -> Floats:
    return np.column_stack([-direction[:, 1], direction[:, 0]])


def sweeps(
    lines: NDArray[np.object_], half_width_m: Floats, z_min_m: Floats, z_max_m: Floats, profile: Floats, *, smooth: bool
) -> list[Mesh]:
    """Draw a cross-section along each line.

    Parameters
    ----------
    lines : (p,) array of shapely LineString or LinearRing, metres, each with a length
    half_width_m, z_min_m, z_max_m : (p,) metres
    profile : (k, 2) `BAR` or `TUBE`: left and up, −1 to 1
    smooth : bool
        Whether neighbouring faces of the cross-section are shaded as one.

    Returns
    -------
    list of Mesh
        One a line: closed solids, one for each run between sharp turns; a line that ends where it begins closes without caps.
    """
    if not len(lines):
        return []
    runs = _runs(lines)
    count, points = len(profile), len(runs.xy)
    left_in, left_out = _left(runs.into), _left(runs.out)
    mitre = _unit(left_in + left_out)
    reach = (half_width_m[runs.line] / np.einsum("ij,ij->i", mitre, left_out))[:, None, None]
    middle, half = ((z_max_m + z_min_m) / 2)[runs.line, None], ((z_max_m - z_min_m) / 2)[runs.line, None]
    corners = np.empty((points, count, 3))
    corners[..., :2] = runs.xy[:, None] + reach * profile[None, :, :1] * mitre[:, None]
    corners[..., 2] = middle + half * profile[:, 1]

    # Sides: a quad for each edge of the profile along each segment, from its start to its end.
    start = np.flatnonzero(~runs.last)
    after = np.roll(np.arange(count), -1)
    sides = np.stack([corners[start], corners[start][:, after], corners[start + 1][:, after], corners[start + 1]], axis=2)
    slight = (np.einsum("ij,ij->i", runs.into, runs.out) > CREASE_COS)[:, None]
    at_start = np.where(slight[start], mitre[start], left_out[start])
    at_end = np.where(slight[start + 1], mitre[start + 1], left_in[start + 1])
    edge = profile[after] - profile
    facing = np.column_stack([edge[:, 1], -edge[:, 0]])
    here, there = (profile, profile[after]) if smooth else (facing, facing)
    shade = np.stack([_shade(at_start, here), _shade(at_start, there), _shade(at_end, there), _shade(at_end, here)], axis=2)

    # Caps: the profile as a fan, against the direction at the start of a run, along it at the end.
    heads, tails = np.flatnonzero(runs.first & ~runs.joined), np.flatnonzero(runs.last & ~runs.joined)
    caps = np.concatenate([corners[heads][:, ::-1], corners[tails]])
    outward = np.concatenate([-runs.out[heads], runs.into[tails]])
    cap_shade = np.zeros((len(caps), count, 3))
    cap_shade[..., :2] = outward[:, None]
    fan = np.array([[0, k, k + 1] for k in range(1, count - 1)])

    quad_line, cap_line = runs.line[start], np.concatenate([runs.line[heads], runs.line[tails]])
    quads, quad_normals = sides.reshape(len(start), -1, 3), shade.reshape(len(start), -1, 3)
    quad_rows = (4 * np.arange(count)[:, None, None] + QUAD).reshape(-1, 3)
    order = np.argsort(cap_line, kind="stable")
    quad_starts = starts_of(np.bincount(quad_line, minlength=len(lines)))
    cap_starts = starts_of(np.bincount(cap_line, minlength=len(lines)))
    return [
        _mesh(
            (quads[quad_starts[p] : quad_starts[p + 1]], quad_normals[quad_starts[p] : quad_starts[p + 1]], quad_rows),
            (caps[order[cap_starts[p] : cap_starts[p + 1]]], cap_shade[order[cap_starts[p] : cap_starts[p + 1]]], fan),
        )
        for p in range(len(lines))
    ]


def _shade(lateral: Floats, components: Floats) -> Floats:
    """Return unit normals `(n, k, 3)` of components left and up at lateral directions."""
    normals = np.empty((len(lateral), len(components), 3))
    normals[..., :2] = lateral[:, None] * components[None, :, :1]
    normals[..., 2] = components[:, 1]
    found: Floats = normals / np.linalg.norm(normals, axis=2, keepdims=True)
    return found


def _mesh(*groups: tuple[Floats, Floats, NDArray[np.int64]]) -> Mesh:
    """Join groups of equal pieces: positions and normals `(n, v, 3)`, triangles `(t, 3)` of one piece."""
    triangles, begin = [], 0
    for positions, _, rows in groups:
        starts = begin + np.arange(len(positions)) * positions.shape[1]
        triangles.append((starts[:, None, None] + rows).reshape(-1, 3))
        begin += positions.shape[0] * positions.shape[1]
    return Mesh(
        np.concatenate([positions.reshape(-1, 3) for positions, *_ in groups]),
        np.concatenate([normals.reshape(-1, 3) for _, normals, _ in groups]).astype(np.float32),
        np.concatenate(triangles).astype(np.uint32),
    )
