"""CQL2 (OGC 21-065r2, annex A) over HTTP, on the standard's test data; text, and the same as JSON."""

import json
from collections.abc import Callable

import cql2
from conformance.suite import CHECKS, Check, Server, check

CLASS = "cql2/1.0/conf"
LANGUAGES = ("cql2-text", "cql2-json")
PLACES, COUNTRIES, RIVERS = "ne_110m_populated_places_simple", "ne_110m_admin_0_countries", "ne_110m_rivers_lake_centerlines"
ALL = 243
"""Populated places."""
SPAN = 'INTERVAL(start, "end")'

CASES: dict[str, list[tuple[str, str, int]]] = {
    "basic-cql2": [
        (PLACES, "name = 'København'", 1),
        (PLACES, "NOT (name = 'København')", ALL - 1),
        (PLACES, "pop_other <= 1038288", 121),
        (PLACES, "pop_other < 1038288 OR pop_other > 1038288", ALL - 1),
        (PLACES, '"date" IS NULL', 240),
        (PLACES, "start >= TIMESTAMP('2022-04-16T10:13:19Z') AND boolean IS NOT NULL", 2),
        (COUNTRIES, "NAME >= 'Luxembourg'", 84),
        (PLACES, "false", 0),
    ],
    "advanced-comparison-operators": [
        (PLACES, "name LIKE 'K_benhavn'", 1),
        (PLACES, "name NOT LIKE '%'", 0),
        (PLACES, "name LIKE 'k%'", 0),
        (PLACES, "pop_other BETWEEN 1038288 AND 1038288", 1),
        (PLACES, "name IN ('København', 'Berlin', 'nowhere')", 2),
        (PLACES, "name NOT IN ('København', 'Berlin', 'nowhere')", ALL - 2),
    ],
    "case-insensitive-comparison": [
        (PLACES, "CASEI(name) = CASEI('KØBENHAVN')", 1),
        (PLACES, "CASEI(name) = CASEI('kobenhavn')", 0),
        (PLACES, "CASEI(name) LIKE CASEI('BERLI_')", 1),
        (PLACES, "CASEI(name) NOT LIKE CASEI('BERLI_')", ALL - 1),
        (PLACES, "CASEI(name) IN (CASEI('BERLIN'), CASEI('kØBENHAVN'), CASEI('nowhere'))", 2),
        (PLACES, "NOT (CASEI(name) <> CASEI('BERLIN'))", 1),
    ],
    "accent-insensitive-comparison": [
        (PLACES, "ACCENTI(name) = ACCENTI('Kobenhavn')", 1),
        (PLACES, "ACCENTI(name) = ACCENTI('kobenhavn')", 0),
        (PLACES, "ACCENTI(CASEI(name)) = ACCENTI(CASEI('KÖBENHAVN'))", 1),
        (PLACES, "CASEI(ACCENTI(name)) LIKE CASEI(ACCENTI('KOBENHAV_'))", 1),
        (PLACES, "ACCENTI(name) LIKE ACCENTI('Köbenhav_')", 1),
        (PLACES, "ACCENTI(name) NOT IN (ACCENTI('Kobenhavn'), ACCENTI('Berlin'))", ALL - 2),
        (PLACES, "NOT (ACCENTI(CASEI(name)) <> ACCENTI(CASEI('KÖBENHAVN')))", 1),
    ],
    "basic-spatial-functions": [
        (COUNTRIES, "S_INTERSECTS(geom, POINT(7.02 49.92))", 1),
        (COUNTRIES, "S_INTERSECTS(geom, BBOX(150, -90, -150, 90))", 10),
        (PLACES, "S_INTERSECTS(geom, BBOX(0, 40, 10, 50))", 7),
    ],
    "basic-spatial-functions-plus": [
        (COUNTRIES, "S_INTERSECTS(geom, LINESTRING(0 40, 10 50))", 4),
        (COUNTRIES, "S_INTERSECTS(geom, POLYGON((0 40, 10 40, 10 50, 0 50, 0 40)))", 8),
        (COUNTRIES, "S_INTERSECTS(geom, GEOMETRYCOLLECTION(POINT(7.02 49.92), POLYGON((0 0, 10 0, 10 10, 0 10, 0 0))))", 8),
    ],
    "spatial-functions": [
        (COUNTRIES, "S_TOUCHES(geom, POINT(6.242751092156993 49.90222565367873))", 2),
        (COUNTRIES, "S_TOUCHES(geom, POINT(7.02 49.92))", 0),
        (COUNTRIES, "S_DISJOINT(geom, POINT(7.02 49.92))", 176),
        (COUNTRIES, "S_WITHIN(geom, BBOX(-180, -90, 0, 90))", 44),
        (COUNTRIES, "S_OVERLAPS(geom, BBOX(-180, -90, 0, 90))", 11),
        (COUNTRIES, "S_CONTAINS(geom, LINESTRING(7 50, 8 51))", 1),
        (RIVERS, "S_CROSSES(geom, BBOX(0, 40, 10, 50))", 1),
        (PLACES, "S_EQUALS(geom, POINT(6.1300028 49.6116604))", 1),
    ],
    "temporal-functions": [
        (PLACES, "T_AFTER(\"date\", INTERVAL('2022-01-01', '2022-12-31'))", 1),
        (PLACES, "T_INTERSECTS(start, INTERVAL('2022-01-01T00:00:00Z', '..'))", 2),
        (PLACES, f"T_METBY({SPAN}, INTERVAL('2022-04-16T10:13:19Z', '2022-04-16T10:15:10Z'))", 1),
        (PLACES, f"T_OVERLAPPEDBY({SPAN}, INTERVAL('2020-04-16T10:13:19Z', '2022-04-16T10:15:10Z'))", 2),
        (PLACES, f"T_EQUALS({SPAN}, INTERVAL('2021-04-16T10:15:59Z', '2022-04-16T10:16:06Z'))", 1),
    ],
    "array-functions": [
        (PLACES, "A_CONTAINS(('a', 'b'), ('b'))", ALL),
        (PLACES, "A_CONTAINS(('a', 'b'), ('b', 'c'))", 0),
        (PLACES, "A_CONTAINEDBY(('a'), ('b', 'a'))", ALL),
        (PLACES, "A_EQUALS((1, 2), (2, 1))", ALL),
        (PLACES, "A_OVERLAPS((1, 2), (2, 3))", ALL),
        (PLACES, "A_OVERLAPS((1, 2), (3, 4))", 0),
        (PLACES, "A_CONTAINS((name, nameascii), ('København'))", 1),
    ],
    "property-property": [
        (PLACES, "'København' < name", 136),
        (PLACES, "name = nameascii", 230),
        (PLACES, "pop_min > pop_max", 0),
        (PLACES, "pop_other BETWEEN pop_min AND pop_max", 94),
        (PLACES, "1 < 2", ALL),
        (COUNTRIES, "S_WITHIN(POINT(7.02 49.92), geom)", 1),
        (PLACES, "T_AFTER(DATE('2022-04-17'), \"date\")", 2),
    ],
    "arithmetic": [
        (PLACES, "pop_other = 1038280 + 8", 1),
        (PLACES, "pop_other > 1038290 - 21 div 10", 122),
        (PLACES, "pop_other < 1038280 + 2 ^ 3", 120),
        (PLACES, "pop_other - 5 % 2 = (4 - 1) * 1038287 / 3", 1),
    ],
}


def _said(server: Server, name: str, language: str) -> None:
    for layer, text, expected in CASES[name]:
        said = text if language == "cql2-text" else json.dumps(cql2.parse_text(text).to_json())
        assert server.matched(server.named(layer), said, filter_lang=language) == expected, text


def _both(name: str) -> Callable[[Server], None]:
    def run(server: Server) -> None:
        for language in [one for one in LANGUAGES if f"{CLASS}/{one}" in server.conforms] or LANGUAGES[:1]:
            _said(server, name, language)

    return run


CHECKS.extend(Check(f"{CLASS}/{name}", (f"/conf/{name}/test-data",), _both(name)) for name in CASES)


@check(f"{CLASS}/cql2-text", "/conf/cql2-text/validate", "/conf/cql2-text/escaping")
def text(server: Server) -> None:
    _said(server, "basic-cql2", "cql2-text")
    places = server.named(PLACES)
    assert server.matched(places, "name = 'it''s' or nAmE = 'x'".replace("nAmE", "name"), filter_lang="cql2-text") == 0
    for wrong in ("name = 'open", "AND", "name = ", "name LIKE", "(name = 'a'"):
        server.refused(server.items(places), filter=wrong)


@check(f"{CLASS}/cql2-json", "/conf/cql2-json/validate")
def as_json(server: Server) -> None:
    _said(server, "basic-cql2", "cql2-json")
    places = server.named(PLACES)
    for wrong in ("{", "[]", '{"op": "="}', '{"op": "no-such-op", "args": [1, 2]}'):
        server.refused(server.items(places), filter=wrong, filter_lang="cql2-json")


@check(f"{CLASS}/functions", "/conf/functions/functions")
def functions(server: Server) -> None:
    places = server.named(PLACES)
    listed = {one["name"]: one for one in server.json("/functions")["functions"]}
    assert listed
    assert all(one["returns"] for one in listed.values())
    if "upper" in listed:
        assert server.matched(places, "upper(name) = 'BERLIN'") == 1
    server.refused(server.items(places), filter="no_such_function(name) = 1")
