"""Settings: environment variables under one prefix, built once at an edge (`create_app`, a CLI verb) and passed down."""

import os
from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


def default_data_dir() -> Path:
    """Return `/var/lib/quanjing` for root, else `quanjing` in the XDG data home."""
    if os.geteuid() == 0:
        return Path("/var/lib/quanjing")
    home = os.environ.get("XDG_DATA_HOME")
    return (Path(home) if home else Path.home() / ".local" / "share") / "quanjing"


class Settings(BaseSettings):
    """What an operator can set; each is an environment variable `QUANJING_<NAME>`.

    `DATABASE_URL`, without the prefix, names a PostgreSQL that quanjing uses but never starts or stops.
    """

    model_config = SettingsConfigDict(env_prefix="QUANJING_", frozen=True, populate_by_name=True)

    data_dir: Path = Field(default_factory=default_data_dir)
    """Everything quanjing keeps: the private cluster, baked tiles, original drawings, logs."""
    database_url: str | None = Field(default=None, validation_alias="DATABASE_URL")
    database_port: int | None = Field(default=None, ge=1, le=65535)
    """Loopback port of the private PostgreSQL, for QGIS and the like; without it, it answers on its socket only."""
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)
    public_url: str = "http://127.0.0.1:8000"
    """Address at which people reach the panorama: the code on a printed sheet leads there."""
    workers: int = Field(default=1, ge=1, le=64)
    """API processes."""
    review: bool = False
    """Every drawing that people bring waits until somebody else than its drafter has reviewed it."""
    feed_host: str = "127.0.0.1"
    feed_port: int | None = Field(default=None, ge=0, le=65535)
    """Port for data loggers (HJ 212); without it none are listened to."""
    feed_keys: str = Field(default="", repr=False)
    """SM4 keys of data loggers, hexadecimal, commas between them."""
    ground_ellipsoid_m: float = 0.0
    """Ellipsoid height of the ground, metres: the constant that `Ground` answers while no terrain is loaded."""
    tiles_url: str | None = None
    """Where 3D tiles are kept, as `s3://bucket/folder`; without it in the data folder."""
    tile_cache_mb: int = Field(default=64, ge=0, le=65536)
    """Memory for vector tiles, of each API process."""
    changes_days: int = Field(default=90, ge=1, le=36500)
    """Days that the change log is kept: how long another system may stay away and still go on where it was."""
    editing: bool = False
    """Features may be written over HTTP (OGC API - Features - Part 4), in the role that owns the database."""
    published_schemas: str = ""
    """Schemas of the database whose tables are served as collections too, with commas between them."""
    dwg_converter: str | None = None
    """What makes DXF of DWG: a folder with the npm package @mlightcad/libredwg-web, the path of the ODA File Converter, or a command with
    `{dwg}` and `{dxf}`; the user's own program, never part of quanjing."""
    web_dir: Path = Path(__file__).parents[1] / "web" / "dist"
    """The built pages."""

    def schemas(self) -> list[str]:
        """Return the published schemas."""
        return [name for name in map(str.strip, self.published_schemas.split(",")) if name]
