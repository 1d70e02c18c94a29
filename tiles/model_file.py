"""A 3D model's file, read and checked in a child process with limits: what it does to its reader, it does to nobody else."""

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from gis.child import Failure, Progress, run, size_of
from gis.crs import AREA_4545, Source, to_lonlat
from gis.errors import CoordinateError, Invalid
from gis.issues import Issue
from gis.limits import MAX_BYTES, Limits
from gis.models.body import Body, Model, finding
from models3d.preflight import Report, preflight
from models3d.readers.formats import READERS, reader_of

FORMATS = (*READERS, ".dxf")
LIMITS = Limits(memory_bytes=3 * 1024**3, deadline_s=300.0)
MAX_BODIES = 50_000
MAX_TRIANGLES = 4_000_000
SAID = {
    Failure.SIZE: f"文件超过 {MAX_BYTES // 1024**2} MB",
    Failure.DEADLINE: f"读取超时：超过 {LIMITS.deadline_s:g} 秒，已中止",
    Failure.MEMORY: f"读取内存超限：超过 {LIMITS.memory_bytes // 1024**2} MB，已中止",
    Failure.CRASH: "读取进程意外终止",
}


@dataclass(frozen=True, slots=True)
class Frame:
    """What the caller knows of a file's frame better than the file."""

    unit_m: float = 1.0
    """Metres of a unit, beyond what the reader made of the file's own words."""
    up: str = "z"
    """The axis that points up: z, or y where the file lies on its side."""


def _framed(body: Body, frame: Frame) -> Body:
    points = body.points * frame.unit_m
    if frame.up == "y":
        points = np.column_stack([points[:, 0], -points[:, 2], points[:, 1]])
    return replace(body, points=points)


def _read(data: bytes, file_name: str) -> Model:
    if file_name.lower().endswith(".dxf"):
        from drawings.bodies import read as dxf  # noqa: PLC0415 — ezdxf takes a while to load

        return dxf(data, file_name)
    reader = reader_of(file_name)
    if reader is None:
        raise Invalid("file", f"{file_name} 不是能读的模型：{'、'.join(FORMATS)}")
    return reader(data)


def _place(model: Model) -> list[Issue]:
    """Say where a declared coordinate system puts a model that is not in its area of use."""
    points = [body.points for body in model.bodies if np.isfinite(body.points).all() and len(body.points)]
    if model.epsg is None or not points:
        return []
    if model.origin is not None:
        lon, lat = model.origin
    else:
        try:
            lon, lat = to_lonlat(np.concatenate(points)[:, :2].mean(axis=0, keepdims=True), Source(model.epsg))[0].tolist()
        except CoordinateError as error:
            return [finding("E908", f"EPSG:{model.epsg}：{error}；须用控制点放置")]
    west, south, east, north = AREA_4545
    inside = west <= lon <= east and south <= lat <= north
    return [] if inside else [finding("E908", f"EPSG:{model.epsg} 使模型落在 {lon:.4f}°E {lat:.4f}°N，不在本带；须用控制点放置")]


def _report(data: bytes, file_name: str, frame: Frame, *, progress: Progress) -> Report:
    """Read and check; runs in the child."""
    progress("read", 0.0)
    try:
        model = _read(data, file_name)
    except Invalid as error:
        model = Model("", (), 0, (finding("E901", error.detail, file=file_name),))
    triangles = sum(len(body.triangles) for body in model.bodies)
    if len(model.bodies) > MAX_BODIES or triangles > MAX_TRIANGLES:
        said = f"{len(model.bodies)} 个对象、{triangles} 个三角形；最多 {MAX_BODIES} 个、{MAX_TRIANGLES} 个"
        return preflight(Model(model.format, (), model.read, (finding("E901", said, file=file_name),), model.epsg))
    if frame != Frame():
        model = replace(model, bodies=tuple(_framed(body, frame) for body in model.bodies))
    progress("check", 0.3)
    report = preflight(model)
    return replace(report, issues=(*report.issues, *_place(model)))


def checked(
    source: Path | bytes, file_name: str, frame: Frame | None = None, *, progress: Progress | None = None, limits: Limits = LIMITS
) -> Report:
    """Return what is in a model's file and what is wrong with it; a file that can't be read is an issue.

    Parameters
    ----------
    source : Path or bytes
        The file, or what is in it.
    file_name : str
        Its name, whose end says the format.
    frame : Frame, optional
    progress, limits
        As for `gis.child.run`.

    Raises
    ------
    OSError
        The file can't be opened.
    """
    found = run(_report, source, file_name, frame or Frame(), progress=progress, limits=limits)
    if isinstance(found, Failure):
        return preflight(Model("", (), 0, (finding("E901", SAID[found], file=file_name),)))
    return found


def sha256(source: Path) -> str:
    """Return the digest of a file."""
    with source.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


__all__ = ["FORMATS", "LIMITS", "Frame", "checked", "sha256", "size_of"]
