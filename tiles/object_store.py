"""Baked tilesets in an object store (S3, Azure, Google, a folder, memory), by way of obstore."""

import hashlib
import json
from collections.abc import Callable, Collection, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar
from uuid import UUID

import obstore
from obstore.exceptions import BaseError
from obstore.store import LocalStore, ObjectStore, from_url

from gis.errors import SettingsError
from tiles.store import VERSION, FolderTileStore, TileStore, checked, owner_name, safe
from tiles.tileset import TilesetFiles

AT_ONCE = 8
"""Files on their way at a time: an upload is mostly waiting."""
SCHEMES = ("s3", "s3a", "gs", "az", "azure", "abfs", "abfss", "memory", "file")

T = TypeVar("T")


@contextmanager
def _reaching(place: str) -> Iterator[None]:
    """Let a store that does not answer be an `OSError`, as a disk that does not; what is not there is `FileNotFoundError` already."""
    try:
        yield
    except BaseError as error:
        raise OSError(f"the object store does not do {place}: {error}") from error


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _together(work: Callable[[str], None], names: list[str]) -> None:
    """Do something with many objects; the first failure is raised once all have ended."""
    with ThreadPoolExecutor(min(AT_ONCE, len(names) or 1)) as crew:
        for done in [crew.submit(work, name) for name in names]:
            done.result()


class Objects:
    """Objects below one place; each is written whole or not at all."""

    def __init__(self, store: ObjectStore) -> None:
        self.store = store

    def put(self, path: str, content: bytes) -> None:
        """Write an object."""
        with _reaching(path):
            obstore.put(self.store, path, content)

    def get(self, path: str) -> bytes | None:
        """Return an object, None where there is none."""
        try:
            with _reaching(path):
                return bytes(obstore.get(self.store, path).bytes())
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            return None

    def copy(self, path: str, to: str) -> None:
        """Make an object another's copy, without its bytes coming by here."""
        with _reaching(path):
            obstore.copy(self.store, path, to)

    def below(self, prefix: str) -> list[str]:
        """Return the paths below a prefix, at any depth, in their order."""
        with _reaching(prefix):
            return sorted(one["path"] for batch in obstore.list(self.store, prefix) for one in batch)

    def beside(self, prefix: str) -> list[str]:
        """Return the paths directly below a prefix, oldest first; of one instant by name."""
        with _reaching(prefix):
            found = obstore.list_with_delimiter(self.store, prefix)["objects"]
        return [path for _, path in sorted((one["last_modified"], one["path"]) for one in found)]

    def folders(self) -> list[str]:
        """Return the names of the folders at the top, in their order."""
        with _reaching("its folders"):
            return sorted(prefix.strip("/") for prefix in obstore.list_with_delimiter(self.store)["common_prefixes"])

    def remove(self, paths: list[str]) -> None:
        """Delete objects; one that is not there is no error."""

        def gone(path: str) -> None:
            with suppress(FileNotFoundError), _reaching(path):
                obstore.delete(self.store, path)

        _together(gone, paths)


class ObjectTileStore:
    """Tilesets as objects: `<owner>/<version>/…`, and `<owner>/<version>.json`, which says what they are, once all of them are there.

    There is no renaming of many objects at once; so a version is there when its list is. Readers look for the list first, a writer
    that was killed leaves objects that nobody sees and that the next writer of that version overwrites with the same bytes.
    """

    def __init__(self, objects: Objects) -> None:
        self.objects = objects
        self._complete: set[tuple[UUID, str]] = set()

    def _listed(self, enterprise: UUID, version: str) -> Mapping[str, str] | None:
        """Return path → SHA-256 of a version's files; None where it is not whole."""
        content = self.objects.get(f"{owner_name(enterprise)}/{version}.json")
        if content is None:
            return None
        listed: dict[str, str] = json.loads(content)
        return listed

    def put(
        self, enterprise: UUID, version: str, files: TilesetFiles, before: str | None = None, same: Collection[str] = frozenset()
    ) -> None:
        """Keep a version; files that `before` has the same are copied where they lie.

        Raises
        ------
        Invalid
            The version is no hexadecimal number, or a path leaves the folder.
        FileNotFoundError
            The version before is not there, or has not what it is said to have.
        OSError
            The store does not answer.
        """
        checked(version, (*files, *same))
        if self._listed(enterprise, version) is not None:
            return
        known = (self._listed(enterprise, before) if before and VERSION.fullmatch(before) else None) or {}
        if missing := sorted(set(same) - known.keys()):
            raise FileNotFoundError(f"{before}/{missing[0]}")
        digests = {path: known[path] for path in same} | {path: _digest(content) for path, content in files.items()}
        owner = owner_name(enterprise)

        def write(path: str) -> None:
            if path not in files:
                self.objects.copy(f"{owner}/{before}/{path}", f"{owner}/{version}/{path}")
                return
            if known.get(path) == digests[path]:
                with suppress(FileNotFoundError):
                    self.objects.copy(f"{owner}/{before}/{path}", f"{owner}/{version}/{path}")
                    return
            self.objects.put(f"{owner}/{version}/{path}", files[path])

        _together(write, sorted(digests))
        self.objects.put(f"{owner}/{version}.json", json.dumps(digests, sort_keys=True).encode())

    def get(self, enterprise: UUID, version: str, path: str) -> bytes | None:
        """Return a file of a version that is whole, None where there is none."""
        if not VERSION.fullmatch(version) or not safe(path):
            return None
        if (enterprise, version) not in self._complete:
            if self._listed(enterprise, version) is None:
                return None
            self._complete.add((enterprise, version))
        return self.objects.get(f"{owner_name(enterprise)}/{version}/{path}")

    def stands(self, enterprise: UUID, version: str) -> bool:
        """Say whether a version is there, whole."""
        return self._listed(enterprise, version) is not None

    def files(self, enterprise: UUID, version: str) -> list[str]:
        """Return the paths of a version that is whole."""
        return sorted(self._listed(enterprise, version) or {})

    def versions(self, enterprise: UUID) -> list[str]:
        """Return the versions, oldest first; versions of one instant by name."""
        names = [path.rpartition("/")[2].removesuffix(".json") for path in self.objects.beside(owner_name(enterprise))]
        return [name for name in names if VERSION.fullmatch(name)]

    def remove(self, enterprise: UUID, version: str) -> None:
        """Forget a version: its list first, then its files; what a killed removal left is taken by the next."""
        checked(version)
        self._complete.discard((enterprise, version))
        owner = owner_name(enterprise)
        self.objects.remove([f"{owner}/{version}.json"])
        self.objects.remove(self.objects.below(f"{owner}/{version}"))


def objects_at(url: str) -> Objects:
    """Return what writes below a URL or a folder, which is made where it is missing.

    S3 and its like take keys, region and endpoint from the usual environment variables (`AWS_ACCESS_KEY_ID`, `AWS_ENDPOINT_URL` …).

    Raises
    ------
    SettingsError
        The URL is none of a store that is known, or lacks something.
    """
    scheme, found, rest = url.partition("://")
    if not found or scheme == "file":
        folder = Path(rest if found else url).resolve()
        folder.mkdir(parents=True, exist_ok=True)
        return Objects(LocalStore(folder, automatic_cleanup=True))
    if scheme not in SCHEMES:
        raise SettingsError(f"{url}: no store of tiles; a folder, or a URL that begins with {', '.join(f'{one}://' for one in SCHEMES)}")
    try:
        return Objects(from_url(url))
    except BaseError as error:
        raise SettingsError(f"{url}: {error}") from error


def tile_store(url: str | None, folder: Path) -> TileStore:
    """Return the store of tilesets at a URL; in a folder of this machine without one."""
    return ObjectTileStore(objects_at(url)) if url else FolderTileStore(folder)
