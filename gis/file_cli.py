"""The verbs `quanjing enterprise file …`: the enterprise's file as a workbook."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gis.file_workbook import Form, Read

app = typer.Typer(name="file", help="企业档案：场地沿革、化学物质、管理制度、自行监测、监督性监测", no_args_is_help=True)
Out = Annotated[Path | None, typer.Option("--out", "-o", help="写到哪个 .xlsx 文件", dir_okay=False)]
Code = Annotated[str, typer.Option("--enterprise", help="18 位信用代码或 22 位排污单位编码")]


def rows_of(file: Path, form: "Form | None" = None) -> "list[Read]":
    """Return the rows of a filled-in workbook; raises TooLarge, and as `gis.file_workbook.read_workbook`."""
    from gis.errors import TooLarge
    from gis.file_workbook import MOST_BYTES, read_workbook

    if file.stat().st_size > MOST_BYTES:
        raise TooLarge("FILE", f"超过 {MOST_BYTES // 1024**2} MB 的上限")
    return read_workbook(file.read_bytes(), form)


def tell(read: "Sequence[Read]", done: "Mapping[str, int]", errors: Path) -> None:
    """Say what became of a workbook's rows: counts, and the refused ones in a workbook of their own; ends with 1 where there are such."""
    from gis.file_workbook import refused

    count = sum(bool(one.faults) for one in read)
    typer.echo(f"新增 {done['insert']}，修改 {done['update']}，不变 {done['unchanged']}，拒绝 {count}")
    wrong = refused(read)
    if wrong is None:
        return
    for one in read:
        for said in one.told:
            typer.echo(said, err=True)
    errors.write_bytes(wrong)
    typer.echo(f"有错误的行在 {errors}，改好后可再导入")
    raise typer.Exit(1)


@app.command(help="写出空白的填报工作簿（Excel）：每部分一个工作表，带下拉和说明")
def template(out: Out = None) -> None:
    """Write a workbook to fill in."""
    from gis.file_workbook import workbook

    path = out or Path("企业档案_模板.xlsx")
    path.write_bytes(workbook())
    typer.echo(path)


@app.command(help="把企业档案写成工作簿（Excel），改好后可再导入")
def export(enterprise: Code, out: Out = None) -> None:
    """Write the file of an enterprise as a workbook."""
    from gis.file_workbook import workbook
    from gis.settings import Settings
    from gis.store.asking import asked
    from gis.store.cluster import ensure_running
    from gis.store.connect import engine, looking
    from gis.store.enterprise_file import file_of
    from gis.store.enterprises import find_enterprise
    from gis.store.schema import bring_up

    urls = ensure_running(Settings())
    bring_up(urls.owner)
    with looking(engine(urls.reader)) as connection:
        enterprise_id, code = find_enterprise(connection, enterprise)
        file = asked(connection, file_of(enterprise_id))
    path = out or Path(f"{code}_企业档案.xlsx")
    path.write_bytes(workbook(file))
    typer.echo(f"{path}：{sum(map(len, file.values()))} 行")


@app.command("import", help="导入填好的工作簿：正确的行入库，有错误的行写进另一个工作簿；有错误时退出码为 1")
def import_(
    file: Annotated[Path, typer.Argument(metavar="FILE.xlsx", help="填好的工作簿", exists=True, dir_okay=False, readable=True)],
    enterprise: Code,
    errors: Annotated[Path | None, typer.Option(help="有错误的行写到这里；缺省为 FILE_错误.xlsx", dir_okay=False)] = None,
) -> None:
    """Store the good rows of a workbook; keep and count the refused ones."""
    import getpass

    from gis.settings import Settings
    from gis.store.cluster import ensure_running
    from gis.store.connect import Actor, engine, writing
    from gis.store.enterprise_file import store
    from gis.store.enterprises import find_enterprise
    from gis.store.schema import bring_up

    read = rows_of(file)
    url = ensure_running(Settings()).owner
    bring_up(url)
    with writing(engine(url), Actor(getpass.getuser(), f"导入企业档案：{file.name}")) as connection:
        rows = [(one.part, one.row) for one in read if not one.faults]
        done = store(connection, find_enterprise(connection, enterprise)[0], rows)
    tell(read, done, errors or file.with_name(f"{file.stem}_错误.xlsx"))
