import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import samples
from glbs import rows

from gis.crs import enu_frame, lonlat_to_ecef
from gis.errors import TilesetError
from gis.ground import ConstantGround
from gis.models.feature import Site
from tiles.check import report
from tiles.city import MAX_MASSINGS, OVERVIEW, Part, build_city, city_schema
from tiles.glb import read
from tiles.metadata import schema
from tiles.tileset import MASSING, TilesetFiles, build


def place(number: int, lon: float, lat: float, site: Site = samples.EMPTY_SITE) -> Part:
    """Return an enterprise somewhere, with what stands at a sample site."""
    enterprise_id = samples.feature_id(f"enterprise {number}")
    enterprise = replace(site.enterprise, feature_id=enterprise_id, name=f"企业{number}")
    files = build(replace(site, enterprise=enterprise), ConstantGround(0.0))
    return Part(enterprise_id, (lon, lat, 300.0), files[MASSING], schema())


CITY = [place(1, 107.5, 31.2, samples.SITE), place(2, 107.51, 31.21), place(3, 108.4, 32.3, samples.SITE), place(4, 106.8, 30.6)]
FILES = build_city(CITY, "one")
DOCUMENT = json.loads(FILES["tileset.json"])


def put(files: TilesetFiles, folder: Path) -> Path:
    for path, content in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
    return folder


def ids(path: str) -> list[bytes]:
    return [bytes(row["feature_id"]) for row in rows(FILES, path)]


def test_the_check_finds_nothing(tmp_path: Path) -> None:
    found = report(put(FILES, tmp_path))
    assert found.issues == ()
    assert (found.tilesets, found.glbs, found.features) == (1, 4, len(CITY))


def test_every_enterprise_is_in_the_overview_and_in_one_cell() -> None:
    everyone = sorted(part.enterprise_id.bytes for part in CITY)
    assert sorted(ids(OVERVIEW)) == everyone
    assert sorted(one for path in FILES if path.startswith("cells/") for one in ids(path)) == everyone
    assert {str(row["name"]) for row in rows(FILES, OVERVIEW)} == {"企业1", "企业2", "企业3", "企业4"}


def test_order_does_not_matter_and_what_is_known_is_taken() -> None:
    assert build_city(CITY[::-1], "one") == FILES
    asked: list[str] = []

    def known(path: str) -> bytes | None:
        asked.append(path)
        return FILES.get(path)

    moved = [*CITY[:3], place(4, 106.8, 30.6, samples.SITE)]
    again = build_city(moved, "one", known)
    assert again == build_city(moved, "one")
    assert len(asked) == 3
    assert len([path for path in asked if path in FILES]) == 2


def test_another_recipe_takes_nothing_over() -> None:
    assert not {path for path in build_city(CITY, "two") if path.startswith("cells/")} & set(FILES)


def test_massings_stand_where_their_enterprises_are() -> None:
    root = np.array(DOCUMENT["root"]["transform"]).reshape(4, 4).T
    for child in DOCUMENT["root"]["children"]:
        frame = root @ np.array(child["transform"]).reshape(4, 4).T
        surface, found = read(FILES[child["content"]["uri"]], city_schema())
        for index, row in enumerate(found):
            part = next(part for part in CITY if part.enterprise_id.bytes == bytes(row["feature_id"]))
            own = enu_frame(part.origin)
            there = surface.positions[surface.feature_ids == index] @ frame[:3, :3].T + frame[:3, 3]
            local = (there - own[:3, 3]) @ own[:3, :3]
            assert np.allclose(local, read(part.massing, schema())[0].positions, atol=0.25)
    overview = read(FILES[OVERVIEW], city_schema())[0]
    world = overview.positions @ root[:3, :3].T + root[:3, 3]
    nearest = np.linalg.norm(world[:, None] - lonlat_to_ecef(np.array([part.origin for part in CITY])), axis=2).min(axis=1)
    assert nearest.max() < 300


def test_a_crowded_cell_is_quartered() -> None:
    crowd = [place(number, 107.5 + number * 0.002, 31.2) for number in range(MAX_MASSINGS + 4)]
    files = build_city(crowd, "one")
    assert len([path for path in files if path.startswith("cells/")]) > 1
    assert all(len(rows(files, path)) <= MAX_MASSINGS for path, content in files.items() if path.startswith("cells/"))


def test_it_is_small() -> None:
    assert len(FILES[OVERVIEW]) < 12_000 + 2_000 * len(CITY)


def test_a_massing_that_is_none_is_an_error_of_ours() -> None:
    with pytest.raises(TilesetError):
        build_city([replace(CITY[0], massing=b"nothing")], "one")
