"""What a reading found, for programs and for people."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import typer

from gis.issues import Issue, Severity, blocking
from gis.kinds import KINDS
from gis.models.plan import SitePlan
from gis.store.plans import Action, Handed, Outcome

if TYPE_CHECKING:
    from rich.console import Console

ACTIONS: dict[Action, str] = {"insert": "新增", "update": "修改", "reopen": "恢复", "close": "关闭", "unchanged": "不变"}
SEVERITY_LABELS = {Severity.ERROR: "错误", Severity.WARNING: "提醒", Severity.VIOLATION: "监管问题"}
SEVERITY_STYLES = {Severity.ERROR: "bold red", Severity.WARNING: "yellow", Severity.VIOLATION: "magenta"}


def report(plan: SitePlan) -> dict[str, Any]:
    """Return the accounts, what was left out and why, and the issues, as plain JSON types."""
    counts, shown = plan.counts, Counter(feature.kind for feature in plan.features)
    return {
        "file": plan.file_name,
        "sha256": plan.sha256,
        "source_code": plan.source_code,
        "drawing_kind": plan.drawing_kind,
        "counts": {"entities": counts.entities, "stored": counts.stored, "ignored": counts.ignored, "refused": counts.refused},
        "features": {kind: shown[kind] for kind in KINDS if shown[kind]},
        "ignored_by": plan.ignored_by,
        "issues": [issue.as_json() for issue in plan.issues],
    }


def counted(actions: Mapping[Action, int]) -> str:
    """Return what an import did, in words.

    >>> counted({"insert": 3, "unchanged": 9})
    '新增 3，不变 9'
    """
    return "，".join(f"{label} {actions[name]}" for name, label in ACTIONS.items() if name in actions)


def told(outcome: Outcome, *, dry_run: bool) -> dict[str, Any]:
    """Return what an import did as plain JSON types."""
    changes = [{"feature_id": str(row[0]), "kind": row[1], "name": row[2], "action": row[3]} for row in outcome.features]
    issues = [issue.as_json() for issue in outcome.issues]
    told = {"published": outcome.published, "version": outcome.version, "state": outcome.state, "dry_run": dry_run}
    return {"issues": issues, **told, "actions": outcome.actions, "changes": changes}


def said_of(outcome: Outcome, handed: Handed, *, dry_run: bool) -> str:
    """Return what an import did, in one line."""
    if blocking(outcome.issues):
        return "未发布：请先改正以上制图错误"
    tried = "试运行，未写入：" if dry_run else ""
    if handed.review and not outcome.published:
        return f"{tried}已送审（第 {outcome.version} 版），发布后将{counted(outcome.actions)}"
    return (tried or f"已入库（第 {outcome.version} 版）：") + counted(outcome.actions)


def _where(issue: Issue) -> str:
    place = issue.place
    xy = f"({place.xy[0]:.3f}, {place.xy[1]:.3f})" if place.xy else None
    handle = f"图元 {place.handle}" if place.handle else None
    return "\n".join(part for part in (place.file, place.layer, handle, place.field, xy) if part)


def print_report(plan: SitePlan) -> None:
    """Print the same for people: accounts first, then what was left out, then every issue with its place and remedy."""
    facts, counts = report(plan), plan.counts
    typer.secho(plan.file_name, bold=True)
    typer.echo(f"图元 {counts.entities} = 入库 {counts.stored} + 忽略 {counts.ignored} + 拒绝 {counts.refused}")
    if facts["features"]:
        typer.echo("要素：" + "，".join(f"{KINDS[kind].label} {number}" for kind, number in facts["features"].items()))
    if plan.ignored_by:
        typer.echo("忽略：" + "，".join(f"{reason} {number}" for reason, number in plan.ignored_by.items()))
    print_issues(plan.issues)


def print_issues(issues: Sequence[Issue], console: "Console | None" = None) -> None:
    """Print issues with their places and remedies."""
    if not issues:
        typer.secho("没有问题", fg="green")
        return
    # Loaded where there is a table to be set: an import that finds no fault does without.
    from rich.console import Console  # noqa: PLC0415
    from rich.markup import escape  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415

    table = Table("代码", "级别", "问题", "位置", "怎么改", show_lines=True)
    for issue in issues:
        level = f"[{SEVERITY_STYLES[issue.severity]}]{SEVERITY_LABELS[issue.severity]}[/]"
        table.add_row(issue.code, level, escape(issue.message), escape(_where(issue)), escape(issue.hint))
    (console or Console()).print(table)
