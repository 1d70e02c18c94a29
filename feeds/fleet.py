"""The devices of a stored city as a simulation has them: what each measures, and how much is permitted."""

from psycopg import Connection

from feeds.factors import code_of, unit
from feeds.hj212.packet import Edition
from feeds.plants import AMBIENT, Device
from gis.pollutants import listed
from gis.store import readings as store

SYSTEMS = {"air": "31", "water": "32"}
USUAL = 60.0
"""Where the permit has no limit in the factor's unit."""
EDITIONS = ((0.12, Edition.HJT_2005), (0.85, Edition.HJ_2017), (1.0, Edition.HJ_2025))
"""How many loggers of a city go by which edition, added up."""


def devices(connection: Connection, seed: int) -> list[Device]:
    """Return the devices that watch the outlets of a stored city."""
    permitted = store.limits(connection)
    found = []
    for mn, medium, pollutants, enterprise, outlet in store.online(connection):
        codes = {}
        for name in listed(pollutants):
            code = code_of(name, medium)
            if code and code not in AMBIENT:
                limit, of = permitted.get((enterprise, outlet, name), (USUAL, unit(code)))
                codes[code] = limit if of == unit(code) else USUAL
        device = Device(mn, SYSTEMS[medium], tuple(codes.items()), seed=seed)
        edition = next(edition for share, edition in EDITIONS if device.chance("edition") < share)
        found.append(Device(mn, device.st, device.factors, edition, seed))
    return found
