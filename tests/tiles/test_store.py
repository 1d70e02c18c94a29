import os
from pathlib import Path

import pytest
import samples

from gis.errors import Invalid
from tiles.store import FolderTileStore, TileStore

FILES = {"tileset.json": b"{}", "cells/1_2.glb": b"glTF"}
ME = samples.ENTERPRISE_ID


@pytest.fixture
def store(tmp_path: Path) -> FolderTileStore:
    return FolderTileStore(tmp_path / "tiles")


def test_it_is_the_port(store: FolderTileStore) -> None:
    port: TileStore = store
    port.put(ME, "0a1b", FILES)
    assert port.get(ME, "0a1b", "cells/1_2.glb") == b"glTF"
    assert port.versions(ME) == ["0a1b"]


def test_a_version_stays_as_it_was_first(store: FolderTileStore) -> None:
    store.put(ME, "0a1b", FILES)
    store.put(ME, "0a1b", {"tileset.json": b"other"})
    assert store.get(ME, "0a1b", "tileset.json") == b"{}"
    assert store.get(ME, "0a1b", "cells/1_2.glb") == b"glTF"


def test_what_a_version_before_has_the_same_is_not_written_again(store: FolderTileStore) -> None:
    store.put(ME, "0a1b", FILES)
    store.put(ME, "0c1d", {"tileset.json": b"{ }", "cells/1_2.glb": b"glTF"}, "0a1b")
    folders = [store.root / str(ME) / version for version in ("0a1b", "0c1d")]
    assert (folders[0] / "cells/1_2.glb").samefile(folders[1] / "cells/1_2.glb")
    assert not (folders[0] / "tileset.json").samefile(folders[1] / "tileset.json")
    store.remove(ME, "0a1b")
    assert store.get(ME, "0c1d", "cells/1_2.glb") == b"glTF"
    store.put(ME, "0e1f", FILES, "0a1b")
    assert store.get(ME, "0e1f", "tileset.json") == b"{}"


def test_versions_are_oldest_first_and_can_go(store: FolderTileStore) -> None:
    for second, version in enumerate(["ff", "aa", "bb"]):
        store.put(ME, version, FILES)
        os.utime(store.root / str(ME) / version, (1000 + second, 1000 + second))
    assert store.versions(ME) == ["ff", "aa", "bb"]
    store.remove(ME, "aa")
    store.remove(ME, "aa")
    assert store.versions(ME) == ["ff", "bb"]
    assert store.get(ME, "aa", "tileset.json") is None
    assert store.versions(samples.feature_id("somebody else")) == []


@pytest.mark.parametrize(
    "path",
    [
        "",
        "..",
        "../secret",
        "cells/../../secret",
        "/etc/passwd",
        "cells//1_2.glb",
        "cells\\1_2.glb",
        "cells",
        "a\0b",
        "./tileset.json",
        "tileset.json/x",
    ],
)
def test_no_path_leaves_its_version(store: FolderTileStore, path: str) -> None:
    store.put(ME, "0a", FILES)
    (store.root / str(ME) / "secret").write_bytes(b"secret")
    (store.root / "secret").write_bytes(b"secret")
    assert store.get(ME, "0a", path) is None


@pytest.mark.parametrize("version", ["", "..", "0a/..", "0A", "xyz", "0" * 65])
def test_no_version_leaves_its_enterprise(store: FolderTileStore, version: str) -> None:
    assert store.get(ME, version, "tileset.json") is None
    with pytest.raises(Invalid, match="version"):
        store.put(ME, version, FILES)


@pytest.mark.parametrize("path", ["../x", "/x", "a/../b", ""])
def test_files_outside_are_refused_whole(store: FolderTileStore, path: str) -> None:
    with pytest.raises(Invalid, match="files"):
        store.put(ME, "0a", {"tileset.json": b"{}", path: b""})
    assert store.versions(ME) == []


def test_a_write_that_fails_leaves_nothing(store: FolderTileStore, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: Path, target: Path) -> Path:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "rename", full)
    with pytest.raises(OSError, match="No space"):
        store.put(ME, "0a", FILES)
    assert store.versions(ME) == []
    assert list((store.root / str(ME)).iterdir()) == []


def test_what_killed_writers_left_is_swept(store: FolderTileStore) -> None:
    store.put(ME, "0a", FILES)
    old, fresh = store.root / str(ME) / ".new-old", store.root / str(ME) / ".new-fresh"
    old.mkdir()
    fresh.mkdir()
    os.utime(old, (1000, 1000))
    store.put(ME, "0b", FILES)
    assert not old.exists()
    assert fresh.exists()
    assert store.versions(ME) == sorted(store.versions(ME), key=lambda name: (store.root / str(ME) / name).stat().st_mtime_ns)


def test_the_first_of_two_writers_wins(store: FolderTileStore, monkeypatch: pytest.MonkeyPatch) -> None:
    def beaten(self: Path, target: Path) -> Path:
        target.mkdir()
        (target / "tileset.json").write_bytes(b"{}")
        raise OSError(39, "Directory not empty")

    monkeypatch.setattr(Path, "rename", beaten)
    store.put(ME, "0a", FILES)
    assert store.get(ME, "0a", "tileset.json") == b"{}"


def test_a_removal_that_was_killed_is_finished_by_the_next(store: FolderTileStore) -> None:
    store.put(ME, "0a1b", FILES)
    left = store.root / str(ME) / ".old-0a1b"
    left.mkdir()
    (left / "tileset.json").write_bytes(b"{}")
    store.remove(ME, "0a1b")
    assert not left.exists()
    assert store.versions(ME) == []


def test_a_name_longer_than_the_disk_takes_is_no_file(store: FolderTileStore) -> None:
    store.put(ME, "0a1b", FILES)
    assert store.get(ME, "0a1b", "x" * 300) is None


def test_what_is_said_to_be_the_same_needs_no_bytes(store: FolderTileStore) -> None:
    store.put(ME, "0a", FILES)
    store.put(ME, "0b", {"tileset.json": b"{ }"}, "0a", {"cells/1_2.glb"})
    store.remove(ME, "0a")
    assert store.get(ME, "0b", "cells/1_2.glb") == b"glTF"
    assert store.get(ME, "0b", "tileset.json") == b"{ }"
    with pytest.raises(FileNotFoundError):
        store.put(ME, "0c", {}, "0b", {"cells/3_4.glb"})
    assert store.versions(ME) == ["0b"]
