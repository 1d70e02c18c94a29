"""Detailed models in the store: attached to a feature in versions, taken off again, never forgotten."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import class_row

from gis.errors import GeometryError, NotFound
from gis.models.detailed import Detailed, unpacked
from gis.store.connect import Plain, Transaction, driver_of

KEEP_FILE = "INSERT INTO model_files (sha256, content) VALUES (%s, %s) ON CONFLICT DO NOTHING"
LOCK = "SELECT kind FROM features WHERE feature_id = %s FOR UPDATE"
TAKE_OFF = "UPDATE detailed_models SET detached_at = clock_timestamp() WHERE feature_id = %s AND detached_at IS NULL RETURNING version"
ATTACH = """
INSERT INTO detailed_models (feature_id, version, file_name, format, sha256, lod, placement, counts, issues, prepared)
SELECT %(feature_id)s, coalesce(max(version), 0) + 1, %(file_name)s, %(format)s, %(sha256)s, %(lod)s, %(placement)s, %(counts)s, %(issues)s,
    %(prepared)s
FROM detailed_models WHERE feature_id = %(feature_id)s RETURNING version
"""
SHOWN = """
SELECT m.feature_id, m.prepared FROM detailed_models m JOIN features f USING (feature_id)
WHERE f.enterprise_id = %s AND m.detached_at IS NULL ORDER BY m.feature_id
"""
LISTED = """
SELECT m.feature_id, f.kind, v.code, v.name, e.code AS enterprise_code, m.version, m.file_name, m.format, m.sha256, m.lod,
    m.placement, m.counts, m.issues, m.attached_at, m.detached_at, m.author, m.reason
FROM detailed_models m JOIN features f USING (feature_id) JOIN feature_view v USING (feature_id)
LEFT JOIN enterprises e ON e.feature_id = f.enterprise_id
WHERE %(all)s OR m.detached_at IS NULL ORDER BY e.code, v.code, m.feature_id, m.version
"""
FIND = """
SELECT f.feature_id, v.kind, ST_AsBinary(v.geom) AS wkb, v.z_min_m FROM feature_view v JOIN features f USING (feature_id)
WHERE f.feature_id = %(id)s
"""
BY_CODE = """
SELECT v.feature_id FROM feature_view v JOIN features f USING (feature_id) JOIN enterprises e ON e.feature_id = f.enterprise_id
WHERE v.code = %s AND (e.code = %s OR e.credit_code = %s)
"""


@dataclass(frozen=True, slots=True)
class Attached:
    """A version of a feature's detailed model."""

    feature_id: UUID
    kind: str
    code: str | None
    name: str
    enterprise_code: str | None
    version: int
    file_name: str
    format: str
    sha256: str
    lod: str | None
    placement: dict[str, Any]
    counts: dict[str, Any]
    issues: list[dict[str, Any]]
    attached_at: datetime
    detached_at: datetime | None
    author: str
    reason: str


def feature_named(connection: "Transaction | Plain", name: str) -> UUID:
    """Return the feature of an id, or of `<enterprise code>/<code>`.

    Raises
    ------
    NotFound
        There is none, or several have that code.
    """
    try:
        return UUID(name)
    except ValueError:
        enterprise, _, code = name.partition("/")
        rows = driver_of(connection).execute(BY_CODE, [code, enterprise, enterprise]).fetchall()
    if len(rows) != 1:
        said = "没有这个要素" if not rows else f"有 {len(rows)} 个要素用这个编号，请用标识（feature_id）"
        raise NotFound(f"{name}：{said}；要素写成标识，或 企业编码/要素编号")
    return UUID(str(rows[0][0]))


def feature_place(connection: "Transaction | Plain", feature_id: UUID) -> tuple[str, bytes, float | None]:
    """Return a feature's kind, its shape (WKB, EPSG:4490) and its foot over the ground, metres.

    Raises
    ------
    NotFound
        There is none.
    """
    row = driver_of(connection).execute(FIND, {"id": feature_id}).fetchone()
    if row is None:
        raise NotFound(f"没有标识为 {feature_id} 的要素")
    return str(row[1]), bytes(row[2]), row[3]


def attach(connection: "Transaction | Plain", feature_id: UUID, content: bytes, said: Mapping[str, Any], prepared: bytes) -> int:
    """Make a model the one that stands for a feature; returns its version.

    Parameters
    ----------
    connection : Transaction or Plain
        Inside `gis.store.connect.writing` or `writing_plainly`.
    feature_id : UUID
    content : bytes
        The file as it came.
    said : mapping
        `file_name`, `format`, `sha256`, `lod`, `placement`, `counts`, `issues` (as JSON).
    prepared : bytes
        See `gis.models.detailed.packed`.
    """
    driver = driver_of(connection)
    if driver.execute(LOCK, [feature_id]).fetchone() is None:
        raise NotFound(f"没有标识为 {feature_id} 的要素")
    driver.execute(KEEP_FILE, [said["sha256"], content])
    driver.execute(TAKE_OFF, [feature_id])
    row = {name: said[name] for name in ("file_name", "format", "sha256", "lod")}
    texts = {name: json.dumps(said[name], ensure_ascii=False) for name in ("placement", "counts", "issues")}
    ((version,),) = driver.execute(ATTACH, {**row, **texts, "feature_id": feature_id, "prepared": prepared}).fetchall()
    return int(version)


def detach(connection: "Transaction | Plain", feature_id: UUID) -> int:
    """Give a feature its standard solid back; returns the version that was taken off.

    Raises
    ------
    NotFound
        It has no detailed model.
    """
    row = driver_of(connection).execute(TAKE_OFF, [feature_id]).fetchone()
    if row is None:
        raise NotFound(f"要素 {feature_id} 没有挂接精细模型")
    return int(row[0])


def listed(connection: "Transaction | Plain", *, all_: bool = False) -> list[Attached]:
    """Return the models that are shown, with `all_` the former versions too."""
    with driver_of(connection).cursor(row_factory=class_row(Attached)) as cursor:
        return cursor.execute(LISTED, {"all": all_}).fetchall()


async def shown(connection: AsyncConnection, enterprise_id: UUID) -> dict[UUID, Detailed]:
    """Return the detailed models of an enterprise's features."""
    rows = await (await connection.execute(SHOWN, [enterprise_id])).fetchall()
    found = {}
    for feature_id, prepared in rows:
        try:
            found[feature_id] = unpacked(bytes(prepared))
        except GeometryError:
            # The feature keeps its standard solid.
            continue
    return found
