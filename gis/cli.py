"""The verbs `quanjing enterprise …`."""

import codecs
from pathlib import Path
from typing import Annotated, Any

import typer

from gis.file_cli import app as file_
from gis.file_cli import rows_of, tell

app = typer.Typer(name="enterprise", help="企业：登记、列出、排污许可证、厂址沿革、企业档案", no_args_is_help=True)
app.add_typer(file_)


@app.command(help="写出空白的企业登记表（Excel）：带下拉和说明，填好后用 import 导入")
def template(
    out: Annotated[Path, typer.Option("--out", "-o", help="写到哪个 .xlsx 文件", dir_okay=False)] = Path("企业登记_模板.xlsx"),
) -> None:
    """Write the register's form to fill in."""
    from gis.file_workbook import register_form, workbook

    out.write_bytes(workbook(form=register_form()))
    typer.echo(out)


@app.command(
    "import", help="登记或更新企业：填好的登记表（Excel，正确的行登记，有错误的行写进另一个工作簿），或 JSON 文件（一家，或若干家的列表）"
)
def import_(
    file: Annotated[Path, typer.Argument(metavar="FILE", help=".xlsx 或 JSON 文件", exists=True, dir_okay=False, readable=True)],
) -> None:
    """Insert or update the enterprises of a file: of a workbook the good rows, of JSON all or none."""
    import getpass
    import json
    from collections import Counter

    from gis.errors import Invalid
    from gis.file_workbook import register_form
    from gis.settings import Settings
    from gis.store.cluster import ensure_running
    from gis.store.connect import Actor, writing_plainly
    from gis.store.registrations import put
    from gis.store.schema import bring_up

    read = rows_of(file, register_form()) if file.suffix.lower() == ".xlsx" else []
    if read:
        records = [one.row for one in read if not one.faults]
    else:
        try:
            document = json.loads(file.read_text(encoding="utf-8"))
        except ValueError as error:
            raise Invalid("FILE", f"{file.name} 不是 JSON：{error}") from error
        records = document if isinstance(document, list) else [document]
    url = ensure_running(Settings()).owner
    bring_up(url)
    with writing_plainly(url, Actor(getpass.getuser(), f"登记企业：{file.name}")) as connection:
        done = put(connection, records)
    for record, what in zip(records, done, strict=True):
        typer.echo(f"{what['feature_id']} {record['name']}")
    if not read:
        return
    tell(read, Counter(what["action"] for what in done), file.with_name(f"{file.stem}_错误.xlsx"))


Document = Annotated[Path, typer.Argument(metavar="FILE", help="JSON 或 YAML 文件", exists=True, dir_okay=False, readable=True)]
ACTIONS = {"insert": "新增", "update": "修改", "remove": "删除", "unchanged": "不变"}


def _json(file: Path) -> Any:
    """Return the document of a JSON or YAML file; raises Invalid."""
    import orjson
    import yaml

    from gis.errors import Invalid, TooLarge
    from gis.store.permits import MAX_BYTES

    # Blanks between values may take as much again, and the places of values in a proposal more.
    if file.stat().st_size > 8 * MAX_BYTES:
        raise TooLarge("FILE", f"超过 {8 * MAX_BYTES // 1024**2} MB 的上限")
    if file.suffix in (".yaml", ".yml"):
        try:
            return yaml.safe_load(file.read_text(encoding="utf-8-sig"))
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            raise Invalid("FILE", f"{file.name} 不是 YAML：{error}") from error
    try:
        return orjson.loads(file.read_bytes().removeprefix(codecs.BOM_UTF8))
    except ValueError as error:
        raise Invalid("FILE", f"{file.name} 不是 JSON：{error}") from error


def _checked(document: Any, file: Path) -> tuple[Any, str]:
    """Return the permit of a document and who checked it: of a proposal (`quanjing permit read`) only one that somebody checked."""
    from gis.errors import Invalid

    if not isinstance(document, dict) or "proposal" not in document:
        return document, ""
    checked_by = document.get("checked_by")
    if not isinstance(checked_by, str) or not checked_by.strip():
        raise Invalid("checked_by", f"{file.name} 还没有人核对：对照副本改好 permit 一节，在 checked_by 填核对人")
    return document.get("permit"), f"（核对：{checked_by.strip()}）"


@app.command(help="登记排污许可证：JSON 或 YAML，格式见 quanjing permit schema；或 quanjing permit read 写出并已核对的摘要")
def permit(
    file: Document,
    enterprise: Annotated[str | None, typer.Option(help="18 位信用代码或 22 位排污单位编码；缺省为许可证编号")] = None,
) -> None:
    """Store a permit; the same one again changes nothing."""
    import getpass

    from gis.errors import Invalid
    from gis.settings import Settings
    from gis.store.cluster import ensure_running
    from gis.store.connect import Actor, engine, writing
    from gis.store.enterprises import find_enterprise
    from gis.store.permits import store_permit
    from gis.store.schema import bring_up

    document, checked = _checked(_json(file), file)
    # The number of a permit is the source code of the place (HJ 608-2017).
    code = enterprise or (document.get("permit_no") if isinstance(document, dict) else None)
    if not isinstance(code, str):
        raise Invalid("permit_no", "缺少排污许可证编号")
    url = ensure_running(Settings()).owner
    bring_up(url)
    with writing(engine(url), Actor(getpass.getuser(), f"登记排污许可证：{file.name}{checked}")) as connection:
        action = store_permit(connection, find_enterprise(connection, code)[0], document)
    typer.echo(f"{document['permit_no']} {ACTIONS[action]}")


@app.command(help="登记厂址沿革：一个 JSON 列表，每个事件有 date、kind、text")
def history(
    file: Document,
    enterprise: Annotated[str, typer.Option(help="18 位信用代码或 22 位排污单位编码")],
    replace: Annotated[bool, typer.Option("--replace", help="文件中没有的事件删除")] = False,
) -> None:
    """Store what happened at a site, all or nothing."""
    import getpass

    from gis.settings import Settings
    from gis.store.cluster import ensure_running
    from gis.store.connect import Actor, engine, writing
    from gis.store.enterprises import find_enterprise
    from gis.store.schema import bring_up
    from gis.store.site_history import store_history

    document = _json(file)
    url = ensure_running(Settings()).owner
    bring_up(url)
    with writing(engine(url), Actor(getpass.getuser(), f"登记厂址沿革：{file.name}")) as connection:
        done = store_history(connection, find_enterprise(connection, enterprise)[0], document, replace=replace)
    typer.echo("，".join(f"{label} {done[action]}" for action, label in ACTIONS.items() if done.get(action)) or "没有事件")


@app.command("list", help="列出企业")
def list_() -> None:
    """Print the enterprises, one a line: source code, name."""
    import psycopg

    from gis.settings import Settings
    from gis.store.cluster import urls

    with psycopg.connect(urls(Settings()).reader) as connection:
        for code, name in connection.execute("SELECT code, name FROM enterprise_view ORDER BY name"):
            typer.echo(f"{code} {name}")


@app.command(help="列出企业的监管问题（问题清单）；有未消除的问题时退出码为 1")
def problems(
    code: Annotated[str, typer.Argument(metavar="CODE", help="18 位信用代码或 22 位排污单位编码")],
    resolved: Annotated[bool, typer.Option("--resolved", help="也列出已消除的")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="输出 JSON")] = False,
) -> None:
    """Print the problem list of an enterprise; exit 1 where a problem stands open."""
    import orjson

    from gis.settings import Settings
    from gis.store.cluster import ensure_running
    from gis.store.connect import driver_of, engine, looking
    from gis.store.enterprises import find_enterprise
    from gis.store.problems import problems as problem_list
    from gis.store.schema import bring_up

    urls = ensure_running(Settings())
    bring_up(urls.owner)
    with looking(engine(urls.reader)) as connection:
        enterprise_id, _ = find_enterprise(connection, code)
        rows = problem_list(driver_of(connection), enterprise_id, resolved=resolved)
    if as_json:
        typer.echo(orjson.dumps(rows, option=orjson.OPT_INDENT_2))
    else:
        for row in rows:
            until = f"，{row['resolved']:%Y-%m-%d} 消除" if row["resolved"] else ""
            typer.echo(f"{row['code']} {row['message']}（{row['since']:%Y-%m-%d} 起{until}）")
        if not rows:
            typer.echo("没有监管问题")
    raise typer.Exit(1 if any(row["resolved"] is None for row in rows) else 0)
