"""Whether a database is of this version, told by one query: what brings it there is loaded only where it is not."""

import hashlib
from collections.abc import Iterator
from importlib import metadata
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

import psycopg

READER = "quanjing_reader"
BESIDE = ("kinds.py", "kinds.yaml", "jurisdictions.csv")
"""What the tables are made from, beside the store's own files."""

# A revision that another version brought, or a role that came later, makes the note void.
STATE = """
SELECT %(digest)s || ' ' || version_num || CASE WHEN EXISTS (SELECT FROM pg_roles WHERE rolname = %(reader)s) THEN ' read' ELSE '' END
FROM alembic_version
"""
NOTED = "SELECT value FROM store_meta WHERE key = 'schema'"
NOTE = """
INSERT INTO store_meta (key, value) VALUES ('schema', %s)
ON CONFLICT (key) DO UPDATE SET value = excluded.value WHERE store_meta.value <> excluded.value
"""


def _sources(folder: Traversable) -> Iterator[Traversable]:
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if entry.is_dir() and entry.name != "__pycache__":
            yield from _sources(entry)
        elif entry.name.endswith((".py", ".sql")):
            yield entry


def _state(connection: psycopg.Connection[Any]) -> tuple[Any, ...] | None:
    """Return the note of a database that this version brought up: the digest of all that its schema is made from, revision, who reads."""
    home = files("gis")
    summary = hashlib.sha256(metadata.version("pgqueuer").encode())
    for entry in (*map(home.joinpath, BESIDE), *_sources(home.joinpath("store"))):
        summary.update(entry.read_bytes())
    return connection.execute(STATE, {"digest": summary.hexdigest(), "reader": READER}).fetchone()


def note(connection: psycopg.Connection[Any]) -> None:
    """Note in a database that it is of this version."""
    connection.execute(NOTE, _state(connection))


def stands(connection: psycopg.Connection[Any]) -> bool:
    """Say whether a database is noted to be of this version."""
    try:
        noted = connection.execute(NOTED).fetchone()
    except psycopg.errors.UndefinedTable:
        return False
    return noted is not None and noted == _state(connection)


def bring_up(owner_url: str) -> None:
    """Bring a database to this version of quanjing where it is not noted to be of it; parameters and errors as of `migrate.upgrade`."""
    with psycopg.connect(owner_url, autocommit=True) as connection:
        if stands(connection):
            return
    from gis.store.migrate import upgrade  # noqa: PLC0415 — heavy

    upgrade(owner_url)
