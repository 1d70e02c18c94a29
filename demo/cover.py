"""What covers the land of the demo city, as an orthophoto would show it: forest, fields, terraces, water, towns, roads. All invented."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import rasterio
import shapely
from numpy.typing import NDArray
from rasterio.enums import Resampling
from rasterio.features import rasterize
from rasterio.transform import from_origin
from shapely.geometry import LineString, Point

from demo.counties import SEATS
from demo.geography import City, seat
from demo.land import Land, Yard, stretched
from demo.noise import Floats, Grid, hashed, layered, smooth, waves

CITY_M = 36.0
"""Pixels of the picture of the whole city."""
NEAR_M = 3.0
"""Pixels of the pictures around plants."""
AROUND_M = 700.0
"""How far those reach beyond a plant."""
BEYOND_M = 1_500.0
"""So far beyond its counties the picture of the city ends: the straight edge of a sheet would say that the land ends there."""
STRIP = 256
"""Rows that are painted at once."""
SUN_AZIMUTH, SUN_HEIGHT = 238.0, 44.0
"""Where the light stands, degrees: as in the panorama, so that hills and buildings throw the same shade."""

Colour = tuple[float, float, float]
Planes = list[Floats]

FOREST, CONIFER, SHRUB, ROCK = (84, 100, 72), (66, 84, 64), (112, 120, 86), (146, 140, 128)
FIELDS: tuple[Colour, ...] = (
    (120, 128, 86),
    (138, 141, 96),
    (152, 147, 108),
    (110, 122, 80),
    (164, 154, 120),
    (128, 136, 92),
    (104, 120, 92),
    (146, 134, 104),
)
WATER, SHALLOW, SAND = (66, 90, 98), (92, 112, 112), (168, 162, 144)
ASPHALT, GRAVEL, CONCRETE = (150, 148, 144), (168, 162, 150), (164, 162, 156)
ROOFS: tuple[Colour, ...] = ((172, 168, 162), (150, 146, 142), (156, 130, 116), (182, 180, 176), (134, 136, 140), (140, 128, 112))
LANE, TRUNK, HIGHWAY, RIVER = 1, 2, 3, 4
"""Codes of what is drawn as outlines, the later over the earlier."""


@dataclass(frozen=True, slots=True, eq=False)
class Drawn:
    """Roads and water as outlines (EPSG:4545), with their codes, and where towns lie."""

    shapes: tuple[shapely.Geometry, ...]
    codes: tuple[int, ...]
    tree: shapely.STRtree
    towns: tuple[tuple[float, float, float], ...]
    """East, north, radius, metres."""


def _wound(start: Point, end: Point, seed: int) -> LineString:
    """Return a road between two points, bent as if by the land."""
    points = np.array([[start.x, start.y], [end.x, end.y]])
    for level in range(5):
        middles, along = (points[:-1] + points[1:]) / 2, np.diff(points, axis=0)
        chance = hashed(np.arange(len(middles)), np.full(len(middles), level), seed)[:, None] - 0.5
        middles += np.column_stack([-along[:, 1], along[:, 0]]) * chance * 0.3
        woven = np.empty((len(points) + len(middles), 2))
        woven[0::2], woven[1::2] = points, middles
        points = woven
    return LineString(points)


ROUTES = (
    ("511702", "511722"),
    ("511722", "511781"),
    ("511703", "511725"),
    ("511703", "511724"),
    ("511702", "511723"),
    ("511724", "511725"),
)
"""County seats that a highway joins."""


def drawn(city: City, yards: Sequence[Yard]) -> Drawn:
    """Return what is drawn as outlines."""
    found: list[tuple[shapely.Geometry, int]] = []
    highways = [_wound(seat(a), seat(b), int(a) ^ int(b)) for a, b in ROUTES]
    trunks = [river.xy.simplify(120).offset_curve(side * (river.width_m / 2 + 130)) for river in city.rivers for side in (1,)]
    main = shapely.union_all([*highways, *trunks])
    spots = [yard.outline for yard in yards] + [place.xy for place in city.places]
    for number, spot in enumerate(spots):
        here, there = shapely.ops.nearest_points(spot, main)
        if 1 < here.distance(there) < 6_000:
            found.append((_wound(here, there, number).buffer(2.8, quad_segs=1), LANE))
    found += [(trunk.buffer(5.0, quad_segs=2), TRUNK) for trunk in trunks if not trunk.is_empty]
    found += [(highway.buffer(11.0, quad_segs=2), HIGHWAY) for highway in highways]
    found += [(river.xy.buffer(river.width_m / 2, quad_segs=4), RIVER) for river in city.rivers]
    shapes = tuple(shape for shape, _ in found)
    towns = [(seat(code).x, seat(code).y, 2_600.0 if code in ("511702", "511703") else 1_700.0) for code in SEATS]
    towns += [(place.xy.x, place.xy.y, 60.0 + 5.0 * place.people**0.5) for place in city.places if place.kind == "village"]
    return Drawn(shapes, tuple(code for _, code in found), shapely.STRtree(shapes), tuple(towns))


def _burnt(of: Drawn, grid: Grid) -> NDArray[np.uint8]:
    """Return the codes of what is drawn, 0 where nothing is."""
    pixel = float(grid.x[1] - grid.x[0])
    window = shapely.box(grid.x[0] - pixel, grid.y[-1] - pixel, grid.x[-1] + pixel, grid.y[0] + pixel)
    rows = np.sort(of.tree.query(window))
    if not len(rows):
        return np.zeros(grid.shape, np.uint8)
    drawn = [(of.shapes[row], of.codes[row]) for row in rows]
    burnt: NDArray[np.uint8] = rasterize(drawn, out_shape=grid.shape, transform=_transform(grid), all_touched=pixel > 10, dtype="uint8")
    return burnt


def _urban(of: Drawn, grid: Grid) -> Floats:
    """Return how much of a place is town, 0 … 1."""
    found = np.zeros(grid.shape, np.float32)
    for east, north, radius in of.towns:
        i0, i1 = np.searchsorted(grid.x, [east - radius, east + radius])
        j0, j1 = np.searchsorted(-grid.y, [-north - radius, -north + radius])
        if i0 == i1 or j0 == j1:
            continue
        square = ((grid.x[i0:i1] - east) ** 2 + (grid.y[j0:j1, None] - north) ** 2) / radius**2
        part = (slice(j0, j1), slice(i0, i1))
        found[part] = np.maximum(found[part], np.maximum(0, 1 - square).astype(np.float32))
    return found


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """All that a picture is painted from."""

    land: Land
    slope: Floats
    shade: Floats
    """Of the land's grid: light that falls on it, 1 on level ground."""
    drawn: Drawn
    yards: tuple[Yard, ...]
    territory: shapely.Geometry
    """What the picture of the city shows, EPSG:4545."""
    seed: int


def scene(city: City, land: Land, yards: Sequence[Yard]) -> Scene:
    """Return what pictures of a city are painted from."""
    pixel = np.float32(land.grid.x[1] - land.grid.x[0])
    down, right = np.gradient(land.heights, pixel)
    azimuth, height = np.radians(SUN_AZIMUTH), np.radians(SUN_HEIGHT)
    length = np.sqrt(1 + right**2 + down**2)
    light = (-right * np.sin(azimuth) * np.cos(height) + down * np.cos(azimuth) * np.cos(height) + np.sin(height)) / length
    return Scene(
        land,
        _blurred(np.sqrt(right**2 + down**2)),
        light.astype(np.float32) / np.float32(np.sin(height)),
        drawn(city, yards),
        tuple(yards),
        shapely.union_all([county.xy for county in city.counties]).buffer(BEYOND_M, quad_segs=4),
        city.seed,
    )


def _blurred(field: Floats) -> Floats:
    """Return means over three by three cells: a crest of one cell's width is no field."""
    padded = np.pad(field, 1, mode="edge")
    tall = padded[:-2] + padded[1:-1] + padded[2:]
    blurred: Floats = (tall[:, :-2] + tall[:, 1:-1] + tall[:, 2:]) / np.float32(9)
    return blurred


def _mixed(planes: Planes, colour: Colour, share: Floats) -> None:
    for plane, value in zip(planes, colour, strict=True):
        plane[...] += share * (np.float32(value) - plane)


def _chosen(colours: Sequence[Colour], number: Floats) -> Planes:
    """Return colours by chance numbers 0 … 1."""
    table = np.array(colours, np.float32)
    index = np.minimum((number * len(table)).astype(np.uint8), len(table) - 1)
    return [table[:, band].take(index) for band in range(3)]


def _parcels(grid: Grid, warp: Floats, size: tuple[float, float], turn: float, seed: int) -> tuple[Floats, Floats]:
    """Return a chance number for each parcel of a bent patchwork, and how near its border a place is, 0 … 1."""
    x, y = grid.x[None, :].astype(np.float32) - np.float32(400_000), grid.y[:, None].astype(np.float32) - np.float32(3_400_000)
    u = (x * np.float32(np.cos(turn)) + y * np.float32(np.sin(turn))) / np.float32(size[0]) + warp
    v = (y * np.float32(np.cos(turn)) - x * np.float32(np.sin(turn))) / np.float32(size[1]) + warp
    i, j = np.floor(u), np.floor(v)
    # Rows of a patchwork are shifted, as walls of bricks.
    edge = np.minimum(np.minimum(u - i, i + 1 - u) * np.float32(size[0]), np.minimum(v - j, j + 1 - v) * np.float32(size[1]))
    return hashed(i.astype(np.int32), j.astype(np.int32), seed), edge


def paint(scene: Scene, grid: Grid, detail: Floats | None = None) -> NDArray[np.uint8]:
    """Return a picture of a grid, `(rows, columns, 3)`.

    Parameters
    ----------
    scene : Scene
    grid : Grid
        North first.
    detail : (rows, columns), optional
        0 … 1: how much is shown of what only a near picture has.
    """
    land, seed = scene.land, scene.seed
    heights, slope, shade, away = (stretched(field, land.grid, grid) for field in (land.heights, scene.slope, scene.shade, land.away))
    broad, middling = layered(grid, 2_400, 3, seed + 500), layered(grid, 260, 2, seed + 540)
    warp = waves(grid, 420, seed + 560) * np.float32(0.9)

    # Fields: a patchwork on level ground, bands along the contours on slopes.
    flat, edge = _parcels(grid, warp, (110.0, 74.0), 0.43, seed + 1)
    planes = _chosen(FIELDS, flat)
    band = heights / np.float32(9) + middling * np.float32(0.5)
    strips = hashed(np.floor(band).astype(np.int32), np.floor(warp * 3 + flat * 4).astype(np.int32), seed + 2)
    steep = smooth(slope, 0.05, 0.11)
    for plane, other in zip(planes, _chosen(FIELDS, strips), strict=True):
        plane[...] += steep * (other - plane)
    tint = middling * np.float32(5)
    for plane in planes:
        plane[...] += tint
    if detail is not None:
        _near_fields(planes, grid, (warp, edge, band, steep), detail, seed)

    wood = smooth(slope + broad * np.float32(0.09) + middling * np.float32(0.05), 0.13, 0.24)
    _mixed(planes, SHRUB, smooth(slope + middling * np.float32(0.06), 0.1, 0.17) * np.float32(0.6))
    _mixed(planes, FOREST, wood)
    _mixed(planes, CONIFER, wood * smooth(broad + heights * np.float32(0.0006), 0.3, 0.9))
    _mixed(planes, ROCK, smooth(slope + middling * np.float32(0.1), 0.62, 0.95) * np.float32(0.7))
    texture = waves(grid, 75, seed + 580)
    if detail is not None:
        texture = texture + detail * (waves(grid, 21, seed + 590) * np.float32(1.3) + waves(grid, 8, seed + 600))
    for plane in planes:
        plane[...] += texture * (np.float32(2.0) + wood * np.float32(5.5))

    urban = _urban(scene.drawn, grid)
    if urban.any():
        _towns(planes, grid, urban + middling * np.float32(0.12) * (urban > 0), detail, seed)
    for plane in planes:
        plane[...] *= np.float32(0.5) + np.float32(0.5) * np.clip(shade, 0.15, 1.45)
    _lines(planes, _burnt(scene.drawn, grid), away - stretched(land.wide, land.grid, grid) * np.float32(0.5), texture, grid)
    _yards(planes, scene.yards, grid)
    return np.clip(np.stack(planes, axis=-1), 0, 255).astype(np.uint8)


def _near_fields(planes: Planes, grid: Grid, of: tuple[Floats, Floats, Floats, Floats], detail: Floats, seed: int) -> None:
    """Part fields further, and draw their ridges and furrows."""
    warp, edge, band, steep = of
    inner, rim = _parcels(grid, warp * 2, (36.0, 24.0), 0.43, seed + 3)
    shift = (inner - np.float32(0.5)) * np.float32(26) * detail
    dark = np.maximum((1 - smooth(edge, 0.5, 3.5)), (1 - smooth(rim, 0.3, 1.8)) * np.float32(0.6)) * (1 - steep)
    terrace = (1 - smooth(np.abs(band - np.round(band)), 0.0, 0.16)) * steep
    for plane in planes:
        plane[...] += shift - np.maximum(dark, terrace) * np.float32(22) * detail


def _towns(planes: Planes, grid: Grid, urban: Floats, detail: Floats | None, seed: int) -> None:
    """Build towns: blocks between streets, and in near pictures houses in them."""
    block, street = _parcels(grid, np.zeros(grid.shape, np.float32), (92.0, 68.0), 0.3, seed + 4)
    share = smooth(urban, 0.1, 0.32) * np.float32(0.92)
    built = block < np.float32(0.25) + urban * np.float32(0.7)
    for plane, roof in zip(
        planes, _chosen(ROOFS, hashed((block * 4096).astype(np.int32), np.zeros((1, 1), np.int32), seed + 5)), strict=True
    ):
        plane[...] += share * np.where(built, (roof - plane) * np.float32(0.75), 0)
    if detail is not None:
        house, gap = _parcels(grid, np.zeros(grid.shape, np.float32), (19.0, 14.0), 0.3, seed + 6)
        stands = share * detail * (house < 0.62) * (gap > 2.2) * (street > 5)
        for plane, roof in zip(planes, _chosen(ROOFS, house / np.float32(0.62)), strict=True):
            plane[...] += stands * (roof - plane)
    streets = (1 - smooth(street, 3.0, 7.0)) * share
    _mixed(planes, ASPHALT, streets * np.float32(0.8))


def _lines(planes: Planes, burnt: NDArray[np.uint8], beyond: Floats, texture: Floats, grid: Grid) -> None:
    """Draw banks, roads and water."""
    coarse = float(grid.x[1] - grid.x[0]) > 10
    _mixed(planes, SAND, (1 - smooth(np.abs(beyond) + texture * np.float32(6), 6, 34)) * np.float32(0.6))
    for code, colour, share in (
        (LANE, GRAVEL, 0.35 if coarse else 0.9),
        (TRUNK, ASPHALT, 0.55 if coarse else 0.95),
        (HIGHWAY, CONCRETE, 0.8),
    ):
        _mixed(planes, colour, (burnt == code) * np.float32(share))
    water = (burnt == RIVER).astype(np.float32)
    _mixed(planes, SHALLOW, water)
    _mixed(planes, WATER, water * smooth(-beyond, 2, 26))


def _yards(planes: Planes, yards: Sequence[Yard], grid: Grid) -> None:
    """Pave the grounds of plants."""
    window = shapely.box(grid.x[0], grid.y[-1], grid.x[-1], grid.y[0])
    seen = [yard.outline.buffer(4.0) for yard in yards if yard.outline.intersects(window)]
    if seen:
        paved = rasterize([(one, 1) for one in seen], out_shape=grid.shape, transform=_transform(grid), dtype="uint8")
        _mixed(planes, CONCRETE, paved.astype(np.float32))


def _transform(grid: Grid) -> rasterio.Affine:
    """Return where the pixels of a grid lie."""
    pixel = float(grid.x[1] - grid.x[0])
    return from_origin(grid.x[0] - pixel / 2, grid.y[0] + pixel / 2, pixel, pixel)


def _profile(grid: Grid) -> dict[str, object]:
    rows, columns = grid.shape
    return {
        "driver": "GTiff", "width": columns, "height": rows, "count": 3, "dtype": "uint8", "crs": "EPSG:4545",
        "transform": _transform(grid),
        "tiled": True, "blockxsize": 256, "blockysize": 256, "compress": "JPEG", "photometric": "YCBCR", "jpeg_quality": 82,
    }  # fmt: skip


def write_city(scene: Scene, path: Path) -> None:
    """Write the picture of the whole city."""
    rim = scene.land.grid
    grid = Grid(np.arange(rim.x[0], rim.x[-1], CITY_M), np.arange(rim.y[0], rim.y[-1], -CITY_M))
    with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True), rasterio.open(path, "w", **_profile(grid)) as file:
        for first in range(0, len(grid.y), STRIP):
            part = Grid(grid.x, grid.y[first : first + STRIP])
            window = rasterio.windows.Window(0, first, len(grid.x), len(part.y))
            file.write(paint(scene, part).transpose(2, 0, 1), window=window)
            shown = rasterize([scene.territory], out_shape=part.shape, transform=_transform(part), default_value=255, dtype="uint8")
            file.write_mask(shown, window=window)
        file.build_overviews([2, 4, 8, 16, 32], Resampling.average)


def write_near(scene: Scene, folder: Path) -> Iterator[Path]:
    """Write the pictures around plants; yields each when it stands."""
    for yard in scene.yards:
        west, south, east, north = (np.array(yard.outline.bounds) + np.array([-1, -1, 1, 1]) * AROUND_M) // NEAR_M * NEAR_M
        grid = Grid(np.arange(west, east, NEAR_M), np.arange(north, south, -NEAR_M))
        rim = np.minimum(np.minimum(grid.x - west, east - grid.x)[None, :], np.minimum(grid.y - south, north - grid.y)[:, None])
        path = folder / f"{yard.code}.tif"
        with rasterio.open(path, "w", **_profile(grid)) as file:
            file.write(paint(scene, grid, smooth(rim.astype(np.float32), 20, 320)).transpose(2, 0, 1))
            file.build_overviews([2, 4], Resampling.average)
        yield path
