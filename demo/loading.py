"""Loading a demo city into the store through the same doors as real data; goes on where it stopped."""

import hashlib
import json
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from demo.making import Made
from drawings.options import Options
from drawings.process.elk import Elk
from drawings.process.layout import Solve
from drawings.process.storing import publish_process, remembering
from drawings.publish import publish_drawing
from gis.enterprise_file import Part, Row, check, part_of
from gis.errors import NotFound, QuanjingError
from gis.store.connect import Actor, engine, writing
from gis.store.enterprise_file import store
from gis.store.enterprises import find_enterprise, store_enterprise
from gis.store.layers import store_layer
from gis.store.permits import store_permit
from gis.store.plans import stands
from gis.store.site_history import store_history

ACTOR = Actor("demo", "装入示范城市", "demo")

Progress = Callable[[int, int, str], None]


class NotLoaded(QuanjingError):
    """Something of the city was refused."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """What loading did."""

    enterprises: int
    """Written, in whole or in part."""
    drawings: int
    """Imported; what stood already is not counted."""


def load_layers(url: str, city: Made) -> None:
    """Store the layers of the city.

    Raises
    ------
    NotLoaded
        A layer is faulty.
    """
    for kind in city.layers:
        document = json.loads(city.folder.joinpath("city", f"{kind}.geojson").read_text(encoding="utf-8"))
        with writing(engine(url), ACTOR) as connection:
            stored = store_layer(connection, kind, document)
        if stored.issues:
            raise NotLoaded(f"{kind}：{stored.issues[0].message}")


def _document(folder: Path, name: str) -> Any:
    """Return a JSON document of an enterprise, None where it has none."""
    path = folder / name
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else None


def _options(drawing: Path) -> Options:
    """Return what lies beside a drawing that is not by the norm: its mapping and control points."""
    mapping, points = drawing.with_suffix(".mapping.yaml"), drawing.with_suffix(".gcp.csv")
    return Options(
        mapping=mapping.read_text(encoding="utf-8") if mapping.exists() else None,
        gcp=points.read_text(encoding="utf-8") if points.exists() else None,
    )


def _rows(folder: Path) -> list[tuple[Part, Row]]:
    """Return the rows of an enterprise's file, none where it has no such document.

    Raises
    ------
    NotLoaded
        A row is faulty.
    """
    found = []
    for name, rows in (_document(folder, "records.json") or {}).items():
        part = part_of(name)
        for said in rows:
            row, faults = check(part, said)
            if faults:
                raise NotLoaded(f"{folder.name} {part.label}：{faults[0].field} {faults[0].message}")
            found.append((part, row))
    return found


def load_enterprise(url: str, folder: Path, solve: Solve) -> int:
    """Store one enterprise with permit, history, file and drawings, all or nothing, so that it is baked once; returns how many it imported.

    A permit may be missing, and a process.

    Parameters
    ----------
    url : str
        Of the database, as its owner.
    folder : Path
        Its own.
    solve : callable
        Lays processes out (`drawings.process.storing.publish_process`).

    Raises
    ------
    NotLoaded
        A drawing is faulty.
    """
    record, permit = _document(folder, "enterprise.json"), _document(folder, "permit.json")
    imported = 0
    with writing(engine(url), ACTOR) as connection:
        try:
            enterprise_id, _ = find_enterprise(connection, record["source_code"])
        except NotFound:
            enterprise_id = store_enterprise(connection, record)
        if permit is not None:
            store_permit(connection, enterprise_id, permit)
        store_history(connection, enterprise_id, _document(folder, "history.json"))
        store(connection, enterprise_id, _rows(folder))
        # The process last: it is compared with the site plan.
        for path in (*sorted(folder.glob("*.dxf")), *folder.glob("*_B_v01.yaml")):
            kind, content = path.stem.split("_")[1], path.read_bytes()
            if stands(connection, enterprise_id, kind, hashlib.sha256(content).hexdigest()):
                continue
            if kind == "B":
                _, outcome = publish_process(connection, content, path.name, record["source_code"], solve)
            else:
                _, outcome = publish_drawing(connection, path, record["source_code"], _options(path))
            if not outcome.published:
                raise NotLoaded(f"{path.name}：{outcome.issues[0].message if outcome.issues else '未入库'}")
            imported += 1
    return imported


def load(url: str, city: Made, pages: Path, *, only: Sequence[str] = (), progress: Progress = lambda *_: None) -> Loaded:
    """Load a city; what stands already is left as it is.

    Parameters
    ----------
    url : str
        Of the database, as its owner.
    city : Made
        On disk.
    pages : Path
        Folder of the built pages, which holds ELK (`Settings.web_dir`).
    only : sequence of str
        Source codes; empty: all.
    progress : callable
        Told after each enterprise.

    Raises
    ------
    NotLoaded
        Something was refused; what was loaded before it stays.
    """
    load_layers(url, city)
    codes = [code for code in city.enterprises if not only or code in only]
    written = drawings = 0
    # Drawings are read in child processes: a thread an idle core is enough to keep them busy.
    with Elk(pages) as elk, ThreadPoolExecutor(max(2, os.cpu_count() or 2)) as pool:
        solve = remembering(elk)
        waiting = {pool.submit(load_enterprise, url, city.folder / "enterprises" / code, solve): code for code in codes}
        try:
            for done, future in enumerate(as_completed(waiting), 1):
                imported = future.result()
                written += imported > 0
                drawings += imported
                progress(done, len(codes), waiting[future])
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    return Loaded(written, drawings)
