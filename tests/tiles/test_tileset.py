import json
import warnings
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
import samples
import shapely
from glbs import rows
from py3dtiles.tileset.tileset import TileSet

from gis.crs import enu_frame
from gis.ground import ConstantGround
from gis.models.feature import Site
from tiles.check import report
from tiles.tileset import LEAST_ERROR_M, MASSING, TilesetFiles, build, version

GROUND = ConstantGround()
FILES = build(samples.SITE, GROUND)
DOCUMENT = json.loads(FILES["tileset.json"])


def leaf_rows(files: TilesetFiles) -> list[dict[str, object]]:
    return [row for path in sorted(files) if path.startswith("cells/") for row in rows(files, path)]


def write(files: TilesetFiles, folder: Path) -> Path:
    for path, content in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
    return folder


def wide_site() -> Site:
    """A site over several cells of the grid."""
    far = [samples.feature("building", f"F{k}", f"远处{k}", samples.box(400.0 * k, -300.0 * k, 20, 10), height_m=8.0) for k in range(1, 4)]
    return replace(samples.SITE, features=(*samples.FEATURES, *far))


def test_every_feature_is_once_over_the_leaves_and_the_enterprise_is_the_massing() -> None:
    found = [bytes(row["feature_id"]) for row in leaf_rows(FILES)]
    assert sorted(found) == sorted(one.feature_id.bytes for one in samples.FEATURES)
    assert [bytes(row["feature_id"]) for row in rows(FILES, MASSING)] == [samples.ENTERPRISE_ID.bytes]


def test_names_and_state_are_in_the_tile() -> None:
    tank = next(row for row in leaf_rows(FILES) if row["code"] == "T01")
    assert tank["name"] == "甲醇储罐"
    assert (tank["kind"], tank["structure_type"], tank["alarm_level"], tank["open_alarms"]) == ("structure", "tank", 1, 3)
    assert tank["storeys"] is None


def test_the_same_site_gives_the_same_bytes_in_any_order() -> None:
    shuffled = replace(samples.SITE, features=samples.FEATURES[::-1])
    assert build(shuffled, GROUND) == FILES
    assert version(build(shuffled, GROUND)) == version(FILES)


def test_the_version_tells_paths_and_contents_apart() -> None:
    assert len({version({"a": b"b"}), version({"ab": b""}), version({"a": b"c"}), version({"b": b"b"}), version({})}) == 5
    assert len(version(FILES)) == 16


def test_the_instant_of_the_state_is_recorded() -> None:
    later = build(replace(samples.SITE, state_epoch=samples.EPOCH + timedelta(seconds=1)), GROUND)
    assert DOCUMENT["asset"]["extras"]["state_epoch"] == "2026-03-01T08:00:00Z"
    assert {path for path in FILES if later[path] != FILES[path]} == {"tileset.json"}


def test_an_edit_touches_its_cell_alone() -> None:
    site = wide_site()
    before, after = build(site, GROUND), build(samples.changed("F3", lambda one: replace(one, height_m=9.0), site), GROUND)
    changed = {path for path in after if before.get(path) != after[path]}
    assert len([path for path in before if path.startswith("cells/")]) >= 3
    assert len([path for path in changed if path.startswith("cells/")]) == 1


def test_the_root_is_the_frame_of_the_site() -> None:
    transform = np.array(DOCUMENT["root"]["transform"]).reshape(4, 4).T
    assert np.array_equal(transform, enu_frame(samples.ORIGIN))


def test_a_massing_gives_way_before_a_feature_is_missed() -> None:
    largest = max(np.hypot(*np.ptp(shapely.get_coordinates(one.geom), axis=0)) * 1e5 for one in samples.FEATURES if one.code)
    assert DOCUMENT["root"]["refine"] == "REPLACE"
    assert DOCUMENT["root"]["geometricError"] > 0.8 * largest
    assert DOCUMENT["geometricError"] > DOCUMENT["root"]["geometricError"]
    assert all(child["geometricError"] == 0 for child in DOCUMENT["root"]["children"])
    small = samples.site_of(samples.feature("building", "B1", "小", samples.box(0, 0, 3, 3), height_m=3.0))
    assert json.loads(build(small, GROUND)["tileset.json"])["root"]["geometricError"] == LEAST_ERROR_M


def test_boxes_reach_under_the_ground() -> None:
    box = DOCUMENT["root"]["children"][0]["boundingVolume"]["box"]
    assert box[2] - box[11] < -4.5


def test_statistics_are_of_the_leaves() -> None:
    statistics = DOCUMENT["statistics"]["classes"]["feature"]
    assert statistics["count"] == len(samples.FEATURES)
    assert statistics["properties"]["kind"]["occurrences"]["monitoring_point"] == 4
    assert statistics["properties"]["alarm_level"]["max"] == 2


@pytest.mark.parametrize("site", [samples.SITE, samples.EMPTY_SITE, wide_site()], ids=["sample", "empty", "wide"])
def test_our_own_check_finds_nothing(site: Site, tmp_path: Path) -> None:
    found = report(write(build(site, ConstantGround(260.0)), tmp_path))
    assert found.issues == ()
    assert (found.tilesets, found.features) == (1, max(len(site.features), 1))


def test_py3dtiles_reads_it(tmp_path: Path) -> None:
    write(FILES, tmp_path)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        tileset = TileSet.from_file(tmp_path / "tileset.json")
    assert [str(tile.content_uri) for tile in [tileset.root_tile, *tileset.root_tile.get_all_children()]] == [
        MASSING,
        *sorted(path for path in FILES if path.startswith("cells/")),
    ]
    assert np.allclose(tileset.root_tile.transform, enu_frame(samples.ORIGIN))
