"""Counties side by side for the tests of who sees what, and how often these tests ask at random."""

import os
import re
from uuid import UUID

from city import City, found_city

SCOPES = ("*", "5117", "511702", "511703", "511724")
PROBES = int(os.environ.get("QUANJING_PROBES", "400"))
"""More of them by `make test-fuzz`."""
FILTERS = (None, None, "height_m > 5", "name LIKE '%1%'", "alarm_level IS NOT NULL OR code IS NOT NULL")
UUIDS = re.compile(rb"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
OTHERS = """
INSERT INTO enterprises (code, name, geom, jurisdiction)
SELECT 'X' || coalesce(place, '0'), '另一家' || coalesce(place, ''), ST_SetSRID(ST_Point(107.5, 31.2), 4490), place
FROM unnest(ARRAY['511702', '511724', NULL]) place
"""
BUILDINGS = """
INSERT INTO buildings (enterprise_id, code, name, geom, height_m) SELECT e.feature_id, 'B' || n, '楼' || n,
    ST_SetSRID(ST_MakeEnvelope(107.45 + n * 0.001, 31.2, 107.4503 + n * 0.001, 31.2003), 4490), n
FROM enterprises e, generate_series(1, 60) n WHERE e.code LIKE 'X%%'
"""


def crowded(url: str) -> City:
    """Found a city in which several counties have features of one name in one place."""
    city = found_city(url)
    city.rows(OTHERS)
    city.rows(BUILDINGS)
    city.rows("INSERT INTO alarms (feature_id, rule, level) SELECT feature_id, '超标', 2 FROM buildings WHERE height_m > 30")
    city.rows("UPDATE buildings SET height_m = height_m + 1 WHERE code LIKE 'B1%%'")
    # One that belonged to another, and is the other's secret no more.
    city.rows(
        "UPDATE buildings SET enterprise_id = (SELECT feature_id FROM enterprises WHERE jurisdiction = '511724'), code = 'B99'"
        " WHERE code = 'B60' AND enterprise_id = (SELECT feature_id FROM enterprises WHERE jurisdiction = '511702')"
    )
    return city


def allowed_in(city: City) -> dict[str, set[UUID]]:
    """Return scope → what may be seen in it, told without any of the conditions that are tested."""
    rows = city.rows("SELECT feature_id, jurisdiction FROM features")
    paths = dict(city.rows("SELECT code, path FROM jurisdictions"))  # type: ignore[arg-type]
    return {
        scope: {feature for feature, place in rows if scope == "*" or place is None or scope in paths[place]}  # type: ignore[misc, operator]
        for scope in SCOPES
    }
