"""Ezdxf's audit of a document, without what is known: entities that are alike in all that it looks at need one look."""

from typing import Any

from ezdxf.audit import Auditor
from ezdxf.entities.arc import Arc
from ezdxf.entities.attrib import Attrib
from ezdxf.entities.circle import Circle
from ezdxf.entities.dxfentity import DXFEntity
from ezdxf.entities.dxfgfx import SeqEnd
from ezdxf.entities.insert import Insert
from ezdxf.entities.line import Line
from ezdxf.entities.lwpolyline import LWPolyline
from ezdxf.entities.point import Point
from ezdxf.entities.text import Text

_COMMON = ("layer", "linetype", "color", "lineweight", "extrusion", "transparency")
_LOOKED_AT: dict[type[DXFEntity], tuple[str, ...]] = {
    **dict.fromkeys((Point, Line, Circle, Arc, LWPolyline, SeqEnd), _COMMON),
    Text: (*_COMMON, "style"),
    Insert: (*_COMMON, "name"),
}
"""Type → the attributes, beside the owner, that decide what its `audit` finds (ezdxf 1.4)."""


class PlainAuditor(Auditor):
    """An audit that finds what ezdxf's own finds in a document that the guard let through."""

    def audit_all_database_entities(self) -> None:
        """Audit all entities; of plain ones that differ in nothing that is looked at, one."""
        database = self.doc.entitydb
        self._post_audit_jobs = []
        clean = set[tuple[Any, ...]]()
        database.locked = True
        for entity in list(database._database.values()):
            if not entity.is_alive:
                continue
            key = self._key(entity)
            if key in clean:
                continue
            before = len(self.errors) + len(self.fixes)
            entity.audit(self)
            if key is not None and len(self.errors) + len(self.fixes) == before:
                clean.add(key)
        database.locked = False
        self.empty_trashcan()  # type: ignore[no-untyped-call]
        self.exec_post_audit_jobs()  # type: ignore[no-untyped-call]

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
