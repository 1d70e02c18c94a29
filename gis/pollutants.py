"""Pollutants by whatever people call them: 二氧化硫, SO2, SO₂, a21026 are one."""

import unicodedata
from dataclasses import dataclass
from functools import cache

from gis.facts import facts


@dataclass(frozen=True, slots=True)
class Pollutant:
    """One pollutant."""

    name: str
    """As permits have it."""
    short: str
    """As drawings have it."""
    also: tuple[str, ...] = ()
    code: str | None = None
    """HJ 212-2017, appendix B."""


def _key(text: str) -> str:
    return unicodedata.normalize("NFKC", text).strip().casefold()


@cache
def pollutants() -> dict[str, Pollutant]:
    """Return the pollutants by name."""
    rows = facts("gis", "pollutants.yaml").items()
    return {name: Pollutant(name, row["short"], tuple(row["also"]), row.get("code")) for name, row in rows}


@cache
def _names() -> dict[str, str]:
    return {
        _key(said): one.name
        for one in pollutants().values()
        for said in (one.name, one.short, *one.also, *((one.code,) if one.code else ()))
    }


def known_name(said: str) -> str:
    """Return what permits call a pollutant; what is not known stays as it is said.

    >>> known_name("so2"), known_name("NO₂"), known_name("油烟")
    ('二氧化硫', '氮氧化物', '油烟')
    """
    return _names().get(_key(said), said.strip())


def short_name(said: str) -> str:
    """Return the short form of a pollutant, for drawings.

    >>> short_name("化学需氧量")
    'COD'
    """
    one = pollutants().get(known_name(said))
    return one.short if one else said


def listed(text: str) -> tuple[str, ...]:
    """Return the pollutants that a text lists, by the names that permits use, each once.

    >>> listed("颗粒物、SO2，氮氧化物")
    ('颗粒物', '二氧化硫', '氮氧化物')
    """
    for mark in "，,;；/ \n":
        text = text.replace(mark, "、")
    return tuple(dict.fromkeys(known_name(one) for one in text.split("、") if one.strip()))
