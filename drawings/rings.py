"""Receptors and the rings around a plant: what lies beyond them, and distances that are not what the drawing shows."""

from collections.abc import Iterable, Sequence

import numpy as np
from ezdxf.entities.dxfentity import DXFEntity
from shapely import unary_union
from shapely.geometry import Point, Polygon

from drawings.curves import curve_of
from drawings.frames import Frame
from drawings.ledger import finding, layer_of
from gis.issues import Issue, Place
from gis.models.plan import PlanFeature
from gis.surroundings import AIR_REACH_M, WATER_REACH_M

RING_LAYER = "QJ-R-RING"
OF_WATER = ("intake", "river")
DISTANCE_M = 5.0
"""How far a distance that is written may be from the one that is drawn, metres (norm, E604)."""
SAGITTA = 0.1
"""Of a ring drawn as a circle, drawing units."""


def rings_of(entities: Iterable[DXFEntity], frame: Frame) -> tuple[Polygon, ...]:
    """Return the rings of a drawing, the smallest first: closed curves on QJ-R-RING; EPSG:4545 metres."""
    found = []
    for entity in entities:
        if layer_of(entity) != RING_LAYER:
            continue
        curve = curve_of(entity, SAGITTA)
        if curve is not None and curve.sound and curve.closed and len(curve.line) > 2 and frame.holds(np.array(curve.line)):
            found.append(Polygon(frame.xy(np.array(curve.line))))
    return tuple(sorted((ring for ring in found if ring.is_valid), key=lambda ring: ring.area))


def receptor_issues(features: Sequence[PlanFeature], rings: Sequence[Polygon]) -> list[Issue]:
    """Return the receptors that lie beyond the outermost ring, or whose distance to the boundary is written wrong (E604).

    Without a ring receptors of the air lie within 5 km of the boundary; those of the water lie within 10 km whatever the rings are.
    """
    boundary = unary_union([feature.xy for feature in features if feature.kind == "site_boundary"])
    issues = []
    for feature in features:
        if feature.kind != "receptor":
            continue
        away = boundary.distance(feature.xy) if not boundary.is_empty else None
        who = f"{feature.code} {feature.name}" if feature.code else feature.name
        said = feature.attributes.get("distance_m")
        if _beyond(feature, away, rings):
            far = "" if away is None else f"（距厂界 {away:.0f} m）"
            issues.append(finding("E604", f"受体 {who} 在评价范围之外{far}", "请加画半径圈，或删去该受体", _place(feature)))
        elif said is not None and away is not None and abs(said - away) > DISTANCE_M:
            message = f"受体 {who} 的“距厂界”填 {said:g} m，图上为 {away:.0f} m"
            issues.append(finding("E604", message, "请按到厂界的最短距离改正 DIST", _place(feature, "DIST")))
    return issues


def _beyond(feature: PlanFeature, away: float | None, rings: Sequence[Polygon]) -> bool:
    if feature.attributes.get("receptor_type") in OF_WATER:
        return away is not None and away > WATER_REACH_M
    if rings:
        return not rings[-1].intersects(feature.xy)
    return away is not None and away > AIR_REACH_M


def _place(feature: PlanFeature, field: str | None = None) -> Place:
    point: Point = feature.xy.representative_point()
    xy = (round(point.x, 3), round(point.y, 3))
    return Place(layer=feature.source.layer, handle=feature.source.handle, xy=xy, field=field)
