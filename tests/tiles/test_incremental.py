"""One feature changes, one cell is rebuilt, and what comes of it is a full rebuild to the byte."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import numpy as np
import pytest
import samples
import shapely

from gis.ground import ConstantGround
from gis.models.feature import Feature, Site, State
from models3d import scene as modelling
from models3d.footprints import Footprints
from tiles import tileset
from tiles.parts import standing_on
from tiles.tileset import MASSING, SCHEMA, TilesetFiles, bake, build, version

GROUND = ConstantGround(260.0)
OPERATIONS = 60
CHECKED_EVERY = 12
SPREAD_M = 1400.0


def made(chance: np.random.Generator, number: int) -> Feature:
    """Return a feature of some kind somewhere: a house, a tank, a marker that may stand on one, a patch that may lie on one, a pipe."""
    x, y = chance.uniform(-SPREAD_M / 2, SPREAD_M / 2, 2).round(2).tolist()
    code = f"N{number}"
    match int(chance.integers(6)):
        case 0:
            house = samples.feature("building", code, f"厂房{number}", samples.box(x, y, 24, 15), height_m=float(chance.uniform(4, 20)))
            return replace(house, attributes={"roof": str(chance.choice(["flat", "gable", "hip"])), "storeys": int(chance.integers(1, 9))})
        case 1:
            round_ = samples.circle(x, y, float(chance.choice([3.0, 5.0])))
            return samples.feature("structure", code, f"储罐{number}", round_, height_m=8.0, attributes={"structure_type": "tank"})
        case 2:
            return samples.feature("outlet", code, f"排放口{number}", shapely.Point(x, y), attributes={"medium": "air"})
        case 3:
            return samples.feature(
                "treatment_facility", code, f"设施{number}", samples.box(x, y, 6, 6), attributes={"facility_type": "water"}
            )
        case 4:
            return samples.feature(
                "pipe", code, f"管{number}", shapely.LineString([(x, y), (x + 60, y + 20)]), attributes={"medium": "rain"}
            )
        case _:
            return samples.feature("manhole", code, "", shapely.Point(x, y), attributes={"medium": "rain"})


def under(chance: np.random.Generator, features: dict[str, Feature], number: int) -> Feature:
    """Return something that stands or lies on a house that is there."""
    houses = [one for one in features.values() if one.kind == "building"]
    spot = shapely.transform(shapely.centroid(houses[int(chance.integers(len(houses)))].geom), lambda lonlat: lonlat)
    if chance.random() < 0.5:
        return replace(samples.feature("outlet", f"N{number}", "屋顶排口", shapely.Point(0, 0), attributes={"medium": "air"}), geom=spot)
    patch = samples.feature("treatment_facility", f"N{number}", "屋顶设施", samples.box(0, 0, 4, 4), attributes={"facility_type": "air"})
    moved = shapely.transform(patch.geom, lambda lonlat: lonlat - lonlat.mean(axis=0) + shapely.get_coordinates(spot))
    return replace(patch, geom=moved)


def sites() -> Iterator[Site]:
    """Yield a site after each of many operations: inserted, updated, moved, deleted; alarms are raised in between."""
    chance = np.random.default_rng(20260301)
    features = {str(one.code): one for one in (made(chance, number) for number in range(150))}
    features |= {str(one.code): one for one in samples.FEATURES if one.code}
    for number in range(1000, 1000 + OPERATIONS):
        code = str(chance.choice(sorted(features)))
        old = features[code]
        match int(chance.integers(5)):
            case 0:
                features[f"N{number}"] = made(chance, number)
            case 1:
                features[f"N{number}"] = under(chance, features, number)
            case 2:
                del features[code]
            case 3:
                shift = chance.uniform(-0.004, 0.004, 2)
                features[code] = replace(old, geom=shapely.transform(old.geom, lambda lonlat, by=shift: lonlat + by))
            case _:
                features[code] = replace(old, name=f"{old.name}改", height_m=None if old.height_m is None else old.height_m + 1)
        for alarmed in chance.choice(sorted(features), int(chance.integers(0, 2))):
            features[str(alarmed)] = replace(features[str(alarmed)], state=State(alarm_level=int(chance.integers(1, 5)), open_alarms=1))
        epoch = samples.EPOCH + timedelta(seconds=number)
        yield Site(samples.ENTERPRISE, samples.ORIGIN, tuple(features.values()), epoch)


def test_many_operations_one_by_one_are_a_full_rebuild_to_the_byte() -> None:
    before: TilesetFiles = {}
    for number, site in enumerate(sites()):
        before = build(site, GROUND, before.get)
        if number % CHECKED_EVERY == CHECKED_EVERY - 1:
            full = build(site, GROUND)
            assert [path for path in full.keys() | before.keys() if full.get(path) != before.get(path)] == [], number


def changes(old: Site, new: Site) -> dict[UUID, Feature | None]:
    """Return what each feature is now that differs, None where it is gone."""
    before, after = ({one.feature_id: one for one in site.features} for site in (old, new))
    return {one: after.get(one) for one in before.keys() | after.keys() if before.get(one) != after.get(one)}


def test_a_bake_goes_on_from_the_one_before_to_the_byte() -> None:
    (first, *later) = sites()
    made = bake(first, GROUND)
    files, written = dict(made.contents), 0
    for number, site in enumerate(later):
        made = made.after(changes(first, site), site.state_epoch)
        files = {path: made.contents.get(path) or files[path] for path in made.written}
        written, first = written + len(made.contents), site
        if number % CHECKED_EVERY == CHECKED_EVERY - 1:
            full = build(site, GROUND)
            assert [path for path in full.keys() | files.keys() if full.get(path) != files.get(path)] == [], number
            assert made.version == version(full)
            assert made.size == sum(map(len, full.values()))
    # Of each operation: the tileset, mostly the massing, and where it was or is: a cell, perhaps its small solids.
    assert written < 6 * OPERATIONS


def test_a_site_may_lose_all_its_features_and_have_some_again() -> None:
    made = bake(samples.SITE, GROUND)
    empty = made.after({one.feature_id: None for one in samples.FEATURES}, samples.EPOCH)
    assert empty.contents["tileset.json"] == build(replace(samples.SITE, features=()), GROUND)["tileset.json"]
    again = empty.after({one.feature_id: one for one in samples.FEATURES}, samples.EPOCH)
    assert again.version == made.version


def town() -> Site:
    chance = np.random.default_rng(7)
    houses = [samples.feature("building", f"B{k}", f"{k}号", samples.box(20 * (k % 60), 20 * (k // 60), 12, 9)) for k in range(1200)]
    return replace(samples.SITE, features=tuple(replace(one, height_m=float(chance.uniform(4, 9))) for one in houses))


def test_an_edit_writes_its_cell_the_massing_and_the_tileset_and_models_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    site = town()
    first = build(site, GROUND)
    modelled: list[int] = []

    def counted(part: Site, ground: ConstantGround, places: Footprints | None = None) -> modelling.Scene:
        modelled.append(len(part.features))
        return modelling.scene(part, ground, places)

    monkeypatch.setattr(tileset, "scene", counted)
    second = build(samples.changed("B700", lambda one: replace(one, height_m=33.0), site), GROUND, first.get)
    fresh = {path for path, content in second.items() if first.get(path) != content}
    cells = {path for path in fresh if path.startswith("cells/")}
    assert len(first) > 8
    assert fresh - cells == {"tileset.json", MASSING}
    assert len(cells) == 1
    assert SCHEMA not in fresh
    assert modelled[0] < len(site.features) / 3


def test_what_stands_on_what() -> None:
    hall = samples.feature("building", "H", "车间", samples.box(0, 0, 30, 20), height_m=9.0)
    patch = samples.feature("treatment_facility", "P", "设施", samples.box(5, 5, 4, 4), attributes={"facility_type": "air"})
    outlet = samples.feature("outlet", "O", "排口", shapely.Point(7, 7), attributes={"medium": "air"})
    apart = samples.feature("building", "A", "门卫", samples.box(200, 0, 5, 5), height_m=3.0)
    plate = samples.feature("site_boundary", None, "厂界", samples.box(-50, -50, 400, 400))
    assert [rows.tolist() for rows in standing_on([hall, patch, outlet, apart, plate])] == [[], [0], [0, 1], [], []]
