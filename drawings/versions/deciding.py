"""Carrying out what people decide about versions of drawings: passed, refused, published, to be surveyed again."""

from uuid import UUID

from drawings.options import options_of
from drawings.process.layout import Solve
from drawings.process.storing import process_plan
from drawings.process.table import is_table
from drawings.publish import plan_for
from gis.errors import Conflict
from gis.issues import blocking
from gis.models.plan import SitePlan
from gis.models.version import Decided, Version
from gis.store.asking import asked
from gis.store.connect import Plain, Transaction
from gis.store.enterprises import source_code_of
from gis.store.plans import Handed, store_plan
from gis.store.versions import checked, file, held, mark, version


def decide_on(
    connection: "Transaction | Plain", enterprise_id: UUID, drawing_kind: str, number: int, decided: Decided, *, solve: Solve
) -> Version:
    """Carry out what a person decided about a version; one that is published is read anew, as it was handed in. Returns it as it is then.

    Parameters
    ----------
    connection : Transaction or Plain
        Inside `gis.store.connect.writing` or `writing_plainly`.
    enterprise_id : UUID
        Whose drawing.
    drawing_kind : str
        A, B, C or D.
    number : int
        Of the version.
    decided : Decided
        What, by whom, why.
    solve : callable
        Lays processes out (`drawings.process.elk.Elk.lay_out`).

    Raises
    ------
    NotFound
        No such version.
    Invalid
        Nobody signs, or a refusal says no reason.
    Conflict
        The version is not in a state for that, its drafter decides, or what was stored since makes it faulty.
    """
    decided = checked(decided)
    if decided.act == "publish":
        # Reading takes long: nobody is made to wait for it.
        waiting = asked(connection, version(enterprise_id, drawing_kind, number))
        content = asked(connection, file(waiting))
        source_code = source_code_of(connection, enterprise_id)
        plan = _plan_again(connection, (enterprise_id, source_code), waiting, content, solve)
    found = held(connection, enterprise_id, drawing_kind, number, decided)
    mark(connection, found, decided)
    if decided.act == "publish":
        handed = Handed(found.drawn_by, found.review, options=found.options, drawing_id=found.drawing_id, publisher=decided.signed)
        outcome = store_plan(connection, enterprise_id, source_code, plan, content, handed=handed)
        if not outcome.published:
            faults = "；".join(issue.message for issue in blocking(outcome.issues)[:3])
            raise Conflict(f"第 {number} 版送审后，库中的要素变了，现在不能发布：{faults}")
    return asked(connection, version(enterprise_id, drawing_kind, number))


def _plan_again(connection: "Transaction | Plain", known: tuple[UUID, str], found: Version, content: bytes, solve: Solve) -> SitePlan:
    if is_table(found.file_name):
        return process_plan(connection, known, content, found.file_name, solve)
    return plan_for(connection, known, content, found.file_name, options_of(found.options))
