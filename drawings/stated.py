"""Placing a drawing by the CRS that somebody states: what the statement leaves open is proven by the coordinates, or refused."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from drawings.frames import Frame
from drawings.ledger import finding
from drawings.region import ZONE_PREFIX, in_dazhou, middle_of
from drawings.units import METRE, NAMES, Declared, settled_issues
from gis.crs import CGCS2000_GK_CM_108E, Source, is_geographic, is_null_shift, source_of
from gis.errors import CoordinateError
from gis.geometry.similarity import IDENTITY, SWAP_AXES, Similarity
from gis.issues import Issue, Place

Points = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Taking:
    """One way to take coordinates: as they stand, in another unit, with their axes exchanged, with a zone prefix."""

    similarity: Similarity
    unit: float = METRE
    swapped: bool = False
    prefixed: bool = False


def _takings(source: Source) -> Iterator[Taking]:
    """Yield the ways to take coordinates, the plainest first.

    Not two of them can lead to Dazhou: northings and eastings there differ sixfold, degrees of longitude and latitude threefold, and the
    units by more than the region's northings do among themselves.
    """
    yield Taking(IDENTITY)
    yield Taking(SWAP_AXES, swapped=True)
    if is_geographic(source.epsg):
        return
    if source.epsg == CGCS2000_GK_CM_108E:
        yield Taking(Similarity(source=(ZONE_PREFIX, 0.0)), prefixed=True)
        yield Taking(Similarity(source=(0.0, ZONE_PREFIX), factor=1j, mirrored=True), swapped=True, prefixed=True)
    for unit in NAMES:
        if unit != METRE:
            yield Taking(Similarity(factor=complex(unit)), unit)
            yield Taking(Similarity(factor=1j * unit, mirrored=True), unit, swapped=True)


def prefix_issue(x: float, y: float) -> Issue:
    """Return the warning that a zone prefix was taken off the easting of a drawing whose middle is given."""
    message = "横坐标带 36 带带号（EPSG:4524），已减去 36 000 000 m 按 EPSG:4545 读取"
    return finding("W603", message, "下次出图请用不带带号的坐标", Place(xy=(round(x, 3), round(y, 3))))


def _unknown(crs: str) -> Frame:
    hint = "请写 EPSG:4545、EPSG:4490（经纬度）、gcj02、gcj02+EPSG:4545 等"
    issue = finding("E610", f"不认识的坐标系：{crs}", hint, Place(field="CRS"))
    return Frame(known=False, method="crs", issues=(issue,))


def no_parameters(crs: str) -> Issue:
    """Return what to say of a CRS that nobody can shift to CGCS2000 there."""
    hint = "西安80、北京54 等需要测绘部门的转换参数：请先转换到 CGCS2000，或用 --gcp 给出控制点"
    return finding("E610", f"{crs} 在此处没有已知的到 CGCS2000 的转换参数", hint, Place(field="CRS"))


def null_shift_issues(source: Source) -> list[Issue]:
    """Return a warning where WGS 84 coordinates are taken for CGCS2000."""
    if not is_null_shift(source):
        return []
    message = f"{source} 属 WGS 84，按与 CGCS2000 相同读取（二者相差分米级，未作改正）"
    return [finding("W613", message, "需要厘米级精度时请用 CGCS2000 成果", Place(field="CRS"))]


def _said(taking: Taking, source: Source, declared: Declared, at: tuple[float, float]) -> list[Issue]:
    issues = [*null_shift_issues(source)]
    if taking.prefixed:
        issues.append(prefix_issue(*at))
    if taking.swapped:
        message = f"X、Y 坐标对调（X 是北坐标），坐标大小可以证明，已按 {source} 交换读取"
        issues.append(finding("W614", message, "下次出图请以 X 为东坐标、Y 为北坐标", Place(xy=(round(at[0], 3), round(at[1], 3)))))
    return issues if is_geographic(source.epsg) else [*issues, *settled_issues(declared, taking.unit, "坐标大小")]


def frame_in(crs: str, points: Points, declared: Declared) -> Frame:
    """Return the frame of a drawing in a CRS that somebody states.

    Units, exchanged axes and a zone prefix are taken as the coordinates prove them, with a warning. Where no way of reading them leads to
    Dazhou, the frame is the plainest one, for the caller to refuse.

    Parameters
    ----------
    crs : str
        Such as `EPSG:4545`, `EPSG:4490` (degrees), `gcj02`, `gcj02+EPSG:4545` (see `gis.crs.source_of`).
    points : (n, 2) float64
        Drawing coordinates.
    declared : Declared
        The unit that the header declares.
    """
    at = middle_of(points)
    try:
        source = source_of(crs)
    except CoordinateError:
        return _unknown(crs)
    try:
        for taking in _takings(source) if len(points) else ():
            # EPSG:4545 itself needs no way there.
            inner = None if source == Source(CGCS2000_GK_CM_108E) else source
            note: dict[str, Any] = {"crs": str(source), "unit_m": taking.unit, "swapped": taking.swapped}
            frame = Frame(True, taking.similarity, inner, at, "crs", note)
            if in_dazhou(*frame.xy(np.array([at]))[0].tolist()):
                return replace(frame, issues=tuple(_said(taking, source, declared, at)))
    except CoordinateError:
        return Frame(known=False, method="crs", issues=(no_parameters(str(source)),))
    return Frame(known=True, source=source, middle=at, method="crs", note={"crs": str(source)})
