"""The tables that Python writes to, as SQLAlchemy sees them; a test compares them with the database."""

from typing import Any

from geoalchemy2 import Geometry
from sqlalchemy import Boolean, Column, Date, DateTime, Double, Integer, MetaData, SmallInteger, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import DATERANGE, JSONB
from sqlalchemy.types import TypeEngine

from gis.kinds import KINDS, Kind

METADATA = MetaData()

TYPES: dict[str, type[TypeEngine[Any]]] = {
    "text": Text,
    "integer": Integer,
    "number": Double,
    "boolean": Boolean,
    "date": Date,
    "enum": Text,
}


def _kind_table(kind: Kind) -> Table:
    return Table(
        kind.table,
        METADATA,
        Column("feature_id", Uuid, primary_key=True),
        *([] if kind.name == "enterprise" else [Column("enterprise_id", Uuid)]),
        Column("code", Text),
        Column("name", Text),
        Column("geom", Geometry(kind.geometry.upper(), 4490, dimension=3 if kind.geometry == "PolygonZ" else 2, spatial_index=False)),
        Column("shape", JSONB(none_as_null=True)),
        Column("base_1985_m", Double),
        Column("height_m", Double),
        Column("z_min_m", Double),
        Column("z_max_m", Double),
        Column("valid", DATERANGE),
        Column("closed_at", DateTime(timezone=True)),
        *(Column(attribute.name, TYPES[attribute.type]) for attribute in kind.attributes),
    )


KIND_TABLES: dict[str, Table] = {name: _kind_table(kind) for name, kind in KINDS.items()}

ALARMS = Table(
    "alarms",
    METADATA,
    Column("alarm_id", Uuid, primary_key=True),
    Column("feature_id", Uuid),
    Column("rule", Text),
    Column("level", SmallInteger),
    Column("message", Text),
    Column("opened", DateTime(timezone=True)),
    Column("closed", DateTime(timezone=True)),
)
CASE_LINKS = Table(
    "case_links",
    METADATA,
    Column("case_id", Text, primary_key=True),
    Column("feature_id", Uuid, primary_key=True),
    Column("title", Text),
    Column("opened_on", Date),
    Column("status", Text),
)
FEATURE_STATE = Table("feature_state", METADATA, Column("feature_id", Uuid, primary_key=True), Column("readings", JSONB))
