"""Sheets of many enterprises: on all cores, written once, taken up again where a run was stopped."""

import asyncio
import ctypes
import hashlib
import json
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import TypeVar
from uuid import UUID

from drawings.process.elk import Elk
from drawings.sheets.canvas import Format, printed
from drawings.sheets.composing import compose, press
from drawings.sheets.composing import digests as digests_of
from gis.models.sheet import Kind, SheetFacts
from gis.store.connect import glance
from gis.store.sheets import enterprise_ids, sheet_facts, sheet_stamps
from styles.palette import Theme

INDEX = "index.json"
"""In the folder: file → digest of what it was drawn from."""
STAMPS = "stamps.json"
"""In the folder: source code → stamp of what was stored as its sheets were looked at: with the same stamp they need no second look."""

PR_SET_PDEATHSIG = 1
"""prctl(2)."""

T = TypeVar("T")
Progress = Callable[[int, int, str], None]
"""Done, of how many, what."""


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be printed of every enterprise."""

    folder: Path
    kinds: tuple[Kind, ...]
    formats: tuple[Format, ...] = ("pdf",)
    theme: Theme = "light"
    base_url: str = ""
    pages: Path = Path()
    """Folder of the built pages: the program that lays processes out lies there."""


@dataclass(frozen=True, slots=True)
class Done:
    """What became of the sheets of one enterprise."""

    code: str
    digests: dict[str, str]
    """File below the folder → digest; all of the enterprise's."""
    written: int
    """Files that were not there as they are now."""


def file_name(code: str, kind: Kind, format_: Format) -> str:
    """Return where a sheet lies below the folder.

    >>> file_name("91511703DEMA000P001P", "A", "pdf")
    '91511703DEMA000P001P/91511703DEMA000P001P_A.pdf'
    """
    return f"{code}/{code}_{kind}.{format_}"


def known(folder: Path, name: str = INDEX) -> dict[str, str]:
    """Return the index of a folder, empty where there is none."""
    try:
        index: dict[str, str] = json.loads(folder.joinpath(name).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return index


def _keep(folder: Path, name: str, index: dict[str, str]) -> None:
    write(folder / name, json.dumps(dict(sorted(index.items())), indent=0).encode())


def write(path: Path, data: bytes) -> None:
    """Write a file so that it is whole or not there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    half = path.with_name(f".{path.name}.{os.getpid()}")
    half.write_bytes(data)
    half.replace(path)


def print_sheets(facts: SheetFacts, order: Order, index: dict[str, str]) -> Done:
    """Print the sheets of one enterprise that are not there as they would be drawn now."""
    code = facts.enterprise.code or str(facts.enterprise.feature_id)
    digests: dict[str, str] = {}
    written = 0
    for kind, told in digests_of(facts, order.kinds, order.theme, order.base_url).items():
        names = [file_name(code, kind, format_) for format_ in order.formats]
        digests |= dict.fromkeys(names, told)
        due = [name for name in names if index.get(name) != told or not order.folder.joinpath(name).is_file()]
        if due:
            with Elk(order.pages) as elk:
                sheet = compose(facts, kind, order.theme, order.base_url, elk.lay_out)
            for name in due:
                format_: Format = order.formats[names.index(name)]
                write(order.folder / name, printed(sheet, format_))
            written += len(due)
    return Done(code, digests, written)


async def _facts(url: str, enterprise_id: UUID) -> SheetFacts:
    async with glance(url) as connection:
        return await sheet_facts(connection, enterprise_id)


async def _stamps(url: str, enterprises: Sequence[UUID]) -> dict[UUID, tuple[str, str]]:
    async with glance(url) as connection:
        return await sheet_stamps(connection, enterprises)


async def _ids(url: str) -> list[UUID]:
    async with glance(url) as connection:
        return await enterprise_ids(connection)


def facts_of(url: str, enterprise_id: UUID) -> SheetFacts:
    """Return what the sheets of an enterprise show; opens a connection of its own."""
    # `asyncio.run` and `Runner.run` spell out all that a coroutine returned, as they put the signal handler back: as long as reading it.
    with asyncio.Runner() as runner:
        return runner.get_loop().run_until_complete(_facts(url, enterprise_id))


def _work(url: str, order: Order, index: dict[str, str], enterprise_id: UUID) -> Done:
    return print_sheets(facts_of(url, enterprise_id), order, index)


def _now(url: str, enterprises: Sequence[UUID], order: Order) -> dict[UUID, tuple[str, str]]:
    """Return code and stamp of enterprises: with the same stamp their sheets would be the same."""
    how = f"{press(order.theme, order.base_url)}{''.join(order.kinds)}{'+'.join(order.formats)}"
    stored = asyncio.run(_stamps(url, enterprises))
    return {id_: (code, hashlib.sha256(f"{how}{stamp}".encode()).hexdigest()[:32]) for id_, (code, stamp) in stored.items()}


def all_enterprises(url: str) -> list[UUID]:
    """Return the ids of all enterprises, by source code."""
    return asyncio.run(_ids(url))


def _standing(code: str, order: Order, index: dict[str, str]) -> Done | None:
    """Return that all sheets of an enterprise are there, None where one is missing."""
    names = [file_name(code, kind, format_) for kind in order.kinds for format_ in order.formats]
    if not all(name in index and order.folder.joinpath(name).is_file() for name in names):
        return None
    return Done(code, {name: index[name] for name in names}, 0)


def _die_with_parent() -> None:
    """Let the kernel kill this process when the run that started it is gone: a killed run leaves nobody behind."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def spread(work: Callable[[UUID], T], enterprises: Sequence[UUID], processes: int) -> Iterator[T]:
    """Yield what work makes of each enterprise, as it is done, on several processes; `work` must be one that can be sent to them."""
    if processes == 1 or len(enterprises) <= 1:
        yield from map(work, enterprises)
        return
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn"), initializer=_die_with_parent) as pool:
        waiting = [pool.submit(work, enterprise_id) for enterprise_id in enterprises]
        try:
            for future in as_completed(waiting):
                yield future.result()
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def print_all(
    url: str, enterprises: Sequence[UUID], order: Order, *, processes: int | None = None, progress: Progress = lambda *_: None
) -> list[Done]:
    """Print the sheets of enterprises; what stands in the folder already, drawn from the same, is left.

    Parameters
    ----------
    url : str
        Of the database, as a reader.
    enterprises : sequence of UUID
    order : Order
    processes : int, optional
        By default one a core.
    progress : callable
        Told after each enterprise.
    """
    order.folder.mkdir(parents=True, exist_ok=True)
    index, stamps = known(order.folder), known(order.folder, STAMPS)
    now = _now(url, enterprises, order)
    standing = {id_: one for id_, (code, stamp) in now.items() if stamps.get(code) == stamp and (one := _standing(code, order, index))}
    done = [*standing.values()]
    due = [id_ for id_ in enterprises if id_ not in standing]
    told = dict(now.values())
    work = partial(_work, url, order, dict(index))
    for one in spread(work, due, processes or os.cpu_count() or 1):
        done.append(one)
        index |= one.digests
        # Kept after each enterprise: a run that is stopped goes on from here.
        _keep(order.folder, INDEX, index)
        stamps[one.code] = told.get(one.code, "")
        _keep(order.folder, STAMPS, stamps)
        progress(len(done), len(enterprises), one.code)
    return sorted(done, key=lambda one: one.code)
