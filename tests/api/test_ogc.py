"""OGC API - Features over HTTP: documents, pages, systems, filters, faults, scope, the past; and other people's clients."""

import gzip
import json
import subprocess
import sys
import time
import warnings
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pyproj
import pytest
from city import City, found_city
from openapi_spec_validator import validate
from serving import serving

import api.ogc.items
from api.caller import LOCAL
from api.epoch import Epoch, Known, Unchanged
from gis.crs import lonlat_to_xy
from gis.kinds import KINDS
from gis.reference_systems import BASE, CRS84, CRS84H, SYSTEMS
from gis.store.cluster import Urls

EPSG = f"{BASE}/EPSG/0"
RIVERS = 25
"""Rivers of the test, one every tenth of a degree."""


@pytest.fixture(scope="module")
def city(module_database: Urls) -> City:
    city = found_city(module_database.owner)
    city.rows(
        "INSERT INTO rivers (code, name, geom, width_m) SELECT 'R' || i, '河' || i,"
        " ST_SetSRID(ST_MakeLine(ST_Point(106.5 + i * 0.1, 31), ST_Point(106.55 + i * 0.1, 31.2)), 4490), i FROM generate_series(1, %s) i",
        RIVERS,
    )
    city.rows("CREATE SCHEMA beside; GRANT USAGE ON SCHEMA beside TO quanjing_reader")
    city.rows("CREATE TABLE beside.wells (id integer PRIMARY KEY, name text, at date, geom geometry(Point, 4545))")
    city.rows("INSERT INTO beside.wells VALUES (7, '井', '2026-03-01', ST_SetSRID(ST_Point(452347.539, 3453256.272), 4545))")
    city.rows("GRANT SELECT ON beside.wells TO quanjing_reader")
    return city


@pytest.fixture(scope="module")
def client(city: City, module_database: Urls, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    folder = tmp_path_factory.mktemp("served")
    with (
        serving(module_database.reader, folder, published_schemas="beside") as address,
        httpx.Client(base_url=address, headers={"Accept": "application/json"}) as client,
    ):
        yield client


def items(client: httpx.Client, collection: str, **parameters: Any) -> dict[str, Any]:
    answer = client.get(f"/collections/{collection}/items", params={name.replace("_", "-"): value for name, value in parameters.items()})
    assert answer.status_code == 200, answer.text
    document: dict[str, Any] = answer.json()
    return document


def names(document: dict[str, Any]) -> set[str]:
    return {feature["properties"]["name"] for feature in document["features"]}


# Documents --------------------------------------------------------------------------------------------------------------


def test_every_link_leads_to_what_it_says(client: httpx.Client) -> None:
    todo, seen = [f"{client.base_url}/"], set[str]()
    while todo:
        address = todo.pop()
        if address in seen or ("/items" in address and "limit" in address):
            continue
        seen.add(address)
        answer = client.get(address)
        assert answer.status_code == 200, address
        document = answer.json() if "json" in answer.headers["content-type"] else {}
        links = [*document.get("links", []), *(link for one in document.get("collections", [])[1:3] for link in one["links"])]
        for link in links:
            assert link["rel"]
            if link["type"] == "text/html":
                page = client.get(link["href"], headers={"Accept": "text/html"})
                assert page.status_code == 200, link
                assert page.headers["content-type"].startswith("text/html")
            else:
                assert client.get(link["href"]).headers["content-type"].startswith(link["type"].split(";", maxsplit=1)[0])
                todo.append(link["href"])
    assert len(seen) > 20


def test_people_get_pages_and_programs_json(client: httpx.Client) -> None:
    assert client.get("/", headers={"Accept": "*/*"}).json()["title"] == "全景 quanjing"
    assert "<title>全景 quanjing</title>" in client.get("/?f=html").text
    assert "landing" not in client.get("/", headers={"Accept": "text/html"}).text
    page = client.get("/collections/outlet/items", headers={"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"})
    assert page.headers["content-type"].startswith("text/html")
    assert "<script" not in page.text
    assert "污水总排" in page.text or "排放口" in page.text
    assert client.get("/collections/outlet/items?f=json", headers={"Accept": "text/html"}).json()["type"] == "FeatureCollection"


def test_what_people_wrote_is_no_markup(client: httpx.Client, city: City) -> None:
    city.rows("INSERT INTO greens (code, name, geom) SELECT 'G9', '<script>alert(1)</script>', geom FROM site_boundaries LIMIT 1")
    page = client.get("/collections/green/items?f=html").text
    assert "<script" not in page
    assert "&lt;script&gt;" in page


def test_the_definition_is_openapi_3_0(client: httpx.Client) -> None:
    answer = client.get("/api")
    assert answer.headers["content-type"] == "application/vnd.oai.openapi+json;version=3.0"
    document = answer.json()
    validate(document)
    assert document["openapi"].startswith("3.0")
    for path, operations in document["paths"].items():
        concrete = path.replace("{collectionId}", "outlet").replace("{featureId}", "00000000-0000-4000-8000-000000000000")
        status = client.get(concrete).status_code
        assert str(status) in operations["get"]["responses"], path


def test_collections_are_the_kinds_and_the_published_tables(client: httpx.Client) -> None:
    listed = client.get("/collections").json()["collections"]
    assert {one["id"] for one in listed} == {name for name, kind in KINDS.items() if not kind.schematic} | {"wells", "records"}
    (river,) = [one for one in listed if one["id"] == "river"]
    assert river["crs"][0] == CRS84.uri
    assert river["extent"]["spatial"]["bbox"][0] == pytest.approx([106.6, 31, 109.05, 31.2])
    assert client.get("/collections/river").json()["storageCrs"] == f"{EPSG}/4490"


def test_schema_queryables_and_sortables_name_what_features_have(client: httpx.Client) -> None:
    feature = items(client, "outlet", limit=1)["features"][0]
    schema = client.get("/collections/outlet/schema").json()
    assert set(schema["properties"]) == {*feature["properties"], "geom"}
    assert schema["properties"]["feature_id"]["x-ogc-role"] == "id"
    assert schema["properties"]["geom"] == {"title": "图形", "format": "geometry-point", "x-ogc-role": "primary-geometry"}
    assert schema["required"] == ["medium"]
    queryables = client.get("/collections/outlet/queryables")
    assert queryables.headers["content-type"] == "application/schema+json"
    assert {"alarm_level", "open_alarms", "case_count", "case_ids", "geom"} <= set(queryables.json()["properties"])
    assert {"const": "air", "title": "废气"} in queryables.json()["properties"]["medium"]["oneOf"]
    for name in client.get("/collections/outlet/sortables").json()["properties"]:
        assert items(client, "outlet", sortby=f"-{name}", limit=1)["numberReturned"] == 1


def test_functions_are_listed_and_work(client: httpx.Client) -> None:
    listed = {one["name"]: one for one in client.get("/functions").json()["functions"]}
    assert listed["distance_m"]["arguments"] == [{"type": ["geometry"]}, {"type": ["geometry"]}]
    assert items(client, "river", filter="length_m(geom) > 22000")["numberMatched"] == RIVERS


# Pages ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("limit", [1, 7, 25, 10_000])
def test_next_links_walk_all_features_once(client: httpx.Client, limit: int) -> None:
    seen: list[str] = []
    address: str | None = f"/collections/river/items?limit={limit}&sortby=-width_m"
    while address:
        page = client.get(address).json()
        assert page["numberMatched"] == RIVERS
        assert page["numberReturned"] == len(page["features"]) <= limit
        seen += [feature["properties"]["code"] for feature in page["features"]]
        address = next((link["href"] for link in page["links"] if link["rel"] == "next"), None)
    assert seen == [f"R{i}" for i in range(RIVERS, 0, -1)]


def test_a_page_and_a_feature_are_the_same_feature(client: httpx.Client, city: City) -> None:
    listed = items(client, "outlet", code="DW001")["features"][0]
    one = client.get(f"/collections/outlet/items/{listed['id']}").json()
    assert {name: one[name] for name in listed} == listed
    assert one["id"] == str(city.feature_id("DW001"))
    assert {link["rel"] for link in one["links"]} >= {"self", "alternate", "collection"}


def test_properties_and_geometry_can_be_left_out(client: httpx.Client) -> None:
    feature = items(client, "outlet", properties="name,alarm_level", skipGeometry="true")["features"][0]
    assert set(feature["properties"]) == {"name", "alarm_level"}
    assert feature["geometry"] is None


def changed(client: httpx.Client, address: str, etag: str) -> bool:
    """Ask until the answer is another one; False where it stays the same for as long as nobody would wait."""
    until = time.monotonic() + 20
    while time.monotonic() < until:
        if client.get(address, headers={"If-None-Match": etag}).status_code != 304:
            return True
    return False


def test_what_has_not_changed_is_said_without_asking(client: httpx.Client, city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    address = "/collections/outlet/items?limit=3"
    while client.get(address, headers={"If-None-Match": client.get(address).headers["etag"]}).status_code != 304:
        pass
    etag = client.get(address).headers["etag"]

    async def ask(*_: Any) -> None:
        raise AssertionError("the database was asked")

    with monkeypatch.context() as patch:
        patch.setattr(api.ogc.items, "once_more", ask)
        answer = client.get(address, headers={"If-None-Match": etag})
        assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", etag.replace("-gzip", ""))
        assert answer.headers["content-crs"] == f"<{CRS84.uri}>"
    # A reading changes no shape, and yet what a feature says.
    city.rows('UPDATE feature_state SET readings = \'{"w01018": {"value": 7}}\' WHERE feature_id = %s', city.feature_id("DW001"))
    assert changed(client, address, etag)


def test_tags_are_kept_until_something_is_committed() -> None:
    epoch = Epoch()
    unchanged = Unchanged(epoch, most=2)
    known = [Known(0, b"t", []), Known(1, b"t", [])]
    unchanged.keep((b"a",), known[0])
    assert unchanged.find((b"a",), b"t") is None
    epoch.live = True
    # Something was committed while the answer was made.
    epoch.passed()
    unchanged.keep((b"a",), known[0])
    assert unchanged.find((b"a",), b"t") is None
    unchanged.keep((b"a",), known[1])
    assert unchanged.find((b"a",), b'W/"t"') == []
    assert unchanged.find((b"a",), b'"s"') is None
    assert unchanged.find((b"b",), b"*") is None
    epoch.lost()
    assert unchanged.find((b"a",), b"t") is None


def test_bytes_are_sent_once(client: httpx.Client, city: City) -> None:
    address = "/collections/river/items?limit=25"
    plain = client.get(address, headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers
    packed = client.build_request("GET", address, headers={"Accept-Encoding": "gzip"})
    answer = client.send(packed, stream=True)
    assert gzip.decompress(b"".join(answer.iter_raw())) == plain.content
    for etag in (plain.headers["etag"], answer.headers["etag"]):
        again = client.get(address, headers={"If-None-Match": etag})
        assert (again.status_code, again.content) == (304, b"")
    city.rows("UPDATE rivers SET name = '改名' WHERE code = 'R25'")
    assert changed(client, address, plain.headers["etag"])
    assert client.head(address).content == b""
    for path in ("/", "/collections", "/conformance", "/styles", "/api/kinds"):
        head = client.head(path)
        assert (head.status_code, head.content, head.headers["content-type"]) == (200, b"", client.get(path).headers["content-type"])


def test_alarms_cases_and_feeds_are_attributes(client: httpx.Client, city: City) -> None:
    outlet, tank = city.feature_id("DW001"), city.feature_id("T-101")
    assert items(client, "outlet", filter="open_alarms > 0")["numberMatched"] == 0
    city.rows("INSERT INTO alarms (feature_id, rule, level, message) VALUES (%s, '超标', 2, '高')", outlet)
    city.rows("INSERT INTO case_links (case_id, feature_id, title) VALUES ('案1', %s, '渗漏')", tank)
    reading = json.dumps({"w01018": {"value": 62.5, "unit": "mg/L", "label": "化学需氧量"}})
    city.rows("UPDATE feature_state SET readings = %s WHERE feature_id = %s", reading, outlet)
    found = items(client, "outlet", filter="alarm_level <= 2 AND reading('w01018') > 60")
    assert [feature["id"] for feature in found["features"]] == [str(outlet)]
    assert found["features"][0]["properties"]["readings"]["w01018"]["value"] == 62.5
    assert items(client, "outlet", sortby="-open_alarms", limit=1)["features"][0]["id"] == str(outlet)
    assert names(items(client, "structure", filter="A_CONTAINS(case_ids, ('案1'))")) == names(
        items(client, "structure", filter="case_count = 1")
    )


def test_changes_are_told_in_order_and_once(client: httpx.Client, city: City) -> None:
    cursor, seen = None, []
    while True:
        told = client.get("/changes", params={"limit": 20} | ({"since": cursor} if cursor else {})).json()
        cursor = told["cursor"]
        seen += told["changes"]
        if not told["more"]:
            break
    assert len({one["id"] for one in seen}) == len(seen) > 60
    city.rows("UPDATE rivers SET width_m = 3.5 WHERE code = 'R3'")
    (change,) = client.get("/changes", params={"since": cursor}).json()["changes"]
    assert (change["kind"], change["op"], change["reason"], change["bbox"][0]) == ("river", "update", "direct SQL", pytest.approx(106.8))
    city.rows("UPDATE rivers SET width_m = 3 WHERE code = 'R3'")
    assert client.get("/changes?since=nonsense").json()["parameter"] == "since"
    assert client.get("/changes?since=00000000-1-1").status_code == 409


# The past --------------------------------------------------------------------------------------------------------------


def test_the_state_of_an_instant(client: httpx.Client, city: City) -> None:
    def clock() -> str:
        ((now,),) = city.rows("SELECT clock_timestamp()")
        return now.astimezone(UTC).isoformat().replace("+00:00", "Z")

    before = clock()
    city.rows("INSERT INTO water_stations (code, name, geom, river) VALUES ('W1', '断面', ST_SetSRID(ST_Point(107.5, 31.2), 4490), '州河')")
    ((station,),) = city.rows("SELECT feature_id FROM water_stations")
    city.rows("INSERT INTO alarms (feature_id, rule, level) VALUES (%s, '超标', 3)", station)
    first = clock()
    city.rows("UPDATE water_stations SET river = '巴河', geom = ST_SetSRID(ST_Point(107.6, 31.2), 4490)")
    city.rows("UPDATE alarms SET closed = clock_timestamp() WHERE feature_id = %s", station)
    second = clock()
    city.rows("UPDATE water_stations SET closed_at = clock_timestamp()")
    third = clock()

    def seen(**asked: str) -> list[tuple[str, float, int]]:
        rows = items(client, "water_station", **asked)["features"]
        return [(row["properties"]["river"], row["geometry"]["coordinates"][0], row["properties"]["open_alarms"]) for row in rows]

    for name in ("datetime", "as_of"):
        assert seen(**{name: before}) == []
        assert seen(**{name: first}) == [("州河", 107.5, 1)]
        assert seen(**{name: second}) == [("巴河", 107.6, 0)]
        assert seen(**{name: third}) == seen() == []
    assert seen(as_of=first, filter="river = '州河' AND open_alarms = 1", bbox="107.4,31,107.55,32") == [("州河", 107.5, 1)]
    assert seen(as_of=second, bbox="107.4,31,107.55,32") == []
    assert seen(datetime=f"{before}/{first}") == [("州河", 107.5, 1)]
    assert seen(datetime=f"{before}/..") == [("巴河", 107.6, 0)]
    assert seen(datetime=f"../{before}") == []
    one = f"/collections/water_station/items/{station}"
    assert client.get(one).status_code == 404
    assert client.get(one, params={"as-of": first}).json()["properties"]["river"] == "州河"
    newest, middle, oldest = client.get(f"{one}/history").json()["history"]
    assert {change["name"] for change in middle["changes"]} == {"river", "geom"}
    assert newest["changes"][0]["name"] == "closed_at"
    assert oldest["author"] == "quanjing"


def test_queries_are_listed_and_answered(client: httpx.Client) -> None:
    listed = {one["name"]: one for one in client.get("/api/queries").json()["queries"]}
    assert listed["within"]["parameters"][2] == {"name": "radius", "label": "米", "form": "number", "required": True}
    asked = {"at": "107.5,31.1", "radius": "8000", "kind": "river"}
    table = client.get("/api/queries/within", params=asked).json()
    assert [row["code"] for row in table["rows"]] == ["R10", "R9"]
    assert {"name": "distance_m", "label": "距离（m）"} in table["columns"]
    shapes = client.get("/api/queries/within", params=asked | {"f": "geojson"})
    assert shapes.headers["content-type"] == "application/geo+json"
    assert shapes.json()["features"][0]["geometry"]["type"] == "LineString"
    assert client.get("/api/queries/within?radius=1").json()["parameter"] == "at"
    assert client.get("/api/queries/nosuch").status_code == 404


# Systems ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("system", SYSTEMS.values(), ids=lambda system: system.code)
def test_axes_are_in_the_order_of_the_system(client: httpx.Client, system: Any) -> None:
    answer = client.get("/collections/river/items", params={"crs": system.uri, "code": "R10"})
    assert answer.headers["content-crs"] == f"<{system.uri}>"
    first = answer.json()["features"][0]["geometry"]["coordinates"][0]
    lonlat = (107.5, 31.0)
    easting, northing = lonlat_to_xy(np.array([lonlat]))[0]
    expected = {
        "CRS84": lonlat,
        "CRS84h": (*lonlat, 0.0),
        "EPSG:4326": lonlat[::-1],
        "EPSG:4490": lonlat[::-1],
        "EPSG:4545": (northing, easting),
        "EPSG:4524": (northing, easting + 36_000_000),
        "EPSG:3857": (11966845.26, 3632749.14),
    }[system.code]
    assert first == pytest.approx(expected, abs=0.01)


def test_heights_are_the_ellipsoids(client: httpx.Client) -> None:
    flat = items(client, "building", crs=CRS84.uri, limit=1)["features"][0]["geometry"]["coordinates"][0][0]
    tall = items(client, "building", crs=CRS84H.uri, limit=1)["features"][0]["geometry"]["coordinates"][0][0]
    assert (len(flat), len(tall)) == (2, 3)
    assert tall[:2] == flat


@pytest.mark.parametrize(
    ("box", "system"),
    [
        ("107.47,30.9,107.77,31.3", CRS84.uri),
        ("107.47,30.9,-100,107.77,31.3,100", CRS84H.uri),
        ("30.9,107.47,31.3,107.77", f"{EPSG}/4326"),
        ("30.9,107.47,31.3,107.77", f"{EPSG}/4490"),
        ("3420000,450000,3480000,475000", f"{EPSG}/4545"),
        ("3420000,36450000,3480000,36475000", f"{EPSG}/4524"),
        ("11963500,3620000,11997000,3660000", f"{EPSG}/3857"),
    ],
)
def test_a_box_in_every_system(client: httpx.Client, box: str, system: str) -> None:
    assert {feature["properties"]["code"] for feature in items(client, "river", bbox=box, bbox_crs=system)["features"]} == {
        "R10",
        "R11",
        "R12",
    }


def test_a_box_across_the_antimeridian_and_one_above_ground(client: httpx.Client) -> None:
    assert items(client, "river", bbox="108.99,30,-170,32")["numberMatched"] == 1
    assert items(client, "river", bbox="107,30,1000,109,32,2000")["numberMatched"] == 0


def test_shapes_of_a_filter_are_in_its_system(client: httpx.Client) -> None:
    inside = "S_INTERSECTS(geom, POLYGON((3420000 450000,3480000 450000,3480000 475000,3420000 475000,3420000 450000)))"
    assert items(client, "river", filter=inside, filter_crs=f"{EPSG}/4545")["numberMatched"] == 3
    as_json = json.dumps({"op": "s_intersects", "args": [{"property": "geom"}, {"bbox": [107.47, 30.9, 107.77, 31.3]}]})
    assert items(client, "river", filter=as_json, filter_lang="cql2-json")["numberMatched"] == 3


def test_tables_beside_the_kinds(client: httpx.Client) -> None:
    found = items(client, "wells", filter="at = DATE('2026-03-01') AND S_INTERSECTS(geom, BBOX(107.49,31.19,107.51,31.21))")
    (well,) = found["features"]
    assert well["id"] == 7
    assert well["geometry"]["coordinates"] == pytest.approx([107.5, 31.2], abs=1e-7)
    grid = client.get("/collections/wells/items/7", params={"crs": f"{EPSG}/4545"})
    assert grid.json()["geometry"]["coordinates"] == pytest.approx([3453256.272, 452347.539], abs=0.001)
    again = client.get("/collections/wells/items/7", headers={"If-None-Match": grid.headers["etag"]}, params={"crs": f"{EPSG}/4545"})
    assert again.status_code == 304


# Faults -----------------------------------------------------------------------------------------------------------------

FAULTS = [
    ("items?foo=1", "foo"),
    ("items?limit=0", "limit"),
    ("items?limit=x", "limit"),
    ("items?limit=-1", "limit"),
    ("items?offset=-1", "offset"),
    ("items?limit=1&limit=2", "limit"),
    ("items?bbox=1,2,3", "bbox"),
    ("items?bbox=a,b,c,d", "bbox"),
    ("items?bbox=1,2,nan,4", "bbox"),
    ("items?bbox=107,32,108,31", "bbox"),
    ("items?bbox=31,107,32,108", "bbox"),
    ("items?bbox-crs=nonsense", "bbox-crs"),
    (f"items?crs={EPSG}/99999", "crs"),
    ("items?crs=4545", "crs"),
    ("items?datetime=yesterday", "datetime"),
    ("items?datetime=2026-01-01T00:00:00Z/2025-01-01T00:00:00Z", "datetime"),
    ("items?datetime=2026-01-01T00:00:00Z/../..", "datetime"),
    ("items?datetime=2026-13-01", "datetime"),
    ("items?as-of=..", "as-of"),
    ("items?filter=nosuch%3D1", "filter"),
    ("items?filter=name%20%3D", "filter"),
    ("items?filter=" + "(" * 3000 + "true" + ")" * 3000, "filter"),
    ("items?filter-lang=sql", "filter-lang"),
    ("items?filter-crs=x", "filter-crs"),
    ("items?sortby=nosuch", "sortby"),
    ("items?sortby=case_ids", "sortby"),
    ("items?properties=nosuch", "properties"),
    ("items?properties=name,,code", "properties"),
    ("items?skipGeometry=perhaps", "skipGeometry"),
    ("items?as-of=2026-03-01T00:00:00Z&datetime=yesterday", "datetime"),
    ("items?f=xml", "f"),
    ("items?width_m=wide", "width_m"),
    ("items?%ff=1", "query"),
    ("items?novalue", "query"),
    ("?limit=1", "limit"),
    ("queryables?x=1", "x"),
    ("items/00000000-0000-4000-8000-000000000000?limit=1", "limit"),
]


@pytest.mark.parametrize(("path", "parameter"), FAULTS, ids=[path[:40] for path, _ in FAULTS])
def test_faults_name_the_parameter(client: httpx.Client, path: str, parameter: str) -> None:
    answer = client.get(f"/collections/river{'' if path.startswith('?') else '/'}{path}")
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["parameter"] == parameter


@pytest.mark.parametrize("path", ["nosuch", "nosuch/items", "river/items/x", "river/items/x/history", "wells/items/8", "nosuch/queryables"])
def test_what_is_not_there(client: httpx.Client, path: str) -> None:
    answer = client.get(f"/collections/{path}")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_filter_that_the_database_refuses_is_the_callers_fault(client: httpx.Client) -> None:
    answer = client.get("/collections/river/items", params={"filter": "1e300 ^ width_m > 1"})
    assert (answer.status_code, answer.json()["parameter"]) == (400, "filter")


# Scope ------------------------------------------------------------------------------------------------------------------


def test_scope_and_permission(city: City, module_database: Urls, tmp_path: Path) -> None:
    outlet = city.feature_id("DW001")
    with serving(module_database.reader, tmp_path, replace(LOCAL, scope="511724")) as address:
        assert httpx.get(f"{address}/collections/outlet/items").json()["numberMatched"] == 0
        assert httpx.get(f"{address}/collections/outlet/items/{outlet}").status_code == 404
        assert httpx.get(f"{address}/collections/outlet/items/{outlet}/history").status_code == 404
        assert "spatial" not in httpx.get(f"{address}/collections/outlet").json()["extent"]
        assert httpx.get(f"{address}/collections/outlet/items", params={"as-of": "2100-01-01"}).json()["numberMatched"] == 0
        assert httpx.get(f"{address}/collections/river/items").json()["numberMatched"] == RIVERS
    with serving(module_database.reader, tmp_path, replace(LOCAL, scope="511703")) as address:
        assert httpx.get(f"{address}/collections/outlet/items").json()["numberMatched"] > 0
    with serving(module_database.reader, tmp_path, replace(LOCAL, permissions=frozenset())) as address:
        assert httpx.get(f"{address}/collections/outlet/items").status_code == 403
        assert httpx.get(f"{address}/collections").status_code == 403


# Clients ----------------------------------------------------------------------------------------------------------------

BOXES: tuple[tuple[str, list[float] | None], ...] = (
    ("TRUE", None),
    ("ST_Intersects(geom, ST_MakeEnvelope(107.42, 30.9, 107.92, 31.3, 4490))", [107.42, 30.9, 107.92, 31.3]),
)
WHERES = (None, "width_m > 8 AND width_m <= 20", "name LIKE '河1%'", "code IN ('R3', 'R9', 'R11')")
QUESTIONS = [
    (*box, where, crs, page)
    for box in BOXES
    for where in WHERES
    for crs, page in ((None, 7), (None, 1000), ("EPSG:4490", 7), ("EPSG:4545", 7), ("EPSG:3857", 7))
]


def inside(box: list[float] | None, crs: str | None) -> list[float] | None:
    """Return a box in the system that GDAL reads the layer in, as it takes it: easting or longitude first."""
    if box is None or crs in (None, "EPSG:4490"):
        return box
    return list(pyproj.Transformer.from_crs("EPSG:4490" if crs == "EPSG:4545" else "EPSG:4326", crs, always_xy=True).transform_bounds(*box))


def test_gdals_own_client_gets_what_sql_gets(client: httpx.Client, city: City) -> None:
    assert len(QUESTIONS) == 40
    with subprocess.Popen(
        [sys.executable, str(Path(__file__).parent / "gdal_client.py")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as gdal:
        assert gdal.stdin is not None
        assert gdal.stdout is not None
        for condition, bbox, where, crs, page in QUESTIONS:
            question = {
                "address": str(client.base_url),
                "layer": "river",
                "bbox": inside(bbox, crs),
                "where": where,
                "crs": crs,
                "page": page,
            }
            gdal.stdin.write(json.dumps(question) + "\n")
            gdal.stdin.flush()
            told = json.loads(gdal.stdout.readline())
            srid = int(crs.removeprefix("EPSG:")) if crs else 4490
            ((expected, x, y),) = city.rows(
                "SELECT coalesce(array_agg(name ORDER BY name COLLATE \"C\"), '{}'), avg(ST_X(c)), avg(ST_Y(c)) FROM"
                f" (SELECT *, ST_Centroid(ST_Transform(geom, {srid})) AS c FROM rivers WHERE {condition} AND {where or 'TRUE'}) r".replace(
                    "%", "%%"
                )
            )
            assert told["names"] == expected, question
            if expected:
                assert (told["x"], told["y"]) == pytest.approx((x, y), rel=1e-9), question


def test_the_systems_gdal_filters_at_the_server(client: httpx.Client) -> None:
    command = [
        "ogrinfo",
        "-ro",
        "-al",
        f"OAPIF:{client.base_url}",
        "river",
        "-where",
        "width_m > 20",
        "-oo",
        "PAGE_SIZE=3",
        "--debug",
        "OAPIF",
    ]
    told = subprocess.run(command, check=True, capture_output=True, text=True)
    assert "Feature Count: 5" in told.stdout
    assert "filter" in told.stderr or "width_m" in told.stderr


def test_what_is_not_allowed_says_what_is(client: httpx.Client) -> None:
    for path in ("/collections", "/collections/river", "/collections/river/items", "/collections/records/items", "/api"):
        answer = client.request("TRACE", path)
        assert answer.status_code == 405
        assert "GET" in answer.headers["allow"]


def test_owslib(client: httpx.Client) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from owslib.ogcapi.features import Features  # noqa: PLC0415 — it warns as it is imported

        service = Features(str(client.base_url))
        assert "river" in service.feature_collections()
        found = service.collection_items("river", limit=3, bbox=[107.47, 30.9, 107.77, 31.3], filter="width_m > 10")
        assert found["numberMatched"] == 2
        assert service.collection_queryables("river")["properties"]["width_m"]["type"] == "number"
        assert service.collection_item("river", found["features"][0]["id"])["type"] == "Feature"
