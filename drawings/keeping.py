"""Which attributes of block references stay lines while a document is read (see `drawings.attributes`)."""

import re
from collections.abc import Collection, Iterable
from operator import itemgetter
from typing import Any

from ezdxf.entities.dxfentity import DXFEntity
from ezdxf.lldxf.types import HEX_HANDLE_CODES

from drawings.attributes import Lines, is_attribute
from drawings.plain import Plain, Plan
from drawings.tagger import Record

LOOKED_AT = ("layer", "linetype", "color", "lineweight", "extrusion", "transparency", "style")
"""The attributes that decide what ezdxf's audit finds in an ATTRIB or SEQEND (ezdxf 1.4)."""
SAID = ("tag", "text", "handle")
ANY = "[^\n]*"
NUMBERS = {float: r" *[-+]?[0-9]+(?:\.[0-9]*)?(?:[eE][-+]?[0-9]+)?", int: r" *[-+]?[0-9]{1,18}"}
"""What is sure to be a number; others are left to who makes the entity."""
HANDLE = "[0-9A-Fa-f]{1,16}"


class _Form:
    """What the values of an attribute must look like, a line each, so that an entity can be made of them any time."""

    def __init__(self, plan: Plan) -> None:
        lines = [NUMBERS.get(read, ANY) if isinstance(read, type) else ANY for _, read in plan.known]
        for place, mark in plan.marks:
            lines[place] = re.escape(mark)
        looked_at = [plan.places[name] for name in LOOKED_AT if name in plan.places]
        for place, name, deep in plan.points:
            coordinates = range(place, place + 2 + deep)
            looked_at += coordinates if name in LOOKED_AT else ()
            for at in coordinates:
                lines[at] = NUMBERS[float]
        lines[plan.places["handle"]] = HANDLE
        told = sorted({*looked_at, *(plan.places[name] for name in SAID if name in plan.places)})
        for place in told:
            lines[place] = f"({lines[place]})"
        self.match = re.compile("\n".join(lines)).fullmatch
        # After all that is told comes an empty text, for what is not.
        self.said = itemgetter(*(told.index(plan.places[name]) if name in plan.places else len(told) for name in SAID))
        self.looked_at = itemgetter(slice(0), *(told.index(place) for place in looked_at))


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
        self._forms: dict[Plan, _Form] = {}
        self._known: dict[tuple[Any, ...], DXFEntity] = {}
        self._kept: set[str] = set()

    def know(self, entity: DXFEntity, record: Record) -> None:
        """Take note of an entity that is made: others like it may stay lines."""
        read = self._read(record) if is_attribute(entity) else None
        if read is not None:
            self._known.setdefault(read[-1], entity)

    def _read(self, record: Record) -> tuple[Plan, str, tuple[str, ...], tuple[Any, ...]] | None:
        """Return what an attribute says, and what it has in common with all in which an audit finds the same; None where it is unusual."""
        plan = self._plain.plan(record)
        if plan is None:
            return None
        form = self._forms.get(plan) or self._forms.setdefault(plan, _Form(plan))
        values = "\n".join(record[1])
        found = form.match(values)
        if found is None:
            return None
        told = (*found.groups(), "")
        return plan, values, form.said(told), (plan, form.looked_at(told))

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
        read = self._read(record)
        if read is None or (alike := self._known.get(read[-1])) is None:
            return None
        plan, values, (tag, text, handle), _ = read
        return Lines(tag, text, handle, plan, values, alike) if 0 < int(handle, 16) < self._seed else None

    def is_named(self, objects: Iterable[Any]) -> bool:
        """Say whether one of some objects, as tags, names an attribute that stayed lines."""
        names = (str(tag.value).upper() for group in objects for tag in group if tag.code in HEX_HANDLE_CODES)
        return bool(self._kept) and not self._kept.isdisjoint(names)
