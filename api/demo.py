"""The demo: one invented enterprise, through the same doors as real data, with a few alarms, readings and case links."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson

from drawings.publish import publish_drawing
from gis.errors import NotFound
from gis.settings import Settings
from gis.store.cluster import urls
from gis.store.connect import Actor, Transaction, engine, writing
from gis.store.enterprises import find_enterprise, store_enterprise
from gis.store.schema import bring_up
from gis.store.state import find_feature, link_case, open_alarm, put_readings

EXAMPLES = Path(__file__).parents[1] / "data" / "examples"
ACTOR = Actor("demo", "装入示范数据", "demo")


def load(settings: Settings, folder: Path = EXAMPLES) -> bool:
    """Load the demo where it is not there yet, all or nothing; returns whether it was loaded."""
    url = urls(settings).owner
    bring_up(url)
    record = orjson.loads(folder.joinpath("enterprise.json").read_bytes())
    with writing(engine(url), ACTOR) as connection:
        if _stands(connection, record["source_code"]):
            return False
        enterprise_id = store_enterprise(connection, record)
        for path in sorted(folder.glob("*.dxf")):
            publish_drawing(connection, path)
        _state(connection, enterprise_id, orjson.loads(folder.joinpath("state.json").read_bytes()))
    return True


def _stands(connection: Transaction, code: str) -> bool:
    try:
        find_enterprise(connection, code)
    except NotFound:
        return False
    return True


def _state(connection: Transaction, enterprise_id: UUID, document: Mapping[str, Sequence[Mapping[str, Any]]]) -> None:
    """Write the alarms, readings and case links of a document; its times are hours before now."""
    now = datetime.now(UTC).replace(microsecond=0)

    def feature(row: Mapping[str, Any]) -> UUID:
        return find_feature(connection, enterprise_id, row["kind"], row["code"])

    def ago(hours: float) -> datetime:
        return now - timedelta(hours=hours)

    for row in document["alarms"]:
        values = {name: row[name] for name in ("rule", "level", "message")}
        closed = ago(row["closed_hours_ago"]) if "closed_hours_ago" in row else None
        open_alarm(connection, feature(row), **values, opened=ago(row["hours_ago"]), closed=closed)
    for row in document["readings"]:
        at = {"at": ago(row["hours_ago"]).isoformat()}
        put_readings(connection, feature(row), {factor: reading | at for factor, reading in row["factors"].items()})
    for row in document["cases"]:
        values = {name: row[name] for name in ("case_id", "title", "status")}
        link_case(connection, feature(row), **values, opened_on=date.fromisoformat(row["opened_on"]))
