"""`quanjing drawing import` killed in the middle: nothing half-written, nobody goes on, the next run ends like an unbroken one."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import psycopg
import pytest
from city import DRAWING, ENTERPRISE, City, found_city

from gis.store.cluster import Urls

SESSIONS = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
WAITING = f"{SESSIONS} AND wait_event_type = 'Lock'"
STANDS = (
    "SELECT feature_id, kind, code, name, geom::text FROM feature_view ORDER BY 1",
    "SELECT feature_id, handle, handles, label_handle, layer FROM feature_sources ORDER BY 1",
    "SELECT layer, op, feature_id, count(*) FROM change_log GROUP BY 1, 2, 3 ORDER BY 1, 2, 3",
)
VERSIONS = "SELECT version, state, counts FROM drawings ORDER BY 1"


def stands(city: City) -> list[list[tuple[object, ...]]]:
    return [city.rows(query) for query in STANDS]


@contextmanager
def importing(city: City, folder: Path) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", "from api.cli import main; main()", "drawing", "import", str(DRAWING)]
    environ = {**os.environ, "DATABASE_URL": city.url, "QUANJING_DATA_DIR": str(folder)}
    with subprocess.Popen(
        [*command, "--enterprise", ENTERPRISE["source_code"]], env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        yield process


def until(happened: Callable[[], bool], process: subprocess.Popen[str] | None = None) -> None:
    while not happened():
        assert process is None or process.poll() is None
        time.sleep(0.005)


def reader(process: subprocess.Popen[str]) -> int | None:
    """Return the child that reads the drawing, while there is one."""
    with contextlib.suppress(FileNotFoundError):
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text(encoding="ascii").split()
        return int(children[0]) if children else None
    return None


def alive(pid: int) -> bool:
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        return "State:\tZ" not in Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return False


def test_the_next_run_after_a_kill_ends_like_an_unbroken_one(
    database: Urls, databases: Callable[[], AbstractContextManager[Urls]], tmp_path: Path
) -> None:
    city = found_city(database.owner, drawing=None)
    before = stands(city)

    def kill(process: subprocess.Popen[str], *pids: int) -> None:
        """Kill the command, after some of its children, and wait until nobody is left."""
        child = reader(process)
        for pid in (*pids, process.pid):
            os.kill(pid, signal.SIGKILL)
        process.wait()
        until(lambda: child is None or not alive(child))
        until(lambda: city.rows(SESSIONS) == [(0,)])
        assert stands(city) == before
        assert city.rows(VERSIONS) == []

    with importing(city, tmp_path) as process:
        until(lambda: city.rows(SESSIONS) != [(0,)], process)
        kill(process)
    with importing(city, tmp_path) as process:
        until(lambda: reader(process) is not None, process)
        kill(process)
    with importing(city, tmp_path) as process:
        until(lambda: reader(process) is not None, process)
        kill(process, reader(process) or 0)
    with psycopg.connect(city.url) as holder:
        # What is written last has to wait; all else is written by then.
        holder.execute("LOCK TABLE drawings IN EXCLUSIVE MODE")
        with importing(city, tmp_path) as process:
            until(lambda: city.rows(WAITING) == [(1,)], process)
            os.kill(process.pid, signal.SIGKILL)
    until(lambda: city.rows(SESSIONS) == [(0,)])
    assert stands(city) == before
    with importing(city, tmp_path) as process:
        output, _ = process.communicate()
    assert process.returncode == 0, output
    with databases() as other:
        unbroken = found_city(other.owner)
        assert stands(city) == stands(unbroken)
        assert city.rows(VERSIONS) == unbroken.rows(VERSIONS)


def test_a_reader_that_is_killed_is_a_fault_that_publishes_nothing(database: Urls, tmp_path: Path) -> None:
    city = found_city(database.owner, drawing=None)
    before = stands(city)
    with importing(city, tmp_path) as process:
        until(lambda: reader(process) is not None, process)
        os.kill(reader(process) or 0, signal.SIGKILL)
        output, _ = process.communicate()
    assert process.returncode == 1, output
    assert "E101" in output
    assert stands(city) == before
    assert [row[1] for row in city.rows(VERSIONS)] == ["draft"]
    assert city.publish(DRAWING).published


def test_what_is_too_large_is_neither_read_nor_kept(database: Urls, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    city = found_city(database.owner, drawing=None)
    bomb = tmp_path / DRAWING.name
    with bomb.open("wb") as file:
        file.truncate(500_000_000)

    def read(path: Path) -> bytes:
        raise AssertionError(path)

    monkeypatch.setattr(Path, "read_bytes", read)
    outcome = city.publish(bomb)
    assert (outcome.published, [issue.code for issue in outcome.issues]) == (False, ["E101"])
    assert city.rows(VERSIONS) == []
