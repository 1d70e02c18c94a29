"""The past: whatever was written, each instant shows what stood then."""

import asyncio
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import orjson
import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gis.store.cluster import Urls
from gis.store.collections import Moment, kind_collections
from gis.store.items import Selection, View, page
from gis.store.kept import Kept

STATIONS = kind_collections()["water_station"]
PLACE = "ST_SetSRID(ST_Point(%(x)s, 31), 4490)"
EDITS = {
    "insert": f"INSERT INTO water_stations (code, name, geom, river) VALUES (%(code)s, %(text)s, {PLACE}, %(text)s)",
    "rename": "UPDATE water_stations SET name = %(text)s, river = %(text)s WHERE code = %(code)s",
    "move": f"UPDATE water_stations SET geom = {PLACE} WHERE code = %(code)s",
    "all": "UPDATE water_stations SET target_class = %(text)s",
    "close": "UPDATE water_stations SET closed_at = clock_timestamp() WHERE code = %(code)s AND closed_at IS NULL",
    "open": "UPDATE water_stations SET closed_at = NULL"
    " WHERE feature_id = (SELECT feature_id FROM water_stations WHERE code = %(code)s LIMIT 1)",
    "delete": "DELETE FROM water_stations WHERE code = %(code)s",
    "alarm": "INSERT INTO alarms (feature_id, rule, level, opened)"
    " SELECT feature_id, gen_random_uuid()::text, %(level)s, clock_timestamp() FROM water_stations WHERE code = %(code)s",
    "calm": "UPDATE alarms SET closed = clock_timestamp() WHERE closed IS NULL AND level = %(level)s",
}
EDIT = st.tuples(
    st.sampled_from(list(EDITS)),
    st.fixed_dictionaries(
        {
            "code": st.sampled_from(["W1", "W2", "W3"]),
            "text": st.sampled_from(["州河", "巴河", "渠江"]),
            "x": st.floats(106.5, 108.5),
            "level": st.integers(1, 4),
        }
    ),
)
Edit = tuple[str, dict[str, Any]]
Look = Callable[[Moment | None], list[dict[str, Any]]]


@pytest.fixture(scope="module")
def connection(module_database: Urls) -> Iterator[psycopg.Connection]:
    with psycopg.connect(module_database.owner, autocommit=True) as connection:
        yield connection


@pytest.fixture(scope="module")
def look(module_database: Urls) -> Iterator[Look]:
    """What returns all stations, now or then."""
    with asyncio.Runner() as runner:
        reader = runner.run(psycopg.AsyncConnection.connect(module_database.owner, autocommit=True))

        def looked(moment: Moment | None) -> list[dict[str, Any]]:
            found = runner.run(page(reader, Selection(STATIONS, moment=moment), View(limit=1000), Kept()))
            features: list[dict[str, Any]] = orjson.loads(b"[%b]" % found.features)
            assert found.matched == len(features)
            for feature in features:
                # Of cases the store keeps the day, of readings the newest.
                for name in ("readings", "case_count", "case_ids"):
                    del feature["properties"][name]
            return features

        yield looked
        runner.run(reader.close())


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(edits=st.lists(EDIT, min_size=5, max_size=25))
def test_an_edit_log_replayed_equals_the_snapshots(
    connection: psycopg.Connection, look: Look, edits: list[tuple[str, dict[str, Any]]]
) -> None:
    seen: list[tuple[datetime, list[dict[str, Any]]]] = []
    for name, values in edits:
        try:
            connection.execute(EDITS[name].encode(), values)
        except psycopg.errors.ExclusionViolation:
            # A code that an open feature has already.
            continue
        (now,) = connection.execute("SELECT clock_timestamp()").fetchone() or ()
        seen.append((now, look(None)))
    for at, snapshot in seen:
        assert look(Moment(at, at)) == snapshot
