"""What a simulated device writes into its packets, whatever it measures."""

from collections.abc import Callable
from datetime import datetime, timedelta

from feeds import plants, powers, stations
from feeds.hj212.packet import stamp
from feeds.plants import SAMPLE, Device

Level = Callable[[Device, str, float, datetime], float]
LEVELS: dict[str, Level] = {"21": stations.level, "22": stations.level, "44": powers.load}
"""By system, of what is no source of emissions: value of a factor at a time."""
MOST_SAMPLES = 12


def moment_items(device: Device, at: datetime) -> list[str]:
    """Return the parameters of real-time data (2011)."""
    level = LEVELS.get(device.st)
    if level is None:
        return plants.moment_items(device, at)
    said = (f"{code}-Rtd={level(device, code, about, at):.4g},{code}-Flag=N" for code, about in device.factors)
    return [f"DataTime={stamp(at)}", *said]


def period_items(device: Device, begin: datetime, span: timedelta) -> list[str]:
    """Return the parameters of minute, hour and day data (2051, 2061, 2031)."""
    level = LEVELS.get(device.st)
    if level is None:
        return plants.period_items(device, begin, span)
    count = min(MOST_SAMPLES, max(2, round(span / SAMPLE)))
    items = [f"DataTime={stamp(begin)}"]
    for code, about in device.factors:
        values = [level(device, code, about, begin + span * (number + 0.5) / count) for number in range(count)]
        mean = sum(values) / count
        items.append(f"{code}-Min={min(values):.4g},{code}-Avg={mean:.4g},{code}-Max={max(values):.4g},{code}-Flag=N")
    return items
