"""Writing single features as other programs do: create, replace, change, close; in the caller's name, scope and expectation."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import psycopg
import shapely
from psycopg import AsyncConnection, sql
from shapely.geometry.base import BaseGeometry

from gis.errors import Conflict, Forbidden, Invalid, NotFound, Outdated
from gis.kinds import Attribute, Kind
from gis.reference_systems import CRS84, ReferenceSystem
from gis.store.connect import EVERYWHERE
from gis.store.filters.values import geometry_of
from gis.store.given import LONGEST, shape_of, text_of, value_of

HEIGHTS = {name: Attribute(name, name, "number") for name in ("base_1985_m", "height_m", "z_min_m", "z_max_m")}
OWN = ("code", "name", "enterprise_id")
"""What every kind has beside its attributes, and others may write."""
SHOWN = frozenset(
    (
        *("feature_id", "enterprise_id", "valid_from", "valid_to", "recorded_from", "author", "reason", "origin"),
        *("alarm_level", "open_alarms", "case_count", "case_ids", "readings", *HEIGHTS),
    )
)
"""What is shown of features and not written, at least not of every kind."""
FAULTS = {
    psycopg.errors.ForeignKeyViolation: ("enterprise_id", "没有这个企业"),
    psycopg.errors.CheckViolation: ("properties", "不合约束"),
    psycopg.errors.NotNullViolation: ("properties", "缺少必填的属性"),
    psycopg.DataError: ("properties", "超出范围"),
    psycopg.InternalError: ("geometry", "无法换算"),
}


@dataclass(frozen=True, slots=True)
class Writer:
    """In whose name, how far, and what is known of the feature."""

    scope: str
    versions: frozenset[int] | None = None
    """One of which the feature must be, as the writer saw it: microseconds of `recorded`; None: whatever it is."""


def _geometry(kind: Kind, given: Any, system: ReferenceSystem) -> BaseGeometry:
    try:
        geometry = geometry_of(given, system) if isinstance(given, Mapping) else None
    except ValueError as error:
        raise Invalid("geometry", str(error)) from error
    if geometry is None:
        raise Invalid("geometry", "应为 GeoJSON 几何")
    shape = shape_of(kind, shapely.geometry.mapping(geometry))
    wanted = {"Geometry": ("Point", "Polygon"), "PolygonZ": ("Polygon",)}.get(kind.geometry, (kind.geometry,))
    if shape is None or shape.geom_type not in wanted:
        raise Invalid("geometry", f"{kind.label}的几何应为 {' 或 '.join(wanted)}")
    west, south, east, north = shape.bounds
    if west < -180 or south < -90 or east > 180 or north > 90:
        raise Invalid("geometry", "坐标超出经纬度的范围，请核对轴序和 Content-Crs")
    if not kind.flat:
        raise Invalid("geometry", f"{kind.label}是立体的，请用图纸导入")
    return shape


def _own(kind: Kind, name: str, given: Any) -> Any:
    if name == "enterprise_id":
        if given is None or kind.name == "enterprise":
            return None
        try:
            return UUID(given)
        except (ValueError, TypeError, AttributeError) as error:
            raise Invalid(name, "应为企业的 feature_id") from error
    value = text_of(given)
    if value is None and given not in (None, ""):
        raise Invalid(name, f"应为不超过 {LONGEST} 字的文本")
    if name == "code" and value is not None and kind.code_pattern and not re.fullmatch(kind.code_pattern, value):
        raise Invalid(name, f"编号 {value} 不合{kind.label}的编号规则 {kind.code_pattern}")
    return (value or "") if name == "name" else value


def columns_of(kind: Kind, feature: Any, system: ReferenceSystem = CRS84, *, whole: bool = True) -> dict[str, Any]:
    """Return the columns that a GeoJSON feature stands for.

    Properties that are shown and not written (`SHOWN`) are passed over, so that what was read may be sent back.

    Parameters
    ----------
    kind : Kind
    feature : Any
        GeoJSON; where not `whole`, a part of one (RFC 7396).
    system : ReferenceSystem
        Of its coordinates.
    whole : bool
        What is missing is emptied; else it stays.

    Raises
    ------
    Invalid
        It is none, or a property is unknown or wrong; names it.
    """
    if not isinstance(feature, Mapping) or feature.get("type", "Feature") != "Feature":
        raise Invalid("body", "应为 GeoJSON Feature")
    properties = feature.get("properties", None if whole else {})
    if not isinstance(properties, Mapping):
        raise Invalid("properties", "应为 JSON 对象")
    known = _known(kind)
    for name in properties:
        if name not in known and name not in SHOWN:
            raise Invalid(str(name)[:60], f"{kind.label}没有这个属性；可用的有 {'、'.join(known)}")
    values = {name: _value(kind, name, known[name], properties.get(name)) for name in known if whole or name in properties}
    if whole or "geometry" in feature:
        values["geom"] = _geometry(kind, feature.get("geometry"), system)
    return values


def _known(kind: Kind) -> dict[str, Attribute | None]:
    """Return what may be written of a kind: its attributes, its heights, and what all kinds have."""
    heights = HEIGHTS if kind.solid else {"base_1985_m": HEIGHTS["base_1985_m"]}
    own = [name for name in OWN if not (kind.name == "enterprise" and name == "enterprise_id")]
    return {attribute.name: attribute for attribute in kind.attributes} | heights | dict.fromkeys(own)


def _value(kind: Kind, name: str, attribute: Attribute | None, given: Any) -> Any:
    if attribute is None:
        return _own(kind, name, given)
    value, good = value_of(attribute, given)
    if not good:
        raise Invalid(name, f"应为 {attribute.enum or attribute.type}" if given not in (None, "") else "必须填写")
    return value


def _place(value: Any) -> tuple[sql.Composable, Any]:
    if isinstance(value, BaseGeometry):
        return sql.SQL("ST_GeomFromWKB(%s, 4490)"), shapely.to_wkb(value)
    return sql.Placeholder(), value


async def _write(connection: AsyncConnection, statement: sql.Composed, values: list[Any]) -> tuple[Any, ...] | None:
    try:
        return await (await connection.execute(statement, values)).fetchone()
    except psycopg.errors.ExclusionViolation as error:
        raise Conflict("已有同编号的要素") from error
    except tuple(FAULTS) as error:
        parameter, what = next(told for class_, told in FAULTS.items() if isinstance(error, class_))
        raise Invalid(parameter, f"{what}：{error.diag.message_primary}") from error


async def _inside(connection: AsyncConnection, kind: Kind, feature_id: UUID, scope: str) -> None:
    """Refuse what its writer would not see; what belongs to nobody is written by who sees all."""
    query = sql.SQL("SELECT enterprise_id FROM {} WHERE feature_id = %s").format(sql.Identifier(f"{kind.name}_view"))
    row = await (await connection.execute(query, [feature_id])).fetchone()
    if row is None or (row[0] is None and scope != EVERYWHERE):
        raise Forbidden("要素不在您的辖区内")


async def create(connection: AsyncConnection, kind: Kind, values: Mapping[str, Any], writer: Writer) -> UUID:
    """Insert a feature; returns its id.

    Parameters
    ----------
    connection : AsyncConnection
        In a transaction that says who, why and how far.
    kind : Kind
    values : mapping
        As of `columns_of`.
    writer : Writer

    Raises
    ------
    Invalid, Conflict, Forbidden
        The store refuses it, its code is taken, or it lies outside the scope.
    """
    places = [_place(value) for value in values.values()]
    statement = sql.SQL("INSERT INTO {} ({}) VALUES ({}) RETURNING feature_id").format(
        sql.Identifier(kind.table), sql.SQL(", ").join(map(sql.Identifier, values)), sql.SQL(", ").join(place for place, _ in places)
    )
    row = await _write(connection, statement, [value for _, value in places])
    assert row is not None, "INSERT … RETURNING returns a row"  # noqa: S101
    feature_id: UUID = row[0]
    await _inside(connection, kind, feature_id, writer.scope)
    return feature_id


async def _hold(connection: AsyncConnection, kind: Kind, feature_id: UUID, writer: Writer) -> None:
    """Lock a feature that stands as its writer saw it."""
    query = sql.SQL(
        "SELECT (extract(epoch FROM lower(recorded)) * 1000000)::bigint FROM {} k WHERE feature_id = %s AND closed_at IS NULL"
        " AND EXISTS (SELECT FROM {} v WHERE v.feature_id = k.feature_id) FOR UPDATE OF k"
    ).format(sql.Identifier(kind.table), sql.Identifier(f"{kind.name}_view"))
    row = await (await connection.execute(query, [feature_id])).fetchone()
    if row is None:
        raise NotFound(f"{kind.label}没有标识为 {feature_id} 的要素")
    if writer.versions is not None and row[0] not in writer.versions:
        raise Outdated("要素已被别人修改；请重新读取再改")
    await _inside(connection, kind, feature_id, writer.scope)


async def change(connection: AsyncConnection, kind: Kind, feature_id: UUID, values: Mapping[str, Any], writer: Writer) -> None:
    """Write columns of a feature; parameters as of `create`.

    Raises
    ------
    NotFound
        There is none, or none in the scope.
    Outdated
        It is not as the writer saw it.
    Invalid, Conflict, Forbidden
        As of `create`.
    """
    await _hold(connection, kind, feature_id, writer)
    places = {name: _place(value) for name, value in values.items()}
    if places:
        listed = sql.SQL(", ").join(sql.SQL("{} = {}").format(sql.Identifier(name), place) for name, (place, _) in places.items())
        statement = sql.SQL("UPDATE {} SET {} WHERE feature_id = %s RETURNING feature_id").format(sql.Identifier(kind.table), listed)
        await _write(connection, statement, [*(value for _, value in places.values()), feature_id])
    await _inside(connection, kind, feature_id, writer.scope)


async def close(connection: AsyncConnection, kind: Kind, feature_id: UUID, writer: Writer) -> None:
    """Close a feature: it is gone from every view, and stays in the history; errors as of `change`."""
    if kind.name == "enterprise":
        raise Conflict("企业不能在这里删除：它的要素还在")
    await _hold(connection, kind, feature_id, writer)
    statement = sql.SQL("UPDATE {} SET closed_at = clock_timestamp() WHERE feature_id = %s").format(sql.Identifier(kind.table))
    await connection.execute(statement, [feature_id])
