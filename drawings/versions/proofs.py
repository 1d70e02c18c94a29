"""The sheet of a drawing that waits for its review, drawn while storing it is tried out."""

import logging
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from psycopg import Connection

from drawings.process.layout import Solve
from drawings.sheets.canvas import printed
from drawings.sheets.composing import compose
from gis.errors import QuanjingError
from gis.models.sheet import Issue, Kind
from gis.store.asking import asked
from gis.store.plans import Handed, Proof
from gis.store.sheets import facts

log = logging.getLogger(__name__)


def proof_of(enterprise_id: UUID, kind: Kind, file_name: str, handed: Handed, base_url: str, *, solve: Solve) -> Proof:
    """Return what draws the sheet of a version as it would be (`gis.store.plans.Handed.proof`).

    A sheet that can't be drawn keeps nobody from handing a drawing in: it is left out, and the log says why.
    """

    def draw(connection: Connection[Any], number: int) -> Mapping[str, bytes]:
        try:
            told = asked(connection, facts(enterprise_id))
            ((account,),) = connection.execute("SELECT quanjing_author()").fetchall()
            issue = Issue(number, handed.drawn_by or account, datetime.now(UTC), file_name, resurvey_on=handed.resurvey_on, draft=True)
            sheet = compose(replace(told, issued=told.issued | {kind: issue}), kind, "light", base_url, solve)
            return {"pdf": printed(sheet, "pdf"), "svg": printed(sheet, "svg")}
        except QuanjingError as error:
            log.warning("no proof of %s of %s: %s", kind, enterprise_id, error)
            return {}

    return draw
