"""CQL2 (OGC 21-065r2): the standard's own rows, every class by tests of our own, faults, and noise."""

import asyncio
import json
import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg.conninfo import conninfo_to_dict

from gis.errors import Invalid
from gis.reference_systems import CRS84, SYSTEMS, system_of
from gis.store.cluster import Urls
from gis.store.collections import Collection, table_collections
from gis.store.filters.compiler import compile_filter
from gis.store.filters.fragment import Fragment
from gis.store.filters.tree import parse
from gis.store.filters.values import box_of
from gis.store.items import Selection, filtered, matched

SHARED = Path(__file__).parents[2].parent / "shared" / "data" / "cql2"
ROWS = (
    [line.split("\t") for line in SHARED.joinpath("predicates.tsv").read_text(encoding="utf-8").splitlines()[1:]] if SHARED.is_dir() else []
)

THINGS = """
CREATE SCHEMA cql;
CREATE TABLE cql.things (id integer PRIMARY KEY, name text, other text, num double precision, small integer, exact numeric, flag boolean,
    day date, start timestamptz, "end" timestamptz, tags text[], marks integer[], "odd ""name" text, geom geometry(Geometry, 4490));
INSERT INTO cql.things VALUES
(1, 'København', 'København', 10, 3, 0.1, true, '2022-04-16', '2022-04-16T10:13:19Z', '2022-04-16T10:15:10Z', '{a,b}', '{1,2}', 'x',
    ST_GeomFromText('POINT(7 50)', 4490)),
(2, 'Straße', 'x', 20.5, 4, 2, false, '2021-04-16', '2021-04-16T10:15:59Z', '2022-04-16T10:16:06Z', '{b}', '{2}', NULL,
    ST_GeomFromText('POLYGON((0 0,10 0,10 10,0 10,0 0))', 4490)),
(3, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
(4, 'it''s 50%', 'it''s 50%', -5, 7, 3, NULL, '2023-04-16', '2023-04-16T10:15:09Z', NULL, '{}', '{}', NULL,
    ST_GeomFromText('LINESTRING(178 0,180 1)', 4490)),
(5, 'ΟΔΟΣ', 'Z', 0, 0, 4, true, '2022-12-31', '2022-12-31T23:59:59Z', '2022-12-31T23:59:59Z', '{c,a}', '{3,1,1}', NULL,
    ST_GeomFromText('MULTIPOINT((-179 0),(5 5))', 4490));
"""
BOX = "POLYGON((0 0,10 0,10 10,0 10,0 0))"
SPAN = 'INTERVAL(start, "end")'

CASES: dict[str, list[tuple[str, set[int]]]] = {
    "basic-cql2": [
        ("name = 'Straße'", {2}),
        ("name <> 'Straße'", {1, 4, 5}),
        ("name < 'a'", {1, 2}),
        ("num >= 10", {1, 2}),
        ("num <= -5", {4}),
        ("flag = true", {1, 5}),
        ("flag <> true", {2}),
        ("NOT (flag = true)", {2}),
        ("flag", {1, 5}),
        ("name IS NULL", {3}),
        ("geom IS NOT NULL", {1, 2, 4, 5}),
        ("day = DATE('2022-04-16')", {1}),
        ("start > TIMESTAMP('2022-04-16T10:13:19Z')", {4, 5}),
        ("start = TIMESTAMP('2022-04-16T18:13:19+08:00')", {1}),
        ("start >= DATE('2022-04-16') AND start <= DATE('2022-12-31')", {1, 5}),
        ("true", {1, 2, 3, 4, 5}),
        ("num = 10 OR name = 'Straße' AND flag = true", {1}),
        ("(num = 10 OR name = 'Straße') AND flag = false", {2}),
        ("flag = true OR num < 0", {1, 4, 5}),
        ("NOT (flag = true OR num > 100)", {2}),
        ("NOT (flag = true AND num < 0)", {1, 2, 5}),
        ("name = 'it''s 50%'", {4}),
        ('"odd ""name" = \'x\'', {1}),
        ("exact = 0.1", {1}),
    ],
    "advanced-comparison-operators": [
        ("name LIKE 'K%'", {1}),
        ("name LIKE '%50\\%'", {4}),
        ("name LIKE 'Stra_e'", {2}),
        ("name NOT LIKE 'K%'", {2, 4, 5}),
        ("num BETWEEN -5 AND 10", {1, 4, 5}),
        ("num NOT BETWEEN 0 AND 10", {2, 4}),
        ("num + 1 BETWEEN 1 AND 11", {1, 5}),
        ("day BETWEEN DATE('2022-01-01') AND DATE('2022-12-31')", {1, 5}),
        ("name IN ('Straße', 'x')", {2}),
        ("small NOT IN (3, 4)", {4, 5}),
        ("name IN (other, 'Straße')", {1, 2, 4}),
        ("flag IN (true)", {1, 5}),
        ("start IN ('2022-04-16T10:13:19Z', TIMESTAMP('2022-12-31T23:59:59Z'))", {1, 5}),
        ("day IN ('2022-04-16', '2000-01-01')", {1}),
        ("num BETWEEN small AND 8 + small", {1, 5}),
        ("exact * 10 IN (2 ^ 0, 40 div 3 + 17, 61 % 31)", {1, 4}),
    ],
    "case-insensitive-comparison": [
        ("CASEI(name) = CASEI('KØBENHAVN')", {1}),
        ("casei(name) = casei('STRASSE')", {2}),
        ("CASEI(name) IN (CASEI('οδος'), CASEI('Οδός'))", {5}),
        ("CASEI(name) LIKE CASEI('stra%')", {2}),
        ("CASEI(name) LIKE CASEI('ΟΔΟσ%')", {5}),
    ],
    "accent-insensitive-comparison": [
        ("ACCENTI(name) = ACCENTI('Kobenhavn')", {1}),
        ("ACCENTI(name) = ACCENTI('Strasse')", {2}),
        ("ACCENTI(name) LIKE ACCENTI('Kö%')", {1}),
        ("CASEI(ACCENTI(name)) = CASEI(ACCENTI('οδός'))", {5}),
        ("ACCENTI(CASEI(name)) LIKE ACCENTI(CASEI('kØ%'))", {1}),
    ],
    "basic-spatial-functions": [
        ("S_INTERSECTS(geom, POINT(7 50))", {1}),
        ("S_INTERSECTS(geom, BBOX(4, 4, 6, 6))", {2, 5}),
        ("S_INTERSECTS(geom, BBOX(179, -10, -178, 10))", {4, 5}),
        ("S_INTERSECTS(geom, BBOX(4, 4, -100, 6, 6, 100))", {2, 5}),
        ("S_INTERSECTS(geom, POINT Z (7 50 3))", {1}),
        ("NOT S_INTERSECTS(geom, BBOX(4, 4, 6, 6))", {1, 4}),
    ],
    "basic-spatial-functions-plus": [
        ("S_INTERSECTS(geom, LINESTRING(5 5, 5 60))", {2, 5}),
        ("S_INTERSECTS(geom, MULTIPOINT((7 50), (5 5)))", {1, 2, 5}),
        ("S_INTERSECTS(geom, MULTIPOINT(7 50, 5 5))", {1, 2, 5}),
        ("S_INTERSECTS(geom, MULTILINESTRING((7 49, 7 51), (179 0, 179 2)))", {1, 4}),
        ("S_INTERSECTS(geom, MULTIPOLYGON(((6 49,8 49,8 51,6 51,6 49)),((177 -1,180 -1,180 1,177 1,177 -1))))", {1, 4}),
        ("S_INTERSECTS(geom, GEOMETRYCOLLECTION(POINT(7 50), LINESTRING(178 -1, 178 2), POLYGON((-1 -1,1 -1,1 1,-1 1,-1 -1))))", {1, 2, 4}),
    ],
    "spatial-functions": [
        (f"S_EQUALS(geom, {BOX})", {2}),
        ("S_EQUALS(geom, BBOX(0, 0, 10, 10))", {2}),
        ("S_DISJOINT(geom, BBOX(4, 4, 6, 6))", {1, 4}),
        ("S_TOUCHES(geom, LINESTRING(10 5, 20 5))", {2}),
        ("S_TOUCHES(geom, GEOMETRYCOLLECTION(POLYGON((10 0,20 0,20 10,10 10,10 0)), POINT(15 5)))", {2}),
        ("S_WITHIN(geom, POLYGON((-1 -1,11 -1,11 11,-1 11,-1 -1)))", {2}),
        ("S_CONTAINS(geom, POINT(5 6))", {2}),
        ("S_CROSSES(geom, LINESTRING(179 -5, 179 5))", {4}),
        ("S_CROSSES(geom, BBOX(0, 0, 10, 10))", {5}),
        ("S_OVERLAPS(geom, POLYGON((5 5,15 5,15 15,5 15,5 5)))", {2}),
    ],
    "temporal-functions": [
        ("T_AFTER(day, DATE('2022-04-16'))", {4, 5}),
        ("T_BEFORE(start, TIMESTAMP('2022-04-16T10:13:19Z'))", {2}),
        ("T_EQUALS(day, DATE('2022-04-16'))", {1}),
        ("T_EQUALS(day, INTERVAL('2022-04-16', '2022-04-16'))", {1}),
        ("T_DISJOINT(day, INTERVAL('2022-01-01', '2022-12-31'))", {2, 4}),
        ("T_INTERSECTS(day, INTERVAL('2022-04-16', '..'))", {1, 4, 5}),
        ("T_INTERSECTS(day, INTERVAL('..', '..'))", {1, 2, 4, 5}),
        ("T_INTERSECTS(start, DATE('2022-12-31'))", {5}),
        ("T_INTERSECTS(start, INTERVAL('2022-04-16', '2022-04-16'))", {1}),
        (f"T_AFTER({SPAN}, INTERVAL('..', '2022-04-16T10:13:18Z'))", {1, 4, 5}),
        (f"T_CONTAINS({SPAN}, INTERVAL('2022-04-16T10:13:20Z', '2022-04-16T10:15:09Z'))", {1, 2}),
        (f"T_DURING({SPAN}, INTERVAL('2022-01-01T00:00:00Z', '..'))", {1, 5}),
        (f"T_FINISHEDBY({SPAN}, INTERVAL('2022-04-16T10:13:20Z', '2022-04-16T10:15:10Z'))", {1}),
        (f"T_FINISHES({SPAN}, INTERVAL('2020-01-01T00:00:00Z', '2022-04-16T10:16:06Z'))", {2}),
        (f"T_MEETS({SPAN}, INTERVAL('2022-04-16T10:16:06Z', '..'))", {2}),
        (f"T_METBY({SPAN}, INTERVAL('2022-01-01T00:00:00Z', '2022-04-16T10:13:19Z'))", {1}),
        (f"T_OVERLAPPEDBY({SPAN}, INTERVAL('2021-01-01T00:00:00Z', '2022-04-16T10:14:00Z'))", {1, 2}),
        (f"T_OVERLAPS({SPAN}, INTERVAL('2022-04-16T10:14:00Z', '2023-01-01T00:00:00Z'))", {1, 2}),
        (f"T_STARTEDBY({SPAN}, INTERVAL('2022-04-16T10:13:19Z', '2022-04-16T10:14:00Z'))", {1}),
        (f"T_STARTS({SPAN}, INTERVAL('2022-04-16T10:13:19Z', '2022-04-16T10:15:11Z'))", {1}),
        (f"T_EQUALS({SPAN}, INTERVAL('2022-12-31T23:59:59Z', '2022-12-31T23:59:59Z'))", {5}),
        ("T_INTERSECTS(INTERVAL(start, '..'), INTERVAL('2023-01-01', '..'))", {1, 2, 4, 5}),
    ],
    "array-functions": [
        ("A_EQUALS(tags, ('b', 'a'))", {1}),
        ("A_CONTAINS(tags, ('a'))", {1, 5}),
        ("A_CONTAINEDBY(tags, ('a', 'b'))", {1, 2, 4}),
        ("A_OVERLAPS(tags, ('c', 'b'))", {1, 2, 5}),
        ("A_EQUALS(marks, (1, 3))", {5}),
        ("A_CONTAINS(tags, (other, 'b'))", set()),
        ("A_OVERLAPS(marks, (1, 'b'))", {1, 5}),
        ("NOT A_CONTAINS(tags, ('a'))", {2, 4}),
        ("A_EQUALS(('a', true, 1), (1, 'a', true))", {1, 2, 3, 4, 5}),
    ],
    "property-property": [
        ("name = other", {1, 4}),
        ("num > small", {1, 2}),
        ("'Straße' = name", {2}),
        ("1 = 1", {1, 2, 3, 4, 5}),
        ('start = "end"', {5}),
        ("S_INTERSECTS(POINT(5 6), geom)", {2}),
        ("S_EQUALS(geom, geom)", {1, 2, 4, 5}),
        ("T_BEFORE(DATE('2022-06-01'), day)", {4, 5}),
        ("T_DURING(INTERVAL('2022-02-01','2022-03-01'), INTERVAL('2022-01-01','2022-12-31')) AND num = 10", {1}),
        ("day < start", set()),
    ],
    "functions": [
        ("upper(name) = 'STRASSE' OR lower(name) = 'københavn'", {1}),
        ("year(day) = 2022 AND month(day) = 4", {1}),
        ("area_m2(geom) > 1e12", {2}),
        ("distance_m(geom, POINT(7 50.001)) < 120", {1}),
        ("s_dwithin(geom, POINT(7 50.001), 120)", {1}),
        ("S_INTERSECTS(POINT(7 50.001), Buffer(geom, 120))", {1}),
        ("abs(num) = 5", {4}),
        ("characters(trim(name)) = 4", {5}),
        ("S_WITHIN(centroid(geom), BBOX(4, 4, 6, 6))", {2}),
        ("round(num) = 21 OR floor(num) = -5 OR ceil(num) = 100", {2, 4}),
        ("day_of(start) = day", {1, 2, 4, 5}),
    ],
    "arithmetic": [
        ("num * 2 + 1 = 21", {1}),
        ("num + 1 - 2 * 3 = 5", {1}),
        ("small / 2 = 1.5", {1}),
        ("small % 2 = 1", {1, 4}),
        ("small div 2 = 3", {4}),
        ("2 ^ small = 8", {1}),
        ("-num = 5", {4}),
        ("num / small > 0", {1, 2}),
        ("(num + small) * 2 = 26", {1}),
        ("num % 0 IS NULL AND small = 3", {1}),
    ],
}


@pytest.fixture(scope="module")
def things(module_database: Urls) -> Collection:
    with psycopg.connect(module_database.owner, autocommit=True) as connection:
        connection.execute(THINGS)
    if ROWS:
        parts = conninfo_to_dict(module_database.owner)
        source = " ".join(f"{name}='{parts[name]}'" for name in ("host", "port", "user", "password", "dbname") if name in parts)
        options = ["-lco", "SCHEMA=cql", "-lco", "GEOMETRY_NAME=geom", "-lco", "LAUNDER=NO"]
        subprocess.run(
            ["ogr2ogr", "-f", "PostgreSQL", f"PG:{source}", SHARED / "ne110m4cql2.gpkg", *options], check=True, capture_output=True
        )
    return _collections(module_database)["things"]


def _collections(database: Urls) -> dict[str, Collection]:
    async def read() -> dict[str, Collection]:
        async with await psycopg.AsyncConnection.connect(database.owner) as connection:
            return await table_collections(connection, ["cql"])

    return asyncio.run(read())


@pytest.fixture(scope="module")
def count(module_database: Urls, things: Collection) -> Iterator[Callable[[Collection, Fragment], int]]:
    """What counts the features that meet a condition, as the server does."""
    with asyncio.Runner() as runner:
        connection = runner.run(psycopg.AsyncConnection.connect(module_database.owner, autocommit=True))
        yield lambda collection, condition: runner.run(matched(connection, Selection(collection, conditions=(condition,))))
        runner.run(connection.close())


@pytest.fixture(scope="module")
def found(module_database: Urls, things: Collection) -> Iterator[Callable[[Fragment], set[int]]]:
    """What returns the ids of the things that meet a condition."""
    with psycopg.connect(module_database.owner, autocommit=True) as connection:
        yield lambda condition: {
            row[0] for row in connection.execute(f"SELECT id FROM cql.things WHERE {condition.text}".encode(), condition.values)
        }


@pytest.mark.skipif(not ROWS, reason="the rows lie beside the checkout")
def test_the_rows_of_the_standard(module_database: Urls, count: Callable[[Collection, Fragment], int]) -> None:
    layers = _collections(module_database)
    wrong = []
    for _, layer, text, expected in ROWS:
        for language, said in (("cql2-text", text), ("cql2-json", json.dumps(parse(text)))):
            got = count(layers[layer], filtered(layers[layer], said, language))  # type: ignore[arg-type]
            if got != int(expected):
                wrong.append((language, text, expected, got))
    assert wrong == []
    assert len(ROWS) == 70


SIDES = {"=": "=", "<>": "<>", "<": ">", ">": "<", "<=": ">=", ">=": "<="} | {
    f"{prefix}_{a}": f"{prefix}_{b}"
    for prefix, pairs in {
        "s": "intersects-intersects disjoint-disjoint equals-equals touches-touches crosses-crosses overlaps-overlaps within-contains",
        "t": "after-before contains-during disjoint-disjoint equals-equals finishes-finishedby intersects-intersects meets-metby"
        " overlaps-overlappedby starts-startedby",
    }.items()
    for pair in pairs.split()
    for a, b in (pair.split("-"), pair.split("-")[::-1])
}
"""What holds of b and a where an operator holds of a and b."""


def _turned(node: Any) -> Any:
    """Write every comparison the other way round, and twice denied."""
    if not isinstance(node, dict) or "op" not in node:
        return node
    if node["op"].lower() in SIDES:
        there = {"op": SIDES[node["op"].lower()], "args": node["args"][::-1]}
        return {"op": "not", "args": [{"op": "not", "args": [there]}]}
    return node | {"args": [_turned(one) for one in node["args"]]} if node["op"] in ("and", "or", "not") else node


@pytest.mark.skipif(not ROWS, reason="the rows lie beside the checkout")
def test_the_rows_of_the_standard_the_other_way_round(module_database: Urls, count: Callable[[Collection, Fragment], int]) -> None:
    layers, turned = _collections(module_database), 0
    for _, layer, text, expected in ROWS:
        tree = parse(text)
        turned += _turned(tree) != tree
        assert count(layers[layer], filtered(layers[layer], json.dumps(_turned(tree)), "cql2-json")) == int(expected), text
        nothing = filtered(layers[layer], json.dumps({"op": "and", "args": [_turned(tree), {"op": "not", "args": [tree]}]}), "cql2-json")
        assert count(layers[layer], nothing) == 0, text
    assert turned > 45


@pytest.mark.parametrize(("text", "expected"), [case for cases in CASES.values() for case in cases])
def test_every_class(things: Collection, found: Callable[[Fragment], set[int]], text: str, expected: set[int]) -> None:
    assert found(compile_filter(text, things.layer)) == expected
    assert found(compile_filter(json.dumps(parse(text)), things.layer, "cql2-json")) == expected


def test_json_of_the_drafts_is_still_read(things: Collection, found: Callable[[Fragment], set[int]]) -> None:
    casei = '{"op": "=", "args": [{"casei": {"property": "name"}}, {"casei": "STRASSE"}]}'
    assert found(compile_filter(casei, things.layer, "cql2-json")) == {2}
    function = '{"op": "<", "args": [{"function": {"name": "Abs", "args": [{"property": "num"}]}}, 6]}'
    assert found(compile_filter(function, things.layer, "cql2-json")) == {4, 5}


@pytest.mark.parametrize(
    ("system", "box"),
    [
        ("http://www.opengis.net/def/crs/OGC/1.3/CRS84", "6.9,49.9,7.1,50.1"),
        ("http://www.opengis.net/def/crs/EPSG/0/4490", "49.9,6.9,50.1,7.1"),
        ("http://www.opengis.net/def/crs/EPSG/0/3857", "768100,6429000,790400,6463000"),
    ],
)
def test_shapes_are_in_the_system_that_is_said(things: Collection, found: Callable[[Fragment], set[int]], system: str, box: str) -> None:
    text = f"S_INTERSECTS(geom, BBOX({box}))"
    assert found(compile_filter(text, things.layer, system=system_of("filter-crs", system))) == {1}


@pytest.mark.parametrize("sides", [(0, 1e300, 1e-300, 1e300), (-1e308, -1e308, 1e308, 1e308), (1e18, 0, 1e18 + 128, 1e-9)])
def test_a_box_off_the_grid_is_a_fault_at_most(sides: tuple[float, ...]) -> None:
    for system in SYSTEMS.values():
        with suppress(ValueError):
            assert np.isfinite(box_of(sides, system).bounds).all()


def test_grid_coordinates_are_northing_first() -> None:
    point = SYSTEMS["http://www.opengis.net/def/crs/EPSG/0/4545"].to_lonlat(np.array([[3453256.272, 452347.539]]))
    assert point[0] == pytest.approx((107.5, 31.2), abs=1e-8)


FAULTS = [
    ("nosuch = 1", "没有属性 nosuch"),
    ("Name = 'x'", "没有属性 Name"),
    ("name = 1", "文本与数不能比较"),
    ("day = '2022-04-16'", "DATE("),
    ("name = NULL", "IS NULL"),
    ("num LIKE '1%'", "LIKE 要文本"),
    ("name LIKE other", "LIKE 的模式"),
    ("name LIKE 'x\\'", "反斜线"),
    ("name BETWEEN 'a' AND 'b'", "BETWEEN"),
    ("num IN (1, 'a')", "不能比较"),
    ("geom = POINT(1 2)", "S_EQUALS"),
    ("S_INTERSECTS(name, POINT(1 2))", "要几何"),
    ("S_INTERSECTS(geom, POLYGON((0 0,1 1)))", "几何"),
    ("S_INTERSECTS(geom, POLYGON((0 0,1 1,1 0)))", "闭合"),
    ("S_INTERSECTS(geom, POLYGON((0 0,2 2,2 0,0 2,0 0)))", "Self-intersection"),
    ("S_INTERSECTS(geom, POINT EMPTY)", "cql2-text"),
    ("S_INTERSECTS(geom, BBOX(1,2,3))", "4 或 6"),
    ("S_INTERSECTS(geom, BBOX(0,60,10,50))", "南边大于北边"),
    ("S_INTERSECTS(geom, BBOX(0,-100,10,50))", "±90"),
    ("S_INTERSECTS(geom, POINT(90 180))", "±90"),
    ("start IN ('yesterday')", "不是时刻"),
    ("S_INTERSECTS(geom)", "要 2 项"),
    ("S_TOUCHES(geom, GEOMETRYCOLLECTION(POINT(50 50), LINESTRING(0 0, 1 1)))", "S_INTERSECTS"),
    ("T_DURING(start, INTERVAL('2022-01-01','2022-12-31'))", "只用于时段"),
    ("T_AFTER(name, DATE('2022-01-01'))", "日期、时刻或时段"),
    ("T_AFTER(start, INTERVAL('2022-12-31','2022-01-01'))", "起点晚于终点"),
    ("T_AFTER(start, INTERVAL('yesterday','..'))", "不是时刻"),
    ("day = DATE('2022-13-01')", "没有日期"),
    ("start = TIMESTAMP('2022-01-01')", "不是时刻"),
    ("A_CONTAINS(name, ('a'))", "要数组"),
    ("tags = ('a')", "不能比较"),
    ("nosuch(name) = 1", "没有运算符或函数"),
    ("year(name) = 1", "参数应为"),
    ("Buffer(geom, 1e9) IS NULL", "距离"),
    ("name + 1 = 2", "要数"),
    ("name", "应为条件"),
    ("1", "应为条件"),
    ("num = 1e400", "数太大"),
    ("name = 'a", "第 1 行第"),
    ("", "第 1 行第"),
    ("(" * 600 + "true" + ")" * 600, "嵌套太深"),
    ("NOT " * 400 + "true", "嵌套太深"),
    ("NOT " * 16_000 + "true", "嵌套太深"),
    ("num = 1" + " + 1" * 9_000, "嵌套太深"),
    ("name = '" + "x" * 70_000 + "'", "个字符"),
    ("name = 'a\0'", "NUL"),
]


@pytest.mark.parametrize(("text", "said"), FAULTS, ids=[text[:40] for text, _ in FAULTS])
def test_faults_say_what_and_where(things: Collection, text: str, said: str) -> None:
    with pytest.raises(Invalid) as caught:
        compile_filter(text, things.layer)
    assert caught.value.parameter == "filter"
    assert said in caught.value.detail


FAULTY_JSON = [
    '{"op": "not", "args": [' * 200 + "true" + "]}" * 200,
    "[" * 60_000,
    *("{}", "[]", "null", "{"),
    '{"op": "=", "args": [1]}',
    '{"op": "=", "args": [NaN, 1]}',
    '{"op": "and", "args": []}',
    '{"op": "in", "args": [{"property": "num"}, 3]}',
    '{"op": "casei", "args": [[]]}',
    '{"op": "=", "args": [{"date": 1}, {"date": 2}]}',
    '{"op": "s_intersects", "args": [{"property": "geom"}, {"type": "Polygon", "coordinates": [[[]]]}]}',
]


@pytest.mark.parametrize("text", FAULTY_JSON, ids=[text[:30] for text in FAULTY_JSON])
def test_faulty_json_is_refused(things: Collection, text: str) -> None:
    with pytest.raises(Invalid):
        compile_filter(text, things.layer, "cql2-json")


def test_values_are_bound_never_spliced(things: Collection) -> None:
    evil = "'); DROP TABLE things; --"
    condition = compile_filter(f"name = '{evil.replace(chr(39), chr(39) * 2)}'", things.layer)
    assert condition.values == (evil,)
    assert "DROP" not in condition.text


NAMES = st.sampled_from(["name", "num", "small", "flag", "day", "start", "end", "tags", "marks", "geom", "nosuch"])
POSITIONS = st.lists(st.floats(-200, 200, allow_nan=False), min_size=1, max_size=3)
ENDS = st.lists(st.sampled_from(["..", "2022-01-01", "2023-01-01T00:00:00Z", "x"]), min_size=1, max_size=3)
LEAVES: st.SearchStrategy[Any] = st.one_of(
    st.booleans(),
    st.none(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.integers(-(2**70), 2**70),
    st.text(max_size=8),
    st.builds(lambda name: {"property": name}, NAMES),
    st.builds(lambda name: {"property": name}, NAMES),
    st.builds(lambda day: {"date": day.isoformat()}, st.dates()),
    st.builds(lambda at: {"timestamp": at.strftime("%Y-%m-%dT%H:%M:%SZ")}, st.datetimes()),
    st.builds(lambda ends: {"interval": ends}, ENDS),
    st.builds(lambda at: {"type": "Point", "coordinates": at}, POSITIONS),
    st.builds(lambda at: {"type": "Polygon", "coordinates": [at]}, st.lists(POSITIONS, max_size=6)),
    st.builds(lambda sides: {"bbox": sides}, st.lists(st.floats(-200, 200), min_size=3, max_size=6)),
)
OPERATORS = st.sampled_from(
    [
        *("and", "or", "not", "=", "<>", "<", ">", "<=", ">=", "like", "between", "in", "isNull", "+", "-", "*", "/", "%", "div", "^"),
        *("casei", "accenti", "s_intersects", "s_within", "s_touches", "t_after", "t_during", "t_equals", "a_contains", "a_equals"),
        *("a_overlaps", "upper", "year", "month", "round", "area_m2", "distance_m", "buffer", "centroid", "nosuch"),
    ]
)
TREES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.builds(lambda op, args: {"op": op, "args": args}, OPERATORS, st.lists(inner, max_size=3)),
        st.builds(lambda op, args: {"op": op, "args": args}, OPERATORS, st.lists(inner, min_size=2, max_size=2)),
    ),
    max_leaves=12,
)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(tree=TREES, system=st.sampled_from(list(SYSTEMS.values())))
def test_noise_is_refused_or_answered(things: Collection, count: Callable[[Collection, Fragment], int], tree: Any, system: Any) -> None:
    try:
        found = count(things, filtered(things, json.dumps(tree), "cql2-json", system))
    except Invalid:
        return
    assert 0 <= found <= 5


WORDS = st.lists(
    st.sampled_from(
        [
            *"()+-*/^%,=<>.'\"",
            *("name", "num", "geom", "NOT ", " AND ", " OR ", " LIKE ", " IN ", " BETWEEN ", " IS ", "NULL", "'x'", "1", "-2.5", "é", "🗺"),
            *("POINT(1 2)", "BBOX(", "INTERVAL(", "DATE('2022-01-01')", "'..'", "S_INTERSECTS(", "CASEI("),
        ]
    ),
    max_size=25,
)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(words=WORDS)
def test_noise_as_text(things: Collection, count: Callable[[Collection, Fragment], int], words: list[str]) -> None:
    try:
        found = count(things, filtered(things, "".join(words), "cql2-text", CRS84))
    except Invalid:
        return
    assert 0 <= found <= 5
