"""The newest readings of a batch, as they are shown at features: at what measures, and at the outlet that it watches."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from feeds.factors import label, unit
from feeds.reading import Reading
from gis.clock import BEIJING
from gis.rules.air_quality import of_hour, per_sent, units
from gis.store.readings import Point

SHOWN = frozenset({"rtd", "minute", "hour", "furnace"})
AIR_STATION = "air_station"
AQI = "AQI"


class Newest:
    """Of each point and factor the newest reading, of air stations the index of the newest hour."""

    def __init__(self) -> None:
        self._readings: dict[tuple[int, str], tuple[Point, Reading]] = {}
        self._indices: dict[Point, tuple[datetime, dict[str, Any]]] = {}

    def take(self, point: Point, found: Sequence[Reading]) -> None:
        """Take what one packet says."""
        if point.kind == AIR_STATION:
            self._index(point, found)
        newest = self._readings
        for reading in found:
            if reading.period not in SHOWN or (reading.value is None and reading.zs_value is None):
                continue
            key = point.point_id, reading.factor
            last = newest.get(key)
            if last is None or reading.at >= last[1].at:
                newest[key] = point, reading

    def _index(self, point: Point, found: Sequence[Reading]) -> None:
        hours: dict[datetime, dict[str, float | None]] = {}
        for reading in found:
            if reading.period == "hour" and reading.factor in per_sent() and reading.flag in (None, "N") and reading.value is not None:
                hours.setdefault(reading.at, {})[reading.factor] = reading.value * per_sent()[reading.factor]
        for at, concentrations in hours.items():
            quality = of_hour(concentrations, at.astimezone(BEIJING).date())
            if quality.index is not None and (point not in self._indices or at >= self._indices[point][0]):
                self._indices[point] = at, _entry(f"AQI（小时，{quality.label}）", quality.index, "", at)

    def entries(self, limits: Mapping[tuple[int, str], float]) -> dict[UUID, dict[str, dict[str, Any]]]:
        """Return what is shown, by feature and factor.

        Parameters
        ----------
        limits : mapping
            Point and factor → permitted concentration, in the factor's unit.
        """
        found: dict[UUID, dict[str, dict[str, Any]]] = defaultdict(dict)
        several: dict[tuple[UUID, str], datetime] = {}
        for (_, factor), (point, reading) in self._readings.items():
            value = reading.value if reading.zs_value is None else reading.zs_value
            of = units().get(factor, unit(factor)) if point.kind == AIR_STATION else unit(factor)
            told = {"flag": reading.flag, "limit": limits.get((point.point_id, factor))}
            entry = _entry(label(factor), value, of, reading.at) | told
            found[point.feature_id][factor] = entry
            # Several points may watch one outlet.
            if (outlet := point.outlet_id) and ((outlet, factor) not in several or reading.at >= several[outlet, factor]):
                several[outlet, factor] = reading.at
                found[outlet][factor] = entry
        for point, (_, index) in self._indices.items():
            found[point.feature_id][AQI] = index
        return found


def _entry(name: str, value: float | None, of: str, at: datetime) -> dict[str, Any]:
    return {"label": name, "value": value, "unit": of, "at": at.isoformat(), "flag": None, "limit": None}
