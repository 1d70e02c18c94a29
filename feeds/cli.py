"""The verbs `quanjing feed …`."""

from pathlib import Path
from typing import Annotated

import typer

from feeds.means_cli import mark, means, statistics

app = typer.Typer(name="feed", help="监测数据接入：HJ 212 报文的解析、接收、核验", no_args_is_help=True)
app.add_typer(mark)
app.command(help="测点、排放口或企业的数值和均值：小时、日、月按 HJ 75、HJ 356 判有效，废气带折算值，废水日均按流量加权")(means)
app.command(help="一天的统计：按测点、排放口、企业或县")(statistics)
Key = Annotated[str, typer.Option(help="SM4 密钥，32 位十六进制；多个以逗号分开（2025 版）")]
Json = Annotated[bool, typer.Option("--json", help="以 JSON 输出，一个报文一行")]
PIECE = 1 << 16
"""Bytes that are read at once."""


@app.command(help="解析 HJ 212 报文（2005、2017、2025 版）：每个报文的判定、版本、字段；有不合格的报文时退出码为 1")
def decode(
    file: Annotated[typer.FileBinaryRead, typer.Argument(metavar="FILE|-", help="报文文件；- 为标准输入")],
    json: Json = False,
    key: Key = "",
) -> None:
    """Print one line a packet."""
    import orjson

    from feeds.decoding import decode as packets
    from feeds.hj212.cipher import keys_of

    faulty = False
    for decoded in packets(iter(lambda: file.read(PIECE), b""), keys_of(key)):
        row = decoded.as_json()
        faulty |= row["verdict"] != "ok"
        if json:
            typer.echo(orjson.dumps(row))
            continue
        told = (row.get(name, "") for name in ("edition", "mn", "st", "cn", "command", "qn"))
        typer.echo(f"{row['verdict']:20}{'  '.join(map(str, told)) or repr(row.get('raw'))}")
    if faulty:
        raise typer.Exit(1)


@app.command(help="接收数采仪（HJ 212，TCP）：每个报文先存原文、入链，再应答；Ctrl+C 停止")
def listen(
    port: Annotated[int, typer.Option(help="端口；0 为任取一个", min=0, max=65535)] = 9212,
    host: Annotated[str, typer.Option(help="监听地址；0.0.0.0 为所有网卡")] = "127.0.0.1",
    key: Key = "",
) -> None:
    """Serve data loggers until stopped."""
    import asyncio
    import signal

    from feeds.hj212.cipher import keys_of
    from feeds.listener import Listener, bound
    from gis.settings import Settings
    from gis.store.cluster import ensure_running
    from gis.store.schema import bring_up

    keys = keys_of(key)
    url = ensure_running(Settings()).owner
    bring_up(url)
    listening = bound(host, port)

    async def serve() -> None:
        stop = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        typer.echo(f"监听 {listening.getsockname()[0]}:{listening.getsockname()[1]}")
        await Listener(url, keys=keys).run(listening, stop)

    asyncio.run(serve())


@app.command(help="核验报文原文的 SM3 链；有断处时退出码为 1")
def verify(json: Json = False) -> None:
    """Work through the whole chain."""
    from json import dumps

    import psycopg

    from gis.settings import Settings
    from gis.store.cluster import ensure_running
    from gis.store.packets import Break
    from gis.store.packets import verify as check
    from gis.store.schema import bring_up

    urls = ensure_running(Settings())
    bring_up(urls.owner)
    breaks: list[Break] = []
    held = 0
    with psycopg.connect(urls.reader) as connection:
        for found in check(connection):
            if isinstance(found, Break):
                breaks.append(found)
            else:
                held = found
    if json:
        typer.echo(dumps({"held": held, "breaks": [{"seq": one.seq, "what": one.what} for one in breaks]}, ensure_ascii=False))
    else:
        for one in breaks:
            typer.echo(one.what)
        typer.echo(f"{held} 个报文在链上" + (f"，{len(breaks)} 处断开" if breaks else "，没有断处"))
    if breaks:
        raise typer.Exit(1)


@app.command(help="把收到的报文读成监测数据；运行中的服务自己会做，单独接收时用它；Ctrl+C 停止")
def follow(key: Key = "") -> None:
    """Read what is received, until stopped."""
    from contextlib import suppress

    from feeds.following import follow as run
    from feeds.hj212.cipher import keys_of
    from gis.settings import Settings
    from gis.store.cluster import ensure_running
    from gis.store.schema import bring_up

    url = ensure_running(Settings()).owner
    bring_up(url)
    with suppress(KeyboardInterrupt):
        run(url, keys_of(key))


@app.command(help="模拟在线监测：库中每个有编号的废气、废水在线监测点，每个空气站、水质断面，一台数采仪，经 TCP 发数；Ctrl+C 停止")
def simulate(
    port: Annotated[int, typer.Option(help="发到哪个端口", min=1, max=65535)] = 9212,
    host: Annotated[str, typer.Option(help="发到哪台机器")] = "127.0.0.1",
    every: Annotated[float, typer.Option(help="实时数据间隔，秒", min=0.5, max=3600)] = 60.0,
    back: Annotated[float, typer.Option(help="先补发前几个小时的小时和日数据", min=0, max=24 * 400)] = 0.0,
    seed: Annotated[int, typer.Option(help="种子：同一种子、同一时刻，数值相同")] = 1,
) -> None:
    """Run a data logger for each online monitor of the stored city."""
    import asyncio
    from contextlib import suppress
    from datetime import timedelta

    import psycopg

    from feeds.fleet import devices
    from feeds.simulator import Pace
    from feeds.simulator import simulate as run
    from gis.errors import NotFound
    from gis.settings import Settings
    from gis.store.cluster import ensure_running
    from gis.store.schema import bring_up

    urls = ensure_running(Settings())
    bring_up(urls.owner)
    with psycopg.connect(urls.reader) as connection:
        fleet = devices(connection, seed)
    if not fleet:
        raise NotFound("库中没有带设备编号的在线监测点；先用 quanjing demo load 装入示范城市")
    typer.echo(f"{len(fleet)} 台数采仪发往 {host}:{port}")
    with suppress(KeyboardInterrupt):
        asyncio.run(run(fleet, host, port, Pace(every, timedelta(hours=back))))


@app.command(help="向数采仪要数据：补传一段时间的小时、日、分钟数据，或对时；设备在线时发出")
def ask(
    mn: Annotated[str, typer.Argument(metavar="MN", help="设备编号")],
    what: Annotated[str, typer.Argument(metavar="hour|day|minute|clock", help="要什么")],
    begin: Annotated[str | None, typer.Option("--from", help="起，如 2026-03-01T08:00（北京时间）")] = None,
    end: Annotated[str | None, typer.Option("--to", help="止")] = None,
) -> None:
    """Ask a device for something."""
    from getpass import getuser
    from typing import cast, get_args

    from gis.clock import time_of
    from gis.errors import Invalid
    from gis.settings import Settings
    from gis.store import feed_requests
    from gis.store.cluster import ensure_running
    from gis.store.connect import Actor, writing_plainly
    from gis.store.schema import bring_up

    if what not in get_args(feed_requests.Command):
        raise Invalid("what", "应为 hour、day、minute 或 clock")
    times = [time_of(option, text) if text and what != "clock" else None for option, text in (("--from", begin), ("--to", end))]
    if what != "clock" and None in times:
        raise Invalid("--from", "补传要写明起止时间")
    url = ensure_running(Settings()).owner
    bring_up(url)
    with writing_plainly(url, Actor(getuser(), "补传或对时")) as connection:
        number = feed_requests.ask(connection, mn, cast("feed_requests.Command", what), *times)
    typer.echo(f"请求 {number} 已登记，设备在线时发出")


@app.command(help="接入现状：连接、待存和待读的报文、各种毛病的计数、未登记的设备；接收没有在运行时退出码为 1")
def status(json: Json = False) -> None:
    """Print how the feeds stand."""
    from datetime import UTC, datetime

    import orjson

    from feeds.status_words import told
    from gis.store.asking import asked
    from gis.store.feed_status import read_status
    from gis.store.here import here

    with here() as connection:
        found = asked(connection, read_status(datetime.now(UTC)))
    typer.echo(orjson.dumps(found) if json else "\n".join(told(found)))
    if not (found["listener"] and found["listener"]["running"]):
        raise typer.Exit(1)


@app.command(help="某月的传输有效率：传输率、有效率、及时率、补全率，全市和每个测点；低于门槛时退出码为 1")
def rates(
    month: Annotated[str, typer.Argument(metavar="YYYY-MM", help="哪个月（北京时间）")],
    json: Json = False,
) -> None:
    """Print a month's rates."""
    from json import dumps

    from gis.store.transmission import read
    from gis.transmission import Tally, percent, reasons

    found = read(month)

    def told(tally: Tally) -> dict[str, object]:
        counts = {"due": tally.due, "received": tally.received, "timely": tally.timely, "valid": tally.valid}
        rate = {name: getattr(tally, name) for name in ("effective", "transmission", "validity", "timeliness", "filled")}
        return rate | counts | {"reasons": dict(reasons(tally))}

    rows = sorted(((found.point(watch), watch) for watch in found.watches), key=lambda row: row[0].effective or 0.0)
    if json:
        points = [{"mn": one.mn, "enterprise": one.enterprise, "outlet": one.outlet} | told(tally) for tally, one in rows]
        typer.echo(dumps({"city": told(found.city), "gate": found.rule.gate, "points": points}, ensure_ascii=False))
    else:
        typer.echo(f"全市 {percent(found.city.effective)}，应传 {found.city.due}，实传 {found.city.received}，有效 {found.city.valid}")
        for tally, one in rows:
            why = "；".join(f"{what} {count}" for what, count in reasons(tally))
            typer.echo(f"{percent(tally.effective):>8}  {one.enterprise}  {one.outlet}  {one.mn}  {why}")
    if (found.city.effective or 0.0) < found.rule.gate:
        raise typer.Exit(1)


@app.command(help="登记经批准的停运、停产：这段时间不计入应传；凭证必填")
def outage(
    mn: Annotated[str, typer.Argument(metavar="MN", help="设备编号")],
    begin: Annotated[str, typer.Option("--from", help="起，如 2026-03-01T08:00（北京时间）")],
    end: Annotated[str, typer.Option("--to", help="止")],
    cause: Annotated[str, typer.Option(help="排污单位申报的原因")],
    evidence: Annotated[str, typer.Option(help="凭证：文号或文件")],
) -> None:
    """Record an approved outage."""
    from getpass import getuser

    from gis.clock import time_of
    from gis.errors import Invalid, NotFound
    from gis.settings import Settings
    from gis.store.cluster import ensure_running
    from gis.store.connect import Actor, writing_plainly
    from gis.store.schema import bring_up
    from gis.store.transmission import record_outage

    during = (time_of("--from", begin), time_of("--to", end))
    if during[1] <= during[0]:
        raise Invalid("--to", "应晚于 --from")
    if not cause.strip() or not evidence.strip():
        raise Invalid("evidence", "原因和凭证不能为空")
    url = ensure_running(Settings()).owner
    bring_up(url)
    with writing_plainly(url, Actor(getuser(), f"停运备案：{cause}")) as connection:
        number = record_outage(connection, mn, during, cause, evidence)
    if number is None:
        raise NotFound(f"没有编号为 {mn} 的监控点")
    typer.echo(f"停运 {number} 已登记")


@app.command(help="从其他系统（如国控平台）的数据库视图接入数据：读增量，按 HJ 212 报文发到本机端口；地址写在环境变量 QUANJING_PULL_URL")
def pull(
    file: Annotated[Path, typer.Argument(metavar="FILE.yaml", help="来源说明", exists=True, dir_okay=False, readable=True)],
    port: Annotated[int, typer.Option(help="本机接收端口", min=1, max=65535)] = 9212,
    host: Annotated[str, typer.Option(help="接收在哪台机器")] = "127.0.0.1",
    once: Annotated[bool, typer.Option("--once", help="只读一次")] = False,
) -> None:
    """Take over readings from a view of another system."""
    import asyncio
    import os
    from contextlib import suppress

    from feeds.forwarding import source_of
    from feeds.pulling import Pulling
    from gis.errors import SettingsError
    from gis.settings import Settings
    from gis.store.cluster import ensure_running
    from gis.store.schema import bring_up

    # Not an option: whoever lists the processes would read the password.
    foreign_url = os.environ.get("QUANJING_PULL_URL")
    if not foreign_url:
        raise SettingsError("对方数据库的地址写在环境变量 QUANJING_PULL_URL，形如 postgresql+psycopg://用户:密码@主机/库")
    source = source_of(file.read_bytes())
    url = ensure_running(Settings()).owner
    bring_up(url)
    pulling = Pulling(source, foreign_url, url, host, port)

    def told(taken: int, refused: int) -> None:
        if taken or refused or once:
            typer.echo(f"{source.name}：接入 {taken} 行，拒绝 {refused} 行")

    if once:
        told(*asyncio.run(pulling.once()))
    else:
        with suppress(KeyboardInterrupt):
            asyncio.run(pulling.run(told))


@app.command(help="接入的其他系统：读到哪里，接入和拒绝多少行，最近的错误")
def sources() -> None:
    """Print the sources."""
    import psycopg

    from gis.clock import BEIJING
    from gis.settings import Settings
    from gis.store.cluster import ensure_running
    from gis.store.foreign import sources as listed
    from gis.store.schema import bring_up

    urls = ensure_running(Settings())
    bring_up(urls.owner)
    with psycopg.connect(urls.reader) as connection:
        for one in listed(connection):
            until = f"{one.mark['changed']:%Y-%m-%d %H:%M:%S}" if one.mark else "还没有读过"
            fault = f"  错误：{one.fault}" if one.fault else ""
            looked = f"{one.looked.astimezone(BEIJING):%m-%d %H:%M}"
            typer.echo(f"{one.name}  读到 {until}  接入 {one.taken} 行  拒绝 {one.refused} 行  最近 {looked}{fault}")
