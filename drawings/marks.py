"""Points and the texts beside them: one mark drawn as two entities is one feature."""

from collections import defaultdict
from collections.abc import Sequence
from statistics import median

import numpy as np
import shapely
from ezdxf.entities.dxfentity import DXFEntity
from shapely.geometry import Point

from drawings.curves import anchor, anchor_z
from drawings.facts import text_of
from drawings.frames import Frame
from drawings.ledger import Ledger, finding, handle_of, layer_of, place_of
from drawings.making import made
from drawings.sorting import Item
from gis.kinds import KINDS

AGREE = 0.05
"""Numbers that differ by no more say the same: a text is rounded to the centimetre."""


def placed(entities: Sequence[DXFEntity], frame: Frame) -> list[Point | None]:
    """Return where entities stand, EPSG:4545 metres; None where one has no place, or none that is a number."""
    found = [(index, at) for index, at in enumerate(map(anchor, entities)) if at is not None]
    drawn = np.array([at for _, at in found], dtype=float).reshape(-1, 2)
    held = frame.held(drawn)
    places: list[Point | None] = [None] * len(entities)
    numbers = np.array([index for index, _ in found], dtype=int)[held].tolist()
    for index, point in zip(numbers, shapely.points(frame.xy(drawn[held])).tolist(), strict=True):
        places[index] = point
    return places


def _places(items: Sequence[Item], frame: Frame) -> dict[str, Point]:
    """Return handle → place in EPSG:4545 metres, of those that have one."""
    places = placed([item.entity for item in items], frame)
    return {handle_of(item.entity): place for item, place in zip(items, places, strict=True) if place is not None}


def _nearest(from_: dict[str, Point], to: dict[str, Point], reach: float, said: dict[str, str]) -> dict[str, str]:
    """Return each one's nearest within reach; of several as near the southernmost, then the westernmost, then by what it says."""
    names = list(to)
    tree = shapely.STRtree(list(to.values()))
    pairs = tree.query(list(from_.values()), predicate="dwithin", distance=reach).T.tolist()
    best: dict[str, tuple[float, float, float, str]] = {}
    chosen: dict[str, str] = {}
    handles = list(from_)
    for one, other in pairs:
        name = names[other]
        # Handles change when a drawing is saved again, places do not; of two in one place that say the same it does not matter which.
        rank = round(from_[handles[one]].distance(to[name]), 6), round(to[name].y, 3), round(to[name].x, 3), said[name]
        if handles[one] not in best or rank < best[handles[one]]:
            best[handles[one]], chosen[handles[one]] = rank, name
    return chosen


def pair_marks(spots: Sequence[Item], frame: Frame, ledger: Ledger) -> tuple[list[Item], dict[str, Item]]:
    """Pair each text with the point that it is written beside, where its rule says so (`marks_m`).

    A pair is two of one layer and one kind, each the other's nearest. The point gives the place, the text the values; W211 tells where
    the two say different things.

    Returns
    -------
    spots : list of Item
        What is left to be features, without the points that found their text.
    marks : dict
        Handle of a text → the point beside it.
    """
    texts: defaultdict[tuple[str, str, float], list[Item]] = defaultdict(list)
    points: defaultdict[tuple[str, str], list[Item]] = defaultdict(list)
    for item in spots:
        rule, kind = item.making.rule, item.making.kind
        if rule is None or kind is None:
            continue
        if text_of(item.entity) is None:
            points[layer_of(item.entity), kind.name].append(item)
        elif rule.marks_m is not None:
            texts[layer_of(item.entity), kind.name, rule.marks_m].append(item)
    marks: dict[str, Item] = {}
    for (layer, kind_name, reach), written in texts.items():
        free = {handle_of(item.entity): item for item in points[layer, kind_name]}
        for taken in marks.values():
            free.pop(handle_of(taken.entity), None)
        texts_at, points_at = _places(written, frame), _places(list(free.values()), frame)
        if not texts_at or not points_at:
            continue
        words = {handle_of(item.entity): text_of(item.entity) or "" for item in written}
        levels = {handle: f"{anchor_z(item.entity) or 0.0:.6f}" for handle, item in free.items()}
        beside, named = _nearest(texts_at, points_at, reach, levels), _nearest(points_at, texts_at, reach, words)
        pairs = {text: point for text, point in beside.items() if named[point] == text}
        marks |= {text: free[point] for text, point in pairs.items()}
        _compare([(item, marks[handle_of(item.entity)]) for item in written if handle_of(item.entity) in pairs], ledger)
    taken_up = {handle_of(item.entity) for item in marks.values()}
    return [item for item in spots if handle_of(item.entity) not in taken_up], marks


def _compare(pairs: Sequence[tuple[Item, Item]], ledger: Ledger) -> None:
    """Warn, once an attribute, of marks whose two entities say different numbers."""
    differ: defaultdict[str, list[tuple[float, Item]]] = defaultdict(list)
    for text, point in pairs:
        said, drawn = made(text, Ledger()), made(point, Ledger())
        if said is None or drawn is None:
            continue
        for name, value in said["attributes"].items():
            other = drawn["attributes"].get(name)
            if isinstance(value, float) and isinstance(other, float) and abs(other - value) > AGREE:
                differ[name].append((other - value, text))
    for name, rows in differ.items():
        first = rows[0][1]
        kind = KINDS[first.making.kind.name] if first.making.kind else None
        label = kind.attribute(name).label if kind else name
        message = f"{len(rows)} 个点与旁注文字的{label}不一致（点比文字大，中位数 {median(row[0] for row in rows):.3f}），已按文字"
        hint = "请核对点的 Z；没有旁注文字的点可在对照文件里以 {z:±差值} 改正"
        ledger.issues.append(finding("W211", message, hint, place_of(first.entity)))
