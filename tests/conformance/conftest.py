"""Which server is tested: that of `--base-url`, or our own on the example."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from baking import baked
from city import found_city
from psycopg.conninfo import conninfo_to_dict
from serving import serving

from gis.store.cluster import Urls

SUITE = ("core", "cql2", "editing", "filtering", "records", "systems", "tiles", "volumes")
pytest.register_assert_rewrite(*(f"conformance.{name}" for name in SUITE))  # so that a failed check says what was there instead

from conformance.suite import ONCE, Server  # noqa: E402

DATA = Path(__file__).parents[2].parent / "shared" / "data" / "cql2" / "ne110m4cql2.gpkg"
"""The standard's own test data for CQL2."""
STATION: dict[str, Any] = {
    "type": "Feature",
    "geometry": {"type": "Point", "coordinates": [107.5, 31.2]},
    "properties": {"code": "W1", "name": "断面一", "station_class": "national", "river": "州河"},
}


def load(url: str, schema: str) -> None:
    """Load the standard's test data into a schema."""
    parts = conninfo_to_dict(url)
    target = " ".join(f"{name}='{parts[name]}'" for name in ("host", "port", "user", "password", "dbname") if name in parts)
    options = ["-lco", f"SCHEMA={schema}", "-lco", "GEOMETRY_NAME=geom", "-lco", "LAUNDER=NO"]
    subprocess.run(["ogr2ogr", "-f", "PostgreSQL", f"PG:{target}", DATA, *options], check=True, capture_output=True)


@pytest.fixture(scope="module")
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The server that is tested."""
    address = request.config.getoption("--base-url")
    if address:
        writable = request.config.getoption("--writable")
        collection, _, path = (writable or "").partition(":")
        feature = (collection, json.loads(Path(path).read_text(encoding="utf-8"))) if writable else None
        with httpx.Client(base_url=address.rstrip("/"), follow_redirects=True, timeout=60, limits=ONCE) as client:
            yield Server(client, feature)
        return
    database: Urls = request.getfixturevalue("module_database")
    city = found_city(database.owner)
    city.rows("CREATE SCHEMA cql; GRANT USAGE ON SCHEMA cql TO quanjing_reader")
    if DATA.exists():
        load(database.owner, "cql")
    city.rows("GRANT SELECT ON ALL TABLES IN SCHEMA cql TO quanjing_reader")
    folder = tmp_path_factory.mktemp("served")
    baked(city, folder, whole=True)
    with (
        serving(database.owner, folder, editing=True, published_schemas="cql") as own,
        httpx.Client(base_url=own, timeout=60, limits=ONCE) as client,
    ):
        yield Server(client, ("water_station", STATION))
