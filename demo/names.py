"""Words of which invented names are made."""

import random
from dataclasses import dataclass
from functools import cache
from typing import Any

from gis.facts import facts


@dataclass(frozen=True, slots=True)
class Names:
    """The words, by what they name."""

    villages: tuple[str, ...]
    firms: tuple[str, ...]
    streets: tuple[str, ...]
    surnames: str
    given: str


@cache
def names() -> Names:
    """Return the words."""
    rows: dict[str, Any] = facts("demo", "names.yaml")
    lists = {key: tuple(rows[key]) for key in ("villages", "firms", "streets")}
    return Names(**lists, surnames=rows["surnames"], given=rows["given"])


def person(dice: random.Random) -> str:
    """Return an invented person's name."""
    return dice.choice(names().surnames) + "".join(dice.choice(names().given) for _ in range(dice.choice((1, 2, 2))))
