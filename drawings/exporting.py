"""The way back to CAD: stored features as a drawing by the norm, from which every one of them is read again as it stands."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from ezdxf import xref, zoom
from ezdxf.document import Drawing
from ezdxf.entities.dxfentity import DXFEntity
from ezdxf.entities.dxfgfx import DXFGraphic
from ezdxf.layouts.layout import Modelspace
from shapely.geometry import Polygon
from shapely.geometry.base import BaseGeometry

from drawings.composing import LABEL_SCALE
from drawings.geodata import write_geodata
from drawings.homes import block_for, label_values, layer_for
from drawings.interpret import interpret, interpretation
from drawings.ledger import finding, handle_of
from drawings.native import Shape, lines_of, points_of
from drawings.options import Options
from drawings.read import document_of
from drawings.template import template
from drawings.xdata import BESIDE, FIELDS, said_by, write_beside, write_id
from gis.geometry.curves import SAGITTA_M
from gis.geometry.rings import polygon
from gis.issues import Issue, Place
from gis.kinds import KINDS
from gis.models.drawn import Drawn
from gis.models.plan import PlanFeature
from styles.dxf import bytes_of, fixed_metadata

STANDS_M = 2 * SAGITTA_M
"""A shape that lies this near to the stored outline is still its shape, metres."""
ROOM_M = 0.05
"""How far a label keeps from the edges of what it lies in, where there is room, metres."""
EXACT_M = 1e-6
"""How exactly a feature is read back, metres."""

Attributes = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Export:
    """A drawing on its way back to CAD."""

    content: bytes
    """DXF R2013, UTF-8, EPSG:4545 metres."""
    features: int
    issues: tuple[Issue, ...]
    """What the drawing, read again, does not say as the store does; and what the norm asks for and the store lacks."""


@dataclass(frozen=True, slots=True)
class _Piece:
    """What a feature is drawn as."""

    feature: Drawn
    entities: tuple[DXFEntity, ...]


def _add_polyline(space: Modelspace, shape: Shape, attributes: Attributes) -> DXFGraphic:
    return space.add_lwpolyline([[*row, 0.0][:3] for row in shape["points"]], "xyb", close=bool(shape["closed"]), dxfattribs=attributes)


def _add_circle(space: Modelspace, shape: Shape, attributes: Attributes) -> DXFGraphic:
    return space.add_circle(shape["center"][:2], shape["radius"], dxfattribs=attributes)


def _add_ellipse(space: Modelspace, shape: Shape, attributes: Attributes) -> DXFGraphic:
    return space.add_ellipse(shape["center"][:2], (*shape["major_axis"][:2], 0.0), shape["ratio"], dxfattribs=attributes)


def _add_spline(space: Modelspace, shape: Shape, attributes: Attributes) -> DXFGraphic:
    points = [(x, y, 0.0) for x, y, *_ in shape["control_points"]]
    spline = space.add_spline(degree=int(shape["degree"]), dxfattribs=attributes)
    spline.control_points = points
    spline.knots = shape["knots"]
    spline.weights = shape.get("weights") or []
    return spline


WRITERS: dict[str, Callable[[Modelspace, Shape, Attributes], DXFGraphic]] = {
    "lwpolyline": _add_polyline,
    "circle": _add_circle,
    "ellipse": _add_ellipse,
    "spline": _add_spline,
}


def _straight(xy: BaseGeometry) -> Shape:
    """Return a geometry as polylines: an outline with its holes, or a line."""
    if not isinstance(xy, Polygon):
        return {"type": "lwpolyline", "points": shapely.get_coordinates(xy).tolist(), "closed": False}
    outer, *inner = (
        {"type": "lwpolyline", "points": shapely.get_coordinates(ring)[:-1].tolist(), "closed": True}
        for ring in (xy.exterior, *xy.interiors)
    )
    return {**outer, "holes": inner} if inner else outer


def _flat(shape: Shape, kind: str) -> BaseGeometry:
    """Return the geometry that a native shape draws."""
    outer, *inner = (points_of(line) for line in lines_of(shape))
    if KINDS[kind].geometry == "LineString":
        closed = bool(shape.get("closed"))
        return shapely.LineString(np.vstack([outer, outer[:1]]) if closed else outer)
    return polygon(outer, tuple(inner))


def _stands(flat: BaseGeometry, xy: BaseGeometry) -> bool:
    """Tell whether two geometries draw one line; chords of other lengths have other corners, but each lies on the other's line."""
    return flat.geom_type == xy.geom_type and bool(shapely.hausdorff_distance(flat, xy, densify=0.25) <= STANDS_M)


def standing_shape(feature: Drawn) -> Shape:
    """Return the curves of an area or a line: its own native ones where they still lie where it does, else its outline as stored.

    Parameters
    ----------
    feature : Drawn
        With a shape, a place, or both.
    """
    xy, shape = feature.xy, feature.shape
    if shape is None or shape["type"] not in WRITERS:
        if xy is None:
            raise ValueError(f"{feature.feature_id} has neither a shape nor a place")
        return _straight(xy)
    if xy is None:
        return shape
    return shape if _stands(_flat(shape, feature.kind), xy) else _straight(xy)


def label_spot(area: Polygon, others: Sequence[BaseGeometry]) -> tuple[float, float]:
    """Return where the label of an area goes: inside it, off whatever smaller lies in it, off the edges where there is room."""
    free = area
    for other in others:
        rest = free.difference(other)
        free = rest if rest.area > 0 else free
    inner = free.buffer(-ROOM_M)
    point = (free if inner.is_empty else inner).representative_point()
    return round(point.x, 3), round(point.y, 3)


def _place(feature: Drawn) -> tuple[float, float]:
    """Return the point of a feature that is one."""
    if feature.shape is not None and "point" in feature.shape:
        x, y = feature.shape["point"][:2]
        at = shapely.Point(x, y)
        if feature.xy is None or at.distance(feature.xy) <= STANDS_M:
            return float(x), float(y)
    if feature.xy is None:
        raise ValueError(f"{feature.feature_id} has no place")
    return float(feature.xy.x), float(feature.xy.y)


class Drafter:
    """Draws features into a drawing by the norm."""

    def __init__(self, document: Drawing, features: Sequence[Drawn]) -> None:
        self.space = document.modelspace()
        self.areas = [feature for feature in features if isinstance(feature.xy, Polygon)]
        self.tree = shapely.STRtree([feature.xy for feature in self.areas])

    def draw(self, feature: Drawn) -> tuple[DXFEntity, ...]:
        """Draw one feature: its outline or line, and its label where its kind has one."""
        kind = KINDS[feature.kind]
        block = block_for(kind, feature.attributes)
        layer = layer_for(kind, feature.attributes, block, feature.layer)
        wide = kind.geometry == "LineString" or isinstance(feature.xy, Polygon)
        entities: list[DXFEntity] = []
        if wide:
            shape = standing_shape(feature)
            entities += [WRITERS[line["type"]](self.space, line, {"layer": layer}) for line in lines_of(shape)]
        if block is not None:
            rotation = float((feature.shape or {}).get("rotation") or 0.0) if not wide else 0.0
            at = self._spot(feature) if wide else _place(feature)
            attributes = {"layer": layer, "xscale": LABEL_SCALE, "yscale": LABEL_SCALE, "rotation": rotation}
            entities.append(self.space.add_blockref(block.name, at, dxfattribs=attributes).add_auto_attribs(label_values(feature, block)))
        write_id(entities[0], feature.feature_id)
        return tuple(entities)

    def _spot(self, feature: Drawn) -> tuple[float, float]:
        area = feature.xy
        assert isinstance(area, Polygon)  # noqa: S101 — only areas have labels of their own
        inside = [self.areas[int(i)] for i in self.tree.query(area, predicate="intersects")]
        smaller = [one.xy for one in inside if one is not feature and one.xy is not None and one.xy.area <= area.area]
        return label_spot(area, smaller)


def _beside(wanted: Drawn, read: PlanFeature) -> dict[str, tuple[Any, Any]]:
    """Return what a reader of the drawing takes for something else than it is: field → (read, true)."""
    names = [*FIELDS, *(attribute.name for attribute in KINDS[wanted.kind].attributes)]
    pairs = {name: (said_by(read, name), getattr(wanted, name) if name in FIELDS else wanted.attributes.get(name)) for name in names}
    return {name: pair for name, pair in pairs.items() if not _equal(*pair)}


def _equal(one: Any, other: Any) -> bool:
    if isinstance(one, (int, float)) and isinstance(other, (int, float)):
        return abs(one - other) <= EXACT_M
    return bool(one == other)


def _off(wanted: Drawn, read: PlanFeature) -> float:
    """Return how far a feature read back lies from where it is, metres."""
    if wanted.xy is None:
        return 0.0
    shape = _flat(wanted.shape, wanted.kind) if wanted.shape and wanted.shape["type"] in WRITERS else wanted.xy
    shape = shape if shapely.hausdorff_distance(shape, wanted.xy) <= STANDS_M else wanted.xy
    return float(shapely.hausdorff_distance(shape, read.xy))


def _title(feature: Drawn) -> str:
    return f"{KINDS[feature.kind].label} {feature.code or ''} {feature.name}".replace("  ", " ").strip()


def _again(document: Drawing, pieces: Iterable[_Piece], options: Options) -> list[Issue]:
    """Read the drawing as anybody will, leave beside the norm what it can't say, and return what is still missing."""
    read = {feature.qj_id: feature for feature in interpret(document, options).features}
    issues = []
    for piece in pieces:
        wanted, found = piece.feature, read.get(piece.feature.feature_id)
        if found is None or found.kind != wanted.kind or _off(wanted, found) > STANDS_M:
            hint = "请核对该要素的图形和必填属性，改正后重新导出"
            issues.append(finding("E104", f"{_title(wanted)} 从导出的图中读不回来", hint, Place(handle=handle_of(piece.entities[0]))))
            continue
        beside = _beside(wanted, found)
        if beside and not write_beside(piece.entities[0], beside):
            hint = "请缩短这些属性的文字"
            message = f"{_title(wanted)} 的属性 {'、'.join(beside)} 太长，图中放不下"
            issues.append(finding("W104", message, hint, Place(handle=handle_of(piece.entities[0]))))
    return issues


def _add_notes(document: Drawing, original: tuple[str, bytes], options: Options) -> bool:
    """Copy what the last drawing showed beside its features: texts, dimensions, rings; False where they lie in other coordinates."""
    source, _ = document_of(original[1], original[0])
    if source is None:
        return False
    reading = interpretation(source, options)
    if reading.frame is None or reading.frame.method not in ("norm", "sheet"):
        return False
    kept = {handle for handle, reason in reading.reasons.items() if reason != "重复图元"}
    loader = xref.Loader(source, document, conflict_policy=xref.ConflictPolicy.KEEP)
    loader.load_modelspace(filter_fn=lambda entity: handle_of(entity) in kept)
    loader.execute()
    return True


def export_drawing(features: Sequence[Drawn], *, source_code: str, drawing_kind: str, original: tuple[str, bytes] | None = None) -> Export:
    """Return features as a drawing by the norm that is read back as they stand.

    Each entity carries the feature's identity (XDATA `QJ_ID`); what the norm has no tag for stands beside it (XDATA `QJ_BESIDE`), found by
    reading the drawing before it is handed out. The same features give the same bytes.

    Parameters
    ----------
    features : sequence of Drawn
        As `gis.store.drawn.drawn_features` gives them.
    source_code : str
        22-character source code (HJ 608-2017).
    drawing_kind : str
        A, B, C or D.
    original : tuple of str and bytes, optional
        Name and bytes of the file that was published last: what it shows beside features comes along.
    """
    with fixed_metadata():
        document = template()
        document.appids.add(BESIDE)
        drafter = Drafter(document, features)
        pieces = [_Piece(feature, drafter.draw(feature)) for feature in features]
        options = Options(source_code=source_code, drawing_kind=drawing_kind)
        issues = _again(document, pieces, options)
        if original is not None and not _add_notes(document, original, options):
            hint = "原图不是按规范坐标绘制的，其注记请在原图中查看"
            issues.append(finding("W104", "原图的注记、尺寸未带入", hint, Place(file=original[0])))
        if drawing_kind != "B":
            write_geodata(document)
        zoom.extents(document.modelspace())
        content = bytes_of(document)
    return Export(content, len(pieces), tuple(issues))
