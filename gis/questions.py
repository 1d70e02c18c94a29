"""What inspectors may ask, by name: what each question needs, read from text as the API and the command line have it.

The answers are in `gis.store.queries`, which is heavy; this is light.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

from gis.errors import Invalid, NotFound

Form = Literal["point", "number", "integer", "texts", "text", "flag", "id"]


@dataclass(frozen=True, slots=True)
class Parameter:
    """One thing that a query is told."""

    name: str
    label: str
    form: Form
    required: bool = False


@dataclass(frozen=True, slots=True)
class Query:
    """A question by name."""

    name: str
    title: str
    answers: str
    """Name of the function in `gis.store.queries`."""
    parameters: tuple[Parameter, ...]


AT = Parameter("at", "这里：经度,纬度（度）", "point")
FEATURE = Parameter("feature", "或一个要素的 feature_id", "id")
KIND = Parameter("kind", "要素类，可有几个，逗号分开；缺省为全部", "texts")
FILTER = Parameter("filter", "CQL2 条件", "text")
RADIUS = Parameter("radius", "米", "number", required=True)
PLACE = (AT, FEATURE)
QUERIES: dict[str, Query] = {
    query.name: query
    for query in (
        Query("within", "周边：多少米以内有什么", "within", (*PLACE, Parameter("radius", "米", "number", required=True), KIND, FILTER)),
        Query("nearest", "最近的几个", "nearest", (*PLACE, Parameter("count", "几个，缺省 10", "integer"), KIND, FILTER)),
        Query(
            "downstream",
            "下游：水沿河而下，先后到哪里",
            "down",
            (
                *PLACE,
                Parameter("distance", "多远，米，缺省 20000", "number"),
                Parameter("width", "离河多宽，米，缺省 500", "number"),
                Parameter("kind", "要素类；缺省为断面、水源地、入河排污口、受体", "texts"),
            ),
        ),
        Query(
            "upwind",
            "上风向有什么",
            "upwind",
            (
                *PLACE,
                Parameter("wind", "风的来向，度，正北为 0", "number", required=True),
                Parameter("radius", "米，缺省 5000", "number"),
                Parameter("half", "两侧各多少度，缺省 30", "number"),
                Parameter("kind", "要素类；缺省为企业", "texts"),
            ),
        ),
        Query("unwatched", "没有在线监测的排放口", "unwatched", (Parameter("every", "不只主要排放口", "flag"),)),
        Query(
            "select",
            "满足条件的要素；related('outlet', '…') 问同一企业的别的图层、报警、案件、许可证、问题",
            "select",
            (
                Parameter("kind", "要素类，可有几个，逗号分开", "texts", required=True),
                FILTER,
                Parameter("limit", "最多几个，缺省 100", "integer"),
            ),
        ),
        Query("measure", "面积、长度、周长（椭球面）", "measure", (Parameter("feature", "要素的 feature_id", "id", required=True),)),
        Query(
            "count",
            "统计",
            "count",
            (
                Parameter("kind", "要素类，或 alarm、case、permit、problem", "text", required=True),
                Parameter("by", "county、industry、month 或 enterprise，缺省 county", "text"),
                FILTER,
            ),
        ),
        Query(
            "standing",
            "空间一点在哪个罐、哪栋楼的第几层里",
            "standing",
            (*PLACE, Parameter("height", "离地高度，米，地下为负", "number", required=True)),
        ),
    )
}


def _number(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(text)
    return value


def _point(text: str) -> tuple[float, float]:
    lon, lat = map(_number, text.split(","))
    return lon, lat


def _integer(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise ValueError(text)
    return int(text)


READERS: dict[Form, tuple[Callable[[str], Any], str]] = {
    "point": (_point, "经度,纬度（度），如 107.5,31.2"),
    "number": (_number, "数"),
    "integer": (_integer, "整数"),
    "texts": (lambda text: tuple(one for one in text.split(",") if one), "文本，逗号分开"),
    "text": (str, "文本"),
    "flag": ({"true": True, "false": False}.__getitem__, "true 或 false"),
    "id": (UUID, "feature_id"),
}
"""Form → what reads it, and what it should be."""


def value(form: Form, name: str, text: str) -> Any:
    """Return what a parameter's text says; raises Invalid that names it."""
    reader, wanted = READERS[form]
    try:
        return reader(text)
    except (ValueError, KeyError) as error:
        raise Invalid(name, f"{text:.60} 应为{wanted}") from error


def read(query: Query, given: Mapping[str, str]) -> dict[str, Any]:
    """Return a question's parameters, given as text.

    Raises
    ------
    Invalid
        One is unknown, missing or wrong.
    """
    known = {parameter.name: parameter for parameter in query.parameters}
    values = {}
    for name, text in given.items():
        if name not in known:
            raise Invalid(name[:60], f"没有这个参数；可用的有 {'、'.join(known)}")
        values[name] = value(known[name].form, name, text)
    for parameter in query.parameters:
        if parameter.required and parameter.name not in values:
            raise Invalid(parameter.name, f"必须给出：{parameter.label}")
    if AT in query.parameters and ("at" in values) == ("feature" in values):
        raise Invalid("at", "at 与 feature 应给出一个")
    return values


def query_of(name: str) -> Query:
    """Return a query by its name; raises NotFound."""
    if name not in QUERIES:
        raise NotFound(f"没有查询 {name:.60}；可用的有 {'、'.join(QUERIES)}")
    return QUERIES[name]
