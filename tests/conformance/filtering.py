"""OGC API - Features - Part 3 (19-079r2): queryables, filter, and queryables as parameters; Part 5 (23-058r1): schemas."""

import json
from typing import Any

from conformance.suite import CRS84, REL, Server, bbox, check, geometry

PART_3, PART_5 = "ogcapi-features-3/1.0/conf", "ogcapi-features-5/1.0/conf"
SCALARS = ("string", "number", "integer", "boolean")
LEAST_FOR_CALL = "https://json-schema.org/draft/"


def quoted(value: Any) -> str:
    """Return a value as CQL2 writes it."""
    return "'" + value.replace("'", "''") + "'" if isinstance(value, str) else json.dumps(value)


def known(server: Server, name: str) -> list[tuple[str, Any]]:
    """Return queryables of a collection with a value that one of its features has."""
    properties = server.json(f"/collections/{name}/queryables")["properties"]
    feature = server.page(name, limit=1)["features"][0]
    found = [
        (one, value)
        for one, value in feature["properties"].items()
        if value is not None and properties.get(one, {}).get("type") in SCALARS and not properties[one].get("format")
    ]
    assert found
    return found


@check(f"{PART_3}/queryables", "/conf/queryables/link", "/conf/queryables/op", "/conf/queryables/response")
@check(f"{PART_5}/queryables", "/conf/queryables/success")
def queryables(server: Server) -> None:
    for name in server.samples:
        at = server.link(server.json(f"/collections/{name}"), f"{REL}queryables")
        answer = server.client.get(at)
        assert answer.headers["content-type"].split(";")[0] == "application/schema+json"
        schema = answer.json()
        assert schema["$schema"].startswith(LEAST_FOR_CALL)
        assert schema["$id"].split("?")[0] == at.split("?")[0]
        assert schema["type"] == "object"
        for told in schema["properties"].values():
            assert {"type", "format", "$ref"} & told.keys()


@check(f"{PART_3}/filter", "/conf/filter/filter-param", "/conf/filter/filter-lang-param", "/conf/filter/response", "/conf/filter/mixing")
def filters(server: Server) -> None:
    for name in server.samples:
        for one, value in known(server, name):
            text = f'"{one}" = {quoted(value)}'
            tree = json.dumps({"op": "=", "args": [{"property": one}, value]})
            for asked in ({"filter": text}, {"filter": text, "filter-lang": "cql2-text"}, {"filter": tree, "filter-lang": "cql2-json"}):
                page = server.page(name, limit=100, **asked)
                assert page["features"], asked
                assert all(feature["properties"][one] == value for feature in page["features"]), asked
        server.refused(server.items(name), filter="no_such_queryable = 1")
        server.refused(server.items(name), filter="= = =")
        server.refused(server.items(name), filter="1 = 1", filter_lang="no-such-language")


@check(f"{PART_3}/filter", "/conf/filter/filter-crs-wgs84", "/conf/filter/filter-crs-param")
def systems_of_filters(server: Server) -> None:
    for name in server.samples:
        wanted = server.page(name, limit=1)["features"][0]
        geom = next(
            one
            for one, told in server.json(f"/collections/{name}/queryables")["properties"].items()
            if told.get("x-ogc-role") == "primary-geometry"
            or "geometry" in str(told.get("format", ""))
            or "geojson" in str(told.get("$ref"))
        )
        text = f"S_INTERSECTS({geom}, BBOX({bbox(geometry(wanted))}))"
        for more in ({}, {"filter-crs": CRS84}):
            assert wanted["id"] in {one["id"] for one in server.page(name, filter=text, limit=1000, **more)["features"]}
        server.refused(server.items(name), filter=text, filter_crs="http://www.opengis.net/def/crs/EPSG/0/99999")


@check(f"{PART_3}/features-filter", "/conf/features-filter/get-filter")
def filters_beside_other_parameters(server: Server) -> None:
    for name in server.samples:
        one, value = known(server, name)[0]
        text = f'"{one}" = {quoted(value)}'
        alone = server.page(name, filter=text, limit=1000)
        box = bbox(geometry(alone["features"][0]))
        both = server.page(name, filter=text, bbox=box, limit=1000)
        boxed = {feature["id"] for feature in server.page(name, bbox=box, limit=1000)["features"]}
        assert {feature["id"] for feature in both["features"]} == {feature["id"] for feature in alone["features"]} & boxed
        assert server.page(name, filter=f"NOT ({text})")["numberMatched"] <= server.page(name)["numberMatched"] - alone["numberMatched"]


@check(
    f"{PART_3}/queryables-query-parameters", "/conf/queryables-query-parameters/parameters", "/conf/queryables-query-parameters/response"
)
def queryables_as_parameters(server: Server) -> None:
    for name in server.samples:
        feature = server.page(name, limit=1)["features"][0]
        for one, value in known(server, name):
            page = server.page(name, limit=1000, filter=f'"{one}" = {quoted(value)}')
            said = {True: "true", False: "false"}.get(value, value) if isinstance(value, bool) else value
            answer = server.client.get(server.items(name), params={"limit": 1000, one: said})
            assert answer.status_code == 200, one
            assert feature["id"] in {other["id"] for other in answer.json()["features"]}
            assert answer.json()["numberMatched"] == page["numberMatched"], one
        server.refused(server.items(name), **{"no-such-queryable": "1"})


@check(f"{PART_5}/schemas", "/conf/schemas/schema", "/conf/schemas/properties")
@check(f"{PART_5}/core-roles-features", "/conf/core-roles-features/geometry", "/conf/core-roles-features/id")
def schemas(server: Server) -> None:
    for name in server.samples:
        schema = server.json(f"/collections/{name}/schema")
        assert schema["$schema"].startswith(LEAST_FOR_CALL)
        assert schema["type"] == "object"
        roles = [told.get("x-ogc-role") for told in schema["properties"].values()]
        assert roles.count("id") == 1
        assert roles.count("primary-geometry") == 1
        geom = next(told for told in schema["properties"].values() if told.get("x-ogc-role") == "primary-geometry")
        assert geom["format"].startswith("geometry-")


@check(f"{PART_5}/returnables-and-receivables", "/conf/returnables-and-receivables/response")
def what_features_have(server: Server) -> None:
    for name in server.samples:
        schema = server.json(f"/collections/{name}/schema")["properties"]
        for feature in server.page(name)["features"]:
            assert feature["properties"].keys() <= schema.keys()
        server.link(server.json(f"/collections/{name}"), f"{REL}schema")


@check(f"{PART_5}/sortables", "/conf/sortables/success", "/conf/sortables/sortby")
def sortables(server: Server) -> None:
    for name in server.samples:
        properties = server.json(f"/collections/{name}/sortables")["properties"]
        assert properties
        for one, told in properties.items():
            for sign in ("", "-"):
                page = server.page(name, sortby=f"{sign}{one}", limit=1000)
                if told.get("type") in ("number", "integer"):
                    values = [feature["properties"][one] for feature in page["features"] if feature["properties"][one] is not None]
                    assert values == sorted(values, reverse=bool(sign)), one
        server.refused(server.items(name), sortby="no_such_sortable")
