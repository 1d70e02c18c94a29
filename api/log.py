"""Log lines of the supervisor and its children: to standard error and to `log/serve.log` of the data folder."""

import logging
import sys
import time
from logging.handlers import WatchedFileHandler
from pathlib import Path
from types import TracebackType

TALKATIVE = ("psycopg.pool", "ezdxf", "alembic.runtime.plugins")
"""They tell of every connection given and taken back, of every header of a drawing, of every part that was loaded."""
LIMIT = 10_000_000
"""Bytes after which the supervisor starts a new file, keeping one old one."""


class Line(logging.Formatter):
    """One line a record: UTC time, level, process name, message; a traceback follows on lines of its own."""

    def __init__(self, role: str) -> None:
        super().__init__(f"%(asctime)s.%(msecs)03dZ %(levelname)s {role}[%(process)d] %(name)s: %(message)s", "%Y-%m-%dT%H:%M:%S")
        self.converter = time.gmtime


def path(data_dir: Path) -> Path:
    """Return the log file of a data folder."""
    return data_dir / "log" / "serve.log"


def rotate(data_dir: Path) -> None:
    """Set the log file aside when it has grown; whoever has it open follows to the new one."""
    file = path(data_dir)
    if file.exists() and file.stat().st_size > LIMIT:
        file.replace(file.with_suffix(".log.1"))


def configure(data_dir: Path, role: str) -> None:
    """Send every record of this process, uncaught exceptions included, to both places."""
    path(data_dir).parent.mkdir(parents=True, exist_ok=True)
    root = logging.getLogger()
    root.setLevel(logging.INFO)
    for name in TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)
    for handler in (logging.StreamHandler(sys.stderr), WatchedFileHandler(path(data_dir), encoding="utf-8")):
        handler.setFormatter(Line(role))
        root.addHandler(handler)
    sys.excepthook = _uncaught


def _uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        return
    logging.getLogger("uncaught").critical("the process ends", exc_info=(kind, error, trace))
