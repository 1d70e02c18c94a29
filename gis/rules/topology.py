"""Topology rules, as data: what may not be between the shapes that are stored."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Literal

from gis.facts import facts
from gis.kinds import KINDS

Check = Literal["overlap", "duplicate", "gap", "sliver", "outside", "near", "ends", "missing", "crossing", "heights", "below"]


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule."""

    name: str
    label: str
    """What is wrong, Chinese."""
    hint: str
    """How it is mended, Chinese."""
    check: Check
    kinds: tuple[str, ...]
    of: tuple[str, ...] = ()
    """Kinds that it is held against."""
    where: Mapping[str, Sequence[str]] = field(default_factory=dict)
    same: str | None = None
    attribute: str | None = None
    least_m2: float = 0.0
    most_m2: float = 0.0
    width_m: float = 0.0
    within_m: float = 0.0
    volume: bool = False
    """Whether the amount is a volume."""
    amount: str | None = None
    """Unit of how much it is."""


def _rule(name: str, row: Mapping[str, Any]) -> Rule:
    of = row.get("of", ())
    made = Rule(name, **{**row, "kinds": tuple(row["kinds"]), "of": (of,) if isinstance(of, str) else tuple(of)})
    unknown = [kind for kind in (*made.kinds, *made.of) if kind not in KINDS]
    if unknown:
        raise KeyError(f"topology.yaml: {name}: {', '.join(unknown)}")
    return made


@cache
def rules() -> Mapping[str, Rule]:
    """Return the rules by name."""
    return {name: _rule(name, row) for name, row in facts("gis.rules", "topology.yaml").items()}
