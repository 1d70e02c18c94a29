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


@app.command(help="写出符号、线型、填充文件的 JSON schema，供编辑器校验")
def schema(folder: Annotated[Path, typer.Argument(help="输出文件夹")] = Path("styles/schema")) -> None:
    """Write the JSON schemas of the style files."""
    from styles.source import write_schemas

    for path in write_schemas(folder):
        typer.echo(path)


if __name__ == "__main__":
    app()
