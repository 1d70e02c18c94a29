"""The verb `quanjing layer import`."""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(name="layer", help="城市图层：河流、断面、水源地、区县等", no_args_is_help=True)


ACTIONS = {"insert": "新增", "update": "修改", "close": "关闭", "unchanged": "不变"}


@app.callback()
def _layer() -> None:
    """Keep `import` a verb of its own though it is the only one."""


@app.command("import", help="装入一个城市图层：GeoJSON（EPSG:4490），每个要素有 code 和 name")
def import_(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="GeoJSON 文件", exists=True, dir_okay=False, readable=True)],
    kind: Annotated[str, typer.Option("--kind", help="要素类，如 river、water_station、county")],
    replace: Annotated[bool, typer.Option("--replace", help="文件中没有的要素关闭")] = False,
) -> None:
    """Store a layer, all or nothing; exit 1 where a feature is faulty."""
    import getpass
    import json

    from gis.errors import Invalid
    from gis.settings import Settings
    from gis.store.cluster import ensure_running
    from gis.store.connect import Actor, engine, writing
    from gis.store.layers import store_layer
    from gis.store.migrate import upgrade

    try:
        document = json.loads(file.read_text(encoding="utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise Invalid("FILE", f"{file.name} 不是 JSON：{error}") from error
    url = ensure_running(Settings()).owner
    upgrade(url)
    with writing(engine(url), Actor(getpass.getuser(), f"装入图层：{file.name}")) as connection:
        stored = store_layer(connection, kind, document, replace=replace)
    for issue in stored.issues:
        typer.echo(f"{issue.code} {issue.message}（{issue.hint}）", err=True)
    if stored.issues:
        raise typer.Exit(1)
    typer.echo(
        "，".join(f"{label} {stored.actions[action]}" for action, label in ACTIONS.items() if stored.actions.get(action)) or "没有要素"
    )
