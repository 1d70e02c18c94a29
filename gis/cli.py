"""The verbs `quanjing enterprise …`."""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(name="enterprise", help="企业：登记、列出", no_args_is_help=True)


@app.command("import", help="登记或更新企业：一个 JSON 文件，一家企业，或若干家的列表")
def import_(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="JSON 文件", exists=True, dir_okay=False, readable=True)],
) -> None:
    """Insert or update the enterprises of a file, all or none."""
    import getpass
    import json

    from gis.errors import Invalid
    from gis.settings import Settings
    from gis.store.cluster import ensure_running
    from gis.store.connect import Actor, engine, writing
    from gis.store.enterprises import store_enterprise
    from gis.store.migrate import upgrade

    try:
        document = json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise Invalid("FILE", f"{file.name} 不是 JSON：{error}") from error
    records = document if isinstance(document, list) else [document]
    url = ensure_running(Settings()).owner
    upgrade(url)
    with writing(engine(url), Actor(getpass.getuser(), f"登记企业：{file.name}")) as connection:
        for record in records:
            typer.echo(f"{store_enterprise(connection, record)} {record['name']}")


@app.command("list", help="列出企业")
def list_() -> None:
    """Print the enterprises, one a line: source code, name."""
    import psycopg

    from gis.settings import Settings
    from gis.store.cluster import urls

    with psycopg.connect(urls(Settings()).reader) as connection:
        for code, name in connection.execute("SELECT code, name FROM enterprise_view ORDER BY name"):
            typer.echo(f"{code} {name}")
