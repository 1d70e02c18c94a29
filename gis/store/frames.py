"""A kind of feature as a table with shapes (GeoPandas), as every other program takes layers: feature, alarms, readings, case links."""

from collections.abc import Sequence
from uuid import UUID

import geopandas
import orjson
import pandas
import shapely
from psycopg import sql

from gis.kinds import KINDS, Kind
from gis.store.asking import Reading, Row, asked
from gis.store.connect import Transaction

CRS = "EPSG:4490"
HEIGHTS = ("base_1985_m", "height_m", "z_min_m", "z_max_m")
STATE = ("alarm_level", "open_alarms", "case_count")
ROWS = sql.SQL(
    "SELECT v.feature_id::text AS feature_id, e.code AS enterprise, {columns}, v.readings, v.case_ids, ST_AsBinary(v.geom) AS geom "
    "FROM {view} v LEFT JOIN enterprises e ON e.feature_id = v.enterprise_id "
    "WHERE (%(enterprise)s::uuid IS NULL OR v.enterprise_id = %(enterprise)s OR v.feature_id = %(enterprise)s) "
    "AND (%(features)s::uuid[] IS NULL OR v.feature_id = ANY (%(features)s)) "
    "ORDER BY e.code, v.code, v.name, v.feature_id"
)
DTYPES = {"text": "string", "enum": "string", "date": "string", "integer": "Int64", "number": "Float64", "boolean": "boolean"}
"""Types that know missing values: attribute type → pandas dtype."""


def _dtypes(kind: Kind) -> dict[str, str]:
    return (
        {"feature_id": "string", "enterprise": "string", "code": "string", "name": "string"}
        | {attribute.name: DTYPES[attribute.type] for attribute in kind.attributes}
        | dict.fromkeys(HEIGHTS, "Float64")
        | dict.fromkeys(STATE, "Int64")
        | {"case_ids": "string", "readings": "string"}
    )


def _frame(kind: Kind, rows: Sequence[Row]) -> geopandas.GeoDataFrame:
    names = ["feature_id", "enterprise", "code", "name", *(attribute.name for attribute in kind.attributes), *HEIGHTS, *STATE]
    table = pandas.DataFrame([[row[name] for name in names] for row in rows], columns=names)
    table["case_ids"] = ["、".join(row["case_ids"]) for row in rows]
    table["readings"] = [orjson.dumps(row["readings"]).decode() if row["readings"] else None for row in rows]
    for name, dtype in _dtypes(kind).items():
        column = table[name]
        table[name] = column.map(str, na_action="ignore").astype("string") if dtype == "string" else column.astype(dtype)
    shapes = shapely.from_wkb([bytes(row["geom"]) for row in rows])
    return geopandas.GeoDataFrame(table, geometry=list(shapes), crs=CRS)


def frame_of(kind: Kind, enterprise_id: UUID | None = None, features: Sequence[UUID] | None = None) -> Reading[geopandas.GeoDataFrame]:
    """Read the open features of a kind in the caller's scope, EPSG:4490 longitude first.

    Columns are `feature_id`, `enterprise` (22-character source code), `code`, `name`, the kind's attributes, heights, `alarm_level`,
    `open_alarms`, `case_count`, `case_ids` and `readings` (JSON).

    Parameters
    ----------
    kind : Kind
        One that is drawn on a map.
    enterprise_id : UUID, optional
        Of one enterprise alone.
    features : sequence of UUID, optional
        These alone.
    """
    names = ["code", "name", *(attribute.name for attribute in kind.attributes), *HEIGHTS, *STATE]
    columns = sql.SQL(", ").join(sql.SQL("v.{}").format(sql.Identifier(name)) for name in names)
    query = ROWS.format(columns=columns, view=sql.Identifier(f"{kind.name}_view"))
    return _frame(kind, (yield query, {"enterprise": enterprise_id, "features": None if features is None else list(features)}))


def frame(connection: Transaction, kind: Kind, enterprise_id: UUID | None = None) -> geopandas.GeoDataFrame:
    """Return what `frame_of` reads, inside `gis.store.connect.looking`."""
    return asked(connection, frame_of(kind, enterprise_id))


def frames(
    connection: Transaction, kinds: Sequence[Kind] | None = None, enterprise_id: UUID | None = None
) -> dict[str, geopandas.GeoDataFrame]:
    """Return the frame of each kind of which there are features, by the kind's name."""
    mapped = [kind for kind in (kinds or list(KINDS.values())) if not kind.schematic]
    found = {kind.name: frame(connection, kind, enterprise_id) for kind in mapped}
    return {name: rows for name, rows in found.items() if len(rows)}
