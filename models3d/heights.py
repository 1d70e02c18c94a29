"""From where to where a feature's solid reaches, in metres relative to the ground at its footprint."""

import shapely

from gis.kinds import KINDS
from gis.models.feature import Feature
from models3d.sizes import OTHER, size

SUNK_M = 0.05
"""Patches and ribbons begin this much under the ground, so that no gap shows."""
PLATE = (-SUNK_M, float(size("surface", "site_boundary")["top_m"]))
"""A site boundary is drawn as a thin plate: the plant's ground."""
STOREY_M = 3.3
"""Height of a storey where a building has a storey count and no height."""
LINES = (shapely.LineString, shapely.MultiLineString)


def number(feature: Feature, name: str) -> float | None:
    """Return an attribute as a number; None where it is unknown or nought."""
    value = feature.attributes.get(name)
    return float(value) if value else None


def is_line(feature: Feature) -> bool:
    """Say whether a feature has a course instead of an outline or a point."""
    return isinstance(feature.geom, LINES)


def is_patch(feature: Feature) -> bool:
    """Say whether a feature with an outline is drawn as a patch of ground: no body by its kind, and of no given height."""
    if KINDS[feature.kind].form == "solid" or isinstance(feature.geom, shapely.Point) or is_line(feature):
        return False
    given = feature.height_m or (feature.z_max_m is not None and feature.z_max_m != feature.z_min_m)
    return feature.kind == "site_boundary" or not given


def edge_m(feature: Feature) -> float | None:
    """Return the width of the border that a patch is drawn as; None where it is drawn whole, or is no patch."""
    width_m = size("surface", feature.kind).get("edge_m") if is_patch(feature) else None
    return None if width_m is None else float(width_m)


def diameter_m(feature: Feature) -> float:
    """Return the diameter of a pipe."""
    return number(feature, "diameter_m") or float(size("pipe", OTHER)["diameter_m"])


def _height_m(feature: Feature, type_: str | None) -> float:
    storeys = number(feature, "storeys")
    if feature.height_m is not None:
        return feature.height_m
    if storeys is not None:
        return storeys * STOREY_M
    return float(size("height_m", feature.kind, type_))


def _underground(feature: Feature) -> tuple[float, float]:
    given = feature.height_m if feature.height_m is not None else number(feature, "depth_m")
    thickness = float(size("depth_m", feature.kind)) if given is None else given
    z_max_m = feature.z_max_m if feature.z_max_m is not None else (0.0 if feature.z_min_m is None else feature.z_min_m + thickness)
    return (feature.z_min_m if feature.z_min_m is not None else z_max_m - thickness), z_max_m


def _pipe(feature: Feature, medium: str | None) -> tuple[float, float]:
    """Return the underside and the top of a pipe: as given, else by whether it is buried, else by what flows in it."""
    nominal, across_m = size("pipe", "buried" if feature.attributes.get("buried") else medium or OTHER), diameter_m(feature)
    top_m = feature.z_max_m if feature.z_max_m is not None else nominal.get("top_m")
    foot_m = nominal["foot_m"] if top_m is None else top_m - across_m
    foot_m = float(foot_m if feature.z_min_m is None else feature.z_min_m)
    return foot_m, foot_m + across_m


def _line(feature: Feature, type_: str | None) -> tuple[float, float]:
    """Return the foot and the top of a ribbon, or of a thin wall where the kind or the feature has a height."""
    nominal, foot_m = size("line", feature.kind, type_), feature.z_min_m or 0.0
    height_m = nominal.get("height_m") if feature.height_m is None else feature.height_m
    if feature.z_max_m is not None:
        return foot_m, feature.z_max_m
    return (foot_m - SUNK_M, foot_m + nominal["top_m"]) if height_m is None else (foot_m, foot_m + height_m)


def extent(feature: Feature, type_: str | None) -> tuple[float, float]:
    """Return the foot and the top of a feature with an outline or a course, metres relative to the ground.

    What is given wins: `z_min_m` and `z_max_m`, then `height_m` or depth, then storeys, then what `sizes.yaml` says.

    Parameters
    ----------
    feature : Feature
    type_ : str or None
        Value of the kind's type attribute.

    Notes
    -----
    The pair is not checked: a foot above its top is the caller's to refuse.
    """
    if is_line(feature):
        return _pipe(feature, type_) if KINDS[feature.kind].form == "pipe" else _line(feature, type_)
    if is_patch(feature):
        foot_m = 0.0 if feature.kind == "site_boundary" else feature.z_min_m or 0.0
        return foot_m - SUNK_M, foot_m + float(size("surface", feature.kind, type_)["top_m"])
    if feature.kind == "underground_structure":
        return _underground(feature)
    if feature.z_min_m is not None:
        z_min_m = feature.z_min_m
    elif type_ == "pond":
        z_min_m = -(number(feature, "depth_m") or 0.0)
    else:
        z_min_m = 0.0
    return z_min_m, feature.z_max_m if feature.z_max_m is not None else max(z_min_m, 0.0) + _height_m(feature, type_)
