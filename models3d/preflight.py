"""The check before a model goes in: every bad solid is named with its id; one that is bad keeps no other from being looked at."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from gis.issues import Issue
from gis.models.body import Body, Model, finding
from models3d.closing import FLAT_M, floor, is_flat, walls
from models3d.crossing import crossings
from models3d.readers.faces import Triangle
from models3d.topology import Flags, Floats, Indices, edges, parts, rim, turned

WELD_M = 1e-4
"""Corners closer than this are one: formats without indices, and float32, give each face corners of its own."""
LARGE_M, SMALL_M = 2_000.0, 0.5
"""A model of a building or plant is neither larger nor smaller than this."""
GROUND, WALL = "GroundSurface", "WallSurface"
NORTHINGS, EASTINGS = (3.3e6, 3.7e6), (3.4e5, 5.8e5)
"""Of this city in EPSG:4545, widely, metres."""


@dataclass(frozen=True, slots=True, eq=False)
class Checked:
    """One body after the check, mended where that changes nothing that is seen."""

    body: Body
    closed: bool
    volume_m3: float | None
    """None where it is open."""
    area_m2: float
    taken: bool
    """It can be shown; what is refused can't."""


@dataclass(frozen=True, slots=True, eq=False)
class Report:
    """What a model is good for."""

    model: Model
    checked: tuple[Checked, ...]
    issues: tuple[Issue, ...]

    @property
    def taken(self) -> tuple[Checked, ...]:
        """The bodies that can be shown."""
        return tuple(one for one in self.checked if one.taken)

    @property
    def counts(self) -> dict[str, int]:
        """Objects of the file, of these taken and refused; an object of several levels of detail is one."""
        taken = len({one.body.body_id for one in self.taken})
        return {"read": self.model.read, "taken": taken, "refused": self.model.read - taken}


def welded(body: Body) -> tuple[Floats, Indices, Flags]:
    """Return a body's points with each place once, its triangles, and which triangles of the body these are; slivers fall out."""
    if not len(body.triangles):
        return body.points[:0], body.triangles, np.zeros(0, bool)
    origin = body.points.min(axis=0)
    _, first, rows = np.unique(np.round((body.points - origin) / WELD_M).astype(np.int64), axis=0, return_index=True, return_inverse=True)
    triangles = rows.reshape(-1)[body.triangles]
    a, b, c = triangles.T
    whole = (a != b) & (b != c) & (c != a)
    return body.points[first], triangles[whole], whole


def _filled(body: Body, points: Floats, faces: Sequence[Triangle], said: str) -> Body:
    """Return a body with more faces, of the surface that is said."""
    corners = points[np.array(faces)].reshape(-1, 3)
    added = len(body.points) + np.arange(len(corners)).reshape(-1, 3)
    surfaces = body.surfaces if body.surface is None or said in body.surfaces else (*body.surfaces, said)
    surface = None if body.surface is None else np.append(body.surface, np.full(len(faces), surfaces.index(said), np.int32))
    colours = None if body.colours is None else np.concatenate([body.colours, np.tile(body.colours[-1:], (len(faces), 1))])
    points_, triangles = np.concatenate([body.points, corners]), np.concatenate([body.triangles, added])
    return replace(body, points=points_, triangles=triangles, surfaces=surfaces, surface=surface, colours=colours)


def volume_m3(points: Floats, triangles: Indices) -> float:
    """Return the signed volume of a closed mesh, about its own middle, so that far coordinates cost no digits."""
    a, b, c = np.moveaxis((points - points.mean(axis=0))[triangles], 1, 0)
    return float(np.einsum("ij,ij->", a, np.cross(b, c)) / 6)


def _area_m2(points: Floats, triangles: Indices) -> float:
    a, b, c = np.moveaxis(points[triangles], 1, 0)
    return float(np.linalg.norm(np.cross(b - a, c - a), axis=1).sum() / 2)


def _turn(body: Body, rows: Flags) -> Body:
    triangles = body.triangles.copy()
    triangles[rows] = triangles[rows][:, ::-1]
    return replace(body, triangles=triangles)


def _named(body: Body) -> str:
    said = " ".join(part for part in (body.kind, body.name if body.name != body.body_id else "", body.body_id) if part)
    return f"{said}（LoD {body.lod}）" if body.lod else said


def _agreeing(body: Body, triangles: Indices, whole: Flags) -> tuple[Body, Indices, Issue]:
    """Turn the faces that turn otherwise than their neighbours, where that can be."""
    flips = turned(triangles)
    if flips is None:
        return body, triangles, finding("E906", f"{_named(body)}：相邻面的朝向不一致，不能统一", body.body_id)
    flags = np.zeros(len(body.triangles), bool)
    flags[np.flatnonzero(whole)[flips]] = True
    said = finding("W906", f"{_named(body)}：{int(flips.sum())} 个面的朝向与相邻面不一致，已翻转", body.body_id)
    return _turn(body, flags), np.where(flips[:, None], triangles[:, ::-1], triangles), said


def _crossed(body: Body, points: Floats, triangles: Indices) -> list[Issue]:
    crossed = crossings(points, triangles)
    if crossed is None:
        return [finding("W907", f"{_named(body)}：{len(triangles)} 个面，太多，未查自相交", body.body_id)]
    if not len(crossed):
        return []
    part = parts(triangles)
    within = int((part[crossed[:, 0]] == part[crossed[:, 1]]).sum())
    if within:
        return [finding("E907", f"{_named(body)}：{within} 对面相互穿过", body.body_id)]
    return [finding("W913", f"{_named(body)}：由 {part.max() + 1} 个实体组成，其中有的互相穿插", body.body_id)]


def _closed(body: Body, points: Floats, triangles: Indices) -> tuple[Body, list[Issue]]:
    """Give a solid the flat faces that it lacks."""
    open_ = rim(points, triangles)
    below = floor(points, open_)
    missing = below or walls(points, open_)
    if not missing:
        return body, []
    said = f"{_named(body)}：缺{'底面' if below else '平面'}，已补上（{len(open_)} 条边没有相邻面）"
    return _filled(body, points, missing, GROUND if below else WALL), [finding("W904", said, body.body_id)]


def _surface(body: Body, points: Floats, triangles: Indices, whole: Flags) -> tuple[Checked, list[Issue]]:
    """Look at how a body's faces hang together, and mend what can be."""
    name, of = _named(body), body.body_id
    issues: list[Issue] = []
    odd, mixed = edges(triangles)
    if mixed:
        body, triangles, said = _agreeing(body, triangles, whole)
        issues.append(said)
    if odd and body.solid:
        body, mended = _closed(body, points, triangles)
        issues += mended
        points, triangles, _ = welded(body)
        odd, _ = edges(triangles)
    area = _area_m2(points, triangles)
    if odd:
        open_ = f"{name}：{odd} 条边只有一个面" if body.solid else f"{name}：表面不封闭，{odd} 条边只有一个面"
        issues.append(finding("E905" if body.solid else "W905", open_, of))
        return Checked(body, closed=False, volume_m3=None, area_m2=area, taken=True), issues
    volume = volume_m3(points, triangles)
    if volume < 0:
        body = _turn(body, np.ones(len(body.triangles), bool))
        issues += [] if issues else [finding("W906", f"{name}：所有面朝里，已翻转", of)]
    return Checked(body, closed=True, volume_m3=abs(volume), area_m2=area, taken=True), issues


def check(body: Body) -> tuple[Checked, list[Issue]]:
    """Return a body with what it is good for, and all that is wrong with it."""
    name, of = _named(body), body.body_id
    refused = Checked(body, False, None, 0.0, False)
    if not np.isfinite(body.points).all():
        bad = int((~np.isfinite(body.points)).any(axis=1).sum())
        return refused, [finding("E903", f"{name}：{bad} 个顶点的坐标不是数", of)]
    points, triangles, whole = welded(body)
    if not len(triangles):
        return refused, [finding("E904", f"{name}：没有面", of)]
    area = _area_m2(points, triangles)
    if body.solid and is_flat(points):
        return replace(refused, area_m2=area), [finding("E904", f"{name}：所有点在一个平面上，没有体积", of)]
    made, issues = _surface(body, points, triangles, whole)
    points, triangles, _ = welded(made.body)
    return made, issues + _crossed(made.body, points, triangles)


def _checked(body: Body) -> tuple[Checked, list[Issue]]:
    try:
        return check(body)
    except (ValueError, ArithmeticError, np.linalg.LinAlgError, IndexError) as error:
        # Whatever one body is like, the others are still to be looked at.
        said = finding("E902", f"{_named(body)}：检查不了（{type(error).__name__}：{error}）", body.body_id)
        return Checked(body, False, None, 0.0, False), [said]


def _within(values: tuple[float, float], limits: tuple[float, float]) -> bool:
    return limits[0] <= values[0] <= values[1] <= limits[1]


def _lies(points: Floats) -> bool:
    """Say whether a model looks as if it lay on its side: a broad base at its least y, none at its least z."""
    low, size = points.min(axis=0), np.ptp(points, axis=0)
    if size.min() < FLAT_M:
        return False
    bases = []
    for axis in (1, 2):
        others = [one for one in range(3) if one != axis]
        foot = points[points[:, axis] < low[axis] + 0.01 * size[axis]]
        bases.append(float(np.prod(np.ptp(foot[:, others], axis=0) / size[others])))
    return bases[0] > 0.9 and bases[1] < 0.3


def _whole(checked: Sequence[Checked]) -> list[Issue]:
    """Look at the model as a whole: its axes and its unit."""
    bodies = [one.body.points for one in checked if one.taken]
    if not bodies:
        return []
    points = np.concatenate(bodies)
    low, high = points.min(axis=0).tolist(), points.max(axis=0).tolist()
    issues = []
    if _within((low[0], high[0]), NORTHINGS) and _within((low[1], high[1]), EASTINGS):
        issues.append(finding("E909", f"X 是北坐标（{low[0]:.0f}），Y 是东坐标（{low[1]:.0f}）：X、Y 对调"))
    if _lies(points):
        issues.append(finding("E909", "底面在 Y 最小处，Z 最小处没有底面：模型躺着，Y、Z 对调"))
    size = max(float(np.ptp(one.body.points, axis=0).max()) for one in checked if one.taken)
    whole = float(np.ptp(points, axis=0).max())
    if size > LARGE_M:
        issues.append(finding("W910", f"最大的对象有 {size:.0f} 米，像是以毫米为单位（应为 {size / 1000:.1f} 米）"))
    elif whole < SMALL_M:
        issues.append(finding("W910", f"整个模型只有 {whole:.3f} 米，像是以千米或英寸为单位"))
    return issues


def preflight(model: Model) -> Report:
    """Return what a model is good for: each body checked, and every issue with the id of its object."""
    found = [_checked(body) for body in model.bodies]
    checked = tuple(one for one, _ in found)
    issues = [issue for _, said in found for issue in said]
    return Report(model, checked, (*model.issues, *issues, *_whole(checked)))
