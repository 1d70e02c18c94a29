"""Topology of 75 000 features: all rules over everything, an edit, and beside them the overlaps alone by geopandas."""

from collections.abc import Sequence
from statistics import median
from typing import Any

import geopandas
import numpy as np
import psycopg
import shapely
from database import Bench, cluster
from figures import Row, timed
from town import LONLAT, outlines

from gis.crs import lonlat_to_xy, xy_to_lonlat
from gis.store.topology import check, recheck

BUILDINGS, PIPES, RECEPTORS = 50_000, 15_000, 10_000
EDITS = 20
SOME = """
SELECT feature_id, ST_XMin(geom), ST_YMin(geom), ST_XMax(geom), ST_YMax(geom) FROM buildings ORDER BY md5(feature_id::text) LIMIT %s
"""
ABOUT = (
    f"{BUILDINGS:,} buildings (bench/town.py, 1 % drawn twice), {PIPES:,} sewers and {RECEPTORS:,} receptors in PostGIS. Ours: the sixteen "
    "rules of gis/rules/topology.yaml over everything, faults stored, CPU time of the server; then an edit, one building moved: what is "
    f"beside it found and checked by all rules, median of {EDITS}. Beside it: the overlaps of buildings, one of the sixteen, by geopandas' "
    "index and shapely, in memory and in metres already, nothing read or stored."
)


def _load(connection: psycopg.Connection) -> np.ndarray:
    """Fill the tables; returns the buildings' outlines in metres."""
    shapes, heights = outlines(BUILDINGS)
    twice = np.arange(0, BUILDINGS, 100)
    shapes[twice] = shapely.transform(shapes[twice + 1], lambda xy: xy + np.array([3.0, 2.0]))
    anchor = lonlat_to_xy(np.array([LONLAT]))[0]
    side = 40.0 * np.sqrt(BUILDINGS)
    chance = np.random.default_rng(2)
    starts = chance.uniform(0, side, (PIPES, 2))
    pipes = shapely.linestrings(np.stack([starts, starts + chance.uniform(-40, 40, (PIPES, 2))], axis=1))
    points = shapely.points(chance.uniform(0, side, (RECEPTORS, 2)))

    def placed(geometries: np.ndarray) -> list[bytes]:
        return shapely.to_wkb(
            shapely.set_srid(shapely.transform(geometries, lambda xy: xy_to_lonlat(xy + anchor)), 4490), include_srid=True
        ).tolist()

    with connection.cursor() as cursor:
        with cursor.copy("COPY buildings (name, height_m, geom) FROM STDIN") as copy:
            for wkb, height in zip(placed(shapes), heights.tolist(), strict=True):
                copy.write_row(("楼", height, wkb.hex()))
        with cursor.copy("COPY pipes (name, medium, geom) FROM STDIN") as copy:
            for wkb in placed(pipes):
                copy.write_row(("管", "sewage", wkb.hex()))
        with cursor.copy("COPY receptors (name, receptor_type, geom) FROM STDIN") as copy:
            for wkb in placed(points):
                copy.write_row(("村", "village", wkb.hex()))
    connection.commit()
    connection.execute("ANALYZE")
    connection.commit()
    return shapes


def _edit(connection: psycopg.Connection, row: Sequence[Any]) -> None:
    """Move a building by a metre and check what that touches."""
    feature_id, west, south, east, north = row
    connection.execute("UPDATE buildings SET geom = ST_Translate(geom, 1e-5, 0) WHERE feature_id = %s", [feature_id])
    recheck(connection, [feature_id], [[west, south, east, north], [west + 1e-5, south, east + 1e-5, north]])
    connection.commit()


def _measured(bench: Bench) -> list[Row]:
    with psycopg.connect(bench.fresh("topology").owner) as connection:
        shapes = _load(connection)
        with timed(bench.postmaster) as whole:
            kept = check(connection)
            connection.commit()
        faults = sum(one.found for one in kept)
        rows = connection.execute(SOME, [EDITS + 1]).fetchall()
        edits = []
        for row in rows:
            with timed(bench.postmaster) as edit:
                _edit(connection, row)
            edits.append(edit)
    frame = geopandas.GeoDataFrame(geometry=list(shapes), crs=4545)
    with timed() as peer:
        pairs = frame.sindex.query(frame.geometry, predicate="intersects")
        one, other = pairs[:, pairs[0] < pairs[1]]
        area = shapely.area(shapely.intersection(shapes[one], shapes[other]))
        found = int((area > 1.0).sum())
    overlaps = next(one.found for one in kept if one.rule.name == "building_overlap")
    assert overlaps == found, (overlaps, found)
    return [
        Row("all rules over 75,000 features, server CPU", whole.tree, "s", note=f"{faults:,} faults; wall {whole.wall:.1f} s"),
        Row("building overlaps alone", peer.own, "s, geopandas", note=f"{found:,} pairs, as ours"),
        Row("an edit, server CPU", sum(edit.tree for edit in edits[1:]) / EDITS * 1000, "ms", note="mean"),
        Row("an edit, wall", median(edit.wall for edit in edits[1:]) * 1000, "ms"),
    ]


def run() -> list[Row]:
    """Measure."""
    with cluster() as bench:
        return _measured(bench)
