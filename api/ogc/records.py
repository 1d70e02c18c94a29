"""The catalogue: collections, drawings in force and tilesets as records (OGC API - Records - Part 1, 20-004r1)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlencode

import shapely

from api.ogc.documents import GEOJSON, HTML, JSON, SCHEMA, TITLE, both, link
from api.ogc.parameters import moment, numbers, whole
from api.ogc.volumes import CITY, TILESET, VOLUMES, Placed, union
from gis.errors import Invalid
from gis.models.sheet import TITLES
from gis.reference_systems import BASE, CRS84
from gis.store.catalogue import Drawing, Volume
from gis.store.collections import Collection, Moment
from gis.store.filters.values import box_of
from gis.store.items import MOST_ITEMS, MOST_OFFSET

Json = dict[str, Any]
Parameters = Mapping[str, str]
Flat = tuple[float, float, float, float]
RECORD = "http://www.opengis.net/spec/ogcapi-records-1/1.0/conf/record-core"
ID = "records"
CATALOGUE = "目录"
TYPES = {"dataset": "图层", "drawing": "图纸", "tileset": "切片"}
SEARCH = ("bbox", "datetime", "q", "type", "ids", "externalIds")
PARAMETERS = ("f", "limit", "offset", *SEARCH)
CODES = "企业编号"
"""Scheme of the codes by which the bureau knows enterprises."""


@dataclass(frozen=True, slots=True)
class Sources:
    """All that the catalogue speaks of, as far as the caller sees."""

    collections: Sequence[tuple[Collection, Flat | None]]
    volumes: Sequence[Volume]
    placed: Sequence[Placed]
    """Those with a tileset."""
    drawings: Sequence[Drawing]
    city: tuple[str, datetime] | None
    """Version of the city's tileset, and when it was made."""


@dataclass(frozen=True, slots=True)
class Record:
    """A record, and what it is found by."""

    id: str
    type: str
    title: str
    description: str
    keywords: tuple[str, ...]
    box: Flat | None
    at: datetime | None
    """Since when what it speaks of stands; None where it has no time."""
    links: tuple[Json, ...]
    external: str | None = None

    @property
    def text(self) -> str:
        """What words are looked for in."""
        return "\n".join((self.title, self.description, *self.keywords)).casefold()


def records(base: str, found: Sources) -> list[Record]:
    """Return all records: collections, then tilesets, then drawings."""
    return [*_datasets(base, found), *_tilesets(base, found), *_drawings(base, found)]


def _datasets(base: str, found: Sources) -> Iterable[Record]:
    for one, box in found.collections:
        at = f"{base}/collections/{quote(one.id)}"
        links = (
            link("describes", at, JSON, one.title),
            link("item", f"{at}/items", GEOJSON, f"{one.title}：要素"),
            link("describedby", f"{at}/schema", SCHEMA, "要素的结构"),
        )
        yield Record(one.id, "dataset", one.title, one.description, (one.id,), box, None, links)


def _tilesets(base: str, found: Sources) -> Iterable[Record]:
    flat = [box for _, box in found.collections if box is not None]
    whole_ = around(flat) if flat else None
    vector = link("item", f"{base}/tiles/WebMercatorQuad", JSON, "矢量瓦片")
    yield Record("tiles", "tileset", "矢量瓦片", "全部图层的矢量瓦片（MVT），WebMercatorQuad", ("MVT",), whole_, None, (vector,))
    if found.city is not None and found.placed:
        version, made = found.city
        box = union([one.box for one in found.placed])
        links = _solid(base, CITY, f"/tiles3d/city/{version}/tileset.json")
        yield Record(CITY, "tileset", "全市三维切片", "全部企业的体块（3D Tiles 1.1）", ("3D Tiles",), (*box[:2], *box[3:5]), made, links)
    for one in found.placed:
        volume = one.volume
        links = _solid(base, one.id, f"/tiles3d/{volume.feature_id}/{volume.version}/tileset.json")
        yield Record(
            one.id,
            "tileset",
            f"{volume.name}：三维切片",
            "厂区三维模型（3D Tiles 1.1）",
            ("3D Tiles", volume.name),
            _flat(volume),
            volume.baked_at,
            links,
            volume.code,
        )


def _solid(base: str, name: str, path: str) -> tuple[Json, ...]:
    return link("describes", f"{base}/collections/{name}", JSON, "三维容器"), link(VOLUMES, f"{base}{path}", TILESET, "三维切片")


def _drawings(base: str, found: Sources) -> Iterable[Record]:
    owners = {one.feature_id: one for one in found.volumes}
    for one in found.drawings:
        owner, kind = owners[one.enterprise_id], one.drawing_kind
        at = f"{base}/api/enterprises/{one.enterprise_id}/drawings"
        links = (
            link("describes", at, JSON, "各版图纸"),
            link("enclosure", f"{at}/{kind}/{one.version}/file", "image/vnd.dxf", one.file_name),
        )
        yield Record(
            f"drawing-{one.drawing_id}",
            "drawing",
            f"{owner.name}：{TITLES.get(kind, kind)}",
            f"图 {kind} 第 {one.version} 版，{one.file_name}，绘制 {one.drawn_by}",
            (kind, owner.name),
            _flat(owner),
            one.published_at,
            links,
            owner.code,
        )


def _flat(volume: Volume) -> Flat:
    return volume.west, volume.south, volume.east, volume.north


def around(boxes: Sequence[Flat]) -> Flat:
    """Return the box around boxes."""
    west, south, east, north = zip(*boxes, strict=True)
    return min(west), min(south), max(east), max(north)


def collection(base: str, box: Flat | None, form: str | None = None) -> Json:
    """Return what is said of the catalogue (20-004r1, record collection)."""
    at = f"{base}/collections/{ID}"
    own = both(base, f"/collections/{ID}", form, CATALOGUE) if form else [link("self", at, JSON, CATALOGUE)]
    extent: Json = {"temporal": {"interval": [[None, None]], "trs": f"{BASE.replace('crs', 'uom')}/ISO-8601/0/Gregorian"}}
    if box is not None:
        extent["spatial"] = {"bbox": [list(box)], "crs": CRS84.uri}
    return {
        "id": ID,
        "type": "Collection",
        "title": CATALOGUE,
        "description": f"{TITLE}的图层、图纸和切片",
        "itemType": "record",
        "conformsTo": [RECORD],
        "extent": extent,
        "crs": [CRS84.uri],
        "links": [*own, link("items", f"{at}/items", GEOJSON, "目录：记录"), link("items", f"{at}/items?f=html", HTML, "目录：记录")],
    }


def selected(listed: Iterable[Record], parameters: Parameters) -> list[Record]:
    """Return the records that a request selects (20-004r1, record core query parameters).

    Raises
    ------
    Invalid
        A parameter is wrong; names it.
    """
    box, at = _box(parameters), moment({name: parameters[name] for name in ("datetime",) if name in parameters})
    phrases = [" ".join(part.casefold().split()) for part in parameters["q"].split(",")] if "q" in parameters else None
    chosen = {name: {one.strip() for one in parameters[name].split(",")} for name in ("type", "ids", "externalIds") if name in parameters}
    for name, values in {**chosen, **({"q": set(phrases)} if phrases is not None else {})}.items():
        if "" in values:
            raise Invalid(name, "逗号之间应有内容")
    return [
        one
        for one in listed
        if (box is None or (one.box is not None and box.intersects(shapely.box(*one.box))))
        and (at is None or _during(one.at, at))
        and (phrases is None or _says(one.text, phrases))
        and one.type in chosen.get("type", {one.type})
        and one.id in chosen.get("ids", {one.id})
        and ("externalIds" not in chosen or bool({one.external, f"{CODES}:{one.external}"} & chosen["externalIds"]))
    ]


def _box(parameters: Parameters) -> Any:
    if "bbox" not in parameters:
        return None
    try:
        return box_of(numbers("bbox", parameters["bbox"]), CRS84)
    except ValueError as error:
        raise Invalid("bbox", str(error)) from error


def _during(at: datetime | None, asked: Moment) -> bool:
    """Tell whether what has stood since a time meets another; what has none is always meant (17-069r4, 7.15.4)."""
    return at is None or asked.end is None or at <= asked.end


def _says(text: str, phrases: Iterable[str]) -> bool:
    """Tell whether a text has one of some phrases; the words of a phrase stand in their order, whatever space is between them."""
    said = " ".join(text.split())
    return any(phrase in said for phrase in phrases)


def feature(base: str, one: Record, form: str | None = None) -> Json:
    """Return a record as GeoJSON."""
    at = f"/collections/{ID}/items/{quote(one.id)}"
    own = both(base, at, form, one.title, GEOJSON) if form else [link("self", f"{base}{at}", GEOJSON, one.title)]
    shape = None if one.box is None else shapely.geometry.mapping(shapely.box(*one.box))
    when = one.at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z") if one.at else None
    return {
        "type": "Feature",
        "id": one.id,
        "conformsTo": [RECORD],
        "geometry": shape,
        "time": {"interval": [when or "..", ".."]},
        "properties": {
            "type": one.type,
            "title": one.title,
            "description": one.description,
            "keywords": list(one.keywords),
            "language": {"code": "zh"},
            **({"updated": when} if when else {}),
            **({"externalIds": [{"scheme": CODES, "value": one.external}]} if one.external else {}),
        },
        "links": [*own, link("collection", f"{base}/collections/{ID}", JSON, CATALOGUE), *one.links],
    }


def page(base: str, listed: Sequence[Record], parameters: Parameters, form: str) -> Json:
    """Return a page of the records that a request selects; raises Invalid."""
    found = selected(listed, parameters)
    limit, offset = whole(parameters, "limit", 10, 1, MOST_ITEMS), whole(parameters, "offset", 0, 0, MOST_OFFSET)
    shown = found[offset : offset + limit]
    rest = urlencode({name: value for name, value in parameters.items() if name not in ("f", "offset")}, quote_via=quote, safe="/:,")

    def to(rel: str, start: int, form: str, title: str) -> Json:
        query = "&".join(part for part in (rest, f"offset={start}" if start else "", f"f={form}") if part)
        return link(rel, f"{base}/collections/{ID}/items?{query}", GEOJSON if form == "json" else HTML, title)

    links = [to("self", offset, form, "本页"), to("alternate", offset, "html" if form == "json" else "json", "本页")]
    if offset + len(shown) < len(found) and shown:
        links.append(to("next", offset + limit, form, "下一页"))
    if offset:
        links.append(to("prev", max(0, offset - limit), form, "上一页"))
    links.append(link("collection", f"{base}/collections/{ID}", JSON, CATALOGUE))
    features = [feature(base, one) for one in shown]
    return {"type": "FeatureCollection", "links": links, "numberMatched": len(found), "numberReturned": len(shown), "features": features}
