"""`quanjing terrain`: the ground as tiles."""

import json
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(name="terrain", help="地形：由 DEM 生成地形瓦片", no_args_is_help=True)


@app.command(help="由 DEM（GeoTIFF，任意坐标系）生成地形瓦片（quantized-mesh）；中断后再运行会接着做。退出码 0 完成，1 被中断。")
def bake(
    dem: Annotated[Path, typer.Argument(metavar="DEM.tif", exists=True, dir_okay=False, help="单波段高程，米")],
    out: Annotated[Path | None, typer.Option(help="写到哪个目录；缺省为数据目录下的 terrain，serve 由此提供地形")] = None,
    ellipsoid: Annotated[bool, typer.Option("--ellipsoid", help="高程已是椭球高；缺省为 1985 国家高程基准，经大地水准面换算")] = False,
    crs: Annotated[str | None, typer.Option(help="文件没有写明坐标系时给出，如 EPSG:4545")] = None,
    attribution: Annotated[str, typer.Option(help="数据来源，显示在三维页面的署名处")] = "",
) -> None:
    """Bake, with a progress bar; Ctrl-C stops after the block at hand."""
    import signal
    from threading import Event

    from gis.progress import shown
    from gis.settings import Settings
    from tiles.terrain.bake import bake as write
    from tiles.terrain.dem import open_dem

    folder, stopped = out or Settings().data_dir / "terrain", Event()
    model = open_dem(dem, "ellipsoid" if ellipsoid else "sea", crs)
    before = signal.signal(signal.SIGINT, lambda *_: stopped.set())
    try:
        with shown("地形") as progress:
            baked = write(model, folder, attribution=attribution, step=lambda done, all_: progress(done, all_, ""), stop=stopped.is_set)
    finally:
        signal.signal(signal.SIGINT, before)
    if baked is None:
        typer.echo(f"已停止；再运行同一命令接着做：{folder}")
        raise typer.Exit(1)
    typer.echo(f"{folder}：{baked.levels} 级 {baked.tiles} 个瓦片，{baked.bytes / 1e6:.1f} MB，本次生成 {baked.made} 个")


@app.command(help="检查地形瓦片：结构、铺满、裂缝、法线、包围球、可用性。退出码 0 无问题，1 有问题，2 用法错误。")
def check(
    folder: Annotated[Path, typer.Argument(metavar="DIR", exists=True, file_okay=False, help="含 layer.json 的目录")],
    as_json: Annotated[bool, typer.Option("--json", help="输出 JSON")] = False,
) -> None:
    """Print every finding; exit 0 where there is none, 1 where there are some."""
    from tiles.terrain.check import report

    found = report(folder)
    if as_json:
        counts = {"tiles": found.tiles, "vertices": found.vertices, "triangles": found.triangles}
        typer.echo(json.dumps({**counts, "issues": [issue.as_json() for issue in found.issues]}, ensure_ascii=False))
    else:
        for issue in found.issues:
            typer.echo(f"{issue.code} {issue.place.file} {issue.message}（{issue.hint}）")
        typer.echo(f"{found.tiles} 个瓦片，{found.vertices} 个顶点，{found.triangles} 个三角形，{len(found.issues)} 个问题")
    raise typer.Exit(1 if found.issues else 0)
