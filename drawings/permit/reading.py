"""Reading a permit's copy, PDF or Excel, in a child process with limits: what a file does to its reader, it does to nobody else."""

import hashlib
from pathlib import Path

from drawings.permit.excel import copy_of_excel
from drawings.permit.pdf import copy_of_pdf
from drawings.permit.proposal import Proposal, proposal_of
from drawings.permit.scan import copy_of_scan
from drawings.read import Progress
from gis.child import Failure, run, silent
from gis.errors import Invalid, QuanjingError, TooLarge
from gis.limits import Limits

LIMITS = Limits(memory_bytes=2 * 1024**3, deadline_s=600.0)
"""A copy has some hundred pages, each of which takes about a third of a second."""
PDF, ZIP, OLE = b"%PDF-", b"PK\x03\x04", b"\xd0\xcf\x11\xe0"


class Unreadable(QuanjingError):
    """A copy could not be read within the limits."""


def read_copy(data: bytes, file_name: str, *, progress: Progress = silent) -> Proposal:
    """Return what a copy says; in the process that asks.

    Raises
    ------
    Invalid
        The file is of another form.
    """
    sha256 = hashlib.sha256(data).hexdigest()
    if data[:1024].lstrip().startswith(PDF):
        copy = copy_of_pdf(data, progress) or copy_of_scan(data, progress)
    elif data.startswith(ZIP):
        copy = copy_of_excel(data)
    else:
        old = "；旧的 .xls 请另存为 .xlsx" if data.startswith(OLE) else ""
        raise Invalid("FILE", f"{file_name} 不是 PDF，也不是 Excel 工作簿（.xlsx）{old}")
    return proposal_of(copy, file_name, sha256)


def read(source: Path | bytes, file_name: str, limits: Limits = LIMITS, progress: Progress | None = None) -> Proposal:
    """Return what a copy says, read in a child process; what `progress` raises kills it and is passed on.

    Raises
    ------
    Invalid
        The file is of another form, or too large.
    Unreadable
        Reading took too much time or memory.
    """
    done = run(read_copy, source, file_name, progress=progress, limits=limits)
    if isinstance(done, Proposal):
        return done
    if done is Failure.SIZE:
        raise TooLarge("FILE", f"{file_name} 太大")
    said = {Failure.DEADLINE: f"超过 {limits.deadline_s:g} 秒", Failure.MEMORY: f"内存超过 {limits.memory_bytes // 1024**2} MB"}
    raise Unreadable(f"{file_name} 没有读完：{said.get(done, '读取进程意外终止')}；请拆成几个文件再读")
