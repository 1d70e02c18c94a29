"""The live stream: the change log as server-sent events.

One hub a process reads the log once, encodes each change once, and hands frames to all clients. A client joins at a position, gets what
lies between from the database, then the frames of the hub; its list of events is the log.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

from api.answers import encoded
from api.following import Connect, follow
from gis.store.changes import CITY, FALLBACK_S, Change, Position, changes_after, last_position, log_after, stands
from gis.store.connect import reading
from gis.store.read import states, versions

log = logging.getLogger(__name__)

FRAME_S = 0.05
"""A frame goes out at once where none went out before it for so long; else what gathers meanwhile is the next one."""
HELD_BACK_S = 0.05
READ = 1000
"""Rows read at once for all."""
BACKLOG = 500
"""Rows read at once for a client that resumes."""
PENDING = 2000
"""Frames that may wait for a slow client before it is cut; it resumes where it was."""

BEAT = b"event: beat\ndata: {}\n\n"
"""Says that the stream stands; an event, as a browser tells a page of no comment. Without an id, so that it is no position."""

OPS = {"close": "delete", "leave": "delete"}
"""What the log tells apart and the browser need not: a feature that is closed, or given to another enterprise, is gone from its list."""


@dataclass(frozen=True, slots=True)
class Event:
    """A change, ready to send."""

    change: Change
    data: bytes


@dataclass(eq=False, slots=True)
class Batch:
    """Changes that go out at once; what a scope sees of them is put together once for all who have it."""

    events: list[Event]
    seen: dict[str, bytes] = field(default_factory=dict)

    @property
    def last(self) -> Position:
        """Where the newest of them stands."""
        return self.events[-1].change.position

    def visible(self, scope: str, after: Position) -> bytes:
        """Return what a client of a scope gets, who has all up to a position."""
        if after >= self.events[0].change.position:
            return _seen(self.events, scope, after)
        found = self.seen.get(scope)
        if found is None:
            found = self.seen[scope] = _seen(self.events, scope, after)
        return found


@dataclass(eq=False, slots=True)
class Subscriber:
    """A client's place in the hub."""

    joined: Position
    frames: asyncio.Queue[Batch | None] = field(default_factory=lambda: asyncio.Queue(PENDING))


def frame(event_id: str, name: str, payload: object) -> bytes:
    """Return one server-sent event (HTML Living Standard, §9.2)."""
    return b"id: %b\nevent: %b\ndata: %b\n\n" % (event_id.encode(), name.encode(), encoded(payload))


async def events(connection: AsyncConnection, store: str, changes: Sequence[Change]) -> list[Event]:
    """Encode changes; states and versions are those of now: the newest is what a viewer needs."""
    changed = [change.feature_id for change in changes if change.op == "state"]
    baked = [change.feature_id for change in changes if change.op == "tileset"]
    state = await states(connection, changed) if changed else {}
    version = await versions(connection, baked) if baked else {}
    return [Event(change, _encoded(change, store, state.get(change.feature_id), version.get(change.feature_id))) for change in changes]


def _encoded(change: Change, store: str, state: object, version: str | None) -> bytes:
    place: dict[str, object] = {"feature_id": change.feature_id, "enterprise_id": change.enterprise_id, "kind": change.kind}
    event_id = change.position.event_id(store)
    if change.op == "state":
        return frame(event_id, "state", place | {"state": state, "bbox": change.bbox})
    if change.op == "tileset":
        if change.kind == CITY:
            return frame(event_id, "city", {"version": version, "url": city_url(version) if version else None})
        url = tileset_url(change.feature_id, version) if version else None
        return frame(event_id, "tileset", {"enterprise_id": change.feature_id, "version": version, "url": url})
    return frame(event_id, "change", place | {"layer": change.layer, "op": OPS.get(change.op, change.op), "bbox": change.bbox})


def tileset_url(enterprise_id: UUID, version: str) -> str:
    """Return where a version of an enterprise's tileset is served."""
    return f"/tiles3d/{enterprise_id}/{version}/tileset.json"


def city_url(version: str) -> str:
    """Return where a version of the city's tileset is served."""
    return f"/tiles3d/city/{version}/tileset.json"


class Hub:
    """The reader of the change log, and the clients that listen to it."""

    def __init__(self, connect: Connect, store: str) -> None:
        self.connect = connect
        self.store = store
        self.position = Position(0, 0)
        self.subscribers: set[Subscriber] = set()

    async def start(self, connection: AsyncConnection) -> None:
        """Begin at the end of the log."""
        self.position = await last_position(connection)

    async def run(self) -> None:
        """Follow the log for ever, through restarts of the database."""
        await follow(self.connect, "the live stream", log, self._follow)

    async def _follow(self, connection: AsyncConnection) -> None:
        clock = asyncio.get_running_loop().time
        sent_at = clock() - FRAME_S
        while True:
            # Asked before the log is read: what is let go between the two is read. Asked after, nothing would say that it is there.
            held, changes = await log_after(connection, self.position, READ)
            while changes:
                batch = await events(connection, self.store, changes)
                self.position = changes[-1].position
                self._send(Batch(batch))
                sent_at = clock()
                changes = await changes_after(connection, self.position, READ) if len(changes) == READ else []
            wait = HELD_BACK_S if held else FALLBACK_S
            async for _ in connection.notifies(timeout=wait, stop_after=1):
                await asyncio.sleep(max(0.0, sent_at + FRAME_S - clock()))

    def _send(self, batch: Batch) -> None:
        for subscriber in list(self.subscribers):
            try:
                subscriber.frames.put_nowait(batch)
            except asyncio.QueueFull:
                self.leave(subscriber)
                _empty(subscriber.frames).put_nowait(None)

    def join(self) -> Subscriber:
        """Add a client at the hub's position."""
        subscriber = Subscriber(self.position)
        self.subscribers.add(subscriber)
        return subscriber

    def leave(self, subscriber: Subscriber) -> None:
        """Remove a client; one that left already is no error."""
        self.subscribers.discard(subscriber)

    def close(self) -> None:
        """Send all clients away: they resume elsewhere, or when the server is back."""
        for subscriber in list(self.subscribers):
            self.leave(subscriber)
            _empty(subscriber.frames).put_nowait(None)


def _empty(queue: asyncio.Queue[Batch | None]) -> asyncio.Queue[Batch | None]:
    while not queue.empty():
        queue.get_nowait()
    return queue


def _seen(batch: Sequence[Event], scope: str, after: Position) -> bytes:
    return b"".join(event.data for event in batch if event.change.position > after and event.change.visible_in(scope))


async def _known(hub: Hub, pool: AsyncConnectionPool[AsyncConnection], store: str, position: Position) -> bool:
    """Tell whether a client's position is one of this store's log."""
    if store != hub.store:
        return False
    async with reading(pool) as connection:
        return await stands(connection, position)


async def stream(
    hub: Hub, pool: AsyncConnectionPool[AsyncConnection], scope: str, after: tuple[str, Position] | None
) -> AsyncIterator[bytes]:
    """Yield what a client of a scope should get from a position on.

    Parameters
    ----------
    hub, pool
        Of this process.
    scope : str
        Of the caller.
    after : tuple of str and Position, optional
        Store and position of the last event the client has; from now on without it.
    """
    subscriber = hub.join()
    try:
        sent = subscriber.joined
        if after is not None and (after == (hub.store, sent) or await _known(hub, pool, *after)):
            sent = after[1]
        elif after is not None:
            yield frame(sent.event_id(hub.store), "reset", {})
        yield f"retry: 1000\nid: {sent.event_id(hub.store)}\n\n".encode()
        while sent < subscriber.joined:
            async with reading(pool) as connection:
                changes = await changes_after(connection, sent, BACKLOG)
                batch = await events(connection, hub.store, changes)
            if not batch:
                break
            yield _seen(batch, scope, sent)
            sent = batch[-1].change.position
        clock = asyncio.get_running_loop().time
        due = clock() + FALLBACK_S
        while True:
            try:
                # `wait_for` would make a task of each wait. Frames that say nothing to this scope are no sign of life.
                async with asyncio.timeout_at(due):
                    waiting = await subscriber.frames.get()
            except TimeoutError:
                yield BEAT
                due = clock() + FALLBACK_S
                continue
            if waiting is None:
                return
            if data := waiting.visible(scope, sent):
                yield data
                due = clock() + FALLBACK_S
            sent = max(sent, waiting.last)
    finally:
        hub.leave(subscriber)
