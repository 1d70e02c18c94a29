"""The GEODATA object of a drawing: which CRS it names and how drawing coordinates lead there."""

from dataclasses import dataclass

import numpy as np
from ezdxf.bbox import extents
from ezdxf.document import Drawing
from ezdxf.entities.geodata import GeoData
from ezdxf.lldxf.const import DXFError

from drawings.ledger import finding
from gis.crs import Source, source_of
from gis.errors import CoordinateError
from gis.geometry.similarity import Similarity
from gis.issues import Issue, Place

PLACE = Place(field="GEODATA")
# What AutoCAD writes, as far as programs read it: the identifier, the kind of CRS, its axes. Template; EPSG registry 4545.
DEFINITION = """<?xml version="1.0" encoding="UTF-16" standalone="no" ?>
<Dictionary version="1.0" xmlns="http://www.osgeo.org/mapguide/coordinatesystem">
<ProjectedCoordinateSystem id="CGCS2000.3D-GK.CM108E"><Name>CGCS2000 / 3-degree Gauss-Kruger CM 108E</Name>
<Axis uom="METER"><CoordinateSystemAxis><AxisOrder>1</AxisOrder><AxisName>Easting</AxisName>
<AxisAbbreviation>E</AxisAbbreviation><AxisDirection>east</AxisDirection></CoordinateSystemAxis>
<CoordinateSystemAxis><AxisOrder>2</AxisOrder><AxisName>Northing</AxisName>
<AxisAbbreviation>N</AxisAbbreviation><AxisDirection>north</AxisDirection></CoordinateSystemAxis></Axis>
</ProjectedCoordinateSystem>
<Alias id="4545" type="CoordinateSystem"><ObjectId>CGCS2000.3D-GK.CM108E</ObjectId><Namespace>EPSG Code</Namespace></Alias>
</Dictionary>"""


@dataclass(frozen=True, slots=True)
class Georeference:
    """What a GEODATA object says."""

    similarity: Similarity
    """Drawing coordinates to the CRS."""
    source: Source


def _unusable(why: str) -> Issue:
    hint = "请改用控制点（QJ_GCP 块或 --gcp 文件），或用 --crs 指明坐标系"
    return finding("E610", f"GEODATA 不能采用：{why}", hint, PLACE)


def _similarity(data: GeoData) -> Similarity:
    """Return the turn, scale and shift of a local grid."""
    north = data.dxf.north_direction
    # The direction is given in drawing coordinates: what turns it to +y turns the drawing to north.
    turn = 1j / complex(north.x, north.y)
    design, reference = data.dxf.design_point, data.dxf.reference_point
    factor = turn / abs(turn) * float(data.dxf.horizontal_unit_scale)
    return Similarity((design.x, design.y), (reference.x, reference.y), factor)


def georeference_of(document: Drawing) -> tuple[Georeference | None, list[Issue]]:
    """Return what a document's GEODATA says, None where it has none or it can't be used, and why not."""
    data = document.modelspace().get_geodata()
    if data is None:
        return None, []
    try:
        # What it returns scales y by the vertical unit; what it refuses is what nobody has tested.
        _, epsg = data.get_crs_transformation()
        found = Georeference(_similarity(data), source_of(f"EPSG:{epsg}"))
    except (DXFError, CoordinateError, ArithmeticError, AttributeError) as error:
        return None, [_unusable(str(error).splitlines()[0])]
    if not data.dxf.horizontal_unit_scale > 0 or not np.all(np.isfinite([*found.similarity.matrix.flat, *found.similarity.target])):
        return None, [_unusable("单位比例或坐标不是有效的数")]
    return found, []


def write_geodata(document: Drawing) -> None:
    """Say in a drawing that its coordinates are EPSG:4545, in the middle of what is drawn."""
    space = document.modelspace()
    box = extents(space, fast=True)
    at = (round(box.center.x), round(box.center.y)) if box.has_data else (0, 0)
    space.new_geodata().setup_local_grid(design_point=at, reference_point=at, crs=DEFINITION)
