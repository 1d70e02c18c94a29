"""`check`: everything that is wrong with tilesets and contents in a folder or file, all at once.

By 3D Tiles 1.1 (OGC 22-025r4) and 1.0, glTF 2.0 and the extensions that tiles use. Of our own tiles more is asked: boxes that hold the
boxes below, errors that shrink, features once at the finest level, closed solids. What is allowed but odd is a warning.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gis.issues import Issue, Severity
from tiles.checks.content import check_content
from tiles.checks.look import Found, Resolve
from tiles.checks.packages import ENTRY, SQLITE, ZIP, opened, through, unpacked
from tiles.checks.reached import Tally, is_tileset, parsed
from tiles.checks.schema import check_schema
from tiles.checks.subtree import MAGIC, check_subtree
from tiles.checks.tileset import check_tileset
from tiles.findings import finding

LARGEST_BYTES = 2**31
"""Of a file that is read."""
GLTF = {"scenes", "nodes", "meshes", "buffers"}
"""What a glTF has, and no tileset."""


@dataclass(frozen=True, slots=True)
class Report:
    """The account of a check."""

    tilesets: int
    glbs: int
    """Contents that were looked into."""
    features: int
    """In the finest picture: over the leaves, and over tiles that their children add to."""
    issues: tuple[Issue, ...]

    @property
    def broken(self) -> bool:
        """Whether there is an error."""
        return any(issue.severity is Severity.ERROR for issue in self.issues)


def _reader(folder: Path, limit: Path) -> Resolve:
    """Return what reads files by their URI relative to a folder, none outside of `limit`."""

    def resolve(uri: str) -> bytes | None:
        if "\0" in uri:
            return None
        there = (folder / uri).resolve()
        if not there.is_relative_to(limit):
            raise PermissionError(uri)
        return unpacked(there.read_bytes()) if there.is_file() and there.stat().st_size <= LARGEST_BYTES else None

    return resolve


def _quiet(resolve: Resolve) -> Resolve:
    def found(uri: str) -> bytes | None:
        try:
            return resolve(uri)
        except PermissionError:
            return None

    return found


def _tileset(data: bytes, file: str, resolve: Resolve) -> Tally:
    tally, packages = Tally(), Found(file)
    check_tileset(data, file, through(resolve, packages), tally)
    tally.issues += packages.issues
    for feature_id, times in sorted(tally.shown_ids.items()):
        if times > 1:
            tally.issues.append(finding("T308", file, f"{feature_id.hex()} {times} 次"))
    return tally


def _lone(tally: Tally) -> Report:
    return Report(1, tally.contents, tally.shown_ids.total(), tuple(tally.issues))


def _package(data: bytes, name: str) -> Report:
    """Check a tileset in one file."""
    found = Found(name)
    resolve = opened(data, found)
    entry = resolve(ENTRY) if resolve is not None else None
    if resolve is None or entry is None:
        return Report(0, 0, 0, tuple(found.issues or [finding("T101", f"{name}/{ENTRY}")]))
    tally = _tileset(entry, ENTRY, resolve)
    tally.issues += found.issues
    return _lone(tally)


def _file(path: Path) -> Report:
    """Check one file by what it is: a tileset, a package, a metadata schema, a subtree, or a content."""
    data, reader = unpacked(path.read_bytes()), _reader(path.parent, path.parent.resolve())
    document = parsed(data) if path.suffix == ".json" else None
    keys = document.keys() if isinstance(document, dict) else set()
    found = Found(path.name)
    if data.startswith((ZIP, SQLITE)):
        return _package(data, path.name)
    if data[:4] == MAGIC or path.suffix == ".subtree" or keys & {"tileAvailability", "childSubtreeAvailability"}:
        check_subtree(data, found, _quiet(reader), None, None)
        return Report(0, 0, 0, tuple(found.issues))
    if keys & {"id", "classes", "enums"} and not keys & {"asset", "root", "geometricError"}:
        check_schema(document, "", found)
        return Report(0, 0, 0, tuple(found.issues))
    if path.suffix == ".json" and not ("asset" in keys and not is_tileset(document) and keys & GLTF):
        return _lone(_tileset(data, path.name, reader))
    content = check_content(data, path.name, _quiet(reader))
    return Report(0, 1, len(content.feature_ids), content.issues)


@np.errstate(all="ignore")
def report(place: Path) -> Report:
    """Check a file, or every `tileset.json` at or below a folder, with all that it leads to."""
    if place.is_file():
        return _file(place)
    folder = place.resolve()
    paths = sorted(folder.rglob("tileset.json"))
    tallies = [_tileset(unpacked(path.read_bytes()), path.relative_to(folder).as_posix(), _reader(path.parent, folder)) for path in paths]
    issues = tuple(issue for tally in tallies for issue in tally.issues)
    if not paths:
        issues = (finding("T101", "tileset.json"),)
    return Report(len(paths), sum(tally.contents for tally in tallies), sum(tally.shown_ids.total() for tally in tallies), issues)


def check(place: Path) -> list[Issue]:
    """Return everything that is wrong with the tilesets or the file at a place; empty where all is well."""
    return list(report(place).issues)
