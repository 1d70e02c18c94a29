"""What goes into the package of an enterprise: sheets, drawings, attributes, permit summary, process, site history, manifest."""

import hashlib
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC
from importlib.metadata import version
from pathlib import Path
from typing import Any

import orjson

from drawings.delivery import manifest
from drawings.delivery.archive import packed
from drawings.delivery.manifest import Drawing, File, Manifest, Of, described, plain
from drawings.exporting import export_drawing
from drawings.homes import HOME_OF
from drawings.process.layout import Solve
from drawings.sheets.canvas import printed
from drawings.sheets.composing import compose
from drawings.sheets.composing import digests as digests_of
from drawings.sheets.stamps import newest
from gis.errors import Invalid
from gis.layer_files import FOLLOWS, Frames, write_excel, write_geojson, write_geopackage
from gis.models.process import StoredProcess
from gis.models.sheet import KINDS, TITLES, Kind, SheetFacts
from gis.store.connect import Transaction
from gis.store.drawn import drawn_features, last_file
from gis.store.frames import frames

README = """{name}（{code}）重点污染源图形化成果交付包

sheets/   A3 图纸（PDF）：A 厂区平面图、B 生产流程工艺图、C 污染物排放及监控点位图、D 周边风险点位图
dxf/      规范 DXF（R2013，UTF-8，EPSG:4545，米）：图层、图块、属性按制图规范，QJ_ID 为要素标识
data/     属性：{code}.gpkg（GeoPackage，EPSG:4490）、{code}.xlsx（Excel）、geojson/（每类要素一个文件）
          permit.json 许可证摘要，process.json 生产流程，history.json 厂址沿革（有则附）
{manifest}  清单：各图的版次、制图、审核、批准、发布和复测日期，坐标系，软件版本，每个文件的 SHA-256 和 SM3
核验：quanjing drawing verify 包名.zip
"""
STATE = FOLLOWS - {"feature_id", "enterprise"}
"""Columns of the day: alarms and readings are no part of what is delivered."""


@dataclass(frozen=True, slots=True)
class Package:
    """A package, made."""

    code: str
    content: bytes
    files: int


def told(facts: SheetFacts, history: Sequence[Mapping[str, Any]], base_url: str) -> str:
    """Return what a package hangs on: the same digest, the same bytes."""
    summary = hashlib.sha256(version("quanjing").encode())
    for path in sorted(Path(__file__).parent.glob("*.py")):
        summary.update(path.read_bytes())
    summary.update("".join(digests_of(facts, KINDS, "light", base_url).values()).encode())
    summary.update(orjson.dumps([dict(row) for row in history]))
    return summary.hexdigest()


def kinds_of(facts: SheetFacts) -> tuple[Kind, ...]:
    """Return the drawings that there are of an enterprise; none where nothing was ever drawn of it."""
    if not facts.features:
        return ("B",) if facts.process else ()
    return tuple(kind for kind in KINDS if kind != "B" or facts.process is not None)


def _data(layers: Frames, code: str) -> dict[str, bytes]:
    """Return the attributes as files; GDAL and openpyxl write to a folder."""
    kept = {name: rows.drop(columns=[column for column in rows.columns if column in STATE]) for name, rows in layers.items()}
    with tempfile.TemporaryDirectory(prefix="quanjing-delivery-") as name:
        folder = Path(name)
        written = [
            *write_geopackage(kept, folder / f"{code}.gpkg"),
            *write_excel(kept, folder / f"{code}.xlsx"),
            *write_geojson(kept, folder / "geojson"),
        ]
        return {f"data/{path.relative_to(folder)}": path.read_bytes() for path in written}


def process_json(process: StoredProcess) -> dict[str, Any]:
    """Return a production process as plain JSON types."""
    nodes = [
        {
            "code": node.code,
            "name": node.name,
            "type": node.type,
            "unit_code": node.unit_code,
            "pollutants": list(node.pollutants),
            "note": node.note,
            "amount": node.amount,
            "upgrade": node.upgrade,
            "upgraded_on": node.upgraded_on or None,
        }
        for node in process.graph.nodes
    ]
    streams = [
        {"code": one.code, "from": one.source, "to": one.target, "carries": one.carries, "medium": one.medium}
        for one in process.graph.streams
    ]
    return {"nodes": nodes, "streams": streams}


def _dxf(connection: Transaction, facts: SheetFacts, kind: Kind) -> bytes | None:
    enterprise_id = facts.enterprise.feature_id
    features = drawn_features(connection, enterprise_id, kind, HOME_OF)
    if not features:
        return None
    original = last_file(connection, enterprise_id, kind)
    return export_drawing(features, source_code=facts.enterprise.code or "", drawing_kind=kind, original=original).content


def make(connection: Transaction, facts: SheetFacts, history: Sequence[Mapping[str, Any]], base_url: str, solve: Solve) -> Package:
    """Return the package of an enterprise.

    Parameters
    ----------
    connection : Transaction
        Inside `gis.store.connect.looking`, on the snapshot that `facts` were read in or a later one.
    facts : SheetFacts
        As `gis.store.sheets.sheet_facts` reads them.
    history : sequence of mapping
        What happened at its site.
    base_url : str
        Address of the panorama, to which the codes on the sheets lead.
    solve : callable
        Lays processes out.

    Raises
    ------
    Invalid
        Nothing was drawn of it.
    """
    code, kinds = facts.enterprise.code or "", kinds_of(facts)
    if not code or not kinds:
        raise Invalid("enterprise", f"{facts.enterprise.name} 还没有图，没有可交付的成果")
    contents: dict[str, tuple[str, bytes]] = {}
    drawings = []
    for kind in kinds:
        sheet = f"sheets/{code}_{kind}.pdf"
        contents[sheet] = (f"图纸：{TITLES[kind]}", printed(compose(facts, kind, "light", base_url, solve), "pdf"))
        dxf, path = _dxf(connection, facts, kind), f"dxf/{code}_{kind}.dxf"
        if dxf is not None:
            contents[path] = (f"DXF：{TITLES[kind]}", dxf)
        drawings.append(_drawing(facts, kind, sheet, path if dxf is not None else None))
    layers = frames(connection, enterprise_id=facts.enterprise.feature_id)
    contents |= {path: ("属性", data) for path, data in _data(layers, code).items()}
    beside: dict[str, tuple[str, Any]] = {
        "permit": ("许可证摘要", facts.permit),
        "process": ("生产流程", process_json(facts.process) if facts.process else None),
        "history": ("厂址沿革", [dict(row) for row in history] or None),
    }
    contents |= {f"data/{name}.json": (what, plain(value)) for name, (what, value) in beside.items() if value is not None}
    readme = README.format(name=facts.enterprise.name, code=code, manifest=manifest.NAME)
    contents["README.txt"] = ("说明", readme.encode())
    files = [described(path, what, data) for path, (what, data) in sorted(contents.items())]
    said = _manifest(facts, drawings, files, {name: len(rows) for name, rows in layers.items()})
    plainly = {path: data for path, (_, data) in contents.items()}
    return Package(code, packed(plainly | {manifest.NAME: manifest.written(said)}), len(files) + 1)


def _drawing(facts: SheetFacts, kind: Kind, sheet: str, dxf: str | None) -> Drawing:
    issue = facts.issued.get(kind)
    return Drawing(
        kind=kind,
        title=TITLES[kind],
        version=issue.version if issue else None,
        drawn_by=issue.drawn_by if issue else None,
        reviewer=issue.reviewer if issue else None,
        publisher=issue.publisher if issue else None,
        published_at=manifest.instant(issue.published_at) if issue else None,
        resurvey_on=issue.resurvey_on if issue else None,
        sheet=sheet,
        dxf=dxf,
    )


def _manifest(facts: SheetFacts, drawings: list[Drawing], files: list[File], counted: Mapping[str, int]) -> Manifest:
    attributes = facts.enterprise.attributes
    latest = max([newest((facts.enterprise, *facts.features)), *(issue.published_at for issue in facts.issued.values())])
    of = Of(
        source_code=facts.enterprise.code or "",
        credit_code=attributes.get("credit_code"),
        name=facts.enterprise.name,
        county=facts.county,
    )
    return Manifest(
        format="quanjing-delivery",
        format_version=1,
        exchange_class="19",
        title="重点污染源图形化成果",
        software={"name": "quanjing", "version": version("quanjing")},
        crs=manifest.CRS,
        as_of=manifest.instant(latest.astimezone(UTC)),
        enterprise=of,
        drawings=drawings,
        features=dict(counted),
        files=files,
    )
