"""The command `quanjing`: every package's verbs under one name."""

import sys
from typing import Annotated

import typer

from demo.cli import app as demo_city
from drawings.cli import app as drawing
from gis.cli import app as enterprise
from gis.errors import Invalid, QuanjingError
from gis.layer_cli import app as layer
from gis.store.cli import app as db
from styles.cli import app as style
from tiles.cli import app as tiles

app = typer.Typer(name="quanjing", help="全景：生态环境执法三维一张图", no_args_is_help=True, pretty_exceptions_enable=False)
for each in (db, enterprise, layer, drawing, tiles, style, demo_city):
    app.add_typer(each)


@app.command(help="启动：数据库、接口、切片，一个命令")
def serve(
    demo: Annotated[bool, typer.Option("--demo", help="没有数据时装入示范企业")] = False,
    city: Annotated[bool, typer.Option("--city", help="装入示范城市（140 家），并让它有脉动")] = False,
) -> None:
    """Run everything until told to stop."""
    from api.supervisor import programs, with_city
    from api.supervisor import serve as run
    from gis.settings import Settings

    run(Settings(), demo=demo, run=with_city if city else programs)


def main() -> None:
    """Run a verb; our own errors are one line on standard error, exit 2 for misuse and 1 for the rest."""
    try:
        app()
    except QuanjingError as error:
        print(f"quanjing: {error}", file=sys.stderr)  # noqa: T201 — the command's own voice
        sys.exit(2 if isinstance(error, Invalid) else 1)
