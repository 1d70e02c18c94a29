"""The feeds' own processes: `python -m api.feed listen FD` takes packets of loggers, `… follow` makes readings, `… judge` alarms."""

import asyncio
import signal
import socket
import sys

from api import log
from feeds.following import follow
from feeds.hj212.cipher import keys_of
from feeds.judging import judge
from feeds.listener import Listener
from gis.settings import Settings
from gis.store.cluster import urls


async def _listen(settings: Settings, descriptor: int) -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    await Listener(urls(settings).owner, keys=keys_of(settings.feed_keys)).run(socket.socket(fileno=descriptor), stop)


def main(what: str, *descriptor: str) -> None:
    """Run until SIGTERM; the supervisor alone decides about Ctrl-C."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    settings = Settings()
    log.configure(settings.data_dir, {"listen": "feed", "follow": "readings", "judge": "alarms"}[what])
    match what:
        case "listen":
            asyncio.run(_listen(settings, int(descriptor[0])))
        case "follow":
            follow(urls(settings).owner, keys_of(settings.feed_keys))
        case _:
            judge(urls(settings).owner)


if __name__ == "__main__":
    main(*sys.argv[1:])
