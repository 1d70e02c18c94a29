"""The verbs `quanjing drawing deliver` and `verify`."""

from pathlib import Path
from typing import Annotated

import typer


def deliver(
    out: Annotated[Path, typer.Option("--out", "-o", help="写到哪个文件夹", file_okay=False)],
    enterprise: Annotated[str | None, typer.Option(help="18 位信用代码或 22 位排污单位编码；与 --all 二选一")] = None,
    all_: Annotated[bool, typer.Option("--all", help="全部企业；中断后再运行，从停下处继续")] = False,
) -> None:
    """Write delivery packages of one enterprise or of all."""
    from rich.console import Console
    from rich.progress import Progress

    from drawings.delivery.batch import INDEX, Order
    from drawings.delivery.batch import deliver as delivered
    from drawings.sheets.batch import all_enterprises
    from gis.errors import Invalid
    from gis.settings import Settings
    from gis.store.cluster import ensure_running
    from gis.store.connect import engine, looking
    from gis.store.enterprises import find_enterprise
    from gis.store.schema import bring_up

    if bool(enterprise) == all_:
        raise Invalid("enterprise", "用 --enterprise 指定一家，或用 --all 交付全部")
    settings = Settings()
    urls = ensure_running(settings)
    bring_up(urls.owner)
    if enterprise:
        with looking(engine(urls.reader)) as connection:
            ids = [find_enterprise(connection, enterprise)[0]]
    else:
        ids = all_enterprises(urls.reader)
    order = Order(out, settings.public_url, settings.web_dir)
    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("交付", total=len(ids))
        done = delivered(urls.reader, ids, order, progress=lambda number, _, code: bar.update(task, completed=number, description=code))
    made = [one for one in done if one.entry is not None]
    written = sum(one.written for one in made)
    typer.echo(f"{out}：{len(made)} 个交付包，本次写出 {written} 个，清单 {INDEX}")
    for one in done:
        if one.entry is None:
            typer.echo(f"{one.code} {one.name}：还没有图，未交付", err=True)
    raise typer.Exit(0 if made else 1)


def verify(
    packages: Annotated[list[Path], typer.Argument(metavar="PACKAGE…", help="交付包（.zip），或放它们的文件夹", exists=True)],
    as_json: Annotated[bool, typer.Option("--json", help="输出 JSON")] = False,
) -> None:
    """Check packages again; exit 1 where one is not as its manifest says."""
    import json

    from drawings.delivery.verifying import verify as verified

    paths = [path for one in packages for path in (sorted(one.glob("*.zip")) if one.is_dir() else [one])]
    faulty, told = 0, []
    for path in paths:
        said, faults = verified(path.read_bytes())
        faulty += bool(faults)
        told.append({"package": str(path), "enterprise": said.enterprise.source_code if said else None, "faults": faults})
        if not as_json:
            head = f"{path.name}：{said.enterprise.name}，{len(said.files)} 个文件" if said else f"{path.name}"
            typer.echo(f"{head}，{'与清单相符' if not faults else f'{len(faults)} 处不符'}")
            for fault in faults:
                typer.echo(f"  {fault}")
    if as_json:
        typer.echo(json.dumps(told, ensure_ascii=False, indent=2))
    raise typer.Exit(1 if faulty or not paths else 0)
