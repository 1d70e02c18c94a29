"""Figures and words of a permit's copy as values: limits with their units, days, yes and no."""

import re
import unicodedata
from datetime import date
from typing import Any

from drawings.permit.grid import joined
from gis import angles
from gis.pollutants import known_name, listed, pollutants

FIGURE = re.compile(r"^[≤<≦]?\s*(\d+(?:\.\d+)?(?:[eE][-+]?\d+)?)\s*(.*)$")
DAY = re.compile(r"(\d{4})\s*[年./-]\s*(\d{1,2})\s*[月./-]\s*(\d{1,2})")
UNITS = {
    "mg/nm3": "mg/m³",
    "mg/m3": "mg/m³",
    "mg/nm³": "mg/m³",
    "mg/m³": "mg/m³",
    "mg/l": "mg/L",
    "kg/h": "kg/h",
    "ng-teq/m3": "ngTEQ/m³",
    "ngteq/m3": "ngTEQ/m³",
}
"""Ways to write a unit → how quanjing writes it; a standard cubic metre is what every limit of gas is counted in."""
CLASSES = {"主要": "main", "一般": "general", "车间": "workshop", "雨水": "rain"}
WAYS = {"不外排": "none", "回用": "none", "间接": "indirect", "污水处理厂": "indirect", "污水厂": "indirect", "直接": "direct"}


def unit_of(said: str) -> str:
    """Return a unit as quanjing writes it.

    >>> unit_of("mg/Nm3"), unit_of("无量纲")
    ('mg/m³', '无量纲')
    """
    return UNITS.get(unicodedata.normalize("NFKC", said).strip().lower(), said.strip())


def figure(text: str) -> tuple[float, str] | None:
    """Return a figure and the unit behind it; None where there is none, or more than one.

    >>> figure("20mg/Nm3"), figure("/mg/Nm3"), figure("6-9"), figure("≤10")
    ((20.0, 'mg/m³'), None, None, (10.0, ''))
    """
    found = FIGURE.match(unicodedata.normalize("NFKC", text).replace(",", "").strip())
    if not found or re.search(r"^\s*[-~～至]|\d\s*[,;、]", found.group(2)):
        return None
    return float(found.group(1)), unit_of(found.group(2))


def limit(text: str, unit: str) -> dict[str, Any] | None:
    """Return a limit: value and unit, or the words where there is no one figure; None where nothing is limited.

    >>> limit("1级", "mg/Nm3"), limit("6-9", ""), limit("/mg/Nm3", "")
    ({'text': '1级'}, {'text': '6-9'}, None)
    """
    said = text.strip()
    found = figure(said)
    if found and not re.match(r"[级度]", found[1]):
        value, own = found
        return {"value": value, **({"unit": unit_of(own or unit)} if own or unit else {})}
    # A unit alone says that there is no limit.
    return {"text": said} if re.search(r"\d", re.sub(r"N?m[3³]", "", said)) else None


def days(text: str) -> list[str]:
    """Return the days that a text names, YYYY-MM-DD.

    >>> days("自2024年03月01日至2029年02月28日止")
    ['2024-03-01', '2029-02-28']
    """
    found = []
    for year, month, day in DAY.findall(unicodedata.normalize("NFKC", text)):
        try:
            found.append(date(int(year), int(month), int(day)).isoformat())
        except ValueError:
            continue
    return found


def degrees(text: str) -> float | None:
    """Return an angle in degrees, from degrees, minutes and seconds or from a decimal; None where it is neither.

    >>> degrees("107°28′12″"), degrees("31.25"), degrees("/")
    (107.47, 31.25, None)
    """
    try:
        return round(angles.degrees(text), 6)
    except ValueError:
        return None


def word(text: str, words: dict[str, str]) -> str | None:
    """Return what the first of some words in a text means."""
    return next((meaning for said, meaning in words.items() if said in text), None)


def names(lines: tuple[str, ...]) -> tuple[str, ...]:
    """Return the pollutants of a cell: one a line, or with marks between them.

    >>> names(("颗粒物", "二氧", "化硫")), names(("颗粒物,", "SO2"))
    (('颗粒物二氧化硫',), ('颗粒物', '二氧化硫'))
    >>> names(("颗粒物", "二氧化硫"))
    ('颗粒物', '二氧化硫')
    """
    if len(lines) > 1 and all(known_name(line) in pollutants() for line in lines):
        return tuple(dict.fromkeys(known_name(line) for line in lines))
    return listed(joined(lines))
