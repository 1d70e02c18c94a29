"""Contents of glTF in which one thing is broken, clause by clause: glTF 2.0, feature ids, metadata; each must be found."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mutated import FEATURES, Case, G, M, T, issues, put
from PIL import Image

from tiles.check import report

USED = f"{M} extensions EXT_structural_metadata"


def animation(*, path: str = "translation", channels: int = 1, interpolation: str = "LINEAR") -> list[dict[str, Any]]:
    """Return an animation whose times are ids, and whose places are those of instances."""
    channel = {"sampler": 0, "target": {"node": 0, "path": path}}
    return [{"samplers": [{"input": 4, "output": 3, "interpolation": interpolation}], "channels": [channel] * channels}]


MUTATIONS: list[tuple[str, str, str, Any]] = [
    # code, clause, path, value
    # glTF 2.0
    ("T202", "glTF 5.9: asset.version", "gltf asset version", "1.0"),
    ("T202", "glTF 5.17: asset is required", "gltf asset", "-"),
    ("T202", "glTF 5.17: arrays have an entry", "gltf materials", []),
    ("T202", "glTF 5.1: componentType is one of the list", "gltf accessors 0 componentType", 5124),
    ("T202", "glTF 5.1: type is one of the list", "gltf accessors 0 type", "VEC5"),
    ("T202", "glTF 5.1: count >= 1", "gltf accessors 0 count", 0),
    ("T202", "glTF 5.1: bufferView is one", "gltf accessors 0 bufferView", 99),
    ("T202", "glTF 5.1: floats are not normalized", "gltf accessors 0 normalized", True),
    ("T202", "glTF 5.1: min has a number a component", "gltf accessors 0 min", [0, 0]),
    ("T203", "glTF 3.6.2.4: an accessor lies in its view", "gltf accessors 0 count", 5),
    ("T203", "glTF 3.6.2.4: aligned to its component", "gltf accessors 0 byteOffset", 2),
    ("T203", "glTF 5.11: a view lies in its buffer", "gltf bufferViews 12 byteLength", 5000),
    ("T202", "glTF 5.11: byteLength >= 1", "gltf bufferViews 0 byteLength", 0),
    ("T202", "glTF 5.11: byteStride is a multiple of 4", "gltf bufferViews 0 byteStride", 13),
    ("T203", "glTF 3.6.1.2: not longer than its chunk", "gltf buffers 0 byteLength", 5000),
    ("T107", "glTF 3.6.1.2: the URI leads somewhere", "gltf buffers 0 uri", "lost.bin"),
    ("T202", "glTF 5.24: attributes is required", f"{M} attributes", "-"),
    ("T202", "glTF 5.24: material is one", f"{M} material", 3),
    ("T202", "glTF 5.23: primitives has an entry", "gltf meshes 0 primitives", []),
    ("T205", "glTF 3.7.2.1: POSITION has min and max", "gltf accessors 0 min", "-"),
    ("T205", "glTF 3.6.2.5: max is that of the data", "gltf accessors 0 max", [1, 1, 2]),
    ("T211", "glTF 3.7.2.1: POSITION is VEC3 of floats", f"{M} attributes POSITION", 2),
    ("T211", "glTF 3.7.2.1: own attributes begin with _", f"{M} attributes HEIGHT", 2),
    ("T211", "glTF 3.7.2.1: indices are unsigned", "gltf accessors 1 componentType", 5122),
    ("T202", "glTF 5.25: a matrix or its parts", "gltf nodes 0 matrix", [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1]),
    ("T202", "glTF 3.5.3: unit quaternions", "gltf nodes 0 rotation", [0, 0, 0, 2]),
    ("T202", "glTF 5.25: mesh is one", "gltf nodes 0 mesh", 4),
    ("T202", "glTF 3.5.2: nodes are trees", "gltf nodes 0 children", [0]),
    ("T202", "glTF 3.5.1: scenes have root nodes", "gltf nodes 0 children", [1]),
    ("T202", "glTF 5.27: nodes are different", "gltf scenes 0 nodes", [0, 0]),
    ("T202", "glTF 5.17: scene is one", "gltf scene", 1),
    ("T202", "glTF 5.22: factors are 0 to 1", "gltf materials 0 pbrMetallicRoughness metallicFactor", 2),
    ("T202", "glTF 5.19: baseColorFactor is four numbers", "gltf materials 0 pbrMetallicRoughness baseColorFactor", [1, 1, 1]),
    ("T111", "glTF 3.12: extensionsUsed names all", "gltf extensionsUsed", ["EXT_mesh_features"]),
    ("T111", "glTF 3.12: extensionsRequired is part of extensionsUsed", "gltf extensionsRequired", ["KHR_draco_mesh_compression"]),
    ("T202", "glTF 3.6.1.1: a view is of one use", "gltf accessors 1 bufferView", 0),
    ("T202", "glTF 3.6.1.1: a view is used as its target says", "gltf bufferViews 0 target", 34963),
    ("T203", "glTF 3.6.2.4: vertices are aligned to four bytes", "gltf accessors 2 componentType", 5121),
    ("T203", "glTF 3.6.2.4: shared vertices have a stride", "gltf accessors 6 bufferView", 2),
    ("T205", "glTF 3.6.2.5: bounds of indices are those of the data", "gltf accessors 1 max", [2]),
    ("T202", "glTF 5.1.8: a bound is of the component's type", "gltf accessors 1 max", [2.5]),
    ("T211", "glTF 3.7.2.1: own attributes are not UNSIGNED_INT", "gltf accessors 2 componentType", 5125),
    ("T211", "glTF 3.7.2.1: as many WEIGHTS as JOINTS", f"{M} attributes WEIGHTS_0", 5),
    ("T211", "glTF 3.7.2.2: a morph target changes what is there", f"{M} targets", [{"NORMAL": 0}]),
    ("T205", "glTF 3.7.2.2: POSITION of a morph target has bounds", f"{M} targets", [{"POSITION": 3}]),
    ("T209", "glTF 3.7.2.2: as many vertices as the primitive", f"{M} targets", [{"POSITION": 3}]),
    ("T202", "glTF 5.24: a morph target has an attribute", f"{M} targets", [{}]),
    ("T202", "glTF 5.23: a weight a morph target", "gltf meshes 0 weights", [0.5]),
    ("T202", "glTF 5.25: weights need a mesh", "gltf nodes 1", {"weights": [1]}),
    ("T202", "glTF 5.25: a skin needs a mesh with joints", "gltf nodes 0 skin", 0),
    ("T202", "glTF 3.5.3: a matrix is a move, a turn and a scale", "gltf nodes 0",
     {"mesh": 0, "matrix": [1, 0, 0, 0, 0.5, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1]}),
    ("T202", "glTF 5.25: name is a string", "gltf nodes 0 name", 7),
    ("T211", "glTF 5.19: texCoord is an attribute of the primitive", "gltf materials 0 normalTexture", {"index": 0, "texCoord": 1}),
    ("T202", "glTF 5.21: strength is 0 to 1", "gltf materials 0 occlusionTexture", {"index": 0, "strength": 2}),
    ("T202", "glTF 5.18: mimeType is that of the image", "gltf images 0 mimeType", "image/jpeg"),
    ("T107", "glTF 5.18: the URI leads somewhere", "gltf images 0", {"uri": "gone.png"}),
    ("T202", "glTF 5.12: type is required", "gltf cameras", [{"perspective": {"yfov": 1, "znear": 1}}]),
    ("T202", "glTF 5.12: a camera has its lens", "gltf cameras", [{"type": "perspective"}]),
    ("T202", "glTF 5.14: yfov > 0", "gltf cameras", [{"type": "perspective", "perspective": {"yfov": 0, "znear": 1}}]),
    ("T202", "glTF 5.14: zfar > znear", "gltf cameras", [{"type": "perspective", "perspective": {"yfov": 1, "znear": 1, "zfar": 1}}]),
    ("T202", "glTF 5.13: xmag is not 0", "gltf cameras",
     [{"type": "orthographic", "orthographic": {"xmag": 0, "ymag": 1, "zfar": 2, "znear": 0}}]),
    ("T202", "glTF 5.28: joints have a common root", "gltf skins", [{"joints": [0, 1]}]),
    ("T202", "glTF 5.28: skeleton is above the joints", "gltf skins", [{"joints": [0], "skeleton": 1}]),
    ("T211", "glTF 5.28: inverseBindMatrices are MAT4", "gltf skins", [{"joints": [0], "inverseBindMatrices": 3}]),
    ("T202", "glTF 5.7: a channel a target", "gltf animations", animation(channels=2)),
    ("T211", "glTF 3.11: values are as what they move", "gltf animations", animation(path="rotation")),
    ("T205", "glTF 3.11: times have bounds", "gltf animations", animation()),
    ("T209", "glTF 3.11: a value a time", "gltf animations", animation(interpolation="CUBICSPLINE")),
    # Extensions
    ("T309", "EXT_mesh_features: featureIds has an entry", f"{M} extensions EXT_mesh_features featureIds", []),
    ("T309", "EXT_mesh_features: featureCount is required", f"{M} extensions EXT_mesh_features featureIds 0 featureCount", "-"),
    ("T301", "EXT_mesh_features: not more ids than featureCount", f"{M} extensions EXT_mesh_features featureIds 0 featureCount", 1),
    ("T309", "EXT_mesh_features: attribute is there", f"{M} extensions EXT_mesh_features featureIds 0 attribute", 1),
    ("T309", "EXT_mesh_features: propertyTable is one", f"{M} extensions EXT_mesh_features featureIds 0 propertyTable", 1),
    ("T309", "EXT_mesh_features: label is an identifier", f"{M} extensions EXT_mesh_features featureIds 0 label", "a b"),
    ("T309", "EXT_mesh_features: nullFeatureId is not negative", f"{M} extensions EXT_mesh_features featureIds 0 nullFeatureId", -1),
    ("T309", "EXT_mesh_features: texture.index is one", f"{M} extensions EXT_mesh_features featureIds 0",
     {"featureCount": 2, "texture": {"index": 1, "texCoord": 0}}),
    ("T309", "EXT_mesh_features: textures are not filtered", "gltf samplers 0 minFilter", 9729),
    ("T309", "EXT_mesh_features: channels are those of the image", f"{FEATURES} 1 texture channels", [3]),
    ("T309", "EXT_mesh_features: channels are different", f"{FEATURES} 1 texture channels", [0, 0]),
    ("T309", "EXT_mesh_features: texCoord is there", f"{FEATURES} 1 texture texCoord", 1),
    ("T301", "EXT_mesh_features: not more ids in a texture than featureCount", f"{FEATURES} 1 featureCount", 1),
    ("T301", "EXT_mesh_features: ids of a texture are rows of the table", f"{FEATURES} 1 texture channels", [1]),
    ("T309", "EXT_instance_features: attribute is there", "gltf nodes 1 extensions EXT_instance_features featureIds 0 attribute", 3),
    ("T309", "EXT_instance_features: needs EXT_mesh_gpu_instancing", "gltf nodes 1 extensions EXT_mesh_gpu_instancing", "-"),
    ("T211", "EXT_mesh_gpu_instancing: TRANSLATION is VEC3", "gltf nodes 1 extensions EXT_mesh_gpu_instancing attributes TRANSLATION", 4),
    ("T211", "EXT_mesh_gpu_instancing: counts are equal", "gltf nodes 1 extensions EXT_mesh_gpu_instancing attributes _OTHER", 0),
    ("T303", "EXT_structural_metadata: schema or schemaUri", f"{G} schemaUri", "schema.json"),
    ("T303", "propertyTable.schema: class is required", f"{T} class", "-"),
    ("T303", "propertyTable.schema: class is in the schema", f"{T} class", "house"),
    ("T303", "propertyTable.schema: count is required", f"{T} count", "-"),
    ("T303", "propertyTable.schema: count >= 1", f"{T} count", 0),
    ("T303", "propertyTable: properties are of the class", f"{T} properties colour", {"values": 3}),
    ("T303", "propertyTable: what is required is there", f"{T} properties name", "-"),
    ("T303", "propertyTable.property.schema: values is required", f"{T} properties height values", "-"),
    ("T303", "propertyTable.property.schema: values is a view", f"{T} properties height values", 99),
    ("T303", "propertyTable.property.schema: strings have stringOffsets", f"{T} properties name stringOffsets", "-"),
    ("T303", "propertyTable.property.schema: arrays have arrayOffsets", f"{T} properties tags arrayOffsets", "-"),
    ("T303", "propertyTable.property.schema: offset types", f"{T} properties name stringOffsetType", "INT32"),
    ("T303", "propertyTable.property.schema: offset is not for strings", f"{T} properties name offset", 1),
    ("T304", "class.property.schema: max is after scale and offset", f"{G} schema classes plant properties share max", 2.5),
    ("T304", "class.property.schema: min is after scale and offset", f"{G} schema classes plant properties share min", 1.5),
    ("T304", "propertyTable.property.schema: max is after scale and offset", f"{T} properties share max", 2.5),
    ("T304", "propertyTable.property.schema: min is that of the data", f"{T} properties share min", 0.5),
    ("T304", "propertyTable.property.schema: scale is anew that of the table", f"{T} properties share scale", 1.0),
    ("T303", "propertyTexture.schema: class is in the schema", f"{G} propertyTextures 0 class", "house"),
    ("T303", "propertyTexture.property.schema: index is a texture", f"{G} propertyTextures 0 properties heat index", 1),
    ("T303", "propertyTexture.property.schema: channels are of the image", f"{G} propertyTextures 0 properties heat channels", [3]),
    ("T303", "EXT_structural_metadata, Property Textures: no strings", f"{G} schema classes surface properties heat", {"type": "STRING"}),
    ("T303", "EXT_structural_metadata, Property Textures: nearest or linear", "gltf samplers 0 minFilter", 9987),
    ("T303", "EXT_structural_metadata, primitive: texCoord is there", f"{G} propertyTextures 0 properties heat texCoord", 1),
    ("T303", "EXT_structural_metadata, primitive: propertyTextures has an entry", f"{USED} propertyTextures", []),
    ("T303", "EXT_structural_metadata, primitive: propertyTextures are some", f"{USED} propertyTextures", [1]),
    ("T304", "class.property.schema: max holds for texels", f"{G} schema classes surface properties heat max", 100),
    ("T304", "propertyTexture.property.schema: max is that of the data", f"{G} propertyTextures 0 properties heat max", 210),
    ("T307", "Property Textures: values are of the enum", f"{G} propertyTextures 0 properties sort channels", [1]),
    ("T303", "EXT_structural_metadata, Property Attributes: no arrays", f"{G} schema classes corner properties heat",
     {"type": "SCALAR", "componentType": "FLOAT32", "array": True}),
    ("T303", "EXT_structural_metadata, Property Attributes: types of accessors",
     f"{G} schema classes corner properties heat componentType", "FLOAT64"),
    ("T303", "EXT_structural_metadata, primitive: the attribute is there", f"{G} propertyAttributes 0 properties heat attribute", "_COLD"),
    ("T303", "EXT_structural_metadata, primitive: propertyAttributes has an entry", f"{USED} propertyAttributes", []),
    ("T304", "class.property.schema: max holds for vertices", f"{G} schema classes corner properties heat max", 1),
    ("T304", "propertyAttribute.property.schema: min is that of the data", f"{G} propertyAttributes 0 properties heat min", -6),
    ("T304", "propertyAttribute.property.schema: max is that of the data", f"{G} propertyAttributes 0 properties heat max", 8),
    ("T304", "Binary table format: length of numbers", f"{T} properties height values", 9),
    ("T304", "Binary table format: length of offsets", f"{T} properties name stringOffsets", 9),
    ("T304", "Binary table format: length of booleans", f"{T} properties open values", 3),
    ("T304", "propertyTable.property.schema: max is that of the data", f"{T} properties height max", 50),
    ("T304", "Binary table format: alignment", f"{G} propertyTables 0 properties sort", {"values": 5}),
]  # fmt: skip


@pytest.mark.parametrize(("code", "clause", "path", "value"), [pytest.param(*row, id=f"{row[0]}-{row[1]}") for row in MUTATIONS])
def test_a_broken_clause_is_found(code: str, clause: str, path: str, value: Any, tmp_path: Path) -> None:
    case = Case()
    put(path, value)(case)
    assert code in issues(case.write(tmp_path)), clause


def index_over_the_vertices(case: Case) -> None:
    case.numbers(1, "<u2")[0] = 4


def position_infinite(case: Case) -> None:
    case.numbers(0, "<f4")[0] = np.inf


def id_over_the_table(case: Case) -> None:
    case.numbers(2, "<f4")[:] = [0, 0, 2, 2]


def id_between(case: Case) -> None:
    case.numbers(2, "<f4")[0] = 0.5


def offsets_fall(case: Case) -> None:
    case.numbers(4, "<u4")[:] = [0, 9, 3]


def offsets_begin_late(case: Case) -> None:
    case.numbers(4, "<u4")[0] = 1


def offsets_leave_the_data(case: Case) -> None:
    case.numbers(4, "<u4")[2] = 90


def text_is_none(case: Case) -> None:
    case.numbers(3, "|u1")[0] = 0xFF


def enum_unknown(case: Case) -> None:
    case.numbers(6, "<i1")[0] = 7


def array_offsets_fall(case: Case) -> None:
    case.numbers(7, "<u4")[:] = [0, 3, 1]


def value_over_the_maximum(case: Case) -> None:
    case.numbers(5, "<f4")[1] = 500


def picture_broken(case: Case) -> None:
    case.numbers(16, "|u1")[20:60] = 0


def id_of_a_texel_over_the_table(case: Case) -> None:
    Image.fromarray(np.full((2, 2, 3), 7, "<u1")).save(out := io.BytesIO(), "PNG")
    begin = len(case.binary) + -len(case.binary) % 8
    case.binary += bytes(begin - len(case.binary)) + out.getvalue()
    case.gltf["bufferViews"][16] |= {"byteOffset": begin, "byteLength": len(out.getvalue())}
    case.gltf["buffers"][0]["byteLength"] = len(case.binary)


def instances_meet(case: Case) -> None:
    case.gltf["accessors"][4] |= {"min": [0], "max": [1]}
    case.gltf["animations"] = animation()


BYTES = {
    "glTF 3.11: times rise": ("T211", instances_meet),
    "EXT_mesh_features: the image can be read": ("T202", picture_broken),
    "EXT_mesh_features: texels are rows of the table": ("T301", id_of_a_texel_over_the_table),
    "glTF 3.7.2.1: indices are those of vertices": ("T204", index_over_the_vertices),
    "glTF 3.6.2: no infinities": ("T206", position_infinite),
    "EXT_mesh_features: ids are rows of the table": ("T301", id_over_the_table),
    "EXT_mesh_features: ids are whole": ("T301", id_between),
    "Binary table format: string offsets rise": ("T305", offsets_fall),
    "Binary table format: string offsets begin with 0": ("T305", offsets_begin_late),
    "Binary table format: string offsets stay in the data": ("T305", offsets_leave_the_data),
    "Binary table format: UTF-8": ("T306", text_is_none),
    "Binary table format: enum values are of the enum": ("T307", enum_unknown),
    "Binary table format: array offsets rise": ("T305", array_offsets_fall),
    "class.property.schema: max holds for values": ("T304", value_over_the_maximum),
}


@pytest.mark.parametrize("clause", BYTES)
def test_broken_data_are_found(clause: str, tmp_path: Path) -> None:
    code, mutate = BYTES[clause]
    case = Case()
    mutate(case)
    assert code in issues(case.write(tmp_path))


def test_what_draco_holds_is_not_looked_into(tmp_path: Path) -> None:
    """Its accessors have bounds, but no view (KHR_draco_mesh_compression)."""
    case, draco = Case(), "KHR_draco_mesh_compression"
    primitive = case.gltf["meshes"][0]["primitives"][0]
    for index in (*primitive["attributes"].values(), primitive["indices"]):
        del case.gltf["accessors"][index]["bufferView"]
    primitive["extensions"][draco] = {"bufferView": 0, "attributes": {"POSITION": 0}}
    case.gltf["extensionsUsed"].append(draco)
    case.gltf["extensionsRequired"] = [draco]
    case.write(tmp_path)
    assert report(tmp_path / "a.glb").issues == ()
