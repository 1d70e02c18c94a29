"""What stands on every map beside the map: north arrow, wind rose, scale bar."""

import math
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from drawings.sheets.inks import FINE, THIN, Ink, Text, filled, ink, path, stroke
from drawings.sheets.paper import TINY, Box, Point
from styles.library import symbols
from styles.ops import Area, Stroke, symbol_ops
from styles.palette import Theme

DIRECTIONS = ("N", "NNE", "NE", "ENE", "E", "ESE", "SE", "SSE", "S", "SSW", "SW", "WSW", "W", "WNW", "NW", "NNW")
NAMES = (
    "北",
    "北东北",
    "东北",
    "东东北",
    "东",
    "东东南",
    "东南",
    "南东南",
    "南",
    "南西南",
    "西南",
    "西西南",
    "西",
    "西西北",
    "西北",
    "北西北",
)
"""Chinese names of the sixteen directions."""


@dataclass(frozen=True, slots=True)
class Climate:
    """How the wind blows."""

    label: str
    """Where the figures are from."""
    frequency: dict[str, float]
    """Direction that it blows from → per cent of the hours."""

    @property
    def calm(self) -> float:
        """Per cent of the hours without wind."""
        return 100.0 - sum(self.frequency.values())

    @property
    def prevailing_deg(self) -> float:
        """Bearing that the most wind comes from, degrees clockwise from north."""
        return 22.5 * DIRECTIONS.index(max(self.frequency, key=lambda name: self.frequency[name]))


@cache
def climate() -> Climate:
    """Return the wind as assumed in `climate.yaml`."""
    document: dict[str, Any] = yaml.safe_load(files("drawings.sheets").joinpath("climate.yaml").read_text(encoding="utf-8"))
    return Climate(document["label"], document["frequency"])


def direction_name(bearing_deg: float) -> str:
    """Return the Chinese name of the nearest of eight directions.

    >>> direction_name(50.0)
    '东北'
    """
    return NAMES[2 * round(bearing_deg / 45) % 16]


def north_arrow(at: Point, theme: Theme, size: float = 17.0) -> list[Ink]:
    """Return the north arrow, its middle at a point."""
    return [op for op in symbol_ops(symbols()["north-arrow"], theme, size_mm=size, at=at) if isinstance(op, Area | Stroke)]


def wind_rose(wind: Climate, centre: Point, radius: float, theme: Theme) -> list[Ink]:
    """Return a wind rose of sixteen directions: how often the wind comes from where; calm in the middle."""
    black, grey = ink(theme), ink(theme, "ink.soft")
    most = max(wind.frequency.values())
    x0, y0 = centre
    inks: list[Ink] = []
    for share in (0.5, 1.0):
        ring = [
            (x0 + share * radius * math.cos(turn), y0 + share * radius * math.sin(turn))
            for turn in (index * math.pi / 24 for index in range(48))
        ]
        inks.append(stroke(ring, grey, FINE, (1.0, 0.8), closed=True))
    inks += [stroke(((x0 - dx, y0 - dy), (x0 + dx, y0 + dy)), grey, FINE) for dx, dy in ((radius, 0.0), (0.0, radius))]
    points = []
    for index, name in enumerate(DIRECTIONS):
        bearing = math.radians(22.5 * index)
        reach = radius * wind.frequency[name] / most
        points.append((x0 + reach * math.sin(bearing), y0 + reach * math.cos(bearing)))
        # A waist between the directions keeps the petals apart, as roses are drawn.
        half = math.radians(22.5 * index + 11.25)
        low = 0.45 * radius * min(wind.frequency[name], wind.frequency[DIRECTIONS[(index + 1) % 16]]) / most
        points.append((x0 + low * math.sin(half), y0 + low * math.cos(half)))
    inks.append(Area((path(points, True),), ink(theme, "water"), 0.35))
    inks.append(stroke(points, black, THIN, closed=True))
    letters = (("北", 0.0, 1.0), ("东", 1.0, 0.0), ("南", 0.0, -1.0), ("西", -1.0, 0.0))
    inks += [Text(letter, (x0 + dx * (radius + 1.9), y0 + dy * (radius + 1.9)), TINY, "centre", colour=black) for letter, dx, dy in letters]
    return inks


def scale_bar(scale: int, at: Point, theme: Theme, least_mm: float = 12.0) -> tuple[list[Ink], Box]:
    """Return a bar of four parts of at least so many mm with its metres, from its lower left corner, and the box that it takes."""
    black, white = ink(theme), ink(theme, "paper")
    least = least_mm * scale / 1000
    power = 10 ** math.floor(math.log10(least))
    part_m = next(power * step for step in (1, 2, 2.5, 5, 10) if power * step >= least)
    part = part_m * 1000 / scale
    left, bottom = at[0] + 3.0, at[1] + 1.5
    taken = Box(at[0], at[1], left + 4 * part + 20, bottom + 5.0)
    inks: list[Ink] = [filled(taken, white)]
    for index in range(4):
        box = Box(left + index * part, bottom, left + (index + 1) * part, bottom + 1.4)
        inks.append(Area((path(box.corners, True),), black if index % 2 == 0 else white))
        inks.append(stroke(box.corners, black, FINE, closed=True))
    unit, shown = ("km", part_m / 1000) if part_m >= 1000 else ("m", part_m)
    for index in (0, 1, 2, 4):
        text = f"{index * shown:g}" + (f" {unit}" if index == 4 else "")
        inks.append(Text(text, (left + index * part, bottom + 3.3), TINY, "centre", colour=black))
    inks.append(Text(f"1:{scale}", (left + 4 * part + 6, bottom + 0.7), TINY, colour=black))
    return inks, taken
