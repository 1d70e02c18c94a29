"""`quanjing tiles …`: verbs for baked tiles."""

import json
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer

app = typer.Typer(name="tiles", help="三维瓦片、矢量瓦片", no_args_is_help=True)


CHECKED = "检查三维瓦片：瓦片集、子树、glTF 和旧格式内容、元数据、包围体、要素恰好一次、实体封闭。退出码 0 无错误，1 有错误，2 用法错误。"


@app.command(help=CHECKED)
def check(
    place: Annotated[
        Path,
        typer.Argument(
            metavar="DIR|FILE", exists=True, help="含 tileset.json 的目录，或一个 json、glb、gltf、subtree、b3dm、i3dm、pnts、cmpt 文件"
        ),
    ],
    as_json: Annotated[bool, typer.Option("--json", help="输出 JSON")] = False,
) -> None:
    """Print every finding; exit 0 where there is no error, 1 where there are some."""
    from gis.issues import Severity
    from tiles.check import report

    found = report(place)
    if as_json:
        counts = {"tilesets": found.tilesets, "glbs": found.glbs, "features": found.features}
        typer.echo(json.dumps({**counts, "issues": [issue.as_json() for issue in found.issues]}, ensure_ascii=False))
    else:
        for issue in found.issues:
            level = "错误" if issue.severity is Severity.ERROR else "提示"
            where = " ".join(filter(None, (issue.place.file, issue.place.field)))
            typer.echo(f"{level} {issue.code} {where} {issue.message}（{issue.hint}）")
        typer.echo(f"{found.tilesets} 个瓦片集，{found.glbs} 个内容，{found.features} 个要素，{len(found.issues)} 个问题")
    raise typer.Exit(1 if found.broken else 0)


@app.command(help="立即生成所有已改动企业和全市的三维瓦片（平时由 serve 自动完成）；--out 把当前全部瓦片集另写到目录或对象存储")
def bake(
    out: Annotated[
        str | None, typer.Option(metavar="URL", help="目录，或 s3://桶/目录、az://…、gs://…；中断后再运行会接着写，入口是 tileset.json")
    ] = None,
) -> None:
    """Bake what changed since it was baked, without a running server; with `--out` copy all that is current to a place."""
    import asyncio

    from psycopg import AsyncConnection
    from rich.progress import Progress

    from gis.settings import Settings
    from gis.store.bakes import current_versions
    from gis.store.cluster import ensure_running
    from tiles.bake import bake_city, bake_dirty, bakery
    from tiles.export import export
    from tiles.object_store import objects_at

    settings = Settings()
    kitchen, target = bakery(settings), objects_at(out) if out else None
    url = ensure_running(settings).owner

    async def run() -> int:
        async with await AsyncConnection.connect(url, autocommit=True) as connection:
            enterprises = await bake_dirty(connection, kitchen)
            return enterprises + await bake_city(connection, kitchen)

    async def versions() -> dict[UUID, str]:
        async with await AsyncConnection.connect(url, autocommit=True) as connection:
            return await current_versions(connection)

    typer.echo(f"{asyncio.run(run())} 个新版本")
    if target is None:
        return
    current = asyncio.run(versions())
    with Progress(transient=True) as progress:
        task = progress.add_task("写出", total=len(current))
        done = export(current, kitchen.store, target, lambda left: progress.update(task, completed=len(current) - left))
    typer.echo(f"{out}：{done.tilesets} 个瓦片集，新写 {done.new} 个，清除旧版本 {done.removed} 个")


@app.command(help="把图层写成一个 PMTiles 文件：矢量瓦片，不要服务器和网络就能看")
def pmtiles(
    out: Annotated[Path, typer.Argument(metavar="OUT.pmtiles", help="写到哪个文件", dir_okay=False)],
    layers: Annotated[str | None, typer.Option(help="要素类，用逗号分隔；缺省为全部")] = None,
    zooms: Annotated[str, typer.Option(help="级别，如 6-16")] = "0-16",
    as_of: Annotated[str | None, typer.Option("--as-of", help="某一时刻的状态，如 2026-03-01T08:00:00+08:00；缺省为现在")] = None,
) -> None:
    """Write vector tiles of layers as one file."""
    import asyncio
    import re

    from rich.progress import Progress

    from gis.errors import Invalid
    from gis.settings import Settings
    from gis.store.cluster import ensure_running
    from gis.store.schema import bring_up
    from gis.store.vector_tiles import MAX_ZOOM, instant, layer_names, mapped
    from tiles.archive import write_archive

    said = re.fullmatch(r"(\d{1,2})-(\d{1,2})", zooms)
    first, last = (int(said[1]), int(said[2])) if said else (1, 0)
    if not first <= last <= MAX_ZOOM:
        raise Invalid("--zooms", f"{zooms} 不是 0 至 {MAX_ZOOM} 中的一段，如 6-16")
    chosen = layer_names(layers, "--layers") if layers else mapped()
    at = instant(as_of, "--as-of") if as_of else None
    url = ensure_running(Settings())
    bring_up(url.owner)
    with Progress(transient=True) as progress:
        tasks = {z: progress.add_task(f"第 {z} 级", total=None, visible=False) for z in range(first, last + 1)}
        counts: dict[int, int] = {}

        def step(z: int, left: int) -> None:
            counts.setdefault(z, left + 1)
            progress.update(tasks[z], total=counts[z], completed=counts[z] - left, visible=True)

        done = asyncio.run(write_archive(url.reader, out, chosen, zooms=range(first, last + 1), as_of=at, step=step))
    typer.echo(f"{out}：{done.tiles} 个瓦片，{done.bytes / 1e6:.1f} MB")
