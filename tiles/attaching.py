"""Where a model stands: by control points, by a coordinate system; and whether that is where its feature is."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from gis.crs import CGCS2000_GK_CM_108E, Source, flat_to_lonlat, lonlat_to_xy, source_of, to_lonlat, xy_to_lonlat
from gis.errors import CoordinateError, GeometryError, Invalid
from gis.geometry.similarity import Similarity, fit, residuals, rms
from gis.issues import Issue
from gis.models.body import Body, Model, finding
from models3d.detailed import Place

WORST_RMS_M, WORST_M = 0.5, 1.0
"""Largest root mean square residual, and largest of one point, metres (norm, Georeference)."""
NEAR_M = 50.0
"""A model whose outline lies farther than this from that of its feature belongs to another."""
TRUE_SCALE = 0.01
"""How far the scale may be from 1, or from that of a unit."""
UNITS = {0.001: "毫米", 0.01: "厘米", 0.0254: "英寸", 0.3048: "英尺"}

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Placed:
    """How a model is brought to its place."""

    place: Place
    said: dict[str, Any]
    """For people and for the store: method, residuals, scale, turn."""
    issues: tuple[Issue, ...] = ()


def _base(bodies: Sequence[Body], ground_m: float | None) -> float:
    """Return the height in the file that is the ground: as told, else the lowest point."""
    return min(float(body.points[:, 2].min()) for body in bodies) if ground_m is None else ground_m


def by_system(source: Source, base: float, foot_m: float) -> Placed:
    """Place by a coordinate system; heights count from the ground."""

    def place(points: Floats) -> Floats:
        return np.column_stack([to_lonlat(points[:, :2], source), points[:, 2] - base + foot_m])

    return Placed(place, {"method": "crs", "crs": str(source), "ground_m": base, "foot_m": foot_m})


def by_origin(origin: tuple[float, float], base: float, foot_m: float) -> Placed:
    """Place a frame that lies at longitude and latitude, x to the east."""

    def place(points: Floats) -> Floats:
        return np.column_stack([flat_to_lonlat(points[:, :2], origin), points[:, 2] - base + foot_m])

    return Placed(place, {"method": "origin", "origin": list(origin), "ground_m": base, "foot_m": foot_m})


def by_points(names: Sequence[str], drawn: Floats, true: Floats, base: float, foot_m: float) -> Placed:
    """Place by control points: the similarity that fits them best.

    Parameters
    ----------
    names : sequence of str
    drawn : (n, 2) float64
        In the file.
    true : (n, 2) float64
        Easting and northing, EPSG:4545, metres.
    base, foot_m : float
        Height in the file that is the ground; height over the ground that it gets.

    Raises
    ------
    Invalid
        Fewer than two distinct points, a misfit, or a scale that is none of a unit.
    """
    try:
        found = fit(drawn, true)
    except GeometryError as error:
        raise Invalid("gcp", "要至少两个不同的控制点（E911）") from error
    offsets = residuals(found, drawn, true)
    lengths = np.hypot(*offsets.T)
    rows = [{"name": name, "residual_m": round(float(length), 4)} for name, length in zip(names, lengths, strict=True)]
    if rms(offsets) > WORST_RMS_M or lengths.max() > WORST_M:
        listed = "、".join(f"{row['name']} {row['residual_m']:.2f} m" for row in rows)
        raise Invalid("gcp", f"控制点对不上（E911）：均方根 {rms(offsets):.2f} m，各点 {listed}")
    unit = next((one for one in (1.0, *UNITS) if abs(found.scale / one - 1) <= TRUE_SCALE), None)
    if unit is None:
        raise Invalid("gcp", f"控制点给出的比例是 {found.scale:.5f}，不是米、毫米、英尺等单位（E911、W910）；请核对控制点，或用 --unit")
    issues = [] if unit == 1.0 else [finding("W910", f"控制点表明模型以{UNITS[unit]}为单位，已换算")]
    if len(names) == 2:
        issues.append(finding("E911", "只有两个控制点，无法检核；请再给一个"))
    said = {
        "method": "gcp",
        "points": rows,
        "rms_m": round(rms(offsets), 4),
        "scale": found.scale,
        "turn_deg": round(float(np.degrees(found.turn)), 6),
        "source": list(found.source),
        "target": list(found.target),
        "ground_m": base,
        "foot_m": foot_m,
    }
    return Placed(_similar(found, base, foot_m), said, tuple(issues))


def _similar(similarity: Similarity, base: float, foot_m: float) -> Place:
    def place(points: Floats) -> Floats:
        up = (points[:, 2] - base) * similarity.scale + foot_m
        return np.column_stack([xy_to_lonlat(similarity.points(points[:, :2])), up])

    return place


def placed(model: Model, bodies: Sequence[Body], *, crs: str | None, gcp: str | None, ground_m: float | None, foot_m: float) -> Placed:
    """Return how a model is placed by what its owner says, else by what its file says.

    Parameters
    ----------
    model : Model
    bodies : sequence of Body
        What of it is to stand there.
    crs : str, optional
        As `gis.crs.source_of` reads it.
    gcp : str, optional
        Control points as text: `name,x,y,E,N`.
    ground_m : float, optional
        Height in the file that is the ground; default its lowest point.
    foot_m : float
        Height over the ground that this gets: the feature's own foot.

    Raises
    ------
    Invalid
        Neither is known, or the points do not fit.
    """
    base = _base(bodies, ground_m)
    if gcp is not None:
        from drawings.gcp import points_of  # noqa: PLC0415 — ezdxf takes a while to load

        points, issues = points_of(gcp)
        if issues:
            raise Invalid("gcp", "；".join(issue.message for issue in issues))
        drawn, true = (np.array([getattr(point, side) for point in points], float).reshape(-1, 2) for side in ("drawn", "true"))
        return by_points([point.name for point in points], drawn, true, base, foot_m)
    if crs is not None:
        return by_system(source_of(crs), base, foot_m)
    if model.origin is not None:
        return by_origin(model.origin, base, foot_m)
    if model.epsg is not None:
        return by_system(Source(model.epsg), base, foot_m)
    raise Invalid("--gcp", f"文件没有说明坐标系；给控制点（--gcp），或指明坐标系（--crs EPSG:{CGCS2000_GK_CM_108E}）")


def away(points: Floats, feature: shapely.Geometry) -> Issue | None:
    """Say that a placed model, `(n, 3)` longitude, latitude, height, is not where its feature is; None where it is."""
    try:
        there = shapely.transform(shapely.force_2d(feature), lonlat_to_xy)
        outline = shapely.multipoints(lonlat_to_xy(points[:, :2])).convex_hull
    except CoordinateError as error:
        return finding("E908", f"模型的位置不能采用：{error}")
    distance = float(shapely.distance(there, outline))
    if not np.isfinite(distance) or distance > NEAR_M:
        return finding("E908", f"模型离要素 {distance:.0f} 米，坐标系或控制点不对")
    return None
