"""One API process: `python -m api.process FD`, where FD is the listening socket that the supervisor holds."""

import signal
import socket
import sys
from typing import Any

import uvicorn

from api import log
from api.app import create_app
from api.children import GRACE_S
from api.server import Server
from api.wire import protocol
from gis.settings import Settings


def main(descriptor: int) -> None:
    """Serve until SIGTERM; the supervisor alone decides about Ctrl-C."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    settings = Settings()
    log.configure(settings.data_dir, "api")
    app = create_app(settings)
    options: dict[str, Any] = {"log_config": None, "access_log": False, "server_header": False, "timeout_graceful_shutdown": GRACE_S}
    config = uvicorn.Config(app, http=protocol(app), **options)
    Server(config, app).run(sockets=[socket.socket(fileno=descriptor)])


if __name__ == "__main__":
    main(int(sys.argv[1]))
