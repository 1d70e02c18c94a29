"""Layers as files of other programs: GeoPackage, Shapefile, GeoJSON, Excel out; the first three in. Reading and writing alone."""

import json
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import geopandas
import pandas
import pyogrio
import shapely
from openpyxl import Workbook
from openpyxl.styles import Alignment, Font
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from gis.crs import lonlat_to_xy, source_of, to_lonlat
from gis.errors import CoordinateError, Invalid
from gis.kinds import COMMON_LABELS, ENUMS, KINDS

Frame: TypeAlias = geopandas.GeoDataFrame
Frames: TypeAlias = Mapping[str, Frame]
FIXED_DATE = "2000-01-01T00:00:00Z"
"""What a GeoPackage says of its last change, so that the same layers are the same bytes."""
LONGEST_FIELD = 10
"""Characters of a field's name in a Shapefile (dBASE III)."""
EXTRA_LABELS = {
    "feature_id": "要素标识",
    "enterprise": "排污单位编码",
    "distance_m": "距离（m）",
    "bearing_deg": "方位（°）",
    "along_m": "沿河（m）",
    "away_m": "离河（m）",
    "floor": "楼层",
    "perimeter_m": "周长（m）",
    "lon": "经度",
    "lat": "纬度",
    "area_m2": "面积（m²）",
    "length_m": "长度（m）",
}
FOLLOWS = frozenset({"feature_id", "enterprise", "alarm_level", "open_alarms", "case_count", "case_ids", "readings"})
"""Columns of an export that follow from elsewhere: a file that comes back with them says nothing new."""
MOST_BYTES = 256 * 2**20


@contextmanager
def _fixed_date() -> Iterator[None]:
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": FIXED_DATE})
    try:
        yield
    finally:
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": None})


def label_of(kind: str, name: str) -> str:
    """Return the Chinese label of a column of a kind's frame, with its unit.

    >>> label_of("pipe", "diameter_m"), label_of("pipe", "enterprise")
    ('管径（m）', '排污单位编码')
    """
    attribute = next((one for one in KINDS[kind].attributes if one.name == name), None)
    if attribute is not None:
        return f"{attribute.label}（{attribute.unit}）" if attribute.unit else attribute.label
    return EXTRA_LABELS.get(name) or COMMON_LABELS.get(name, name)


def short_names(names: list[str]) -> dict[str, str]:
    """Return names of ten characters for a Shapefile, each once.

    >>> short_names(["discharge_way", "discharge_day", "code"])
    {'discharge_way': 'discharge_', 'discharge_day': 'discharg_1', 'code': 'code'}
    """
    found: dict[str, str] = {}
    for name in names:
        short, number = name[:LONGEST_FIELD], 0
        while short in found.values():
            number += 1
            tail = f"_{number}"
            short = name[: LONGEST_FIELD - len(tail)] + tail
        found[name] = short
    return found


def write_geopackage(frames: Frames, path: Path) -> list[Path]:
    """Write one GeoPackage with a layer a kind (OGC 12-128r18)."""
    path.unlink(missing_ok=True)
    with _fixed_date():
        for name, rows in frames.items():
            pyogrio.write_dataframe(
                rows, path, layer=name, driver="GPKG", append=path.exists(), layer_options={"DESCRIPTION": KINDS[name].label}
            )
    return [path]


def write_geojson(frames: Frames, path: Path) -> list[Path]:
    """Write one GeoJSON file a kind into a folder (RFC 7946; EPSG:4490 degrees, the same as WGS 84 within a decimetre)."""
    path.mkdir(parents=True, exist_ok=True)
    written = []
    for name, rows in frames.items():
        document = json.loads(rows.to_json(drop_id=True))
        document["name"] = name
        document["crs"] = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::4490"}}
        target = path / f"{name}.geojson"
        target.write_text(json.dumps(document, ensure_ascii=False, separators=(",", ":")), encoding="utf-8")
        written.append(target)
    return written


def write_shapefiles(frames: Frames, path: Path) -> list[Path]:
    """Write one Shapefile a kind into a folder, in UTF-8, with a table that says what the short field names stand for."""
    path.mkdir(parents=True, exist_ok=True)
    fields = ["要素类,字段,全名,说明"]
    for name, rows in frames.items():
        short = short_names([column for column in rows.columns if column != "geometry"])
        fields += [f"{KINDS[name].label},{field},{full},{label_of(name, full)}" for full, field in short.items()]
        for geometry, part in rows.groupby(rows.geom_type, sort=True):
            # A Shapefile holds one type of geometry.
            target = path / (f"{name}.shp" if rows.geom_type.nunique() == 1 else f"{name}_{str(geometry).lower()}.shp")
            pyogrio.write_dataframe(
                part.rename(columns=short),
                target,
                driver="ESRI Shapefile",
                encoding="UTF-8",
            )
    table = path / "字段对照.csv"
    table.write_text("\ufeff" + "\r\n".join(fields) + "\r\n", encoding="utf-8")
    return sorted(path.iterdir())


def _readable(name: str, rows: geopandas.GeoDataFrame) -> pandas.DataFrame:
    """Return a frame as people read it: code lists as words, a place, sizes (EPSG:4545)."""
    table = pandas.DataFrame(rows.drop(columns=["geometry"]))
    for attribute in KINDS[name].attributes:
        if attribute.enum:
            table[attribute.name] = table[attribute.name].map(ENUMS[attribute.enum], na_action="ignore")
    middle = rows.geometry.representative_point()
    table["lon"], table["lat"] = middle.x.round(7), middle.y.round(7)
    metres = geopandas.GeoSeries(shapely.transform(rows.geometry.to_numpy(), lonlat_to_xy), index=rows.index)
    if rows.geom_type.str.contains("Polygon").any():
        table["area_m2"] = metres.area.round(2)
    elif rows.geom_type.str.contains("Line").any():
        table["length_m"] = metres.length.round(2)
    return table


def _value(value: Any) -> Any:
    return None if pandas.isna(value) else getattr(value, "item", lambda: value)()


def _append(sheet: Worksheet, values: Iterable[Any]) -> None:
    """Add a row; what begins like a formula is text all the same: a name must not run in somebody's Excel."""
    sheet.append([_value(value) for value in values])
    for cell in sheet[sheet.max_row]:
        if cell.data_type == "f":
            cell.data_type = "s"


@dataclass(frozen=True, slots=True)
class Sheet:
    """A worksheet of plain rows."""

    title: str
    head: tuple[str, ...]
    rows: Sequence[Sequence[Any]]


def _write_sheet(book: Workbook, told: Sheet) -> None:
    sheet = book.create_sheet(told.title[:31].replace("/", "、"))
    sheet.append(list(told.head))
    for cells in told.rows:
        _append(sheet, cells)
    for number in range(1, len(told.head) + 1):
        heading = sheet.cell(1, number)
        heading.font, heading.alignment = Font(bold=True), Alignment(wrap_text=True, vertical="center")
        longest = max((len(str(row[number - 1])) for row in told.rows[:200] if _value(row[number - 1]) is not None), default=0)
        sheet.column_dimensions[get_column_letter(number)].width = min(40, max(10, 1.2 * longest + 2))
    sheet.freeze_panes = "A2"
    sheet.auto_filter.ref = sheet.dimensions


def write_excel(frames: Frames, path: Path, first: Sheet | None = None) -> list[Path]:
    """Write one workbook with a sheet a kind: Chinese headings, code lists as words, longitude and latitude, areas and lengths.

    Parameters
    ----------
    frames : mapping
    path : Path
    first : Sheet, optional
        A worksheet before them.
    """
    book = Workbook()
    book.remove(book.active)
    if first is not None:
        _write_sheet(book, first)
    for name, rows in frames.items():
        table = _readable(name, rows)
        head = tuple(label_of(name, column) for column in table.columns)
        _write_sheet(book, Sheet(KINDS[name].label, head, list(table.itertuples(index=False, name=None))))
    book.save(path)
    _without_clock(path)
    return [path]


CORE = (
    '<cp:coreProperties xmlns:cp="http://schemas.openxmlformats.org/package/2006/metadata/core-properties"'
    ' xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:dcterms="http://purl.org/dc/terms/" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
    '<dc:creator>quanjing</dc:creator><dcterms:created xsi:type="dcterms:W3CDTF">{at}</dcterms:created>'
    '<dcterms:modified xsi:type="dcterms:W3CDTF">{at}</dcterms:modified></cp:coreProperties>'
)


def _without_clock(path: Path) -> None:
    """Take the time of writing out of a workbook, so that the same layers are the same bytes (ECMA-376-2, core properties)."""
    with zipfile.ZipFile(path) as book:
        parts = {name: book.read(name) for name in book.namelist()}
    # Written whole: the prefixes of openpyxl's own depend on what else the process has loaded.
    parts["docProps/core.xml"] = CORE.format(at=FIXED_DATE).encode()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as book:
        for name, data in parts.items():
            book.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), data, zipfile.ZIP_DEFLATED)


WRITERS: dict[str, Callable[[Frames, Path], list[Path]]] = {
    "gpkg": write_geopackage,
    "geojson": write_geojson,
    "shp": write_shapefiles,
    "xlsx": write_excel,
}
"""Format → what writes it: `gpkg` and `xlsx` one file, `geojson` and `shp` a folder."""


def layer_names(path: Path) -> list[str]:
    """Return the names of the layers in a file; tables without shapes, as that of styles in a GeoPackage, are none.

    Raises
    ------
    Invalid
        The file can't be read.
    """
    try:
        return [str(name) for name, geometry in pyogrio.list_layers(path) if geometry is not None]
    except (pyogrio.errors.DataSourceError, ValueError) as error:
        raise Invalid("FILE", f"{path.name} 无法读取：{error}") from error


def read_layer(path: Path, layer: str | None = None, *, keep: frozenset[str] = frozenset()) -> dict[str, Any]:
    """Return a layer file as a GeoJSON feature collection in EPSG:4490, as `gis.store.layers.store_layer` takes it.

    A GeoJSON file is handed on as it is; of another the CRS it names decides, and one without is refused. Field names of a Shapefile are
    taken back by the table beside it, where it is one of ours. Of the columns that follow from elsewhere only those of `keep` come along.

    Raises
    ------
    Invalid
        The file can't be read, is too large, has several layers and none is named, or does not say its CRS.
    """
    if path.stat().st_size > MOST_BYTES:
        raise Invalid("FILE", f"{path.name} 超过 {MOST_BYTES // 2**20} MB，请分开")
    if path.suffix.lower() in (".json", ".geojson"):
        try:
            document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8-sig"))
        except (ValueError, RecursionError) as error:
            raise Invalid("FILE", f"{path.name} 不是 JSON：{error}") from error
        return document
    names = layer_names(path)
    try:
        if layer is None and len(names) > 1:
            raise Invalid("--layer", f"{path.name} 有 {len(names)} 个图层，请用 --layer 指明：{'、'.join(names)}")
        if not names:
            raise Invalid("FILE", f"{path.name} 没有图层")
        rows = pyogrio.read_dataframe(path, layer=layer or names[0])
    except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError, ValueError) as error:
        raise Invalid("FILE", f"{path.name} 无法读取：{error}") from error
    if rows.crs is None:
        raise Invalid("FILE", f"{path.name} 没有坐标系（Shapefile 缺 .prj），请补上")
    full = _full_names(path)
    rows = rows.rename(columns=full)
    document = json.loads(_homeward(rows, path.name).to_json(drop_id=True, show_bbox=False))
    document.pop("crs", None)
    for feature in document["features"]:
        given = feature["properties"].items()
        feature["properties"] = {name: value for name, value in given if value is not None and (name in keep or name not in FOLLOWS)}
    return document


def _homeward(rows: geopandas.GeoDataFrame, name: str) -> geopandas.GeoDataFrame:
    """Return a frame in EPSG:4490; a CRS without a number, or without a known way to CGCS2000, is refused."""
    epsg = rows.crs.to_epsg()
    try:
        if epsg is None:
            raise CoordinateError(f"{rows.crs.name} 没有 EPSG 编号")
        source = source_of(f"EPSG:{epsg}")
        shapes = shapely.transform(rows.geometry.to_numpy(), lambda points: to_lonlat(points, source))
    except CoordinateError as error:
        raise Invalid("FILE", f"{name} 的坐标系不能换算到 EPSG:4490：{error}") from error
    return rows.set_geometry(list(shapes), crs="EPSG:4490") if epsg != 4490 else rows


def _full_names(path: Path) -> dict[str, str]:
    table = path.parent / "字段对照.csv"
    if path.suffix.lower() != ".shp" or not table.exists():
        return {}
    kinds = {kind.label: kind.name for kind in KINDS.values()}
    rows = [line.split(",") for line in table.read_text(encoding="utf-8-sig").splitlines()[1:]]
    return {row[1]: row[2] for row in rows if len(row) >= 4 and path.stem.startswith(kinds.get(row[0], "\0"))}
