"""The grid of tiles: square cells from a fixed origin in EPSG:4545, never from the data's extent, so an edit moves no other feature."""

from collections.abc import Sequence

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from gis.crs import lonlat_to_xy

CELL_M = 512.0
"""Side of a cell, metres; corners lie on multiples of it in easting and northing."""
MAX_FEATURES = 4096
"""In one tile: a property table becomes a texture, and its width is limited to 8192 by common WebGL, 4096 by older."""
MAX_DEPTH = 8
"""Quarterings of a cell, to 2 m; what is denser is cut in runs."""


def _split(key: str, places: NDArray[np.float64], members: NDArray[np.int64], depth: int, capacity: int) -> dict[str, NDArray[np.int64]]:
    """Quarter a cell until every part holds no more than the capacity; `places` are shares of the cell, 0–1."""
    if len(members) <= capacity:
        return {key: members}
    if depth == MAX_DEPTH:
        return {f"{key}_{run}": members[begin : begin + capacity] for run, begin in enumerate(range(0, len(members), capacity))}
    doubled = places * 2
    quarter = np.clip(doubled.astype(np.int64), 0, 1)
    parts: dict[str, NDArray[np.int64]] = {}
    for number in range(4):
        inside = (quarter[:, 0] + 2 * quarter[:, 1]) == number
        if inside.any():
            parts |= _split(f"{key}q{number}", (doubled - quarter)[inside], members[inside], depth + 1, capacity)
    return parts


def spots(geometries: Sequence[BaseGeometry]) -> NDArray[np.float64]:
    """Return a point inside each geometry (EPSG:4490, not empty), easting and northing, `(n, 2)` metres."""
    return lonlat_to_xy(shapely.get_coordinates(shapely.point_on_surface(shapely.force_2d(np.array(geometries, object)))))


def plots(places: NDArray[np.float64], cell_m: float = CELL_M) -> dict[str, NDArray[np.int64]]:
    """Return which places, `(n, 2)` metres, lie in which square of the grid, ascending; a square is named `<column>_<row>`."""
    corners = np.floor(places / cell_m).astype(np.int64)
    unique, owner = np.unique(corners, axis=0, return_inverse=True)
    order = np.argsort(owner.reshape(-1), kind="stable")
    ends = np.cumsum(np.bincount(owner.reshape(-1), minlength=len(unique)))[:-1]
    return {f"{column}_{row}": inside for (column, row), inside in zip(unique.tolist(), np.split(order, ends), strict=True)}


def quarters(key: str, places: NDArray[np.float64], capacity: int = MAX_FEATURES, cell_m: float = CELL_M) -> dict[str, NDArray[np.int64]]:
    """Return the cells of one square: the square itself, or its parts where it is full; see `cells`."""
    scaled = places / cell_m
    return _split(key, scaled - np.floor(scaled), np.arange(len(places)), 0, capacity)


def cells(geometries: Sequence[BaseGeometry], capacity: int = MAX_FEATURES, cell_m: float = CELL_M) -> dict[str, NDArray[np.int64]]:
    """Sort features into cells by a point inside each.

    Parameters
    ----------
    geometries : sequence of shapely geometry, EPSG:4490, not empty
    capacity : most features of a cell
    cell_m : side of a cell, metres

    Returns
    -------
    dict of str to (k,) int64
        Cell key → indices of `geometries`, ascending. A key is `<column>_<row>`: easting and northing over the cell size, rounded
        down; a full cell is quartered and its parts get `q0` (south-west) … `q3` (north-east).
    """
    if not geometries:
        return {}
    places = spots(geometries)
    return {
        name: inside[part]
        for key, inside in plots(places, cell_m).items()
        for name, part in quarters(key, places[inside], capacity, cell_m).items()
    }
