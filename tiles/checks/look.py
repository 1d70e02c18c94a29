"""Looking into JSON that may be anything: what is there, of which type, within which bounds; what is not is a finding."""

import operator
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from gis.issues import Issue, Severity
from tiles.findings import finding

Kind = Literal["object", "array", "string", "integer", "number", "boolean", "any"]
Resolve = Callable[[str], bytes | None]
"""Relative URI → the bytes there, None where there is nothing to be read."""


def is_number(value: Any) -> bool:
    """Say whether a JSON value is a number that a float can be."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= sys.float_info.max


def is_integer(value: Any) -> bool:
    """Say whether a JSON value is a whole number, as JSON Schema has it: 1.0 is one."""
    return is_number(value) and float(value).is_integer()


KINDS: dict[Kind, Callable[[Any], bool]] = {
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "string": lambda value: isinstance(value, str),
    "integer": is_integer,
    "number": is_number,
    "boolean": lambda value: isinstance(value, bool),
    "any": lambda _: True,
}
IDENTIFIER = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")


@dataclass(slots=True)
class Found:
    """The findings of one file."""

    file: str
    issues: list[Issue] = field(default_factory=list)
    extensions: set[str] = field(default_factory=set)
    """Names of those that are there."""

    def add(self, code: str, where: str, detail: str = "", severity: Severity = Severity.ERROR) -> None:
        """Add a finding at a JSON path."""
        self.issues.append(finding(code, self.file, detail, where or None, severity))

    def warn(self, code: str, where: str, detail: str = "") -> None:
        """Add what is odd but allowed."""
        self.add(code, where, detail, Severity.WARNING)

    @property
    def broken(self) -> bool:
        """Whether there is an error among the findings."""
        return any(issue.severity is Severity.ERROR for issue in self.issues)


@dataclass(frozen=True, slots=True)
class Look:
    """An object of a document, at its path; faults in it are findings of one code."""

    value: Mapping[str, Any]
    path: str
    found: Found
    code: str = "T102"

    def at(self, key: str | int) -> str:
        """Return the path of a member."""
        return f"{self.path}.{key}" if self.path else str(key)

    def fault(self, key: str, detail: str) -> None:
        """Add a finding at a member."""
        self.found.add(self.code, self.at(key), detail)

    def maybe(self, key: str, kind: Kind, **limits: Any) -> Any:
        """Return a member that may be missing, None where it is missing or wrong."""
        if key not in self.value:
            return None
        value = self.value[key]
        if not KINDS[kind](value):
            self.fault(key, f"应为 {kind}")
            return None
        if reason := _beyond(value, **limits):
            self.fault(key, reason)
            return None
        return int(value) if kind == "integer" else value

    def known(self, key: str, kind: Kind, among: Sequence[Any]) -> Any:
        """Return a member that may be missing, of a list that others may add to: what is not in it is odd, and None."""
        value = self.maybe(key, kind)
        if value is None or value in among:
            return value
        self.found.warn(self.code, self.at(key), f"{value} 不在 {'、'.join(map(str, among))} 之中")
        return None

    def need(self, key: str, kind: Kind, **limits: Any) -> Any:
        """Return a member that has to be there, None where it is missing or wrong."""
        if key not in self.value:
            self.fault(key, "缺失")
            return None
        return self.maybe(key, kind, **limits)

    def inner(self, key: str, *, needed: bool = False) -> "Look | None":
        """Return a member that is an object."""
        value = (self.need if needed else self.maybe)(key, "object")
        return None if value is None else Look(value, self.at(key), self.found, self.code)

    def items(self, key: str, *, least: int = 1) -> Iterator["Look"]:
        """Yield the objects of an array that may be missing."""
        for index, value in enumerate(self.maybe(key, "array", least_items=least) or []):
            where = f"{self.at(key)}[{index}]"
            if isinstance(value, dict):
                yield Look(value, where, self.found, self.code)
            else:
                self.found.add(self.code, where, "应为 object")

    def members(self, key: str, *, needed: bool = False) -> Iterator[tuple[str, "Look"]]:
        """Yield the members of an object of objects, at least one."""
        value = (self.need if needed else self.maybe)(key, "object")
        if value is not None and not value:
            self.fault(key, "不得为空")
        for name, one in (value or {}).items():
            if isinstance(one, dict):
                yield name, Look(one, f"{self.at(key)}.{name}", self.found, self.code)
            else:
                self.found.add(self.code, f"{self.at(key)}.{name}", "应为 object")

    def numbers(self, key: str, count: int) -> list[float] | None:
        """Return an array of so many numbers."""
        value = self.maybe(key, "array")
        if value is None:
            return None
        if len(value) != count or not all(map(is_number, value)):
            self.fault(key, f"应为 {count} 个数")
            return None
        return [float(item) for item in value]

    def strings(self, key: str) -> list[str]:
        """Return an array of different strings, at least one."""
        value = self.maybe(key, "array", least_items=1)
        if value is None:
            return []
        if not all(isinstance(item, str) for item in value):
            self.fault(key, "应为 string 的数组")
            return []
        if len(set(value)) != len(value):
            self.fault(key, "有重复")
        return list(value)

    def index(self, key: str, sequence: Sequence[Any], *, needed: bool = False) -> int | None:
        """Return a place in a sequence."""
        value: int | None = (self.need if needed else self.maybe)(key, "integer", least=0)
        if value is not None and value >= len(sequence):
            self.fault(key, f"{value}，只有 {len(sequence)} 项")
            return None
        return value

    def extended(self) -> None:
        """Look whether extensions are objects; extras should be one."""
        if "extras" in self.value and not isinstance(self.value["extras"], dict):
            self.found.warn(self.code, self.at("extras"), "宜为 object")
        for name, value in (self.maybe("extensions", "object") or {}).items():
            if not isinstance(value, dict):
                self.fault(f"extensions.{name}", "应为 object")


def _beyond(
    value: Any,
    *,
    least: float | None = None,
    most: float | None = None,
    over: float | None = None,
    among: Sequence[Any] | None = None,
    least_items: int | None = None,
    least_length: int | None = None,
    pattern: re.Pattern[str] | None = None,
) -> str | None:
    bounds = ((least, operator.lt, "小于"), (over, operator.le, "不大于"), (most, operator.gt, "大于"))
    for bound, wrong, word in bounds:
        if bound is not None and wrong(value, bound):
            return f"{value} {word} {bound}"
    if among is not None and value not in among:
        return f"{value} 不在 {'、'.join(map(str, among))} 之中"
    if (least_items is not None and len(value) < least_items) or (least_length is not None and len(value) < least_length):
        return "太短"
    if pattern is not None and not pattern.fullmatch(value):
        return f"{value!r} 不是标识符"
    return None


def used_extensions(value: Any) -> set[str]:
    """Return the names of all extensions in a document."""
    names: set[str] = set()
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            if isinstance(one.get("extensions"), dict):
                names |= set(one["extensions"])
            waiting += [inner for key, inner in one.items() if key != "extras"]
        elif isinstance(one, list):
            waiting += one
    return names


def told_extensions(look: Look) -> tuple[list[str], list[str]]:
    """Return which extensions an object says are used and required."""
    used, required = look.strings("extensionsUsed"), look.strings("extensionsRequired")
    for name in sorted(set(required) - set(used)):
        look.found.add("T111", look.at("extensionsRequired"), f"{name} 不在 extensionsUsed 中")
    return used, required


def declared(document: Look) -> set[str]:
    """Check which extensions are declared, and that all that are there are; returns those used."""
    used, _ = told_extensions(document)
    there = used_extensions(document.value)
    for name in sorted(there - set(used)):
        document.found.add("T111", document.at("extensionsUsed"), f"未声明 {name}")
    return set(used) | there
