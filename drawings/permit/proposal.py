"""What was read of a permit's copy: a permit for a person to check, with the place of each value, doubts, and what was not taken."""

import re
from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

from drawings.permit.building import HANDLERS, Draft, Finding, Leaf, head, standards_applied
from drawings.permit.grid import Copy, Place
from drawings.permit.records import Left, records
from gis import credit_code
from gis.errors import Invalid
from gis.models.permit import PERMIT_NO, permit_of

VERSION = 1
DOUBTFUL = 0.95
"""A value that is less sure is shown first."""
CODES = {"outlets": re.compile(r"^(D[AW]|YS)\d{3}$"), "units": re.compile(r"^MF\d{4}$"), "facilities": re.compile(r"^T[AWNS]\d{3}$")}
"""Codes of HJ 608-2017."""
LISTS = ("outlets", "fugitive", "totals", "units", "facilities", "materials", "products", "wastes", "self_monitoring")
JOINED = {"treatment": "、", "parameters": "；"}
"""Lists that the permit has as one text."""
SAME = 0.005
"""Share by which a sum may differ from its parts."""


@dataclass(frozen=True, slots=True)
class Value:
    """One value of the proposal with its place."""

    path: str
    """As `outlets[1].pollutants[2].limit`."""
    value: Any
    text: str
    """What stands there."""
    confidence: float
    place: Place


@dataclass(frozen=True, slots=True)
class Proposal:
    """A permit as read."""

    permit: dict[str, Any]
    values: tuple[Value, ...]
    findings: tuple[Finding, ...]
    left: tuple[Left, ...]
    file_name: str
    sha256: str
    form: str
    pages: int

    def as_json(self) -> dict[str, Any]:
        """Return it as plain JSON types; `checked_by` is for the person who compares it with the copy."""
        return {
            "proposal": VERSION,
            "source": {"file": self.file_name, "sha256": self.sha256, "form": self.form, "pages": self.pages},
            "checked_by": "",
            "permit": self.permit,
            "findings": [{"level": one.level, "message": one.message, **one.place.as_json()} for one in self.findings],
            "values": [
                {"path": one.path, "value": one.value, "text": one.text, "confidence": round(one.confidence, 3), **one.place.as_json()}
                for one in self.values
            ],
            "left": [{"what": one.what, "text": one.text, **one.place.as_json()} for one in self.left],
        }


@dataclass
class _Writer:
    values: list[Value] = field(default_factory=list)

    def plain(self, node: Any, path: str, name: str = "") -> Any:
        """Return what leaves say, and note where they say it."""
        if isinstance(node, Leaf):
            self.values.append(Value(path, node.value, node.cell.text, node.cell.confidence, node.cell.place))
            # A copy: what is corrected in the permit leaves what was read as it was.
            return list(node.value) if isinstance(node.value, tuple) else deepcopy(node.value)
        if name == "pollutants" and isinstance(node, Mapping):
            return [self.plain(row, f"{path}[{number}]") for number, row in enumerate(node.values(), 1)]
        if isinstance(node, list):
            said = [self.plain(one, path if name in JOINED else f"{path}[{number}]") for number, one in enumerate(node, 1)]
            return JOINED[name].join(said) if name in JOINED else said
        return {key: self.plain(value, f"{path}.{key}" if path else key, key) for key, value in node.items()}


def _codes(draft: Draft) -> Iterator[Finding]:
    for name, pattern in CODES.items():
        for row in draft.lists.get(name, {}).values():
            leaf = row["code"]
            if not pattern.match(leaf.value):
                yield Finding("doubt", f"编号“{leaf.value}”不合 HJ 608-2017", leaf.cell.place)
    outlets = {key[0] for key in draft.lists.get("outlets", {})}
    for name in ("units", "facilities"):
        for row in draft.lists.get(name, {}).values():
            for leaf in row.get("outlets", ()):
                if leaf.value not in outlets:
                    yield Finding("doubt", f"{row['code'].value} 的排放口 {leaf.value} 没有列出", leaf.cell.place)


def _numbers(draft: Draft) -> Iterator[Finding]:
    number, credit = draft.head.get("permit_no"), draft.head.get("credit_code")
    if number and not PERMIT_NO.match(number.value):
        yield Finding("doubt", f"许可证编号“{number.value}”不合 HJ 608-2017", number.cell.place)
    if credit and not credit_code.holds(credit.value):
        yield Finding("doubt", f"统一社会信用代码“{credit.value}”的校验码不对", credit.cell.place)
    if number and credit and number.value[:18] != credit.value:
        yield Finding("conflict", f"许可证编号 {number.value} 与统一社会信用代码 {credit.value} 不一致", number.cell.place)


def _sums(draft: Draft) -> Iterator[Finding]:
    for kind, name, stated, cell in draft.sums:
        parts = [
            row["pollutants"][name]["annual_t"].value
            for row in draft.lists.get("outlets", {}).values()
            if isinstance(row.get("class"), Leaf) and row["class"].value == kind and "annual_t" in row.get("pollutants", {}).get(name, {})
        ]
        if parts and abs(sum(parts) - stated) > SAME * stated:
            label = {"main": "主要", "general": "一般"}[kind]
            yield Finding("conflict", f"{label}排放口合计 {name} {stated:g} t/a，各排放口之和为 {sum(parts):g}", cell.place)


def _missing(permit: dict[str, Any]) -> Iterator[Finding]:
    for name, label in (("permit_no", "许可证编号"), ("valid_from", "有效期限"), ("holder", "单位名称"), ("outlets", "排放口")):
        if not permit.get(name):
            yield Finding("missing", f"没有找到{label}")
    for outlet in permit.get("outlets", ()):
        if not outlet.get("pollutants") and outlet.get("medium") != "rain":
            yield Finding("missing", f"排放口 {outlet['code']} 没有污染物")
    try:
        permit_of(permit)
    except Invalid as error:
        yield Finding("doubt", f"还不能登记：{error}")


def proposal_of(copy: Copy, file_name: str, sha256: str) -> Proposal:
    """Return what a copy says as a permit to be checked."""
    found = records(copy)
    draft = Draft()
    for name, cell in found.basic:
        head(draft, name, cell)
    for record in found.records:
        HANDLERS[record.form.name](draft, record)
    standards_applied(draft)
    writer = _Writer()
    permit = writer.plain(draft.head, "")
    for name in LISTS:
        if rows := draft.lists.get(name):
            listed = sorted(rows.items(), key=lambda item: item[0]) if name in CODES else list(rows.items())
            permit[name] = [writer.plain(row, f"{name}[{number}]") for number, (_, row) in enumerate(listed, 1)]
    unsure = [
        Finding("doubt", f"{one.path} 读作“{one.text}”，把握 {one.confidence:.2f}", one.place)
        for one in writer.values
        if copy.form == "scan" and one.confidence < DOUBTFUL
    ]
    findings = (*unsure, *draft.findings, *_numbers(draft), *_codes(draft), *_sums(draft), *_missing(permit))
    return Proposal(permit, tuple(writer.values), findings, tuple(found.left), file_name, sha256, copy.form, copy.pages)
