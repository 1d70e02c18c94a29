"""All features of a kind as one tileset with an implicit quadtree: made batch by batch, on any number of workers.

What is in memory is where each feature lies, 48 bytes, and one batch a worker. Everything lies below the name of the version, which
tells all that the bytes follow from; `tileset.json`, written last, leads to it. A bake that was stopped, however, leaves behind which
batches are done; the next of the same version goes on there, and ends with the same bytes.
"""

import asyncio
import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import NDArray
from psycopg import AsyncConnection

from gis.crew import Crew
from gis.errors import Invalid, NotFound
from gis.kinds import KINDS, Kind
from gis.settings import Settings
from gis.store import yards
from gis.store.outlines import Outlines, outlines, shared, stamp
from tiles.delivered import ENTRY
from tiles.glb import compact
from tiles.layer.making import Batch, Order, make
from tiles.layer.quadtree import Node, Root, batches, nodes, root_error_m, root_of
from tiles.layer.subtrees import CLASS as TILE
from tiles.layer.subtrees import LEVELS, Place, subtrees, tile_class
from tiles.metadata import CLASS, schema
from tiles.object_store import Objects, objects_at
from tiles.recipe import recipe
from tiles.table import Told, statistics, together
from tiles.terrain.relief import METRES_A_DEGREE
from tiles.terrain.service import open_terrain
from tiles.tileset import SCHEMA

AT_ONCE = 4096
"""Features of a batch: some seconds of work, some dozen MB."""

Step = Callable[[int, int], None]
"""Told how many batches are done, of how many."""


@dataclass(frozen=True, slots=True)
class Layer:
    """What a bake of a layer came to."""

    version: str
    features: int
    tiles: int
    resumed: int
    """Batches that an earlier bake had done."""
    left_out: tuple[str, ...]
    """Features on which no solid can stand, and why."""


def kind_named(name: str) -> Kind:
    """Return a kind that a layer can show; raises Invalid."""
    kind = KINDS.get(name)
    if kind is None or kind.form == "none" or kind.schematic:
        known = ", ".join(kind.name for kind in KINDS.values() if kind.form != "none" and not kind.schematic)
        raise Invalid("--layer", f"没有可以做成三维图层的要素类 {name}；有 {known}")
    return kind


def _sizes_m(boxes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how large each box is across, metres."""
    width = (boxes[:, 2] - boxes[:, 0]) * METRES_A_DEGREE * np.cos(np.radians((boxes[:, 1] + boxes[:, 3]) / 2))
    sizes: NDArray[np.float64] = np.hypot(width, (boxes[:, 3] - boxes[:, 1]) * METRES_A_DEGREE)
    return sizes


def planned(found: Outlines, order: Order) -> tuple[Root, list[Node], list[Batch]]:
    """Return the tree of features, its tiles, and the batches in which they are made."""
    boxes = found.boxes
    places = (boxes[:, :2] + boxes[:, 2:]) / 2
    root = root_of(places)
    tree = list(nodes(places, _sizes_m(boxes), root))
    runs = batches(tree, AT_ONCE)
    listed = [
        Batch(order, number, tuple(((node.level, node.x, node.y), found.ids[node.rows].tobytes()) for node in run))
        for number, run in enumerate(runs)
    ]
    return root, tree, listed


async def _found(connection: AsyncConnection, kind: Kind) -> Outlines:
    """Return where all features of a kind lie; raises NotFound where there is none."""
    found = await outlines(connection, kind)
    if not len(found.ids):
        raise NotFound(f"库中没有{kind.label}")
    return found


def _code() -> str:
    """Return a digest of the code that makes a layer, beside that of the tiles."""
    entries = sorted((entry.name, entry.read_bytes()) for entry in files("tiles.layer").iterdir() if entry.name.endswith(".py"))
    return hashlib.sha256(b"".join(name.encode() + content for name, content in entries)).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class _Result:
    """What the batches told, put together."""

    regions: dict[Place, NDArray[np.float64]]
    tables: list[Told]
    left_out: tuple[str, ...]


def _collected(objects: Objects, records: Iterable[str]) -> _Result:
    regions, tables, left_out = dict[Place, NDArray[np.float64]](), list[Told](), list[str]()
    for record in records:
        said = json.loads(objects.get(record) or b"")
        regions |= {(tile["place"][0], tile["place"][1], tile["place"][2]): np.array(tile["region"]) for tile in said["tiles"]}
        numbers = {name: np.array(values, float) for name, values in said["numbers"].items()}
        tables.append(Told(said["count"], numbers, {name: Counter(counts) for name, counts in said["occurrences"].items()}))
        left_out += said["left_out"]
    return _Result(regions, tables, tuple(left_out))


def _document(order: Order, root: Root, error_m: float, result: _Result) -> dict[str, Any]:
    regions, levels = np.array(list(result.regions.values())), max(place[0] for place in result.regions) + 1
    heights = [float(regions[:, 4].min()), float(regions[:, 5].max())]
    west, south, east, north = np.radians(root.rectangle(0, 0, 0)).tolist()
    error_m = round(max(error_m, 1.0), 3)
    template = f"{order.version}/{{}}/{{level}}/{{x}}/{{y}}.{{}}"
    return {
        "asset": {"version": "1.1", "extras": {"generator": "quanjing", "layer": order.kind}},
        "schemaUri": f"{order.version}/{SCHEMA}",
        "statistics": statistics(schema(), CLASS, together(result.tables)),
        "geometricError": error_m,
        "root": {
            "boundingVolume": {"region": [west, south, east, north, *heights]},
            "geometricError": error_m,
            "refine": "ADD",
            "content": {"uri": template.replace("{}", "content", 1).replace("{}", "glb")},
            "implicitTiling": {
                "subdivisionScheme": "QUADTREE",
                "subtreeLevels": LEVELS,
                "availableLevels": levels,
                "subtrees": {"uri": template.replace("{}", "subtrees", 1).replace("{}", "subtree")},
            },
        },
    }


def _finish(objects: Objects, order: Order, root: Root, tree: list[Node], batches_: list[Batch]) -> _Result:
    """Write what leads to the tiles, the entry last, and clear away what was only of use on the way."""
    result = _collected(objects, [batch.record for batch in batches_])
    if not result.regions:
        raise NotFound(f"{KINDS[order.kind].label}：没有一个要素能做成三维实体")
    for (level, x, y), content in subtrees(result.regions).items():
        objects.put(f"{order.version}/subtrees/{level}/{x}/{y}.subtree", content)
    whole = schema()
    objects.put(f"{order.version}/{SCHEMA}", compact({**whole, "classes": {**whole["classes"], TILE: tile_class()}}))
    kept = {_former(objects), order.version}
    objects.put(ENTRY, compact(_document(order, root, root_error_m(tree), result)))
    objects.remove(objects.below(f"{order.version}/work"))
    for name in objects.folders():
        if name not in kept:
            objects.remove(objects.below(name))
    return result


def _former(objects: Objects) -> str | None:
    """Return the version that is shown now; its readers go on for a while."""
    document = objects.get(ENTRY)
    return None if document is None else str(json.loads(document).get("schemaUri", "")).partition("/")[0]


async def bake_layer(
    connection: AsyncConnection, settings: Settings, kind: Kind, out: str, *, crew: Crew, database: str, step: Step
) -> Layer | None:
    """Bring a layer at a place up to the store; None where it is already.

    Parameters
    ----------
    connection : of the owner, in autocommit mode; holds the snapshot that all workers read
    settings : where terrain lies
    kind : what the layer shows
    out : folder or URL, of this layer alone
    crew : who makes the tiles
    database : URL for the workers
    step : is told how far it is

    Raises
    ------
    NotFound
        There is nothing to show.
    """
    objects = objects_at(out)
    folder = settings.data_dir / "terrain"
    terrain = open_terrain(folder)
    async with shared(connection) as snapshot:
        ground = f"{terrain.version} {await yards.stamp(connection)}" if terrain else str(settings.ground_ellipsoid_m)
        said = f"{recipe()} {_code()} {ground} {await stamp(connection, kind)}"
        version = hashlib.sha256(said.encode()).hexdigest()[:16]
        order = Order(kind.name, version, out, database, snapshot, str(folder) if terrain else None, settings.ground_ellipsoid_m)
        if _former(objects) == version:
            return None
        root, tree, listed = planned(await _found(connection, kind), order)
        done = {record for record in objects.below(f"{version}/work") if record.endswith(".json")}
        left = [batch for batch in listed if batch.record not in done]
        step(len(listed) - len(left), len(listed))

        def work() -> None:
            for count, _ in enumerate(crew.each(make, left), len(listed) - len(left) + 1):
                step(count, len(listed))

        await asyncio.to_thread(work)
        result = await asyncio.to_thread(_finish, objects, order, root, tree, listed)
    return Layer(version, sum(table.count for table in result.tables), len(result.regions), len(done), result.left_out)
