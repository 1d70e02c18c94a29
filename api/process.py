"""One API process: `python -m api.process FD`, where FD is the listening socket that the supervisor holds."""

import signal
import socket
import sys

import uvicorn

from api import log
from api.app import create_app
from api.children import GRACE_S
from gis.settings import Settings


def main(descriptor: int) -> None:
    """Serve until SIGTERM; the supervisor alone decides about Ctrl-C."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    settings = Settings()
    log.configure(settings.data_dir, "api")
    config = uvicorn.Config(create_app(settings), log_config=None, access_log=False, server_header=False, timeout_graceful_shutdown=GRACE_S)
    uvicorn.Server(config).run(sockets=[socket.socket(fileno=descriptor)])


if __name__ == "__main__":
    main(int(sys.argv[1]))
