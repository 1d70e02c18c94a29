"""Versions, decisions and differences as people read them in a terminal."""

from collections.abc import Sequence
from datetime import datetime

from rich.console import Console
from rich.table import Table

from gis.clock import BEIJING
from gis.kinds import KINDS
from gis.models.sheet import TITLES
from gis.models.version import CHANGES, DECISIONS, STATES, Difference, Version


def day(at: datetime | None) -> str:
    """Return an instant as the bureau's day and time, empty without one."""
    return at.astimezone(BEIJING).strftime("%Y-%m-%d %H:%M") if at else ""


def signed(name: str | None, at: datetime | None) -> str:
    """Return who signed, and when."""
    return f"{name} {day(at)}" if name else ""


def print_versions(found: Sequence[Version], console: Console) -> None:
    """Print versions as a table, and what was decided about each."""
    table = Table("图种", "版", "状态", "制图", "审核", "发布", "复测", "文件")
    for one in found:
        state = STATES[one.state] + (f"（制图错误 {one.blocking}）" if one.blocking else "")
        last = one.resurvey_on.isoformat() if one.resurvey_on else ""
        drawn = signed(one.drawn_by, one.handed_at)
        checked, published = signed(one.reviewer, one.reviewed_at), signed(one.publisher, one.published_at)
        table.add_row(
            f"{one.drawing_kind} {TITLES[one.drawing_kind]}", str(one.version), state, drawn, checked, published, last, one.file_name
        )
    console.print(table)
    for one in found:
        for act in one.acts:
            outcome = f"，未成：{act.failure}" if act.failure else "" if act.done_at else "，等待执行"
            again = f"，复测 {act.resurvey_on}" if act.resurvey_on else ""
            why = f"：{act.reason}" if act.reason else ""
            console.print(
                f"{one.drawing_kind} 第 {one.version} 版 {day(act.asked_at)} {act.signed} {DECISIONS[act.act]}{again}{why}{outcome}"
            )


def print_difference(difference: Difference, console: Console) -> None:
    """Print what differs, one feature a row."""
    before = f"第 {difference.old} 版" if difference.old is not None else "空白"
    console.print(f"图 {difference.drawing_kind} {TITLES[difference.drawing_kind]}：{before} → 第 {difference.new} 版")
    if not difference.changes:
        console.print("没有差异")
        return
    table = Table("变化", "要素类", "编号", "名称", "内容")
    for one in difference.changes:
        feature = one.feature
        table.add_row(CHANGES[one.change], KINDS[feature.kind].label, feature.code or "", feature.name, one.said)
    console.print(table)
    console.print("，".join(f"{CHANGES[name]} {count}" for name, count in difference.counts().items() if count))
