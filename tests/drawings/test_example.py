import hashlib
import json
import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from shapely.geometry import Point

from drawings.example import drawing_bytes, enterprise, example_files, write_example
from drawings.norm import BLOCKS, SOURCE_CODE
from drawings.read import plan_of, site_plan
from gis.models.plan import SitePlan

COMMITTED = Path(__file__).parents[2] / "data" / "examples"


@pytest.fixture(scope="module")
def plan() -> SitePlan:
    return site_plan(next(COMMITTED.glob("*.dxf")))


def test_the_committed_files_are_what_the_generator_writes() -> None:
    files = example_files()
    assert {name: (COMMITTED / name).read_bytes() for name in files} == files
    assert [path.name for path in COMMITTED.glob("*.dxf")] == [name for name in files if name.endswith(".dxf")]


@pytest.mark.parametrize("hash_seed", ["1", "2", "3", "4"])
def test_bytes_do_not_hang_on_the_hash_seed(hash_seed: str) -> None:
    program = "import hashlib; from drawings.example import drawing_bytes; print(hashlib.sha256(drawing_bytes()).hexdigest())"
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
    said = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True, cwd=COMMITTED.parents[1]
    )
    assert said.stdout.strip() == hashlib.sha256(drawing_bytes()).hexdigest()


def test_writing_twice_gives_the_same_bytes(tmp_path: Path) -> None:
    assert [path.read_bytes() for path in write_example(tmp_path / "new")] == list(example_files().values())


def test_it_reads_without_a_single_issue(plan: SitePlan) -> None:
    assert plan.issues == ()
    assert plan.counts.refused == 0
    assert plan.counts.entities == plan.counts.stored + plan.counts.ignored
    assert plan.counts.ignored == sum(plan.ignored_by.values())
    assert plan.source_code == enterprise()["source_code"]


def test_it_holds_what_the_house_needs_to_show(plan: SitePlan) -> None:
    kinds = Counter(feature.kind for feature in plan.features)
    assert kinds == {
        "site_boundary": 1, "building": 14, "structure": 11, "underground_structure": 1, "outlet": 3, "monitoring_point": 4,
        "green": 5, "pipe": 12, "road": 6, "wall": 1, "production_unit": 2, "treatment_facility": 2,
    }  # fmt: skip
    types = {feature.attributes["structure_type"] for feature in plan.features if feature.kind == "structure"}
    assert types == {"tank", "stack", "pond", "silo", "tower"}
    by_code = {feature.code: feature for feature in plan.features}
    assert len(by_code["B05"].xy.interiors) == 1
    assert by_code["B05"].attributes["storeys"] == 6
    assert by_code["B06"].shape is not None
    assert any(bulge for _, _, bulge in by_code["B06"].shape["points"])
    assert (by_code["T-201"].z_min_m, by_code["T-201"].z_max_m) == (-3.8, -0.8)
    assert (by_code["C-01"].z_min_m, by_code["C-01"].z_max_m, by_code["C-01"].height_m) == (-4.5, 1.1, 1.1)
    assert {code for code in by_code if code and code[:2] in {"DA", "DW", "YS"}} == {"DA001", "DW001", "YS001"}


def test_labels_lie_in_their_outlines_and_outlets_near_their_facility(plan: SitePlan) -> None:
    by_code = {feature.code: feature.xy for feature in plan.features}
    assert by_code["DA001"].distance(by_code["P-01"]) < 10
    assert by_code["M01"].distance(by_code["P-01"]) < 10
    assert by_code["M02"].distance(by_code["DW001"]) < 15
    assert by_code["M04"].distance(by_code["B10"]) < 5


def test_the_registered_point_lies_in_the_plant(plan: SitePlan) -> None:
    facts = enterprise()
    boundary = next(feature for feature in plan.features if feature.kind == "site_boundary")
    assert boundary.geom.contains(Point(facts["lon"], facts["lat"]))
    assert 106.5 < facts["lon"] < 108.6


def organisation_check(code: str) -> str:
    """GB 11714-1997, 4.2."""
    letters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    value = 11 - sum(letters.index(c) * w for c, w in zip(code, (3, 7, 9, 10, 5, 8, 4, 2), strict=True)) % 11
    return {10: "X", 11: "0"}.get(value, str(value))


def credit_check(code: str) -> str:
    """GB 32100-2015, 4.6."""
    letters = "0123456789ABCDEFGHJKLMNPQRTUWXY"
    return letters[-sum(letters.index(c) * pow(3, i, 31) for i, c in enumerate(code)) % 31]


def test_its_codes_are_valid_forms() -> None:
    facts = enterprise()
    credit = facts["credit_code"]
    assert len(credit) == 18
    assert organisation_check(credit[8:16]) == credit[16]
    assert credit_check(credit[:17]) == credit[17]
    assert credit[2:8] == facts["jurisdiction"]
    assert re.fullmatch(SOURCE_CODE, facts["source_code"])
    assert facts["source_code"].startswith(credit)
    assert json.loads(example_files()["enterprise.json"]) == facts


def test_it_is_marked_as_invented() -> None:
    facts = enterprise()
    assert all("示范" in facts[field] for field in ("name", "address", "legal_person", "contact"))


def test_symbols_of_a_drawing_are_the_norms(plan: SitePlan) -> None:
    used = {feature.shape["block"] for feature in plan.features if feature.shape and feature.shape["type"] == "insert"}
    assert used <= set(BLOCKS)


def test_bytes_are_utf8_of_r2013() -> None:
    text = drawing_bytes().decode("utf-8")
    assert "AC1027" in text
    assert "达州示范化工有限公司" in text
    assert plan_of(drawing_bytes(), "x.dxf").source_code is None
