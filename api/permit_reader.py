"""Work on copies of permits, in the job worker: read one in a child process, register what a person made of it.

The row of a copy says what is to be done; who puts it aside is heard at once.
"""

import asyncio
import logging
from collections.abc import Mapping
from functools import partial
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection

from api.bench import Bench, Stopped, away, ending, work_through
from api.drafting import Connect, Watch
from drawings.permit.proposal import DOUBTFUL, Proposal
from drawings.permit.reading import read
from gis.store import permit_copies
from gis.store.connect import Actor, engine, writing
from gis.store.locks import holding
from gis.store.permit_copies import PermitCopy
from gis.store.permits import store_permit

log = logging.getLogger(__name__)


def summary_of(proposal: Proposal) -> dict[str, Any]:
    """Return the figures of what was read."""
    return {
        "form": proposal.form,
        "pages": proposal.pages,
        "values": len(proposal.values),
        "doubtful": sum(value.confidence < DOUBTFUL for value in proposal.values),
        "findings": len(proposal.findings),
    }


async def _read(connection: AsyncConnection, watch: Watch, at: PermitCopy) -> None:
    data = await permit_copies.content(connection, at.copy_id)

    def work(bench: Bench) -> Proposal:
        return read(data, at.file_name, progress=bench.progress)

    proposal = await away(
        watch,
        at.copy_id,
        work,
        lambda step, share: permit_copies.note_progress(connection, at.copy_id, step, share),
        lambda: permit_copies.stands(connection, at.copy_id),
    )
    await permit_copies.keep_proposal(connection, at.copy_id, proposal.as_json(), summary_of(proposal))


def _said(checked: Mapping[str, Any], file_name: str) -> str:
    corrected = len(checked["corrected"])
    return f"登记排污许可证：{file_name}（核对：{checked['checked_by']}，改正 {corrected} 处）"


def register(url: str, at: PermitCopy) -> None:
    """Store the permit that a person made of a copy, and note that, in one transaction."""
    if at.checked is None:
        return
    with writing(engine(url), Actor(at.checked["account"], _said(at.checked, at.file_name), "file", at.scope)) as transaction:
        action = store_permit(transaction, at.enterprise_id, at.checked["permit"])
        if not permit_copies.close(transaction, at.copy_id, action):
            raise Stopped


async def work_on(connect: Connect, watch: Watch, url: str, copy_id: UUID) -> None:
    """Do what a copy's row asks for; nothing where it asks for nothing."""
    async with (
        await connect() as connection,
        holding(connection, f"permit-copy/{copy_id}"),
        ending(f"permit copy {copy_id}", lambda failure: permit_copies.fail(connection, copy_id, failure)),
    ):
        at = await permit_copies.permit_copy(connection, copy_id)
        if at.state == "reading":
            await _read(connection, watch, at)
        elif at.state == "registering":
            await asyncio.to_thread(register, url, at)


async def work(connect: Connect, url: str, stop: asyncio.Event) -> None:
    """Work on copies until `stop` is set, one after the other: reading a scan takes a processor and a gigabyte.

    Parameters
    ----------
    connect : callable
        Opens a connection of the owner in autocommit mode.
    url : str
        The same, for the transaction that registers.
    stop : asyncio.Event
    """
    watch = Watch(connect)
    handle = partial(work_on, connect, watch, url)
    await work_through(connect, stop, permit_copies.ENTRYPOINT, handle, permit_copies.sweep, permit_copies.requeue, watch=watch)
