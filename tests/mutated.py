"""A valid tileset with all that it leads to, in which one thing can be broken.

Each mutation of it says the clause that it breaks: 3D Tiles 1.1 (OGC 22-025r4) by section or JSON schema, 3D Metadata by section, glTF 2.0
(ISO/IEC 12113:2022) by section, an extension by name.
"""

import copy
import io
import json
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from gis.issues import Severity
from tiles.check import report
from tiles.glb import pack

Document = dict[str, Any]
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
                "share": {
                    "type": "SCALAR", "componentType": "UINT16", "normalized": True, "offset": 1.0, "scale": 2.0, "min": 1, "max": 3,
                },
                "tags": {"type": "STRING", "array": True},
            }
        },
        "surface": {
            "properties": {
                "heat": {"type": "SCALAR", "componentType": "UINT8", "max": 200},
                "sort": {"type": "ENUM", "enumType": "sort"},
            }
        },
        "corner": {"properties": {"heat": {"type": "SCALAR", "componentType": "FLOAT32", "max": 9}}},
    },
    "enums": {"sort": {"valueType": "INT8", "values": [{"name": "none", "value": -1}, {"name": "tank", "value": 1}]}},
}  # fmt: skip
ENTITY: Document = {
    "class": "plant",
    "properties": {"name": "甲", "height": 5, "floors": 3, "sort": "tank", "tags": ["a"], "open": True, "share": 65535},
}
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
                "content": {"uri": "a.glb", "boundingVolume": {"box": [*BOX[:3], *(value * 3 / 8 for value in BOX[3:])]}, "group": 0},
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


def _picture() -> bytes:
    """Return a PNG of four texels: ids, heats and sorts (-1 is 255)."""
    texels = np.array([[[0, 10, 255], [1, 20, 1]], [[0, 30, 1], [1, 200, 255]]], "<u1")
    Image.fromarray(texels).save(out := io.BytesIO(), "PNG")
    return out.getvalue()


PICTURE = _picture()


def gltf() -> tuple[Document, bytes]:
    """Return a glTF with a tetrahedron of two features, metadata in a table, a texture and vertices, and three instances of it."""
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
        (np.array([0, 65535], "<u2").tobytes(), {}),
        (np.array([[0, 0], [1, 0], [0, 1], [1, 1]], "<f4").tobytes(), {"target": 34962}),
        (np.array([-5, 0, 2, 9], "<f4").tobytes(), {"target": 34962}),
        (PICTURE, {}),
    ]
    binary, views = b"", []
    for data, rest in parts:
        binary += bytes(-len(binary) % 8)
        views.append({"buffer": 0, "byteOffset": len(binary), "byteLength": len(data), **rest})
        binary += data
    table = {"name": {"values": 3, "stringOffsets": 4}, "height": {"values": 5}, "sort": {"values": 6}, "open": {"values": 12}}
    table["tags"] = {"values": 8, "arrayOffsets": 7, "stringOffsets": 9}
    table["share"] = {"values": 13, "min": 1, "max": 3}
    ids = {"featureIds": [{"featureCount": 2, "attribute": 0, "propertyTable": 0, "label": "plants"}]}
    texel_ids = {"featureCount": 2, "texture": {"index": 0, "texCoord": 0, "channels": [0]}, "propertyTable": 0}
    primitive = {
        "attributes": {"POSITION": 0, "_FEATURE_ID_0": 2, "TEXCOORD_0": 5, "_HEAT": 6},
        "indices": 1,
        "material": 0,
        "mode": 4,
        "extensions": {
            "EXT_mesh_features": {"featureIds": [*ids["featureIds"], texel_ids]},
            "EXT_structural_metadata": {"propertyTextures": [0], "propertyAttributes": [0]},
        },
    }
    instancing = {
        "EXT_mesh_gpu_instancing": {"attributes": {"TRANSLATION": 3, "_FEATURE_ID_0": 4}},
        "EXT_instance_features": copy.deepcopy(ids),
    }
    texture = {"heat": {"index": 0, "texCoord": 0, "channels": [1]}, "sort": {"index": 0, "texCoord": 0, "channels": [2]}}
    metadata = {
        "schema": copy.deepcopy(SCHEMA),
        "propertyTables": [{"class": "plant", "count": 2, "properties": table}],
        "propertyTextures": [{"class": "surface", "properties": texture}],
        "propertyAttributes": [{"class": "corner", "properties": {"heat": {"attribute": "_HEAT", "min": -5, "max": 9}}}],
    }
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
            {"bufferView": 14, "componentType": 5126, "count": 4, "type": "VEC2"},
            {"bufferView": 15, "componentType": 5126, "count": 4, "type": "SCALAR"},
        ],
        "images": [{"bufferView": 16, "mimeType": "image/png"}],
        "samplers": [{"minFilter": 9728, "magFilter": 9728}],
        "textures": [{"source": 0, "sampler": 0}],
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


def lone(*, away: Sequence[float] = (0, 0, 0)) -> bytes:
    """Return a GLB with one tetrahedron, moved (y up)."""
    document, binary = gltf()
    document["nodes"][0]["translation"] = list(away)
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
            "tree/3_2_0.glb": lone(away=(-3, 0, 7)),
            "tree/3_2_0.json": json.dumps(INNER).encode(),
            "old.b3dm": legacy(b"b3dm", {"BATCH_LENGTH": 2}, b"", {"id": [1, 2]}, lone()),
            "old.i3dm": legacy(b"i3dm", {"INSTANCES_LENGTH": 1, "POSITION": {"byteOffset": 0}}, bytes(12), {"id": [1]}, lone()),
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


def issues(folder: Path, severity: Severity = Severity.ERROR, old: Sequence[str] = ()) -> set[str]:
    """Return the codes of what is found in a case: its tileset, and those of its legacy tiles that are named."""
    found = [*report(folder).issues, *(issue for name in old for issue in report(folder / name).issues)]
    return {issue.code for issue in found if issue.severity is severity}


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
        if place is case:
            setattr(case, last, value)
        elif value == "-":
            del place[key]
        else:
            place[key] = value

    return mutate


P = "tileset schema classes plant properties"
G = "gltf extensions EXT_structural_metadata"
T = f"{G} propertyTables 0"
M = "gltf meshes 0 primitives 0"
FEATURES = f"{M} extensions EXT_mesh_features featureIds"
TILING = "tileset root children 3 implicitTiling"
