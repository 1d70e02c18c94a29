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
            metavar="DIR|FILE",
            exists=True,
            help="含 tileset.json 的目录，或一个文件：瓦片集、元数据模式、子树、glTF、b3dm、i3dm、pnts、cmpt、3tz、3dtiles",
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


BAKE = (
    "立即生成所有已改动企业和全市的三维瓦片（平时由 serve 自动完成）；--out 把当前全部瓦片集另写到目录或对象存储；"
    "--layer 把全市一类要素做成一个隐式四叉树图层。都可以随时中断，再运行时接着做，结果逐字节相同"
)


@app.command(help=BAKE)
def bake(
    out: Annotated[str | None, typer.Option(metavar="URL", help="目录，或 s3://桶/目录、az://…、gs://…；入口是其中的 tileset.json")] = None,
    layer: Annotated[str | None, typer.Option(metavar="KIND", help="只做这一类要素的图层，如 building；须给 --out，一层一个目录")] = None,
    processes: Annotated[int | None, typer.Option(min=1, help="进程数；缺省为全部核")] = None,
    scheduler: Annotated[
        str | None, typer.Option(metavar="tcp://…", help="改由 Dask 集群做；各机须装 quanjing[cluster]，并连得到数据库和 --out")
    ] = None,
) -> None:
    """Bake what changed since it was baked, without a running server; copy all that is current to a place, or make a layer of a kind."""
    import asyncio

    from psycopg import AsyncConnection
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from gis.crew import crew
    from gis.errors import Invalid
    from gis.settings import Settings
    from gis.store.bakes import current_versions
    from gis.store.cluster import ensure_running
    from tiles.bake import bake_city, bakery
    from tiles.brigade import bake_all
    from tiles.export import export
    from tiles.layer.bake import bake_layer, kind_named
    from tiles.object_store import objects_at

    if layer and not out:
        raise Invalid("--out", "图层要写到哪里，如 --out 目录 或 --out s3://桶/目录")
    kind = kind_named(layer) if layer else None
    settings = Settings()
    url, target = ensure_running(settings).owner, objects_at(out) if out else None
    with Progress(TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), transient=True) as progress:
        task = progress.add_task("三维瓦片", total=None)

        def step(done: int, of: int) -> None:
            progress.update(task, total=of, completed=done)

        if kind and out:

            async def whole() -> str:
                async with await AsyncConnection.connect(url, autocommit=True) as connection:
                    made = await bake_layer(connection, settings, kind, out, crew=crew(scheduler, processes), database=url, step=step)
                if made is None:
                    return f"{out}：已是最新"
                resumed = f"，其中 {made.resumed} 批先前已做" if made.resumed else ""
                left = "".join(f"\n未做：{reason}" for reason in made.left_out)
                return f"{out}：{kind.label} {made.features} 个，{made.tiles} 个瓦片{resumed}{left}"

            said = asyncio.run(whole())
        else:
            new = bake_all(settings, url, crew(scheduler, processes), step)

            async def city() -> tuple[bool, dict[UUID, str]]:
                async with await AsyncConnection.connect(url, autocommit=True) as connection:
                    return await bake_city(connection, bakery(settings)), await current_versions(connection)

            changed, current = asyncio.run(city())
            said = f"{new + changed} 个新版本"
            if target is not None:
                progress.update(task, description="写出", total=len(current), completed=0)
                done = export(current, bakery(settings).store, target, lambda left: step(len(current) - left, len(current)))
                said += f"\n{out}：{done.tilesets} 个瓦片集，新写 {done.new} 个，清除旧版本 {done.removed} 个"
    typer.echo(said)


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
