"""The job worker: `python -m api.worker`."""

import asyncio
import signal

from api import log
from gis.settings import Settings
from tiles.bake import run_worker


def main() -> None:
    """Work through the job queue until SIGTERM; the supervisor alone decides about Ctrl-C."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    settings = Settings()
    log.configure(settings.data_dir, "worker")
    asyncio.run(run_worker(settings))


if __name__ == "__main__":
    main()
