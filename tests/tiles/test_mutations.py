"""Tilesets, metadata and subtrees in which one thing is broken, clause by clause; each must be found, and the valid ones accepted."""

from pathlib import Path
from typing import Any

import pytest
from mutated import BOX, ENTITY, FEATURES, INNER, OLD, TILESET, TILING, Case, G, M, P, gltf, issues, lone, put

from gis.issues import Severity
from tiles.check import report

SHARED = Path(__file__).parents[3] / "shared" / "data" / "3d" / "3dtiles"
NO_VIEWS = {
    "tileAvailability": {"constant": 1}, "contentAvailability": [{"constant": 0}], "childSubtreeAvailability": {"constant": 0},
}  # fmt: skip


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
    ("T111", "Extensions: those of external tilesets are listed", "inner",
     {**INNER, "extensionsUsed": ["A"], "extensions": {"A": {}}}),
    ("T111", "3DTILES_content_gltf: 1.0 requires it", "inner",
     {**INNER, "asset": {"version": "1.0"}, "extensionsUsed": ["3DTILES_content_gltf"]}),
    ("T111", "3DTILES_content_gltf: extensionsRequired is part of extensionsUsed", "tileset",
     {**TILESET, "extensionsUsed": ["3DTILES_content_gltf"],
      "extensions": {"3DTILES_content_gltf": {"extensionsRequired": ["KHR_texture_basisu"]}}}),
    ("T102", "3DTILES_content_gltf: extensionsUsed has an entry", "tileset",
     {**TILESET, "extensionsUsed": ["3DTILES_content_gltf"], "extensions": {"3DTILES_content_gltf": {"extensionsUsed": []}}}),
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
    ("T104", "3DTILES_bounding_volume_S2: token is hexadecimal", "tileset root children 1 boundingVolume",
     {"extensions": {"3DTILES_bounding_volume_S2": {"token": "89c6c7g", "minimumHeight": 0, "maximumHeight": 1}}}),
    ("T102", "tile.schema: geometricError is required", "tileset root children 0 geometricError", "-"),
    ("T102", "tile.schema: geometricError is a number", "tileset root children 0 geometricError", "10"),
    ("T102", "Refinement: the root says how", "tileset root refine", "-"),
    ("T102", "tile.schema: refine is ADD or REPLACE", "tileset root refine", "BOTH"),
    ("T102", "tile.schema: refine is a string", "tileset root refine", 1),
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
    ("T310", "3D Metadata Semantics: TILE_REFINE is UINT8", f"{P} height semantic", "TILE_REFINE"),
    ("T310", "3D Metadata Semantics: TILE_REFINE is not normalized", f"{P} other",
     {"type": "SCALAR", "componentType": "UINT8", "normalized": True, "semantic": "TILE_REFINE"}),
    ("T310", "3D Metadata Semantics: TILE_TRANSFORM is MAT4", f"{P} height semantic", "TILE_TRANSFORM"),
    ("T310", "3D Metadata Semantics: TILE_BOUNDING_S2_CELL is UINT64", f"{P} floors semantic", "TILE_BOUNDING_S2_CELL"),
    ("T310", "3D Metadata Semantics: CONTENT_GROUP_ID is unsigned", f"{P} height semantic", "CONTENT_GROUP_ID"),
    ("T310", "3D Metadata Semantics: ATTRIBUTION_STRINGS is an array", f"{P} name semantic", "ATTRIBUTION_STRINGS"),
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
    ("T311", "class.property.schema: max is after scale and offset", f"{P} share max", 2.5),
    ("T311", "class.property.schema: min is after scale and offset", f"{P} share min", 3.5),
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
    ("T112", "Implicit root tile: content is no external tileset", "tileset root children 3 content uri", "tree/{level}_{x}_{y}.json"),
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
]  # fmt: skip


@pytest.mark.parametrize(("code", "clause", "path", "value"), [pytest.param(*row, id=f"{row[0]}-{row[1]}") for row in MUTATIONS])
def test_a_broken_clause_is_found(code: str, clause: str, path: str, value: Any, tmp_path: Path) -> None:
    case = Case()
    put(path, value)(case)
    assert code in issues(case.write(tmp_path)), clause


@pytest.mark.parametrize(
    ("clause", "path", "value"),
    [
        ("a child may be as coarse as its parent", "tileset root children 0 geometricError", 50),
        ("an affine matrix need not be invertible", "tileset root children 1 transform", [0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1]),
        (
            "1.0 may have glTF where it says so",
            "inner",
            {
                **INNER,
                "asset": {"version": "1.0"},
                "extensionsUsed": ["3DTILES_content_gltf"],
                "extensionsRequired": ["3DTILES_content_gltf"],
            },
        ),
        (
            "1.1 may say which extensions its glTF has",
            "tileset",
            {
                **TILESET,
                "extensionsUsed": ["3DTILES_content_gltf"],
                "extensions": {"3DTILES_content_gltf": {"extensionsUsed": ["KHR_texture_basisu"]}},
            },
        ),
        ("a refinement may be metadata", f"{P} floors semantic", "TILE_REFINE"),
        ("semantics may be one's own", f"{P} floors semantic", "FLOORS"),
        ("metadata may reach their maximum", f"{P} share max", 3.0),
        ("features may be told from one another by the default channel", f"{FEATURES} 1 texture channels", "-"),
        ("texels may be smoothed where they are no ids", f"{FEATURES} 1", {"featureCount": 4}),
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


@pytest.mark.parametrize(
    ("code", "clause", "path", "value"),
    [
        ("T102", "a leaf says that it has no children by having none", "tileset root children 0 children", []),
        ("T102", "extras are best an object", "tileset root extras", 5),
        ("T102", "refinement was in small letters once", "tileset root refine", "add"),
        ("T103", "a version of another time", "tileset asset version", "1.2"),
        ("T105", "a child is within its parent", "tileset root children 1 boundingVolume sphere", [5, 0, 0, 4]),
        ("T106", "a child is finer than its parent", "tileset root children 0 geometricError", 60),
        ("T109", "what lies elsewhere is not looked into", "tileset root children 0 content uri", "https://example.org/a.glb"),
        ("T111", "an extension that is declared is somewhere", "tileset extensionsUsed", ["A"]),
        ("T111", "an extension that nobody here knows", "tileset", {**TILESET, "extensionsUsed": ["A"], "extensions": {"A": {}}}),
        ("T112", "each tile has a content of its own", "tileset root children 3 content uri", "tree/{level}_{x}.glb"),
        ("T202", "glTF 2.x is read as 2.0", "gltf asset version", "2.1"),
        ("T202", "glTF 5.11: target is one of the list, which others may add to", "gltf bufferViews 0 target", 1),
        ("T202", "glTF 5.24: mode is one of the list", f"{M} mode", 7),
        ("T202", "glTF 5.26: wrapS is one of the list", "gltf samplers 0 wrapS", 1),
        ("T202", "glTF 5.19: alphaMode is one of the list", "gltf materials 0 alphaMode", "GLASS"),
        ("T202", "glTF 5.12: a camera is of one of two kinds", "gltf cameras", [{"type": "fisheye"}]),
        (
            "T203",
            "a buffer has data",
            "files",
            {"b.gltf": b'{"asset": {"version": "2.0"}, "buffers": [{"byteLength": 4}]}'},
        ),
        ("T211", "indices make triangles", "gltf accessors 1 count", 11),
        ("T203", "a chunk is not longer than its buffer", "binary", bytearray(gltf()[1] + bytes(8))),
        ("T208", "vertices are within their tile", "gltf nodes 0 translation", [0, 0, 90]),
        ("T208", "vertices are within the content's own volume", "tileset root children 0 content boundingVolume box 3", 0.5),
        ("T208", "vertices of an implicit tile are within its part of the root", "files", {"tree/3_2_0.glb": lone()}),
        ("T301", "ids may skip features", f"{FEATURES} 0 featureCount", 9),
        ("T303", "a property has as many channels as bytes", f"{G} propertyTextures 0 properties heat channels", [0, 1]),
        ("T602", "buffers are there for views", "leaf", {**NO_VIEWS, "buffers": [{"byteLength": 8}]}),
    ],
)
def test_what_is_odd_is_told(code: str, clause: str, path: str, value: Any, tmp_path: Path) -> None:
    case = Case()
    put(path, value)(case)
    folder = case.write(tmp_path)
    assert (code in issues(folder, Severity.WARNING), issues(folder) - {"T107"}) == (True, set()), clause
