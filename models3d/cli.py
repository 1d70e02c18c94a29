"""`quanjing model`: the kit of 3D parts."""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(name="model", help="三维部件库：储罐、烟囱、塔器、除尘器、池、房屋等参数化部件", no_args_is_help=True)


@app.command("list", help="列出部件：名称、参数和缺省值（米）")
def list_() -> None:
    """Print the parts with their parameters."""
    from dataclasses import fields

    from rich.console import Console
    from rich.table import Table

    from models3d.kit.catalogue import PARTS

    table = Table("部件", "名称", "参数")
    for name, part in PARTS.items():
        usual = part()
        said = "，".join(f"{one.name}={getattr(usual, one.name)!r}" for one in fields(usual))  # type: ignore[arg-type]
        table.add_row(name, part.LABEL, said)
    Console(width=None if Console().is_terminal else 160).print(table)


@app.command(help="把部件写成 GLB，供三维软件使用：一个，或全部；三个精细度 0、1、2")
def export(
    folder: Annotated[Path, typer.Argument(metavar="OUT", help="输出文件夹", file_okay=False)],
    part: Annotated[list[str] | None, typer.Option(help="部件；缺省为全部")] = None,
    set_: Annotated[list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="参数，如 diameter_m=12")] = None,
    detail: Annotated[int, typer.Option(min=0, max=2, help="精细度")] = 2,
) -> None:
    """Write parts as GLB."""
    from gis.errors import Invalid
    from models3d.glb import part_glb
    from models3d.kit.catalogue import PARTS, made

    names = part or list(PARTS)
    if set_ and len(names) > 1:
        raise Invalid("set", "参数只能给一个部件")
    parts = {name: made(name, set_ or ()) for name in names}
    folder.mkdir(parents=True, exist_ok=True)
    for name, one in parts.items():
        path = folder / f"{name}.{detail}.glb"
        path.write_bytes(part_glb(name, one, detail))
        typer.echo(path)
