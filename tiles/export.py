"""The tilesets of now, all of them, in a folder or an object store that any web server can hand out.

`tileset.json` there leads to every enterprise's; `tilesets.json` says which versions they are. Both are written when all else is there.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import numpy as np

from gis.store.bakes import CITY
from tiles.delivered import ENTRY, sphere
from tiles.glb import compact
from tiles.object_store import Objects, ObjectTileStore
from tiles.store import TileStore, owner_name, owner_named

INDEX = "tilesets.json"


@dataclass(frozen=True, slots=True)
class Exported:
    """What an export did."""

    tilesets: int
    new: int
    """Versions that were not there before."""
    removed: int
    """Versions that neither this export nor the one before names."""


def _place(owner: UUID, version: str) -> str:
    return f"{owner_name(owner)}/{version}/{ENTRY}"


def _child(uri: str, document: Mapping[str, Any]) -> tuple[dict[str, Any], tuple[Any, float]] | None:
    """Return the tile that leads to a tileset, and the sphere around it in geocentric metres; None where that can't be told."""
    around = sphere(document["root"])
    if around is None:
        return None
    centre, radius_m = around
    volume = {"sphere": [*np.round(centre, 3).tolist(), float(np.ceil(radius_m + 1))]}
    return {"boundingVolume": volume, "geometricError": document["geometricError"], "content": {"uri": uri}}, around


def overview(documents: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Return the tileset that leads to others.

    Parameters
    ----------
    documents : mapping
        URI of each `tileset.json`, seen from this one → what it says.
    """
    found = [child for uri, document in sorted(documents.items()) if (child := _child(uri, document))]
    centres, radii = np.array([around[0] for _, around in found]), np.array([around[1] for _, around in found])
    middle = (centres.min(axis=0) + centres.max(axis=0)) / 2
    radius_m = float(np.ceil((np.linalg.norm(centres - middle, axis=1) + radii).max() + 2))
    error_m = max(radius_m, *(child["geometricError"] for child, _ in found))
    return {
        "asset": {"version": "1.1", "extras": {"generator": "quanjing"}},
        "geometricError": error_m,
        "root": {
            "boundingVolume": {"sphere": [*np.round(middle, 3).tolist(), radius_m]},
            "geometricError": error_m,
            "refine": "ADD",
            "children": [child for child, _ in found],
        },
    }


def export(current: Mapping[UUID, str], store: TileStore, objects: Objects, step: Callable[[int], None] = lambda _left: None) -> Exported:
    """Copy the current versions; what is there already is left alone, so an export that was stopped goes on where it was.

    Parameters
    ----------
    current : mapping
        Enterprise, or the city (`gis.store.bakes.CITY`) → its version; at least one enterprise.
    store : where they lie
    objects : where they go
    step : is told how many are left
    """
    out = ObjectTileStore(objects)
    former: dict[str, str] = json.loads(objects.get(INDEX) or b"{}")
    documents, new = dict[str, dict[str, Any]](), 0
    for done, (owner, version) in enumerate(sorted(current.items()), 1):
        if not out.stands(owner, version):
            contents = {path: store.get(owner, version, path) for path in store.files(owner, version)}
            files = {path: content for path, content in contents.items() if content is not None}
            out.put(owner, version, files, former.get(owner_name(owner)))
            new += 1
        if owner != CITY:
            documents[_place(owner, version)] = json.loads(out.get(owner, version, ENTRY) or b"")
        step(len(current) - done)
    if documents:
        objects.put(ENTRY, compact(overview(documents)))
    objects.put(INDEX, compact({owner_name(owner): version for owner, version in sorted(current.items())}))
    kept = {(owner_name(owner), version) for owner, version in current.items()} | set(former.items())
    owners = [known for name in objects.folders() if (known := owner_named(name))]
    old = [(known, version) for known in owners for version in out.versions(known) if (owner_name(known), version) not in kept]
    for known, version in old:
        out.remove(known, version)
    return Exported(len(current), new, len(old))
