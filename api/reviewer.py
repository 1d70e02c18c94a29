"""Carrying out, in the job worker, what people decide about versions of drawings; the row of a decision says whether it is done."""

import asyncio
import logging
from pathlib import Path
from uuid import UUID

from api.bench import work_through
from api.drafting import Connect
from drawings.process.elk import Elk
from drawings.versions.deciding import decide_on
from gis.errors import QuanjingError
from gis.models.version import DECISIONS
from gis.store import versions
from gis.store.connect import Actor, engine, writing

log = logging.getLogger(__name__)


def carry_out(url: str, pages: Path, act_id: UUID) -> None:
    """Do what a decision says, and note that, or why it came to nothing; one that was carried out already is left."""
    database = engine(url)
    with writing(database, Actor("quanjing", "")) as connection:
        asked = versions.waiting(connection, act_id)
    if asked is None:
        return
    decided = asked.decided
    reason = decided.reason or f"{DECISIONS[decided.act]}（{decided.signed}）"
    failure = None
    try:
        with writing(database, Actor(asked.account, reason, "drafting")) as connection, Elk(pages) as elk:
            decide_on(connection, asked.enterprise_id, asked.drawing_kind, asked.version, decided, solve=elk.lay_out)
            versions.finish(connection, act_id)
        return
    except QuanjingError as error:
        failure = str(error)
    except Exception:
        log.exception("decision %s came to nothing", act_id)
        failure = "出了没有料到的错误，已记入日志"
    with writing(database, Actor("quanjing", "")) as connection:
        versions.finish(connection, act_id, failure)


async def work(connect: Connect, url: str, pages: Path, stop: asyncio.Event) -> None:
    """Carry out decisions until `stop` is set.

    Parameters
    ----------
    connect : callable
        Opens a connection of the owner in autocommit mode.
    url : str
        The same, for the decision's own transaction.
    pages : Path
        Folder of the built pages, which holds ELK.
    stop : asyncio.Event
    """

    async def act(act_id: UUID) -> None:
        await asyncio.to_thread(carry_out, url, pages, act_id)

    await work_through(connect, stop, versions.ENTRYPOINT, act, versions.requeue)
