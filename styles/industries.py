"""Symbols of enterprises: one glyph an industry, the same wherever an enterprise is drawn."""

from functools import cache
from typing import Any

from gis.facts import facts


@cache
def _source() -> dict[str, Any]:
    document: dict[str, Any] = facts("styles", "industries.yaml")
    return document


def industry_glyph(code: str | None) -> str:
    """Return the glyph of an industry.

    Parameters
    ----------
    code : str, optional
        GB/T 4754-2017, two to four digits.

    Examples
    --------
    >>> industry_glyph("3011"), industry_glyph("3099"), industry_glyph(None)
    ('泥', '材', '企')
    """
    known = _source()["industries"]
    glyph: str = known.get(code or "") or known.get((code or "")[:2]) or _source()["other"]
    return glyph
