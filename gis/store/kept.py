"""What was made of the store's present state, kept as long as nothing has changed."""

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from psycopg import AsyncConnection

T = TypeVar("T")

# What this snapshot sees of the change log: all below the oldest transaction that still runs, and what has committed above it.
VERSION = """(SELECT coalesce((SELECT xid::text || '-' || seq FROM change_log WHERE xid < pg_snapshot_xmin(pg_current_snapshot())
    ORDER BY xid DESC, seq DESC LIMIT 1), '') || coalesce((SELECT '~' || string_agg(DISTINCT xid::text, ',') FROM change_log
    WHERE xid >= pg_snapshot_xmin(pg_current_snapshot())), ''))"""


@dataclass(slots=True)
class Kept(Generic[T]):
    """Things by key, each with the version of the store that it was made of."""

    most: int = 1000
    known: OrderedDict[Any, tuple[str, T]] = field(default_factory=OrderedDict)

    def get(self, key: Any) -> tuple[str, T] | None:
        """Return what was made last, and of which version."""
        return self.known.get(key)

    def put(self, key: Any, version: str, made: T) -> None:
        """Keep what was made; the oldest goes."""
        self.known[key] = version, made
        self.known.move_to_end(key)
        if len(self.known) > self.most:
            self.known.popitem(last=False)


async def seen(connection: AsyncConnection) -> str:
    """Return the version of the store that a snapshot sees."""
    row = await (await connection.execute(f"SELECT {VERSION}")).fetchone()
    return str(row[0]) if row else ""
