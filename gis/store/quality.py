"""The quality of air and water at the city's stations, from stored hours."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from psycopg import sql

from gis.clock import BEIJING
from gis.rules import air_quality, water_quality
from gis.rules.air_quality import AirQuality
from gis.rules.water_quality import WaterClass, class_of, classified
from gis.store.asking import Reading

HOURS_A_DAY = 24
# What the instrument itself calls no ordinary datum doesn't count.
AIR = sql.SQL("""
SELECT s.feature_id, s.code, s.name, s.station_class, r.factor, r.at, r.value
FROM air_station_view s LEFT JOIN feed_points f USING (feature_id) LEFT JOIN readings r ON r.point_id = f.point_id AND r.period = 'hour'
    AND r.at >= %(begin)s AND r.at < %(end)s AND r.factor = ANY (%(factors)s) AND r.value IS NOT NULL AND coalesce(r.flag, 'N') = 'N'
WHERE s.closed_at IS NULL AND s.mn <> '' ORDER BY s.code, s.feature_id, r.factor, r.at
""")
WATER = sql.SQL("""
SELECT s.feature_id, s.code, s.name, s.station_class, s.river, s.target_class, r.factor, avg(r.value) AS mean, count(r.value) AS hours
FROM water_station_view s LEFT JOIN feed_points f USING (feature_id) LEFT JOIN readings r ON r.point_id = f.point_id AND r.period = 'hour'
    AND r.at >= %(begin)s AND r.at < %(end)s AND r.factor = ANY (%(factors)s) AND r.value IS NOT NULL AND coalesce(r.flag, 'N') = 'N'
WHERE s.closed_at IS NULL AND s.mn <> '' GROUP BY s.feature_id, s.code, s.name, s.station_class, s.river, s.target_class, r.factor
ORDER BY s.code, s.feature_id, r.factor
""")


@dataclass(frozen=True, slots=True)
class Station:
    """One station."""

    feature_id: UUID
    code: str | None
    name: str | None
    station_class: str | None
    """national, provincial or municipal (国考, 省考, 市考)."""


@dataclass(frozen=True, slots=True)
class AirDay:
    """A station's day, and its hours."""

    station: Station
    day: AirQuality
    hours: tuple[AirQuality, ...]
    """24, from 0:00 on (Beijing)."""


@dataclass(frozen=True, slots=True)
class WaterMonth:
    """A section's month."""

    station: Station
    river: str | None
    target: int | None
    """Class that it should have."""
    quality: WaterClass
    means: Mapping[str, float]
    hours: Mapping[str, int]
    """Factor → hours behind its mean."""


def read_air(day: date) -> Reading[list[AirDay]]:
    """Read a day's air quality at each station that has a number (MN); without data a station has no index."""
    begin = datetime(day.year, day.month, day.day, tzinfo=BEIJING)
    factors = air_quality.per_sent()
    rows = yield AIR, {"begin": begin, "end": begin + timedelta(days=1), "factors": list(factors)}
    values: dict[Station, dict[str, list[float | None]]] = {}
    for row in rows:
        station = Station(row["feature_id"], row["code"], row["name"], row["station_class"])
        found = values.setdefault(station, {})
        if row["factor"] is not None:
            hours = found.setdefault(row["factor"], [None] * HOURS_A_DAY)
            hours[(row["at"] - begin) // timedelta(hours=1)] = row["value"] * factors[row["factor"]]
    return [
        AirDay(
            station,
            air_quality.of_day(found, day),
            tuple(air_quality.of_hour({factor: hours[at] for factor, hours in found.items()}, day) for at in range(HOURS_A_DAY)),
        )
        for station, found in values.items()
    ]


def read_water(first: date) -> Reading[list[WaterMonth]]:
    """Read a month's class of water at each section that has a number (MN), by the means of its hours.

    Parameters
    ----------
    first : date
        First day of the month (Beijing).
    """
    begin = datetime(first.year, first.month, 1, tzinfo=BEIJING)
    end = begin.replace(year=first.year + first.month // 12, month=first.month % 12 + 1)
    rows = yield WATER, {"begin": begin, "end": end, "factors": list(water_quality.labels())}
    found: dict[UUID, WaterMonth] = {}
    means: dict[UUID, dict[str, float]] = {}
    hours: dict[UUID, dict[str, int]] = {}
    for row in rows:
        about = row["feature_id"]
        means.setdefault(about, {})
        hours.setdefault(about, {})
        if row["factor"] is not None:
            means[about][row["factor"]], hours[about][row["factor"]] = row["mean"], row["hours"]
        target = class_of(row["target_class"])
        station = Station(about, row["code"], row["name"], row["station_class"])
        found[about] = WaterMonth(station, row["river"], target, classified(means[about], target), means[about], hours[about])
    return list(found.values())
