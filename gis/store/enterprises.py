"""Enterprises in the store: found by code, written from a record."""

from collections.abc import Mapping
from typing import Any, Literal
from uuid import UUID, uuid5

from psycopg import sql

from gis.errors import Invalid, NotFound
from gis.kinds import KINDS
from gis.store.connect import Plain, Transaction, driver_of
from gis.store.identity import NAMESPACE

Action = Literal["insert", "update", "unchanged"]

BY_CREDIT_CODE = "SELECT feature_id, code FROM enterprises WHERE credit_code = %s AND closed_at IS NULL"
BY_SOURCE_CODE = "SELECT feature_id, code FROM enterprises WHERE code = %s AND closed_at IS NULL"
CODE = "SELECT code FROM enterprises WHERE feature_id = %s"
POINT = "SELECT ST_X(geom), ST_Y(geom) FROM enterprises WHERE feature_id = %s"
EVER = "SELECT feature_id FROM enterprises WHERE code = %s ORDER BY closed_at DESC NULLS FIRST LIMIT 1"
INSERT = sql.SQL(
    "INSERT INTO enterprises (feature_id, geom, {names}) "
    "VALUES (%(feature_id)s, ST_SetSRID(ST_MakePoint(%(lon)s, %(lat)s), 4490), {values})"
)
UPDATE = sql.SQL(
    "UPDATE enterprises SET geom = ST_SetSRID(ST_MakePoint(%(lon)s, %(lat)s), 4490), closed_at = NULL, ({names}) = ROW ({values}) "
    "WHERE feature_id = %(feature_id)s"
)


def find_enterprise(connection: "Transaction | Plain", code: str) -> tuple[UUID, str]:
    """Return the id and the 22-character source code of the enterprise with a source code or an 18-character credit code.

    Raises
    ------
    NotFound
        No such enterprise.
    Invalid
        Several enterprises share the credit code (one company, several sites): the source code decides.
    """
    rows = driver_of(connection).execute(BY_CREDIT_CODE if len(code) == 18 else BY_SOURCE_CODE, [code]).fetchall()
    if not rows:
        raise NotFound(f"没有编号为 {code} 的企业；先用 quanjing enterprise import FILE.json 登记")
    if len(rows) > 1:
        raise Invalid("enterprise", f"信用代码 {code} 有 {len(rows)} 个厂址，请改用 22 位排污单位编码")
    return rows[0][0], rows[0][1]


def source_code_of(connection: "Transaction | Plain", enterprise_id: UUID) -> str:
    """Return the 22-character source code of an enterprise."""
    ((code,),) = driver_of(connection).execute(CODE, [enterprise_id]).fetchall()
    return str(code)


def registered_point(connection: "Transaction | Plain", enterprise_id: UUID) -> tuple[float, float]:
    """Return longitude and latitude (degrees, EPSG:4490) of an enterprise's registered point."""
    ((lon, lat),) = driver_of(connection).execute(POINT, [enterprise_id]).fetchall()
    return float(lon), float(lat)


def store_enterprise(connection: "Transaction | Plain", record: Mapping[str, Any]) -> UUID:
    """Insert or update an enterprise as `put_enterprise` does; returns its id."""
    return put_enterprise(connection, record)[1]


def complete(record: Mapping[str, Any]) -> None:
    """Refuse a record that lacks what each enterprise is registered with; raises Invalid."""
    for field in ("source_code", "name", "lon", "lat"):
        if record.get(field) in (None, ""):
            raise Invalid(field, "企业登记表缺少此项")


def put_enterprise(connection: "Transaction | Plain", record: Mapping[str, Any]) -> tuple[Action, UUID]:
    """Insert or update an enterprise by its source code, a closed one is opened again; returns what that did, and its id.

    Parameters
    ----------
    connection : Transaction or Plain
        Inside `gis.store.connect.writing` or `writing_plainly`.
    record : mapping
        `source_code`, `name`, `lon`, `lat` (degrees, EPSG:4490), and any attribute of the kind or `base_1985_m`.

    Raises
    ------
    Invalid
        A field is missing or unknown.
    """
    complete(record)
    known = {attribute.name for attribute in KINDS["enterprise"].attributes} | {"base_1985_m"}
    extra = set(record) - known - {"source_code", "name", "lon", "lat"}
    if extra:
        raise Invalid(min(extra), f"企业登记表没有这一项；可用的有 {'、'.join(sorted(known))}")
    values = {name: record[name] for name in known if name in record}
    values |= {"code": record["source_code"], "name": record["name"]}
    driver = driver_of(connection)
    found = driver.execute(EVER, [record["source_code"]]).fetchone()
    feature_id: UUID = found[0] if found else uuid5(NAMESPACE, f"enterprise/{record['source_code']}")
    names, places = sql.SQL(", ").join(map(sql.Identifier, values)), sql.SQL(", ").join(map(sql.Placeholder, values))
    query = (UPDATE if found else INSERT).format(names=names, values=places)
    bound = {**values, "feature_id": feature_id, "lon": float(record["lon"]), "lat": float(record["lat"])}
    # A write that changes nothing is no version: its trigger lets no row through.
    written = driver.execute(query, bound).rowcount
    return ("insert" if found is None else "update" if written else "unchanged"), feature_id
