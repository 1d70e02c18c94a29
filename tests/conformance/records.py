"""OGC API - Records - Part 1 (20-004r1): records, catalogues, their parameters."""

from datetime import datetime
from typing import Any

import shapely
from conformance.suite import GEOJSON, Json, NotHere, Server, check, geometry

CLASS = "ogcapi-records-1/1.0/conf"
MEMBERS = {"id", "type", "geometry", "time", "properties", "links"}


def catalogues(server: Server) -> list[Json]:
    """Return the collections of records."""
    found = [one for one in server.collections if one.get("itemType") == "record"]
    if not found:
        raise NotHere("a catalogue")
    return found


def page(server: Server, name: str, **parameters: Any) -> list[Json]:
    """Return records of a catalogue."""
    return list(server.page(name, **{"limit": 1000, **parameters})["features"])


@check(f"{CLASS}/record-core", "/conf/record-core/mandatory-properties-record", "/conf/record-core/time-interval")
def members(server: Server) -> None:
    for one in catalogues(server):
        for record in page(server, one["id"]):
            assert record.keys() >= MEMBERS
            assert record["id"]
            assert record["type"] == "Feature"
            assert record["properties"].keys() >= {"type", "title"}
            time = record["time"]
            for end in (time or {}).get("interval", ()):
                assert end == ".." or datetime.fromisoformat(end).tzinfo
            assert all({"rel", "href"} <= link.keys() for link in record["links"])
            assert all(link["uriTemplate"] for link in record.get("linkTemplates", ()))


@check(f"{CLASS}/record-collection", "/conf/record-collection/mandatory-properties-collection", "/conf/record-collection/links")
def catalogue(server: Server) -> None:
    for one in catalogues(server):
        alone = server.json(f"/collections/{one['id']}")
        assert alone["type"] == "Collection"
        assert alone["itemType"] == "record"
        assert alone["title"]
        assert {"self", "items"} <= {link["rel"] for link in alone["links"]}


@check(f"{CLASS}/record-api", "/conf/record-api/record-op", "/conf/record-api/records-op", "/conf/record-api/mandatory-params")
def operations(server: Server) -> None:
    for one in catalogues(server):
        at = server.link(one, "items", media="geo+json")
        address, seen, matched = f"{at}?limit=7", list[Json](), None
        while address:
            answer = server.get(address, accept=GEOJSON)
            assert answer.headers["content-type"].split(";")[0] == GEOJSON
            document = answer.json()
            assert document["numberReturned"] == len(document["features"])
            seen, matched = [*seen, *document["features"]], document["numberMatched"]
            address = next((link["href"] for link in document["links"] if link["rel"] == "next"), "")
        assert len({record["id"] for record in seen}) == len(seen) == matched
        for record in seen:
            alone = server.json(f"{server.items(one['id'])}/{record['id']}")
            assert {name: alone[name] for name in MEMBERS - {"links"}} == {name: record[name] for name in MEMBERS - {"links"}}
        assert server.get(f"{server.items(one['id'])}/no-such-record").status_code == 404
        server.refused(server.items(one["id"]), **{"no-such-parameter": "1"})


@check(f"{CLASS}/record-core-query-parameters", "/conf/record-core-query-parameters/q-response")
def words(server: Server) -> None:
    for one in catalogues(server):
        every = page(server, one["id"])
        titles = [record["properties"]["title"] for record in (every[0], every[-1])]
        for title in titles:
            found = page(server, one["id"], q=title)
            assert title in {record["properties"]["title"] for record in found}
            assert len(found) < len(every)
        both = {record["id"] for record in page(server, one["id"], q=",".join(titles))}
        assert both == {record["id"] for title in titles for record in page(server, one["id"], q=title)}
        spaced = next(record["properties"]["description"].split() for record in every if " " in record["properties"]["description"])
        assert page(server, one["id"], q="   ".join(spaced[:2]))
        assert not page(server, one["id"], q=f"{spaced[1]} {spaced[0]} no-such-word")
        assert not page(server, one["id"], q="no-such-word")


@check(
    f"{CLASS}/record-core-query-parameters", "/conf/record-core-query-parameters/type-response", "/conf/record-core-query-parameters/ids"
)
def types_and_ids(server: Server) -> None:
    for one in catalogues(server):
        every = page(server, one["id"])
        types = sorted({record["properties"]["type"] for record in every})
        for type_ in types:
            found = page(server, one["id"], type=type_)
            assert {record["id"] for record in found} == {record["id"] for record in every if record["properties"]["type"] == type_}
        assert len(page(server, one["id"], type=",".join(types))) == len(every)
        pair = [every[0]["id"], every[-1]["id"]]
        assert {record["id"] for record in page(server, one["id"], ids=",".join(pair))} == set(pair)
        for record in every:
            for external in record["properties"].get("externalIds", ()):
                for said in (external["value"], f"{external['scheme']}:{external['value']}"):
                    assert record["id"] in {other["id"] for other in page(server, one["id"], externalIds=said)}
        assert not page(server, one["id"], externalIds="no-such-id")


@check(f"{CLASS}/record-core-query-parameters", "/conf/record-core-query-parameters/bbox", "/conf/record-core-query-parameters/datetime")
def places_and_times(server: Server) -> None:
    for one in catalogues(server):
        every = page(server, one["id"])
        placed = next(record for record in every if record["geometry"])
        west, south, east, north = geometry(placed).bounds
        for asked in (shapely.box(west, south, (west + east) / 2, (south + north) / 2), shapely.box(-179.9, -89.9, -179.8, -89.8)):
            found = page(server, one["id"], bbox=",".join(map(str, asked.bounds)))
            expected = {record["id"] for record in every if record["geometry"] and geometry(record).intersects(asked)}
            assert {record["id"] for record in found} == expected
            assert len(expected) < len(every)
        timed = [record for record in every if record["time"] and record["time"]["interval"][0] != ".."]
        before = {record["id"] for record in page(server, one["id"], datetime="1990-01-01T00:00:00Z")}
        assert before == {record["id"] for record in every} - {record["id"] for record in timed}
        assert len(page(server, one["id"], datetime="1990-01-01T00:00:00Z/..")) == len(every)
        for name, wrong in (("bbox", "1,2,3"), ("datetime", "yesterday"), ("limit", "0")):
            server.refused(server.items(one["id"]), **{name: wrong})
