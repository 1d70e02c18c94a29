"""3D Metadata: schemas, entities and statistics (OGC 22-025r4, part 3D Metadata; JSON schemas Schema and statistics)."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from tiles.checks.look import IDENTIFIER, Found, Look, is_integer, is_number
from tiles.checks.ranges import beyond, flat
from tiles.table import COMPONENTS, NUMBERS

TYPES = (*NUMBERS, "STRING", "BOOLEAN", "ENUM")
INTEGERS = tuple(name for name in COMPONENTS if "INT" in name)
STATISTICS = ("min", "max", "mean", "median", "standardDeviation", "variance", "sum")
FLOATS, UNSIGNED = ("FLOAT32", "FLOAT64"), ("UINT8", "UINT16", "UINT32", "UINT64")
OF_VOLUMES: dict[str, tuple[str, tuple[str, ...], int | bool]] = {
    "BOUNDING_BOX": ("SCALAR", FLOATS, 12),
    "BOUNDING_REGION": ("SCALAR", FLOATS, 6),
    "BOUNDING_SPHERE": ("SCALAR", FLOATS, 4),
    "BOUNDING_S2_CELL": ("SCALAR", ("UINT64",), False),
    "MINIMUM_HEIGHT": ("SCALAR", FLOATS, False),
    "MAXIMUM_HEIGHT": ("SCALAR", FLOATS, False),
    "HORIZON_OCCLUSION_POINT": ("VEC3", FLOATS, False),
}
SEMANTICS: dict[str, tuple[str, tuple[str, ...], int | bool]] = {
    "ID": ("STRING", (), False),
    "NAME": ("STRING", (), False),
    "DESCRIPTION": ("STRING", (), False),
    "ATTRIBUTION_IDS": ("SCALAR", UNSIGNED, True),
    "ATTRIBUTION_STRINGS": ("STRING", (), True),
    "TILESET_FEATURE_ID_LABELS": ("STRING", (), True),
    "TILESET_CRS_GEOCENTRIC": ("STRING", (), False),
    "TILESET_CRS_COORDINATE_EPOCH": ("STRING", (), False),
    "TILE_GEOMETRIC_ERROR": ("SCALAR", FLOATS, False),
    "TILE_REFINE": ("SCALAR", ("UINT8",), False),
    "TILE_TRANSFORM": ("MAT4", FLOATS, False),
    "CONTENT_URI": ("STRING", (), False),
    "CONTENT_GROUP_ID": ("SCALAR", UNSIGNED, False),
    **{f"{of}_{name}": row for of in ("TILE", "CONTENT") for name, row in OF_VOLUMES.items()},
}
"""Semantic → type, component types, items of an array, False where it is none, True where any number will do (Semantic Reference)."""
CHILDREN = ("offset", "scale", "min", "max")
"""What has the shape of a value of the property."""

Schema = Mapping[str, Any]


def bounds(component: str) -> tuple[float, float]:
    """Return the least and greatest number of a component type."""
    dtype = np.dtype(COMPONENTS[component])
    info: Any = np.finfo(dtype) if dtype.kind == "f" else np.iinfo(dtype)
    return (float(info.min), float(info.max)) if dtype.kind == "f" else (int(info.min), int(info.max))


def _element(schema: Schema, property_: Mapping[str, Any], value: Any, *, stored: bool) -> str | None:
    """Say what keeps a value from being one element of a property."""
    kind = property_["type"]
    if kind == "STRING":
        return None if isinstance(value, str) else "应为 string"
    if kind == "BOOLEAN":
        return None if isinstance(value, bool) else "应为 boolean"
    if kind == "ENUM":
        enum = schema.get("enums", {}).get(property_.get("enumType"), {})
        names = [row.get("name") for row in enum.get("values", []) if isinstance(row, dict)]
        return None if value in names else f"{value!r} 不是枚举项的名称"
    width = NUMBERS[kind]
    numbers = [value] if width == 1 else value
    if not isinstance(numbers, list) or len(numbers) != width or not all(map(is_number, numbers)):
        return f"应为 {width} 个数" if width > 1 else "应为 number"
    component = property_.get("componentType")
    if stored and component in INTEGERS and not property_.get("normalized"):
        low, high = bounds(component)
        if not all(is_integer(number) and low <= number <= high for number in numbers):
            return f"超出 {component}"
    return None


def value_fault(schema: Schema, property_: Mapping[str, Any], value: Any, *, stored: bool = True) -> str | None:
    """Say what keeps a JSON value from being one of a property; None where nothing does.

    Parameters
    ----------
    schema, property_ : sound ones
    value : any JSON
    stored : whether it has to fit the component type, which a scaled one need not
    """
    if not property_.get("array"):
        return _element(schema, property_, value, stored=stored)
    if not isinstance(value, list):
        return "应为 array"
    if "count" in property_ and len(value) != property_["count"]:
        return f"应有 {property_['count']} 项"
    return next((reason for item in value if (reason := _element(schema, property_, item, stored=stored))), None)


def ranged(look: Look, key: str, property_: Mapping[str, Any], value: Any) -> None:
    """Find numbers of a sound value that lie beyond `min` and `max` of the property."""
    if property_["type"] in NUMBERS:
        dtype = float if property_.get("normalized") else COMPONENTS[property_["componentType"]]
        values = np.array([list(flat(value))], dtype=dtype)
        for _, detail in beyond(property_, {}, values):
            look.fault(key, detail)


def _numeric(look: Look, schema: Schema, value: Mapping[str, Any], kind: str) -> None:
    """Check what only numbers have."""
    component = look.maybe("componentType", "string", among=tuple(COMPONENTS))
    numeric = kind in NUMBERS
    if numeric and "componentType" not in value:
        look.fault("componentType", "缺失")
    if not numeric and "componentType" in value:
        look.fault("componentType", f"{kind} 没有分量类型")
    normalized = look.maybe("normalized", "boolean")
    if normalized and component not in INTEGERS:
        look.fault("normalized", "只有整数可以归一化")
    for key in CHILDREN:
        if key not in value:
            continue
        if not numeric:
            look.fault(key, f"{kind} 不得有")
        elif value.get("array") and "count" not in value:
            look.fault(key, "变长数组不得有")
        elif key in ("offset", "scale") and not (normalized or component in ("FLOAT32", "FLOAT64")):
            look.fault(key, "只有浮点数和归一化整数可以有")
        elif component and (reason := value_fault(schema, value, value[key], stored=False)):
            look.fault(key, reason)


def _semantic(look: Look, value: Mapping[str, Any]) -> None:
    semantic = look.maybe("semantic", "string", least_length=1)
    if semantic not in SEMANTICS:
        return
    kind, components, items = SEMANTICS[semantic]
    array = value.get("array", False)
    fits = value.get("type") == kind and (not components or value.get("componentType") in components) and not value.get("normalized")
    if not fits or array != bool(items) or (array and items is not True and value.get("count") != items):
        look.fault("semantic", f"类型与语义 {semantic} 不符")


def _enum_type(look: Look, schema: Schema, kind: str) -> bool:
    """Check the enum that a property names; returns whether its values can be looked up."""
    enum, enums = look.maybe("enumType", "string"), schema.get("enums")
    if kind != "ENUM":
        if "enumType" in look.value:
            look.fault("enumType", "只有 ENUM 可以有")
        return True
    if "enumType" not in look.value:
        look.fault("enumType", "缺失")
        return False
    if enum is not None and (not isinstance(enums, dict) or enum not in enums):
        look.fault("enumType", f"没有枚举 {enum}")
        return False
    return enum is not None


def _property(look: Look, schema: Schema) -> None:
    value, before = look.value, len(look.found.issues)
    for key in ("name", "description"):
        look.maybe(key, "string")
    kind = look.need("type", "string", among=TYPES)
    array, required = look.maybe("array", "boolean"), look.maybe("required", "boolean")
    if look.maybe("count", "integer", least=2) is not None and not array:
        look.fault("count", "只有数组可以有")
    look.extended()
    if kind is None or not _enum_type(look, schema, kind):
        return
    _numeric(look, schema, value, kind)
    _semantic(look, value)
    sound = len(look.found.issues) == before
    for key in ("noData", "default"):
        if key not in value:
            continue
        if required:
            look.fault(key, "必需的属性不得有")
        elif key == "noData" and kind == "BOOLEAN":
            look.fault(key, "BOOLEAN 不得有")
        elif sound and (reason := value_fault(schema, value, value[key], stored=key == "noData")):
            look.fault(key, reason)


def _enum(look: Look) -> None:
    look.need("values", "array", least_items=1)
    kind = look.maybe("valueType", "string", among=INTEGERS) or "UINT16"
    names, numbers = list[Any](), list[Any]()
    low, high = bounds(kind)
    for row in look.items("values"):
        names.append(row.need("name", "string"))
        row.maybe("description", "string")
        numbers.append(row.need("value", "integer"))
        if numbers[-1] is not None and not low <= numbers[-1] <= high:
            row.fault("value", f"超出 {kind}")
    for listed, what in ((names, "name"), (numbers, "value")):
        known = [one for one in listed if one is not None]
        if len(set(known)) != len(known):
            look.fault("values", f"{what} 有重复")


def _named(look: Look, names: str) -> None:
    for key in ("name", "description"):
        look.maybe(key, "string")
    look.extended()
    if not IDENTIFIER.fullmatch(names):
        look.found.add(look.code, look.path, "不是标识符")


def _class(look: Look, schema: Schema) -> None:
    semantics: list[str] = []
    for name, property_ in look.members("properties"):
        if not IDENTIFIER.fullmatch(name):
            property_.found.add("T310", property_.path, "不是标识符")
        _property(property_, schema)
        if isinstance(property_.value.get("semantic"), str):
            semantics.append(property_.value["semantic"])
    if len(set(semantics)) != len(semantics):
        look.fault("properties", "语义有重复")


def check_schema(document: Any, path: str, found: Found) -> bool:
    """Find what is wrong with a metadata schema; returns whether it can be used."""
    before = len(found.issues)
    if not isinstance(document, dict):
        found.add("T310", path, "应为 object")
        return False
    look = Look(document, path, found, "T310")
    look.need("id", "string", pattern=IDENTIFIER)
    for key in ("name", "description", "version"):
        look.maybe(key, "string")
    look.extended()
    for name, enum in look.members("enums"):
        _named(enum, name)
        _enum(enum)
    if len(found.issues) > before:
        return False
    for name, class_ in look.members("classes"):
        _named(class_, name)
        _class(class_, document)
    return len(found.issues) == before


def class_of(look: Look, schema: Schema | None) -> Mapping[str, Any] | None:
    """Return the properties of the class that an entity or a table names; None where it can't be looked up."""
    name = look.need("class", "string")
    if name is None:
        return None
    if schema is None:
        look.fault("class", "没有 schema")
        return None
    class_ = schema.get("classes", {}).get(name)
    if class_ is None:
        look.fault("class", f"没有类 {name}")
        return None
    properties: Mapping[str, Any] = class_.get("properties", {})
    return properties


def check_entity(look: Look, schema: Schema | None) -> None:
    """Find what is wrong with a metadata entity: of a tileset, a tile, a content, a group or a subtree."""
    look.extended()
    properties = class_of(look, schema)
    given = look.maybe("properties", "object")
    if properties is None or schema is None:
        return
    if given is not None and not given:
        look.fault("properties", "不得为空")
    for name, value in (given or {}).items():
        key = f"properties.{name}"
        if name not in properties:
            look.fault(key, "不在类中")
        elif value is None:
            if properties[name].get("required") or "noData" not in properties[name]:
                look.fault(key, "没有值")
        elif reason := value_fault(schema, properties[name], value):
            look.fault(key, reason)
        else:
            ranged(look, key, properties[name], value)
    for name in sorted(name for name, row in properties.items() if row.get("required") and name not in (given or {})):
        look.fault(f"properties.{name}", "必需的属性缺失")


def check_statistics(look: Look, schema: Schema | None) -> None:
    """Find what is wrong with the statistics of a tileset."""
    look.extended()
    for name, class_ in look.members("classes"):
        known = (schema or {}).get("classes", {}).get(name)
        if known is None:
            look.fault(f"classes.{name}", "不在 schema 中")
            continue
        class_.maybe("count", "integer", least=0)
        for inner, row in class_.members("properties"):
            property_ = known.get("properties", {}).get(inner)
            if property_ is None:
                class_.fault(f"properties.{inner}", "不在类中")
                continue
            for key in STATISTICS:
                if key in row.value and (property_["type"] not in NUMBERS or not all(map(is_number, flat(row.value[key])))):
                    row.fault(key, "只有数有，且须为数")
            counts = row.maybe("occurrences", "object")
            if counts is not None:
                _occurrences(row, counts, schema or {}, property_)


def _occurrences(row: Look, counts: Mapping[str, Any], schema: Schema, property_: Mapping[str, Any]) -> None:
    if property_["type"] != "ENUM":
        row.fault("occurrences", "只有 ENUM 有")
        return
    names = {value["name"] for value in schema["enums"][property_["enumType"]]["values"]}
    for name, count in counts.items():
        if name not in names or not all(is_integer(one) and one >= 0 for one in flat(count)):
            row.fault(f"occurrences.{name}", "须为枚举项的名称和次数")
