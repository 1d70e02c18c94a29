"""A real server for tests: the application on a socket of its own."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import uvicorn

from api.app import create_app
from api.caller import LOCAL, Caller
from api.server import Server
from api.wire import protocol
from gis.settings import Settings


@contextmanager
def serving(database_url: str, data_dir: Path, caller: Caller = LOCAL, patience_s: int = 1, **set_: Any) -> Iterator[str]:
    """Serve a database in a thread; yields the address. At the end open requests have so many seconds."""
    settings = Settings(database_url=database_url, data_dir=data_dir, **set_)
    listener = socket.create_server(("127.0.0.1", 0))
    app = create_app(settings, caller)
    server = Server(uvicorn.Config(app, http=protocol(app), log_config=None, timeout_graceful_shutdown=patience_s), app)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    while not server.started and thread.is_alive():
        time.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
        listener.close()
