"""The verbs `quanjing power …`: what power loggers measure, orders, and what the loads say."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeVar
    from uuid import UUID

    from gis.store.asking import Reading

    T = TypeVar("T")

app = typer.Typer(name="power", help="用电监控：产污与治污设施配对、通道、停限产要求、研判", no_args_is_help=True)
Code = Annotated[str, typer.Option("--enterprise", help="18 位信用代码或 22 位排污单位编码")]
Json = Annotated[bool, typer.Option("--json", help="输出 JSON")]


def _read(enterprise: str, what: "Callable[[UUID], Reading[T]]") -> "T":
    from gis.store.asking import asked
    from gis.store.enterprises import find_enterprise
    from gis.store.here import here

    with here() as connection:
        return asked(connection, what(find_enterprise(connection, enterprise)[0]))


@app.command(help="列出治污设施和它治理的产污设施（由工艺流程图推出，没有流程图时按平面图）")
def pairs(enterprise: Code, json: Json = False) -> None:
    """Print the pairs of an enterprise."""
    from json import dumps

    from gis.store.power import read_pairs

    found = _read(enterprise, read_pairs)
    if json:
        typer.echo(dumps([{"treatment": pair.treatment, "production": pair.production} for pair in found], ensure_ascii=False))
        return
    for pair in found:
        typer.echo(f"{pair.treatment}  ←  {'、'.join(pair.production)}")


@app.command(help="登记采集器各路监测哪台设施（CSV：mn,factor,unit_code,rated）；有被拒的行时退出码为 1")
def channels(
    file: Annotated[Path, typer.Argument(metavar="FILE.csv", help="通道表", exists=True, dir_okay=False, readable=True)],
) -> None:
    """Store what channels measure."""
    from getpass import getuser

    from gis.power_table import read_channels
    from gis.settings import Settings
    from gis.store.cluster import ensure_running
    from gis.store.connect import Actor, writing_plainly
    from gis.store.power import put_channels
    from gis.store.schema import bring_up

    rows, refused = read_channels(file.read_bytes())
    url = ensure_running(Settings()).owner
    bring_up(url)
    with writing_plainly(url, Actor(getuser(), f"用电通道：{file.name}")) as connection:
        changed, unknown = put_channels(connection, rows)
    for line, why in refused:
        typer.echo(f"第 {line} 行：{why}", err=True)
    for channel, why in unknown:
        typer.echo(f"{channel.mn} {channel.factor}：{why}", err=True)
    typer.echo(f"{len(rows)} 路，新登记或改动 {changed}，拒绝 {len(refused) + len(unknown)}")
    if refused or unknown:
        raise typer.Exit(1)


@app.command(help="登记停产、限产要求：这段时间产污设施运行（或超过允许负荷）即为违反；依据必填")
def order(
    enterprise: Code,
    begin: Annotated[str, typer.Option("--from", help="起，如 2026-03-01T08:00（北京时间）")],
    end: Annotated[str, typer.Option("--to", help="止")],
    cause: Annotated[str, typer.Option(help="事由，如 重污染天气橙色预警")],
    evidence: Annotated[str, typer.Option(help="依据：文号或文件")],
    unit: Annotated[list[str] | None, typer.Option(help="产污设施编号，可多次；缺省为全厂")] = None,
    share: Annotated[float, typer.Option(help="允许的负荷比例；0 为停产", min=0.0, max=0.99)] = 0.0,
) -> None:
    """Record an order."""
    from getpass import getuser

    from gis.clock import time_of
    from gis.errors import Invalid
    from gis.rules.power import Order
    from gis.settings import Settings
    from gis.store.cluster import ensure_running
    from gis.store.connect import Actor, writing_plainly
    from gis.store.enterprises import find_enterprise
    from gis.store.power import record_order
    from gis.store.schema import bring_up

    first, last = time_of("--from", begin), time_of("--to", end)
    if last <= first:
        raise Invalid("--to", "应晚于 --from")
    if not cause.strip() or not evidence.strip():
        raise Invalid("--evidence", "事由和依据不能为空")
    url = ensure_running(Settings()).owner
    bring_up(url)
    with writing_plainly(url, Actor(getuser(), f"停限产：{cause}")) as connection:
        enterprise_id, _ = find_enterprise(connection, enterprise)
        number = record_order(connection, enterprise_id, Order(first, last, frozenset(unit or ()), share), cause, evidence)
    typer.echo(f"停限产要求 {number} 已登记")


@app.command(help="研判一段时间的用电：治污未开、晚启早停、空转、低于平时下限、离线、违反停限产、超负荷；有发现时退出码为 1")
def judge(
    enterprise: Code,
    begin: Annotated[str | None, typer.Option("--from", help="起（北京时间）；缺省为今天零点")] = None,
    end: Annotated[str | None, typer.Option("--to", help="止；缺省为现在")] = None,
    json: Json = False,
) -> None:
    """Print what the power of an enterprise says."""
    from datetime import datetime
    from json import dumps

    from gis.clock import BEIJING, during, time_of
    from gis.rules.power import told
    from gis.store.power import DAYS_MOST, read_judgement

    now = datetime.now(BEIJING)
    first = time_of("--from", begin) if begin else now.replace(hour=0, minute=0, second=0, microsecond=0)
    last = time_of("--to", end) if end else now
    during(first, last, DAYS_MOST, "--to")
    found = _read(enterprise, lambda enterprise_id: read_judgement(enterprise_id, first, last))
    if json:
        typer.echo(dumps([told(one, found.rule) for one in found.findings], ensure_ascii=False))
    elif not found.channels:
        typer.echo("没有登记用电通道；用 quanjing power channels FILE.csv 登记", err=True)
    for one in () if json else found.findings:
        at = one.begin.astimezone(BEIJING)
        until = "至今" if one.open else f"{one.end.astimezone(BEIJING):%m-%d %H:%M}"
        about = "、".join(filter(None, (one.treatment, *one.production)))
        typer.echo(f"{at:%Y-%m-%d %H:%M}—{until}  {found.rule.findings[one.kind].label}  {about}")
    if found.findings:
        raise typer.Exit(1)
