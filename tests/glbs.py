"""GLBs as tests look into them."""

import copy
import json
from collections.abc import Mapping
from typing import Any

from tiles.glb import ALIGNMENT, MESHOPT, Glb, unpack
from tiles.table import decode
from tiles.tileset import SCHEMA


def rows(files: Mapping[str, bytes], path: str) -> list[dict[str, Any]]:
    """Return the rows of the property table of a tileset's GLB."""
    glb = unpack(files[path])
    return decode(json.loads(files[SCHEMA]), glb.document["extensions"]["EXT_structural_metadata"]["propertyTables"][0], glb.view)


def plain(data: bytes, schema: Mapping[str, Any]) -> Glb:
    """Return a GLB without compression, with its schema inside: what can be operated on byte by byte."""
    glb = unpack(data)
    document, binary = copy.deepcopy(glb.document), b""
    for index, view in enumerate(document["bufferViews"]):
        binary += bytes(-len(binary) % ALIGNMENT)
        content = glb.view(index)
        view |= {"buffer": 0, "byteOffset": len(binary), "byteLength": len(content)}
        view.pop("extensions", None)
        binary += content
    document["buffers"] = [{"byteLength": len(binary)}]
    document["extensionsUsed"].remove(MESHOPT)
    document["extensionsRequired"].remove(MESHOPT)
    metadata = document["extensions"]["EXT_structural_metadata"]
    document["extensions"]["EXT_structural_metadata"] = {"schema": copy.deepcopy(schema), "propertyTables": metadata["propertyTables"]}
    return Glb(document, binary)
