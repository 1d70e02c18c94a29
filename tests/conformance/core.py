"""OGC API - Features - Part 1 (17-069r4, annex A) and Common (19-072, 20-024)."""

from conformance.suite import CRS84, GEOJSON, HTML, JSON, REL, Server, bbox, check, geometry
from openapi_spec_validator import validate

CORE, GEO, PAGES, OAS = (f"ogcapi-features-1/1.0/conf/{name}" for name in ("core", "geojson", "html", "oas30"))


@check(CORE, "/conf/core/root-op", "/conf/core/root-success")
@check("ogcapi-common-1/1.0/conf/core", "/conf/core/root-op", "/conf/core/root-success")
def landing_page(server: Server) -> None:
    rels = {link["rel"] for link in server.landing["links"]}
    assert rels & {"service-desc", "service-doc"}
    assert rels & {"conformance", f"{REL}conformance"}
    assert rels & {"data", f"{REL}data"}
    assert all(link["href"].startswith("http") for link in server.landing["links"])


@check(CORE, "/conf/core/api-definition-op", "/conf/core/api-definition-success")
def definition(server: Server) -> None:
    answer = server.client.get(server.link(server.landing, "service-desc", "service-doc"))
    assert answer.status_code == 200
    described = next(link["type"] for link in server.landing["links"] if link["rel"] in ("service-desc", "service-doc"))
    assert answer.headers["content-type"].replace(" ", "").startswith(described.split(";")[0])


@check(CORE, "/conf/core/conformance-op", "/conf/core/conformance-success")
def conformance(server: Server) -> None:
    assert CORE in server.conforms


@check(CORE, "/conf/core/http")
def http(server: Server) -> None:
    answer = server.get("/collections")
    assert answer.http_version == "HTTP/1.1"
    assert server.client.head("/collections").status_code in (200, 405)
    assert server.get(f"/collections/{server.samples[0]}_no_such").status_code == 404


@check(CORE, "/conf/core/fc-md-op", "/conf/core/fc-md-success", "/conf/core/fc-md-links")
@check("ogcapi-common-2/1.0/conf/collections", "/conf/collections/rc-md-op", "/conf/collections/rc-md-success")
def list_of_collections(server: Server) -> None:
    document = server.json("/collections")
    assert {"self"} <= {link["rel"] for link in document["links"]}
    assert all("type" in link for link in document["links"])
    ids = [one["id"] for one in document["collections"]]
    assert ids
    assert len(set(ids)) == len(ids)


@check(CORE, "/conf/core/fc-md-items", "/conf/core/fc-md-items-links", "/conf/core/sfc-md-op", "/conf/core/sfc-md-success")
def each_collection(server: Server) -> None:
    for listed in [one for one in server.collections if one.get("itemType", "feature") in ("feature", "record")]:
        (at,) = {link["href"].split("?")[0] for link in listed["links"] if link["rel"] == "items"}
        assert at.endswith(f"/collections/{listed['id']}/items")
        assert all("type" in link for link in listed["links"] if link["rel"] == "items")
        alone = server.json(f"/collections/{listed['id']}")
        for member in ("id", "title", "description", "extent", "crs", "itemType"):
            assert alone.get(member) == listed.get(member), (listed["id"], member)


@check(CORE, "/conf/core/fc-md-extent", "/conf/core/fc-md-extent-multi")
def extents(server: Server) -> None:
    for one in server.collections:
        extent = one.get("extent", {})
        for box in extent.get("spatial", {}).get("bbox", []):
            assert len(box) in (4, 6)
            assert -90 <= box[1] <= box[len(box) // 2 + 1] <= 90
        for interval in extent.get("temporal", {}).get("interval", []):
            assert len(interval) == 2
    for name in server.samples:
        west, south, east, north = server.json(f"/collections/{name}")["extent"]["spatial"]["bbox"][0]
        for feature in server.page(name)["features"]:
            bounds = geometry(feature).bounds
            assert west - 1e-6 <= bounds[0] <= bounds[2] <= east + 1e-6
            assert south - 1e-6 <= bounds[1] <= bounds[3] <= north + 1e-6


@check(CORE, "/conf/core/fc-op", "/conf/core/fc-response", "/conf/core/f-op", "/conf/core/f-success")
def features(server: Server) -> None:
    for name in server.samples:
        page = server.page(name)
        assert page["type"] == "FeatureCollection"
        feature = page["features"][0]
        alone = server.json(f"{server.items(name)}/{feature['id']}")
        for member in ("type", "id", "geometry", "properties"):
            assert alone[member] == feature[member]
        assert server.get(f"{server.items(name)}/no-such-feature").status_code == 404


@check(CORE, "/conf/core/fc-bbox-definition", "/conf/core/fc-bbox-response")
def box(server: Server) -> None:
    for name in server.samples:
        wanted = server.page(name)["features"][0]
        asked = bbox(geometry(wanted))
        found = server.page(name, bbox=asked, limit=1000)
        assert wanted["id"] in {one["id"] for one in found["features"]}
        west, south, east, north = map(float, asked.split(","))
        for one in found["features"]:
            bounds = geometry(one).bounds
            assert bounds[0] <= east
            assert bounds[2] >= west
            assert bounds[1] <= north
            assert bounds[3] >= south
        assert not server.page(name, bbox="-179.9,-89.9,-179.8,-89.8")["features"]
        for wrong in ("1,2,3", "a,b,c,d", "1,2,3,4,5"):
            server.refused(server.items(name), bbox=wrong)


@check(CORE, "/conf/core/fc-limit-definition", "/conf/core/fc-limit-response")
def limit(server: Server) -> None:
    for name in server.samples:
        assert len(server.page(name, limit=1)["features"]) == 1
        assert len(server.page(name, limit=3)["features"]) <= 3
        for wrong in ("0", "-1", "x"):
            server.refused(server.items(name), limit=wrong)


@check(CORE, "/conf/core/fc-time-definition", "/conf/core/fc-time-response")
def time(server: Server) -> None:
    for name in server.samples:
        now = server.page(name)["numberMatched"]
        assert server.page(name, datetime="../2100-01-01T00:00:00Z")["numberMatched"] >= now
        for good in ("2024-01-01T00:00:00Z", "2024-01-01T00:00:00Z/..", "2024-01-01T00:00:00Z/2024-02-01T00:00:00Z"):
            server.page(name, datetime=good)
        for wrong in ("yesterday", "2024-13-01", "2024-02-01T00:00:00Z/2024-01-01T00:00:00Z"):
            server.refused(server.items(name), datetime=wrong)


@check(CORE, "/conf/core/fc-links", "/conf/core/fc-timeStamp", "/conf/core/fc-numberMatched", "/conf/core/fc-numberReturned")
def pages(server: Server) -> None:
    for name in server.samples:
        address, seen, matched = f"{server.items(name)}?limit=7", list[str](), None
        while address:
            page = server.json(address)
            assert {"self", "alternate"} <= {link["rel"] for link in page["links"]}
            assert page["numberReturned"] == len(page["features"])
            matched = page["numberMatched"]
            seen += [str(one["id"]) for one in page["features"]]
            address = next((link["href"] for link in page["links"] if link["rel"] == "next"), "")
        assert len(set(seen)) == len(seen) == matched


@check(CORE, "/conf/core/query-param-unknown", "/conf/core/query-param-invalid")
def parameters(server: Server) -> None:
    server.refused("/collections", **{"no-such-parameter": "1"})
    for name in server.samples:
        server.refused(server.items(name), **{"no-such-parameter": "1"})
        server.refused(f"{server.items(name)}/{server.page(name)['features'][0]['id']}", **{"no-such-parameter": "1"})


@check(CORE, "/conf/core/f-links")
def links_of_a_feature(server: Server) -> None:
    for name in server.samples:
        at = f"{server.items(name)}/{server.page(name)['features'][0]['id']}"
        links = {link["rel"]: link["href"] for link in server.json(at)["links"]}
        assert {"self", "alternate", "collection"} <= links.keys()
        assert server.json(links["collection"])["id"] == name


@check(CORE, "/conf/core/crs84")
def longitude_first(server: Server) -> None:
    for name in server.samples:
        answer = server.get(server.items(name), accept=GEOJSON)
        assert answer.headers.get("content-crs", f"<{CRS84}>") == f"<{CRS84}>"
        assert all(-180 <= geometry(one).bounds[0] <= 180 for one in answer.json()["features"])


@check(GEO, "/conf/geojson/content", "/conf/geojson/definition")
def geojson(server: Server) -> None:
    for name in server.samples:
        answer = server.get(server.items(name), accept=GEOJSON)
        assert answer.headers["content-type"].split(";")[0] == GEOJSON
        for feature in answer.json()["features"]:
            assert feature["type"] == "Feature"
            assert {"id", "geometry", "properties"} <= feature.keys()
        alone = server.get(f"{server.items(name)}/{answer.json()['features'][0]['id']}", accept=GEOJSON)
        assert alone.headers["content-type"].split(";")[0] == GEOJSON


@check(PAGES, "/conf/html/content", "/conf/html/definition")
def html(server: Server) -> None:
    name = server.samples[0]
    first = server.page(name)["features"][0]
    for path in ("/conformance", "/collections", f"/collections/{name}", server.items(name), f"{server.items(name)}/{first['id']}"):
        answer = server.get(path, accept=HTML)
        assert answer.headers["content-type"].startswith(HTML), path
        assert "<html" in answer.text[:500].lower()
        assert server.get(path, accept=JSON).headers["content-type"].split(";")[0] in (JSON, GEOJSON)


@check(OAS, "/conf/oas30/definition-1", "/conf/oas30/definition-2", "/conf/oas30/oas-impl")
def openapi(server: Server) -> None:
    answer = server.client.get(server.link(server.landing, "service-desc"))
    assert answer.headers["content-type"].replace(" ", "").startswith("application/vnd.oai.openapi+json;version=3.0")
    document = answer.json()
    validate(document)
    assert document["openapi"].startswith("3.0")


@check(OAS, "/conf/oas30/completeness", "/conf/oas30/exceptions-codes", "/conf/oas30/security")
def what_the_definition_says(server: Server) -> None:
    paths = server.client.get(server.link(server.landing, "service-desc")).json()["paths"]
    for path in ("/", "/conformance", "/collections"):
        assert "200" in paths[path]["get"]["responses"]
    items = next(path for path in paths if path.endswith("/items"))
    declared = paths[items]["get"]["responses"]
    assert {"200", "400"} <= declared.keys()
    concrete = items.replace(items[items.find("{") : items.find("}") + 1], server.samples[0]) if "{" in items else items
    for asked in ({}, {"limit": "x"}):
        assert str(server.client.get(concrete, params=asked).status_code) in declared
