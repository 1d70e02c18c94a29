"""The enterprise's file (企业档案): its parts, what a row of each may say, and what is wrong with one."""

import math
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from typing import Any

from gis.cas import cas_of
from gis.errors import NotFound
from gis.facts import facts
from gis.jurisdictions import owning
from gis.kinds import ENUMS
from gis.pollutants import known_name

FIRST_YEAR, LAST_YEAR = 1900, 2100
LARGEST = 1e12
NUL = "\0"


@dataclass(frozen=True, slots=True)
class Field:
    """One thing that a row says."""

    name: str
    label: str
    type: str
    """text, number, year, date, cas or enum."""
    required: bool = False
    enum: str | None = None
    unit: str | None = None
    most: int = 2000
    """Characters of a text."""
    hint: str = ""
    wide: bool = False
    """A long text: a field of several lines."""

    @property
    def title(self) -> str:
        """Its label with its unit, as the head of a column."""
        return f"{self.label}（{self.unit}）" if self.unit else self.label

    @property
    def choices(self) -> Mapping[str, str]:
        """Code → label of an enum, else empty."""
        return enums()[self.enum] if self.enum else {}


@dataclass(frozen=True, slots=True)
class Part:
    """One part of the file."""

    name: str
    label: str
    table: str
    key: tuple[str, ...]
    """Fields that tell two rows apart."""
    fields: tuple[Field, ...]
    fixed: Mapping[str, str]
    """Columns of its table that are the same in each of its rows."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with one field of a row."""

    field: str
    message: str


Row = dict[str, Any]


@cache
def enums() -> Mapping[str, Mapping[str, str]]:
    """Return the code lists of the file, and those of the kinds that it uses."""
    own: dict[str, dict[str, str]] = facts("gis", "file_parts.yaml")["enums"]
    return {**ENUMS, **own, "jurisdictions": owning()}


@cache
def parts() -> Mapping[str, Part]:
    """Return the parts of the file by name."""
    return {
        name: Part(
            name,
            row["label"],
            row["table"],
            tuple(row["key"]),
            tuple(Field(field, **said) for field, said in row["fields"].items()),
            row.get("fixed", {}),
        )
        for name, row in facts("gis", "file_parts.yaml")["parts"].items()
    }


def part_of(name: str) -> Part:
    """Return a part by its name.

    Raises
    ------
    NotFound
        There is none.
    """
    try:
        return parts()[name]
    except KeyError:
        raise NotFound(f"企业档案没有 {name}；有 {'、'.join(parts())}") from None


def _text(field: Field, value: Any) -> str:
    said = f"{value:.15g}" if isinstance(value, float) else str(value)
    if len(said) > field.most:
        raise ValueError(f"不能超过 {field.most} 字，现有 {len(said)} 字")
    if NUL in said:
        raise ValueError("含有空字符")
    return said


def _number(_: Field, said: Any) -> float:
    try:
        value = float(said) if not isinstance(said, str) else float(unicodedata.normalize("NFKC", said).replace(",", ""))
    except (TypeError, ValueError):
        raise ValueError(f"“{said}”应为数字") from None
    if not math.isfinite(value) or not 0 <= value <= LARGEST:
        raise ValueError(f"“{said}”应为不小于 0 的数字")
    return value


def _year(field: Field, said: Any) -> int:
    value = _number(field, said)
    if value != int(value) or not FIRST_YEAR <= value <= LAST_YEAR:
        raise ValueError(f"“{said}”应为年份，如 2025")
    return int(value)


def _day(_: Field, said: Any) -> date:
    if isinstance(said, datetime):
        return said.date()
    if isinstance(said, date):
        return said
    text = (
        unicodedata.normalize("NFKC", str(said))
        .strip()
        .replace("年", "-")
        .replace("月", "-")
        .rstrip("日")
        .replace("/", "-")
        .replace(".", "-")
    )
    try:
        year, month, day = map(int, text.split("-"))
        return date(year, month, day)
    except ValueError:
        raise ValueError(f"“{said}”应为日期，如 2026-01-31") from None


def _cas(_: Field, said: Any) -> str:
    found = cas_of(str(said))
    if found is None:
        raise ValueError(f"“{said}”不是 CAS 号（形如 7664-41-7，末位为校验码）")
    return found


def _choice(field: Field, said: Any) -> str:
    found = next((code for code, label in field.choices.items() if str(said) in (code, label)), None)
    if found is None:
        raise ValueError(f"“{said}”应为 {'、'.join(field.choices.values())} 之一")
    return found


READERS: Mapping[str, Callable[[Field, Any], Any]] = {
    "text": _text,
    "number": _number,
    "year": _year,
    "date": _day,
    "cas": _cas,
    "enum": _choice,
}
"""Type of a field → what reads it."""


def value_of(field: Field, said: Any) -> Any:
    """Return what a field says as it is stored; None where it says nothing.

    Raises
    ------
    ValueError
        It can't be said there; why, Chinese.
    """
    if isinstance(said, str):
        said = said.strip()
    if said is None or said == "":
        if field.required:
            raise ValueError("不能为空")
        return "" if field.type == "text" else None
    if isinstance(said, bool | list | dict):
        raise ValueError("应为文本或数字")
    return READERS[field.type](field, said)


def _judged(row: Row) -> list[Fault]:
    """Return what of a monitoring result contradicts itself, and judge it where nobody has."""
    value, limit, verdict = row.get("value"), row.get("limit_value"), row.get("verdict")
    row["pollutant"] = known_name(row["pollutant"])
    if value is None or limit is None:
        return []
    over = value > limit and row.get("qualifier") != "below"
    if verdict is None:
        row["verdict"] = "exceeded" if over else "ok"
    elif verdict == "ok" and over:
        return [Fault("verdict", f"监测值 {value:g} 超过限值 {limit:g}，评价却是“达标”")]
    elif verdict == "exceeded" and not over:
        return [Fault("verdict", f"监测值 {value:g} 未超过限值 {limit:g}，评价却是“超标”")]
    return []


def check(part: Part, said: Mapping[str, Any]) -> tuple[Row, list[Fault]]:
    """Return a row as it is stored, and all that is wrong with it.

    Parameters
    ----------
    part : Part
        Of the file.
    said : mapping
        Field → what somebody entered: text, numbers, days; of enums code or label.
    """
    known = {field.name for field in part.fields}
    faults = [Fault(name, "没有这一项") for name in said if name not in known]
    row: Row = {}
    for field in part.fields:
        try:
            row[field.name] = value_of(field, said.get(field.name))
        except ValueError as error:
            faults.append(Fault(field.name, str(error)))
    if not faults and part.table == "monitoring_results":
        faults += _judged(row)
    return row, faults
