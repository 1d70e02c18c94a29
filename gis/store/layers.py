"""City layers: features that belong to no enterprise (counties, rivers, stations, water sources, receptors), from GeoJSON."""

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid5

import shapely
from geoalchemy2.shape import from_shape, to_shape
from shapely.geometry.base import BaseGeometry
from sqlalchemy import Connection, func, insert, select, update

from gis.errors import Invalid
from gis.issues import Issue, Place, Severity
from gis.kinds import ENUMS, KINDS, Kind
from gis.store.given import LONGEST, shape_of, text_of, value_of
from gis.store.identity import NAMESPACE
from gis.store.tables import KIND_TABLES

MOST = 100_000
"""Features of one file."""
CHINA = (73.0, 3.0, 136.0, 54.0)
"""West, south, east, north (EPSG:4490, degrees): what lies outside has its axes exchanged or is in metres."""
GEOGRAPHIC = re.compile(r"(EPSG:+(4490|4326)|CRS:?84)$")
"""Ends of names of coordinate systems that are longitude and latitude of CGCS2000, or of WGS 84, which is the same within a decimetre."""


@dataclass(frozen=True, slots=True)
class Stored:
    """What an import of a layer did."""

    issues: tuple[Issue, ...]
    actions: Mapping[str, int]
    """insert, update, unchanged, close → how many; empty where there are issues."""


def _fault(message: str, hint: str, at: int, field: str | None = None) -> Issue:
    return Issue("E112", Severity.ERROR, f"第 {at} 个要素：{message}", hint, Place(field=field))


def _geometry(kind: Kind, row: Mapping[str, Any], at: int) -> tuple[BaseGeometry | None, Issue | None]:
    geom = shape_of(kind, row.get("geometry"))
    if geom is None:
        return None, _fault("没有可用的几何", "geometry 应为 GeoJSON 几何", at, "geometry")
    wanted = ("Point", "Polygon") if kind.geometry == "Geometry" else (kind.geometry,)
    if geom.geom_type not in wanted:
        return None, _fault(f"几何是 {geom.geom_type}，{kind.label}要求 {'或 '.join(wanted)}", "请改几何类型", at, "geometry")
    if geom.is_empty or not geom.is_valid:
        return None, _fault("几何为空或自相交", f"请修改：{shapely.is_valid_reason(geom)}", at, "geometry")
    west, south, east, north = geom.bounds
    if not (all(map(math.isfinite, geom.bounds)) and west >= CHINA[0] and south >= CHINA[1] and east <= CHINA[2] and north <= CHINA[3]):
        return None, _fault("坐标不是中国境内的经纬度", "应为 EPSG:4490，经度在前，单位度", at, "geometry")
    return shapely.force_2d(geom), None


def _row(kind: Kind, row: Mapping[str, Any], at: int) -> tuple[dict[str, Any], list[Issue]]:
    """Return the columns of one feature and what is wrong with it."""
    properties = row.get("properties") if isinstance(row, Mapping) else None
    if not isinstance(properties, Mapping):
        return {}, [_fault("不是 GeoJSON 要素", "应有 geometry 和 properties", at)]
    geom, fault = _geometry(kind, row, at)
    issues = [fault] if fault else []
    known = {attribute.name: attribute for attribute in kind.attributes}
    values: dict[str, Any] = {field: text_of(properties.get(field)) for field in ("code", "name")} | {"geom": geom}
    missing = [field for field in ("code", "name") if values[field] is None]
    issues += [_fault(f"缺少 {field}", f"每个要素须有编号 code 和名称 name（文本，不超过 {LONGEST} 字）", at, field) for field in missing]
    if values["code"] and kind.code_pattern and not re.fullmatch(kind.code_pattern, values["code"]):
        issues.append(_fault(f"编号 {values['code']} 不合{kind.label}的编号规则", f"应符合 {kind.code_pattern}", at, "code"))
    extra = sorted(set(properties) - set(known) - {"code", "name"})
    issues += [_fault(f"{kind.label}没有属性 {field}", f"可用的有 {'、'.join(known)}", at, field) for field in extra]
    for name, attribute in known.items():
        values[name], good = value_of(attribute, properties.get(name))
        if not good:
            allowed = f"可填 {'、'.join(ENUMS[attribute.enum])}" if attribute.enum else f"类型为 {attribute.type}"
            wrong = f"填写有误：{properties[name]!r:.80}" if properties.get(name) not in (None, "") else "必须填写"
            issues.append(_fault(f"属性 {name}（{attribute.label}）{wrong}", allowed, at, name))
    return values, issues


def _system(crs: Any) -> str:
    """Return the name of a coordinate system as GeoJSON of before RFC 7946 says it."""
    properties = crs.get("properties") if isinstance(crs, Mapping) else None
    return str(properties.get("name") if isinstance(properties, Mapping) else crs)


def _rows(kind: Kind, document: Any) -> tuple[list[dict[str, Any]], list[Issue]]:
    if not isinstance(document, Mapping) or not isinstance(document.get("features"), list):
        raise Invalid("FILE", "不是 GeoJSON FeatureCollection")
    if document.get("crs") and not GEOGRAPHIC.search(_system(document["crs"])):
        raise Invalid("FILE", f"坐标系是 {_system(document['crs'])}，应为 EPSG:4490 的经纬度，请先转换")
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
    """Return the id of a new feature of a city layer: it follows from its kind and its code."""
    return uuid5(NAMESPACE, f"city/{kind}/{code}")


def _unused(connection: Connection, kind: str, code: str) -> UUID:
    """Return a new feature's id; where one that has another code by now, or an owner, got that id, the next one."""
    table, attempt, candidate = KIND_TABLES[kind], 1, layer_id(kind, code)
    while connection.execute(select(table.c.feature_id).where(table.c.feature_id == candidate)).first():
        attempt += 1
        candidate = layer_id(kind, f"{code}#{attempt}")
    return candidate


def _same(names: Sequence[str], old: Mapping[Any, Any], row: Mapping[str, Any]) -> bool:
    return (
        old["closed_at"] is None and all(old[name] == row[name] for name in names) and to_shape(old["geom"]).equals_exact(row["geom"], 1e-9)
    )


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
    # Two imports of one layer wait for each other.
    connection.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(f"layer/{kind_name}", 0))))
    # The open one of a code comes last, and stands in the table.
    found = connection.execute(select(*columns).where(table.c.enterprise_id.is_(None)).order_by(table.c.closed_at)).mappings().all()
    stored = {row["code"]: row for row in found}
    actions: Counter[str] = Counter()
    kept: set[UUID] = set()
    for row in rows:
        values = {**{name: row[name] for name in names}, "geom": from_shape(row["geom"], srid=4490)}
        old = stored.get(row["code"])
        if old is None:
            connection.execute(insert(table).values(feature_id=_unused(connection, kind_name, row["code"]), **values))
            actions["insert"] += 1
            continue
        kept.add(old["feature_id"])
        if _same(names, old, row):
            actions["unchanged"] += 1
        else:
            connection.execute(update(table).where(table.c.feature_id == old["feature_id"]).values(closed_at=None, **values))
            actions["update"] += 1
    gone = [row["feature_id"] for row in found if row["closed_at"] is None and row["feature_id"] not in kept] if replace else []
    if gone:
        connection.execute(update(table).where(table.c.feature_id.in_(gone)).values(closed_at=func.clock_timestamp()))
        actions["close"] += len(gone)
    return Stored((), dict(actions))
