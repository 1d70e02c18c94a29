"""The accounts of one reading: every entity of the model space is stored, ignored with a reason, or refused with an issue."""

import sys
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

from gis.issues import CODES, Issue, Place
from gis.models.plan import Counts

if TYPE_CHECKING:
    from ezdxf.entities.dxfentity import DXFEntity


def printable(text: str) -> str:
    """Return text in which undecodable bytes show as U+FFFD; ezdxf hands them on as lone surrogates."""
    if text.isprintable():
        return text
    return "".join("\ufffd" if "\ud800" <= letter <= "\udfff" else letter for letter in text)


def place_of(entity: "DXFEntity", xy: tuple[float, float] | None = None, field_: str | None = None) -> Place:
    """Return where an entity lies; `xy` in metres (EPSG:4545)."""
    at = (round(float(xy[0]), 3), round(float(xy[1]), 3)) if xy is not None else None
    return Place(layer=printable(layer_of(entity)), handle=handle_of(entity), xy=at, field=field_)


def handle_of(entity: "DXFEntity") -> str:
    """Return an entity's handle, `0` where it has none."""
    return str(vars(entity.dxf).get("handle") or "0")


@lru_cache(maxsize=4096)
def _upper(name: object) -> str:
    return sys.intern(str(name).upper())


def layer_of(entity: "DXFEntity") -> str:
    """Return the layer an entity lies on, upper case: CAD programs do not tell cases apart."""
    # What is asked of every entity many times looks past ezdxf's own checks. What a program made up has no layer that ezdxf knows of.
    return _upper(vars(entity.dxf).get("layer", "0"))


def whole(handle: str) -> str:
    """Return the handle of the entity in the drawing that a part of an exploded block belongs to."""
    return handle.partition(".")[0] if "." in handle else handle


def finding(code: str, message: str, hint: str, place: Place) -> Issue:
    """Return an issue; its code decides how much it weighs."""
    return Issue(code, CODES[code].severity, printable(message), printable(hint), place)


@dataclass(slots=True)
class Ledger:
    """What became of each entity, by handle, and what was found on the way."""

    ignored: dict[str, str] = field(default_factory=dict)
    """Handle → reason."""
    refused: set[str] = field(default_factory=set)
    issues: list[Issue] = field(default_factory=list)

    def ignore(self, entity: "DXFEntity", reason: str) -> None:
        """Leave an entity out on purpose."""
        self.ignored[handle_of(entity)] = reason

    def refuse(self, handles: Iterable[str], *issues: Issue) -> None:
        """Leave entities out because of faults."""
        self.refused.update(handles)
        self.issues.extend(issues)

    def ignored_by(self) -> dict[str, int]:
        """Return how many entities were left out on purpose, by reason."""
        return dict(sorted(Counter(self.ignored.values()).items()))

    def close(self, stored: Iterable[str]) -> set[str]:
        """Settle each entity once and return the handles of what is stored.

        Of a block reference that was exploded, one stored part makes it stored; else one refused part makes it refused.
        """
        stored = {whole(handle) for handle in stored}
        refused = {whole(handle) for handle in self.refused} - stored
        settled: dict[str, str] = {}
        for handle, reason in self.ignored.items():
            settled.setdefault(whole(handle), reason)
        self.ignored = {handle: reason for handle, reason in settled.items() if handle not in stored and handle not in refused}
        self.refused = refused
        return stored

    def counts(self, entities: int, stored: set[str]) -> Counts:
        """Return the accounts; after `close`."""
        return Counts(entities=entities, stored=len(stored), ignored=len(self.ignored), refused=len(self.refused))
