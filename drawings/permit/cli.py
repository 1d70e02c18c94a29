"""The verbs `quanjing permit …`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from drawings.permit.proposal import Proposal

app = typer.Typer(name="permit", help="排污许可证：从副本读取、出摘要、数据格式", no_args_is_help=True)
LEVELS = {"missing": "缺少", "conflict": "矛盾", "doubt": "存疑"}
SHOWN = 40
"""Values, and texts that were not taken, that a screen shows."""


@app.command(help="读取排污许可证副本（PDF、Excel）：写出待核对的摘要，每个值注明出处，存疑的在前，未采用的也列出")
def read(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="副本：PDF（扫描件须另装 ocr）或 Excel（.xlsx）", exists=True, dir_okay=False)
    ],
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="写到 .json 或 .yaml；核对后用 quanjing enterprise permit 登记", dir_okay=False)
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="输出 JSON")] = False,
) -> None:
    """Read a copy into a proposal for a person to check; exit 1 where something is doubtful, contradictory or missing."""
    import json

    import yaml

    from drawings.permit.reading import read as reading

    proposal = reading(file, file.name)
    document = proposal.as_json()
    if out is not None:
        in_yaml = out.suffix in (".yaml", ".yml")
        text = (
            yaml.safe_dump(document, allow_unicode=True, sort_keys=False, width=140)
            if in_yaml
            else json.dumps(document, ensure_ascii=False, indent=2)
        )
        out.write_text(text, encoding="utf-8")
    if as_json:
        typer.echo(json.dumps(document, ensure_ascii=False, indent=2))
    else:
        _say(proposal)
    if out is not None:
        typer.echo(f"{out}：对照副本核对 permit 一节，在 checked_by 填核对人，再运行 quanjing enterprise permit {out}")
    raise typer.Exit(1 if proposal.findings else 0)


@app.command(help="出许可证摘要：A4（PDF），一家")
def sheet(
    enterprise: Annotated[str, typer.Option(help="18 位信用代码或 22 位排污单位编码")],
    out: Annotated[Path | None, typer.Option("--out", "-o", help="写到哪个 .pdf 文件；缺省为 编码_许可证摘要.pdf", dir_okay=False)] = None,
    bw: Annotated[bool, typer.Option("--bw", help="黑白（按黑白打印配色）")] = False,
) -> None:
    """Print the summary of an enterprise's permit."""
    from drawings.permit.summary import summary
    from drawings.sheets.batch import facts_of, write
    from drawings.sheets.canvas import bound_pages
    from gis.settings import Settings
    from gis.store.cluster import ensure_running
    from gis.store.connect import engine
    from gis.store.enterprises import find_enterprise
    from gis.store.schema import bring_up

    settings = Settings()
    urls = ensure_running(settings)
    bring_up(urls.owner)
    with engine(urls.reader).connect() as connection:
        enterprise_id, code = find_enterprise(connection, enterprise)
    sheets = summary(facts_of(urls.reader, enterprise_id), "print-bw" if bw else "light", settings.public_url)
    path = out or Path(f"{code}_许可证摘要.pdf")
    write(path, bound_pages(sheets))
    typer.echo(f"{path}：{len(sheets)} 张")


def _say(proposal: "Proposal") -> None:
    """Print a proposal for a person: findings, then values with the doubtful ones first, then what was not taken."""
    from rich.console import Console
    from rich.table import Table

    from drawings.permit.proposal import DOUBTFUL

    console = Console()
    for one in proposal.findings:
        console.print(f"[bold]{LEVELS[one.level]}[/] {one.message} [dim]{one.place}[/]", highlight=False)
    values = sorted(proposal.values, key=lambda value: value.confidence)
    doubtful = [value for value in values if value.confidence < DOUBTFUL]
    table = Table("项", "值", "原文", "出处", "把握", title=f"{len(values)} 个值，存疑 {len(doubtful)} 个", title_justify="left")
    for value in values[: max(SHOWN, len(doubtful))]:
        table.add_row(value.path, str(value.value), value.text, str(value.place), f"{value.confidence:.2f}")
    console.print(table)
    left = [one for one in proposal.left if one.what != "text"]
    for aside in left[:SHOWN]:
        console.print(f"[dim]未采用 {aside.text} {aside.place}[/]", highlight=False)
    console.print(f"未采用：{len(left)} 行（列），表外文字 {len(proposal.left) - len(left)} 行；全部在 --out 或 --json 中", highlight=False)


@app.command(help="输出许可证摘要的 JSON Schema（2020-12）：字段、计量单位、编码")
def schema() -> None:
    """Print the JSON schema of a permit's document."""
    import json

    from gis.models.permit import schema as of_permit

    typer.echo(json.dumps(of_permit(), ensure_ascii=False, indent=2))
