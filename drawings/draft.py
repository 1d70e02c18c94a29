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
from drawings.mapping import mapping_of, written
from drawings.norm import LAYERS
from drawings.options import Options
from drawings.report import report
from drawings.rules import CLOSE_M, Rules
from drawings.survey import Group, Key, key_of, proposal, survey
from gis.crs import xy_to_lonlat
from gis.issues import Issue

COARSE = 2e-4
"""Sagitta of the picture's curves, as part of the drawing's extent."""
MOST_POINTS = 400
"""Points of one entity in the picture."""
MOST_ENTITIES = 60_000
"""Entities in the picture; beyond it the accounts still are whole."""
Progress = Callable[[str, float], None]


def _quiet(stage: str, share: float) -> None:
    """Tell nobody."""


def _path(entity: DXFEntity, sagitta: float) -> list[list[float]]:
    curve = curve_of(entity, sagitta)
    if curve is not None and curve.sound:
        line = curve.line[:: max(1, len(curve.line) // MOST_POINTS)]
        points = np.vstack([line, line[:1]]) if curve.closed else line
        rows: list[list[float]] = np.round(points, 4).tolist()
        return rows
    at = anchor(entity)
    return [] if at is None or not np.all(np.isfinite(at)) else [[round(at[0], 4), round(at[1], 4)]]


def _sketch(entities: Sequence[DXFEntity], fates: Mapping[str, str], numbers: dict[Key, int], frame: Frame | None) -> dict[str, Any]:
    """Return the picture of a drawing, in drawing coordinates."""
    anchors = np.array([at for entity in entities if (at := anchor(entity)) is not None], dtype=float).reshape(-1, 2)
    anchors = anchors[np.all(np.isfinite(anchors), axis=1)]
    extent = float(np.max(np.ptp(anchors, axis=0))) if len(anchors) else 1.0
    rows = [
        {
            "g": numbers[key_of(entity)],
            "h": handle_of(entity),
            "s": fates.get(handle_of(entity), "ignored"),
            "p": path,
            "t": text_of(entity),
        }
        for entity in entities[:MOST_ENTITIES]
        if (path := _path(entity, max(extent, 1.0) * COARSE))
    ]
    low, high = (anchors.min(axis=0), anchors.max(axis=0)) if len(anchors) else (np.zeros(2), np.ones(2))
    return {"bounds": [*low.tolist(), *high.tolist()], "entities": rows, "grid": _grid(low, high, frame)}


def _grid(low: Points, high: Points, frame: Frame | None) -> list[list[float]] | None:
    """Return where nine points of a picture lie (x, y, longitude, latitude), None without a place on Earth."""
    if frame is None or not frame.known:
        return None
    middle = (low + high) / 2
    drawn = np.array([(x, y) for y in (low[1], middle[1], high[1]) for x in (low[0], middle[0], high[0])])
    rows: list[list[float]] = np.column_stack([drawn, xy_to_lonlat(frame.xy(drawn))]).tolist()
    return rows


def _groups(groups: dict[Key, Group], entities: Sequence[DXFEntity], reading: Reading) -> list[dict[str, Any]]:
    rows = [
        asdict(group) | {"id": number, "stored": 0, "ignored": 0, "refused": 0, "kind": None, "ignore": None}
        for number, group in enumerate(groups.values())
    ]
    numbers = {key: number for number, key in enumerate(groups)}
    for entity in entities:
        row, handle = rows[numbers[key_of(entity)]], handle_of(entity)
        fate = reading.fates.get(handle, "ignored")
        row[fate] += 1
        if fate == "stored":
            row["kind"] = row["kind"] or reading.kinds.get(handle)
        elif fate == "ignored":
            row["ignore"] = row["ignore"] or reading.reasons.get(handle)
    return rows


def _kinds_by_rule(rows: list[dict[str, Any]], groups: dict[Key, Group], entities: Sequence[DXFEntity], rules: Rules | None) -> None:
    """Say what the mapping makes of a group also where nothing of it could be stored."""
    if rules is None:
        return
    first: dict[Key, DXFEntity] = {}
    for entity in entities:
        first.setdefault(key_of(entity), entity)
    for row, key in zip(rows, groups, strict=True):
        rule = rules.rule_for(first[key])
        if rule is not None:
            row["kind"], row["ignore"] = rule.kind or row["kind"], rule.ignore or row["ignore"]


def _marks(issues: tuple[Issue, ...], places: dict[str, tuple[float, float]], *, known: bool) -> list[dict[str, Any]]:
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
        "mapping": options.mapping or "mapping: 1\n",
    }
    places: dict[str, tuple[float, float]] = {}
    if document is not None:
        picture, places = _picture(document, reading, options)
    marks = _marks(reading.plan.issues, places, known=placed["known"])
    return {"report": report(reading.plan), "frame": placed, **picture, "features": _collection(reading), "marks": marks}


def _picture(document: Drawing, reading: Reading, options: Options) -> tuple[dict[str, Any], dict[str, tuple[float, float]]]:
    mapping = mapping_of(options.mapping)[0] if options.mapping is not None else None
    entities = list(document.modelspace())
    groups = survey(document, CLOSE_M)
    rows = _groups(groups, entities, reading)
    _kinds_by_rule(rows, groups, entities, Rules(mapping, document) if mapping else None)
    text = options.mapping
    if text is None:
        foreign = any(key[0] not in LAYERS for key in groups)
        text = written(proposal(groups)) if foreign else "mapping: 1\n"
    numbers = {key: number for number, key in enumerate(groups)}
    places = {handle_of(entity): at for entity in entities if (at := anchor(entity)) is not None and np.all(np.isfinite(at))}
    return {"groups": rows, "sketch": _sketch(entities, reading.fates, numbers, reading.frame), "mapping": text}, places
