"""`quanjing db`: the database of this machine."""

from dataclasses import asdict
from typing import Annotated

import typer

app = typer.Typer(name="db", help="数据库：建立、查看、停止、进入", no_args_is_help=True)
Json = Annotated[bool, typer.Option("--json", help="以 JSON 输出")]


@app.command(help="建立或启动私有数据库（或检查 DATABASE_URL 所指的数据库），并升级到本版本")
def init() -> None:
    """Make or start the private database, or examine the one of DATABASE_URL, and bring it to this version."""
    from gis.settings import Settings
    from gis.store import cluster, migrate, provision

    settings = Settings()
    urls = cluster.ensure_running(settings)
    if settings.database_url:
        for note in provision.examine(settings.database_url):
            typer.echo(f"degraded: {note}")
    migrate.upgrade(urls.owner)
    typer.echo("the database is ready")


@app.command(help="查看在哪里运行着什么；不启动任何东西")
def status(json: Json = False) -> None:
    """Say what runs where; starts nothing."""
    from json import dumps

    from gis.settings import Settings
    from gis.store import cluster, folder

    settings = Settings()
    report = asdict(cluster.status(settings)) | {"supervisor": folder.holder(settings.data_dir)}
    if json:
        typer.echo(dumps(report, ensure_ascii=False))
    else:
        for name, value in report.items():
            typer.echo(f"{name:12}{'-' if value is None else value}")


@app.command(help="停止私有数据库")
def stop() -> None:
    """Stop the private database."""
    from gis.errors import DataFolderBusy
    from gis.settings import Settings
    from gis.store import cluster, folder

    settings = Settings()
    if holder := folder.holder(settings.data_dir):
        raise DataFolderBusy(f"{settings.data_dir} is served by {holder}, which would start PostgreSQL again: stop that one")
    typer.echo("stopped" if cluster.stop(settings) else "no private PostgreSQL was running")


@app.command(help="进入 psql；-- 之后的参数交给 psql", context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def psql(
    context: typer.Context,
    role: Annotated[str, typer.Option(help="owner、reader 或 admin")] = "owner",
) -> None:
    """Open psql on the database; arguments after `--` go to psql."""
    import os

    from psycopg.conninfo import conninfo_to_dict

    from gis.errors import BinariesMissing, Invalid
    from gis.settings import Settings
    from gis.store import binaries, cluster

    settings = Settings()
    url = {name: getattr(cluster.ensure_running(settings), name) for name in ("owner", "reader", "admin")}.get(role)
    if url is None:
        raise Invalid("role", "owner, reader, or admin of a private database")
    names = {"host": "PGHOST", "port": "PGPORT", "user": "PGUSER", "password": "PGPASSWORD", "dbname": "PGDATABASE", "sslmode": "PGSSLMODE"}
    # The password goes by the environment: a command line is open to every user of the machine.
    environ = {variable: str(value) for key, value in conninfo_to_dict(url).items() if (variable := names.get(key))}
    program = next((found.program("psql") for found in binaries.installed()), "psql")
    try:
        os.execvpe(program, [program, *context.args], os.environ | environ)  # noqa: S606 - psql takes our place in the terminal
    except FileNotFoundError:
        raise BinariesMissing("psql is not installed: apt-get install postgresql-client") from None


@app.command(help="为同事或其他系统建一个只读的数据库角色，只看得到一个辖区；用 QGIS、SQL 连接")
def role(
    name: Annotated[str, typer.Argument(metavar="NAME", help="角色名：小写字母、数字、下划线")],
    scope: Annotated[str, typer.Option(help="辖区代码，如 511703；5117 为全市")],
) -> None:
    """Make a reading role that is bound to a jurisdiction; prints how to connect as it, with a new password."""
    import re
    import secrets

    import psycopg
    from psycopg.conninfo import make_conninfo

    from gis.errors import Invalid
    from gis.settings import Settings
    from gis.store import cluster, provision
    from gis.store.schema import bring_up

    if not re.fullmatch(r"[a-z][a-z0-9_]{0,40}", name) or name.startswith(("quanjing", "pg_")):
        raise Invalid("NAME", f"{name} 不能作角色名：用小写字母、数字、下划线，不以 quanjing、pg_ 开头")
    urls = cluster.ensure_running(Settings())
    bring_up(urls.owner)
    password = secrets.token_urlsafe(18)
    # The jurisdiction first: a role must not see everything for a moment.
    with psycopg.connect(urls.owner) as connection:
        provision.bind(connection, name, scope)
    with psycopg.connect(urls.admin or urls.owner, autocommit=True) as connection:
        provision.service(connection, name, password)
    typer.echo(make_conninfo(urls.reader, user=name, password=password))
