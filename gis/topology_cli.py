"""The verbs `quanjing topology …`."""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(name="topology", help="拓扑：宗地、三维产权体、建筑、管网等的规则检查", no_args_is_help=True)


@app.command("rules", help="列出规则")
def list_rules() -> None:
    """Print the rules."""
    from rich.console import Console
    from rich.table import Table

    from gis.kinds import KINDS
    from gis.rules.topology import rules

    table = Table("规则", "说明", "检查谁", "怎样改")
    for rule in rules().values():
        table.add_row(rule.name, rule.label, "、".join(KINDS[kind].label for kind in rule.kinds), rule.hint)
    Console(width=None if Console().is_terminal else 160).print(table)


@app.command(help="检查全部要素（平时由 serve 随每次改动自动更新）；有问题时退出码为 1")
def check(
    rule: Annotated[list[str] | None, typer.Option(help="只查这些规则")] = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="把问题写成 GeoJSON", dir_okay=False)] = None,
) -> None:
    """Bring the faults of everything up to date and print how many there are."""
    import asyncio
    import getpass

    from rich.console import Console
    from rich.table import Table

    from gis.errors import Invalid
    from gis.rules.topology import rules
    from gis.settings import Settings
    from gis.store import topology
    from gis.store.cluster import ensure_running
    from gis.store.connect import Actor, driver_of, engine, glance, writing
    from gis.store.schema import bring_up

    if unknown := [name for name in rule or () if name not in rules()]:
        raise Invalid("rule", f"没有规则 {unknown[0]:.40}；可用的有 {'、'.join(rules())}")
    urls = ensure_running(Settings())
    bring_up(urls.owner)
    with writing(engine(urls.owner), Actor(getpass.getuser(), "拓扑检查")) as connection:
        kept = topology.check(driver_of(connection), rule or ())
    table = Table("规则", "说明", "问题", "新增", "消除")
    for one in kept:
        table.add_row(one.rule.name, one.rule.label, str(one.found), str(one.added), str(one.gone))
    Console(width=None if Console().is_terminal else 160).print(table)
    if out:

        async def listed() -> bytes:
            async with glance(urls.reader) as reader:
                return topology.as_bytes(await topology.faults(reader))

        out.write_bytes(asyncio.run(listed()))
        typer.echo(out)
    raise typer.Exit(code=1 if any(one.found for one in kept) else 0)
