"""A quick look at a layer: one page that holds everything, the engine too, and asks no network for anything."""

import base64
import hashlib
import html
from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from functools import cache
from importlib.resources import files
from string import Template
from typing import Any
from uuid import UUID

import orjson
import pydeck
from psycopg import AsyncConnection

from gis.clock import BEIJING
from gis.errors import NotFound
from gis.kinds import ENUMS, KINDS, Kind
from gis.store.looks import Look, look
from gis.store.read import Row, city_layer, enterprise_name, shown
from models3d.sizes import size
from styles.tokens import Rgb, rgb, scene_colour, tokens
from styles.web import css

LEVELS = {1: "Ⅰ", 2: "Ⅱ", 3: "Ⅲ", 4: "Ⅳ"}
FILL = {"solid": 255, "surface": 190, "none": 60}
"""How opaque an area is, of 255, by the form of its kind; what is no area is opaque."""
PITCH = 50
"""At which bodies are looked at, degrees from straight down."""
MATERIAL = {"ambient": 0.68, "diffuse": 0.45, "shininess": 8, "specularColor": [20, 20, 20]}
"""So lit, a roof has about the colour of the legend."""


def layer_kind(name: str) -> Kind:
    """Return the kind that a layer is called after, by its own name or its table's; raises NotFound."""
    for kind in KINDS.values():
        if name in (kind.name, kind.table):
            if kind.schematic:
                raise NotFound(f"{kind.label}画在工艺流程图上，没有地图位置")
            return kind
    raise NotFound(f"没有图层 {name}；可用的有 {'、'.join(kind.name for kind in KINDS.values() if not kind.schematic)}")


def _colour(kind: Kind, type_: str | None) -> Rgb:
    try:
        return scene_colour(kind.name, type_)
    except KeyError:
        return rgb(tokens()["ui"]["accent"])


def _type(kind: Kind, row: Row) -> str | None:
    return row[kind.type_attribute] if kind.type_attribute else None


def _texts(kind: Kind, row: Row) -> tuple[str, list[tuple[str, str]]]:
    """Return the title and the labelled texts of a feature."""
    texts = [("类别", kind.label), ("编号", row["code"])]
    if kind.name != "enterprise":
        texts.append(("所属企业", row["enterprise"]))
    texts += [(attribute.label, shown(attribute, row[attribute.name])) for attribute in kind.attributes if row[attribute.name] is not None]
    if kind.solid and row["height_m"] is not None:
        texts.append(("高度", f"{shown(None, row['height_m'])} m"))
    if row["alarm_level"]:
        texts.append(("报警", f"{LEVELS[row['alarm_level']]}级，未关闭 {row['open_alarms']} 个"))
    return row["name"] or row["code"] or kind.label, [(label, text) for label, text in texts if text]


def _height_m(kind: Kind, row: Row) -> float:
    """Return how high a body is drawn: as known, else as a scene draws it; nought for what is no body."""
    if not kind.solid:
        return 0.0
    if row["z_max_m"] is not None:
        return float(row["z_max_m"] - (row["z_min_m"] or 0))
    return float(size("depth_m" if kind.name == "underground_structure" else "height_m", kind.name, _type(kind, row)))


def _feature(kind: Kind, at: int, row: Row) -> dict[str, Any]:
    """Return a feature as the engine gets it: numbers only, since the engine reads meaning into some texts."""
    colour = _colour(kind, _type(kind, row))
    edge = colour
    if row["alarm_level"]:
        edge = rgb(tokens()["alarm"][str(row["alarm_level"])])
    elif kind.form == "solid":
        edge = rgb(tokens()["ui"]["line"])
    wide = next((row[name] for name in ("width_m", "diameter_m") if kind.form in ("line", "pipe") and row.get(name)), 0)
    properties = {"i": at, "c": [*colour, FILL.get(kind.form, 255)], "e": [*edge, 255], "w": wide, "h": _height_m(kind, row)}
    return {"type": "Feature", "geometry": row["geometry"], "properties": properties}


def _on_top(looked: Look) -> list[tuple[int, Row]]:
    """Return numbers and rows in the order of drawing: the gravest alarm last, so that nothing hides it."""
    return sorted(enumerate(looked.rows), key=lambda numbered: -(numbered[1]["alarm_level"] or 9))


def _collection(features: Iterable[dict[str, Any]]) -> dict[str, Any]:
    return {"type": "FeatureCollection", "features": [*features]}


def _deck(looked: Look, base: list[Row]) -> dict[str, Any]:
    kind, ui = looked.kind, tokens()["ui"]
    solid = kind.form == "solid"
    edge = [*rgb(ui["plate-line"]), 255]
    outlines = pydeck.Layer("GeoJsonLayer", id="base", filled=False, get_line_color=edge, get_line_width=0, line_width_min_pixels=1.5)
    layer = pydeck.Layer(
        "GeoJsonLayer",
        id=kind.name,
        pickable=True,
        auto_highlight=True,
        highlight_color=[*rgb(ui["select"]), 160],
        extruded=solid,
        wireframe=solid,
        material=MATERIAL,
        get_elevation="properties.h",
        get_fill_color="properties.c",
        get_line_color="properties.e",
        get_line_width="properties.w",
        line_width_min_pixels=2,
        get_point_radius=2,
        point_radius_min_pixels=5,
        point_radius_max_pixels=14,
    )
    view = pydeck.ViewState(longitude=0, latitude=0, zoom=0, pitch=PITCH if solid else 0, max_zoom=22)
    deck = pydeck.Deck(layers=[outlines, layer], initial_view_state=view, map_provider=None, map_style=None)
    document: dict[str, Any] = orjson.loads(deck.to_json())
    # Beside pydeck's own serialisation, which puts each number of an outline on a line of its own.
    document["layers"][0]["data"] = _collection({"type": "Feature", "geometry": row["geometry"], "properties": {}} for row in base)
    document["layers"][1]["data"] = _collection(_feature(kind, at, row) for at, row in _on_top(looked))
    return document


def _hex(colour: Rgb) -> str:
    return "#{:02x}{:02x}{:02x}".format(*colour)


def _legend(looked: Look) -> list[dict[str, Any]]:
    kind = looked.kind
    types = Counter(_type(kind, row) for row in looked.rows)
    labels = ENUMS[kind.attribute(kind.type_attribute).enum or ""] if kind.type_attribute else {}
    rows = [
        {"label": labels.get(type_ or "", type_ or kind.label), "colour": _hex(_colour(kind, type_)), "count": count, "alarm": False}
        for type_, count in types.most_common()
    ]
    levels = Counter(row["alarm_level"] for row in looked.rows if row["alarm_level"])
    alarms = tokens()["alarm"]
    return rows + [
        {"label": f"{LEVELS[level]}级报警", "colour": alarms[str(level)], "count": count, "alarm": True}
        for level, count in sorted(levels.items())
    ]


def _notice(looked: Look) -> str:
    if not looked.total:
        return "这个图层还没有要素"
    if looked.total > len(looked.rows):
        return f"共 {looked.total} 个，为保证流畅只画出前 {len(looked.rows)} 个；可以只看一家企业"
    return ""


@cache
def _part(name: str) -> str:
    return files("api").joinpath(name).read_text(encoding="utf-8")


@cache
def _engine() -> str:
    """Return deck.gl as pydeck ships it, without the pointer to its source map."""
    text = files("pydeck").joinpath("nbextension/static/index.js").read_text(encoding="utf-8")
    return text.rpartition("//# sourceMappingURL=")[0] or text


@cache
def _style() -> str:
    return css() + _part("look.css")


def _hash(text: str) -> str:
    return "'sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() + "'"


@cache
def policy() -> str:
    """Return the page's Content-Security-Policy: its own two scripts and its own style by their hashes, and no connection to anywhere."""
    return "; ".join(
        [
            "default-src 'none'",
            f"script-src {_hash(_engine())} {_hash(_part('look.js'))}",
            f"style-src {_hash(_style())}",
            "img-src data: blob:",
            "base-uri 'none'",
            "form-action 'none'",
        ]
    )


def page(looked: Look, base: list[Row], enterprise: str | None = None, now: datetime | None = None) -> bytes:
    """Return the page of a layer, UTF-8.

    Parameters
    ----------
    looked : Look
        The layer as it stands.
    base : list of dict
        GeoJSON features to lie below it: boundaries.
    enterprise : str, optional
        Name of the enterprise, where it is one's only.
    now : datetime, optional
        When it stood so; by default this moment.
    """
    at = (now or datetime.now(BEIJING)).astimezone(BEIJING)
    where = enterprise or "全市"
    data = {
        "title": looked.kind.label,
        "subtitle": f"{where} · {looked.total} 个 · 截至 {at:%Y-%m-%d %H:%M}",
        "notice": _notice(looked),
        "legend": _legend(looked),
        "rows": [_texts(looked.kind, row) for row in looked.rows],
        "bounds": looked.bounds,
        "deck": _deck(looked, base),
        "base": ("细线为厂界" if enterprise else "细线为县界") if base else "",
    }
    # No text of a feature can end the element that holds it.
    held = orjson.dumps(data).decode().replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
    title = html.escape(f"{looked.kind.label} · {where}")
    parts = {"policy": policy(), "title": title, "style": _style(), "data": held, "deck": _engine(), "script": _part("look.js")}
    return Template(_part("look.html")).substitute(parts).encode()


async def see(connection: AsyncConnection, layer: str, enterprise_id: UUID | None = None) -> tuple[Look, list[Row], str | None]:
    """Read what `page` shows: the layer, boundaries to lie below it (of the counties or of the site), and the enterprise's name.

    Raises
    ------
    NotFound
        No such layer or enterprise, or a layer that is on no map.
    """
    kind = layer_kind(layer)
    name = await enterprise_name(connection, enterprise_id) if enterprise_id else None
    below = KINDS["site_boundary" if enterprise_id else "county"]
    looked = await look(connection, kind, enterprise_id)
    if kind is below:
        return looked, [], name
    base = (await look(connection, below, enterprise_id)).rows if enterprise_id else await city_layer(connection, below)
    return looked, base, name
