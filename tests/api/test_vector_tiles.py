import asyncio
import json
import math
import subprocess
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import httpx
import psycopg
import pyogrio
import pytest
from city import City, found_city
from serving import serving
from starlette.datastructures import State
from starlette.types import Message

from api.caller import LOCAL
from api.tile_cache import TileCache
from api.vector_tiles import VectorTiles, asked
from gis.kinds import KINDS
from gis.store.cluster import Urls
from gis.store.vector_tiles import Place, TileQuery, configure, covering, mapped, vector_tile

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def city(module_database: Urls) -> City:
    city = found_city(module_database.owner)
    ring = "POLYGON((107 31, 108 31, 108 32, 107 32, 107 31))"
    city.rows("INSERT INTO counties (code, name, geom) VALUES ('511703', '达川区', ST_Multi(ST_GeomFromText(%s, 4490)))", ring)
    return city


@pytest.fixture
def client(city: City, module_database: Urls, tmp_path: Path) -> Iterator[httpx.Client]:
    with serving(module_database.reader, tmp_path) as address, httpx.Client(base_url=address) as client:
        yield client


def place_of(city: City, z: int, code: str = "T-101") -> Place:
    """Return the tile in which a feature of the example lies."""
    ((lon, lat),) = city.rows("SELECT ST_X(ST_Centroid(geom)), ST_Y(ST_Centroid(geom)) FROM feature_view WHERE code = %s", code)
    column, _, row, _ = covering((lon, lat, lon, lat), z, 0)  # type: ignore[arg-type]
    return Place(z, column, row)


def path_of(place: Place, query: str = "") -> str:
    return f"/tiles/{place.z}/{place.x}/{place.y}.mvt{query}"


def decoded(data: bytes, place: Place, folder: Path) -> dict[str, list[dict[str, object]]]:
    """Read a tile with GDAL; layer → rows, `geometry` in EPSG:3857."""
    path = folder / f"{place.y}.mvt"
    path.write_bytes(data)
    found = {}
    for layer in pyogrio.list_layers(path)[:, 0]:
        frame = pyogrio.read_dataframe(path, layer=layer, Z=place.z, X=place.x, Y=place.y)
        found[str(layer)] = frame.to_dict("records")
    return found


def test_one_tile_holds_all_layers_as_they_are_stored(client: httpx.Client, city: City, tmp_path: Path) -> None:
    place = place_of(city, 16)
    answer = client.get(path_of(place))
    assert answer.headers["content-type"] == "application/vnd.mapbox-vector-tile"
    layers = decoded(answer.content, place, tmp_path)
    kinds = {row[0] for row in city.rows("SELECT DISTINCT kind FROM feature_view")}
    assert set(layers) <= kinds
    assert {"building", "structure", "pipe", "county"} <= set(layers)
    (tank,) = [row for row in layers["structure"] if row["code"] == "T-101"]
    assert (tank["feature_id"], tank["type"], tank["diameter_m"]) == (str(city.feature_id("T-101")), "tank", 16)
    ((area, x, y),) = city.rows(
        "SELECT ST_Area(geom_3857), ST_X(ST_Centroid(geom_3857)), ST_Y(ST_Centroid(geom_3857)) FROM structures WHERE code = 'T-101'"
    )
    assert tank["geometry"].area == pytest.approx(area, rel=0.02)  # type: ignore[attr-defined]
    assert math.hypot(tank["geometry"].centroid.x - x, tank["geometry"].centroid.y - y) < 0.1  # type: ignore[attr-defined, operator]
    ids = [row["mvt_id"] for rows in layers.values() for row in rows]
    assert len(set(ids)) == len(ids)


def test_a_tile_says_less_from_afar(client: httpx.Client, city: City, tmp_path: Path) -> None:
    near, far = place_of(city, 14), place_of(city, 8)
    details = decoded(client.get(path_of(near)).content, near, tmp_path)
    assert not {"name", "code", "diameter_m"} & set(details["structure"][0])
    assert set(decoded(client.get(path_of(far)).content, far, tmp_path)) == {"county", "enterprise"}
    # Asked for by name, a layer is there from any height, but what is smaller than a pixel is not.
    assert client.get(path_of(far, "?collections=buildings")).status_code == 204
    points = decoded(client.get(path_of(far, "?collections=outlet,enterprise")).content, far, tmp_path)
    assert (len(points["outlet"]), len(points["enterprise"])) == (1, 1)


def test_symbol_and_name_of_an_outline_stand_in_one_tile(client: httpx.Client, city: City, tmp_path: Path) -> None:
    ((west, south, east, north),) = city.rows("SELECT ST_XMin(geom), ST_YMin(geom), ST_XMax(geom), ST_YMax(geom) FROM site_boundaries")
    (boundary,) = (str(row[0]) for row in city.rows("SELECT feature_id FROM site_boundaries"))
    for z, layer, feature, box in ((8, "county", None, (107, 31, 108, 32)), (16, "site_boundary", boundary, (west, south, east, north))):
        left, right, top, bottom = covering(box, z, 0)  # type: ignore[arg-type]
        places = [Place(z, x, y) for x in range(left, right + 1) for y in range(top, bottom + 1)]
        found = [row for place in places for row in decoded(client.get(path_of(place)).content, place, tmp_path).get(layer, [])]
        pieces = [row for row in found if feature in (None, row["feature_id"])]
        assert len(pieces) > 1
        # What is not an anchor does not say so; every piece has its name, for who points at it.
        assert [row["anchor"] for row in pieces if row.get("anchor") == 1] == [True]
        assert len({row["name"] for row in pieces}) == 1


def test_of_crowded_heights_the_greatest_are_shown_from_afar(client: httpx.Client, city: City, tmp_path: Path) -> None:
    city.rows(
        "INSERT INTO elevation_points (enterprise_id, elevation_m, geom) SELECT %s, 300 + (x * 7 + y * 13) %% 40,"
        " ST_Translate(c, x * 0.0001, y * 0.0001) FROM generate_series(0, 11) x, generate_series(0, 11) y,"
        " (SELECT ST_Centroid(ST_Collect(geom)) AS c FROM site_boundaries) p",
        city.enterprise_id,
    )
    center = city.rows("SELECT ST_XMin(e), ST_YMin(e), ST_XMax(e), ST_YMax(e) FROM (SELECT ST_Extent(geom) e FROM elevation_points) x")[0]
    seen = {}
    for z in (14, 15, 16):
        left, right, top, bottom = covering(center, z, 0)  # type: ignore[arg-type]
        places = [Place(z, x, y) for x in range(left, right + 1) for y in range(top, bottom + 1)]
        tiles = [decoded(client.get(path_of(place)).content, place, tmp_path) for place in places]
        seen[z] = {str(row["feature_id"]) for tile in tiles for row in tile.get("elevation_point", [])}
    # Who comes nearer loses none.
    assert seen[14] < seen[15] < seen[16]
    ((every, highest),) = city.rows(
        "SELECT count(*), (array_agg(feature_id::text ORDER BY elevation_m DESC, feature_id))[1] FROM elevation_points"
    )
    assert (len(seen[16]), highest in seen[14]) == (every, True)
    city.rows("DELETE FROM elevation_points WHERE code IS NULL")


def test_a_tile_is_asked_for_again_only_where_it_changed(client: httpx.Client, city: City) -> None:
    path = path_of(place_of(city, 15))
    first = client.get(path)
    assert first.headers["content-encoding"] == "gzip"
    plain = client.get(path, headers={"Accept-Encoding": "identity"})
    assert plain.content == first.content
    assert plain.headers["etag"] != first.headers["etag"]
    again = client.get(path, headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    ogc = place_of(city, 15)
    assert client.get(f"/tiles/WebMercatorQuad/{ogc.z}/{ogc.y}/{ogc.x}").content == first.content
    assert client.head(path).headers["etag"] == first.headers["etag"]


def test_alarms_reach_a_tile_and_readings_do_not(client: httpx.Client, city: City, tmp_path: Path) -> None:
    place, outlet = place_of(city, 16, "DW001"), city.feature_id("DW001")
    before = client.get(path_of(place)).headers["etag"]
    city.rows('UPDATE feature_state SET readings = \'{"w": {"value": 1}}\' WHERE feature_id = %s', outlet)
    assert [row[0] for row in city.rows("SELECT new_env IS NULL FROM change_log ORDER BY seq DESC LIMIT 1")] == [True]
    city.rows("INSERT INTO alarms (feature_id, rule, level) VALUES (%s, '超标', 2)", outlet)
    assert fresh(client, path_of(place), before)
    layers = decoded(client.get(path_of(place)).content, place, tmp_path)
    assert {row["alarm_level"] for row in layers["outlet"] if row["feature_id"] == str(outlet)} == {2}
    city.rows("DELETE FROM alarms")


def fresh(client: httpx.Client, path: str, before: str) -> bool:
    """Ask until the tile is another one; False where it stays the same for as long as nobody would wait."""
    until = time.monotonic() + 20
    while time.monotonic() < until:
        if client.get(path, headers={"If-None-Match": before}).status_code != 304:
            return True
    return False


def test_a_tile_of_then_shows_what_was_known_then(client: httpx.Client, city: City, tmp_path: Path) -> None:
    place = place_of(city, 16, "B05")
    ((then,),) = city.rows("SELECT clock_timestamp()")
    assert isinstance(then, datetime)
    before = decoded(client.get(path_of(place)).content, place, tmp_path)
    city.rows("UPDATE buildings SET geom = ST_Translate(geom, 0.0003, 0), name = '搬走的楼' WHERE code = 'B05'")
    gone = next(row["code"] for row in before["building"] if row["code"] != "B05")
    city.rows("UPDATE buildings SET closed_at = now() WHERE code = %s", gone)
    at = then.astimezone(UTC).isoformat().replace("+00:00", "Z")
    after = decoded(client.get(path_of(place, f"?as-of={at}")).content, place, tmp_path)
    assert client.get(path_of(place, f"?datetime={at}")).status_code == 200

    def told(layers: dict[str, list[dict[str, object]]]) -> dict[str, set[tuple[object, ...]]]:
        return {name: {(row["feature_id"], row.get("name"), row["geometry"].wkt) for row in rows} for name, rows in layers.items()}  # type: ignore[attr-defined]

    assert told(after) == told(before)
    now = decoded(client.get(path_of(place)).content, place, tmp_path)
    assert {row["name"] for row in now["building"]} - {row["name"] for row in before["building"]} == {"搬走的楼"}
    assert gone not in {row["code"] for row in now["building"]}


def test_a_filter_leaves_what_it_says(client: httpx.Client, city: City, tmp_path: Path) -> None:
    place = place_of(city, 14)
    query = {"collections": "structure", "filter": "structure_type = 'tank' AND height_m > 5"}
    layers = decoded(client.get(path_of(place), params=query).content, place, tmp_path)
    wanted = city.rows("SELECT feature_id::text FROM structures WHERE structure_type = 'tank' AND height_m > 5")
    assert {row["feature_id"] for row in layers["structure"]} == {row[0] for row in wanted}
    assert wanted
    then = {**query, "as-of": "2100-01-01T00:00:00Z"}
    # The same features; their order is the plan's.
    past = decoded(client.get(path_of(place), params=then).content, place, tmp_path)
    assert sorted(map(str, past["structure"])) == sorted(map(str, layers["structure"]))
    assert client.get(path_of(place), params={**query, "filter": "height_m > 1000"}).status_code == 204


def test_no_tile_stays_older_than_a_commit(client: httpx.Client, city: City, module_database: Urls) -> None:
    """Two writers at once while eight readers ask without pause: after each round the tile comes to what the store holds, and stays so."""
    place, query, rounds = place_of(city, 14, "B05"), TileQuery(layers=("building",)), 40
    path = path_of(place, "?collections=building")

    def move(code: str, number: int) -> None:
        city.rows("UPDATE buildings SET geom = ST_Translate(geom, %s, 0) WHERE code = %s", 0.0001 * (-1) ** number, code)

    async def scenario() -> None:
        done = asyncio.Event()
        async with (
            httpx.AsyncClient(base_url=str(client.base_url)) as many,
            await psycopg.AsyncConnection.connect(module_database.reader) as connection,
        ):
            await configure(connection)

            async def read() -> None:
                while not done.is_set():
                    await many.get(path)

            readers = [asyncio.create_task(read()) for _ in range(8)]
            for number in range(rounds):
                await asyncio.gather(*(asyncio.to_thread(move, code, number) for code in ("B01", "B02")))
                truth = await vector_tile(connection, query, place)
                while (await many.get(path)).content != truth:
                    pass
                assert (await many.get(path)).content == truth
            done.set()
            await asyncio.gather(*readers)

    asyncio.run(asyncio.wait_for(scenario(), 120))


def test_the_cache_makes_a_tile_again_that_changes_while_it_is_made() -> None:
    place, box = Place(14, 13084, 6697), (107.5, 31.2, 107.5, 31.2)
    column, _, row, _ = covering(box, 14)
    place = Place(14, column, row)
    made: list[int] = []

    async def scenario() -> None:
        gate = asyncio.Event()

        async def make(_: TileQuery, __: Place) -> bytes:
            made.append(len(made))
            number = made[-1]
            if number == 0:
                await gate.wait()
            return b"tile %d" % number

        cache = TileCache(make, 10_000)
        cache.live = True
        key = (TileQuery(), place)
        first = asyncio.create_task(cache.tile(key))
        other = asyncio.create_task(cache.tile(key))
        while not made:
            await asyncio.sleep(0)
        cache.touch(box)
        gate.set()
        assert (await first).data == (await other).data == b"tile 1"
        assert cache.find(key) is not None
        cache.touch((100.0, 20.0, 101.0, 21.0))
        assert cache.find(key) is not None
        cache.touch(box)
        assert cache.find(key) is None
        assert (cache.size, cache.entries) == (0, {})
        scoped = (TileQuery("511703"), place)
        for one in (key, scoped):
            await cache.tile(one)
        cache.clear(scoped=True)
        assert (cache.find(key) is not None, cache.find(scoped)) == (True, None)
        cache.live = False
        cache.clear()
        await cache.tile(key)
        assert cache.find(key) is None

    asyncio.run(scenario())


def test_a_kept_tile_waits_while_it_is_long_in_doubt() -> None:
    key = (TileQuery(), Place(14, 0, 0))
    made: list[Place] = []

    async def scenario() -> None:
        async def make(_: TileQuery, place: Place) -> bytes:
            made.append(place)
            return b"tile %d" % len(made)

        cache = TileCache(make, 10_000)
        cache.live = True
        await cache.tile(key)
        cache.announce()
        # What was announced just now may still be told in time.
        assert cache.find(key) is not None
        cache.announced = time.monotonic() - 1
        assert cache.find(key) is None
        waiting = asyncio.create_task(cache.tile(key))
        await asyncio.sleep(0)
        assert not waiting.done()
        cache.settle()
        assert (await waiting).data == b"tile 1"
        cache.announced = time.monotonic() - 1
        cache.settled.clear()
        waiting = asyncio.create_task(cache.tile(key))
        await asyncio.sleep(0)
        cache.clear()
        cache.settle()
        assert (await waiting).data == b"tile 2"

    asyncio.run(scenario())


def test_the_least_used_tiles_go_first() -> None:
    async def scenario() -> None:
        async def make(_: TileQuery, place: Place) -> bytes:
            return b"." * 1000

        cache = TileCache(make, 3 * 2600)
        cache.live = True
        keys = [(TileQuery(), Place(10, x, 0)) for x in range(4)]
        for key in (*keys[:3], keys[0], keys[3]):
            await cache.tile(key)
        assert [cache.find(key) is not None for key in keys] == [True, False, True, True]

    asyncio.run(scenario())


def test_a_caller_gets_the_tiles_of_the_own_scope(city: City, module_database: Urls, tmp_path: Path) -> None:
    place = place_of(city, 16)
    ((then,),) = city.rows("SELECT to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')")
    for scope, seen in (("511724", {"county"}), ("511703", None)):
        with serving(module_database.reader, tmp_path, replace(LOCAL, scope=scope)) as address:
            for query in ("", f"?as-of={then}", f"?collections={','.join(mapped())}"):
                layers = decoded(httpx.get(address + path_of(place, query)).content, place, tmp_path)
                assert set(layers) == seen if seen else "building" in layers
    with serving(module_database.reader, tmp_path, replace(LOCAL, permissions=frozenset())) as address:
        assert httpx.get(address + path_of(place)).status_code == 403


@pytest.mark.parametrize(
    ("path", "status", "parameter"),
    [
        ("/tiles/17/0/0.mvt", 404, None),
        ("/tiles/3/8/0.mvt", 404, None),
        ("/tiles/3/-1/0.mvt", 404, None),
        ("/tiles/3/1/0.png", 404, None),
        ("/tiles/3/1/0.mvt?layers=building", 400, "layers"),
        ("/tiles/3/1/0.mvt?collections=", 400, "collections"),
        ("/tiles/3/1/0.mvt?collections=building,process_nodes", 400, "collections"),
        ("/tiles/3/1/0.mvt?as-of=yesterday", 400, "as-of"),
        ("/tiles/3/1/0.mvt?as-of=2026-01-01", 400, "as-of"),
        ("/tiles/3/1/0.mvt?as-of=2026-01-01T00:00:00Z&datetime=2026-01-01T00:00:00Z", 400, "datetime"),
        ("/tiles/3/1/0.mvt?f=png", 400, "f"),
        ("/tiles/3/1/0.mvt?filter=height_m>1", 400, "filter"),
        ("/tiles/3/1/0.mvt?collections=building,outlet&filter=storeys>1", 400, "filter"),
        ("/tiles/3/1/0.mvt?collections=building&filter=storeys>", 400, "filter"),
        ("/tiles/3/1/0.mvt?collections=building&filter=storeys>1&filter-lang=cql2-json", 400, "filter-lang"),
        ("/tileMatrixSets/None", 404, None),
        ("/styles/nice", 404, None),
        ("/styles/light?f=qml", 400, "f"),
        ("/svg/light/nothing.svg", 404, None),
        ("/fonts/Nice/0-255.pbf", 404, None),
        ("/fonts/Noto Sans CJK SC Regular/1-256.pbf", 400, "range"),
    ],
)
def test_faults_name_the_parameter(client: httpx.Client, path: str, status: int, parameter: str | None) -> None:
    answer = client.get(path)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    assert answer.json().get("parameter") == parameter


def test_another_host_s_page_gets_no_tile(client: httpx.Client) -> None:
    assert client.get("/tiles/3/1/0.mvt", headers={"Host": "evil.example"}).status_code == 400


def test_the_tileset_describes_what_the_tiles_hold(client: httpx.Client, city: City) -> None:
    (listed,) = client.get("/tiles").json()["tilesets"]
    own = next(link["href"] for link in listed["links"] if link["rel"] == "self")
    tileset = client.get(own).json()
    assert [layer["id"] for layer in tileset["layers"]] == list(mapped())
    item = next(link for link in tileset["links"] if link["rel"] == "item")
    place = place_of(city, 14)
    href = item["href"].format(tileMatrix=place.z, tileRow=place.y, tileCol=place.x)
    assert client.get(href).headers["content-type"] == item["type"]
    scheme = next(link["href"] for link in tileset["links"] if link["rel"].endswith("tiling-scheme"))
    matrices = client.get(scheme).json()["tileMatrices"]
    # OGC 17-083r4, table D.1
    assert (matrices[0]["scaleDenominator"], matrices[16]["matrixWidth"]) == (pytest.approx(559082264.028717), 65536)


def test_what_a_style_names_is_there(client: httpx.Client) -> None:
    listed = client.get("/styles").json()
    for entry in listed["styles"]:
        links = {link["title"]: link for link in entry["links"] if link["rel"] == "stylesheet"}
        style = client.get(links["mapbox"]["href"])
        assert style.headers["content-type"].startswith(links["mapbox"]["type"])
        document = style.json()
        (tiles,) = document["sources"]["quanjing"]["tiles"]
        assert client.get(tiles.format(z=0, x=0, y=0)).status_code == 204
        glyphs = client.get(document["glyphs"].format(fontstack="Noto Sans CJK SC Regular", range="0-255"))
        assert glyphs.status_code == 200
        for sprite in document["sprite"]:
            for end in (".json", ".png", "@2x.json", "@2x.png"):
                assert client.get(sprite["url"] + end).status_code == 200
        sheet = client.get(links["sld11"]["href"])
        pictures = {part.split('"')[0] for part in sheet.text.split('xlink:href="')[1:]}
        assert len(pictures) > 100
        assert {client.get(href).headers["content-type"] for href in sorted(pictures)[::40]} == {"image/svg+xml"}


GLYPHS = """
import { PbfReader } from 'pbf';
import { readFileSync } from 'node:fs';
const read = (tag, out, pbf) => { if (tag === 1) pbf.readMessage(stack, out); };
const stack = (tag, out, pbf) => { if (tag === 3) out.push(pbf.readMessage(glyph, {})); };
const glyph = (tag, out, pbf) => {
  if (tag === 1) out.id = pbf.readVarint();
  if (tag === 2) out.bytes = pbf.readBytes().length;
  if (tag === 3) out.width = pbf.readVarint();
  if (tag === 4) out.height = pbf.readVarint();
  if (tag === 5) out.left = pbf.readSVarint();
  if (tag === 6) out.top = pbf.readSVarint();
  if (tag === 7) out.advance = pbf.readVarint();
};
console.log(JSON.stringify(new PbfReader(readFileSync(process.argv[1])).readFields(read, [])));
"""


def test_glyphs_are_read_by_another_s_reader(client: httpx.Client, tmp_path: Path) -> None:
    start = ord("环") // 256 * 256
    file = tmp_path / "glyphs.pbf"
    file.write_bytes(client.get(f"/fonts/Noto Sans CJK SC Regular/{start}-{start + 255}.pbf").content)
    node = [ROOT / ".ci" / "node", "node", "--input-type=module", "-e", GLYPHS, file]
    glyphs = json.loads(subprocess.run(node, check=True, capture_output=True, text=True, cwd=ROOT / "web", timeout=120).stdout)
    assert len(glyphs) == 256
    (glyph,) = [one for one in glyphs if one["id"] == ord("环")]
    assert glyph["advance"] == 24
    assert 18 <= glyph["width"] <= 24
    # The pixels and a rim of three around them.
    assert all(one["bytes"] == (one["width"] + 6) * (one["height"] + 6) for one in glyphs)


def test_the_hot_path_asks_nothing_else(city: City) -> None:
    """A kept tile is sent without the framework: the next application is never called."""

    async def scenario() -> list[Message]:
        async def never(*_: object) -> None:
            raise AssertionError("the framework was asked")

        async def make(_: TileQuery, __: Place) -> bytes:
            return b"tile"

        sent: list[Message] = []

        async def send(message: Message) -> None:
            sent.append(message)

        state = State({"caller": LOCAL, "tiles": TileCache(make, 1000)})
        request = {"type": "http", "method": "GET", "path": "/tiles/3/1/0.mvt", "query_string": b""}
        scope = request | {"headers": [(b"host", b"localhost:8000")]}
        await VectorTiles(never, state, ["localhost"])(scope, never, send)  # type: ignore[arg-type]
        return sent

    sent = asyncio.run(scenario())
    assert (sent[0]["status"], sent[1]["body"]) == (200, b"tile")
    assert asked("/tiles/3/1/0.mvt", "") is asked("/tiles/3/1/0.mvt", "")


def test_every_layer_of_the_registry_can_be_asked_for(client: httpx.Client, city: City) -> None:
    for name in mapped():
        assert client.get(path_of(place_of(city, 12), f"?collections={KINDS[name].table}")).status_code in (200, 204)
