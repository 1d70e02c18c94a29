"""`quanjing model check …`: 3D models from outside, beside the kit of parts."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from models3d.cli import app

__all__ = ["app"]

FILE = typer.Argument(metavar="FILE", exists=True, dir_okay=False, help="OBJ、GLB/glTF、DXF、IFC、CityJSON、WKT（PostGIS 多面体）")
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
