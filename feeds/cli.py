"""The verbs `quanjing feed …`."""

from typing import Annotated

import typer

app = typer.Typer(name="feed", help="监测数据接入：HJ 212 报文的解析、接收、核验", no_args_is_help=True)
Key = Annotated[list[str] | None, typer.Option(help="SM4 密钥，32 位十六进制；可给多个（2025 版）")]
Json = Annotated[bool, typer.Option("--json", help="以 JSON 输出，一个报文一行")]
PIECE = 1 << 16
"""Bytes that are read at once."""


def _keys(key: list[str] | None) -> list[bytes]:
    from gis.errors import Invalid

    try:
        keys = [bytes.fromhex(one) for one in key or ()]
    except ValueError:
        keys = [b""]
    if any(len(one) != 16 for one in keys):
        raise Invalid("key", "SM4 密钥应为 32 位十六进制")
    return keys


@app.command(help="解析 HJ 212 报文（2005、2017、2025 版）：每个报文的判定、版本、字段；有不合格的报文时退出码为 1")
def decode(
    file: Annotated[typer.FileBinaryRead, typer.Argument(metavar="FILE|-", help="报文文件；- 为标准输入")],
    json: Json = False,
    key: Key = None,
) -> None:
    """Print one line a packet."""
    import orjson

    from feeds.decoding import decode as packets

    faulty = False
    for decoded in packets(iter(lambda: file.read(PIECE), b""), _keys(key)):
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
    key: Key = None,
) -> None:
    """Serve data loggers until stopped."""
    import asyncio
    import signal

    from feeds.listener import Listener, bound
    from gis.settings import Settings
    from gis.store.cluster import ensure_running
    from gis.store.schema import bring_up

    keys = _keys(key)
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
