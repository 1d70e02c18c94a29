"""Entities of plain types made straight from their lines, just as ezdxf makes them of tags: a drawing has its tens of thousands of them.

Lines are read by which codes an entity has, in which order: programs write the same ones over and over. What a code means is ezdxf's own
table. What is unusual in anything (application or extended data, a code that the table does not know, a value that is no number) is left to
ezdxf.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

from ezdxf.document import Drawing
from ezdxf.entities.arc import Arc
from ezdxf.entities.attrib import Attrib, acdb_attrib_group_codes
from ezdxf.entities.circle import Circle
from ezdxf.entities.dxfentity import DXFEntity
from ezdxf.entities.dxfgfx import SeqEnd, acdb_entity_group_codes
from ezdxf.entities.insert import merged_insert_group_codes
from ezdxf.entities.line import Line, merged_line_group_codes
from ezdxf.entities.lwpolyline import LWPolyline, LWPolylinePoints, acdb_lwpolyline_group_codes
from ezdxf.entities.point import Point, merged_point_group_codes
from ezdxf.entities.text import Text, acdb_text_group_codes, merged_text_group_codes
from ezdxf.lldxf.const import DXF12
from ezdxf.lldxf.types import POINT_CODES
from ezdxf.math import Vec3

from drawings.attributes import Labelled
from drawings.tagger import Codes, Known, Read, Record

LONGEST = 400
"""Tags of an entity that is made here; of longer ones hardly two have the same codes."""
MOST = 5000
"""Sequences of codes that are kept in mind."""
SUBCLASS = 100
OWN: Mapping[int, Any] = {5: "handle", 330: "owner"}
"""What stands before the first subclass (DXF reference, common group codes for entities)."""
CORNER = 10
BESIDE = {40: 2, 41: 3, 42: 4}
"""Widths and bulge of a corner, and their place beside it (DXF reference, LWPOLYLINE)."""
FLAT = 2
"""Tags of a point whose height is not written."""

Pick = Callable[[Sequence[str]], Sequence[str]]
"""Takes the values at some places out of those of an entity."""
Part = tuple[str, Mapping[int, Any]]
"""A subclass, empty where it may be any, and its codes: group code → name of ezdxf's attribute, with a star where it keeps none."""


@dataclass(frozen=True, slots=True)
class _Type:
    """A type of entity: ezdxf's class and its subclasses in their order; the last stands for all that follow where it may be any."""

    made: type[DXFEntity]
    parts: tuple[Part, ...]


def _any(made: type[DXFEntity], codes: Mapping[int, Any]) -> _Type:
    return _Type(made, (("", codes),))


COMMON: Part = ("AcDbEntity", acdb_entity_group_codes)
TYPES = {
    "POINT": _any(Point, merged_point_group_codes),
    "LINE": _any(Line, merged_line_group_codes),
    "CIRCLE": _any(Circle, Circle.MERGED_GROUP_CODES),
    "ARC": _any(Arc, Arc.MERGED_GROUP_CODES),
    "TEXT": _any(Text, merged_text_group_codes),
    "INSERT": _any(Labelled, merged_insert_group_codes),
    "SEQEND": _any(SeqEnd, acdb_entity_group_codes),
    "ATTRIB": _Type(Attrib, (COMMON, ("AcDbText", acdb_text_group_codes), ("AcDbAttribute", acdb_attrib_group_codes))),
    "LWPOLYLINE": _Type(LWPolyline, (COMMON, ("AcDbPolyline", acdb_lwpolyline_group_codes))),
}


class _Unusual(Exception):
    """The entity is not a plain one."""


def _pick(places: Sequence[int]) -> Pick:
    return itemgetter(*places) if len(places) > 1 else itemgetter(slice(places[0], places[0] + 1))


class Plan:
    """What is taken of an entity with a sequence of codes, by the places of its lines.

    Parameters
    ----------
    type_ : _Type
        What it is.
    known : sequence of Known
        Code of each tag, and how its value is read.

    Raises
    ------
    _Unusual
        It is left to ezdxf.
    """

    __slots__ = ("checked", "corners", "known", "made", "marks", "owned", "places", "points", "values")

    def __init__(self, type_: _Type, known: Sequence[Known]) -> None:
        self.made = type_.made
        self.known = known
        self.marks: list[tuple[int, str]] = []
        self.checked: list[tuple[int, Read]] = []
        self.points: list[tuple[int, str, bool]] = []
        """Whether the height is written."""
        self.corners: list[list[int]] = []
        """x, y, widths and bulge of each; -1 for what is not written."""
        codes = [code for code, _ in known]
        names = {""}
        self.places: dict[str, int] = {}
        """Attributes that are one value → where they stand."""
        values: dict[Read, list[tuple[int, str]]] = {}
        number, place = 0, 1
        while place < len(codes):
            code, read = known[place]
            if code == SUBCLASS:
                number += 1
                self._mark(type_.parts, place, number)
                place += 1
                continue
            of_part = OWN if number == 0 else type_.parts[min(number, len(type_.parts)) - 1][1]
            size = _size(codes, place)
            if of_part is acdb_lwpolyline_group_codes and (code == CORNER or code in BESIDE):
                self._corner(place, size, code, read)
            else:
                name = of_part.get(code)
                if not isinstance(name, str) or name in names:
                    raise _Unusual
                names.add(name)
                self._value(place, size, name, read, values)
            place += size
        self.values = [(read, [name for _, name in rows], _pick([at for at, _ in rows])) for read, rows in values.items()]
        """How values are read, the attributes that they are, and where they stand."""
        self.owned = "owner" in names
        if "handle" not in names or number < len(type_.parts):
            raise _Unusual

    def _mark(self, parts: Sequence[Part], place: int, number: int) -> None:
        if not parts[-1][0]:
            return
        if number > len(parts):
            raise _Unusual
        self.marks.append((place, parts[number - 1][0]))

    def _corner(self, place: int, size: int, code: int, read: Read | None) -> None:
        if code == CORNER:
            if size != FLAT:
                raise _Unusual
            self.corners.append([place, place + 1, -1, -1, -1])
        elif read is not None and self.corners and self.corners[-1][BESIDE[code]] < 0:
            self.corners[-1][BESIDE[code]] = place
        else:
            raise _Unusual

    def _value(self, place: int, size: int, name: str, read: Read | None, values: dict[Read, list[tuple[int, str]]]) -> None:
        if size > 1:
            self.points.append((place, name, size > FLAT))
        elif read is None:
            raise _Unusual
        elif name.startswith("*"):
            self.checked.append((place, read))
        else:
            self.places[name] = place
            values.setdefault(read, []).append((place, name))

    def made_of(self, lines: Sequence[str], document: Drawing) -> DXFEntity | None:
        """Return the entity with these values; None where one of them is not as it should be."""
        for place, mark in self.marks:
            if lines[place] != mark:
                return None
        entity = self.made()
        entity.doc = document
        # An attribute that is not written is no attribute; the others stay, for dictionaries alike share their keys.
        found = vars(entity.dxf)
        if not self.owned:
            del found["owner"]
        try:
            for read, names, pick in self.values:
                found.update(zip(names, pick(lines) if read is str else map(read, pick(lines)), strict=True))
            for place, name, deep in self.points:
                x, y = float(lines[place]), float(lines[place + 1])
                found[name] = Vec3(x, y, float(lines[place + 2])) if deep else Vec3(x, y)
            for place, read in self.checked:
                read(lines[place])
            if isinstance(entity, LWPolyline):
                rows = [[float(lines[place]) if place >= 0 else 0.0 for place in places] for places in self.corners]
                entity.lwpoints = LWPolylinePoints(data=rows)
        except ValueError:
            return None
        return entity


def _size(codes: Sequence[int], place: int) -> int:
    """Return how many tags are one value: two or three of a point."""
    code = codes[place]
    if code not in POINT_CODES:
        return 1
    if codes[place + 1 : place + 2] != [code + 10]:
        raise _Unusual
    return 3 if codes[place + 2 : place + 3] == [code + 20] else FLAT


class Plain:
    """Makes the plain entities of a document.

    Parameters
    ----------
    document : Drawing
        Its release is known; in early ones, without subclasses, nothing is plain.
    codes : Codes
        Group codes by their lines.
    """

    def __init__(self, document: Drawing, codes: Codes) -> None:
        self._document = document
        self._codes = codes
        self._plans: dict[tuple[str, ...], Plan | None] = {}
        self._early = document.dxfversion <= DXF12

    def made(self, record: Record) -> DXFEntity | None:
        """Return an entity, None where ezdxf must read it."""
        plan = self.plan(record)
        return plan.made_of(record[1], self._document) if plan is not None else None

    def plan(self, record: Record) -> Plan | None:
        """Return how an entity is made, None where ezdxf must read it."""
        lines, values = record
        type_ = TYPES.get(values[0])
        if type_ is None or self._early or len(lines) > LONGEST:
            return None
        key = (values[0], *lines)
        try:
            return self._plans[key]
        except KeyError:
            return self._planned(type_, key)

    def _planned(self, type_: _Type, key: tuple[str, ...]) -> Plan | None:
        try:
            plan = Plan(type_, [self._codes[line] for line in key[1:]])
        except _Unusual:
            plan = None
        if len(self._plans) < MOST:
            self._plans[key] = plan
        return plan
