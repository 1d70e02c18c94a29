"""The code tables of HJ 212: commands, systems, returns, marks, factors with their units."""

import csv
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Literal

from gis.facts import facts

Way = Literal["up", "down"]


@dataclass(frozen=True, slots=True)
class Command:
    """One command, one way."""

    cn: str
    way: Way
    kind: Literal["request", "upload", "notice", "answer"]
    name: str
    fields: tuple[str, ...]
    editions: tuple[str, ...]
    period: str | None = None
    """rtd, minute, hour, day, furnace: what the values of its factors span."""


@dataclass(frozen=True, slots=True)
class Factor:
    """One thing that is measured."""

    code: str
    name: str
    old_code: str
    """Of the 2005 edition."""
    unit: str
    """Of concentration, or of what it is; as the standard has it by default, no two of a kind need be alike."""
    amount_unit: str
    """Of the amount over a period (Cou)."""


@cache
def codes() -> Any:
    """Return the code lists: systems, request_returns, execution_results, flags, timeout_s, retries."""
    return facts("feeds.hj212", "codes.yaml")


@cache
def commands() -> dict[tuple[str, Way], Command]:
    """Return the commands by number and way."""
    rows = facts("feeds.hj212", "commands.yaml")
    listed = (
        Command(row["cn"], row["way"], row["kind"], row["name"], tuple(row["fields"]), tuple(map(str, row["editions"])), row.get("period"))
        for row in rows
    )
    return {(command.cn, command.way): command for command in listed}


def command(cn: str, way: Way) -> Command | None:
    """Return a command; None where no edition has it."""
    return commands().get((cn, way))


def likely(cn: str, cp: str) -> Command | None:
    """Return the command that a packet is, where the way that it went is not known: what a device sends has fields or factors in it."""
    up, down = command(cn, "up"), command(cn, "down")
    if up and down and up.kind != "answer":
        told = "-" in cp or any(f"{name}=" in cp for name in set(up.fields) - set(down.fields))
        return up if told else down
    return up or down


@cache
def factors() -> dict[str, Factor]:
    """Return the factors by code."""
    lines = files("feeds.hj212").joinpath("factors.csv").read_text(encoding="utf-8").splitlines()
    rows = csv.DictReader(lines)
    listed = (Factor(row["code"], row["name"], row["old_code"], row["unit"], row["amount_unit"]) for row in rows)
    return {factor.code: factor for factor in listed}


@cache
def _by_old_code() -> dict[str, str]:
    return {factor.old_code: factor.code for factor in factors().values() if factor.old_code}


def current_code(code: str) -> str:
    """Return the code that a factor has today; what is in no table stays as it is.

    >>> current_code("011"), current_code("a21026"), current_code("x00001")
    ('w01018', 'a21026', 'x00001')
    """
    return code if code in factors() else _by_old_code().get(code, code)
