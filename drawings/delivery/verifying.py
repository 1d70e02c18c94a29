"""Checking a package again: every file is there as the manifest says, none besides, and each opens."""

import io
import json
import sqlite3
import tempfile
from collections.abc import Mapping
from pathlib import Path

from pypdf import PdfReader
from pypdf.errors import PyPdfError

from drawings.delivery import manifest
from drawings.delivery.archive import unpacked
from drawings.delivery.manifest import Manifest, described
from drawings.read import document_of
from gis.errors import Invalid


def verify(data: bytes) -> tuple[Manifest | None, list[str]]:
    """Return the manifest of a package, and all that is wrong with it.

    Parameters
    ----------
    data : bytes
        The ZIP file.
    """
    try:
        contents = unpacked(data)
    except Invalid as error:
        return None, [error.detail]
    if manifest.NAME not in contents:
        return None, [f"包内没有 {manifest.NAME}"]
    said, faults = manifest.read(contents.pop(manifest.NAME))
    if said is None:
        return None, faults
    listed = {file.path: file for file in said.files}
    faults += [f"{path}：清单上有，包内没有" for path in sorted(listed.keys() - contents.keys())]
    faults += [f"{path}：包内有，清单上没有" for path in sorted(contents.keys() - listed.keys())]
    for path in sorted(listed.keys() & contents.keys()):
        file, found = listed[path], described(path, listed[path].what, contents[path])
        names = {"bytes": "字节数", "sha256": "SHA-256", "sm3": "SM3"}
        wrong = [label for name, label in names.items() if getattr(file, name) != getattr(found, name)]
        faults += [f"{path}：{'、'.join(wrong)} 与清单不符"] if wrong else _opened(path, contents[path])
    faults += [
        f"{path}：{drawing.title} 不在包内"
        for drawing in said.drawings
        for path in (drawing.sheet, drawing.dxf)
        if path and path not in contents
    ]
    return said, faults + _counted(said, contents)


def _opened(path: str, data: bytes) -> list[str]:
    """Return why a file does not open."""
    try:
        if path.endswith(".pdf"):
            return [] if len(PdfReader(io.BytesIO(data)).pages) >= 1 else [f"{path}：没有页"]
        if path.endswith((".json", ".geojson")):
            json.loads(data)
        elif path.endswith(".dxf"):
            document, issues = document_of(data, path)
            return [] if document is not None else [f"{path}：{issue.message}" for issue in issues[:3]]
    except (PyPdfError, ValueError, RecursionError) as error:
        return [f"{path}：打不开（{error}）"]
    return []


def _counted(said: Manifest, contents: Mapping[str, bytes]) -> list[str]:
    """Return where the attributes hold another number of features than the manifest says."""
    faults = []
    for kind, count in said.features.items():
        data = contents.get(f"data/geojson/{kind}.geojson")
        try:
            found = len(json.loads(data)["features"]) if data is not None else 0
        except (ValueError, TypeError, KeyError):
            continue
        if found != count:
            faults.append(f"data/geojson/{kind}.geojson：{found} 个要素，清单上是 {count} 个")
    for path, data in contents.items():
        if path.endswith(".gpkg"):
            faults += [f"{path}：{fault}" for fault in _layers(data, said.features)]
    return faults


def _layers(data: bytes, wanted: Mapping[str, int]) -> list[str]:
    """Return where the layers of a GeoPackage hold other numbers of features than wanted."""
    with tempfile.TemporaryDirectory(prefix="quanjing-verify-") as folder:
        path = Path(folder) / "attributes.gpkg"
        path.write_bytes(data)
        try:
            connection = sqlite3.connect(path)
            try:
                names = [row[0] for row in connection.execute("SELECT table_name FROM gpkg_contents WHERE data_type = 'features'")]
                counts = {name: connection.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0] for name in names if name in wanted}  # noqa: S608 — a name of ours
            finally:
                connection.close()
        except sqlite3.DatabaseError as error:
            return [f"打不开（{error}）"]
    return [
        f"图层 {name} 有 {counts.get(name, 0)} 个要素，清单上是 {count} 个"
        for name, count in wanted.items()
        if counts.get(name, 0) != count
    ]
