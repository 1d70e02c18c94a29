"""OGC API - Features - Part 4 (20-002): create, replace, update, delete, and no lost update."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from city import City, found_city
from openapi_spec_validator import validate
from serving import serving

from api.caller import LOCAL, Permission
from api.ogc.conformance import EDITING
from gis.reference_systems import BASE
from gis.store.cluster import Urls

GEOJSON = {"Content-Type": "application/geo+json"}
STATION = {
    "type": "Feature",
    "geometry": {"type": "Point", "coordinates": [107.5, 31.2]},
    "properties": {"code": "W1", "name": "断面一", "river": "州河", "station_class": "national"},
}
ITEMS = "/collections/water_station/items"


@pytest.fixture(scope="module")
def city(module_database: Urls) -> City:
    return found_city(module_database.owner)


@pytest.fixture(scope="module")
def client(city: City, module_database: Urls, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    folder = tmp_path_factory.mktemp("served")
    with serving(module_database.owner, folder, editing=True) as address, httpx.Client(base_url=address) as client:
        yield client


@pytest.fixture(autouse=True)
def nothing(city: City) -> None:
    city.rows("DELETE FROM water_stations")


def made(client: httpx.Client, **properties: Any) -> httpx.Response:
    body = STATION | {"properties": STATION["properties"] | properties}  # type: ignore[operator]
    answer = client.post(ITEMS, json=body, headers=GEOJSON)
    assert answer.status_code == 201, answer.text
    return answer


def test_the_whole_life_of_a_feature(client: httpx.Client) -> None:
    answer = client.post(ITEMS, json=STATION, headers=GEOJSON | {"Quanjing-Reason": quote("新设断面")})
    assert answer.status_code == 201
    at = answer.headers["location"]
    stood = client.get(at)
    assert (stood.headers["etag"], stood.json()) == (answer.headers["etag"], answer.json())
    assert stood.json()["properties"]["river"] == "州河"
    patch = {"If-Match": stood.headers["etag"], "Content-Type": "application/merge-patch+json"}
    changed = client.patch(at, json={"properties": {"river": "巴河"}}, headers=patch)
    assert (changed.status_code, changed.json()["properties"]["river"], changed.json()["properties"]["name"]) == (200, "巴河", "断面一")
    feature = changed.json() | {"geometry": {"type": "Point", "coordinates": [3453256.272, 452347.539]}}
    del feature["properties"]["station_class"]
    headers = GEOJSON | {"If-Match": changed.headers["etag"], "Content-Crs": f"<{BASE}/EPSG/0/4545>"}
    replaced = client.put(at, json=feature, headers=headers)
    assert replaced.status_code == 200, replaced.text
    assert replaced.json()["geometry"]["coordinates"] == pytest.approx([107.5, 31.2], abs=1e-8)
    assert replaced.json()["properties"]["station_class"] is None
    assert client.delete(at, headers={"If-Match": replaced.headers["etag"]}).status_code == 204
    assert client.get(at).status_code == 404
    history = client.get(f"{at}/history").json()["history"]
    assert [one["reason"] for one in history] == ["接口修改", "接口修改", "接口修改", "新设断面"]
    assert {(one["author"], one["origin"]) for one in history} == {("local", "api")}


def test_the_definition_says_so(client: httpx.Client) -> None:
    document = client.get("/api").json()
    validate(document)
    assert {"get", "put", "patch", "delete"} == set(document["paths"]["/collections/{collectionId}/items/{featureId}"])


def test_no_update_is_lost(client: httpx.Client, city: City) -> None:
    first = made(client)
    at, etag = first.headers["location"], first.headers["etag"]
    assert client.put(at, json=STATION, headers=GEOJSON).status_code == 428
    assert client.delete(at).status_code == 428
    moved = STATION | {"geometry": {"type": "Point", "coordinates": [107.6, 31.2]}}
    assert client.put(at, json=moved, headers=GEOJSON | {"If-Match": etag}).status_code == 200
    for stale in (etag, '"nonsense"', '"1-x", "2-y"'):
        for answer in (client.put(at, json=STATION, headers=GEOJSON | {"If-Match": stale}), client.delete(at, headers={"If-Match": stale})):
            assert answer.status_code == 412
            assert answer.headers["content-type"] == "application/problem+json"
    assert client.delete(at, headers={"If-Match": "nonsense"}).json()["parameter"] == "If-Match"
    # An alarm is no edit.
    now = client.get(at).headers["etag"]
    city.rows("INSERT INTO alarms (feature_id, rule, level) SELECT feature_id, '超标', 2 FROM water_stations")
    assert client.get(at).headers["etag"] != now
    assert client.patch(at, json={"properties": {"name": "改"}}, headers=GEOJSON | {"If-Match": now}).status_code == 200
    assert client.delete(at, headers={"If-Match": f'"1-x", {client.get(at).headers["etag"]}'}).status_code == 204


@pytest.mark.parametrize(
    ("body", "parameter"),
    [
        ("{", "body"),
        ("[]", "body"),
        (json.dumps(STATION | {"type": "Point"}), "body"),
        (json.dumps(STATION | {"properties": None}), "properties"),
        (json.dumps(STATION | {"properties": {"nosuch": 1}}), "nosuch"),
        (json.dumps(STATION | {"properties": {"station_class": "x"}}), "station_class"),
        (json.dumps(STATION | {"properties": {"code": "a\u0000"}}), "code"),
        (json.dumps(STATION | {"properties": {"enterprise_id": "x"}}), "enterprise_id"),
        (json.dumps(STATION | {"properties": {"enterprise_id": "00000000-0000-4000-8000-000000000000"}}), "enterprise_id"),
        (json.dumps(STATION | {"geometry": None}), "geometry"),
        (json.dumps(STATION | {"geometry": {"type": "LineString", "coordinates": [[1, 2], [3, 4]]}}), "geometry"),
        (json.dumps(STATION | {"geometry": {"type": "Point", "coordinates": [1e9, 2]}}), "geometry"),
    ],
)
def test_faults_name_what_is_wrong(client: httpx.Client, body: str, parameter: str) -> None:
    answer = client.post(ITEMS, content=body, headers=GEOJSON)
    assert (answer.status_code, answer.json()["parameter"]) == (400, parameter)


def test_what_may_not_be_done(client: httpx.Client, city: City, module_database: Urls, tmp_path: Any) -> None:
    solid = client.post("/collections/parcel_3d/items", json=STATION, headers=GEOJSON)
    assert (solid.status_code, solid.headers["allow"]) == (405, "GET, HEAD, OPTIONS")
    at = made(client).headers["location"]
    assert client.post(ITEMS, json=STATION, headers=GEOJSON | {"Origin": "http://evil.example"}).status_code == 403
    assert client.post(ITEMS, content="x", headers={"Content-Type": "text/plain"}).json()["parameter"] == "Content-Type"
    outlet = f"/collections/outlet/items/{city.feature_id('DW001')}"
    assert client.patch(outlet, json={"properties": {"code": "XX"}}, headers=GEOJSON | {"If-Match": "*"}).json()["parameter"] == "code"
    assert client.patch(outlet, json={"properties": {"code": "DA001"}}, headers=GEOJSON | {"If-Match": "*"}).status_code == 409
    assert client.patch(outlet, json={"properties": {"medium": None}}, headers=GEOJSON | {"If-Match": "*"}).json()["parameter"] == "medium"
    assert client.delete(f"/collections/enterprise/items/{city.enterprise_id}", headers={"If-Match": "*"}).status_code == 409
    assert client.delete(ITEMS).headers["allow"] == "GET, HEAD, OPTIONS, POST"
    assert client.options(at).headers["allow"] == "GET, HEAD, OPTIONS, PUT, PATCH, DELETE"
    with serving(module_database.owner, tmp_path / "a") as address:
        answer = httpx.post(f"{address}{ITEMS}", json=STATION, headers=GEOJSON)
        assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD, OPTIONS")
        assert not set(EDITING) & set(httpx.get(f"{address}/conformance").json()["conformsTo"])
    reader = replace(LOCAL, permissions=LOCAL.permissions - {Permission.FEATURES_WRITE})
    with serving(module_database.owner, tmp_path / "b", reader, editing=True) as address:
        assert httpx.post(f"{address}{ITEMS}", json=STATION, headers=GEOJSON).status_code == 403


def test_a_scope_writes_its_own(client: httpx.Client, city: City, module_database: Urls, tmp_path: Any) -> None:
    assert set(EDITING) <= set(client.get("/conformance").json()["conformsTo"])
    station = made(client).headers["location"].rsplit("/", 1)[1]
    outlet, any_ = f"/collections/outlet/items/{city.feature_id('DW001')}", {**GEOJSON, "If-Match": "*"}
    for scope, status in (("511724", 404), ("511703", 200)):
        with serving(module_database.owner, tmp_path / scope, replace(LOCAL, scope=scope), editing=True) as address:
            assert httpx.patch(address + outlet, json={"properties": {"name": f"改{scope}"}}, headers=any_).status_code == status
            assert httpx.patch(f"{address}{ITEMS}/{station}", json={"properties": {"name": "x"}}, headers=any_).status_code == 403
            assert httpx.post(address + ITEMS, json=STATION, headers=GEOJSON).status_code == 403
            theirs = STATION | {"properties": {"name": "x", "enterprise_id": str(city.enterprise_id)}}
            assert httpx.post(address + ITEMS, json=theirs, headers=GEOJSON).status_code == (201 if status == 200 else 403)
    assert city.rows("SELECT count(*) FROM water_stations") == [(2,)]
