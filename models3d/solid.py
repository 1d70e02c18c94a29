"""A feature as a painted solid."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gis.kinds import KINDS
from gis.models.feature import Feature
from models3d.mesh import Mesh, concatenate
from styles.tokens import Rgb


@dataclass(frozen=True, slots=True, eq=False)
class SolidMesh:
    """One feature as a closed solid, or as several."""

    feature: Feature
    mesh: Mesh
    colours: NDArray[np.uint8]
    """`(n, 3)` uint8, sRGB, one a vertex of the mesh."""
    z_min_m: float
    """Foot and top relative to the ground at the footprint, metres; as stored where they are, else as drawn."""
    z_max_m: float


def type_of(feature: Feature) -> str | None:
    """Return the value of the kind's type attribute, None where it has none."""
    attribute = KINDS[feature.kind].type_attribute
    return None if attribute is None else feature.attributes.get(attribute)


def colours(parts: Sequence[tuple[Mesh, Rgb]]) -> NDArray[np.uint8]:
    """Return the colour of each vertex of meshes in a row."""
    counts = [len(mesh.positions) for mesh, _ in parts]
    return np.repeat(np.array([colour for _, colour in parts], np.uint8), counts, axis=0)


def painted(feature: Feature, parts: Sequence[tuple[Mesh, Rgb]], z_m: tuple[float, float]) -> SolidMesh:
    """Join coloured meshes to the solid of a feature between two heights."""
    return SolidMesh(feature, concatenate([mesh for mesh, _ in parts]), colours(parts), *z_m)
