"""What the inspector must see of an enterprise (监管问题): of its features, its permit, and the drawings that show them."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from gis.supervision.outlets import into_nothing, unnumbered, untreated, unwatched
from gis.supervision.permits import permit_findings
from gis.supervision.thing import Found, Thing


def review(things: Sequence[Thing], drawings: Collection[str], permit: Mapping[str, Any] | None = None) -> list[Found]:
    """Return the findings, by code and subject; what a drawing that is not there yet would show is not judged.

    Parameters
    ----------
    things : sequence of Thing
        Outlets, units, treatments, monitors, pipes, bodies and outlets at the river.
    drawings : collection of str
        Kinds of the drawings that there are: A, B, C, D.
    permit : mapping, optional
        The current discharge permit (see `gis.store.permits`).
    """
    findings: list[Found] = []
    if "A" in drawings:
        findings += untreated(things)
        findings += permit_findings(things, permit) if permit else []
    if "A" in drawings and "D" in drawings:
        findings += into_nothing(things)
    if "C" in drawings:
        findings += [*unwatched(things), *unnumbered(things)]
    return sorted(findings, key=lambda finding: (finding.code, finding.subject))
