"""Other programs: open a drawing and save it in their own way — new handles, other order, other version, chords for curves."""

import random
import subprocess
from pathlib import Path

import ezdxf
from ezdxf import recover, xref
from ezdxf.document import Drawing
from ezdxf.entities import DXFEntity, Insert
from shapely.geometry import Point, Polygon
from shapely.geometry.base import BaseGeometry

from drawings.interpret import interpret
from drawings.norm import APPID

PERMITTED = ("QJ-A-OUTLET", "QJ-A-UNIT", "QJ-A-TREAT")
"""Layers whose things have the permit's codes."""
Move = dict[str, tuple[float, float]]


def _anchor(entity: DXFEntity) -> Point | None:
    match entity.dxftype():
        case "LWPOLYLINE":
            return Point(entity.get_points("xy")[0])
        case "CIRCLE":
            return Point(*entity.dxf.center.xyz[:2])
        case "INSERT":
            return Point(*entity.dxf.insert.xyz[:2])
        case _:
            return None


def _move(document: Drawing, move: Move) -> None:
    """Move each named thing with its outline, its holes and its label."""
    todo: list[tuple[str, BaseGeometry, tuple[float, float]]] = []
    for key, shift in move.items():
        feature = next(feature for feature in interpret(document).features if key in (feature.code, feature.name))
        around = Polygon(feature.xy.exterior).buffer(0.01) if feature.xy.geom_type == "Polygon" else feature.xy.buffer(0.01)
        todo.append((feature.source.layer, around, shift))
    for layer, around, (dx, dy) in todo:
        for entity in document.modelspace().query(f'*[layer=="{layer}"]'):
            anchor = _anchor(entity)
            if anchor is not None and around.covers(anchor):
                entity.translate(dx, dy, 0)


def rewrite(
    source: Path,
    target: Path,
    *,
    move: Move | None = None,
    drop_codes: bool = False,
    keep_xdata: bool = True,
    version: str = "R2018",
    seed: int = 0,
) -> None:
    """Save a drawing as another program would.

    Parameters
    ----------
    move : dict
        CODE or NAME of a label → (east, north) metres: its outline, holes and label move together.
    drop_codes : bool
        Empty every CODE that the drafter gave; outlets, units and treatments keep theirs, which the permit gives.
    keep_xdata : bool
        Keep the `QJ_ID`s; many programs drop foreign XDATA.
    version : str
        DXF version to save in.
    seed : int
        Order of the entities; their handles follow from it.
    """
    document, _ = recover.readfile(source)
    space = document.modelspace()
    _move(document, move or {})
    for entity in space:
        if not keep_xdata and entity.has_xdata(APPID):
            entity.discard_xdata(APPID)
        if drop_codes and isinstance(entity, Insert) and entity.has_attrib("CODE") and entity.dxf.layer not in PERMITTED:
            entity.get_attrib("CODE").dxf.text = ""
    random.Random(seed).shuffle(space.entity_space.entities)  # noqa: S311 — order, not secrecy
    copy = ezdxf.new(version, units=document.header["$INSUNITS"])
    xref.load_modelspace(document, copy, conflict_policy=xref.ConflictPolicy.KEEP)
    copy.saveas(target)


def gdal_rewrite(source: Path, target: Path) -> None:
    """Save a drawing as GDAL does: new handles, chords of 4° for curves, MTEXT for TEXT, open polylines that end where they began.

    Attributes are lost.
    """
    # GDAL believes the code page in the header of a file that is in UTF-8, and dissolves blocks where it is not told to keep them.
    options = ["--config", "DXF_ENCODING", "UTF-8", "--config", "DXF_INLINE_BLOCKS", "FALSE"]
    subprocess.run(["ogr2ogr", *options, "-f", "DXF", target, source], check=True, capture_output=True)
