"""What is small waits in a tile of its own until one is near."""

import json
from dataclasses import replace
from pathlib import Path

import samples
import shapely
from glbs import rows

from gis.ground import ConstantGround
from gis.kinds import KINDS
from gis.models.feature import Site
from tiles.check import report
from tiles.tileset import SMALL_ERROR_M, build

GROUND = ConstantGround()
LINE = shapely.LineString([(-60, -60), (60, -60), (60, 40)])
ELEVATIONS = tuple(
    samples.feature("elevation_point", f"E{k}", "", shapely.Point(k % 40, k // 40), attributes={"elevation_m": 270.0 + k / 100})
    for k in range(400)
)
KINDS_OF_A_PLANT = (
    samples.feature("road", "R1", "环路", LINE, attributes={"road_type": "kerb"}),
    samples.feature("wall", "W9", "围堰", shapely.LineString([(0, 0), (9, 0), (9, 9), (0, 0)]), attributes={"wall_type": "dike"}),
    samples.feature("pipe", "PX", "雨水管", LINE, attributes={"medium": "rain", "buried": True, "diameter_m": 0.6}),
    samples.feature("pipe", "PY", "废气管", LINE, attributes={"medium": "gas", "buried": False}),
    samples.feature("pipe", "PZ", "污水管", LINE, attributes={"medium": "sewage"}),
    samples.feature("green", "GR", "绿地", samples.box(-110, -80, 20, 60)),
    samples.feature("treatment_facility", "TW001", "污水站", samples.box(-75, 35, 40, 28), attributes={"facility_type": "water"}),
    samples.feature("storage", "HW1", "危废间", samples.box(80, -80, 9, 6), height_m=4.0, attributes={"storage_type": "hazardous"}),
    samples.feature("manhole", "WELL1", "", shapely.Point(60, 0), attributes={"medium": "rain"}),
    samples.feature("parcel_3d", "Z1", "", shapely.force_3d(samples.box(40, 40, 20, 20)), z_min_m=0.0, z_max_m=10.0),
    samples.feature("county", "510000", "县", shapely.MultiPolygon([samples.box(-900, -900, 1800, 1800)])),
    replace(samples.feature("process_node", "N1", "工序", shapely.Point(0, 0)), geom=None),
)
SITE: Site = replace(samples.SITE, features=(*samples.FEATURES, *KINDS_OF_A_PLANT, *ELEVATIONS))
SHOWN = [feature for feature in SITE.features if KINDS[feature.kind].form != "none"]
FILES = build(SITE, GROUND)


def test_every_kind_passes_the_check_and_every_feature_is_once_in_the_finest_picture(tmp_path: Path) -> None:
    for path, content in FILES.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(content)
    found = report(tmp_path)
    assert found.issues == ()
    assert found.features == len(SHOWN)
    ids = [bytes(row["feature_id"]) for path in FILES if path.startswith("cells/") for row in rows(FILES, path)]
    assert sorted(ids) == sorted(feature.feature_id.bytes for feature in SHOWN)


def test_what_is_small_is_added_below_its_cell() -> None:
    cells = json.loads(FILES["tileset.json"])["root"]["children"]
    small = [path for path in FILES if path.endswith("_small.glb")]
    assert small
    for cell in (cell for cell in cells if "children" in cell):
        (child,) = cell["children"]
        assert (cell["refine"], cell["geometricError"], child["geometricError"]) == ("ADD", SMALL_ERROR_M, 0)
        assert child["content"]["uri"] in small
    assert {row["kind"] for path in small for row in rows(FILES, path)} == {"elevation_point", "manhole"}
    others = [path for path in FILES if path.startswith("cells/") and path not in small]
    assert not any(row["kind"] == "elevation_point" for path in others for row in rows(FILES, path))


def test_a_cell_of_small_things_alone_has_only_them() -> None:
    files = build(samples.site_of(*ELEVATIONS), GROUND)
    assert sorted(path for path in files if path.startswith("cells/")) == sorted(path for path in files if path.endswith("_small.glb"))


def test_the_attributes_of_new_kinds_are_in_the_table() -> None:
    found = {row["code"]: row for path in FILES if path.startswith("cells/") for row in rows(FILES, path)}
    assert (found["PX"]["pipe_medium"], found["PX"]["buried"], found["PX"]["diameter_m"]) == ("rain", 1, 0.6000000238418579)
    assert (found["PY"]["buried"], found["PZ"]["buried"]) == (0, None)
    assert found["R1"]["road_type"] == "kerb"
    assert found["HW1"]["storage_type"] == "hazardous"
    assert round(float(str(found["E7"]["elevation_m"])), 2) == 270.07


def test_small_things_cost_little() -> None:
    size = sum(len(content) for path, content in FILES.items() if path.endswith("_small.glb"))
    assert size < 1200 * len(ELEVATIONS)
