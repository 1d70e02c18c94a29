import gzip
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from baking import baked
from city import City, found_city
from fastapi.routing import APIRoute
from serving import serving

from api import demo
from api.app import ROUTERS
from api.caller import LOCAL
from gis.settings import Settings
from gis.store.cluster import Urls

NOBODY = "00000000-0000-4000-8000-000000000000"
"""No feature's id."""


@pytest.fixture
def city(database: Urls, tmp_path: Path) -> City:
    city = found_city(database.owner)
    baked(city, tmp_path)
    return city


@pytest.fixture
def client(city: City, database: Urls, tmp_path: Path) -> Iterator[httpx.Client]:
    with serving(database.reader, tmp_path) as address, httpx.Client(base_url=address) as client:
        yield client


def test_health(client: httpx.Client) -> None:
    answer = client.get("/api/health")
    assert answer.status_code == 200
    assert answer.json()["status"] == "ok"


def test_the_enterprise_stands_in_the_list(client: httpx.Client, city: City) -> None:
    answer = client.get("/api/enterprises").json()
    (enterprise,) = answer["enterprises"]
    assert enterprise["name"] == "达州示范化工有限公司（示范）"
    assert enterprise["source_code"] == "91511703MADEMA000P001P"
    assert enterprise["feature_count"] == 62
    assert 100 < enterprise["radius_m"] < 300
    assert enterprise["tileset"]["url"].startswith(f"/tiles3d/{city.enterprise_id}/")
    assert len(answer["cursor"].split("-")) == 3


def test_the_list_is_sent_again_when_something_changed(client: httpx.Client, city: City) -> None:
    first = client.get("/api/enterprises")
    has_it = {"If-None-Match": first.headers["ETag"]}
    assert client.get("/api/enterprises", headers=has_it).status_code == 304
    assert first.headers["Content-Encoding"] == "gzip"
    assert client.get("/api/enterprises", headers={"Accept-Encoding": "identity"}).json() == first.json()
    tank = city.feature_id("T-101")
    city.rows("INSERT INTO alarms (feature_id, rule, level, message) VALUES (%s, '液位', 2, '高')", tank)
    (enterprise,) = client.get("/api/enterprises", headers=has_it).json()["enterprises"]
    assert enterprise["alarm_level"] == 2


def test_the_built_pages_are_sent_packed(city: City, database: Urls, tmp_path: Path) -> None:
    (tmp_path / "long.js").write_text("x" * 9000, encoding="utf-8")
    (tmp_path / "long.js.gz").write_bytes(gzip.compress(b"x" * 9000))
    with serving(database.reader, tmp_path, web_dir=tmp_path) as address, httpx.Client(base_url=address) as client:
        packed = client.get("/long.js")
        assert packed.headers["Content-Encoding"] == "gzip"
        assert packed.headers["Content-Type"].startswith("text/javascript")
        plain = client.get("/long.js", headers={"Accept-Encoding": "identity"})
        assert "Content-Encoding" not in plain.headers
        assert packed.text == plain.text == "x" * 9000
        assert client.get("/long.js", headers={"If-None-Match": packed.headers["ETag"]}).status_code == 304


def test_features_and_card(client: httpx.Client, city: City) -> None:
    tank = city.feature_id("T-101")
    city.rows("INSERT INTO alarms (feature_id, rule, level, message) VALUES (%s, '液位', 3, '高')", tank)
    features = client.get(f"/api/enterprises/{city.enterprise_id}/features").json()["features"]
    assert len(features) == 62
    (listed,) = [feature for feature in features if feature["feature_id"] == str(tank)]
    assert listed["state"]["alarm_level"] == 3
    card = client.get(f"/api/features/{tank}").json()
    assert card["kind_label"] == "构筑物"
    assert card["enterprise"]["name"] == "达州示范化工有限公司（示范）"
    texts = {attribute["label"]: attribute["text"] for attribute in card["attributes"]}
    assert texts["构筑物类型"] == "储罐"
    assert texts["直径"] == "16 m"
    assert [alarm["rule"] for alarm in card["alarms"]] == ["液位"]
    assert card["recorded_from"].endswith("Z")
    owner = client.get(f"/api/features/{city.enterprise_id}").json()
    assert "达川区" in {attribute["text"] for attribute in owner["attributes"]}


def test_history_says_who_changed_what(client: httpx.Client, city: City) -> None:
    office = city.feature_id("B05")
    city.rows("UPDATE buildings SET height_m = 30, geom = ST_Translate(geom, 0.00002, 0) WHERE code = 'B05'")
    newest, first = client.get(f"/api/features/{office}/history").json()["history"]
    changes = {change["name"]: (change["old"], change["new"]) for change in newest["changes"]}
    assert changes["height_m"] == ("22.8", "30")
    assert changes["geom"][1].startswith("移动 1.9")
    assert (newest["author"], newest["reason"], newest["recorded_to"]) == ("quanjing", "direct SQL", None)
    assert first["author"] == "drafter"
    assert first["recorded_to"] == newest["recorded_from"]


def test_kinds_label_everything(client: httpx.Client) -> None:
    answer = client.get("/api/kinds").json()
    assert [kind["name"] for kind in answer["kinds"]][:3] == ["enterprise", "site_boundary", "building"]
    assert answer["enums"]["structure_type"]["tank"] == "储罐"


def test_tiles_are_immutable_behind_one_pointer(client: httpx.Client, city: City) -> None:
    pointer = client.get(f"/tiles3d/{city.enterprise_id}/current.json")
    assert pointer.headers["cache-control"] == "no-cache"
    again = client.get(f"/tiles3d/{city.enterprise_id}/current.json", headers={"If-None-Match": pointer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    tileset = client.get(pointer.json()["url"])
    assert "immutable" in tileset.headers["cache-control"]
    uri = tileset.json()["root"]["content"]["uri"]
    glb = client.get(pointer.json()["url"].replace("tileset.json", uri))
    assert glb.headers["content-type"] == "model/gltf-binary"
    assert glb.content[:4] == b"glTF"


def test_the_city_has_tiles_of_its_own(city: City, database: Urls, tmp_path: Path) -> None:
    baked(city, tmp_path, whole=True)
    with serving(database.reader, tmp_path) as address, httpx.Client(base_url=address) as client:
        pointer = client.get("/tiles3d/city/current.json")
        assert pointer.headers["cache-control"] == "no-cache"
        assert client.get("/api/enterprises").json()["city"] == pointer.json()
        tileset = client.get(pointer.json()["url"])
        assert "immutable" in tileset.headers["cache-control"]
        uri = tileset.json()["root"]["content"]["uri"]
        assert client.get(pointer.json()["url"].replace("tileset.json", uri)).content[:4] == b"glTF"
    with serving(database.reader, tmp_path, replace(LOCAL, scope="511703")) as address:
        assert httpx.get(address + pointer.json()["url"]).status_code == 404
        assert httpx.get(f"{address}/tiles3d/city/current.json").status_code == 404
        assert httpx.get(f"{address}/api/enterprises").json()["city"] is None


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/tiles3d/city/current.json", 404),
        ("/api/features/no-uuid", 400),
        (f"/api/features/{NOBODY}", 404),
        (f"/api/features/{NOBODY}/history", 404),
        (f"/api/enterprises/{NOBODY}/features", 404),
        (f"/tiles3d/{NOBODY}/current.json", 404),
        ("/tiles3d/{enterprise}/0000000000000000/tileset.json", 404),
        ("/tiles3d/{enterprise}/0000000000000000/%2e%2e/%2e%2e/%2e%2e/etc/passwd", 404),
        ("/live?after=nonsense", 400),
        ("/api/nothing", 404),
    ],
)
def test_faults_are_problem_documents(client: httpx.Client, city: City, path: str, status: int) -> None:
    answer = client.get(path.replace("{enterprise}", str(city.enterprise_id)))
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["status"] == status
    assert problem["title"]
    if status == 400:
        assert problem["parameter"] in ("feature_id", "after")


def test_every_route_declares_its_permission() -> None:
    routes = [route for router in ROUTERS for route in router.routes if isinstance(route, APIRoute)]
    assert {"/live", "/api/health", "/api/enterprises"} <= {route.path for route in routes}
    for route in routes:
        calls = [dependency.call for dependency in route.dependant.dependencies]
        assert [call.permission for call in calls if hasattr(call, "permission")], route.path


def test_a_caller_without_permission_or_scope_sees_nothing(city: City, database: Urls, tmp_path: Path) -> None:
    with serving(database.reader, tmp_path, replace(LOCAL, permissions=frozenset())) as address:
        assert httpx.get(f"{address}/api/enterprises").status_code == 403
        assert httpx.get(f"{address}/live").status_code == 403
    with serving(database.reader, tmp_path, replace(LOCAL, scope="511724")) as address:
        assert httpx.get(f"{address}/api/enterprises").json()["enterprises"] == []
        assert httpx.get(f"{address}/api/features/{city.feature_id('B05')}").status_code == 404
        assert httpx.get(f"{address}/tiles3d/{city.enterprise_id}/current.json").status_code == 404
    with serving(database.reader, tmp_path, replace(LOCAL, scope="511703")) as address:
        assert len(httpx.get(f"{address}/api/enterprises").json()["enterprises"]) == 1


def test_answers_keep_to_themselves(client: httpx.Client) -> None:
    headers = client.get("/api/health").headers
    assert "default-src 'self'" in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert client.get("/api/health", headers={"Host": "evil.example"}).status_code == 400


def test_the_demo_is_loaded_once_and_whole(database: Urls, tmp_path: Path) -> None:
    settings = Settings(database_url=database.owner, data_dir=tmp_path)
    assert demo.load(settings) is True
    assert demo.load(settings) is False
    with serving(database.reader, tmp_path) as address:
        (enterprise,) = httpx.get(f"{address}/api/enterprises").json()["enterprises"]
    assert (enterprise["alarm_level"], enterprise["open_alarms"], enterprise["case_count"]) == (2, 2, 2)


def test_the_schema_is_json(client: httpx.Client) -> None:
    assert "/api/features/{feature_id}" in json.loads(client.get("/openapi.json").content)["paths"]
