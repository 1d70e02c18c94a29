"""Stored radar sweeps, their hotspots, and the enterprises beneath them."""

import zlib
from datetime import datetime
from typing import Any

import numpy as np
import shapely
from psycopg import sql

from gis.errors import NotFound
from gis.rules.radar import Sweep, cells, hotspots, quantities
from gis.store.asking import Reading
from gis.store.connect import Plain

MOST_SWEEPS = 200
MOST_CELLS = 20_000
NEAR_M = 1000.0
"""Enterprises so near to a hotspot are named beside it."""
NEAR_DEG = NEAR_M / 90_000
"""At least as far, in degrees of longitude in China's south."""
DAYS_MOST = 31
"""That one asks for at once."""

STATION = """
SELECT feature_id, ST_X(geom), ST_Y(geom) FROM air_stations WHERE code = %s AND closed_at IS NULL ORDER BY feature_id LIMIT 1
"""
PUT = """
INSERT INTO radar_sweeps (feature_id, at, elevation_deg, quantity, azimuths_deg, first_gate_m, gate_m, gates, cells)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)
ON CONFLICT (feature_id, at, elevation_deg, quantity) DO UPDATE SET azimuths_deg = excluded.azimuths_deg,
    first_gate_m = excluded.first_gate_m, gate_m = excluded.gate_m, gates = excluded.gates,
    cells = excluded.cells, recorded = excluded.recorded, author = excluded.author
WHERE (radar_sweeps.azimuths_deg, radar_sweeps.first_gate_m, radar_sweeps.gate_m, radar_sweeps.cells)
    IS DISTINCT FROM (excluded.azimuths_deg, excluded.first_gate_m, excluded.gate_m, excluded.cells)
RETURNING sweep_id
"""
FORGET = "DELETE FROM radar_hotspots WHERE sweep_id = %s"
PUT_HOTSPOT = """
INSERT INTO radar_hotspots (sweep_id, feature_id, at, quantity, peak, mean, cells, bearing_deg, distance_m, peak_point, geom)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, ST_SetSRID(ST_MakePoint(%s, %s), 4490), ST_GeomFromWKB(%s, 4490))
"""
FORGET_SIGNALS = "DELETE FROM alarm_signals WHERE kind = 'hotspot' AND details ->> 'sweep_id' = %s::text"
# The alarm rules ask how many times the background a place is; of several hotspots near one enterprise the highest counts.
PUT_SIGNALS = """
INSERT INTO alarm_signals (source_id, kind, feature_id, at, value, details)
SELECT 'radar:' || h.sweep_id || ':' || e.feature_id, 'hotspot', e.feature_id, h.at, max(h.peak) / %(background)s,
    jsonb_build_object('sweep_id', h.sweep_id, 'quantity', h.quantity, 'peak', max(h.peak))
FROM radar_hotspots h JOIN enterprises e ON e.closed_at IS NULL AND e.geom && ST_Expand(h.geom, %(degrees)s)
    AND ST_DWithin(ST_Transform(e.geom, 4326)::geography, ST_Transform(h.geom, 4326)::geography, %(near)s)
WHERE h.sweep_id = %(sweep)s GROUP BY h.sweep_id, h.at, h.quantity, e.feature_id
"""
SWEEPS = sql.SQL("""
SELECT r.sweep_id, r.at, r.elevation_deg, r.quantity, s.code AS station, s.name AS station_name,
    (SELECT count(*) FROM radar_hotspots h WHERE h.sweep_id = r.sweep_id) AS hotspots
FROM radar_sweeps r JOIN air_station_view s USING (feature_id) WHERE r.at >= %s AND r.at < %s ORDER BY r.at DESC, r.sweep_id LIMIT %s
""")
SWEEP = sql.SQL("""
SELECT r.*, ST_X(s.geom) AS lon, ST_Y(s.geom) AS lat FROM radar_sweeps r JOIN air_station_view s USING (feature_id) WHERE r.sweep_id = %s
""")
HOTSPOTS = sql.SQL("""
SELECT h.hotspot_id, h.sweep_id, h.at, h.quantity, h.peak, h.mean, h.cells, h.bearing_deg, h.distance_m, s.code AS station,
    ST_X(h.peak_point) AS lon, ST_Y(h.peak_point) AS lat, ST_AsGeoJSON(h.geom, 7)::jsonb AS geometry,
    coalesce((SELECT jsonb_agg(jsonb_build_object('feature_id', n.feature_id, 'name', n.name, 'distance_m', round(n.away::numeric, 0))
        ORDER BY n.away, n.feature_id) FROM (
        SELECT e.feature_id, e.name, ST_Distance(ST_Transform(e.geom, 4326)::geography, ST_Transform(h.geom, 4326)::geography) AS away
        FROM enterprise_view e WHERE e.geom && ST_Expand(h.geom, %(degrees)s)) n WHERE n.away <= %(near)s), '[]') AS near
FROM radar_hotspots h JOIN air_station_view s USING (feature_id)
WHERE h.at >= %(begin)s AND h.at < %(end)s ORDER BY h.at DESC, h.peak DESC, h.hotspot_id LIMIT %(most)s
""")


def put_sweeps(connection: Plain, station: str, sweeps: list[Sweep]) -> tuple[int, int]:
    """Store sweeps of a station; returns how many are new or changed, and their hotspots. What is near one is told to the alarm rules.

    Raises
    ------
    NotFound
        There is no air station of that code.
    """
    row = connection.execute(STATION, [station]).fetchone()
    if row is None:
        raise NotFound(f"没有编号为 {station} 的空气监测站；先用 quanjing layer import 文件 --kind air_station 登记雷达站")
    feature_id, lon, lat = row
    changed = high = 0
    for sweep in sweeps:
        packed = zlib.compress(np.ascontiguousarray(sweep.values, dtype="<f4").tobytes())
        shape = [sweep.azimuths_deg.tolist(), sweep.first_gate_m, sweep.gate_m, sweep.values.shape[1], packed]
        stored = connection.execute(PUT, [feature_id, sweep.at, sweep.elevation_deg, sweep.quantity, *shape]).fetchone()
        if stored is None:
            continue
        changed += 1
        connection.execute(FORGET, stored)
        connection.execute(FORGET_SIGNALS, stored)
        for one in hotspots(sweep, lon, lat):
            said = [one.peak, one.mean, one.cells, one.bearing_deg, one.distance_m, one.peak_lon, one.peak_lat, shapely.to_wkb(one.geom)]
            connection.execute(PUT_HOTSPOT, [stored[0], feature_id, sweep.at, sweep.quantity, *said])
            high += 1
        background = float(np.nanmedian(sweep.values)) if not np.isnan(sweep.values).all() else 0.0
        if background > 0:
            connection.execute(PUT_SIGNALS, {"sweep": stored[0], "background": background, "near": NEAR_M, "degrees": NEAR_DEG})
    return changed, high


def read_sweeps(begin: datetime, end: datetime) -> Reading[list[dict[str, Any]]]:
    """Read which sweeps there are of a time, the newest first, at most `MOST_SWEEPS`."""
    return (yield SWEEPS, [begin, end, MOST_SWEEPS])


def _cell(ring: list[list[float]], value: float) -> dict[str, Any]:
    shape = {"type": "Polygon", "coordinates": [ring]}
    return {"type": "Feature", "geometry": shape, "properties": {"value": round(value, 3)}}


def read_cells(sweep_id: int, least: float | None = None) -> Reading[dict[str, Any]]:
    """Read a sweep as GeoJSON: one polygon a cell, the highest `MOST_CELLS` of those that are at least `least`; raises NotFound."""
    rows = yield SWEEP, [sweep_id]
    if not rows:
        raise NotFound(f"没有编号为 {sweep_id} 的雷达扫描")
    (row,) = rows
    azimuths = np.array(row["azimuths_deg"])
    values = np.frombuffer(zlib.decompress(row["cells"]), dtype="<f4").reshape(len(azimuths), row["gates"])
    sweep = Sweep(row["at"], row["elevation_deg"], azimuths, row["first_gate_m"], row["gate_m"], row["quantity"], values)
    chosen = ~np.isnan(values) & (values >= (-np.inf if least is None else least))
    known = np.sort(values[chosen])
    if len(known) > MOST_CELLS:
        chosen &= values > known[-MOST_CELLS - 1]
    outlines = cells(sweep, row["lon"], row["lat"], chosen)
    label, unit = quantities()[sweep.quantity]
    features = [
        {
            "type": "Feature",
            "geometry": {"type": "Polygon", "coordinates": np.round(ring, 7).tolist()},
            "properties": {"value": round(float(value), 3)},
        }
        for ring, value in zip(([shapely.get_coordinates(one)] for one in outlines), values[chosen], strict=True)
    ]
    about = {
        "sweep_id": sweep_id,
        "at": sweep.at,
        "elevation_deg": sweep.elevation_deg,
        "quantity": sweep.quantity,
        "label": label,
        "unit": unit,
    }
    return {"type": "FeatureCollection", **about, "all": bool(len(known) <= MOST_CELLS), "features": features}


def read_hotspots(begin: datetime, end: datetime) -> Reading[list[dict[str, Any]]]:
    """Read the hotspots of a time as GeoJSON features, the newest first, with the enterprises near them."""
    rows = yield HOTSPOTS, {"begin": begin, "end": end, "near": NEAR_M, "degrees": NEAR_DEG, "most": 1000}
    found = []
    for row in rows:
        label, unit = quantities()[row["quantity"]]
        properties = {key: value for key, value in row.items() if key != "geometry"} | {"label": label, "unit": unit}
        found.append({"type": "Feature", "id": row["hotspot_id"], "geometry": row["geometry"], "properties": properties})
    return found
