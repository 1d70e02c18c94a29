"""Storing an interpreted drawing: the same drawing again changes nothing, a changed one changes just that."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Literal
from uuid import UUID

import shapely
from geoalchemy2.shape import from_shape
from shapely import wkb
from shapely.geometry.base import BaseGeometry
from sqlalchemy import Connection, delete, func, insert, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert

from gis.issues import Issue, blocking
from gis.kinds import KINDS
from gis.models.plan import PlanFeature, SitePlan
from gis.store.identity import Identified, Known, ambiguous, identify
from gis.store.tables import DRAWING_FILES, DRAWINGS, FEATURE_SOURCES, KIND_TABLES

SAME_SHAPE_M = 1e-4
"""Shapes closer than this everywhere are one shape: another program's rounding is no change."""

Action = Literal["insert", "update", "reopen", "unchanged", "close"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an import did, or would do."""

    published: bool
    """False where a drafting fault blocks, or on a dry run."""
    actions: dict[Action, int]
    features: tuple[tuple[UUID, str, str, Action], ...]
    """(feature_id, kind, name, action) of everything that is not unchanged."""
    issues: tuple[Issue, ...]


@dataclass(frozen=True, slots=True)
class _Row:
    known: Known
    name: str
    values: dict[str, Any]
    """Columns as stored, without geometry."""


def _known(connection: Connection, enterprise_id: UUID, drawing_kind: str) -> dict[UUID, _Row]:
    handles: dict[UUID, set[str]] = {}
    lineage = select(FEATURE_SOURCES.c.feature_id, FEATURE_SOURCES.c.handle).where(
        FEATURE_SOURCES.c.enterprise_id == enterprise_id, FEATURE_SOURCES.c.drawing_kind == drawing_kind
    )
    for feature_id, handle in connection.execute(lineage):
        handles.setdefault(feature_id, set()).add(handle)
    rows: dict[UUID, _Row] = {}
    for kind, table in KIND_TABLES.items():
        if kind == "enterprise":
            continue
        drawn = func.ST_AsBinary(func.ST_Transform(table.c.geom, 4545)).label("drawn")
        columns = [column for column in table.c if column.name != "geom"]
        for row in connection.execute(select(*columns, drawn).where(table.c.enterprise_id == enterprise_id)).mappings():
            feature_id = row["feature_id"]
            known = Known(
                feature_id,
                kind,
                row["code"],
                wkb.loads(bytes(row["drawn"])),
                frozenset(handles.get(feature_id, ())),
                row["closed_at"] is not None,
            )
            rows[feature_id] = _Row(known, row["name"], {name: value for name, value in row.items() if name != "drawn"})
    return rows


def same_shape(one: BaseGeometry, other: BaseGeometry) -> bool:
    """Tell whether two shapes (metres) are one but for rounding."""
    if one.geom_type != other.geom_type or shapely.get_num_coordinates(one) != shapely.get_num_coordinates(other):
        return False
    return bool(one.equals_exact(other, SAME_SHAPE_M)) or bool(one.normalize().equals_exact(other.normalize(), SAME_SHAPE_M))


def _same_value(old: Any, new: Any) -> bool:
    if isinstance(old, float) and isinstance(new, (int, float)):
        return abs(old - new) <= SAME_SHAPE_M
    return bool(old == new)


def _values(feature: PlanFeature) -> dict[str, Any]:
    """Return the columns a drawing speaks of; what it is silent about stays as it is stored."""
    values: dict[str, Any] = {"name": feature.name, "shape": feature.shape}
    given = {"code": feature.code, "height_m": feature.height_m, "z_min_m": feature.z_min_m, "z_max_m": feature.z_max_m}
    known = {attribute.name for attribute in KINDS[feature.kind].attributes}
    given |= {name: value for name, value in feature.attributes.items() if name in known}
    return values | {name: value for name, value in given.items() if value is not None}


def _changed(row: _Row, feature: PlanFeature) -> dict[str, Any]:
    """Return the columns to write so that the stored row says what the drawing says."""
    values = _values(feature)
    if same_shape(row.known.drawn, feature.xy):
        # The same outline, perhaps begun at another vertex: the stored one stays.
        values.pop("shape")
        values = {name: value for name, value in values.items() if not _same_value(row.values[name], value)}
    else:
        values = {name: value for name, value in values.items() if not _same_value(row.values[name], value)}
        values["geom"] = from_shape(feature.geom, srid=4490)
    if row.known.closed:
        values["closed_at"] = None
    return values


def _write(connection: Connection, enterprise_id: UUID, feature_id: UUID, feature: PlanFeature, row: _Row | None) -> Action:
    table = KIND_TABLES[feature.kind]
    if row is None:
        geom = from_shape(feature.geom, srid=4490)
        connection.execute(insert(table).values(feature_id=feature_id, enterprise_id=enterprise_id, geom=geom, **_values(feature)))
        return "insert"
    values = _changed(row, feature)
    if not values:
        return "unchanged"
    connection.execute(update(table).where(table.c.feature_id == feature_id).values(**values))
    return "reopen" if row.known.closed else "update"


def _replace_sources(connection: Connection, enterprise_id: UUID, plan: SitePlan, ids: Sequence[UUID]) -> set[UUID]:
    """Write the lineage's sources anew; returns the features that no drawing shows any more."""
    lineage = (FEATURE_SOURCES.c.enterprise_id == enterprise_id) & (FEATURE_SOURCES.c.drawing_kind == plan.drawing_kind)
    before = set(connection.scalars(select(FEATURE_SOURCES.c.feature_id).where(lineage)))
    connection.execute(delete(FEATURE_SOURCES).where(lineage))
    rows = [
        {
            "enterprise_id": enterprise_id,
            "drawing_kind": plan.drawing_kind,
            "handle": feature.source.handle,
            "feature_id": feature_id,
            "label_handle": feature.source.label_handle,
            "layer": feature.source.layer,
            "drawn": from_shape(feature.xy, srid=4545),
        }
        for feature_id, feature in zip(ids, plan.features, strict=True)
    ]
    if rows:
        connection.execute(insert(FEATURE_SOURCES), rows)
    gone = before - set(ids)
    return gone - set(connection.scalars(select(FEATURE_SOURCES.c.feature_id).where(FEATURE_SOURCES.c.feature_id.in_(gone))))


def _close(connection: Connection, gone: set[UUID], rows: dict[UUID, _Row]) -> list[tuple[UUID, str, str, Action]]:
    closed: list[tuple[UUID, str, str, Action]] = []
    for feature_id in sorted(gone):
        row = rows.get(feature_id)
        # What was given to another enterprise since is not this drawing's to close.
        if row is None or row.known.closed:
            continue
        table = KIND_TABLES[row.known.kind]
        connection.execute(update(table).where(table.c.feature_id == feature_id).values(closed_at=datetime.now(UTC)))
        closed.append((feature_id, row.known.kind, row.name, "close"))
    return closed


def _record(
    connection: Connection, enterprise_id: UUID, plan: SitePlan, content: bytes, issues: Sequence[Issue], *, published: bool
) -> None:
    connection.execute(upsert(DRAWING_FILES).values(sha256=plan.sha256, content=content).on_conflict_do_nothing())
    counts = plan.counts
    connection.execute(
        insert(DRAWINGS).values(
            enterprise_id=enterprise_id,
            drawing_kind=plan.drawing_kind,
            file_name=plan.file_name,
            sha256=plan.sha256,
            published=published,
            counts={"entities": counts.entities, "stored": counts.stored, "ignored": counts.ignored, "refused": counts.refused},
            ignored_by=plan.ignored_by,
            issues=[issue.as_json() for issue in issues],
        )
    )


def _identified(connection: Connection, source_code: str, plan: SitePlan, rows: dict[UUID, _Row]) -> Identified:
    """Give each drawn feature its id; one that another enterprise has been given since is an issue."""
    taken: set[UUID] = set()
    while True:
        identified = identify(
            plan.features,
            [row.known for row in rows.values()],
            source_code=source_code,
            drawing_kind=plan.drawing_kind,
            file=plan.file_name,
            taken=taken,
        )
        fresh = {id_: feature for id_, feature in zip(identified.ids, plan.features, strict=True) if id_ and id_ not in rows}
        used = connection.execute(text("SELECT feature_id, kind FROM features WHERE feature_id = ANY(:ids)"), {"ids": list(fresh)}).all()
        # A handle may have named a thing of another kind once.
        strangers = {row.feature_id for row in used if row.kind != fresh[row.feature_id].kind}
        if not strangers:
            break
        taken |= strangers
    # The rest either stand elsewhere, or were deleted and come back as themselves.
    given = [
        ambiguous(fresh[id_], plan.file_name, "它现在属于另一企业", "从图中删去它，或将它改回本企业后重新导入")
        for id_, kind in used
        if connection.execute(select(KIND_TABLES[kind].c.name).where(KIND_TABLES[kind].c.feature_id == id_)).first()
    ]
    return replace(identified, issues=(*identified.issues, *given))


def store_plan(connection: Connection, enterprise_id: UUID, source_code: str, plan: SitePlan, content: bytes) -> Outcome:
    """Store a drawing's features; a drafting fault publishes nothing, but the file and its issues are kept.

    Parameters
    ----------
    connection : Connection
        Inside `gis.store.connect.writing`; roll it back for a dry run.
    enterprise_id, source_code
        As `gis.store.enterprises.find_enterprise` gives them.
    plan : SitePlan
        The interpreted drawing.
    content : bytes
        The file as it came, kept whole.
    """
    # Two imports of one enterprise wait for each other; ids and sources are decided on what the other committed.
    connection.execute(text("SELECT FROM enterprises WHERE feature_id = :id FOR UPDATE"), {"id": enterprise_id})
    rows = _known(connection, enterprise_id, plan.drawing_kind)
    identified = _identified(connection, source_code, plan, rows)
    issues = (*plan.issues, *identified.issues)
    if blocking(issues):
        _record(connection, enterprise_id, plan, content, issues, published=False)
        return Outcome(published=False, actions={}, features=(), issues=issues)
    ids = [feature_id for feature_id in identified.ids if feature_id is not None]
    # Two features may have exchanged their codes: what counts is that each code stands once in the end.
    connection.execute(text("SET CONSTRAINTS ALL DEFERRED"))
    done = [
        (feature_id, feature.kind, feature.name, _write(connection, enterprise_id, feature_id, feature, rows.get(feature_id)))
        for feature_id, feature in zip(ids, plan.features, strict=True)
    ]
    done += _close(connection, _replace_sources(connection, enterprise_id, plan, ids), rows)
    connection.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
    _record(connection, enterprise_id, plan, content, issues, published=True)
    actions = Counter(action for *_, action in done)
    return Outcome(True, dict(actions), tuple(row for row in done if row[3] != "unchanged"), issues)
