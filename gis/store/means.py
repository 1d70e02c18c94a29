"""Values and means of what is stored, as of now or as of an earlier time."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from psycopg import Connection, sql

from gis.clock import BEIJING
from gis.errors import NotFound
from gis.rules import averaging
from gis.rules.averaging import FLOW, OXYGEN, Mean, Medium, Value
from gis.rules.marks import FULL, Mark, Worth, kinds, worth
from gis.store.readings import POINTS

Period = Literal["rtd", "minute", "hour", "day", "month"]
By = Literal["station", "outlet", "enterprise", "county"]
Key = tuple[int, str]
"""Point and factor."""
A_DAY: dict[Period, int] = {"rtd": 2880 * 8, "minute": 144 * 8, "hour": 24 * 8, "day": 24 * 8, "month": 24 * 8}
"""About how many values of a point a day takes to work out."""
MOST_DAYS = 400
"""Longest time that is asked for at once."""

PLACES = sql.SQL("""
SELECT f.point_id, p.feature_id, p.mn, coalesce(v.name, ''), p.enterprise_id, coalesce(e.name, ''), coalesce(e.industry_code, ''),
    coalesce(j.code, ''), coalesce(j.name, ''), o.feature_id, coalesce(p.watched, ''),
    CASE WHEN v.monitor_type = 'gas' OR k.kind = 'air_station' THEN 'air' ELSE 'water' END
FROM ({}) p JOIN feed_points f USING (feature_id) JOIN features k USING (feature_id)
    LEFT JOIN monitoring_points v USING (feature_id)
    LEFT JOIN enterprises e ON e.feature_id = p.enterprise_id
    LEFT JOIN jurisdictions j ON j.code = e.jurisdiction
    LEFT JOIN outlets o ON o.enterprise_id = p.enterprise_id AND o.code = p.watched AND o.closed_at IS NULL
WHERE (v.feature_id IS NULL OR v.monitor_type IN ('gas', 'water')) AND quanjing_in_scope(e.jurisdiction)
    AND (%(feature)s::uuid IS NULL OR %(feature)s IN (p.feature_id, o.feature_id, p.enterprise_id))
ORDER BY f.point_id
""").format(POINTS)
NAMED = """
SELECT feature_id FROM monitoring_points WHERE mn = %(said)s AND closed_at IS NULL
UNION ALL SELECT o.feature_id FROM outlets o JOIN enterprises e ON e.feature_id = o.enterprise_id
    WHERE o.code = %(outlet)s AND %(firm)s IN (e.credit_code, e.code) AND o.closed_at IS NULL
UNION ALL SELECT feature_id FROM enterprises WHERE %(said)s IN (credit_code, code) AND closed_at IS NULL
LIMIT 1
"""
_COLUMNS = "r.point_id, r.factor, r.at, r.value, r.zs_value, r.low, r.high, r.total, r.flag, r.received"
NOW = f"""
SELECT {_COLUMNS} FROM feed_factors p
    CROSS JOIN LATERAL (SELECT * FROM readings r WHERE r.point_id = p.point_id AND r.period = p.period AND r.factor = p.factor
        AND r.at >= %(begin)s AND r.at < %(end)s ORDER BY r.at) r
WHERE p.point_id = ANY (%(points)s) AND p.period = %(period)s AND (%(factors)s::text[] IS NULL OR p.factor = ANY (%(factors)s))
"""
THEN = f"""
SELECT {_COLUMNS} FROM feed_factors p CROSS JOIN LATERAL (
    SELECT DISTINCT ON (at) * FROM (
        SELECT point_id, factor, at, value, zs_value, low, high, total, flag, received, version FROM readings
        WHERE point_id = p.point_id AND period = p.period AND factor = p.factor AND at >= %(begin)s AND at < %(end)s
        UNION ALL
        SELECT point_id, factor, at, value, zs_value, low, high, total, flag, received, version FROM readings_former
        WHERE point_id = p.point_id AND period = p.period AND factor = p.factor AND at >= %(begin)s AND at < %(end)s
    ) versions WHERE received <= %(then)s::timestamptz ORDER BY at, version DESC) r
WHERE p.point_id = ANY (%(points)s) AND p.period = %(period)s AND (%(factors)s::text[] IS NULL OR p.factor = ANY (%(factors)s))
"""
"""The version that was there at a time; versions are numbered in the order in which they came."""
MARKS = """
SELECT f.point_id, m.mark, m.factor, lower(m.during), upper(m.during), m.declared, coalesce(NOT c.accepted, false)
FROM reading_marks m JOIN feed_points f USING (feature_id)
    LEFT JOIN LATERAL (SELECT accepted FROM reading_mark_checks c
        WHERE c.mark_id = m.mark_id AND c.checked <= coalesce(%(then)s::timestamptz, 'infinity') ORDER BY check_id DESC LIMIT 1) c ON true
WHERE f.point_id = ANY (%(points)s) AND m.during && tstzrange(%(begin)s, %(end)s)
    AND m.recorded <= coalesce(%(then)s::timestamptz, 'infinity') AND (m.withdrawn IS NULL OR m.withdrawn > %(then)s::timestamptz)
ORDER BY m.mark_id
"""


@dataclass(frozen=True, slots=True)
class Place:
    """A point that measures, and whose it is."""

    point_id: int
    feature_id: UUID
    mn: str
    name: str
    enterprise_id: UUID | None
    enterprise: str
    industry: str
    county: str
    county_name: str
    outlet_id: UUID | None
    outlet: str
    medium: Medium


def places(connection: Connection, feature: UUID | None = None) -> list[Place]:
    """Return the points that the session's scope sees: all, or those of a point, outlet or enterprise."""
    return [Place(*row) for row in connection.execute(PLACES, {"feature": feature})]


def places_of(connection: Connection, feature: UUID) -> list[Place]:
    """Return the points of a point, outlet or enterprise; raises NotFound where nothing measures there."""
    found = places(connection, feature)
    if not found:
        raise NotFound("这里没有监测数据：不是在线监测点、它对应的排放口或所在企业")
    return found


def feature_of(connection: Connection, said: str) -> UUID:
    """Return the point, outlet or enterprise that somebody names: an MN, ENTERPRISE/OUTLET, or an enterprise's code; raises NotFound."""
    row = connection.execute(NAMED, {"said": said, "firm": said.partition("/")[0], "outlet": said.partition("/")[2]}).fetchone()
    if row is None:
        raise NotFound(f"没有测点、排放口或企业 {said:.60}")
    found: UUID = row[0]
    return found


def marks(
    connection: Connection, points: Sequence[int], begin: datetime, end: datetime, then: datetime | None = None
) -> dict[int, list[Mark]]:
    """Return the marks of a time by point, with what the last check of each said."""
    known = kinds()
    found: dict[int, list[Mark]] = defaultdict(list)
    for point, name, *rest in connection.execute(MARKS, {"points": list(points), "begin": begin, "end": end, "then": then}):
        if name in known:
            found[point].append(Mark(known[name], *rest))
    return found


def values(
    connection: Connection,
    of: Sequence[Place],
    period: Period,
    begin: datetime,
    end: datetime,
    *,
    then: datetime | None = None,
    factors: Sequence[str] | None = None,
) -> dict[Key, list[Value]]:
    """Return values by point and factor, each with what it is worth, in order of time.

    Parameters
    ----------
    connection : Connection
        Reads one snapshot.
    of : sequence of Place
    period : str
    begin, end : datetime
        From and until.
    then : datetime, optional
        As it was known at that time.
    factors : sequence of str, optional
        Of these only.

    Notes
    -----
    Where a logger of flue gas sends no converted value, it is made of the oxygen of the same time and the base of the industry.
    """
    points = [place.point_id for place in of]
    wanted = None if factors is None else [*factors, OXYGEN]
    asked = {"points": points, "period": period, "begin": begin, "end": end, "then": then, "factors": wanted}
    marked = marks(connection, points, begin, end, then)
    found: dict[Key, list[Value]] = {}
    last: Key | None = None
    rows: list[Value] = []
    valid: dict[str | None, Worth] = {}
    # The text is a constant of ours.
    told = connection.execute(sql.SQL(THEN if then else NOW), asked, binary=True).fetchall()
    for point, factor, at, value, zs, low, high, total, flag, received in told:
        if (point, factor) != last:
            last = point, factor
            rows = found.setdefault(last, [])
            valid = {}
        own = marked.get(point)
        if own or value is None:
            said = worth(factor, at, value, flag, own or ())
        elif (known := valid.get(flag)) is not None:
            said = known
        else:
            said = valid[flag] = worth(factor, at, value, flag)
        if said is FULL:
            rows.append(Value(at, value, zs, low, high, total, received=received))
        else:
            rows.append(Value(at, value, zs, low, high, total, said.valid, said.judged, said.why, received))
    _convert(of, found)
    return found


def _convert(of: Sequence[Place], found: dict[Key, list[Value]]) -> None:
    """Put the converted value where it is missing."""
    for place in of:
        if place.medium != "air" or (place.point_id, OXYGEN) not in found:
            continue
        lacking = [
            key
            for key, rows in found.items()
            if key[0] == place.point_id and not key[1].startswith(("a00", "a01", "a19")) and rows and all(one.zs is None for one in rows)
        ]
        if not lacking:
            continue
        oxygen = {one.at: one.value for one in found[place.point_id, OXYGEN] if one.valid and one.value is not None}
        for key in lacking:
            found[key] = [_with_zs(one, oxygen.get(one.at), place.industry) for one in found[key]]


def _with_zs(one: Value, oxygen: float | None, industry: str) -> Value:
    base = averaging.base_oxygen(industry, one.at.astimezone(BEIJING).date())
    if one.value is None or oxygen is None or base is None:
        return one
    zs = averaging.converted(one.value, oxygen, base)
    return Value(one.at, one.value, zs, one.low, one.high, one.total, one.valid, one.judged, one.why, one.received)


def _as_mean(one: Value) -> Mean:
    return Mean(one.at, one.value, one.zs, one.low, one.high, one.total, int(one.valid), 1, 1, one.valid, one.judged, one.why, one.received)


def means(
    connection: Connection,
    of: Sequence[Place],
    period: Period,
    begin: datetime,
    end: datetime,
    *,
    then: datetime | None = None,
    factors: Sequence[str] | None = None,
) -> dict[Key, list[Mean]]:
    """Return means by point and factor, in order of time; parameters as of `values`.

    Notes
    -----
    Hours are those that loggers send; an hour that none was sent of is made of its minutes. Days are made of hours, months of days: what
    loggers send as a day is kept, and not judged.
    """
    if period in ("rtd", "minute"):
        return {
            key: [_as_mean(one) for one in rows]
            for key, rows in values(connection, of, period, begin, end, then=then, factors=factors).items()
        }
    media = {place.point_id: place.medium for place in of}
    wanted = None if factors is None else [*factors, *FLOW.values()]
    hourly = values(connection, of, "hour", begin, end, then=then, factors=wanted)
    due = int((end - begin) / timedelta(hours=1))
    counts = Counter({point: min(map(len, rows), default=0) for point, rows in _by_point(of, hourly).items()})
    short = [place for place in of if counts[place.point_id] < due]
    minutes = values(connection, short, "minute", begin, end, then=then, factors=wanted) if short else {}
    filled = _filled(hourly, minutes, media)
    if period == "hour":
        found = filled
    else:
        flows = {point: _flow(hourly.get((point, FLOW[medium]), ())) for point, medium in media.items()}
        found = {}
        for (point, factor), rows in filled.items():
            one = averaging.days(factor, [_as_value(mean) for mean in rows], media[point], flows[point] or None)
            found[point, factor] = averaging.months(factor, one, media[point]) if period == "month" else one
    return found if factors is None else {key: rows for key, rows in found.items() if key[1] in factors}


def _as_value(mean: Mean) -> Value:
    return Value(mean.at, mean.value, mean.zs, mean.low, mean.high, mean.total, mean.counts, mean.judged, mean.why, mean.received)


def _flow(rows: Iterable[Value]) -> dict[datetime, float]:
    """Return the water of each hour: the amount sent, else the mean flow times an hour (L/s → m³)."""
    found = {}
    for one in rows:
        amount = one.total if one.total is not None else one.value * 3.6 if one.value is not None else None
        if one.valid and amount is not None and amount >= 0.0:
            found[one.at] = amount
    return found


def _by_point(of: Sequence[Place], found: Mapping[Key, Sequence[Value]]) -> dict[int, list[Sequence[Value]]]:
    by_point: dict[int, list[Sequence[Value]]] = {place.point_id: [] for place in of}
    for (point, _), rows in found.items():
        by_point[point].append(rows)
    return by_point


def _filled(
    hourly: Mapping[Key, Sequence[Value]], minutes: Mapping[Key, Sequence[Value]], media: Mapping[int, Medium]
) -> dict[Key, list[Mean]]:
    """Return hours as means; what no hour was sent of is made of its minutes."""
    found = {key: [_as_mean_hour(one) for one in rows] for key, rows in hourly.items()}
    for key, rows in minutes.items():
        there = {one.at for one in found.get(key, ())}
        more = [mean for mean in averaging.hours(key[1], rows, media[key[0]]) if mean.at not in there]
        if more:
            found[key] = sorted([*found.get(key, ()), *more], key=lambda mean: mean.at)
    return found


def _as_mean_hour(one: Value) -> Mean:
    return Mean(
        one.at,
        one.value,
        one.zs,
        one.low,
        one.high,
        one.total,
        60 if one.valid else 0,
        60,
        45,
        one.valid,
        one.judged,
        one.why,
        one.received,
    )


@dataclass(frozen=True, slots=True)
class Figure:
    """What a group of points discharged of one factor on a day."""

    key: str
    name: str
    medium: Medium
    factor: str
    points: int
    hours: int
    """That came."""
    valid: int
    days: int
    """Points whose daily mean counts."""
    value: float | None
    """Daily mean, of one point only."""
    zs: float | None
    highest: float | None
    """Highest valid hour, converted where it is."""
    amount: float | None
    """Valid hours' amount, in the amount's unit of the code table."""


def _group(place: Place, by: By) -> tuple[str, str]:
    match by:
        case "station":
            return place.mn, place.name
        case "outlet":
            return str(place.outlet_id or place.feature_id), f"{place.enterprise} {place.outlet}".strip()
        case "enterprise":
            return str(place.enterprise_id or ""), place.enterprise
        case "county":
            return place.county, place.county_name


def statistics(connection: Connection, day: date, by: By, *, then: datetime | None = None, feature: UUID | None = None) -> list[Figure]:
    """Return a day's figures by station, outlet, enterprise or county.

    Parameters
    ----------
    connection : Connection
        Reads one snapshot that sees a scope.
    day : date
        Of Beijing.
    by : {"station", "outlet", "enterprise", "county"}
    then : datetime, optional
        As it was known at that time.
    feature : UUID, optional
        Of this point, outlet or enterprise only.
    """
    of = places(connection, feature)
    begin = datetime(day.year, day.month, day.day, tzinfo=BEIJING)
    hourly = values(connection, of, "hour", begin, begin + timedelta(days=1), then=then)
    by_point = {place.point_id: place for place in of}
    flows = {place.point_id: _flow(hourly.get((place.point_id, FLOW[place.medium]), ())) for place in of}
    groups: dict[tuple[str, str, Medium, str], list[tuple[Sequence[Value], Mean]]] = defaultdict(list)
    for (point, factor), rows in hourly.items():
        if not rows:
            continue
        place = by_point[point]
        (mean,) = averaging.days(factor, rows, place.medium, flows[point] or None)
        groups[*_group(place, by), place.medium, factor].append((rows, mean))
    found = []
    for (key, name, medium, factor), parts in sorted(groups.items(), key=lambda row: (row[0][1], row[0][0], row[0][3])):
        single = parts[0][1] if len(parts) == 1 else None
        highs = [one.value if one.zs is None else one.zs for rows, _ in parts for one in rows if one.valid]
        amounts = [mean.total for _, mean in parts if mean.total is not None]
        found.append(
            Figure(
                key,
                name,
                medium,
                factor,
                len(parts),
                sum(len(rows) for rows, _ in parts),
                sum(mean.valid for _, mean in parts),
                sum(mean.counts for _, mean in parts),
                single.value if single else None,
                single.zs if single else None,
                max((high for high in highs if high is not None), default=None),
                sum(amounts) if amounts else None,
            )
        )
    return found


def mean_row(mean: Mean) -> dict[str, Any]:
    """Return a mean as plain JSON types."""
    names = ("value", "zs", "low", "high", "total", "valid", "due", "counts", "judged", "why")
    return {"at": mean.at.astimezone(BEIJING).isoformat(), **{name: getattr(mean, name) for name in names}}
