"""Checks of a whole plan: codes used twice, what lies outside the boundary, what overlaps, what is missing, what leads nowhere."""

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import shapely
from shapely import STRtree, unary_union
from shapely.geometry import Polygon
from shapely.geometry.base import BaseGeometry

from drawings.georeference import extent_issues
from drawings.ledger import finding
from drawings.norm import LAYERS, REQUIRED_LAYERS
from drawings.rings import receptor_issues
from gis.issues import Issue, Place
from gis.kinds import KINDS
from gis.models.plan import PlanFeature
from gis.supervision.network import dangling, network_findings
from gis.supervision.outlets import unnumbered, untreated, unwatched
from gis.supervision.thing import Thing

TOUCH_M = 0.05
"""How far something may reach over the boundary, metres: drafting tolerance."""
OUTLET_REACH_M = 50.0
"""How far outside the boundary an outlet or a monitor may lie, metres (norm, E303)."""
OVERLAP_M2 = 0.05
"""Overlaps up to this are drafting tolerance, square metres."""
OVERLAP_HEIGHT_M = 0.01
"""Solids that share less height than this only stand on each other, metres."""
SOLIDS = ("building", "structure", "underground_structure")
INSIDE = (*SOLIDS, "production_unit", "treatment_facility", "storage")
"""Kinds that lie inside the boundary (norm, E303)."""
AREAS = ("production_unit", "treatment_facility")
"""Kinds of which no two claim the same ground."""
NEAR = ("outlet", "monitoring_point")
"""Kinds that may lie somewhat outside."""


@dataclass(frozen=True, slots=True)
class Ground:
    """What the checks of a plan need beside its features."""

    drawing_kind: str = "A"
    """A site plan, B process flow, C monitoring points, D surrounding risks."""
    named: bool = False
    """Whether file name or caller say which kind it is: what must be on it is asked of such a one only."""
    rings: tuple[Polygon, ...] = ()
    """Rings around the plant, as drawn, EPSG:4545 metres."""


def place_of(feature: PlanFeature, xy: BaseGeometry | None = None, field: str | None = None) -> Place:
    """Return where a feature lies: at `xy`, or at a point inside it."""
    point = (feature.xy if xy is None else xy).representative_point()
    handle = feature.source.label_handle if field and feature.source.label_handle else feature.source.handle
    return Place(layer=feature.source.layer, handle=handle, xy=(round(point.x, 3), round(point.y, 3)), field=field)


def title(feature: PlanFeature) -> str:
    """Return what people call a feature: its code and name."""
    return f"{feature.code} {feature.name}" if feature.code else feature.name


def duplicate_codes(features: Sequence[PlanFeature]) -> list[Issue]:
    """Return an issue for each feature whose code another of its kind has before it."""
    groups: defaultdict[tuple[str, str], list[PlanFeature]] = defaultdict(list)
    for feature in features:
        if feature.code:
            groups[feature.kind, feature.code].append(feature)
    return [
        finding(
            "E206",
            f"{KINDS[kind].label}编号 {code} 重复：{title(again)} 与 {title(first)}（图元 {first.source.handle}）",
            "每个编号只能用一次",
            place_of(again, field="CODE"),
        )
        for (kind, code), (first, *more) in groups.items()
        for again in more
    ]


def without_copied_ids(features: Sequence[PlanFeature]) -> tuple[list[PlanFeature], list[Issue]]:
    """Take away `QJ_ID`s that stand on several features: a copy in a CAD program carries the id of its original."""
    seen = Counter(feature.qj_id for feature in features if feature.qj_id)
    kept, issues = [], []
    for feature in features:
        if feature.qj_id and seen[feature.qj_id] > 1:
            message = f"{title(feature)} 的 QJ_ID 与另一图元相同（复制所致），已不采用"
            issues.append(finding("W210", message, "改按编号或位置识别，无需处理", place_of(feature)))
            kept.append(replace(feature, qj_id=None))
        else:
            kept.append(feature)
    return kept, issues


def boundary_issues(features: Sequence[PlanFeature]) -> list[Issue]:
    """Return what lies outside the boundary, or that there is none."""
    outer = unary_union([feature.xy for feature in features if feature.kind == "site_boundary"])
    if outer.is_empty:
        return [finding("W202", "没有厂界（QJ-A-BOUND 上没有可用的闭合轮廓）", "请在 QJ-A-BOUND 上画闭合厂界", Place(layer="QJ-A-BOUND"))]
    touched = outer.buffer(TOUCH_M)
    shapely.prepare([outer, touched])
    bound = [feature for feature in features if feature.kind in (*INSIDE, *NEAR)]
    within = np.array([feature.kind in INSIDE for feature in bound], dtype=bool)
    shapes = np.array([feature.xy for feature in bound], dtype=object)
    inside = np.where(within, shapely.covers(touched, shapes), shapely.dwithin(outer, shapes, OUTLET_REACH_M))
    issues = []
    for index in np.flatnonzero(~inside).tolist():
        feature = bound[index]
        outside = feature.xy.difference(touched) if within[index] else feature.xy
        if not outside.is_empty:
            hint = "请移入厂界内，或修改厂界" if within[index] else "排放口、监控点距厂界不得超过 50 m"
            issues.append(finding("E303", f"{title(feature)} 在厂界之外", hint, place_of(feature, outside)))
    return issues


def _shared_height(one: PlanFeature, other: PlanFeature) -> float:
    if one.z_min_m is None or one.z_max_m is None or other.z_min_m is None or other.z_max_m is None:
        return 0.0
    return min(one.z_max_m, other.z_max_m) - max(one.z_min_m, other.z_min_m)


def overlaps(features: Sequence[PlanFeature]) -> list[Issue]:
    """Return pairs of solids that claim the same space, and of units or treatments that claim the same ground.

    One solid above the other is no overlap; units and treatments stand inside solids.
    """
    return [*_overlapping([one for one in features if one.kind in SOLIDS], _shared_height), *_overlapping_areas(features)]


def _overlapping_areas(features: Sequence[PlanFeature]) -> list[Issue]:
    areas = [one for one in features if one.kind in AREAS]
    return _overlapping(areas, lambda one, other: 1.0 if one.kind == other.kind else 0.0)


def _overlapping(shown: Sequence[PlanFeature], depth: Callable[[PlanFeature, PlanFeature], float]) -> list[Issue]:
    if not shown:
        return []
    shapes = [feature.xy for feature in shown]
    issues = []
    for i, j in STRtree(shapes).query(np.array(shapes, dtype=object), predicate="intersects").T:
        one, other = shown[i], shown[j]
        if i >= j or depth(one, other) <= OVERLAP_HEIGHT_M:
            continue
        shared = one.xy.intersection(other.xy)
        if shared.area > OVERLAP_M2:
            message = f"{title(one)} 与 {title(other)} 重叠 {shared.area:.2f} m²"
            hint = "请修改轮廓；上下叠放的请填 BASE" if one.kind in SOLIDS else "请修改轮廓，使其不重叠"
            issues.append(finding("E304", message, hint, place_of(other, shared)))
    return issues


def empty_layers(features: Sequence[PlanFeature], drawing_kind: str) -> list[Issue]:
    """Return the layers that a drawing of a kind must have something on, and has not; the boundary is asked for by itself."""
    shown = {feature.source.layer for feature in features}
    issues = []
    for wanted in REQUIRED_LAYERS.get(drawing_kind, ()):
        if not shown.intersection(wanted):
            names = "、".join(f"{name}（{LAYERS[name].label}）" for name in wanted)
            hint = "请补画；确实没有的不用处理"
            issues.append(finding("W202", f"图层 {names} 上没有可用的要素", hint, Place(layer=wanted[0])))
    return issues


def _thing(feature: PlanFeature) -> Thing:
    return Thing(feature.kind, feature.code, feature.name, feature.xy, feature.attributes)


def things_of(features: Sequence[PlanFeature]) -> list[Thing]:
    """Return the features of a drawing as the rules of `gis.supervision` look at them."""
    return [replace(_thing(one), place=place_of(one)) for one in features]


def _supervised(features: Sequence[PlanFeature], drawing_kind: str) -> list[Issue]:
    """Return what one drawing alone shows of its network, its outlets and its monitors."""
    things = [_thing(one) for one in features]
    if drawing_kind == "A":
        findings = [*network_findings(things), *dangling(things), *untreated(things)]
    elif drawing_kind == "C":
        findings = [*unwatched(things), *unnumbered(things)]
    else:
        findings = []
    # Of thousands a few are found fault with: only those are asked where they lie.
    drawn = {id(thing): feature for thing, feature in zip(things, features, strict=True)}
    places = [place_of(drawn[id(one.thing)]) if one.thing else Place() for one in findings]
    return [replace(one.issue(), place=place) for one, place in zip(findings, places, strict=True)]


def _extent(features: Sequence[PlanFeature]) -> list[Issue]:
    shapes = [feature.xy for feature in features if feature.kind == "site_boundary"] or [feature.xy for feature in features]
    return extent_issues(unary_union(shapes).bounds) if shapes else []


def check(features: Sequence[PlanFeature], ground: Ground | None = None, *, by_norm: bool = True) -> list[Issue]:
    """Run every check of a whole plan; all findings at once.

    A survey may show a part of a plant, without its boundary, and things that stand on each other: there only codes and extent are judged.
    """
    ground = ground or Ground()
    mapped = [feature for feature in features if not KINDS[feature.kind].schematic]
    issues = [*_extent(mapped), *duplicate_codes(features)]
    if not by_norm:
        return issues
    if ground.named:
        issues += empty_layers(features, ground.drawing_kind)
    if mapped:
        issues += [*boundary_issues(mapped), *overlaps(mapped), *_supervised(mapped, ground.drawing_kind)]
        issues += receptor_issues(mapped, ground.rings) if ground.drawing_kind == "D" else []
    return issues
