"""What a private cluster holds before any table: roles, the database, extensions; each step may be run again."""

from collections.abc import Mapping

import psycopg
from psycopg import Connection, sql
from psycopg.conninfo import make_conninfo

from gis.errors import DatabaseError, Invalid

ADMIN = "quanjing_admin"
"""The cluster's superuser: makes roles and extensions, nothing else."""
OWNER = "quanjing"
"""Owns the database and everything in it; the writers' role."""
READER = "quanjing_reader"
"""Reads: the API's read connections."""
DATABASE = "quanjing"
EXTENSIONS = ("postgis", "btree_gist", "pg_trgm", "unaccent")
POSTGIS_OLDEST = (3, 3)


def roles(connection: Connection, passwords: Mapping[str, str]) -> None:
    """Make the owner and the reader, with these passwords."""
    for role in (OWNER, READER):
        name = sql.Identifier(role)
        if connection.execute("SELECT FROM pg_roles WHERE rolname = %s", [role]).fetchone() is None:
            connection.execute(sql.SQL("CREATE ROLE {} LOGIN").format(name))
        connection.execute(sql.SQL("ALTER ROLE {} PASSWORD {}").format(name, sql.Literal(passwords[role])))
    # Reads only, whatever is granted later by mistake.
    connection.execute(sql.SQL("ALTER ROLE {} SET default_transaction_read_only = on").format(sql.Identifier(READER)))


def service(connection: Connection, name: str, password: str) -> None:
    """Make a role that reads, for a colleague or a service of another system; how far it sees stands in `role_scopes`.

    Parameters
    ----------
    connection : Connection
        Of who may make roles.
    name, password : str
    """
    role = sql.Identifier(name)
    if connection.execute("SELECT FROM pg_roles WHERE rolname = %s", [name]).fetchone() is None:
        connection.execute(sql.SQL("CREATE ROLE {} LOGIN").format(role))
    connection.execute(sql.SQL("ALTER ROLE {} PASSWORD {}").format(role, sql.Literal(password)))
    connection.execute(sql.SQL("ALTER ROLE {} SET default_transaction_read_only = on").format(role))
    connection.execute(sql.SQL("GRANT {} TO {}").format(sql.Identifier(READER), role))


BIND = "INSERT INTO role_scopes (role, scope) VALUES (%s, %s) ON CONFLICT (role) DO UPDATE SET scope = excluded.scope"


def bind(connection: Connection, name: str, scope: str) -> None:
    """Say how far a role sees; `connection` is the owner's.

    Raises
    ------
    Invalid
        There is no such jurisdiction.
    """
    try:
        connection.execute(BIND, [name, scope])
    except psycopg.errors.ForeignKeyViolation as error:
        raise Invalid("--scope", f"没有辖区 {scope}") from error


def database(connection: Connection, name: str = DATABASE) -> None:
    """Make the database, owned by the owner; `connection` is in autocommit."""
    if connection.execute("SELECT FROM pg_database WHERE datname = %s", [name]).fetchone() is None:
        connection.execute(
            sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE template0 ENCODING 'UTF8'").format(sql.Identifier(name), sql.Identifier(OWNER))
        )


def extensions(connection: Connection) -> None:
    """Make the extensions in the connected database, or bring them to the version of the installed files."""
    for name in EXTENSIONS:
        row = connection.execute(
            "SELECT installed_version, default_version FROM pg_available_extensions WHERE name = %s", [name]
        ).fetchone()
        if row is None:
            raise DatabaseError(f"the extension {name} is not installed beside this PostgreSQL")
        if row[0] is None:
            connection.execute(sql.SQL("CREATE EXTENSION IF NOT EXISTS {}").format(sql.Identifier(name)))
        elif row[0] != row[1]:
            connection.execute(sql.SQL("ALTER EXTENSION {} UPDATE").format(sql.Identifier(name)))
    # Without this mark a row-level policy makes the planner leave the spatial index aside. An update of PostGIS resets it.
    for function in UNDER_POLICIES:
        if not leakproof(connection, function):
            connection.execute(f"ALTER FUNCTION {function} LEAKPROOF")  # type: ignore[arg-type,unused-ignore]


UNDER_POLICIES = ("geometry_overlaps(geometry, geometry)", "range_contains_elem(anyrange, anyelement)")
"""What maps and former states are looked up by: `&&` between shapes, `@>` of a time. They tell nothing of what they are given, by an error
or otherwise."""


def leakproof(connection: Connection, function: str = UNDER_POLICIES[0]) -> bool:
    """Whether a function may be used under a row-level policy before the policy itself."""
    row = connection.execute("SELECT proleakproof FROM pg_proc WHERE oid = to_regprocedure(%s)", [function]).fetchone()
    return bool(row and row[0])


def degraded(connection: Connection) -> list[str]:
    """Return what is missing in a database that others run: each a sentence with the statement that mends it; empty where all is there.

    Raises
    ------
    DatabaseError
        What quanjing can't do without is missing: PostgreSQL 15, PostGIS 3.3, the right to make tables.
    """
    if connection.info.server_version < 150000:
        raise DatabaseError(f"the database runs PostgreSQL {connection.info.server_version // 10000}; quanjing needs 15 or newer")
    role, name = connection.info.user, connection.info.dbname
    have: dict[str, str] = dict(connection.execute("SELECT extname, extversion FROM pg_extension").fetchall())
    if "postgis" not in have or "btree_gist" not in have:
        missing = "; ".join(f"CREATE EXTENSION {name}" for name in ("postgis", "btree_gist") if name not in have)
        raise DatabaseError(f"extensions are missing in database {name}. A superuser runs there: {missing}")
    if tuple(int(part) for part in have["postgis"].split(".")[:2]) < POSTGIS_OLDEST:
        raise DatabaseError(f"PostGIS is {have['postgis']}; quanjing needs 3.3 or newer: ALTER EXTENSION postgis UPDATE")
    may = connection.execute("SELECT has_schema_privilege('public', 'CREATE')").fetchone()
    if not (may and may[0]):
        raise DatabaseError(f"role {role} may not make tables: GRANT CREATE ON SCHEMA public TO {role}")
    notes = [f"without {missing} text search is slower: CREATE EXTENSION {missing}" for missing in EXTENSIONS if missing not in have]
    if not leakproof(connection):
        notes.append("row-level policies can't use the spatial index: ALTER FUNCTION geometry_overlaps(geometry, geometry) LEAKPROOF")
    if connection.execute("SELECT FROM pg_roles WHERE rolname = %s", [READER]).fetchone() is None:
        notes.append(
            f"reads run as {role}; a role of its own reads only: CREATE ROLE {READER} LOGIN; GRANT CONNECT ON DATABASE {name} TO {READER}"
        )
    return notes


def examine(url: str) -> list[str]:
    """Connect to a database that others run and return `degraded` of it.

    Raises
    ------
    DatabaseError
        It does not answer, or lacks what quanjing needs.
    """
    try:
        with psycopg.connect(make_conninfo(url, connect_timeout=10)) as connection:
            return degraded(connection)
    except psycopg.OperationalError as error:
        raise DatabaseError(f"the database of DATABASE_URL does not answer: {error}") from error
