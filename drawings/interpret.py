"""From a drawing to a site plan: what each entity means by the norm, and what is wrong with it."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import TYPE_CHECKING, Any, Literal
from uuid import UUID

import numpy as np
import shapely
from ezdxf.document import Drawing
from ezdxf.entities.dxfentity import DXFEntity
from ezdxf.entities.insert import Insert
from numpy.typing import NDArray
from shapely.geometry import MultiPolygon, Point
from shapely.geometry.base import BaseGeometry

from drawings.chains import Part, join
from drawings.checks import Ground, check, without_copied_ids
from drawings.curves import anchor
from drawings.frames import Frame
from drawings.georeference import place_drawing
from drawings.labels import Label, attributes_of, code_issues, measures_of, read_label
from drawings.ledger import Ledger, finding, handle_of, layer_of, place_of, whole
from drawings.making import made
from drawings.marks import pair_marks, placed
from drawings.norm import LAYERS, blocks_on
from drawings.options import Options
from drawings.outlines import Outline, is_open, lines_of, outlines_of, read_curves
from drawings.rings import rings_of
from drawings.rules import Rules
from drawings.solids import Pairing, Solid, nest, pair
from drawings.sorting import Found, Item, Sorter, refuse_unknown
from drawings.xdata import id_of, with_beside
from gis.crs import xy_to_lonlat
from gis.issues import Issue, Place, Severity
from gis.kinds import KINDS
from gis.models.plan import PlanFeature, PlanSource, SitePlan

if TYPE_CHECKING:
    from drawings.mapping import Mapping

SEVERITY_ORDER = list(Severity)
SURROUNDINGS = "QJ-R-"
"""Beginning of the names of the norm's layers for what lies around a plant."""
MANY_LABELS = 3
"""Labels of which not one has an attribute were not forgotten: they were lost."""
KIND_ORDER = {name: place for place, name in enumerate(KINDS)}


def _number(entity: DXFEntity) -> tuple[int, str]:
    """Return what sorts handles as the numbers they are."""
    handle = handle_of(entity)
    return len(handle), handle


def _by_handle(entities: Sequence[DXFEntity]) -> list[DXFEntity]:
    """Sort by handle, so that nothing depends on the order in which a program wrote the file."""
    return sorted(entities, key=_number)


def _around(entity: DXFEntity) -> bool:
    return layer_of(entity).startswith(SURROUNDINGS)


def _frame(document: Drawing, found: Found, options: Options, mapping: "Mapping | None") -> Frame:
    if options.drawing_kind == "B":
        # A process is drawn where there is room on the sheet.
        return Frame(known=True, method="sheet")
    symbols, items = found.symbols, [item.entity for item in (*found.areas, *found.lines, *found.spots)]
    # What lies kilometres around a plant says nothing about where that is, nor does it stray.
    if any(not _around(entity) for entity in (*symbols, *items)):
        symbols = [entity for entity in symbols if not _around(entity)]
        items = [entity for entity in items if not _around(entity)]
    places = [point for entity in symbols if (point := anchor(entity)) is not None]
    # Where nothing is to be stored, all that is drawn says where it lies.
    items = items or ([] if places else list(document.modelspace()))
    places += [point for entity in items if (point := anchor(entity)) is not None]
    points = np.array(places, dtype=float).reshape(-1, 2)
    return place_drawing(
        document,
        points[np.all(np.isfinite(points), axis=1)],
        crs=options.crs or (mapping.crs if mapping else None),
        gcp=options.gcp,
        unit=mapping.unit_m if mapping and mapping.unit else None,
        registered=options.registered,
    )


def _again(entity: DXFEntity, what: str, first: str, xy: tuple[float, ...], ledger: Ledger) -> None:
    """Leave out, with a warning, what is drawn a second time in the same place."""
    place = place_of(entity, (xy[0], xy[1]))
    ledger.issues.append(finding("W305", f"{what}重复，与图元 {first} 相同", "请删去一个（OVERKILL）", place))
    ledger.ignore(entity, "重复图元")


def _outlines(items: Sequence[Item], frame: Frame, ledger: Ledger) -> list[Outline]:
    """Read the outlines, joining what is drawn in pieces; a second one in the same place is left out with a warning."""
    whole: list[Part] = []
    pieces: dict[tuple[str, int], list[Part]] = {}
    for item, curve in zip(items, read_curves(items, frame, ledger.issues), strict=True):
        if curve is None:
            ledger.refused.add(handle_of(item.entity))
        elif is_open(curve):
            pieces.setdefault((layer_of(item.entity), id(item.making)), []).append((item, curve))
        else:
            whole.append((item, curve))
    joined = [outline for parts in pieces.values() for outline in join(parts, ledger)]
    kept: dict[tuple[object, ...], Outline] = {}
    outlines = [*outlines_of(whole, ledger), *joined]
    shapes = np.array([outline.polygon for outline in outlines], dtype=object)
    sizes = np.round(np.column_stack([shapely.bounds(shapes), shapely.area(shapes)]), 2)
    for outline, size in zip(outlines, sizes.tolist(), strict=True):
        key = (outline.layer, *size)
        if key not in kept:
            kept[key] = outline
            continue
        for entity in outline.parts or (outline.entity,):
            _again(entity, "轮廓", kept[key].handle, outline.polygon.exterior.coords[0], ledger)
    return list(kept.values())


def _labels(entities: Sequence[Insert], frame: Frame, ledger: Ledger) -> list[Label]:
    """Read the labels and point symbols; a second one in the same place saying the same is left out with a warning."""
    labels = list[Label]()
    for entity in entities:
        label, issues = read_label(entity, frame)
        ledger.issues += issues
        if label is None:
            ledger.refused.add(handle_of(entity))
        else:
            labels.append(label)
    kept: dict[tuple[object, ...], Label] = {}
    places = np.round(np.array([label.xy for label in labels]).reshape(-1, 2), 2)
    for label, place in zip(labels, places.tolist(), strict=True):
        key = (label.layer, label.symbol.name, *place, tuple(sorted(label.values.items())))
        if key in kept:
            _again(label.entity, "标注块", kept[key].handle, label.xy, ledger)
        else:
            kept[key] = label
    return list(kept.values())


def _stripped(labels: Sequence[Label], ledger: Ledger) -> None:
    """Say once, in place of once for each, that no label has an attribute, not even an empty one: a program that writes none saved it."""
    if len(labels) < MANY_LABELS or any(label.values or label.entity.attribs for label in labels):
        return
    ledger.issues = [issue for issue in ledger.issues if issue.code != "E204"]
    hint = "另存它的程序不写块属性（如 ogr2ogr）：请提交原图，或用 CAD 另存"
    first = labels[0]
    ledger.issues.append(finding("E213", f"{len(labels)} 个标注块没有一个属性", hint, place_of(first.entity, first.xy)))


def _left_over(pairing: Pairing, ledger: Ledger) -> None:
    for outline in pairing.unlabelled:
        middle = outline.polygon.representative_point()
        hint = f"请在轮廓内放一个标注块：{'、'.join(blocks_on(LAYERS[outline.layer]))}"
        ledger.refuse(outline.handles, finding("E209", "轮廓内没有标注块", hint, place_of(outline.entity, (middle.x, middle.y))))
    for label in pairing.homeless:
        hint = f"请把标注块放进 {'、'.join(label.kind.layers)} 上的闭合轮廓内"
        ledger.refuse([label.handle], finding("E209", f"标注块 {label.name} 不在任何轮廓内", hint, place_of(label.entity, label.xy)))
    for label in pairing.surplus:
        message = f"同一轮廓内有多个标注块，{label.name} 未采用"
        ledger.refuse([label.handle], finding("E209", message, "每个轮廓内只放一个标注块", place_of(label.entity, label.xy)))


def heights(label: Label, measures: dict[str, float]) -> tuple[float | None, float, float]:
    """Return height, lowest and highest point relative to the ground, metres.

    Buildings and structures stand on BASE (or the ground) and rise HEIGHT. Ponds reach DEPTH below it, their rim HEIGHT above.
    Underground parts have their top at BASE and reach DEPTH further down; their height is their depth.
    """
    base, height, depth = measures.get("BASE", 0.0), measures.get("HEIGHT"), measures.get("DEPTH", 0.0)
    if label.kind.name == "underground_structure":
        return measures.get("DEPTH"), base - depth, base
    bottom = base - depth if label.type == "pond" else base
    return height, bottom, base + (height or 0.0)


def _labelled(label: Label, ledger: Ledger) -> dict[str, Any]:
    """Return the fields of a feature that come from its label."""
    attributes, faults = attributes_of(label)
    measures, more = measures_of(label)
    ledger.issues += [*faults, *more, *code_issues(label)]
    if label.kind.name == "underground_structure" and measures.get("BASE", 0.0) > 0:
        hint = "地下构筑物的 BASE 是顶面标高，应为 0 或负数"
        ledger.issues.append(finding("E204", f"{label.name} 的 BASE 高于地面", hint, place_of(label.entity, label.xy, "BASE")))
    height, z_min, z_max = heights(label, measures)
    return {
        "kind": label.kind.name,
        "code": label.code,
        "name": label.name,
        "height_m": height,
        "z_min_m": z_min,
        "z_max_m": z_max,
        "attributes": attributes,
    }


def _handles(solid: Solid) -> list[str]:
    """Return the handles of all that a solid is drawn of."""
    outlines = [solid.outline, *solid.holes]
    return [*(handle for outline in outlines for handle in outline.handles), *([solid.label.handle] if solid.label else [])]


def _solid_feature(solid: Solid, ledger: Ledger) -> PlanFeature | None:
    label, outline = solid.label, solid.outline
    handles = _handles(solid)
    if not solid.polygon.is_valid:
        places = place_of(solid.holes[0].entity, (solid.holes[0].ring[0][0], solid.holes[0].ring[0][1]))
        ledger.refuse(handles, finding("E302", "内轮廓与外轮廓或另一内轮廓相交", "请修改内轮廓", places))
        return None
    entities = [*(outline.parts or (outline.entity,)), *([label.entity] if label else [])]
    shape = {**outline.shape, "holes": [hole.shape for hole in solid.holes]} if solid.holes else outline.shape
    facts = _labelled(label, ledger) if label else made(Item(outline.entity, outline.making), ledger)
    if facts is None:
        ledger.refused.update(handles)
        return None
    kind = KINDS[facts["kind"]]
    if "diameter_m" in {attribute.name for attribute in kind.attributes} and outline.shape["type"] == "circle":
        facts["attributes"].setdefault("diameter_m", round(2 * outline.shape["radius"], 3))
    joined = tuple(outline.handles) if outline.parts else ()
    source = PlanSource(outline.handle, outline.layer, label.handle if label else None, joined)
    geom: BaseGeometry = solid.polygon
    if kind.geometry == "PolygonZ":
        geom = shapely.force_3d(geom, facts["z_min_m"])
    elif kind.geometry == "MultiPolygon":
        geom = MultiPolygon([geom])
    feature = PlanFeature(geom=geom, xy=geom, shape=shape, source=source, qj_id=id_of(entities, ledger), **facts)
    return with_beside(feature, entities, ledger)


def _point_feature(label: Label, ledger: Ledger) -> PlanFeature:
    point = Point(label.xy)
    source = PlanSource(label.handle, label.layer)
    facts = _labelled(label, ledger)
    feature = PlanFeature(geom=point, xy=point, shape=label.shape, source=source, qj_id=id_of([label.entity], ledger), **facts)
    return with_beside(feature, [label.entity], ledger)


def _spot_feature(item: Item, mark: Item | None, point: Point | None, ledger: Ledger) -> PlanFeature | None:
    """Return the feature of a point, or of a text that may stand beside a point, its mark; `point` is where it stands."""
    stands = mark.entity if mark else item.entity
    facts = made(item, ledger)
    if point is None or facts is None:
        if facts is not None:
            ledger.issues.append(finding("E203", f"{item.entity.dxftype()} 不是点", "请改用点、块或文字", place_of(item.entity)))
        ledger.refused |= {handle_of(item.entity), handle_of(stands)}
        return None
    kind = KINDS[facts["kind"]]
    # What is always a point and has a place on Earth needs no second word about it; a survey has a hundred thousand of them.
    shape = None if kind.geometry == "Point" and not kind.schematic else {"type": "point", "point": [point.x, point.y]}
    source = PlanSource(handle_of(stands), layer_of(stands), handle_of(item.entity) if mark else None)
    return PlanFeature(geom=point, xy=point, shape=shape, source=source, qj_id=id_of([stands, item.entity], ledger), **facts)


def _line_features(items: Sequence[Item], frame: Frame, ledger: Ledger) -> Iterator[tuple[Item, PlanFeature]]:
    """Yield what lines are, each with its entity."""
    curves = read_curves(items, frame, ledger.issues)
    ledger.refuse(handle_of(item.entity) for item, curve in zip(items, curves, strict=True) if curve is None)
    drawn = [(item, curve) for item, curve in zip(items, curves, strict=True) if curve is not None]
    for (item, curve), line in zip(drawn, lines_of(drawn, ledger), strict=True):
        facts = made(item, ledger) if line is not None else None
        if line is None or facts is None:
            ledger.refused.add(handle_of(item.entity))
            continue
        source = PlanSource(handle_of(item.entity), layer_of(item.entity))
        feature = PlanFeature(geom=line, xy=line, shape=curve.shape, source=source, qj_id=id_of([item.entity], ledger), **facts)
        yield item, with_beside(feature, [item.entity], ledger)


def _singles(found: Found, frame: Frame, ledger: Ledger) -> Iterator[tuple[PlanFeature, list[str]]]:
    """Yield the features that are one entity each: lines and spots; a line drawn twice is left out with a warning."""
    lines: dict[tuple[bytes, str], tuple[str, set[UUID | None]]] = {}
    drawn = list(_line_features(found.lines, frame, ledger))
    rounded = shapely.set_precision(np.array([feature.xy for _, feature in drawn], dtype=object), 0.01)
    for (item, feature), key in zip(drawn, shapely.to_wkb(shapely.normalize(rounded)).tolist(), strict=True):
        first, ids = lines.setdefault((key, feature.kind), (handle_of(item.entity), set()))
        # Two that were stored as two are two: pipes of a flow sheet that run both ways.
        if first != handle_of(item.entity) and (feature.qj_id is None or feature.qj_id in ids or None in ids):
            _again(item.entity, "线", first, feature.xy.coords[0], ledger)
            continue
        ids.add(feature.qj_id)
        yield feature, [handle_of(item.entity)]
    spots, marks = pair_marks(found.spots, frame, ledger)
    beside = [marks.get(handle_of(item.entity)) for item in spots]
    places = placed([(mark or item).entity for item, mark in zip(spots, beside, strict=True)], frame)
    for item, mark, point in zip(spots, beside, places, strict=True):
        spot = _spot_feature(item, mark, point, ledger)
        if spot is not None:
            yield spot, [handle_of(one.entity) for one in (item, mark) if one]


def _on_sheet(found: Found) -> list[Item]:
    """Take out of what was found what a mapping makes part of a process, and return it: it is connected by geometry."""

    def schematic(item: Item) -> bool:
        return item.making.rule is not None and item.making.kind is not None and item.making.kind.schematic

    taken = [item for item in (*found.spots, *found.lines) if schematic(item)]
    found.spots = [item for item in found.spots if not schematic(item)]
    found.lines = [item for item in found.lines if not schematic(item)]
    return taken


def _networked(items: Sequence[Item], mapping: "Mapping", ledger: Ledger) -> list[tuple[PlanFeature, list[str]]]:
    """Connect what a mapping makes part of a process."""
    from drawings.process.network import network  # noqa: PLC0415 — only of a process

    return network(items, mapping.network, ledger)


def _features(outlines: list[Outline], labels: list[Label], ledger: Ledger) -> Iterator[tuple[PlanFeature, list[str]]]:
    """Yield each area and each labelled point with the handles of the entities it is made of."""
    pairing = pair(
        [outline for outline in outlines if outline.making.kind is None],
        [label for label in labels if label.kind.solid],
    )
    alone = [label for label in pairing.homeless if label.kind.geometry == "Geometry"]
    _left_over(replace(pairing, homeless=tuple(label for label in pairing.homeless if label.kind.geometry != "Geometry")), ledger)
    plain = nest([outline for outline in outlines if outline.making.kind is not None and outline.making.rule is None])
    mapped = [Solid(outline, (), None, outline.polygon) for outline in outlines if outline.making.rule is not None]
    for solid in (*plain, *mapped, *pairing.solids):
        feature = _solid_feature(solid, ledger)
        if feature is not None:
            yield feature, _handles(solid)
    for label in (*alone, *(label for label in labels if not label.kind.solid)):
        yield _point_feature(label, ledger), [label.handle]


def _ordered(features: Sequence[PlanFeature]) -> list[PlanFeature]:
    """Sort features by kind, code, name and place."""
    shapes = np.array([feature.xy for feature in features], dtype=object)
    wide = shapely.get_type_id(shapes) != shapely.GeometryType.POINT
    # A point is its own place: of a survey's hundred thousand spots no second ones are made.
    shapes[wide] = shapely.point_on_surface(shapes[wide])
    x, y = shapely.get_coordinates(shapes).round(2).T
    alike: defaultdict[tuple[int, str, str], list[int]] = defaultdict(list)
    for index, feature in enumerate(features):
        alike[KIND_ORDER[feature.kind], feature.code or "\uffff", feature.name].append(index)
    groups = (np.array(alike[key]) for key in sorted(alike))
    return [features[index] for group in groups for index in group[np.lexsort((y[group], x[group]))].tolist()]


def _issue_order(issue: Issue) -> tuple[object, ...]:
    place: Place = issue.place
    return SEVERITY_ORDER.index(issue.severity), issue.code, place.layer or "", place.xy or (0.0, 0.0), place.field or "", issue.message


def _lonlat(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Unproject points and leave their heights, where they have any."""
    return np.column_stack([xy_to_lonlat(points[:, :2]), points[:, 2:]])


def _place(features: list[PlanFeature]) -> None:
    """Give each feature of a list its place on Earth; what is drawn on a process flow has none."""
    on_map = [index for index, feature in enumerate(features) if not KINDS[feature.kind].schematic]
    shapes = shapely.transform(np.array([features[index].xy for index in on_map], dtype=object), _lonlat, include_z=None)
    # In place, as nobody else has seen them: of a hundred thousand features there is no second set.
    for index, shape in zip(on_map, shapes, strict=True):
        object.__setattr__(features[index], "geom", shape)


@dataclass(frozen=True, slots=True)
class Reading:
    """A site plan, and what became of each entity."""

    plan: SitePlan
    frame: Frame | None = None
    """Where the drawing lies; None where it could not be read."""
    stored: frozenset[str] = frozenset()
    """Handles."""
    refused: frozenset[str] = frozenset()
    kinds: dict[str, str] = field(default_factory=dict)
    """Handle of what is stored, or would be if the drawing had a place → kind; of an exploded block, the kind of its last part."""
    reasons: dict[str, str] = field(default_factory=dict)
    """Handle of what is ignored → why."""
    mapping: "Mapping | None" = None
    """What it was read by, beside the norm."""

    def fate(self, handle: str) -> Literal["stored", "ignored", "refused"]:
        """Return what became of an entity."""
        return "stored" if handle in self.stored else "refused" if handle in self.refused else "ignored"


def _as_left(entities: Sequence[DXFEntity]) -> Callable[[PlanFeature], PlanFeature]:
    """Return what takes up once more what an export left beside an arrow: what it leads from and to is known only when all is read."""
    drawn = {handle_of(entity): [entity] for entity in entities}
    # What can't be read was complained about when the arrow was.
    return lambda arrow: with_beside(arrow, drawn.get(arrow.source.handle, ()), Ledger())


def interpretation(
    document: Drawing, options: Options | None = None, *, file_name: str = "", sha256: str = "", mapping: "Mapping | None" = None
) -> Reading:
    """Return the site plan that a drawing shows, with the fate of each entity, by a mapping's rules and else by the norm.

    Each entity of the model space is accounted for: stored, ignored with a reason, or refused with an issue. Nothing depends on the order
    of the entities. Where the place of the drawing is unknown no feature is handed on, but everything is checked all the same.

    Parameters
    ----------
    document : Drawing
        As read; it is not changed.
    options : Options
        Whose drawing it is, of which kind, and what is known of its place.
    file_name, sha256 : str
        Where the document came from.
    mapping : Mapping, optional
        What layers, blocks and texts mean where the drawing is not by the norm.
    """
    options = options or Options()
    entities = _by_handle(list(document.modelspace()))
    ledger = Ledger()
    found = Sorter(ledger, Rules(mapping, document) if mapping else None).share(entities)
    refuse_unknown(found, ledger)
    frame = _frame(document, found, options, mapping)
    ledger.issues += frame.issues
    on_sheet = _on_sheet(found) if mapping and options.drawing_kind == "B" else []
    outlines = _outlines(found.areas, frame, ledger)
    labels = _labels(found.symbols, frame, ledger)
    features, kinds = list[PlanFeature](), dict[str, str]()
    networked = _networked(on_sheet, mapping, ledger) if mapping and on_sheet else []
    for feature, handles in chain(_features(outlines, labels, ledger), _singles(found, frame, ledger), networked):
        features.append(feature)
        kinds.update(dict.fromkeys(map(whole, handles), feature.kind))
    _stripped(labels, ledger)
    # What is sorted, and what the drawing is made of, is not needed twice.
    del found, outlines, labels
    features, copied = without_copied_ids(_ordered(features))
    if options.drawing_kind == "B":
        from drawings.process.drawn import connected  # noqa: PLC0415 — only of a process

        features, lacking = connected(features, _as_left(entities))
        ledger.issues += lacking
    ground = Ground(options.drawing_kind or "A", named=options.drawing_kind is not None, rings=rings_of(entities, frame))
    ledger.issues += [*copied, *check(features, ground, by_norm=mapping is None)]
    if frame.known:
        _place(features)
    else:
        ledger.refused.update(kinds)
        features = []
    stored = ledger.close(kinds if frame.known else ())
    plan = SitePlan(
        drawing_kind=options.drawing_kind or "A",
        source_code=options.source_code,
        file_name=file_name,
        sha256=sha256,
        features=tuple(features),
        issues=tuple(sorted(ledger.issues, key=_issue_order)),
        counts=ledger.counts(len(entities), stored),
        ignored_by=ledger.ignored_by(),
    )
    return Reading(plan, frame, frozenset(stored), frozenset(ledger.refused), kinds, ledger.ignored, mapping)


def interpret(document: Drawing, options: Options | None = None, *, file_name: str = "", sha256: str = "") -> SitePlan:
    """Return the site plan that a drawing by the norm shows; parameters as for `interpretation`."""
    return interpretation(document, options, file_name=file_name, sha256=sha256).plan
