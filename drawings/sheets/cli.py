"""The verb `quanjing drawing sheet`."""

from pathlib import Path
from typing import Annotated

import typer

Enterprise = Annotated[str | None, typer.Option(help="18 位信用代码或 22 位排污单位编码；与 --all 二选一")]
KindOption = Annotated[str | None, typer.Option("--kind", help="A 平面图、B 工艺图、C 监控点位图、D 风险点位图；缺省为全部")]


def sheet(  # noqa: PLR0917 — a verb has as many options as people need
    out: Annotated[Path, typer.Option("--out", "-o", help="写到哪个文件夹", file_okay=False)],
    enterprise: Enterprise = None,
    all_: Annotated[bool, typer.Option("--all", help="全部企业；中断后再运行，从停下处继续")] = False,
    kind: KindOption = None,
    svg: Annotated[bool, typer.Option("--svg", help="同时输出 SVG")] = False,
    png: Annotated[bool, typer.Option("--png", help="同时输出 PNG（150 dpi）")] = False,
    bw: Annotated[bool, typer.Option("--bw", help="黑白图（按黑白打印配色）")] = False,
    atlas: Annotated[bool, typer.Option("--atlas", help="装订成册：每家一册，--all 时另有全市一册")] = False,
) -> None:
    """Print A3 sheets of one enterprise or of all."""
    from rich.console import Console
    from rich.progress import Progress

    from drawings.sheets.batch import Order, all_enterprises, print_all
    from drawings.sheets.binding import bind
    from gis.errors import Invalid
    from gis.models.sheet import KINDS
    from gis.settings import Settings
    from gis.store.cluster import ensure_running
    from gis.store.connect import engine
    from gis.store.enterprises import find_enterprise
    from gis.store.schema import bring_up

    if bool(enterprise) == all_:
        raise Invalid("enterprise", "用 --enterprise 指定一家，或用 --all 出全部")
    kinds = tuple(name for name in KINDS if kind in (None, name))
    if not kinds:
        raise Invalid("kind", f"没有图种 {kind}；可用的有 {'、'.join(KINDS)}")
    settings = Settings()
    urls = ensure_running(settings)
    bring_up(urls.owner)
    if enterprise:
        with engine(urls.reader).connect() as connection:
            ids = [find_enterprise(connection, enterprise)[0]]
    else:
        ids = all_enterprises(urls.reader)
    order = Order(
        out,
        kinds,
        ("pdf", *(("svg",) if svg else ()), *(("png",) if png else ())),
        "print-bw" if bw else "light",
        settings.public_url,
        settings.web_dir,
    )
    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("出图", total=len(ids))
        done = print_all(urls.reader, ids, order, progress=lambda number, _, code: bar.update(task, completed=number, description=code))
    written = sum(one.written for one in done)
    typer.echo(f"{out}：{len(done)} 家企业，{sum(len(one.digests) for one in done)} 个文件，本次写出 {written} 个")
    if atlas:
        for path in bind(out, [one.code for one in done], kinds, city=all_):
            typer.echo(path)


def handbook(
    out: Annotated[Path, typer.Option("--out", "-o", help="写到哪个文件", dir_okay=False)] = Path("symbols.pdf"),
) -> None:
    """Write the symbol handbook."""
    from drawings.sheets.batch import write
    from drawings.sheets.handbook import handbook as made

    write(out, made())
    typer.echo(out)


def transmission(
    month: Annotated[str, typer.Argument(metavar="YYYY-MM", help="哪个月（北京时间）")],
    out: Annotated[list[Path] | None, typer.Option("--out", "-o", help="写到哪个文件，.xlsx 或 .pdf；可给多个", dir_okay=False)] = None,
) -> None:
    """Write the monthly report."""
    from drawings.sheets.batch import write
    from drawings.transmission import document
    from gis.errors import Invalid
    from gis.store.transmission import read
    from gis.transmission_workbook import workbook

    files = out or [Path(f"transmission-{month}.xlsx"), Path(f"transmission-{month}.pdf")]
    makers = {".xlsx": workbook, ".pdf": document}
    if unknown := [file for file in files if file.suffix.lower() not in makers]:
        raise Invalid("out", f"{unknown[0]}：文件名应以 .xlsx 或 .pdf 结尾")
    found = read(month)
    for file in files:
        write(file, makers[file.suffix.lower()](found))
        typer.echo(file)
