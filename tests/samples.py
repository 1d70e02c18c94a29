"""One of everything: the features that tests of models, tiles and API are run over."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from uuid import NAMESPACE_URL, UUID, uuid5

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from gis.crs import lonlat_to_xy, xy_to_lonlat
from gis.ground import Ground
from gis.models.feature import Feature, Site, State
from models3d.footprints import footprints
from models3d.massing import massing, share
from models3d.scene import extents, shown
from models3d.solid import SolidMesh

LONLAT = (107.5, 31.2)
ORIGIN = (*LONLAT, 0.0)
EPOCH = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)
ANCHOR_XY = lonlat_to_xy(np.array([LONLAT]))[0]


def feature_id(key: str) -> UUID:
    return uuid5(NAMESPACE_URL, f"https://quanjing.test/{key}")


ENTERPRISE_ID = feature_id("enterprise")


def at(shape: BaseGeometry) -> BaseGeometry:
    """Put a shape in metres from the sample's anchor (EPSG:4545 axes) on the globe (EPSG:4490)."""
    return shapely.transform(shape, lambda xy: xy_to_lonlat(xy + ANCHOR_XY))


def box(x: float, y: float, width: float, depth: float) -> shapely.Polygon:
    return shapely.box(x, y, x + width, y + depth)


def circle(x: float, y: float, radius: float, sagitta: float = 0.001) -> shapely.Polygon:
    count = int(np.ceil(np.pi / np.arccos(1 - sagitta / radius)))
    angles = np.arange(count) * 2 * np.pi / count
    return shapely.Polygon(np.column_stack([x + radius * np.cos(angles), y + radius * np.sin(angles)]))


def feature(kind: str, code: str | None, name: str, shape: BaseGeometry, **rest: object) -> Feature:
    """Build a feature of the sample enterprise; `shape` in metres from the anchor."""
    row = {"attributes": {}, "state": State(), **rest}
    return Feature(feature_id(code or name), kind, ENTERPRISE_ID, code, name, at(shape), **row)  # type: ignore[arg-type]


ENTERPRISE = Feature(ENTERPRISE_ID, "enterprise", None, "91511700MA62E0001X001P", "示范精细化工有限公司", shapely.Point(LONLAT))

FEATURES: tuple[Feature, ...] = (
    feature("site_boundary", None, "厂界", shapely.Polygon([(-120, -90), (130, -90), (140, 60), (90, 100), (-120, 100)])),
    feature(
        "building",
        "B01",
        "合成车间（带天井）",
        shapely.Polygon([(-80, -40), (-20, -40), (-20, 10), (-80, 10)], [[(-60, -25), (-60, -5), (-40, -5), (-40, -25)]]),
        height_m=12.5,
        z_min_m=0.0,
        z_max_m=12.5,
        attributes={"storeys": 3, "roof": "flat", "use": "生产"},
    ),
    feature(
        "building",
        "B02",
        "办公楼",
        shapely.Polygon([(40, 40), (80, 40), (80, 55), (55, 55), (55, 75), (40, 75)]),
        height_m=20.0,
        z_min_m=0.0,
        z_max_m=20.0,
        attributes={"storeys": 6},
        state=State(case_count=2, case_ids=("c1", "c2")),
    ),
    feature(
        "structure",
        "T01",
        "甲醇储罐",
        circle(20, -40, 7.5),
        height_m=9.0,
        z_min_m=0.0,
        z_max_m=9.0,
        attributes={"structure_type": "tank", "diameter_m": 15.0, "medium": "甲醇"},
        state=State(alarm_level=1, open_alarms=3, case_count=1, case_ids=("c1",)),
    ),
    feature(
        "structure",
        "S01",
        "锅炉烟囱",
        circle(60, -40, 2.0),
        height_m=45.0,
        z_min_m=0.0,
        z_max_m=45.0,
        attributes={"structure_type": "stack", "diameter_m": 4.0},
    ),
    feature(
        "structure", "P01", "调节池", box(-70, 40, 30, 18), z_min_m=-3.0, z_max_m=1.2, attributes={"structure_type": "pond", "depth_m": 4.0}
    ),
    feature("structure", "G01", "粮食筒仓", circle(100, 0, 4.0), height_m=16.0, attributes={"structure_type": "silo"}),
    feature("structure", "W01", "精馏塔", circle(100, -30, 1.6), height_m=28.0, attributes={"structure_type": "tower"}),
    feature(
        "underground_structure",
        "U01",
        "地下柴油罐",
        box(-100, -75, 12, 6),
        z_min_m=-4.5,
        z_max_m=-0.8,
        attributes={"underground_type": "tank", "depth_m": 3.7, "medium": "柴油"},
    ),
    feature("outlet", "DA001", "锅炉废气排放口", shapely.Point(60, -40), attributes={"medium": "air", "outlet_class": "main"}),
    feature(
        "outlet",
        "DW001",
        "污水总排口",
        shapely.Point(120, 50),
        attributes={"medium": "water", "outlet_class": "main"},
        state=State(alarm_level=2, open_alarms=1),
    ),
    feature("outlet", "YS001", "雨水排放口", shapely.Point(-110, 90), attributes={"medium": "rain", "outlet_class": "rain"}),
    feature("monitoring_point", "M01", "废气在线监测点", shapely.Point(61, -41), attributes={"monitor_type": "gas", "mn": "A110000_0001"}),
    feature(
        "monitoring_point", "M02", "废水在线监测点", shapely.Point(118, 50), attributes={"monitor_type": "water", "mn": "A110000_0002"}
    ),
    feature("monitoring_point", "M03", "大门视频", shapely.Point(0, -88), attributes={"monitor_type": "video"}),
    feature("monitoring_point", "M04", "用电监控", shapely.Point(-20, 60), attributes={"monitor_type": "power"}),
)
"""One of every kind and type, with Chinese names, a hole, things under the ground and on a roof."""

SITE = Site(ENTERPRISE, ORIGIN, FEATURES, EPOCH)
EMPTY_SITE = replace(SITE, features=())
"""An enterprise of which nothing is drawn yet."""

ODD_OUTLINES: dict[str, shapely.Polygon] = {
    "triangle": shapely.Polygon([(0, 0), (6, 0), (2, 5)]),
    "clockwise": shapely.Polygon([(0, 0), (0, 8), (9, 8), (9, 0)]),
    "collinear points": shapely.Polygon([(5, 0), (10, 0), (10, 5), (10, 10), (7, 10), (3, 10), (0, 10), (0, 0)]),
    "repeated points": shapely.Polygon([(0, 0), (0, 0), (10, 0), (10, 10), (10, 10), (0, 10)]),
    "concave": shapely.Polygon([(0, 0), (20, 0), (20, 3), (3, 3), (3, 12), (20, 12), (20, 15), (0, 15)]),
    "star": shapely.Polygon([(r * np.cos(a), r * np.sin(a)) for r, a in zip([9, 3] * 7, np.arange(14) * np.pi / 7, strict=True)]),
    "sliver": shapely.Polygon([(0, 0), (80, 0), (80, 0.02), (0, 0.02)]),
    "circle": circle(0, 0, 10),
    "hole": shapely.Polygon([(0, 0), (20, 0), (20, 20), (0, 20)], [[(5, 5), (15, 5), (15, 15), (5, 15)]]),
    "two holes": shapely.Polygon([(0, 0), (30, 0), (30, 10), (0, 10)], [[(2, 2), (8, 2), (8, 8), (2, 8)], [(12, 2), (28, 2), (20, 8)]]),
}
"""Outlines in metres on which extruders fail; all valid, each with a welded solid that is a closed 2-manifold."""

TOUCHING_OUTLINES: dict[str, shapely.Polygon] = {
    "hole touches the shell": shapely.Polygon([(0, 0), (10, 0), (10, 10), (0, 10)], [[(0, 5), (3, 3), (3, 7)]]),
    "holes touch": shapely.Polygon([(0, 0), (10, 0), (10, 10), (0, 10)], [[(2, 5), (3, 3), (4, 5), (3, 7)], [(4, 5), (6, 3), (7, 7)]]),
    "hole vertex on a shell edge with a vertex": shapely.Polygon([(0, 0), (10, 0), (10, 10), (0, 10), (0, 5)], [[(0, 5), (3, 3), (3, 7)]]),
}
"""Valid outlines whose rings meet in a point: four walls share an upright edge, so closed but no 2-manifold."""


def site_of(*features_: Feature) -> Site:
    """Return the sample enterprise with these features only."""
    return replace(SITE, features=features_)


def changed(code: str, change: Callable[[Feature], Feature], site: Site = SITE) -> Site:
    """Return a site in which the feature with that code is changed."""
    return replace(site, features=tuple(change(one) if one.code == code else one for one in site.features))


def massed(site: Site, ground: Ground) -> SolidMesh:
    """Return the massing of a site, all of it as one share."""
    features = shown(site.features)
    there = footprints(features, site.origin, ground)
    return massing(site.enterprise, [share(features, there, extents(features), lonlat_to_xy(there.inside))], site.origin, ground)
