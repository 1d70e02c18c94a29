"""From a file to the store: read, interpret, publish; what `quanjing drawing import` and the demo call."""

import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, cast
from uuid import UUID

from drawings.norm import SOURCE_CODE
from drawings.options import Options
from drawings.sandbox import read_plan
from gis.errors import Invalid
from gis.limits import MAX_BYTES
from gis.models.plan import SitePlan
from gis.store.connect import Plain, Transaction
from gis.store.enterprises import find_enterprise, registered_point
from gis.store.plans import AT_ONCE, Handed, Outcome, store_plan

if TYPE_CHECKING:
    from gis.models.sheet import Kind

CODE = re.compile(r"[0-9A-HJ-NPQRTUWXY]{18}(\d{3}[A-Z])?")
"""18-character credit code (GB 32100-2015), or with site serial the 22-character source code (HJ 608-2017)."""
NAMED = re.compile(rf"{SOURCE_CODE.strip('^$')}(?=_[ABCD]_v\d{{2,}}\.dxf$)", re.IGNORECASE)
"""The source code at the start of a file name by the norm."""


def publish_drawing(
    connection: "Transaction | Plain",
    path: Path,
    enterprise: str | None = None,
    options: Options | None = None,
    *,
    handed: Handed = AT_ONCE,
    base_url: str = "",
) -> tuple[SitePlan, Outcome]:
    """Store what a drawing shows; returns the drawing as read and what storing it did.

    Parameters
    ----------
    connection : Transaction or Plain
        Inside `gis.store.connect.writing` or `writing_plainly`; roll it back for a dry run.
    path : Path
        The DXF file.
    enterprise : str, optional
        Credit code or source code; else the source code that the file is named after.
    options : Options, optional
        How the drawing is to be read: mapping, control points, CRS.
    handed : Handed
        Published at once, or first for review; who drew it.
    base_url : str
        Address of the panorama, to which the code on the proof for a review leads.

    Raises
    ------
    Invalid
        Neither the call nor the file name says which enterprise it is.
    NotFound
        No such enterprise.
    """
    if enterprise is not None and not CODE.fullmatch(enterprise):
        raise Invalid("enterprise", f"{enterprise} 不是 18 位信用代码，也不是 22 位排污单位编码")
    known = find_enterprise(connection, enterprise) if enterprise else None
    if known is None:
        named = NAMED.match(path.name)
        if named is None:
            raise Invalid("enterprise", f"{path.name} 的文件名不含 22 位排污单位编码；请用 --enterprise 指明企业")
        known = find_enterprise(connection, named[0].upper())
    options = options or Options()
    if path.stat().st_size > MAX_BYTES:
        # What is never opened is not kept either.
        refused = read_plan(path, path.name, replace(options, source_code=known[1]))
        return refused, Outcome(published=False, actions={}, features=(), issues=refused.issues)
    content = path.read_bytes()
    plan = plan_for(connection, known, content, path.name, options)
    handed = replace(handed, options=options.texts())
    if handed.review:
        from drawings.sheets.composing import unsolved  # noqa: PLC0415 — heavy
        from drawings.versions.proofs import proof_of  # noqa: PLC0415 — heavy

        kind = cast("Kind", plan.drawing_kind)
        handed = replace(handed, proof=proof_of(known[0], kind, path.name, handed, base_url, solve=unsolved))
    return plan, store_plan(connection, known[0], known[1], plan, content, handed=handed)


def plan_for(connection: "Transaction | Plain", known: tuple[UUID, str], content: bytes, file_name: str, options: Options) -> SitePlan:
    """Return what a drawing says, and what it says beside what is stored of its enterprise (id and source code)."""
    point = registered_point(connection, known[0])
    plan = read_plan(content, file_name, replace(options, source_code=known[1], registered=point))
    if plan.drawing_kind != "B":
        return plan
    from drawings.process.drawn import beside_plan  # noqa: PLC0415 — only of a process
    from gis.store.process import units_on_plan  # noqa: PLC0415 — only of a process

    on_plan = units_on_plan(connection, known[0])
    if on_plan is not None:
        plan = replace(plan, issues=(*plan.issues, *beside_plan(plan.features, on_plan)))
    return plan
