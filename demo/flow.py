"""The production process of a demo plant as a graph: the order of its industry, the codes of its plan, the amounts of its permit."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import yaml

from demo.plant import Plant, Thing
from demo.process import Process, Step, Ways, process
from gis.models.process import NodeType, ProcessGraph, ProcessNode, ProcessStream
from gis.pollutants import listed

FUGITIVE = "无组织排放"
STORED = "危废贮存间，委托有资质单位处置"
WATERS = {"direct": "直接排放", "indirect": "间接排放（园区污水处理厂）", "none": "回用，不外排"}
DUST, ODOUR = "颗粒物", "臭气浓度"
FUELS = ("天然气", "煤气", "燃料气", "原煤", "柴油", "轻油", "生物质")
"""What the name of a fuel ends in."""

DUMPER: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
"""The one of libyaml where it is built in: ten times faster."""


def _text(thing: Thing, tag: str) -> str:
    return str(thing.values.get(tag, ""))


def _codes(thing: Thing) -> list[str]:
    return [code for code in _text(thing, "PARENT").split("、") if code]


def amount(tonnes: float) -> str:
    """Return a yearly amount as drawings have it.

    >>> amount(126000), amount(850)
    ('12.6 万 t/a', '850 t/a')
    """
    return f"{tonnes / 10_000:.3g} 万 t/a" if tonnes >= 10_000 else f"{tonnes:g} t/a"


def _amounts(permit: Mapping[str, Any]) -> dict[str, str]:
    """Return how much of what a permit allows, by name; the stores of one thing together."""
    totals: dict[str, float] = {}
    for row in (*permit["materials"], *permit["products"]):
        for name in str(row["name"]).split("、"):
            totals[name] = totals.get(name, 0.0) + float(row["annual_t"])
    return {name: amount(total) for name, total in totals.items()}


def _medium(material: str) -> str:
    return "fuel" if material.endswith(FUELS) else "water" if material.endswith("水") and "氨" not in material else "process"


@dataclass(frozen=True, slots=True)
class _Drawn:
    """What of a plan belongs to its process."""

    units: tuple[Thing, ...]
    treatments: dict[str, Thing]
    """By code."""
    outlets: tuple[Thing, ...]

    @classmethod
    def of(cls, plant: Plant) -> "_Drawn":
        def shown(*blocks: str) -> tuple[Thing, ...]:
            return tuple(thing for thing in plant.things if thing.block in blocks)

        treatments = sorted(shown("QJ_TA", "QJ_TW"), key=lambda thing: _text(thing, "CODE"))
        return cls(shown("QJ_MF"), {_text(thing, "CODE"): thing for thing in treatments}, shown("QJ_DA", "QJ_DW"))

    def named(self, name: str) -> list[str]:
        """Return the codes of the treatments of a name."""
        return [code for code, thing in self.treatments.items() if _text(thing, "NAME") == name]


class _Builder:
    """Puts a graph together; a node is made once, in the order in which it comes up."""

    def __init__(self, plan: Process, drawn: _Drawn, permit: Mapping[str, Any], upgraded_on: str) -> None:
        self.plan, self.drawn, self.upgraded_on = plan, drawn, upgraded_on
        self.amounts = _amounts(permit)
        self.nodes: dict[str, ProcessNode] = {}
        self.streams: dict[tuple[str, str], ProcessStream] = {}
        self.steps: dict[str, str] = {}
        self.counts: dict[str, int] = {}

    def add(self, letter: str, name: str, type_: NodeType, **more: Any) -> str:
        """Add a node that has no code of its own; returns the one it gets."""
        self.counts[letter] = self.counts.get(letter, 0) + 1
        code = f"{letter}{self.counts[letter]:0{2 if letter == 'P' else 1}d}"
        self.nodes[code] = ProcessNode(code, name, type_, **more)
        return code

    def once(self, letter: str, name: str, type_: NodeType) -> str:
        """Return the code of the node of a name and type, added where it is not there."""
        found = next((node.code for node in self.nodes.values() if (node.name, node.type) == (name, type_)), None)
        return found or self.add(letter, name, type_, amount=self.amounts.get(name, ""))

    def flow(self, source: str, target: str, carries: str = "", medium: str = "process") -> None:
        self.streams.setdefault((source, target), ProcessStream(f"{source}>{target}", source, target, carries, medium))

    def step(self, step: Step, before: Step | None) -> None:
        """Add a step with all that flows in and out of it."""
        units = [unit for name in step.units for unit in self.drawn.units if _text(unit, "NAME") == name]
        codes = "、".join(sorted(_text(unit, "CODE") for unit in units)) or None
        note = "、".join(dict.fromkeys(_text(unit, "KIND") for unit in units))
        code = self.steps[step.name] = self.add("P", step.name, "step", unit_code=codes, note=note)
        for material in step.feeds:
            self.flow(self.once("M", material, "material"), code, medium=_medium(material))
        sources = {before.name: step.carries} if step.source is None and before else step.source or {}
        for name, carries in sources.items():
            self.flow(self.steps[name], code, carries)
        for name, carries in step.back.items():
            self.flow(code, self.steps[name], carries)
        for product in step.out:
            self.flow(code, self.once("C", product, "product"))
        self.gases(step, code, units)
        for vent in step.vents:
            self.exhaust(code, vent.name, codes, vent.poll, self.drawn.named(vent.to))
        if step.water:
            self.waste_water(code, step, codes)
        self.wastes(code, step.waste, codes)

    def gases(self, step: Step, code: str, units: Iterable[Thing]) -> None:
        """Add the exhaust of a step's units: one node of those that emit the same to the same treatment."""
        alike: dict[tuple[str, tuple[str, ...]], list[Thing]] = {}
        for unit in units:
            if poll := _text(unit, "POLL"):
                alike.setdefault((poll, tuple(_codes(unit))), []).append(unit)
        for (poll, treatments), together in alike.items():
            ending = "粉尘" if listed(poll) == (DUST,) else "臭气" if ODOUR in listed(poll) else "废气"
            name = (step.gas or f"{step.name}{ending}") if len(alike) == 1 else f"{_text(together[0], 'NAME')}{ending}"
            self.exhaust(code, name, "、".join(sorted(_text(unit, "CODE") for unit in together)), poll, treatments)

    def exhaust(self, step: str, name: str, unit: str | None, poll: str, treatments: Iterable[str]) -> None:
        arises = self.add("G", name, "pollution", unit_code=unit, pollutants=listed(poll))
        self.flow(step, arises, medium="gas")
        for treatment in treatments:
            self.flow(arises, self.treatment(treatment), medium="gas")
        if not treatments:
            self.flow(arises, self.add("X", FUGITIVE, "disposal"), medium="gas")

    def waste_water(self, code: str, step: Step, unit: str | None) -> None:
        arises = self.add("W", step.water_name or f"{step.name}废水", "pollution", unit_code=unit, pollutants=listed(step.water))
        self.flow(code, arises, medium="sewage")
        for works in (one for one in self.drawn.treatments if one.startswith("TW")):
            self.flow(arises, self.treatment(works), medium="sewage")

    def wastes(self, source: str, ways: Ways, unit: str | None) -> None:
        for where in dict.fromkeys(ways.values()):
            names = tuple(name for name, its in ways.items() if its == where)
            arises = self.add("S", "、".join(names), "pollution", unit_code=unit, pollutants=names)
            self.flow(source, arises, medium="sludge")
            self.flow(arises, self.once("X", where or STORED, "disposal"), medium="sludge")

    def treatment(self, code: str) -> str:
        """Return the code of a treatment's node; the first time it is added with what follows it."""
        if code in self.nodes:
            return code
        thing = self.drawn.treatments[code]
        name, medium, raised = _text(thing, "NAME"), "gas" if code.startswith("TA") else "sewage", self.plan.upgrade
        node = ProcessNode(code, name, "treatment", code, listed(_text(thing, "POLL")), _text(thing, "KIND"))
        if raised is not None and name in raised.treatments:
            node = replace(node, upgrade=raised.to if self.upgraded_on else "none", upgraded_on=self.upgraded_on)
        self.nodes[code] = node
        for material in self.plan.feeds.get(name, ()):
            self.flow(self.once("M", material, "material"), code)
        outlets = [outlet for outlet in self.drawn.outlets if code in _codes(outlet)]
        for outlet in outlets:
            at = _text(outlet, "CODE")
            way = WATERS[_text(outlet, "WAY")] if medium == "sewage" else ""
            self.nodes[at] = ProcessNode(at, _text(outlet, "NAME"), "outlet", at, listed(_text(outlet, "POLL")), way)
            self.flow(code, at, medium=medium)
        if not outlets:
            self.flow(code, self.once("X", WATERS["none"], "disposal"), medium="reuse")
        self.wastes(code, self.plan.residues.get(name, {}), code)
        return code


def flow(industry: str, plant: Plant, permit: Mapping[str, Any], upgraded_on: str = "") -> ProcessGraph:
    """Return the production process of a plant.

    Parameters
    ----------
    industry : str
        Key of a recipe.
    plant : Plant
        What is drawn of it: whose units, treatments and outlets the graph names.
    permit : mapping
        As `demo.permits.permit` gives it: how much is used and made.
    upgraded_on : str
        Day on which its treatments were upgraded, where its history says so.
    """
    plan = process(industry)
    builder = _Builder(plan, _Drawn.of(plant), permit, upgraded_on)
    before = None
    for step in plan.steps:
        builder.step(step, before)
        before = step
    nodes = tuple(replace(node, seq=number) for number, node in enumerate(builder.nodes.values(), 1))
    return ProcessGraph(nodes, tuple(builder.streams.values()))


def _filled(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if value not in (None, "", [])}


def _line(row: Mapping[str, Any]) -> str:
    text: str = yaml.dump(row, Dumper=DUMPER, allow_unicode=True, sort_keys=False, default_flow_style=True, width=10**6)
    return text.strip()


def table(graph: ProcessGraph, title: str) -> bytes:
    """Return a graph as the table that `quanjing process import` reads (YAML), a line a node and a stream."""
    nodes = [
        _filled(
            {"code": node.code, "name": node.name, "type": node.type, "unit": node.unit_code, "pollutants": list(node.pollutants),
             "note": node.note, "amount": node.amount, "upgrade": node.upgrade, "upgraded_on": node.upgraded_on}
        )
        for node in graph.nodes
    ]  # fmt: skip
    streams = [
        _filled({"from": one.source, "to": one.target, "carries": one.carries, "medium": "" if one.medium == "process" else one.medium})
        for one in graph.streams
    ]
    written = [f"# {title}"]
    for name, rows in (("nodes", nodes), ("streams", streams)):
        written.append(f"{name}:")
        written += [f"  - {_line(row)}" for row in rows]
    return ("\n".join(written) + "\n").encode("utf-8")
