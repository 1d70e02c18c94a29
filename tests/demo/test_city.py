"""The city: codes, sites, permits, histories, drawings; the same for the same seed."""

import hashlib
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import shapely
from shapely.affinity import rotate, translate
from shapely.geometry import Point, Polygon

from demo.codes import ORGANISATION, ORGANISATION_WEIGHTS, credit_code, source_code
from demo.discoveries import discoveries, intended
from demo.geography import TRANSPLANTED, city
from demo.history import history
from demo.industry import industries, shares
from demo.making import made, make
from demo.permits import permit
from demo.receptors import receptors
from demo.recipe import recipes
from demo.records import records
from demo.sheets import sheets
from demo.sites import sites
from demo.transplant import survey_files, transplant
from drawings.options import Options
from drawings.read import plan_of
from gis.credit_code import LETTERS
from gis.crs import lonlat_to_xy
from gis.enterprise_file import check, part_of, parts

CITY = city(1)
SITES = sites(CITY, 140)
EVERY = tuple(site for site, _ in SITES)


def areas() -> list[Polygon]:
    return [
        translate(rotate(Polygon([point[:2] for point in plant.boundary]), site.turn_deg, origin=(0, 0)), site.east, site.north)
        for site, plant in SITES
    ]


def test_codes_have_right_check_characters() -> None:
    for number in (0, 7, 139, 99_999):
        code = credit_code("511703", number)
        organisation = code[8:17]
        total = sum(ORGANISATION.index(letter) * weight for letter, weight in zip(organisation[:8], ORGANISATION_WEIGHTS, strict=True))
        last = 10 if organisation[8] == "X" else int(organisation[8])
        assert (total + last) % 11 == 0
        weighted = sum(LETTERS.index(letter) * 3**place for place, letter in enumerate(code[:17]))
        assert (weighted + LETTERS.index(code[17])) % 31 == 0
        assert re.fullmatch(r"[0-9A-HJ-NPQRTUWXY]{18}\d{3}[A-Z]", source_code(code))


def test_every_industry_has_a_recipe_and_a_share() -> None:
    assert set(recipes()) == set(industries())
    assert min(shares(140).values()) >= 1
    assert all(re.fullmatch(r"\d{4}", industry.code) for industry in industries().values())


def test_sites_stand_apart_inside_their_counties_and_out_of_the_water() -> None:
    shapes = areas()
    tree = shapely.STRtree(shapes)
    for index, (site, _) in enumerate(SITES):
        county = next(county for county in CITY.counties if county.adcode == site.county)
        assert county.xy.contains(shapes[index])
        assert list(tree.query(shapes[index], predicate="dwithin", distance=59.9)) == [index]
        assert all(river.xy.distance(shapes[index]) > river.width_m / 2 for river in CITY.rivers)
        assert not any(area.intersects(shapes[index]) for area in CITY.source.values())
        assert not TRANSPLANTED.dwithin(shapes[index], 59.9)
        assert 200 < site.base_1985_m < 1300
    assert len({site.name for site in EVERY}) == len({site.source_code for site in EVERY}) == 140
    assert all("示范" in site.name for site in EVERY)


def test_the_transplanted_survey_lies_on_ground_of_its_own() -> None:
    site, _ = transplant(CITY)
    files = survey_files(site)
    name = next(name for name in files if name.endswith(".dxf"))
    mapping, points = (next(data.decode() for other, data in files.items() if other.endswith(end)) for end in (".yaml", ".csv"))
    plan = plan_of(files[name], name, Options(site.source_code, mapping=mapping, gcp=points))
    assert "W604" in {issue.code for issue in plan.issues}
    shapes = [shapely.transform(feature.geom, lonlat_to_xy) for feature in plan.features]
    assert len(shapes) > 2700
    assert all(TRANSPLANTED.contains(shape) for shape in shapes)
    for seed in range(8):
        around = city(seed)
        assert next(county.xy for county in around.counties if county.adcode == site.county).contains(TRANSPLANTED)
        assert all(river.xy.distance(TRANSPLANTED) > river.width_m / 2 + 60 for river in around.rivers)
        assert not any(TRANSPLANTED.intersects(place.xy) for place in around.places)
    assert "示范" in site.name
    assert site.source_code not in {other.source_code for other in EVERY}


def test_rivers_run_downhill_and_meet() -> None:
    assert all(river.head_m > river.mouth_m for river in CITY.rivers)
    names = {river.name: river for river in CITY.rivers}
    for upper, lower in (
        ("后河", "州河"),
        ("前河", "州河"),
        ("中河", "后河"),
        ("州河", "渠江"),
        ("巴河", "渠江"),
        ("明月江", "州河"),
        ("平滩河", "渠江"),
    ):
        assert names[lower].xy.distance(Point(names[upper].xy.coords[-1])) < 1
    sections = {section.name for river in CITY.rivers for section in river.sections}
    assert {"土堡寨", "黄金口", "漩坑坝", "张鼓坪", "车家河", "舵石盘", "江陵", "清河坝", "团堡岭"} <= sections


def test_everything_there_is_to_discover_is_marked_once() -> None:
    assert {one.code for one in discoveries()} == {"E207", "W208", "W212", "E402", "E403", "E404", "E405"}
    assert {row.industry for row in discoveries()} <= set(industries())
    marked = [row for site, plant in SITES for row in intended(site, plant)]
    assert len(marked) == len(discoveries())


@pytest.mark.parametrize("number", range(0, 140, 11))
def test_drawings_are_read_without_an_issue(number: int) -> None:
    site, plant = SITES[number]
    around = receptors(CITY, site, EVERY)
    assert len(around) >= 3
    codes: dict[str, set[str]] = {}
    for name, data in sheets(site, plant, around).items():
        plan = plan_of(data, name)
        assert plan.issues == ()
        assert plan.counts.refused == 0
        assert plan.source_code == site.source_code
        codes[plan.drawing_kind] = {f"{feature.kind} {feature.code}" for feature in plan.features if feature.code}
    outlets = {code for code in codes["A"] if code.startswith("outlet")}
    assert outlets
    assert outlets == {code for code in codes["C"] if code.startswith("outlet")}


def test_devices_have_numbers_of_their_own() -> None:
    seen: list[str] = []
    for site, plant in SITES[::9]:
        ((name, drawn),) = sheets(site, plant, (), ("C",)).items()
        seen += [str(feature.attributes["mn"]) for feature in plan_of(drawn, name).features if feature.attributes.get("mn")]
    assert len(seen) == len(set(seen)) > 30
    assert all(len(mn) == 24 for mn in seen)


def test_permits_say_what_is_drawn() -> None:
    for site, plant in SITES:
        document = permit(site, plant, 1)
        drawn = {thing.values["CODE"] for thing in plant.things if thing.block in ("QJ_DA", "QJ_DW", "QJ_YS")}
        assert {outlet["code"] for outlet in document["outlets"]} == drawn
        facilities = {facility["code"] for facility in document["facilities"]}
        for outlet in document["outlets"]:
            if outlet["medium"] == "air":
                assert outlet["height_m"] >= 12
        assert {unit["treatment"] for unit in document["units"] if unit["treatment"]} <= facilities
        assert {row["outlet"] for row in document["self_monitoring"]} == drawn
        assert document["valid_from"] < document["valid_to"]


def test_histories_are_in_order_and_name_the_authority_of_the_day() -> None:
    for site, plant in SITES:
        rows = history(site, plant, 1)
        assert [row["date"] for row in rows] == sorted(row["date"] for row in rows)
        assert any("搬迁" in row["text"] for row in rows) == (site.industry.key == "steel")
        for row in rows:
            assert ("生态环境局" not in row["text"]) or row["date"] >= "2018-12-30"
            assert ("环境保护局" not in row["text"]) or row["date"] < "2018-12-30"


def digest(folder: Path) -> str:
    total = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            total.update(str(path.relative_to(folder)).encode() + path.read_bytes())
    return total.hexdigest()


def test_the_same_seed_gives_the_same_bytes_whatever_the_hash_seed(tmp_path: Path) -> None:
    make(tmp_path / "one", 5, 3)
    program = "import sys; from pathlib import Path; from demo.making import make; make(Path(sys.argv[1]), 5, 3)"
    environment = {**os.environ, "PYTHONHASHSEED": "77"}
    subprocess.run([sys.executable, "-c", program, str(tmp_path / "two")], check=True, env=environment)
    assert digest(tmp_path / "one") == digest(tmp_path / "two")
    make(tmp_path / "three", 6, 3)
    assert digest(tmp_path / "one") != digest(tmp_path / "three")
    found = made(tmp_path / "one")
    assert found is not None
    assert len(found.enterprises) == 4
    (tmp_path / "one" / "manifest.json").unlink()
    assert made(tmp_path / "one") is None


def test_every_file_is_one_that_could_have_been_entered() -> None:
    """Each row passes the check of forms and workbooks, no two are the same, results are of what the permit limits."""
    over = 0
    for site, plant in SITES:
        document = permit(site, plant, 1)
        made_of = records(site, document, 1)
        assert set(made_of) == set(parts()) - {"site_history"}
        assert all(made_of[name] for name in ("chemicals", "management_rules"))
        limited = {(outlet["code"], one["name"]) for outlet in document["outlets"] for one in outlet["pollutants"] if one.get("limit")}
        for name, rows in made_of.items():
            part = part_of(name)
            keys = set()
            for said in rows:
                row, faults = check(part, said)
                assert faults == [], (site.name, name, said, faults)
                keys.add(tuple(row[field] for field in part.key))
                if part.table == "monitoring_results":
                    assert (said["place"], said["pollutant"]) in limited
                    assert (row["verdict"] == "exceeded") == ("note" in said)
                    over += row["verdict"] == "exceeded"
            assert len(keys) == len(rows), (site.name, name)
    assert over
