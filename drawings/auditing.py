"""Ezdxf's audit of a document, without what is known: entities that are alike in all that it looks at need one look."""

from collections.abc import Sequence
from typing import Any

from ezdxf.audit import Auditor
from ezdxf.entities.arc import Arc
from ezdxf.entities.attrib import Attrib
from ezdxf.entities.circle import Circle
from ezdxf.entities.dxfentity import DXFEntity
from ezdxf.entities.dxfgfx import SeqEnd
from ezdxf.entities.line import Line
from ezdxf.entities.lwpolyline import LWPolyline
from ezdxf.entities.point import Point
from ezdxf.entities.text import Text

from drawings.attributes import Labelled, is_attribute

_COMMON = ("layer", "linetype", "color", "lineweight", "extrusion", "transparency")
_LOOKED_AT: dict[type[DXFEntity], tuple[str, ...]] = {
    **dict.fromkeys((Point, Line, Circle, Arc, LWPolyline, SeqEnd), _COMMON),
    Text: (*_COMMON, "style"),
    Labelled: (*_COMMON, "name"),
}
"""Type → the attributes, beside the owner, that decide what its `audit` finds (ezdxf 1.4)."""


class PlainAuditor(Auditor):
    """An audit that finds what ezdxf's own finds in a document that the guard let through."""

    def audit_all_database_entities(self) -> None:
        """Audit all entities; of plain ones that differ in nothing that is looked at, one."""
        database = self.doc.entitydb
        self._post_audit_jobs = []
        self._clean = set[tuple[Any, ...]]()
        self._sound = set[int]()
        database.locked = True
        self._audit(list(database._database.values()))
        database.locked = False
        # What stayed lines passes if one like it did.
        kept = [entity for entity in database._database.values() if isinstance(entity, Labelled) and entity.is_alive and entity.lines]
        doubtful = [insert for insert in kept if any(id(line.alike) not in self._sound for line in insert.lines)]
        self._audit([part for insert in doubtful for part in insert.unfold()])
        self.empty_trashcan()  # type: ignore[no-untyped-call]
        self.exec_post_audit_jobs()  # type: ignore[no-untyped-call]

    def _audit(self, entities: Sequence[DXFEntity]) -> None:
        for entity in entities:
            if not entity.is_alive:
                continue
            key = self._key(entity)
            if key not in self._clean:
                before = len(self.errors) + len(self.fixes)
                entity.audit(self)
                if len(self.errors) + len(self.fixes) > before:
                    continue
                if key is not None:
                    self._clean.add(key)
            if is_attribute(entity):
                self._sound.add(id(entity))

    def _key(self, entity: DXFEntity) -> tuple[Any, ...] | None:
        """Return what an entity has in common with all that pass if it does; None where it must be looked at itself."""
        made = type(entity)
        own = vars(entity.dxf)
        if made is Attrib:
            made, alike = (Text, _LOOKED_AT[Text]) if "tag" in own else (made, None)
        else:
            alike = _LOOKED_AT.get(made)
        if alike is None or entity.doc is not self.doc or own.get("owner") not in self.entitydb:
            return None
        return (made, *map(own.get, alike))

    def check_block_reference_cycles(self) -> None:
        """Leave it: a drawing with a block that shows itself is refused by `drawings.guard`."""
