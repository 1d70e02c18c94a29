"""Feature ids and metadata in glTF: EXT_mesh_features, EXT_instance_features, EXT_structural_metadata, EXT_mesh_gpu_instancing."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gis.issues import Severity
from tiles.checks.gltf import Gltf
from tiles.checks.images import NEAREST, check_filters, texels
from tiles.checks.look import IDENTIFIER, Look, Resolve
from tiles.checks.properties import METADATA, check_attribute, check_channels, check_texture
from tiles.checks.schema import check_schema
from tiles.checks.tables import check_table
from tiles.checks.vertices import UNITS
from tiles.glb import INSTANCING

MESH, INSTANCE = "EXT_mesh_features", "EXT_instance_features"
INSTANCE_TYPES = {"TRANSLATION": ("VEC3", (5126,)), "ROTATION": ("VEC4", (5120, 5122, 5126)), "SCALE": ("VEC3", (5126,))}


@dataclass(slots=True)
class Metadata:
    """The metadata of a glTF as far as they are sound."""

    schema: dict[str, Any] | None = None
    counts: list[int | None] = field(default_factory=list)
    """Rows of each property table."""
    used: dict[int, set[int]] = field(default_factory=dict)
    """Table → rows that some feature id names."""


def _extension(value: Mapping[str, Any], name: str, path: str, gltf: Gltf, code: str = "T309") -> Look | None:
    there = value.get("extensions", {}).get(name)
    return Look(there, f"{path}.extensions.{name}" if path else f"extensions.{name}", gltf.found, code) if isinstance(there, dict) else None


def _schema(look: Look, resolve: Resolve) -> dict[str, Any] | None:
    if ("schema" in look.value) == ("schemaUri" in look.value):
        look.fault("schema", "schema 和 schemaUri 须恰有一个")
        return None
    if "schema" in look.value:
        document, path = look.value["schema"], look.at("schema")
    else:
        uri = look.maybe("schemaUri", "string")
        data = None if uri is None else resolve(uri)
        path = look.at("schemaUri")
        if data is None:
            look.found.add("T107", path, str(uri))
            return None
        try:
            document = json.loads(data)
        except ValueError as error:
            look.found.add("T310", path, str(error))
            return None
    return document if check_schema(document, path, look.found) else None


def check_metadata(gltf: Gltf) -> Metadata:
    """Find what is wrong with the schema, the property tables, textures and attributes of a glTF."""
    told = Metadata()
    look = _extension(gltf.document, METADATA, "", gltf, "T303")
    if look is None:
        return told
    told.schema = _schema(look, gltf.resolve)

    def view(index: int) -> tuple[bytes, int] | None:
        data = gltf.view(index)
        return None if data is None else (data, gltf.document["bufferViews"][index].get("byteOffset", 0))

    for table in look.items("propertyTables"):
        count = table.value.get("count")
        told.counts.append(int(count) if isinstance(count, int) else None)
        if told.schema is not None:
            check_table(table, told.schema, len(gltf.list("bufferViews")), view)
    for texture in look.items("propertyTextures"):
        check_texture(gltf, texture, told.schema)
    for number, attribute in enumerate(look.items("propertyAttributes")):
        check_attribute(gltf, number, attribute, told.schema)
    return told


def _ids(gltf: Gltf, row: Look, index: int, name: str) -> NDArray[Any] | None:
    """Return the feature ids of an attribute, whole numbers that are not negative; None where they are no such."""
    accessor = gltf.document["accessors"][index]
    if accessor["type"] != "SCALAR" or accessor.get("normalized") or accessor["componentType"] not in (5121, 5123, 5125, 5126):
        row.fault("attribute", f"{name} 不是编号：{accessor['type']} {accessor['componentType']}")
        return None
    values = gltf.array(index)
    if values is None:
        return None
    if not np.isfinite(values).all():
        return None
    if (values != np.floor(values)).any() or values.min() < 0:
        row.found.add("T301", row.path, "编号须为不小于 0 的整数")
        return None
    return values.astype(np.int64)


def _by_attribute(gltf: Gltf, row: Look, attributes: Mapping[str, int]) -> NDArray[Any] | None:
    number = row.maybe("attribute", "integer", least=0)
    name = f"_FEATURE_ID_{number}"
    if number is None:
        return None
    if name not in attributes:
        row.fault("attribute", f"没有 {name}")
        return None
    return _ids(gltf, row, attributes[name], name)


def _by_texture(gltf: Gltf, row: Look, attributes: Mapping[str, int]) -> NDArray[Any] | None:
    """Return the feature ids of a texture: its bytes, the first the least; None where they can't be had."""
    before = len(row.found.issues)
    texture = row.inner("texture")
    if texture is None:
        return None
    index = texture.index("index", gltf.list("textures"), needed=True)
    texture.maybe("texCoord", "integer", least=0)
    if f"TEXCOORD_{texture.value.get('texCoord', 0)}" not in attributes:
        texture.fault("texCoord", "没有这组纹理坐标")
    check_channels(texture)
    if index is not None:
        check_filters(gltf, texture, index, (NEAREST,))
    if index is None or len(row.found.issues) > before:
        return None
    found = texels(gltf, texture, index)
    return None if found is None else found.astype(np.int64) @ (256 ** np.arange(found.shape[1], dtype=np.int64))


def _feature_set(gltf: Gltf, row: Look, attributes: Mapping[str, int], metadata: Metadata, implied: int | None) -> None:
    """Check one set of feature ids; `implied` is how many there are where no attribute says it, None where one has to."""
    count = row.need("featureCount", "integer", least=1)
    absent = row.maybe("nullFeatureId", "integer", least=0)
    row.maybe("label", "string", pattern=IDENTIFIER)
    row.extended()
    table = row.index("propertyTable", metadata.counts)
    if "texture" in row.value:
        ids = _by_texture(gltf, row, attributes)
    elif "attribute" in row.value:
        ids = _by_attribute(gltf, row, attributes)
    else:
        ids = None if implied is None else np.arange(implied)
    if ids is None:
        return
    seen = np.setdiff1d(np.unique(ids), [] if absent is None else [absent])
    rows = metadata.counts[table] if table is not None else None
    if rows is not None and len(seen) and seen[-1] >= rows:
        row.found.add("T301", row.path, f"编号到 {seen[-1]}，属性表 {rows} 行")
    elif count is not None and len(seen) != count and row.value.keys() & {"attribute", "texture"}:
        severity = Severity.ERROR if len(seen) > count else Severity.WARNING
        row.found.add("T301", row.at("featureCount"), f"{count}，实有 {len(seen)} 个", severity)
    if table is not None:
        metadata.used.setdefault(table, set()).update(seen.tolist())


def check_features(gltf: Gltf, metadata: Metadata) -> None:
    """Find what is wrong with feature ids of primitives and of instances."""
    accessors = gltf.list("accessors")
    for number, mesh in enumerate(gltf.list("meshes")):
        for index, primitive in enumerate(mesh["primitives"]):
            path = f"meshes[{number}].primitives[{index}]"
            look = _extension(primitive, MESH, path, gltf)
            if look is not None:
                look.need("featureIds", "array", least_items=1)
                position = primitive["attributes"].get("POSITION")
                for row in look.items("featureIds"):
                    _feature_set(
                        gltf, row, primitive["attributes"], metadata, accessors[position]["count"] if position is not None else None
                    )
            _used_properties(gltf, primitive, path)
    for number, node in enumerate(gltf.list("nodes")):
        path = f"nodes[{number}]"
        instancing = _extension(node, INSTANCING, path, gltf, "T211")
        count = _instances(gltf, node, instancing) if instancing is not None else None
        look = _extension(node, INSTANCE, path, gltf)
        if look is None:
            continue
        if instancing is None:
            look.found.add("T309", look.path, f"没有 {INSTANCING}")
            continue
        look.need("featureIds", "array", least_items=1)
        for row in look.items("featureIds"):
            _feature_set(gltf, row, instancing.value.get("attributes", {}), metadata, count)


def _instances(gltf: Gltf, node: Mapping[str, Any], look: Look) -> int | None:
    """Check the attributes of instances; returns how many there are."""
    attributes = look.inner("attributes", needed=True)
    if "mesh" not in node:
        look.found.add("T211", look.path, "节点没有网格")
    if attributes is None:
        return None
    counts = set()
    for name in attributes.value:
        index = attributes.index(name, gltf.list("accessors"))
        if index is None:
            continue
        row = gltf.document["accessors"][index]
        counts.add(row["count"])
        if name in INSTANCE_TYPES:
            kind, components = INSTANCE_TYPES[name]
            if (
                row["type"] != kind
                or row["componentType"] not in components
                or (row["componentType"] in UNITS and not row.get("normalized"))
            ):
                attributes.fault(name, f"{row['type']} {row['componentType']}")
        elif not name.startswith("_"):
            attributes.fault(name, "自定义属性以 _ 开头")
    if len(counts) > 1:
        look.fault("attributes", f"数量不一致：{sorted(counts)}")
    return next(iter(counts), None)


def _used_properties(gltf: Gltf, primitive: Mapping[str, Any], path: str) -> None:
    """Check which property textures and attributes a primitive names."""
    look = _extension(primitive, METADATA, path, gltf, "T303")
    if look is None:
        return
    whole = gltf.document.get("extensions", {}).get(METADATA)
    for key in ("propertyTextures", "propertyAttributes"):
        listed = whole.get(key, []) if isinstance(whole, dict) else []
        for index in look.maybe(key, "array", least_items=1) or []:
            if not isinstance(index, int) or not 0 <= index < len(listed):
                look.fault(key, f"没有 {index}")
                continue
            rows = listed[index].get("properties", {}) if isinstance(listed[index], dict) else {}
            for name, row in rows.items():
                wanted = row.get("attribute") if key == "propertyAttributes" else f"TEXCOORD_{row.get('texCoord', 0)}"
                if wanted not in primitive["attributes"]:
                    look.fault(key, f"{name} 要 {wanted}，图元没有")
