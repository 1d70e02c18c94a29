"""From a DXF text to an ezdxf document, the entities made as their tags are read: all tags at once take more room than the drawing."""

from collections import deque
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any, TextIO

from ezdxf.document import Drawing
from ezdxf.entities.attrib import Attrib
from ezdxf.entities.dxfentity import DXFEntity
from ezdxf.entities.dxfgfx import SeqEnd
from ezdxf.entities.factory import bind
from ezdxf.entities.insert import Insert
from ezdxf.entities.polyline import Polyline
from ezdxf.lldxf.const import DXFStructureError, DXFValueError
from ezdxf.lldxf.tags import Tags

from drawings.attributes import Labelled, link
from drawings.keeping import Keeper
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

    def take(self, handles: Sequence[str]) -> bool:
        """Take all of some handles where all are free; say whether they were."""
        wanted = {handle.upper() for handle in handles}
        if len(wanted) < len(handles) or not wanted.isdisjoint(self._taken):
            return False
        self._taken |= wanted
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


def _opens(entity: DXFEntity) -> bool:
    """Say whether an entity is followed by others that are its own, up to a SEQEND."""
    return isinstance(entity, Polyline) or (isinstance(entity, Insert) and bool(entity.dxf.attribs_follow))


def _of_reference(records: Iterator[Record]) -> Iterator[Record]:
    """Yield the attributes that follow a block reference, and what comes after them."""
    for record in records:
        yield record
        if record[1][0] != "ATTRIB":
            return


class _Entities(list[Any]):
    """The ENTITIES section, which ezdxf goes through twice: once to make entities of tags, once to put them into their layout.

    Plain entities are made, bound and put there on the way, as ezdxf does it.
    """

    def __init__(self, opening: Record, records: Iterator[Record], sections: Sections, document: Drawing, codes: Codes) -> None:
        super().__init__()
        self.handles = Handles(sections.get(BLOCKS, ())[1:])
        self._opening = opening
        self._records: Iterator[Record] | None = records
        self._rest = sections, document, codes
        self._plain: list[bool] = []
        """Whether it was made here, of each."""
        self._named = False
        """An object names one of the attributes that are kept as lines."""

    def __iter__(self) -> Iterator[Any]:
        if self._records is None:
            return self._laid_out(list(super().__iter__()))
        records, self._records = self._records, None
        return self._read(records)

    def __setitem__(self, _: Any, entity: Any) -> None:
        # ezdxf counts what it was given.
        super().__setitem__(-1, entity)

    def _read(self, records: Iterator[Record]) -> Iterator[Tags]:
        sections, document, codes = self._rest
        plain, database = Plain(document, codes), document.entitydb
        keeper = Keeper(plain, int(str(database.handles), 16))
        ahead = deque([self._opening])
        while (record := ahead.popleft() if ahead else next(records, None)) is not None:
            if record[1][0].strip() == "ENDSEC":
                _collect(records, sections, document, codes)
                self._named = keeper.is_named(sections.get("OBJECTS", ()))
                return
            entity = plain.made(record)
            made = entity is not None and self.handles.takes(entity.dxf.handle)
            self._plain.append(made)
            if entity is None or not made:
                self.append(None)
                yield self.handles.settle(tags_of(record, codes))
                continue
            self.append(entity)
            keeper.know(entity, record)
            if not isinstance(entity, Labelled):
                database[entity.dxf.handle] = entity
                continue
            if _opens(entity):
                ahead.extend(_of_reference(records))
            if not ahead or ahead[-1][1][0] != "SEQEND":
                # Ezdxf makes the SEQEND that is not written.
                bind(entity, document)
                continue
            database[entity.dxf.handle] = entity
            # Of the SEQEND that ezdxf makes until it comes to the one that is written.
            database.next_handle()
            if self._keeps(entity, keeper, ahead):
                ahead.clear()
        raise DXFStructureError("section ENTITIES does not end")

    def _keeps(self, insert: Labelled, keeper: Keeper, records: Collection[Record]) -> bool:
        """Let a block reference keep the lines of what follows it, if that is its attributes and nothing is unusual about them."""
        lines = keeper.lines(records)
        if lines is None or not self.handles.take([line.handle for line in lines]):
            return False
        insert.keep(lines)
        return True

    def _laid_out(self, entities: list[Any]) -> Iterator[DXFEntity]:
        """Yield what ezdxf must put into a layout; plain entities of model space are there when the next is asked for."""
        records = self._rest[1].block_records
        model, paper = records.get("*Model_Space"), records.get("*Paper_Space").dxf.handle
        owner, space = model.dxf.handle, model.entity_space
        waiting, after = False, 0
        for place, entity in enumerate(entities):
            if place < after:
                continue
            own = vars(entity.dxf)
            lies_here = own.get("owner") == owner or (own.get("owner") != paper and not own.get("paperspace"))
            after = self._whole(entities, place) if self._plain[place] and lies_here and not waiting else place
            if after > place:
                own["owner"] = owner
                own.pop("paperspace", None)
                space.add(entity)
                if isinstance(entity, Labelled):
                    self._linked(entity, entities[place + 1 : after])
                continue
            yield entity
            if isinstance(entity, Labelled) and entity.lines:
                yield from entity.released()
                waiting = False
                continue
            waiting = not isinstance(entity, SeqEnd) and (waiting or _opens(entity))

    def _linked(self, insert: Labelled, parts: list[Any]) -> None:
        """Give a block reference in model space what is its own."""
        if not insert.lines:
            link(insert, parts[:-1], parts[-1])
        elif self._named:
            insert.unfold()

    def _whole(self, entities: list[Any], place: int) -> int:
        """Return the place after a plain entity and what is its own; that of itself, where it is no whole one."""
        entity, after = entities[place], place + 1
        if isinstance(entity, Attrib | SeqEnd):
            return place
        if not isinstance(entity, Labelled) or entity.lines:
            return after
        while after < len(entities) and self._plain[after] and isinstance(entities[after], Attrib):
            after += 1
        ended = after < len(entities) and self._plain[after] and isinstance(entities[after], SeqEnd)
        return after + 1 if ended and _opens(entity) else place


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
