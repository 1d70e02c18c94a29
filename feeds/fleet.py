"""The devices of a stored city as a simulation has them: what each measures, and how much is permitted."""

from collections.abc import Iterator
from dataclasses import replace
from uuid import UUID

from psycopg import Connection

from feeds import stations
from feeds.factors import code_of, unit
from feeds.hj212.packet import Edition
from feeds.plants import AMBIENT, Device
from feeds.powers import rated
from gis.pollutants import listed
from gis.rules.pairing import Pair
from gis.rules.water_quality import class_of, limit
from gis.store import readings as store
from gis.store.asking import asked
from gis.store.power import Channel, read_pairs

SYSTEMS = {"air": "31", "water": "32"}
USUAL = 60.0
"""Where the permit has no limit in the factor's unit."""
EDITIONS = ((0.12, Edition.HJT_2005), (0.85, Edition.HJ_2017), (1.0, Edition.HJ_2025))
"""How many loggers of a city go by which edition, added up."""
CLEAN = 3
"""Class of a section that has no target."""


def devices(connection: Connection, seed: int) -> list[Device]:
    """Return the devices that watch the outlets of a stored city, and its stations of air and water."""
    permitted = store.limits(connection)
    found = []
    for mn, medium, pollutants, enterprise, outlet in store.online(connection):
        codes = {}
        for name in listed(pollutants):
            code = code_of(name, medium)
            if code and code not in AMBIENT:
                permit, of = permitted.get((enterprise, outlet, name), (USUAL, unit(code)))
                codes[code] = permit if of == unit(code) else USUAL
        device = Device(mn, SYSTEMS[medium], tuple(codes.items()), seed=seed)
        edition = next(edition for share, edition in EDITIONS if device.chance("edition") < share)
        found.append(replace(device, edition=edition))
    return [*found, *_stations(connection, seed)]


def _stations(connection: Connection, seed: int) -> Iterator[Device]:
    for mn, medium, target in store.stations(connection):
        if medium == "air":
            place = Device(mn, "22", (), seed=seed).chance("place")
            yield Device(mn, "22", tuple((code, about * (0.75 + 0.5 * place)) for code, about in stations.AIR.items()), seed=seed)
            continue
        clean = class_of(target) or CLEAN
        about = {code: value * (limit(code, clean) or 1.0) for code, value in stations.WATER.items()}
        yield Device(mn, "21", tuple(about.items()), seed=seed)


def power_devices(connection: Connection, seed: int) -> tuple[list[Device], list[Channel]]:
    """Return the power loggers of a stored city, and what their channels measure: a treatment, and the units that it serves."""
    pairs: dict[UUID, tuple[Pair, ...]] = {}
    found, channels = [], []
    for mn, treatment, enterprise in store.power_loggers(connection):
        if enterprise not in pairs:
            pairs[enterprise] = asked(connection, read_pairs(enterprise))
        production = next((pair.production for pair in pairs[enterprise] if pair.treatment == treatment), ())
        device = Device(mn, "44", (), edition=Edition.HJ_2025, seed=seed)
        # One channel a device: phase voltages are left out, the load is what is judged.
        codes = {f"d204{number:02d}": unit_code for number, unit_code in enumerate(production, 1)} | {"d30401": treatment}
        own = [Channel(mn, code, unit_code, rated(device, code)) for code, unit_code in codes.items()]
        channels += own
        found.append(replace(device, factors=tuple((channel.factor, channel.rated or 0.0) for channel in own)))
    return found, channels
