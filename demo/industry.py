"""The industries of the demo city: labels, codes, shares, where they stand."""

from dataclasses import dataclass
from functools import cache
from typing import Literal

from gis.facts import facts

Setting = Literal["park", "river", "country", "town"]


@dataclass(frozen=True, slots=True)
class Industry:
    """One industry."""

    key: str
    label: str
    code: str
    """GB/T 4754-2017, four digits."""
    weight: int
    """How many of 140."""
    word: str
    """What a firm is called after its own name."""
    setting: Setting
    level: str
    where: tuple[str, ...] = ()
    """Counties that it prefers (GB/T 2260); empty: any."""
    institution: bool = False


@cache
def industries() -> dict[str, Industry]:
    """Return the industries by key."""
    rows = facts("demo", "industries.yaml")
    return {key: Industry(key=key, **{**row, "where": tuple(row.get("where", ()))}) for key, row in rows.items()}


def shares(count: int) -> dict[str, int]:
    """Return how many enterprises of each industry there are among so many, by largest remainder.

    >>> sum(shares(140).values()), sum(shares(333).values()), shares(140)["steel"]
    (140, 333, 2)
    """
    weights = {key: industry.weight for key, industry in industries().items()}
    total = sum(weights.values())
    whole = {key: count * weight // total for key, weight in weights.items()}
    left = sorted(weights, key=lambda key: (-(count * weights[key] % total), key))
    for key in left[: count - sum(whole.values())]:
        whole[key] += 1
    return whole
