"""Radar sweeps: a polar grid around a station becomes georeferenced cells, and the hot ones hotspots. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from gis.crs import geodesic_ahead
from gis.facts import facts
from gis.rules.dated import in_force


@dataclass(frozen=True, slots=True)
class Rule:
    """What counts as a hotspot on the days of a time."""

    begin: date
    end: date | None
    median_times: float
    least: Mapping[str, float]
    """Quantity → the least that counts."""
    cells: int
    blind_m: float


@dataclass(frozen=True, slots=True, eq=False)
class Sweep:
    """One turn of a radar at one elevation.

    Azimuths run clockwise from north; a cell reaches half way to the next beams and from its gate on for `gate_m` along the beam.
    """

    at: datetime
    elevation_deg: float
    azimuths_deg: NDArray[np.float64]
    """Beams, rising, 0 … 360."""
    first_gate_m: float
    """Beginning of the first gate along the beam."""
    gate_m: float
    quantity: str
    """pm, extinction or depolarisation."""
    values: NDArray[np.float32]
    """(beams, gates); NaN where nothing was measured."""


@dataclass(frozen=True, slots=True)
class Hotspot:
    """Cells that touch and are high."""

    geom: shapely.MultiPolygon
    """EPSG:4490."""
    peak_lon: float
    peak_lat: float
    """Where the highest cell is."""
    peak: float
    mean: float
    cells: int
    bearing_deg: float
    """Of the highest cell, seen from the station."""
    distance_m: float


@cache
def _said() -> Any:
    return facts("gis.rules", "radar.yaml")


@cache
def quantities() -> dict[str, tuple[str, str]]:
    """Return what sweeps may say: name → label and unit."""
    return {name: (row["label"], row["unit"]) for name, row in _said()["quantities"].items()}


@cache
def rules() -> tuple[Rule, ...]:
    """Return the dated rules, in order."""
    return tuple(Rule(row["from"], row["to"], row["median_times"], row["least"], row["cells"], row["blind_m"]) for row in _said()["rules"])


def rule_on(day: date) -> Rule:
    """Return the rule of a day; before the first one the first holds."""
    return in_force(rules(), day)


def _bounds(azimuths: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return where each beam's cells begin and end: half way to its neighbours, across north too where the turn is whole."""
    gaps = np.diff(azimuths, append=azimuths[:1] + 360.0)
    usual = float(np.median(gaps))
    # A sector has one wide gap, whose edges are as far from their beams as everywhere else.
    gaps = np.where(gaps > 2 * usual, usual, gaps)
    return azimuths - np.roll(gaps, 1) / 2, azimuths + gaps / 2


def cells(sweep: Sweep, lon: float, lat: float, chosen: NDArray[np.bool_]) -> NDArray[np.object_]:
    """Return the outlines of chosen cells, EPSG:4490, in the order of `np.nonzero`.

    Parameters
    ----------
    sweep : Sweep
    lon, lat : float
        The station, EPSG:4490.
    chosen : ndarray of bool, (beams, gates)
    """
    beams, gates = np.nonzero(chosen)
    left, right = _bounds(sweep.azimuths_deg)
    level = np.cos(np.radians(sweep.elevation_deg))
    near = (sweep.first_gate_m + gates * sweep.gate_m) * level
    far = near + sweep.gate_m * level
    corners = [(left[beams], near), (left[beams], far), (right[beams], far), (right[beams], near)]
    points = np.stack([geodesic_ahead(lon, lat, azimuth, distance) for azimuth, distance in corners], axis=1)
    return np.asarray(shapely.polygons(points))


def _groups(mask: NDArray[np.bool_], *, round_: bool) -> list[NDArray[np.int64]]:
    """Return the groups of cells that share a side, as indices into the flattened grid."""
    beams, gates = mask.shape
    left = set(np.flatnonzero(mask).tolist())
    found = []
    while left:
        group, waiting = [], [left.pop()]
        while waiting:
            cell = waiting.pop()
            group.append(cell)
            beam, gate = divmod(cell, gates)
            beside = [(beam, gate - 1)] * (gate > 0) + [(beam, gate + 1)] * (gate + 1 < gates)
            beside += [((beam + step) % beams, gate) for step in (-1, 1) if round_ or 0 <= beam + step < beams]
            for one in (b * gates + g for b, g in beside):
                if one in left:
                    left.remove(one)
                    waiting.append(one)
        found.append(np.array(sorted(group), dtype=np.int64))
    return found


def hot(sweep: Sweep, rule: Rule) -> NDArray[np.bool_]:
    """Return which cells are high."""
    least = rule.least.get(sweep.quantity)
    if least is None or np.isnan(sweep.values).all():
        return np.zeros(sweep.values.shape, dtype=bool)
    distance = sweep.first_gate_m + np.arange(sweep.values.shape[1]) * sweep.gate_m
    seen = np.where(distance >= rule.blind_m, sweep.values, np.nan)
    if np.isnan(seen).all():
        return np.zeros(sweep.values.shape, dtype=bool)
    with np.errstate(invalid="ignore"):
        return np.asarray(seen >= max(least, rule.median_times * float(np.nanmedian(seen))))


def hotspots(sweep: Sweep, lon: float, lat: float, rule: Rule | None = None) -> list[Hotspot]:
    """Return the hotspots of a sweep, the highest first.

    Parameters
    ----------
    sweep : Sweep
    lon, lat : float
        The station, EPSG:4490.
    rule : Rule, optional
        That of the sweep's day without it.
    """
    rule = rule or rule_on(sweep.at.date())
    mask = hot(sweep, rule)
    gaps = np.diff(sweep.azimuths_deg, append=sweep.azimuths_deg[:1] + 360.0)
    whole = bool(gaps[-1] <= 2 * np.median(gaps))
    found = []
    for group in _groups(mask, round_=whole):
        if len(group) < rule.cells:
            continue
        chosen = np.zeros(mask.size, dtype=bool)
        chosen[group] = True
        outlines = cells(sweep, lon, lat, chosen.reshape(mask.shape))
        values = sweep.values.ravel()[group]
        beam, gate = divmod(int(group[int(values.argmax())]), mask.shape[1])
        distance = (sweep.first_gate_m + (gate + 0.5) * sweep.gate_m) * float(np.cos(np.radians(sweep.elevation_deg)))
        bearing = float(sweep.azimuths_deg[beam])
        (peak,) = geodesic_ahead(lon, lat, np.array([bearing]), np.array([distance]))
        # A grid of a nanometre joins what rounding has set apart.
        joined = shapely.union_all(outlines, grid_size=1e-9)
        parts = joined.geoms if isinstance(joined, shapely.MultiPolygon) else [joined]
        shape = shapely.MultiPolygon([part for part in parts if isinstance(part, shapely.Polygon)])
        peak_lon, peak_lat = map(float, peak)
        high, mean = float(values.max()), float(values.mean())
        found.append(Hotspot(shape, peak_lon, peak_lat, high, mean, len(group), bearing, distance))
    return sorted(found, key=lambda one: -one.peak)
