import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
from browser import chromium, visit
from city import City, found_city
from hypothesis import given, settings
from hypothesis import strategies as st
from psycopg import AsyncConnection
from typer.testing import CliRunner

from gis.crew import Processes, crew
from gis.errors import Invalid, NotFound, SettingsError
from gis.kinds import KINDS
from gis.settings import Settings
from gis.store.cluster import Urls
from tiles.check import report
from tiles.cli import app
from tiles.layer import bake as layers
from tiles.layer.quadtree import batches, nodes, root_error_m, root_of

TOWN = """
INSERT INTO buildings (code, name, geom, height_m, storeys)
SELECT 'T' || i, i || '号楼', ST_MakeEnvelope(x, y, x + w, y + w, 4490), 5 + i %% 30, 1 + i %% 7
FROM (SELECT i, 107.4 + (i %% 60) * 0.0006 AS x, 31.1 + (i / 60) * 0.0006 AS y, 0.0001 + (i * 7919 %% 40) * 0.00001 AS w
      FROM generate_series(1, %s) i) grid
"""
COUNT = 3000

DRIVER = """
import asyncio, sys
from pathlib import Path
from psycopg import AsyncConnection
from gis.crew import crew
from gis.kinds import KINDS
from gis.settings import Settings
from tiles.layer import bake as layers

layers.AT_ONCE = 200
url, out, scheduler = sys.argv[1:]

async def run():
    async with await AsyncConnection.connect(url, autocommit=True) as connection:
        return await layers.bake_layer(connection, Settings(database_url=url, data_dir=Path(out).parent / "none"), KINDS["building"], out,
            crew=crew(scheduler or None, 2), database=url, step=lambda done, of: print(done, of, flush=True))

if __name__ == "__main__":
    print(asyncio.run(run()).resumed)
"""


@pytest.fixture
def town(database: Urls) -> City:
    city = found_city(database.owner, drawing=None)
    city.rows(TOWN, COUNT)
    return city


def bake(city: City, out: Path, kind: str = "building", at_once: int = 200) -> layers.Layer | None:
    async def run() -> layers.Layer | None:
        async with await AsyncConnection.connect(city.url, autocommit=True) as connection:
            own = Settings(database_url=city.url, data_dir=out.parent / "none")
            return await layers.bake_layer(
                connection, own, KINDS[kind], str(out), crew=Processes(1), database=city.url, step=lambda _done, _of: None
            )

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(layers, "AT_ONCE", at_once)
        return asyncio.run(run())


def contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@given(
    st.lists(
        st.tuples(
            st.floats(106.9, 108.1, allow_nan=False), st.floats(30.4, 31.6, allow_nan=False), st.sampled_from([1.0, 5.0, 20.0, 100.0])
        ),
        min_size=1,
        max_size=80,
    )
)
@settings(max_examples=50, deadline=None)
def test_each_feature_is_in_one_tile_and_the_large_ones_come_first(features: list[tuple[float, float, float]]) -> None:
    places, sizes = np.array([one[:2] for one in features]), np.array([one[2] for one in features])
    root = root_of(places)
    tree = list(nodes(places, sizes, root, capacity=4))
    assert sorted(np.concatenate([node.rows for node in tree]).tolist()) == list(range(len(features)))
    at = {(node.level, node.x, node.y): node for node in tree}
    for (level, x, y), node in at.items():
        west, south, east, north = root.rectangle(level, x, y)
        assert (places[node.rows] >= (west, south)).all()
        assert (places[node.rows] <= (east, north)).all()
        if level:
            above = at[level - 1, x >> 1, y >> 1]
            assert len(above.rows) == 4
            assert sizes[above.rows].min() >= sizes[node.rows].max()
            assert above.missing_m >= sizes[node.rows].max()
            assert root_error_m(tree) / 2 ** (level - 1) >= above.missing_m
    assert [node for run in batches(tree, 10) for node in run] == tree
    assert all(sum(len(node.rows) for node in run) <= 10 for run in batches(tree, 10))


def test_the_root_moves_in_steps_not_with_each_edit() -> None:
    first = root_of(np.array([[107.40, 31.10], [107.45, 31.15]]))
    assert root_of(np.array([[107.401, 31.101], [107.449, 31.149]])) == first
    assert (first.west / first.side * 2).is_integer()


AGGREGATES = "SELECT min(v), max(v), avg(v), percentile_cont(0.5) WITHIN GROUP (ORDER BY v), stddev_pop(v), var_pop(v), sum(v) FROM ({}) r"


def test_a_layer_shows_each_feature_once_and_passes_the_check(town: City, tmp_path: Path) -> None:
    out = tmp_path / "out"
    made = bake(town, out)
    assert made is not None
    assert (made.features, made.resumed, made.left_out) == (COUNT, 0, ())
    found = report(out)
    assert list(found.issues) == []
    assert (found.features, found.glbs, found.tilesets) == (COUNT, made.tiles, 1)
    document = json.loads((out / "tileset.json").read_bytes())
    told = document["statistics"]["classes"]["feature"]
    assert told["count"] == COUNT
    for name in ("height_m", "storeys"):
        (row,) = town.rows(AGGREGATES.format(f"SELECT {name}::float8 AS v FROM building_view"))
        listed = [told["properties"][name][key] for key in ("min", "max", "mean", "median", "standardDeviation", "variance", "sum")]
        np.testing.assert_allclose(listed, row, rtol=1e-6)
    assert not (out / made.version / "work").exists()
    assert bake(town, out) is None

    town.rows("UPDATE buildings SET height_m = 99 WHERE code = 'T7'")
    again = bake(town, out)
    assert again is not None
    assert again.version != made.version
    assert {path.name for path in out.iterdir() if list(path.glob("schema.json"))} == {made.version, again.version}
    assert json.loads((out / "tileset.json").read_bytes())["statistics"]["classes"]["feature"]["properties"]["height_m"]["max"] == 99


def test_one_broken_subtree_is_found(town: City, tmp_path: Path) -> None:
    out = tmp_path / "out"
    made = bake(town, out)
    assert made is not None
    (subtree,) = out.glob("*/subtrees/0/0/0.subtree")
    whole = subtree.read_bytes()
    moved = bytearray(whole)
    header = 24 + int.from_bytes(whole[8:16], "little")
    regions = json.loads(whole[24:header])
    view = regions["bufferViews"][regions["propertyTables"][0]["properties"]["region"]["values"]]
    at = header + view["byteOffset"] + 48
    moved[at + 8 : at + 16] = np.float64(np.radians(31.13)).tobytes()
    subtree.write_bytes(moved)
    assert {issue.code for issue in report(out).issues} == {"T208"}
    subtree.write_bytes(whole)
    contents = sorted(out.glob("*/content/1/*/*.glb"))
    contents[0].write_bytes(contents[1].read_bytes())
    assert {"T208", "T308"} <= {issue.code for issue in report(out).issues}


@contextmanager
def running(*argv: str) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen([sys.executable, *argv], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def test_a_bake_that_is_killed_goes_on_where_it_was_to_the_same_bytes(town: City, tmp_path: Path) -> None:
    whole, out, driver = tmp_path / "whole", tmp_path / "out", tmp_path / "driver.py"
    driver.write_text(DRIVER, encoding="utf-8")
    bake(town, whole)
    with running(str(driver), town.url, str(out), "") as first:
        assert first.stdout is not None
        assert first.stdout.readline().startswith("0 ")
        assert first.stdout.readline().startswith("1 ")
        os.kill(first.pid, signal.SIGKILL)
    assert not (out / "tileset.json").exists()
    with running(str(driver), town.url, str(out), "") as second:
        said = second.communicate()[0].split()
    assert int(said[-1]) >= 1
    assert contents(out) == contents(whole)


def test_a_cluster_that_loses_a_worker_makes_the_same_bytes(town: City, tmp_path: Path) -> None:
    whole, out, driver = tmp_path / "whole", tmp_path / "out", tmp_path / "driver.py"
    driver.write_text(DRIVER, encoding="utf-8")
    bake(town, whole)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address, alone = f"tcp://127.0.0.1:{port}", ("--no-dashboard", "--nthreads", "1", "--no-nanny")
    scheduler = ("-m", "distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", str(port), "--no-dashboard")
    worker = ("-m", "distributed.cli.dask_worker", address, *alone, "--local-directory", str(tmp_path))
    with running(*scheduler), running(*worker) as lost, running(*worker), running(str(driver), town.url, str(out), address) as baking:
        assert baking.stdout is not None
        assert baking.stdout.readline().startswith("0 ")
        assert baking.stdout.readline().startswith("1 ")
        os.kill(lost.pid, signal.SIGKILL)
        assert baking.communicate()[0].split()[-1] == "0"
    assert contents(out) == contents(whole)


def test_what_a_user_gets_wrong_is_said(town: City, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gis.crew.CONNECT_S", 1)
    with pytest.raises(Invalid, match="building"):
        layers.kind_named("enterprise")
    with pytest.raises(NotFound, match="构筑物"):
        bake(town, tmp_path / "out", "structure")
    with pytest.raises(SettingsError, match=r"tcp://127\.0\.0\.1:1 "):
        crew("tcp://127.0.0.1:1", None)
    answer = CliRunner().invoke(app, ["bake", "--layer", "building"])
    assert isinstance(answer.exception, Invalid)


PAGE = """<!doctype html><link rel="icon" href="data:,"><link rel="stylesheet" href="cesium/Widgets/widgets.css">
<style>html, body, #globe {margin: 0; height: 100%}</style>
<div id="globe"></div><script>window.CESIUM_BASE_URL = "cesium/"</script><script src="cesium/Cesium.js"></script>
<script type="module">
const { scene, camera, canvas } = new Cesium.CesiumWidget("globe", {baseLayer: false})
const seen = new Set()
const tileset = await Cesium.Cesium3DTileset.fromUrl("out/tileset.json", {maximumScreenSpaceError: 4})
tileset.tileVisible.addEventListener(({ content }) => {
  for (let id = 0; id < content.featuresLength; id++) seen.add(content.getFeature(id).getProperty("name"))
})
scene.primitives.add(tileset)
window.layer = {
  seen: () => seen.size,
  look: (lon, lat, up) => camera.setView({destination: Cesium.Cartesian3.fromDegrees(lon, lat, up)}),
  named: () => scene.pick(new Cesium.Cartesian2(canvas.clientWidth / 2, canvas.clientHeight / 2))?.getProperty?.("name")
}
</script>"""


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.mark.browser
def test_cesium_draws_the_quadtree_and_knows_each_by_name(town: City, tmp_path: Path) -> None:
    assert bake(town, tmp_path / "out") is not None
    (tmp_path / "index.html").write_text(PAGE, encoding="utf-8")
    (tmp_path / "cesium").symlink_to(Path(__file__).parents[2] / "web/node_modules/cesium/Build/Cesium")
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(tmp_path)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        with chromium() as browser, visit(browser, f"http://127.0.0.1:{server.server_port}/index.html") as seen:
            seen.until("() => window.layer")
            seen.page.evaluate("() => window.layer.look(107.418, 31.115, 4000)")
            seen.until("([count]) => window.layer.seen() === count", COUNT)
            ((lon, lat),) = town.rows("SELECT ST_X(ST_Centroid(geom)), ST_Y(ST_Centroid(geom)) FROM buildings WHERE code = 'T1530'")
            seen.page.evaluate("([lon, lat]) => window.layer.look(lon, lat, 900)", [lon, lat])
            seen.until("() => window.layer.named() === '1530号楼'")
            assert seen.complaints == []
    finally:
        server.shutdown()
        server.server_close()
