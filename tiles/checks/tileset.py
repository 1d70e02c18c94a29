"""Checks of tilesets: JSON, tiles, contents, implicit tiling, tilesets in tilesets (3D Tiles 1.1, OGC 22-025r4; 1.0 too)."""

import json
import re
from collections import Counter
from dataclasses import dataclass, field
from posixpath import normpath
from typing import Any
from urllib.parse import unquote, urlsplit

import numpy as np
from numpy.typing import NDArray

from gis.issues import Issue, Severity
from tiles.checks.content import LEGACY, OURS, Content, check_content
from tiles.checks.gltf import MALFORMED
from tiles.checks.look import Found, Look, Resolve, declared
from tiles.checks.schema import Schema, check_entity, check_schema, check_statistics
from tiles.checks.subtree import Available, Tiling, check_subtree
from tiles.checks.volumes import Volume, read_volume
from tiles.glb import MAGIC

MAX_DEPTH = 200
MOST_SUBTREES = 5_000
VERSIONS = ("0.0", "1.0", "1.1")
TEMPLATE = re.compile(r"{([^}]*)}")
CONTENT_GLTF = "3DTILES_content_gltf"
Floats = NDArray[np.float64]


@dataclass(slots=True)
class Tally:
    """What a walk through tilesets has met."""

    issues: list[Issue] = field(default_factory=list)
    shown_ids: Counter[bytes] = field(default_factory=Counter)
    contents: int = 0


@dataclass(slots=True)
class Tileset:
    """A tileset on the table."""

    found: Found
    resolve: Resolve
    tally: Tally
    above: tuple[str, ...]
    """The tilesets that lead to this one."""
    ours: bool = False
    version: str = "1.1"
    used: set[str] = field(default_factory=set)
    schema: Schema | None = None
    groups: int | None = None

    def odd(self, code: str, where: str, detail: str = "") -> None:
        """Add what breaks a promise of ours and is only odd elsewhere."""
        self.found.add(code, where, detail, Severity.ERROR if self.ours else Severity.WARNING)


@dataclass(frozen=True, slots=True)
class _Above:
    """What a tile has from those above it."""

    volume: Volume | None
    error: float
    refine: str


def _transform(look: Look) -> Floats:
    """Return a tile's transform, row-major; the identity where it has none or a broken one."""
    values = Look(look.value, look.path, look.found, "T108").numbers("transform", 16)
    if values is None:
        return np.eye(4)
    matrix = np.array(values).reshape(4, 4).T
    if not np.allclose(matrix[3], [0, 0, 0, 1], atol=1e-8) or not matrix[:3, :3].any():
        look.found.add("T108", look.at("transform"))
        return np.eye(4)
    return matrix


def _refine(look: Look, tileset: Tileset, *, root: bool) -> str | None:
    if "refine" not in look.value:
        if root:
            look.fault("refine", "根瓦片须有")
        return None
    value = look.maybe("refine", "string")
    if isinstance(value, str) and value.upper() in ("ADD", "REPLACE") and value != value.upper():
        tileset.found.warn("T102", look.at("refine"), f"{value} 应为大写")
        return value.upper()
    refine: str | None = look.maybe("refine", "string", among=("ADD", "REPLACE")) if value is not None else None
    return refine


def _entity(look: Look, key: str, tileset: Tileset) -> None:
    entity = look.inner(key)
    if entity is not None:
        check_entity(Look(entity.value, entity.path, tileset.found, "T311"), tileset.schema)


def _contents(look: Look) -> list[Look]:
    """Return the descriptions of a tile's contents."""
    if "content" in look.value and "contents" in look.value:
        look.fault("contents", "content 和 contents 不得同时给出")
    lone = look.inner("content")
    return [*([lone] if lone is not None else []), *look.items("contents")]


def _described(look: Look, tileset: Tileset, volume: Volume | None, *, implicit: bool) -> str | None:
    """Check the description of a content; returns its URI."""
    look.extended()
    uri: str | None = look.need("uri", "string")
    _entity(look, "metadata", tileset)
    if "group" in look.value:
        look.index("group", range(tileset.groups or 0))
    inner = look.inner("boundingVolume")
    if inner is not None and implicit:
        look.found.add("T112", look.at("boundingVolume"))
    own = read_volume(inner)
    if own is not None and volume is not None and volume.holds(own) is False:
        look.found.add("T105", look.at("boundingVolume"))
    return uri


def _fetched(uri: str, where: str, tileset: Tileset) -> bytes | None:
    """Return what a URI names; None, with a finding, where it can't be read."""
    parts = urlsplit(uri)
    if parts.scheme or uri.startswith("//"):
        tileset.found.warn("T109", where, uri[:80])
        return None
    try:
        data = tileset.resolve(unquote(parts.path))
    except PermissionError:
        tileset.found.warn("T109", where, uri[:80])
        return None
    if data is None:
        tileset.found.add("T107", where, uri[:120])
    return data


def _beside(tileset: Tileset, uri: str) -> tuple[str, Resolve]:
    """Return the name of a file and what resolves URIs relative to it."""
    folder = uri.rpartition("/")[0]
    base = tileset.found.file.rpartition("/")[0]

    def resolve(inner: str) -> bytes | None:
        try:
            return tileset.resolve(f"{folder}/{inner}" if folder else inner)
        except PermissionError:
            return None

    return normpath(f"{base}/{uri}" if base else uri), resolve


def _is_tileset(document: Any) -> bool:
    return isinstance(document, dict) and "root" in document


def _content(uri: str, look: Look, tileset: Tileset, volume: Volume | None, *, finest: bool) -> None:
    """Check what a content's URI leads to."""
    data = _fetched(uri, look.at("uri"), tileset)
    if data is None:
        return
    uri = unquote(urlsplit(uri).path)
    name, resolve = _beside(tileset, uri)
    tileset.tally.contents += 1
    kind = data[:4]
    if kind not in LEGACY and kind != MAGIC:
        text = _json(data)
        if _is_tileset(text):
            tileset.tally.contents -= 1
            check_tileset(data, name, resolve, tileset.tally, above=(*tileset.above, tileset.found.file))
            return
        if not uri.endswith((".glb", ".gltf")) and not (isinstance(text, dict) and "asset" in text):
            tileset.found.warn("T102", look.at("uri"), "不认识的内容，未检查")
            return
    content = check_content(data, name, resolve)
    tileset.tally.issues += content.issues
    if content.is_gltf and tileset.version == "1.0" and CONTENT_GLTF not in tileset.used:
        tileset.found.add("T111", "extensionsUsed", f"1.0 的 glTF 内容要 {CONTENT_GLTF}")
    _placed(content, name, tileset, volume)
    if finest:
        tileset.tally.shown_ids.update(content.feature_ids)


def _placed(content: Content, name: str, tileset: Tileset, volume: Volume | None) -> None:
    if volume is not None and content.vertices is not None and len(content.vertices) and volume.holds_points(content.vertices) is False:
        apart = Found(name)
        apart.add("T208", "", severity=Severity.ERROR if tileset.ours else Severity.WARNING)
        tileset.tally.issues += apart.issues


def _json(data: bytes) -> Any:
    try:
        return json.loads(data.decode())
    except (ValueError, RecursionError):
        return None


def _volume(look: Look) -> Volume | None:
    volume = read_volume(look.inner("boundingVolume", needed=True))
    read_volume(look.inner("viewerRequestVolume"))
    return volume


def _walk(look: Look, above: _Above | None, tileset: Tileset, depth: int = 0) -> None:
    """Check a tile and all below it."""
    look.extended()
    volume = _volume(look)
    error = look.need("geometricError", "number", least=0)
    limit = above.error if above else np.inf
    if error is not None and error > limit:
        tileset.odd("T106", look.at("geometricError"), f"{error} > {limit}")
    said = _refine(look, tileset, root=above is None or depth == 0)
    refine = said or (above.refine if above else "REPLACE")
    frame = _transform(look)
    if above is not None and volume is not None and above.volume is not None and above.volume.holds(volume.moved(frame)) is False:
        tileset.odd("T105", look.at("boundingVolume"))
    _entity(look, "metadata", tileset)
    described = _contents(look)
    implicit = look.inner("implicitTiling")
    uris = [(one, _described(one, tileset, volume, implicit=implicit is not None)) for one in described]
    children = look.maybe("children", "array", least_items=1)
    if implicit is not None:
        at_home = above is None and np.array_equal(frame, np.eye(4))
        _implicit(look, implicit, tileset, volume, uris, refine=refine, geocentric=at_home)
        return
    for one, uri in uris:
        if uri is not None:
            _content(uri, one, tileset, volume, finest=not children or refine == "ADD")
    below = _Above(volume, error if error is not None else np.inf, refine)
    if depth >= MAX_DEPTH:
        return
    for child in look.items("children"):
        _walk(child, below, tileset, depth + 1)


def _templated(look: Look, key: str, uri: str | None, octree: bool, tileset: Tileset) -> bool:
    """Check the variables of a template; returns whether it can be filled in."""
    if uri is None:
        return False
    wanted = {"level", "x", "y", *(["z"] if octree else [])}
    there = set(TEMPLATE.findall(uri))
    for name in sorted(there - wanted):
        look.found.add("T112", look.at(key), f"没有变量 {{{name}}}")
    if wanted - there:
        tileset.found.warn("T112", look.at(key), f"没有用到 {sorted(wanted - there)}")
    return there <= wanted


def _implicit(
    tile: Look, look: Look, tileset: Tileset, volume: Volume | None, uris: list[tuple[Look, str | None]], *, refine: str, geocentric: bool
) -> None:
    """Check an implicit root and walk through its subtrees."""
    for key in ("children", "metadata"):
        if key in tile.value:
            tile.found.add("T112", tile.at(key))
    if volume is not None and volume.kind == "sphere" and not tile.value["boundingVolume"].keys() & {"box", "region"}:
        tile.found.add("T112", tile.at("boundingVolume"), "sphere 不能细分")
    scheme = look.need("subdivisionScheme", "string", among=("QUADTREE", "OCTREE"))
    levels, available = look.need("subtreeLevels", "integer", least=1), look.need("availableLevels", "integer", least=1)
    subtrees = look.inner("subtrees", needed=True)
    uri = subtrees.need("uri", "string") if subtrees is not None else None
    octree = scheme == "OCTREE"
    sound = subtrees is not None and _templated(subtrees, "uri", uri, octree, tileset)
    sound &= sum(not _templated(one, "uri", template, octree, tileset) for one, template in uris) == 0
    if not sound or scheme is None or levels is None or available is None or levels > 12 or uri is None:
        return
    tiling = Tiling(8 if octree else 4, levels, available, uri, len(uris))
    templates = [(one, template) for one, template in uris if template]
    _subtrees(look, tileset, _Spread(tiling, templates, refine, geocentric))


@dataclass(frozen=True, slots=True)
class _Spread:
    """What is the same for all subtrees of an implicit root."""

    tiling: Tiling
    templates: list[tuple[Look, str]]
    """Of its contents."""
    refine: str
    geocentric: bool
    """Its contents stand in geocentric metres: neither the root nor what is above it moves them."""


def _filled(template: str, level: int, place: tuple[int, int, int]) -> str:
    names = {"level": level, "x": place[0], "y": place[1], "z": place[2]}
    return TEMPLATE.sub(lambda match: str(names[match[1]]), template)


def _deinterleaved(index: int, level: int, branches: int) -> tuple[int, int, int]:
    """Return the place of a Morton index in its level."""
    bits, place = 3 if branches == 8 else 2, [0, 0, 0]
    for step in range(level):
        for axis in range(bits):
            place[axis] |= (index >> (bits * step + axis) & 1) << step
    return place[0], place[1], place[2]


def _subtrees(look: Look, tileset: Tileset, spread: _Spread) -> None:
    tiling = spread.tiling
    waiting: list[tuple[int, tuple[int, int, int]]] = [(0, (0, 0, 0))]
    walked = 0
    while waiting and walked < MOST_SUBTREES:
        level, place = waiting.pop()
        walked += 1
        uri = _filled(tiling.uri, level, place)
        data = _fetched(uri, look.at("subtrees.uri"), tileset)
        if data is None:
            continue
        name, resolve = _beside(tileset, unquote(urlsplit(uri).path))
        found = Found(name)
        told = check_subtree(data, found, resolve, tiling, tileset.schema)
        tileset.tally.issues += found.issues
        if told is None:
            continue
        _tiles(told, (level, place), tileset, spread)
        if told.regions is not None:
            _within(told.regions, told, name, tileset, tiling)
        below = level + tiling.subtree_levels
        for index in np.flatnonzero(told.children).tolist():
            if below >= tiling.available_levels:
                tileset.found.add("T603", look.at("availableLevels"), f"第 {below} 级还有子树 {name}")
                break
            inner = _deinterleaved(index, tiling.subtree_levels, tiling.branches)
            waiting.append((below, _under(place, inner, tiling.subtree_levels)))


def _under(place: tuple[int, int, int], inner: tuple[int, int, int], levels: int) -> tuple[int, int, int]:
    return (place[0] << levels) + inner[0], (place[1] << levels) + inner[1], (place[2] << levels) + inner[2]


def _within(regions: Floats, told: Available, name: str, tileset: Tileset, tiling: Tiling) -> None:
    """Check that a tile's region holds those of its children."""
    rows = np.cumsum(told.tiles) - 1
    apart = Found(name)
    for index in np.flatnonzero(told.tiles)[1:].tolist():
        own, above = (Volume("region", regions[rows[one]]) for one in (index, (index - 1) // tiling.branches))
        if told.tiles[(index - 1) // tiling.branches] and above.holds(own) is False:
            apart.add("T105", f"tileMetadata[{rows[index]}]", severity=Severity.ERROR if tileset.ours else Severity.WARNING)
    tileset.tally.issues += apart.issues


def _leaves(told: Available, tiling: Tiling) -> NDArray[np.bool_]:
    """Say of each tile of a subtree whether nothing is below it."""
    below = np.concatenate([told.tiles[1:], told.children]).reshape(-1, tiling.branches).any(axis=1)
    leaves: NDArray[np.bool_] = ~below
    return leaves


def _tiles(told: Available, where: tuple[int, tuple[int, int, int]], tileset: Tileset, spread: _Spread) -> None:
    """Check the contents that a subtree, at its level and place, says are there."""
    (level, place), tiling = where, spread.tiling
    starts = [(tiling.branches**step - 1) // (tiling.branches - 1) for step in range(tiling.subtree_levels + 1)]
    finest = _leaves(told, tiling) | (spread.refine == "ADD")
    rows = np.cumsum(told.tiles) - 1
    for bits, (look, template) in zip(told.contents, spread.templates, strict=False):
        for index in np.flatnonzero(bits & told.tiles).tolist():
            step = int(np.searchsorted(starts, index, side="right")) - 1
            inner = _deinterleaved(index - starts[step], step, tiling.branches)
            uri = _filled(template, level + step, _under(place, inner, step))
            volume = None if told.regions is None else Volume("region", told.regions[rows[index]], spread.geocentric)
            _content(uri, look, tileset, volume, finest=bool(finest[index]))


def _schema_of(look: Look, tileset: Tileset) -> None:
    if "schema" in look.value and "schemaUri" in look.value:
        look.fault("schemaUri", "schema 和 schemaUri 不得同时给出")
    if "schema" in look.value:
        if check_schema(look.value["schema"], "schema", tileset.found):
            tileset.schema = look.value["schema"]
        return
    uri = look.maybe("schemaUri", "string")
    data = _fetched(uri, "schemaUri", tileset) if uri is not None else None
    if data is None:
        return
    document = _json(data)
    if document is None:
        tileset.found.add("T310", "schemaUri", "不是 JSON")
    elif check_schema(document, "schemaUri", tileset.found):
        tileset.schema = document


def _properties(look: Look) -> None:
    """Check the summary of batch table properties that 1.0 has."""
    for _, row in look.members("properties") if look.value.get("properties") else []:
        low, high = row.need("minimum", "number"), row.need("maximum", "number")
        if low is not None and high is not None and low > high:
            row.fault("minimum", "大于 maximum")
    look.maybe("properties", "object")


def _document(look: Look, tileset: Tileset) -> None:
    asset = look.inner("asset", needed=True)
    if asset is not None:
        version = asset.need("version", "string")
        asset.maybe("tilesetVersion", "string")
        asset.extended()
        extras = asset.value.get("extras")
        tileset.ours = isinstance(extras, dict) and extras.get("generator") == OURS
        if version is not None:
            tileset.version = version
            if version not in VERSIONS:
                tileset.found.warn("T103", "asset.version", version)
            elif tileset.ours and version != "1.1":
                tileset.found.add("T103", "asset.version", version)
    look.extended()
    tileset.used = declared(look)
    _properties(look)
    _schema_of(look, tileset)
    statistics = look.inner("statistics")
    if statistics is not None:
        check_statistics(Look(statistics.value, "statistics", tileset.found, "T311"), tileset.schema)
    groups = list(look.items("groups"))
    tileset.groups = len(groups)
    for group in groups:
        check_entity(Look(group.value, group.path, tileset.found, "T311"), tileset.schema)
    _entity(look, "metadata", tileset)
    error = look.need("geometricError", "number", least=0)
    root = look.inner("root", needed=True)
    if root is not None:
        whole = root.value.get("geometricError")
        if error is not None and isinstance(whole, int | float) and whole > error:
            tileset.odd("T106", "geometricError", f"{whole} > {error}")
        _walk(root, None, tileset)


def check_tileset(data: bytes, file: str, resolve: Resolve, tally: Tally, above: tuple[str, ...] = ()) -> None:
    """Check a tileset and all that it leads to.

    Parameters
    ----------
    data : bytes
    file : where it lies, for the findings
    resolve : relative URI → the bytes there; raises PermissionError for what must not be read
    tally : takes the findings
    above : the tilesets that lead to it
    """
    found = Found(file)
    tileset = Tileset(found, resolve, tally, above)
    try:
        if file in above:
            found.add("T110", "root", file)
            return
        if data.startswith(b"\xef\xbb\xbf"):
            found.add("T101", "", "JSON 不得有 BOM")
            return
        try:
            document = json.loads(data.decode())
        except (ValueError, RecursionError) as error:
            found.add("T101", "", str(error))
            return
        if not isinstance(document, dict):
            found.add("T101", "", "应为 object")
            return
        _document(Look(document, "", found), tileset)
    except MALFORMED as error:
        if not found.broken:
            found.add("T102", "", f"{type(error).__name__}: {error}")
    finally:
        tally.issues += found.issues
