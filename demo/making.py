"""Making the demo city: files of the drawings, permits, histories and city layers, byte for byte the same for the same seed."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from demo import discoveries
from demo.contact import sheet
from demo.flow import flow, table
from demo.geography import TRANSPLANTED, City, city
from demo.history import history
from demo.permits import permit
from demo.plant import Plant
from demo.receptors import receptors
from demo.records import records
from demo.sheets import sheets
from demo.sites import PlantSite, sites
from demo.transplant import origin, survey_files, transplant
from gis.crs import xy_to_lonlat

MANIFEST = "manifest.json"
"""Written last: what it stands in is whole."""
YARDS = "yards.json"
"""Below `city`: where plants stand and how high, for the lie of the land."""
FORM = 7
"""Of the files: another form is made anew."""

Progress = Callable[[int, int, str], None]
"""Done, of how many, what."""


@dataclass(frozen=True, slots=True)
class Made:
    """A demo city on disk."""

    folder: Path
    seed: int
    enterprises: tuple[str, ...]
    """Source codes, in order."""
    layers: tuple[str, ...]
    """Kinds of the city layers."""


def _json(document: Any) -> bytes:
    return (json.dumps(document, ensure_ascii=False, indent=1) + "\n").encode("utf-8")


def record(site: PlantSite, valid_to: str | None) -> dict[str, Any]:
    """Return what an enterprise is registered with (see `gis.store.enterprises.store_enterprise`)."""
    lon, lat = xy_to_lonlat(np.array([[site.east, site.north]]))[0].round(7).tolist()
    row = {
        "source_code": site.source_code,
        "credit_code": site.credit_code,
        "name": site.name,
        "industry": site.industry.label,
        "industry_code": site.industry.code,
        "address": site.address,
        "legal_person": site.legal_person,
        "contact": site.contact,
        "phone": site.phone,
        "permit_no": site.source_code if valid_to else None,
        "permit_to": valid_to,
        "jurisdiction": site.county,
        "base_1985_m": site.base_1985_m,
        "lon": lon,
        "lat": lat,
    }
    return {name: value for name, value in row.items() if value not in (None, "")}


def _write(folder: Path, site: PlantSite, files: dict[str, bytes]) -> None:
    own = folder / "enterprises" / site.source_code
    own.mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        own.joinpath(name).write_bytes(data)


def _enterprise(site: PlantSite, plant: Plant, seed: int) -> Iterator[tuple[str, bytes]]:
    """Yield the files of an enterprise that need nothing of the city."""
    document = permit(site, plant, seed)
    yield "enterprise.json", _json(record(site, document["valid_to"]))
    yield "permit.json", _json(discoveries.permitted(plant, document))
    events = history(site, plant, seed)
    yield "history.json", _json(events)
    yield "records.json", _json(records(site, document, seed))
    upgraded = next((event["date"] for event in events if event["kind"] == "upgrade"), "")
    graph = flow(site.industry.key, plant, document, upgraded)
    yield f"{site.source_code}_B_v01.yaml", table(graph, f"{site.name}生产流程（示范）")


def _transplanted(around: City, every: tuple[PlantSite, ...]) -> tuple[PlantSite, dict[str, bytes]]:
    """Return the enterprise whose drawing is the transplanted survey, and its files; it has no permit, as the survey shows no outlet."""
    site, plant = transplant(around)
    files = {"enterprise.json": _json(record(site, None)), "history.json": _json(origin()), **survey_files(site)}
    return site, files | sheets(site, plant, receptors(around, site, every), ("D",))


def make(folder: Path, seed: int = 1, count: int = 140, progress: Progress = lambda *_: None) -> Made:
    """Write a demo city; what is there is written over.

    Parameters
    ----------
    folder : Path
        Made where missing.
    seed : int
        Decides everything: the same seed and count give the same bytes.
    count : int
        Of invented enterprises; one whose drawing is a transplanted survey comes on top.
    progress : callable
        Told after each enterprise.

    Raises
    ------
    demo.sites.NoRoom
        So many do not fit.
    """
    folder.mkdir(parents=True, exist_ok=True)
    folder.joinpath(MANIFEST).unlink(missing_ok=True)
    around = city(seed)
    rows = sites(around, count)
    every = tuple(site for site, _ in rows)
    moved, brought = _transplanted(around, every)
    layers = around.layers()
    folder.joinpath("city").mkdir(exist_ok=True)
    for kind, document in layers.items():
        folder.joinpath("city", f"{kind}.geojson").write_bytes(_json(document))
    for number, (site, plant) in enumerate(rows):
        drawn = sheets(site, discoveries.drawn(plant), receptors(around, site, every), outfall=discoveries.has_outfall(plant))
        _write(folder, site, {**dict(_enterprise(site, plant, seed)), **drawn})
        progress(number + 1, count, site.name)
    _write(folder, moved, brought)
    folder.joinpath("contact.svg").write_text(
        sheet([(site.name.removesuffix("（示范）"), plant) for site, plant in rows]), encoding="utf-8"
    )
    outlines = [
        *((site, [site.xy(u, v) for u, v, _ in plant.boundary]) for site, plant in rows),
        (moved, list(TRANSPLANTED.envelope.exterior.coords)),
    ]
    grounds = [{"code": site.source_code, "base_1985_m": site.base_1985_m, "outline": outline} for site, outline in outlines]
    folder.joinpath("city", YARDS).write_bytes(_json(grounds))
    codes = tuple(site.source_code for site in (*every, moved))
    manifest = {"form": FORM, "seed": seed, "enterprises": codes, "layers": list(layers)}
    manifest["discoveries"] = [one for site, plant in rows for one in discoveries.intended(site, plant)]
    folder.joinpath(MANIFEST).write_bytes(_json(manifest))
    return Made(folder, seed, codes, tuple(layers))


def made(folder: Path) -> Made | None:
    """Return the city in a folder, None where there is none or not a whole one."""
    try:
        manifest = json.loads(folder.joinpath(MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    if manifest.get("form") != FORM:
        return None
    return Made(folder, manifest["seed"], tuple(manifest["enterprises"]), tuple(manifest["layers"]))
