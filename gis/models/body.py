"""A 3D model from outside as every reader hands it on: bodies of triangles in the frame of their file, metres, z up."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gis.issues import CODES, Issue, Place


@dataclass(frozen=True, slots=True, eq=False)
class Body:
    """One object of a file at one level of detail."""

    body_id: str
    """As the file names it: a GUID, a handle, a key, the name of a group."""
    kind: str
    """What the file calls such a thing, as Building or IfcWall."""
    points: NDArray[np.float64]
    """`(n, 3)` metres in the file's frame, z up."""
    triangles: NDArray[np.int64]
    """`(m, 3)` rows of `points`, counter-clockwise seen from outside."""
    name: str = ""
    parent: str | None = None
    lod: str | None = None
    """Level of detail as the file says it; None where it knows none."""
    solid: bool = False
    """The file says that it is a solid: it ought to be closed."""
    surfaces: tuple[str, ...] = ()
    """What its faces are, as RoofSurface, WallSurface."""
    surface: NDArray[np.int32] | None = None
    """`(m,)` row of `surfaces`, -1 where nothing is said."""
    colours: NDArray[np.uint8] | None = None
    """`(m, 3)` sRGB; None where the file gives none."""
    attributes: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class Model:
    """What is in a file."""

    format: str
    """As people name it, with its version."""
    bodies: tuple[Body, ...]
    read: int = 0
    """Objects with a shape that the file holds, at whatever level of detail; those that could not be read are among the issues."""
    issues: tuple[Issue, ...] = ()
    epsg: int | None = None
    """The coordinate system that the file declares, None where it declares none."""
    origin: tuple[float, float] | None = None
    """Longitude, latitude (degrees, EPSG:4490) at which the frame lies, x to the east; None where it is a grid's, or its own."""
    ignored: dict[str, int] = field(default_factory=dict)
    """What was left out on purpose, by reason."""


def finding(code: str, message: str, body_id: str | None = None, file: str | None = None) -> Issue:
    """Return an issue about a model, or about one object of it."""
    return Issue(code, CODES[code].severity, message, CODES[code].hint, Place(file=file, handle=body_id))
