"""Readings: one row for what an instrument says of a factor at a time; a correction is a version more, and the former one stays."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
from psycopg import Connection, sql

from gis.clock import BEIJING
from gis.kinds import KINDS, Kind
from gis.store.policies import closed

VALUES = ("value", "low", "high", "total", "zs_value", "zs_low", "zs_high", "flag", "eflag")
KEY = ("point_id", "period", "factor", "at")
COLUMNS = (*KEY, *VALUES, "packet", "received")
TYPES = ("int4", "text", "text", "timestamptz", *["float8"] * 7, "text", "text", "int8", "timestamptz")
"""Of `COLUMNS`, as they go in binary."""

INCOMING = """
CREATE TEMP TABLE IF NOT EXISTS incoming (
    point_id integer, period text, factor text, at timestamptz, value float8, low float8, high float8, total float8,
    zs_value float8, zs_low float8, zs_high float8, flag text, eflag text, packet bigint, received timestamptz
) ON COMMIT DELETE ROWS
"""
FACTORS = """
INSERT INTO feed_factors (point_id, period, factor) SELECT DISTINCT i.point_id, i.period, i.factor
FROM incoming i LEFT JOIN feed_factors f USING (point_id, period, factor) WHERE f.point_id IS NULL ON CONFLICT DO NOTHING
"""
DUE = "INSERT INTO alarm_due (point_id, what, since) SELECT point_id, period, min(at) FROM incoming GROUP BY point_id, period"
HINT = "SELECT pg_notify('quanjing_alarms', '')"
# The planner knows nothing of the rows that just came in; each finds its own by the key.
BY_KEY = "SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off"


def _listed(names: Iterable[str], before: str = "") -> sql.Composable:
    return sql.SQL(", ").join(sql.SQL(before) + sql.Identifier(name) for name in names)


COPY = sql.SQL("COPY incoming ({}) FROM STDIN (FORMAT BINARY)").format(_listed(COLUMNS))
NEW = sql.SQL("""
INSERT INTO readings ({columns}, first_received) SELECT {columns}, received FROM incoming ON CONFLICT DO NOTHING
""").format(columns=_listed(COLUMNS))
CORRECTED = sql.SQL("""
WITH changed AS (
    SELECT {of_r}, r.first_received, r.version, n.packet AS by
    FROM incoming n JOIN readings r USING ({key})
    WHERE n.packet > r.packet AND ({values_of_r}) IS DISTINCT FROM ({values_of_n})
), former AS (
    INSERT INTO readings_former ({columns}, first_received, version, superseded, superseded_by)
    SELECT {columns}, first_received, version, clock_timestamp(), by FROM changed
)
UPDATE readings r SET ({rest}, version) = ({rest_of_n}, r.version + 1)
FROM incoming n WHERE ({key_of_r}) = ({key_of_n}) AND n.packet > r.packet AND ({values_of_r}) IS DISTINCT FROM ({values_of_n})
""").format(
    of_r=_listed(COLUMNS, "r."),
    key=_listed(KEY),
    values_of_r=_listed(VALUES, "r."),
    values_of_n=_listed(VALUES, "n."),
    columns=_listed(COLUMNS),
    rest=_listed(COLUMNS[len(KEY) :]),
    rest_of_n=_listed(COLUMNS[len(KEY) :], "n."),
    key_of_r=_listed(KEY, "r."),
    key_of_n=_listed(KEY, "n."),
)


def _has(kind: Kind, name: str) -> bool:
    return any(attribute.name == name for attribute in kind.attributes)


SELECTS: list[sql.Composable] = [
    sql.SQL("SELECT feature_id, enterprise_id, mn, {} AS watched, {} AS kind FROM {} WHERE closed_at IS NULL AND mn <> ''").format(
        sql.SQL("outlet_code" if _has(kind, "outlet_code") else "NULL"), sql.Literal(kind.name), sql.Identifier(kind.table)
    )
    for kind in KINDS.values()
    if _has(kind, "mn")
]
POINTS = sql.SQL(" UNION ALL ").join(SELECTS)
"""What measures and has a number, of whatever kind."""
MEET = sql.SQL("""
INSERT INTO feed_points (feature_id) SELECT feature_id FROM ({}) p ON CONFLICT DO NOTHING
""").format(POINTS)
REGISTERED = sql.SQL("""
SELECT DISTINCT ON (p.mn) p.mn, f.point_id, p.feature_id, o.feature_id, p.enterprise_id, o.code, o.medium, p.kind
FROM ({}) p JOIN feed_points f USING (feature_id)
    LEFT JOIN outlets o ON o.enterprise_id = p.enterprise_id AND o.code = p.watched AND o.closed_at IS NULL
ORDER BY p.mn, p.feature_id
""").format(POINTS)
LIMITS = """
WITH today AS (SELECT (now() AT TIME ZONE 'Asia/Shanghai')::date AS day),
    newest AS (SELECT DISTINCT ON (enterprise_id, permit_no, valid_from) * FROM permits
        ORDER BY enterprise_id, permit_no, valid_from, recorded_at DESC),
    current AS (SELECT DISTINCT ON (enterprise_id) enterprise_id, document FROM newest, today WHERE valid_from <= day
        ORDER BY enterprise_id, valid_to >= day DESC, valid_from DESC, recorded_at DESC)
SELECT c.enterprise_id, o->>'code', p->>'name', (p#>>'{limit,value}')::float8, p#>>'{limit,unit}'
FROM current c, jsonb_path_query(c.document, '$.outlets[*]') o, jsonb_path_query(o, '$.pollutants[*]') p
WHERE jsonb_typeof(p#>'{limit,value}') = 'number'
"""
HOLD_STATE = "SELECT FROM feature_state WHERE feature_id = ANY (%s) ORDER BY feature_id FOR UPDATE"
STATE = """
UPDATE feature_state s SET readings = s.readings || fresh.entries, updated_at = clock_timestamp()
FROM (SELECT key::uuid AS feature_id, value AS entries FROM jsonb_each(%s::jsonb)) i JOIN feature_state f USING (feature_id)
    CROSS JOIN LATERAL (
        SELECT jsonb_object_agg(e.key, e.value) AS entries FROM jsonb_each(i.entries) e
        WHERE coalesce((f.readings #>> ARRAY[e.key, 'at'])::timestamptz, '-infinity') <= (e.value ->> 'at')::timestamptz
    ) fresh
WHERE s.feature_id = f.feature_id AND fresh.entries IS NOT NULL
"""
ONLINE = """
SELECT m.mn, m.monitor_type, coalesce(o.pollutants, m.pollutants, ''), e.feature_id, o.code
FROM monitoring_points m JOIN outlets o ON o.enterprise_id = m.enterprise_id AND o.code = m.outlet_code AND o.closed_at IS NULL
    JOIN enterprises e ON e.feature_id = m.enterprise_id
WHERE m.closed_at IS NULL AND m.mn <> '' AND m.monitor_type IN ('gas', 'water') ORDER BY m.mn
"""
STATIONS = """
SELECT mn, 'air', NULL FROM air_stations WHERE closed_at IS NULL AND mn <> ''
UNION ALL SELECT mn, 'water', target_class FROM water_stations WHERE closed_at IS NULL AND mn <> '' ORDER BY 1
"""
POWER = """
SELECT m.mn, m.outlet_code, e.feature_id FROM monitoring_points m JOIN enterprises e ON e.feature_id = m.enterprise_id
WHERE m.closed_at IS NULL AND m.mn <> '' AND m.monitor_type = 'power' AND m.outlet_code <> '' ORDER BY m.mn
"""
HOLD_PLACE = "SELECT seq FROM feed_readers WHERE reader = %s FOR UPDATE"
DEVICES = """
INSERT INTO feed_devices AS d (mn, first_received, last_received, source, edition, system, packets, faulty)
SELECT mn, received, received, source, edition, system, packets, faulty
FROM jsonb_to_recordset(%s::jsonb)
    AS i (mn text, received timestamptz, source text, edition text, system text, packets bigint, faulty jsonb)
ON CONFLICT (mn) DO UPDATE SET last_received = excluded.last_received, source = excluded.source, packets = d.packets + excluded.packets,
    edition = excluded.edition, system = excluded.system,
    faulty = CASE excluded.faulty WHEN '{}' THEN d.faulty ELSE (
        SELECT jsonb_object_agg(key, n) FROM (SELECT key, sum(value::bigint) AS n FROM (
            SELECT * FROM jsonb_each_text(d.faulty) UNION ALL SELECT * FROM jsonb_each_text(excluded.faulty)) e GROUP BY key) sums) END
"""


STRANGERS, STRANGERS_FOR = 10_000, timedelta(days=90)
"""Devices that are not registered and yet remembered: the last that spoke, and for how long since."""
FORGET = sql.SQL("""
WITH strangers AS (
    SELECT mn, last_received, row_number() OVER (ORDER BY last_received DESC) AS place
    FROM feed_devices d WHERE NOT EXISTS (SELECT FROM ({}) p WHERE p.mn = d.mn)
), gone AS (
    DELETE FROM feed_devices d USING strangers s
    WHERE s.mn = d.mn AND (s.place > %s OR s.last_received < clock_timestamp() - %s) RETURNING d.packets
)
UPDATE feed_forgotten f SET devices = f.devices + g.devices, packets = f.packets + g.packets
FROM (SELECT count(*) AS devices, sum(packets) AS packets FROM gone) g WHERE g.devices > 0
""").format(POINTS)


@dataclass(frozen=True, slots=True)
class Point:
    """Where a registered device measures."""

    point_id: int
    feature_id: UUID
    """The monitoring point, or the station."""
    outlet_id: UUID | None
    """The outlet that it watches."""
    enterprise_id: UUID | None
    outlet_code: str | None
    medium: str | None
    """air, water or rain, of the outlet."""
    kind: str
    """Of the feature that measures."""


def points(connection: Connection) -> dict[str, Point]:
    """Return the registered devices by their number (MN); who is new gets a point of its own."""
    connection.execute(MEET)
    return {mn: Point(*rest) for mn, *rest in connection.execute(REGISTERED)}


def limits(connection: Connection) -> dict[tuple[UUID, str, str], tuple[float, str]]:
    """Return the permitted concentrations of today: enterprise, outlet code and pollutant's name → value and unit."""
    return {(enterprise, code, name): (value, unit) for enterprise, code, name, value, unit in connection.execute(LIMITS)}


def online(connection: Connection) -> list[tuple[str, str, str, UUID, str]]:
    """Return the devices that watch outlets: number, medium (air, water), pollutants as a text, enterprise, outlet code."""
    rows = connection.execute(ONLINE).fetchall()
    return [(mn, "air" if kind == "gas" else "water", listed, enterprise, code) for mn, kind, listed, enterprise, code in rows]


def stations(connection: Connection) -> list[tuple[str, str, str | None]]:
    """Return the stations that have a number: number, air or water, of a section its target class."""
    return connection.execute(STATIONS).fetchall()


def power_loggers(connection: Connection) -> list[tuple[str, str, UUID]]:
    """Return the power loggers: number, code of the treatment that each stands at, enterprise."""
    return connection.execute(POWER).fetchall()


def make_month(connection: Connection, at: datetime) -> None:
    """Make the partition of the month that a time lies in (Beijing)."""
    first = at.astimezone(BEIJING).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    last = first.replace(year=first.year + first.month // 12, month=first.month % 12 + 1)
    name = f"readings_{first:%Y_%m}"
    row = connection.execute("SELECT to_regclass(%s) IS NULL", [name]).fetchone()
    if row and row[0]:
        statement = sql.SQL("CREATE TABLE IF NOT EXISTS {} PARTITION OF readings FOR VALUES FROM ({}) TO ({})")
        connection.execute(statement.format(sql.Identifier(name), first.isoformat(), last.isoformat()))
        connection.execute(closed(name))


def write(connection: Connection, rows: Sequence[tuple[Any, ...]]) -> int:
    """Write readings; returns how many were new or corrected. The same again, or older than what stands, changes nothing.

    Parameters
    ----------
    connection : Connection
        In a transaction.
    rows : sequence of tuple
        By `COLUMNS`, each key once.
    """
    connection.execute(INCOMING)
    connection.execute(BY_KEY)
    with connection.cursor() as cursor:
        with cursor.copy(COPY) as copy:
            copy.set_types(TYPES)
            for row in rows:
                copy.write_row(row)
        cursor.execute(NEW)
        count = cursor.rowcount
        # Most of the time all is new; what was there already is looked at only then.
        if count < len(rows):
            cursor.execute(CORRECTED)
            count += cursor.rowcount
        cursor.execute(FACTORS)
        if count:
            cursor.execute(DUE)
            cursor.execute(HINT)
        cursor.execute("DELETE FROM incoming")
    return count


def show(connection: Connection, entries: Mapping[UUID, Mapping[str, Mapping[str, Any]]]) -> None:
    """Show the newest readings at features: feature → factor → label, value, unit, at, flag, limit; older ones change nothing."""
    connection.execute(HOLD_STATE, [sorted(entries)])
    connection.execute(STATE, [_json({str(feature): told for feature, told in entries.items()})])


def hold_place(connection: Connection, reader: str) -> int:
    """Return the number up to which a reader has come, and hold that place until the transaction ends."""
    connection.execute("INSERT INTO feed_readers (reader) VALUES (%s) ON CONFLICT DO NOTHING", [reader])
    row = connection.execute(HOLD_PLACE, [reader]).fetchone()
    return int(row[0]) if row else 0


def move_to(connection: Connection, reader: str, seq: int) -> None:
    """Keep how far a reader has come."""
    connection.execute("UPDATE feed_readers SET seq = %s WHERE reader = %s", [seq, reader])


def note_devices(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Note who spoke: mn, received, source, edition, system, packets, faulty (verdict or fault → count)."""
    connection.execute(DEVICES, [_json(rows)])


def forget_strangers(connection: Connection, most: int = STRANGERS, age: timedelta = STRANGERS_FOR) -> None:
    """Forget who is not registered, beyond `most` and who has not spoken for so long; counted, and their packets stay."""
    connection.execute(FORGET, [most, age])


def _json(told: object) -> str:
    return orjson.dumps(told).decode()
