"""One bad tileset a finding: a good one in which one thing is broken."""

import contextlib
import copy
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import samples
from glbs import plain
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from mutated import Case

from gis.ground import ConstantGround
from tiles.check import check, report
from tiles.checks.content import check_content
from tiles.findings import CODES
from tiles.glb import DTYPES, WIDTHS, Glb, pack, unpack
from tiles.metadata import schema
from tiles.tileset import MASSING, build

GOOD = build(samples.SITE, ConstantGround())
CELL = next(path for path in GOOD if path.startswith("cells/"))
PLAIN = plain(GOOD[CELL], schema())


@dataclass
class Bad:
    """A tileset on the operating table."""

    tileset: dict[str, Any] = field(default_factory=lambda: json.loads(GOOD["tileset.json"]))
    files: dict[str, bytes] = field(default_factory=lambda: dict(GOOD))
    document: dict[str, Any] = field(default_factory=lambda: copy.deepcopy(PLAIN.document))
    binary: bytearray = field(default_factory=lambda: bytearray(PLAIN.binary))

    @property
    def root(self) -> dict[str, Any]:
        return self.tileset["root"]

    @property
    def leaf(self) -> dict[str, Any]:
        return self.root["children"][0]

    @property
    def primitive(self) -> dict[str, Any]:
        return self.document["meshes"][0]["primitives"][0]

    @property
    def metadata(self) -> dict[str, Any]:
        return self.document["extensions"]["EXT_structural_metadata"]

    @property
    def table(self) -> dict[str, Any]:
        return self.metadata["propertyTables"][0]

    def view(self, index: int, dtype: str) -> np.ndarray:
        row = self.document["bufferViews"][index]
        return np.frombuffer(self.binary, dtype, row["byteLength"] // np.dtype(dtype).itemsize, row["byteOffset"])

    def attribute(self, name: str) -> np.ndarray:
        accessor = self.document["accessors"][self.primitive["attributes"][name]]
        view = self.document["bufferViews"][accessor["bufferView"]]
        dtype, width = np.dtype(DTYPES[accessor["componentType"]]), WIDTHS[accessor["type"]]
        begin = view["byteOffset"] + accessor.get("byteOffset", 0)
        return np.ndarray((accessor["count"], width), dtype, self.binary, begin, (view["byteStride"], dtype.itemsize))

    def floats(self, name: str) -> np.ndarray:
        """Give an attribute as numbers with a point; returns them."""
        accessor = self.document["accessors"][self.primitive["attributes"][name]]
        values = self.attribute(name).astype("<f4") / (127 if accessor.pop("normalized", False) else 1)
        begin = len(self.binary)
        accessor |= {"bufferView": len(self.document["bufferViews"]), "byteOffset": 0, "componentType": 5126}
        self.document["bufferViews"].append(
            {"buffer": 0, "byteOffset": begin, "byteLength": values.nbytes, "byteStride": values.strides[0]}
        )
        self.binary += values.tobytes()
        self.document["buffers"][0]["byteLength"] = len(self.binary)
        return self.attribute(name)

    def column(self, name: str, dtype: str, part: str = "values") -> np.ndarray:
        return self.view(self.table["properties"][name][part], dtype)

    def write(self, folder: Path) -> Path:
        self.files.setdefault("tileset.json", b"")
        if self.files["tileset.json"] == GOOD["tileset.json"]:
            self.files["tileset.json"] = json.dumps(self.tileset).encode()
        if self.files.get(CELL) == GOOD[CELL]:
            self.files[CELL] = pack(self.document, bytes(self.binary))
        for path, content in self.files.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(content)
        return folder


SURGERY: dict[str, list[Callable[[Bad], object]]] = {}


def breaks(code: str) -> Callable[[Callable[[Bad], object]], Callable[[Bad], object]]:
    def register(surgery: Callable[[Bad], object]) -> Callable[[Bad], object]:
        SURGERY.setdefault(code, []).append(surgery)
        return surgery

    return register


@breaks("T101")
def no_json(bad: Bad) -> None:
    bad.files["tileset.json"] = b"{"


@breaks("T102")
def no_volume(bad: Bad) -> None:
    del bad.leaf["boundingVolume"]


@breaks("T102")
def negative_error(bad: Bad) -> None:
    bad.leaf["geometricError"] = -1


@breaks("T102")
def no_refine(bad: Bad) -> None:
    del bad.root["refine"]


@breaks("T102")
def no_asset(bad: Bad) -> None:
    del bad.tileset["asset"]


@breaks("T102")
def no_root(bad: Bad) -> None:
    del bad.tileset["root"]


@breaks("T102")
def no_error_of_the_whole(bad: Bad) -> None:
    bad.tileset["geometricError"] = "big"


@breaks("T102")
def content_without_uri(bad: Bad) -> None:
    bad.leaf["content"] = {"url": "x"}


@breaks("T102")
def no_children_in_the_list(bad: Bad) -> None:
    bad.root["children"] = []


@breaks("T103")
def old_version(bad: Bad) -> None:
    bad.tileset["asset"]["version"] = "2.0"


@breaks("T104")
def eleven_numbers(bad: Bad) -> None:
    bad.leaf["boundingVolume"]["box"].pop()


@breaks("T104")
def negative_radius(bad: Bad) -> None:
    bad.leaf["boundingVolume"] = {"sphere": [0, 0, 0, -1]}


@breaks("T104")
def other_volume(bad: Bad) -> None:
    bad.leaf["boundingVolume"] = {"cube": []}


@breaks("T105")
def child_too_big(bad: Bad) -> None:
    bad.leaf["boundingVolume"]["box"][11] += 1


@breaks("T105")
def child_moved_away(bad: Bad) -> None:
    bad.leaf["transform"] = [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0.5, 0, 0, 1]


@breaks("T106")
def child_coarser(bad: Bad) -> None:
    bad.leaf["geometricError"] = bad.root["geometricError"] + 1


@breaks("T106")
def whole_finer(bad: Bad) -> None:
    bad.tileset["geometricError"] = bad.root["geometricError"] - 1


@breaks("T107")
def content_lost(bad: Bad) -> None:
    del bad.files[CELL]


@breaks("T108")
def no_affine_matrix(bad: Bad) -> None:
    bad.root["transform"][3] = 1


@breaks("T108")
def flat_matrix(bad: Bad) -> None:
    bad.leaf["transform"] = [0.0] * 15 + [1.0]


@breaks("T109")
def content_outside(bad: Bad) -> None:
    bad.leaf["content"]["uri"] = "../../etc/passwd"


@breaks("T109")
def content_elsewhere(bad: Bad) -> None:
    bad.leaf["content"]["uri"] = "https://example.org/cell.glb"


@breaks("T110")
def tileset_in_itself(bad: Bad) -> None:
    bad.leaf["content"]["uri"] = "tileset.json"


@breaks("T111")
def extension_undeclared(bad: Bad) -> None:
    bad.tileset["extensions"] = {"MAXAR_grid": {}}


@breaks("T112")
def implicit_root_with_children(bad: Bad) -> None:
    bad.leaf["children"] = [copy.deepcopy(bad.leaf)]
    bad.leaf["implicitTiling"] = {
        "subdivisionScheme": "QUADTREE", "subtreeLevels": 1, "availableLevels": 1, "subtrees": {"uri": "{level}/{x}/{y}/{w}"},
    }  # fmt: skip
    bad.leaf["content"]["uri"] = "{level}/{x}/{y}.glb"


@breaks("T113")
def broken_package(bad: Bad) -> None:
    bad.leaf["content"]["uri"] = "all.3tz"
    bad.tileset |= {key: ["MAXAR_content_3tz"] for key in ("extensionsUsed", "extensionsRequired")}
    bad.files["all.3tz"] = b"PK\3\4 and no more"


@breaks("T201")
def cut_short(bad: Bad) -> None:
    bad.files[CELL] = GOOD[CELL][:-8]


@breaks("T202")
def no_meshes(bad: Bad) -> None:
    del bad.document["meshes"]


@breaks("T202")
def nodes_in_a_circle(bad: Bad) -> None:
    bad.document["nodes"][0]["children"] = [0]


@breaks("T203")
def view_beyond_the_buffer(bad: Bad) -> None:
    bad.document["bufferViews"][-1]["byteLength"] += 1000


@breaks("T203")
def accessor_beyond_its_view(bad: Bad) -> None:
    bad.document["accessors"][0]["byteOffset"] = 10**6


@breaks("T203")
def buffer_beyond_the_chunk(bad: Bad) -> None:
    bad.document["buffers"][0]["byteLength"] += 100


@breaks("T204")
def index_too_big(bad: Bad) -> None:
    accessor = bad.document["accessors"][bad.primitive["indices"]]
    bad.view(accessor["bufferView"], "<u2")[5] = bad.document["accessors"][0]["count"]


@breaks("T205")
def other_maximum(bad: Bad) -> None:
    bad.document["accessors"][0]["max"][1] += 1


@breaks("T205")
def no_minimum(bad: Bad) -> None:
    del bad.document["accessors"][0]["min"]


@breaks("T206")
def position_no_number(bad: Bad) -> None:
    bad.floats("POSITION")[7] = np.nan


@breaks("T206")
def normal_infinite(bad: Bad) -> None:
    bad.floats("NORMAL")[7] = np.inf


@breaks("T207")
def normal_long(bad: Bad) -> None:
    bad.floats("NORMAL")[:3] *= 2


@breaks("T208")
def box_too_small(bad: Bad) -> None:
    bad.leaf["boundingVolume"]["box"][11] -= 1


@breaks("T208")
def node_moved(bad: Bad) -> None:
    bad.document["nodes"][0]["translation"][1] -= 5


@breaks("T208")
def node_turned(bad: Bad) -> None:
    bad.document["nodes"][0]["rotation"] = [0, np.sqrt(0.5), 0, np.sqrt(0.5)]


@breaks("T209")
def fewer_normals(bad: Bad) -> None:
    bad.document["accessors"][bad.primitive["attributes"]["NORMAL"]]["count"] -= 3


@breaks("T210")
def stream_of_another_mode(bad: Bad) -> None:
    document, data = copy.deepcopy(unpack(GOOD[CELL]).document), bytearray(unpack(GOOD[CELL]).binary)
    data[document["bufferViews"][0]["extensions"]["EXT_meshopt_compression"]["byteOffset"]] = 0xE1
    bad.files[CELL] = pack(document, bytes(data))


@breaks("T210")
def fewer_elements(bad: Bad) -> None:
    document = copy.deepcopy(unpack(GOOD[CELL]).document)
    document["bufferViews"][0]["extensions"]["EXT_meshopt_compression"]["count"] -= 40
    bad.files[CELL] = pack(document, unpack(GOOD[CELL]).binary)


@breaks("T211")
def position_of_two(bad: Bad) -> None:
    bad.document["accessors"][bad.primitive["attributes"]["POSITION"]]["type"] = "VEC2"
    for key in ("min", "max"):
        bad.document["accessors"][bad.primitive["attributes"]["POSITION"]][key].pop()


@breaks("T212")
def hole_in_a_solid(bad: Bad) -> None:
    accessor = bad.document["accessors"][bad.primitive["indices"]]
    indices = bad.view(accessor["bufferView"], "<u2")
    indices[3:6] = indices[:3]


@breaks("T213")
def inside_out(bad: Bad) -> None:
    accessor = bad.document["accessors"][bad.primitive["indices"]]
    triangles = bad.view(accessor["bufferView"], "<u2").reshape(-1, 3)
    own = bad.attribute("_FEATURE_ID_0")[triangles[:, 0], 0] == 0
    triangles[own] = triangles[own][:, ::-1]


@breaks("T301")
def id_too_big(bad: Bad) -> None:
    bad.attribute("_FEATURE_ID_0")[0] = bad.table["count"]


@breaks("T301")
def id_broken(bad: Bad) -> None:
    bad.floats("_FEATURE_ID_0")[0] = 0.5


@breaks("T301")
def other_count(bad: Bad) -> None:
    bad.primitive["extensions"]["EXT_mesh_features"]["featureIds"][0]["featureCount"] += 1


@breaks("T302")
def row_unused(bad: Bad) -> None:
    ids = bad.attribute("_FEATURE_ID_0")
    ids[ids == 3] = 4
    bad.primitive["extensions"]["EXT_mesh_features"]["featureIds"][0]["featureCount"] -= 1


@breaks("T303")
def no_such_class(bad: Bad) -> None:
    bad.table["class"] = "thing"


@breaks("T303")
def no_such_property(bad: Bad) -> None:
    bad.table["properties"]["colour"] = bad.table["properties"]["code"]


@breaks("T303")
def required_property_lost(bad: Bad) -> None:
    del bad.table["properties"]["name"]


@breaks("T304")
def column_short(bad: Bad) -> None:
    bad.document["bufferViews"][bad.table["properties"]["height_m"]["values"]]["byteLength"] -= 4


@breaks("T304")
def offsets_short(bad: Bad) -> None:
    bad.document["bufferViews"][bad.table["properties"]["name"]["stringOffsets"]]["byteLength"] -= 4


@breaks("T305")
def offsets_back(bad: Bad) -> None:
    offsets = bad.column("name", "<u4", "stringOffsets")
    offsets[1], offsets[2] = offsets[2], offsets[1]


@breaks("T305")
def offsets_beyond(bad: Bad) -> None:
    bad.column("name", "<u4", "stringOffsets")[-1] += 1000


@breaks("T306")
def no_text(bad: Bad) -> None:
    bad.column("name", "|u1")[0] = 0xFF


@breaks("T307")
def no_such_value(bad: Bad) -> None:
    bad.column("kind", "|u1")[0] = 250


@breaks("T308")
def twice_in_a_tile(bad: Bad) -> None:
    ids = bad.column("feature_id", "|u1").reshape(-1, 16)
    ids[1] = ids[0]


@breaks("T308")
def the_same_tile_twice(bad: Bad) -> None:
    bad.root["children"].append(bad.leaf)


@breaks("T309")
def no_feature_ids(bad: Bad) -> None:
    del bad.primitive["extensions"]


@breaks("T309")
def no_table(bad: Bad) -> None:
    del bad.document["extensions"]


@breaks("T310")
def no_such_enum(bad: Bad) -> None:
    del bad.metadata["schema"]["enums"]["structure_type"]


@breaks("T310")
def required_and_absent(bad: Bad) -> None:
    bad.metadata["schema"]["classes"]["feature"]["properties"]["name"]["noData"] = ""


@breaks("T311")
def statistics_of_nothing(bad: Bad) -> None:
    bad.tileset["statistics"]["classes"]["feature"]["properties"]["colour"] = {"min": 0}


@pytest.mark.parametrize(
    ("code", "surgery"), [pytest.param(code, one, id=f"{code}-{one.__name__}") for code, all_ in SURGERY.items() for one in all_]
)
def test_one_fault_one_finding(code: str, surgery: Callable[[Bad], object], tmp_path: Path) -> None:
    bad = Bad()
    surgery(bad)
    issues = check(bad.write(tmp_path))
    assert {issue.code for issue in issues} == {code}
    assert all(issue.hint and issue.place.file for issue in issues)


ELSEWHERE = ("T4", "T5", "T6")
"""Of terrain, legacy tiles and subtrees: `test_terrain`, `test_mutations`."""


def test_every_code_has_its_bad_tileset() -> None:
    assert list(SURGERY) == [code for code in CODES if not code.startswith(ELSEWHERE)]


def test_the_patient_was_healthy(tmp_path: Path) -> None:
    assert check(Bad().write(tmp_path)) == []


def test_nothing_to_check_is_a_finding(tmp_path: Path) -> None:
    found = report(tmp_path)
    assert (found.tilesets, [issue.code for issue in found.issues]) == (0, ["T101"])


def test_many_tilesets_are_told_apart(tmp_path: Path) -> None:
    Bad().write(tmp_path / "a" / "1")
    bad = Bad()
    old_version(bad)
    bad.write(tmp_path / "b" / "2")
    found = report(tmp_path)
    assert (found.tilesets, found.glbs, found.features) == (2, 4, 2 * len(samples.FEATURES))
    assert [issue.place.file for issue in found.issues] == ["b/2/tileset.json"]


def test_a_tile_of_an_inner_tileset_is_looked_up_only(tmp_path: Path) -> None:
    bad = Bad()
    bad.leaf["content"]["uri"] = "inner/tileset.json"
    bad.files |= {f"inner/{path}": content for path, content in GOOD.items()}
    assert check(bad.write(tmp_path)) == []


def test_nodes_are_followed(tmp_path: Path) -> None:
    """The same vertices under a matrix that moves them and a child that moves them back."""
    bad = Bad()
    away = [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 100, 0, 0, 1]
    bad.document["nodes"] = [{"matrix": away, "children": [1]}, bad.document["nodes"][0]]
    bad.document["nodes"][1]["translation"][0] -= 100
    assert check(bad.write(tmp_path)) == []


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(st.integers(0, len(GOOD[MASSING]) - 1), st.integers(0, 255)), min_size=1, max_size=4))
def test_broken_bytes_never_raise(changes: list[tuple[int, int]]) -> None:
    data = bytearray(GOOD[MASSING])
    for place, value in changes:
        data[place] = value
    check_content(bytes(data), "massing.glb")


def paths(value: Any, here: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [here, *(path for key, one in inner for path in paths(one, (*here, key)))]


MASSING_GLB = unpack(GOOD[MASSING])
PLACES = [path for path in paths({key: value for key, value in MASSING_GLB.document.items() if key != "asset"}) if path]


@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(PLACES), st.sampled_from([None, -1, 0, 1, 10**9, 1.5, "x", [], {}, [0], True]))
@example(("extensions", "EXT_structural_metadata", "propertyTables", 0, "count"), 10**9)
def test_broken_documents_never_raise(path: tuple[Any, ...], value: object) -> None:
    document = copy.deepcopy(MASSING_GLB.document)
    place = document
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    broken = Glb(document, MASSING_GLB.binary)
    check_content(pack(broken.document, broken.binary), "massing.glb")


VALUES = [None, -1, 0, 1, 10**9, 1.5, "x", [], {}, [0], True]
PARTS = ("tileset", "inner", "gltf", "tree", "leaf")
EDITS = [(part, *path) for part in PARTS for path in paths(getattr(Case(), part)) if path]


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.sampled_from(EDITS), st.sampled_from(VALUES)), min_size=1, max_size=3))
def test_whatever_is_edited_nothing_raises(tmp_path: Path, edits: list[tuple[tuple[Any, ...], object]]) -> None:
    """In a tileset with another in it, subtrees, metadata of all kinds and textures."""
    case = Case()
    for (part, *steps, last), value in edits:
        place = getattr(case, part)
        # What an edit before took away can't be edited.
        with contextlib.suppress(KeyError, IndexError, TypeError):
            for step in steps:
                place = place[step]
            place[last] = copy.deepcopy(value)
    found = report(case.write(tmp_path)).issues
    assert "Error" not in " ".join(issue.message for issue in found)


TILESET = json.loads(GOOD["tileset.json"])
TILE_PLACES = [path for path in paths({key: TILESET[key] for key in ("asset", "geometricError", "root")}) if path]


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(st.sampled_from(TILE_PLACES), st.sampled_from([None, -1, 0, 1, 10**9, "x", [], {}, [0], True]))
def test_broken_tilesets_never_raise(tmp_path: Path, path: tuple[Any, ...], value: object) -> None:
    document = copy.deepcopy(TILESET)
    place = document
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    (tmp_path / "tileset.json").write_text(json.dumps(document))
    check(tmp_path)


def test_composites_within_composites_are_looked_into_so_far_only() -> None:
    tile = b""
    for _ in range(3000):
        tile = (
            b"cmpt" + (1).to_bytes(4, "little") + (16 + len(tile)).to_bytes(4, "little") + (1 if tile else 0).to_bytes(4, "little") + tile
        )
    assert "T501" in {issue.code for issue in check_content(tile, "deep.cmpt").issues}
