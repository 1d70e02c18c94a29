import orjson
import pytest
from city import City, found_city

from gis.store.cluster import Urls

MN = "010000A8900016F000169DC0"
PERMIT = {"outlets": [{"code": "DW001", "pollutants": [{"name": "化学需氧量", "limit": {"value": 50, "unit": "mg/L"}}]}]}


@pytest.fixture
def city(database: Urls) -> City:
    found = found_city(database.owner, drawing=None)
    point = "SRID=4490;POINT(107.5 31.2)"
    outlet = (
        "INSERT INTO outlets (code, name, medium, pollutants, enterprise_id, geom) VALUES ('DW001', '总排口', 'water', 'COD、流量', %s, %s)"
    )
    found.rows(outlet, found.enterprise_id, point)
    found.rows(
        "INSERT INTO monitoring_points (code, name, monitor_type, mn, outlet_code, enterprise_id, geom) "
        "VALUES ('M001', '在线监测', 'water', %s, 'DW001', %s, %s)",
        MN,
        found.enterprise_id,
        point,
    )
    found.rows(
        "INSERT INTO permits (enterprise_id, permit_no, document, valid_from, valid_to) VALUES (%s, 'P', %s, '2020-01-01', '2099-01-01')",
        found.enterprise_id,
        orjson.dumps(PERMIT).decode(),
    )
    return found
