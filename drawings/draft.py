"""A drawing on the drafting page: its accounts, what is in it, a coarse picture, what would be stored and what stands in the way."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import shapely
from ezdxf.document import Drawing
from ezdxf.entities.dxfentity import DXFEntity

from drawings import read
from drawings.curves import anchor, curve_of
from drawings.facts import text_of
from drawings.frames import Frame, Points
from drawings.interpret import Reading
from drawings.ledger import handle_of, whole
from drawings.mapping import written
from drawings.norm import LAYERS
from drawings.options import Options
from drawings.report import report
from drawings.rules import Rules
from drawings.survey import Group, Key, key_of, proposal, survey
from gis.crs import xy_to_lonlat
from gis.issues import Issue

COARSE = 2e-4
"""Sagitta of the picture's curves, as part of the drawing's extent."""
MOST_POINTS = 400
"""Points of one entity in the picture."""
MOST_ENTITIES = 60_000
"""Entities in the picture; beyond it the accounts still are whole."""
EMPTY = "mapping: 1\n"
"""The mapping of a drawing that is by the norm throughout."""

Xy = tuple[float, float]
Keyed = Sequence[tuple[Key, DXFEntity]]
"""Entities with what they are grouped by."""
Progress = Callable[[str, float], None]


def _quiet(stage: str, share: float) -> None:
    """Tell nobody."""


def _path(entity: DXFEntity, sagitta: float, at: Xy | None) -> list[list[float]]:
    curve = curve_of(entity, sagitta)
    if curve is not None and curve.sound:
        line = curve.line[:: max(1, len(curve.line) // MOST_POINTS)]
        points = np.vstack([line, line[:1]]) if curve.closed else line
        rows: list[list[float]] = np.round(points, 4).tolist()
        return rows
    return [] if at is None else [[round(at[0], 4), round(at[1], 4)]]


def _sketch(keyed: Keyed, places: Mapping[str, Xy], reading: Reading, numbers: Mapping[Key, int]) -> dict[str, Any]:
    """Return the picture of a drawing, in drawing coordinates."""
    anchors = np.array(list(places.values()), dtype=float).reshape(-1, 2)
    low, high = (anchors.min(axis=0), anchors.max(axis=0)) if len(anchors) else (np.zeros(2), np.ones(2))
    sagitta = max(float(np.max(high - low)), 1.0) * COARSE
    rows = []
    for key, entity in keyed[:MOST_ENTITIES]:
        handle = handle_of(entity)
        path = _path(entity, sagitta, places.get(handle))
        if path:
            rows.append({"g": numbers[key], "h": handle, "s": reading.fate(handle), "p": path, "t": text_of(entity)})
    return {"bounds": [*low.tolist(), *high.tolist()], "entities": rows, "grid": _grid(low, high, reading.frame)}


def _grid(low: Points, high: Points, frame: Frame | None) -> list[list[float]] | None:
    """Return where nine points of a picture lie (x, y, longitude, latitude), None without a place on Earth."""
    if frame is None or not frame.known:
        return None
    middle = (low + high) / 2
    drawn = np.array([(x, y) for y in (low[1], middle[1], high[1]) for x in (low[0], middle[0], high[0])])
    rows: list[list[float]] = np.column_stack([drawn, xy_to_lonlat(frame.xy(drawn))]).tolist()
    return rows


def _groups(groups: Mapping[Key, Group], keyed: Keyed, reading: Reading, rules: Rules | None) -> list[dict[str, Any]]:
    """Return what is in a drawing, with what became of it; by the mapping also where nothing of it could be stored."""
    rows: dict[Key, dict[str, Any]] = {
        key: asdict(group) | {"id": number, "stored": 0, "ignored": 0, "refused": 0, "kind": None, "ignore": None}
        for number, (key, group) in enumerate(groups.items())
    }
    for key, entity in keyed:
        row, handle = rows[key], handle_of(entity)
        fate = reading.fate(handle)
        row[fate] += 1
        if fate == "stored":
            row["kind"] = row["kind"] or reading.kinds.get(handle)
        elif fate == "ignored":
            row["ignore"] = row["ignore"] or reading.reasons.get(handle)
    if rules is not None:
        # Backwards, so that the first entity of each group stays.
        for key, entity in dict(reversed(keyed)).items():
            rule, row = rules.rule_for(entity), rows[key]
            if rule is not None:
                row["kind"], row["ignore"] = rule.kind or row["kind"], rule.ignore or row["ignore"]
    return list(rows.values())


def _marks(issues: tuple[Issue, ...], places: dict[str, Xy], *, known: bool) -> list[dict[str, Any]]:
    """Return the issues with their places: drawing coordinates by handle, degrees where the place on Earth is known."""
    marks = []
    for issue in issues:
        place, row = issue.place, issue.as_json()
        lonlat = xy_to_lonlat(np.array([place.xy]))[0].round(8).tolist() if known and place.xy else None
        drawn = places.get(whole(place.handle)) if place.handle else None
        marks.append(
            {name: row[name] for name in ("code", "severity", "message", "hint")}
            | {"handle": place.handle, "layer": place.layer, "xy": list(drawn) if drawn else None, "lonlat": lonlat}
        )
    return marks


def _collection(reading: Reading) -> dict[str, Any]:
    rows = [
        {
            "type": "Feature",
            "geometry": shapely.geometry.mapping(feature.geom),
            "properties": {"kind": feature.kind, "name": feature.name, "code": feature.code, "handle": feature.source.handle},
        }
        for feature in reading.plan.features
    ]
    return {"type": "FeatureCollection", "features": rows}


def draft_of(data: bytes, file_name: str, options: Options, progress: Progress | None = None) -> dict[str, Any]:
    """Return all that the drafting page shows of a drawing, as plain JSON types.

    Parameters
    ----------
    data : bytes
        The file as it came.
    file_name : str
        Its name.
    options : Options
        What is known of it. Without a mapping, one is proposed for the layers that are not of the norm.
    progress : callable, optional
        Told the stage and the share of the whole that is done.
    """
    progress = progress or _quiet
    document, reading = read.reading_of(data, file_name, options, progress=progress)
    frame = reading.frame
    placed: dict[str, Any] = {
        "known": bool(frame and frame.known),
        "method": frame.method if frame else "none",
        "note": frame.note if frame else {},
    }
    picture: dict[str, Any] = {
        "groups": [],
        "sketch": {"bounds": [0, 0, 1, 1], "entities": []},
        "mapping": options.mapping or EMPTY,
    }
    places: dict[str, Xy] = {}
    if document is not None:
        picture, places = _picture(document, reading, options)
    marks = _marks(reading.plan.issues, places, known=placed["known"])
    return {"report": report(reading.plan), "frame": placed, **picture, "features": _collection(reading), "marks": marks}


def _picture(document: Drawing, reading: Reading, options: Options) -> tuple[dict[str, Any], dict[str, Xy]]:
    """Return what the page shows of a drawing that could be read, and where its entities lie, by handle."""
    keyed = [(key_of(entity), entity) for entity in document.modelspace()]
    groups = survey(document, keyed)
    text = options.mapping
    if text is None:
        foreign = any(key[0] not in LAYERS for key in groups)
        text = written(proposal(groups)) if foreign else EMPTY
    places = {handle_of(entity): at for _, entity in keyed if (at := anchor(entity)) is not None and np.all(np.isfinite(at))}
    numbers = {key: number for number, key in enumerate(groups)}
    rules = Rules(reading.mapping, document) if reading.mapping else None
    sketch = _sketch(keyed, places, reading, numbers)
    return {"groups": _groups(groups, keyed, reading, rules), "sketch": sketch, "mapping": text}, places
