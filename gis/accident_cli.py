"""The verbs `quanjing accident …`: what a release or a spill threatens, screened."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

if TYPE_CHECKING:
    from psycopg import AsyncConnection

app = typer.Typer(name="accident", help="事故初判：泄漏的影响范围、受体、疏散建议和处置措施；入河污染团的到达时间", no_args_is_help=True)
At = Annotated[str, typer.Option("--at", metavar="LON,LAT", help="地点：经度,纬度（度）")]
Scope = Annotated[str, typer.Option(help="辖区代码；缺省为全市")]


Found = TypeVar("Found")


def _asked(scope: str, ask: "Callable[[AsyncConnection], Awaitable[Found]]") -> Found:
    import asyncio

    from gis.settings import Settings
    from gis.store.cluster import ensure_running
    from gis.store.connect import glance
    from gis.store.schema import bring_up

    urls = ensure_running(Settings())
    bring_up(urls.owner)

    async def run() -> Found:
        async with glance(urls.reader, scope) as connection:
            return await ask(connection)

    return asyncio.run(run())


@app.command(help="泄漏到大气：毒性终点浓度范围、范围内的受体（人数、联系人、疏散建议）、处置措施；缺省气象为静风逆温")
def air(
    at: At,
    substance: Annotated[str, typer.Option(help="物质：名称、分子式或 CAS 号")],
    rate: Annotated[float | None, typer.Option(help="泄漏速率，kg/s")] = None,
    amount: Annotated[float | None, typer.Option(help="泄漏量，kg（与速率给出其一）")] = None,
    minutes: Annotated[float, typer.Option(help="泄漏量的历时，分钟")] = 10.0,
    height: Annotated[float, typer.Option(help="泄漏高度，m")] = 0.0,
    wind: Annotated[float, typer.Option(help="风速，m/s；小于 0.5 为静风")] = 0.0,
    from_: Annotated[float | None, typer.Option("--from", help="风的来向，度，正北为 0")] = None,
    stability: Annotated[str, typer.Option(help="大气稳定度 A–F")] = "F",
    urban: Annotated[bool, typer.Option("--urban", help="城区地面")] = False,
    lid: Annotated[float, typer.Option(help="逆温层高度，m")] = 200.0,
    as_of: Annotated[datetime | None, typer.Option(help="按当时的受体（UTC）")] = None,
    geojson: Annotated[Path | None, typer.Option(help="把范围和受体写成 GeoJSON", dir_okay=False)] = None,
    scope: Scope = "*",
) -> None:
    """Print what a release to the air threatens."""
    from datetime import UTC

    import orjson
    from rich.console import Console
    from rich.table import Table

    from gis.questions import value
    from gis.rules.accident import quarter, release
    from gis.rules.dispersion import Air
    from gis.rules.substances import substance as named
    from gis.store.accidents import screen

    made = release(value("point", "at", at), named(substance), rate_kg_s=rate, amount_kg=amount, minutes=minutes, height_m=height)
    weather = Air(wind, from_, stability, urban, lid)  # type: ignore[arg-type]
    then = as_of.replace(tzinfo=UTC) if as_of else None
    found = _asked(scope, lambda connection: screen(connection, made, weather, scope, then))
    if geojson:
        geojson.write_bytes(orjson.dumps(found.geojson(), option=orjson.OPT_UTC_Z))
    console = Console(width=None if Console().is_terminal else 160)
    zones = Table("范围", "限值 mg/m³", "最远 m", "受体", "人数")
    for row in found.totals():
        count = f"{row['population']}" + (f"（另 {row['unknown']} 处人数不详）" if row["unknown"] else "")
        reach = f"> {row['reach_m']:.0f}" if row["cut"] else f"{row['reach_m']:.0f}"
        zones.add_row(row["label"], f"{row['limit_mg_m3']:g}", reach, str(row["receptors"]), count)
    console.print(zones)
    people = Table("受体", "类型", "人数", "距离 m", "方位", "范围", "联系", "疏散建议")
    labels = {zone.level: zone.label for zone in found.zones}
    for row in found.people:
        contact = " ".join(part for part in (row["contact"], row["phone"]) if part)
        number = "" if row["population"] is None else str(row["population"])
        said = (f"{row['distance_m']:.0f}", quarter(row["bearing_deg"]), labels[row["level"]])
        people.add_row(row["name"], row["type"], number, *said, contact, row["advice"])
    console.print(people)
    document = found.as_json()
    for title, lines in (("处置", [*document["measures"], f"防护：{document['protection']}"]), ("假定", document["assumptions"])):
        typer.echo(f"{title}：")
        for line in lines:
            typer.echo(f"  · {line}")


@app.command(help="泄漏入河：下游各处污染团峰值的到达时间和浓度")
def river(
    at: At,
    amount: Annotated[float, typer.Option(help="泄漏量，kg")],
    flow: Annotated[float, typer.Option(help="流量，m³/s")] = 50.0,
    width: Annotated[float, typer.Option(help="河宽，m")] = 60.0,
    depth: Annotated[float, typer.Option(help="水深，m")] = 2.0,
    slope: Annotated[float, typer.Option(help="比降")] = 0.0005,
    decay: Annotated[float, typer.Option(help="衰减系数，1/d")] = 0.0,
    distance: Annotated[float, typer.Option(help="看多远，m")] = 20_000.0,
    scope: Scope = "*",
) -> None:
    """Print what lies down the river from a spill."""
    from rich.console import Console
    from rich.table import Table

    from gis.questions import value
    from gis.rules import spill
    from gis.rules.spill import River
    from gis.store.accidents import spilt

    reach = River(flow, width, depth, slope, decay)
    found = _asked(scope, lambda connection: spilt(connection, value("point", "at", at), amount, reach, distance))
    table = Table("沿河 m", "到达 h", "峰值 mg/l", "类别", "名称", "企业")
    for row in found.rows:
        shown = (row.get("arrives_h"), row.get("peak_mg_l"), row["kind_label"], row["name"], row.get("enterprise"))
        table.add_row(f"{row['along_m']:.0f}", *("" if value is None else str(value) for value in shown))
    Console(width=None if Console().is_terminal else 160).print(table)
    for line in spill.assumptions(reach):
        typer.echo(f"  · {line}")
