"""From where to where a feature's solid reaches, in metres relative to the ground at its footprint."""

from gis.models.feature import Feature

PLATE = (-0.05, 0.02)
"""A site boundary is drawn as a thin plate: the plant's ground."""
STOREY_M = 3.3
"""Height of a storey where a building has a storey count and no height."""
DEPTH_M = 3.0
"""Depth of an underground structure where none is known."""
NOMINAL_M = {
    "building": 6.0,
    "structure.tank": 8.0,
    "structure.stack": 30.0,
    "structure.pond": 1.2,
    "structure.silo": 12.0,
    "structure.tower": 20.0,
}
"""Height by kind and type where nothing is known; what is drawn so is visible, and the card shows the height as unknown."""
NOMINAL_OTHER_M = 4.0


def _number(feature: Feature, name: str) -> float | None:
    value = feature.attributes.get(name)
    return float(value) if value else None


def _height_m(feature: Feature, type_: str | None) -> float:
    storeys = _number(feature, "storeys")
    if feature.height_m is not None:
        return feature.height_m
    if storeys is not None:
        return storeys * STOREY_M
    return NOMINAL_M.get(f"{feature.kind}.{type_}") or NOMINAL_M.get(feature.kind, NOMINAL_OTHER_M)


def extent(feature: Feature, type_: str | None) -> tuple[float, float]:
    """Return the foot and the top of a feature with an outline, metres relative to the ground.

    What is given wins: `z_min_m` and `z_max_m`, then `height_m` or depth, then storeys, then a nominal height of the kind.

    Parameters
    ----------
    feature : Feature
    type_ : str or None
        Value of the kind's type attribute.

    Notes
    -----
    The pair is not checked: a foot above its top is the caller's to refuse.
    """
    if feature.kind == "site_boundary":
        return PLATE
    if feature.kind == "underground_structure":
        thickness = feature.height_m if feature.height_m is not None else _number(feature, "depth_m") or DEPTH_M
        z_max_m = feature.z_max_m if feature.z_max_m is not None else (0.0 if feature.z_min_m is None else feature.z_min_m + thickness)
        return (feature.z_min_m if feature.z_min_m is not None else z_max_m - thickness), z_max_m
    if feature.z_min_m is not None:
        z_min_m = feature.z_min_m
    elif type_ == "pond":
        z_min_m = -(_number(feature, "depth_m") or 0.0)
    else:
        z_min_m = 0.0
    return z_min_m, feature.z_max_m if feature.z_max_m is not None else max(z_min_m, 0.0) + _height_m(feature, type_)
