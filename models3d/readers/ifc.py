"""IFC2X3 and IFC4 by ifcopenshell (LGPL-3.0, the optional extra `ifc`): one body a product with a shape, in metres."""

import importlib.util
import tempfile
from collections import Counter
from typing import Any

import numpy as np

from gis.errors import Invalid
from gis.issues import Issue
from gis.models.body import Body, Model, finding
from models3d.readers.building import srgb

HOLLOW = ("IfcSpace", "IfcOpeningElement", "IfcVirtualElement", "IfcGrid", "IfcAnnotation", "IfcSpatialZone")
"""What has a shape and is no thing: rooms, openings, axes, notes."""
SURFACES = {
    "IfcRoof": "RoofSurface",
    "IfcSlab": "FloorSurface",
    "IfcWall": "WallSurface",
    "IfcWallStandardCase": "WallSurface",
    "IfcCurtainWall": "WallSurface",
    "IfcDoor": "Door",
    "IfcWindow": "Window",
}
"""What the faces of a product are, in CityGML's words."""
MOST_VALUES = 60
"""Property values kept of one product."""


def available() -> bool:
    """Say whether the reader is installed."""
    return importlib.util.find_spec("ifcopenshell") is not None


def _epsg(file: Any) -> int | None:
    """Return the code that the file's map conversion names (IFC4, IfcProjectedCRS)."""
    for crs in file.by_type("IfcProjectedCRS") if file.schema != "IFC2X3" else ():
        digits = "".join(letter for letter in str(crs.Name or "").rpartition(":")[2] if letter.isdigit())
        if digits:
            return int(digits)
    return None


def _mapped(file: Any, points: Any) -> Any:
    """Bring local metres to the declared map grid (IFC4, IfcMapConversion)."""
    conversions = file.by_type("IfcMapConversion") if file.schema != "IFC2X3" else ()
    if not conversions:
        return points
    one = conversions[0]
    turn = np.array([one.XAxisAbscissa or 1.0, one.XAxisOrdinate or 0.0])
    cosine, sine = turn / np.hypot(*turn)
    axes = np.array([[cosine, -sine, 0.0], [sine, cosine, 0.0], [0.0, 0.0, 1.0]])
    return points @ axes.T + [one.Eastings or 0.0, one.Northings or 0.0, one.OrthogonalHeight or 0.0]


def _values(product: Any) -> dict[str, Any]:
    import ifcopenshell.util.element as elements  # noqa: PLC0415 — an optional extra

    found: dict[str, Any] = {}
    for values in elements.get_psets(product).values():
        found |= {name: value for name, value in values.items() if name != "id" and isinstance(value, str | int | float | bool)}
    return dict(list(found.items())[:MOST_VALUES])


def _body(file: Any, product: Any, shape: Any) -> Body:
    import ifcopenshell.util.element as elements  # noqa: PLC0415 — an optional extra

    geometry = shape.geometry
    points = np.array(geometry.verts, float).reshape(-1, 3)
    triangles = np.array(geometry.faces, np.int64).reshape(-1, 3)
    rows = np.array(geometry.material_ids, np.int64)
    paints = [one.diffuse.components if hasattr(one.diffuse, "components") else one.diffuse for one in geometry.materials]
    colours = None
    if paints and len(rows) == len(triangles):
        table = np.array([srgb(list(paint)) for paint in paints], np.uint8)
        colours = table[np.clip(rows, 0, len(table) - 1)]
    kind = product.is_a()
    container = elements.get_container(product) or elements.get_aggregate(product)
    said = SURFACES.get(kind)
    return Body(
        product.GlobalId,
        kind,
        _mapped(file, points),
        triangles,
        name=product.Name or "",
        parent=container.GlobalId if container else None,
        solid=True,
        surfaces=(said,) if said else (),
        surface=np.zeros(len(triangles), np.int32) if said else None,
        colours=colours,
        attributes=_values(product),
    )


def _opened(data: bytes) -> Any:
    import ifcopenshell  # noqa: PLC0415 — an optional extra

    with tempfile.NamedTemporaryFile(suffix=".ifc") as file:
        file.write(data)
        file.flush()
        try:
            return ifcopenshell.open(file.name)
        except (OSError, RuntimeError, ValueError, TypeError) as error:
            raise Invalid("file", f"IFC 读不出：{error}") from error


def read(data: bytes) -> Model:
    """Return the model in an IFC file.

    Raises
    ------
    Invalid
        It is no IFC that can be read, or ifcopenshell is not installed.
    """
    if not available():
        raise Invalid("file", "读 IFC 要装 ifcopenshell：pip install 'quanjing[ifc]'")
    import ifcopenshell.geom as geometry  # noqa: PLC0415 — an optional extra

    if not data.lstrip()[:13].startswith(b"ISO-10303-21"):
        raise Invalid("file", "不是 IFC（ISO-10303-21）")
    file = _opened(data)
    settings = geometry.settings()
    settings.set("use-world-coords", True)
    shaped = [product for product in file.by_type("IfcProduct") if product.Representation]
    ignored = Counter(f"{product.is_a()}（不是实物）" for product in shaped if product.is_a() in HOLLOW)
    bodies: list[Body] = []
    issues: list[Issue] = []
    for product in shaped:
        if product.is_a() in HOLLOW:
            continue
        try:
            bodies.append(_body(file, product, geometry.create_shape(settings, product)))
        except (RuntimeError, ValueError, TypeError, AttributeError) as error:
            name = f"{product.is_a()} {product.Name or ''}（{product.GlobalId}）"
            issues.append(finding("E902", f"{name}：几何读不出（{str(error).strip()[:200]}）", product.GlobalId))
    return Model(file.schema, tuple(bodies), len(bodies) + len(issues), tuple(issues), _epsg(file), ignored=dict(ignored))
