"""Query parameters of the map server, read strictly: what is not known or can't be read is refused by its name (Features Core, 7.5)."""

from collections.abc import Collection as Names
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from urllib.parse import parse_qsl

from gis.errors import Invalid
from gis.reference_systems import CRS84, ReferenceSystem, system_of
from gis.store.collections import Collection, Moment
from gis.store.connect import EVERYWHERE
from gis.store.filters.fragment import Fragment
from gis.store.filters.terms import Type
from gis.store.filters.values import box_of, date_of, timestamp_of
from gis.store.items import LEVEL, MOST_ITEMS, MOST_OFFSET, Grounds, Selection, View, between_heights, equals, filtered, ordered, within

LANGUAGES = ("cql2-text", "cql2-json")
FORMATS = ("json", "html")
ITEM = ("f", "crs", "datetime", "as-of")
ITEMS = (*ITEM, "limit", "offset", "bbox", "bbox-crs", "filter", "filter-lang", "filter-crs", "sortby", "properties", "skipGeometry")
SIMPLE = (Type.TEXT, Type.NUMBER, Type.BOOLEAN, Type.DATE, Type.TIMESTAMP, Type.UUID)
"""Types of properties that may be query parameters of their own."""
MOST_QUERY = 100
"""Parameters of one request."""

Parameters = Mapping[str, str]


def read(query: str | bytes, known: Names[str]) -> dict[str, str]:
    """Return the parameters of a query string.

    Raises
    ------
    Invalid
        One is not known, or stands there twice, or is no UTF-8.
    """
    text = query.decode("latin-1") if isinstance(query, bytes) else query
    try:
        pairs = parse_qsl(text, keep_blank_values=True, strict_parsing=bool(text), errors="strict", max_num_fields=MOST_QUERY)
    except ValueError as error:
        raise Invalid("query", f"请求参数无法读取：{error}") from error
    found: dict[str, str] = {}
    for name, value in pairs:
        if name not in known:
            raise Invalid(name[:60], f"没有这个参数；可用的有 {'、'.join(known)}")
        if name in found:
            raise Invalid(name, "这个参数只能写一次")
        found[name] = value
    return found


def form_of(parameters: Parameters, accept: str) -> str:
    """Return in which form to answer: `f` where it is given, else what the caller accepts first of HTML and JSON; raises Invalid."""
    asked = parameters.get("f")
    if asked is not None:
        if asked not in FORMATS:
            raise Invalid("f", f"没有格式 {asked:.40}；可用的有 {'、'.join(FORMATS)}")
        return asked
    html = accept.find("text/html")
    return "html" if html >= 0 and not 0 <= accept.find("json") < html else "json"


def whole(parameters: Parameters, name: str, default: int, least: int, most: int) -> int:
    """Return a whole number; raises Invalid."""
    text = parameters.get(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and len(text) < 100) or int(text) < least:
        raise Invalid(name, f"{text:.40} 应为不小于 {least} 的整数")
    return min(int(text), most)


def system(parameters: Parameters, name: str, default: ReferenceSystem = CRS84) -> ReferenceSystem:
    """Return a reference system; raises Invalid."""
    return system_of(name, parameters[name]) if name in parameters else default


def _edge(name: str, text: str, *, end: bool) -> datetime | None:
    """Return one end of a time; a date is its first or its last instant, UTC."""
    if text in ("", ".."):
        return None
    try:
        if len(text) == 10:
            return _day(date_of(text), end=end)
        return timestamp_of(text)
    except (ValueError, OverflowError) as error:
        raise Invalid(name, str(error)) from error


def _day(day: date, *, end: bool) -> datetime:
    first = datetime.combine(day, time(), UTC)
    return first + timedelta(days=1) - timedelta(microseconds=1) if end else first


def moment(parameters: Parameters) -> Moment | None:
    """Return what of the past `as-of`, or else `datetime`, asks for; None: now.

    Raises
    ------
    Invalid
        Either is neither an instant nor an interval of RFC 3339.
    """
    said = {name: _moment(name, parameters[name]) for name in ("as-of", "datetime") if name in parameters}
    return next(iter(said.values()), None)


def _moment(name: str, text: str) -> Moment | None:
    parts = text.split("/")
    if name == "as-of" or len(parts) == 1:
        end = _edge(name, text, end=True) if text not in ("", "..") else None
        if end is None:
            raise Invalid(name, f"{text:.40} 应为时刻，如 2026-03-01T08:00:00Z")
        start = _edge(name, text, end=False)
        return Moment(end, end) if name == "as-of" else Moment(start, end)
    if len(parts) != 2:
        raise Invalid(name, f"{text:.60} 应为时刻或时段，如 2026-03-01T00:00:00Z/..")
    start, end = _edge(name, parts[0], end=False), _edge(name, parts[1], end=True)
    if start and end and start > end:
        raise Invalid(name, "起点晚于终点")
    # Without an end on either side it is no restriction (Features Core, 7.15.4).
    return Moment(start, end) if start or end else None


def numbers(name: str, text: str) -> list[float]:
    """Return numbers with commas between them; raises Invalid."""
    try:
        return [float(part) for part in text.split(",")]
    except ValueError as error:
        raise Invalid(name, f"{text:.100} 应为用逗号分开的数") from error


def _box(collection: Collection, parameters: Parameters, ground: Grounds) -> list[Fragment]:
    sides = numbers("bbox", parameters["bbox"])
    boxed = system(parameters, "bbox-crs")
    try:
        conditions = [within(collection, box_of(sides, boxed))]
    except ValueError as error:
        raise Invalid("bbox", str(error)) from error
    if len(sides) == 6:
        conditions.append(between_heights(collection, sides[2], sides[5], ground))
    return conditions


def properties(collection: Collection, parameters: Parameters) -> tuple[str, ...] | None:
    """Return which properties are asked for; None: all. Raises Invalid."""
    if "properties" not in parameters:
        return None
    names = tuple(parameters["properties"].split(",")) if parameters["properties"] else ()
    for name in names:
        if collection.column(name) is None:
            raise Invalid("properties", f"没有属性 {name:.60}；可用的有 {'、'.join(one.name for one in collection.columns)}")
    return names


def simple(collection: Collection) -> list[str]:
    """Return the properties that are parameters of their own."""
    return [one.name for one in collection.columns if one.type in SIMPLE and one.name not in ITEMS]


def selection(collection: Collection, parameters: Parameters, scope: str = EVERYWHERE, ground: Grounds = LEVEL) -> Selection:
    """Return which features a request selects; what tiles select too.

    Parameters
    ----------
    collection : Collection
    parameters : mapping
        `bbox`, `bbox-crs`, `datetime`, `as-of`, `filter`, `filter-lang`, `filter-crs`, and properties by name.
    scope : str
        Of the caller.
    ground : Grounds

    Raises
    ------
    Invalid
        One of them is wrong.
    """
    conditions: list[Fragment] = []
    if "bbox" in parameters:
        conditions += _box(collection, parameters, ground)
    elif "bbox-crs" in parameters:
        system(parameters, "bbox-crs")
    language: Any = parameters.get("filter-lang", "cql2-text")
    if language not in LANGUAGES:
        raise Invalid("filter-lang", f"没有语言 {language:.40}；可用的有 {'、'.join(LANGUAGES)}")
    spoken = system(parameters, "filter-crs")
    if "filter" in parameters:
        conditions.append(filtered(collection, parameters["filter"], language, spoken))
    for name in parameters.keys() - ITEMS:
        column = collection.column(name)
        if column is not None:
            conditions.append(equals(column, parameters[name]))
    return Selection(collection, scope, tuple(conditions), moment(parameters))


def view(collection: Collection, parameters: Parameters, ground: Grounds = LEVEL) -> View:
    """Return how a request wants features shown; raises Invalid."""
    skip = parameters.get("skipGeometry", "false")
    if skip not in ("true", "false"):
        raise Invalid("skipGeometry", "应为 true 或 false")
    return View(
        system=system(parameters, "crs"),
        order=ordered(collection, parameters["sortby"]) if "sortby" in parameters else (),
        limit=whole(parameters, "limit", 10, 1, MOST_ITEMS),
        offset=whole(parameters, "offset", 0, 0, MOST_OFFSET),
        properties=properties(collection, parameters),
        ground=ground,
        geometry=skip == "false",
    )
