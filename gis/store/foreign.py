"""Views in other systems' databases, of whatever make, read onward from a mark; and how far each was read."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from psycopg import Connection
from psycopg.types.json import Jsonb
from sqlalchemy import ColumnElement, DateTime, Engine, and_, column, create_engine, or_, select, table
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from gis.errors import DatabaseError, Invalid

ORDER = ("changed", "mn", "at", "factor")
"""What rows are read in the order of: a mark is these of the last one."""
TIMES = frozenset({"changed", "at"})

OPEN = "INSERT INTO feed_sources (name) VALUES (%s) ON CONFLICT (name) DO UPDATE SET looked = clock_timestamp() RETURNING mark"
MOVE = """
UPDATE feed_sources SET mark = %(mark)s, taken = taken + %(taken)s, moved = clock_timestamp(), looked = clock_timestamp(), fault = NULL,
    refused = refused + %(refused)s WHERE name = %(name)s
"""
REFUSE = "INSERT INTO feed_refused (source, why, row) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING RETURNING 1"
FAULT = "UPDATE feed_sources SET fault = %s, looked = clock_timestamp() WHERE name = %s"
LISTED = "SELECT name, mark, taken, refused, looked, moved, fault FROM feed_sources ORDER BY name"

Row = dict[str, Any]
Mark = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class View:
    """A view, and what its columns are called there."""

    name: str
    """With its schema before a point, where it has one."""
    columns: Mapping[str, str]
    """Ours → theirs; at least those of `ORDER` and value."""


@dataclass(frozen=True, slots=True)
class SourceState:
    """How far a source was read."""

    name: str
    mark: Mark | None
    taken: int
    refused: int
    looked: datetime
    moved: datetime | None
    fault: str | None


def _behind(mark: Sequence[Any], names: Sequence[ColumnElement[Any]]) -> ColumnElement[bool]:
    """Return the condition that a row comes behind a mark; written out, because not every database compares rows."""
    later = [
        and_(*(one == value for one, value in zip(names[:at], mark[:at], strict=True)), names[at] > mark[at]) for at in range(len(names))
    ]
    return or_(*later)


def opened(url: str) -> Engine:
    """Return an engine for somebody's database.

    Raises
    ------
    Invalid
        The address is none, or the driver of that make is not installed; it is not repeated, because a password stands in it.
    """
    try:
        return create_engine(url, poolclass=NullPool, hide_parameters=True)
    except (ArgumentError, NoSuchModuleError, ModuleNotFoundError) as error:
        raise Invalid(
            "url", f"数据库地址无效，或没有安装它的驱动（{type(error).__name__}）；形如 postgresql+psycopg://用户:密码@主机/库"
        ) from error


def rows_behind(engine: Engine, view: View, mark: Mark | None, limit: int) -> list[Row]:
    """Return the next rows of a view behind a mark, by our names, in the order of `ORDER`.

    Raises
    ------
    DatabaseError
        The other database doesn't answer, or has no such view or column.
    """
    theirs = {ours: column(name, DateTime() if ours in TIMES else None) for ours, name in view.columns.items()}
    *schema, name = view.name.split(".")
    order = [theirs[ours] for ours in ORDER]
    there = table(name, schema=".".join(schema) or None)
    asked = select(*(one.label(ours) for ours, one in theirs.items())).select_from(there).where(theirs["changed"].is_not(None))
    if mark is not None:
        asked = asked.where(_behind([mark[ours] for ours in ORDER], order))
    try:
        with engine.connect() as connection:
            found = connection.execute(asked.order_by(*order).limit(limit))
            return [dict(row) for row in found.mappings()]
    except SQLAlchemyError as error:
        raise DatabaseError(f"view {view.name}: {type(error).__name__}: {str(getattr(error, 'orig', error))[:300]}") from error


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


def _mark_of(kept: Mapping[str, Any]) -> Mark:
    return {ours: datetime.fromisoformat(value) if ours in TIMES else value for ours, value in kept.items()}


def mark_at(connection: Connection, name: str) -> Mark | None:
    """Return the mark up to which a source was read; registers the source."""
    row = connection.execute(OPEN, [name]).fetchone()
    return _mark_of(row[0]) if row and row[0] else None


def move_to(connection: Connection, name: str, mark: Mark, taken: int, refused: Sequence[tuple[str, Row]]) -> None:
    """Keep how far a source was read, and the rows that were refused with the reason; one that was refused before counts once."""
    new = 0
    for why, row in refused:
        kept = orjson.loads(orjson.dumps({key: _plain(value) for key, value in row.items()}, default=str))
        new += connection.execute(REFUSE, [name, why, Jsonb(kept)]).fetchone() is not None
    plain = {ours: _plain(mark[ours]) for ours in ORDER}
    connection.execute(MOVE, {"name": name, "mark": Jsonb(plain), "taken": taken, "refused": new})


def note_fault(connection: Connection, name: str, fault: str) -> None:
    """Keep why a source could not be read."""
    connection.execute(FAULT, [fault, name])


def sources(connection: Connection) -> Iterator[SourceState]:
    """Yield the sources, and how far each was read."""
    for name, mark, *rest in connection.execute(LISTED):
        yield SourceState(name, _mark_of(mark) if mark else None, *rest)
