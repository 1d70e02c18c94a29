"""`quanjing serve`: one process that owns the data folder and keeps PostgreSQL, the API and the job worker running.

It holds the folder's lock and the listening socket, so that a restarted API process never loses the port. Killed with SIGKILL it
leaves no child but PostgreSQL, which the next one adopts. On SIGTERM, SIGINT and SIGHUP it stops the API, then the worker, then a
private PostgreSQL.
"""

import errno
import logging
import os
import select
import signal
import socket
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import fields
from types import FrameType

from api import children, log
from api.children import GRACE_S, Child, Program
from gis.errors import QuanjingError, SettingsError
from gis.settings import Settings
from gis.store import cluster, folder, schema

logger = logging.getLogger(__name__)

HEALTH = "/api/health"
TICK_S = 1.0
"""How often PostgreSQL is looked at; a child's death wakes the supervisor at once."""
FIRST_DEATHS = 3
"""API deaths before it has ever answered, after which the supervisor gives up: what fails like that needs a person."""
BACKLOG = 512


class _Stop(BaseException):
    """A signal asked us to stop while we were starting."""


class Signals:
    """Signals as a flag and a file descriptor that wakes `select`; before `calm` they interrupt, after it they only set the flag."""

    def __init__(self) -> None:
        self.stopping = False
        self.calm = False
        self.wake, self._write = socket.socketpair()
        self.wake.setblocking(False)
        self._write.setblocking(False)

    def _caught(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002 - the shape that `signal` wants
        if number == signal.SIGCHLD:
            return
        self.stopping = True
        if not self.calm:
            raise _Stop

    @contextmanager
    def caught(self) -> Iterator["Signals"]:
        """Catch them while the block runs."""
        numbers = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD)
        before = {number: signal.signal(number, self._caught) for number in numbers}
        wakeup = signal.set_wakeup_fd(self._write.fileno(), warn_on_full_buffer=False)
        try:
            yield self
        finally:
            signal.set_wakeup_fd(wakeup)
            for number, handler in before.items():
                signal.signal(number, handler)
            self.wake.close()
            self._write.close()

    def wait(self, seconds: float) -> None:
        """Sleep until a signal comes or the time is over."""
        if select.select([self.wake], [], [], seconds)[0]:
            self.wake.recv(4096)


def listen(host: str, port: int, setting: str = "QUANJING_PORT") -> socket.socket:
    """Return a listening socket that all processes of a kind share; port 0 takes a free one.

    Raises
    ------
    SettingsError
        The port is taken, or the address is not this machine's.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        _bind(listener, (host, port))
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        raise SettingsError(f"can't listen on {host}:{port}: {error.strerror}. End what uses it, or set {setting}") from error
    return listener


def _bind(listener: socket.socket, where: tuple[str, int]) -> None:
    # The children of a supervisor that was killed a moment ago may still be on their way out.
    for _ in range(20):
        try:
            return listener.bind(where)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
            time.sleep(0.1)
    return listener.bind(where)


def address(listener: socket.socket) -> str:
    """Return the address a browser on this machine opens."""
    host, port = listener.getsockname()[:2]
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - a comparison
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def programs(settings: Settings, listener: socket.socket) -> list[Program]:
    """Return what the supervisor runs, in the order of stopping."""
    family = _core(settings, listener)
    return family if settings.feed_port is None else [*family, *_feeds(_feed_socket(settings))]


def with_city(settings: Settings, listener: socket.socket) -> list[Program]:
    """Return what the supervisor runs, the demo city among it; open pages see it arrive, and its data loggers speak over TCP."""
    descriptor, port = _feed_socket(settings)
    city = Program("city", [sys.executable, "-m", "api.city", str(port)], 1, 5.0)
    return [*_core(settings, listener), city, *_feeds((descriptor, port))]


def _core(settings: Settings, listener: socket.socket) -> list[Program]:
    descriptor = listener.fileno()
    return [
        Program("api", [sys.executable, "-m", "api.process", str(descriptor)], settings.workers, GRACE_S + 5.0, [descriptor]),
        Program("worker", [sys.executable, "-m", "api.worker"], 1, 20.0),
    ]


def _feed_socket(settings: Settings) -> tuple[int, int]:
    """Open the port for data loggers, for as long as we live, so that no restart loses it; returns descriptor and port."""
    opened = listen(settings.feed_host, settings.feed_port or 0, "QUANJING_FEED_PORT")
    port: int = opened.getsockname()[1]
    return opened.detach(), port


def _feeds(opened: tuple[int, int]) -> list[Program]:
    """Return what takes packets of data loggers, what makes readings of them, and what judges those; the latter may end at any moment."""
    descriptor, _ = opened
    return [
        Program("feed", [sys.executable, "-m", "api.feed", "listen", str(descriptor)], 1, 10.0, [descriptor]),
        Program("readings", [sys.executable, "-m", "api.feed", "follow"], 1, 5.0),
        Program("alarms", [sys.executable, "-m", "api.feed", "judge"], 1, 5.0),
    ]


def environment(settings: Settings) -> dict[str, str]:
    """Return our environment with these settings in it, so that a child builds the same ones."""
    environ = dict(os.environ)
    for name in (each.name for each in fields(settings)):
        variable = "DATABASE_URL" if name == "database_url" else f"QUANJING_{name.upper()}"
        environ.pop(variable, None)
        if (value := getattr(settings, name)) is not None:
            environ[variable] = str(value)
    return environ


def prepare(settings: Settings, demo: bool) -> None:
    """Bring the database to this version, and load the demo city where it is wanted and not there."""
    schema.bring_up(cluster.urls(settings).owner)
    if demo:
        from api.demo import load  # noqa: PLC0415 - heavy, and for the demo alone

        load(settings)


def serve(
    settings: Settings,
    *,
    demo: bool = False,
    run: Callable[[Settings, socket.socket], Sequence[Program]] = programs,
    ready: Callable[[Settings, bool], None] = prepare,
) -> None:
    """Run everything until a signal says stop.

    Parameters
    ----------
    settings : Settings
    demo : bool
        Load the demo city before serving, where it is not loaded yet.
    run : callable
        What to run on the listening socket.
    ready : callable
        What to do with the database before that.

    Raises
    ------
    DataFolderBusy
        Another supervisor holds the data folder.
    SettingsError
        The port is taken.
    QuanjingError
        The database would not start, or the API died again and again before it ever answered.
    """
    folder.prepare(settings.data_dir)
    with Signals().caught() as signals, folder.hold(settings.data_dir), listen(settings.host, settings.port) as listener:
        log.rotate(settings.data_dir)
        log.configure(settings.data_dir, "serve")
        family: list[Child] = []
        try:
            cluster.ensure_running(settings)
            ready(settings, demo)
            signals.calm = True
            family += children.places(run(settings, listener))
            _watch(settings, family, signals, address(listener))
        except _Stop:
            logger.info("stopped while starting")
        finally:
            signals.calm = True
            children.stop(family)
            if cluster.stop(settings):
                logger.info("PostgreSQL stopped")


def _watch(settings: Settings, family: Sequence[Child], signals: Signals, url: str) -> None:
    """Keep everything alive until a signal comes."""
    environ = environment(settings)
    answered, failures, retry = False, 0, 0.0
    while not signals.stopping:
        if not cluster.alive(settings) and retry <= time.monotonic():
            failures, retry = _revive(settings, failures)
        children.tend(family, environ)
        if not answered:
            answered = _answers(url)
            if answered:
                logger.info("serving %s/", url)
                sys.stdout.write(f"全景 quanjing: {url}/\n")
                sys.stdout.flush()
            elif max(child.deaths for child in family if child.program is family[0].program) >= FIRST_DEATHS:
                raise QuanjingError(f"the API process ends right after its start; the reason is in {log.path(settings.data_dir)}")
        log.rotate(settings.data_dir)
        signals.wait(TICK_S if answered else 0.1)


def _revive(settings: Settings, failures: int) -> tuple[int, float]:
    """Start PostgreSQL again; return the count of failures in a row and when to try next."""
    logger.error("PostgreSQL is gone; it is started again")
    try:
        cluster.ensure_running(settings)
    except QuanjingError as error:
        pause = children.pause_s(failures + 1)
        logger.error("%s; next try in %.1f s", error, pause)
        return failures + 1, time.monotonic() + pause
    logger.info("PostgreSQL runs again")
    return 0, 0.0


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url + HEALTH, timeout=0.5) as answer:  # noqa: S310 - our own address
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False
