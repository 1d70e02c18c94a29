"""A radar of the demo city, invented: sweeps of particles around one air station, now and then with a plume over a plant."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from psycopg import Connection

from feeds.plants import Device, smooth
from gis.rules.radar import Sweep

STATION = "KQ10"
"""The station of the high-tech zone (高新区), where plants stand close together."""
EVERY = timedelta(minutes=15)
BEAMS, GATES, GATE_M, FIRST_M = 120, 180, 30.0, 60.0
REACH_M = 5000
WIDTH_M = 150.0
PLUME = timedelta(hours=2)
"""About how long one lasts."""
LIKELY = 0.92
"""Of the noise that decides over a plume, from -1 to 1: what is above it is one."""

TARGETS = """
SELECT e.code, degrees(ST_Azimuth(s.at, e.at)), ST_Distance(s.at, e.at)
FROM (SELECT ST_Transform(geom, 4326)::geography AS at FROM air_stations WHERE code = %s AND closed_at IS NULL) s,
    (SELECT code, ST_Centroid(ST_Transform(geom, 4326)::geography) AS at FROM enterprises WHERE closed_at IS NULL) e
WHERE ST_DWithin(s.at, e.at, %s) ORDER BY e.code
"""


@dataclass(frozen=True, slots=True)
class Target:
    """A plant as the radar sees it."""

    code: str
    bearing_deg: float
    distance_m: float


def targets(connection: Connection) -> list[Target]:
    """Return the plants within reach of the radar."""
    return [Target(*row) for row in connection.execute(TARGETS, [STATION, REACH_M])]


def turn(plants: list[Target], seed: int, at: datetime) -> Sweep:
    """Return the sweep of a time; the same time always gives the same.

    Parameters
    ----------
    plants : list of Target
    seed : int
    at : datetime
    """
    device = Device(STATION, "22", (), seed=seed)
    azimuths = np.linspace(0.0, 360.0, BEAMS, endpoint=False)
    distance = FIRST_M + GATE_M * np.arange(GATES, dtype=np.float64)
    background = 45.0 * (1 + 0.3 * smooth(device, "background", at, timedelta(hours=6)))
    grain = np.random.default_rng([seed, int(at.timestamp())]).normal(1.0, 0.04, (BEAMS, GATES))
    values = background * grain
    for plant in plants:
        strength = smooth(device, plant.code, at, PLUME)
        if strength > LIKELY:
            across = np.radians((azimuths - plant.bearing_deg + 180) % 360 - 180)[:, None] * distance
            away = across**2 + (distance - plant.distance_m) ** 2
            values = values + background * (2.0 + 20.0 * (strength - LIKELY)) * np.exp(-away / (2 * WIDTH_M**2))
    return Sweep(at, 3.0, azimuths, FIRST_M, GATE_M, "pm", values.astype(np.float32))
