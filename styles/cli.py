"""`quanjing style`: what is generated from the tokens."""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(name="style", help="样式：从令牌生成各端样式", no_args_is_help=True)


@app.command(help="生成浏览器的样式表与常量")
def build(folder: Annotated[Path, typer.Argument(help="输出文件夹")] = Path("web/src/generated")) -> None:
    """Write the browser's style sheet and constants."""
    from styles.web import build as write

    for path in write(folder):
        typer.echo(path)


@app.command(help="写出网页地图的精灵图（各主题，1x、2x、SDF）")
def sprites(folder: Annotated[Path, typer.Argument(help="输出文件夹")] = Path("web/dist/sprites")) -> None:
    """Write the sprites that the map style names."""
    from styles.outputs import write_sprites
    from styles.palette import THEMES

    typer.echo(f"{folder}：{sum(len(write_sprites(folder, theme)) for theme in THEMES)} 个文件")


@app.command(
    help="写出全部符号与样式：SVG、DXF 图块库、MapLibre 精灵图（1x、2x、SDF）和地图样式、QML、SLD、三维材质和广告牌（glTF），各主题、各状态"
)
def export(
    folder: Annotated[Path, typer.Argument(metavar="OUT", help="输出文件夹")],
    base: Annotated[str, typer.Option(help="该文件夹对外的网址，写进地图样式")] = "http://127.0.0.1:8000",
) -> None:
    """Write what other programs draw with."""
    from styles.outputs import build as write

    typer.echo(f"{folder}：{len(write(folder, base.rstrip('/')))} 个文件")


@app.command(help="把图层样式写进 `quanjing layer export` 导出的 GeoPackage：QGIS 打开即按样式显示")
def embed(
    file: Annotated[Path, typer.Argument(metavar="FILE.gpkg", help="GeoPackage 文件", exists=True, dir_okay=False)],
    theme: Annotated[str, typer.Option(help="light（浅色）、wall-dark（深色）、print-bw（黑白）")] = "light",
) -> None:
    """Write the styles of a GeoPackage's layers into it."""
    from styles.geopackage import embed as write
    from styles.palette import theme_named

    styled = write(file, theme_named(theme))
    typer.echo(f"{file}：{len(styled)} 个图层有样式" if styled else f"{file}：没有与要素类同名的图层")


@app.command(help="写出符号、线型、填充文件的 JSON schema，供编辑器校验")
def schema(folder: Annotated[Path, typer.Argument(help="输出文件夹")] = Path("styles/schema")) -> None:
    """Write the JSON schemas of the style files."""
    from styles.source import write_schemas

    for path in write_schemas(folder):
        typer.echo(path)


if __name__ == "__main__":
    app()
