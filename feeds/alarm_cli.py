"""The verbs `quanjing alarm …`."""

from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import typer

if TYPE_CHECKING:
    from gis.models.alarm import Taken

app = typer.Typer(name="alarm", help="报警：列出、查看、逐步处理、规则、重算", no_args_is_help=True)
Json = Annotated[bool, typer.Option("--json", help="以 JSON 输出")]
Id = Annotated[UUID, typer.Argument(metavar="ALARM", help="报警编号（list 的第一列）")]
Signed = Annotated[str, typer.Option("--by", help="谁做的；缺省为系统用户")]
Reason = Annotated[str, typer.Option(help="情况或理由")]
ROMAN = {1: "Ⅰ", 2: "Ⅱ", 3: "Ⅲ", 4: "Ⅳ"}


def _owner() -> str:
    from gis.settings import Settings
    from gis.store.cluster import ensure_running
    from gis.store.schema import bring_up

    urls = ensure_running(Settings())
    bring_up(urls.owner)
    return urls.owner


def _line(row: dict[str, Any]) -> str:
    from gis.clock import BEIJING

    where = "  ".join(filter(None, (row["enterprise"], row["code"] or row["feature"])))
    late = "  超时" if row["overdue"] else ""
    ended = "" if row["cleared"] is None or row["closed"] else "  已恢复"
    opened = row["opened"].astimezone(BEIJING)
    return f"{row['alarm_id']}  {ROMAN[row['level']]}  {row['state_label']}{late}{ended}  {opened:%m-%d %H:%M}  {where}  {row['message']}"


@app.command("list", help="列出报警，最要紧的在前；缺省只列未关闭的")
def list_(
    every: Annotated[bool, typer.Option("--all", help="连同已关闭的")] = False,
    state: Annotated[str | None, typer.Option(help="raised、acknowledged、dispatched、handled、reviewed、closed")] = None,
    level: Annotated[int | None, typer.Option(min=1, max=4)] = None,
    rule: Annotated[str | None, typer.Option(help="规则")] = None,
    limit: Annotated[int, typer.Option(min=1, max=500)] = 100,
    json: Json = False,
) -> None:
    """Print alarms."""
    from json import dumps

    from gis.rules.alarm_rules import named
    from gis.store.alarm_steps import listed
    from gis.store.asking import asked
    from gis.store.here import here

    if rule:
        named([rule])
    with here() as connection:
        rows = asked(connection, listed(standing=None if every else True, state=state, level=level, rule=rule, limit=limit))
    for row in rows:
        typer.echo(dumps(row, ensure_ascii=False, default=str) if json else _line(row))
    if not rows and not json:
        typer.echo("没有报警")


@app.command(help="一条报警的全部：证据、每一步、何时成立")
def show(alarm: Id, json: Json = False) -> None:
    """Print an alarm."""
    from json import dumps

    from gis.clock import BEIJING
    from gis.models.alarm import STEPS
    from gis.store.alarm_steps import one
    from gis.store.asking import asked
    from gis.store.here import here

    with here() as connection:
        row = asked(connection, one(alarm))
    if json:
        typer.echo(dumps(row, ensure_ascii=False, default=str))
        return
    typer.echo(_line(row))
    evidence = row["evidence"]
    typer.echo(
        f"规则 {row['rule_label']}；限值依据 {evidence.get('limit', {}).get('standard') or '—'}；图纸 {evidence.get('drawings') or '无'}"
    )
    for step in row["taken"]:
        at = step["at"].astimezone(BEIJING)
        typer.echo(f"  {at:%Y-%m-%d %H:%M}  {STEPS.get(step['step'], step['step'])}  {step['signed']}  {step['reason']}")
    can = "、".join(step["label"] for step in row["steps"])
    typer.echo(f"可以：{can}" if can else "已关闭")


def _take(alarm: UUID, taken: "Taken") -> None:
    from getpass import getuser

    from gis.store.alarm_steps import take
    from gis.store.asking import asked
    from gis.store.connect import Actor, writing_plainly

    with writing_plainly(_owner(), Actor(getuser(), taken.reason or taken.step, "alarms")) as connection:
        row = asked(connection, take(alarm, taken))
    typer.echo(_line(row))


def _signed(by: str) -> str:
    from getpass import getuser

    return by or getuser()


@app.command(help="确认：已看到，正在核实")
def acknowledge(alarm: Id, by: Signed = "", reason: Reason = "") -> None:
    """Acknowledge."""
    from gis.models.alarm import Taken

    _take(alarm, Taken("acknowledge", _signed(by), reason))


@app.command(help="派发给执法人员或企业")
def dispatch(alarm: Id, to: Annotated[str, typer.Option(help="派给谁")], reason: Reason, by: Signed = "") -> None:
    """Dispatch."""
    from gis.models.alarm import Taken

    _take(alarm, Taken("dispatch", _signed(by), reason, to))


@app.command(help="处置完毕：写查到什么、怎样处理")
def handle(alarm: Id, reason: Reason, by: Signed = "") -> None:
    """Handle."""
    from gis.models.alarm import Taken

    _take(alarm, Taken("handle", _signed(by), reason))


@app.command(help="复核：通过，或 --return 退回重办；须由处置人以外的人")
def review(
    alarm: Id,
    reason: Reason,
    by: Signed = "",
    back: Annotated[bool, typer.Option("--return", help="退回")] = False,
    accept: Annotated[bool | None, typer.Option("--accept/--refuse", help="误报提出的阈值调整：同意或不同意")] = None,
) -> None:
    """Review."""
    from gis.models.alarm import Taken

    _take(alarm, Taken("return" if back else "review", _signed(by), reason, accept=accept))


@app.command(help="关闭已复核的报警")
def close(alarm: Id, reason: Reason, by: Signed = "") -> None:
    """Close."""
    from gis.models.alarm import Taken

    _take(alarm, Taken("close", _signed(by), reason))


@app.command("false", help="误报：写理由，可用 --set 提出改这里的阈值，由另一人复核时决定")
def false_(
    alarm: Id,
    reason: Reason,
    by: Signed = "",
    change: Annotated[list[str] | None, typer.Option("--set", metavar="阈值=数", help="如 hold=8；阈值名见 alarm rules")] = None,
) -> None:
    """Call it false."""
    from json import JSONDecodeError, loads

    from gis.errors import Invalid
    from gis.models.alarm import Taken

    proposed = {}
    for part in change or ():
        name, equals, value = part.partition("=")
        try:
            proposed[name.strip()] = loads(value)
        except JSONDecodeError:
            raise Invalid("--set", f"{part:.60}：应为 阈值=数") from None
        if not equals:
            raise Invalid("--set", f"{part:.60}：应为 阈值=数")
    _take(alarm, Taken("false", _signed(by), reason, change=proposed))


@app.command(help="列出规则和可调的阈值；--schema 为规则文件的 JSON Schema")
def rules(
    name: Annotated[list[str] | None, typer.Argument(metavar="[RULE]…")] = None,
    schema: Annotated[bool, typer.Option("--schema", help="JSON Schema")] = False,
    json: Json = False,
) -> None:
    """Print the rules."""
    from gis.rules.alarm_rules import TUNED, named
    from gis.rules.alarm_rules import schema as text

    if schema:
        typer.echo(text(), nl=False)
        return
    for rule in named(name or ()):
        if json:
            typer.echo(rule.model_dump_json(by_alias=True))
            continue
        tuned = {key: value for key, value in rule.model_dump(mode="json").items() if key in TUNED}
        typer.echo(f"{rule.name:16} {rule.label}  {tuned}  {rule.begin} 起  {rule.source}")


@app.command(help="把一个月的数据按现行规则重算一遍，与留下的报警比；有差异时退出码为 1；什么也不写")
def replay(month: Annotated[str, typer.Argument(metavar="YYYY-MM", help="哪个月（北京时间）")], json: Json = False) -> None:
    """Run the rules over a month."""
    from collections import Counter
    from dataclasses import asdict
    from datetime import UTC, date, datetime
    from json import dumps

    from feeds.replay import replay as run
    from gis.clock import BEIJING
    from gis.errors import Invalid
    from gis.store.here import here

    try:
        first = date.fromisoformat(f"{month}-01")
    except ValueError:
        raise Invalid("month", "应为年月，如 2026-03") from None
    begin = datetime(first.year, first.month, 1, tzinfo=BEIJING)
    end = begin.replace(year=first.year + first.month // 12, month=first.month % 12 + 1)
    with here() as connection:
        found, differences = run(connection, begin, end, datetime.now(UTC))
    counted = Counter(case.rule.label for case, _ in found)
    if json:
        rows = [asdict(one) for one in differences]
        typer.echo(dumps({"spans": len(found), "by_rule": counted, "differences": rows}, ensure_ascii=False, default=str))
    else:
        for label, count in counted.most_common():
            typer.echo(f"{count:6}  {label}")
        for one in differences:
            what = "重算有，没有留下" if one.what == "missing" else "留下了，重算没有"
            typer.echo(f"{what}：{one.rule}  {one.feature_id}  {one.factor}  {one.begin.astimezone(BEIJING):%m-%d %H:%M}")
        typer.echo(f"{len(found)} 段，差异 {len(differences)} 处")
    if differences:
        raise typer.Exit(1)


@app.command(help="判定收到的数据；运行中的服务自己会做，单独接收时用它；Ctrl+C 停止")
def judge() -> None:
    """Judge until stopped."""
    from contextlib import suppress

    from feeds.judging import judge as run

    with suppress(KeyboardInterrupt):
        run(_owner())
