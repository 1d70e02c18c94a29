"""A PostGIS for the tests: one private cluster a session, a database of its own for each test that asks."""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from itertools import count
from pathlib import Path

import psycopg
import pytest

from gis.settings import Settings
from gis.store import cluster as clusters
from gis.store import migrate, provision
from gis.store.cluster import Urls

HASTY = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
"""A test cluster does not outlive its session, so it need not survive a power cut."""
TEMPLATE = "quanjing_template"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--base-url", help="the server that tests/conformance tests, instead of our own")
    parser.addoption("--writable", help="COLLECTION:FEATURE.geojson that tests/conformance may write there")


@contextmanager
def open_folder() -> Iterator[Path]:
    """Yield a temporary folder that PostgreSQL's user may pass through; pytest's own are closed to others."""
    folder = Path(tempfile.mkdtemp(prefix="quanjing-test-"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


@pytest.fixture
def private() -> Iterator[Settings]:
    """Settings of a data folder of the test's own, not made yet; what runs there is stopped afterwards."""
    with open_folder() as folder:
        settings = Settings(data_dir=folder / "data", database_url=None, port=0)
        yield settings
        clusters.stop(settings)


@pytest.fixture(scope="session")
def cluster() -> Iterator[Urls]:
    """The session's cluster: URLs of its database `quanjing`, which tests leave empty."""
    with open_folder() as folder:
        settings = Settings(data_dir=folder / "data", database_url=None)
        yield clusters.ensure_running(settings, HASTY)
        clusters.stop(settings)


@pytest.fixture(scope="session")
def databases(cluster: Urls) -> Callable[[], AbstractContextManager[Urls]]:
    """Return what opens a fresh migrated database and drops it afterwards."""
    numbers = count(1)
    template = clusters.at(cluster, TEMPLATE)
    with psycopg.connect(str(cluster.admin), autocommit=True) as connection:
        provision.database(connection, TEMPLATE)
    with psycopg.connect(str(template.admin), autocommit=True) as connection:
        provision.extensions(connection)
    migrate.upgrade(template.owner)

    @contextmanager
    def fresh() -> Iterator[Urls]:
        name = f"test_{next(numbers)}"
        with psycopg.connect(str(cluster.admin), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name} OWNER {provision.OWNER} TEMPLATE {TEMPLATE}")
            try:
                yield clusters.at(cluster, name)
            finally:
                connection.execute(f"DROP DATABASE {name} WITH (FORCE)")

    return fresh


@pytest.fixture
def database(databases: Callable[[], AbstractContextManager[Urls]]) -> Iterator[Urls]:
    """A migrated database of the test's own: `.owner`, `.reader`, `.admin` are URLs."""
    with databases() as urls:
        yield urls


@pytest.fixture(scope="module")
def module_database(databases: Callable[[], AbstractContextManager[Urls]]) -> Iterator[Urls]:
    """A migrated database that the tests of one module share."""
    with databases() as urls:
        yield urls
