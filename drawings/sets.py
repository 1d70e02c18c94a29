"""The drawings of one enterprise side by side, and against its permit: the same code in the same place, saying the same."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

from shapely import unary_union
from shapely.geometry.base import BaseGeometry

from drawings.checks import place_of, things_of, title
from drawings.ledger import finding
from drawings.process.drawn import beside_plan
from gis.clock import BEIJING
from gis.issues import Issue, Place
from gis.kinds import KINDS
from gis.models.plan import PlanFeature, SitePlan
from gis.models.sheet import TITLES
from gis.supervision.review import review
from gis.supervision.thing import Found, Thing

SAME_PLACE_M = 0.5
"""How far a thing may be from itself on another drawing, metres."""
SAME_VALUE = 1e-3
OWED: dict[tuple[str, str], tuple[str, ...]] = {
    ("A", "C"): ("outlet",),
    ("C", "A"): ("outlet", "production_unit", "treatment_facility"),
}
"""What of one drawing must stand on another."""
LOOKED_AT = {"E401", "E403", "E404", "E405", "W406"}
"""Codes that each drawing was asked for by itself."""


@dataclass(frozen=True, slots=True)
class Permit:
    """The current discharge permit of an enterprise."""

    document: Mapping[str, Any]
    recorded: datetime | None = None
    """When this version was registered."""


@dataclass(frozen=True, slots=True)
class Set:
    """The drawings that there are of one enterprise."""

    plans: tuple[SitePlan, ...]
    permit: Permit | None = None
    published: Mapping[str, datetime] = field(default_factory=dict)
    """Kind of drawing → when the stored file first came."""

    @property
    def kinds(self) -> frozenset[str]:
        """Kinds of the drawings that could be read and placed."""
        return frozenset(plan.drawing_kind for plan in self.plans if plan.features)


def _keyed(plan: SitePlan) -> dict[tuple[str, str], PlanFeature]:
    return {(one.kind, one.code): one for one in plan.features if one.code and not KINDS[one.kind].schematic}


def _apart(one: BaseGeometry, other: BaseGeometry) -> float:
    """Return how far two drawn shapes are from being one, metres."""
    return float(one.hausdorff_distance(other))


def _in(plan: SitePlan, place: Place) -> Place:
    return replace(place, file=plan.file_name)


def _differences(one: PlanFeature, other: PlanFeature, of: str) -> Iterator[str]:
    """Yield what two drawings say differently of one thing, where both say something."""
    labels = {attribute.name: attribute.label for attribute in KINDS[one.kind].attributes}
    said: list[tuple[str, object, object]] = [("名称", one.name, other.name), ("高度", one.height_m, other.height_m)]
    said += [(label, one.attributes.get(name), other.attributes.get(name)) for name, label in labels.items()]
    for label, here, there in said:
        if here is None or there is None:
            continue
        if not _same(here, there):
            yield f"{label}此处为 {there}、{of}上为 {here}"


def _same(here: object, there: object) -> bool:
    if isinstance(here, (int, float)) and isinstance(there, (int, float)):
        return abs(here - there) <= SAME_VALUE
    return here == there


def _boundary(plan: SitePlan) -> BaseGeometry:
    return unary_union([one.xy for one in plan.features if one.kind == "site_boundary"])


def _compared(first: SitePlan, other: SitePlan) -> Iterator[Issue]:
    """Yield what differs between two drawings; the first is what people go by."""
    of = TITLES[first.drawing_kind]
    here, there = _boundary(first), _boundary(other)
    if not here.is_empty and not there.is_empty and (apart := _apart(here, there)) > SAME_PLACE_M:
        yield finding("E801", f"厂界与{of}相差 {apart:.1f} m", "请以平面图为准改正", Place(file=other.file_name, layer="QJ-A-BOUND"))
    known, shown = _keyed(first), _keyed(other)
    for key, feature in shown.items():
        same = known.get(key)
        if same is None:
            continue
        if (apart := _apart(same.xy, feature.xy)) > SAME_PLACE_M:
            yield finding("E801", f"{title(feature)} 与{of}上相差 {apart:.1f} m", "请以平面图为准改正", _in(other, place_of(feature)))
        if told := "；".join(_differences(same, feature, of)):
            message = f"{title(feature)}：{told}"
            yield finding("E802", message, "请核对后改正其一", _in(other, place_of(feature, field="CODE")))
    yield from _owed(first, other, known, shown)
    yield from _owed(other, first, shown, known)


def _owed(
    one: SitePlan, other: SitePlan, known: Mapping[tuple[str, str], PlanFeature], shown: Mapping[tuple[str, str], PlanFeature]
) -> Iterator[Issue]:
    """Yield what stands on one drawing and has to stand on the other, and does not."""
    here, there = TITLES[one.drawing_kind], TITLES[other.drawing_kind]
    for key, feature in known.items():
        if key not in shown and key[0] in OWED.get((one.drawing_kind, other.drawing_kind), ()):
            message = f"{KINDS[key[0]].label} {title(feature)} 在{here}上有，{there}上没有"
            yield finding("E803", message, "请补画，或从另一张图上删去", _in(one, place_of(feature)))


def consistency(plans: Sequence[SitePlan]) -> list[Issue]:
    """Return where the drawings of an enterprise contradict each other (E801–E803)."""
    ordered = sorted((plan for plan in plans if plan.features), key=lambda plan: plan.drawing_kind)
    return [issue for number, first in enumerate(ordered) for other in ordered[number + 1 :] for issue in _compared(first, other)]


def _process_units(plans: Sequence[SitePlan]) -> list[Issue]:
    """Return the production units that a process names and no site plan shows (E503)."""
    shown = [one.code for plan in plans if plan.drawing_kind == "A" for one in plan.features if one.code]
    if not any(plan.drawing_kind == "A" and plan.features for plan in plans):
        return []
    return [
        replace(issue, place=_in(plan, issue.place))
        for plan in plans
        if plan.drawing_kind == "B"
        for issue in beside_plan(plan.features, frozenset(shown))
    ]


def things_in(plans: Sequence[SitePlan]) -> list[Thing]:
    """Return the things on several drawings, each once, with the file that shows it first."""
    found: dict[tuple[object, ...], Thing] = {}
    for plan in sorted(plans, key=lambda plan: plan.drawing_kind):
        for thing in things_of([one for one in plan.features if not KINDS[one.kind].schematic]):
            key = (thing.kind, thing.code) if thing.code else (thing.kind, thing.name, thing.xy.wkb)
            found.setdefault(key, replace(thing, place=_in(plan, thing.place)))
    return list(found.values())


def _stale(one: Set) -> Iterator[Issue]:
    """Yield the drawings that are older than the permit that holds now."""
    if one.permit is None:
        return
    begins = str(one.permit.document.get("valid_from") or "")
    for plan in one.plans:
        came = one.published.get(plan.drawing_kind)
        if came is None:
            continue
        later = one.permit.recorded is not None and one.permit.recorded > came
        if later or (begins and date.fromisoformat(begins) > came.astimezone(BEIJING).date()):
            said = f"{TITLES[plan.drawing_kind]}（{came.astimezone(BEIJING):%Y-%m-%d %H:%M} 入库）早于现行排污许可证"
            yield finding("E605", said, "请按现行许可证核对后出新版图纸", Place(file=plan.file_name))


def findings_of(one: Set) -> list[Found]:
    """Return what the inspector must see of a set (see `gis.supervision.review`)."""
    return review(things_in(one.plans), one.kinds, one.permit.document if one.permit else None)


def check_set(one: Set) -> list[Issue]:
    """Return what only several drawings, or drawings and permit, show together; what one drawing shows by itself is in its own issues."""
    seen = {(issue.code, issue.message) for plan in one.plans for issue in plan.issues}
    more = [found.issue() for found in findings_of(one)]
    more = [issue for issue in more if issue.code not in LOOKED_AT or (issue.code, issue.message) not in seen]
    return [*consistency(one.plans), *_process_units(one.plans), *_stale(one), *more]
