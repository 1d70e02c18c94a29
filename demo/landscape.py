"""The land of the demo city as files: an elevation model baked to terrain tiles, and pictures as an orthophoto's; made once, kept."""

import json
from collections.abc import Callable
from pathlib import Path

import shapely

from demo.cover import scene, write_city, write_near
from demo.geography import city
from demo.land import Yard, land, write
from demo.making import YARDS, Made
from tiles.imagery.layers import FilesLayer, keep
from tiles.terrain.bake import LAYER, bake
from tiles.terrain.dem import open_dem

FORM = 2
"""Of the land: another form is made anew."""
MARK = "land.json"
"""Written last: what it stands beside is whole."""
DEM, PICTURE, NEAR = "dem.tif", "picture.tif", "near"
IMAGERY = "demo"
ATTRIBUTION = "示意地形和影像（虚构）"

Step = Callable[[int, int, str], None]


def yards(made: Made) -> list[Yard]:
    """Return where the plants of a city on disk stand."""
    rows = json.loads(made.folder.joinpath("city", YARDS).read_text(encoding="utf-8"))
    return [Yard(row["code"], shapely.Polygon(row["outline"]), row["base_1985_m"]) for row in rows]


def landscape(made: Made, terrain: Path, imagery: Path, step: Step = lambda *_: None) -> bool:
    """Make the land of a city on disk where it is not there yet; returns whether it was made.

    Parameters
    ----------
    made : Made
        The files are kept beside its own, below `land`.
    terrain : Path
        Where terrain tiles go; those of somebody's own DEM are left.
    imagery : Path
        Folder of imagery layers.
    step : callable
        Told how far it has come.
    """
    folder = made.folder / "land"
    mark = folder / MARK
    about = {"form": FORM, "seed": made.seed, "enterprises": len(made.enterprises)}
    fresh = not mark.exists() or json.loads(mark.read_text()) != about
    if fresh:
        _make(made, folder, step)
        mark.write_text(json.dumps(about))
    if fresh or not (terrain / LAYER).exists():
        own = terrain / "source.json"
        if not own.exists() or json.loads(own.read_text())["dem"] == str((folder / DEM).resolve()):
            bake(open_dem(folder / DEM), terrain, attribution=ATTRIBUTION, step=lambda done, count: step(done, count, "地形瓦片"))
    files = [folder / PICTURE, *sorted(folder.joinpath(NEAR).glob("*.tif"))]
    keep(imagery, FilesLayer(IMAGERY, "示意影像", ATTRIBUTION, tuple(files)))
    return fresh


def _make(made: Made, folder: Path, step: Step) -> None:
    near = folder / NEAR
    near.mkdir(parents=True, exist_ok=True)
    folder.joinpath(MARK).unlink(missing_ok=True)
    around, plants = city(made.seed), yards(made)
    count = len(plants) + 2
    lie = land(around, plants)
    write(lie, folder / DEM)
    step(1, count, "高程")
    view = scene(around, lie, plants)
    write_city(view, folder / PICTURE)
    step(2, count, "影像")
    for number, path in enumerate(write_near(view, near), 3):
        step(number, count, path.stem)
