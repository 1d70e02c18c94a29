"""Substances that may escape, with what an hour in their air does to people."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from gis.errors import Invalid
from gis.facts import facts

MOLAR_VOLUME_L = 24.45
"""Of a mole of gas at 25 °C and 101.325 kPa."""
LEVELS = {3: "危及生命", 2: "不可逆伤害", 1: "不适"}
"""Level of effect, the worst first → what an hour at its limit means."""


@dataclass(frozen=True, slots=True)
class Substance:
    """One substance."""

    name: str
    cas: str
    formula: str
    also: tuple[str, ...]
    molar_g: float
    aegl_ppm: tuple[float | None, float, float]
    """Limits of levels 1, 2 and 3; None where there is none."""
    heavy: bool
    """Whether a large release of it creeps along the ground."""
    measures: tuple[str, ...]
    """What is done, Chinese."""
    protection: str
    """What who does it wears, Chinese."""

    def limit_mg_m3(self, level: int) -> float | None:
        """Return the limit of a level, mg/m³ at 25 °C."""
        ppm = self.aegl_ppm[level - 1]
        return None if ppm is None else ppm * self.molar_g / MOLAR_VOLUME_L


def _substance(name: str, row: Mapping[str, Any]) -> Substance:
    return Substance(
        name, row["cas"], row["formula"], tuple(row["also"]), row["molar_g"], tuple(row["aegl_ppm"]),
        row.get("heavy", False), tuple(row["measures"]), row["protection"],
    )  # fmt: skip


@cache
def substances() -> Mapping[str, Substance]:
    """Return all substances by name."""
    return {name: _substance(name, row) for name, row in facts("gis.rules", "substances.yaml").items()}


def substance(said: str) -> Substance:
    """Return a substance by its name, formula, CAS number or another name; raises Invalid."""
    wanted = said.strip()
    for one in substances().values():
        if wanted in (one.name, one.cas, one.formula, *one.also):
            return one
    raise Invalid("substance", f"没有物质“{wanted:.40}”的毒性数据；可用的有 {'、'.join(substances())}")
