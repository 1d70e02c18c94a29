"""The private PostgreSQL of a data folder: made, started, adopted, stopped; safe to call again after a kill at any step.

Under the data folder lie `pg/` (PostgreSQL's own), `run/` (its socket), `log/`, `secrets/` and `format.json`. Every way in is a
socket or loopback connection with a generated password.
"""

import hashlib
import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO
from urllib.parse import quote

import psycopg

from gis.errors import ClusterError
from gis.settings import Settings
from gis.store import folder, postmaster, provision
from gis.store.binaries import Binaries, choose, installed

SOCKET_PATH_LIMIT = 100
"""Longest socket path in bytes; the kernel's own limit is 107 (unix(7), sun_path)."""
LOG_LIMIT = 10_000_000
START_S, STOP_S = 600, 60
"""Seconds: recovery after a crash replays up to a checkpoint's distance of log; a fast stop writes what is dirty."""
HBA = "local all,replication all scram-sha-256\nhost all all 127.0.0.1/32 scram-sha-256\nhost all all ::1/128 scram-sha-256\n"


@dataclass(frozen=True, slots=True)
class Urls:
    """libpq URLs of one database, by role."""

    owner: str
    reader: str
    admin: str | None


@dataclass(frozen=True, slots=True)
class Status:
    """What is known of a settings' database without starting anything."""

    state: str
    """`external`, `absent`, `stopped` or `running`."""
    data_dir: str
    major: int | None = None
    pid: int | None = None
    socket_dir: str | None = None
    port: int | None = None


def pgdata(settings: Settings) -> Path:
    """Return PostgreSQL's own directory in the data folder."""
    return settings.data_dir.absolute() / "pg"


def _socket_dir(data_dir: Path, owner: folder.Account) -> Path:
    inside = data_dir / "run"
    if len(os.fsencode(inside / ".s.PGSQL.65535.lock")) <= SOCKET_PATH_LIMIT:
        return inside
    return Path(f"/tmp/quanjing-{owner.uid}-{hashlib.sha256(os.fsencode(data_dir)).hexdigest()[:8]}")  # noqa: S108 - `own` refuses a folder of others


def _memory_mb() -> int:
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    with suppress(OSError, ValueError):  # no control group, or one without a limit ("max")
        total = min(total, int(Path("/sys/fs/cgroup/memory.max").read_text(encoding="ascii")))
    return total // 2**20


def configuration(settings: Settings, socket_dir: Path, memory_mb: int, options: Mapping[str, str]) -> dict[str, str]:
    """Return the server's configuration; what an operator sets with ALTER SYSTEM goes above it."""
    return {
        "listen_addresses": "" if settings.database_port is None else "127.0.0.1",
        "port": str(settings.database_port or 5432),
        "unix_socket_directories": str(socket_dir),
        "unix_socket_permissions": "0700",
        "max_connections": "100",
        "shared_buffers": f"{min(256, max(16, memory_mb // 8))}MB",
        "work_mem": "16MB",
        "maintenance_work_mem": "128MB",
        "random_page_cost": "1.1",
        # Tables that were not analysed yet look big to the planner, and compiling such a query costs more than running it.
        "jit": "off",
        "timezone": "UTC",
        "log_timezone": "UTC",
        "lc_messages": "C",
        "log_checkpoints": "off",
        "log_line_prefix": "%m [%p] %q%u@%d ",
        "idle_in_transaction_session_timeout": "10min",
        "password_encryption": "scram-sha-256",
        **options,
    }


def _render(values: Mapping[str, str]) -> str:
    return "".join(f"{name} = '{value.replace(chr(39), chr(39) * 2)}'\n" for name, value in values.items())


def _run(command: Sequence[str], owner: folder.Account, output: IO[bytes] | int, keep: Sequence[int] = ()) -> int:
    """Run a server program as the cluster's user, in a folder that user may enter, without our own PG* variables."""
    done = subprocess.run(
        command,
        cwd="/",
        env={name: value for name, value in os.environ.items() if not name.startswith("PG")} | {"LC_ALL": "C.UTF-8"},
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output,
        pass_fds=keep,
        check=False,
        user=owner.uid if owner.foreign else None,
        group=owner.gid if owner.foreign else None,
        extra_groups=() if owner.foreign else None,
    )
    return done.returncode


def _log(data_dir: Path) -> Path:
    return data_dir / "log" / "postgresql.log"


def _tail(path: Path, since: int) -> str:
    with path.open("rb") as file:
        file.seek(since)
        return "\n".join(file.read().decode(errors="replace").splitlines()[-12:])


def _logged(data_dir: Path, command: Sequence[str], owner: folder.Account, keep: Sequence[int] = ()) -> None:
    log = _log(data_dir)
    if log.exists() and log.stat().st_size > LOG_LIMIT:
        log.replace(log.with_suffix(".log.1"))
    with log.open("ab") as output:
        since = output.tell()
        code = _run(command, owner, output, keep)
    if code != 0:
        raise ClusterError(f"{Path(command[0]).name} failed with code {code}; the end of {log}:\n{_tail(log, since)}")


def _initialise(data_dir: Path, binaries: Binaries, owner: folder.Account, lock: int, *, hasty: bool) -> None:
    """Make PostgreSQL's directory beside its place and move it there whole."""
    half, secret = data_dir / "pg.new", data_dir / "pg.new.password"
    if half.exists():
        shutil.rmtree(half)
    secret.unlink(missing_ok=True)
    folder.own(half, owner)
    try:
        folder.write(secret, folder.password(data_dir, provision.ADMIN) + "\n", 0o600)
        os.chown(secret, owner.uid, owner.gid)
        options = ["--auth=scram-sha-256", "--encoding=UTF8", "--locale=C.UTF-8", "--data-checksums"]
        options += ["--no-sync"] if hasty else []
        command = [binaries.program("initdb"), f"--pgdata={half}", f"--username={provision.ADMIN}", f"--pwfile={secret}", *options]
        # initdb inherits the lock: should we be killed, the next caller waits until it is through before it removes the half-made folder.
        _logged(data_dir, command, owner, keep=[lock])
    finally:
        secret.unlink(missing_ok=True)
    with (half / "postgresql.conf").open("a", encoding="utf-8") as file:
        file.write("include_if_exists = 'quanjing.conf'  # written at each start; your own settings: ALTER SYSTEM\n")
    (half / "pg_hba.conf").write_text(HBA, encoding="utf-8")
    half.replace(data_dir / "pg")


def _made_by(directory: Path) -> int | None:
    """Return the major version that made PostgreSQL's directory; None where there is none."""
    try:
        return int((directory / "PG_VERSION").read_text(encoding="ascii"))
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise ClusterError(f"{directory}/PG_VERSION is damaged: restore {directory} from a backup") from error


def _make(settings: Settings, owner: folder.Account, lock: int, options: Mapping[str, str]) -> postmaster.Postmaster:
    """Start the server, after making its directory where there is none."""
    data_dir, directory = settings.data_dir.absolute(), pgdata(settings)
    if closed := folder.unreachable(directory, owner):
        raise ClusterError(f"PostgreSQL's user {owner.uid} may not pass through {closed}: chmod a+x {closed}, or set QUANJING_DATA_DIR")
    major = _made_by(directory)
    binaries = choose(installed(), major)
    if major is None:
        _initialise(data_dir, binaries, owner, lock, hasty=options.get("fsync") == "off")
    return _start(settings, binaries, owner, options)


def _start(settings: Settings, binaries: Binaries, owner: folder.Account, options: Mapping[str, str]) -> postmaster.Postmaster:
    directory, data_dir = pgdata(settings), settings.data_dir.absolute()
    socket_dir = _socket_dir(data_dir, owner)
    folder.own(socket_dir, owner)
    postmaster.clear(directory, socket_dir)
    # A start that was cut off by a kill may have gone on by itself.
    if server := postmaster.settled(directory, START_S):
        return server
    text = _render(configuration(settings, socket_dir, _memory_mb(), options))
    folder.write(directory / "quanjing.conf", text)
    try:
        _logged(data_dir, [binaries.program("pg_ctl"), "start", "-D", str(directory), "-w", "-s", "-t", str(START_S)], owner)
    except ClusterError as error:
        if server := postmaster.settled(directory, START_S):
            return server
        raise ClusterError(f"the private PostgreSQL in {directory} would not start. {error}") from error
    if server := postmaster.find(directory):
        return server
    raise ClusterError(f"the private PostgreSQL in {directory} ended right after its start; see {_log(data_dir)}")


def _urls(data_dir: Path, server: postmaster.Postmaster, database: str = provision.DATABASE) -> Urls:
    def url(role: str) -> str:
        where = f"host={quote(server.socket_dir, safe='/')}&port={server.port}"
        return f"postgresql://{role}:{quote(folder.password(data_dir, role))}@/{database}?{where}"

    return Urls(url(provision.OWNER), url(provision.READER), url(provision.ADMIN))


def at(urls: Urls, database: str) -> Urls:
    """Return the same roles' URLs of another database of the cluster."""

    def other(url: str) -> str:
        head, query = url.split("?")
        return f"{head.rpartition('/')[0]}/{database}?{query}"

    return Urls(other(urls.owner), other(urls.reader), None if urls.admin is None else other(urls.admin))


def _provision(data_dir: Path, server: postmaster.Postmaster) -> None:
    passwords = {role: folder.password(data_dir, role) for role in (provision.OWNER, provision.READER)}
    try:
        with psycopg.connect(str(_urls(data_dir, server, "postgres").admin), autocommit=True) as connection:
            provision.roles(connection, passwords)
            provision.database(connection)
        with psycopg.connect(str(_urls(data_dir, server).admin), autocommit=True) as connection:
            provision.extensions(connection)
    except psycopg.OperationalError as error:
        raise ClusterError(
            f"the private PostgreSQL does not let its administrator in; {data_dir / 'secrets'} must be the one it was made with: {error}"
        ) from error


def ensure_running(settings: Settings, options: Mapping[str, str] | None = None) -> Urls:
    """Return the URLs of a database that answers: made, started or adopted; the one of `DATABASE_URL` is only examined.

    Parameters
    ----------
    settings : Settings
        `data_dir`, `database_url` and `database_port` are used.
    options : mapping, optional
        Server settings above ours, as the tests' `fsync = off`; used when the server is started, not when it is adopted.

    Raises
    ------
    BinariesMissing, ClusterError, NewerData, DatabaseError
    """
    if settings.database_url:
        provision.examine(settings.database_url)
        return Urls(settings.database_url, settings.database_url, None)
    data_dir, owner = settings.data_dir.absolute(), folder.account()
    folder.prepare(data_dir)
    with folder.exclusive(data_dir) as lock:
        server = postmaster.settled(pgdata(settings), START_S)
        # The mark is set last: an adopted server without it was left half provided.
        if server is None or not folder.marked(data_dir):
            server = server or _make(settings, owner, lock, options or {})
            _provision(data_dir, server)
            folder.mark(data_dir, _made_by(pgdata(settings)))
    return _urls(data_dir, server)


def urls(settings: Settings) -> Urls:
    """Return the URLs of the database as it runs, without starting it.

    Raises
    ------
    ClusterError
        The private PostgreSQL does not run.
    """
    if settings.database_url:
        return Urls(settings.database_url, settings.database_url, None)
    server = postmaster.find(pgdata(settings))
    if server is None:
        raise ClusterError(f"the private PostgreSQL of {settings.data_dir} does not run: quanjing serve, or quanjing db init")
    return _urls(settings.data_dir.absolute(), server)


def alive(settings: Settings) -> bool:
    """Whether the private server's process lives; always true where `DATABASE_URL` is set: that one is not ours to watch."""
    return settings.database_url is not None or postmaster.find(pgdata(settings)) is not None


def stop(settings: Settings) -> bool:
    """Stop the private server, ending its sessions; returns whether one ran.

    Raises
    ------
    ClusterError
        It would not stop.
    """
    directory = pgdata(settings)
    if settings.database_url or not directory.exists():
        return False
    with folder.exclusive(settings.data_dir.absolute()):
        if postmaster.find(directory) is None:
            return False
        binaries, owner = choose(installed(), _made_by(directory)), folder.account()
        for mode in ("fast", "immediate"):
            command = [binaries.program("pg_ctl"), "stop", "-D", str(directory), "-w", "-s", "-t", str(STOP_S), "-m", mode]
            if _run(command, owner, subprocess.DEVNULL) == 0 or postmaster.find(directory) is None:
                return True
    raise ClusterError(f"the private PostgreSQL in {directory} would not stop; see {_log(settings.data_dir.absolute())}")


def status(settings: Settings) -> Status:
    """Return what is known of the database without starting anything."""
    data_dir = str(settings.data_dir)
    if settings.database_url:
        return Status("external", data_dir)
    major = _made_by(pgdata(settings))
    if major is None:
        return Status("absent", data_dir)
    server = postmaster.find(pgdata(settings))
    if server is None:
        return Status("stopped", data_dir, major)
    return Status("running", data_dir, major, server.pid, server.socket_dir, server.port)
