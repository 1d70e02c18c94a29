"""The enterprise's file in the store: rows of its parts, each version kept, a row written only where it says something new."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, Literal
from uuid import UUID

from psycopg import Connection, sql

from gis.enterprise_file import Part, Row, parts
from gis.errors import NotFound
from gis.store.asking import Reading, asked
from gis.store.connect import Plain, Transaction

Action = Literal["insert", "update", "unchanged"]

TABLES = tuple(dict.fromkeys(part.table for part in parts().values()))
GRANTS = (
    "GRANT INSERT ON {table} TO {role}",
    "GRANT UPDATE (removed_at) ON {table} TO {role}",
)
"""What the API's role may write of the file: a row is added, or ends; none is changed or deleted."""
META = ("record_id", "recorded_at", "author", "reason")


def grant(connection: Connection[Any], role: str) -> None:
    """Let a role add rows to the file and end them."""
    for table in TABLES:
        for statement in GRANTS:
            connection.execute(sql.SQL(statement).format(table=sql.Identifier(table), role=sql.Identifier(role)))


def _named(names: Iterable[str]) -> sql.Composed:
    return sql.SQL(", ").join(map(sql.Identifier, names))


def _where(names: Iterable[str]) -> sql.Composed:
    return sql.SQL(" AND ").join(sql.SQL("{} = {}").format(sql.Identifier(name), sql.Placeholder(name)) for name in names)


def _current(part: Part, more: Iterable[str] = ()) -> sql.Composed:
    """Return the condition of the rows of a part that stand, further told by columns."""
    return sql.SQL("removed_at IS NULL AND {}").format(_where(("enterprise_id", *part.fixed, *more)))


def _select(part: Part, condition: sql.Composed) -> sql.Composed:
    names = [field.name for field in part.fields]
    return sql.SQL("SELECT {} FROM {} WHERE {} ORDER BY {}").format(
        _named((*META, *names)), sql.Identifier(part.table), condition, _named(part.key)
    )


def _insert(part: Part) -> sql.Composed:
    names = ("enterprise_id", *part.fixed, *(field.name for field in part.fields))
    places = sql.SQL(", ").join(map(sql.Placeholder, names))
    return sql.SQL("INSERT INTO {} ({}) VALUES ({}) RETURNING record_id").format(sql.Identifier(part.table), _named(names), places)


def _end(part: Part, condition: sql.Composed) -> sql.Composed:
    return sql.SQL("UPDATE {} SET removed_at = clock_timestamp() WHERE {} RETURNING record_id").format(
        sql.Identifier(part.table), condition
    )


def _bound(part: Part, enterprise_id: UUID, row: Mapping[str, Any]) -> dict[str, Any]:
    return {**row, **part.fixed, "enterprise_id": enterprise_id}


def _same(part: Part, one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    return all(one[field.name] == other[field.name] for field in part.fields)


def put(enterprise_id: UUID, part: Part, row: Row, instead_of: UUID | None = None) -> Reading[tuple[Action, UUID]]:
    """Write one row, in place of another one where named, and of the one with the same key; returns what was done, and its id.

    Parameters
    ----------
    enterprise_id : UUID
        Whose file.
    part : Part
        Of the file.
    row : dict
        As `gis.enterprise_file.check` gives it, without faults.
    instead_of : UUID, optional
        The row that is corrected.

    Raises
    ------
    NotFound
        The row that is to be replaced does not stand any more.
    """
    values = _bound(part, enterprise_id, row)
    standing = yield _select(part, _current(part, part.key)), values
    same_key = standing[0] if standing else None
    if same_key and _same(part, same_key, row) and instead_of in (None, same_key["record_id"]):
        return "unchanged", same_key["record_id"]
    ending = {record_id for record_id in (instead_of, same_key["record_id"] if same_key else None) if record_id}
    for record_id in sorted(ending):
        ended = yield _end(part, _current(part, ("record_id",))), {**values, "record_id": record_id}
        if not ended:
            raise NotFound("这一行已被修改或删除，请刷新")
    added = yield _insert(part), values
    return ("update" if ending else "insert"), added[0]["record_id"]


def end(enterprise_id: UUID, part: Part, record_id: UUID) -> Reading[None]:
    """Remove a row; it stays as what was known; raises NotFound."""
    ended = yield _end(part, _current(part, ("record_id",))), _bound(part, enterprise_id, {"record_id": record_id})
    if not ended:
        raise NotFound("没有这一行，或已被删除")


def file_of(enterprise_id: UUID) -> Reading[dict[str, list[Row]]]:
    """Read the file of an enterprise: part → its rows, with `record_id`, `recorded_at`, `author`, `reason`."""
    found = {}
    for name, part in parts().items():
        found[name] = yield _select(part, _current(part)), _bound(part, enterprise_id, {})
    return found


def _written(enterprise_id: UUID, rows: Iterable[tuple[Part, Row]]) -> Reading[Counter[str]]:
    done: Counter[str] = Counter()
    for part, row in rows:
        action, _ = yield from put(enterprise_id, part, row)
        done[action] += 1
    return done


def store(connection: "Transaction | Plain", enterprise_id: UUID, rows: Iterable[tuple[Part, Row]]) -> Counter[str]:
    """Write many rows; returns insert, update, unchanged → how many.

    Parameters
    ----------
    connection : Transaction or Plain
        That says who writes (`gis.store.connect.writing`).
    enterprise_id : UUID
        Whose file.
    rows : iterable of (Part, dict)
        As `gis.enterprise_file.check` gives them, without faults.
    """
    return asked(connection, _written(enterprise_id, rows))
