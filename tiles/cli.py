"""`quanjing tiles …`: verbs for baked tiles."""

import json
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(name="tiles", help="三维瓦片", no_args_is_help=True)


@app.command(help="检查三维瓦片：结构、包围盒、索引、属性表、每个要素恰好一次。退出码 0 无问题，1 有问题，2 用法错误。")
def check(
    folder: Annotated[Path, typer.Argument(metavar="DIR", exists=True, file_okay=False, help="含 tileset.json 的目录，可含多个瓦片集")],
    as_json: Annotated[bool, typer.Option("--json", help="输出 JSON")] = False,
) -> None:
    """Print every finding; exit 0 where there is none, 1 where there are some."""
    from tiles.check import report

    found = report(folder)
    if as_json:
        counts = {"tilesets": found.tilesets, "glbs": found.glbs, "features": found.features}
        typer.echo(json.dumps({**counts, "issues": [issue.as_json() for issue in found.issues]}, ensure_ascii=False))
    else:
        for issue in found.issues:
            typer.echo(f"{issue.code} {issue.place.file} {issue.message}（{issue.hint}）")
        typer.echo(f"{found.tilesets} 个瓦片集，{found.glbs} 个 GLB，{found.features} 个要素，{len(found.issues)} 个问题")
    raise typer.Exit(1 if found.issues else 0)


@app.command(help="立即生成所有已改动企业和全市的三维瓦片（平时由 serve 自动完成）")
def bake() -> None:
    """Bake what changed since it was baked, without a running server."""
    import asyncio

    from psycopg import AsyncConnection

    from gis.settings import Settings
    from gis.store.cluster import ensure_running
    from tiles.bake import bake_city, bake_dirty, bakery

    settings = Settings()
    url = ensure_running(settings).owner

    async def run() -> int:
        async with await AsyncConnection.connect(url, autocommit=True) as connection:
            enterprises = await bake_dirty(connection, bakery(settings))
            return enterprises + await bake_city(connection, bakery(settings))

    typer.echo(f"{asyncio.run(run())} 个新版本")
