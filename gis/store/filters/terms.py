"""What a filter may speak of: types, queryables, functions, and the layer that holds them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from gis.store.filters.fragment import Fragment


class Type(StrEnum):
    """Types of expressions (OGC 21-065r2, 6.3, 7.6 to 7.8)."""

    TEXT = "text"
    UUID = "uuid"
    NUMBER = "number"
    BOOLEAN = "boolean"
    DATE = "date"
    TIMESTAMP = "timestamp"
    GEOMETRY = "geometry"
    ARRAY = "array"


INSTANTS = (Type.DATE, Type.TIMESTAMP)
LABELS = {
    Type.TEXT: "文本",
    Type.UUID: "标识",
    Type.NUMBER: "数",
    Type.BOOLEAN: "真假",
    Type.DATE: "日期",
    Type.TIMESTAMP: "时刻",
    Type.GEOMETRY: "几何",
    Type.ARRAY: "数组",
}


@dataclass(frozen=True, slots=True)
class Term:
    """An expression with its type."""

    type: Type
    sql: Fragment
    literal: Any = None
    """Its value, where it stands in the filter as it is; None else."""
    items: Type | None = None
    """Of an array: the type of its items, None where they are of several."""


@dataclass(frozen=True, slots=True)
class Queryable:
    """A property that a filter may name."""

    name: str
    type: Type
    sql: Fragment
    items: Type | None = None


@dataclass(frozen=True, slots=True)
class Function:
    """A function that a filter may call."""

    name: str
    title: str
    arguments: tuple[Type, ...]
    returns: Type
    build: Callable[["Layer", Sequence[Term]], Fragment]
    needs: str | None = None
    """A queryable without which a layer has no use for it."""


@dataclass(frozen=True, slots=True)
class Layer:
    """What is filtered: properties, functions, and the system that its shapes are stored in."""

    queryables: Mapping[str, Queryable]
    srid: int
    functions: Mapping[str, Function] = field(default_factory=dict)
    hidden: Mapping[str, Queryable] = field(default_factory=dict)
    """Columns that functions use and no filter names."""
