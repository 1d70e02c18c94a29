"""Valid tilesets, contents and subtrees in which one thing is broken, clause by clause; each must be found, and the valid ones accepted.

Each mutation says the clause that it breaks: 3D Tiles 1.1 (OGC 22-025r4) by section or JSON schema, 3D Metadata by section, glTF 2.0
(ISO/IEC 12113:2022) by section, an extension by name.
"""

import copy
import json
import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gis.issues import Severity
from tiles.check import report
from tiles.glb import pack

Document = dict[str, Any]
SHARED = Path(__file__).parents[3] / "shared" / "data" / "3d" / "3dtiles"
BOX = [0, 0, 0, 8, 0, 0, 0, 8, 0, 0, 0, 8]
SCHEMA: Document = {
    "id": "city",
    "classes": {
        "plant": {
            "properties": {
                "name": {"type": "STRING", "required": True, "semantic": "NAME"},
                "height": {"type": "SCALAR", "componentType": "FLOAT32", "min": 0, "max": 100},
                "floors": {"type": "SCALAR", "componentType": "UINT8", "noData": 255},
                "spot": {"type": "VEC2", "componentType": "INT16", "array": True, "count": 2, "default": [[0, 0], [1, 1]]},
                "sort": {"type": "ENUM", "enumType": "sort", "noData": "none"},
                "open": {"type": "BOOLEAN"},
                "share": {"type": "SCALAR", "componentType": "UINT16", "normalized": True, "offset": 1.0, "scale": 2.0},
                "tags": {"type": "STRING", "array": True},
            }
        }
    },
    "enums": {"sort": {"valueType": "INT8", "values": [{"name": "none", "value": -1}, {"name": "tank", "value": 1}]}},
}
ENTITY: Document = {"class": "plant", "properties": {"name": "甲", "height": 5, "floors": 3, "sort": "tank", "tags": ["a"], "open": True}}
TILESET: Document = {
    "asset": {"version": "1.1", "tilesetVersion": "7"},
    "schema": SCHEMA,
    "statistics": {
        "classes": {"plant": {"count": 2, "properties": {"height": {"min": 1, "max": 9}, "sort": {"occurrences": {"tank": 2}}}}}
    },
    "groups": [{"class": "plant", "properties": {"name": "组"}}],
    "metadata": ENTITY,
    "geometricError": 100,
    "root": {
        "boundingVolume": {"box": BOX},
        "geometricError": 50,
        "refine": "ADD",
        "metadata": ENTITY,
        "children": [
            {
                "boundingVolume": {"box": [*BOX[:3], *(value / 2 for value in BOX[3:])]},
                "geometricError": 10,
                "content": {"uri": "a.glb", "boundingVolume": {"box": [*BOX[:3], *(value / 4 for value in BOX[3:])]}, "group": 0},
            },
            {
                "boundingVolume": {"sphere": [0, 0, 0, 4]},
                "viewerRequestVolume": {"sphere": [0, 0, 0, 100]},
                "transform": [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 1, 0, 0, 1],
                "geometricError": 0,
                "contents": [{"uri": "a.glb"}, {"uri": "b.gltf", "metadata": ENTITY}],
            },
            {"boundingVolume": {"region": [1.0, 0.5, 1.1, 0.6, 0, 50]}, "geometricError": 0, "content": {"uri": "inner/tileset.json"}},
            {
                "boundingVolume": {"box": BOX},
                "geometricError": 8,
                "content": {"uri": "tree/{level}_{x}_{y}.glb"},
                "implicitTiling": {
                    "subdivisionScheme": "QUADTREE",
                    "subtreeLevels": 2,
                    "availableLevels": 4,
                    "subtrees": {"uri": "subtrees/{level}_{x}_{y}.subtree"},
                },
            },
        ],
    },
}
INNER: Document = {
    "asset": {"version": "1.1"},
    "geometricError": 4,
    "root": {"boundingVolume": {"box": BOX}, "geometricError": 2, "refine": "REPLACE", "content": {"uri": "../a.glb"}},
}
CORNERS = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]], "<f4")
FACES = np.array([[0, 2, 1], [0, 1, 3], [1, 2, 3], [0, 3, 2]], "<u2")


def gltf() -> tuple[Document, bytes]:
    """Return a glTF with a tetrahedron of two features, a property table, and three instances of it."""
    parts: list[tuple[bytes, Document]] = [
        (CORNERS.tobytes(), {"target": 34962}),
        (FACES.tobytes(), {"target": 34963}),
        (np.array([0, 0, 1, 1], "<f4").tobytes(), {"target": 34962}),
        ("甲丙丁".encode(), {}),
        (np.array([0, 3, 9], "<u4").tobytes(), {}),
        (np.array([3.5, 90], "<f4").tobytes(), {}),
        (np.array([-1, 1], "<i1").tobytes(), {}),
        (np.array([0, 1, 3], "<u4").tobytes(), {}),
        (b"abc", {}),
        (np.array([0, 1, 2, 3], "<u4").tobytes(), {}),
        (np.array([[0, 0, 0], [1, 0, 0], [2, 0, 0]], "<f4").tobytes(), {}),
        (np.array([0, 1, 0], "<f4").tobytes(), {}),
        (np.array([1], "<u1").tobytes(), {}),
    ]
    binary, views = b"", []
    for data, rest in parts:
        binary += bytes(-len(binary) % 8)
        views.append({"buffer": 0, "byteOffset": len(binary), "byteLength": len(data), **rest})
        binary += data
    table = {"name": {"values": 3, "stringOffsets": 4}, "height": {"values": 5}, "sort": {"values": 6}, "open": {"values": 12}}
    table["tags"] = {"values": 8, "arrayOffsets": 7, "stringOffsets": 9}
    ids = {"featureIds": [{"featureCount": 2, "attribute": 0, "propertyTable": 0, "label": "plants"}]}
    primitive = {
        "attributes": {"POSITION": 0, "_FEATURE_ID_0": 2},
        "indices": 1,
        "material": 0,
        "mode": 4,
        "extensions": {"EXT_mesh_features": ids},
    }
    instancing = {
        "EXT_mesh_gpu_instancing": {"attributes": {"TRANSLATION": 3, "_FEATURE_ID_0": 4}},
        "EXT_instance_features": copy.deepcopy(ids),
    }
    metadata = {"schema": SCHEMA, "propertyTables": [{"class": "plant", "count": 2, "properties": table}]}
    used = ["EXT_mesh_features", "EXT_structural_metadata", "EXT_mesh_gpu_instancing", "EXT_instance_features"]
    return {
        "asset": {"version": "2.0"},
        "extensionsUsed": used,
        "extensions": {"EXT_structural_metadata": metadata},
        "scene": 0,
        "scenes": [{"nodes": [0, 1]}],
        "nodes": [{"mesh": 0, "rotation": [0, 0, 0, 1], "scale": [1, 1, 1]}, {"mesh": 0, "extensions": instancing}],
        "meshes": [{"primitives": [primitive]}],
        "materials": [{"pbrMetallicRoughness": {"baseColorFactor": [1, 1, 1, 1], "metallicFactor": 0}}],
        "accessors": [
            {"bufferView": 0, "componentType": 5126, "count": 4, "type": "VEC3", "min": [0, 0, 0], "max": [1, 1, 1]},
            {"bufferView": 1, "componentType": 5123, "count": 12, "type": "SCALAR"},
            {"bufferView": 2, "componentType": 5126, "count": 4, "type": "SCALAR"},
            {"bufferView": 10, "componentType": 5126, "count": 3, "type": "VEC3"},
            {"bufferView": 11, "componentType": 5126, "count": 3, "type": "SCALAR"},
        ],
        "bufferViews": views,
        "buffers": [{"byteLength": len(binary)}],
    }, binary


def subtree(
    document: Document, binary: bytes, *, version: int = 1, magic: bytes = b"subt", lengths: tuple[int, int] | None = None
) -> bytes:
    """Return a binary subtree."""
    text = json.dumps(document).encode()
    text += b" " * (-len(text) % 8)
    binary += bytes(-len(binary) % 8)
    return struct.pack("<4sIQQ", magic, version, *(lengths or (len(text), len(binary)))) + text + binary


ROOT_TREE: Document = {
    "buffers": [{"byteLength": 16}],
    "bufferViews": [{"buffer": 0, "byteOffset": 0, "byteLength": 1}, {"buffer": 0, "byteOffset": 8, "byteLength": 2}],
    "tileAvailability": {"bitstream": 0, "availableCount": 3},
    "contentAvailability": [{"constant": 0, "availableCount": 0}],
    "childSubtreeAvailability": {"bitstream": 1, "availableCount": 1},
    "subtreeMetadata": {"class": "plant", "properties": {"name": "子树"}},
}
ROOT_BITS = bytes([0b00111, 0, 0, 0, 0, 0, 0, 0, 0b00000010, 0, 0, 0, 0, 0, 0, 0])
LEAF_TREE: Document = {
    "tileAvailability": {"constant": 1},
    "contentAvailability": [{"bitstream": 0, "availableCount": 1}],
    "childSubtreeAvailability": {"constant": 0},
    "buffers": [{"byteLength": 8}],
    "bufferViews": [{"buffer": 0, "byteOffset": 0, "byteLength": 1}],
}


def legacy(magic: bytes, feature: Document, feature_bytes: bytes, batch: Document, body: bytes) -> bytes:
    """Return a tile of 3D Tiles 1.0."""
    rest = struct.pack("<I", 1) if magic == b"i3dm" else b""
    head = 28 + len(rest)
    texts = []
    for document, begin in ((feature, head), (batch, 0)):
        text = json.dumps(document).encode() if document else b""
        texts.append(text + b" " * (-(len(text) + begin) % 8))
    feature_bytes += bytes(-len(feature_bytes) % 8)
    body += bytes(-len(body) % 8)
    sizes = (len(texts[0]), len(feature_bytes), len(texts[1]), 0)
    content = texts[0] + feature_bytes + texts[1] + body
    return struct.pack("<4sIIIIII", magic, 1, head + len(content), *sizes) + rest + content


def _lone() -> bytes:
    document, binary = gltf()
    document["nodes"], document["scenes"] = document["nodes"][:1], [{"nodes": [0]}]
    document["extensionsUsed"] = document["extensionsUsed"][:2]
    return pack(document, binary)


@dataclass
class Case:
    """A valid tileset with all that it leads to."""

    tileset: Document = field(default_factory=lambda: copy.deepcopy(TILESET))
    inner: Document = field(default_factory=lambda: copy.deepcopy(INNER))
    gltf: Document = field(default_factory=lambda: gltf()[0])
    binary: bytearray = field(default_factory=lambda: bytearray(gltf()[1]))
    tree: Document = field(default_factory=lambda: copy.deepcopy(ROOT_TREE))
    bits: bytearray = field(default_factory=lambda: bytearray(ROOT_BITS))
    leaf: Document = field(default_factory=lambda: copy.deepcopy(LEAF_TREE))
    files: dict[str, bytes] = field(default_factory=dict)

    def numbers(self, view: int, dtype: str) -> np.ndarray:
        row = self.gltf["bufferViews"][view]
        return np.frombuffer(self.binary, dtype, row["byteLength"] // np.dtype(dtype).itemsize, row["byteOffset"])

    def write(self, folder: Path) -> Path:
        files = {
            "tileset.json": json.dumps(self.tileset).encode(),
            "inner/tileset.json": json.dumps(self.inner).encode(),
            "a.glb": pack(self.gltf, bytes(self.binary)),
            "b.gltf": json.dumps({"asset": {"version": "2.0"}}).encode(),
            "subtrees/0_0_0.subtree": subtree(self.tree, bytes(self.bits)),
            "subtrees/2_1_0.subtree": subtree(self.leaf, bytes([0b10, 0, 0, 0, 0, 0, 0, 0])),
            "tree/3_2_0.glb": _lone(),
            "old.b3dm": legacy(b"b3dm", {"BATCH_LENGTH": 2}, b"", {"id": [1, 2]}, _lone()),
            "old.i3dm": legacy(b"i3dm", {"INSTANCES_LENGTH": 1, "POSITION": {"byteOffset": 0}}, bytes(12), {"id": [1]}, _lone()),
            "old.pnts": legacy(b"pnts", {"POINTS_LENGTH": 2, "POSITION": {"byteOffset": 0}}, bytes(24), {}, b""),
            **self.files,
        }
        parts = [files["old.b3dm"], files["old.pnts"]]
        files.setdefault("old.cmpt", struct.pack("<4sIII", b"cmpt", 1, 16 + sum(map(len, parts)), 2) + b"".join(parts))
        for path, content in files.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(content)
        return folder


OLD = ("old.b3dm", "old.i3dm", "old.pnts", "old.cmpt")


def issues(folder: Path) -> set[str]:
    """Return the codes of errors in a case: its tileset, and its legacy tiles."""
    found = [*report(folder).issues, *(issue for name in OLD for issue in report(folder / name).issues)]
    return {issue.code for issue in found if issue.severity is Severity.ERROR}


def test_the_valid_case_is_accepted(tmp_path: Path) -> None:
    folder = Case().write(tmp_path)
    assert [(issue.code, issue.message) for issue in report(folder).issues] == []
    for name in OLD:
        assert report(folder / name).issues == (), name


@pytest.mark.skipif(not SHARED.is_dir(), reason="the samples lie beside the checkout")
def test_the_samples_of_others_are_accepted() -> None:
    found = report(SHARED)
    assert [issue for issue in found.issues if issue.severity is Severity.ERROR] == []
    assert (found.tilesets, found.glbs) == (10, 42)


def put(path: str, value: Any) -> Callable[[Case], object]:
    """Return what sets a value at a path of a case: attributes, keys and numbers, parted by blanks; `-` as value removes it."""

    def mutate(case: Case) -> None:
        *steps, last = path.split()
        place: Any = case
        for step in steps:
            if isinstance(place, list):
                place = place[int(step)]
            elif isinstance(place, dict):
                place = place[step]
            else:
                place = getattr(place, step)
        key = int(last) if isinstance(place, list | bytearray) else last
        if value == "-":
            del place[key]
        else:
            place[key] = value

    return mutate


P = "tileset schema classes plant properties"
G = "gltf extensions EXT_structural_metadata"
T = f"{G} propertyTables 0"
M = "gltf meshes 0 primitives 0"
TILING = "tileset root children 3 implicitTiling"
MUTATIONS: list[tuple[str, str, str, Any]] = [
    # code, clause, path, value
    ("T102", "tileset.schema: asset is required", "tileset asset", "-"),
    ("T102", "asset.schema: version is required", "tileset asset version", "-"),
    ("T102", "asset.schema: version is a string", "tileset asset version", 1.1),
    ("T102", "asset.schema: tilesetVersion is a string", "tileset asset tilesetVersion", 7),
    ("T102", "tileset.schema: geometricError is required", "tileset geometricError", "-"),
    ("T102", "tileset.schema: geometricError >= 0", "tileset geometricError", -1),
    ("T102", "tileset.schema: root is required", "tileset root", "-"),
    ("T102", "tileset.schema: properties, minimum and maximum are required", "tileset properties", {"height": {"minimum": 1}}),
    ("T102", "tileset.schema: a minimum is not over its maximum", "tileset properties", {"height": {"minimum": 2, "maximum": 1}}),
    ("T102", "tileset.schema: extensionsUsed has an entry", "tileset extensionsUsed", []),
    ("T102", "tileset.schema: extensionsUsed is unique", "tileset extensionsUsed", ["A", "A"]),
    ("T102", "tileset.schema: extensionsUsed is of strings", "tileset extensionsUsed", [1]),
    ("T111", "tileset.schema: extensionsRequired is part of extensionsUsed", "tileset extensionsRequired", ["A"]),
    ("T111", "tileset.schema: an extension that is there is declared", "tileset root extensions", {"A": {}}),
    ("T102", "extension.schema: an extension is an object", "tileset root extensions", {"A": 1}),
    ("T102", "tileset.schema: schema or schemaUri", "tileset schemaUri", "schema.json"),
    ("T102", "tileset.schema: groups has an entry", "tileset groups", []),
    ("T102", "tile.schema: boundingVolume is required", "tileset root boundingVolume", "-"),
    ("T104", "boundingVolume.schema: one of box, region, sphere", "tileset root boundingVolume", {}),
    ("T104", "boundingVolume.schema: a box is twelve numbers", "tileset root boundingVolume box", [1, 2, 3]),
    ("T104", "boundingVolume.schema: numbers", "tileset root boundingVolume box 3", "8"),
    ("T104", "boundingVolume.schema: a region is six numbers", "tileset root children 2 boundingVolume region", [0, 0, 1, 1, 0]),
    ("T104", "Region: radians", "tileset root children 2 boundingVolume region", [57, 28, 63, 34, 0, 50]),
    ("T104", "Region: south is not over north", "tileset root children 2 boundingVolume region", [1, 0.6, 1.1, 0.5, 0, 50]),
    ("T104", "Region: lowest is not over highest", "tileset root children 2 boundingVolume region", [1, 0.5, 1.1, 0.6, 50, 0]),
    ("T104", "boundingVolume.schema: a sphere is four numbers", "tileset root children 1 boundingVolume sphere", [0, 0, 0]),
    ("T104", "Bounding volumes, sphere: the radius is not negative", "tileset root children 1 boundingVolume sphere", [0, 0, 0, -4]),
    ("T104", "tile.schema: viewerRequestVolume is a volume", "tileset root children 1 viewerRequestVolume", {"sphere": [0]}),
    ("T104", "3DTILES_bounding_volume_S2: token is required", "tileset root children 1 boundingVolume",
     {"extensions": {"3DTILES_bounding_volume_S2": {"minimumHeight": 0, "maximumHeight": 1}}}),
    ("T102", "tile.schema: geometricError is required", "tileset root children 0 geometricError", "-"),
    ("T102", "tile.schema: geometricError is a number", "tileset root children 0 geometricError", "10"),
    ("T102", "Refinement: the root says how", "tileset root refine", "-"),
    ("T102", "tile.schema: refine is ADD or REPLACE", "tileset root refine", "BOTH"),
    ("T102", "tile.schema: refine is a string", "tileset root refine", 1),
    ("T102", "tile.schema: children has an entry", "tileset root children", []),
    ("T102", "tile.schema: children are tiles", "tileset root children 0", 5),
    ("T108", "tile.schema: a transform is sixteen numbers", "tileset root transform", [1, 2]),
    ("T108", "Transforms: affine", "tileset root children 1 transform 3", 1),
    ("T102", "tile.schema: content or contents", "tileset root children 1 content", {"uri": "a.glb"}),
    ("T102", "tile.schema: contents has an entry", "tileset root children 1 contents", []),
    ("T102", "tile.schema: contents are objects", "tileset root children 1 contents 0", "a.glb"),
    ("T102", "content.schema: uri is required", "tileset root children 0 content uri", "-"),
    ("T102", "content.schema: uri is a string", "tileset root children 0 content uri", 5),
    ("T107", "Tile content: the URI leads somewhere", "tileset root children 0 content uri", "nowhere.glb"),
    ("T105", "content.boundingVolume lies in that of the tile", "tileset root children 0 content boundingVolume box", BOX),
    ("T102", "content.schema: group is a place in groups", "tileset root children 0 content group", 1),
    ("T102", "content.schema: group is not negative", "tileset root children 0 content group", -1),
    ("T110", "External tilesets: no cycles", "inner root content uri", "../tileset.json"),
    ("T102", "External tilesets: a tileset like any other", "inner root refine", "-"),
    ("T111", "3DTILES_content_gltf: 1.0 needs it for glTF", "inner asset version", "1.0"),
    # 3D Metadata
    ("T310", "schema.schema: id is required", "tileset schema id", "-"),
    ("T310", "schema.schema: id is an identifier", "tileset schema id", "a b"),
    ("T310", "schema.schema: classes has an entry", "tileset schema classes", {}),
    ("T310", "class.schema: properties has an entry", "tileset schema classes plant properties", {}),
    ("T310", "class.schema: names are identifiers", f"{P} 1st", {"type": "STRING"}),
    ("T310", "class.property.schema: type is required", f"{P} open type", "-"),
    ("T310", "class.property.schema: type is one of the list", f"{P} open type", "BOOL"),
    ("T310", "class.property.schema: numbers have a componentType", f"{P} height componentType", "-"),
    ("T310", "class.property.schema: componentType is one of the list", f"{P} height componentType", "FLOAT16"),
    ("T310", "class.property.schema: only numbers have a componentType", f"{P} open componentType", "UINT8"),
    ("T310", "class.property.schema: ENUM has an enumType", f"{P} sort enumType", "-"),
    ("T310", "class.property.schema: enumType is in enums", f"{P} sort enumType", "kind"),
    ("T310", "class.property.schema: only ENUM has an enumType", f"{P} open enumType", "sort"),
    ("T310", "class.property.schema: array is a boolean", f"{P} tags array", 1),
    ("T310", "class.property.schema: count is at least 2", f"{P} spot count", 1),
    ("T310", "class.property.schema: only arrays have a count", f"{P} floors count", 3),
    ("T310", "class.property.schema: only integers are normalized", f"{P} height normalized", True),
    ("T310", "class.property.schema: offset is for floats", f"{P} floors offset", 1),
    ("T310", "class.property.schema: scale has the shape of the value", f"{P} share scale", [1, 2]),
    ("T310", "class.property.schema: min is for numbers", f"{P} open min", 0),
    ("T310", "class.property.schema: max is not for variable-length arrays", f"{P} spots",
     {"type": "SCALAR", "componentType": "INT8", "array": True, "max": 3}),
    ("T310", "class.property.schema: required is a boolean", f"{P} name required", "yes"),
    ("T310", "class.property.schema: what is required has no noData", f"{P} name noData", ""),
    ("T310", "class.property.schema: what is required has no default", f"{P} name default", "x"),
    ("T310", "3D Metadata, noData: not for BOOLEAN", f"{P} open noData", False),
    ("T310", "class.property.schema: noData has the type", f"{P} floors noData", "none"),
    ("T310", "class.property.schema: noData fits the componentType", f"{P} floors noData", 300),
    ("T310", "class.property.schema: noData of ENUM is a name", f"{P} sort noData", -1),
    ("T310", "class.property.schema: default has the type", f"{P} spot default", [0, 0]),
    ("T310", "class.property.schema: semantic is not empty", f"{P} floors semantic", ""),
    ("T310", "3D Metadata Semantics: NAME is a STRING", f"{P} floors semantic", "NAME"),
    ("T310", "3D Metadata, Class: semantics are unique", f"{P} other", {"type": "STRING", "semantic": "NAME"}),
    ("T310", "enum.schema: values is required", "tileset schema enums sort values", "-"),
    ("T310", "enum.schema: values has an entry", "tileset schema enums sort values", []),
    ("T310", "enum.schema: valueType is an integer type", "tileset schema enums sort valueType", "FLOAT32"),
    ("T310", "enum.value.schema: name is required", "tileset schema enums sort values 0 name", "-"),
    ("T310", "enum.value.schema: value is an integer", "tileset schema enums sort values 0 value", 1.5),
    ("T310", "3D Metadata, Enum: values fit the valueType", "tileset schema enums sort values 0 value", 128),
    ("T310", "3D Metadata, Enum: names are unique", "tileset schema enums sort values 1 name", "none"),
    ("T310", "3D Metadata, Enum: values are unique", "tileset schema enums sort values 1 value", -1),
    ("T311", "metadataEntity.schema: class is required", "tileset metadata class", "-"),
    ("T311", "metadataEntity.schema: class is in the schema", "tileset metadata class", "house"),
    ("T311", "Metadata: an entity needs a schema", "tileset schema", "-"),
    ("T311", "metadataEntity.schema: properties are of the class", "tileset metadata properties", {"name": "x", "colour": 1}),
    ("T311", "3D Metadata, required: has a value", "tileset metadata properties", {"height": 1}),
    ("T311", "3D Metadata, required: null is no value", "tileset metadata properties name", None),
    ("T311", "3D Metadata, types: a number", "tileset metadata properties height", "5"),
    ("T311", "3D Metadata, componentType: in range", "tileset metadata properties floors", 256),
    ("T311", "3D Metadata, max: not over it", "tileset metadata properties height", 101),
    ("T311", "3D Metadata, ENUM: a name", "tileset metadata properties sort", "pond"),
    ("T311", "3D Metadata, BOOLEAN: true or false", "tileset metadata properties open", 1),
    ("T311", "3D Metadata, array: an array", "tileset metadata properties tags", "a"),
    ("T311", "tileset.schema: groups have a class", "tileset groups 0 class", "-"),
    ("T311", "statistics.schema: classes has an entry", "tileset statistics classes", {}),
    ("T311", "statistics: classes are of the schema", "tileset statistics classes house", {"count": 1}),
    ("T311", "statistics.class.schema: count is not negative", "tileset statistics classes plant count", -1),
    ("T311", "statistics.class: properties are of the class", "tileset statistics classes plant properties colour", {"min": 1}),
    ("T311", "statistics: min is for numbers", "tileset statistics classes plant properties sort", {"min": 1}),
    ("T311", "statistics: occurrences are of enum values", "tileset statistics classes plant properties sort occurrences", {"pond": 1}),
    # Implicit tiling
    ("T102", "implicitTiling.schema: subdivisionScheme is required", f"{TILING} subdivisionScheme", "-"),
    ("T102", "implicitTiling.schema: QUADTREE or OCTREE", f"{TILING} subdivisionScheme", "KDTREE"),
    ("T102", "implicitTiling.schema: subtreeLevels >= 1", f"{TILING} subtreeLevels", 0),
    ("T102", "implicitTiling.schema: subtreeLevels is an integer", f"{TILING} subtreeLevels", 2.5),
    ("T102", "implicitTiling.schema: availableLevels is required", f"{TILING} availableLevels", "-"),
    ("T102", "implicitTiling.schema: subtrees is required", f"{TILING} subtrees", "-"),
    ("T102", "subtrees.schema: uri is required", f"{TILING} subtrees uri", "-"),
    ("T112", "Template URIs: level, x, y", f"{TILING} subtrees uri", "subtrees/{level}_{x}_{w}.subtree"),
    ("T112", "Template URIs: z is of octrees", "tileset root children 3 content uri", "tree/{level}_{x}_{y}_{z}.glb"),
    ("T112", "Implicit root tile: no children", "tileset root children 3 children", [INNER["root"]]),
    ("T112", "Implicit root tile: no metadata", "tileset root children 3 metadata", ENTITY),
    ("T112", "Implicit root tile: no content.boundingVolume", "tileset root children 3 content boundingVolume", {"box": BOX}),
    ("T112", "Subdivision rules: box or region", "tileset root children 3 boundingVolume", {"sphere": [0, 0, 0, 8]}),
    ("T107", "Subtrees: the root's lies at the template's place", f"{TILING} subtrees uri", "trees/{level}_{x}_{y}.subtree"),
    ("T603", "availableLevels: none below", f"{TILING} availableLevels", 2),
    ("T602", "subtree.schema: tileAvailability is required", "tree tileAvailability", "-"),
    ("T602", "subtree.schema: childSubtreeAvailability is required", "tree childSubtreeAvailability", "-"),
    ("T602", "subtree.schema: contentAvailability has an entry", "tree contentAvailability", []),
    ("T602", "availability.schema: bitstream or constant", "tree tileAvailability", {"bitstream": 0, "constant": 1}),
    ("T602", "availability.schema: one of them is required", "tree tileAvailability", {"availableCount": 3}),
    ("T602", "availability.schema: bitstream is a view", "tree tileAvailability bitstream", 2),
    ("T602", "availability.schema: constant is 0 or 1", "tree contentAvailability 0 constant", 2),
    ("T603", "Availability: availableCount is the number of 1 bits", "tree tileAvailability availableCount", 4),
    ("T603", "Availability bitstreams: length", "tree bufferViews 0 byteLength", 2),
    ("T602", "bufferView.schema: byteLength >= 1", "tree bufferViews 0 byteLength", 0),
    ("T602", "bufferView.schema: byteOffset is required", "tree bufferViews 0 byteOffset", "-"),
    ("T602", "bufferView: lies in its buffer", "tree bufferViews 1 byteOffset", 15),
    ("T602", "bufferView.schema: buffer is one", "tree bufferViews 0 buffer", 1),
    ("T602", "buffer.schema: byteLength is required", "tree buffers 0 byteLength", "-"),
    ("T602", "buffer: not longer than its data", "tree buffers 0 byteLength", 17),
    ("T602", "subtree.schema: views need buffers", "tree buffers", "-"),
    ("T602", "subtree.schema: buffers beyond the first have a uri", "tree buffers", [{"byteLength": 16}, {"byteLength": 4}]),
    ("T602", "subtree.schema: tileMetadata is a property table", "tree tileMetadata", 0),
    ("T311", "subtree.schema: subtreeMetadata is an entity", "tree subtreeMetadata class", "house"),
    ("T602", "contentAvailability: one a content of the tile", "tree contentAvailability", [{"constant": 0}, {"constant": 0}]),
    ("T603", "Child subtree availability: under a tile", "bits 9", 1),
    ("T603", "Tile availability: a child has its parent", "bits 0", 0b00110),
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
    ("T202", "glTF 5.11: target is one of the list", "gltf bufferViews 0 target", 1),
    ("T203", "glTF 3.6.1.2: not longer than its chunk", "gltf buffers 0 byteLength", 5000),
    ("T107", "glTF 3.6.1.2: the URI leads somewhere", "gltf buffers 0 uri", "lost.bin"),
    ("T202", "glTF 5.24: attributes is required", f"{M} attributes", "-"),
    ("T202", "glTF 5.24: mode is one of the list", f"{M} mode", 7),
    ("T202", "glTF 5.24: material is one", f"{M} material", 3),
    ("T202", "glTF 5.23: primitives has an entry", "gltf meshes 0 primitives", []),
    ("T205", "glTF 3.7.2.1: POSITION has min and max", "gltf accessors 0 min", "-"),
    ("T205", "glTF 3.6.2.5: max is that of the data", "gltf accessors 0 max", [1, 1, 2]),
    ("T211", "glTF 3.7.2.1: POSITION is VEC3 of floats", f"{M} attributes POSITION", 2),
    ("T211", "glTF 3.7.2.1: own attributes begin with _", f"{M} attributes HEIGHT", 2),
    ("T211", "glTF 3.7.2.1: indices are unsigned", f"{M} indices", 2),
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
    # Extensions
    ("T309", "EXT_mesh_features: featureIds has an entry", f"{M} extensions EXT_mesh_features featureIds", []),
    ("T309", "EXT_mesh_features: featureCount is required", f"{M} extensions EXT_mesh_features featureIds 0 featureCount", "-"),
    ("T301", "EXT_mesh_features: not more ids than featureCount", f"{M} extensions EXT_mesh_features featureIds 0 featureCount", 1),
    ("T309", "EXT_mesh_features: attribute is there", f"{M} extensions EXT_mesh_features featureIds 0 attribute", 1),
    ("T309", "EXT_mesh_features: propertyTable is one", f"{M} extensions EXT_mesh_features featureIds 0 propertyTable", 1),
    ("T309", "EXT_mesh_features: label is an identifier", f"{M} extensions EXT_mesh_features featureIds 0 label", "a b"),
    ("T309", "EXT_mesh_features: nullFeatureId is not negative", f"{M} extensions EXT_mesh_features featureIds 0 nullFeatureId", -1),
    ("T309", "EXT_mesh_features: texture.index is one", f"{M} extensions EXT_mesh_features featureIds 0",
     {"featureCount": 2, "texture": {"index": 0, "texCoord": 0}}),
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


BYTES = {
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


GLB = pack(*gltf())
TREE = subtree(ROOT_TREE, ROOT_BITS)
B3DM = legacy(b"b3dm", {"BATCH_LENGTH": 2}, b"", {"id": [1, 2]}, _lone())
PNTS = legacy(b"pnts", {"POINTS_LENGTH": 2, "POSITION": {"byteOffset": 0}}, bytes(24), {}, b"")
FILES: dict[str, tuple[str, str, bytes]] = {
    # clause: code, file, its bytes
    "3D Tiles: JSON is UTF-8 without a byte order mark": ("T101", "tileset.json", b"\xef\xbb\xbf" + json.dumps(TILESET).encode()),
    "3D Tiles: JSON": ("T101", "tileset.json", b"{'asset': 1}"),
    "glTF 4.4: magic": ("T201", "tree/3_2_0.glb", b"glTG" + GLB[4:]),
    "glTF 4.4.2: version 2": ("T201", "a.glb", GLB[:4] + struct.pack("<I", 1) + GLB[8:]),
    "glTF 4.4.2: length": ("T201", "a.glb", GLB[:8] + struct.pack("<I", len(GLB) + 4) + GLB[12:]),
    "glTF 4.4.3: chunk length": ("T201", "a.glb", GLB[:12] + struct.pack("<I", len(GLB)) + GLB[16:]),
    "glTF 4.4.3: the first chunk is JSON": ("T201", "a.glb", GLB[:16] + b"BIN\0" + GLB[20:]),
    "glTF 4.4.3.2: the chunk is JSON": ("T201", "a.glb", GLB.replace(b'{"asset"', b'["asset"')),
    "Subtree binary format: magic": ("T601", "subtrees/0_0_0.subtree", subtree(ROOT_TREE, ROOT_BITS, magic=b"subs")),
    "Subtree binary format: version 1": ("T601", "subtrees/0_0_0.subtree", subtree(ROOT_TREE, ROOT_BITS, version=2)),
    "Subtree binary format: lengths": ("T601", "subtrees/0_0_0.subtree", TREE + bytes(8)),
    "Subtree binary format: alignment": ("T601", "subtrees/0_0_0.subtree", subtree(ROOT_TREE, ROOT_BITS, lengths=(len(TREE) - 41, 17))),
    "Subtree binary format: JSON": ("T601", "subtrees/0_0_0.subtree", TREE.replace(b'{"buffers"', b'["buffers"')),
    "Batched 3D Model: version 1": ("T501", "old.b3dm", B3DM[:4] + struct.pack("<I", 2) + B3DM[8:]),
    "Batched 3D Model: byteLength": ("T501", "old.b3dm", B3DM + bytes(8)),
    "Batched 3D Model: tables end in the file": ("T501", "old.b3dm", B3DM[:12] + struct.pack("<I", 10**6) + B3DM[16:]),
    "Batched 3D Model: BATCH_LENGTH is required": ("T502", "old.b3dm", legacy(b"b3dm", {"X": 2}, b"", {}, _lone())),
    "Batched 3D Model: glTF 2.0": ("T202", "old.b3dm", legacy(b"b3dm", {"BATCH_LENGTH": 0}, b"", {}, pack({"asset": {}}, b""))),
    "Batch table: a value a feature": ("T502", "old.b3dm", legacy(b"b3dm", {"BATCH_LENGTH": 2}, b"", {"id": [1]}, _lone())),
    "Batch table: binary values lie in it": (
        "T502", "old.b3dm",
        legacy(b"b3dm", {"BATCH_LENGTH": 2}, b"", {"h": {"byteOffset": 0, "componentType": "FLOAT", "type": "SCALAR"}}, _lone()),
    ),
    "Batch table: componentType is one of the list": (
        "T502", "old.b3dm",
        legacy(b"b3dm", {"BATCH_LENGTH": 2}, b"", {"h": {"byteOffset": 0, "componentType": "HALF", "type": "SCALAR"}}, _lone()),
    ),
    "Instanced 3D Model: a position is required": ("T502", "old.i3dm", legacy(b"i3dm", {"INSTANCES_LENGTH": 1}, b"", {}, _lone())),
    "Instanced 3D Model: positions lie in the table": (
        "T502", "old.i3dm", legacy(b"i3dm", {"INSTANCES_LENGTH": 9, "POSITION": {"byteOffset": 0}}, bytes(12), {}, _lone()),
    ),
    "Point Cloud: POINTS_LENGTH is required": ("T502", "old.pnts", legacy(b"pnts", {"POSITION": {"byteOffset": 0}}, bytes(24), {}, b"")),
    "Point Cloud: quantized positions have a volume": (
        "T502", "old.pnts", legacy(b"pnts", {"POINTS_LENGTH": 2, "POSITION_QUANTIZED": {"byteOffset": 0}}, bytes(16), {}, b""),
    ),
    "Composite: tiles end in the file": ("T501", "old.cmpt", struct.pack("<4sIII", b"cmpt", 1, 16 + len(PNTS), 2) + PNTS),
    "Composite: tiles are sound": ("T501", "old.cmpt", struct.pack("<4sIII", b"cmpt", 1, 16 + len(B3DM), 1) + B3DM[:4] + b"\2" + B3DM[5:]),
}  # fmt: skip


@pytest.mark.parametrize("clause", FILES)
def test_broken_containers_are_found(clause: str, tmp_path: Path) -> None:
    code, path, content = FILES[clause]
    assert code in issues(Case(files={path: content}).write(tmp_path))


def test_there_are_many() -> None:
    assert len({row[1] for row in MUTATIONS}) + len(BYTES) + len(FILES) >= 200


@pytest.mark.parametrize(
    ("clause", "path", "value"),
    [
        ("a child may be as coarse as its parent", "tileset root children 0 geometricError", 50),
        ("an affine matrix need not be invertible", "tileset root children 1 transform", [0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1]),
        ("extras are free", "tileset root extras", 5),
        ("an extension may be declared and absent", "tileset extensionsUsed", ["A"]),
        ("a region may cross the antimeridian", "tileset root children 2 boundingVolume region", [3.1, 0.5, -3.1, 0.6, 0, 50]),
        ("a value may be absent where noData stands for it", "tileset metadata properties floors", None),
        ("ids may skip features", f"{M} extensions EXT_mesh_features featureIds 0 featureCount", 9),
        ("a tile may have no content", "tileset root children 0 content", "-"),
        ("content may lie on another host", "tileset root children 0 content uri", "https://example.org/a.glb"),
        ("a mesh may have no material", f"{M} material", "-"),
        ("an accessor may have no view", "gltf accessors 2 bufferView", "-"),
    ],
)
def test_what_is_allowed_is_no_error(clause: str, path: str, value: Any, tmp_path: Path) -> None:
    case = Case()
    put(path, value)(case)
    assert issues(case.write(tmp_path)) == set(), clause
