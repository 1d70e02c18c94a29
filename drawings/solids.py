"""Which outline belongs to which label, and which outlines are holes in others."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from shapely import STRtree
from shapely.geometry import Point, Polygon

from drawings.labels import Label
from drawings.outlines import Outline
from gis.geometry.rings import polygon


@dataclass(frozen=True, slots=True)
class Solid:
    """An outline with its holes, and its label where the layer asks for one."""

    outline: Outline
    holes: tuple[Outline, ...]
    label: Label | None
    polygon: Polygon
    """EPSG:4545 metres."""


@dataclass(frozen=True, slots=True)
class Pairing:
    """What belongs together, and what is left over."""

    solids: tuple[Solid, ...]
    unlabelled: tuple[Outline, ...]
    homeless: tuple[Label, ...]
    """Labels that lie in no outline."""
    surplus: tuple[Label, ...]
    """Labels that lie in an outline which already has one."""


def parents(outlines: Sequence[Outline]) -> list[int | None]:
    """Return for each outline the index of the smallest other outline on its layer that contains it."""
    if not outlines:
        return []
    shapes = np.array([outline.polygon for outline in outlines], dtype=object)
    areas = shapely.area(shapes)
    found: list[int | None] = [None] * len(outlines)
    layers: defaultdict[str, list[int]] = defaultdict(list)
    for index, outline in enumerate(outlines):
        layers[outline.layer].append(index)
    for of_layer in map(np.array, layers.values()):
        drawn = shapes[of_layer]
        outer, inner = of_layer[STRtree(drawn).query(drawn)]
        # Not asked is above all whether an outline contains itself: that takes longest to tell.
        may = areas[outer] > areas[inner]
        outer, inner = outer[may], inner[may]
        # Once each, however much lies in it: what is prepared is passed over.
        shapely.prepare(shapes[outer])
        holds = shapely.contains(shapes[outer], shapes[inner])
        for outside, inside in zip(outer[holds].tolist(), inner[holds].tolist(), strict=True):
            best = found[inside]
            if best is None or areas[outside] < areas[best]:
                found[inside] = outside
    return found


def _around(outlines: Sequence[Outline], labels: Sequence[Label]) -> list[list[int]]:
    """Return for each label the outlines around it on layers of its kind, the smallest first."""
    if not outlines:
        return [[] for _ in labels]
    shapes = np.array([outline.polygon for outline in outlines], dtype=object)
    areas = shapely.area(shapes).tolist()
    around: list[list[int]] = [[] for _ in labels]
    points = shapely.points([label.xy for label in labels]) if labels else np.array([], dtype=object)
    # What is asked with is prepared once, however many labels lie in it.
    for outline, number in STRtree(points).query(shapes, predicate="intersects").T.tolist():
        if outlines[outline].layer in labels[number].kind.layers:
            around[number].append(outline)
    return [sorted(inside, key=lambda i: (areas[i], i)) for inside in around]


def _settle(outlines: Sequence[Outline], labels: Sequence[Label], around: list[list[int]]) -> dict[int, int]:
    """Give each outline at most one label: outline index → label index.

    A label wants the smallest outline around it, then the next; an outline wants the label nearest to its middle. That settles nested
    outlines as well as overlapping ones, whose labels lie in both.
    """
    settled: dict[int, int] = {}
    waiting = [(number, 0) for number in range(len(labels))]
    while waiting:
        number, step = waiting.pop()
        if step >= len(around[number]):
            continue
        home = around[number][step]
        middle = outlines[home].polygon.centroid
        rival = settled.get(home)
        if rival is None:
            settled[home] = number
            continue
        first, second = sorted((rival, number), key=lambda i: (middle.distance(Point(labels[i].xy)), i))
        settled[home] = first
        waiting.append((second, around[second].index(home) + 1))
    return settled


def _solid(outline: Outline, holes: list[Outline], label: Label | None) -> Solid:
    shape = polygon(outline.ring, tuple(hole.ring for hole in holes)) if holes else outline.polygon
    return Solid(outline, tuple(holes), label, shape)


def pair(outlines: Sequence[Outline], labels: Sequence[Label]) -> Pairing:
    """Give each label its outline; an unlabelled outline right inside a labelled one is a hole of it."""
    around = _around(outlines, labels)
    settled = _settle(outlines, labels, around)
    label_of = {home: labels[number] for home, number in settled.items()}
    homed = set(settled.values())
    idle = [number for number in range(len(labels)) if number not in homed]
    homeless = [labels[number] for number in idle if not around[number]]
    surplus = [labels[number] for number in idle if around[number]]
    holes: defaultdict[int, list[Outline]] = defaultdict(list)
    unlabelled = []
    for index, parent in enumerate(parents(outlines)):
        if index in label_of:
            continue
        if parent is not None and parent in label_of:
            holes[parent].append(outlines[index])
        else:
            unlabelled.append(outlines[index])
    solids = tuple(_solid(outlines[index], holes[index], label) for index, label in sorted(label_of.items()))
    return Pairing(solids, tuple(unlabelled), tuple(homeless), tuple(surplus))


def nest(outlines: Sequence[Outline]) -> tuple[Solid, ...]:
    """Return unlabelled outlines as solids: those at even depth are outer rings, the next ones down their holes."""
    above = parents(outlines)

    def depth(index: int) -> int:
        parent = above[index]
        return 0 if parent is None else 1 + depth(parent)

    holes: defaultdict[int, list[Outline]] = defaultdict(list)
    outer = []
    for index, outline in enumerate(outlines):
        parent = above[index]
        if depth(index) % 2 == 0:
            outer.append(index)
        elif parent is not None:
            holes[parent].append(outline)
    return tuple(_solid(outlines[index], holes[index], None) for index in outer)
