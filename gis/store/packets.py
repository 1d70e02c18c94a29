"""Raw packets of data loggers: kept whole and in order, each bound to the one before it by its SM3 digest.

A packet's digest is that of the digest before it, its number, when it was received, its source and its bytes: whoever changes, removes or
inserts one has to do all after it anew, and the end of the chain stands in a row of its own and may be noted elsewhere.
"""

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from psycopg import AsyncConnection, Connection, sql

from gis.crypto import sm3
from gis.store.policies import closed

LOCK = "quanjing feed_packets"
"""Who writes packets holds this lock: the chain has one end (`gis.store.locks.holding`)."""
CHANNEL = "quanjing_packets"
"""NOTIFY channel: packets came."""
PARTITION = 10_000_000
"""Packets of a partition."""
FIRST = bytes(32)
"""What stands before the first packet."""
EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
"""PostgreSQL's own (binary COPY counts microseconds from it)."""
MICROSECOND = timedelta(microseconds=1)

COPY = "COPY feed_packets (seq, received, source, mn, verdict, raw, digest) FROM STDIN (FORMAT BINARY)"
COPY_HEAD = b"PGCOPY\n\xff\r\n\0" + bytes(8)
COPY_END = struct.pack(">h", -1)
HEAD = "SELECT seq, digest FROM feed_chain"
MOVE = "UPDATE feed_chain SET seq = %b, digest = %b"
HINT = f"SELECT pg_notify('{CHANNEL}', '')"
EXISTS = "SELECT to_regclass(%s) IS NOT NULL"
AFTER = "SELECT seq, received, source, mn, verdict, raw, digest FROM feed_packets WHERE seq > %s ORDER BY seq LIMIT %s"


@dataclass(frozen=True, slots=True)
class Incoming:
    """A packet that has no place in the chain yet."""

    received: datetime
    source: str
    mn: str
    verdict: str
    raw: bytes


@dataclass(frozen=True, slots=True)
class Stored:
    """A packet in its place."""

    seq: int
    received: datetime
    source: str
    mn: str
    verdict: str
    raw: bytes
    digest: bytes


@dataclass(frozen=True, slots=True)
class End:
    """An end of the chain."""

    seq: int
    digest: bytes


def _microseconds(at: datetime) -> int:
    return (at - EPOCH) // MICROSECOND


def link(before: bytes, seq: int, received: datetime, source: str, raw: bytes) -> bytes:
    """Return the digest of a packet: SM3 of the digest before it, number, microseconds since 2000, length of the source, source, bytes."""
    named = source.encode()
    return sm3(b"%s%s%s%s" % (before, struct.pack(">qqH", seq, _microseconds(received), len(named)), named, raw))


def chained(end: End, packets: Sequence[Incoming]) -> tuple[bytes, End]:
    """Return packets behind an end of the chain as binary COPY data, and the new end."""
    seq, digest = end.seq, end.digest
    parts = [COPY_HEAD]
    for packet in packets:
        seq += 1
        digest = link(digest, seq, packet.received, packet.source, packet.raw)
        source, mn, verdict = packet.source.encode(), packet.mn.encode(), packet.verdict.encode()
        parts.append(struct.pack(">hiqiq", 7, 8, seq, 8, _microseconds(packet.received)))
        for text in (source, mn, verdict, packet.raw, digest):
            parts += (struct.pack(">i", len(text)), text)
    parts.append(COPY_END)
    return b"".join(parts), End(seq, digest)


async def head(connection: AsyncConnection) -> End:
    """Return the end of the chain."""
    row = await (await connection.execute(HEAD)).fetchone()
    assert row is not None, "the migration writes it"  # noqa: S101
    return End(*row)


async def make_room(connection: AsyncConnection, seq: int) -> None:
    """Make the partition that a number lies in, and the next one."""
    for number in (seq // PARTITION, seq // PARTITION + 1):
        name = f"feed_packets_{number:05d}"
        row = await (await connection.execute(EXISTS, [name])).fetchone()
        if row and not row[0]:
            statement = sql.SQL("CREATE TABLE IF NOT EXISTS {} PARTITION OF feed_packets FOR VALUES FROM ({}) TO ({})")
            await connection.execute(statement.format(sql.Identifier(name), number * PARTITION, (number + 1) * PARTITION))
            await connection.execute(closed(name))


async def append(connection: AsyncConnection, end: End, packets: Sequence[Incoming]) -> End:
    """Append packets in one transaction; returns the new end once they are on disk.

    Parameters
    ----------
    connection : AsyncConnection
        In autocommit, of the holder of `LOCK`.
    end : End
        Where the chain ends now.
    packets : sequence of Incoming
        In order.
    """
    data, new = chained(end, packets)
    if end.seq // PARTITION != new.seq // PARTITION:
        await make_room(connection, new.seq)
    async with connection.transaction(), connection.cursor() as cursor:
        async with cursor.copy(COPY) as copy:
            await copy.write(data)
        await cursor.execute(MOVE, [new.seq, new.digest])
        await cursor.execute(HINT)
    return new


def after(connection: Connection, seq: int, limit: int) -> list[Stored]:
    """Return the next packets behind a number, at most `limit`."""
    return [Stored(*row) for row in connection.execute(AFTER, [seq, limit], binary=True)]


@dataclass(frozen=True, slots=True)
class Break:
    """Where the chain does not hold."""

    seq: int
    what: str


def verify(connection: Connection, begin: End = End(0, FIRST)) -> Iterator[Break | int]:
    """Yield how many packets hold so far, now and then, and each place where the chain is broken; memory stays small.

    Parameters
    ----------
    connection : Connection
        Reads one snapshot.
    begin : End
        Where to begin: an end of the chain that was noted before.
    """
    seq, digest, held = begin.seq, begin.digest, 0
    with connection.cursor("packets", binary=True) as cursor:
        cursor.itersize = 5000
        cursor.execute("SELECT seq, received, source, raw, digest FROM feed_packets WHERE seq > %s ORDER BY seq", [begin.seq])
        for number, received, source, raw, stored in cursor:
            if number != seq + 1:
                yield Break(seq + 1, f"packets {seq + 1} to {number - 1} are missing")
            elif link(digest, number, received, source, raw) != stored:
                yield Break(number, f"packet {number} is not what was received, or not behind what was before it")
            else:
                held += 1
                if held % 10_000 == 0:
                    yield held
            seq, digest = number, stored
    row = connection.execute(HEAD).fetchone()
    if row is not None and row != (seq, digest):
        yield Break(seq + 1, f"the chain ended at packet {row[0]}, and the last one here is {seq}")
    yield held
