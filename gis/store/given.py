"""Values of features as others give them: GeoJSON geometries and properties, each checked against its kind."""

import math
from datetime import date
from typing import Any

from shapely.errors import ShapelyError
from shapely.geometry import MultiPolygon, Polygon, shape
from shapely.geometry.base import BaseGeometry

from gis.kinds import ENUMS, Attribute, Kind
from gis.store.texts import writable

LONGEST = 2000
"""Characters of a text."""


def shape_of(kind: Kind, given: Any) -> BaseGeometry | None:
    """Return a GeoJSON geometry, a part for a whole of one part and the other way round; None where it is none."""
    try:
        geom = shape(given)
    except (ShapelyError, LookupError, TypeError, ValueError, AttributeError, ArithmeticError, RecursionError):
        return None
    if isinstance(geom, Polygon) and kind.geometry == "MultiPolygon":
        return MultiPolygon([geom])
    if geom.geom_type == f"Multi{kind.geometry}" and len(geom.geoms) == 1:
        return geom.geoms[0]
    return geom


def _number(given: Any) -> float | None:
    if isinstance(given, bool) or not isinstance(given, (int, float)):
        return None
    try:
        value = float(given)
    except OverflowError:
        return None
    return value if math.isfinite(value) else None


def text_of(given: Any) -> str | None:
    """Return a text, also of a number: programs write codes of digits as numbers."""
    text = str(given).strip() if isinstance(given, str) or _number(given) is not None else ""
    return text if text and len(text) <= LONGEST and writable(text) else None


def _day(given: Any) -> date | None:
    try:
        return date.fromisoformat(given)
    except (TypeError, ValueError):
        return None


def value_of(attribute: Attribute, given: Any) -> tuple[Any, bool]:
    """Return a value as the attribute's type, and whether it fits."""
    if given is None or given == "":
        return None, not attribute.required
    match attribute.type:
        case "number":
            value: Any = _number(given)
        case "integer":
            value = given if isinstance(given, int) and not isinstance(given, bool) and abs(given) < 2**31 else None
        case "boolean":
            value = given if isinstance(given, bool) else None
        case "enum":
            value = given if isinstance(given, str) and given in ENUMS[attribute.enum or ""] else None
        case "date":
            value = _day(given)
        case _:
            value = text_of(given)
    return value, value is not None
