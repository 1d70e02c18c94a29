import math
from pathlib import Path

import ezdxf
import numpy as np
import pytest
from ezdxf.document import Drawing
from ezdxf.entities.geodata import GeoData

from drawings.geodata import georeference_of
from drawings.georeference import place_drawing

PARLIAMENT = Path(__file__).parents[2].parent / "shared" / "data" / "dxf" / "05_geodata_r2018.dxf"
HERE = (450_400.0, 3_447_700.0)
DEFINITION = """<?xml version="1.0" encoding="UTF-16" standalone="no" ?>
<Dictionary version="1.0" xmlns="http://www.osgeo.org/mapguide/coordinatesystem">
<Alias id="{epsg}" type="CoordinateSystem"><ObjectId>it</ObjectId><Namespace>EPSG Code</Namespace></Alias>
<Axis uom="METER"><CoordinateSystemAxis><AxisOrder>1</AxisOrder><AxisName>Easting</AxisName>
<AxisAbbreviation>E</AxisAbbreviation><AxisDirection>east</AxisDirection></CoordinateSystemAxis></Axis>
</Dictionary>"""


def drawing(epsg: int = 4545, unit: int = 6, north: tuple[float, float] = (0.0, 1.0)) -> tuple[Drawing, GeoData]:
    made = ezdxf.new("R2013")
    made.header["$INSUNITS"] = unit
    made.units = unit
    data = made.modelspace().new_geodata()
    data.setup_local_grid(design_point=(10, 20), reference_point=HERE, north_direction=north, crs=DEFINITION.format(epsg=epsg))
    return made, data


def test_a_drawing_without() -> None:
    assert georeference_of(ezdxf.new("R2013")) == (None, [])


def test_the_design_point_lies_at_the_reference_point() -> None:
    found, issues = georeference_of(drawing()[0])
    assert issues == []
    assert found is not None
    np.testing.assert_allclose(found.similarity.points(np.array([(10.0, 20.0), (11.0, 20.0)])), [HERE, (HERE[0] + 1, HERE[1])])


@pytest.mark.parametrize("bearing", [0.0, 30.0, -120.0])
def test_the_north_direction_turns_to_north(bearing: float) -> None:
    north = (math.sin(math.radians(bearing)), math.cos(math.radians(bearing)))
    found, _ = georeference_of(drawing(unit=4, north=north)[0])
    assert found is not None
    np.testing.assert_allclose(found.similarity.points(np.array([(10 + 1000 * north[0], 20 + 1000 * north[1])])), [(HERE[0], HERE[1] + 1)])


def test_a_local_drawing_comes_to_dazhou() -> None:
    made, _ = drawing(unit=4)
    frame = place_drawing(made, np.array([(10.0, 20.0), (50_010.0, 20.0), (50_010.0, 40_020.0)]))
    assert frame.known
    assert (frame.method, frame.issues) == ("geodata", ())
    np.testing.assert_allclose(frame.xy(np.array([(50_010.0, 20.0)])), [(HERE[0] + 50, HERE[1])], atol=1e-6)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda data: setattr(data, "coordinate_system_definition", "no XML"),
        lambda data: setattr(data, "coordinate_system_definition", DEFINITION.format(epsg=99_999)),
        lambda data: data.dxf.set("coordinate_type", GeoData.GEOGRAPHIC),
        lambda data: data.dxf.set("horizontal_unit_scale", -1.0),
        lambda data: data.dxf.set("horizontal_unit_scale", math.inf),
        lambda data: data.dxf.set("reference_point", (math.nan, 0)),
    ],
)
def test_what_can_not_be_used_is_said(spoil: object) -> None:
    made, data = drawing()
    spoil(data)  # type: ignore[operator]
    found, issues = georeference_of(made)
    assert found is None
    assert [issue.code for issue in issues] == ["E610"]
    frame = place_drawing(made, np.array([(10.0, 20.0), (60.0, 90.0)]))
    assert not frame.known
    assert {issue.code for issue in frame.issues} == {"E610", "E601"}


def test_an_old_datum_is_refused() -> None:
    frame = place_drawing(drawing(epsg=2433)[0], np.array([(10.0, 20.0), (60.0, 90.0)]))
    assert not frame.known
    assert [issue.code for issue in frame.issues] == ["E610"]


def test_the_houses_of_parliament_stand_in_london() -> None:
    document = ezdxf.readfile(PARLIAMENT)
    points = np.array([(point.x, point.y) for point in document.modelspace()[0].vertices_in_wcs()], dtype=float)  # type: ignore[attr-defined]
    frame = place_drawing(document, points)
    assert not frame.known
    assert [issue.code for issue in frame.issues] == ["E603"]
    assert "GEODATA 的 EPSG:27700" in frame.issues[0].message
    assert "经度 -0.12" in frame.issues[0].message
    assert "纬度 51.4" in frame.issues[0].message
