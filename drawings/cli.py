"""The verbs `quanjing drawing …`."""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(name="drawing", help="图纸：按规范生成、检查。", no_args_is_help=True)


@app.command(help="生成示范企业的厂区平面图（DXF）和企业信息（JSON）")
def example(folder: Annotated[Path, typer.Argument(metavar="DIR", help="写入的文件夹，没有则新建", file_okay=False)]) -> None:
    """Write the example drawing and the facts about its enterprise."""
    from drawings.example import write_example

    for path in write_example(folder):
        typer.echo(path)


@app.command(help="检查一张图纸：图元数、忽略的原因、全部问题；不需要数据库")
def check(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="DXF 图纸", exists=True, dir_okay=False, readable=True)],
    as_json: Annotated[bool, typer.Option("--json", help="输出 JSON")] = False,
) -> None:
    """Print the accounts and issues of one drawing; exit 1 where there are issues."""
    import json
    import logging

    from rich.console import Console

    from drawings.read import site_plan
    from drawings.report import print_report, report

    # What the reader mends is counted in W104; its own words about it would only stand between.
    logging.getLogger("ezdxf").setLevel(logging.ERROR)
    plan = site_plan(file)
    if as_json:
        typer.echo(json.dumps(report(plan), ensure_ascii=False, indent=2))
    else:
        print_report(plan, Console())
    raise typer.Exit(1 if plan.issues else 0)


ACTIONS = {"insert": "新增", "update": "修改", "reopen": "恢复", "close": "关闭", "unchanged": "不变"}


@app.command("import", help="导入一张图纸：同一张图再次导入不产生任何改动")
def import_(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="DXF 图纸", exists=True, dir_okay=False, readable=True)],
    enterprise: Annotated[str | None, typer.Option(help="18 位信用代码或 22 位排污单位编码；缺省取自文件名")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="只说会改什么，不写入")] = False,
    reason: Annotated[str, typer.Option(help="修改原因，记入历史")] = "导入图纸",
    as_json: Annotated[bool, typer.Option("--json", help="输出 JSON")] = False,
) -> None:
    """Store what a drawing shows; exit 1 where a drafting fault kept it from being published."""
    import getpass
    import json
    import logging

    from rich.console import Console

    from drawings.publish import publish_drawing
    from drawings.report import print_report, report
    from gis.settings import Settings
    from gis.store.cluster import ensure_running
    from gis.store.connect import Actor, engine, writing
    from gis.store.migrate import upgrade

    logging.getLogger("ezdxf").setLevel(logging.ERROR)
    url = ensure_running(Settings()).owner
    upgrade(url)
    with writing(engine(url), Actor(getpass.getuser(), f"{reason}：{file.name}", "drawing")) as connection:
        plan, outcome = publish_drawing(connection, file, enterprise)
        if dry_run:
            connection.rollback()
    if as_json:
        changes = [{"feature_id": str(row[0]), "kind": row[1], "name": row[2], "action": row[3]} for row in outcome.features]
        done = {"published": outcome.published, "dry_run": dry_run, "actions": outcome.actions, "changes": changes}
        issues = [issue.as_json() for issue in outcome.issues]
        typer.echo(json.dumps(report(plan) | {"issues": issues} | done, ensure_ascii=False, indent=2))
    else:
        print_report(plan, Console())
        for issue in outcome.issues[len(plan.issues) :]:
            typer.echo(f"{issue.code} {issue.message}（{issue.hint}）")
        counted = "，".join(f"{label} {outcome.actions[name]}" for name, label in ACTIONS.items() if name in outcome.actions)
        typer.echo(("试运行，未写入：" if dry_run else "已入库：") + counted if outcome.published else "未发布：请先改正以上制图错误")
    raise typer.Exit(0 if outcome.published else 1)
