"""The verbs `quanjing feed …`."""

from typing import Annotated

import typer

app = typer.Typer(name="feed", help="监测数据接入：解析 HJ 212 报文", no_args_is_help=True)
Json = Annotated[bool, typer.Option("--json", help="以 JSON 输出，一个报文一行")]
PIECE = 1 << 16
"""Bytes that are read at once."""


@app.command(help="解析 HJ 212 报文（2005、2017、2025 版）：每个报文的判定、版本、字段；有不合格的报文时退出码为 1")
def decode(
    file: Annotated[typer.FileBinaryRead, typer.Argument(metavar="FILE|-", help="报文文件；- 为标准输入")],
    json: Json = False,
    key: Annotated[list[str] | None, typer.Option(help="SM4 密钥，32 位十六进制；可给多个（2025 版）")] = None,
) -> None:
    """Print one line a packet."""
    import orjson

    from feeds.decoding import decode as packets
    from gis.errors import Invalid

    try:
        keys = [bytes.fromhex(one) for one in key or ()]
    except ValueError:
        keys = [b""]
    if any(len(one) != 16 for one in keys):
        raise Invalid("key", "SM4 密钥应为 32 位十六进制")
    faulty = False
    for decoded in packets(iter(lambda: file.read(PIECE), b""), keys):
        row = decoded.as_json()
        faulty |= row["verdict"] != "ok"
        if json:
            typer.echo(orjson.dumps(row))
            continue
        told = (row.get(name, "") for name in ("edition", "mn", "st", "cn", "command", "qn"))
        typer.echo(f"{row['verdict']:20}{'  '.join(map(str, told)) or repr(row.get('raw'))}")
    if faulty:
        raise typer.Exit(1)
