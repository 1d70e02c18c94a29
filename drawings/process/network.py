"""The graph of a flow sheet that is not by the norm, such as a P&ID: pipes followed by geometry from symbol to symbol.

A pipe ends at a symbol within reach, at another pipe (a tee), at a bend, or in the open. Where two ends face each other across a gap, as
where a sheet breaks one of two crossing pipes or leaves room for a fitting, the pipe goes on. What only crosses is not connected.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import combinations, pairwise
from math import dist
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry
from shapely.ops import substring

from drawings.ledger import Ledger, finding
from drawings.process.flows import ALIGNED, Chain, directed
from drawings.process.symbols import Arrow, Sheet, Symbol, Word, Xy, led, named, read_sheet
from drawings.sorting import Item
from gis.issues import Issue, Place
from gis.models.plan import PlanFeature, PlanSource

if TYPE_CHECKING:
    from drawings.mapping import Network

THROUGH = 0.5
"""A pipe that runs through more than this part of a symbol's width is cut there: the symbol sits in it."""

Pieces = list[tuple[shapely.LineString, tuple[str, ...]]]


def _cut_at_symbols(sheet: Sheet, boxes: shapely.STRtree) -> Pieces:
    """Return the pipes without what of them lies under the symbols that sit in them."""
    pieces: Pieces = []
    for line, _, handle, _ in sheet.pipes:
        rest: BaseGeometry = line
        for index in sorted(boxes.query(line, predicate="intersects").tolist()):
            box = sheet.symbols[index].outline
            west, south, east, north = box.bounds
            if line.intersection(box).length > THROUGH * min(east - west, north - south):
                rest = rest.difference(box)
        pieces += [(part, (handle,)) for part in shapely.get_parts(rest).tolist() if part.length > 0]
    return pieces


def _ends(pieces: Pieces) -> list[shapely.Point]:
    return [shapely.Point(line.coords[at]) for line, _ in pieces for at in (0, -1)]


def _cut_at_tees(pieces: Pieces, touching: Sequence[BaseGeometry], reach: float) -> Pieces:
    """Return the pipes cut where the end of another, or a symbol, touches them between their ends."""
    tree = shapely.STRtree([line for line, _ in pieces])
    cuts: defaultdict[int, set[float]] = defaultdict(set)
    for touch in touching:
        for index in tree.query(touch, predicate="dwithin", distance=reach).tolist():
            line = pieces[index][0]
            at = line.project(shapely.shortest_line(line, touch).interpolate(0))
            if reach < at < line.length - reach:
                cuts[index].add(round(at, 6))
    cut: Pieces = []
    for index, (line, handles) in enumerate(pieces):
        marks = [0.0, *sorted(cuts[index]), line.length]
        near = [mark for place, mark in enumerate(marks) if place in (0, len(marks) - 1) or mark - marks[place - 1] > reach]
        cut += [(substring(line, a, b), handles) for a, b in pairwise(near)]
    return cut


def _touching_between(pieces: Pieces, symbols: Sequence[Symbol], boxes: shapely.STRtree, reach: float) -> list[BaseGeometry]:
    """Return the symbols that stand on a pipe's side: within reach of it, and of none of its ends."""
    lines = np.array([line for line, _ in pieces], dtype=object)
    ends = np.array(_ends(pieces), dtype=object).reshape(-1, 2)
    found = set()
    for piece, index in boxes.query(lines, predicate="dwithin", distance=reach).T.tolist():
        outline = symbols[index].outline
        if min(shapely.distance(ends[piece], outline)) > reach:
            found.add(index)
    return [symbols[index].outline for index in sorted(found)]


def _outward(line: shapely.LineString, at: int) -> tuple[Xy, Xy]:
    """Return the end of a line, and the direction in which it would go on there."""
    coords = shapely.get_coordinates(line)
    end, before = (coords[0], coords[1]) if at == 0 else (coords[-1], coords[-2])
    away = end - before
    x, y = (away / np.hypot(*away)).tolist()
    return (float(end[0]), float(end[1])), (x, y)


def _bridges(pieces: Pieces, loose: Sequence[tuple[int, int]], boxes: shapely.STRtree, gap: float) -> Pieces:
    """Return what joins loose ends (piece, end) that face each other within a gap, each the other's nearest, or a symbol."""
    ends = [_outward(pieces[piece][0], at) for piece, at in loose]
    best: dict[int, tuple[float, int]] = {}
    points = shapely.points(np.array([point for point, _ in ends]).reshape(-1, 2))
    for one, other in shapely.STRtree(points).query(points, predicate="dwithin", distance=gap).T.tolist():
        (point, way), (there, back) = ends[one], ends[other]
        ahead = np.subtract(there, point)
        far = float(np.hypot(*ahead))
        if far == 0 or loose[one][0] == loose[other][0]:
            continue
        faces = np.dot(ahead, way) / far >= ALIGNED and -np.dot(ahead, back) / far >= ALIGNED
        if faces and (one not in best or (far, other) < best[one]):
            best[one] = (far, other)
    faced = {one: other for one, (_, other) in best.items() if best.get(other, (0.0, -1))[1] == one}
    bridges: Pieces = [(shapely.LineString([ends[one][0], ends[other][0]]), ()) for one, other in sorted(faced.items()) if one < other]
    for one, ((x, y), (along, up)) in enumerate(ends):
        ray = shapely.LineString([(x, y), (x + along * gap, y + up * gap)])
        hit = [ray.intersection(boxes.geometries[index]) for index in boxes.query(ray, predicate="intersects").tolist()]
        if one not in faced and hit:
            # A drain ends above its funnel.
            bridges.append((shapely.shortest_line(shapely.Point(x, y), min(hit, key=shapely.Point(x, y).distance)), ()))
    return bridges


class _Points:
    """Numbers for places: symbols come first, then wherever ends of pipes meet."""

    def __init__(self, symbols: Sequence[Symbol], boxes: shapely.STRtree, reach: float) -> None:
        self.boxes, self.reach, self.symbols = boxes, reach, len(symbols)
        self.places: list[Xy] = []
        self._cells: defaultdict[tuple[int, int], list[int]] = defaultdict(list)

    def number(self, at: Xy) -> int:
        """Return the number of a place, the same for all within reach."""
        near = self.boxes.query_nearest(shapely.Point(at), max_distance=self.reach, all_matches=False) if self.symbols else []
        if len(near):
            return int(near[0])
        column, row = int(at[0] // self.reach), int(at[1] // self.reach)
        around = (index for x in (-1, 0, 1) for y in (-1, 0, 1) for index in self._cells.get((column + x, row + y), ()))
        known = min((index for index in around if dist(self.places[index], at) <= self.reach), default=None)
        if known is not None:
            return self.symbols + known
        self._cells[column, row].append(len(self.places))
        self.places.append(at)
        return self.symbols + len(self.places) - 1


def _ended(pieces: Pieces, points: _Points) -> list[Chain]:
    return [Chain(line, points.number(line.coords[0]), points.number(line.coords[-1]), handles) for line, handles in pieces]


def _merged(chains: Sequence[Chain], symbols: int) -> list[Chain]:
    """Return chains without bends: where just two meet and there is no symbol they are one."""
    found = {number: chain for number, chain in enumerate(chains) if chain.start != chain.end or chain.start >= symbols}
    at: defaultdict[int, set[int]] = defaultdict(set)
    for number, chain in found.items():
        at[chain.start].add(number)
        at[chain.end].add(number)
    for node in sorted(at):
        if node < symbols or len(at[node]) != 2:
            continue
        one, other = sorted(at[node])
        first, second = found[one], found[other]
        if first.start == first.end or second.start == second.end:
            continue
        first = first if first.end == node else first.turned
        second = second if second.start == node else second.turned
        line = shapely.LineString([*first.line.coords, *second.line.coords])
        whole = Chain(shapely.remove_repeated_points(line, 1e-9), first.start, second.end, (*first.handles, *second.handles))
        del found[other]
        found[one] = whole
        at[node] = set()
        for end in (whole.start, whole.end):
            at[end] = {one if number == other else number for number in at[end]}
    return [found[number] for number in sorted(found)]


def _adjacent(symbols: Sequence[Symbol], boxes: shapely.STRtree, chains: Sequence[Chain], touch: float) -> Iterator[Chain]:
    """Yield a chain for each two symbols that touch, as a valve and its plug, that no pipe joins, nor a tee or a symbol between them."""
    outlines = np.array([one.outline for one in symbols], dtype=object)
    away: dict[frozenset[int], float] = {}
    beside: defaultdict[int, set[int]] = defaultdict(set)
    for one, other in boxes.query(outlines, predicate="dwithin", distance=touch).T.tolist():
        if one < other:
            away[frozenset((one, other))] = round(float(outlines[one].distance(outlines[other])), 3)
            beside[one].add(other)
            beside[other].add(one)
    joined = {frozenset((chain.start, chain.end)) for chain in chains}
    met: defaultdict[int, set[int]] = defaultdict(set)
    for start, end in (sorted(pair) for pair in joined if len(pair) == 2):
        if start < len(symbols) <= end:
            met[end].add(start)
    joined |= {frozenset(pair) for there in met.values() for pair in combinations(sorted(there), 2)}
    for pair in sorted(away.keys() - joined, key=sorted):
        one, other = sorted(pair)
        ways = [sorted((away[frozenset((one, third))], away[frozenset((third, other))])) for third in beside[one] & beside[other]]
        between = any(long <= away[pair] and short < away[pair] for short, long in ways)
        ends = [symbols[one].middle, symbols[other].middle]
        if not between and ends[0] != ends[1]:
            yield Chain(shapely.LineString(ends), one, other, ())


def _followed(sheet: Sheet, how: "Network") -> tuple[list[Chain], list[Xy]]:
    """Return the pipes of a sheet from node to node, and the places of the nodes that are no symbols."""
    symbols = sheet.symbols
    boxes = shapely.STRtree([one.outline for one in symbols])
    pieces = _cut_at_symbols(sheet, boxes)
    pieces = _cut_at_tees(pieces, [*_ends(pieces), *_touching_between(pieces, symbols, boxes, how.reach)], how.reach)
    points = _Points(symbols, boxes, how.reach)
    chains = _ended(pieces, points)
    count: defaultdict[int, int] = defaultdict(int)
    for chain in chains:
        count[chain.start] += 1
        count[chain.end] += 1
    loose = [
        (number, end)
        for number, chain in enumerate(chains)
        for end, node in ((0, chain.start), (-1, chain.end))
        if node >= len(symbols) and count[node] == 1
    ]
    chains += _ended(_bridges(pieces, loose, boxes, how.gap), points)
    chains = _merged(chains, len(symbols))
    # Of two symbols that touch, a branch that stands on a pipe's side is joined to the pipe already.
    return [*chains, *_adjacent(symbols, boxes, chains, how.touch)], points.places


def _at(place: Xy) -> str:
    return f"{place[0]:.1f},{place[1]:.1f}"


def _unlike(wanted: str, taken: set[str]) -> str:
    """Return a code that nothing has yet."""
    code, count = wanted, 1
    while code in taken:
        count += 1
        code = f"{wanted}#{count}"
    taken.add(code)
    return code


def _node(code: str, one: Symbol) -> PlanFeature:
    west, south, east, north = one.outline.bounds
    at, point = one.middle, shapely.Point(one.middle)
    shape = {"type": "insert", "point": [*at], "block": one.block, "rotation": 0.0, "box": [round(east - west, 3), round(north - south, 3)]}
    source = PlanSource(one.handles[0], one.layer, one.label, one.handles if len(one.handles) > 1 else ())
    return PlanFeature("process_node", code, one.facts["name"], point, point, shape, source, attributes=one.facts["attributes"])


def _meeting(code: str, at: Xy, chain: Chain, layer: str) -> PlanFeature:
    point = shapely.Point(at)
    shape = {"type": "insert", "point": [*at], "block": "", "rotation": 0.0, "box": [0.0, 0.0]}
    source = PlanSource(f"{next(iter(chain.handles), '0')}·{_at(at)}", layer)
    return PlanFeature("process_node", code, "", point, point, shape, source, attributes={"node_type": "junction"})


def _way_through(symbol: Symbol, numbers: Sequence[Chain], number: int) -> str:
    """Return the type of a node: what only comes in from beside the sheet is a material, what only leaves for it a product."""
    type_ = str(symbol.facts["attributes"]["node_type"])
    entered = any(chain.end == number for chain in numbers)
    left = any(chain.start == number for chain in numbers)
    if type_ == "material" and entered and not left:
        return "product"
    return type_


def _carried(chains: Sequence[Chain], labels: Sequence[Word], within: float) -> tuple[dict[int, list[Word]], list[Word]]:
    """Return the words on each chain, and those that lie beside none."""
    drawn = [number for number, chain in enumerate(chains) if chain.handles]
    tree = shapely.STRtree([chains[number].line for number in drawn])
    words: defaultdict[int, list[Word]] = defaultdict(list)
    lost = []
    for word in labels:
        near = tree.query_nearest(word.at, max_distance=within, all_matches=False) if drawn else []
        if len(near):
            words[drawn[int(near[0])]].append(word)
        else:
            lost.append(word)
    return words, lost


def network(items: Sequence[Item], how: "Network", ledger: Ledger) -> list[tuple[PlanFeature, list[str]]]:
    """Return the nodes and streams of a flow sheet by a mapping's rules, each with the handles of what it is drawn of.

    Every symbol is a node, so is every tee and every open end of a pipe; a stream is a pipe between two nodes, or two symbols that touch.
    Streams run as the arrows on them say and as follows from that. A node without a code of its own is called after its place, so that it
    keeps its code when others come and go.

    Parameters
    ----------
    items : sequence of Item
        What the mapping makes `process_node` or `process_stream`, sheet units.
    how : Network
        Tolerances.
    ledger : Ledger
        Told of what stays in doubt: W506.
    """
    sheet = read_sheet(items, how.touch, ledger)
    sheet.symbols, homeless = named(sheet.symbols, sheet.names, how.beside)
    chains, places = _followed(sheet, how)
    symbols = sheet.symbols

    def passed(number: int) -> bool:
        return number >= len(symbols) or symbols[number].facts["attributes"]["node_type"] == "device"

    chains, stray = directed(chains, sheet.arrows, passed, how.reach)
    labels, idle = led(sheet.labels, sheet.leaders)
    words, lost = _carried(chains, labels, how.beside)
    ledger.ignored |= dict.fromkeys(idle, "没有标注的引线")
    followed = {handle for chain in chains for handle in chain.handles}
    ledger.ignored |= {handle: "画在图块里的线" for _, _, handle, _ in sheet.pipes if handle not in followed}
    # Who says a code that another has is told so (E206).
    taken = {one.facts["code"] for one in symbols if one.facts["code"]}
    codes = {
        number: one.facts["code"] or _unlike(f"{one.block or one.layer}@{_at(one.middle)}".upper(), taken)
        for number, one in sorted(enumerate(symbols), key=lambda row: row[1].middle)
    }
    used = {end: chain for chain in chains for end in (chain.start, chain.end)}
    pipes = {handle: (facts, layer) for _, facts, handle, layer in sheet.pipes}
    layer_of_pipes = next((layer for _, layer in pipes.values()), "0")
    pieces: list[tuple[PlanFeature, list[str]]] = []
    for number, one in enumerate(symbols):
        attributes = one.facts["attributes"] | {"node_type": _way_through(one, chains, number)}
        feature = _node(codes[number], replace(one, facts=one.facts | {"attributes": attributes}))
        pieces.append((feature, [*one.handles, *([one.label] if one.label else [])]))
    for index, place in enumerate(places):
        number = len(symbols) + index
        if number in used:
            codes[number] = _unlike(f"J@{_at(place)}", taken)
            pieces.append((_meeting(codes[number], place, used[number], layer_of_pipes), []))
    pieces += _streams(chains, codes, words, pipes)
    ledger.issues += [*_open_ends(chains, symbols, places), *_undirected(chains)]
    _unplaced([*homeless, *lost], stray, ledger)
    return pieces


def _streams(
    chains: Sequence[Chain], codes: dict[int, str], words: dict[int, list[Word]], pipes: dict[str, tuple[dict[str, Any], str]]
) -> Iterator[tuple[PlanFeature, list[str]]]:
    taken: set[str] = set()
    for number, chain in enumerate(chains):
        source, target = codes[chain.start], codes[chain.end]
        code = _unlike(f"{source}>{target}", taken)
        facts, layer = next((pipes[handle] for handle in chain.handles if handle in pipes), ({"attributes": {}}, "0"))
        labels = words.get(number, [])
        carries = "、".join(dict.fromkeys(str(word.facts["attributes"].get("carries") or word.text) for word in labels))
        attributes = {"medium": "process"} | facts["attributes"] | {"from_code": source, "to_code": target}
        if carries:
            attributes["carries"] = carries
        handles = [*dict.fromkeys(chain.handles), *(handle for word in labels for handle in word.handles)]
        shape = {"type": "lwpolyline", "points": [[x, y, 0.0] for x, y in chain.line.coords], "closed": False}
        drawn = PlanSource(handles[0] if handles else f"→ {code}", layer, None, tuple(handles) if len(handles) > 1 else ())
        yield (
            PlanFeature("process_stream", code, f"{source} → {target}", chain.line, chain.line, shape, drawn, attributes=attributes),
            handles,
        )


def _open_ends(chains: Sequence[Chain], symbols: Sequence[Symbol], places: Sequence[Xy]) -> Iterator[Issue]:
    """Yield W506 for each end of a pipe at nothing, and for each kind of symbol that no pipe leads to."""
    there: defaultdict[int, list[Chain]] = defaultdict(list)
    for chain in chains:
        there[chain.start].append(chain)
        there[chain.end].append(chain)
    hint = "请在图上接好，或在对照文件里调大 reach、gap"
    for number, met in sorted(there.items()):
        if number >= len(symbols) and len(met) == 1:
            place = Place(handle=next(iter(met[0].handles), None), xy=places[number - len(symbols)])
            yield finding("W506", "管线的端点没有接到任何图块或管线", hint, place)
    alone: defaultdict[str, list[Symbol]] = defaultdict(list)
    for number, one in enumerate(symbols):
        if number not in there:
            alone[one.facts["name"]].append(one)
    for name, ones in alone.items():
        place = Place(layer=ones[0].layer, handle=ones[0].handles[0], xy=ones[0].middle)
        yield finding("W506", f"{len(ones)} 个“{name}”没有接到任何管线", hint, place)


def _undirected(chains: Sequence[Chain]) -> Iterator[Issue]:
    unknown = [chain for chain in chains if not chain.known]
    if unknown:
        place = Place(handle=next((handle for chain in unknown for handle in chain.handles), None), xy=unknown[0].line.coords[0])
        yield finding("W506", f"{len(unknown)} 段管线没有箭头可定流向，按画线方向", "请补画箭头", place)


def _unplaced(words: Sequence[Word], arrows: Sequence[Arrow], ledger: Ledger) -> None:
    """Refuse texts and arrows that belong to nothing."""
    for word in words:
        place = Place(layer=word.layer, handle=word.handles[0], xy=(word.at.x, word.at.y))
        issue = finding("W506", f"“{word.text}”旁边没有它所说的设备或管线", "请移近，或在对照文件里调大 beside", place)
        ledger.refuse(word.handles, issue)
    for arrow in arrows:
        place = Place(handle=arrow.handle, xy=arrow.tip)
        ledger.refuse([arrow.handle], finding("W506", "箭头不在任何管线上", "请把箭头画在管线上", place))
