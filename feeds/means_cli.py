"""The verbs `quanjing feed means|statistics|mark …`."""

from typing import TYPE_CHECKING, Annotated

import typer

from gis.clock import during, time_of

if TYPE_CHECKING:
    from datetime import datetime

mark = typer.Typer(name="mark", help="标记规则：排污单位的标记，导入、列出、核查；监管部门只核查，不标记", no_args_is_help=True)
Json = Annotated[bool, typer.Option("--json", help="以 JSON 输出")]
AsOf = Annotated[str | None, typer.Option("--as-of", help="按当时所知，如 2026-03-01T08:00（北京时间）")]
Begin = Annotated[str, typer.Option("--from", help="起，如 2026-03-01T08:00（北京时间）")]
End = Annotated[str, typer.Option("--to", help="止")]
PERIODS = ("rtd", "minute", "hour", "day", "month")
GROUPS = ("station", "outlet", "enterprise", "county")


def _then(text: str | None) -> "datetime | None":
    return time_of("--as-of", text) if text else None


def means(
    what: Annotated[str, typer.Argument(metavar="MN|排放口编号|信用代码", help="测点、排放口（企业代码/排放口编号）或企业")],
    begin: Begin,
    end: End,
    period: Annotated[str, typer.Option(help="rtd、minute、hour、day 或 month")] = "hour",
    factor: Annotated[list[str] | None, typer.Option(help="只看这些因子")] = None,
    as_of: AsOf = None,
    json: Json = False,
) -> None:
    """Print values or means."""
    from json import dumps
    from typing import cast

    from feeds.factors import label
    from gis.errors import Invalid
    from gis.store import means as store
    from gis.store.here import here

    if period not in PERIODS:
        raise Invalid("--period", f"应为 {'、'.join(PERIODS)}")
    times = during(time_of("--from", begin), time_of("--to", end), store.MOST_DAYS)
    with here() as connection:
        of = store.places_of(connection, store.feature_of(connection, what))
        found = store.means(connection, of, cast("store.Period", period), *times, then=_then(as_of), factors=factor)
    names = {place.point_id: place for place in of}
    for (point, code), rows in sorted(found.items()):
        for row in map(store.mean_row, rows):
            if json:
                typer.echo(dumps({"mn": names[point].mn, "factor": code, **row}, ensure_ascii=False))
                continue
            numbers = (row["value"], row["zs"], row["low"], row["high"])
            told = "  ".join("-" if number is None else f"{number:.4g}" for number in numbers)
            counted = "有效" if row["counts"] else f"无效 {row['why'] or str(row['valid']) + '/' + str(row['due'])}"
            typer.echo(f"{row['at'][:16]}  {names[point].mn}  {label(code)}  {told}  {counted}")


def statistics(
    day: Annotated[str, typer.Argument(metavar="YYYY-MM-DD", help="哪一天（北京时间）")],
    by: Annotated[str, typer.Option(help="station 测点、outlet 排放口、enterprise 企业或 county 县")] = "county",
    as_of: AsOf = None,
    json: Json = False,
) -> None:
    """Print a day's figures."""
    from dataclasses import asdict
    from datetime import date
    from json import dumps
    from typing import cast

    from feeds.factors import amount_unit, label
    from gis.errors import Invalid
    from gis.store import means as store
    from gis.store.here import here

    if by not in GROUPS:
        raise Invalid("--by", f"应为 {'、'.join(GROUPS)}")
    try:
        on = date.fromisoformat(day)
    except ValueError:
        raise Invalid("YYYY-MM-DD", "应为日期，如 2026-03-01") from None
    with here() as connection:
        found = store.statistics(connection, on, cast("store.By", by), then=_then(as_of))
    for one in found:
        if json:
            typer.echo(dumps(asdict(one), ensure_ascii=False))
            continue
        told = (one.value if one.zs is None else one.zs, one.highest, one.amount)
        figures = "  ".join("-" if number is None else f"{number:.4g}" for number in told)
        where = f"{one.name or one.key}  {label(one.factor)}"
        typer.echo(f"{where}  {figures} {amount_unit(one.factor)}  小时 {one.valid}/{one.hours}，测点 {one.points}")


@mark.command("import", help="导入排污单位的标记（CSV，国控平台导出）；同一文件再导入不变；有不能导入的行时退出码为 1")
def import_(file: Annotated[typer.FileText, typer.Argument(metavar="FILE.csv", encoding="utf-8-sig")]) -> None:
    """Store marks."""
    from getpass import getuser

    from gis.settings import Settings
    from gis.store import marks
    from gis.store.cluster import ensure_running
    from gis.store.connect import Actor, writing_plainly
    from gis.store.schema import bring_up

    url = ensure_running(Settings()).owner
    bring_up(url)
    with writing_plainly(url, Actor(getuser(), "导入标记", "marks")) as connection:
        new, stood, faults = marks.load(connection, file)
    for fault in faults:
        typer.echo(fault, err=True)
    typer.echo(f"新 {new}，已有 {stood}，不能导入 {len(faults)}")
    if faults:
        raise typer.Exit(1)


@mark.command("list", help="列出一段时间的标记")
def list_(
    begin: Begin,
    end: End,
    unchecked: Annotated[bool, typer.Option(help="只列没有核查过的")] = False,
    json: Json = False,
) -> None:
    """Print marks."""
    from json import dumps

    from gis.rules.marks import kinds
    from gis.store import marks
    from gis.store.here import here

    with here() as connection:
        found = marks.listed(connection, time_of("--from", begin), time_of("--to", end), unchecked=unchecked)
    for row in found:
        if json:
            typer.echo(dumps(row, ensure_ascii=False, default=str))
            continue
        checked = {None: "未核查", True: "属实", False: "不予认可"}[row["accepted"]]
        time = f"{row['begin']:%Y-%m-%d %H:%M}～{row['end']:%m-%d %H:%M}"
        typer.echo(
            f"{row['mark_id']}  {time}  {row['enterprise']}  {row['mn']}  {kinds()[row['mark']].label}  {row['declared_by']}  {checked}"
        )


@mark.command(help="核查一个标记：属实，或不予认可（原标记恢复）；要写依据")
def check(
    mark_id: Annotated[int, typer.Argument(min=1)],
    finding: Annotated[str, typer.Argument(metavar="accept|refuse")],
    reason: Annotated[str, typer.Option(help="依据")],
) -> None:
    """Record a check."""
    from getpass import getuser

    from gis.errors import Invalid
    from gis.settings import Settings
    from gis.store import marks
    from gis.store.cluster import ensure_running
    from gis.store.connect import Actor, writing_plainly
    from gis.store.schema import bring_up

    if finding not in ("accept", "refuse"):
        raise Invalid("finding", "应为 accept 或 refuse")
    if not reason.strip():
        raise Invalid("--reason", "不能为空")
    url = ensure_running(Settings()).owner
    bring_up(url)
    with writing_plainly(url, Actor(getuser(), reason)) as connection:
        marks.check(connection, mark_id, accepted=finding == "accept")
    typer.echo(f"标记 {mark_id} 已核查")
