"""City layers: features that belong to no enterprise (counties, rivers, stations, water sources, receptors), from GeoJSON."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid5

import shapely
from geoalchemy2.shape import from_shape, to_shape
from shapely.errors import ShapelyError
from shapely.geometry import MultiPolygon, Polygon, shape
from shapely.geometry.base import BaseGeometry
from sqlalchemy import Connection, func, insert, select, update

from gis.errors import Invalid
from gis.issues import Issue, Place, Severity
from gis.kinds import ENUMS, KINDS, Attribute, Kind
from gis.store.identity import NAMESPACE
from gis.store.tables import KIND_TABLES

MOST = 100_000
"""Features of one file."""
CHINA = (73.0, 3.0, 136.0, 54.0)
"""West, south, east, north (EPSG:4490, degrees): what lies outside has its axes exchanged or is in metres."""


@dataclass(frozen=True, slots=True)
class Stored:
    """What an import of a layer did."""

    issues: tuple[Issue, ...]
    actions: Mapping[str, int]
    """insert, update, unchanged, close → how many; empty where there are issues."""


def _fault(message: str, hint: str, at: int, field: str | None = None) -> Issue:
    return Issue("E701", Severity.ERROR, f"第 {at} 个要素：{message}", hint, Place(field=field))


def _geometry(kind: Kind, row: Mapping[str, Any], at: int) -> tuple[BaseGeometry | None, Issue | None]:
    try:
        geom = shape(row["geometry"])
    except (ShapelyError, KeyError, TypeError, ValueError, AttributeError):
        return None, _fault("没有可用的几何", "geometry 应为 GeoJSON 几何", at, "geometry")
    if isinstance(geom, Polygon) and kind.geometry == "MultiPolygon":
        geom = MultiPolygon([geom])
    if kind.geometry not in ("Geometry", geom.geom_type):
        return None, _fault(f"几何是 {geom.geom_type}，{kind.label}要求 {kind.geometry}", "请改几何类型", at, "geometry")
    if geom.is_empty or not geom.is_valid:
        return None, _fault("几何为空或自相交", f"请修改：{shapely.is_valid_reason(geom)}", at, "geometry")
    west, south, east, north = geom.bounds
    if not (all(map(math.isfinite, geom.bounds)) and west >= CHINA[0] and south >= CHINA[1] and east <= CHINA[2] and north <= CHINA[3]):
        return None, _fault("坐标不是中国境内的经纬度", "应为 EPSG:4490，经度在前，单位度", at, "geometry")
    return shapely.force_2d(geom), None


def _value(attribute: Attribute, given: Any) -> tuple[Any, bool]:
    """Return a value as the attribute's type, and whether it fits."""
    if given is None:
        return None, not attribute.required
    match attribute.type:
        case "number":
            good = isinstance(given, (int, float)) and not isinstance(given, bool) and math.isfinite(given)
            return (float(given), True) if good else (None, False)
        case "integer":
            return (given, True) if isinstance(given, int) and not isinstance(given, bool) else (None, False)
        case "boolean":
            return given, isinstance(given, bool)
        case "enum":
            return given, given in ENUMS[attribute.enum or ""]
        case _:
            return str(given), len(str(given)) <= 2000


def _row(kind: Kind, row: Mapping[str, Any], at: int) -> tuple[dict[str, Any], list[Issue]]:
    """Return the columns of one feature and what is wrong with it."""
    properties = row.get("properties") if isinstance(row, Mapping) else None
    if not isinstance(properties, Mapping):
        return {}, [_fault("不是 GeoJSON 要素", "应有 geometry 和 properties", at)]
    geom, fault = _geometry(kind, row, at)
    issues = [fault] if fault else []
    known = {attribute.name: attribute for attribute in kind.attributes}
    missing = [field for field in ("code", "name") if not isinstance(properties.get(field), str) or not properties[field].strip()]
    issues += [_fault(f"缺少 {field}", "每个要素须有编号 code 和名称 name（文本）", at, field) for field in missing]
    extra = sorted(set(properties) - set(known) - {"code", "name"})
    issues += [_fault(f"{kind.label}没有属性 {field}", f"可用的有 {'、'.join(known)}", at, field) for field in extra]
    values: dict[str, Any] = {"code": properties.get("code"), "name": properties.get("name"), "geom": geom}
    for name, attribute in known.items():
        values[name], good = _value(attribute, properties.get(name))
        if not good:
            allowed = f"可填 {'、'.join(ENUMS[attribute.enum])}" if attribute.enum else f"类型为 {attribute.type}"
            issues.append(_fault(f"属性 {name}（{attribute.label}）填写有误：{properties.get(name)!r}", allowed, at, name))
    return values, issues


def _rows(kind: Kind, document: Any) -> tuple[list[dict[str, Any]], list[Issue]]:
    if not isinstance(document, Mapping) or not isinstance(document.get("features"), list):
        raise Invalid("FILE", "不是 GeoJSON FeatureCollection")
    features: Iterable[Any] = document["features"]
    if len(document["features"]) > MOST:
        raise Invalid("FILE", f"要素超过 {MOST} 个，请分成几个文件")
    rows, issues = [], list[Issue]()
    for at, feature in enumerate(features, 1):
        values, faults = _row(kind, feature, at)
        rows.append(values)
        issues += faults
    seen = Counter(row.get("code") for row in rows)
    for at, row in enumerate(rows, 1):
        if row.get("code") and seen[row["code"]] > 1:
            issues.append(_fault(f"编号 {row['code']} 重复", "每个编号只能用一次", at, "code"))
    return rows, issues


def layer_id(kind: str, code: str) -> UUID:
    """Return the id of a feature of a city layer: it follows from its kind and its code."""
    return uuid5(NAMESPACE, f"city/{kind}/{code}")


def store_layer(connection: Connection, kind_name: str, document: Any, *, replace: bool = False) -> Stored:
    """Store a city layer, all or nothing; the same file again changes nothing.

    Parameters
    ----------
    connection : Connection
        Inside `gis.store.connect.writing`.
    kind_name : str
        A kind of which features may belong to no enterprise.
    document : Any
        GeoJSON FeatureCollection, EPSG:4490 longitude first; `code`, `name` and the kind's attributes as properties.
    replace : bool
        Close what the file no longer has.

    Raises
    ------
    Invalid
        No such kind, or the document is no feature collection.
    """
    if kind_name not in KINDS or kind_name == "enterprise" or KINDS[kind_name].schematic:
        raise Invalid("kind", f"没有城市图层 {kind_name}；可用的有 {'、'.join(name for name, kind in KINDS.items() if not kind.schematic)}")
    kind, table = KINDS[kind_name], KIND_TABLES[kind_name]
    rows, issues = _rows(kind, document)
    if issues:
        return Stored(tuple(issues), {})
    names = ["code", "name", *(attribute.name for attribute in kind.attributes)]
    columns = [table.c.feature_id, table.c.closed_at, table.c.geom, *(table.c[name] for name in names)]
    ids = [layer_id(kind_name, row["code"]) for row in rows]
    found = connection.execute(select(*columns).where(table.c.enterprise_id.is_(None))).mappings().all()
    stored = {row["feature_id"]: row for row in found}
    actions: Counter[str] = Counter()
    for feature_id, row in zip(ids, rows, strict=True):
        values = {**{name: row[name] for name in names}, "geom": from_shape(row["geom"], srid=4490)}
        old = stored.get(feature_id)
        if old is None:
            connection.execute(insert(table).values(feature_id=feature_id, **values))
            actions["insert"] += 1
        elif (
            old["closed_at"] is None
            and all(old[name] == row[name] for name in names)
            and to_shape(old["geom"]).equals_exact(row["geom"], 1e-9)
        ):
            actions["unchanged"] += 1
        else:
            connection.execute(update(table).where(table.c.feature_id == feature_id).values(closed_at=None, **values))
            actions["update"] += 1
    if replace:
        gone = [feature_id for feature_id, row in stored.items() if feature_id not in set(ids) and row["closed_at"] is None]
        connection.execute(update(table).where(table.c.feature_id.in_(gone)).values(closed_at=func.now()))
        actions["close"] += len(gone)
    return Stored((), dict(actions))
