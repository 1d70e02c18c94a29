import json
import re
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
import samples
from obstore.store import MemoryStore

from gis.errors import Invalid, SettingsError
from gis.ground import ConstantGround
from gis.store.bakes import CITY
from tiles.check import check
from tiles.export import ENTRY, INDEX, export
from tiles.object_store import Objects, ObjectTileStore, objects_at, tile_store
from tiles.store import FolderTileStore, TileStore
from tiles.tileset import build, version

FILES = {"tileset.json": b"{}", "cells/1_2.glb": b"glTF"}
ME = samples.ENTERPRISE_ID


class Bucket(BaseHTTPRequestHandler):
    """So much of S3's protocol as tiles need, over TCP: objects in memory, path style."""

    kept: dict[str, bytes]
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None: ...

    def answer(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), "ETag": '"1"', **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Last-Modified", "Sun, 01 Mar 2026 00:00:00 GMT")
        self.end_headers()
        self.wfile.write(body)

    def do_PUT(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        source, path = self.headers.get("x-amz-copy-source"), unquote(urlsplit(self.path).path)
        if source:
            there = "/" + unquote(source).lstrip("/")
            if there not in self.kept:
                return self.answer(404)
            body = self.kept[there]
        self.kept[path] = body
        return self.answer(200, b"<CopyObjectResult><ETag>1</ETag></CopyObjectResult>" if source else b"")

    def do_GET(self) -> None:
        split = urlsplit(self.path)
        query, path = parse_qs(split.query), unquote(split.path)
        if "list-type" not in query:
            return self.answer(200, self.kept[path]) if path in self.kept else self.answer(404)
        bucket = path.rstrip("/") + "/"
        names = [name.removeprefix(bucket) for name in sorted(self.kept) if name.startswith(bucket + query.get("prefix", [""])[0])]
        if "delimiter" in query:
            names = [name for name in names if "/" not in name.removeprefix(query["prefix"][0])]
        listed = "".join(
            f"<Contents><Key>{name}</Key><LastModified>2026-03-01T00:00:00.000Z</LastModified><ETag>1</ETag>"
            f"<Size>{len(self.kept[bucket + name])}</Size></Contents>"
            for name in names
        )
        body = f"<ListBucketResult><IsTruncated>false</IsTruncated>{listed}</ListBucketResult>"
        return self.answer(200, body.encode(), Content_Type="application/xml")

    def do_DELETE(self) -> None:
        self.kept.pop(unquote(urlsplit(self.path).path), None)
        self.answer(204)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        bucket = unquote(urlsplit(self.path).path).rstrip("/")
        names = re.findall("<Key>(.*?)</Key>", body)
        for name in names:
            self.kept.pop(f"{bucket}/{name}", None)
        told = "".join(f"<Deleted><Key>{name}</Key></Deleted>" for name in names)
        self.answer(200, f"<DeleteResult>{told}</DeleteResult>".encode())


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Own", (Bucket,), {"kept": {}}))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    for name, value in {
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_REGION": "test",
        "AWS_ALLOW_HTTP": "true",
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{server.server_port}",
    }.items():
        monkeypatch.setenv(name, value)
    yield "s3://bureau/tiles"
    server.shutdown()
    server.server_close()


@pytest.fixture(params=["memory", "folder", "s3"])
def objects(request: pytest.FixtureRequest, tmp_path: Path) -> Objects:
    if request.param == "memory":
        return Objects(MemoryStore())
    return objects_at(str(tmp_path / "out") if request.param == "folder" else request.getfixturevalue("s3"))


@pytest.fixture
def store(objects: Objects) -> ObjectTileStore:
    return ObjectTileStore(objects)


def test_it_is_the_port(store: ObjectTileStore) -> None:
    port: TileStore = store
    port.put(ME, "0a1b", FILES)
    port.put(ME, "0a1b", {"tileset.json": b"other"})
    port.put(ME, "0c1d", {"tileset.json": b"{ }", "cells/1_2.glb": b"glTF"}, "0a1b")
    assert port.get(ME, "0a1b", "tileset.json") == b"{}"
    assert port.get(ME, "0c1d", "cells/1_2.glb") == b"glTF"
    assert port.get(ME, "0c1d", "tileset.json") == b"{ }"
    assert port.files(ME, "0c1d") == sorted(FILES)
    assert port.versions(ME) == ["0a1b", "0c1d"]
    port.put(CITY, "0a1b", FILES)
    port.remove(ME, "0a1b")
    port.remove(ME, "0a1b")
    assert port.versions(ME) == ["0c1d"]
    assert port.get(ME, "0a1b", "tileset.json") is None
    assert port.get(CITY, "0a1b", "tileset.json") == b"{}"


def test_half_a_version_is_none(store: ObjectTileStore) -> None:
    store.objects.put(f"{ME}/0a/tileset.json", b"half")
    assert store.get(ME, "0a", "tileset.json") is None
    assert store.versions(ME) == []
    store.put(ME, "0a", FILES)
    assert store.get(ME, "0a", "tileset.json") == b"{}"


def test_what_the_version_before_lost_is_written_anew(store: ObjectTileStore) -> None:
    store.put(ME, "0a", FILES)
    store.objects.remove([f"{ME}/0a/cells/1_2.glb"])
    store.put(ME, "0b", FILES, "0a")
    assert store.get(ME, "0b", "cells/1_2.glb") == b"glTF"


@pytest.mark.parametrize("path", ["", "..", "../secret", "/etc/passwd", "cells//1_2.glb", "a\0b", "./tileset.json"])
def test_no_path_leaves_its_version(path: str) -> None:
    store = ObjectTileStore(Objects(MemoryStore()))
    store.put(ME, "0a", FILES)
    assert store.get(ME, "0a", path) is None
    with pytest.raises(Invalid, match="files"):
        store.put(ME, "0b", {path: b""})


@pytest.mark.parametrize("version", ["", "..", "0A", "0" * 65])
def test_no_version_leaves_its_enterprise(version: str) -> None:
    store = ObjectTileStore(Objects(MemoryStore()))
    assert store.get(ME, version, "tileset.json") is None
    for change in (lambda: store.put(ME, version, FILES), lambda: store.remove(ME, version)):
        with pytest.raises(Invalid, match="version"):
            change()


def test_a_store_that_does_not_answer_is_an_error_of_the_system(monkeypatch: pytest.MonkeyPatch, s3: str) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    store = objects_at(s3).store.from_url(s3, retry_config={"max_retries": 0})
    with pytest.raises(OSError, match="object store"):
        ObjectTileStore(Objects(store)).put(ME, "0a", FILES)


def test_a_url_of_no_store_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="ftp://"):
        objects_at("ftp://somewhere/tiles")
    assert isinstance(tile_store(None, tmp_path), FolderTileStore)
    assert isinstance(tile_store("memory:///", tmp_path), ObjectTileStore)


def test_an_export_leads_to_all_and_goes_on_where_it_was(tmp_path: Path) -> None:
    other = samples.feature_id("another")
    neighbour = replace(
        samples.SITE,
        enterprise=replace(samples.ENTERPRISE, feature_id=other),
        features=tuple(replace(one, feature_id=samples.feature_id(f"beside {one.feature_id}")) for one in samples.FEATURES),
    )
    sites = {ME: build(samples.SITE, ConstantGround()), other: build(neighbour, ConstantGround())}
    versions = {owner: version(files) for owner, files in sites.items()}
    store, objects = FolderTileStore(tmp_path / "own"), objects_at(str(tmp_path / "out"))
    for owner, files in sites.items():
        store.put(owner, versions[owner], files)
    half = export({ME: versions[ME]}, store, objects)
    assert (half.tilesets, half.new, half.removed) == (1, 1, 0)
    store.remove(ME, versions[ME])
    whole = export(versions, store, objects)
    assert (whole.tilesets, whole.new, whole.removed) == (2, 1, 0)
    assert json.loads((tmp_path / "out" / INDEX).read_bytes()) == {str(owner): name for owner, name in versions.items()}
    assert check(tmp_path / "out") == []
    assert [child["content"]["uri"] for child in json.loads((tmp_path / "out" / ENTRY).read_bytes())["root"]["children"]] == sorted(
        f"{owner}/{name}/{ENTRY}" for owner, name in versions.items()
    )
    for removed in (0, 1):
        assert export({other: versions[other]}, store, objects).removed == removed


def test_what_is_said_to_be_the_same_needs_no_bytes(store: ObjectTileStore) -> None:
    store.put(ME, "0a", FILES)
    store.put(ME, "0b", {"tileset.json": b"{ }"}, "0a", {"cells/1_2.glb"})
    store.remove(ME, "0a")
    assert store.get(ME, "0b", "cells/1_2.glb") == b"glTF"
    assert store.get(ME, "0b", "tileset.json") == b"{ }"
    with pytest.raises(FileNotFoundError):
        store.put(ME, "0c", {}, "0b", {"cells/3_4.glb"})
    assert store.versions(ME) == ["0b"]
