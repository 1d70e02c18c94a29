"""The verbs `quanjing query …`: one for each query, made from the list of them."""

import inspect
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gis.questions import QUERIES, Query

if TYPE_CHECKING:
    from psycopg import AsyncConnection

Writer = Callable[["AsyncConnection", Query, dict[str, str], str, str], Awaitable[bytes]]
"""Asks, and returns the answer as a file: format or end of the file's name, and paper."""


def _run(query: Query, given: dict[str, str], scope: str, write: Writer, *, geojson: bool, out: Path | None, paper: str) -> None:
    import asyncio

    import orjson
    from rich.console import Console
    from rich.table import Table

    from gis.settings import Settings
    from gis.store.cluster import ensure_running
    from gis.store.connect import glance
    from gis.store.queries import LABELS, Answer, ask
    from gis.store.schema import bring_up

    urls = ensure_running(Settings())
    bring_up(urls.owner)

    async def asked() -> Answer:
        async with glance(urls.reader, scope) as connection:
            return await ask(connection, query, given)

    async def written() -> bytes:
        async with glance(urls.reader, scope) as connection:
            return await write(connection, query, given, out.suffix.removeprefix(".") if out else "geojson", paper)

    if out:
        out.write_bytes(asyncio.run(written()))
        typer.echo(out)
        return
    found = asyncio.run(asked())
    if geojson:
        typer.echo(orjson.dumps(found.geojson(), option=orjson.OPT_UTC_Z).decode())
        return
    table = Table()
    for column in found.columns:
        table.add_column(LABELS[column], justify="right" if column.endswith(("_m", "_m2", "_deg", "count")) else "left")
    for row in found.rows:
        table.add_row(*("" if row.get(column) is None else f"{row[column]}" for column in found.columns))
    console = Console(width=None if Console().is_terminal else 200)
    console.print(table)
    typer.echo(f"{len(found.rows)} 行")


def _verb(query: Query, write: Writer) -> Callable[..., None]:
    """Return a verb whose options are a query's parameters."""

    def verb(**options: Any) -> None:
        geojson, out, scope, paper = (options.pop(name) for name in ("geojson", "out", "scope", "paper"))
        given = {
            name: str(value).lower() if isinstance(value, bool) else value for name, value in options.items() if value not in (None, False)
        }
        _run(query, given, scope, write, geojson=geojson, out=out, paper=paper)

    def option(name: str, annotation: Any, default: Any, help_: str) -> inspect.Parameter:
        told = Annotated[annotation, typer.Option(f"--{name}", help=help_)]
        return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=told)

    listed = [
        option(one.name, bool, default=False, help_=one.label)
        if one.form == "flag"
        else option(one.name, str if one.required else str | None, inspect.Parameter.empty if one.required else None, one.label)
        for one in sorted(query.parameters, key=lambda one: not one.required)
    ]
    listed += [
        option("geojson", bool, default=False, help_="打印 GeoJSON"),
        option("out", Path | None, None, "写到文件，看扩展名：.xlsx、.gpkg、.dxf、.pdf（地图）、.geojson、.zip（Shapefile）"),
        option("paper", str, "A4", "PDF 的图幅：A4 或 A3"),
        option("scope", str, "*", "辖区代码；缺省为全市"),
    ]
    verb.__signature__ = inspect.Signature(listed)  # type: ignore[attr-defined]
    verb.__annotations__ = {one.name: one.annotation for one in listed}
    verb.__doc__ = query.title
    return verb


def query_app(write: Writer) -> typer.Typer:
    """Return the verbs, with what writes answers as files: that is a floor above."""
    app = typer.Typer(name="query", help="查询：周边、最近、下游、上风向、统计、空间一点等，打印表格或写成文件", no_args_is_help=True)
    for query in QUERIES.values():
        app.command(query.name, help=query.title)(_verb(query, write))
    return app
