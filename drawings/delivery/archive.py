"""Packages as ZIP files: the same contents are the same bytes; reading takes no more than a package can hold."""

import io
import zipfile
from collections.abc import Mapping

from gis.errors import Invalid

EPOCH = (1980, 1, 1, 0, 0, 0)
"""What every entry says of its time: the earliest that ZIP knows (APPNOTE 6.3.10, 4.4.6)."""
MOST_BYTES = 512 * 2**20
"""All that a package may unpack to."""
MOST_FILES = 200
LEVEL = 6
STORED = (".pdf", ".xlsx")
"""What is compressed already."""


def packed(contents: Mapping[str, bytes]) -> bytes:
    """Return files (path → content) as a ZIP, in the order of their paths, without a clock's time."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for path in sorted(contents):
            entry = zipfile.ZipInfo(path, EPOCH)
            entry.compress_type = zipfile.ZIP_STORED if path.endswith(STORED) else zipfile.ZIP_DEFLATED
            entry.create_system, entry.external_attr = 3, 0o100644 << 16
            archive.writestr(entry, contents[path], compresslevel=LEVEL)
    return buffer.getvalue()


def unpacked(data: bytes) -> dict[str, bytes]:
    """Return the files of a ZIP.

    Raises
    ------
    Invalid
        It is no ZIP, is damaged, holds too much, or a path twice or one that leads out of it.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = archive.infolist()
            if len(entries) > MOST_FILES or sum(entry.file_size for entry in entries) > MOST_BYTES:
                raise Invalid("PACKAGE", f"包内超过 {MOST_FILES} 个文件或 {MOST_BYTES // 2**20} MB")
            names = [entry.filename for entry in entries]
            wrong = [name for name in names if name.startswith("/") or ".." in name.split("/") or "\\" in name or names.count(name) > 1]
            if wrong:
                raise Invalid("PACKAGE", f"包内路径不对或重复：{'、'.join(wrong[:5])}")
            found: dict[str, bytes] = {}
            for entry in entries:
                with archive.open(entry) as file:
                    # A size that lies is noticed one byte later.
                    found[entry.filename] = file.read(entry.file_size + 1)
            return found
    except (zipfile.BadZipFile, NotImplementedError, EOFError, RuntimeError, ValueError) as error:
        raise Invalid("PACKAGE", f"不是完好的 ZIP：{error}") from error
