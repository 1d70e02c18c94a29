"""Reading the change log: in order, complete, from any position.

Rows are ordered by (transaction id, sequence) and handed out only below `pg_snapshot_xmin`: whatever lies there has committed or
rolled back, so a transaction that commits late is never skipped, and two readers see one order.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import class_row

CHANNEL = "quanjing_changes"
"""NOTIFY channel: a hint without payload, once a transaction."""
CITY = "city"
"""What stands for a kind where the log tells of the tileset of the whole city."""
DERIVED = ("feature_state", "tilesets", "problems")
"""Layers of the log that follow from the others: neither tiles nor problems nor what a drawing says depend on them."""
FALLBACK_S = 15.0
"""How long to wait for a NOTIFY before looking anyway; also the beat that keeps a silent stream open."""


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """A place in the change log of one store."""

    xid: int
    seq: int

    def event_id(self, store_id: str) -> str:
        """Return the position as an event id, `<store>-<xid>-<seq>`."""
        return f"{store_id}-{self.xid}-{self.seq}"


START = Position(0, 0)


def parse_event_id(text: str) -> tuple[str, Position] | None:
    """Return the store id and position of an event id, or None where it is not one.

    >>> parse_event_id("ab12cd34-757-6")
    ('ab12cd34', Position(xid=757, seq=6))
    >>> parse_event_id("757") is None
    True
    """
    parts = text.strip().split("-")
    # What has eighteen digits fits the log's bigint.
    if len(parts) != 3 or not all(part.isascii() and part.isdigit() and len(part) < 19 for part in parts[1:]):
        return None
    return parts[0], Position(int(parts[1]), int(parts[2]))


@dataclass(frozen=True, slots=True)
class Change:
    """One row of the change log."""

    xid: int
    seq: int
    layer: str
    kind: str
    feature_id: UUID
    enterprise_id: UUID | None
    jurisdiction: str | None
    path: list[str] | None
    """The jurisdiction and all above it."""
    op: str
    bbox: list[float] | None
    """West, south, east, north of the old and new shapes together, degrees (EPSG:4490)."""
    at: datetime | None = None
    author: str = ""
    reason: str = ""
    origin: str = ""

    @property
    def position(self) -> Position:
        """Where it stands."""
        return Position(self.xid, self.seq)

    def visible_in(self, scope: str) -> bool:
        """Tell whether a caller of that scope may see it; what has no jurisdiction is everybody's, but for what shows all of them."""
        return scope == "*" or (self.kind != CITY and (self.jurisdiction is None or scope in (self.path or ())))


CHANGES = """
SELECT c.xid::text::bigint AS xid, c.seq, c.layer, c.kind, c.feature_id, c.enterprise_id, c.jurisdiction, j.path, c.op,
    c.at, c.author, c.reason, c.origin,
    CASE WHEN coalesce(c.old_env, c.new_env) IS NULL THEN NULL ELSE (
        SELECT ARRAY[ST_XMin(e), ST_YMin(e), ST_XMax(e), ST_YMax(e)]
        FROM (SELECT ST_Extent(g) AS e FROM unnest(ARRAY[c.old_env, c.new_env]) AS g) x
    ) END AS bbox
FROM change_log c LEFT JOIN jurisdictions j ON j.code = c.jurisdiction
WHERE (c.xid, c.seq) > (%(xid)s::text::xid8, %(seq)s) AND c.xid < pg_snapshot_xmin(pg_current_snapshot())
ORDER BY c.xid, c.seq LIMIT %(limit)s
"""

# Of a stretch the last row an enterprise, then one without for the whole: its end, and how long it is.
NEWEST = """
WITH stretch AS MATERIALIZED (
    SELECT xid, seq, layer, enterprise_id FROM change_log
    WHERE (xid, seq) > (%(xid)s::text::xid8, %(seq)s) AND xid < pg_snapshot_xmin(pg_current_snapshot())
    ORDER BY xid, seq LIMIT %(limit)s
)
SELECT * FROM (
    SELECT DISTINCT ON (enterprise_id) enterprise_id, xid::text::bigint, seq, 1 FROM stretch
    WHERE enterprise_id IS NOT NULL AND layer <> ALL (%(derived)s) ORDER BY enterprise_id, xid DESC, seq DESC
) newest
UNION ALL
(SELECT NULL, xid::text::bigint, seq, (SELECT count(*)::integer FROM stretch) FROM stretch ORDER BY xid DESC, seq DESC LIMIT 1)
"""

HELD_BACK = "SELECT EXISTS (SELECT FROM change_log WHERE xid >= pg_snapshot_xmin(pg_current_snapshot()))"

LAST = """
SELECT xid::text::bigint, seq FROM change_log WHERE xid < pg_snapshot_xmin(pg_current_snapshot()) ORDER BY xid DESC, seq DESC LIMIT 1
"""

REGISTER = "INSERT INTO change_readers (reader) VALUES (%s) ON CONFLICT DO NOTHING"
HOLD_PLACE = "SELECT xid::text::bigint, seq FROM change_readers WHERE reader = %s FOR UPDATE"
MOVE = "UPDATE change_readers SET xid = %s::text::xid8, seq = %s WHERE reader = %s"

STANDS = "SELECT EXISTS (SELECT FROM change_log WHERE (xid, seq) = (%s::text::xid8, %s))"

SWEPT_TO = "SELECT split_part(value, '-', 1)::bigint, split_part(value, '-', 2)::bigint FROM store_meta WHERE key = 'changes_swept'"
# From the oldest on, as far as each follower has read and all is old; the newest stays, as caches know the store's version by it.
SWEEP = """
WITH read AS (
    SELECT xid, seq FROM change_readers ORDER BY xid, seq LIMIT 1
), newest AS (
    SELECT xid, seq FROM change_log ORDER BY xid DESC, seq DESC LIMIT 1
), oldest AS (
    SELECT xid, seq, at FROM change_log ORDER BY xid, seq LIMIT %(limit)s
), young AS (
    SELECT xid, seq FROM oldest WHERE at >= %(before)s ORDER BY xid, seq LIMIT 1
), gone AS (
    DELETE FROM change_log c USING oldest o WHERE (c.xid, c.seq) = (o.xid, o.seq) AND c.xid < pg_snapshot_xmin(pg_current_snapshot())
        AND NOT EXISTS (SELECT FROM read r WHERE (c.xid, c.seq) > (r.xid, r.seq))
        AND NOT EXISTS (SELECT FROM young y WHERE (c.xid, c.seq) >= (y.xid, y.seq))
        AND NOT EXISTS (SELECT FROM newest n WHERE (c.xid, c.seq) = (n.xid, n.seq))
    RETURNING c.xid, c.seq
), noted AS (
    INSERT INTO store_meta (key, value) SELECT 'changes_swept', xid::text || '-' || seq FROM gone ORDER BY xid DESC, seq DESC LIMIT 1
    ON CONFLICT (key) DO UPDATE SET value = excluded.value
)
SELECT count(*)::integer FROM gone
"""
SWEPT_AT_ONCE = 20_000
"""Rows of a transaction."""


async def changes_after(connection: AsyncConnection, position: Position, limit: int = 1000) -> list[Change]:
    """Return the next changes after a position, oldest first, at most `limit`."""
    async with connection.cursor(row_factory=class_row(Change)) as cursor:
        await cursor.execute(CHANGES, {"xid": position.xid, "seq": position.seq, "limit": limit})
        return await cursor.fetchall()


HORIZON = "SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint"

# Envelopes of the former and of the new shape apart: what moves far does not touch what lies between.
TOUCHED = """
SELECT c.xid::text::bigint AS xid, c.kind, ST_XMin(g) AS west, ST_YMin(g) AS south, ST_XMax(g) AS east, ST_YMax(g) AS north
FROM change_log c CROSS JOIN LATERAL unnest(ARRAY[c.old_env, c.new_env]) g
WHERE c.xid >= %(horizon)s::text::xid8 AND c.xid::text::bigint <> ALL (%(known)s) AND g IS NOT NULL LIMIT %(limit)s
"""


@dataclass(frozen=True, slots=True)
class Touched:
    """A box in which a committed change of shape, attribute or alarm level may be seen."""

    xid: int
    kind: str
    west: float
    south: float
    east: float
    north: float

    @property
    def bbox(self) -> tuple[float, float, float, float]:
        """West, south, east, north, degrees (EPSG:4490)."""
        return self.west, self.south, self.east, self.north


class Watcher:
    """Tells what was committed since it was last asked, at once and in no order: not only what lies below the oldest open transaction.

    For caches, which may hear of a change twice but never late; who needs the order reads `changes_after`.
    """

    def __init__(self) -> None:
        self.horizon: int | None = None
        self.known: set[int] = set()

    async def touched(self, connection: AsyncConnection, limit: int) -> list[Touched]:
        """Return the boxes of the transactions that became visible since the last call, at most `limit`; of the first call, none."""
        row = await (await connection.execute(HORIZON)).fetchone()
        assert row is not None, "it is one row"  # noqa: S101
        horizon: int = row[0]
        if self.horizon is None:
            self.horizon = horizon
        async with connection.cursor(row_factory=class_row(Touched)) as cursor:
            await cursor.execute(TOUCHED, {"horizon": self.horizon, "known": list(self.known), "limit": limit})
            found = await cursor.fetchall()
        # Whatever lies below the new horizon was visible to the query above; what lies above it may have been.
        self.horizon = horizon
        self.known = {xid for xid in self.known.union(change.xid for change in found) if xid >= horizon}
        return found


async def _held(connection: AsyncConnection, reader: str) -> Position:
    """Return the place of a reader, held until the transaction ends."""
    await connection.execute(REGISTER, [reader])
    row = await (await connection.execute(HOLD_PLACE, [reader])).fetchone()
    return Position(*row) if row else START


async def stretch(connection: AsyncConnection, reader: str, limit: int) -> list[Change]:
    """Return the next stretch of the log for a reader whose place is kept, and hold that place until the transaction ends."""
    return await changes_after(connection, await _held(connection, reader), limit)


@dataclass(frozen=True, slots=True)
class Newest:
    """A stretch of the log in short."""

    enterprises: dict[UUID, Position]
    """Where each stands last, of what is not derived."""
    end: Position
    length: int


async def newest(connection: AsyncConnection, reader: str, limit: int) -> Newest | None:
    """Return the next stretch of the log in short, as `stretch` would return it row by row; None where there is nothing new."""
    place = await _held(connection, reader)
    asked = {"xid": str(place.xid), "seq": place.seq, "limit": limit, "derived": list(DERIVED)}
    rows = await (await connection.execute(NEWEST, asked)).fetchall()
    if not rows:
        return None
    last = rows.pop()
    return Newest({row[0]: Position(row[1], row[2]) for row in rows}, Position(last[1], last[2]), last[3])


async def move_to(connection: AsyncConnection, reader: str, end: Position) -> None:
    """Keep how far a reader has come."""
    await connection.execute(MOVE, [str(end.xid), end.seq, reader])


async def held_back(connection: AsyncConnection) -> bool:
    """Tell whether committed changes wait for an older transaction to end: no NOTIFY may announce that end."""
    row = await (await connection.execute(HELD_BACK)).fetchone()
    return bool(row and row[0])


async def log_after(connection: AsyncConnection, position: Position, limit: int) -> tuple[bool, list[Change]]:
    """Return what `held_back` says and then the next changes after a position, in one round trip.

    It is asked before the log is read: what is let go between the two is read. Asked after, nothing would
    say that it is there.
    """
    async with connection.pipeline(), connection.cursor() as held, connection.cursor(row_factory=class_row(Change)) as cursor:
        await held.execute(HELD_BACK)
        await cursor.execute(CHANGES, {"xid": position.xid, "seq": position.seq, "limit": limit})
        row = await held.fetchone()
        return bool(row and row[0]), await cursor.fetchall()


async def last_position(connection: AsyncConnection) -> Position:
    """Return the end of what may be read now."""
    row = await (await connection.execute(LAST)).fetchone()
    return Position(*row) if row else START


async def swept_to(connection: AsyncConnection) -> Position:
    """Return the position up to which the log is no longer kept; `START` while all of it is."""
    row = await (await connection.execute(SWEPT_TO)).fetchone()
    return Position(*row) if row else START


async def sweep(connection: AsyncConnection, before: datetime) -> int:
    """Delete what was logged before a time and has been read by all who follow; returns how many rows.

    Parameters
    ----------
    connection : AsyncConnection
        Of the owner, in autocommit; each stretch is a transaction.
    before : datetime
    """
    total = 0
    while True:
        # One statement, and so one transaction.
        row = await (await connection.execute(SWEEP, {"limit": SWEPT_AT_ONCE, "before": before})).fetchone()
        assert row is not None, "a count is one row"  # noqa: S101
        count: int = row[0]
        total += count
        if count < SWEPT_AT_ONCE:
            return total


async def stands(connection: AsyncConnection, position: Position) -> bool:
    """Tell whether the log can be read on from a position.

    After a restore to an earlier time later positions are none of this log; of what has been swept only the end is one.
    """
    if position in (START, await swept_to(connection)):
        return True
    row = await (await connection.execute(STANDS, [str(position.xid), position.seq])).fetchone()
    return bool(row and row[0])


async def store_id(connection: AsyncConnection) -> str:
    """Return the id of this store: positions of another store's log mean nothing here."""
    row = await (await connection.execute("SELECT value FROM store_meta WHERE key = 'store_id'")).fetchone()
    assert row is not None, "the first migration writes it"  # noqa: S101
    return str(row[0])
