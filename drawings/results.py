"""The answer to a question of the map as a file: Excel, GeoPackage, Shapefile, GeoJSON, DXF by the norm, PDF map."""

import io
import tempfile
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args
from uuid import UUID

import orjson
import shapely
from ezdxf import zoom
from ezdxf.document import Drawing
from ezdxf.enums import TextEntityAlignment
from shapely.geometry import shape

from drawings.exporting import Drafter
from drawings.geodata import write_geodata
from drawings.homes import HOME_OF
from drawings.sheets.answer import Asked, Size, answer_sheets
from drawings.template import TEXT_STYLE, template
from gis.errors import Invalid
from gis.kinds import KINDS, Kind
from gis.layer_files import WRITERS, Frame, Sheet, write_excel
from gis.models.drawn import Drawn
from gis.models.feature import Feature
from gis.store.asking import Reading
from gis.store.drawn import drawn_of
from gis.store.frames import frame_of
from gis.store.queries import LABELS, Answer
from styles.dxf import bytes_of, fixed_metadata

MEDIA = {
    "geojson": "application/geo+json",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "gpkg": "application/geopackage+sqlite3",
    "shp": "application/zip",
    "dxf": "image/vnd.dxf",
    "pdf": "application/pdf",
}
"""Format → media type; a Shapefile is several files, so `shp` is a ZIP."""
SUFFIXES = {"shp": "zip"} | {name: name for name in MEDIA if name != "shp"}
SAME_DEG = 1e-6
"""How near a shape of an answer lies to the stored one to be it, degrees."""
TEXT_M = 20.0
"""Height of a name beside what the norm has no label for, metres on the ground."""
MOST_SHEET_ROWS = 2000
"""Rows beyond which a PDF is not what one wants."""


@dataclass(frozen=True, slots=True)
class Result:
    """An answer, and all that its files say of what it found."""

    title: str
    said: str
    """The parameters in words."""
    day: str
    answer: Answer
    frames: dict[str, Frame]
    """Kind → its features in the order of the answer, with the answer's own columns beside theirs."""
    drawn: tuple[Drawn, ...] = ()
    around: tuple[Frame, Frame] | None = None
    """Rivers and counties, for a map."""


def format_of(name: str) -> str:
    """Return a format by its name or the end of a file's name; raises Invalid."""
    found = {suffix: form for form, suffix in SUFFIXES.items()} | {form: form for form in MEDIA} | {"json": "geojson"}
    if name.lower() not in found:
        raise Invalid("f", f"没有格式 {name:.40}；可用的有 {'、'.join(MEDIA)}")
    return found[name.lower()]


def _ids(answer: Answer) -> dict[str, list[UUID]]:
    found: dict[str, list[UUID]] = {}
    for row in answer.rows:
        if row.get("feature_id") and row.get("kind") in KINDS and not KINDS[row["kind"]].schematic:
            found.setdefault(row["kind"], []).append(UUID(str(row["feature_id"])))
    return found


def result_of(title: str, said: str, day: str, answer: Answer, form: str) -> Reading[Result]:
    """Read what the file of an answer needs beside it, on the snapshot that it was asked on."""
    ids = _ids(answer)
    if form == "geojson":
        return Result(title, said, day, answer, {})
    if form == "pdf" and len(answer.rows) > MOST_SHEET_ROWS:
        raise Invalid("f", f"结果有 {len(answer.rows)} 个，PDF 最多 {MOST_SHEET_ROWS} 个；请缩小范围，或导出 Excel、GeoPackage")
    if form == "dxf":
        drawn: list[Drawn] = []
        for kind, features in ids.items():
            drawn += yield from drawn_of(KINDS[kind], features)
        return Result(title, said, day, answer, {}, tuple(drawn))
    frames = {}
    for kind, features in ids.items():
        frames[kind] = _joined(kind, (yield from frame_of(KINDS[kind], features=features)), answer)
    around = None
    if form == "pdf" and frames:
        around = ((yield from frame_of(KINDS["river"])), (yield from frame_of(KINDS["county"])))
    return Result(title, said, day, answer, frames, (), around)


def _joined(kind: str, stored: Frame, answer: Answer) -> Frame:
    """Return a kind's features in the answer's order, with what the answer says of each; a part of one has the part's shape."""
    place = {feature_id: number for number, feature_id in enumerate(stored["feature_id"])}
    rows = [row for row in answer.rows if row.get("kind") == kind and str(row.get("feature_id")) in place]
    frame = stored.iloc[[place[str(row["feature_id"])] for row in rows]].reset_index(drop=True)
    for name in answer.columns:
        if name not in frame.columns and name not in ("kind_label", "type"):
            frame[name] = [row.get(name) for row in rows]
    told = [shape(row["geometry"]) for row in rows]
    near = [one.hausdorff_distance(other) <= SAME_DEG for one, other in zip(told, shapely.force_2d(frame.geometry.to_numpy()), strict=True)]
    shapes = [old if same else new for old, new, same in zip(frame.geometry, told, near, strict=True)]
    return frame.set_geometry(shapes, crs=stored.crs)


# Files ------------------------------------------------------------------------------------------------------------------


def _text(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:g}" if isinstance(value, float) and abs(value) < 1e6 else str(value)


def _sheet(result: Result) -> Sheet:
    columns = result.answer.columns
    rows = [tuple(row.get(column) for column in columns) for row in result.answer.rows]
    return Sheet("查询结果", tuple(LABELS[column] for column in columns), rows)


def _excel(result: Result, folder: Path, size: Size) -> bytes:  # noqa: ARG001 — one signature for all
    path = folder / "result.xlsx"
    write_excel(result.frames, path, first=_sheet(result))
    return path.read_bytes()


def _geojson(result: Result, folder: Path, size: Size) -> bytes:  # noqa: ARG001
    return orjson.dumps(result.answer.geojson(), option=orjson.OPT_UTC_Z)


def _geopackage(result: Result, folder: Path, size: Size) -> bytes:  # noqa: ARG001
    _shapes(result)
    path = folder / "result.gpkg"
    WRITERS["gpkg"](result.frames, path)
    return path.read_bytes()


def _shapefiles(result: Result, folder: Path, size: Size) -> bytes:  # noqa: ARG001
    _shapes(result)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in WRITERS["shp"](result.frames, folder / "shp"):
            archive.writestr(zipfile.ZipInfo(path.name, (1980, 1, 1, 0, 0, 0)), path.read_bytes(), zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def _shapes(result: Result) -> None:
    if not result.frames:
        raise Invalid("f", "结果里没有图形，请导出 Excel")


def _features(kind: Kind, frame: Frame) -> list[Feature]:
    type_ = kind.type_attribute
    types = frame[type_] if type_ else [None] * len(frame)
    return [
        Feature(
            UUID(feature_id),
            kind.name,
            None,
            _or_none(code),
            _or_none(name) or "",
            geom,
            attributes={type_: _or_none(value)} if type_ else {},
        )
        for feature_id, code, name, value, geom in zip(
            frame["feature_id"], frame["code"], frame["name"], types, frame.geometry, strict=True
        )
    ]


def _or_none(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _pdf(result: Result, folder: Path, size: Size) -> bytes:  # noqa: ARG001
    columns = result.answer.columns
    head = ("号", *(LABELS[column] for column in columns))
    rows = tuple((str(number), *(_text(row.get(column)) for column in columns)) for number, row in enumerate(result.answer.rows, 1))
    numbers: dict[str, list[int]] = {}
    for number, row in enumerate(result.answer.rows, 1):
        numbers.setdefault(row.get("kind") or "", []).append(number)
    found = [pair for name, frame in result.frames.items() for pair in zip(numbers[name], _features(KINDS[name], frame), strict=False)]
    around = {} if result.around is None else dict(zip(("river", "county"), result.around, strict=True))
    base = {name: _features(KINDS[name], frame) for name, frame in around.items()}
    return answer_sheets(Asked(result.title, result.said, result.day, head, rows), found, base, size)


def _dxf(result: Result, folder: Path, size: Size) -> bytes:  # noqa: ARG001
    if not result.drawn:
        raise Invalid("f", "结果里没有图形，请导出 Excel")
    with fixed_metadata():
        document = template()
        drafter = Drafter(document, [one for one in result.drawn if one.kind in HOME_OF])
        for feature in result.drawn:
            if feature.kind in HOME_OF:
                drafter.draw(feature)
            else:
                _beside_the_norm(document, feature)
        write_geodata(document)
        zoom.extents(document.modelspace())
        return bytes_of(document)


def _beside_the_norm(document: Drawing, feature: Drawn) -> None:
    """Draw what the norm has neither layer nor block for: on a layer `QJ-X-…` of its kind, its name beside it."""
    layer = f"QJ-X-{feature.kind.upper().replace('_', '-')}"
    if layer not in document.layers:
        document.layers.add(layer).description = KINDS[feature.kind].label
    space, attributes = document.modelspace(), {"layer": layer}
    assert feature.xy is not None, "it is no schematic kind"  # noqa: S101
    for part in getattr(feature.xy, "geoms", [feature.xy]):
        if part.geom_type == "Point":
            space.add_point((part.x, part.y), dxfattribs=attributes)
        for ring in (part.exterior, *part.interiors) if part.geom_type == "Polygon" else [part] if part.geom_type == "LineString" else []:
            space.add_lwpolyline(shapely.get_coordinates(ring).tolist(), close=ring.is_ring, dxfattribs=attributes)
    middle = shapely.get_coordinates(feature.xy.representative_point())[0]
    text = space.add_text(
        " ".join(filter(None, (feature.code, feature.name))), height=TEXT_M, dxfattribs=attributes | {"style": TEXT_STYLE}
    )
    text.set_placement((float(middle[0]) + TEXT_M, float(middle[1])), align=TextEntityAlignment.MIDDLE_LEFT)


FILES: Mapping[str, Callable[[Result, Path, Size], bytes]] = {
    "geojson": _geojson,
    "xlsx": _excel,
    "gpkg": _geopackage,
    "shp": _shapefiles,
    "dxf": _dxf,
    "pdf": _pdf,
}


def file_of(result: Result, form: str, size: str = "A4") -> bytes:
    """Return an answer as a file; the same result gives the same bytes.

    Parameters
    ----------
    result : Result
        As `result_of` reads it for this format.
    form : str
        One of `MEDIA`.
    size : str
        Of a PDF: A4 or A3.

    Raises
    ------
    Invalid
        The answer has no shapes and the format nothing else, or there is no such paper.
    """
    if size not in get_args(Size):
        raise Invalid("paper", f"没有图幅 {size:.20}；可用的有 {'、'.join(get_args(Size))}")
    with tempfile.TemporaryDirectory() as folder:
        return FILES[form](result, Path(folder), size)  # type: ignore[arg-type]
