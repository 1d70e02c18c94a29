"""Drawings against the discharge permit: what is drawn and not permitted, what is permitted and not drawn."""

from collections.abc import Mapping, Sequence
from typing import Any

from gis.kinds import ENUMS
from gis.supervision.thing import Found, Thing, found, label

LISTS = {"outlet": "outlets", "production_unit": "units", "treatment_facility": "facilities"}
"""Kind → the list of a permit that it stands in."""


def permitted(permit: Mapping[str, Any], kind: str) -> dict[str, Mapping[str, Any]] | None:
    """Return the rows of a permit about a kind, by code; None where the permit says nothing about such things."""
    rows = permit.get(LISTS[kind])
    if not isinstance(rows, list):
        return None
    return {str(row["code"]).upper(): row for row in rows if isinstance(row, Mapping) and row.get("code")}


def permit_findings(things: Sequence[Thing], permit: Mapping[str, Any]) -> list[Found]:
    """Return what of the coded things differs from the permit, in both directions (E207, W208, W212)."""
    findings: list[Found] = []
    for kind in LISTS:
        rows = permitted(permit, kind)
        if rows is None:
            continue
        drawn = {thing.code: thing for thing in things if thing.kind == kind and thing.code}
        for code, thing in drawn.items():
            if code not in rows:
                findings.append(found("E207", thing, f"{label(kind)} {thing.title} 不在排污许可证中"))
            elif kind == "outlet":
                findings += _differing(thing, rows[code])
        findings += [
            Found("W208", f"{kind} {code}", f"排污许可证中的{label(kind)} {code} {row.get('name', '')}".rstrip() + " 图上没有")
            for code, row in rows.items()
            if code not in drawn
        ]
    return findings


def _differing(outlet: Thing, row: Mapping[str, Any]) -> list[Found]:
    """Return a warning where class or way of an outlet are not the permit's."""
    said = []
    for name, key, enum in (("outlet_class", "class", "outlet_class"), ("discharge_way", "way", "discharge_way")):
        drawn, allowed = outlet.attributes.get(name), row.get(key)
        if drawn and allowed in ENUMS[enum] and drawn != allowed:
            said.append(f"图上为{ENUMS[enum].get(drawn, drawn)}、许可证为{ENUMS[enum][allowed]}")
    return [found("W212", outlet, f"{outlet.title} {'；'.join(said)}")] if said else []
