"""Other people's map servers over the same tables, each in an environment of its own under `bench/.peers`."""

import http.client
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import psycopg
from figures import tree_s

TIPG, PYGEOAPI, NGINX = "tipg 1.6.1", "pygeoapi 0.21.0", "nginx, files"
REQUIREMENTS = {
    TIPG: ("tipg==1.6.1", "uvicorn[standard]"),
    PYGEOAPI: ("pygeoapi==0.21.0", "gunicorn", "psycopg2-binary", "SQLAlchemy<2.1", "GeoAlchemy2"),
}
FOLDER = Path(__file__).parent / ".peers"
ROUNDS, LEAST_S = 3, 1.5
PYGEOAPI_CONFIG = """
server:
  bind: {{host: 127.0.0.1, port: {port}}}
  url: http://127.0.0.1:{port}
  mimetype: application/json; charset=UTF-8
  encoding: utf-8
  languages: [en-US]
  limits: {{default_items: 10, max_items: 10000}}
  map: {{url: "https://tile.invalid/{{z}}/{{x}}/{{y}}.png", attribution: none}}
logging: {{level: ERROR}}
metadata:
  identification: {{title: bench, description: bench, keywords: [bench], terms_of_service: none, url: "https://example.org"}}
  license: {{name: none, url: "https://example.org"}}
  provider: {{name: bench, url: "https://example.org"}}
  contact: {{name: bench, address: none, city: none, stateorprovince: none, postalcode: "0", country: none, email: bench@example.org}}
resources:
  points:
    type: collection
    title: points
    description: points
    keywords: [points]
    links: []
    extents: {{spatial: {{bbox: [106, 30, 109, 33], crs: "http://www.opengis.net/def/crs/OGC/1.3/CRS84"}}}}
    providers:
      - type: feature
        name: PostgreSQL
        data: {data}
        id_field: feature_id
        table: points
        geom_field: geom
"""
"""One collection, as its manual has it (docs.pygeoapi.io, Publishing data: OGC API - Features, PostgreSQL)."""


class Client:
    """One connection that stays open."""

    def __init__(self, port: int) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", port)

    def get(self, path: str, headers: dict[str, str] | None = None) -> tuple[int, bytes, str]:
        """Return status, body, ETag."""
        self.connection.request("GET", path, headers={"Accept": "application/geo+json", "Accept-Encoding": "identity"} | (headers or {}))
        answer = self.connection.getresponse()
        return answer.status, answer.read(), answer.headers.get("ETag", "")


def cpu_ms(ask: Callable[[int], object], spent: Callable[[], float]) -> float:
    """Return CPU milliseconds a request: the best of some rounds, each long enough for the clock's ticks."""
    for number in range(20):
        ask(number)
    best = float("inf")
    for _ in range(ROUNDS):
        begin, count = spent(), 0
        until = time.perf_counter() + LEAST_S
        while time.perf_counter() < until or spent() - begin < 0.3:
            ask(count)
            count += 1
        best = min(best, (spent() - begin) / count * 1000)
    return best


def cost(port: int, pid: int, postmaster: int, paths: Sequence[str], headers: dict[str, str] | None = None) -> float:
    """Return CPU milliseconds of a server and of PostgreSQL together, a request of some paths in turn over one connection."""
    client = Client(port)
    return cpu_ms(lambda number: client.get(paths[number % len(paths)], headers), lambda: tree_s(pid) + tree_s(postmaster))


@contextmanager
def server(command: Sequence[str], environ: dict[str, str], *, descriptor: bool, probe: str = "/conformance") -> Iterator[tuple[int, int]]:
    """Run a server on a socket of ours, or on a port of its choosing; yields port and process, when it answers.

    Parameters
    ----------
    command : sequence of str
        Its last argument is added: the number of the socket, or the port, in place of `{}` where it has one.
    environ : dict
    descriptor : bool
        Whether it takes a socket.
    probe : str
        A path that it answers.
    """
    with socket.create_server(("127.0.0.1", 0), backlog=1024) as listener:
        port, number = listener.getsockname()[1], listener.fileno()
        if not descriptor:
            listener.close()
        last = str(number if descriptor else port)
        whole = [part.format(last) for part in command] if any("{}" in part for part in command) else [*command, last]
        process = subprocess.Popen(
            whole, env=environ, pass_fds=[number] if descriptor else [], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            _answers(port, probe, process)
            yield port, process.pid
        finally:
            process.terminate()
            process.wait(timeout=30)


def _answers(port: int, probe: str, process: "subprocess.Popen[bytes]") -> None:
    until = time.perf_counter() + 120
    while time.perf_counter() < until and process.poll() is None:
        try:
            Client(port).get(probe)
        except OSError:
            time.sleep(0.2)
        else:
            return
    raise TimeoutError(f"the server does not answer: {process.args!r}")


def install(peer: str) -> Path | None:
    """Return the folder of a peer's programs, installed where they are missing; None where they can't be had."""
    programs = FOLDER / peer.partition(" ")[0] / "bin"
    if not (programs / "uvicorn").exists() and not (programs / "gunicorn").exists():
        subprocess.run([sys.executable, "-m", "venv", programs.parent], check=True)
        done = subprocess.run(
            [programs / "python", "-m", "pip", "install", "-q", *REQUIREMENTS[peer]], check=False, stderr=subprocess.DEVNULL
        )
        if done.returncode:
            return None
    return programs


@contextmanager
def tipg(owner: str) -> Iterator[tuple[int, int] | None]:
    """Run tipg on the tables of the schema `peer`; yields port and process, None where it can't be had."""
    programs = install(TIPG)
    if programs is None:
        yield None
        return
    parts = psycopg.conninfo.conninfo_to_dict(owner)
    # asyncpg takes the folder of the socket as a host, escaped.
    folder = quote(str(parts["host"]), safe="")
    environ = os.environ | {
        "DATABASE_URL": f"postgresql://{parts['user']}:{parts['password']}@{folder}:{parts['port']}/{parts['dbname']}",
        "TIPG_DB_SCHEMAS": '["peer"]',
        "TIPG_MAX_FEATURES_PER_QUERY": "10000",
        "TIPG_MAX_FEATURES_PER_TILE": "100000",
    }
    command = [str(programs / "python"), "-m", "uvicorn", "tipg.main:app", "--log-level", "error", "--port"]
    with server(command, environ, descriptor=False) as found:
        yield found


@contextmanager
def pygeoapi(owner: str, folder: Path) -> Iterator[tuple[int, int] | None]:
    """Run pygeoapi on `peer.points`, its files in a folder; yields port and process, None where it can't be had."""
    programs = install(PYGEOAPI)
    if programs is None:
        yield None
        return
    parts = psycopg.conninfo.conninfo_to_dict(owner)
    data = {name: parts[name] for name in ("host", "port", "dbname", "user", "password")} | {"search_path": ["peer"]}
    folder.mkdir(exist_ok=True)
    config, definition = folder / "config.yml", folder / "openapi.yml"
    # Links are written with the port, which no server has yet: they are none the dearer for being wrong.
    config.write_text(PYGEOAPI_CONFIG.format(port=5000, data=json.dumps(data)), encoding="utf-8")
    environ = os.environ | {"PYGEOAPI_CONFIG": str(config), "PYGEOAPI_OPENAPI": str(definition)}
    subprocess.run(
        [programs / "pygeoapi", "openapi", "generate", config, "-of", definition],
        check=True,
        env=environ,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    command = [str(programs / "gunicorn"), "--log-level", "error", "-w", "1", "pygeoapi.flask_app:APP", "-b", "127.0.0.1:{}"]
    with server(command, environ, descriptor=False) as found:
        yield found


NGINX_CONFIG = """
daemon off; master_process off; pid {folder}/pid; error_log /dev/null;
events {{ worker_connections 256; }}
http {{
    access_log off; keepalive_requests 100000000; open_file_cache max=1000; sendfile on; tcp_nopush on;
    client_body_temp_path {folder}/t1; proxy_temp_path {folder}/t2; fastcgi_temp_path {folder}/t3;
    uwsgi_temp_path {folder}/t4; scgi_temp_path {folder}/t5;
    server {{ listen 127.0.0.1:{port}; root {folder}/files; }}
}}
"""


def _nginx() -> Path | None:
    """Return the program: the system's, or Debian's package unpacked beside the other peers; None where it can't be had."""
    found = shutil.which("nginx")
    program = Path(found) if found else FOLDER / "nginx" / "usr" / "sbin" / "nginx"
    if not program.exists() and shutil.which("apt-get"):
        folder = FOLDER / "nginx"
        folder.mkdir(parents=True, exist_ok=True)
        subprocess.run(["apt-get", "download", "nginx"], check=False, cwd=folder, capture_output=True)
        for package in folder.glob("nginx_*.deb"):
            subprocess.run(["dpkg", "-x", package, folder], check=True)
    return program if program.exists() else None


@contextmanager
def nginx(folder: Path, files: Mapping[str, bytes]) -> Iterator[tuple[int, int] | None]:
    """Run nginx on files of these paths and bytes; yields port and process, None where it can't be had."""
    program = _nginx()
    if program is None:
        yield None
        return
    for path, data in files.items():
        file = folder / "files" / path.lstrip("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
    (folder / "logs").mkdir()
    config = folder / "nginx.conf"
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    config.write_text(NGINX_CONFIG.format(folder=folder, port=port), encoding="utf-8")
    process = subprocess.Popen([program, "-p", folder, "-c", config], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _answers(port, "/", process)
        yield port, process.pid
    finally:
        process.terminate()
        process.wait(timeout=30)
