"""Pieces of SQL with the values bound into them: text is written by us or quoted from a registry, values are always parameters."""

from collections.abc import Iterable
from dataclasses import dataclass
from string import Formatter
from typing import Any, LiteralString


@dataclass(frozen=True, slots=True)
class Fragment:
    """SQL for psycopg, and the values of its placeholders in their order."""

    text: str
    values: tuple[Any, ...] = ()


def put(template: LiteralString, *parts: Fragment, **named: Fragment) -> Fragment:
    """Return a template with a part in each `{}`, in order, and a named one in each `{name}`, as often as it stands there.

    >>> put("{} + {one} * {one}", column("a"), one=bound(1, "integer"))
    Fragment(text='"a" + %s::integer * %s::integer', values=(1, 1))
    """
    following = iter(parts)
    texts: list[str] = []
    values: list[Any] = []
    for text, field, _, _ in Formatter().parse(template):
        texts.append(text)
        if field is not None:
            part = named[field] if field else next(following)
            texts.append(part.text)
            values += part.values
    return Fragment("".join(texts), tuple(values))


def joined(separator: LiteralString, parts: Iterable[Fragment]) -> Fragment:
    """Return parts with a separator between them."""
    listed = tuple(parts)
    return Fragment(separator.join(part.text for part in listed), tuple(value for part in listed for value in part.values))


def bound(value: Any, type_: LiteralString) -> Fragment:
    """Return a placeholder of a type."""
    return Fragment(f"%s::{type_}", (value,))


def column(name: str, of: str = "") -> Fragment:
    """Return a column's name, quoted; of a table or alias where one is given.

    >>> column('odd"%')
    Fragment(text='"odd""%%"', values=())
    """
    quoted = ".".join('"' + part.replace('"', '""') + '"' for part in (of, name) if part)
    return Fragment(quoted.replace("%", "%%"))
