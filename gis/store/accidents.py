"""Who is where a release comes to, with what to advise; what lies down the river from a spill, with when it comes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, LiteralString

import orjson
import shapely
from psycopg import AsyncConnection
from psycopg.rows import dict_row

from gis.crs import lonlat_to_xy
from gis.geojson import feature_collection
from gis.kinds import ENUMS
from gis.rules import spill
from gis.rules.accident import Release, Zone, advice, assumptions, zones
from gis.rules.dispersion import Air, checked
from gis.rules.spill import River
from gis.store.collections import Moment, kind_collections, relation
from gis.store.connect import EVERYWHERE
from gis.store.filters.compiler import shape_literal
from gis.store.filters.fragment import put
from gis.store.queries import Answer, down

Row = dict[str, Any]
SAME_M = 200.0
"""Two plants draw the same village: of one name and type, so near each other, it is one."""
PEOPLE: LiteralString = """
SELECT r.feature_id, r.name, r.receptor_type, r.population, r.contact, r.phone, ST_AsBinary(ST_Force2D(r.geom)) AS wkb,
    ST_AsGeoJSON(r.geom, 7, 0)::json AS geometry, {where}::geography <-> r.geom::geography AS distance_m,
    degrees(ST_Azimuth({where}::geography, ST_Centroid(ST_Force2D(r.geom))::geography)) AS bearing_deg
FROM {receptors} r WHERE r.geom && {zone} AND ST_Intersects(r.geom, {zone}) ORDER BY distance_m, r.name, r.feature_id
"""


@dataclass(frozen=True, slots=True)
class Screening:
    """What is said of a release to the air."""

    release: Release
    air: Air
    zones: tuple[Zone, ...]
    """The worst first."""
    people: tuple[Row, ...]
    """Receptors in a zone, the worst zone first, then the nearest; each once."""
    as_of: datetime | None

    def totals(self) -> list[Row]:
        """Return for each zone how far it reaches, how many receptors lie in it and not in a worse one, and how many people that is."""
        rows = []
        for zone in self.zones:
            inside = [row for row in self.people if row["level"] == zone.level]
            known = [row["population"] for row in inside if row["population"] is not None]
            rows.append(
                {
                    "level": zone.level,
                    "label": zone.label,
                    "limit_mg_m3": round(zone.limit_mg_m3, 3),
                    "reach_m": round(zone.reach_m, 1),
                    "cut": zone.cut,
                    "receptors": len(inside),
                    "population": sum(known),
                    "unknown": len(inside) - len(known),
                }
            )
        return rows

    def as_json(self) -> Row:
        """Return it as plain JSON types; shapes as GeoJSON (EPSG:4490)."""
        one = self.release.substance
        return {
            "substance": {"name": one.name, "cas": one.cas, "formula": one.formula},
            "as_of": self.as_of,
            "zones": [
                total | {"geometry": orjson.loads(shapely.to_geojson(zone.shape))}
                for total, zone in zip(self.totals(), self.zones, strict=True)
            ],
            "receptors": list(self.people),
            "measures": list(one.measures),
            "protection": one.protection,
            "assumptions": assumptions(self.release, self.air, [zone for zone in self.zones if zone.cut]),
        }

    def geojson(self) -> Row:
        """Return zones and receptors as one feature collection, the assumptions beside it."""
        said = self.as_json()
        zones = [{"kind": "zone"} | zone for zone in said["zones"]]
        receptors = [{"kind": "receptor"} | row for row in said["receptors"]]
        beside = ("substance", "as_of", "measures", "protection", "assumptions")
        return feature_collection([*zones, *receptors]) | {name: said[name] for name in beside}


def _once(rows: Sequence[Row]) -> list[Row]:
    """Return each receptor once: the first of those of one name and type that lie beside each other."""
    kept: list[tuple[Row, shapely.Geometry]] = []
    for row in rows:
        shape = shapely.transform(shapely.from_wkb(bytes(row["wkb"])), lonlat_to_xy)
        alike = (other for one, other in kept if (one["name"], one["receptor_type"]) == (row["name"], row["receptor_type"]))
        if not any(shape.distance(other) <= SAME_M for other in alike):
            kept.append((row, shape))
    return [row for row, _ in kept]


async def screen(
    connection: AsyncConnection, release: Release, air: Air, scope: str = EVERYWHERE, as_of: datetime | None = None
) -> Screening:
    """Return the zones of a release to the air, and the receptors in them, now or as of then.

    Parameters
    ----------
    connection : AsyncConnection
        On a snapshot that sees the scope.
    release : Release
    air : Air
        By default a calm night under an inversion.
    scope : str
        The caller's.
    as_of : datetime, optional
        The receptors of that instant.

    Raises
    ------
    Invalid
        The weather is none.
    """
    found = zones(release, checked(air))
    if not found:
        return Screening(release, air, (), (), as_of)
    moment = Moment(as_of, as_of) if as_of else None
    statement = put(
        PEOPLE,
        where=shape_literal(shapely.Point(release.at), 4490),
        receptors=relation(kind_collections()["receptor"], scope, moment),
        zone=shape_literal(shapely.union_all([zone.shape for zone in found]), 4490),
    )
    async with connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(statement.text, statement.values)  # type: ignore[call-overload,unused-ignore]
        rows = _once(await cursor.fetchall())
    for row in rows:
        shape = shapely.from_wkb(bytes(row.pop("wkb")))
        row["level"] = max(zone.level for zone in found if zone.shape.intersects(shape))
        bearing = 0.0 if row["bearing_deg"] is None else row["bearing_deg"]
        row["advice"] = advice(row["level"], bearing, air)
        row["type"] = ENUMS["receptor_type"].get(row["receptor_type"], row["receptor_type"])
        row["arrives_min"] = round(row["distance_m"] / air.speed / 60, 1)
        row["distance_m"], row["bearing_deg"] = round(row["distance_m"], 1), round(bearing, 1)
    rows.sort(key=lambda row: (-row["level"], row["distance_m"]))
    return Screening(release, air, tuple(found), tuple(rows), as_of)


RIVER_COLUMNS = ("along_m", "arrives_h", "peak_mg_l", "kind_label", "name", "code", "enterprise", "type")


async def spilt(connection: AsyncConnection, at: tuple[float, float], amount_kg: float, river: River, distance: float = 20_000.0) -> Answer:
    """Return what lies down the river from a spill, with when its peak comes there and how strong it is.

    Parameters
    ----------
    connection : AsyncConnection
        On a snapshot that sees a scope.
    at : tuple of float
        Where it comes into the river: longitude, latitude (EPSG:4490, degrees).
    amount_kg : float
    river : River
        The same all the way down.
    distance : float
        How far, metres.

    Raises
    ------
    Invalid
        A parameter is wrong.
    NotFound
        No river is near.
    """
    reach, amount = spill.checked(river), spill.checked_amount(amount_kg)
    found = await down(connection, at, distance)
    for row in found.rows:
        along = float(row["along_m"])
        if row["kind"] != "river" and along > 0:
            hours, peak = spill.peak(amount, reach, along)
            row["arrives_h"], row["peak_mg_l"] = round(hours, 2), float(f"{peak:.3g}")
    return Answer(RIVER_COLUMNS, found.rows)
