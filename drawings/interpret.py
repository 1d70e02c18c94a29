"""From a drawing to a site plan: what each entity means by the norm, and what is wrong with it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import numpy as np
import shapely
from ezdxf.document import Drawing
from ezdxf.entities.dxfentity import DXFEntity
from ezdxf.entities.insert import Insert
from shapely.geometry import Point

from drawings.checks import check, without_copied_ids
from drawings.georeference import Frame, frame_of, unit_issues
from drawings.labels import Label, attributes_of, code_issues, measures_of, read_label
from drawings.ledger import Ledger, finding, handle_of, layer_of, place_of, printable
from drawings.norm import APPID, LAYERS, Layer, blocks_on
from drawings.outlines import Outline, curve_of, read_outline
from drawings.solids import Pairing, Solid, nest, pair
from gis.crs import xy_to_lonlat
from gis.issues import Issue, Place, Severity
from gis.kinds import KINDS
from gis.models.plan import PlanFeature, PlanSource, SitePlan

DECORATION = {
    "HATCH": "填充",
    "MPOLYGON": "填充",
    "SOLID": "填充",
    "TEXT": "注记文字（属性以标注块为准）",
    "MTEXT": "注记文字（属性以标注块为准）",
    "DIMENSION": "尺寸与引线",
    "LEADER": "尺寸与引线",
    "MULTILEADER": "尺寸与引线",
    "WIPEOUT": "遮罩与图像",
    "IMAGE": "遮罩与图像",
    "VIEWPORT": "视口",
}
"""Entities that decorate any layer and carry no facts: type → reason for leaving them out."""
SEVERITY_ORDER = list(Severity)


@dataclass(slots=True)
class _Sorted:
    """The entities that carry facts, by what they can be."""

    outlines: list[DXFEntity]
    symbols: list[Insert]


def _by_handle(entities: Sequence[DXFEntity]) -> list[DXFEntity]:
    """Sort by handle, so that nothing depends on the order in which a program wrote the file."""
    return sorted(entities, key=lambda entity: (len(handle_of(entity)), handle_of(entity)))


def _sort_entity(entity: DXFEntity, layer: Layer, ledger: Ledger, found: _Sorted) -> None:
    kind_of_entity = entity.dxftype()
    if not layer.kinds:
        ledger.ignore(entity, f"{layer.name} {layer.label}：暂不入库")
    elif kind_of_entity in DECORATION:
        ledger.ignore(entity, DECORATION[kind_of_entity])
    elif kind_of_entity == "ACAD_PROXY_ENTITY":
        hint = "请在原软件中“图形导出”或炸开后另存"
        ledger.refuse([handle_of(entity)], finding("W105", "代理图元（第三方软件对象）无法读取", hint, place_of(entity)))
    elif isinstance(entity, Insert):
        found.symbols.append(entity)
    elif any(kind.geometry == "Polygon" for kind in layer.kinds):
        found.outlines.append(entity)
    else:
        hint = f"图层 {layer.name}（{layer.label}）只放：{'、'.join(blocks_on(layer))}"
        ledger.refuse([handle_of(entity)], finding("E203", f"{kind_of_entity} 不是规范的点位块", hint, place_of(entity)))


def _sort(entities: Sequence[DXFEntity], ledger: Ledger) -> _Sorted:
    """Share out the entities by layer and type; unknown layers are refused, one issue a layer."""
    found = _Sorted([], [])
    unknown: dict[str, list[DXFEntity]] = {}
    for entity in entities:
        layer = LAYERS.get(layer_of(entity))
        if layer is None:
            unknown.setdefault(layer_of(entity), []).append(entity)
        else:
            _sort_entity(entity, layer, ledger, found)
    for name, rows in unknown.items():
        issue = finding(
            "E201", f"图层 {printable(name)} 不在规范内，其上 {len(rows)} 个图元未采用", "请改到规范图层，或删去", place_of(rows[0])
        )
        ledger.refuse((handle_of(entity) for entity in rows), issue)
    return found


def _frame(found: _Sorted) -> Frame:
    places = [entity.ocs().to_wcs(entity.dxf.insert).xyz[:2] for entity in found.symbols]
    for entity in found.outlines:
        curve = curve_of(entity, 0.0)
        if curve is not None and len(curve.ring):
            places.append((float(curve.ring[0][0]), float(curve.ring[0][1])))
    points = np.array(places, dtype=float).reshape(-1, 2)
    return frame_of(points[np.all(np.isfinite(points), axis=1)])


def _outlines(entities: Sequence[DXFEntity], offset_east: float, ledger: Ledger) -> list[Outline]:
    """Read the outlines; a second one in the same place is left out with a warning."""
    kept: dict[tuple[object, ...], Outline] = {}
    for entity in entities:
        outline, issues = read_outline(entity, offset_east)
        ledger.issues += issues
        if outline is None:
            ledger.refused.add(handle_of(entity))
            continue
        shape = outline.polygon
        key = (outline.layer, *np.round([*shape.bounds, shape.area], 2).tolist())
        if key in kept:
            message = f"轮廓重复，与图元 {kept[key].handle} 相同"
            ledger.issues.append(finding("W305", message, "请删去一个（OVERKILL）", place_of(entity, shape.exterior.coords[0])))
            ledger.ignore(entity, "重复图元")
        else:
            kept[key] = outline
    return list(kept.values())


def _labels(entities: Sequence[Insert], offset_east: float, ledger: Ledger) -> list[Label]:
    """Read the labels and point symbols; a second one in the same place saying the same is left out with a warning."""
    kept: dict[tuple[object, ...], Label] = {}
    for entity in entities:
        label, issues = read_label(entity, offset_east)
        ledger.issues += issues
        if label is None:
            ledger.refused.add(handle_of(entity))
            continue
        key = (label.layer, label.symbol.name, *np.round(label.xy, 2).tolist(), tuple(sorted(label.values.items())))
        if key in kept:
            message = f"标注块重复，与图元 {kept[key].handle} 相同"
            ledger.issues.append(finding("W305", message, "请删去一个（OVERKILL）", place_of(entity, label.xy)))
            ledger.ignore(entity, "重复图元")
        else:
            kept[key] = label
    return list(kept.values())


def _left_over(pairing: Pairing, ledger: Ledger) -> None:
    for outline in pairing.unlabelled:
        middle = outline.polygon.representative_point()
        hint = f"请在轮廓内放一个标注块：{'、'.join(blocks_on(LAYERS[outline.layer]))}"
        ledger.refuse([outline.handle], finding("E209", "轮廓内没有标注块", hint, place_of(outline.entity, (middle.x, middle.y))))
    for label in pairing.homeless:
        hint = f"请把标注块放进 {'、'.join(label.kind.layers)} 上的闭合轮廓内"
        ledger.refuse([label.handle], finding("E209", f"标注块 {label.name} 不在任何轮廓内", hint, place_of(label.entity, label.xy)))
    for label in pairing.surplus:
        message = f"同一轮廓内有多个标注块，{label.name} 未采用"
        ledger.refuse([label.handle], finding("E209", message, "每个轮廓内只放一个标注块", place_of(label.entity, label.xy)))


def _qj_id(entities: Sequence[DXFEntity], ledger: Ledger) -> UUID | None:
    """Return the first `QJ_ID` that an export left in the XDATA of these entities."""
    for entity in entities:
        if not entity.has_xdata(APPID):
            continue
        for tag in entity.get_xdata(APPID):
            if tag.code == 1000:
                try:
                    return UUID(str(tag.value))
                except ValueError:
                    ledger.issues.append(finding("W209", "QJ_ID 不是有效的标识，已不采用", "无需处理", place_of(entity)))
    return None


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


def _solid_feature(solid: Solid, ledger: Ledger) -> PlanFeature | None:
    label, outline = solid.label, solid.outline
    handles = [outline.handle, *(hole.handle for hole in solid.holes), *([label.handle] if label else [])]
    if not solid.polygon.is_valid:
        places = place_of(solid.holes[0].entity, (solid.holes[0].ring[0][0], solid.holes[0].ring[0][1]))
        ledger.refuse(handles, finding("E302", "内轮廓与外轮廓或另一内轮廓相交", "请修改内轮廓", places))
        return None
    entities = [outline.entity, *([label.entity] if label else [])]
    shape = {**outline.shape, "holes": [hole.shape for hole in solid.holes]} if solid.holes else outline.shape
    facts: dict[str, Any] = _labelled(label, ledger) if label else {"kind": "site_boundary", "code": None, "name": "厂界"}
    names = {attribute.name for attribute in KINDS[facts["kind"]].attributes}
    if "diameter_m" in names and outline.shape["type"] == "circle":
        facts["attributes"].setdefault("diameter_m", round(2 * outline.shape["radius"], 3))
    source = PlanSource(outline.handle, outline.layer, label.handle if label else None)
    return PlanFeature(geom=solid.polygon, xy=solid.polygon, shape=shape, source=source, qj_id=_qj_id(entities, ledger), **facts)


def _point_feature(label: Label, ledger: Ledger) -> PlanFeature:
    point = Point(label.xy)
    shape = {"type": "insert", "point": list(label.xy), "block": label.symbol.name, "rotation": float(label.entity.dxf.rotation)}
    source = PlanSource(label.handle, label.layer)
    return PlanFeature(geom=point, xy=point, shape=shape, source=source, qj_id=_qj_id([label.entity], ledger), **_labelled(label, ledger))


def _features(outlines: list[Outline], labels: list[Label], ledger: Ledger) -> Iterator[tuple[PlanFeature, list[str]]]:
    """Yield each feature with the handles of the entities it is made of."""
    pairing = pair(
        [outline for outline in outlines if blocks_on(LAYERS[outline.layer])],
        [label for label in labels if label.kind.geometry == "Polygon"],
    )
    _left_over(pairing, ledger)
    plain = nest([outline for outline in outlines if not blocks_on(LAYERS[outline.layer])])
    for solid in (*plain, *pairing.solids):
        feature = _solid_feature(solid, ledger)
        if feature is not None:
            handles = [solid.outline.handle, *(hole.handle for hole in solid.holes)]
            yield feature, [*handles, solid.label.handle] if solid.label else handles
    for label in labels:
        if label.kind.geometry == "Point":
            yield _point_feature(label, ledger), [label.handle]


def _order(feature: PlanFeature) -> tuple[object, ...]:
    point = feature.xy.representative_point()
    return list(KINDS).index(feature.kind), feature.code or "\uffff", feature.name, round(point.x, 2), round(point.y, 2)


def _issue_order(issue: Issue) -> tuple[object, ...]:
    place: Place = issue.place
    return SEVERITY_ORDER.index(issue.severity), issue.code, place.layer or "", place.xy or (0.0, 0.0), place.field or "", issue.message


def interpret(
    document: Drawing, *, source_code: str | None = None, file_name: str = "", sha256: str = "", drawing_kind: str = "A"
) -> SitePlan:
    """Return the site plan that a drawing by the norm shows.

    Each entity of the model space is accounted for: stored, ignored with a reason, or refused with an issue. Nothing depends on the order
    of the entities. Where the place of the drawing is unknown no feature is handed on, but everything is checked all the same.

    Parameters
    ----------
    document : Drawing
        As read; it is not changed.
    source_code : str or None
        22-character source code (HJ 608-2017).
    file_name, sha256, drawing_kind : str
        Where the document came from.
    """
    entities = _by_handle(list(document.modelspace()))
    ledger = Ledger(issues=unit_issues(int(document.header.get("$INSUNITS", 0))))
    found = _sort(entities, ledger)
    frame = _frame(found)
    ledger.issues += frame.issues
    outlines = _outlines(found.outlines, frame.offset_east, ledger)
    labels = _labels(found.symbols, frame.offset_east, ledger)
    pieces = list(_features(outlines, labels, ledger))
    stored = {handle for _, handles in pieces for handle in handles}
    features, copied = without_copied_ids(sorted((feature for feature, _ in pieces), key=_order))
    ledger.issues += [*copied, *check(features)]
    if frame.known:
        features = [replace(feature, geom=shapely.transform(feature.xy, xy_to_lonlat)) for feature in features]
    else:
        ledger.refused |= stored
        features, stored = [], set()
    return SitePlan(
        drawing_kind=drawing_kind,
        source_code=source_code,
        file_name=file_name,
        sha256=sha256,
        features=tuple(features),
        issues=tuple(sorted(ledger.issues, key=_issue_order)),
        counts=ledger.counts(len(entities), stored),
        ignored_by=ledger.ignored_by(),
    )
