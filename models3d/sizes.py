"""Sizes of what is drawn without being told: `sizes.yaml` beside this file, read once."""

from functools import cache
from typing import Any

from gis.facts import facts

OTHER = "other"
"""Key of what holds for every kind that has no row of its own."""


@cache
def _document() -> dict[str, dict[str, Any]]:
    document: dict[str, dict[str, Any]] = facts("models3d", "sizes.yaml")
    return document


@cache
def size(table: str, kind: str, type_: str | None = None) -> Any:
    """Return what a table says of a type of a kind, else of the kind, else of all others.

    Parameters
    ----------
    table : str
        Of `sizes.yaml`: `height_m`, `surface`, …
    kind, type_ : str
        Kind and value of its type attribute.

    Raises
    ------
    KeyError
        The table knows neither.

    Notes
    -----
    A number, or a mapping; of a mapping, what a type leaves out is the kind's, and what the kind leaves out is the others'.
    """
    rows = _document()[table]
    found = [rows[key] for key in (OTHER, kind, f"{kind}.{type_}") if key in rows]
    if not found:
        raise KeyError(f"{table} of {kind}")
    if not isinstance(found[-1], dict):
        return found[-1]
    merged: dict[str, Any] = {}
    for row in found:
        merged |= row
    return merged
