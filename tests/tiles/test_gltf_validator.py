"""The Khronos validator's word on every GLB of the sample sites."""

from pathlib import Path

import pytest
import samples
from gltf_validator import validated

from gis.ground import ConstantGround
from tiles.tileset import build

EXPECTED = {"UNSUPPORTED_EXTENSION", "UNUSED_OBJECT"}
"""Notes without weight: the validator knows neither metadata extension, so the property table's buffer views look unused."""


@pytest.mark.parametrize("site", [samples.SITE, samples.EMPTY_SITE], ids=["sample", "empty"])
def test_no_errors_no_warnings(site: samples.Site, tmp_path: Path) -> None:
    glbs = {path: content for path, content in build(site, ConstantGround()).items() if path.endswith(".glb")}
    places = []
    for path, content in glbs.items():
        place = tmp_path / path.replace("/", "_")
        place.write_bytes(content)
        places.append(place)
    for found in validated(places).values():
        assert (found["errors"], found["warnings"], found["messages"]) == (0, 0, [])
        assert set(found["notes"]) <= EXPECTED
