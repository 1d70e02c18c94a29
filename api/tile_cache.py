"""Vector tiles in memory: kept until what they show changes, whatever the order in which queries and commits end.

A tile that is being made while something in it changes is made again: it is never kept, so nothing is served from before a commit that
the cache has heard of.
"""

import asyncio
import gzip
import hashlib
import time
from collections import OrderedDict, defaultdict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from gis.store.connect import EVERYWHERE
from gis.store.vector_tiles import Place, TileQuery, covering

Key = tuple[TileQuery, Place]
OVERHEAD = 600
"""Bytes that an entry takes beside its tile."""
TRIES = 3
"""How often a tile is made anew, when what it shows changes meanwhile, before it is handed out as it is."""
DOUBT_S = 0.05
"""How long kept tiles are sent after a commit is announced, while it is found out what it touched; seconds."""
SMALL = 512
"""Bytes below which a packed tile is no shorter."""


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer, ready to send."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes
    wire: bytes
    """Headers and body as HTTP/1.1 has them after the status line and the server's own headers."""


@dataclass(frozen=True)
class Entry:
    """A tile, ready to send."""

    data: bytes
    replies: dict[tuple[bool, bool], Reply] = field(default_factory=dict, compare=False, repr=False)
    """As they were sent before: packed or not, to who has it already or not."""

    @cached_property
    def tag(self) -> bytes:
        """What names these bytes."""
        return hashlib.blake2b(self.data, digest_size=12).hexdigest().encode()

    @cached_property
    def packed(self) -> bytes | None:
        """The same with gzip, None where that is no shorter; packed when it is first wanted."""
        if len(self.data) < SMALL:
            return None
        packed = gzip.compress(self.data, 5, mtime=0)
        return packed if len(packed) < len(self.data) else None


@dataclass(eq=False)
class _Making:
    task: "asyncio.Future[Entry] | None" = None
    stale: bool = False


class TileCache:
    """The tiles of one process.

    Parameters
    ----------
    make : callable
        Reads a tile from the store.
    limit : int
        Bytes that the tiles may take; the longest unused go first.
    """

    def __init__(self, make: Callable[[TileQuery, Place], Awaitable[bytes]], limit: int) -> None:
        self.make = make
        self.limit = limit
        self.size = 0
        self.live = False
        """Whether changes are heard of; while they are not, nothing is kept."""
        self.announced: float | None = None
        """Since when it is being found out what a commit touched (`time.monotonic`)."""
        self.settled = asyncio.Event()
        self.settled.set()
        self.entries: OrderedDict[Key, Entry] = OrderedDict()
        self.places: dict[int, dict[tuple[int, int], set[TileQuery]]] = defaultdict(lambda: defaultdict(set))
        self.making: dict[Key, _Making] = {}

    def find(self, key: Key) -> Entry | None:
        """Return a tile that is kept, unless a commit was announced for so long that it may be one of before."""
        if self.announced is not None and time.monotonic() - self.announced > DOUBT_S:
            return None
        entry = self.entries.get(key)
        if entry is not None:
            self.entries.move_to_end(key)
        return entry

    async def tile(self, key: Key) -> Entry:
        """Return a tile, kept or made; who asks for one that is being made waits for it."""
        entry = self.find(key)
        if entry is None and key in self.entries:
            await self.settled.wait()
            entry = self.find(key)
        if entry is not None:
            return entry
        making = self.making.get(key)
        if making is None:
            making = self.making[key] = _Making()
            making.task = asyncio.ensure_future(self._make(key, making))
        assert making.task is not None, "it was just started"  # noqa: S101
        # One who goes away does not take the tile from the others who wait.
        return await asyncio.shield(making.task)

    async def _make(self, key: Key, making: _Making) -> Entry:
        try:
            for _ in range(TRIES):
                making.stale = False
                entry = Entry(await self.make(*key))
                if not making.stale:
                    break
            if self.live and not making.stale:
                self._keep(key, entry)
            return entry
        finally:
            del self.making[key]

    def _keep(self, key: Key, entry: Entry) -> None:
        query, place = key
        self.entries[key] = entry
        self.places[place.z][place.x, place.y].add(query)
        # The packed form, if it is ever wanted, is shorter than the plain one.
        self.size += 2 * len(entry.data) + OVERHEAD
        while self.size > self.limit:
            self._drop(next(iter(self.entries)))

    def _drop(self, key: Key) -> None:
        query, place = key
        self.size -= 2 * len(self.entries.pop(key).data) + OVERHEAD
        level = self.places[place.z]
        level[place.x, place.y].discard(query)
        if not level[place.x, place.y]:
            del level[place.x, place.y]

    def announce(self) -> None:
        """Note that something was committed, of which `touch` has not told yet."""
        if self.announced is None:
            self.announced = time.monotonic()
            self.settled.clear()

    def settle(self) -> None:
        """Note that all that was announced has been told, or that nothing is kept of before."""
        self.announced = None
        self.settled.set()

    def touch(self, bbox: Sequence[float]) -> None:
        """Forget every tile in which a box may be seen; west, south, east, north in degrees (EPSG:4490)."""
        for z, level in self.places.items():
            left, right, top, bottom = covering(bbox, z)
            if (right - left + 1) * (bottom - top + 1) <= len(level):
                hit = [(x, y) for x in range(left, right + 1) for y in range(top, bottom + 1) if (x, y) in level]
            else:
                hit = [(x, y) for x, y in level if left <= x <= right and top <= y <= bottom]
            for x, y in hit:
                for query in tuple(level[x, y]):
                    self._drop((query, Place(z, x, y)))
        for (_, place), making in self.making.items():
            left, right, top, bottom = covering(bbox, place.z)
            if left <= place.x <= right and top <= place.y <= bottom:
                making.stale = True

    def clear(self, *, scoped: bool = False) -> None:
        """Forget all tiles, or all of those who do not see everything: what belongs to whom has changed."""
        for key in [key for key in self.entries if not scoped or key[0].scope != EVERYWHERE]:
            self._drop(key)
        for (query, _), making in self.making.items():
            if not scoped or query.scope != EVERYWHERE:
                making.stale = True
