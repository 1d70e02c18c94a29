"""Sheets bound together: one file of an enterprise, one of the city, with bookmarks; the same sheets give the same bytes."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pypdf import PdfReader, PdfWriter
from pypdf.generic import ArrayObject, ByteStringObject


@dataclass(frozen=True, slots=True)
class Chapter:
    """The sheets of one enterprise."""

    title: str
    pages: tuple[tuple[str, Path], ...]
    """Title and file of each sheet."""


def bound(chapters: Sequence[Chapter], title: str) -> bytes:
    """Return the sheets of chapters in one PDF, a bookmark a chapter and a sheet.

    Parameters
    ----------
    chapters : sequence of Chapter
        In order.
    title : str
        Of the whole.
    """
    writer = PdfWriter()
    for chapter in chapters:
        parent = None
        for name, path in chapter.pages:
            writer.append(PdfReader(path), import_outline=False)
            number = len(writer.pages) - 1
            if len(chapters) > 1 and parent is None:
                parent = writer.add_outline_item(title=chapter.title, page_number=number)
            writer.add_outline_item(title=name, page_number=number, parent=parent)
    writer.metadata = {"/Title": title, "/Creator": "quanjing"}
    # An identifier made of the clock would differ from run to run.
    writer._ID = ArrayObject([ByteStringObject(title.encode()[:16].ljust(16)), ByteStringObject(b"quanjing".ljust(16))])
    buffer = io.BytesIO()
    writer.write(buffer)
    return buffer.getvalue()
