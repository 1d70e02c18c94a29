"""What is stored of enterprises as drawn: the newest published drawing of each kind, and the permit that holds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from gis.store.connect import Transaction, driver_of
from gis.store.permit_today import CURRENT

ENTERPRISES = """
SELECT feature_id, code, name, ST_X(geom), ST_Y(geom) FROM enterprise_view
WHERE code IS NOT NULL AND (%(all)s OR feature_id = ANY (%(wanted)s)) ORDER BY name, feature_id
"""
DRAWINGS = """
SELECT DISTINCT ON (drawing_kind) drawing_kind, file_name, sha256, issues,
    (SELECT min(imported_at) FROM drawings f WHERE (f.enterprise_id, f.sha256) = (d.enterprise_id, d.sha256) AND f.published)
FROM drawings d WHERE enterprise_id = %s AND published ORDER BY drawing_kind, drawing_id DESC
"""
CONTENT = "SELECT content FROM drawing_files WHERE sha256 = %s"


@dataclass(frozen=True, slots=True)
class StoredDrawing:
    """One published drawing."""

    file_name: str
    sha256: str
    issues: list[dict[str, Any]]
    """What was found when it was published."""
    first: datetime
    """When this very file was first published."""

    def content(self, connection: Transaction) -> bytes:
        """Return the file as it came."""
        row = driver_of(connection).execute(CONTENT, [self.sha256]).fetchone()
        assert row is not None, "a drawing refers to its file"  # noqa: S101
        return bytes(row[0])


@dataclass(frozen=True, slots=True)
class Stored:
    """An enterprise, its drawings by kind, its permit."""

    enterprise_id: UUID
    source_code: str
    name: str
    registered: tuple[float, float]
    """Longitude, latitude (EPSG:4490, degrees)."""
    drawings: Mapping[str, StoredDrawing]
    permit: Mapping[str, Any] | None
    permit_recorded: datetime | None


def stored_sets(connection: Transaction, enterprises: Sequence[UUID] | None = None) -> list[Stored]:
    """Return enterprises that have a published drawing or a permit, by name; all where none are named."""
    driver = driver_of(connection)
    wanted = {"all": enterprises is None, "wanted": list(enterprises or ())}
    sets = []
    for enterprise_id, code, name, lon, lat in driver.execute(ENTERPRISES, wanted).fetchall():
        drawings = {row[0]: StoredDrawing(*row[1:]) for row in driver.execute(DRAWINGS, [enterprise_id]).fetchall()}
        permit = driver.execute(CURRENT, [enterprise_id]).fetchone() or (None, None)
        if drawings or permit[0]:
            sets.append(Stored(enterprise_id, code, name, (lon, lat), drawings, *permit))
    return sets
