import gzip
import json
import shutil
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import numpy as np
import pytest
import rasterio
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from rasterio.transform import from_origin
from shapely.geometry import box
from typer.testing import CliRunner

from api.cli import app
from gis.crs import lonlat_to_xy, xy_to_lonlat
from gis.errors import Invalid
from gis.geoid import undulation_m
from gis.store.yards import Yard
from tiles.terrain import check
from tiles.terrain.bake import LAYER, bake
from tiles.terrain.build import block, step_m
from tiles.terrain.dem import Dem, open_dem
from tiles.terrain.hole import with_hole
from tiles.terrain.lattice import CELLS, POINTS, Tile, degrees, span, tolerance_m
from tiles.terrain.mesh import cut, errors, triangulate
from tiles.terrain.quantized import FULL, Decoded, NotATile, read
from tiles.terrain.relief import EXACT_M, FINEST, Bare, Graded, Level
from tiles.terrain.service import open_terrain

Floats = NDArray[np.float64]
WEST, NORTH, STEP = 107.40, 31.40, 0.0008


def land(seed: int, side: int = 300) -> Floats:
    """Hills as sums of waves, and a cliff."""
    dice = np.random.default_rng(seed)
    x, y = np.meshgrid(np.arange(side), np.arange(side))
    waves = [(dice.uniform(4, 60), dice.uniform(0, 6.3), dice.uniform(0, 6.3), dice.uniform(2, 70)) for _ in range(12)]
    heights = 600 + sum(high * np.sin((x * np.cos(turn) + y * np.sin(turn)) / long + phase) for high, turn, phase, long in waves)
    return heights + 150.0 * (x > side * 0.6)


def write_dem(path: Path, heights: Floats, crs: str = "EPSG:4490", origin: tuple[float, float, float] = (WEST, NORTH, STEP)) -> Path:
    west, north, step = origin
    profile = {"driver": "GTiff", "height": heights.shape[0], "width": heights.shape[1], "count": 1, "dtype": "float32", "nodata": -9999.0}
    with rasterio.open(path, "w", crs=crs, transform=from_origin(west, north, step, step), **profile) as file:
        file.write(heights.astype(np.float32), 1)
    return path


@pytest.fixture(scope="module")
def dem(tmp_path_factory: pytest.TempPathFactory) -> Dem:
    return open_dem(write_dem(tmp_path_factory.mktemp("dem") / "dem.tif", land(7)))


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small terrain, baked."""
    folder = tmp_path_factory.mktemp("small")
    bake(open_dem(write_dem(folder / "dem.tif", land(5, 120))), folder / "terrain")
    return folder / "terrain"


def draped(u: NDArray[np.int64], v: NDArray[np.int64], heights: Floats, triangles: NDArray[np.int64]) -> Floats:
    """The height of triangles at each lattice point of a tile; NaN where none lies over it."""
    found = np.full((POINTS, POINTS), np.nan)
    for corners in triangles:
        x, y, z = u[corners], v[corners], heights[corners]
        gx, gy = np.meshgrid(np.arange(x.min(), x.max() + 1), np.arange(y.min(), y.max() + 1))
        area = (x[1] - x[0]) * (y[2] - y[0]) - (x[2] - x[0]) * (y[1] - y[0])
        a = ((gx - x[0]) * (y[2] - y[0]) - (x[2] - x[0]) * (gy - y[0])) / area
        b = ((x[1] - x[0]) * (gy - y[0]) - (gx - x[0]) * (y[1] - y[0])) / area
        inside = (a >= -1e-9) & (b >= -1e-9) & (a + b <= 1 + 1e-9)
        found[gy[inside], gx[inside]] = (z[0] + a * (z[1] - z[0]) + b * (z[2] - z[0]))[inside]
    return found


def surface(decoded: Decoded) -> Floats:
    u, v = (np.round(axis * CELLS / 32767).astype(int) for axis in (decoded.u, decoded.v))
    return draped(u, v, decoded.heights_m, decoded.triangles)


@settings(max_examples=6, deadline=None)
@given(seed=st.integers(0, 10_000), tolerance=st.floats(0.3, 60), rough=st.booleans())
def test_no_error_is_over_the_tolerance_and_no_edge_has_two_courses(seed: int, tolerance: float, *, rough: bool) -> None:
    dice = np.random.default_rng(seed)
    heights = land(seed, 4 * CELLS + 1) + (dice.normal(0, 20, (4 * CELLS + 1, 4 * CELLS + 1)) if rough else 0)
    over = errors(heights) > tolerance
    (left, right) = triangulate(np.stack([cut(over, 1, x).reshape(-1) for x in (1, 2)]))
    for x, mesh in ((1, left), (2, right)):
        own = cut(heights, 1, x)
        rows, columns = np.divmod(mesh.points, POINTS)
        assert np.abs(draped(columns, rows, own[rows, columns], mesh.triangles.astype(np.int64)) - own).max() <= tolerance + 1e-6
    assert set(left.points[left.points % POINTS == CELLS] // POINTS) == set(right.points[right.points % POINTS == 0] // POINTS)


def test_a_bake_is_whole_exact_and_without_a_crack(dem: Dem, tmp_path: Path) -> None:
    baked = bake(dem, tmp_path)
    assert baked
    found = check.report(tmp_path)
    assert not found.issues
    assert found.tiles == baked.tiles == baked.made
    assert baked.bytes / found.vertices <= 12
    x0, y0, x1, y1 = span((107.45, 31.25, 107.55, 31.3), dem.finest)
    for tile in (Tile(dem.finest, x0, y0), Tile(dem.finest, x1, y1)):
        decoded = read((tmp_path / f"{tile.z}/{tile.x}/{tile.y}.terrain").read_bytes())
        columns, rows = (np.arange(POINTS) + first * CELLS for first in (tile.x, tile.y))
        assert np.abs(surface(decoded) - dem.heights(tile.z, columns, rows)).max() <= tolerance_m(tile.z)


def test_heights_over_the_sea_become_heights_over_the_ellipsoid_in_any_crs(tmp_path: Path) -> None:
    level = open_dem(write_dem(tmp_path / "level.tif", np.full((200, 200), 300.0)))
    columns, rows = (np.arange(20) + round((first + offset) / (180 / 2**12 / 64)) for first, offset in ((107.45, 180), (31.3, 90)))
    lon, lat = degrees(12, columns, rows)
    assert level.heights(12, columns, rows) == pytest.approx(300 + undulation_m(lon[None, :], lat[:, None]), abs=1e-6)
    assert undulation_m(np.array([107.5]), np.array([31.2]))[0] == pytest.approx(-37.23, abs=0.01)

    # The same slope, written in degrees and in metres of EPSG:4545.
    slope = open_dem(write_dem(tmp_path / "slope.tif", np.tile(np.arange(200.0), (200, 1))), "ellipsoid")
    east, north = lonlat_to_xy(np.array([[WEST, NORTH]]))[0]
    x, y = np.meshgrid(np.arange(600) * 30.0 + east + 15, north - np.arange(600) * 30.0 - 15)
    there = xy_to_lonlat(np.column_stack([x.ravel(), y.ravel()]))[:, 0].reshape(x.shape)
    metric = open_dem(write_dem(tmp_path / "metric.tif", (there - WEST) / STEP - 0.5, "EPSG:4545", (east, north, 30.0)), "ellipsoid")
    assert metric.heights(12, columns, rows) == pytest.approx(slope.heights(12, columns, rows), abs=0.02)


def test_holes_are_filled_from_around_and_the_same_from_each_side(tmp_path: Path) -> None:
    heights = land(3)
    heights[100:140, 90:150] = -9999
    holed = open_dem(write_dem(tmp_path / "holed.tif", heights))
    x0, y0, _, _ = span((107.48, 31.28, 107.49, 31.29), holed.finest)
    one = block(Bare(holed), holed.finest, (x0, y0, x0, y0))
    many = block(Bare(holed), holed.finest, (x0 - 1, y0 - 1, x0 + 1, y0 + 2))
    tile = Tile(holed.finest, x0, y0)
    assert one[tile] == many[tile]
    assert 200 < read(one[tile]).heights_m.min() < read(one[tile]).heights_m.max() < 1200


def test_level_ground_is_level_and_its_banks_keep_their_slope(dem: Dem) -> None:
    yard, z = box(107.500, 31.300, 107.505, 31.303), 15
    graded = Graded(dem, [Level(yard, 600.0)])
    x0, y0, x1, y1 = span(yard.bounds, z)
    made = block(graded, z, (x0 - 1, y0 - 1, x1 + 1, y1 + 1))
    for tile, content in made.items():
        assert not check.check_tile(tile, read(content))
        if not box(*tile.rectangle).intersects(yard):
            continue
        lon, lat = degrees(z, *(np.arange(POINTS) + first * CELLS for first in (tile.x, tile.y)))
        inside = (lon[None, :] >= 107.5) & (lon[None, :] <= 107.505) & (lat[:, None] >= 31.3) & (lat[:, None] <= 31.303)
        heights = surface(read(content))
        assert np.abs(heights[inside] - 600.0).max() <= EXACT_M + step_m(z) / 2
    assert block(graded, z, (x0, y0, x0, y0))[Tile(z, x0, y0)] == made[Tile(z, x0, y0)]


def test_a_bake_goes_on_where_it_was_stopped(dem: Dem, tmp_path: Path) -> None:
    asked = iter([False, False, False, True])
    assert bake(dem, tmp_path, stop=lambda: next(asked)) is None
    assert not (tmp_path / LAYER).exists()
    half = {path: path.stat().st_mtime_ns for path in tmp_path.glob("*/*/*.terrain")}
    again = bake(dem, tmp_path)
    assert again
    assert again.made == again.tiles - len(half) > 0
    assert all(path.stat().st_mtime_ns == then for path, then in half.items())
    assert bake(dem, tmp_path).made == 0  # type: ignore[union-attr]


def damaged(raw: bytearray, code: str, decoded: Decoded) -> bytes:
    """A tile with one fault of a code."""
    count = len(decoded.u)
    indices = 96 + 6 * count
    edges = indices + 6 * len(decoded.triangles)
    cuts = {"T403": (200, len(raw), b""), "T404": (indices, indices + 2, b"\xff\xff")}
    cuts["T405"] = (indices - 4, indices, (len(decoded.triangles) - 1).to_bytes(4, "little"))
    if code == "T405":
        del raw[edges - 6 : edges]
    cuts["T406"] = (edges, edges + 6, (len(decoded.edges["west"]) - 1).to_bytes(4, "little"))
    cuts["T407"] = (24, 28, np.float32(decoded.least_m - 1).tobytes())
    cuts["T408"] = (len(raw) - 2 * count, len(raw), bytes([0, 128]) * count)
    cuts["T409"] = (56, 64, np.float64(10).tobytes())
    cuts["T410"] = (64, 88, np.array([0.0, 0.0, 1.0]).tobytes())
    cuts["T412"] = (len(raw) - 2 * count - 5, len(raw), b"")
    first, last, instead = cuts[code]
    raw[first:last] = instead
    return bytes(raw)


@pytest.mark.parametrize("code", ["T401", "T402", "T403", "T404", "T405", "T406", "T407", "T408", "T409", "T410", "T411", "T412"])
def test_the_checker_finds_what_is_wrong(code: str, small: Path, tmp_path: Path) -> None:
    folder = tmp_path / "terrain"
    shutil.copytree(small, folder)
    layer = json.loads((folder / LAYER).read_text())
    z = len(layer["available"]) - 1
    reach = layer["available"][z][0]
    path = folder / f"{z}/{reach['startX']}/{reach['startY']}.terrain"
    match code:
        case "T401":
            (folder / LAYER).write_text("{}")
        case "T402":
            path.unlink()
        case "T411":
            reach["endX"] -= 1
            (folder / LAYER).write_text(json.dumps(layer))
        case _:
            raw = gzip.decompress(path.read_bytes())
            path.write_bytes(damaged(bytearray(raw), code, read(raw)))
    assert code in {issue.code for issue in check.report(folder).issues}


def test_what_is_no_dem_is_said_in_words(tmp_path: Path) -> None:
    (tmp_path / "text.tif").write_text("no picture")
    with pytest.raises(Invalid, match="读不出来"):
        open_dem(tmp_path / "text.tif")
    with pytest.raises(Invalid, match="没有一个有效高程"):
        open_dem(write_dem(tmp_path / "empty.tif", np.full((9, 9), -9999.0)))
    with pytest.raises(Invalid, match="没有写明坐标系"):
        open_dem(write_dem(tmp_path / "nowhere.tif", np.zeros((9, 9)), None))  # type: ignore[arg-type]
    with pytest.raises(NotATile):
        read(b"\x00" * 40)


def test_the_command_bakes_and_checks(tmp_path: Path) -> None:
    runner = CliRunner()
    write_dem(tmp_path / "dem.tif", land(1, 120))
    done = runner.invoke(app, ["terrain", "bake", str(tmp_path / "dem.tif"), "--out", str(tmp_path / "out")])
    assert done.exit_code == 0, done.output
    done = runner.invoke(app, ["terrain", "check", str(tmp_path / "out"), "--json"])
    assert done.exit_code == 0
    assert json.loads(done.stdout)["issues"] == []


def test_what_stands_in_a_yard_stands_on_the_drawn_ground(dem: Dem, tmp_path: Path) -> None:
    bake(dem, tmp_path)
    terrain = open_terrain(tmp_path)
    assert terrain
    yard, house = box(107.500, 31.300, 107.503, 31.302), box(107.5062, 31.301, 107.5065, 31.3012)
    far = box(107.47, 31.27, 107.472, 31.272)
    rows = [Yard(uuid4(), 700.0, yard, (house,)), Yard(uuid4(), 1600.0, far, ())]
    terrain.settle(rows)
    assert terrain.available[FINEST]
    ground = terrain.ground(rows)
    for outline in (yard, house, far):
        for x, y in ((outline.centroid.x, outline.centroid.y), outline.exterior.coords[0], outline.exterior.coords[2]):
            i, j, _, _ = span((x, y, x, y), FINEST)
            tile = Tile(FINEST, i, j)
            decoded = read(terrain.plain(tile) or b"")
            assert not check.check_tile(tile, decoded)
            west, south, east, north = tile.rectangle
            u, v = (x - west) / (east - west) * CELLS, (y - south) / (north - south) * CELLS
            drawn = surface(decoded)[int(v) : int(v) + 2, int(u) : int(u) + 2]
            assert np.abs(drawn - ground.ellipsoid_m(outline)).max() <= 0.05
    # A height that is none of the place's is not believed.
    assert abs(ground.ellipsoid_m(far) - 700) < 300
    heights = terrain.heights()
    assert heights[rows[0].enterprise_id] == ground.ellipsoid_m(yard)
    before, tiles = terrain.digest, len(terrain.kept)
    # Asked again, nothing is measured or made anew; only what has changed is.
    terrain.settle(rows)
    assert (terrain.digest, len(terrain.kept)) == (before, tiles)
    stood = terrain.stands[0]
    terrain.settle([rows[0], replace(rows[1], base_1985_m=720.0)])
    assert terrain.stands[0] is stood
    assert terrain.digest == before
    terrain.settle(rows[:1])
    assert terrain.digest != before
    assert terrain.stands[0] is stood


@pytest.mark.parametrize("z", [13, FINEST])
def test_a_hole_has_its_rim_where_the_outline_is(dem: Dem, z: int) -> None:
    west, south, east, north = dem.bounds
    lon, lat = (west + east) / 2, (south + north) / 2
    shape = [(-18, -15), (21, -13), (24, 13), (1, 6), (-21, 16), (-18, -15)]
    outline = shapely.Polygon([(lon + x * 1e-4, lat + y * 1e-4) for x, y in shape])
    x0, y0, x1, y1 = span(outline.bounds, z)
    for tile, content in block(Bare(dem), z, (x0, y0, x1, y1)).items():
        whole, opened = read(content), read(with_hole(content, tile, outline))
        wanted = shapely.box(*tile.rectangle).difference(outline)
        corners = opened.lonlat(tile)[opened.triangles]
        left = shapely.union_all(shapely.polygons(np.concatenate([corners, corners[:, :1]], axis=1)))
        # 1 degree is 111 km at most: the rim is within 5 cm, in plan, and on the ground that was there.
        assert shapely.hausdorff_distance(left.boundary, wanted.boundary) * 111_320 < 0.05
        assert (shapely.area(shapely.polygons(corners)) > 0).all()
        before = surface(whole)
        near = np.round(np.column_stack([opened.u, opened.v]) / FULL * 64).astype(int)
        on_lattice = (np.abs(np.column_stack([opened.u, opened.v]) - near / 64 * FULL) < 0.51).all(axis=1)
        np.testing.assert_allclose(
            opened.heights_m[on_lattice], before[near[on_lattice, 1], near[on_lattice, 0]], atol=step_m(z) / 2 + 1e-6
        )
        assert all(len(edge) for edge in opened.edges.values())
        assert opened.metadata == whole.metadata


def test_a_tile_within_a_hole_is_a_speck_and_one_beside_it_stays(dem: Dem) -> None:
    west, south, east, north = dem.bounds
    x, y, _, _ = span(((west + east) / 2, (south + north) / 2, (west + east) / 2, (south + north) / 2), FINEST)
    ((tile, content),) = block(Bare(dem), FINEST, (x, y, x, y)).items()
    around = shapely.box(*tile.rectangle).buffer(0.001)
    gone = read(with_hole(content, tile, around))
    assert (len(gone.triangles), int(gone.u.max()), int(gone.v.max())) == (1, 1, 1)
    assert with_hole(content, tile, shapely.box(0, 0, 1, 1)) == content
