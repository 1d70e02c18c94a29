"""The manifest of a delivery package: of whom, which versions, in which coordinates, by which program, and the digests of every file."""

import hashlib
import json
from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from gis.crypto import sm3

NAME = "manifest.json"
FORMAT = "quanjing-delivery"
CLASS = "19"
"""Of the nineteen classes that province and city exchange: results of drawing the key sources (重点污染源图形化成果)."""
CRS = {
    "attributes": "EPSG:4490",
    "drawings": "EPSG:4545",
    "heights": "EPSG:5737",
    "says": "属性数据：CGCS2000 经纬度（度）；图纸和 DXF：CGCS2000 / 3° 高斯-克吕格，中央经线 108°E（米）；高程：1985 国家高程基准",
}
"""EPSG codes of what lies where (EPSG registry v12: 4490, 4545, 5737)."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Of(_Part):
    """The enterprise that a package is of."""

    source_code: str
    credit_code: str | None
    name: str
    county: str | None


class Drawing(_Part):
    """One of its four drawings; `version` is null where nobody published it as a drawing."""

    kind: Literal["A", "B", "C", "D"]
    title: str
    version: int | None
    drawn_by: str | None
    reviewer: str | None
    publisher: str | None
    published_at: AwareDatetime | None
    resurvey_on: date | None
    sheet: str
    dxf: str | None


class File(_Part):
    """One file of a package."""

    path: Annotated[str, Field(pattern=r"^[A-Za-z0-9_./-]+$", max_length=200)]
    what: str
    bytes: int
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    sm3: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class Manifest(_Part):
    """What a package says of itself."""

    format: Literal["quanjing-delivery"]
    format_version: Literal[1]
    exchange_class: Literal["19"]
    title: str
    software: dict[str, str]
    crs: dict[str, str]
    as_of: AwareDatetime
    """When the newest of what it holds was recorded."""
    enterprise: Of
    drawings: list[Drawing]
    features: dict[str, int]
    """Kind → how many features the attributes hold."""
    files: list[File]


def described(path: str, what: str, data: bytes) -> File:
    """Return a file with its size and digests (SHA-256: GB/T 18238.3; SM3: GB/T 32905-2016)."""
    return File(path=path, what=what, bytes=len(data), sha256=hashlib.sha256(data).hexdigest(), sm3=sm3(data).hex())


def written(manifest: Manifest) -> bytes:
    """Return a manifest as JSON, UTF-8, the same bytes for the same manifest."""
    return (json.dumps(manifest.model_dump(mode="json"), ensure_ascii=False, indent=1) + "\n").encode()


def read(data: bytes) -> tuple[Manifest | None, list[str]]:
    """Return the manifest in a file, or what is wrong with it."""
    try:
        return Manifest.model_validate_json(data), []
    except ValidationError as error:
        return None, [f"{'.'.join(str(part) for part in one['loc']) or NAME}：{one['msg']}" for one in error.errors()[:20]]


def instant(value: datetime) -> datetime:
    """Return an instant to the second, as a manifest says it."""
    return value.replace(microsecond=0)


def plain(value: Any) -> bytes:
    """Return plain JSON types as a file, UTF-8, indented."""
    return (json.dumps(value, ensure_ascii=False, indent=1, default=str) + "\n").encode()
