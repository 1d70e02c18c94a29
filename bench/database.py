"""A PostGIS for a benchmark: a private cluster as `quanjing serve` makes it, with its durable settings, and what runs in it."""

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from gis.settings import Settings
from gis.store import cluster as clusters
from gis.store import migrate, provision
from gis.store.cluster import Urls


@contextmanager
def open_folder() -> Iterator[Path]:
    """Yield a temporary folder that PostgreSQL's user may pass through."""
    folder = Path(tempfile.mkdtemp(prefix="quanjing-bench-"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


@dataclass(frozen=True, slots=True)
class Bench:
    """A running cluster."""

    urls: Urls
    folder: Path
    """For whatever the benchmark writes."""
    postmaster: int
    """Process of the server."""

    def fresh(self, name: str) -> Urls:
        """Return the URLs of a new migrated database."""
        urls = clusters.at(self.urls, name)
        with psycopg.connect(str(self.urls.admin), autocommit=True) as connection:
            provision.database(connection, name)
        with psycopg.connect(str(urls.admin), autocommit=True) as connection:
            provision.extensions(connection)
        migrate.upgrade(urls.owner)
        return urls


@contextmanager
def cluster() -> Iterator[Bench]:
    """Run a private cluster."""
    with open_folder() as folder:
        settings = Settings(data_dir=folder / "data", database_url=None)
        urls = clusters.ensure_running(settings)
        try:
            pid = clusters.status(settings).pid
            assert pid is not None, "it was just started"
            yield Bench(urls, folder, pid)
        finally:
            clusters.stop(settings)


def environment(url: str, folder: Path) -> dict[str, str]:
    """Return the environment of a quanjing process that uses a database and a data folder."""
    return {**os.environ, "DATABASE_URL": url, "QUANJING_DATA_DIR": str(folder), "QUANJING_PORT": "0"}


def private(folder: Path) -> dict[str, str]:
    """Return the environment of a quanjing process that has its own server in a data folder."""
    environ = environment("", folder)
    del environ["DATABASE_URL"]
    return environ


QUANJING = [sys.executable, "-c", "from api.cli import main; main()"]
"""The command `quanjing`, whether or not it is on PATH."""
