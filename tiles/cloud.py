"""Point clouds as 3D Tiles, by py3dtiles (the optional extra `clouds`), in a process of its own."""

import importlib.util
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from gis.crs import source_of
from gis.errors import Invalid, TilesetError

ENDINGS = (".las", ".laz", ".xyz")
GEOCENTRIC = "4978"
"""What 3D Tiles are in (3D Tiles 1.1, 6.7.1.1)."""
COMMAND = "from py3dtiles.command_line import main; main()"


def convert(files: Sequence[Path], folder: Path, crs: str) -> Path:
    """Write a point cloud as 3D Tiles; returns their folder.

    Parameters
    ----------
    files : sequence of Path
    folder : Path
        Is made anew: what lies there must be a tileset of before, or nothing.
    crs : str
        Of the points: an EPSG code, x (east) first.

    Raises
    ------
    Invalid
        Not a cloud that is read, or the folder holds something else, or py3dtiles is not installed.
    TilesetError
        The conversion failed; says how.
    """
    if importlib.util.find_spec("py3dtiles") is None:
        raise Invalid("file", "转换点云要装 py3dtiles：pip install 'quanjing[clouds]'")
    wrong = [file.name for file in files if file.suffix.lower() not in ENDINGS]
    if wrong:
        raise Invalid("file", f"{'、'.join(wrong)} 不是 LAS、LAZ、XYZ")
    source = source_of(crs)
    if source.shift is not None:
        raise Invalid("--crs", "有偏移的坐标（GCJ-02、BD-09）不能用于点云")
    if folder.exists() and any(folder.iterdir()) and not (folder / "tileset.json").is_file():
        raise Invalid("--out", f"{folder} 里有别的文件")
    folder.parent.mkdir(parents=True, exist_ok=True)
    systems = ["--srs_in", str(source.epsg), "--srs_out", GEOCENTRIC, "--force-srs-in", "--pyproj-always-xy"]
    command = [sys.executable, "-c", COMMAND, "convert", *map(str, files), "--out", str(folder), "--overwrite", *systems]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode or not (folder / "tileset.json").is_file():
        raise TilesetError(f"py3dtiles 没有转成：{(done.stderr or done.stdout).strip().splitlines()[-1:]}")
    return folder
