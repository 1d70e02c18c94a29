"""What a feature carries in a tile: the schema of the class `feature`, and a feature's row of values.

The schema is 3D Metadata (OGC 22-025r4, 3D Tiles 1.1, part 3D Metadata) and the same object in `tileset.json` and in every GLB.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any
from uuid import UUID

import numpy as np

from gis.errors import TilesetError
from gis.kinds import COMMON_LABELS, ENUMS, KINDS, Attribute, Kind
from models3d.solid import SolidMesh
from tiles.table import Columns

CLASS = "feature"
ABSENT = "no_data"
"""Name of the enum value, coded 0, that stands for an unknown one."""
FLOAT32_NO_DATA = float(np.finfo(np.float32).min)
INT32_NO_DATA = int(np.iinfo(np.int32).min)
UINT8_NO_DATA = 255
UINT16_MAX = 65_535

Schema = dict[str, Any]
Row = dict[str, Any]
"""Property name → value; None, or left out, where unknown."""


@dataclass(frozen=True, slots=True)
class Column:
    """A property that comes from attributes of `gis.kinds`."""

    name: str
    attribute: Attribute
    kinds: frozenset[str]
    """The kinds that have it."""


def columns(kinds: Mapping[str, Kind] = KINDS) -> tuple[Column, ...]:
    """Return the union of all attributes that tiles carry, in the registry's order.

    The first kind to use a name keeps it; one that means another type by it is called `<kind>_<name>`.
    """
    found: dict[str, Column] = {}
    for kind in kinds.values():
        for attribute in kind.attributes:
            if not attribute.in_tile:
                continue
            first = found.get(attribute.name)
            alike = first is None or (first.attribute.type, first.attribute.enum) == (attribute.type, attribute.enum)
            name = attribute.name if alike else f"{kind.name}_{attribute.name}"
            before = found.get(name)
            found[name] = Column(name, before.attribute if before else attribute, (before.kinds if before else frozenset()) | {kind.name})
    return tuple(found.values())


def _enum(values: Mapping[str, str], *, absent: bool) -> Schema:
    """Return an enum with Chinese descriptions; codes are places in the list, so a new value goes at its end."""
    if ABSENT in values:
        raise TilesetError(f"the code {ABSENT} is taken by a code list")
    rows = [{"name": ABSENT, "description": "未知", "value": 0}] if absent else []
    rows += [{"name": code, "description": label, "value": place} for place, (code, label) in enumerate(values.items(), len(rows))]
    return {"valueType": "UINT8", "values": rows}


def _property(attribute: Attribute) -> Schema:
    """Return the class property of an attribute."""
    described = {"name": attribute.label, **({"description": f"单位：{attribute.unit}"} if attribute.unit else {})}
    match attribute.type:
        case "text" | "date":
            return {**described, "type": "STRING", "noData": ""}
        case "number":
            return {**described, "type": "SCALAR", "componentType": "FLOAT32", "noData": FLOAT32_NO_DATA}
        case "integer":
            return {**described, "type": "SCALAR", "componentType": "INT32", "noData": INT32_NO_DATA}
        case "boolean":
            return {**described, "type": "SCALAR", "componentType": "UINT8", "noData": UINT8_NO_DATA}
        case "enum":
            return {**described, "type": "ENUM", "enumType": attribute.enum, "noData": ABSENT}


def _common() -> dict[str, Schema]:
    """Return the properties that every feature has."""
    uuid = {"type": "SCALAR", "componentType": "UINT8", "array": True, "count": 16, "required": True}
    height = {"type": "SCALAR", "componentType": "FLOAT32"}
    # Of most features there is none, and a column of which nothing is known is left out.
    count = {"type": "SCALAR", "componentType": "UINT16", "noData": 0}
    properties: dict[str, Schema] = {
        "feature_id": uuid,
        "enterprise_id": uuid,
        "kind": {"type": "ENUM", "enumType": "kind", "required": True},
        "name": {"type": "STRING", "required": True},
        "code": {"type": "STRING", "noData": ""},
        "height_m": {**height, "noData": FLOAT32_NO_DATA},
        "z_min_m": {**height, "required": True},
        "z_max_m": {**height, "required": True},
        "alarm_level": {"type": "SCALAR", "componentType": "UINT8", "noData": 0},
        "open_alarms": count,
        "case_count": count,
    }
    return {name: {"name": COMMON_LABELS.get(name, "类别"), **row} for name, row in properties.items()}


def schema_of(kinds: Mapping[str, Kind], enums: Mapping[str, Mapping[str, str]]) -> Schema:
    """Return the metadata schema of a registry: its kinds and its code lists.

    Raises
    ------
    TilesetError
        An attribute has the name of a common property, or a code list has a code that stands for the unknown.
    """
    used = {column.attribute.enum for column in columns(kinds) if column.attribute.enum}
    properties = _common()
    for column in columns(kinds):
        if column.name in properties:
            raise TilesetError(f"the attribute {column.name} has the name of a common property")
        properties[column.name] = _property(column.attribute)
    return {
        "id": "quanjing",
        "classes": {CLASS: {"name": "要素", "properties": properties}},
        "enums": {
            "kind": _enum({kind.name: kind.label for kind in kinds.values()}, absent=False),
            **{name: _enum(values, absent=True) for name, values in enums.items() if name in used},
        },
    }


@cache
def schema() -> Schema:
    """Return the metadata schema of every tile and tileset; treat it as read-only."""
    return schema_of(KINDS, ENUMS)


@cache
def _columns_of(kind: str) -> tuple[Column, ...]:
    return tuple(column for column in columns() if kind in column.kinds)


def _values(column: Column, given: Sequence[Any]) -> list[Any]:
    """Return an attribute's values, None where unknown, as its column holds them."""
    match column.attribute.type:
        case "enum":
            codes = ENUMS[column.attribute.enum] if column.attribute.enum else {}
            return [value if value in codes else None for value in given]
        case "boolean":
            return [None if value is None else int(value) for value in given]
        case "text" | "date":
            return [None if value is None else str(value) for value in given]
        case _:
            # What is no number is not known.
            return [value if value == value else None for value in given]  # noqa: PLR0124


def table(solids: Sequence[SolidMesh], enterprise_id: UUID) -> Columns:
    """Return the values of solids' features, attributes of which nothing is known left out.

    Parameters
    ----------
    solids : sequence of SolidMesh
    enterprise_id : UUID
        Of the site, for the enterprise itself and for features that do not say whose they are.
    """
    features = [solid.feature for solid in solids]
    states, owner = [feature.state for feature in features], enterprise_id.bytes
    values: dict[str, list[Any]] = {
        "feature_id": [feature.feature_id.bytes for feature in features],
        "enterprise_id": [owner if feature.enterprise_id in (None, enterprise_id) else feature.enterprise_id.bytes for feature in features],
        "kind": [feature.kind for feature in features],
        "name": [feature.name for feature in features],
        "code": [feature.code for feature in features],
        "height_m": [feature.height_m for feature in features],
        "z_min_m": [solid.z_min_m for solid in solids],
        "z_max_m": [solid.z_max_m for solid in solids],
        "alarm_level": [state.alarm_level for state in states],
        "open_alarms": [min(state.open_alarms, UINT16_MAX) or None for state in states],
        "case_count": [min(state.case_count, UINT16_MAX) or None for state in states],
    }
    of_kind: dict[str, list[int]] = {}
    for index, kind in enumerate(values["kind"]):
        of_kind.setdefault(kind, []).append(index)
    for kind, rows in of_kind.items():
        known = [features[index].attributes for index in rows]
        for column in _columns_of(kind):
            name = column.attribute.name
            given = [attributes.get(name) for attributes in known]
            if all(value is None for value in given):
                continue
            there = values.setdefault(column.name, [None] * len(features))
            for index, value in zip(rows, _values(column, given), strict=True):
                there[index] = value
    return Columns(len(features), values)


def row(solid: SolidMesh, enterprise_id: UUID) -> Row:
    """Return the values of one solid's feature by property name; see `table`."""
    return {name: value for name, (value,) in table([solid], enterprise_id).values.items()}
