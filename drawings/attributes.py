"""Attributes of block references as their lines: three of four entities of a plan are attributes, and each is read once, as tag and text.

Entities are made of them as soon as anything asks for one. A first of each sort is made at once, for ezdxf's audit to look at.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from ezdxf.entities.attrib import Attrib
from ezdxf.entities.dxfentity import DXFEntity
from ezdxf.entities.dxfgfx import SeqEnd
from ezdxf.entities.insert import Insert

from drawings.facts import words, words_of

if TYPE_CHECKING:
    from drawings.plain import Plan

OWN = frozenset({"_sub_entities", "seqend"})
"""What ezdxf keeps of the entities that belong to a block reference."""


class Lines(NamedTuple):
    """An ATTRIB or SEQEND that is not made yet."""

    tag: str
    text: str
    """As they are written; both empty of a SEQEND."""
    handle: str
    plan: "Plan"
    values: str
    """Of its tags, a line each; one string takes a fifth of the room of many."""
    alike: DXFEntity
    """One that is made, and differs in nothing that an audit looks at."""

    def made(self, insert: Insert) -> DXFEntity:
        """Return the entity."""
        assert insert.doc is not None, "it was read from a document"  # noqa: S101
        entity = self.plan.made_of(self.values.split("\n"), insert.doc)
        assert entity is not None, "the plan was asked before"  # noqa: S101
        return entity


class Labelled(Insert):
    """A block reference whose attributes may still be lines."""

    lines: Sequence[Lines] = ()
    """Its attributes, and the SEQEND after them."""

    def __getattr__(self, name: str) -> Any:
        # Python comes here only for what is not there.
        if name not in OWN or not self.lines:
            raise AttributeError(name)
        self.unfold()
        return vars(self)[name]

    def keep(self, lines: Sequence[Lines]) -> None:
        """Take attributes, and the SEQEND after them, as their lines."""
        self.lines = lines
        for name in OWN:
            delattr(self, name)

    def unfold(self) -> list[Any]:
        """Make the entities, in model space, and return them."""
        parts = self.released()
        link(self, parts[:-1], parts[-1])
        return parts

    def released(self) -> list[Any]:
        """Return the entities in their order, known to the document but not to the reference, which has none any more."""
        parts = [line.made(self) for line in self.lines]
        del self.lines
        self._sub_entities, self.seqend = [], None
        assert self.doc is not None, "it was read from a document"  # noqa: S101
        for part in parts:
            self.doc.entitydb[part.dxf.handle] = part
        return parts


def link(insert: Insert, attribs: list[Any], end: Any) -> None:
    """Give a block reference in model space the attributes that follow it."""
    for attrib in attribs:
        own = vars(attrib.dxf)
        own["owner"] = insert.dxf.handle
        own.pop("paperspace", None)
    insert._sub_entities = attribs
    insert.seqend = end
    end.dxf.owner = insert.dxf.owner


def said(insert: Insert) -> list[tuple[str, str]]:
    """Return tag and plain text of each attribute of a block reference."""
    if isinstance(insert, Labelled) and insert.lines:
        return [(line.tag, words(line.text)) for line in insert.lines[:-1]]
    return [(str(attrib.dxf.tag), words_of(attrib)) for attrib in insert.attribs if attrib.is_alive]


def is_attribute(entity: DXFEntity) -> bool:
    """Say whether an entity belongs to a block reference, as one of its attributes or as what ends them."""
    return isinstance(entity, Attrib | SeqEnd)
