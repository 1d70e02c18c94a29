"""Checks of tilesets: JSON, tiles, metadata, extensions (3D Tiles 1.1, OGC 22-025r4; 1.0 too)."""

import json
from dataclasses import dataclass

import numpy as np

from tiles.checks.content import OURS
from tiles.checks.gltf import MALFORMED
from tiles.checks.implicit import Root, check_implicit
from tiles.checks.look import Found, Look, Resolve, told_extensions, used_extensions
from tiles.checks.reached import (
    CONTENT_ARCHIVE,
    CONTENT_GLTF,
    HOME,
    Floats,
    Standing,
    Tally,
    Tileset,
    check_reached,
    fetched,
    parsed,
)
from tiles.checks.schema import check_entity, check_schema, check_statistics
from tiles.checks.volumes import Volume, read_volume

MAX_DEPTH = 200
VERSIONS = ("0.0", "1.0", "1.1")
KNOWN = {CONTENT_GLTF, CONTENT_ARCHIVE, "3DTILES_bounding_volume_S2"}
"""Extensions that are looked into."""


@dataclass(frozen=True, slots=True)
class _Above:
    """What a tile has from those above it."""

    volume: Volume | None
    error: float
    refine: str
    frame: Floats


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


def _described(look: Look, tileset: Tileset, volume: Volume | None, *, implicit: bool) -> tuple[str | None, Volume | None]:
    """Check the description of a content; returns its URI and its own volume."""
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
    return uri, own


def _volume(look: Look) -> Volume | None:
    volume = read_volume(look.inner("boundingVolume", needed=True))
    read_volume(look.inner("viewerRequestVolume"))
    return volume


def _walk(look: Look, above: _Above, tileset: Tileset, depth: int = 0) -> None:
    """Check a tile and all below it."""
    look.extended()
    volume = _volume(look)
    error = look.need("geometricError", "number", least=0)
    if error is not None and error > above.error:
        tileset.odd("T106", look.at("geometricError"), f"{error} > {above.error}")
    refine = _refine(look, tileset, root=depth == 0) or above.refine
    transform = _transform(look)
    if volume is not None and above.volume is not None and above.volume.holds(volume.moved(transform)) is False:
        tileset.odd("T105", look.at("boundingVolume"))
    frame = above.frame @ transform
    _entity(look, "metadata", tileset)
    implicit = look.inner("implicitTiling")
    described = [(one, *_described(one, tileset, volume, implicit=implicit is not None)) for one in _contents(look)]
    children = look.maybe("children", "array")
    if children == []:
        # The JSON schema wants one at least; the text speaks of leaves whose list is empty.
        tileset.odd("T102", look.at("children"), "为空")
    if implicit is not None:
        check_implicit(Root(look, volume, frame, refine, [(one, uri) for one, uri, _ in described]), implicit, tileset)
        return
    for one, uri, own in described:
        if uri is not None:
            volumes = tuple(held for held in (volume, own) if held is not None)
            check_reached(uri, one, tileset, Standing(volumes, frame, finest=not children or refine == "ADD"))
    if depth >= MAX_DEPTH and children:
        tileset.found.warn("T102", look.at("children"), f"{MAX_DEPTH} 级以下未检查")
        return
    for child in look.items("children", least=0):
        _walk(child, _Above(volume, error if error is not None else np.inf, refine, frame), tileset, depth + 1)


def _schema_of(look: Look, tileset: Tileset) -> None:
    if "schema" in look.value and "schemaUri" in look.value:
        look.fault("schemaUri", "schema 和 schemaUri 不得同时给出")
    if "schema" in look.value:
        if check_schema(look.value["schema"], "schema", tileset.found):
            tileset.schema = look.value["schema"]
        return
    uri = look.maybe("schemaUri", "string")
    data = fetched(uri, "schemaUri", tileset) if uri is not None else None
    if data is None:
        return
    document = parsed(data)
    if document is None:
        tileset.found.add("T310", "schemaUri", "不是 JSON")
    elif check_schema(document, "schemaUri", tileset.found):
        tileset.schema = document
        tileset.found.extensions |= used_extensions(document)


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
        _walk(root, _Above(None, np.inf, "REPLACE", tileset.frame), tileset)
    _extensions(look, tileset)


def _extensions(look: Look, tileset: Tileset) -> None:
    """Check which extensions are declared against those that are there, here and in the tilesets below."""
    used, required = told_extensions(look)
    own = tileset.found.extensions = tileset.found.extensions | used_extensions(look.value)
    for name in sorted((own | tileset.inner) - set(used)):
        tileset.found.add("T111", "extensionsUsed", f"未声明 {name}{'' if name in own else '，外部瓦片集有'}")
    needed = {name for name in tileset.kinds if name != CONTENT_GLTF or tileset.version == "1.0"}
    for name in sorted(needed - set(used)):
        tileset.found.add("T111", "extensionsUsed", f"内容要 {name}")
    # A tileset of 1.0 with glTF can't be shown without it, and 3tz needs it always.
    strict = {CONTENT_ARCHIVE, *([CONTENT_GLTF] if tileset.version == "1.0" else [])}
    for name in sorted(strict & set(used) - set(required)):
        tileset.found.add("T111", "extensionsRequired", f"缺 {name}")
    for name in sorted(set(used) - own - tileset.inner - tileset.kinds):
        tileset.found.warn("T111", "extensionsUsed", f"声明了 {name}，没有用到")
    for name in sorted(own - KNOWN):
        tileset.found.warn("T111", "extensions", f"{name} 未检查")
    extensions = look.inner("extensions")
    gltf = extensions.inner(CONTENT_GLTF) if extensions is not None and CONTENT_GLTF in extensions.value else None
    if gltf is not None:
        told_extensions(gltf)


def check_tileset(data: bytes, file: str, resolve: Resolve, tally: Tally, *, above: tuple[str, ...] = (), frame: Floats = HOME) -> set[str]:
    """Check a tileset and all that it leads to.

    Parameters
    ----------
    data : bytes
    file : where it lies, for the findings
    resolve : relative URI → the bytes there; raises PermissionError for what must not be read
    tally : takes the findings
    above : the tilesets that lead to it
    frame : its coordinates to geocentric ones, 4×4

    Returns
    -------
    set of str
        The extensions that it and the tilesets in it have.
    """
    found = Found(file)
    tileset = Tileset(found, resolve, tally, above, check_tileset, frame)
    try:
        if file in above:
            found.add("T110", "root", file)
        elif data.startswith(b"\xef\xbb\xbf"):
            found.add("T101", "", "JSON 不得有 BOM")
        else:
            _read(data, tileset)
    except MALFORMED as error:
        if not found.broken:
            found.add("T102", "", f"{type(error).__name__}: {error}")
    tally.issues += found.issues
    return found.extensions | tileset.inner


def _read(data: bytes, tileset: Tileset) -> None:
    try:
        document = json.loads(data.decode())
    except (ValueError, RecursionError) as error:
        tileset.found.add("T101", "", str(error))
        return
    if isinstance(document, dict):
        _document(Look(document, "", tileset.found), tileset)
    else:
        tileset.found.add("T101", "", "应为 object")
