"""One plant drawn in other coordinates is the same plant."""

import io
from pathlib import Path

import ezdxf
import numpy as np
import pytest
import shapely
from ezdxf import transform
from ezdxf.math import Matrix44

from drawings.options import Options
from drawings.read import plan_of
from gis.models.plan import SitePlan

EXAMPLE = next((Path(__file__).parents[2] / "data" / "examples").glob("*_A_v01.dxf"))
MIDDLE = np.array([450_400.0, 3_447_700.0])
LOCAL = Matrix44.translate(-MIDDLE[0], -MIDDLE[1], 0) @ Matrix44.z_rotate(0.3) @ Matrix44.scale(1000, 1000, 1000)
SWAPPED = Matrix44([0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1])
MILLIMETRES = Matrix44.scale(1000, 1000, 1000)


def table() -> str:
    corners = [MIDDLE + offset for offset in ((0, 0), (500, 0), (500, 400), (0, 400))]
    rows = [(LOCAL.transform((x, y, 0)), x, y) for x, y in corners]
    return "name,x,y,E,N\n" + "".join(f"G{at},{here.x},{here.y},{x},{y}\n" for at, (here, x, y) in enumerate(rows))


def redrawn(matrix: Matrix44, unit: int) -> bytes:
    document = ezdxf.readfile(EXAMPLE)
    assert len(transform.inplace(list(document.modelspace()), matrix)) == 0
    document.header["$INSUNITS"] = unit
    text = io.StringIO()
    document.write(text)
    return text.getvalue().encode()


@pytest.fixture(scope="module")
def example() -> SitePlan:
    return plan_of(EXAMPLE.read_bytes(), EXAMPLE.name)


@pytest.mark.parametrize(
    ("matrix", "unit", "options", "says"),
    [
        (LOCAL, 4, Options(gcp=table()), set()),
        (MILLIMETRES, 4, Options(crs="EPSG:4545"), set()),
        (SWAPPED, 6, Options(crs="EPSG:4545"), {"W614"}),
    ],
    ids=["turned, by control points", "in millimetres", "exchanged"],
)
def test_the_example_in_other_coordinates(matrix: Matrix44, unit: int, options: Options, says: set[str], example: SitePlan) -> None:
    plan = plan_of(redrawn(matrix, unit), EXAMPLE.name, options)
    assert plan.counts == example.counts
    assert {issue.code for issue in plan.issues} - {issue.code for issue in example.issues} == says
    before = {(one.kind, one.code, one.name): one for one in example.features}
    after = {(one.kind, one.code, one.name): one for one in plan.features}
    assert after.keys() == before.keys()
    for key, one in before.items():
        assert shapely.hausdorff_distance(one.xy, after[key].xy) <= 0.001
        assert (one.shape or {}).get("type") == (after[key].shape or {}).get("type")
        if one.shape and one.shape["type"] == "insert" and matrix is not SWAPPED:
            assert after[key].shape["rotation"] == pytest.approx(one.shape["rotation"])  # type: ignore[index]
