"""Bringing a database to this version: Alembic for the fixed part, the registry for the kinds, pgqueuer for its own tables."""

import asyncio
import hashlib
import json
import logging
from importlib.resources import as_file, files

import psycopg
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from pgqueuer.queries import Queries
from psycopg import sql
from sqlalchemy import text
from sqlalchemy.engine import Connection

from gis import jurisdictions
from gis.errors import NewerData
from gis.kinds import ENUMS, KINDS
from gis.store import alarm_steps, drafts, enterprise_file, permit_copies, registrations, versions
from gis.store.connect import engine
from gis.store.kind_tables import statements
from gis.store.policies import protect
from gis.store.schema import READER, note

LOCK = 0x71756E6A
"""Advisory lock key: one migration at a time."""


def _current(connection: Connection) -> str | None:
    if connection.execute(text("SELECT to_regclass('alembic_version')")).scalar() is None:
        return None
    version: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return version


def _alembic(connection: Connection) -> None:
    with as_file(files("gis.store").joinpath("migrations")) as folder:
        config = Config()
        config.set_main_option("script_location", str(folder))
        config.set_main_option("path_separator", "os")
        config.attributes["connection"] = connection
        current = _current(connection)
        known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
        if current is not None and current not in known:
            raise NewerData(
                f"the database is at revision {current}, which this quanjing does not know: it was written by a newer version; "
                "install that version, or restore a backup made before the upgrade"
            )
        logging.getLogger("alembic").setLevel(logging.WARNING)
        command.upgrade(config, "head")


def _kinds(connection: Connection) -> None:
    script = statements(KINDS, ENUMS)
    digest = hashlib.sha256(json.dumps(script).encode()).hexdigest()
    stored = connection.execute(text("SELECT value FROM store_meta WHERE key = 'kinds_digest'")).scalar()
    if stored == digest:
        return
    cursor = connection.connection.cursor()
    for statement in script:
        cursor.execute(statement)
    connection.execute(
        text("INSERT INTO store_meta VALUES ('kinds_digest', :digest) ON CONFLICT (key) DO UPDATE SET value = excluded.value"),
        {"digest": digest},
    )


async def _queue(url: str) -> None:
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        queries = Queries.from_psycopg_connection(connection)
        if await queries.schema_is_installed():
            await queries.apply_upgrade()
        else:
            await queries.install()


def _jurisdictions(connection: Connection) -> None:
    connection.execute(
        text(
            "INSERT INTO jurisdictions (code, parent, name, level) VALUES (:code, :parent, :name, :level) "
            "ON CONFLICT (code) DO UPDATE SET parent = excluded.parent, name = excluded.name, level = excluded.level "
            "WHERE (jurisdictions.parent, jurisdictions.name, jurisdictions.level) IS DISTINCT FROM "
            "(excluded.parent, excluded.name, excluded.level)"
        ),
        jurisdictions.rows(),
    )


def _grant_reader(connection: psycopg.Connection) -> None:
    if connection.execute("SELECT FROM pg_roles WHERE rolname = %s", [READER]).fetchone() is None:
        return
    reader = sql.Identifier(READER)
    connection.execute(sql.SQL("GRANT USAGE ON SCHEMA public TO {}").format(reader))
    connection.execute(sql.SQL("GRANT SELECT ON ALL TABLES IN SCHEMA public TO {}").format(reader))
    connection.execute(sql.SQL("ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO {}").format(reader))
    drafts.grant(connection, READER)
    versions.grant(connection, READER)
    enterprise_file.grant(connection, READER)
    alarm_steps.grant(connection, READER)
    permit_copies.grant(connection, READER)
    registrations.grant(connection, READER)


def upgrade(owner_url: str) -> None:
    """Bring a database to this version of quanjing; running it again changes nothing.

    Parameters
    ----------
    owner_url : str
        libpq URL or conninfo of the role that owns the schema.

    Raises
    ------
    NewerData
        The database was written by a newer version.
    """
    database = engine(owner_url)
    with database.connect() as guard:
        guard.execute(text("SELECT pg_advisory_lock(:key)"), {"key": LOCK})
        with database.begin() as connection:
            _alembic(connection)
            _kinds(connection)
            _jurisdictions(connection)
        asyncio.run(_queue(owner_url))
        with psycopg.connect(owner_url) as driver:
            _grant_reader(driver)
            protect(driver)
            note(driver)
    database.dispose()
