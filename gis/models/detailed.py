"""A detailed model in its place: what stands for a feature in 3D instead of its standard solid."""

import hashlib
import io
import zipfile
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gis.errors import GeometryError


@dataclass(frozen=True, slots=True, eq=False)
class Detailed:
    """Triangles at a place; each keeps its colour and what surface it is."""

    anchor: tuple[float, float]
    """Longitude, latitude (degrees, EPSG:4490) of the frame's zero."""
    points: NDArray[np.float64]
    """`(n, 3)` metres: east and north of the anchor, up from the ground at the feature."""
    triangles: NDArray[np.int64]
    """`(m, 3)` rows of `points`, counter-clockwise seen from outside."""
    colours: NDArray[np.uint8]
    """`(m, 3)` sRGB; where `painted` is false they are the kind's."""
    painted: NDArray[np.bool_]
    """`(m,)` the file gives a colour."""
    surface: NDArray[np.int32]
    """`(m,)` row of `surfaces`, -1 where nothing is said."""
    surfaces: tuple[str, ...]
    digest: str = ""
    """Of the stored bytes: another model has another."""


ARRAYS = ("points", "triangles", "colours", "painted", "surface")


def packed(model: Detailed) -> bytes:
    """Return a model as the bytes of a compressed npz; the same model gives the same bytes."""
    out = io.BytesIO()
    arrays = {name: getattr(model, name) for name in ARRAYS}
    np.savez_compressed(out, anchor=np.array(model.anchor), surfaces=np.array(model.surfaces, dtype=np.str_), **arrays)
    return out.getvalue()


def unpacked(data: bytes) -> Detailed:
    """Return the model that `packed` wrote.

    Raises
    ------
    GeometryError
        The bytes are no such model.
    """
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as found:
            lon, lat = found["anchor"].tolist()
            arrays = {name: found[name] for name in ARRAYS}
            return Detailed(
                anchor=(lon, lat), surfaces=tuple(found["surfaces"].tolist()), digest=hashlib.sha256(data).hexdigest(), **arrays
            )
    except (ValueError, KeyError, OSError, EOFError, zipfile.BadZipFile) as error:
        raise GeometryError(f"the stored model can't be read: {error}") from error
