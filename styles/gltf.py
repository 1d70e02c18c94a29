"""For programs that draw in 3D: a glTF material for each kind and type, and the symbols as billboards out of one atlas.

Format: glTF 2.0 (ISO/IEC 12113:2022) with KHR_materials_unlit. Metres, y up; a billboard faces +z, its anchor at the node's origin.
"""

import base64
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gis.kinds import KINDS
from styles.canvas import SIDE, picture
from styles.library import symbols, type_labels
from styles.palette import Theme
from styles.sprite import png
from styles.svg import file_name
from styles.symbol import GRID, MARGIN, STATES, Symbol
from styles.tokens import ROUGHNESS, Rgb, linear, rgb, scene_colour, tokens

CELL, EDGE = 128, 4
"""Side of a symbol's place in the atlas and the clear edge around its picture, pixels: neighbours stay apart in smaller pictures of it."""
COLUMNS = 32
"""Of the atlas, which is 4 096 pixels wide."""
BILLBOARD_M = 2.0
"""Height of the grid of a symbol that says none of its own."""
APART_M = 1.5
"""Between two samples of materials."""
FLOAT, USHORT = 5126, 5123
ARRAY_BUFFER, ELEMENT_ARRAY_BUFFER = 34962, 34963
CLAMP_TO_EDGE, LINEAR, LINEAR_MIPMAP_LINEAR = 33071, 9729, 9987
CUBE = np.array([[x, y, z] for x in (-0.5, 0.5) for y in (0.0, 1.0) for z in (-0.5, 0.5)])
SIDES = ((0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3))
"""Corners of a cube's sides, counter-clockwise from outside."""


class _Buffer:
    """Numbers of a glTF document, one view an array."""

    def __init__(self) -> None:
        self.data = bytearray()
        self.views: list[dict[str, Any]] = []
        self.accessors: list[dict[str, Any]] = []

    def add(self, values: NDArray[np.float32] | NDArray[np.uint16]) -> int:
        """Append an array, (n,) indices or (n, 2 or 3) vertices; return its accessor."""
        corners = values.ndim == 2
        self.views.append(
            {
                "buffer": 0,
                "byteOffset": len(self.data),
                "byteLength": values.nbytes,
                "target": ARRAY_BUFFER if corners else ELEMENT_ARRAY_BUFFER,
            }
        )
        kind = f"VEC{values.shape[1]}" if corners else "SCALAR"
        row = {"bufferView": len(self.views) - 1, "componentType": FLOAT if corners else USHORT, "count": len(values), "type": kind}
        if kind == "VEC3":
            row |= {"min": values.min(axis=0).tolist(), "max": values.max(axis=0).tolist()}
        self.accessors.append(row)
        self.data += values.tobytes() + bytes(-values.nbytes % 4)
        return len(self.accessors) - 1

    @property
    def parts(self) -> dict[str, Any]:
        """What a document says of it."""
        text = base64.b64encode(self.data).decode()
        whole = {"byteLength": len(self.data), "uri": f"data:application/octet-stream;base64,{text}"}
        return {"buffers": [whole], "bufferViews": self.views, "accessors": self.accessors}


def _document(buffer: _Buffer, parts: dict[str, Any]) -> str:
    document = {"asset": {"version": "2.0", "generator": "quanjing"}, "scene": 0} | parts | buffer.parts
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")) + "\n"


def _grid(count: int, apart: float) -> Iterator[list[float]]:
    """Yield places on a square board that stands upright, from its upper left."""
    columns = int(np.ceil(np.sqrt(count)))
    for number in range(count):
        yield [number % columns * apart, -(number // columns) * apart, 0.0]


def _painted() -> Iterator[tuple[str, str, Rgb]]:
    """Yield name, Chinese label and colour of each material: of kinds that have a body, and of their types."""
    for kind, row in KINDS.items():
        if row.form != "none":
            yield kind, row.label, scene_colour(kind)
            for type_, label in type_labels(kind).items():
                yield f"{kind}.{type_}", f"{row.label}：{label}", scene_colour(kind, type_)
    yield "massing", "体块", rgb(tokens()["scene"]["massing"])


def materials() -> str:
    """Return a document with a material for each kind and type, `<kind>` and `<kind>.<type>`, each on a cube of 1 m."""
    buffer = _Buffer()
    corners = CUBE[np.array(SIDES)]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    places = buffer.add(corners.reshape(-1, 3).astype(np.float32))
    facing = buffer.add(np.repeat(normals, 4, axis=0).astype(np.float32))
    faces = buffer.add((np.arange(6)[:, None] * 4 + np.array([0, 1, 2, 0, 2, 3])).ravel().astype(np.uint16))
    rows = list(_painted())
    paints = [
        {
            "name": name,
            "pbrMetallicRoughness": {"baseColorFactor": linear(colour), "metallicFactor": 0.0, "roughnessFactor": ROUGHNESS},
            "extras": {"label": label},
        }
        for name, label, colour in rows
    ]
    primitive = {"attributes": {"POSITION": places, "NORMAL": facing}, "indices": faces}
    meshes = [{"name": row[0], "primitives": [primitive | {"material": number}]} for number, row in enumerate(rows)]
    nodes = [
        {"name": row[0], "mesh": number, "translation": place}
        for number, (row, place) in enumerate(zip(rows, _grid(len(rows), APART_M), strict=True))
    ]
    scenes = [{"nodes": list(range(len(nodes)))}]
    return _document(buffer, {"scenes": scenes, "nodes": nodes, "meshes": meshes, "materials": paints})


@dataclass(frozen=True, slots=True)
class Place:
    """Where a picture lies in the atlas, pixels from its upper left corner."""

    name: str
    symbol: Symbol
    x: int
    y: int


@dataclass(frozen=True, slots=True)
class Atlas:
    """The symbols in all states as one texture."""

    rgba: NDArray[np.uint8]
    """(height, width, 4), straight alpha."""
    places: tuple[Place, ...]

    @property
    def size(self) -> tuple[int, int]:
        """Width and height, pixels."""
        return self.rgba.shape[1], self.rgba.shape[0]


def atlas(theme: Theme) -> Atlas:
    """Return all symbols in all states, `<symbol>` and `<symbol>.<state>`, as one texture whose sides are powers of two."""
    wanted = [(symbol, state) for symbol in symbols().values() for state in STATES]
    rows = 2 ** int(np.ceil(np.log2(-(-len(wanted) // COLUMNS))))
    rgba = np.zeros((rows * CELL, COLUMNS * CELL, 4), np.uint8)
    places = []
    side = CELL - 2 * EDGE
    for number, (symbol, state) in enumerate(wanted):
        x, y = number % COLUMNS * CELL + EDGE, number // COLUMNS * CELL + EDGE
        rgba[y : y + side, x : x + side] = picture(symbol, side, theme, state)
        places.append(Place(file_name(symbol, state), symbol, x, y))
    return Atlas(rgba, tuple(places))


def _height_m(symbol: Symbol) -> float:
    return symbol.model3d.height_m if symbol.model3d else BILLBOARD_M


def _quad(place: Place, size: Sequence[int]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return corners (4, 3), metres from the anchor, and texture coordinates (4, 2) of a billboard."""
    unit = _height_m(place.symbol) / GRID
    low = np.array([-(MARGIN + place.symbol.anchor[0]), -(MARGIN + place.symbol.anchor[1])]) * unit
    corners = np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]], float) * SIDE * unit
    corners[:, :2] += low
    side = CELL - 2 * EDGE
    texture = np.array([[place.x, place.y + side], [place.x + side, place.y + side], [place.x + side, place.y], [place.x, place.y]])
    return corners.astype(np.float32), (texture / np.array(size)).astype(np.float32)


def billboards(made: Atlas, picture_name: str) -> str:
    """Return a document with a billboard for each symbol and state, on a board in the order of the atlas.

    Parameters
    ----------
    made : Atlas
    picture_name : str
        File of the texture, beside the document.
    """
    buffer = _Buffer()
    faces = buffer.add(np.array([0, 1, 2, 0, 2, 3], np.uint16))
    meshes = []
    for place in made.places:
        corners, texture = _quad(place, made.size)
        attributes = {"POSITION": buffer.add(corners), "TEXCOORD_0": buffer.add(texture)}
        meshes.append(
            {
                "name": place.name,
                "primitives": [{"attributes": attributes, "indices": faces, "material": 0}],
                "extras": {"label": place.symbol.name_zh, "basis": place.symbol.basis},
            }
        )
    apart = 1.5 * max(_height_m(place.symbol) for place in made.places)
    nodes = [
        {"name": place.name, "mesh": number, "translation": at}
        for number, (place, at) in enumerate(zip(made.places, _grid(len(made.places), apart), strict=True))
    ]
    flat = {
        "name": "billboards",
        "pbrMetallicRoughness": {"baseColorTexture": {"index": 0}, "metallicFactor": 0.0},
        "alphaMode": "BLEND",
        "doubleSided": True,
        "extensions": {"KHR_materials_unlit": {}},
    }
    sampler = {"magFilter": LINEAR, "minFilter": LINEAR_MIPMAP_LINEAR, "wrapS": CLAMP_TO_EDGE, "wrapT": CLAMP_TO_EDGE}
    return _document(
        buffer,
        {
            "extensionsUsed": ["KHR_materials_unlit"],
            "scenes": [{"nodes": list(range(len(nodes)))}],
            "nodes": nodes,
            "meshes": meshes,
            "materials": [flat],
            "textures": [{"source": 0, "sampler": 0}],
            "images": [{"uri": picture_name, "mimeType": "image/png"}],
            "samplers": [sampler],
        },
    )


def files(themes: Iterable[Theme]) -> Iterator[tuple[str, str | bytes]]:
    """Yield names and contents: `materials.gltf`, and for each theme `billboards.<theme>.gltf` with its texture."""
    yield "materials.gltf", materials()
    for theme in themes:
        made = atlas(theme)
        yield f"billboards.{theme}.png", png(made.rgba)
        yield f"billboards.{theme}.gltf", billboards(made, f"billboards.{theme}.png")
