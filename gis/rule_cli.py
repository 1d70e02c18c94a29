"""The verbs `quanjing rule …`."""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(name="rule", help="判定规则：各数字的依据", no_args_is_help=True)


@app.callback()
def _rule() -> None:
    """Keep `basis` a verb of its own: a group of one verb would be that verb."""


@app.command(help="各规则数字的依据：标准原文、转引、未核、本产品缺省")
def basis(
    unverified: Annotated[bool, typer.Option("--unverified", help="只列未核的")] = False,
    json: Annotated[bool, typer.Option("--json", help="输出 JSON")] = False,
    out: Annotated[Path | None, typer.Option("--out", help="写成 Markdown 文件", dir_okay=False)] = None,
) -> None:
    """Print where the numbers come from."""
    from dataclasses import asdict
    from json import dumps

    from gis.rules.basis import STATES, bases, page

    if out:
        out.write_text(page(), encoding="utf-8")
        return
    found = [one for one in bases() if one.state == "unverified" or not unverified]
    if json:
        typer.echo(dumps([asdict(one) for one in found], ensure_ascii=False))
        return
    for one in found:
        typer.echo(f"{STATES[one.state]}  {one.what}（{one.clause or '无标准'}）  {one.where}\n      {one.found}")
