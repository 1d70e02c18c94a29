"""Radar sweeps as a table in CSV: one line a cell, whatever the instrument's own format was before."""

import csv
import io
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import numpy as np

from gis.clock import time_of
from gis.errors import Invalid
from gis.rules.radar import Sweep, quantities

NEEDED = ("at", "elevation_deg", "azimuth_deg", "range_m")
MOST_BYTES = 256 << 20
MOST_CELLS = 2_000_000
"""Of a sweep."""
ALIKE_M = 0.01


def _cell(row: Mapping[str, Any], line: int, names: list[str]) -> tuple[tuple[datetime, float], float, float, list[float]]:
    def number(name: str) -> float:
        try:
            return float(row[name] or "nan")
        except (TypeError, ValueError) as error:
            raise Invalid("FILE.csv", f"第 {line} 行：{name}“{str(row[name])[:20]}”不是数") from error

    elevation, azimuth, distance = (number(name) for name in NEEDED[1:])
    if not (-90 <= elevation <= 90 and 0 <= azimuth <= 360 and 0 <= distance <= 100_000):
        raise Invalid("FILE.csv", f"第 {line} 行：仰角应在 ±90°、方位角 0–360°、距离 0–100 km 之内")
    return (time_of(f"第 {line} 行 at", row["at"] or ""), elevation), azimuth % 360.0, distance, [number(name) for name in names]


def _sweeps(key: tuple[datetime, float], cells: list[tuple[float, float, list[float]]], names: list[str]) -> Iterator[Sweep]:
    azimuths = np.unique([azimuth for azimuth, _, _ in cells])
    ranges = np.unique([distance for _, distance, _ in cells])
    about = f"{key[0]:%Y-%m-%d %H:%M:%S} 仰角 {key[1]:g}°"
    if len(azimuths) < 3 or len(ranges) < 2:
        raise Invalid("FILE.csv", f"{about}：至少要 3 个方位、2 个距离")
    gate = float(ranges[1] - ranges[0])
    if np.abs(np.diff(ranges) - gate).max() > ALIKE_M:
        raise Invalid("FILE.csv", f"{about}：距离库不等长（{gate:g} m 与 {np.diff(ranges).max():g} m）；缺的格点留空值，不要整圈略去")
    if len(azimuths) * len(ranges) > MOST_CELLS:
        raise Invalid("FILE.csv", f"{about}：{len(azimuths)} 个方位 × {len(ranges)} 个距离，超过 {MOST_CELLS} 个格点")
    beam = np.searchsorted(azimuths, [azimuth for azimuth, _, _ in cells])
    place = np.searchsorted(ranges, [distance for _, distance, _ in cells])
    for number, name in enumerate(names):
        grid = np.full((len(azimuths), len(ranges)), np.nan, dtype=np.float32)
        grid[beam, place] = [values[number] for _, _, values in cells]
        if not np.isnan(grid).all():
            yield Sweep(key[0], key[1], azimuths, float(ranges[0]), gate, name, grid)


def read_sweeps(data: bytes) -> list[Sweep]:
    """Read sweeps: columns at (Beijing without an offset), elevation_deg, azimuth_deg, range_m (where a gate begins), and quantities.

    Raises
    ------
    Invalid
        With the line and how to mend it; nothing of such a file is taken.
    """
    if len(data) > MOST_BYTES:
        raise Invalid("FILE.csv", f"超过 {MOST_BYTES >> 20} MB；请按时间分成几个文件")
    try:
        rows = csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline=""))
    except UnicodeDecodeError as error:
        raise Invalid("FILE.csv", "应为 UTF-8 编码的 CSV") from error
    found = rows.fieldnames or []
    names = [name for name in quantities() if name in found]
    if missing := [name for name in NEEDED if name not in found]:
        raise Invalid("FILE.csv", f"第 1 行缺少列 {'、'.join(missing)}")
    if not names:
        raise Invalid("FILE.csv", f"第 1 行没有观测量；应有 {'、'.join(quantities())} 中的一个或几个")
    grouped: dict[tuple[datetime, float], list[tuple[float, float, list[float]]]] = {}
    for row in rows:
        key, azimuth, distance, values = _cell(row, rows.line_num, names)
        grouped.setdefault(key, []).append((azimuth, distance, values))
    return [sweep for key, cells in grouped.items() for sweep in _sweeps(key, cells, names)]
