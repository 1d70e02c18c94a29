"""`quanjing model check …`: 3D models from outside, beside the kit of parts."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from models3d.cli import app

__all__ = ["app"]

FILE = typer.Argument(metavar="FILE", exists=True, dir_okay=False, help="OBJ、GLB/glTF、DXF、IFC、CityJSON、CityGML、WKT（PostGIS 多面体）")
UNIT = typer.Option("--unit", help="一个单位是几米，如 0.001；缺省按文件")
UP = typer.Option("--up", help="向上的轴：z 或 y")


def _row(one: Any) -> dict[str, Any]:
    body = one.body
    return {
        "id": body.body_id,
        "kind": body.kind,
        "name": body.name,
        "parent": body.parent,
        "lod": body.lod,
        "triangles": len(body.triangles),
        "surfaces": list(body.surfaces),
        "closed": one.closed,
        "volume_m3": None if one.volume_m3 is None else round(one.volume_m3, 6),
        "area_m2": round(one.area_m2, 6),
        "taken": one.taken,
    }


@app.command(help="检查一个三维模型文件：逐个对象点名有问题的实体。退出码 0 无错误，1 有错误，2 用法错误")
def check(
    file: Annotated[Path, FILE],
    unit: Annotated[float, UNIT] = 1.0,
    up: Annotated[str, UP] = "z",
    as_json: Annotated[bool, typer.Option("--json", help="输出 JSON，含每个对象的体积")] = False,
) -> None:
    """Print what is in a file and every bad solid."""
    from gis.errors import Invalid
    from gis.issues import Severity
    from tiles.model_file import Frame, checked

    if up not in {"y", "z"} or unit <= 0:
        raise Invalid("--up", "z 或 y") if up not in {"y", "z"} else Invalid("--unit", "一个单位的米数，大于 0")
    report = checked(file, file.name, Frame(unit, up))
    errors = sum(issue.severity is Severity.ERROR for issue in report.issues)
    if as_json:
        document = {
            "format": report.model.format,
            "epsg": report.model.epsg,
            "counts": report.counts,
            "ignored": report.model.ignored,
            "objects": [_row(one) for one in report.checked],
            "issues": [issue.as_json() for issue in report.issues],
        }
        typer.echo(json.dumps(document, ensure_ascii=False))
    else:
        for issue in report.issues:
            typer.echo(f"{issue.code} {issue.message}")
        said = report.counts
        volume = sum(one.volume_m3 or 0.0 for one in report.taken)
        left = "".join(f"；未采用 {reason} {count} 个" for reason, count in report.model.ignored.items())
        typer.echo(
            f"{report.model.format or file.name}：对象 {said['read']} 个，可用 {said['taken']} 个，不可用 {said['refused']} 个{left}；"
            f"体积 {volume:.3f} m³；问题 {len(report.issues)} 个，其中错误 {errors} 个"
        )
    raise typer.Exit(1 if errors else 0)


FEATURE = typer.Option("--feature", help="要素标识（feature_id），或 企业编码/要素编号")
GCP = typer.Option("--gcp", help="控制点 CSV：name,x,y,E,N（E、N 为 EPSG:4545，米）", exists=True, dir_okay=False)


@app.command(help="把模型挂到一个要素上，代替它的标准模型；同一要素再挂即为新版本")
def attach(
    file: Annotated[Path, FILE],
    feature: Annotated[str, FEATURE],
    gcp: Annotated[Path | None, GCP] = None,
    crs: Annotated[str | None, typer.Option(help="文件的坐标系，如 EPSG:4545；缺省按文件")] = None,
    lod: Annotated[str | None, typer.Option(help="精细度（LoD），如 2.2；缺省取各对象最精细的")] = None,
    object_: Annotated[list[str] | None, typer.Option("--object", help="只要这些对象（连同所含的）；缺省全部")] = None,
    ground: Annotated[float | None, typer.Option(help="文件中哪个高程是地面（米）；缺省为最低点")] = None,
    unit: Annotated[float, UNIT] = 1.0,
    up: Annotated[str, UP] = "z",
    reason: Annotated[str, typer.Option(help="为什么")] = "挂接精细模型",
) -> None:
    """Attach a model to a feature."""
    from getpass import getuser

    from gis.settings import Settings
    from gis.store.cluster import ensure_running
    from gis.store.connect import Actor, engine, writing
    from gis.store.schema import bring_up
    from tiles.attach import Wish, attach_model
    from tiles.model_file import Frame

    url = ensure_running(Settings())
    bring_up(url.owner)
    wish = Wish(
        feature,
        gcp=gcp.read_text(encoding="utf-8-sig") if gcp else None,
        crs=crs,
        lod=lod,
        objects=tuple(object_ or ()),
        ground_m=ground,
        frame=Frame(unit, up),
    )
    with writing(engine(url.owner), Actor(getuser(), reason, "model attach")) as connection:
        done = attach_model(connection, file, wish)
    for issue in done.issues:
        typer.echo(f"{issue.code} {issue.message}")
    for point in done.placement.get("points", ()):
        typer.echo(f"控制点 {point['name']}：残差 {point['residual_m']:.3f} m")
    typer.echo(f"已挂接：第 {done.version} 版，{done.counts['objects']} 个对象，{done.counts['triangles']} 个三角形")


@app.command(help="撤下要素的精细模型，恢复标准模型；各版本保留")
def detach(feature: Annotated[str, FEATURE], reason: Annotated[str, typer.Option(help="为什么")] = "撤下精细模型") -> None:
    """Give a feature its standard solid back."""
    from getpass import getuser

    from gis.settings import Settings
    from gis.store import detailed
    from gis.store.cluster import ensure_running
    from gis.store.connect import Actor, engine, writing
    from gis.store.schema import bring_up

    url = ensure_running(Settings())
    bring_up(url.owner)
    with writing(engine(url.owner), Actor(getuser(), reason, "model detach")) as connection:
        version = detailed.detach(connection, detailed.feature_named(connection, feature))
    typer.echo(f"已撤下第 {version} 版，恢复标准模型")


@app.command(help="列出挂接的精细模型：要素、文件、版本、放置、残差、语义面面积")
def attached(
    all_: Annotated[bool, typer.Option("--all", help="连同从前的版本")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="输出 JSON")] = False,
) -> None:
    """Print the detailed models."""
    from dataclasses import asdict

    from gis.settings import Settings
    from gis.store import detailed
    from gis.store.cluster import ensure_running
    from gis.store.connect import glancing
    from gis.store.schema import bring_up

    url = ensure_running(Settings())
    bring_up(url.owner)
    with glancing(str(url.reader)) as connection:
        rows = detailed.listed(connection, all_=all_)
    if as_json:
        typer.echo(json.dumps([asdict(row) for row in rows], ensure_ascii=False, default=str))
        return
    for row in rows:
        gone = f"，{row.detached_at:%Y-%m-%d} 撤下" if row.detached_at else ""
        fitted = f"，残差 {row.placement['rms_m']:.3f} m" if "rms_m" in row.placement else ""
        typer.echo(
            f"{row.enterprise_code or ''}/{row.code or row.feature_id} {row.name}：第 {row.version} 版，{row.file_name}（{row.format}"
            f"{f'，LoD {row.lod}' if row.lod else ''}），{row.counts['triangles']} 个三角形{fitted}，"
            f"{row.attached_at:%Y-%m-%d %H:%M} {row.author}{gone}"
        )
    typer.echo(f"{len(rows)} 个")


NAME = typer.Option("--name", help="图层名：小写字母、数字和 _，不超过 30 字")
LABEL = typer.Option("--label", help="显示的名称；缺省同图层名")
OFFSET = typer.Option("--offset", metavar="E,N,U", help="向东、北、上平移（米），如 0,0,-36.9")


@app.command(help="把已有的三维瓦片（倾斜摄影等）登记为全景的图层；同名的换成新的。文件留在原处")
def layer(
    folder: Annotated[Path, typer.Argument(metavar="DIR", exists=True, file_okay=False, help="含 tileset.json 的文件夹")],
    name: Annotated[str, NAME],
    label: Annotated[str, LABEL] = "",
    offset: Annotated[str, OFFSET] = "0,0,0",
    clip: Annotated[bool, typer.Option(help="在已建模的企业处裁剪，露出模型")] = True,
) -> None:
    """Register finished 3D Tiles as a layer."""
    for line in _registered(folder, name, label or name, offset, clip=clip):
        typer.echo(line)


def _registered(folder: Path, name: str, label: str, offset: str, *, clip: bool) -> list[str]:
    from getpass import getuser

    from gis.settings import Settings
    from gis.store.cluster import ensure_running
    from gis.store.connect import Actor, engine, writing
    from gis.store.schema import bring_up
    from gis.store.tile_layers import keep
    from tiles.delivered import row_of

    row, issues = row_of(folder, name, label, offset, clip=clip)
    url = ensure_running(Settings())
    bring_up(url.owner)
    with writing(engine(url.owner), Actor(getuser(), "登记三维图层", "model layer")) as connection:
        keep(connection, row)
    what = "点云" if row["content"] == "points" else "网格"
    said = f"已登记 {name}（{what}）：{row['counts'].get('tiles', 0)} 个瓦片，{row['counts'].get('bytes', 0) / 1e6:.1f} MB"
    return [*(f"{issue.code} {issue.message}" for issue in issues), f"{said}，{row['lon']:.5f}°E {row['lat']:.5f}°N"]


@app.command(help="列出三维图层；--remove NAME 取消登记（不删文件）")
def layers(remove: Annotated[str | None, typer.Option(help="取消登记这个图层")] = None) -> None:
    """Print the layers of finished 3D Tiles."""
    from getpass import getuser

    from gis.settings import Settings
    from gis.store import tile_layers
    from gis.store.cluster import ensure_running
    from gis.store.connect import Actor, engine, writing
    from gis.store.schema import bring_up

    url = ensure_running(Settings())
    bring_up(url.owner)
    with writing(engine(url.owner), Actor(getuser(), "取消三维图层", "model layers")) as connection:
        if remove:
            typer.echo(f"已取消 {remove}（{tile_layers.remove(connection, remove)}）")
        for one in tile_layers.listed(connection):
            moved = f"{one.east_m:g},{one.north_m:g},{one.up_m:g}"
            typer.echo(f"{one.name} {one.label} {one.content} {one.folder} 平移 {moved} {'裁剪' if one.clipped else '不裁剪'}")


@app.command(help="把点云（LAS、LAZ、XYZ：雷达、激光扫描）转成三维瓦片，登记为全景的图层")
def cloud(
    files: Annotated[list[Path], typer.Argument(metavar="FILE…", exists=True, dir_okay=False, help="点云文件")],
    name: Annotated[str, NAME],
    crs: Annotated[str, typer.Option(help="点云的坐标系")] = "EPSG:4545",
    label: Annotated[str, LABEL] = "",
    offset: Annotated[str, OFFSET] = "0,0,0",
    out: Annotated[Path | None, typer.Option(help="瓦片写到哪里；缺省在数据目录的 clouds 下")] = None,
    clip: Annotated[bool, typer.Option(help="在已建模的企业处裁剪")] = False,
) -> None:
    """Turn a point cloud into a layer."""
    from gis.settings import Settings
    from tiles.cloud import convert

    folder = convert(files, (out or Settings().data_dir / "clouds" / name).resolve(), crs)
    for line in _registered(folder, name, label or name, offset, clip=clip):
        typer.echo(line)
