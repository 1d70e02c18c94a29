"""What is written on a node and on a stream, and how large a box it needs; millimetres."""

import math
import unicodedata
from dataclasses import dataclass
from typing import Literal

from gis.kinds import ENUMS
from gis.models.process import NodeType, ProcessNode, ProcessStream
from gis.pollutants import short_name

NAME_MM, SMALL_MM = 3.2, 3.0
"""Heights of a name and of what stands below it."""
LEADING = 1.42
"""From line to line, by the height of the lower one."""
MARGIN_MM = 1.9
WIDEST = 10.0
"""Of a line, in full-width characters of a name."""
UPGRADED = {"ultra_low": "超低排放", "special": "特别限值", "upgraded": "已提标"}
"""What a treatment was brought to, as its box says it."""
LEAST_MM: dict[NodeType, tuple[float, float]] = {
    "step": (24.0, 10.0),
    "treatment": (26.0, 10.0),
    "pollution": (22.0, 9.0),
    "device": (6.0, 6.0),
    "junction": (1.0, 1.0),
}
"""Smallest boxes."""

Tone = Literal["name", "small", "code"]


@dataclass(frozen=True, slots=True)
class Line:
    """A line of text."""

    text: str
    tone: Tone

    @property
    def height(self) -> float:
        """Of its characters, mm."""
        return NAME_MM if self.tone == "name" else SMALL_MM


def columns(text: str) -> float:
    """Return how wide a text is, in full-width characters."""
    return sum(1.0 if unicodedata.east_asian_width(letter) in "WF" else 0.62 for letter in text)


def wrapped(text: str, widest: float = WIDEST) -> list[str]:
    """Return a text in as few lines as it needs, about equally long; a mark of punctuation begins no line.

    >>> wrapped("烧结机头烟气循环流化床脱硫")
    ['烧结机头烟气循', '环流化床脱硫']
    """
    count = math.ceil(columns(text) / widest - 1e-9)
    share = columns(text) / max(count, 1)
    lines: list[str] = []
    line = ""
    for letter in text:
        if line and len(lines) < count - 1 and columns(line) >= share - 0.3 and letter not in "、，。）)+-/":
            lines.append(line)
            line = ""
        line += letter
    return [*lines, line] if line else lines


def upgraded(node: ProcessNode) -> str:
    """Return what a treatment was brought to, and when, in brackets; empty where nothing is said."""
    return f"（{ENUMS['upgrade_type'][node.upgrade]} {node.upgraded_on}".rstrip() + "）" if node.upgrade else ""


def _pollutants(node: ProcessNode) -> list[Line]:
    listed = "、".join(short_name(one) for one in node.pollutants)
    # A solid waste is what it is called.
    return [] if listed == node.name else [Line(row, "small") for row in wrapped(listed, 13.0)]


def _coded(node: ProcessNode) -> list[Line]:
    codes = " · ".join(part for part in (node.unit_code or "", UPGRADED.get(node.upgrade or "", "")) if part)
    return [Line(codes, "code")] if codes else []


def lines_of(node: ProcessNode) -> tuple[Line, ...]:
    """Return what stands in the box of a node, from above."""
    match node.type:
        case "pollution":
            return (*(Line(row, "name") for row in wrapped(f"{node.code} {node.name}")), *_pollutants(node))
        case "material" | "product":
            amount = [Line(node.amount, "small")] if node.amount else []
            return (*(Line(row, "name") for row in wrapped(node.name, 9.0)), *amount)
        case "junction":
            return ()
        case _:
            return (*(Line(row, "name") for row in wrapped(node.name)), *_coded(node))


def size_of(node: ProcessNode) -> tuple[float, float]:
    """Return width and height of the box of a node, whole half millimetres."""
    lines = lines_of(node)
    wide = max((columns(line.text) * line.height for line in lines), default=0.0) + 2 * MARGIN_MM
    high = sum(line.height * LEADING for line in lines) + MARGIN_MM
    if node.type == "pollution":
        # The warning sign stands beside the words.
        wide += 6.0
    least = LEAST_MM.get(node.type, (14.0, 8.0))
    return tuple(math.ceil(2 * max(one, other)) / 2 for one, other in zip((wide, high), least, strict=True))  # type: ignore[return-value]


def stream_size(stream: ProcessStream) -> tuple[float, float]:
    """Return width and height of the words on a stream."""
    return math.ceil(2 * columns(stream.carries) * SMALL_MM) / 2, SMALL_MM * 1.3
