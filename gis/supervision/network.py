"""The sewage network as a graph: pipes lead where they end, bodies pass on what reaches them, outlets let it out."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

import numpy as np
import shapely
from shapely import STRtree

from gis.supervision.thing import Found, Thing, codes_in, found

REACH_M = 0.5
"""How near an end must come to what it leads to, metres (norm, W406)."""
SHARED_M2 = 0.01
"""Bodies that share more than this are one place, square metres."""
SEWAGE = ("sewage", "other")
"""Media that may be waste water; buried pipes of the norm's QJ-P-UNDER say no medium."""
HOUSES = ("building", "structure", "underground_structure", "storage", "emergency_facility")
BODIES = ("production_unit", "treatment_facility", *HOUSES)
ENDS = ("outlet", "river_outlet", "manhole", "emergency_facility", "monitoring_point", "river", "receptor")
"""Beside bodies and pipes, what a pipe may end at."""
STARTS_ANYWHERE = ("rain", "water", "fuel", "other")
"""Media whose pipes may begin in the open: gullies, mains from outside, what is not known."""


def is_water_outlet(thing: Thing) -> bool:
    """Say whether a thing is an outlet of waste water."""
    return thing.kind == "outlet" and thing.attributes.get("medium") == "water"


def is_water_treatment(thing: Thing) -> bool:
    """Say whether a thing treats waste water."""
    return thing.kind == "treatment_facility" and thing.attributes.get("facility_type") == "water"


def _area(thing: Thing) -> bool:
    return thing.kind in BODIES and bool(thing.xy.area > 0)


class Network:
    """Which waste water gets where.

    A pipe drawn from its start to its end carries water that way. Its end gives to what lies within 0.5 m of it: a body, an outlet, another
    pipe (anywhere along it). Its start takes from a body, an outlet, or a pipe that it branches off. A unit gives to the house it stands
    in; other bodies that overlap are one place.

    Parameters
    ----------
    things : iterable of Thing
        Everything on the plan.
    """

    def __init__(self, things: Iterable[Thing]) -> None:
        self.nodes = [thing for thing in things if self._counts(thing)]
        self._places = {id(node): index for index, node in enumerate(self.nodes)}
        self.pipes = [index for index, node in enumerate(self.nodes) if node.kind == "pipe"]
        self.forward: defaultdict[int, set[int]] = defaultdict(set)
        self.backward: defaultdict[int, set[int]] = defaultdict(set)
        if self.nodes:
            self._connect()

    @staticmethod
    def _counts(thing: Thing) -> bool:
        if thing.kind == "pipe":
            return thing.attributes.get("medium") in SEWAGE
        return _area(thing) or is_water_outlet(thing) or thing.kind == "river_outlet"

    def _lead(self, start: int, end: int) -> None:
        self.forward[start].add(end)
        self.backward[end].add(start)

    def _connect(self) -> None:
        shapes = np.array([node.xy for node in self.nodes], dtype=object)
        tree = STRtree(shapes)
        if self.pipes:
            lines = shapes[self.pipes]
            for pipe, other in tree.query(shapely.get_point(lines, -1), predicate="dwithin", distance=REACH_M).T:
                if (index := self.pipes[pipe]) != other:
                    self._lead(index, int(other))
            for pipe, other in tree.query(shapely.get_point(lines, 0), predicate="dwithin", distance=REACH_M).T:
                if (index := self.pipes[pipe]) != other:
                    self._lead(int(other), index)
            # An outlet may stand on the way of a pipe that goes on to a public sewer.
            outlets = [index for index, node in enumerate(self.nodes) if is_water_outlet(node)]
            for outlet, other in tree.query(shapes[outlets], predicate="dwithin", distance=REACH_M).T:
                if self.nodes[other].kind == "pipe":
                    self._lead(int(other), outlets[outlet])
        areas = [index for index, node in enumerate(self.nodes) if _area(node)]
        houses = shapes[areas]
        for a, b in STRtree(houses).query(houses, predicate="intersects").T:
            one, other = self.nodes[areas[a]], self.nodes[areas[b]]
            # What comes into a house does not go into the units that stand in it.
            if a != b and other.kind != "production_unit" and one.xy.intersection(other.xy).area > SHARED_M2:
                self._lead(areas[a], areas[b])

    def _reach(self, start: Thing, edges: defaultdict[int, set[int]]) -> list[Thing]:
        own = self._places.get(id(start))
        waiting = [] if own is None else [own]
        seen = set(waiting)
        while waiting:
            for following in edges[waiting.pop()] - seen:
                seen.add(following)
                waiting.append(following)
        return [self.nodes[index] for index in sorted(seen) if index != own]

    def upstream(self, thing: Thing) -> list[Thing]:
        """Return everything whose water gets to a thing."""
        return self._reach(thing, self.backward)

    def downstream(self, thing: Thing) -> list[Thing]:
        """Return everything that a thing's water gets to."""
        return self._reach(thing, self.forward)


def network_findings(things: Sequence[Thing]) -> list[Found]:
    """Return where the drawn network does not lead from units through treatment to the outlets, as the attributes say it does (E401)."""
    network = Network(things)
    treatments = {thing.code: thing for thing in things if is_water_treatment(thing) and thing.code}
    units = {thing.code: thing for thing in things if thing.kind == "production_unit" and thing.code}
    findings: list[Found] = []
    fed: dict[str, Thing] = {}
    for outlet in filter(is_water_outlet, things):
        reaching = network.upstream(outlet)
        fed |= {thing.code: thing for thing in reaching if is_water_treatment(thing) and thing.code}
        for code in codes_in(outlet.attributes.get("parent_code")):
            named = treatments.get(code) or units.get(code)
            if named is not None and named not in reaching:
                findings.append(found("E401", outlet, f"{named.title} 到 {outlet.title} 没有相通的污水管线"))
    findings += [
        found("E401", treatment, f"{treatment.title} 没有接入产污单元或车间的污水管线")
        for treatment in fed.values()
        if not any(_gives(network, thing) for thing in _before(network, treatment))
    ]
    findings += _stated(network, units, treatments)
    return list({finding.subject: finding for finding in reversed(findings)}.values())[::-1]


def _gives(network: Network, thing: Thing) -> bool:
    """Say whether waste water comes from a thing: a unit, a building, a pipe that comes from outside the plan."""
    return thing.kind in ("production_unit", "building") or (thing.kind == "pipe" and not network.upstream(thing))


def _before(network: Network, treatment: Thing) -> list[Thing]:
    """Return what gives to a treatment, its own house left out."""
    return [thing for thing in network.upstream(treatment) if thing.kind not in HOUSES or not thing.xy.intersects(treatment.xy)]


def _stated(network: Network, units: dict[str, Thing], treatments: dict[str, Thing]) -> list[Found]:
    """Return the pairs of unit and water treatment that an attribute names and no pipe joins."""
    pairs = [
        (unit, treatments[code])
        for unit in units.values()
        for code in codes_in(unit.attributes.get("treatment_code"))
        if code in treatments
    ]
    pairs += [(units[code], one) for one in treatments.values() for code in codes_in(one.attributes.get("serves_code")) if code in units]
    return [
        found("E401", unit, f"{unit.title} 到 {treatment.title} 没有相通的污水管线")
        for unit, treatment in pairs
        if treatment not in network.downstream(unit)
    ]


def dangling(things: Sequence[Thing]) -> list[Found]:
    """Return the pipes of any medium with an end that meets nothing (W406); what leaves the boundary goes on outside the plan."""
    pipes = [thing for thing in things if thing.kind == "pipe"]
    if not pipes:
        return []
    others = [thing for thing in things if thing.kind == "pipe" or thing.kind in BODIES or thing.kind in ENDS]
    tree = STRtree([thing.xy for thing in others])
    inside = shapely.union_all([thing.xy for thing in things if thing.kind == "site_boundary"])
    shapely.prepare(inside)
    findings = []
    for which, position in (("起点", 0), ("终点", -1)):
        points = shapely.get_point(np.array([pipe.xy for pipe in pipes], dtype=object), position)
        met: defaultdict[int, set[int]] = defaultdict(set)
        for pipe, other in tree.query(points, predicate="dwithin", distance=REACH_M).T:
            met[int(pipe)].add(int(other))
        for index, pipe in enumerate(pipes):
            open_start = position == 0 and pipe.attributes.get("medium") in STARTS_ANYWHERE
            alone = all(others[other] is pipe for other in met[index])
            if alone and not open_start and (inside.is_empty or inside.contains(points[index])):
                x, y = points[index].x, points[index].y
                message = f"{pipe.title or '管线'}的{which}（{x:.2f}, {y:.2f}）没有接到任何设施、检查井、排放口或管线"
                findings.append(Found("W406", f"pipe {x:.2f} {y:.2f}", message, thing=pipe))
    return findings
