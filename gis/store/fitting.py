"""Whether drawn features fit their tables: what would break a constraint is an issue with a place, long before anything is written."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from gis.geometry.matching import Shapes, shapes_of
from gis.issues import Issue, Place, Severity
from gis.kinds import ENUMS, KINDS, GeometryType, Kind
from gis.models.plan import PlanFeature
from gis.store.spots import said
from gis.store.texts import writable

FARTHEST_M = 1e9
COLUMNS = ("code", "name", "height_m", "z_min_m", "z_max_m")
"""What every kind has; the rest are attributes of its own."""
FITS: dict[GeometryType, tuple[str, ...]] = {
    "Point": ("Point",),
    "LineString": ("LineString",),
    "Polygon": ("Polygon",),
    "PolygonZ": ("Polygon",),
    "MultiPolygon": ("Polygon", "MultiPolygon"),
    "Geometry": ("Point", "Polygon"),
}
LARGEST = 2**31 - 1
"""Of PostgreSQL's `integer`."""
TYPES: dict[str, type | tuple[type, ...]] = {"integer": int, "number": (int, float), "boolean": bool}


def _issue(feature: PlanFeature, file: str, code: str, told: tuple[str, str], column: str | None = None) -> Issue:
    """Return a blocking issue of a feature (message and hint), at its place where it has one."""
    message, hint = told
    finite = bool(np.isfinite(shapely.get_coordinates(feature.xy)).all()) and not feature.xy.is_empty
    point = feature.xy.representative_point() if finite else None
    place = Place(file, feature.source.layer, feature.source.handle, (point.x, point.y) if point else None, column)
    return Issue(code, Severity.ERROR, f"“{feature.name or feature.code or KINDS[feature.kind].label}”{message}", hint, place)


def _wild(shapes: Shapes, farthest: float) -> set[int]:
    """Return which shapes have no coordinates, or some that are not numbers or out of bounds."""
    coordinates, owners = shapely.get_coordinates(shapes, include_z=True, return_index=True)
    bad = ~(np.abs(coordinates[:, :2]) <= farthest).all(axis=1)
    bad |= np.isinf(coordinates[:, 2]) | (shapely.has_z(shapes)[owners] & np.isnan(coordinates[:, 2]))
    return set(owners[bad].tolist()) | set(np.flatnonzero(shapely.get_num_coordinates(shapes) == 0).tolist())


def _as_stored(kind: Kind, shape: BaseGeometry, base_m: float) -> BaseGeometry:
    if kind.geometry == "MultiPolygon" and shape.geom_type == "Polygon":
        return shapely.MultiPolygon([shape])
    if kind.geometry == "PolygonZ" and not shape.has_z:
        return shapely.force_3d(shape, base_m)
    return shapely.force_2d(shape) if shape.has_z and kind.geometry != "PolygonZ" else shape


def _fitted(feature: PlanFeature) -> PlanFeature:
    kind, base_m = KINDS[feature.kind], feature.z_min_m or 0.0
    geom = feature.geom if kind.schematic else _as_stored(kind, feature.geom, base_m)
    return replace(feature, geom=geom, xy=_as_stored(kind, feature.xy, base_m), code=feature.code or None)


def _value_fault(kind: Kind, name: str, value: Any) -> str | None:
    if isinstance(value, float) and not math.isfinite(value):
        return "不是数"
    if isinstance(value, str) and not writable(value):
        return "含有数据库不能保存的字符"
    attribute = kind.attribute(name) if name not in COLUMNS else None
    if attribute is None or value is None:
        return None
    if attribute.enum and value not in ENUMS[attribute.enum]:
        return f"没有“{value}”这一项，可用：{'、'.join(ENUMS[attribute.enum])}"
    wanted = TYPES.get(attribute.type)
    if wanted and (not isinstance(value, wanted) or (isinstance(value, bool) and attribute.type != "boolean")):
        return f"“{value}”应为{'整数' if attribute.type == 'integer' else '是或否' if attribute.type == 'boolean' else '数'}"
    return f"“{value}”太大" if attribute.type == "integer" and abs(value) > LARGEST else None


def _faults(feature: PlanFeature, required: Sequence[str], file: str) -> list[Issue]:
    kind, values = KINDS[feature.kind], said(feature)
    found = [
        _issue(feature, file, "E212", (f"的 {name} {fault}", "请改正后重新导入"), name)
        for name, value in {"code": feature.code, **values}.items()
        if (fault := _value_fault(kind, name, value))
    ]
    found += [
        _issue(feature, file, "E204", (f"缺少{kind.attribute(name).label}（{name}）", "请补上"), name)
        for name in required
        if values.get(name) is None
    ]
    foot, top, height = feature.z_min_m, feature.z_max_m, feature.height_m
    if (height is not None and height < 0) or (foot is not None and top is not None and top < foot):
        found.append(_issue(feature, file, "E212", ("的顶低于底", "请检查高度和底、顶标高"), "height_m"))
    if feature.xy.geom_type not in FITS[kind.geometry]:
        told = f"是 {feature.xy.geom_type}，{kind.label}应为 {kind.geometry}", "请改用合适的图元或类别"
        found.append(_issue(feature, file, "E212", told))
    return found


def _repeated(features: Sequence[PlanFeature], file: str) -> list[Issue]:
    coded = Counter((feature.kind, feature.code) for feature in features if feature.code)
    twice = {key for key, count in coded.items() if count > 1}
    return [
        _issue(feature, file, "E206", (f"的编号 {feature.code} 在图中不止一处", "同类要素的编号不能重复"), "code")
        for feature in features
        if (feature.kind, feature.code) in twice
    ]


def fitted(features: Sequence[PlanFeature], file: str) -> tuple[list[PlanFeature], list[Issue]]:
    """Return features as their tables take them, and what of them no table takes.

    Outlines become multipolygons, and get the height of their foot, where the kind's table wants so.

    Parameters
    ----------
    features : sequence of PlanFeature
        As drawn.
    file : str
        For the place of issues.
    """
    if not features:
        return [], []
    required = {name: [one.name for one in kind.attributes if one.required] for name, kind in KINDS.items()}
    wild = _wild(shapes_of([feature.xy for feature in features]), FARTHEST_M)
    mapped = [index for index, feature in enumerate(features) if not KINDS[feature.kind].schematic]
    wild |= {mapped[index] for index in _wild(shapes_of([features[index].geom for index in mapped]), 180.0)}
    issues = [_issue(features[index], file, "E212", ("的坐标不是数或超出范围", "请检查该图元")) for index in sorted(wild)]
    for index, feature in enumerate(features):
        if index not in wild:
            issues += _faults(feature, required[feature.kind], file)
    plain = {name for name, kind in KINDS.items() if kind.geometry not in ("MultiPolygon", "PolygonZ")}
    deep = shapely.has_z(shapes_of([feature.xy for feature in features]))
    as_stored = [
        feature if feature.kind in plain and feature.code != "" and not lifted else _fitted(feature)
        for feature, lifted in zip(features, deep.tolist(), strict=True)
    ]
    return as_stored, issues + _repeated(as_stored, file)
