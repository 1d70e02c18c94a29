"""Factors by what permits and drawings call them, with labels and units for people."""

import re
from functools import cache

from feeds.hj212.tables import factors
from gis.pollutants import known_name, pollutants, short_name

PREFIX = {"air": "a", "water": "w", "rain": "w"}
NAMES = {"a34013": "颗粒物", "a21001": "氨", "w20117": "六价铬", "w20111": "汞及其化合物"}
"""Where permits have another name than the code table."""
POWER = re.compile(r"d([23])(\d\d)(\d\d)")
DEVICES = {"2": "产污设施", "3": "治污设施"}
MEASURES = {"01": ("A 相电压", "V"), "02": ("B 相电压", "V"), "03": ("C 相电压", "V"), "04": ("电流", "A")}
"""What a channel of a power logger says. The standard's own table was not at hand: so is its example of ST=44 read, as it is quoted."""


@cache
def _codes() -> dict[tuple[str, str], str]:
    found = {(factor.code[0], known_name(factor.name)): factor.code for factor in factors().values()}
    found |= {(code[0], name): code for code, name in NAMES.items()}
    found |= {(one.code[0], one.name): one.code for one in pollutants().values() if one.code}
    return found | {("w", "流量"): "w00000", ("a", "流量"): "a00000", ("w", "pH值"): "w01001", ("w", "pH"): "w01001"}


def code_of(pollutant: str, medium: str | None) -> str | None:
    """Return the code of a pollutant in a medium; None where the table has none.

    >>> code_of("SO2", "air"), code_of("氟化物", "water"), code_of("臭气浓度", "air")
    ('a21026', 'w21017', None)
    """
    return _codes().get((PREFIX.get(medium or "", ""), known_name(pollutant)))


@cache
def label(code: str) -> str:
    """Return what people call a factor; what is in no table is called by its code.

    >>> label("d20405"), unit("d30106")
    ('产污设施 5 电流', 'V')
    """
    if code in NAMES:
        return NAMES[code]
    if power := POWER.fullmatch(code):
        device, measure, number = power.groups()
        return f"{DEVICES[device]} {int(number)} {MEASURES.get(measure, (measure, ''))[0]}"
    factor = factors().get(code)
    return short_name(factor.name) if factor else code


@cache
def unit(code: str) -> str:
    """Return the unit of a factor's values; empty where it is in no table."""
    if power := POWER.fullmatch(code):
        return MEASURES.get(power[2], ("", ""))[1]
    factor = factors().get(code)
    return factor.unit if factor else ""


@cache
def amount_unit(code: str) -> str:
    """Return the unit of a factor's amounts; empty where it is in no table."""
    factor = factors().get(code)
    return factor.amount_unit if factor else ""
