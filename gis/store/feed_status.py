"""How the feeds stand: connections of the listener, what waits to be read and judged, and which devices speak, registered or not."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from psycopg import AsyncConnection, sql
from psycopg.types.json import Jsonb

from gis.store.asking import Reading, Row
from gis.store.readings import POINTS

MOST = 200
"""Devices that are named."""
ALIVE = timedelta(seconds=30)
"""Who has not told for longer is not there."""

TELL = """
INSERT INTO feed_listening (at, since, most, connections, quiet, held, waiting, waiting_bytes, counts)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)
ON CONFLICT (one) DO UPDATE SET at = excluded.at, since = excluded.since, most = excluded.most, connections = excluded.connections,
    quiet = excluded.quiet, held = excluded.held, waiting = excluded.waiting, waiting_bytes = excluded.waiting_bytes,
    counts = excluded.counts
"""
LISTENING = sql.SQL("SELECT at, since, most, connections, quiet, held, waiting, waiting_bytes, counts FROM feed_listening")
BEHIND = sql.SQL("""
SELECT (SELECT seq FROM feed_chain) AS packets, (SELECT seq FROM feed_chain) - coalesce(min(seq), 0) AS unread,
    (SELECT count(*) FROM alarm_due) AS unjudged FROM feed_readers WHERE reader = 'readings'
""")
REGISTERED = sql.SQL("SELECT DISTINCT mn FROM ({}) p").format(POINTS)
DEVICES = sql.SQL("""
SELECT d.mn, d.first_received, d.last_received, d.source, d.edition, d.system, d.packets, d.faulty, p.mn IS NOT NULL AS registered
FROM feed_devices d LEFT JOIN ({}) p USING (mn) WHERE p.mn IS NULL OR d.faulty <> '{{}}' ORDER BY d.last_received DESC LIMIT %s
""").format(REGISTERED)
COUNTED = sql.SQL("""
SELECT count(*) AS devices, count(*) FILTER (WHERE last_received > clock_timestamp() - interval '1 hour') AS speaking,
    count(*) FILTER (WHERE p.mn IS NULL) AS strangers, (SELECT to_jsonb(f) - 'one' FROM feed_forgotten f) AS forgotten
FROM feed_devices d LEFT JOIN ({}) p USING (mn)
""").format(REGISTERED)
FAULTS = sql.SQL("""
SELECT key AS fault, sum(value::bigint)::bigint AS count FROM feed_devices, jsonb_each_text(faulty) GROUP BY key ORDER BY key
""")


@dataclass(frozen=True, slots=True)
class Listening:
    """How the listener stands."""

    at: datetime
    since: datetime
    """When it was started: what is counted is counted from there on."""
    most: int
    """Connections that there may be."""
    connections: int
    quiet: int
    """Of them, those that have not sent a packet yet."""
    held: bool
    """Whether nothing is read because too much waits for the disk."""
    waiting: int
    """Packets that are not on disk yet, and not acknowledged."""
    waiting_bytes: int
    counts: Mapping[str, int]
    """Packets by verdict; connections accepted, and those that we ended by why."""


async def tell(connection: AsyncConnection, one: Listening) -> None:
    """Write down how the listener stands."""
    values = [one.at, one.since, one.most, one.connections, one.quiet, one.held, one.waiting, one.waiting_bytes, Jsonb(dict(one.counts))]
    await connection.execute(TELL, values)


def read_status(now: datetime) -> Reading[dict[str, Any]]:
    """Read how the feeds stand.

    Parameters
    ----------
    now : datetime
        Aware; a listener that has not told for half a minute is not running.
    """
    told = yield LISTENING, []
    listener: Row | None = told[0] if told else None
    behind = yield BEHIND, []
    counted = yield COUNTED, []
    faults = yield FAULTS, []
    devices = yield DEVICES, [MOST]
    return {
        "listener": None if listener is None else {"running": now - listener["at"] < ALIVE} | listener,
        **behind[0],
        **counted[0],
        "faults": {row["fault"]: row["count"] for row in faults},
        "noticed": devices,
    }
