"""Simulated stations: what they say is read back, and is what such a station may measure."""

from datetime import datetime, timedelta

import numpy as np

from feeds.hj212.framing import judge
from feeds.hj212.packet import encode, parse
from feeds.plants import Device, packet
from feeds.reading import readings
from feeds.saying import moment_items, period_items
from feeds.stations import AIR, WATER, level
from gis.clock import BEIJING
from gis.rules.air_quality import of_hour

HOUR = timedelta(hours=1)
NOW = datetime(2026, 7, 5, 12, tzinfo=BEIJING)
STATION = Device("511700220000000000000001", "22", tuple(AIR.items()))


def test_what_a_station_says_is_read_back() -> None:
    said = packet(STATION, "2061", "20260705120000000")
    for items, period in ((period_items(STATION, NOW - HOUR, HOUR), "hour"), (moment_items(STATION, NOW), "rtd")):
        cn = {"hour": "2061", "rtd": "2011"}[period]
        whole = type(said)(said.qn, said.st, cn, said.pw, said.mn, said.flag, cp=";".join(items))
        found, faults = readings(parse(judge(encode(whole).strip()).segment), NOW)
        assert faults == []
        assert {(one.factor, one.period, one.flag) for one in found} == {(factor, period, "N") for factor in AIR}


def test_the_air_is_worse_in_winter_and_ozone_comes_with_the_sun() -> None:
    def mean(code: str, month: int, hour: int) -> float:
        times = (datetime(2026, month, day, hour, tzinfo=BEIJING) for day in range(1, 29))
        return float(np.mean([level(STATION, code, AIR[code], at) for at in times]))

    assert mean("a34004", 1, 8) > 1.5 * mean("a34004", 7, 8)
    assert mean("a05024", 7, 15) > 3 * mean("a05024", 1, 3)
    hours = [NOW + HOUR * number for number in range(0, 24 * 365, 7)]
    indices = [of_hour({code: level(STATION, code, about, at) for code, about in AIR.items()}, at.date()).index for at in hours]
    assert 25 < np.median([index for index in indices if index is not None]) < 100
    water = Device("511700210000000000000001", "21", tuple(WATER.items()))
    assert all(6 < level(water, "w01001", WATER["w01001"], at) < 9 for at in hours)
    assert all(3 < level(water, "w01009", WATER["w01009"], at) < 14 for at in hours)
