"""The job worker: `python -m api.worker`."""

import asyncio
import signal

from psycopg import AsyncConnection

from api import draftsman, inspector, log, permit_reader, registrar, reviewer, sweeper
from gis.settings import Settings
from gis.store.cluster import urls
from tiles import bake


async def work(settings: Settings) -> None:
    """Bake what changes, keep the problem lists, read and register what people bring, do what they decide, until SIGTERM."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    url = urls(settings).owner

    async def connect() -> AsyncConnection:
        return await AsyncConnection.connect(url, autocommit=True)

    async with asyncio.TaskGroup() as group:
        group.create_task(bake.work(connect, bake.bakery(settings), stop))
        group.create_task(
            draftsman.work(connect, draftsman.Place(url, settings.public_url, settings.web_dir, settings.dwg_converter), stop)
        )
        group.create_task(permit_reader.work(connect, url, stop))
        group.create_task(registrar.work(connect, url, stop))
        group.create_task(reviewer.work(connect, url, settings.web_dir, stop))
        group.create_task(inspector.work(connect, url, stop))
        group.create_task(sweeper.work(connect, settings.changes_days, stop))


def main() -> None:
    """Work through the job queue until SIGTERM; the supervisor alone decides about Ctrl-C."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    settings = Settings()
    log.configure(settings.data_dir, "worker")
    asyncio.run(work(settings))


if __name__ == "__main__":
    main()
