"""Label blocks and point symbols: their attributes, read, converted and checked against the kinds."""

import math
import re
import unicodedata
from dataclasses import dataclass
from typing import Any

import numpy as np
from ezdxf.entities.insert import Insert

from drawings.attributes import said
from drawings.frames import Frame
from drawings.ledger import finding, handle_of, layer_of, place_of, printable
from drawings.native import Shape
from drawings.norm import BLOCKS, LAYERS, Layer, Symbol, blocks_on
from gis.issues import Issue
from gis.kinds import ENUMS, Attribute, Kind

REQUIRED = {
    "building": ("NAME", "HEIGHT"),
    "structure": ("NAME", "HEIGHT"),
    "structure.pond": ("NAME", "DEPTH"),
    "underground_structure": ("NAME", "DEPTH"),
    "outlet": ("CODE", "NAME"),
    "monitoring_point": ("NAME",),
    "production_unit": ("CODE", "NAME"),
    "treatment_facility": ("CODE", "NAME"),
    "ambient_point": ("NAME",),
    "river_outlet": ("NAME",),
    "storage": ("NAME",),
    "emergency_facility": ("NAME",),
    "process_node": ("CODE", "NAME"),
    "process_node.junction": ("CODE",),
    "receptor": ("NAME",),
    "parcel": ("PARCEL",),
    "parcel_3d": ("PARCEL", "HEIGHT"),
    "elevation_point": ("ELEV",),
}
"""Tags without which a thing of a kind, or of one type of it, can't stand in the archive."""
SIZES = ("HEIGHT", "DEPTH", "DIAM")
"""Tags whose numbers can't be negative, metres."""
NOT_STORED = ("SRC", "DATE")
"""Tags that the norm allows on every block and no kind keeps."""
COMMA = re.compile(r"[+-]?\d+,\d+")
"""A number with a decimal comma."""
UNIT = re.compile(r"\s*(m|米|层)$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Label:
    """One block reference of the norm."""

    entity: Insert
    layer: str
    symbol: Symbol
    kind: Kind
    xy: tuple[float, float]
    """Its insertion point, EPSG:4545 metres."""
    values: dict[str, str]
    """Tag (upper case) → text, empty ones left out."""
    shape: Shape
    """The block reference as it stands in EPSG:4545 (see `PlanFeature.shape`)."""

    @property
    def handle(self) -> str:
        """The entity's handle."""
        return handle_of(self.entity)

    @property
    def type(self) -> str | None:
        """The type within the kind that the block stands for, where it says one."""
        return dict(self.symbol.implies).get(self.kind.type_attribute or "")

    @property
    def name(self) -> str:
        """The NAME, or what the block stands for."""
        return self.values.get("NAME") or self.symbol.label

    @property
    def code(self) -> str | None:
        """The CODE: full-width letters made half-width, upper case."""
        return plain(self.values["CODE"]).upper() if "CODE" in self.values else None


def plain(text: str) -> str:
    """Return text with full-width letters and digits made half-width, without blanks around.

    >>> plain(" ＤＡ００１ ")
    'DA001'
    """
    return unicodedata.normalize("NFKC", text).strip()


def _block_fault(entity: Insert, layer: Layer) -> Issue | None:
    name = printable(str(entity.dxf.get("name", "")))
    symbol = BLOCKS.get(name.upper())
    allowed = "、".join(blocks_on(layer)) or "闭合轮廓，不放块"
    if symbol is None:
        return finding("E203", f"未知块 {name}", f"图层 {layer.name}（{layer.label}）只放：{allowed}", place_of(entity))
    if symbol.name not in blocks_on(layer):
        message = f"块 {symbol.name}（{symbol.label}）不应在图层 {layer.name}（{layer.label}）"
        return finding("E203", message, f"该图层只放：{allowed}", place_of(entity))
    return None


def read_label(entity: Insert, frame: Frame) -> tuple[Label | None, list[Issue]]:
    """Return the label that a block reference is, None where it is refused, and what was found either way.

    Parameters
    ----------
    entity : Insert
        A block reference on a layer that carries kinds.
    frame : Frame
        Where the drawing lies.
    """
    layer = LAYERS[layer_of(entity)]
    where = entity.ocs().to_wcs(entity.dxf.insert)
    if not (math.isfinite(where.z) and frame.holds(np.array([[where.x, where.y]]))):
        return None, [finding("E106", "坐标不是有效的数", "请删去该图元后重画", place_of(entity))]
    east, north = frame.xy(np.array([[where.x, where.y]]))[0].tolist()
    xy = (east, north)
    fault = _block_fault(entity, layer)
    if fault:
        return None, [fault]
    symbol = BLOCKS[str(entity.dxf.name).upper()]
    kind = next(kind for kind in layer.kinds if symbol.name in {block.name for block in kind.blocks})
    texts = {printable(tag).upper(): text.strip() for tag, text in said(entity)}
    issues = []
    broken = sorted(tag for tag, text in texts.items() if printable(text) != text)
    if broken:
        hint = "请用 UTF-8（R2007 以上）或 GBK（ANSI_936）另存"
        issues.append(finding("E102", f"属性 {'、'.join(broken)} 的文字编码无法识别", hint, place_of(entity, xy)))
    if abs(where.z) > 0.001:
        issues.append(finding("E108", f"图元高程 Z = {where.z:.3f}，规范要求 0", "请把 Z 归零，高度写在属性里", place_of(entity, xy)))
    values = {tag: printable(text) for tag, text in texts.items() if text}
    drawn = {"type": "insert", "point": [where.x, where.y], "block": symbol.name, "rotation": float(entity.dxf.rotation)}
    return Label(entity, layer.name, symbol, kind, xy, values, frame.shape(drawn)), issues


def number(text: str) -> float | None:
    """Return the number that a text says, with or without its unit; None where it says none.

    >>> number("１２．５ m"), number("十二")
    (12.5, None)
    """
    try:
        # As most are written.
        value = float(text)
    except ValueError:
        try:
            said = UNIT.sub("", plain(text))
            value = float(said.replace(",", ".") if COMMA.fullmatch(said) else said)
        except ValueError:
            return None
    return value if math.isfinite(value) else None


def _enum_code(enum: str, text: str) -> str | None:
    """Return the code of a code list that a text names, by code or by Chinese label."""
    codes = ENUMS[enum]
    said = plain(text)
    return next((code for code, label in codes.items() if said.lower() == code or said == label), None)


def convert(attribute: Attribute, text: str) -> Any:
    """Return a text as the attribute's type, None where it does not fit."""
    match attribute.type:
        case "number":
            return number(text)
        case "integer":
            value = number(text)
            return int(value) if value is not None and value == int(value) else None
        case "enum":
            return _enum_code(attribute.enum or "", text)
        case _:
            return text


def _bad_value(label: Label, tag: str, attribute: Attribute | None) -> Issue:
    hint = "请填数字，单位米"
    if attribute is not None and attribute.enum:
        hint = "可填：" + "、".join(f"{code}（{text}）" for code, text in ENUMS[attribute.enum].items())
    elif attribute is not None and attribute.type == "integer":
        hint = "请填整数"
    place = place_of(label.entity, label.xy, tag)
    return finding("E204", f"{label.name} 的属性 {tag} 填写有误：“{label.values[tag]}”", hint, place)


def measures_of(label: Label) -> tuple[dict[str, float], list[Issue]]:
    """Return HEIGHT, BASE, DEPTH and DIAM as metres, by tag, and what is wrong with them."""
    found, issues = {}, []
    for tag in ("BASE", *SIZES):
        if tag not in label.values:
            continue
        value = number(label.values[tag])
        if value is None or (tag in SIZES and value < 0):
            issues.append(_bad_value(label, tag, None))
        else:
            found[tag] = value
    return found, issues


def attributes_of(label: Label) -> tuple[dict[str, Any], list[Issue]]:
    """Return the kind's own attributes by name, and what is missing, wrong or left over."""
    kind = label.kind
    required = REQUIRED.get(f"{kind.name}.{label.type}", REQUIRED.get(kind.name, ()))
    who = " ".join(part for part in (label.symbol.label, label.code, label.values.get("NAME")) if part)
    issues = [
        finding("E204", f"{who} 缺少属性 {tag}", f"请在标注块 {label.symbol.name} 中填写 {tag}", place_of(label.entity, label.xy, tag))
        for tag in required
        if tag not in label.values
    ]
    values: dict[str, Any] = dict(label.symbol.implies)
    for attribute in kind.attributes:
        if attribute.tag is None or attribute.tag not in label.values or attribute.name in values:
            continue
        value = convert(attribute, label.values[attribute.tag])
        if value is not None:
            values[attribute.name] = value
        elif attribute.tag not in SIZES:
            # Sizes are judged once, in `measures_of`.
            issues.append(_bad_value(label, attribute.tag, attribute))
    left = sorted(set(label.values) - set(label.symbol.tags) - set(NOT_STORED))
    if left:
        hint = "规范没有这些属性，未入库"
        issues.append(finding("W204", f"{label.name} 的属性 {'、'.join(left)} 未采用", hint, place_of(label.entity, label.xy)))
    return values, issues


def code_issues(label: Label) -> list[Issue]:
    """Return an issue where a code does not have the form that its kind or its block asks for (HJ 608-2017)."""
    code, pattern = label.code, label.kind.code_pattern
    if code is None or pattern is None:
        return []
    if re.fullmatch(pattern, code) and code.startswith(label.symbol.code):
        return []
    hint = f"{label.symbol.label}编号形如 {label.symbol.code}001（HJ 608-2017）"
    return [finding("E205", f"编号 {code} 不符合编码规则", hint, place_of(label.entity, label.xy, "CODE"))]
