"""The counties of Dazhou, converted from GCJ-02."""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import MultiPolygon, Polygon, shape

from gis.crs import gcj02_to_lonlat, lonlat_to_xy

FILE = Path(__file__).parents[1] / "data" / "dazhou" / "counties.gcj02.geojson"
CODES = {
    "通川区": "511702",
    "达川区": "511703",
    "宣汉县": "511722",
    "开江县": "511723",
    "大竹县": "511724",
    "渠县": "511725",
    "万源市": "511781",
}
"""GB/T 2260."""
SEATS = {
    "511702": (107.504, 31.214), "511703": (107.512, 31.190), "511722": (107.727, 31.354), "511723": (107.868, 31.083),
    "511724": (107.205, 30.737), "511725": (106.973, 30.837), "511781": (108.035, 32.082),
}  # fmt: skip
"""Where the county's government sits, about (EPSG:4490, degrees)."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class County:
    """A county, district or county-level city."""

    adcode: str
    name: str
    geom: MultiPolygon
    """EPSG:4490, degrees."""
    xy: MultiPolygon
    """EPSG:4545, metres."""


def _converted(points: Floats) -> Floats:
    return gcj02_to_lonlat(points).round(7)


@cache
def counties() -> tuple[County, ...]:
    """Return the seven counties in the order of their codes."""
    found = []
    for feature in json.loads(FILE.read_text(encoding="utf-8"))["features"]:
        name = feature["properties"]["name"]
        polygon = shapely.transform(shape(feature["geometry"]), _converted)
        # Where a ring touches itself, what is made valid comes with the lines left over.
        parts = shapely.get_parts(shapely.get_parts(shapely.make_valid(polygon)))
        geom = MultiPolygon([part for part in parts.tolist() if isinstance(part, Polygon) and part.area > 0])
        found.append(County(CODES[name], name, geom, shapely.transform(geom, lonlat_to_xy)))
    return tuple(sorted(found, key=lambda county: county.adcode))
