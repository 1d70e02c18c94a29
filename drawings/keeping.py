"""Which attributes of block references stay lines while a document is read (see `drawings.attributes`)."""

from collections.abc import Collection, Iterable
from typing import Any

from ezdxf.entities.dxfentity import DXFEntity
from ezdxf.lldxf.types import HEX_HANDLE_CODES

from drawings.attributes import Lines, is_attribute
from drawings.plain import Plain, Plan
from drawings.tagger import Record


class Keeper:
    """Decides which attributes of a document may stay lines.

    Parameters
    ----------
    plain : Plain
        Makes the plain entities of the document.
    seed : int
        The handle that ezdxf would give next: lower ones it gives to nothing else.
    """

    def __init__(self, plain: Plain, seed: int) -> None:
        self._plain = plain
        self._seed = seed
        self._known: dict[tuple[Plan, tuple[str, ...]], DXFEntity] = {}
        self._kept: set[str] = set()

    def know(self, entity: DXFEntity, record: Record) -> None:
        """Take note of an entity that is made: others like it may stay lines."""
        plan = self._plain.plan(record) if is_attribute(entity) else None
        if plan is not None:
            self._known.setdefault(plan.alike(record[1]), entity)

    def lines(self, records: Collection[Record]) -> list[Lines] | None:
        """Return attributes and the SEQEND after them; None where these records are anything else, or any of them must be made."""
        *types, last = (values[0] for _, values in records)
        if last != "SEQEND" or any(type_ != "ATTRIB" for type_ in types):
            return None
        found = []
        for record in records:
            lines = self._line(record)
            if lines is None:
                return None
            found.append(lines)
        self._kept.update(lines.handle.upper() for lines in found)
        return found

    def _line(self, record: Record) -> Lines | None:
        plan, values = self._plain.plan(record), record[1]
        alike = self._known.get(plan.alike(values)) if plan is not None else None
        if plan is None or alike is None or not plan.holds(values):
            return None
        tag, text, handle = (plan.said(values, name) for name in ("tag", "text", "handle"))
        try:
            given = 0 < int(handle, 16) < self._seed
        except ValueError:
            return None
        return Lines(tag, text, handle, plan, "\n".join(values), alike) if given else None

    def is_named(self, objects: Iterable[Any]) -> bool:
        """Say whether one of some objects, as tags, names an attribute that stayed lines."""
        names = (str(tag.value).upper() for group in objects for tag in group if tag.code in HEX_HANDLE_CODES)
        return bool(self._kept) and not self._kept.isdisjoint(names)
