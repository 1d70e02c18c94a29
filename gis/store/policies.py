"""Row-level security: whoever reads the tables themselves, by whatever way, sees no further than the scope of the session and of its role.

Views and statements of this package carry the scope in their own conditions. The policies hold where one is forgotten, and for roles that
come with SQL of their own. They follow from the columns that tables have, so a new table is guarded when it is made. The owner, who
writes, and superusers are not bound by them.
"""

import json
from typing import Any

from psycopg import AsyncConnection, Connection, sql

from gis.store.scope import everywhere_or, owned_inside, placed_inside

NAME = "quanjing_scope"
UNSEEN = ("bake_list", "change_readers", "alembic_version")
"""Of the house's own book-keeping: they say nothing of features."""

REFERS = {
    "drawing_id": "drawings",
    "draft_id": "drawing_drafts",
    "mark_id": "reading_marks",
    "point_id": "feed_points",
    "mn": "monitoring_points",
}
"""Column → the table whose rows it names: who sees such a row sees what hangs on it."""
CITYWIDE = ("feed_refused", "feed_sources")
"""What only who sees everything may see."""
BROUGHT = ("registrations",)
"""What only who has the same scope as its bringer may see."""
FILES = {"drawing_files": "drawings", "model_files": "detailed_models"}
"""Files are seen by whoever sees what is made of them."""

TABLES = """
SELECT c.relname AS name, array_agg(a.attname::text) AS columns FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND a.attnum > 0 AND NOT a.attisdropped
    AND pg_has_role(c.relowner, 'USAGE') AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')
GROUP BY c.oid ORDER BY c.relname
"""


def condition(table: str, columns: list[str]) -> str | None:
    """Return what a policy lets through of a table; None where its rows belong to nobody."""
    if "jurisdiction" in columns:
        # The city as a whole is shown to who sees all of it.
        city = " AND kind <> 'city'" if table == "change_log" else ""
        return everywhere_or(f"({placed_inside('jurisdiction')}{city})")
    if table.endswith("_history") and "feature_id" in columns:
        return everywhere_or("quanjing_sees(feature_id)")
    if "enterprise_id" in columns:
        return everywhere_or(owned_inside("enterprise_id"))
    if "feature_id" in columns:
        return everywhere_or(f"EXISTS (SELECT FROM features f WHERE f.feature_id = {table}.feature_id)")
    return _hanging(table, columns)


def _hanging(table: str, columns: list[str]) -> str | None:
    """Return the condition of a table that names neither feature nor owner, but what hangs on one."""
    if table in FILES:
        return everywhere_or(f"EXISTS (SELECT FROM {FILES[table]} d WHERE d.sha256 = {table}.sha256)")
    if table in CITYWIDE:
        return everywhere_or("FALSE")
    if table in BROUGHT:
        return everywhere_or("scope = quanjing_scope()")
    found = next(((column, owner) for column, owner in REFERS.items() if column in columns), None)
    return everywhere_or(f"{found[0]} IN (SELECT o.{found[0]} FROM {found[1]} o)") if found else None


def closed(partition: str) -> sql.Composed:
    """Return what closes a new partition's own door: its rows are reached through the table that it is a part of, whose policy holds."""
    return sql.SQL("ALTER TABLE {} ENABLE ROW LEVEL SECURITY").format(sql.Identifier(partition))


def protect(connection: Connection) -> None:
    """Put a policy on every table whose rows belong to somebody; running it again changes nothing but what the condition says."""
    for table, columns in connection.execute(TABLES).fetchall():
        said = None if table in UNSEEN else condition(table, columns)
        if said is None:
            continue
        name = sql.Identifier(table)
        connection.execute(sql.SQL("ALTER TABLE {} ENABLE ROW LEVEL SECURITY").format(name))
        connection.execute(sql.SQL("DROP POLICY IF EXISTS {} ON {}").format(sql.Identifier(NAME), name))
        # Composed of names of our own tables and columns.
        connection.execute(sql.SQL("CREATE POLICY {} ON {} USING ({})").format(sql.Identifier(NAME), name, sql.SQL(said)))  # type: ignore[arg-type,unused-ignore]


PLAN = "EXPLAIN (FORMAT JSON) SELECT feature_id FROM buildings WHERE geom_3857 && ST_MakeEnvelope(0, 0, 1, 1, 3857)"
MEND = "ALTER FUNCTION geometry_overlaps(geometry, geometry) LEAKPROOF"
"""What a superuser runs where policies cost the spatial index."""


def _nodes(plan: dict[str, Any]) -> set[str]:
    return {plan["Node Type"]}.union(*(_nodes(child) for child in plan.get("Plans", ())))


async def index_kept(connection: AsyncConnection) -> bool:
    """Tell whether this role's plans use the spatial index: under a policy they do only where `&&` is marked as leakproof."""
    async with connection.transaction():
        # However few rows there are now.
        await connection.execute("SET LOCAL enable_seqscan = off")
        row = await (await connection.execute(PLAN)).fetchone()
    assert row is not None, "EXPLAIN has a row"  # noqa: S101
    plan = row[0] if isinstance(row[0], list) else json.loads(row[0])
    return bool(_nodes(plan[0]["Plan"]) & {"Index Scan", "Bitmap Index Scan", "Index Only Scan"})
