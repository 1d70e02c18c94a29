"""The lie of the land of the demo city: invented hills, real trend; rivers that run downhill along their layer, plants on level ground."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import rasterio
import shapely
from numpy.typing import NDArray
from rasterio.transform import from_origin

from demo.counties import SEATS
from demo.geography import City, seat
from demo.noise import Floats, Grid, layered, smooth, waves

PIXEL_M = 60.0
"""Of the elevation model."""
MARGIN_M = 9_000.0
"""It reaches so far beyond the counties."""
CORRIDOR_M = 2_600.0
"""Within it a river's own level and course count, beyond it those of all rivers."""
BLOCK = 32
"""Cells along a side that are compared with the same stretches of river."""
BANK_M = 70.0
"""How wide the banks of rivers are."""
TERRACE_M, FLOOD_M = 9.0, 600.0
"""The first terrace over the water, and how wide the valley floor is (`City.ground_m`)."""

Doubles = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Yard:
    """Where a plant stands."""

    code: str
    outline: shapely.Polygon
    """EPSG:4545, metres."""
    base_1985_m: float


@dataclass(frozen=True, slots=True, eq=False)
class Land:
    """The elevation model."""

    grid: Grid
    heights: Floats
    """1985 metres; north first."""
    away: Floats
    """Distance from the middle of the nearest river, metres."""
    wide: Floats
    """Width of that river, metres."""


def grid_of(city: City, pixel_m: float = PIXEL_M) -> Grid:
    """Return the grid over a city, corners on whole pixels."""
    bounds = np.array([county.xy.bounds for county in city.counties])
    west, south = np.floor((bounds[:, :2].min(axis=0) - MARGIN_M) / pixel_m) * pixel_m
    east, north = np.ceil((bounds[:, 2:].max(axis=0) + MARGIN_M) / pixel_m) * pixel_m
    return Grid(np.arange(west, east, pixel_m) + pixel_m / 2, np.arange(north, south, -pixel_m) - pixel_m / 2)


@dataclass(frozen=True, slots=True, eq=False)
class _Stretches:
    """Straight stretches of all rivers."""

    start: Doubles
    along: Doubles
    level: Doubles
    """Water level at the start, and what it gains along."""
    width: Doubles


def _stretches(city: City) -> _Stretches:
    starts, alongs, levels, widths = [], [], [], []
    for river in city.rivers:
        points = shapely.get_coordinates(river.xy.simplify(12.0))
        run = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=1))])
        water = river.head_m + (river.mouth_m - river.head_m) * run / run[-1]
        starts.append(points[:-1])
        alongs.append(np.diff(points, axis=0))
        levels.append(np.column_stack([water[:-1], np.diff(water)]))
        widths.append(np.full(len(points) - 1, river.width_m))
    return _Stretches(np.concatenate(starts), np.concatenate(alongs), np.concatenate(levels), np.concatenate(widths))


def _near(grid: Grid, rivers: _Stretches) -> tuple[Floats, Floats, Floats]:
    """Return distance, level and width of the nearest river; beyond the corridor the distance is that of the corridor's rim, or more."""
    away = np.full(grid.shape, 2 * CORRIDOR_M, np.float32)
    level, wide = np.zeros(grid.shape, np.float32), np.full(grid.shape, 20, np.float32)
    tree = shapely.STRtree(shapely.linestrings(np.stack([rivers.start, rivers.start + rivers.along], axis=1)))
    for j in range(0, len(grid.y), BLOCK):
        for i in range(0, len(grid.x), BLOCK):
            x, y = grid.x[i : i + BLOCK], grid.y[j : j + BLOCK]
            near = tree.query(shapely.box(x[0], y[-1], x[-1], y[0]).buffer(CORRIDOR_M))
            if not len(near):
                continue
            dx, dy = (np.subtract.outer(axis, rivers.start[near, n]).astype(np.float32) for n, axis in enumerate((x, y)))
            ax, ay = rivers.along[near].astype(np.float32).T
            share = (dx[None] * ax + dy[:, None] * ay) / (ax * ax + ay * ay)
            np.clip(share, 0, 1, out=share)
            square = (dx[None] - share * ax) ** 2 + (dy[:, None] - share * ay) ** 2
            best = square.argmin(axis=2)[..., None]
            first = best[..., 0]
            part = (slice(j, j + BLOCK), slice(i, i + BLOCK))
            away[part] = np.sqrt(np.take_along_axis(square, best, 2)[..., 0])
            level[part] = rivers.level[near, 0][first] + rivers.level[near, 1][first] * np.take_along_axis(share, best, 2)[..., 0]
            wide[part] = rivers.width[near][first]
    return away, level, wide


def _far(grid: Grid, rivers: _Stretches) -> tuple[Floats, Floats]:
    """Return the level that all rivers together would have at each place, the nearer the more, and the distance from them; both smooth."""
    step = max(1, round(1_200 / abs(grid.x[1] - grid.x[0])))
    coarse = Grid(grid.x[::step], grid.y[::step])
    count = np.maximum(1, np.linalg.norm(rivers.along, axis=1) // 500).astype(int)
    picked = np.concatenate([np.full(n, k) for k, n in enumerate(count)])
    share = np.concatenate([(np.arange(n) + 0.5) / n for n in count])
    spots = (rivers.start[picked] + rivers.along[picked] * share[:, None]).astype(np.float32)
    water = (rivers.level[picked, 0] + rivers.level[picked, 1] * share).astype(np.float32)
    level, away = np.empty(coarse.shape, np.float32), np.empty(coarse.shape, np.float32)
    for row, y in enumerate(coarse.y.astype(np.float32)):
        square = (coarse.x.astype(np.float32)[:, None] - spots[:, 0]) ** 2 + (y - spots[:, 1]) ** 2
        weight = 1 / (square + np.float32(250_000.0)) ** 2
        level[row] = (weight @ water) / weight.sum(axis=1)
        away[row] = np.sqrt(square.min(axis=1))
    return stretched(level, coarse, grid), stretched(away, coarse, grid)


def stretched(values: Floats, coarse: Grid, grid: Grid) -> Floats:
    """Bring a field from a coarse grid to a fine one, bilinearly."""
    step_x, step_y = coarse.x[1] - coarse.x[0], coarse.y[1] - coarse.y[0]
    u = np.clip((grid.x - coarse.x[0]) / step_x, 0, len(coarse.x) - 1.001)
    v = np.clip((grid.y - coarse.y[0]) / step_y, 0, len(coarse.y) - 1.001)
    i, j = u.astype(int), v.astype(int)
    s, t = (u - i).astype(np.float32), (v - j).astype(np.float32)[:, None]
    tall = values[j] * (1 - t) + values[j + 1] * t
    fine: Floats = tall[:, i] * (1 - s) + tall[:, i + 1] * s
    return fine


def _hills(grid: Grid, seed: int) -> Floats:
    """Return how high hills stand over the valleys, metres: parallel ranges from south-west to north-east, mountains in the north-east."""
    x, y = grid.x[None, :].astype(np.float32), grid.y[:, None].astype(np.float32)
    warp = layered(grid, 14_000, 3, seed + 7)
    # 川东平行岭谷: ranges some 22 km apart that run N 28° E, broken by gaps.
    across = (x * np.float32(0.883) - y * np.float32(0.469)) / np.float32(22_000) + warp * np.float32(0.13)
    ranges = np.maximum(0, 1 - np.abs((across - np.floor(across)) - np.float32(0.5)) * np.float32(5.2))
    ranges *= np.float32(0.55) + np.float32(0.6) * smooth(waves(grid, 19_000, seed + 3), -0.7, 0.3)
    mountains = smooth(
        (x - np.float32(430_000)) * np.float32(0.45) + (y - np.float32(3_440_000)) + warp * np.float32(9_000), -20_000, 110_000
    )
    rough, damp = np.zeros(grid.shape, np.float32), np.ones(grid.shape, np.float32)
    for octave, (long_m, share) in enumerate(((8_200, 0.55), (4_100, 0.8), (2_300, 0.62), (1_200, 0.4), (620, 0.22), (300, 0.1))):
        if long_m < 4 * abs(grid.x[1] - grid.x[0]):
            break
        # The smaller of two ridges breaks the rings that one of them makes.
        one, other = (np.abs(waves(grid, long_m, seed + 31 * octave + k)) for k in (0, 1))
        ridge = np.clip(1 - np.minimum(one * np.float32(1.1), other * np.float32(1.6)), 0, 1) ** 2
        rough += np.float32(share) * ridge * damp
        damp = np.clip(ridge * np.float32(1.7), 0.3, 1)
    hills: Floats = rough * (np.float32(105) + np.float32(400) * mountains) + ranges**1.4 * (np.float32(430) - np.float32(260) * mountains)
    return hills


def land(city: City, yards: Sequence[Yard], pixel_m: float = PIXEL_M) -> Land:
    """Return the elevation model of a city.

    Parameters
    ----------
    city : City
    yards : sequence of Yard
        Around each the ground lies near its base height.
    pixel_m : float
        Of the model.
    """
    grid, rivers = grid_of(city, pixel_m), _stretches(city)
    away, level, wide = _near(grid, rivers)
    level_all, away_all = _far(grid, rivers)
    near = 1 - smooth(away, 0.45 * CORRIDOR_M, CORRIDOR_M)
    water = level * near + level_all * (1 - near)
    distance = np.where(away < 2 * CORRIDOR_M, away * near + np.maximum(away, away_all) * (1 - near), away_all)
    floor = water + TERRACE_M + np.minimum(distance, FLOOD_M) * np.float32(0.02)
    floor += np.minimum(np.maximum(distance - FLOOD_M, 0), np.float32(9_000)) * np.float32(0.022)
    gentle = layered(grid, 1_500, 3, city.seed + 77) * np.float32(7) * smooth(distance, 150, 1_200)
    heights = floor + gentle + _hills(grid, city.seed * 1_000) * smooth(distance, 500, 5_500)
    towns = [seat(code).buffer(1_500) for code in SEATS]
    _settle(heights, grid, [(town, None) for town in towns], 300.0, 2_600.0)
    # Twice, the second time close by: what one plant has drawn to its height another near it has shifted.
    for inner_m, outer_m in ((150.0, 1_300.0), (80.0, 360.0)):
        _settle(heights, grid, [(yard.outline, yard.base_1985_m) for yard in yards], inner_m, outer_m)
    # Banks, then the water: last, so that nothing stands in a river.
    rise = np.clip((away - wide / 2) / np.float32(BANK_M), 0, 1)
    rise = rise * rise * (3 - 2 * rise)
    heights = np.maximum(heights, np.where(away < CORRIDOR_M * 0.4, level + 2, -1e3))
    heights = np.where(rise < 1, level + (heights - level) * rise, heights)
    return Land(grid, heights.astype(np.float32), away, wide)


def _settle(heights: Floats, grid: Grid, places: Sequence[tuple[shapely.Geometry, float | None]], inner_m: float, outer_m: float) -> None:
    """Draw the ground towards a height around places, to its own mean where none is given; hills fade in between two distances."""
    pixel = abs(grid.x[1] - grid.x[0])
    for outline, base in places:
        west, south, east, north = outline.bounds
        i0, i1 = np.searchsorted(grid.x, [west - outer_m, east + outer_m])
        j0, j1 = np.searchsorted(-grid.y, [-north - outer_m, -south + outer_m])
        part = (slice(j0, j1), slice(i0, i1))
        own = heights[part]
        if not own.size:
            continue
        x, y = np.meshgrid(grid.x[i0:i1], grid.y[j0:j1])
        shapely.prepare(outline)
        distance = shapely.distance(shapely.points(x, y), outline.simplify(pixel / 4)).astype(np.float32)
        weight = 1 - smooth(distance, inner_m, outer_m)
        inside = distance <= pixel
        mean = float(own[inside].mean()) if inside.any() else float(own.mean())
        aim = mean if base is None else base
        heights[part] = own + weight * ((aim - mean) + (mean - own) * np.float32(0.8 if base is None else 0.92))


def write(land_: Land, path: Path) -> None:
    """Write the elevation model as a GeoTIFF (EPSG:4545, 1985 metres)."""
    height, width = land_.grid.shape
    pixel = float(land_.grid.x[1] - land_.grid.x[0])
    transform = from_origin(land_.grid.x[0] - pixel / 2, land_.grid.y[0] + pixel / 2, pixel, pixel)
    profile = {
        "driver": "GTiff",
        "width": width,
        "height": height,
        "count": 1,
        "dtype": "float32",
        "crs": "EPSG:4545",
        "transform": transform,
    }
    profile |= {"tiled": True, "blockxsize": 512, "blockysize": 512, "compress": "LERC_DEFLATE", "max_z_error": 0.02, "zlevel": 3}
    with rasterio.open(path, "w", **profile) as file:
        file.write(land_.heights, 1)
        file.build_overviews([2, 4, 8, 16], rasterio.enums.Resampling.average)
