"""From a DXF text to an ezdxf document, the entities made as their tags are read: all tags at once take more room than the drawing."""

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any, TextIO

from ezdxf.document import Drawing
from ezdxf.entities.factory import bind
from ezdxf.lldxf.const import DXFStructureError, DXFValueError
from ezdxf.lldxf.tags import Tags

from drawings.plain import Plain
from drawings.tagger import END, Codes, Record, records, tags_of

ENTITIES = "ENTITIES"
AFTER = frozenset({"OBJECTS", "ACDSDATA", "THUMBNAILIMAGE"})
"""Sections that may follow the entities without any entity needing them."""

BLOCKS = "BLOCKS"
RENEWED_FROM = 0xD0000000
"""Handles given anew begin here, far above those that programs count up to."""

Sections = dict[str, list[Any]]


def _handle(group: Tags) -> str | None:
    """Return the handle of an entity's tags, upper case; early programs wrote none."""
    try:
        return str(group.get_handle()).upper()
    except DXFValueError:
        return None


class Handles:
    """Gives entities whose handle is taken a new one: ezdxf keeps one a handle.

    Entries of tables give way by themselves, when ezdxf audits the document.
    """

    def __init__(self, defined: Iterable[Any]) -> None:
        self._taken = {_handle(group) for group in defined} - {None}
        self.renewed = 0

    def takes(self, handle: str) -> bool:
        """Take a handle where it is free; say whether it was."""
        handle = handle.upper()
        if handle in self._taken:
            return False
        self._taken.add(handle)
        return True

    def settle(self, group: Tags) -> Tags:
        """Return the tags of an entity under a handle of its own."""
        handle = _handle(group)
        if handle is None or handle not in self._taken:
            self._taken.add(handle)
            return group
        fresh = f"{RENEWED_FROM + self.renewed:X}"
        self.renewed += 1
        group.replace_handle(fresh)
        return group


class _Entities(list[Any]):
    """The ENTITIES section, which ezdxf goes through once, putting in each place the entity that it makes of the tags there.

    Plain entities are in their places already, and bound as ezdxf binds what it has made.
    """

    def __init__(self, opening: Record, records: Iterator[Record], sections: Sections, document: Drawing, codes: Codes) -> None:
        super().__init__()
        self.handles = Handles(sections.get(BLOCKS, ())[1:])
        self._opening = opening
        self._records: Iterator[Record] | None = records
        self._rest = sections, document, codes

    def __iter__(self) -> Iterator[Any]:
        if self._records is None:
            return super().__iter__()
        records, self._records = self._records, None
        return self._read(records)

    def __setitem__(self, _: Any, entity: Any) -> None:
        # ezdxf counts what it was given.
        super().__setitem__(-1, entity)

    def _read(self, records: Iterator[Record]) -> Iterator[Tags]:
        sections, document, codes = self._rest
        plain = Plain(document, codes)
        for record in chain((self._opening,), records):
            if record[1][0].strip() == "ENDSEC":
                _collect(records, sections, document, codes)
                return
            entity = plain.made(record)
            if entity is not None and self.handles.takes(entity.dxf.handle):
                self.append(entity)
                bind(entity, document)
            else:
                self.append(None)
                yield self.handles.settle(tags_of(record, codes))
        raise DXFStructureError("section ENTITIES does not end")


def _collect(records: Iterator[Record], sections: Sections, document: Drawing, codes: Codes) -> None:
    """Put sections into their places, of ENTITIES the promise to read it, and what follows it after it has been read."""
    for record in records:
        if record[1][0].strip() == END:
            continue
        opening = tags_of(record, codes)
        name = opening[1].value
        if name in sections or (ENTITIES in sections and name not in AFTER):
            raise DXFStructureError(f"section {name} stands twice, or after the entities")
        if name == ENTITIES:
            sections[name] = _Entities(record, records, sections, document, codes)
            return
        section = sections[name] = [opening]
        for content in records:
            if content[1][0].strip() == "ENDSEC":
                break
            section.append(tags_of(content, codes))
    sections.pop("THUMBNAILIMAGE", None)


def load(stream: TextIO) -> tuple[Drawing, int]:
    """Return the document in a sound DXF (see `drawings.guard.sound`) whose sections stand as usual, and the number of new handles.

    Parameters
    ----------
    stream : text stream
        As for `drawings.tagger.tags`.

    Raises
    ------
    DXFStructureError
        The order is another one, or the content is no DXF.
    """
    sections: Sections = {}
    document, codes = Drawing(), Codes()
    _collect(records(stream, codes), sections, document, codes)
    # What `Drawing.from_tags` does with the sections once it has all of them.
    document._load_section_dict(sections)
    entities = sections.get(ENTITIES)
    return document, entities.handles.renewed if isinstance(entities, _Entities) else 0
