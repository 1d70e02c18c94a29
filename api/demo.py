"""The demo: one invented enterprise, through the same doors as real data, with a few alarms, readings and case links."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import orjson
from sqlalchemy import Connection, insert, select, update

from drawings.publish import publish_drawing
from gis.settings import Settings
from gis.store.cluster import urls
from gis.store.connect import Actor, engine, writing
from gis.store.enterprises import store_enterprise
from gis.store.migrate import upgrade
from gis.store.tables import ALARMS, CASE_LINKS, FEATURE_STATE, KIND_TABLES

EXAMPLES = Path(__file__).parents[1] / "data" / "examples"
ACTOR = Actor("demo", "装入示范数据", "demo")


def load(settings: Settings, folder: Path = EXAMPLES) -> bool:
    """Load the demo where it is not there yet, all or nothing; returns whether it was loaded."""
    url = urls(settings).owner
    upgrade(url)
    record = orjson.loads(folder.joinpath("enterprise.json").read_bytes())
    enterprises = KIND_TABLES["enterprise"]
    with writing(engine(url), ACTOR) as connection:
        if connection.execute(select(enterprises.c.feature_id).where(enterprises.c.code == record["source_code"])).first():
            return False
        store_enterprise(connection, record)
        for path in sorted(folder.glob("*.dxf")):
            publish_drawing(connection, path)
        _state(connection, orjson.loads(folder.joinpath("state.json").read_bytes()))
    return True


def _feature(connection: Connection, row: Mapping[str, Any]) -> UUID:
    table = KIND_TABLES[row["kind"]]
    found: UUID = connection.execute(select(table.c.feature_id).where(table.c.code == row["code"])).scalar_one()
    return found


def _state(connection: Connection, document: Mapping[str, Sequence[Mapping[str, Any]]]) -> None:
    """Write the alarms, readings and case links of a document; its times are hours before now."""
    now = datetime.now(UTC).replace(microsecond=0)

    def ago(hours: float | None) -> datetime | None:
        return None if hours is None else now - timedelta(hours=hours)

    for row in document["alarms"]:
        values = {name: row[name] for name in ("rule", "level", "message")}
        times = {"opened": ago(row["hours_ago"]), "closed": ago(row.get("closed_hours_ago"))}
        connection.execute(insert(ALARMS).values(alarm_id=uuid4(), feature_id=_feature(connection, row), **values, **times))
    for row in document["readings"]:
        at = ago(row["hours_ago"])
        readings = {name: reading | {"at": at.isoformat() if at else None} for name, reading in row["factors"].items()}
        state = update(FEATURE_STATE).where(FEATURE_STATE.c.feature_id == _feature(connection, row))
        connection.execute(state.values(readings=readings))
    for row in document["cases"]:
        values = {name: row[name] for name in ("case_id", "title", "status")}
        opened_on = date.fromisoformat(row["opened_on"])
        connection.execute(insert(CASE_LINKS).values(feature_id=_feature(connection, row), opened_on=opened_on, **values))
