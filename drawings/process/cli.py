"""The verbs `quanjing process …`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from gis.models.process import ProcessGraph, StoredProcess

app = typer.Typer(name="process", help="生产流程工艺图：由表格检查、导入、绘制、查询。", no_args_is_help=True)
File = Annotated[Path, typer.Argument(metavar="FILE", help="工艺流程表（YAML）", exists=True, dir_okay=False, readable=True)]
OrFile = Annotated[
    Path | None,
    typer.Argument(metavar="[FILE]", help="工艺流程表（YAML）；或用 --enterprise", exists=True, dir_okay=False, readable=True),
]
Of = Annotated[str | None, typer.Option("--enterprise", help="18 位信用代码或 22 位排污单位编码：取已入库的流程")]


def _stored(enterprise: str) -> "StoredProcess":
    """Return the process of an enterprise in the store."""
    from gis.settings import Settings
    from gis.store.cluster import ensure_running
    from gis.store.connect import engine, looking
    from gis.store.enterprises import find_enterprise
    from gis.store.process import process_of
    from gis.store.schema import bring_up

    url = ensure_running(Settings()).owner
    bring_up(url)
    with looking(engine(url)) as connection:
        return process_of(connection, find_enterprise(connection, enterprise)[0])


def _given(file: Path | None) -> Path:
    """Return the file that a verb is to read."""
    if file is None:
        raise typer.BadParameter("请给出工艺流程表，或用 --enterprise 指明企业")
    return file


def _graph(file: Path) -> "ProcessGraph":
    """Return the graph in a file; its faults end the command."""
    from drawings.process.table import graph_of
    from drawings.report import print_issues

    graph, issues = graph_of(file.read_text(encoding="utf-8-sig", errors="replace"), file.name)
    if graph is None:
        print_issues(issues)
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
        print_issues(issues)
    raise typer.Exit(1 if blocking(issues) else 0)


@app.command("import", help="把企业的工艺流程表入库（图种 B）：同一张表再次导入不产生任何改动")
def import_(  # noqa: PLR0917 — a verb has as many options as people need
    file: File,
    enterprise: Annotated[str, typer.Option(help="18 位信用代码或 22 位排污单位编码")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="只说会改什么，不写入")] = False,
    reason: Annotated[str, typer.Option(help="修改原因，记入历史")] = "导入工艺流程",
    drawn_by: Annotated[str | None, typer.Option(help="制图人，印在标题栏；缺省为当前用户")] = None,
    review: Annotated[bool, typer.Option("--review", help="送审：经他人审核后才发布（drawing review）")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="输出 JSON")] = False,
) -> None:
    """Store a process; exit 1 where a fault kept it from being published."""
    import getpass
    import json

    from drawings.process.elk import Elk
    from drawings.process.storing import publish_process
    from drawings.report import print_issues, said_of, told
    from gis.issues import blocking
    from gis.settings import Settings
    from gis.store.cluster import ensure_running
    from gis.store.connect import Actor, writing_plainly
    from gis.store.plans import Handed
    from gis.store.schema import bring_up

    settings = Settings()
    url = ensure_running(settings).owner
    bring_up(url)
    actor = Actor(getpass.getuser(), f"{reason}：{file.name}", "drawing")
    handed = Handed(drawn_by, review or settings.review)
    with writing_plainly(url, actor) as connection, Elk(settings.web_dir) as elk:
        _, outcome = publish_process(connection, file.read_bytes(), file.name, enterprise, elk.lay_out, handed, settings.public_url)
        if dry_run:
            connection.rollback()
    if as_json:
        typer.echo(json.dumps(told(outcome, dry_run=dry_run), ensure_ascii=False, indent=2))
    else:
        print_issues(outcome.issues)
        typer.echo(said_of(outcome, handed, dry_run=dry_run))
    raise typer.Exit(1 if blocking(outcome.issues) else 0)


@app.command(help="画出工艺流程（SVG，毫米）：按工艺次序，产污环节突出显示")
def draw(
    out: Annotated[Path, typer.Option("--out", "-o", help="写到这里", dir_okay=False)],
    file: OrFile = None,
    enterprise: Of = None,
    theme: Annotated[str, typer.Option(help="light、wall-dark 或 print-bw")] = "light",
) -> None:
    """Write the picture of a process."""
    from drawings.process.elk import Elk
    from drawings.process.layout import laid_out
    from drawings.process.picture import svg
    from drawings.process.storing import layout_of
    from gis.settings import Settings
    from styles.palette import theme_named

    chosen = theme_named(theme)
    with Elk(Settings().web_dir) as elk:
        if enterprise is not None:
            process = _stored(enterprise)
            graph, layout = process.graph, layout_of(process, elk.lay_out)
        else:
            graph = _graph(_given(file))
            layout = laid_out(graph, elk.lay_out)
    out.write_text(svg(graph, layout, chosen), encoding="utf-8")
    typer.echo(out)


@app.command(help="哪些工序产生某种污染物，由哪套设施治理，改造到什么程度，从哪里排放；或某个节点从哪里来、到哪里去")
def ask(
    file: OrFile = None,
    enterprise: Of = None,
    pollutant: Annotated[str | None, typer.Option(help="污染物，如 SO2、二氧化硫、COD；缺省为全部")] = None,
    node: Annotated[str | None, typer.Option(help="节点编号：物料经阀门、管件和汇流点，从哪里来、到哪里去")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="输出 JSON")] = False,
) -> None:
    """Print where a pollutant arises and what becomes of it, or what is before and after a node."""
    import json

    from rich.console import Console

    from drawings.process.paths import arisings, neighbours
    from drawings.process.report import print_arisings, rows

    graph = _stored(enterprise).graph if enterprise is not None else _graph(_given(file))
    if node is not None:
        if node not in {one.code for one in graph.nodes}:
            raise typer.BadParameter(f"没有节点 {node}")
        told = {way: [f"{one.code} {one.name}" for one in ones] for way, ones in zip(("from", "to"), neighbours(graph, node), strict=True)}
        if as_json:
            typer.echo(json.dumps(told, ensure_ascii=False, indent=2))
        else:
            typer.echo(f"来自：{'、'.join(told['from']) or '—'}\n去往：{'、'.join(told['to']) or '—'}")
        return
    found = arisings(graph, pollutant)
    if as_json:
        typer.echo(json.dumps(rows(found), ensure_ascii=False, indent=2))
    else:
        print_arisings(found, Console())
