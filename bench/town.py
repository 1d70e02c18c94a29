"""A generated town: buildings of three shapes on a grid, the same each time."""

import hashlib
from datetime import UTC, datetime
from uuid import NAMESPACE_URL, UUID, uuid5

import numpy as np
import psycopg
import shapely
from numpy.typing import NDArray
from shapely import affinity

from gis.crs import lonlat_to_ecef, lonlat_to_xy, xy_to_lonlat
from gis.models.feature import Feature, Site

LONLAT = (107.5, 31.2)
PITCH_M = 40.0
SEED = 20260301
EPOCH = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)


def _id(key: str) -> UUID:
    return uuid5(NAMESPACE_URL, f"https://quanjing.bench/{key}")


def outlines(count: int) -> tuple[NDArray[np.object_], NDArray[np.float64]]:
    """Return footprints in metres (60 % boxes, 25 % L, 15 % with a court) and their heights."""
    chance = np.random.default_rng(SEED)
    columns = int(np.ceil(np.sqrt(count)))
    shapes = []
    for index in range(count):
        w, d, kind, turn = chance.uniform(12, 26), chance.uniform(10, 20), chance.random(), chance.uniform(0, 90)
        if kind < 0.60:
            shape = shapely.box(0, 0, w, d)
        elif kind < 0.85:
            shape = shapely.Polygon([(0, 0), (w, 0), (w, d / 2), (w / 2, d / 2), (w / 2, d), (0, d)])
        else:
            court = [(w / 3, d / 3), (w / 3, 2 * d / 3), (2 * w / 3, 2 * d / 3), (2 * w / 3, d / 3)]
            shape = shapely.Polygon([(0, 0), (w, 0), (w, d), (0, d)], [court])
        shape = affinity.rotate(shape, turn, origin=(0, 0))
        shapes.append(affinity.translate(shape, PITCH_M * (index % columns), PITCH_M * (index // columns)))
    return np.array(shapes, object), chance.uniform(6, 40, count).round(1)


def town(count: int) -> Site:
    """Return a site with that many buildings, named in Chinese, with three attributes each."""
    shapes, heights = outlines(count)
    anchor = lonlat_to_xy(np.array([LONLAT]))[0]
    placed = shapely.transform(shapes, lambda xy: xy_to_lonlat(xy + anchor))
    owner = _id("enterprise")
    features = tuple(
        Feature(
            _id(f"building/{index}"),
            "building",
            owner,
            f"B{index:05d}",
            f"{index}号厂房",
            geom,
            height_m=height,
            z_min_m=0.0,
            z_max_m=height,
            attributes={"storeys": int(height // 3), "roof": "flat", "use": "生产"},
        )
        for index, (geom, height) in enumerate(zip(placed, heights.tolist(), strict=True))
    )
    enterprise = Feature(owner, "enterprise", None, None, "生成的园区", shapely.Point(LONLAT))
    return Site(enterprise, (*LONLAT, 0.0), features, EPOCH)


BUILDINGS = "COPY buildings (enterprise_id, code, name, geom, height_m, storeys, roof, use) FROM STDIN"


def stored(url: str, count: int) -> UUID:
    """Put the town into a database as one enterprise; returns its id."""
    site = town(count)
    with psycopg.connect(url) as connection:
        query = "INSERT INTO enterprises (code, name, geom) VALUES (%s, %s, %s) RETURNING feature_id"
        code = f"{hashlib.sha256(str(count).encode()).hexdigest()[:18].upper()}001P"
        row = connection.execute(query, [code, site.enterprise.name, f"SRID=4490;{site.enterprise.geom.wkt}"]).fetchone()
        assert row is not None, "it is inserted"
        with connection.cursor().copy(BUILDINGS) as copy:
            for one in site.features:
                said = one.attributes
                shape = shapely.to_wkb(shapely.set_srid(one.geom, 4490), hex=True, include_srid=True)
                copy.write_row((row[0], one.code, one.name, shape, one.height_m, said["storeys"], said["roof"], said["use"]))
        connection.commit()
        connection.autocommit = True
        connection.execute("ANALYZE")
    enterprise_id: UUID = row[0]
    return enterprise_id


def solid_faces(count: int) -> list[bytes]:
    """Return the town as py3dtiles reads it: a MultiPolygonZ a building in geocentric metres, with its floor, its walls and its roof."""
    found = []
    for feature in town(count).features:
        faces = []
        oriented = shapely.orient_polygons(shapely.Polygon(feature.geom))
        rings = [np.array(ring.coords) for ring in (oriented.exterior, *oriented.interiors)]
        low, high = ([np.column_stack([ring, np.full(len(ring), z)]) for ring in rings] for z in (0.0, feature.height_m or 0.0))
        faces.append(shapely.Polygon(high[0], high[1:]))
        faces.append(shapely.Polygon(low[0][::-1], [ring[::-1] for ring in low[1:]]))
        for foot, top in zip(low, high, strict=True):
            faces += [shapely.Polygon([foot[i], foot[i + 1], top[i + 1], top[i]]) for i in range(len(foot) - 1)]
        solid = shapely.transform(shapely.MultiPolygon(faces), lonlat_to_ecef, include_z=True)
        found.append(shapely.to_wkb(shapely.set_srid(solid, 4978), include_srid=True))
    return found


SIZES = (
    *(("tank", across, height) for across, height in ((2, 3), (3, 4), (4, 5), (5, 6), (4, 8), (3, 7))),
    *(("stack", across, height) for across, height in ((0.5, 10), (0.6, 12), (0.8, 15), (1, 20), (1.2, 25), (1.5, 30))),
)
SPACING_M = 6.0


def farm(count: int) -> Site:
    """Return a site with that many tanks and stacks of twelve sizes, side by side."""
    anchor, columns = lonlat_to_xy(np.array([LONLAT]))[0], int(np.ceil(np.sqrt(count)))
    features = []
    for index in range(count):
        type_, across, height = SIZES[index % len(SIZES)]
        shape = shapely.Point(SPACING_M * (index % columns), SPACING_M * (index // columns)).buffer(across / 2, quad_segs=16)
        placed = shapely.transform(shape, lambda xy: xy_to_lonlat(xy + anchor))
        features.append(
            Feature(
                _id(f"structure/{index}"), "structure", _id("enterprise"), f"T{index:05d}", f"{index}号", placed, height_m=float(height),
                z_min_m=0.0, z_max_m=float(height), attributes={"structure_type": type_},
            )
        )  # fmt: skip
    enterprise = Feature(_id("enterprise"), "enterprise", None, None, "生成的罐区", shapely.Point(LONLAT))
    return Site(enterprise, (*LONLAT, 0.0), tuple(features), EPOCH)
