from pathlib import Path

import pytest
from city import DRAFTER, ENTERPRISE, City, found_city
from typer.testing import CliRunner

from gis.crew import Processes
from gis.settings import Settings
from gis.store.cluster import Urls
from gis.store.connect import writing
from gis.store.enterprises import store_enterprise
from tiles.brigade import bake_all
from tiles.check import check
from tiles.cli import app
from tiles.store import FolderTileStore


def test_enterprises_are_baked_side_by_side(database: Urls, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    city: City = found_city(database.owner)
    with writing(city.engine, DRAFTER) as connection:
        other = store_enterprise(connection, {**ENTERPRISE, "source_code": ENTERPRISE["source_code"][:-4] + "002P", "name": "另一家"})
    own = Settings(database_url=city.url, data_dir=tmp_path / "data")
    told: list[tuple[int, int]] = []
    assert bake_all(own, city.url, Processes(2), lambda done, of: told.append((done, of))) == 2
    assert told == [(1, 2), (2, 2)]
    store = FolderTileStore(tmp_path / "data" / "tiles3d")
    assert all(store.versions(owner) for owner in (city.enterprise_id, other))
    assert bake_all(own, city.url, Processes(2), lambda _done, _of: None) == 0
    monkeypatch.setenv("DATABASE_URL", city.url)
    monkeypatch.setenv("QUANJING_DATA_DIR", str(tmp_path / "data"))
    answer = CliRunner().invoke(app, ["bake", "--out", str(tmp_path / "out")])
    assert answer.exit_code == 0, answer.output
    assert "3 个瓦片集" in answer.output
    assert check(tmp_path / "out") == []
