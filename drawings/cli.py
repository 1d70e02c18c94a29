"""The verbs `quanjing drawing …`."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from drawings.delivery import cli as of_delivery
from drawings.sheets.cli import sheet
from drawings.versions import cli as of_versions

if TYPE_CHECKING:
    from drawings.checking import Checked

app = typer.Typer(name="drawing", help="图纸：按规范生成、检查。", no_args_is_help=True)


@app.command(help="生成示范企业的厂区平面图（DXF）和企业信息（JSON）")
def example(folder: Annotated[Path, typer.Argument(metavar="DIR", help="写入的文件夹，没有则新建", file_okay=False)]) -> None:
    """Write the example drawing and the facts about its enterprise."""
    from drawings.example import write_example

    for path in write_example(folder):
        typer.echo(path)


File = Annotated[
    Path,
    typer.Argument(
        metavar="FILE",
        help="DXF 图纸，或图层文件（.gpkg、.geojson、.zip）；DWG 须装有转换程序",
        exists=True,
        dir_okay=False,
        readable=True,
    ),
]
MappingFile = Annotated[
    Path | None, typer.Option("--mapping", help="对照文件（YAML）：不按规范的图层、块、文字各是什么", exists=True, dir_okay=False)
]
GcpFile = Annotated[Path | None, typer.Option("--gcp", help="控制点文件（CSV）：name,x,y,E,N[,src]", exists=True, dir_okay=False)]
Crs = Annotated[str | None, typer.Option("--crs", help="图形坐标的坐标系：EPSG:4545、gcj02、gcj02+EPSG:4545 等")]


def _text(path: Path | None) -> str | None:
    """Return the text of a small file, UTF-8 or GBK."""
    if path is None:
        return None
    data = path.read_bytes()
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("gb18030", errors="replace")


@app.command(help="列出一张图纸里有什么，写出对照文件的初稿")
def survey(
    file: File, out: Annotated[Path | None, typer.Option("--out", "-o", help="对照文件初稿写到这里，缺省输出到屏幕")] = None
) -> None:
    """List what is in a drawing, and write a first mapping to edit; exit 1 where it can't be read."""
    import logging

    from rich.console import Console

    from drawings.mapping import written
    from drawings.read import document_of
    from drawings.survey import print_survey, proposal
    from drawings.survey import survey as surveyed

    logging.getLogger("ezdxf").setLevel(logging.ERROR)
    document, issues = document_of(file.read_bytes(), file.name)
    for issue in issues:
        typer.echo(f"{issue.code} {issue.message}（{issue.hint}）", err=True)
    if document is None:
        raise typer.Exit(1)
    groups = surveyed(document)
    print_survey(groups, Console(stderr=out is None))
    text = written(proposal(groups))
    if out is None:
        typer.echo(text)
    else:
        out.write_text(text, encoding="utf-8")
        typer.echo(f"对照文件初稿：{out}；请逐条改 kind 或 ignore")


@app.command(help="逐张读一个文件夹里的 DXF，写出每张图的图元账目（Markdown）")
def accounts(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="放 DXF 的文件夹", exists=True, file_okay=False)],
    mappings: Annotated[
        Path | None,
        typer.Option(
            help="对照文件 NN.mapping.yaml、控制点 NN.gcp.csv 所在的文件夹，用于 NN_….dxf；缺省为 FOLDER", exists=True, file_okay=False
        ),
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="写到这里，缺省输出到屏幕")] = None,
) -> None:
    """Write what became of every entity of every drawing in a folder; exit 1 where an account does not add up."""
    from rich.console import Console
    from rich.progress import track

    from drawings.accounts import account, drawings_in, page

    drawings = track(drawings_in(folder), "读图", console=Console(stderr=True), transient=True)
    read = [account(path, mappings or folder) for path in drawings]
    text = page(read)
    if out is None:
        typer.echo(text, nl=False)
    else:
        out.write_text(text, encoding="utf-8")
        typer.echo(f"账目：{out}")
    raise typer.Exit(0 if all(one.adds_up for one in read) else 1)


@app.command(help="输出对照文件的 JSON Schema，供编辑器检查")
def schema() -> None:
    """Print the JSON schema of mapping files."""
    import json

    from drawings.mapping import schema as of_mapping

    typer.echo(json.dumps(of_mapping(), ensure_ascii=False, indent=2))


@app.command(help="检查图纸：一张或几张 DXF、工艺流程表（不需要数据库），或库中一家、全部企业的图纸和许可证")
def check(  # noqa: PLR0917 — a verb has as many options as people need
    files: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="FILE…", help="DXF 图纸（DWG 须装有转换程序）、工艺流程表（YAML）", exists=True, dir_okay=False, readable=True
        ),
    ] = None,
    enterprise: Annotated[str | None, typer.Option(help="检查库中这家企业：18 位信用代码或 22 位排污单位编码")] = None,
    every: Annotated[bool, typer.Option("--all", help="检查库中全部企业")] = False,
    mapping: MappingFile = None,
    gcp: GcpFile = None,
    crs: Crs = None,
    as_json: Annotated[bool, typer.Option("--json", help="输出 JSON")] = False,
    as_sarif: Annotated[bool, typer.Option("--sarif", help="输出 SARIF 2.1.0")] = False,
    pdf: Annotated[Path | None, typer.Option("--pdf", help="检查报告（A4 PDF）写到这里", dir_okay=False)] = None,
) -> None:
    """Print accounts and issues of drawings, and what they show together; exit 1 where there are issues."""
    import logging
    from contextlib import ExitStack
    from datetime import UTC, datetime

    from rich.console import Console
    from rich.progress import Progress

    from drawings.checking import Checked, of_files, of_store
    from drawings.dwg import as_dxf
    from drawings.options import Options
    from gis.settings import Settings

    if bool(files) + bool(enterprise) + every != 1:
        raise typer.BadParameter("请给出 DXF 文件，或用 --enterprise、--all 检查库中的图纸（三者选一）")
    # What the reader mends is counted in W104; its own words about it would only stand between.
    logging.getLogger("ezdxf").setLevel(logging.ERROR)
    with ExitStack() as stack:
        progress = stack.enter_context(Progress(console=Console(stderr=True), transient=True))
        task = progress.add_task("检查", total=None)

        def told(done: int, total: int, what: str) -> None:
            progress.update(task, completed=done, total=total, description=what)

        checked: list[Checked]
        if files:
            files = stack.enter_context(as_dxf(files, Settings().dwg_converter))
            checked = of_files(files, Options(mapping=_text(mapping), gcp=_text(gcp), crs=crs), told)
        else:
            from gis.store.cluster import ensure_running
            from gis.store.connect import engine, looking
            from gis.store.enterprises import find_enterprise
            from gis.store.schema import bring_up

            urls = ensure_running(Settings())
            bring_up(urls.owner)
            connection = stack.enter_context(looking(engine(urls.reader)))
            wanted = [find_enterprise(connection, enterprise)[0]] if enterprise else None
            checked = list(of_store(connection, wanted, told))
    if pdf is not None:
        from drawings.handout import handout

        pdf.write_bytes(handout(checked, datetime.now(UTC).astimezone().date()))
    _say(checked, as_json=as_json, as_sarif=as_sarif, single=bool(files) and len(files or ()) == 1)
    raise typer.Exit(1 if any(one.every for one in checked) else 0)


def _say(checked: "list[Checked]", *, as_json: bool, as_sarif: bool, single: bool) -> None:
    """Print what was found: for programs, or for people."""
    import json

    from rich.console import Console

    from drawings.checking import counted, print_checked
    from drawings.report import print_report, report
    from drawings.sarif import sarif

    if as_sarif:
        typer.echo(json.dumps(sarif(issue for one in checked for issue in one.every), ensure_ascii=False, indent=2))
    elif as_json and single:
        typer.echo(json.dumps(report(checked[0].plans[0]), ensure_ascii=False, indent=2))
    elif as_json:
        told = {"counts": counted(checked), "enterprises": [one.as_json() for one in checked]}
        typer.echo(json.dumps(told, ensure_ascii=False, indent=2))
    elif single:
        print_report(checked[0].plans[0])
    else:
        print_checked(checked, Console())


@app.command("import", help="导入一张图纸（DXF；也可 GeoPackage、GeoJSON、Shapefile 的 ZIP）：同一文件再次导入不产生任何改动")
def import_(  # noqa: PLR0917 — a verb has as many options as people need
    file: File,
    enterprise: Annotated[str | None, typer.Option(help="18 位信用代码或 22 位排污单位编码；缺省取自文件名")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="只说会改什么，不写入")] = False,
    mapping: MappingFile = None,
    gcp: GcpFile = None,
    crs: Crs = None,
    reason: Annotated[str, typer.Option(help="修改原因，记入历史")] = "导入图纸",
    drawn_by: Annotated[str | None, typer.Option(help="制图人，印在标题栏；缺省为当前用户")] = None,
    review: Annotated[bool, typer.Option("--review", help="送审：经他人审核后才发布（drawing review）")] = False,
    resurvey: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="复测日期 YYYY-MM-DD")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="输出 JSON")] = False,
) -> None:
    """Store what a drawing shows; exit 1 where a drafting fault kept it from being published."""
    import getpass
    import json
    import logging

    from drawings.dwg import as_dxf
    from drawings.options import Options
    from drawings.publish import publish_drawing
    from drawings.report import print_report, report, said_of, told
    from gis.issues import blocking
    from gis.settings import Settings
    from gis.store.cluster import ensure_running
    from gis.store.connect import Actor, writing_plainly
    from gis.store.plans import Handed
    from gis.store.schema import bring_up

    logging.getLogger("ezdxf").setLevel(logging.ERROR)
    settings = Settings()
    url = ensure_running(settings).owner
    bring_up(url)
    options = Options(mapping=_text(mapping), gcp=_text(gcp), crs=crs)
    handed = Handed(drawn_by, review or settings.review, resurvey.date() if resurvey else None)
    actor = Actor(getpass.getuser(), f"{reason}：{file.name}", "drawing")
    with as_dxf([file], settings.dwg_converter) as (drawing,), writing_plainly(url, actor) as connection:
        plan, outcome = publish_drawing(connection, drawing, enterprise, options, handed=handed, base_url=settings.public_url)
        if dry_run:
            connection.rollback()
    if as_json:
        typer.echo(json.dumps(report(plan) | told(outcome, dry_run=dry_run), ensure_ascii=False, indent=2))
    else:
        print_report(plan)
        for issue in outcome.issues[len(plan.issues) :]:
            typer.echo(f"{issue.code} {issue.message}（{issue.hint}）")
        typer.echo(said_of(outcome, handed, dry_run=dry_run))
    raise typer.Exit(1 if blocking(outcome.issues) else 0)


@app.command(help="写出制图规范（Markdown）：图层、图块、属性、线型、检查代码")
def norm(out: Annotated[Path | None, typer.Option("--out", "-o", help="写到这里，缺省输出到屏幕", dir_okay=False)] = None) -> None:
    """Write the drafting norm as the program goes by it."""
    from drawings.clauses import page

    if out is None:
        typer.echo(page(), nl=False)
    else:
        out.write_text(page(), encoding="utf-8")


@app.command(help="写出空白的规范图纸（DXF）：图层、线型、字体、带属性的图块；给出企业时带上厂界、底图和许可证编号")
def template(
    out: Annotated[Path, typer.Argument(metavar="OUT.dxf", help="写到这个文件；给出企业时也可以是文件夹")],
    enterprise: Annotated[str | None, typer.Option(help="18 位信用代码或 22 位排污单位编码")] = None,
    kind: Annotated[str, typer.Option(help="A 平面图、C 监测点位图、D 周边风险图")] = "A",
) -> None:
    """Write a drawing to begin with."""
    from drawings.starting import empty, start_of

    if enterprise is None:
        out.write_bytes(empty())
        typer.echo(out)
        return
    from gis.settings import Settings
    from gis.store.cluster import ensure_running
    from gis.store.connect import engine, looking
    from gis.store.schema import bring_up

    url = ensure_running(Settings()).owner
    bring_up(url)
    with looking(engine(url)) as connection:
        name, content = start_of(connection, enterprise, kind.upper())
    path = out / name if out.is_dir() else out
    path.write_bytes(content)
    typer.echo(path)


@app.command(help="把企业现有的要素导出为规范 DXF（R2013）：再导入时不产生任何改动")
def export(
    enterprise: Annotated[str, typer.Option(help="18 位信用代码或 22 位排污单位编码")],
    kind: Annotated[str, typer.Option(help="A 平面图、B 工艺图、C 监测点位图、D 周边风险图")] = "A",
    out: Annotated[Path | None, typer.Option("--out", "-o", help="文件或文件夹，缺省为当前文件夹")] = None,
    notes: Annotated[bool, typer.Option(help="带上最近一次发布的图中的注记、尺寸")] = True,
) -> None:
    """Write an enterprise's features as a drawing by the norm; exit 1 where the drawing does not say all."""
    from drawings.handback import hand_back
    from gis.settings import Settings
    from gis.store.cluster import ensure_running
    from gis.store.connect import engine, looking
    from gis.store.schema import bring_up

    url = ensure_running(Settings()).owner
    bring_up(url)
    with looking(engine(url)) as connection:
        name, done = hand_back(connection, enterprise, kind.upper(), notes=notes)
    path = (out / name if out.is_dir() else out) if out else Path(name)
    path.write_bytes(done.content)
    for issue in done.issues:
        typer.echo(f"{issue.code} {issue.message}（{issue.hint}）", err=True)
    typer.echo(f"{path}：{done.features} 个要素")
    raise typer.Exit(1 if done.issues else 0)


@app.command(help="出现场检查表：按图纸、许可证和问题清单，列出到哪里看什么，按行走路线排序；A4（PDF）或 JSON")
def checklist(
    enterprise: Annotated[str, typer.Option(help="18 位信用代码或 22 位排污单位编码")],
    out: Annotated[Path | None, typer.Option("--out", "-o", help="写到哪个 .pdf 文件；缺省为 编码_现场检查表.pdf", dir_okay=False)] = None,
    as_json: Annotated[bool, typer.Option("--json", help="输出 JSON，不写文件")] = False,
) -> None:
    """Print what to look at where in a plant."""
    import json

    from drawings.inspection.checklist import checklist as made
    from drawings.inspection.printing import printed_checklist
    from drawings.sheets.batch import facts_of, write
    from drawings.sheets.canvas import bound_pages
    from gis.settings import Settings
    from gis.store.cluster import ensure_running
    from gis.store.connect import driver_of, engine, looking
    from gis.store.enterprises import find_enterprise
    from gis.store.problems import problems
    from gis.store.schema import bring_up

    settings = Settings()
    urls = ensure_running(settings)
    bring_up(urls.owner)
    with looking(engine(urls.reader)) as connection:
        enterprise_id, code = find_enterprise(connection, enterprise)
        listed = problems(driver_of(connection), enterprise_id)
    facts = facts_of(urls.reader, enterprise_id)
    found = made(facts, listed)
    if as_json:
        typer.echo(json.dumps(found.as_json(), ensure_ascii=False, indent=2))
        return
    path = out or Path(f"{code}_现场检查表.pdf")
    write(path, bound_pages(printed_checklist(facts, found, "light", settings.public_url)))
    typer.echo(f"{path}：{len(found.stops)} 处，行走约 {found.walk_m:.0f} m，未消除的问题 {found.problems} 个")


app.command("sheet", help="出图：A3 图纸（PDF，另可 SVG、PNG），一家或全部")(sheet)
app.command("versions", help="列出企业四张图的各版：状态、制图、审核、发布、复测日期、意见")(of_versions.versions)
app.command("fetch", help="取回某一版的文件，与送交时逐字节相同")(of_versions.fetch)
app.command("review", help="审核通过、退回、批准发布某一版，或定复测日期")(of_versions.review)
app.command("diff", help="比较两版：新增、删除、移动的要素，改了的属性（旧 → 新）；--pdf 另出差异图")(of_versions.diff)
app.command("deliver", help="交付包：每家一个 ZIP，图纸、DXF、属性、许可证摘要、清单（SHA-256、SM3），一家或全部")(of_delivery.deliver)
app.command("verify", help="核验交付包：逐个文件与清单核对，并打开看")(of_delivery.verify)
