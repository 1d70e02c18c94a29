"""From UTF-8 bytes to an ezdxf document: the plain reader, the mending one where that fails, and the names of what was mended."""

import io
import struct
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import ezdxf.filemanagement  # noqa: F401 — completes ezdxf before its parts are used
from ezdxf import recover
from ezdxf.audit import AuditError, Auditor
from ezdxf.document import Drawing
from ezdxf.entities.insert import Insert
from ezdxf.lldxf import repair
from ezdxf.lldxf.const import DXF12, DXFError, DXFStructureError
from ezdxf.lldxf.tags import Tags
from ezdxf.lldxf.types import DXFTag

from drawings.auditing import PlainAuditor
from drawings.encodings import UTF8
from drawings.ledger import finding
from drawings.loading import BLOCKS, Handles, load
from drawings.tagger import tags
from gis.issues import Issue, Place

PARSER_FAULTS = (
    DXFError,
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    ArithmeticError,
    AssertionError,
    RecursionError,
    EOFError,
    struct.error,
)
"""What ezdxf raises on files that are no drawings: it checks structure, not every value."""

LABELS: dict[int, str] = {
    AuditError.MISSING_REQUIRED_ROOT_DICT_ENTRY: "缺少根字典项",
    AuditError.DUPLICATE_TABLE_ENTRY_NAME: "表中重名",
    AuditError.POINTER_TARGET_NOT_EXIST: "指向不存在的对象",
    AuditError.TABLE_NOT_FOUND: "缺少表",
    AuditError.MISSING_SECTION_TAG: "缺少段开头",
    AuditError.MISSING_SECTION_NAME_TAG: "缺少段名",
    AuditError.MISSING_ENDSEC_TAG: "缺少段结尾",
    AuditError.FOUND_TAG_OUTSIDE_SECTION: "段外的数据",
    AuditError.REMOVED_UNSUPPORTED_SECTION: "删去版本不支持的段",
    AuditError.REMOVED_UNSUPPORTED_TABLE: "删去版本不支持的表",
    AuditError.REMOVED_INVALID_GRAPHIC_ENTITY: "删去无效图元",
    AuditError.REMOVED_INVALID_DXF_OBJECT: "删去无效对象",
    AuditError.REMOVED_STANDALONE_ATTRIB_ENTITY: "删去无主属性",
    AuditError.REMOVED_ENTITY_WITH_INVALID_OWNER_HANDLE: "删去归属无效的图元",
    AuditError.MISPLACED_ROOT_DICT: "根字典错位",
    AuditError.UNDEFINED_LINETYPE: "线型未定义",
    AuditError.UNDEFINED_DIMENSION_STYLE: "标注样式未定义",
    AuditError.UNDEFINED_TEXT_STYLE: "文字样式未定义",
    AuditError.UNDEFINED_BLOCK: "图块未定义",
    AuditError.UNDEFINED_BLOCK_NAME: "图块未命名",
    AuditError.MISSING_REQUIRED_SEQEND: "缺少序列结尾",
    AuditError.ORPHANED_LAYOUT_ENTITY: "无主图元",
    AuditError.INVALID_TABLE_HANDLE: "表句柄无效",
    AuditError.CREATED_MISSING_OBJECT: "补建缺少的对象",
    AuditError.INVALID_GROUP_ENTITIES: "编组无效",
    AuditError.INVALID_INTEGER_VALUE: "整数有误",
    AuditError.INVALID_FLOATING_POINT_VALUE: "小数有误",
    AuditError.INVALID_ENTITY_HANDLE: "句柄无效",
    AuditError.INVALID_OWNER_HANDLE: "归属句柄无效",
    AuditError.INVALID_LAYER_NAME: "图层名无效",
    AuditError.INVALID_COLOR_INDEX: "颜色号无效",
    AuditError.INVALID_LINEWEIGHT: "线宽无效",
    AuditError.INVALID_EXTRUSION_VECTOR: "拉伸方向无效",
    AuditError.INVALID_VERTEX_COUNT: "顶点过少",
    AuditError.INVALID_DICTIONARY_ENTRY: "字典项无效",
    AuditError.INVALID_CHARACTER: "非法字符",
    AuditError.INVALID_ELLIPSE_RATIO: "椭圆比例无效",
    AuditError.INVALID_HATCH_BOUNDARY_PATH: "填充边界无效",
}
"""What ezdxf's auditor has mended, in Chinese; what is not listed is counted as 其他."""
_HINT = "请用 CAD 的 AUDIT 修复后另存"


def _drop_placeless(document: Drawing, auditor: Auditor) -> None:
    """Throw away block references without an insertion point: they show nothing, and ezdxf has no default for it."""
    placeless = [
        entity
        for entity in document.entitydb._database.values()
        if isinstance(entity, Insert) and entity.is_alive and not entity.dxf.hasattr("insert")
    ]
    for entity in placeless:
        auditor.fixed_error(AuditError.REMOVED_INVALID_GRAPHIC_ENTITY, f"Removed {entity} without insertion point.")
        entity.destroy()


def _note_renewed(auditor: Auditor, renewed: int) -> None:
    for _ in range(renewed):
        auditor.fixed_error(AuditError.INVALID_ENTITY_HANDLE, "Gave an entity a new handle: its own stood for something else.")


class _Watched(io.BytesIO):
    """Bytes that tell how far they have been read."""

    def __init__(self, data: bytes, read: Callable[[float], None]) -> None:
        super().__init__(data)
        self._size = max(len(data), 1)
        self._read = read

    def read1(self, size: int | None = -1, /) -> bytes:
        block = super().read1(-1 if size is None else max(size, 1 << 17))
        self._read(self.tell() / self._size)
        return block


def _loaded(data: bytes, read: Callable[[float], None]) -> tuple[Drawing, int]:
    """Load a document as it comes; where its sections stand in another order than that, all of it at once."""

    def text() -> io.TextIOWrapper:
        return io.TextIOWrapper(_Watched(data, read), encoding=UTF8, errors="replace")

    try:
        return load(text())
    except DXFStructureError:
        return Drawing.from_tags(tags(text())), 0


def plainly(data: bytes, read: Callable[[float], None]) -> tuple[Drawing, Auditor]:
    """Open a sound DXF, UTF-8; twice as fast as mending.

    Raises
    ------
    PARSER_FAULTS
        The structure is not sound.
    """
    document, renewed = _loaded(data, read)
    auditor = PlainAuditor(document)
    auditor.run()
    _note_renewed(auditor, renewed)
    _drop_placeless(document, auditor)
    return document, auditor


class _Recover(recover.Recover):
    """The mending reader for text that is UTF-8 whatever its header says."""

    def load_tags(self, stream: Any, errors: str) -> Iterator[Any]:
        raw = repair.tag_reorder_layer(recover.bytes_loader(stream))
        raw = repair.filter_invalid_handles(repair.filter_invalid_point_codes(raw))
        found: Iterator[Any] = recover.byte_tag_compiler(raw, UTF8, messages=self.fixes, errors=errors)
        return found


def _ended(entities: Iterable[Tags], fixes: list[tuple[int, str]]) -> Iterator[Tags]:
    """Yield the entities of a section with the SEQEND that a POLYLINE, or an INSERT with attributes, lacks."""
    expected = None
    for entity in entities:
        name = entity.dxftype()
        if expected is not None and name not in {expected, "SEQEND"}:
            fixes.append((AuditError.MISSING_REQUIRED_SEQEND, f"Added the SEQEND before {name}."))
            yield Tags([DXFTag(0, "SEQEND")])
        elif expected == name:
            yield entity
            continue
        expected = "VERTEX" if name == "POLYLINE" else "ATTRIB" if name == "INSERT" and entity.get_first_value(66, 0) == 1 else None
        yield entity


def mended(data: bytes) -> tuple[Drawing, Auditor]:
    """Open a DXF, UTF-8, whose structure is damaged.

    The steps are those of `ezdxf.recover.Recover.run`, which would take the encoding from the header.

    Raises
    ------
    PARSER_FAULTS
        It can't be mended.
    """
    tool: Any = _Recover()
    tool.load_section_dict(tool.rebuild_sections(tool.load_tags(io.BytesIO(data), "replace")))
    tables = tool.section_dict.get("TABLES")
    if tables:
        tool.section_dict["TABLES"] = tool.rebuild_tables(tables)
    before_handles = tool.dxfversion <= DXF12
    if not before_handles:
        tool.recover_rootdict()
    for name, entities in tool.section_dict.items():
        if name in {"TABLES", "BLOCKS", "OBJECTS", "ENTITIES"}:
            tool.section_dict[name] = list(_ended(tool.check_entities(entities, before_handles), tool.fixes))
    # The opening of a section is no entity.
    handles = Handles(tool.section_dict.get(BLOCKS, ())[1:])
    for group in tool.section_dict.get("ENTITIES", ())[1:]:
        handles.settle(group)
    document, auditor = recover._load_and_audit_document(tool)
    _note_renewed(auditor, handles.renewed)
    _drop_placeless(document, auditor)
    return document, auditor


def _counted(codes: Iterable[int]) -> str:
    counts = Counter(LABELS.get(code, "其他") for code in codes)
    return "、".join(f"{label} {count} 处" for label, count in counts.most_common())


def mending_issues(auditor: Auditor, file_name: str, also: Sequence[str] = ()) -> list[Issue]:
    """Return what was mended, and what was found and could not be."""
    place = Place(file=file_name)
    issues = [finding("W104", text, _HINT, place) for text in also]
    if auditor.fixes:
        message = f"文件结构有 {len(auditor.fixes)} 处缺陷，已自动修复：{_counted(entry.code for entry in auditor.fixes)}"
        issues.append(finding("W104", message, _HINT, place))
    if auditor.errors:
        message = f"文件结构有 {len(auditor.errors)} 处缺陷未能修复：{_counted(entry.code for entry in auditor.errors)}"
        issues.append(finding("W104", message, _HINT, place))
    return issues
