"""Radar sweeps: cells where geodesy puts them, hotspots and nothing else, the same out of a file and over HTTP."""

from datetime import datetime
from pathlib import Path

import httpx
import numpy as np
import pytest
import shapely
from city import found_city
from pyproj import Geod
from serving import serving
from typer.testing import CliRunner

from gis.clock import BEIJING
from gis.errors import Invalid
from gis.radar_cli import app
from gis.radar_file import read_sweeps
from gis.rules.radar import Sweep, cells, hotspots
from gis.store.cluster import Urls

AT = datetime(2026, 3, 2, 10, 20, tzinfo=BEIJING)
LON, LAT = 107.5, 31.2
GEOD = Geod(ellps="GRS80")


def sweep(azimuths: np.ndarray, plume: tuple[float, float, float] | None = None, elevation: float = 3.0, gates: int = 200) -> Sweep:
    """A quiet sweep, gates of 30 m from 60 m on, with a plume of some width around an azimuth and a distance."""
    distance = 60.0 + 30.0 * np.arange(gates)
    noise = np.random.default_rng(1).normal(40.0, 2.0, (len(azimuths), gates))
    if plume:
        bearing, away, width = plume
        across = np.radians((azimuths - bearing + 180) % 360 - 180)[:, None] * distance
        noise += 300 * np.exp(-(across**2 + (distance - away) ** 2) / (2 * width**2))
    return Sweep(AT, elevation, azimuths, 60.0, 30.0, "pm", noise.astype(np.float32))


TURN = np.arange(0.0, 360.0, 2.0)


def test_cells_lie_where_geodesics_of_the_ellipsoid_lead() -> None:
    turn = sweep(TURN)
    chosen = np.zeros(turn.values.shape, dtype=bool)
    chosen[45, 100] = True
    (cell,) = cells(turn, LON, LAT, chosen)
    # Beam 45 points east; gate 100 begins 3 060 m along a beam that rises by 3°.
    middle = cell.centroid
    azimuth, _, away = GEOD.inv(LON, LAT, middle.x, middle.y)
    assert azimuth == pytest.approx(90.0, abs=0.01)
    assert away == pytest.approx((3060 + 15) * np.cos(np.radians(3)), abs=1.0)
    area, _ = GEOD.geometry_area_perimeter(cell)
    assert abs(area) == pytest.approx(30 * np.cos(np.radians(3)) * np.radians(2) * away, rel=0.01)
    every = cells(turn, LON, LAT, np.ones_like(chosen))
    disc, _ = GEOD.geometry_area_perimeter(shapely.union_all(every, grid_size=1e-9))
    outer, inner = (radius * np.cos(np.radians(3)) for radius in (60 + 30 * 200, 60))
    assert abs(disc) == pytest.approx(np.pi * (outer**2 - inner**2), rel=2e-3)


@pytest.mark.parametrize("bearing", [0.0, 137.0])
def test_a_plume_is_one_hotspot_across_north_too(bearing: float) -> None:
    (found,) = hotspots(sweep(TURN, (bearing, 2400.0, 120.0)), LON, LAT)
    assert (found.bearing_deg - bearing + 180) % 360 - 180 == pytest.approx(0, abs=2.0)
    assert found.distance_m == pytest.approx(2400, abs=60)
    azimuth, _, away = GEOD.inv(LON, LAT, found.peak_lon, found.peak_lat)
    assert (azimuth % 360, away) == pytest.approx((found.bearing_deg, found.distance_m), abs=0.1)
    assert found.geom.is_valid
    assert found.geom.contains(shapely.Point(found.peak_lon, found.peak_lat))
    area, _ = GEOD.geometry_area_perimeter(found.geom)
    # Where the plume is above twice the quiet air: out to 1.97 of its widths.
    assert abs(area) == pytest.approx(np.pi * (120 * np.sqrt(2 * np.log(300 / 40))) ** 2, rel=0.15)


def test_what_is_quiet_small_near_or_missing_is_none() -> None:
    assert hotspots(sweep(TURN), LON, LAT) == []
    assert hotspots(sweep(TURN, (90.0, 2400.0, 20.0)), LON, LAT) == []
    assert hotspots(sweep(TURN, (90.0, 70.0, 25.0)), LON, LAT) == []
    nothing = sweep(TURN)
    nothing.values[:] = np.nan
    assert hotspots(nothing, LON, LAT) == []
    # A sector is not closed across its gap.
    part = sweep(np.arange(10.0, 131.0, 2.0), (10.0, 2400.0, 120.0))
    (found,) = hotspots(part, LON, LAT)
    assert found.geom.bounds[0] >= GEOD.fwd(LON, LAT, 9.0, 2000.0)[0] - 1e-6


def written(one: Sweep, *, drop: int | None = None) -> str:
    lines = ["at,elevation_deg,azimuth_deg,range_m,pm"]
    for beam, azimuth in enumerate(one.azimuths_deg):
        lines += [
            f"2026-03-02T10:20,{one.elevation_deg},{azimuth},{60 + 30 * gate},{one.values[beam, gate]:.2f}"
            for gate in range(one.values.shape[1])
            if gate != drop
        ]
    return "\n".join(lines)


def test_a_file_is_stored_once_and_shown_with_the_enterprises_beneath(
    database: Urls, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    city = found_city(database.owner, drawing=None)
    monkeypatch.setenv("QUANJING_DATABASE_URL", city.url)
    (at,) = city.rows("SELECT ST_X(geom), ST_Y(geom) FROM enterprises")
    lon, lat, _ = GEOD.fwd(at[0], at[1], 270.0, 2400.0)
    city.rows("INSERT INTO air_stations (code, name, geom) VALUES ('LD01', '激光雷达站', ST_SetSRID(ST_MakePoint(%s, %s), 4490))", lon, lat)
    file = tmp_path / "sweep.csv"
    file.write_text(written(sweep(np.arange(0.0, 360.0, 4.0), (90.0, 2400.0, 150.0), gates=100)))
    run = CliRunner()
    command = ["import", str(file), "--station", "LD01"]
    assert "1 圈扫描，新存或改动 1，热点 1" in run.invoke(app, command).output
    assert "新存或改动 0，热点 0" in run.invoke(app, command).output
    shown = run.invoke(app, ["hotspots", "--from", "2026-03-02", "--to", "2026-03-03"]).output
    assert "LD01  方位 88°  2412 m" in shown
    with serving(city.url, tmp_path / "data") as address, httpx.Client(base_url=address) as client:
        during = {"from": "2026-03-02T00:00", "to": "2026-03-03T00:00"}
        (listed,) = client.get("/api/radar/sweeps", params=during).json()["sweeps"]
        assert (listed["station"], listed["hotspots"]) == ("LD01", 1)
        (spot,) = client.get("/api/radar/hotspots", params=during).json()["features"]
        (near,) = spot["properties"]["near"]
        assert near["feature_id"] == str(city.enterprise_id)
        ((firm, times, peak),) = city.rows("SELECT feature_id, value, details ->> 'peak' FROM alarm_signals WHERE kind = 'hotspot'")
        assert (firm, times) == (city.enterprise_id, pytest.approx(float(peak) / 40, rel=0.05))
        body = client.get(f"/api/radar/sweeps/{listed['sweep_id']}", params={"least": "100"}).json()
        assert 12 < len(body["features"]) < 400
        assert min(feature["properties"]["value"] for feature in body["features"]) >= 100
        assert len(client.get(f"/api/radar/sweeps/{listed['sweep_id']}").json()["features"]) == 90 * 100
        assert client.get("/api/radar/sweeps/999").status_code == 404
        assert client.get(f"/api/radar/sweeps/{listed['sweep_id']}", params={"least": "nan"}).status_code == 400
        assert client.get("/api/radar/hotspots", params={"from": "2020-01-01"}).status_code == 400


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("at,azimuth_deg\n", "缺少列 elevation_deg、range_m"),
        ("at,elevation_deg,azimuth_deg,range_m\n", "没有观测量"),
        ("at,elevation_deg,azimuth_deg,range_m,pm\n2026-03-02,3,400,60,1\n", "第 2 行：仰角"),
        ("at,elevation_deg,azimuth_deg,range_m,pm\nmorgens,3,40,60,1\n", "第 2 行 at"),
        ("at,elevation_deg,azimuth_deg,range_m,pm\n2026-03-02,3,40,60,viel\n", "第 2 行：pm“viel”不是数"),
        (written(sweep(TURN, gates=20), drop=7), "距离库不等长"),
        ("at,elevation_deg,azimuth_deg,range_m,pm\n2026-03-02,3,40,60,1\n", "至少要 3 个方位"),
    ],
)
def test_a_bad_file_says_where(text: str, says: str) -> None:
    with pytest.raises(Invalid, match=says):
        read_sweeps(text.encode())
