"""Layers of other programs as a plant's drawing: GeoPackage, GeoJSON, or a ZIP of Shapefiles or GeoJSON; each layer is one kind.

Such a file speaks only of the kinds that it has layers of: what else stands on the drawing stays.
"""

import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
import shapely
from shapely.errors import ShapelyError
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry

from drawings.checks import Ground, check
from drawings.delivery.archive import unpacked
from drawings.homes import HOME_OF
from drawings.ledger import finding
from drawings.options import Options
from gis.crs import lonlat_to_xy
from gis.errors import Invalid
from gis.issues import Issue, Place
from gis.kinds import ENUMS, KINDS, Attribute, Kind
from gis.layer_files import FOLLOWS, label_of, layer_names, read_layer
from gis.models.plan import Counts, PlanFeature, PlanSource, SitePlan

INSIDE = (".shp", ".geojson", ".json")
"""What is read of a ZIP."""
HEIGHTS = ("height_m", "z_min_m", "z_max_m")
SHAPES = ("_point", "_polygon", "_linestring", "_multipolygon")
"""Ends of the names of Shapefiles of one kind that has several types of geometry."""
IGNORED = FOLLOWS | {"fid", "base_1985_m", "styleUrl"}
"""Fields that other programs and exports add, and a drawing does not say."""


def kind_named(name: str) -> Kind | None:
    """Return the kind that a layer's name means: a kind's name, its table's, or its Chinese label.

    >>> kind_named("structure_polygon").name, kind_named("建筑物").name, kind_named("0")
    ('structure', 'building', None)
    """
    plain = name.strip()
    for end in SHAPES:
        plain = plain.removesuffix(end)
    names = {text: kind for kind in KINDS.values() for text in (kind.name, kind.table, kind.label)}
    found = names.get(plain) or names.get(plain.lower())
    return found if found is not None and not found.schematic and found.name in HOME_OF else None


def _fault(layer: str, at: int, message: str, field: str | None = None) -> Issue:
    hint = "请在原软件中改正后重新导出"
    return finding("E112", f"图层 {layer} 第 {at} 个要素：{message}", hint, Place(layer=layer, handle=f"{layer}/{at}", field=field))


def _value(attribute: Attribute, given: Any) -> Any:
    """Return a value as the attribute has it: codes for labels, whole numbers for numbers that are; what fits not, as it is."""
    if attribute.enum:
        labels = {label: code for code, label in ENUMS[attribute.enum].items()}
        return labels.get(given, given)
    match attribute.type:
        case "integer":
            return int(given) if isinstance(given, float) and given.is_integer() else given
        case "number":
            return float(given) if isinstance(given, int) and not isinstance(given, bool) else given
        case "boolean":
            return {0: False, 1: True, "是": True, "否": False}.get(given, given)
        case "text" | "date":
            return given.isoformat() if isinstance(given, date) else str(given).strip() or None
        case _:
            return given


def _geometry(kind: Kind, given: Any) -> BaseGeometry | str:
    """Return the geometry of a feature, a whole of one part as its part; a text that says why there is none."""
    try:
        geom = shape(given)
    except (ShapelyError, LookupError, TypeError, ValueError, AttributeError, ArithmeticError, RecursionError):
        return "没有可用的几何"
    parts = list(getattr(geom, "geoms", ()))
    if len(parts) == 1 and kind.geometry != "MultiPolygon":
        (geom,) = parts
    if geom.is_empty or not geom.is_valid:
        return f"几何为空或自相交（{shapely.is_valid_reason(geom)}）"
    return shapely.force_2d(geom)


def _id(given: Any) -> UUID | None:
    try:
        return UUID(str(given)) if given else None
    except ValueError:
        return None


def _feature(kind: Kind, layer: str, at: int, row: Mapping[str, Any]) -> tuple[PlanFeature | None, list[Issue]]:
    properties = dict(row.get("properties") or {})
    geom = _geometry(kind, row.get("geometry"))
    if isinstance(geom, str):
        return None, [_fault(layer, at, geom, "geometry")]
    by_label = {label_of(kind.name, attribute.name): attribute.name for attribute in kind.attributes}
    said = {by_label.get(name, name): value for name, value in properties.items() if value not in (None, "")}
    attributes = {one.name: _value(one, said[one.name]) for one in kind.attributes if one.name in said}
    heights = {name: said.get(name) for name in HEIGHTS}
    wrong = [name for name, value in heights.items() if not (value is None or type(value) in (int, float))]
    if wrong:
        return None, [_fault(layer, at, f"{'、'.join(wrong)} 应为数", wrong[0])]
    xy = shapely.transform(geom, lonlat_to_xy)
    if not np.isfinite(shapely.get_coordinates(xy)).all():
        return None, [_fault(layer, at, "坐标不在可换算的范围", "geometry")]
    code, name = (str(said[field]).strip() if field in said else None for field in ("code", "name"))
    handle = f"{kind.name}/{code or at}"
    feature = PlanFeature(
        kind.name,
        code or None,
        name or "",
        geom,
        xy,
        None,
        PlanSource(handle, kind.layers[0]),
        _id(properties.get("feature_id")),
        attributes=attributes,
        **{name: None if value is None else float(value) for name, value in heights.items()},
    )
    return feature, []


def _layers(folder: Path, data: bytes, file_name: str) -> Iterator[tuple[Path, str | None, str]]:
    """Yield what layers a file has: where each can be read, under which name, and what it is called."""
    if not file_name.lower().endswith(".zip"):
        path = folder / f"layers{Path(file_name).suffix.lower()}"
        path.write_bytes(data)
        if path.suffix == ".gpkg":
            yield from ((path, name, name) for name in layer_names(path))
        else:
            yield path, None, Path(file_name).stem
        return
    for name, content in unpacked(data).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if not name.endswith("/"):
            path.write_bytes(content)
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() in INSIDE:
            yield path, None, path.stem


def plan_of_layers(data: bytes, file_name: str, sha256: str, options: Options) -> SitePlan:
    """Return what the layers in a file show of a plant.

    Parameters
    ----------
    data : bytes
        A GeoPackage, a GeoJSON file, or a ZIP of Shapefiles or GeoJSON files; each says its coordinate system.
    file_name : str
        Its name; a single GeoJSON file is called after its kind.
    sha256 : str
        Of the file.
    options : Options
        Whose it is, and which of its drawings it speaks of.
    """
    kind_of_drawing = options.drawing_kind or "A"
    features: list[PlanFeature] = []
    issues: list[Issue] = []
    shown: set[str] = set()
    entities = 0
    ignored: Counter[str] = Counter()
    with tempfile.TemporaryDirectory(prefix="quanjing-layers-") as name:
        try:
            for path, layer, called in _layers(Path(name), data, file_name):
                kind = kind_named(called)
                rows = read_layer(path, layer, keep=frozenset({"feature_id"}))["features"]
                entities += len(rows)
                if kind is None:
                    ignored[f"图层 {called} 不是要素类"] += len(rows)
                    continue
                shown.add(kind.name)
                found, faults = _features(kind, called, rows)
                features += found
                issues += faults
        except (Invalid, LookupError, TypeError) as error:
            message = error.detail if isinstance(error, Invalid) else "不是要素集（FeatureCollection）"
            issues.append(finding("E101", f"{file_name}：{message}", "请检查文件", Place(file=file_name)))
    if not shown and not issues:
        known = "、".join(kind.label for kind in KINDS.values() if kind.name in HOME_OF)
        hint = f"图层名应为要素类，如 building 或 建筑物；可用：{known}"
        issues.append(finding("E101", f"{file_name} 没有可识别的图层", hint, Place(file=file_name)))
    issues += check(features, Ground(kind_of_drawing, named=False), by_norm=False)
    left = sum(ignored.values())
    counts = Counts(entities, len(features), left, entities - len(features) - left)
    return SitePlan(
        kind_of_drawing, options.source_code, file_name, sha256, tuple(features), tuple(issues), counts, dict(ignored), frozenset(shown)
    )


def _features(kind: Kind, layer: str, rows: list[Mapping[str, Any]]) -> tuple[list[PlanFeature], list[Issue]]:
    features: list[PlanFeature] = []
    issues: list[Issue] = []
    labels = {label_of(kind.name, attribute.name) for attribute in kind.attributes}
    known = {"code", "name", *HEIGHTS, *IGNORED, *labels, *(attribute.name for attribute in kind.attributes)}
    unknown: Counter[str] = Counter()
    for at, row in enumerate(rows, 1):
        unknown.update(set(row.get("properties") or {}) - known)
        feature, faults = _feature(kind, layer, at, row)
        issues += faults
        if feature is not None:
            features.append(feature)
    hint = f"可用的字段：code、name、{'、'.join(attribute.name for attribute in kind.attributes)}"
    issues += [
        finding("W104", f"图层 {layer} 的字段 {field} 不是{kind.label}的属性，{count} 处未采用", hint, Place(layer=layer, field=field))
        for field, count in sorted(unknown.items())
    ]
    handles = Counter(feature.source.handle for feature in features)
    # Two of one code are an issue of their own; each keeps a handle that is its alone.
    return [
        feature if handles[feature.source.handle] == 1 else _with_handle(feature, f"{feature.source.handle}#{at}")
        for at, feature in enumerate(features, 1)
    ], issues


def _with_handle(feature: PlanFeature, handle: str) -> PlanFeature:
    return replace(feature, source=replace(feature.source, handle=handle))
