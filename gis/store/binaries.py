"""Where the PostgreSQL server programs lie: any installed version from 15 on that has PostGIS beside it."""

import os
import re
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from gis.errors import BinariesMissing

OLDEST = 15
"""`security_invoker` views and a closed `public` schema came with PostgreSQL 15."""
PLACES = ("usr/lib/postgresql/*/bin", "usr/pgsql-*/bin", "usr/local/pgsql/bin")
"""Globs under `/`: Debian and Ubuntu; the PostgreSQL project's RPMs; built by hand."""


@dataclass(frozen=True, slots=True)
class Binaries:
    """One installed PostgreSQL: its folder of programs and its major version."""

    folder: Path
    major: int

    def program(self, name: str) -> str:
        """Return the full path of `initdb`, `pg_ctl`, `psql`, …."""
        return str(self.folder / name)


def _folders(environ: Mapping[str, str], root: Path) -> Iterator[Path]:
    if config := environ.get("PG_CONFIG"):
        yield Path(config).parent
    if prefix := environ.get("CONDA_PREFIX"):
        yield Path(prefix) / "bin"
    for place in PLACES:
        yield from sorted(root.glob(place))
    for entry in environ.get("PATH", "").split(os.pathsep):
        if entry:
            yield Path(entry)


def _answer(program: Path, option: str) -> str:
    return subprocess.run([program, option], capture_output=True, text=True, check=True, timeout=30).stdout


def _inspect(folder: Path) -> Binaries | None:
    if not all((folder / name).is_file() for name in ("postgres", "initdb", "pg_ctl", "pg_config")):
        return None
    try:
        major = re.search(r"\(PostgreSQL\) (\d+)", _answer(folder / "postgres", "--version"))
        share = Path(_answer(folder / "pg_config", "--sharedir").strip())
    except (OSError, subprocess.SubprocessError):
        return None
    if major is None or not (share / "extension" / "postgis.control").is_file():
        return None
    return Binaries(folder, int(major[1]))


def installed(environ: Mapping[str, str] | None = None, root: Path = Path("/")) -> list[Binaries]:
    """Return every installed PostgreSQL that has PostGIS, newest first.

    Parameters
    ----------
    environ : mapping, optional
        `PG_CONFIG`, `CONDA_PREFIX` and `PATH` are looked at; the process's own by default.
    root : Path
        Where the well-known places are looked for.
    """
    found: dict[Path, Binaries] = {}
    for folder in _folders(os.environ if environ is None else environ, root):
        if folder not in found and (binaries := _inspect(folder)):
            found[folder] = binaries
    return sorted(found.values(), key=lambda binaries: -binaries.major)


def choose(available: list[Binaries], major: int | None = None) -> Binaries:
    """Return the newest usable PostgreSQL, or the one of the major version that made a folder.

    Raises
    ------
    BinariesMissing
        None is installed, none is new enough, or none has the wanted major version; the message says what to install.
    """
    if major is not None:
        for binaries in available:
            if binaries.major == major:
                return binaries
        others = ", ".join(str(binaries.major) for binaries in available) or "none"
        raise BinariesMissing(
            f"the data folder was made by PostgreSQL {major}, but installed with PostGIS is: {others}. "
            f"Install postgresql-{major}-postgis-3 again, or move the data over with pg_upgrade"
        )
    for binaries in available:
        if binaries.major >= OLDEST:
            return binaries
    raise BinariesMissing(
        f"no PostgreSQL {OLDEST} or newer with PostGIS is installed: as root run `make setup` "
        "(apt-get install postgresql-NN-postgis-3), or set DATABASE_URL to a PostGIS of your own"
    )
