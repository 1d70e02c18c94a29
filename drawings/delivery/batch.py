"""Packages of many enterprises: on all cores, written once, taken up again where a run was stopped."""

import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from uuid import UUID

from drawings.delivery.making import kinds_of, make, told
from drawings.process.elk import Elk
from drawings.sheets.batch import Progress, facts_of, spread, write
from gis.crypto import sm3
from gis.store.connect import engine, looking
from gis.store.site_history import happened

INDEX = "delivery.json"
"""In the folder: the list of packages, each with its digests and what it was made from."""


@dataclass(frozen=True, slots=True)
class Order:
    """Where packages go."""

    folder: Path
    base_url: str
    pages: Path
    """Folder of the built pages: the program that lays processes out lies there."""


@dataclass(frozen=True, slots=True)
class Done:
    """What became of the package of one enterprise."""

    code: str
    name: str
    entry: dict[str, str | int] | None
    """Its line of the list; None where nothing was ever drawn of it."""
    written: bool


def known(folder: Path) -> dict[str, dict[str, str | int]]:
    """Return the list of packages in a folder, by source code; empty where there is none."""
    try:
        rows: list[dict[str, str | int]] = json.loads(folder.joinpath(INDEX).read_text(encoding="utf-8"))["packages"]
        return {str(row["source_code"]): row for row in rows}
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def deliver_one(url: str, order: Order, index: dict[str, dict[str, str | int]], enterprise_id: UUID) -> Done:
    """Write the package of one enterprise, unless it is there as it would be made now."""
    facts = facts_of(url, enterprise_id)
    code, name = facts.enterprise.code or str(enterprise_id), facts.enterprise.name
    if not kinds_of(facts):
        return Done(code, name, None, written=False)
    with looking(engine(url)) as connection:
        history = happened(connection, enterprise_id)
        made_from = told(facts, history, order.base_url)
        path, old = order.folder / f"{code}.zip", index.get(code)
        if old is not None and old.get("made_from") == made_from and path.is_file() and path.stat().st_size == old.get("bytes"):
            return Done(code, name, old, written=False)
        with Elk(order.pages) as elk:
            package = make(connection, facts, history, order.base_url, elk.lay_out)
    write(path, package.content)
    entry: dict[str, str | int] = {
        "source_code": code,
        "name": name,
        "file": path.name,
        "bytes": len(package.content),
        "files": package.files,
        "sha256": hashlib.sha256(package.content).hexdigest(),
        "sm3": sm3(package.content).hex(),
        "made_from": made_from,
    }
    return Done(code, name, entry, written=True)


def deliver(
    url: str, enterprises: Sequence[UUID], order: Order, *, processes: int | None = None, progress: Progress = lambda *_: None
) -> list[Done]:
    """Write the packages of enterprises and the list of them; what stands in the folder already, made from the same, is left.

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
    index = known(order.folder)
    work = partial(deliver_one, url, order, dict(index))
    done: list[Done] = []
    for one in spread(work, enterprises, processes or os.cpu_count() or 1):
        done.append(one)
        if one.entry is not None:
            index[one.code] = one.entry
        # Kept after each enterprise: a run that is stopped goes on from here.
        rows = {"packages": [index[code] for code in sorted(index)]}
        write(order.folder / INDEX, (json.dumps(rows, ensure_ascii=False, indent=1) + "\n").encode())
        progress(len(done), len(enterprises), one.code)
    return sorted(done, key=lambda one: one.code)
