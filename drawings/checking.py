"""Checking many drawings: files as they come, grouped by enterprise, or what is stored with its permit."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from rich.console import Console
from rich.markup import escape

from drawings.options import Options
from drawings.process.storing import read_table
from drawings.process.table import is_table
from drawings.read import FILE_NAME
from drawings.report import print_issues, report
from drawings.sandbox import read_plan
from drawings.sets import Permit, Set, check_set
from gis.issues import CODES, Issue, Place, Severity, blocking
from gis.models.plan import SitePlan
from gis.store.connect import Transaction
from gis.store.stored import Stored, stored_sets

Told = Callable[[int, int, str], None]
"""Called with what is done, of how many, and what it was."""


@dataclass(frozen=True, slots=True)
class Checked:
    """The drawings of one enterprise, read, and what was found."""

    source_code: str | None
    name: str
    plans: tuple[SitePlan, ...]
    """Each with its own issues."""
    issues: tuple[Issue, ...]
    """What only several drawings, or drawings and permit, show together."""

    @property
    def every(self) -> tuple[Issue, ...]:
        """All issues, each with the file it is in."""
        own = [
            replace(issue, place=replace(issue.place, file=issue.place.file or plan.file_name))
            for plan in self.plans
            for issue in plan.issues
        ]
        return (*own, *self.issues)

    def as_json(self) -> dict[str, Any]:
        """Return it as plain JSON types."""
        drawings = [report(plan) for plan in self.plans]
        return {
            "source_code": self.source_code,
            "name": self.name,
            "drawings": drawings,
            "issues": [issue.as_json() for issue in self.issues],
        }


def counted(checked: Iterable[Checked]) -> dict[str, int]:
    """Return how many findings there are of each code, in the order of the code list."""
    found = [issue.code for one in checked for issue in one.every]
    return {code: number for code in CODES if (number := found.count(code))}


def of_files(paths: Sequence[Path], options: Options, told: Told) -> list[Checked]:
    """Return what is found in files; those of one enterprise (by their names) are looked at side by side too.

    Parameters
    ----------
    paths : sequence of Path
        DXF files, and processes as tables (YAML).
    options : Options
        How they are read.
    told : callable
        Told after each file.
    """
    groups: dict[str | None, list[SitePlan]] = {}
    for number, path in enumerate(paths):
        plan = _table(path) if is_table(path.name) else read_plan(path, path.name, options)
        groups.setdefault(plan.source_code, []).append(plan)
        told(number + 1, len(paths), path.name)
    return [
        Checked(code, "", tuple(plans), tuple(check_set(Set(tuple(plans)))) if code and len(plans) > 1 else ())
        for code, plans in groups.items()
    ]


def _table(path: Path) -> SitePlan:
    """Return a production process that is written as a table, named as its drawing would be."""
    named = FILE_NAME.fullmatch(str(Path(path.name).with_suffix(".dxf")))
    plan = read_table(path.read_bytes(), path.name, named["source"].upper() if named else "")
    issues = tuple(replace(issue, place=replace(issue.place, file=path.name)) for issue in plan.issues)
    return replace(plan, source_code=plan.source_code or None, issues=issues)


def of_store(connection: Transaction, enterprises: Sequence[UUID] | None, told: Told) -> Iterator[Checked]:
    """Yield what is found in the published drawings of enterprises and their permits.

    Parameters
    ----------
    connection : Transaction
        A read-only one.
    enterprises : sequence of UUID, optional
        Default: all.
    told : callable
        Told after each enterprise.
    """
    wanted = stored_sets(connection, enterprises)
    for number, stored in enumerate(wanted):
        yield _checked(connection, stored)
        told(number + 1, len(wanted), stored.name)


def _checked(connection: Transaction, stored: Stored) -> Checked:
    plans = tuple(_reread(connection, stored, kind) for kind in sorted(stored.drawings))
    permit = Permit(stored.permit, stored.permit_recorded) if stored.permit else None
    published: dict[str, datetime] = {kind: drawing.first for kind, drawing in stored.drawings.items()}
    return Checked(stored.source_code, stored.name, plans, tuple(check_set(Set(plans, permit, published))))


def _reread(connection: Transaction, stored: Stored, kind: str) -> SitePlan:
    """Return a stored drawing as read now.

    What was read by a mapping or control points that came with it is not by the norm: of such a one stands what was found then.
    """
    drawing = stored.drawings[kind]
    if is_table(drawing.file_name):
        return read_table(drawing.content(connection), drawing.file_name, stored.source_code)
    options = Options(source_code=stored.source_code, drawing_kind=kind, registered=stored.registered)
    plan = read_plan(drawing.content(connection), drawing.file_name, options)
    if not blocking(plan.issues):
        return plan
    then = tuple(
        Issue(row["code"], Severity(row["severity"]), row["message"], row.get("hint", ""), _place(row.get("place", {})))
        for row in drawing.issues
    )
    return replace(plan, features=(), issues=then)


def _place(row: dict[str, Any]) -> Place:
    at = row.pop("xy", None)
    return Place(**row, xy=(float(at[0]), float(at[1])) if at else None)


def print_checked(checked: Sequence[Checked], console: Console) -> None:
    """Print what was found in many drawings: enterprises with findings, then how many there are of each code."""
    for one in checked:
        if one.every:
            console.print(f"[bold]{escape(' '.join(part for part in (one.name, one.source_code or '') if part))}[/bold]")
            print_issues(one.every, console)
    drawings = sum(len(one.plans) for one in checked)
    console.print(f"{len(checked)} 家企业，{drawings} 张图纸，{sum(bool(one.every) for one in checked)} 家有问题")
    for code, number in counted(checked).items():
        console.print(f"{code} {CODES[code].label}：{number}")
