"""From a DXF text to an ezdxf document, the entities made as their tags are read: all tags at once take more room than the drawing."""

from collections.abc import Iterable, Iterator
from typing import Any, TextIO

from ezdxf.document import Drawing
from ezdxf.lldxf.const import DXFStructureError, DXFValueError
from ezdxf.lldxf.tags import Tags, group_tags

from drawings.tagger import tags

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
    """The ENTITIES section, which ezdxf goes through once, putting in each place the entity that it makes of the tags there."""

    def __init__(self, opening: Tags, groups: Iterator[Tags], sections: Sections) -> None:
        super().__init__()
        self.handles = Handles(sections.get(BLOCKS, ())[1:])
        self._opening = opening
        self._groups: Iterator[Tags] | None = groups
        self._sections = sections

    def __iter__(self) -> Iterator[Any]:
        if self._groups is None:
            return super().__iter__()
        groups, self._groups = self._groups, None
        return self._read(groups)

    def _read(self, groups: Iterator[Tags]) -> Iterator[Tags]:
        group = self._opening
        while group[0].value != "ENDSEC":
            self.append(None)
            yield self.handles.settle(group)
            group = next(groups)
        _collect(groups, self._sections)


def _collect(groups: Iterator[Tags], sections: Sections) -> None:
    """Put sections into their places, of ENTITIES the promise to read it, and what follows it after it has been read."""
    for opening in groups:
        if opening[0].value == "EOF":
            continue
        name = opening[1].value
        if name in sections or (ENTITIES in sections and name not in AFTER):
            raise DXFStructureError(f"section {name} stands twice, or after the entities")
        if name == ENTITIES:
            sections[name] = _Entities(opening, groups, sections)
            return
        section = sections[name] = [opening]
        for group in groups:
            if group[0].value == "ENDSEC":
                break
            section.append(group)
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
    _collect(iter(group_tags(tags(stream))), sections)
    document = Drawing()
    # What `Drawing.from_tags` does with the sections once it has all of them.
    document._load_section_dict(sections)
    entities = sections.get(ENTITIES)
    return document, entities.handles.renewed if isinstance(entities, _Entities) else 0
