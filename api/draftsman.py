"""Work on drafts, in the job worker: read a drawing in a child process, show what came of it, import it.

The row of a draft says what is to be done. Whoever changes or cancels it is heard at once: the child is killed, and the next job goes on
with what the row says then.
"""

import asyncio
import logging
import re
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any, TypeVar, cast
from uuid import UUID

from psycopg import AsyncConnection

from api.bench import Bench, Stopped, away, ending, work_through
from api.drafting import Connect, Watch
from drawings import sandbox
from drawings.dwg import as_dxf
from drawings.options import Options
from drawings.process.elk import Elk
from drawings.process.layout import Problem
from drawings.read import FILE_NAME, Progress
from drawings.report import report
from drawings.versions.proofs import proof_of
from gis.child import Failure, run
from gis.errors import NotFound
from gis.issues import blocking
from gis.models.plan import Counts, SitePlan
from gis.models.sheet import Kind
from gis.store import drafts
from gis.store.connect import Actor, engine, writing
from gis.store.drafts import Draft
from gis.store.plans import Handed, Outcome, store_plan

log = logging.getLogger(__name__)

AT_ONCE = 2
"""Drawings read side by side: each may take a gigabyte."""
SHOWN_ISSUES = 500
"""Issues of an import that are kept beside the draft."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Place:
    """Where imported drawings go, and what their proofs need."""

    url: str
    """Of the database, as its owner."""
    public_url: str
    """Address of the panorama."""
    pages: Path
    """Folder of the built pages, which holds ELK."""
    dwg_converter: str | None = None
    """What makes DXF of DWG (`Settings.dwg_converter`)."""

    def lay_out(self, problem: Problem) -> Problem:
        """Lay a process out, in a Node process of its own: few drawings ask for it."""
        with Elk(self.pages) as elk:
            return elk.lay_out(problem)


async def _away(connection: AsyncConnection, watch: Watch, at: Draft, work: Callable[[Bench], T]) -> T:
    """Run work in a thread while its draft is wanted."""
    return await away(
        watch,
        at.draft_id,
        work,
        lambda step, share: drafts.note_progress(connection, at, step, share),
        lambda: drafts.stands(connection, at),
    )


async def _file(connection: AsyncConnection, draft_id: UUID, folder: str) -> Path:
    path = Path(folder) / "drawing"
    with path.open("wb") as file:
        async for part in drafts.content(connection, draft_id):
            file.write(part)
    return path


def _dxf_name(file_name: str) -> str:
    """Return the name of the DXF that a file is read as."""
    return re.sub(r"\.dwg$", ".dxf", file_name, flags=re.IGNORECASE)


async def _completed(connection: AsyncConnection, at: Draft) -> Draft:
    """Return a draft with what the file name says, where nobody said otherwise."""
    named = FILE_NAME.fullmatch(_dxf_name(at.file_name))
    if named is None:
        return at
    enterprise_id = at.enterprise_id or await drafts.enterprise_of(connection, named["source"].upper(), at.scope)
    return replace(at, enterprise_id=enterprise_id, drawing_kind=at.drawing_kind or named["kind"].upper())


async def _options(connection: AsyncConnection, at: Draft) -> Options:
    known = await drafts.place(connection, at.enterprise_id)
    return Options(
        source_code=known[0] if known else None,
        drawing_kind=at.drawing_kind,
        mapping=at.options.get("mapping"),
        gcp=at.options.get("gcp"),
        crs=at.options.get("crs"),
        registered=known[1] if known else None,
    )


def _draft_of(data: bytes, file_name: str, options: Options, *, progress: Progress) -> dict[str, Any]:
    from drawings.draft import draft_of  # noqa: PLC0415 - the child's

    return draft_of(data, file_name, options, progress)


def read_draft(path: Path, file_name: str, options: Options, *, progress: Progress) -> dict[str, Any]:
    """Return the preview of a drawing, read in a child process; one that takes too much is a preview of nothing but an issue."""
    preview = run(_draft_of, path, file_name, options, progress=progress)
    if not isinstance(preview, Failure):
        return preview
    issue = sandbox.refusal(preview, path, file_name)
    plan = SitePlan(options.drawing_kind or "A", options.source_code, file_name, "", (), (issue,), Counts(0, 0, 0, 0))
    mark = {"code": issue.code, "severity": issue.severity, "message": issue.message, "hint": issue.hint}
    return {
        "report": report(plan),
        "frame": {"known": False, "method": "", "note": {}},
        "groups": [],
        "sketch": {"bounds": None, "entities": [], "grid": None},
        "features": {"type": "FeatureCollection", "features": []},
        "marks": [mark | {"handle": None, "layer": None, "xy": None, "lonlat": None}],
        "mapping": options.mapping or "",
    }


def summary_of(preview: dict[str, Any]) -> dict[str, Any]:
    """Return the figures of a preview that decide what can be done next."""
    severities = [issue["severity"] for issue in preview["report"]["issues"]]
    return {
        "counts": preview["report"]["counts"],
        "features": preview["report"]["features"],
        "issues": {name: severities.count(name) for name in ("error", "warning", "violation")},
        "blocking": severities.count("error"),
        "placed": preview["frame"]["known"],
    }


async def _read(connection: AsyncConnection, watch: Watch, place: Place, draft: Draft) -> None:
    at = await _completed(connection, draft)
    options = await _options(connection, at)
    with tempfile.TemporaryDirectory(prefix="quanjing-draft-") as folder:
        path = await _file(connection, at.draft_id, folder)

        def work(bench: Bench) -> dict[str, Any]:
            bench.progress("convert", 0.0)
            with as_dxf([path], place.dwg_converter) as (drawing,):
                return read_draft(drawing, _dxf_name(at.file_name), options, progress=bench.progress)

        preview = await _away(connection, watch, draft, work)
    await drafts.keep_result(
        connection, draft, preview, summary_of(preview), enterprise_id=at.enterprise_id, drawing_kind=at.drawing_kind or "A"
    )


def outcome_of(done: Outcome) -> dict[str, Any]:
    """Return what an import did, as plain JSON types."""
    return {
        "published": done.published,
        "version": done.version,
        "state": done.state,
        "actions": dict(done.actions),
        "issues": [issue.as_json() for issue in done.issues[:SHOWN_ISSUES]],
    }


async def _import(connection: AsyncConnection, watch: Watch, place: Place, at: Draft) -> None:
    known = await drafts.place(connection, at.enterprise_id)
    if known is None or at.enterprise_id is None:
        raise NotFound("所选企业已不存在")
    enterprise_id, source_code, options = at.enterprise_id, known[0], await _options(connection, at)
    reason = at.handed.get("reason") or "导入图纸"
    actor = Actor(at.author, f"{reason}：{at.file_name}", "drafting", at.scope)
    again = at.handed.get("resurvey_on")
    handed = Handed(
        at.handed.get("drawn_by"),
        bool(at.handed.get("review")),
        date.fromisoformat(again) if again else None,
        options.texts(),
    )
    if handed.review:
        kind = cast("Kind", at.drawing_kind or "A")
        handed = replace(
            handed, proof=proof_of(enterprise_id, kind, _dxf_name(at.file_name), handed, place.public_url, solve=place.lay_out)
        )
    with tempfile.TemporaryDirectory(prefix="quanjing-draft-") as folder:
        path = await _file(connection, at.draft_id, folder)

        def work(bench: Bench) -> None:
            bench.progress("convert", 0.0)
            with as_dxf([path], place.dwg_converter) as (drawing,):
                plan = sandbox.read_plan(drawing, _dxf_name(at.file_name), options, progress=bench.progress)
                content = drawing.read_bytes()
            bench.progress("store", 0.0)
            with writing(engine(place.url), actor) as transaction:
                done = store_plan(transaction, enterprise_id, source_code, plan, content, handed=handed)
                taken = done.published or (handed.review and not blocking(done.issues))
                if not drafts.close(transaction, at, outcome_of(done), taken=taken):
                    raise Stopped

        await _away(connection, watch, at, work)


async def work_on(connect: Connect, watch: Watch, place: Place, draft_id: UUID) -> None:
    """Do what a draft's row asks for; nothing where it asks for nothing."""
    async with await connect() as connection, drafts.working_on(connection, draft_id):
        try:
            at = await drafts.draft(connection, draft_id, None)
        except NotFound:
            return
        async with ending(f"draft {draft_id}", lambda failure: drafts.fail(connection, at, failure)):
            if at.state == "reading":
                await _read(connection, watch, place, at)
            elif at.state == "importing":
                await _import(connection, watch, place, at)


async def work(connect: Connect, place: Place, stop: asyncio.Event) -> None:
    """Work on drafts until `stop` is set.

    Parameters
    ----------
    connect : callable
        Opens a connection of the owner in autocommit mode.
    place : Place
        Where drawings go.
    stop : asyncio.Event
    """
    watch = Watch(connect)
    handle = partial(work_on, connect, watch, place)
    await work_through(connect, stop, drafts.ENTRYPOINT, handle, drafts.sweep, drafts.requeue, watch=watch, at_once=AT_ONCE)
