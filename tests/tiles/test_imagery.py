import io
import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import ClassVar

import numpy as np
import pytest
import rasterio
from PIL import Image
from rasterio.transform import from_origin
from typer.testing import CliRunner

from api.cli import app
from gis.crs import gcj02_to_lonlat, lonlat_to_xy, xy_to_lonlat
from gis.errors import Invalid, NotFound
from tiles.imagery.layers import FilesLayer, SourceLayer, keep, mosaic
from tiles.imagery.mercator import lonlat, pixels
from tiles.imagery.remote import Remote, SourceFault, checked
from tiles.imagery.service import Imagery

WEST, NORTH = 107.40, 31.30
Z = 14


def write_picture(path: Path, rgb: np.ndarray, crs: str | None, place: tuple[float, float, float]) -> Path:
    west, north, pixel = place
    profile = {"driver": "GTiff", "width": rgb.shape[1], "height": rgb.shape[0], "count": 3, "dtype": "uint8", "crs": crs}
    with rasterio.open(path, "w", transform=from_origin(west, north, pixel, pixel), **profile) as file:
        file.write(rgb.transpose(2, 0, 1))
    return path


def ramp(side: int, pixel_m: float) -> tuple[np.ndarray, float, float]:
    """Red grows eastward and green northward with EPSG:4545; returns also its west and north, metres."""
    east, north = lonlat_to_xy(np.array([[WEST, NORTH]]))[0].round(-2)
    x, y = np.meshgrid(np.arange(side) + 0.5, np.arange(side) + 0.5)
    rgb = np.stack([x / side * 255, 255 - y / side * 255, np.full_like(x, 90)], axis=-1).astype(np.uint8)
    return rgb, float(east), float(north)


def tile_at(lon: float, lat: float, z: int = Z) -> tuple[int, int]:
    x, y = pixels(z, np.array([lon]), np.array([lat]))
    return int(x[0] // 256), int(y[0] // 256)


def opened(data: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGBA")).astype(int)


def test_a_picture_in_any_crs_lies_where_it_belongs(tmp_path: Path) -> None:
    side, pixel = 1200, 8.0
    rgb, west, north = ramp(side, pixel)
    layer = FilesLayer("ortho", "影像", "", (write_picture(tmp_path / "a.tif", rgb, "EPSG:4545", (west, north, pixel)),))
    x, y = tile_at(WEST + 0.05, NORTH - 0.05)
    data, media = mosaic(layer).tile(Z, x, y) or (b"", "")
    assert media == "image/jpeg"
    lon, lat = lonlat(Z, np.arange(256) + x * 256 + 0.5, np.arange(256) + y * 256 + 0.5)
    grid = lonlat_to_xy(np.column_stack([np.tile(lon, 256), np.repeat(lat, 256)]))
    red = ((grid[:, 0] - west) / (side * pixel) * 255).reshape(256, 256)
    green = (255 + (grid[:, 1] - north) / (side * pixel) * 255).reshape(256, 256)
    found = opened(data)
    assert np.abs(found[..., 0] - red).max() < 6
    assert np.abs(found[..., 1] - green).max() < 6


def test_the_finest_picture_lies_on_top_and_what_none_covers_is_clear(tmp_path: Path) -> None:
    rgb, west, north = ramp(300, 20.0)
    coarse = write_picture(tmp_path / "coarse.tif", rgb, "EPSG:4545", (west, north, 20.0))
    fine = write_picture(tmp_path / "fine.tif", np.full((200, 200, 3), 250, np.uint8), "EPSG:4545", (west + 800, north - 1200, 4.0))
    keep(tmp_path, FilesLayer("two", "两幅", "", (fine, coarse)))
    imagery = Imagery(tmp_path)
    (shown,) = imagery.list()
    assert shown.max_zoom > Z
    middle = lonlat_to_xy(np.array([[0.0, 0.0]])) * 0 + [west + 1200, north - 1600]
    data, media = imagery.tile("two", Z, *tile_at(*xy_to_lonlat(middle)[0])) or (b"", "")
    assert (opened(data)[..., :3] > 240).all(axis=-1).any()
    rim, media = imagery.tile("two", Z, *tile_at(WEST, NORTH)) or (b"", "")
    assert media == "image/webp"
    assert {0, 255} <= set(opened(rim)[..., 3].ravel().tolist())
    assert imagery.tile("two", Z, 0, 0) is None
    with pytest.raises(NotFound):
        imagery.tile("none", Z, 0, 0)


class Elsewhere(BaseHTTPRequestHandler):
    """A map server: each tile's colour ramps tell true GCJ-02 places; asks for a key."""

    asked: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        self.asked.append(self.path)
        _, _, x, rest = self.path.split("/")
        y, _, key = rest.partition("?tk=")
        if key != "s3cret":
            self.send_response(403)
            self.end_headers()
            return
        columns, rows = np.arange(256) + int(x) * 256, np.arange(256) + int(y) * 256
        rgb = np.zeros((256, 256, 3), np.uint8)
        rgb[..., 0], rgb[..., 1] = (columns // 4 % 256)[None, :], (rows // 4 % 256)[:, None]
        out = io.BytesIO()
        Image.fromarray(rgb).save(out, "PNG")
        self.send_response(200)
        self.end_headers()
        self.wfile.write(out.getvalue())

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def elsewhere() -> Iterator[str]:
    Elsewhere.asked.clear()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Elsewhere)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}/{{z}}/{{x}}/{{y}}?tk={{key}}"
    server.shutdown()
    server.server_close()


def test_a_shifted_source_is_brought_to_true_places_and_its_key_stays_here(
    elsewhere: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    layer = checked(SourceLayer("web", "外部", "", elsewhere, "gcj02", "mercator", 18, "SOME_KEY"))
    remote = Remote(layer, tmp_path / "fetched")
    x, y = tile_at(107.5, 31.2, 16)
    with pytest.raises(Invalid, match="SOME_KEY"):
        remote.tile(16, x, y)
    monkeypatch.setenv("SOME_KEY", "wrong")
    with pytest.raises(SourceFault) as refused:
        remote.tile(16, x, y)
    assert "wrong" not in str(refused.value)
    monkeypatch.setenv("SOME_KEY", "s3cret")
    data, _ = remote.tile(16, x, y) or (b"", "")
    lon, lat = lonlat(16, np.arange(256) + x * 256 + 0.5, np.arange(256) + y * 256 + 0.5)
    # Where the source's own pixels lie in truth, to be found again at the pixel of ours.
    u, v = pixels(16, np.array([107.5]), np.array([31.2]))
    gcj = np.array([[107.504554, 31.197758]])
    assert gcj02_to_lonlat(gcj)[0] == pytest.approx([107.5, 31.2], abs=1e-6)
    there = [float(axis[0]) for axis in pixels(16, gcj[:, 0], gcj[:, 1])]
    found = opened(data)[int(v[0]) - y * 256, int(u[0]) - x * 256]
    assert abs(found[0] - there[0] // 4 % 256) <= 3
    assert abs(found[1] - there[1] // 4 % 256) <= 3
    asked = len(Elsewhere.asked)
    assert remote.tile(16, x, y) == (data, "image/jpeg")
    assert len(Elsewhere.asked) == asked
    kept = keep(tmp_path, layer)
    written = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert all("s3cret" not in path.name and b"s3cret" not in path.read_bytes() for path in written)
    assert json.loads(kept.read_text())["key_variable"] == "SOME_KEY"
    assert len(lon) == len(lat)


def test_a_source_without_shift_passes_through(elsewhere: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_KEY", "s3cret")
    remote = Remote(SourceLayer("web", "外部", "", elsewhere, "cgcs2000", "mercator", 18, "SOME_KEY"), tmp_path / "fetched")
    x, y = tile_at(107.5, 31.2, 12)
    data, media = remote.tile(12, x, y) or (b"", "")
    assert media == "image/png"
    assert opened(data)[0, 0, 0] == x * 256 // 4 % 256
    # Beyond the source's deepest level its pixels are drawn larger.
    shallow = SourceLayer("web", "外部", "", elsewhere, max_zoom=12, key_variable="SOME_KEY")
    assert Remote(shallow, tmp_path / "fetched").tile(13, 2 * x, 2 * y)


def test_the_commands_say_what_is_wrong(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QUANJING_DATA_DIR", str(tmp_path))
    rgb, west, north = ramp(64, 10.0)
    path = write_picture(tmp_path / "a.tif", rgb, "EPSG:4545", (west, north, 10.0))
    runner = CliRunner()
    assert runner.invoke(app, ["imagery", "add", str(path), "--label", "航片"]).exit_code == 0
    assert json.loads((tmp_path / "imagery" / "ortho.json").read_text())["label"] == "航片"
    said = runner.invoke(app, ["imagery", "source", "https://maps.example/{z}/{x}"])
    assert isinstance(said.exception, Invalid)
    said = runner.invoke(app, ["imagery", "source", "https://maps.example/{z}/{x}/{y}?k={key}"])
    assert isinstance(said.exception, Invalid)
    write_picture(tmp_path / "b.tif", rgb, None, (west, north, 10.0))
    assert isinstance(runner.invoke(app, ["imagery", "add", str(tmp_path / "b.tif")]).exception, Invalid)
