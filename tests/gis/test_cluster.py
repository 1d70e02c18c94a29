import json
import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from gis.errors import BinariesMissing, ClusterError, DatabaseError, DataFolderBusy, NewerData
from gis.settings import Settings
from gis.store import binaries, cluster, folder, postmaster, provision
from gis.store.cluster import Urls

HASTY = {"fsync": "off"}
"""A killed process loses nothing that it wrote; only a power cut would."""
STARTER = "import sys; from pathlib import Path; from gis.settings import Settings; from gis.store.cluster import ensure_running; "
STARTER += "print(ensure_running(Settings(data_dir=Path(sys.argv[1]), database_url=None), {'fsync': 'off'}).owner)"


def ensure(settings: Settings) -> Urls:
    return cluster.ensure_running(settings, HASTY)


def starter(settings: Settings) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", STARTER, str(settings.data_dir)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


@pytest.fixture(name="session")
def _session(request: pytest.FixtureRequest) -> Urls:
    """The session's cluster, by a name that leaves `cluster` to the module."""
    urls: Urls = request.getfixturevalue("cluster")
    return urls


def ask(url: str, query: str) -> object:
    with psycopg.connect(url) as connection:
        row = connection.execute(query).fetchone()
    return row and row[0]


def until(condition: Callable[[], object]) -> None:
    while not condition():
        time.sleep(0.01)


def test_made_stopped_started_and_adopted(private: Settings) -> None:
    assert cluster.status(private).state == "absent"
    with pytest.raises(ClusterError, match="does not run"):
        cluster.urls(private)
    urls = ensure(private)
    assert ensure(private) == urls == cluster.urls(private)
    status = cluster.status(private)
    assert (status.state, status.port) == ("running", 5432)
    with psycopg.connect(urls.owner) as connection:
        connection.execute("CREATE TABLE kept AS SELECT ST_Point(107.5, 31.2, 4490) AS geom")
    assert cluster.stop(private)
    assert not cluster.stop(private)
    assert cluster.status(private).state == "stopped"
    urls = ensure(private)
    assert ask(urls.owner, "SELECT ST_X(geom) FROM kept") == 107.5


def test_roles_extensions_and_configuration(session: Urls) -> None:
    with psycopg.connect(session.owner) as connection:
        rows = connection.execute(
            "SELECT name, setting FROM pg_settings WHERE name IN ('jit', 'TimeZone', 'listen_addresses', 'max_connections')"
        )
        assert dict(rows.fetchall()) == {"jit": "off", "TimeZone": "UTC", "listen_addresses": "", "max_connections": "100"}
        assert provision.degraded(connection) == []
        roles = dict(connection.execute("SELECT rolname, rolsuper FROM pg_roles WHERE rolname LIKE 'quanjing%'").fetchall())
        assert roles == {"quanjing_admin": True, "quanjing": False, "quanjing_reader": False}
    with psycopg.connect(session.reader) as connection, pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
        connection.execute("CREATE TABLE forbidden ()")


@pytest.mark.parametrize("change", ["password=wrong", "user=nobody"])
def test_every_way_in_needs_a_password(session: Urls, change: str) -> None:
    key, value = change.split("=")
    with pytest.raises(psycopg.OperationalError, match="authentication failed"):
        psycopg.connect(session.owner, **{key: value})


def test_secrets_and_sockets_are_closed_to_others(private: Settings) -> None:
    ensure(private)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (private.data_dir / "secrets").iterdir()}
    assert modes == dict.fromkeys(["quanjing.json", "quanjing_admin.json", "quanjing_reader.json"], 0o600)
    assert all(stat.S_IMODE((private.data_dir / name).stat().st_mode) == 0o700 for name in ("secrets", "run", "pg"))
    assert not (private.data_dir / "pg.new.password").exists()


def test_a_killed_postmaster_loses_nothing(private: Settings) -> None:
    urls = ensure(private)
    with psycopg.connect(urls.owner) as connection:
        connection.execute("CREATE TABLE kept AS SELECT generate_series(1, 1000) AS n")
    # A backend inside a long query does not notice that its postmaster is gone.
    query = "SELECT count(*) FROM generate_series(1, 100000000000)"
    with subprocess.Popen(["psql", urls.owner, "-c", query], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as busy:
        until(
            lambda: (
                ask(urls.owner, "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%100000000000%' AND pid <> pg_backend_pid()") == 1
            )
        )
        os.kill(cluster.status(private).pid or 0, signal.SIGKILL)
        until(lambda: cluster.status(private).state == "stopped")
        assert not cluster.alive(private)
        assert postmaster.left_behind(cluster.pgdata(private))
        urls = ensure(private)
        assert busy.wait() == 2
    assert ask(urls.owner, "SELECT count(*) FROM kept") == 1000


@pytest.mark.parametrize("step", ["pg.new", "pg.new/PG_VERSION", "pg.new/global/pg_control", "pg/PG_VERSION", "pg/postmaster.pid"])
def test_a_start_killed_at_any_step_is_taken_up_again(private: Settings, step: str) -> None:
    process = starter(private)
    until((private.data_dir / step).exists)
    process.kill()
    process.communicate()
    assert not (private.data_dir / "format.json").exists()
    urls = ensure(private)
    assert ask(urls.owner, "SELECT postgis_lib_version() >= '3.3'") is True
    assert not (private.data_dir / "pg.new").exists()


def test_two_starters_meet_in_one_server(private: Settings) -> None:
    processes = [starter(private) for _ in range(3)]
    answers = {process.communicate() for process in processes}
    assert [process.returncode for process in processes] == [0, 0, 0], answers
    assert {out.strip() for out, _ in answers} == {cluster.urls(private).owner}


def test_a_stale_mark_with_a_reused_pid_does_not_block(private: Settings) -> None:
    ensure(private)
    mark = cluster.pgdata(private) / "postmaster.pid"
    text = mark.read_text()
    cluster.stop(private)
    mark.write_text(f"{os.getpid()}\n" + text.split("\n", 1)[1])
    socket_lock = private.data_dir / "run" / ".s.PGSQL.5432.lock"
    socket_lock.write_text(mark.read_text())
    assert cluster.status(private).state == "stopped"
    assert ask(ensure(private).owner, "SELECT 1") == 1


def test_lost_passwords_of_the_roles_are_made_anew(private: Settings) -> None:
    ensure(private)
    cluster.stop(private)
    (private.data_dir / "secrets" / "quanjing.json").unlink()
    assert ask(ensure(private).owner, "SELECT current_user") == "quanjing"


def test_a_newer_folder_is_refused_and_left_alone(private: Settings) -> None:
    private.data_dir.mkdir()
    (private.data_dir / "format.json").write_text(json.dumps({"format": folder.FORMAT + 1, "postgresql": 15}))
    with pytest.raises(NewerData, match="newer version"):
        ensure(private)
    assert [path.name for path in private.data_dir.iterdir()] == ["format.json"]


def test_a_folder_of_another_postgresql_is_refused(private: Settings) -> None:
    ensure(private)
    cluster.stop(private)
    version = cluster.pgdata(private) / "PG_VERSION"
    made_by = version.read_text()
    version.write_text("14\n")
    with pytest.raises(BinariesMissing, match=r"made by PostgreSQL 14.*postgresql-14-postgis-3"):
        ensure(private)
    version.write_text(made_by)


def test_a_loopback_port_is_opened_on_request(private: Settings) -> None:
    settings = replace(private, database_port=54329)
    url = ensure(settings).owner
    assert ask(url, "SHOW listen_addresses") == "127.0.0.1"
    with psycopg.connect(url, host="127.0.0.1") as connection:
        assert connection.info.port == 54329


def test_a_database_of_others_is_examined_and_never_stopped(session: Urls, private: Settings) -> None:
    settings = replace(private, database_url=session.owner)
    assert ensure(settings) == Urls(session.owner, session.owner, None)
    assert (cluster.stop(settings), cluster.alive(settings), cluster.status(settings).state) == (False, True, "external")
    assert not settings.data_dir.exists()
    with pytest.raises(DatabaseError, match="CREATE EXTENSION postgis"):
        ensure(replace(private, database_url=cluster.at(session, "postgres").owner))
    with pytest.raises(DatabaseError, match="does not answer"):
        ensure(replace(private, database_url="postgresql://nobody@127.0.0.1:1/none"))


def test_the_lock_names_its_holder_and_dies_with_it(private: Settings) -> None:
    folder.prepare(private.data_dir)
    assert folder.holder(private.data_dir) is None
    with folder.hold(private.data_dir):
        assert folder.holder(private.data_dir) == f"process {os.getpid()}"
        with pytest.raises(DataFolderBusy, match=f"process {os.getpid()}"), folder.hold(private.data_dir):
            pass
    assert folder.holder(private.data_dir) is None


def test_a_folder_postgresql_may_not_enter_is_named(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    assert folder.unreachable(closed / "pg", folder.Account(4242, 4242)) is not None
    assert folder.unreachable(Path("/usr/lib"), folder.Account(4242, 4242)) is None


def test_binaries_are_found_by_looking(tmp_path: Path) -> None:
    found = binaries.installed()
    assert found == sorted(found, key=lambda one: -one.major)
    assert binaries.choose(found).major >= binaries.OLDEST
    assert binaries.installed({"PATH": str(tmp_path)}, tmp_path) == []
    with pytest.raises(BinariesMissing, match="make setup"):
        binaries.choose([])
    by_config = binaries.installed({"PG_CONFIG": found[0].program("pg_config")}, tmp_path)
    assert by_config == [found[0]]


def test_the_newest_that_is_new_enough_is_taken() -> None:
    have = [binaries.Binaries(Path("/a"), 17), binaries.Binaries(Path("/b"), 15), binaries.Binaries(Path("/c"), 14)]
    assert binaries.choose(have).major == 17
    assert binaries.choose(have, 15).folder == Path("/b")
    with pytest.raises(BinariesMissing, match="17, 15, 14"):
        binaries.choose(have, 16)
