"""Which rule of a mapping decides over an entity: the first that fits."""

import re
from collections.abc import Sequence
from fnmatch import translate
from typing import TYPE_CHECKING

from ezdxf.document import Drawing
from ezdxf.entities.dxfentity import DXFEntity

from drawings.curves import ROUNDING_M
from drawings.facts import Facts
from drawings.ledger import handle_of, layer_of, printable
from gis.geometry.rings import CLOSE_M

if TYPE_CHECKING:
    from drawings.mapping import Mapping, Rule, When

WRITTEN_AS = {"MTEXT": ("TEXT",), "TEXT": ("MTEXT",), "LWPOLYLINE": ("CIRCLE",)}
"""Type → types that other programs write in its stead: texts, and circles in chords."""


def globs(patterns: Sequence[str]) -> re.Pattern[str]:
    """Return one pattern for several layer or block names with `*` and `?`, cases alike."""
    # A bracket is part of a name in CAD, no set of letters.
    listed = [translate(pattern.upper().replace("[", "[[]")) for pattern in patterns]
    return re.compile("|".join(listed), re.IGNORECASE)


def _holds(bounds: tuple[float, float, float, float], at: tuple[float, float]) -> bool:
    return bounds[0] <= at[0] <= bounds[2] and bounds[1] <= at[1] <= bounds[3]


class _Asked:
    """A rule's question, ready to be asked often."""

    def __init__(self, when: "When") -> None:
        self.layer = globs(when.layer)
        self.types = frozenset(name.upper() for name in when.type)
        self.block = globs(when.block) if when.block else None
        self.handles = frozenset(handle.upper() for handle in when.handle)
        self.closed = when.closed
        self.colours = frozenset(str(colour).lower() for colour in when.color)
        self.text = re.compile(when.text) if when.text is not None else None
        self.z = when.z
        self.within = when.within
        self.plain = not (self.block or self.handles or self.colours or self.text or self.z or self.within) and self.closed is None
        """Whether layer and type are all that it asks for."""

    def possible(self, layer: str, type_: str) -> bool:
        return bool(self.layer.match(layer)) and (not self.types or not self.types.isdisjoint({type_, *WRITTEN_AS.get(type_, ())}))

    def certain(self, type_: str) -> bool:
        """Say whether an entity of a type that it may be about is one without a further look."""
        return self.plain and (not self.types or type_ != "LWPOLYLINE")

    def fits(self, facts: Facts) -> bool:
        if not self._is_type(facts) or (self.handles and handle_of(facts.entity).upper() not in self.handles):
            return False
        if self.block is not None and not (facts.block is not None and self.block.match(facts.block)):
            return False
        if self.closed is not None and facts.closed is not self.closed:
            return False
        if self.colours and not {facts.colour, str(facts.aci)} & self.colours:
            return False
        if not self._lies(facts):
            return False
        return self.text is None or (facts.text is not None and self.text.fullmatch(facts.text) is not None)

    def _is_type(self, facts: Facts) -> bool:
        """Say whether an entity that may be of a type is."""
        return not self.types or facts.type != "LWPOLYLINE" or facts.type in self.types or facts.round

    def _lies(self, facts: Facts) -> bool:
        if self.z is not None and not (facts.z is not None and self.z[0] <= facts.z <= self.z[1]):
            return False
        return self.within is None or (facts.at is not None and _holds(self.within, facts.at))


class Rules:
    """The rules of one mapping, for one drawing."""

    def __init__(self, mapping: "Mapping", document: Drawing | None) -> None:
        self.mapping = mapping
        self.document = document
        self.gap = max(CLOSE_M / mapping.unit_m, ROUNDING_M)
        self._asked = [(rule, _Asked(rule.when)) for rule in mapping.rules]
        self._shortlists: dict[tuple[str, str], list[tuple[Rule, _Asked]]] = {}

    def rule_for(self, entity: DXFEntity) -> "Rule | None":
        """Return the first rule that fits an entity, None where none does."""
        layer, type_ = printable(layer_of(entity)), entity.dxftype()
        shortlist = self._shortlists.get((layer, type_))
        if shortlist is None:
            shortlist = [row for row in self._asked if row[1].possible(layer, type_)]
            self._shortlists[layer, type_] = shortlist
        facts = None
        for rule, asked in shortlist:
            if asked.certain(type_):
                return rule
            facts = facts or Facts(entity, self.document, self.gap)
            if asked.fits(facts):
                return rule
        return None
