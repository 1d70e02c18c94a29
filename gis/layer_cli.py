"""The verb `quanjing layer import`."""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(name="layer", help="城市图层：河流、断面、水源地、区县等", no_args_is_help=True)


ACTIONS = {"insert": "新增", "update": "修改", "close": "关闭", "unchanged": "不变"}


@app.command("import", help="装入一个图层：GeoJSON、GeoPackage 或 Shapefile，每个要素有 code 和 name")
def import_(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="GeoJSON、GPKG、SHP 文件", exists=True, dir_okay=False, readable=True)],
    kind: Annotated[str, typer.Option("--kind", help="要素类，如 river、water_station、county")],
    layer: Annotated[str | None, typer.Option("--layer", help="文件里有几个图层时，是哪一个")] = None,
    replace: Annotated[bool, typer.Option("--replace", help="文件中没有的要素关闭")] = False,
) -> None:
    """Store a layer, all or nothing; exit 1 where a feature is faulty."""
    import getpass

    from gis.layer_files import read_layer
    from gis.settings import Settings
    from gis.store.cluster import ensure_running
    from gis.store.connect import Actor, engine, writing
    from gis.store.layers import store_layer
    from gis.store.schema import bring_up

    document = read_layer(file, layer)
    url = ensure_running(Settings()).owner
    bring_up(url)
    with writing(engine(url), Actor(getpass.getuser(), f"装入图层：{file.name}")) as connection:
        stored = store_layer(connection, kind, document, replace=replace)
    for issue in stored.issues:
        typer.echo(f"{issue.code} {issue.message}（{issue.hint}）", err=True)
    if stored.issues:
        raise typer.Exit(1)
    typer.echo(
        "，".join(f"{label} {stored.actions[action]}" for action, label in ACTIONS.items() if stored.actions.get(action)) or "没有要素"
    )


@app.command(help="导出图层：GeoPackage、Shapefile、GeoJSON 或 Excel，带报警、监测、案件")
def export(
    out: Annotated[Path, typer.Argument(metavar="OUT", help="写到哪里：.gpkg、.xlsx 是文件，shp、geojson 是文件夹")],
    kind: Annotated[list[str] | None, typer.Option("--kind", help="要素类，可重复；缺省为全部")] = None,
    enterprise: Annotated[str | None, typer.Option(help="只导出一个企业：18 位信用代码或 22 位排污单位编码")] = None,
    format_: Annotated[str | None, typer.Option("--format", help="gpkg、xlsx、shp、geojson；缺省看扩展名")] = None,
) -> None:
    """Write layers as files of other programs."""
    from gis.errors import Invalid
    from gis.kinds import KINDS
    from gis.layer_files import WRITERS
    from gis.settings import Settings
    from gis.store.cluster import ensure_running
    from gis.store.connect import engine, looking
    from gis.store.enterprises import find_enterprise
    from gis.store.frames import frames
    from gis.store.schema import bring_up

    wanted = format_ or out.suffix.removeprefix(".").lower()
    if wanted not in WRITERS:
        raise Invalid("--format", f"没有格式 {wanted or '（空）'}；可用的有 {'、'.join(WRITERS)}")
    unknown = sorted(set(kind or ()) - KINDS.keys())
    if unknown:
        raise Invalid("--kind", f"没有要素类 {'、'.join(unknown)}；可用的有 {'、'.join(KINDS)}")
    url = ensure_running(Settings()).owner
    bring_up(url)
    with looking(engine(url)) as connection:
        enterprise_id = find_enterprise(connection, enterprise)[0] if enterprise else None
        found = frames(connection, [KINDS[name] for name in kind] if kind else None, enterprise_id)
    if not found:
        raise Invalid("--kind", "没有可导出的要素")
    written = WRITERS[wanted](found, out)
    typer.echo(f"{out}：{sum(map(len, found.values()))} 个要素，{len(found)} 个图层，{len(written)} 个文件")
