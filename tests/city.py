"""A stored enterprise for tests: the example, through the front door."""

import json
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import psycopg
from sqlalchemy import Engine

from drawings.publish import publish_drawing
from gis.store.connect import Actor, engine, writing
from gis.store.enterprises import store_enterprise
from gis.store.plans import Outcome

EXAMPLES = Path(__file__).parents[1] / "data" / "examples"
DRAWING = next(EXAMPLES.glob("*_A_v01.dxf"))
ENTERPRISE = json.loads(EXAMPLES.joinpath("enterprise.json").read_text(encoding="utf-8"))
DRAFTER = Actor("drafter", "导入图纸", "drawing")


@dataclass(frozen=True, slots=True)
class City:
    """The example in a database."""

    url: str
    engine: Engine
    enterprise_id: UUID

    def rows(self, query: str, *parameters: object) -> list[tuple[object, ...]]:
        """Run SQL as a psql user would, and commit."""
        with psycopg.connect(self.url) as connection:
            cursor = connection.execute(query, parameters)
            return cursor.fetchall() if cursor.description else []

    def feature_id(self, code: str) -> UUID:
        """Return the id of an open feature of the example."""
        ((found,),) = self.rows("SELECT feature_id FROM feature_view WHERE code = %s AND kind <> 'enterprise'", code)
        assert isinstance(found, UUID)
        return found

    def publish(self, path: Path) -> Outcome:
        """Import a drawing of the example's enterprise."""
        with writing(self.engine, DRAFTER) as connection:
            return publish_drawing(connection, path, ENTERPRISE["source_code"])[1]


def found_city(url: str, *, drawing: Path | None = DRAWING) -> City:
    """Register the example's enterprise and import its drawing."""
    database = engine(url)
    with writing(database, DRAFTER) as connection:
        enterprise_id = store_enterprise(connection, ENTERPRISE)
    city = City(url, database, enterprise_id)
    if drawing is not None:
        assert city.publish(drawing).published
    return city
