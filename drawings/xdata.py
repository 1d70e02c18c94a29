"""What an export leaves in the XDATA of an entity: whose feature it is, and what of the feature a drawing by the norm has no place for."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID

from ezdxf.entities.dxfentity import DXFEntity

from drawings.ledger import Ledger, finding, place_of
from drawings.norm import APPID
from gis.kinds import ENUMS, KINDS, Attribute
from gis.models.plan import PlanFeature

BESIDE = "QJ_BESIDE"
"""Application name of the XDATA with values that stand beside the norm: JSON, field → [what the drawing says, what holds]."""
STRING = 1000
PIECE = 80
"""Characters of one string: 255 bytes at most (DXF reference, extended data), three a Chinese character, four beyond the BMP."""
LONGEST = 12_000
"""Characters of all; XDATA of one entity ends at 16 kB."""
FIELDS = ("code", "name", "height_m", "z_min_m", "z_max_m")

Said = Mapping[str, tuple[Any, Any]]
"""Field or attribute → what a reader of the drawing alone would take it for, and what it is."""


def strings_of(entity: DXFEntity, application: str) -> list[str]:
    """Return the strings of an entity's XDATA under an application name."""
    if not entity.has_xdata(application):
        return []
    return [str(tag.value) for tag in entity.get_xdata(application) if tag.code == STRING]


def write_id(entity: DXFEntity, feature_id: UUID) -> None:
    """Leave a feature's identity on an entity."""
    entity.set_xdata(APPID, [(STRING, str(feature_id))])


def write_beside(entity: DXFEntity, said: Said) -> bool:
    """Leave values on an entity; False where they are too many for it, and nothing is left."""
    text = json.dumps({name: list(pair) for name, pair in sorted(said.items())}, ensure_ascii=False, separators=(",", ":"), default=str)
    if len(text) > LONGEST:
        return False
    entity.set_xdata(BESIDE, [(STRING, text[at : at + PIECE]) for at in range(0, len(text), PIECE)])
    return True


def id_of(entities: Iterable[DXFEntity], ledger: Ledger) -> UUID | None:
    """Return the first identity that an export left on these entities."""
    for entity in entities:
        for text in strings_of(entity, APPID):
            try:
                return UUID(text)
            except ValueError:
                ledger.issues.append(finding("W209", "QJ_ID 不是有效的标识，已不采用", "无需处理", place_of(entity)))
    return None


def _fits(attribute: Attribute, value: Any) -> bool:
    match attribute.type:
        case "number":
            return isinstance(value, (int, float)) and not isinstance(value, bool)
        case "integer":
            return isinstance(value, int) and not isinstance(value, bool)
        case "boolean":
            return isinstance(value, bool)
        case "enum":
            return value in ENUMS[attribute.enum or ""]
        case _:
            return isinstance(value, str)


def _holds(feature: PlanFeature, name: str, value: Any) -> bool:
    """Tell whether a value may stand in a field of a feature."""
    if name in ("code", "name"):
        return isinstance(value, str) or (name == "code" and value is None)
    if name in FIELDS:
        return value is None or (isinstance(value, (int, float)) and not isinstance(value, bool))
    attribute = next((one for one in KINDS[feature.kind].attributes if one.name == name), None)
    return attribute is not None and (_fits(attribute, value) if value is not None else not attribute.required)


def said_by(feature: PlanFeature, name: str) -> Any:
    """Return what a drawing says of a field or an attribute of a feature."""
    return getattr(feature, name) if name in FIELDS else feature.attributes.get(name)


def _same(one: Any, other: Any) -> bool:
    numbers = (int, float)
    if isinstance(one, numbers) and isinstance(other, numbers):
        return abs(one - other) <= 1e-6
    return bool(one == other)


def _left(entity: DXFEntity, ledger: Ledger) -> dict[str, Any]:
    text = "".join(strings_of(entity, BESIDE))
    if not text:
        return {}
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        found = None
    if isinstance(found, dict) and all(isinstance(pair, list) and len(pair) == 2 for pair in found.values()):
        return found
    ledger.issues.append(finding("W209", f"{BESIDE} 的内容无法读取，已不采用", "无需处理", place_of(entity)))
    return {}


def with_beside(feature: PlanFeature, entities: Iterable[DXFEntity], ledger: Ledger) -> PlanFeature:
    """Return a feature as an export left it, where the drawing still says what it said then: what a drafter changed holds."""
    for entity in entities:
        found = _left(entity, ledger)
        if not found:
            continue
        now = {
            name: then for name, (before, then) in found.items() if _same(said_by(feature, name), before) and _holds(feature, name, then)
        }
        attributes = feature.attributes | {name: value for name, value in now.items() if name not in FIELDS}
        return replace(feature, attributes=attributes, **{name: value for name, value in now.items() if name in FIELDS})
    return feature
