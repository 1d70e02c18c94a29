"""Reading in a child process: what a drawing does to its reader, it does to nobody else.

The heavy imports are the child's; the parent loads only what it needs to receive the result, while the child already works.
"""

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from gis.child import Failure, run_in_parts, size_of
from gis.limits import Limits

if TYPE_CHECKING:
    from collections.abc import Iterator

    from drawings.options import Options
    from drawings.packing import Part
    from drawings.read import Progress
    from gis.issues import Issue
    from gis.models.plan import SitePlan

__all__ = ["Failure", "Limits", "read_plan", "refusal"]


def refusal(failure: Failure, source: Path | bytes, file_name: str, limits: Limits | None = None) -> "Issue":
    """Return the issue that says why a reading came to nothing."""
    from drawings.guard import too_large, unreadable  # noqa: PLC0415 — heavy

    limits = limits or Limits()
    clean = "请清理图形（PURGE、OVERKILL），或拆成几张图"
    said = {
        Failure.DEADLINE: f"读取超时：超过 {limits.deadline_s:g} 秒，已中止",
        Failure.MEMORY: f"读取内存超限：超过 {limits.memory_bytes // 1024**2} MB，已中止",
        Failure.CRASH: "读取进程意外终止",
    }
    return too_large(size_of(source), file_name) or unreadable(file_name, said[failure], clean)


def _sha256(source: Path | bytes) -> str:
    if isinstance(source, bytes):
        return hashlib.sha256(source).hexdigest()
    with source.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_plan(
    source: Path | bytes,
    file_name: str,
    options: "Options | None" = None,
    *,
    progress: "Progress | None" = None,
    limits: Limits | None = None,
) -> "SitePlan":
    """Return the site plan in a DXF file, read in a child process.

    A reading that takes too much time or memory is a plan without features and an issue E101.

    Parameters
    ----------
    source : Path or bytes
        The file, or what is in it.
    file_name : str
        Its name; by the norm it says source code and drawing kind.
    options, progress, limits
        As for `drawings.read.plan_of` and `gis.child.run`.

    Raises
    ------
    OSError
        The file can't be opened.
    QuanjingError
        An option is wrong.
    """
    parts: list[Part] | Failure = run_in_parts(_plan_of, source, file_name, options, progress=progress, limits=limits)
    if not isinstance(parts, Failure):
        from drawings.packing import unpack  # noqa: PLC0415 — heavy

        return unpack(parts)

    from gis.models.plan import Counts, SitePlan  # noqa: PLC0415 — heavy

    known = (options.drawing_kind, options.source_code) if options else (None, None)
    sha256 = "" if parts is Failure.SIZE else _sha256(source)
    issue = refusal(parts, source, file_name, limits)
    return SitePlan(known[0] or "A", known[1], file_name, sha256, (), (issue,), Counts(0, 0, 0, 0))


def _plan_of(data: bytes, file_name: str, options: "Options | None", *, progress: "Progress") -> "Iterator[Part]":
    from drawings.packing import pack  # noqa: PLC0415 — heavy
    from drawings.read import plan_of  # noqa: PLC0415 — heavy

    return pack(plan_of(data, file_name, options, progress=progress))
