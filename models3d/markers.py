"""Features that are points, as markers on what lies under them."""

from collections.abc import Sequence
from functools import cache

import numpy as np
import shapely
from numpy.typing import NDArray

from gis.models.feature import Feature
from models3d.footprints import Footprints
from models3d.mesh import Mesh, concatenate, translate
from models3d.parts.marker import marker
from models3d.sizes import size
from models3d.solid import SolidMesh, colours, type_of
from styles.tokens import scene_colour


@cache
def _template(kind: str, type_: str | None) -> tuple[Mesh, NDArray[np.uint8], float]:
    """Return the marker of a type of a kind at the frame's origin, its colours and its height."""
    row = size("marker", kind, type_)
    *posts, head = marker(row["shape"], row["size"])
    colour = scene_colour(kind, type_)
    mesh = concatenate([*posts, head])
    return mesh, colours([*((post, scene_colour("structure")) for post in posts), (head, colour)]), float(mesh.positions[:, 2].max())


def _under(spots: NDArray[np.object_], solids: Sequence[tuple[shapely.Geometry, float]]) -> NDArray[np.float64]:
    """Return the highest top under each point, −∞ where there is none."""
    found = np.full(len(spots), -np.inf)
    if solids:
        spot, solid = shapely.STRtree([outline for outline, _ in solids]).query(spots, predicate="intersects")
        np.maximum.at(found, spot, np.array([top for _, top in solids])[solid])
    return found


def markers(features: Sequence[Feature], places: Footprints, solids: Sequence[tuple[shapely.Geometry, float]]) -> list[SolidMesh]:
    """Stand a marker on what lies under each point: the roof or stack top of a solid, else the ground.

    Parameters
    ----------
    features, places : points
    solids : outline and top (up metres) of everything that a marker can stand on
    """
    given = np.array([feature.z_min_m or 0.0 for feature in features])
    feet = np.maximum(places.up_m + given, _under(places.shapes, solids))
    spots = np.column_stack([shapely.get_coordinates(places.shapes).reshape(-1, 2), feet])
    found = []
    for feature, spot, foot_m in zip(features, spots, feet - places.up_m, strict=True):
        mesh, paint, height_m = _template(feature.kind, type_of(feature))
        low = feature.z_min_m if feature.z_min_m is not None else float(foot_m)
        high = feature.z_max_m if feature.z_max_m is not None else float(foot_m) + height_m
        found.append(SolidMesh(feature, translate(mesh, spot), paint, low, high))
    return found
