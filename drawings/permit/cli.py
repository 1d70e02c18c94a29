"""The verbs `quanjing permit …`."""

import typer

app = typer.Typer(name="permit", help="排污许可证：数据格式", no_args_is_help=True)


@app.command(help="输出许可证摘要的 JSON Schema（2020-12）：字段、计量单位、编码")
def schema() -> None:
    """Print the JSON schema of a permit's document."""
    import json

    from gis.models.permit import schema as of_permit

    typer.echo(json.dumps(of_permit(), ensure_ascii=False, indent=2))
