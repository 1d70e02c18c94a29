"""The on-site checklist (现场检查表): what to look at where in a plant, from its drawings, permit and problem list, as a walk."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from drawings.inspection.walk import walk
from drawings.permit.summary import figure, limit
from drawings.sheets.ground import Thing, things
from drawings.sheets.legend import label_of
from gis.facts import facts as facts_of
from gis.kinds import ENUMS
from gis.models.permit import Permit, PermittedOutlet, permit_of
from gis.models.sheet import SheetFacts
from gis.supervision.thing import codes_in

KINDS = (
    "outlet",
    "treatment_facility",
    "production_unit",
    "storage",
    "emergency_facility",
    "monitoring_point",
    "ambient_point",
)
"""Kinds of things that an inspector stops at."""
NEAR_M = 12.0
"""A monitor that stands so near to its outlet is looked at with it, metres."""
BLANK = re.compile(r"\{(\w+)\}")
PROBLEM = "问题清单"


@dataclass(frozen=True, slots=True)
class Look:
    """One thing to look at."""

    text: str
    basis: str
    problem: bool = False
    """It stands open on the problem list."""


@dataclass(frozen=True, slots=True)
class Stop:
    """A place with what to look at there; the first is the papers."""

    number: int
    label: str
    """What sort of thing it is."""
    code: str
    name: str
    looks: tuple[Look, ...]
    thing: Thing | None = None
    walk_m: float = 0.0
    """From the stop before, as the crow flies."""

    @property
    def at(self) -> tuple[float, float]:
        """Where it is, EPSG:4545, metres."""
        assert self.thing is not None, "papers are nowhere"  # noqa: S101
        middle = self.thing.xy.representative_point()
        return float(middle.x), float(middle.y)

    def as_json(self) -> dict[str, Any]:
        """Return it as plain JSON types."""
        lonlat: dict[str, Any] = {}
        if self.thing is not None and self.thing.feature.geom is not None:
            point = self.thing.feature.geom.representative_point()
            lonlat = {"feature_id": str(self.thing.feature.feature_id), "lon": round(point.x, 7), "lat": round(point.y, 7)}
        looks = [{"text": look.text, "basis": look.basis, "problem": look.problem} for look in self.looks]
        return {
            "number": self.number, "label": self.label, "code": self.code, "name": self.name, "walk_m": round(self.walk_m, 1),
            **lonlat, "looks": looks,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Checklist:
    """All stops of one plant."""

    enterprise: str
    code: str
    stops: tuple[Stop, ...]

    @property
    def walk_m(self) -> float:
        """How long the walk is, as the crow flies from stop to stop, metres."""
        return sum(stop.walk_m for stop in self.stops)

    @property
    def problems(self) -> int:
        """How many looks are at what stands on the problem list."""
        return sum(look.problem for stop in self.stops for look in stop.looks)

    def as_json(self) -> dict[str, Any]:
        """Return it as plain JSON types."""
        told = {"enterprise": self.enterprise, "code": self.code, "walk_m": round(self.walk_m), "problems": self.problems}
        return {**told, "stops": [stop.as_json() for stop in self.stops]}


def _filled(rows: Iterable[Mapping[str, str]], words: Mapping[str, str]) -> list[Look]:
    """Return looks with their blanks filled; the clause of a blank that nothing fills is left out, or the look where it is the only one."""
    found = []
    for row in rows:
        clauses = re.split(r"(?<=[：；，])", row["look"])
        known = [clause for clause in clauses if all(words.get(name) for name in BLANK.findall(clause))]
        if (
            not known
            or (clauses[0] not in known and BLANK.search(clauses[0]))
            or (len(clauses) == 2 and len(known) == 1 and "：" in clauses[0])
        ):
            continue
        text = BLANK.sub(lambda blank: words[blank.group(1)], "".join(known)).rstrip("：；，").replace("（CAS ）", "")
        found.append(Look(text, row["basis"]))
    return found


def _permitted(permit: Permit | None, code: str) -> PermittedOutlet | None:
    return next((one for one in (permit.outlets or () if permit else ()) if one.code.upper() == code.upper()), None)


def _outlet_words(outlet: PermittedOutlet | None, monitors: Sequence[Thing]) -> dict[str, str]:
    words = {"monitors": "、".join(f"{one.code} MN {one.says('mn')}" if one.says("mn") else one.code for one in monitors)}
    if outlet is None:
        return words
    stack = [
        f"高 {figure(outlet.height_m)} m" if outlet.height_m else "",
        f"内径 {figure(outlet.diameter_m)} m" if outlet.diameter_m else "",
    ]
    way = ENUMS["discharge_way"].get(outlet.way or "", "")
    to = f"→ {outlet.receiving_water}" if outlet.receiving_water else ""
    return words | {
        "limits": "、".join(
            f"{one.name} {limit(one.limit) or limit(one.rate_limit)}" for one in outlet.pollutants if one.limit or one.rate_limit
        ),
        "stack": "，".join(part for part in stack if part),
        "way": " ".join(part for part in (way, to) if part),
    }


def _words(thing: Thing, permit: Permit | None, monitors: Sequence[Thing]) -> dict[str, str]:
    """Return what the blanks of a thing's looks are filled with."""
    capacity = thing.says("capacity_t")
    words = {
        "code": thing.code,
        "process": thing.says("process"),
        "serves": thing.says("serves_code"),
        "pollutants": thing.says("pollutants"),
        "treatment": thing.says("treatment_code"),
        "contents": thing.says("contents"),
        "cas": thing.says("cas_numbers"),
        "capacity": f"{figure(float(capacity))} t" if capacity else "",
        "mn": thing.says("mn"),
        "parent": thing.says("outlet_code"),
    }
    return words | (_outlet_words(_permitted(permit, thing.code), monitors) if thing.kind == "outlet" else {})


def _looks(thing: Thing, permit: Permit | None, monitors: Sequence[Thing]) -> list[Look]:
    rows = facts_of("drawings.inspection", "looks.yaml")[thing.kind]
    found = _filled(rows.get(thing.type or "any") or rows.get("any", ()), _words(thing, permit, monitors))
    return found or [Look(f"{label_of(thing.kind, thing.type)} {thing.code or thing.name}：与图纸和许可证一致", "图纸")]


def _with_outlets(own: Sequence[Thing]) -> tuple[list[Thing], dict[UUID, list[Thing]]]:
    """Return the things to stop at, and the monitors that are looked at together with their outlet."""
    outlets = {thing.code: thing for thing in own if thing.kind == "outlet" and thing.code}
    stops, beside = [], dict[UUID, list[Thing]]()
    for thing in own:
        served = next((outlets[code] for code in codes_in(thing.feature.attributes.get("outlet_code")) if code in outlets), None)
        if thing.kind == "monitoring_point" and served is not None and thing.xy.distance(served.xy) <= NEAR_M:
            beside.setdefault(served.feature.feature_id, []).append(thing)
        else:
            stops.append(thing)
    return stops, beside


def _problem(row: Mapping[str, Any]) -> Look:
    hint = f"（{row['hint']}）" if row["hint"] else ""
    return Look(f"{row['message']}{hint}", f"{PROBLEM} {row['code']}", True)


def checklist(facts: SheetFacts, problems: Sequence[Mapping[str, Any]]) -> Checklist:
    """Return the checklist of an enterprise.

    Parameters
    ----------
    facts : SheetFacts
        As `gis.store.sheets.sheet_facts` reads them.
    problems : sequence of mapping
        Its open problems, as `gis.store.problems.problem_list` reads them.
    """
    permit = permit_of(facts.permit) if facts.permit else None
    enterprise, *own = things((facts.enterprise, *facts.features))
    stopping, beside = _with_outlets([thing for thing in own if thing.kind in KINDS])
    monitored = {one.feature.feature_id: owner for owner, listed in beside.items() for one in listed}
    at_stops: dict[UUID | None, list[Look]] = {}
    known = {thing.feature.feature_id for thing in stopping}
    for row in problems:
        where = monitored.get(row["feature_id"], row["feature_id"])
        at_stops.setdefault(where if where in known else None, []).append(_problem(row))
    words = {
        "valid": f"{permit.valid_from} 至 {permit.valid_to}" if permit else "未登记",
        "management": permit.management if permit else "",
    }
    papers = _filled(facts_of("drawings.inspection", "looks.yaml")["papers"], words)
    stops = [Stop(1, "资料", "", "资料核查", (*at_stops.get(None, ()), *papers))]
    places = [Stop(0, "", "", "", (), thing).at for thing in stopping]
    start = float(enterprise.xy.x), float(enterprise.xy.y)
    before = start
    for number, index in enumerate(walk(places, start), 2):
        thing, at = stopping[index], places[index]
        monitors = beside.get(thing.feature.feature_id, [])
        looks = (*at_stops.get(thing.feature.feature_id, ()), *_looks(thing, permit, monitors))
        gone = ((at[0] - before[0]) ** 2 + (at[1] - before[1]) ** 2) ** 0.5
        stops.append(Stop(number, label_of(thing.kind, thing.type), thing.code, thing.name, looks, thing, gone))
        before = at
    return Checklist(facts.enterprise.name, facts.enterprise.code or "", tuple(stops))
