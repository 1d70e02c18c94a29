"""Settings are what the environment says, unless who builds them knows better."""

from pathlib import Path

import pytest

from gis.errors import SettingsError
from gis.settings import Settings


def test_a_variable_is_read_as_what_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    said = {"PORT": "0", "REVIEW": "True", "GROUND_ELLIPSOID_M": "-37.5", "DATA_DIR": "/srv/q", "TILES_URL": "s3://tiles", "EDITING": "off"}
    for name, value in said.items():
        monkeypatch.setenv(f"QUANJING_{name}", value)
    settings = Settings()
    assert (settings.port, settings.review, settings.editing) == (0, True, False)
    assert (settings.ground_ellipsoid_m, settings.data_dir, settings.tiles_url) == (-37.5, Path("/srv/q"), "s3://tiles")
    assert Settings(port=8123).port == 8123
    assert Settings(tiles_url=None).tiles_url is None


def test_the_database_has_its_usual_name_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QUANJING_DATABASE_URL", "postgresql:///second")
    monkeypatch.delenv("DATABASE_URL", raising=False)
    assert Settings().database_url == "postgresql:///second"
    monkeypatch.setenv("DATABASE_URL", "postgresql:///first")
    assert Settings().database_url == "postgresql:///first"
    assert "first" not in repr(Settings()), "there may be a password in it"


@pytest.mark.parametrize(("name", "value"), [("PORT", "70000"), ("WORKERS", "many"), ("FEED_PORT", ""), ("REVIEW", "maybe")])
def test_what_can_not_be_is_refused_by_name(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"QUANJING_{name}", value)
    with pytest.raises(SettingsError, match=f"QUANJING_{name}={value}"):
        Settings()
