import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from api import children, log, supervisor
from api.children import Child, Program
from gis.errors import SettingsError
from gis.settings import Settings
from gis.store import cluster, folder, postmaster

# A supervisor over the real PostgreSQL and two small real programs: a server that answers with its pid, and a worker that only waits.
SERVER = """
import http.server, os, socket, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = str(os.getpid()).encode()
        self.send_response(200); self.send_header("Content-Length", str(len(body))); self.end_headers(); self.wfile.write(body)
    def log_message(self, *parts): pass
server = http.server.ThreadingHTTPServer(("", 0), Handler, bind_and_activate=False)
server.socket = socket.socket(fileno=int(sys.argv[1]))
server.serve_forever()
"""
WORKER = "import signal; signal.pause()"
SUPERVISE = """
import sys
from pathlib import Path
from api.children import Program
from api.supervisor import serve
from gis.settings import Settings
data_dir, server, worker, port, count = sys.argv[1:]
def run(settings, listener):
    fd = listener.fileno()
    return [Program("api", [sys.executable, "-c", server, str(fd)], int(count), 5.0, [fd]),
            Program("worker", [sys.executable, "-c", worker], 1, 5.0)]
serve(Settings(data_dir=Path(data_dir), database_url=None, port=int(port)), run=run, ready=lambda settings, demo: None)
"""


class Supervisor:
    """A running supervisor: its process, its address, its log lines."""

    def __init__(self, settings: Settings, server: str = SERVER, port: int = 0, count: int = 1) -> None:
        command = [sys.executable, "-c", SUPERVISE, str(settings.data_dir), server, WORKER, str(port), str(count)]
        self.settings = settings
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.errors: list[str] = []
        self.reader = threading.Thread(target=self._read)
        self.reader.start()

    def _read(self) -> None:
        assert self.process.stderr
        self.errors.extend(iter(self.process.stderr.readline, ""))

    def url(self) -> str:
        assert self.process.stdout
        found = re.search(r"http://\S+/", self.process.stdout.readline())
        assert found, self.errors
        return found[0]

    def children(self) -> dict[str, int]:
        """Label → pid of what runs now, from the log."""
        pids = re.findall(r"(\w+-\d) started as process (\d+)", log.path(self.settings.data_dir).read_text())
        return {label: int(pid) for label, pid in pids}

    def end(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        code = self.process.wait()
        self.reader.join()
        return code

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        self.reader.join()
        for stream in (self.process.stdout, self.process.stderr):
            assert stream
            stream.close()


@pytest.fixture
def supervise(private: Settings) -> Iterator[Callable[..., Supervisor]]:
    with ExitStack() as stack:

        def start(*arguments: object, **options: object) -> Supervisor:
            one = Supervisor(private, *arguments, **options)  # type: ignore[arg-type]
            stack.callback(one.close)
            return one

        yield start


def until(condition: Callable[[], object]) -> None:
    while not condition():
        time.sleep(0.01)


def get(url: str) -> str:
    with urllib.request.urlopen(url, timeout=60) as answer:  # noqa: S310 - our own address
        return str(answer.read().decode())


def exists(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_serves_and_stops_in_order(private: Settings, supervise: Callable[..., Supervisor]) -> None:
    one = supervise()
    assert get(one.url()) == str(one.children()["api-1"])
    assert folder.holder(private.data_dir) == f"process {one.process.pid}"
    assert one.end() == 0
    stopped = [line.split(": ", 1)[1].strip() for line in one.errors if "stopped" in line]
    assert stopped == ["api-1 stopped", "worker-1 stopped", "PostgreSQL stopped"]
    assert log.path(private.data_dir).read_text() == "".join(one.errors)
    assert (cluster.status(private).state, folder.holder(private.data_dir)) == ("stopped", None)


@pytest.mark.parametrize("label", ["api-1", "worker-1"])
def test_a_killed_child_comes_back_and_the_port_stays(supervise: Callable[..., Supervisor], label: str) -> None:
    one = supervise()
    url = one.url()
    before = one.children()[label]
    os.kill(before, signal.SIGKILL)
    # Asked in between, the answer comes when the new process takes the waiting connection.
    assert get(url)
    until(lambda: one.children()[label] != before)
    assert get(url) == str(one.children()["api-1"])
    assert one.end() == 0
    assert any(f"{label} ended by signal SIGKILL" in line for line in one.errors)


def test_a_killed_postgresql_comes_back(private: Settings, supervise: Callable[..., Supervisor]) -> None:
    one = supervise()
    one.url()
    before = cluster.status(private).pid
    os.kill(before or 0, signal.SIGKILL)
    until(lambda: any("PostgreSQL runs again" in line for line in one.errors))
    assert cluster.status(private).pid != before
    assert one.end() == 0


def test_a_killed_supervisor_leaves_the_way_free(private: Settings, supervise: Callable[..., Supervisor]) -> None:
    first = supervise(count=2)
    url = first.url()
    port = int(url.rstrip("/").rpartition(":")[2])
    pids, database = first.children(), cluster.status(private).pid
    assert sorted(pids) == ["api-1", "api-2", "worker-1"]
    first.end(signal.SIGKILL)
    until(lambda: not any(exists(pid) for pid in pids.values()))
    second = supervise(port=port)
    assert second.url() == url
    assert get(url) == str(second.children()["api-1"])
    assert cluster.status(private).pid == database
    assert second.end(signal.SIGINT) == 0
    assert not postmaster.left_behind(cluster.pgdata(private))


def test_a_second_supervisor_is_told_who_holds_the_folder(supervise: Callable[..., Supervisor]) -> None:
    first = supervise()
    url = first.url()
    second = supervise()
    assert second.process.wait() == 1
    second.reader.join()
    assert f"in use by process {first.process.pid}" in second.errors[-1]
    assert get(url)


def test_an_api_that_never_answers_ends_the_attempt(private: Settings, supervise: Callable[..., Supervisor]) -> None:
    one = supervise("raise SystemExit(3)")
    assert one.process.wait() == 1
    one.reader.join()
    assert "ends right after its start" in one.errors[-1]
    assert any("with exit code 3" in line for line in one.errors)
    assert cluster.status(private).state == "stopped"


def test_a_taken_port_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(SettingsError, match=rf"can't listen on 127\.0\.0\.1:{port}: .*QUANJING_PORT"):
            supervisor.listen("127.0.0.1", port)
    with pytest.raises(SettingsError, match="can't listen"):
        supervisor.listen("192.0.2.1", 0)


@pytest.mark.parametrize(("host", "shown"), [("127.0.0.1", "127.0.0.1"), ("0.0.0.0", "127.0.0.1"), ("::1", "[::1]")])  # noqa: S104 - a case
def test_the_address_is_one_to_open(host: str, shown: str) -> None:
    with supervisor.listen(host, 0) as listener:
        assert supervisor.address(listener) == f"http://{shown}:{listener.getsockname()[1]}"


def test_children_build_the_same_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://elsewhere/other")
    monkeypatch.setenv("QUANJING_PORT", "1")
    settings = Settings(data_dir=tmp_path, database_url=None, port=8123, workers=3)
    environ = supervisor.environment(settings)
    assert "DATABASE_URL" not in environ
    for name in ("DATABASE_URL", "QUANJING_PORT"):
        monkeypatch.delenv(name)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    assert Settings() == settings


def test_a_child_that_will_not_stop_is_killed() -> None:
    stubborn = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(flush=True); signal.pause()"
    child = Child(Program("stubborn", [sys.executable, "-c", stubborn], stop_s=0.2), 1)
    children.start(child, dict(os.environ))
    process = child.process
    assert process
    until(lambda: "python" not in Path(f"/proc/{process.pid}/comm").read_text() or _ignores_term(process.pid))
    children.stop([child])
    assert process.returncode == -signal.SIGKILL


def _ignores_term(pid: int) -> bool:
    mask = re.search(r"SigIgn:\s*([0-9a-f]+)", Path(f"/proc/{pid}/status").read_text())
    return bool(mask and int(mask[1], 16) >> (signal.SIGTERM - 1) & 1)


def test_pauses_grow_and_have_an_end() -> None:
    assert [children.pause_s(deaths) for deaths in (1, 2, 3, 4, 50)] == [0.5, 1.0, 2.0, 4.0, 30.0]


def test_a_grown_log_is_set_aside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log, "LIMIT", 10)
    file = log.path(tmp_path)
    file.parent.mkdir()
    file.write_text("short")
    log.rotate(tmp_path)
    assert file.exists()
    file.write_text("longer than ten")
    log.rotate(tmp_path)
    assert (file.exists(), file.with_suffix(".log.1").read_text()) == (False, "longer than ten")
