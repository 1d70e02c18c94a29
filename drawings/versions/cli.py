"""The verbs `quanjing drawing versions|fetch|review|diff`."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from gis.store.cluster import Urls

Enterprise = Annotated[str, typer.Option("--enterprise", help="18 位信用代码或 22 位排污单位编码")]
KindOption = Annotated[str, typer.Option("--kind", help="A 平面图、B 工艺图、C 监控点位图、D 风险点位图")]
VersionOption = Annotated[int, typer.Option("--version", min=1, help="第几版，见 drawing versions")]
AsJson = Annotated[bool, typer.Option("--json", help="输出 JSON")]


def _urls() -> "Urls":
    from gis.settings import Settings
    from gis.store.cluster import ensure_running
    from gis.store.schema import bring_up

    urls = ensure_running(Settings())
    bring_up(urls.owner)
    return urls


def _json(value: object) -> None:
    import orjson

    typer.echo(orjson.dumps(value, option=orjson.OPT_UTC_Z | orjson.OPT_INDENT_2).decode())


def versions(
    enterprise: Enterprise,
    kind: Annotated[str | None, typer.Option("--kind", help="只列一种图：A、B、C、D")] = None,
    as_json: AsJson = False,
) -> None:
    """List the versions of an enterprise's drawings."""
    from rich.console import Console

    from drawings.versions.report import print_versions
    from gis.store.asking import asked
    from gis.store.connect import engine, looking
    from gis.store.enterprises import find_enterprise
    from gis.store.versions import versions as listed

    with looking(engine(_urls().reader)) as connection:
        found = asked(connection, listed(find_enterprise(connection, enterprise)[0], kind.upper() if kind else None))
    if as_json:
        _json([one.as_json() for one in found])
    else:
        print_versions(found, Console())


def fetch(
    enterprise: Enterprise,
    number: VersionOption,
    kind: KindOption = "A",
    out: Annotated[Path | None, typer.Option("--out", "-o", help="文件或文件夹，缺省为当前文件夹")] = None,
) -> None:
    """Write the file of a version, byte for byte as it was handed in."""
    from gis.store.asking import asked
    from gis.store.connect import engine, looking
    from gis.store.enterprises import find_enterprise
    from gis.store.versions import file, version

    with looking(engine(_urls().reader)) as connection:
        found = asked(connection, version(find_enterprise(connection, enterprise)[0], kind.upper(), number))
        content = asked(connection, file(found))
    path = (out / found.file_name if out.is_dir() else out) if out else Path(found.file_name)
    path.write_bytes(content)
    typer.echo(f"{path}：{len(content)} 字节，SHA-256 {found.sha256}")


def review(  # noqa: PLR0917 — a verb has as many options as people need
    enterprise: Enterprise,
    number: VersionOption,
    by: Annotated[str, typer.Option("--by", help="由谁签署；不能是制图人")],
    kind: KindOption = "A",
    passed: Annotated[bool, typer.Option("--pass", help="审核通过")] = False,
    refused: Annotated[bool, typer.Option("--refuse", help="退回；用 --reason 写明原因")] = False,
    publish: Annotated[bool, typer.Option("--publish", help="批准发布已审核的一版")] = False,
    resurvey: Annotated[datetime | None, typer.Option("--resurvey", formats=["%Y-%m-%d"], help="复测日期 YYYY-MM-DD")] = None,
    reason: Annotated[str, typer.Option("--reason", help="意见，记入历史")] = "",
) -> None:
    """Decide about a version: pass, refuse, publish, or say when to survey again."""
    import getpass

    from rich.console import Console

    from drawings.process.elk import Elk
    from drawings.versions.deciding import decide_on
    from drawings.versions.report import print_versions
    from gis.errors import Invalid
    from gis.models.version import DECISIONS, Decided, Decision
    from gis.settings import Settings
    from gis.store.connect import Actor, engine, writing
    from gis.store.enterprises import find_enterprise
    from gis.store.versions import note

    wanted: dict[Decision, bool] = {"check": passed, "refuse": refused, "publish": publish}
    chosen = [act for act, asked in wanted.items() if asked]
    if len(chosen) > 1 or not (chosen or resurvey):
        raise Invalid("--pass", "--pass、--refuse、--publish 选一个；只定复测日期时用 --resurvey")
    act: Decision = chosen[0] if chosen else "resurvey"
    decided = Decided(act, by, reason, resurvey.date() if resurvey else None)
    actor = Actor(getpass.getuser(), reason or f"{DECISIONS[act]}（{by}）", "drawing")
    with writing(engine(_urls().owner), actor) as connection, Elk(Settings().web_dir) as elk:
        enterprise_id, _ = find_enterprise(connection, enterprise)
        found = decide_on(connection, enterprise_id, kind.upper(), number, decided, solve=elk.lay_out)
        note(connection, found, decided)
    print_versions([found], Console())


def diff(  # noqa: PLR0917 — a verb has as many options as people need
    enterprise: Enterprise,
    to: Annotated[int, typer.Option("--to", min=1, help="后一版")],
    from_: Annotated[int | None, typer.Option("--from", min=1, help="前一版；缺省为它之前发布的一版")] = None,
    kind: KindOption = "A",
    as_json: AsJson = False,
    pdf: Annotated[Path | None, typer.Option("--pdf", help="差异图（A3 PDF）写到这里", dir_okay=False)] = None,
    bw: Annotated[bool, typer.Option("--bw", help="黑白的差异图")] = False,
) -> None:
    """Print what differs between two versions of a drawing, and draw it where asked."""
    from rich.console import Console

    from drawings.process.elk import Elk
    from drawings.sheets.batch import facts_of, write
    from drawings.sheets.difference import difference_sheets, printed_sheets
    from drawings.versions.report import print_difference
    from gis.settings import Settings
    from gis.store.asking import asked
    from gis.store.connect import engine, looking
    from gis.store.differences import between
    from gis.store.enterprises import find_enterprise
    from gis.store.versions import version

    url = _urls().reader
    with looking(engine(url)) as connection:
        enterprise_id, _ = find_enterprise(connection, enterprise)
        found = asked(connection, between(enterprise_id, kind.upper(), from_, to))
        later = asked(connection, version(enterprise_id, kind.upper(), to))
    if pdf is not None:
        settings = Settings()
        with Elk(settings.web_dir) as elk:
            facts = facts_of(url, enterprise_id)
            sheets = difference_sheets(facts, found, later, "print-bw" if bw else "light", settings.public_url, solve=elk.lay_out)
        write(pdf, printed_sheets(sheets, "pdf"))
    if as_json:
        _json(found.as_json())
    else:
        print_difference(found, Console())
