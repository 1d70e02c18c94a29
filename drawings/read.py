"""The door for drawing files: bytes to an ezdxf document or to a site plan; what can't be read is an issue."""

import hashlib
import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ezdxf.audit import Auditor
from ezdxf.document import Drawing

from drawings.attachments import hatch_issues, xref_issues
from drawings.decode import decode
from drawings.guard import guard, sound, too_large, unreadable
from drawings.interpret import Reading, interpretation
from drawings.ledger import finding
from drawings.memory import give_back
from drawings.mending import PARSER_FAULTS, mended, mending_issues, plainly
from drawings.norm import SOURCE_CODE
from drawings.options import Options
from drawings.tally import tally
from gis.child import Progress
from gis.issues import Issue, Place
from gis.limits import MAX_BYTES
from gis.models.plan import Counts, SitePlan

if TYPE_CHECKING:
    from drawings.mapping import Mapping

__all__ = ["FILE_NAME", "MAX_BYTES", "Options", "Progress", "document_of", "plan_of", "site_plan", "xref_issues"]

LAYERS = (".gpkg", ".geojson", ".json", ".zip")
FILE_NAME = re.compile(rf"(?P<source>{SOURCE_CODE.strip('^$')})_(?P<kind>[ABCD])_v(?P<version>\d{{2,}})\.dxf", re.IGNORECASE)
"""`<22-character source code>_<A|B|C|D>_v<nn>.dxf` (norm)."""

_GUARDED, _DECODED, _READ = 0.05, 0.1, 0.6


def _silent(stage: str, share: float) -> None:
    """Tell nobody."""


def _alive(document: Drawing) -> int:
    """Return the number of model-space entities that the auditor left; the length of the layout counts those it took out too."""
    return sum(1 for _ in document.modelspace())


def _open(data: bytes, written: int | None, *, whole: bool, progress: Progress) -> tuple[Drawing, Auditor, int]:
    """Open UTF-8 text with the plain reader; with the mending one where that fails or finds less than is written.

    Raises
    ------
    PARSER_FAULTS
        Neither can read it.
    """
    opened: tuple[Drawing, Auditor, int] | None = None
    if whole:
        try:
            document, auditor = plainly(data, lambda share: progress("read", _DECODED + share * (_READ - _DECODED) / 2))
            opened = document, auditor, _alive(document)
        except PARSER_FAULTS:
            opened = None
    if opened is None or opened[2] < (written or 0):
        try:
            document, auditor = mended(data)
            found = _alive(document)
        except PARSER_FAULTS:
            if opened is None:
                raise
        else:
            if opened is None or found > opened[2]:
                opened = document, auditor, found
    return opened


def document_of(data: bytes, file_name: str = "", *, progress: Progress = _silent) -> tuple[Drawing | None, list[Issue]]:
    """Return the document that a DXF file's bytes hold, None where they can't be read, and what was found.

    The guard looks at the bytes before anything is parsed; text is decoded string by string; damaged structure is mended where possible and
    each mending is counted in a warning.

    Parameters
    ----------
    data : bytes
        Text or binary DXF, R12 to R2018.
    """
    progress("guard", 0.0)
    tags, issues = guard(data, file_name)
    if tags is None:
        return None, issues
    progress("decode", _GUARDED)
    written, whole, ended = tally(tags), sound(tags), tags.names[-1] == b"EOF"
    decoded = decode(tags, file_name)
    # The index is larger than the text it was made for, and the reader needs the room.
    del tags
    give_back()
    progress("read", _DECODED)
    try:
        document, auditor, entities = _open(decoded.data, written, whole=whole, progress=progress)
    except PARSER_FAULTS as error:
        return None, [unreadable(file_name, f"文件不是可读的 DXF（{type(error).__name__}）")]
    if not entities:
        return None, [unreadable(file_name, "模型空间里没有图元", "请在模型空间绘图；布局中的内容不读取")]
    issues = [*decoded.issues, *mending_issues(auditor, file_name, () if ended else ("文件没有结尾标记 EOF，可能不完整",))]
    if written is not None and entities < written:
        message = f"文件中有 {written} 个图元，只读出 {entities} 个，{written - entities} 个已损坏"
        issues.append(finding("E104", message, "请用 CAD 的 AUDIT 修复后另存", Place(file=file_name)))
    return document, [*issues, *xref_issues(document), *hatch_issues(document)]


def _mapping(text: str | None) -> "tuple[Mapping | None, list[Issue]]":
    """Return the mapping in a file's text, and its faults."""
    if text is None:
        return None, []
    from drawings.mapping import mapping_of  # noqa: PLC0415 — a drawing by the norm needs none, and it is heavy

    return mapping_of(text)


def is_layers(file: str) -> bool:
    """Return whether a file's name is that of layers of another program, not of a drawing.

    >>> is_layers("plan.GPKG"), is_layers("plan.dxf")
    (True, False)
    """
    return file.lower().endswith(LAYERS)


def plan_of(data: bytes, file_name: str, options: Options | None = None, *, progress: Progress = _silent) -> SitePlan:
    """Return the site plan in a DXF file's bytes, or in those of layers of another program; parameters as for `reading_of`."""
    if is_layers(file_name):
        from drawings.layered import plan_of_layers  # noqa: PLC0415 — heavy

        return plan_of_layers(data, file_name, hashlib.sha256(data).hexdigest(), options or Options())
    return reading_of(data, file_name, options, progress=progress)[1].plan


def reading_of(
    data: bytes, file_name: str, options: Options | None = None, *, progress: Progress = _silent
) -> tuple[Drawing | None, Reading]:
    """Return the document in a DXF file's bytes, None where it can't be read, and the site plan with what became of each entity.

    Parameters
    ----------
    data : bytes
        The file as it came.
    file_name : str
        Its name; by the norm it says source code and drawing kind.
    options : Options, optional
        What the caller knows about the drawing.
    progress : callable
        Told the stage and the share of the whole that is done; what it raises ends the reading.
    """
    options = options or Options()
    sha256 = hashlib.sha256(data).hexdigest()
    named = FILE_NAME.fullmatch(file_name)
    said = named["source"].upper() if named else None
    source_code = options.source_code or said
    mapping, faults = _mapping(options.mapping)
    told_kind = options.drawing_kind or (mapping.drawing if mapping else None) or (named["kind"].upper() if named else None)
    drawing_kind = told_kind or "A"
    document, issues = document_of(data, file_name, progress=progress)
    if said and source_code != said:
        hint = "请核对图纸属于哪个企业"
        message = f"文件名中的来源编码 {said} 与指定的 {source_code} 不一致"
        issues.append(finding("E109", message, hint, Place(file=file_name)))
    if document is None:
        return None, Reading(SitePlan(drawing_kind, source_code, file_name, sha256, (), tuple(issues), Counts(0, 0, 0, 0)))
    progress("interpret", _READ)
    issues += faults
    # Which drawing it is must be said for what has to be on it to be asked.
    known = replace(options, source_code=source_code, drawing_kind=told_kind)
    reading = interpretation(document, known, file_name=file_name, sha256=sha256, mapping=mapping)
    progress("interpret", 1.0)
    return document, replace(reading, plan=replace(reading.plan, issues=(*issues, *reading.plan.issues)))


def plan_in(path: Path, file_name: str = "", options: Options | None = None, *, progress: Progress = _silent) -> SitePlan:
    """Return the site plan in a DXF file, which may lie under another name than it came with.

    Raises
    ------
    OSError
        The file can't be opened: that is no fault of the drawing.
    """
    name, options = file_name or path.name, options or Options()
    fault = too_large(path.stat().st_size, name)
    if fault:
        return SitePlan(options.drawing_kind or "A", options.source_code, name, "", (), (fault,), Counts(0, 0, 0, 0))
    return plan_of(path.read_bytes(), name, options, progress=progress)


def site_plan(path: Path, source_code: str | None = None) -> SitePlan:
    """Return the site plan in a DXF file of which nothing is known but its source code.

    Raises
    ------
    OSError
        The file can't be opened: that is no fault of the drawing.
    """
    return plan_in(path, path.name, Options(source_code=source_code))
