"""The quality of air and water as plain JSON types, for the API and the command line."""

from typing import Any

from gis.kinds import ENUMS
from gis.rules import air_quality, water_quality
from gis.rules.air_quality import AirQuality
from gis.store.quality import AirDay, Station, WaterMonth


def _station(station: Station) -> dict[str, Any]:
    label = ENUMS["section_class"].get(station.station_class or "")
    return {"feature_id": str(station.feature_id), "code": station.code, "name": station.name, "station_class": label}


def _air(quality: AirQuality) -> dict[str, Any]:
    names = air_quality.names()
    return {
        "index": quality.index,
        "grade": quality.grade,
        "label": quality.label,
        "primary": [names[factor] for factor in quality.primary],
        "parts": {names[factor]: {"concentration": part.concentration, "index": part.index} for factor, part in quality.parts.items()},
        "missing": [names[factor] for factor in quality.missing],
    }


def air_day(found: AirDay) -> dict[str, Any]:
    """Return a station's day with its hours' indices and grades, and its latest hour with an index."""
    at = max((hour for hour, one in enumerate(found.hours) if one.index is not None), default=None)
    latest = None if at is None else {"hour": at} | _air(found.hours[at])
    hours = {"hours": [one.index for one in found.hours], "hour_grades": [one.grade for one in found.hours], "latest": latest}
    return _station(found.station) | _air(found.day) | hours


def water_month(found: WaterMonth) -> dict[str, Any]:
    """Return a section's month."""
    names, quality = water_quality.labels(), found.quality
    return _station(found.station) | {
        "river": found.river,
        "target": water_quality.label_of(found.target) if found.target else None,
        "class": quality.label or None,
        "rank": quality.number,
        "met": quality.met,
        "deciding": [names[factor] for factor in quality.deciding],
        "exceeding": {names[factor]: times for factor, times in quality.exceeding.items()},
        "means": {names[factor]: {"mean": round(mean, 6), "hours": found.hours[factor]} for factor, mean in found.means.items()},
    }
