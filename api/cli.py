"""The command `quanjing`: every package's verbs under one name."""

import gc
import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from demo.cli import app as demo_city
from drawings.cli import app as drawing
from drawings.permit.cli import app as permit
from drawings.process.cli import app as process
from drawings.sheets.cli import handbook, transmission
from feeds.alarm_cli import app as alarm
from feeds.cli import app as feed
from gis.accident_cli import app as accident
from gis.cli import app as enterprise
from gis.errors import Invalid, QuanjingError
from gis.layer_cli import app as layer
from gis.power_cli import app as power
from gis.quality_cli import app as quality
from gis.query_cli import query_app
from gis.questions import Query
from gis.radar_cli import app as radar
from gis.rule_cli import app as rule
from gis.store.cli import app as db
from gis.topology_cli import app as topology
from styles.cli import app as style
from tiles.cli import app as tiles
from tiles.imagery.cli import app as imagery
from tiles.model_cli import app as model
from tiles.terrain.cli import app as terrain

if TYPE_CHECKING:
    from psycopg import AsyncConnection

# The handbook is printed, and printing is a floor above the symbols.
style.command(help="写出符号手册（PDF，A3）：图例总表，及每个符号、线型、填充的各主题、状态、编号、要素和图块")(handbook)
feed.command(name="report", help="传输有效率月报：Excel 和 PDF；全市、企业、测点、逐日，低于门槛的和原因")(transmission)


async def _file(connection: "AsyncConnection", query: Query, given: dict[str, str], form: str, paper: str) -> bytes:
    """Answer as a file; what that takes is loaded when it is asked for."""
    from api.results import result_file

    return await result_file(connection, query, given, form, paper)


query = query_app(_file)
GROUPS = (
    db,
    enterprise,
    permit,
    layer,
    query,
    drawing,
    process,
    tiles,
    terrain,
    imagery,
    style,
    feed,
    alarm,
    power,
    quality,
    radar,
    accident,
    rule,
    topology,
    model,
    demo_city,
)


def _grouped(groups: Iterable[typer.Typer]) -> typer.Typer:
    """Return the command with some groups of its verbs."""
    command = typer.Typer(name="quanjing", help="全景：生态环境执法三维一张图", no_args_is_help=True, pretty_exceptions_enable=False)
    for each in groups:
        command.add_typer(each)
    return command


app = _grouped(GROUPS)


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


@app.command(help="速览一个图层：写出一个自带一切、离线可看的网页")
def look(
    layer: Annotated[str, typer.Argument(metavar="LAYER", help="要素类，如 building、river、outlet")],
    out: Annotated[Path | None, typer.Option("--out", "-o", help="写到哪个文件；缺省为 LAYER.html", dir_okay=False)] = None,
    enterprise: Annotated[str | None, typer.Option(help="只看一家：18 位信用代码或 22 位排污单位编码")] = None,
) -> None:
    """Write a page that shows all features of a kind."""
    import asyncio

    from api.look import layer_kind, page, see
    from gis.settings import Settings
    from gis.store.cluster import ensure_running
    from gis.store.connect import engine, glance
    from gis.store.enterprises import find_enterprise
    from gis.store.schema import bring_up

    name = layer_kind(layer).name
    urls = ensure_running(Settings())
    bring_up(urls.owner)
    url, enterprise_id = urls.reader, None
    if enterprise:
        with engine(url).connect() as connection:
            enterprise_id, _ = find_enterprise(connection, enterprise)

    async def seen() -> bytes:
        async with glance(url) as connection:
            return page(*await see(connection, name, enterprise_id))

    file = out or Path(f"{name}.html")
    file.write_bytes(asyncio.run(seen()))
    typer.echo(file)


MANY_OBJECTS = 50_000
"""Objects made between two looks of the garbage collector."""


def main() -> None:
    """Run a verb; our own errors are one line on standard error, exit 2 for misuse and 1 for the rest."""
    # Nothing here multiplies large matrices, and a process with one thread may be forked as it is.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    # A start makes a hundred thousand objects that stay; looking through them each 700 takes a tenth of it.
    gc.set_threshold(MANY_OBJECTS)
    # Of a hundred verbs that each start would prepare, one is asked for: its group is enough, where it is named first.
    named = [each for each in GROUPS if each.info.name in sys.argv[1:2]]
    try:
        _grouped(named)() if named else app()
    except QuanjingError as error:
        print(f"quanjing: {error}", file=sys.stderr)  # noqa: T201 — the command's own voice
        sys.exit(2 if isinstance(error, Invalid) else 1)
    finally:
        # All memory goes with the process: looking for cycles in it once more takes a twentieth of a second.
        gc.freeze()
