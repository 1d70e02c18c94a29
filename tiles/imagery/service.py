"""Imagery as it is served: the layers of a data folder, their tiles kept in memory."""

from collections import OrderedDict
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock

from gis.errors import Invalid, NotFound
from tiles.imagery.layers import FilesLayer, Layer, Mosaic, layers, mosaic
from tiles.imagery.mercator import Box
from tiles.imagery.remote import Remote

KEPT_BYTES = 64 * 2**20
WORLD: Box = (-180.0, -85.0, 180.0, 85.0)


@dataclass(frozen=True, slots=True)
class Shown:
    """A layer as a viewer has to know it."""

    layer: Layer
    bounds: Box
    max_zoom: int
    version: str


@dataclass(slots=True, eq=False)
class Imagery:
    """The layers of a folder; threads may share it."""

    folder: Path
    stamp: tuple[tuple[str, int], ...] = ()
    shown: dict[str, Shown] = field(default_factory=dict)
    sources: dict[str, Mosaic | Remote] = field(default_factory=dict)
    kept: OrderedDict[tuple[str, int, int, int], tuple[bytes, str]] = field(default_factory=OrderedDict, repr=False)
    size: int = 0
    lock: Lock = field(default_factory=Lock, repr=False)

    def list(self) -> list[Shown]:
        """Return the layers that can be shown, opened anew where a document is another; one that can't be opened is left out."""
        with self.lock:
            stamp = tuple((path.name, path.stat().st_mtime_ns) for path in sorted(self.folder.glob("*.json")))
            if stamp != self.stamp:
                self._open()
                self.stamp = stamp
            return list(self.shown.values())

    def _open(self) -> None:
        self.shown, self.sources, self.size = {}, {}, 0
        self.kept.clear()
        for layer in layers(self.folder):
            version = f"{(self.folder / f'{layer.name}.json').stat().st_mtime_ns:x}"
            if not isinstance(layer, FilesLayer):
                self.sources[layer.name] = Remote(layer, self.folder / "fetched")
                self.shown[layer.name] = Shown(layer, WORLD, layer.max_zoom, version)
                continue
            try:
                opened = mosaic(layer)
            except Invalid:
                continue
            self.sources[layer.name] = opened
            self.shown[layer.name] = Shown(layer, opened.bounds, opened.max_zoom, version)

    def tile(self, name: str, z: int, x: int, y: int) -> tuple[bytes, str] | None:
        """Return a tile and its media type, None where the layer shows nothing.

        Raises
        ------
        NotFound
            There is no such layer, or no such tile in any.
        """
        self.list()
        source = self.sources.get(name)
        if source is None:
            raise NotFound(f"没有影像图层 {name}")
        if not (0 <= z <= 22 and 0 <= x < 1 << z and 0 <= y < 1 << z):
            raise NotFound(f"没有瓦片 {z}/{x}/{y}")
        key = (name, z, x, y)
        with self.lock:
            if key in self.kept:
                self.kept.move_to_end(key)
                return self.kept[key]
        found = source.tile(z, x, y)
        if found is not None:
            with self.lock:
                if key not in self.kept:
                    self.kept[key] = found
                    self.size += len(found[0])
                while self.size > KEPT_BYTES:
                    _, (old, _) = self.kept.popitem(last=False)
                    self.size -= len(old)
        return found
