"""What the URIs of a tileset lead to: contents, tilesets in tilesets, packages (3D Tiles 1.1, "Tile content", "External tilesets")."""

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from posixpath import normpath
from typing import Any
from urllib.parse import unquote, urlsplit

import numpy as np
from numpy.typing import NDArray

from gis.issues import Issue, Severity
from tiles.checks.content import LEGACY, Content, check_content
from tiles.checks.look import Found, Look, Resolve
from tiles.checks.packages import ARCHIVE, ENTRY, BrokenPackage
from tiles.checks.schema import Schema
from tiles.checks.volumes import Volume
from tiles.glb import MAGIC

CONTENT_GLTF, CONTENT_ARCHIVE = "3DTILES_content_gltf", "MAXAR_content_3tz"
Floats = NDArray[np.float64]
HOME: Floats = np.eye(4)


@dataclass(slots=True)
class Tally:
    """What a walk through tilesets has met."""

    issues: list[Issue] = field(default_factory=list)
    shown_ids: Counter[bytes] = field(default_factory=Counter)
    contents: int = 0


Enter = Callable[..., set[str]]
"""`check_tileset`; returns the extensions that a tileset and those in it have."""


@dataclass(slots=True)
class Tileset:
    """A tileset on the table."""

    found: Found
    resolve: Resolve
    tally: Tally
    above: tuple[str, ...]
    """The tilesets that lead to this one."""
    enter: Enter
    frame: Floats
    """Its coordinates to geocentric ones, 4×4."""
    ours: bool = False
    version: str = "1.1"
    schema: Schema | None = None
    groups: int | None = None
    kinds: set[str] = field(default_factory=set)
    """Extensions that what it leads to is of."""
    inner: set[str] = field(default_factory=set)
    """Extensions of the tilesets in it."""

    def odd(self, code: str, where: str, detail: str = "") -> None:
        """Add what breaks a promise of ours and is only odd elsewhere."""
        self.found.add(code, where, detail, Severity.ERROR if self.ours else Severity.WARNING)


@dataclass(frozen=True, slots=True, eq=False)
class Standing:
    """Where a tile stands, and what its content may fill."""

    volumes: tuple[Volume, ...]
    """In its frame."""
    frame: Floats
    """Its coordinates to geocentric ones, 4×4."""
    finest: bool
    """Nothing finer takes the place of its content."""
    implicit: bool = False


def fetched(uri: str, where: str, tileset: Tileset) -> bytes | None:
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
    except BrokenPackage:
        return None
    if data is None:
        tileset.found.add("T107", where, uri[:120])
    return data


def beside(tileset: Tileset, uri: str) -> tuple[str, Resolve]:
    """Return the name of a file and what resolves URIs relative to it."""
    path = unquote(urlsplit(uri).path)
    folder = path.rpartition("/")[0]
    base = tileset.found.file.rpartition("/")[0]

    def resolve(inner: str) -> bytes | None:
        try:
            return tileset.resolve(f"{folder}/{inner}" if folder else inner)
        except (PermissionError, BrokenPackage):
            return None

    return normpath(f"{base}/{path}" if base else path), resolve


def parsed(data: bytes) -> Any:
    """Return JSON, None where it is none."""
    try:
        return json.loads(data.decode())
    except (ValueError, RecursionError):
        return None


def is_tileset(document: Any) -> bool:
    """Say whether JSON is meant as a tileset."""
    return isinstance(document, dict) and bool({"root", "geometricError"} & document.keys())


def check_reached(uri: str, look: Look, tileset: Tileset, standing: Standing) -> None:
    """Check what a content's URI leads to."""
    if unquote(urlsplit(uri).path).endswith(ARCHIVE):
        uri = f"{uri}/{ENTRY}"
    if f"{ARCHIVE}/" in uri:
        tileset.kinds.add(CONTENT_ARCHIVE)
    data = fetched(uri, look.at("uri"), tileset)
    if data is None:
        return
    name, resolve = beside(tileset, uri)
    kind = data[:4]
    if kind not in LEGACY and kind != MAGIC:
        text = parsed(data)
        if is_tileset(text):
            if standing.implicit:
                look.found.add("T112", look.at("uri"), "隐式瓦片的内容不得是瓦片集")
            above = (*tileset.above, tileset.found.file)
            tileset.inner |= tileset.enter(data, name, resolve, tileset.tally, above=above, frame=standing.frame)
            return
        if not name.endswith((".glb", ".gltf")) and not (isinstance(text, dict) and "asset" in text):
            tileset.tally.contents += 1
            tileset.found.warn("T102", look.at("uri"), "不认识的内容，未检查")
            return
    tileset.tally.contents += 1
    content = check_content(data, name, resolve)
    tileset.tally.issues += content.issues
    if content.is_gltf:
        tileset.kinds.add(CONTENT_GLTF)
    _placed(content, name, tileset, standing)
    if standing.finest:
        tileset.tally.shown_ids.update(content.feature_ids)


def _placed(content: Content, name: str, tileset: Tileset, standing: Standing) -> None:
    """Check that vertices lie in the volumes that should hold them."""
    if content.vertices is None or not len(content.vertices):
        return
    home = content.vertices @ standing.frame[:3, :3].T + standing.frame[:3, 3]
    for volume in standing.volumes:
        region = volume.kind == "region"
        held = Volume(volume.kind, volume.values, geocentric=region).holds_points(home if region else content.vertices)
        if held is False:
            apart = Found(name)
            apart.add("T208", "", severity=Severity.ERROR if tileset.ours else Severity.WARNING)
            tileset.tally.issues += apart.issues
            return
