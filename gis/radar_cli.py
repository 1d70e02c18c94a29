"""The verbs `quanjing radar …`."""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(name="radar", help="雷达扫描：导入、热点", no_args_is_help=True)


@app.command("import", help="导入雷达扫描（CSV：at,elevation_deg,azimuth_deg,range_m 和 pm、extinction、depolarisation），找出热点")
def import_(
    file: Annotated[Path, typer.Argument(metavar="FILE.csv", help="一圈或几圈扫描", exists=True, dir_okay=False, readable=True)],
    station: Annotated[str, typer.Option(help="雷达站的编号（要素类 air_station）")],
) -> None:
    """Store sweeps and their hotspots."""
    from getpass import getuser

    from gis.errors import TooLarge
    from gis.radar_file import MOST_BYTES, read_sweeps
    from gis.settings import Settings
    from gis.store.cluster import ensure_running
    from gis.store.connect import Actor, writing_plainly
    from gis.store.radar import put_sweeps
    from gis.store.schema import bring_up

    if file.stat().st_size > MOST_BYTES:
        raise TooLarge("FILE.csv", f"超过 {MOST_BYTES >> 20} MB；请按时间分成几个文件")
    sweeps = read_sweeps(file.read_bytes())
    url = ensure_running(Settings()).owner
    bring_up(url)
    with writing_plainly(url, Actor(getuser(), f"雷达扫描：{file.name}")) as connection:
        changed, high = put_sweeps(connection, station, sweeps)
    typer.echo(f"{len(sweeps)} 圈扫描，新存或改动 {changed}，热点 {high}")


@app.command(help="一段时间的热点：何时、哪个方位、多远、多高，附近的企业")
def hotspots(
    begin: Annotated[str, typer.Option("--from", help="起，如 2026-03-01T08:00（北京时间）")],
    end: Annotated[str, typer.Option("--to", help="止")],
    json: Annotated[bool, typer.Option("--json", help="输出 GeoJSON")] = False,
) -> None:
    """Print the hotspots of a time."""
    import orjson

    from gis.clock import BEIJING, during, time_of
    from gis.store.asking import asked
    from gis.store.here import here
    from gis.store.radar import DAYS_MOST, read_hotspots

    times = during(time_of("--from", begin), time_of("--to", end), DAYS_MOST)
    with here() as connection:
        found = asked(connection, read_hotspots(*times))
    if json:
        typer.echo(orjson.dumps({"type": "FeatureCollection", "features": found}).decode())
        return
    for one in (feature["properties"] for feature in found):
        near = "，".join(f"{who['name']}（{who['distance_m']:g} m）" for who in one["near"])
        at = f"{one['at'].astimezone(BEIJING):%Y-%m-%d %H:%M}"
        typer.echo(
            f"{at}  {one['station']}  方位 {one['bearing_deg']:.0f}°  {one['distance_m']:.0f} m  {one['peak']:.4g} {one['unit']}  {near}"
        )
