"""The verbs `quanjing process …`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from gis.models.process import ProcessGraph

app = typer.Typer(name="process", help="生产流程工艺图：由表格检查、绘制、查询。", no_args_is_help=True)
File = Annotated[Path, typer.Argument(metavar="FILE", help="工艺流程表（YAML）", exists=True, dir_okay=False, readable=True)]


def _graph(file: Path) -> "ProcessGraph":
    """Return the graph in a file; its faults end the command."""
    from rich.console import Console

    from drawings.process.table import graph_of
    from drawings.report import print_issues

    graph, issues = graph_of(file.read_text(encoding="utf-8-sig", errors="replace"), file.name)
    if graph is None:
        print_issues(issues, Console())
        raise typer.Exit(1)
    return graph


@app.command(help="检查工艺流程：E501–E504，画出来后的 W505；给出厂区平面图时核对 MF 编号")
def check(
    file: File,
    plan: Annotated[
        Path | None, typer.Option(help="同一企业的厂区平面图（DXF），核对 MF 编号（E503）", exists=True, dir_okay=False)
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="输出 JSON")] = False,
) -> None:
    """Print the issues of a process; exit 1 where one forbids publishing."""
    import json

    from rich.console import Console

    from drawings.process import checks
    from drawings.process.elk import Elk
    from drawings.process.layout import laid_out
    from drawings.report import print_issues
    from drawings.sandbox import read_plan
    from gis.issues import blocking
    from gis.settings import Settings

    graph = _graph(file)
    issues = checks.check(graph)
    if plan is not None:
        issues += checks.beside_plan(graph, {feature.code for feature in read_plan(plan, plan.name).features if feature.code})
    with Elk(Settings().web_dir) as elk:
        issues += checks.picture_issues(laid_out(graph, elk.lay_out))
    if as_json:
        typer.echo(json.dumps([issue.as_json() for issue in issues], ensure_ascii=False, indent=2))
    else:
        typer.echo(f"节点 {len(graph.nodes)}，物流 {len(graph.streams)}")
        print_issues(issues, Console())
    raise typer.Exit(1 if blocking(issues) else 0)


@app.command(help="画出工艺流程（SVG，毫米）：按工艺次序，产污环节突出显示")
def draw(
    file: File,
    out: Annotated[Path, typer.Option("--out", "-o", help="写到这里", dir_okay=False)],
    theme: Annotated[str, typer.Option(help="light、wall-dark 或 print-bw")] = "light",
) -> None:
    """Write the picture of a process."""
    from drawings.process.elk import Elk
    from drawings.process.layout import laid_out
    from drawings.process.picture import svg
    from gis.errors import Invalid
    from gis.settings import Settings
    from styles.palette import THEMES

    chosen = next((one for one in THEMES if one == theme), None)
    if chosen is None:
        raise Invalid("theme", f"没有主题 {theme}；可用的有 {'、'.join(THEMES)}")
    graph = _graph(file)
    with Elk(Settings().web_dir) as elk:
        out.write_text(svg(graph, laid_out(graph, elk.lay_out), chosen), encoding="utf-8")
    typer.echo(out)


@app.command(help="哪些工序产生某种污染物，由哪套设施治理，改造到什么程度，从哪里排放")
def ask(
    file: File,
    pollutant: Annotated[str | None, typer.Option(help="污染物，如 SO2、二氧化硫、COD；缺省为全部")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="输出 JSON")] = False,
) -> None:
    """Print where a pollutant arises and what becomes of it."""
    import json

    from rich.console import Console

    from drawings.process.paths import arisings
    from drawings.process.report import print_arisings, rows

    found = arisings(_graph(file), pollutant)
    if as_json:
        typer.echo(json.dumps(rows(found), ensure_ascii=False, indent=2))
    else:
        print_arisings(found, Console())
