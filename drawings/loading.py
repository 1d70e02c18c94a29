"""From a DXF text to an ezdxf document, the entities made as their tags are read: all tags at once take more room than the drawing."""

from collections.abc import Iterator
from typing import Any, TextIO

from ezdxf.document import Drawing
from ezdxf.lldxf.const import DXFStructureError
from ezdxf.lldxf.tags import Tags, group_tags

from drawings.tagger import tags

ENTITIES = "ENTITIES"
AFTER = frozenset({"OBJECTS", "ACDSDATA", "THUMBNAILIMAGE"})
"""Sections that may follow the entities without any entity needing them."""

Sections = dict[str, list[Any]]


class _Entities(list[Any]):
    """The ENTITIES section, which ezdxf goes through once, putting in each place the entity that it makes of the tags there."""

    def __init__(self, opening: Tags, groups: Iterator[Tags], sections: Sections) -> None:
        super().__init__()
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
            yield group
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


def load(stream: TextIO) -> Drawing:
    """Return the document in a sound DXF (see `drawings.guard.sound`) whose sections stand in the usual order.

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
    return document
