"""Register enterprises that people bring, in the job worker: all of one registration or none."""

import asyncio
from functools import partial
from uuid import UUID

from api.bench import Stopped, ending, work_through
from api.drafting import Connect
from gis.store import registrations
from gis.store.connect import Actor, writing_plainly
from gis.store.registrations import Registration


def register(url: str, at: Registration) -> None:
    """Write the enterprises of a registration, and note that, in one transaction."""
    with writing_plainly(url, Actor(at.author, at.reason, "register", at.scope)) as connection:
        if not registrations.close(connection, at.registration_id, registrations.put(connection, at.rows)):
            raise Stopped


async def work_on(connect: Connect, url: str, registration_id: UUID) -> None:
    """Do what a registration asks for; nothing where it was done."""
    async with (
        await connect() as connection,
        ending(f"registration {registration_id}", lambda failure: registrations.fail(connection, registration_id, failure)),
    ):
        at = await registrations.registration(connection, registration_id)
        if at.state == "waiting":
            await asyncio.to_thread(register, url, at)


async def work(connect: Connect, url: str, stop: asyncio.Event) -> None:
    """Register what is brought until `stop` is set, one after the other.

    Parameters
    ----------
    connect : callable
        Opens a connection of the owner in autocommit mode.
    url : str
        The same, for the transaction that registers.
    stop : asyncio.Event
    """
    await work_through(connect, stop, registrations.ENTRYPOINT, partial(work_on, connect, url), registrations.sweep, registrations.requeue)
