"""The verbs `quanjing quality …`: air stations by HJ 633, water sections by GB 3838."""

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from typing import TypeVar

    from gis.store.asking import Reading

    T = TypeVar("T")

app = typer.Typer(name="quality", help="环境质量：空气站 AQI（HJ 633）、水质断面类别（GB 3838）", no_args_is_help=True)
Json = Annotated[bool, typer.Option("--json", help="输出 JSON")]


def _read(what: "Reading[T]") -> "T":
    from gis.store.asking import asked
    from gis.store.here import here

    with here() as connection:
        return asked(connection, what)


@app.command(help="某天各空气站的 AQI、首要污染物和缺测项")
def air(day: Annotated[str, typer.Argument(metavar="YYYY-MM-DD", help="哪天（北京时间）")], json: Json = False) -> None:
    """Print a day's air quality."""
    from json import dumps

    from gis.clock import time_of
    from gis.quality_report import air_day
    from gis.store.quality import read_air

    rows = [air_day(one) for one in _read(read_air(time_of("YYYY-MM-DD", day).date()))]
    if json:
        typer.echo(dumps(rows, ensure_ascii=False))
        return
    for row in rows:
        said = f"{row['index']:>4}  {row['label']}" if row["index"] is not None else "  —   数据不足"
        primary = f"  首要污染物 {'、'.join(row['primary'])}" if row["primary"] else ""
        missing = f"  缺 {'、'.join(row['missing'])}" if row["missing"] else ""
        typer.echo(f"{said}  {row['name']}{primary}{missing}")


@app.command(help="某月各水质断面的类别、定类因子、是否达到目标；有不达标的时退出码为 1")
def water(month: Annotated[str, typer.Argument(metavar="YYYY-MM", help="哪个月（北京时间）")], json: Json = False) -> None:
    """Print a month's water quality."""
    from json import dumps

    from gis.clock import time_of
    from gis.quality_report import water_month
    from gis.store.quality import read_water

    rows = [water_month(one) for one in _read(read_water(time_of("YYYY-MM", f"{month}-01").date()))]
    if json:
        typer.echo(dumps(rows, ensure_ascii=False))
    for row in () if json else rows:
        met = {True: "达标", False: "不达标", None: ""}[row["met"]]
        due = f"  定类 {'、'.join(row['deciding'])}" if row["deciding"] else ""
        over = "，".join(f"{name}{f' 超标 {times:g} 倍' if times else ''}" for name, times in row["exceeding"].items())
        target = f"（目标 {row['target']}，{row['station_class']}）" if row["target"] else ""
        typer.echo(f"{row['class'] or '—':<3}{target} {met:<4} {row['name']}{due}{f'  超目标：{over}' if over else ''}")
    if any(row["met"] is False for row in rows):
        raise typer.Exit(1)
