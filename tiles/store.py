"""Where baked tilesets lie: a port, and folders behind it."""

import errno
import os
import re
import shutil
import tempfile
from collections.abc import Collection, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Protocol
from uuid import UUID

from gis.errors import Invalid
from gis.store.bakes import CITY
from tiles.tileset import TilesetFiles

ABANDONED_S = 3600
"""A write takes seconds; a half-written folder of this age has no writer any more."""
VERSION = re.compile(r"[0-9a-f]{1,64}")
NAME = r"(?!\.{1,2}(?:/|\Z))[^/\\\0]+"
SAFE = re.compile(f"{NAME}(?:/{NAME})*")


def checked(version: str, paths: Iterable[str] = ()) -> None:
    """Raise Invalid where a version is no hexadecimal number, or a path leaves the folder of its tileset."""
    if not VERSION.fullmatch(version):
        raise Invalid("version", "a version is lower-case hexadecimal digits")
    for path in paths:
        if not safe(path):
            raise Invalid("files", f"the path {path!r} leaves the folder of its tileset")


class TileStore(Protocol):
    """Whoever keeps the versions of tilesets, an enterprise's or the city's (`CITY`); a version never changes once it is there."""

    def put(
        self, enterprise: UUID, version: str, files: TilesetFiles, before: str | None = None, same: Collection[str] = frozenset()
    ) -> None:
        """Keep a version, whole or not at all; one that is there already stays as it is.

        What the version `before` has under the same name with the same content need not be written again; of the paths `same` it is
        known that it has.
        """
        ...

    def get(self, enterprise: UUID, version: str, path: str) -> bytes | None:
        """Return a file of a version; None where there is none of that name, whatever the path says."""
        ...

    def files(self, enterprise: UUID, version: str) -> list[str]:
        """Return the paths of a version's files; none where there is no such version."""
        ...

    def versions(self, enterprise: UUID) -> list[str]:
        """Return the versions of an enterprise, oldest first."""
        ...

    def remove(self, enterprise: UUID, version: str) -> None:
        """Forget a version; one that is not there is no error."""
        ...


def owner_name(owner: UUID) -> str:
    """Return the name of the folder in which an owner's versions lie."""
    return "city" if owner == CITY else str(owner)


def owner_named(name: str) -> UUID | None:
    """Return the owner of a folder of that name; None where it is nobody's."""
    with suppress(ValueError):
        return CITY if name == "city" else UUID(name)
    return None


def safe(path: str) -> bool:
    """Say whether a path stays below its folder.

    >>> safe("cells/1_2.glb"), safe("../secret"), safe("/etc/passwd"), safe("")
    (True, False, False, False)
    """
    return SAFE.fullmatch(path) is not None


def _sync(folder: Path) -> None:
    """Bring a folder's names to the disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _linked(source: Path, target: Path, content: bytes) -> bool:
    """Make a file another name of one with the same content; returns whether it could be done."""
    try:
        if source.read_bytes() != content:
            return False
        os.link(source, target)
    except OSError:
        # It is not there, or the file system knows no links.
        return False
    return True


def _again(source: str, target: str) -> None:
    """Make a file another name of one that is there."""
    try:
        os.link(source, target)
    except FileNotFoundError:
        raise
    except OSError:
        # The file system knows no links.
        shutil.copyfile(source, target)


def _write(folder: Path, files: TilesetFiles, before: Path | None, same: Collection[str]) -> None:
    folders = sorted({path.rpartition("/")[0] for path in (*files, *same)})
    for inner in folders:
        (folder / inner).mkdir(parents=True, exist_ok=True)
    if before is not None:
        # Of a large tileset hundreds are the same: paths are joined as texts.
        source, target = f"{before}/", f"{folder}/"
        for path in same:
            _again(source + path, target + path)
    for path, content in files.items():
        place = folder / path
        if before is not None and _linked(before / path, place, content):
            continue
        with place.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    for inner in sorted({*folders, ""}):
        _sync(folder / inner)


def _sweep(folder: Path) -> None:
    """Delete what killed writers left behind: hidden folders an hour older than the folder itself, which the last writer touched."""
    newest = folder.stat().st_mtime
    for entry in folder.glob(".*-*"):
        with suppress(FileNotFoundError):
            if newest - entry.stat().st_mtime > ABANDONED_S:
                shutil.rmtree(entry, ignore_errors=True)


class FolderTileStore:
    """Tilesets as folders: `<root>/<enterprise>/<version>/…`, the city's `<root>/city/<version>/…`.

    A version is written beside its place and renamed into it, so a reader or a crash sees all of it or nothing.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    def _folder(self, enterprise: UUID, version: str) -> Path:
        checked(version)
        return self._owned(enterprise) / version

    def _owned(self, enterprise: UUID) -> Path:
        return self.root / owner_name(enterprise)

    def put(
        self, enterprise: UUID, version: str, files: TilesetFiles, before: str | None = None, same: Collection[str] = frozenset()
    ) -> None:
        """Keep a version; files that `before` has the same are links to them.

        Raises
        ------
        Invalid
            The version is no hexadecimal number, or a path leaves the folder.
        FileNotFoundError
            The version before is not there, or has not what it is said to have.
        """
        checked(version, (*files, *same))
        place = self._owned(enterprise) / version
        if place.is_dir():
            return
        place.parent.mkdir(parents=True, exist_ok=True)
        beside = Path(tempfile.mkdtemp(prefix=".new-", dir=place.parent))
        try:
            beside.chmod(0o755)
            _write(beside, files, self._folder(enterprise, before) if before else None, same)
            beside.rename(place)
            _sync(place.parent)
        except OSError:
            # Another writer of the same version was first: the contents are the same by name.
            if not place.is_dir():
                raise
        finally:
            shutil.rmtree(beside, ignore_errors=True)
            _sweep(place.parent)

    def get(self, enterprise: UUID, version: str, path: str) -> bytes | None:
        """Return a file, None where there is none."""
        if not VERSION.fullmatch(version) or not safe(path):
            return None
        try:
            return (self._folder(enterprise, version) / path).read_bytes()
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
            return None
        except OSError as error:
            if error.errno == errno.ENAMETOOLONG:
                return None
            raise

    def files(self, enterprise: UUID, version: str) -> list[str]:
        """Return the paths of a version's files."""
        folder = self._folder(enterprise, version)
        return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())

    def versions(self, enterprise: UUID) -> list[str]:
        """Return the versions, oldest first; versions of one instant by name."""
        folder = self._owned(enterprise)
        if not folder.is_dir():
            return []
        found = [(entry.stat().st_mtime_ns, entry.name) for entry in folder.iterdir() if VERSION.fullmatch(entry.name)]
        return [name for _, name in sorted(found)]

    def remove(self, enterprise: UUID, version: str) -> None:
        """Forget a version: it is renamed out of sight, then deleted."""
        place = self._folder(enterprise, version)
        gone = place.with_name(f".old-{version}")
        # What an earlier, killed removal left.
        shutil.rmtree(gone, ignore_errors=True)
        try:
            place.rename(gone)
        except FileNotFoundError:
            return
        shutil.rmtree(gone)
