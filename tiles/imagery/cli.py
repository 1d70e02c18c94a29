"""`quanjing imagery`: base maps out of one's own pictures or a source elsewhere."""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(name="imagery", help="影像底图：自有 GeoTIFF，或外部瓦片源", no_args_is_help=True)
Label = Annotated[str, typer.Option(help="页面上的名称")]
By = Annotated[str, typer.Option("--attribution", help="数据来源，显示在署名处")]


@app.command(help="把 GeoTIFF（任意坐标系，8 位）作为影像底图；多幅时细的盖在粗的上面。文件留在原处")
def add(
    files: Annotated[list[Path], typer.Argument(metavar="FILE.tif…", exists=True, dir_okay=False)],
    name: Annotated[str, typer.Option(help="图层名：小写字母、数字、连字符")] = "ortho",
    label: Label = "影像",
    attribution: By = "",
    crs: Annotated[str | None, typer.Option(help="文件没有写明坐标系时给出，如 EPSG:4545")] = None,
) -> None:
    """Register files as a layer."""
    from gis.settings import Settings
    from tiles.imagery.layers import FilesLayer, keep, mosaic

    layer = FilesLayer(name, label, attribution, tuple(files), crs)
    opened = mosaic(layer)
    kept = keep(Settings().data_dir / "imagery", layer)
    west, south, east, north = opened.bounds
    typer.echo(f"{kept}：{len(files)} 幅，{west:.4f},{south:.4f} 至 {east:.4f},{north:.4f}，到第 {opened.max_zoom} 级")


@app.command(help="把外部瓦片源（天地图、谷歌、本单位的 WMTS）作为影像底图；声明其坐标基准，由服务端纠正到 CGCS2000")
def source(
    url: Annotated[str, typer.Argument(metavar="URL", help="含 {z} {x} {y}，需要密钥处写 {key}")],
    name: Annotated[str, typer.Option(help="图层名")] = "source",
    label: Label = "外部影像",
    attribution: By = "",
    datum: Annotated[str, typer.Option(help="wgs84、cgcs2000 或 gcj02（谷歌中国、高德等有偏移的底图）")] = "cgcs2000",
    grid: Annotated[str, typer.Option(help="mercator（网络墨卡托，天地图 w），或 geographic（经纬度，天地图 c）")] = "mercator",
    max_zoom: Annotated[int, typer.Option(help="最深一级", min=1, max=22)] = 18,
    key_variable: Annotated[str | None, typer.Option(help="存放密钥的环境变量名；密钥本身不落盘、不进日志")] = None,
) -> None:
    """Register a source elsewhere as a layer."""
    from typing import get_args

    from gis.errors import Invalid
    from gis.settings import Settings
    from tiles.imagery.layers import Datum, Grid, SourceLayer, keep
    from tiles.imagery.remote import checked

    if datum not in get_args(Datum) or grid not in get_args(Grid):
        raise Invalid("--datum", f"基准须为 {'、'.join(get_args(Datum))}，格网须为 {'、'.join(get_args(Grid))}")
    layer = SourceLayer(name, label, attribution, url, datum, grid, max_zoom, key_variable)  # type: ignore[arg-type]
    typer.echo(keep(Settings().data_dir / "imagery", checked(layer)))
