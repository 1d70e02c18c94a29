"""Enterprises in the store: found by code, written from a record."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID, uuid5

from geoalchemy2.shape import from_shape
from shapely.geometry import Point
from sqlalchemy import Connection, func, insert, select, update

from gis.errors import Invalid, NotFound
from gis.kinds import KINDS
from gis.store.identity import NAMESPACE
from gis.store.tables import KIND_TABLES

ENTERPRISES = KIND_TABLES["enterprise"]


def find_enterprise(connection: Connection, code: str) -> tuple[UUID, str]:
    """Return the id and the 22-character source code of the enterprise with a source code or an 18-character credit code.

    Raises
    ------
    NotFound
        No such enterprise.
    Invalid
        Several enterprises share the credit code (one company, several sites): the source code decides.
    """
    column = ENTERPRISES.c.credit_code if len(code) == 18 else ENTERPRISES.c.code
    rows = connection.execute(
        select(ENTERPRISES.c.feature_id, ENTERPRISES.c.code).where(column == code, ENTERPRISES.c.closed_at.is_(None))
    ).all()
    if not rows:
        raise NotFound(f"没有编号为 {code} 的企业；先用 quanjing enterprise import FILE.json 登记")
    if len(rows) > 1:
        raise Invalid("enterprise", f"信用代码 {code} 有 {len(rows)} 个厂址，请改用 22 位排污单位编码")
    return rows[0].feature_id, rows[0].code


def registered_point(connection: Connection, enterprise_id: UUID) -> tuple[float, float]:
    """Return longitude and latitude (degrees, EPSG:4490) of an enterprise's registered point."""
    point = func.ST_X(ENTERPRISES.c.geom), func.ST_Y(ENTERPRISES.c.geom)
    lon, lat = connection.execute(select(*point).where(ENTERPRISES.c.feature_id == enterprise_id)).one()
    return float(lon), float(lat)


def store_enterprise(connection: Connection, record: Mapping[str, Any]) -> UUID:
    """Insert or update an enterprise by its source code, a closed one is opened again; returns its id.

    Parameters
    ----------
    connection : Connection
        Inside `gis.store.connect.writing`.
    record : mapping
        `source_code`, `name`, `lon`, `lat` (degrees, EPSG:4490), and any attribute of the kind or `base_1985_m`.

    Raises
    ------
    Invalid
        A field is missing or unknown.
    """
    for field in ("source_code", "name", "lon", "lat"):
        if record.get(field) in (None, ""):
            raise Invalid(field, "企业登记表缺少此项")
    known = {attribute.name for attribute in KINDS["enterprise"].attributes} | {"base_1985_m"}
    extra = set(record) - known - {"source_code", "name", "lon", "lat"}
    if extra:
        raise Invalid(min(extra), f"企业登记表没有这一项；可用的有 {'、'.join(sorted(known))}")
    values = {name: record[name] for name in known if name in record}
    values |= {"code": record["source_code"], "name": record["name"]}
    geom = from_shape(Point(float(record["lon"]), float(record["lat"])), srid=4490)
    found = connection.execute(
        select(ENTERPRISES.c.feature_id)
        .where(ENTERPRISES.c.code == record["source_code"])
        .order_by(ENTERPRISES.c.closed_at.desc().nulls_first())
        .limit(1)
    ).scalar()
    if found is None:
        found = uuid5(NAMESPACE, f"enterprise/{record['source_code']}")
        connection.execute(insert(ENTERPRISES).values(feature_id=found, geom=geom, **values))
    else:
        connection.execute(update(ENTERPRISES).where(ENTERPRISES.c.feature_id == found).values(geom=geom, closed_at=None, **values))
    return found
