"""Drafts as the browser follows them: one LISTEN a process, one stream a page."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection, OperationalError
from psycopg_pool import AsyncConnectionPool

from api.answers import encoded
from gis.errors import NotFound
from gis.store import drafts
from gis.store.changes import FALLBACK_S
from gis.store.connect import reading
from gis.store.drafts import Draft

log = logging.getLogger(__name__)

AGAIN_S = 1.0
"""Pause before listening again after a failure."""

Connect = Callable[[], Awaitable[AsyncConnection]]


def view(draft: Draft) -> dict[str, Any]:
    """Return a draft as it is shown, without the texts of its options."""
    hidden = ("author", "scope", "options")
    return {name: getattr(draft, name) for name in Draft.__dataclass_fields__ if name not in hidden}


class Watch:
    """Who waits for news of which draft."""

    def __init__(self, connect: Connect) -> None:
        self.connect = connect
        self.waiting: dict[UUID, set[asyncio.Event]] = {}
        self.closed = False

    async def run(self) -> None:
        """Listen for ever, through restarts of the database; whoever waits looks again after each."""
        while True:
            try:
                async with await self.connect() as connection:
                    await connection.execute(f"LISTEN {drafts.CHANNEL}")
                    self._wake_all()
                    async for notice in connection.notifies():
                        self._wake(UUID(notice.payload))
            except OperationalError as error:
                log.warning("news of drafts can't be heard, and are tried again: %s", error)
            await asyncio.sleep(AGAIN_S)

    def _wake(self, draft_id: UUID) -> None:
        for event in self.waiting.get(draft_id, ()):
            event.set()

    def _wake_all(self) -> None:
        for draft_id in self.waiting:
            self._wake(draft_id)

    @contextmanager
    def news_of(self, draft_id: UUID) -> Iterator[asyncio.Event]:
        """Yield an event that is set whenever a draft changes."""
        event = asyncio.Event()
        self.waiting.setdefault(draft_id, set()).add(event)
        try:
            yield event
        finally:
            self.waiting[draft_id].discard(event)
            if not self.waiting[draft_id]:
                del self.waiting[draft_id]

    def close(self) -> None:
        """Send all clients away: they come again elsewhere, or when the server is back."""
        self.closed = True
        self._wake_all()


def stream(watch: Watch, pool: AsyncConnectionPool[AsyncConnection], draft_id: UUID, author: str) -> AsyncIterator[bytes]:
    """Yield a draft now and after each change, as server-sent events; ends when it is gone."""

    async def row() -> dict[str, Any]:
        async with reading(pool) as connection:
            return view(await drafts.draft(connection, draft_id, author))

    return followed(watch, draft_id, "draft", row)


async def followed(watch: Watch, key: UUID, event: str, look: Callable[[], Awaitable[dict[str, Any]]]) -> AsyncIterator[bytes]:
    """Yield what `look` returns now and after each change, as server-sent events of one name; ends when it is gone."""
    yield b"retry: 1000\n\n"
    last = b""
    with watch.news_of(key) as news:
        while not watch.closed:
            news.clear()
            try:
                row = encoded(await look())
            except NotFound:
                yield b"event: gone\ndata: {}\n\n"
                return
            yield b": beat\n\n" if row == last else b"event: %b\ndata: %b\n\n" % (event.encode(), row)
            last = row
            try:
                async with asyncio.timeout(FALLBACK_S):
                    await news.wait()
            except TimeoutError:
                continue
