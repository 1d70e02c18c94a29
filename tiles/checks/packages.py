"""Tilesets in one file, and files that are gzipped: what lies in them, by its path.

A 3tz is a ZIP with an index of its files (MAXAR_content_3tz 1.0.0, 3D Tiles Archive Format 1.3), a 3dtiles a SQLite database whose table
`media` has a `content` for each `key`.
"""

import hashlib
import io
import sqlite3
import struct
import zipfile
import zlib
from collections.abc import Callable
from posixpath import normpath

from tiles.checks.look import Found, Resolve

ZIP, SQLITE, GZIP = b"PK\x03\x04", b"SQLite format 3\0", b"\x1f\x8b"
ARCHIVE = ".3tz"
ENTRY = "tileset.json"
INDEX = "@3dtilesIndex1@"
ROW = struct.Struct("<16sQ")
"""Of the index: MD5 of a path, where its local header begins."""
LARGEST_BYTES = 2**29
"""Of one file that is unpacked."""
BROKEN = (zipfile.BadZipFile, zlib.error, sqlite3.Error, NotImplementedError, RuntimeError, OSError, EOFError, struct.error, ValueError)


class BrokenPackage(OSError):
    """What a path leads into can't be read, of which there is a finding."""


def unpacked(data: bytes) -> bytes:
    """Return a file as it is served: without the gzip around it; as it is where it has none, or a broken one."""
    if not data.startswith(GZIP):
        return data
    stream = zlib.decompressobj(wbits=31)
    try:
        content = stream.decompress(data, LARGEST_BYTES)
    except zlib.error:
        return data
    return content if stream.eof else data


def opened(data: bytes, found: Found) -> Resolve | None:
    """Return what reads the files of a package; None, with a finding, where it is none."""
    try:
        read = _archive(data, found) if data.startswith(ZIP) else _database(data) if data.startswith(SQLITE) else None
    except BROKEN as error:
        found.add("T113", "", str(error))
        return None
    if read is None:
        found.add("T113", "", "既不是 ZIP 也不是 SQLite")
        return None

    def resolve(uri: str) -> bytes | None:
        try:
            content = read(normpath(uri))
        except BROKEN as error:
            found.add("T113", uri, str(error))
            return None
        return None if content is None else unpacked(content)

    return resolve


def _digest(name: str) -> bytes:
    return hashlib.md5(name.encode(), usedforsecurity=False).digest()


def _archive(data: bytes, found: Found) -> Callable[[str], bytes | None]:
    archive = zipfile.ZipFile(io.BytesIO(data))
    files = {row.filename: row for row in archive.infolist() if not row.is_dir()}
    index = files.pop(INDEX, None)
    if index is None:
        found.add("T113", INDEX, "没有索引")
    elif index.file_size % ROW.size or index.file_size > LARGEST_BYTES:
        found.add("T113", INDEX, f"索引有 {index.file_size} 字节")
    else:
        told = dict(ROW.iter_unpack(archive.read(index)))
        wrong = [name for name, row in files.items() if told.get(_digest(name)) != row.header_offset]
        if wrong:
            found.add("T113", INDEX, f"与 {len(wrong)} 个文件不符，如 {wrong[0]}")

    def read(name: str) -> bytes | None:
        row = files.get(name)
        return None if row is None or row.file_size > LARGEST_BYTES else archive.read(row)

    return read


def _database(data: bytes) -> Callable[[str], bytes | None]:
    connection = sqlite3.connect(":memory:")
    connection.deserialize(data)
    connection.execute("SELECT key, content FROM media LIMIT 1").fetchone()

    def read(name: str) -> bytes | None:
        row = connection.execute("SELECT content FROM media WHERE key = ?", (name,)).fetchone()
        return None if row is None else bytes(row[0])

    return read


def through(resolve: Resolve, found: Found) -> Resolve:
    """Return what also reads files by paths that lead into a 3tz, as `a.3tz/b.glb` or `a.3tz`, which is its tileset."""
    packages: dict[str, Resolve | None] = {}

    def within(uri: str) -> bytes | None:
        outer, ending, inner = uri.partition(ARCHIVE)
        if not ending or inner[:1] not in ("", "/"):
            return resolve(uri)
        place = outer + ending
        if place not in packages:
            data = resolve(place)
            apart = Found(place)
            packages[place] = None if data is None else opened(data, apart)
            found.issues += apart.issues
        package = packages[place]
        if package is not None:
            return package(inner.strip("/") or ENTRY)
        if any(issue.place.file == place for issue in found.issues):
            raise BrokenPackage(place)
        return None

    return within
