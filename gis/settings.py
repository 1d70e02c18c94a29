"""Settings: environment variables under one prefix, built once at an edge (`create_app`, a CLI verb) and passed down.

A library that reads such variables takes a tenth of a second to load, which each command would.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gis.errors import SettingsError

YES, NO = ("1", "true", "yes", "on"), ("0", "false", "no", "off")


def default_data_dir() -> Path:
    """Return `/var/lib/quanjing` for root, else `quanjing` in the XDG data home."""
    if os.geteuid() == 0:
        return Path("/var/lib/quanjing")
    home = os.environ.get("XDG_DATA_HOME")
    return (Path(home) if home else Path.home() / ".local" / "share") / "quanjing"


def _whole(least: int, most: int) -> Callable[[str], int]:
    """Return what reads a whole number within bounds."""

    def read(text: str) -> int:
        if not least <= (number := int(text)) <= most:
            raise ValueError(f"it must be {least} to {most}")
        return number

    return read


def _truth(text: str) -> bool:
    if text.lower() not in YES + NO:
        raise ValueError("it must be true or false")
    return text.lower() in YES


def _said(variables: str, default: Any = None, read: Callable[[str], Any] = str) -> Callable[[], Any]:
    """Return what tells the first of some environment variables that is set, else the default."""

    def value() -> Any:
        for name in variables.split():
            if (text := os.environ.get(name)) is None:
                continue
            try:
                return read(text)
            except ValueError as error:
                raise SettingsError(f"{name}={text}: {error}") from None
        return default() if callable(default) else default

    return value


PORT = _whole(0, 65535)


@dataclass(frozen=True)
class Settings:
    """What an operator can set; each is an environment variable `QUANJING_<NAME>`.

    `DATABASE_URL`, without the prefix, names a PostgreSQL that quanjing uses but never starts or stops.

    Raises
    ------
    SettingsError
        A variable says what can't be.
    """

    data_dir: Path = field(default_factory=_said("QUANJING_DATA_DIR", default_data_dir, Path))
    """Everything quanjing keeps: the private cluster, baked tiles, original drawings, logs."""
    database_url: str | None = field(default_factory=_said("DATABASE_URL QUANJING_DATABASE_URL"), repr=False)
    database_port: int | None = field(default_factory=_said("QUANJING_DATABASE_PORT", None, _whole(1, 65535)))
    """Loopback port of the private PostgreSQL, for QGIS and the like; without it, it answers on its socket only."""
    host: str = field(default_factory=_said("QUANJING_HOST", "127.0.0.1"))
    port: int = field(default_factory=_said("QUANJING_PORT", 8000, PORT))
    public_url: str = field(default_factory=_said("QUANJING_PUBLIC_URL", "http://127.0.0.1:8000"))
    """Address at which people reach the panorama: the code on a printed sheet leads there."""
    workers: int = field(default_factory=_said("QUANJING_WORKERS", 1, _whole(1, 64)))
    """API processes."""
    review: bool = field(default_factory=_said("QUANJING_REVIEW", False, _truth))
    """Every drawing that people bring waits until somebody else than its drafter has reviewed it."""
    feed_host: str = field(default_factory=_said("QUANJING_FEED_HOST", "127.0.0.1"))
    feed_port: int | None = field(default_factory=_said("QUANJING_FEED_PORT", None, PORT))
    """Port for data loggers (HJ 212); without it none are listened to."""
    feed_keys: str = field(default_factory=_said("QUANJING_FEED_KEYS", ""), repr=False)
    """SM4 keys of data loggers, hexadecimal, commas between them."""
    ground_ellipsoid_m: float = field(default_factory=_said("QUANJING_GROUND_ELLIPSOID_M", 0.0, float))
    """Ellipsoid height of the ground, metres: the constant that `Ground` answers while no terrain is loaded."""
    tiles_url: str | None = field(default_factory=_said("QUANJING_TILES_URL"))
    """Where 3D tiles are kept, as `s3://bucket/folder`; without it in the data folder."""
    tile_cache_mb: int = field(default_factory=_said("QUANJING_TILE_CACHE_MB", 64, _whole(0, 65536)))
    """Memory for vector tiles, of each API process."""
    changes_days: int = field(default_factory=_said("QUANJING_CHANGES_DAYS", 90, _whole(1, 36500)))
    """Days that the change log is kept: how long another system may stay away and still go on where it was."""
    editing: bool = field(default_factory=_said("QUANJING_EDITING", False, _truth))
    """Features may be written over HTTP (OGC API - Features - Part 4), in the role that owns the database."""
    published_schemas: str = field(default_factory=_said("QUANJING_PUBLISHED_SCHEMAS", ""))
    """Schemas of the database whose tables are served as collections too, with commas between them."""
    dwg_converter: str | None = field(default_factory=_said("QUANJING_DWG_CONVERTER"))
    """What makes DXF of DWG: a folder with the npm package @mlightcad/libredwg-web, the path of the ODA File Converter, or a command with
    `{dwg}` and `{dxf}`; the user's own program, never part of quanjing."""
    web_dir: Path = field(default_factory=_said("QUANJING_WEB_DIR", Path(__file__).parents[1] / "web" / "dist", Path))
    """The built pages."""

    def schemas(self) -> list[str]:
        """Return the published schemas."""
        return [name for name in map(str.strip, self.published_schemas.split(",")) if name]
