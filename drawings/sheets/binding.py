"""Binding the printed sheets of a folder: a volume an enterprise, and one of the city."""

from collections.abc import Sequence
from pathlib import Path

from pypdf import PdfReader

from drawings.sheets.atlas import Chapter, bound
from drawings.sheets.batch import file_name, write
from gis.models.sheet import TITLES, Kind

CITY = "atlas.pdf"


def chapter(folder: Path, code: str, kinds: Sequence[Kind]) -> Chapter:
    """Return the printed sheets of an enterprise."""
    paths = [(kind, folder / file_name(code, kind, "pdf")) for kind in kinds]
    there = [(TITLES[kind], path) for kind, path in paths if path.is_file()]
    metadata = PdfReader(there[0][1]).metadata if there else None
    title = (metadata.title or code) if metadata else code
    return Chapter(title.removesuffix(there[0][0]) if there else code, tuple(there))


def bind(folder: Path, codes: Sequence[str], kinds: Sequence[Kind], *, city: bool) -> list[Path]:
    """Write the volumes below a folder; returns their paths."""
    chapters = [(code, chapter(folder, code, kinds)) for code in codes]
    written = []
    for code, one in chapters:
        if one.pages:
            path = folder / code / f"{code}.pdf"
            write(path, bound([one], one.title))
            written.append(path)
    if city:
        path = folder / CITY
        write(path, bound([one for _, one in chapters if one.pages], "企业图集"))
        written.append(path)
    return written
