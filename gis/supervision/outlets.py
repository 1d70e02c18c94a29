"""Outlets: treatment, where the water goes, and what watches them."""

import re
from collections.abc import Sequence

from gis.supervision.network import Network, is_water_outlet, is_water_treatment
from gis.supervision.thing import Found, Thing, codes_in, found

MN = re.compile(r"[0-9A-Za-z]{24}|[0-9A-Za-z]{14}")
"""Number of a data logger: 24 characters (HJ 212-2017, 6.3.1), 14 before (HJ/T 212-2005)."""
ONLINE = {"air": "gas", "water": "water"}
"""Medium of an outlet → type of its online monitor."""


def untreated(things: Sequence[Thing]) -> list[Found]:
    """Return the outlets for which no treatment is drawn, and of water those that do not say where it goes (E403).

    An outlet that needs no treatment names the unit it serves. Rain outlets need none.
    """
    treating = {thing.code for thing in things if thing.kind in ("treatment_facility", "production_unit") and thing.code}
    network: Network | None = None
    findings = []
    for outlet in things:
        if outlet.kind != "outlet" or outlet.attributes.get("medium") not in ONLINE:
            continue
        parents = codes_in(outlet.attributes.get("parent_code"))
        if not treating.intersection(parents):
            network = network or Network(things)
            if not (is_water_outlet(outlet) and any(map(is_water_treatment, network.upstream(outlet)))):
                why = f"PARENT 所填 {'、'.join(parents)} 图上没有" if parents else "没有填对应的治理设施"
                findings.append(found("E403", outlet, f"{outlet.title} {why}"))
                continue
        if is_water_outlet(outlet) and not outlet.attributes.get("discharge_way"):
            findings.append(found("E403", outlet, f"{outlet.title} 没有注明直接排放、间接排放或不外排"))
    return findings


def into_nothing(things: Sequence[Thing]) -> list[Found]:
    """Return the outlets of water that discharge directly and into no water body that is drawn (E402)."""
    led = {
        code
        for thing in things
        if thing.kind == "river_outlet" and thing.attributes.get("water_body")
        for code in codes_in(thing.attributes.get("outlet_code"))
    }
    return [
        found("E402", outlet, f"{outlet.title} 直接排放，图上没有它的入河排污口和受纳水体")
        for outlet in things
        if is_water_outlet(outlet) and outlet.attributes.get("discharge_way") == "direct" and outlet.code not in led
    ]


def unwatched(things: Sequence[Thing]) -> list[Found]:
    """Return the main outlets without online monitor of their medium (E404)."""
    watched = {
        (thing.attributes.get("monitor_type"), code)
        for thing in things
        if thing.kind == "monitoring_point"
        for code in codes_in(thing.attributes.get("outlet_code"))
    }
    return [
        found("E404", outlet, f"主要排放口 {outlet.title} 没有{'废气' if medium == 'air' else '废水'}在线监测点")
        for outlet in things
        if outlet.kind == "outlet"
        and outlet.attributes.get("outlet_class") == "main"
        and (medium := outlet.attributes.get("medium")) in ONLINE
        and (ONLINE[medium], outlet.code) not in watched
    ]


def unnumbered(things: Sequence[Thing]) -> list[Found]:
    """Return the online monitors whose logger has no number, or none of the form that HJ 212 asks for (E405)."""
    findings = []
    for monitor in things:
        if monitor.kind != "monitoring_point" or monitor.attributes.get("monitor_type") not in ONLINE.values():
            continue
        number = str(monitor.attributes.get("mn") or "")
        if not MN.fullmatch(number):
            why = f"的设备编号 {number} 不是 24 位（HJ 212-2017）或 14 位" if number else "没有设备编号（MN）"
            findings.append(found("E405", monitor, f"在线监测点 {monitor.title} {why}"))
    return findings
