"""Checks of implicit tiling: the root, its subtrees, the contents that they say are there (3D Tiles 1.1, "Implicit tiling")."""

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gis.issues import Severity
from tiles.checks.look import Found, Look
from tiles.checks.reached import Standing, Tileset, beside, check_reached, fetched
from tiles.checks.subtree import Available, Tiling, check_subtree
from tiles.checks.volumes import Volume

MOST_SUBTREES = 5_000
MOST_LEVELS = 12
"""Of a subtree that is looked into."""
TEMPLATE = re.compile(r"{([^}]*)}")
Floats = NDArray[np.float64]


def _templated(look: Look, key: str, uri: str | None, octree: bool, tileset: Tileset) -> bool:
    """Check the variables of a template; returns whether it can be filled in."""
    if uri is None:
        return False
    wanted = {"level", "x", "y", *(["z"] if octree else [])}
    there = set(TEMPLATE.findall(uri))
    for name in sorted(there - wanted):
        look.found.add("T112", look.at(key), f"没有变量 {{{name}}}")
    if wanted - there:
        tileset.found.warn("T112", look.at(key), f"没有用到 {sorted(wanted - there)}")
    return there <= wanted


@dataclass(frozen=True, slots=True)
class Root:
    """An implicit root tile."""

    look: Look
    volume: Volume | None
    frame: Floats
    """Its coordinates to geocentric ones, 4×4."""
    refine: str
    templates: list[tuple[Look, str | None]]
    """Of its contents."""


def check_implicit(root: Root, look: Look, tileset: Tileset) -> None:
    """Find what is wrong with an implicit root, and walk through its subtrees."""
    for key in ("children", "metadata"):
        if key in root.look.value:
            root.look.found.add("T112", root.look.at(key))
    if "sphere" in (root.look.value.get("boundingVolume") or {}):
        root.look.found.add("T112", root.look.at("boundingVolume"), "sphere 不能细分")
    scheme = look.need("subdivisionScheme", "string", among=("QUADTREE", "OCTREE"))
    levels, available = look.need("subtreeLevels", "integer", least=1), look.need("availableLevels", "integer", least=1)
    subtrees = look.inner("subtrees", needed=True)
    uri = subtrees.need("uri", "string") if subtrees is not None else None
    octree = scheme == "OCTREE"
    sound = subtrees is not None and _templated(subtrees, "uri", uri, octree, tileset)
    sound &= sum(not _templated(one, "uri", template, octree, tileset) for one, template in root.templates) == 0
    if not sound or scheme is None or levels is None or available is None or uri is None:
        return
    if levels > MOST_LEVELS:
        tileset.found.warn("T112", look.at("subtreeLevels"), f"{levels} 级，未检查")
        return
    _subtrees(look, tileset, root, Tiling(8 if octree else 4, levels, available, uri, len(root.templates)))


def _filled(template: str, level: int, place: tuple[int, int, int]) -> str:
    names = {"level": level, "x": place[0], "y": place[1], "z": place[2]}
    return TEMPLATE.sub(lambda match: str(names[match[1]]), template)


def _deinterleaved(index: int, level: int, branches: int) -> tuple[int, int, int]:
    """Return the place of a Morton index in its level."""
    bits, place = 3 if branches == 8 else 2, [0, 0, 0]
    for step in range(level):
        for axis in range(bits):
            place[axis] |= (index >> (bits * step + axis) & 1) << step
    return place[0], place[1], place[2]


def _subtrees(look: Look, tileset: Tileset, root: Root, tiling: Tiling) -> None:
    waiting: list[tuple[int, tuple[int, int, int]]] = [(0, (0, 0, 0))]
    walked = 0
    while waiting and walked < MOST_SUBTREES:
        level, place = waiting.pop()
        walked += 1
        uri = _filled(tiling.uri, level, place)
        data = fetched(uri, look.at("subtrees.uri"), tileset)
        if data is None:
            continue
        name, resolve = beside(tileset, uri)
        found = Found(name)
        told = check_subtree(data, found, resolve, tiling, tileset.schema)
        tileset.tally.issues += found.issues
        tileset.found.extensions |= found.extensions
        if told is None:
            continue
        _tiles(told, (level, place), tileset, root, tiling)
        if told.regions is not None:
            _within(told.regions, told, name, tileset, tiling)
        below = level + tiling.subtree_levels
        for index in np.flatnonzero(told.children).tolist():
            if below >= tiling.available_levels:
                tileset.found.add("T603", look.at("availableLevels"), f"第 {below} 级还有子树 {name}")
                break
            inner = _deinterleaved(index, tiling.subtree_levels, tiling.branches)
            waiting.append((below, _under(place, inner, tiling.subtree_levels)))
    if waiting:
        tileset.found.warn("T112", look.at("subtrees"), f"只看了 {walked} 个子树")


def _under(place: tuple[int, int, int], inner: tuple[int, int, int], levels: int) -> tuple[int, int, int]:
    return (place[0] << levels) + inner[0], (place[1] << levels) + inner[1], (place[2] << levels) + inner[2]


def _within(regions: Floats, told: Available, name: str, tileset: Tileset, tiling: Tiling) -> None:
    """Check that a tile's region holds those of its children."""
    rows = np.cumsum(told.tiles) - 1
    apart = Found(name)
    for index in np.flatnonzero(told.tiles)[1:].tolist():
        own, above = (Volume("region", regions[rows[one]]) for one in (index, (index - 1) // tiling.branches))
        if told.tiles[(index - 1) // tiling.branches] and above.holds(own) is False:
            apart.add("T105", f"tileMetadata[{rows[index]}]", severity=Severity.ERROR if tileset.ours else Severity.WARNING)
    tileset.tally.issues += apart.issues


def _leaves(told: Available, tiling: Tiling) -> NDArray[np.bool_]:
    """Say of each tile of a subtree whether nothing is below it."""
    below = np.concatenate([told.tiles[1:], told.children]).reshape(-1, tiling.branches).any(axis=1)
    leaves: NDArray[np.bool_] = ~below
    return leaves


def _tiles(told: Available, where: tuple[int, tuple[int, int, int]], tileset: Tileset, root: Root, tiling: Tiling) -> None:
    """Check the contents that a subtree, at its level and place, says are there."""
    level, place = where
    starts = [(tiling.branches**step - 1) // (tiling.branches - 1) for step in range(tiling.subtree_levels + 1)]
    finest = _leaves(told, tiling) | (root.refine == "ADD")
    rows = np.cumsum(told.tiles) - 1
    templates = [(look, template) for look, template in root.templates if template]
    for bits, (look, template) in zip(told.contents, templates, strict=False):
        for index in np.flatnonzero(bits & told.tiles).tolist():
            step = int(np.searchsorted(starts, index, side="right")) - 1
            here = _under(place, _deinterleaved(index - starts[step], step, tiling.branches), step)
            volume = None
            if told.regions is not None:
                volume = Volume("region", told.regions[rows[index]])
            elif root.volume is not None and not told.described:
                volume = root.volume.divided(level + step, here, octree=tiling.branches == 8)
            volumes = () if volume is None else (volume,)
            standing = Standing(volumes, root.frame, finest=bool(finest[index]), implicit=True)
            check_reached(_filled(template, level + step, here), look, tileset, standing)
