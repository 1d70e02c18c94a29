"""`check`: everything that is wrong with tilesets and contents in a folder or file, all at once.

By 3D Tiles 1.1 (OGC 22-025r4) and 1.0, glTF 2.0 and the extensions that tiles use. Of our own tiles more is asked: boxes that hold the
boxes below, errors that shrink, features once at the finest level, closed solids. What is allowed but odd is a warning.
"""

from dataclasses import dataclass
from pathlib import Path

from gis.issues import Issue, Severity
from tiles.checks.content import check_content
from tiles.checks.look import Found, Resolve
from tiles.checks.subtree import MAGIC, check_subtree
from tiles.checks.tileset import Tally, check_tileset
from tiles.findings import finding

LARGEST_BYTES = 2**31
"""Of a file that is read."""


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
        return there.read_bytes() if there.is_file() and there.stat().st_size <= LARGEST_BYTES else None

    return resolve


def _quiet(resolve: Resolve) -> Resolve:
    def found(uri: str) -> bytes | None:
        try:
            return resolve(uri)
        except PermissionError:
            return None

    return found


def _tileset(path: Path, limit: Path) -> Tally:
    tally = Tally()
    check_tileset(path.read_bytes(), path.relative_to(limit).as_posix(), _reader(path.parent, limit), tally)
    for feature_id, times in sorted(tally.shown_ids.items()):
        if times > 1:
            tally.issues.append(finding("T308", path.relative_to(limit).as_posix(), f"{feature_id.hex()} {times} 次"))
    return tally


def _file(path: Path) -> Report:
    """Check one file by what it is: a tileset, a subtree, or a content."""
    data, limit = path.read_bytes(), path.parent.resolve()
    resolve = _quiet(_reader(path.parent, limit))
    if data[:4] == MAGIC or path.suffix == ".subtree":
        found = Found(path.name)
        check_subtree(data, found, resolve, None, None)
        return Report(0, 0, 0, tuple(found.issues))
    if path.suffix == ".json":
        tally = _tileset(path.resolve(), limit)
        return Report(1, tally.contents, tally.shown_ids.total(), tuple(tally.issues))
    content = check_content(data, path.name, resolve)
    return Report(0, 1, len(content.feature_ids), content.issues)


def report(place: Path) -> Report:
    """Check a file, or every `tileset.json` at or below a folder, with all that it leads to."""
    if place.is_file():
        return _file(place)
    folder = place.resolve()
    paths = sorted(folder.rglob("tileset.json"))
    tallies = [_tileset(path, folder) for path in paths]
    issues = tuple(issue for tally in tallies for issue in tally.issues)
    if not paths:
        issues = (finding("T101", "tileset.json"),)
    return Report(len(paths), sum(tally.contents for tally in tallies), sum(tally.shown_ids.total() for tally in tallies), issues)


def check(place: Path) -> list[Issue]:
    """Return everything that is wrong with the tilesets or the file at a place; empty where all is well."""
    return list(report(place).issues)
