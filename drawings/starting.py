"""A start for the drafter: an empty drawing by the norm, or one with an enterprise's boundary, base picture and permit codes.

What is to be placed stands ready in the paper layouts, on its layers, with its attributes filled in; only the model space is read.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from ezdxf import zoom
from ezdxf.document import Drawing
from ezdxf.enums import TextEntityAlignment
from ezdxf.layouts.layout import Paperspace

from drawings.composing import LABEL_SCALE
from drawings.exporting import WRITERS, Drafter, standing_shape
from drawings.geodata import write_geodata
from drawings.homes import DRAWINGS, HOME_OF, layer_for
from drawings.native import lines_of
from drawings.norm import BLOCKS, LAYERS, Symbol
from drawings.template import TEXT_STYLE, template
from gis.crs import lonlat_to_xy
from gis.errors import Invalid
from gis.models.drawn import Drawn
from gis.store.connect import Transaction
from gis.store.drawn import drawing_version, drawn_features
from gis.store.enterprises import find_enterprise
from gis.store.stored import stored_sets
from styles.dxf import bytes_of, fixed_metadata

BASE_LAYER, TEXT_LAYER = "QJ-X-BASE", "QJ-X-TEXT"
BASE = ("building", "structure", "road", "wall", "green")
"""Kinds that make the base picture."""
SHEET_MM = (420.0, 297.0)
FRAME_MM = (25.0, 5.0, 415.0, 292.0)
"""Left, lower, right and upper edge of the frame of an A3 sheet with a binding edge (GB/T 14689)."""
COLUMNS, ROWS = 9, 12
HEAD_MM = 16.0
SOMEWHERE = (450_400.0, 3_447_700.0)
"""Where an empty drawing opens: in the middle of Dazhou, EPSG:4545 metres."""
NOTE = "制图规范 QJ-DN 1.0：1 图形单位 = 1 米，EPSG:4545 真实坐标，Z = 0；只读模型空间，布局中是可复制的图块"
LISTS = (("outlets", "排放口"), ("units", "产污单元"), ("facilities", "治理设施"))
"""Of a permit, in the order in which they are laid out."""
BY_LETTERS: dict[str, Symbol] = {symbol.code: symbol for symbol in BLOCKS.values() if symbol.code}
"""First letters of a code (HJ 608-2017) → the block of such a thing."""


@dataclass(frozen=True, slots=True)
class Ready:
    """A block that is ready to be copied into the model space."""

    block: Symbol
    caption: str
    values: Mapping[str, str] = field(default_factory=dict)
    """Attribute tag → text."""


def layer_of(symbol: Symbol) -> str:
    """Return the layer that a block belongs on.

    >>> layer_of(BLOCKS["QJ_CEMS"]), layer_of(BLOCKS["QJ_GCP"])
    ('QJ-M-CEMS', 'QJ-X-BASE')
    """
    if symbol.kind is None:
        return symbol.layer or BASE_LAYER
    block = next(block for block in symbol.kind.blocks if block.name == symbol.name)
    return layer_for(symbol.kind, dict(block.implies), block, None)


def palette() -> list[Ready]:
    """Return every block of the norm, in the order of its layers."""
    order = {name: place for place, name in enumerate(LAYERS)}
    return [
        Ready(symbol, f"{symbol.label} {symbol.name}") for symbol in sorted(BLOCKS.values(), key=lambda symbol: order[layer_of(symbol)])
    ]


def permitted(permit: Mapping[str, Any]) -> Iterator[Ready]:
    """Yield a block for each outlet, unit and treatment of a permit whose code says what it is."""
    for name, _ in LISTS:
        for row in permit.get(name) or ():
            code = str(row.get("code") or "").upper()
            symbol = BY_LETTERS.get(code[:2])
            if symbol is None:
                continue
            said = {"CODE": code, "NAME": row.get("name"), "KIND": row.get("class"), "WAY": row.get("way")}
            said |= {"POLL": "、".join(_pollutants(row)), "SRC": permit.get("permit_no")}
            yield Ready(symbol, symbol.label, {tag: str(value) for tag, value in said.items() if value})


def _pollutants(row: Mapping[str, Any]) -> list[str]:
    """Return the pollutants of an outlet: names, or rows that have one."""
    found = row.get("pollutants") or ()
    return [str(one.get("name") or "") if isinstance(one, Mapping) else str(one) for one in found]


def _text(layout: Paperspace, text: str, at: tuple[float, float], height: float, align: TextEntityAlignment) -> None:
    attributes = {"layer": TEXT_LAYER, "style": TEXT_STYLE}
    layout.add_text(text, height=height, dxfattribs=attributes).set_placement(at, align=align)


def _page(document: Drawing, name: str) -> Paperspace:
    if "Layout1" in document.layouts.names():
        document.layouts.rename("Layout1", name)
    layout = document.paperspace(name) if name in document.layouts.names() else document.layouts.new(name)
    layout.page_setup(size=SHEET_MM, margins=(0, 0, 0, 0), units="mm")
    left, low, right, high = FRAME_MM
    frame = layout.add_lwpolyline([(left, low), (right, low), (right, high), (left, high)], close=True)
    frame.dxf.update({"layer": BASE_LAYER, "lineweight": 70})
    _text(layout, name, ((left + right) / 2, high - HEAD_MM / 2), 5.0, TextEntityAlignment.MIDDLE_CENTER)
    return layout


def lay_out(document: Drawing, name: str, rows: Sequence[Ready]) -> None:
    """Put blocks into as many A3 layouts as they need, each on its layer, with its caption below."""
    most = COLUMNS * ROWS
    pages = [rows[at : at + most] for at in range(0, len(rows), most)]
    left, low, right, high = FRAME_MM
    wide, tall = (right - left) / COLUMNS, (high - HEAD_MM - low) / ROWS
    for number, page in enumerate(pages, 1):
        layout = _page(document, name if len(pages) == 1 else f"{name} {number}")
        for place, ready in enumerate(page):
            row, column = divmod(place, COLUMNS)
            x, y = left + (column + 0.5) * wide, high - HEAD_MM - (row + 0.42) * tall
            # As large as it will be in the model space, so that a copy is right as it is.
            attributes = {"layer": layer_of(ready.block), "xscale": LABEL_SCALE, "yscale": LABEL_SCALE}
            values = {tag: ready.values.get(tag, "") for tag in ready.block.tags}
            layout.add_blockref(ready.block.name, (x, y), dxfattribs=attributes).add_auto_attribs(values)
            _text(layout, ready.caption, (x, y - 0.36 * tall), 2.2, TextEntityAlignment.MIDDLE_CENTER)


def _note(document: Drawing, text: str, at: tuple[float, float]) -> None:
    attributes = {"layer": TEXT_LAYER, "style": TEXT_STYLE}
    document.modelspace().add_text(text, height=3.0, dxfattribs=attributes).set_placement(at, align=TextEntityAlignment.BOTTOM_LEFT)


def empty() -> bytes:
    """Return an empty drawing by the norm: layers, line types, text style, every block with its attributes, and the blocks laid out.

    Returns
    -------
    bytes
        DXF R2013, UTF-8.
    """
    with fixed_metadata():
        document = template()
        lay_out(document, "规范图块", palette())
        _note(document, NOTE, SOMEWHERE)
        zoom.extents(document.modelspace())
        return bytes_of(document)


def _base(document: Drawing, features: Sequence[Drawn]) -> None:
    """Draw outlines as a grey base picture, which is not read."""
    space = document.modelspace()
    for feature in features:
        if feature.kind in BASE and feature.xy is not None and feature.xy.geom_type != "Point":
            for line in lines_of(standing_shape(feature)):
                WRITERS[line["type"]](space, line, {"layer": BASE_LAYER})


def start(features: Sequence[Drawn], permit: Mapping[str, Any] | None, middle: tuple[float, float], name: str) -> bytes:
    """Return a drawing to begin with.

    Parameters
    ----------
    features : sequence of Drawn
        What is stored of the enterprise: its boundary is drawn, what `BASE` names becomes the base picture.
    permit : mapping, optional
        The current discharge permit (see `gis.store.permits`).
    middle : tuple of float
        The registered point, EPSG:4545 metres.
    name : str
        Of the enterprise.

    Returns
    -------
    bytes
        DXF R2013, UTF-8, EPSG:4545 metres.
    """
    with fixed_metadata():
        document = template()
        boundary = [feature for feature in features if feature.kind == "site_boundary"]
        _base(document, features)
        drafter = Drafter(document, boundary)
        for feature in boundary:
            drafter.draw(feature)
        if permit and (rows := list(permitted(permit))):
            lay_out(document, "许可证编号", rows)
        lay_out(document, "规范图块", palette())
        bounds = [feature.xy.bounds for feature in boundary if feature.xy is not None]
        corner = (min(row[0] for row in bounds), max(row[3] for row in bounds) + 10) if bounds else middle
        _note(document, f"{name}：{NOTE}", corner)
        write_geodata(document)
        zoom.extents(document.modelspace())
        return bytes_of(document)


def start_of(connection: Transaction, enterprise: str, drawing_kind: str) -> tuple[str, bytes]:
    """Return the file name by the norm, and a drawing to begin with, of a stored enterprise.

    Parameters
    ----------
    connection : Transaction
        Any open transaction.
    enterprise : str
        Credit code or source code.
    drawing_kind : str
        A, C or D; a process (B) is no map, and begins with the empty template or a table.

    Raises
    ------
    Invalid
        No such drawing kind.
    NotFound
        No such enterprise.
    """
    if drawing_kind not in {*DRAWINGS.values()} - {"B"}:
        raise Invalid("kind", f"图种 {drawing_kind} 没有企业底图；可用的有 A、C、D，工艺流程请用表格或空白模板")
    enterprise_id, source_code = find_enterprise(connection, enterprise)
    stored = next(iter(stored_sets(connection, [enterprise_id])), None)
    features = drawn_features(connection, enterprise_id, "A", HOME_OF)
    lonlat = stored.registered if stored else None
    middle = lonlat_to_xy(np.array([lonlat]))[0].tolist() if lonlat else list(SOMEWHERE)
    name = f"{source_code}_{drawing_kind}_v{drawing_version(connection, enterprise_id, drawing_kind) + 1:02d}.dxf"
    return name, start(features, stored.permit if stored else None, (middle[0], middle[1]), stored.name if stored else source_code)
