"""Property textures and property attributes (EXT_structural_metadata): metadata of texels and of vertices."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tiles.checks.gltf import Gltf
from tiles.checks.images import LINEAR, NEAREST, check_filters, texels
from tiles.checks.look import Look
from tiles.checks.schema import Schema, class_of
from tiles.checks.tables import check_values, overridden
from tiles.glb import WIDTHS
from tiles.table import COMPONENTS, NUMBERS

METADATA = "EXT_structural_metadata"
OF_ATTRIBUTES = ("INT8", "UINT8", "INT16", "UINT16", "FLOAT32")
"""Component types that glTF has for vertices (3.6.2.2), by their names in metadata."""
Property = Mapping[str, Any]


def _given(look: Look, schema: Schema | None) -> Iterator[tuple[Look, Property]]:
    """Yield the properties of a texture or attribute with those of their class."""
    look.maybe("name", "string")
    look.extended()
    properties = class_of(look, schema) if schema is not None else None
    names = set()
    for name, row in look.members("properties"):
        names.add(name)
        if properties is None or schema is None:
            continue
        if name not in properties:
            look.fault(f"properties.{name}", "不在类中")
            continue
        overridden(row, schema, properties[name])
        yield row, properties[name]
    for name in sorted(name for name, row in (properties or {}).items() if row.get("required") and name not in names):
        look.fault(f"properties.{name}", "必需的属性缺失")


def check_channels(row: Look) -> None:
    """Find channels that no image has."""
    channels = row.maybe("channels", "array", least_items=1)
    if channels is not None and (
        not all(isinstance(one, int) and 0 <= one <= 3 for one in channels) or len(set(channels)) != len(channels)
    ):
        row.fault("channels", "须为不重复的 0–3")


def _component(schema: Schema, property_: Property) -> str:
    enum: Mapping[str, Any] = schema["enums"][property_["enumType"]] if property_["type"] == "ENUM" else {}
    return str(enum.get("valueType", "UINT16") if enum else property_["componentType"])


def check_texture(gltf: Gltf, look: Look, schema: Schema | None) -> None:
    """Find what is wrong with a property texture and what it holds."""
    for row, property_ in _given(look, schema):
        before = len(row.found.issues)
        index = row.index("index", gltf.list("textures"), needed=True)
        row.maybe("texCoord", "integer", least=0)
        check_channels(row)
        if property_["type"] == "STRING" or (property_.get("array") and "count" not in property_):
            row.found.add("T303", row.path, "字符串和变长数组不能存为纹理")
        if index is not None:
            check_filters(gltf, row, index, (NEAREST, LINEAR))
        if index is not None and schema is not None and len(row.found.issues) == before:
            _texture_values(gltf, row, index, schema, property_)


def _texture_values(gltf: Gltf, row: Look, index: int, schema: Schema, property_: Property) -> None:
    found = texels(gltf, row, index)
    if found is None or property_["type"] == "BOOLEAN":
        return
    dtype = np.dtype(COMPONENTS[_component(schema, property_)])
    size = dtype.itemsize * NUMBERS.get(property_["type"], 1) * property_.get("count", 1)
    if found.shape[1] != size:
        row.found.warn("T303", row.at("channels"), f"{found.shape[1]} 个通道，属性要 {size} 个字节")
        return
    check_values(row, schema, property_, np.ascontiguousarray(found).view(dtype))


def check_attribute(gltf: Gltf, number: int, look: Look, schema: Schema | None) -> None:
    """Find what is wrong with a property attribute and with what the vertices of all primitives that name it hold."""
    for row, property_ in _given(look, schema):
        before = len(row.found.issues)
        name = row.need("attribute", "string")
        if name is not None and not name.startswith("_"):
            row.fault("attribute", "自定义属性以 _ 开头")
        if property_["type"] in ("STRING", "BOOLEAN") or property_.get("array"):
            row.found.add("T303", row.path, "字符串、布尔和数组不能存为顶点属性")
        elif schema is not None and (component := _component(schema, property_)) not in OF_ATTRIBUTES:
            row.found.add("T303", row.path, f"{component} 不能存为顶点属性")
        if schema is not None and name is not None and len(row.found.issues) == before:
            held = [values for primitive in _naming(gltf, number) if (values := _held(gltf, primitive, name, property_)) is not None]
            if held:
                check_values(row, schema, property_, np.concatenate(held))


def _naming(gltf: Gltf, number: int) -> Iterator[Mapping[str, Any]]:
    """Yield the primitives that name a property attribute."""
    for mesh in gltf.list("meshes"):
        for primitive in mesh["primitives"]:
            named = primitive.get("extensions", {}).get(METADATA, {}).get("propertyAttributes", [])
            if isinstance(named, list) and number in named:
                yield primitive


def _held(gltf: Gltf, primitive: Mapping[str, Any], name: str, property_: Property) -> NDArray[Any] | None:
    index = primitive["attributes"].get(name)
    if index is None or "KHR_draco_mesh_compression" in primitive.get("extensions", {}):
        return None
    width = WIDTHS[gltf.document["accessors"][index]["type"]]
    values = gltf.array(index)
    return None if values is None or width != NUMBERS.get(property_["type"], 1) else values.reshape(len(values), width)
