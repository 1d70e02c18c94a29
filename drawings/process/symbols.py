"""The symbols of a flow sheet that is not by the norm: what block references and touching strokes stand for, and where they are.

All coordinates are sheet units, as drawn.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import shapely
from ezdxf import bbox
from ezdxf.entities.dxfentity import DXFEntity
from ezdxf.entities.insert import Insert
from ezdxf.entities.leader import Leader
from ezdxf.entities.mtext import MText
from ezdxf.entities.text import Text
from shapely.affinity import rotate
from shapely.geometry.base import BaseGeometry

from drawings.curves import anchor, curve_of
from drawings.facts import block_of, text_of
from drawings.ledger import Ledger, handle_of, layer_of
from drawings.making import made
from drawings.sorting import Item

SAGITTA = 0.05
"""Of strokes, sheet units: a tenth of the finest symbol."""
LETTER = 0.9
"""Width of a letter by its height, on the average."""

Xy = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Symbol:
    """A node of a flow sheet."""

    outline: BaseGeometry
    """What it covers: the box of a block, the hull of strokes."""
    facts: dict[str, Any]
    """Fields of its feature, as `drawings.making.made` gives them."""
    layer: str
    handles: tuple[str, ...]
    """Of all entities that draw it, the first one's first."""
    block: str = ""
    label: str | None = None
    """Handle of the text that names it."""

    @property
    def middle(self) -> Xy:
        """Of its box."""
        west, south, east, north = self.outline.bounds
        return round((west + east) / 2, 3), round((south + north) / 2, 3)


@dataclass(frozen=True, slots=True)
class Word:
    """A text that belongs to something near it."""

    text: str
    box: BaseGeometry
    facts: dict[str, Any]
    handles: tuple[str, ...]
    """Of the text, and of the leader that leads from it."""
    layer: str
    height: float
    """Of its letters."""
    leads: shapely.Point | None = None
    """What its leader points at."""

    @property
    def at(self) -> shapely.Point:
        """Where what it speaks of is nearest."""
        return self.leads or self.box.centroid


@dataclass(frozen=True, slots=True)
class Arrow:
    """The head of an arrow: a block whose insertion point is its tip."""

    tip: Xy
    tail: Xy
    """Middle of its box, which lies behind the tip."""
    handle: str


@dataclass(slots=True)
class Sheet:
    """What a mapping finds on a flow sheet."""

    symbols: list[Symbol] = field(default_factory=list)
    pipes: list[tuple[shapely.LineString, dict[str, Any], str, str]] = field(default_factory=list)
    """Line, fields, handle and layer of each."""
    arrows: list[Arrow] = field(default_factory=list)
    names: list[Word] = field(default_factory=list)
    """Of nodes."""
    labels: list[Word] = field(default_factory=list)
    """Of streams."""
    leaders: list[tuple[shapely.Point, shapely.Point, str]] = field(default_factory=list)
    """What each points at, where its text is, and its handle."""


def is_text(entity: DXFEntity) -> bool:
    """Say whether an entity is written."""
    return isinstance(entity, (Text, MText))


def box_of(insert: Insert) -> BaseGeometry | None:
    """Return the box of what a block reference shows without its attributes, None where it shows nothing."""
    extents = bbox.extents(insert.virtual_entities(), fast=True)
    if not extents.has_data:
        return None
    (west, south, _), (east, north, _) = extents.extmin, extents.extmax
    return shapely.box(west, south, east, north)


def line_of(entity: DXFEntity) -> shapely.LineString | None:
    """Return the line that an entity draws, None where it draws none."""
    curve = curve_of(entity, SAGITTA)
    if curve is None or not curve.sound or len(curve.line) < 2:
        return None
    points = np.vstack([curve.line, curve.line[:1]]) if curve.closed else curve.line
    line = shapely.LineString(points)
    return line if line.length > 0 else None


def _word(entity: DXFEntity, facts: dict[str, Any]) -> Word:
    text = text_of(entity) or ""
    dxf: Any = entity.dxf
    height = float(dxf.char_height if isinstance(entity, MText) else dxf.height)
    turn = np.radians(float(dxf.get("rotation", 0.0)))
    x, y, _ = dxf.insert
    box = shapely.box(x, y, x + len(text) * height * LETTER, y + height)
    return Word(text, rotate(box, turn, (x, y), use_radians=True), facts, (handle_of(entity),), layer_of(entity), height)


def _place_first(item: Item) -> tuple[Any, ...]:
    """Sort by what is drawn, so that nothing depends on handles."""
    entity = item.entity
    line = None if isinstance(entity, Insert) or is_text(entity) else line_of(entity)
    bounds = line.bounds if line is not None else anchor(entity) or ()
    return tuple(round(float(value), 3) for value in bounds), entity.dxftype(), text_of(entity) or "", block_of(entity) or ""


def read_sheet(items: Sequence[Item], touch: float, ledger: Ledger) -> Sheet:
    """Return what the items of a flow sheet are, by the rules that chose them.

    As a node: a block reference is a symbol, strokes that touch are one, a text names the strokes beside it. As a stream: a line is a pipe,
    a block reference is the head of an arrow, a text says what flows beside it, or where its leader points.

    Parameters
    ----------
    items : sequence of Item
        Of the kinds `process_node` and `process_stream`.
    touch : float
        How near strokes must come to be of one thing, sheet units.
    ledger : Ledger
        Told what draws nothing.
    """
    sheet, strokes = Sheet(), list[tuple[shapely.LineString, Item]]()
    for item in sorted(items, key=_place_first):
        entity, facts = item.entity, made(item, ledger)
        node = item.making.kind is not None and item.making.kind.name == "process_node"
        if facts is None:
            ledger.refused.add(handle_of(entity))
        elif isinstance(entity, Insert):
            box = box_of(entity)
            if box is None:
                ledger.ignore(entity, "图块里没有图形")
            elif node:
                block = str(entity.dxf.name)
                sheet.symbols.append(Symbol(box, facts, layer_of(entity), (handle_of(entity),), block))
            else:
                x, y, _ = entity.dxf.insert
                sheet.arrows.append(Arrow((x, y), (box.centroid.x, box.centroid.y), handle_of(entity)))
        elif isinstance(entity, Leader):
            first, *_, last = (shapely.Point(x, y) for x, y, *_ in entity.vertices)
            sheet.leaders.append((first, last, handle_of(entity)))
        elif is_text(entity):
            (sheet.names if node else sheet.labels).append(_word(entity, facts))
        elif (line := line_of(entity)) is None:
            ledger.ignore(entity, "没有长度的线")
        elif node:
            strokes.append((line, item))
        else:
            sheet.pipes.append((line, facts, handle_of(entity), layer_of(entity)))
    sheet.symbols += _of_strokes(strokes, touch, ledger)
    return sheet


def _of_strokes(strokes: Sequence[tuple[shapely.LineString, Item]], touch: float, ledger: Ledger) -> Iterator[Symbol]:
    """Yield a symbol for each set of strokes of one rule that touch."""
    if not strokes:
        return
    lines = np.array([line for line, _ in strokes], dtype=object)
    group = list(range(len(strokes)))

    def root(index: int) -> int:
        while group[index] != index:
            group[index] = group[group[index]]
            index = group[index]
        return index

    for one, other in shapely.STRtree(lines).query(lines, predicate="dwithin", distance=touch).T.tolist():
        if strokes[one][1].making.rule is strokes[other][1].making.rule:
            first, second = sorted((root(one), root(other)))
            group[second] = first
    members: defaultdict[int, list[int]] = defaultdict(list)
    for index in range(len(strokes)):
        members[root(index)].append(index)
    for indices in members.values():
        facts = made(strokes[indices[0]][1], ledger)
        if facts is not None:
            hull = shapely.MultiLineString(lines[indices].tolist()).convex_hull
            entities = [strokes[index][1].entity for index in indices]
            yield Symbol(hull, facts, layer_of(entities[0]), tuple(map(handle_of, entities)))


def named(symbols: Sequence[Symbol], names: Sequence[Word], within: float) -> tuple[list[Symbol], list[Word]]:
    """Return the symbols, those of strokes under the names written in or beside them, and the names that belong to none.

    Each name takes the nearest symbol of strokes that has none, the largest of several as near.
    """
    found, homeless = list(symbols), list[Word]()
    free = {index for index, one in enumerate(symbols) if not one.block}
    for word in names:
        away = {index: round(found[index].outline.distance(word.at), 2) for index in free}
        near = min((index for index in free if away[index] <= within), key=lambda i: (away[i], -found[i].outline.length), default=None)
        if near is None:
            homeless.append(word)
            continue
        free.discard(near)
        facts = found[near].facts | {key: value for key, value in word.facts.items() if key in ("code", "name", "attributes") and value}
        found[near] = replace(found[near], facts=facts, label=word.handles[0])
    return found, homeless


def led(labels: Sequence[Word], leaders: Sequence[tuple[shapely.Point, shapely.Point, str]]) -> tuple[list[Word], list[str]]:
    """Return labels with the leaders that lead from them, and the handles of the leaders of none.

    A leader belongs to the label that its last point is nearest to, where it is no farther from that than a line of text.
    """
    found, idle = list(labels), list[str]()
    for tip, end, handle in leaders:
        near = min(range(len(found)), key=lambda index: found[index].box.distance(end), default=None)
        if near is None or found[near].leads is not None or found[near].box.distance(end) > found[near].height:
            idle.append(handle)
        else:
            found[near] = replace(found[near], leads=tip, handles=(*found[near].handles, handle))
    return found, idle
