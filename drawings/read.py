"""The door for drawing files: bytes to an ezdxf document or to a site plan; what can't be read is an issue."""

import hashlib
import io
import re
import struct
from dataclasses import replace
from pathlib import Path

import ezdxf.filemanagement  # noqa: F401 — completes ezdxf before its parts are used
from ezdxf import recover
from ezdxf.document import Drawing
from ezdxf.lldxf.const import DXFError

from drawings.interpret import interpret
from drawings.ledger import finding, printable
from drawings.norm import SOURCE_CODE
from drawings.tally import count_entities
from gis.issues import Issue, Place
from gis.models.plan import Counts, SitePlan

MAX_BYTES = 256 * 1024 * 1024
"""Largest file that is opened; a plant's drawing has a few megabytes."""
BINARY_DXF = b"AutoCAD Binary DXF"
DWG = re.compile(rb"AC10\d\d")
FILE_NAME = re.compile(rf"(?P<source>{SOURCE_CODE.strip('^$')})_(?P<kind>[ABCD])_v(?P<version>\d{{2,}})\.dxf", re.IGNORECASE)
"""`<22-character source code>_<A|B|C|D>_v<nn>.dxf` (norm)."""

_PARSER_FAULTS = (DXFError, ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RecursionError, EOFError, struct.error)
"""What ezdxf raises on files that are no drawings: it checks structure, not every value."""


def _unreadable(file_name: str, message: str, hint: str) -> Issue:
    return finding("E101", message, hint, Place(file=file_name))


def _not_a_dxf(data: bytes, file_name: str) -> Issue | None:
    if len(data) > MAX_BYTES:
        size = f"{len(data) / 1024**2:.0f} MB"
        return _unreadable(file_name, f"文件 {size}，超过 {MAX_BYTES // 1024**2} MB 的上限", "请清理图形（PURGE、OVERKILL）后另存")
    if not data.strip():
        return _unreadable(file_name, "文件是空的", "请重新导出 DXF")
    if DWG.match(data):
        return _unreadable(file_name, "这是 DWG 文件，不是 DXF", "请在 CAD 中“另存为”AutoCAD 2013 DXF")
    if data.startswith(BINARY_DXF):
        return _unreadable(file_name, "这是二进制 DXF", "请另存为文本（ASCII）DXF")
    if b"SECTION" not in data:
        return _unreadable(file_name, "文件不是 DXF", "请在 CAD 中“另存为”AutoCAD 2013 DXF")
    return None


def document_of(data: bytes, file_name: str = "") -> tuple[Drawing | None, list[Issue]]:
    """Return the document that a DXF file's bytes hold, None where they can't be read, and what was found.

    Damaged structure is mended where possible; each mending is counted in a warning.
    """
    fault = _not_a_dxf(data, file_name)
    if fault:
        return None, [fault]
    try:
        document, auditor = recover.read(io.BytesIO(data))
        entities = sum(1 for _ in document.modelspace())
    except _PARSER_FAULTS as error:
        return None, [
            _unreadable(file_name, f"文件不是可读的 DXF（{type(error).__name__}）", "请用 CAD 打开检查（AUDIT），另存为 2013 DXF")
        ]
    if not entities:
        return None, [_unreadable(file_name, "模型空间里没有图元", "请在模型空间绘图；布局中的内容不读取")]
    issues, hint = [], "请用 CAD 的 AUDIT 修复后另存"
    mended = [*auditor.fixes, *auditor.errors]
    if mended:
        message = f"文件结构有 {len(mended)} 处缺陷，已自动修复，如：{printable(mended[0].message)}"
        issues.append(finding("W104", message, hint, Place(file=file_name)))
    written = count_entities(data)
    if written is not None and entities < written:
        message = f"文件中有 {written} 个图元，只读出 {entities} 个，{written - entities} 个已损坏"
        issues.append(finding("E104", message, hint, Place(file=file_name)))
    return document, issues


def plan_of(data: bytes, file_name: str, source_code: str | None = None) -> SitePlan:
    """Return the site plan in a DXF file's bytes.

    Parameters
    ----------
    data : bytes
        The file as it came.
    file_name : str
        Its name; by the norm it says source code and drawing kind.
    source_code : str or None
        22-character source code, where the caller knows it.
    """
    sha256 = hashlib.sha256(data).hexdigest()
    named = FILE_NAME.fullmatch(file_name)
    said = named["source"].upper() if named else None
    drawing_kind = named["kind"].upper() if named else "A"
    document, issues = document_of(data, file_name)
    if said and source_code and said != source_code:
        hint = "请核对图纸属于哪个企业"
        message = f"文件名中的来源编码 {said} 与指定的 {source_code} 不一致"
        issues.append(finding("E109", message, hint, Place(file=file_name)))
    if document is None:
        return SitePlan(drawing_kind, source_code or said, file_name, sha256, (), tuple(issues), Counts(0, 0, 0, 0))
    plan = interpret(document, source_code=source_code or said, file_name=file_name, sha256=sha256, drawing_kind=drawing_kind)
    return replace(plan, issues=(*issues, *plan.issues))


def site_plan(path: Path, source_code: str | None = None) -> SitePlan:
    """Return the site plan in a DXF file.

    Raises
    ------
    OSError
        The file can't be opened: that is no fault of the drawing.
    """
    if path.stat().st_size > MAX_BYTES:
        fault = _unreadable(path.name, f"文件超过 {MAX_BYTES // 1024**2} MB 的上限", "请清理图形（PURGE、OVERKILL）后另存")
        return SitePlan("A", source_code, path.name, "", (), (fault,), Counts(0, 0, 0, 0))
    return plan_of(path.read_bytes(), path.name, source_code)
