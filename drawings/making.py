"""The facts of a feature that is made of one entity: constants and templates of a rule, or what its layer stands for."""

import re
from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from ezdxf.entities.dxfentity import DXFEntity
from ezdxf.entities.insert import Insert

from drawings.curves import anchor_z
from drawings.facts import block_of, text_of
from drawings.labels import convert, number, plain
from drawings.ledger import Ledger, finding, layer_of, place_of, printable
from drawings.sorting import Item
from gis.kinds import Kind

if TYPE_CHECKING:
    from drawings.mapping import Rule

PLACE = re.compile(r"\{(\w+)(?::([^}]*))?\}")

READERS: dict[str, Callable[[DXFEntity], str | None]] = {"text": text_of, "block": block_of, "layer": layer_of}


def _said(entity: DXFEntity, name: str, argument: str | None) -> str:
    """Return what a place in a template stands for, empty where the entity does not say."""
    if name == "attrib" and isinstance(entity, Insert):
        found = next((attrib for attrib in entity.attribs if str(attrib.dxf.tag).upper() == (argument or "").upper()), None)
        return printable(found.plain_text()).strip() if found is not None else ""
    if name == "attribs" and isinstance(entity, Insert):
        said = [(str(attrib.dxf.tag), printable(attrib.plain_text()).strip()) for attrib in entity.attribs]
        return "；".join(f"{printable(tag)}={text}" for tag, text in said if text)
    if name == "z":
        height = anchor_z(entity)
        added = number(argument) if argument else 0.0
        return "" if height is None or added is None else f"{height + added:.4f}"
    reader = READERS.get(name)
    return str((reader(entity) if reader else None) or "")


@lru_cache(maxsize=1024)
def _parts(template: str) -> tuple[str | tuple[str, str | None], ...]:
    """Return a template as its literal texts and its places (name, argument), in order."""
    parts, end = list[str | tuple[str, str | None]](), 0
    for match in PLACE.finditer(template):
        parts += [template[end : match.start()], (match[1], match[2])]
        end = match.end()
    return (*parts, template[end:])


def filled(template: str, entity: DXFEntity) -> str:
    """Return a template with the entity's own words.

    These are `{text}`, `{layer}`, `{block}`, `{attrib:TAG}`, `{attribs}` (each that says something, with its tag), `{z}`
    (as drawn) and `{z:NUMBER}` (the number added to it).
    """
    if "{" not in template:
        return template.strip()
    return "".join(part if isinstance(part, str) else _said(entity, *part) for part in _parts(template)).strip()


def _attributes(item: Item, kind: Kind, rule: "Rule", ledger: Ledger) -> dict[str, Any] | None:
    values: dict[str, Any] = {}
    for name, given in rule.attributes.items():
        attribute = kind.attribute(name)
        said = filled(given, item.entity) if isinstance(given, str) else given
        value = convert(attribute, said) if isinstance(said, str) else said
        if value is not None and value != "":
            values[name] = value
        elif attribute.required:
            hint = "请改对照规则的条件或模板，或为这些图元写 ignore 和理由"
            message = f"{kind.label}的{attribute.label}无法从“{said}”得出"
            ledger.issues.append(finding("E204", message, hint, place_of(item.entity, None, name)))
            return None
    return values


def _metres(given: float | str | None, entity: DXFEntity) -> float | None:
    return number(filled(given, entity)) if isinstance(given, str) else given


def made(item: Item, ledger: Ledger) -> dict[str, Any] | None:
    """Return the fields of a feature, None where a required one can't be told."""
    making, rule = item.making, item.making.rule
    kind = making.kind
    if kind is None:
        raise ValueError("an outline whose label decides has no making of its own")
    facts: dict[str, Any] = {"kind": kind.name, "code": None, "name": making.name, "attributes": dict(making.values)}
    if rule is not None:
        values = _attributes(item, kind, rule, ledger)
        if values is None:
            return None
        facts["attributes"] = values
        if rule.code:
            facts["code"] = plain(filled(rule.code, item.entity)).upper() or None
        if rule.name:
            facts["name"] = filled(rule.name, item.entity) or making.name
    if kind.solid:
        height = _metres(rule.height, item.entity) if rule else None
        height = None if height is None or rule is None else height * rule.height_times
        base = (_metres(rule.base, item.entity) if rule else None) or 0.0
        # A height that nobody knows stays unknown: a nought would lie flat on the ground.
        facts |= {"height_m": height, "z_min_m": base, "z_max_m": None if height is None else base + height}
    return facts
