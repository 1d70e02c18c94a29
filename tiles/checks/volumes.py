"""Bounding volumes: whether they are written rightly, and which of them contain what."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gis.crs import ecef_to_lonlat
from tiles.checks.look import Look

TOLERANCE_M = 1e-4
TOLERANCE = 1e-5
"""Of a volume's size: what rounding in a JSON may take away."""
SIGNS = np.stack(np.meshgrid([-1, 1], [-1, 1], [-1, 1]), axis=-1).reshape(-1, 3).astype(float)
SHAPES = {"box": 12, "region": 6, "sphere": 4}
TOKEN = re.compile(r"[0-9a-fA-F]{1,16}")
"""Of an S2 cell (3DTILES_bounding_volume_S2, "Cell IDs")."""
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Volume:
    """A bounding volume in the frame of its tile; a region, in radians and metres, is in no frame."""

    kind: str
    values: Floats
    geocentric: bool = False
    """Of a region: the points that it is asked for are geocentric."""

    def moved(self, frame: Floats) -> "Volume":
        """Return it moved by a 4×4 matrix."""
        if self.kind == "region":
            return self
        centre = frame[:3, :3] @ self.values[:3] + frame[:3, 3]
        if self.kind == "sphere":
            scale = np.linalg.norm(frame[:3, :3], axis=0).max()
            return Volume(self.kind, np.append(centre, self.values[3] * scale))
        return Volume(self.kind, np.concatenate([centre, (self.values[3:].reshape(3, 3) @ frame[:3, :3].T).ravel()]))

    def divided(self, level: int, place: tuple[int, int, int], *, octree: bool) -> "Volume | None":
        """Return the part that an implicit tile has of its root's (3D Tiles 1.1, "Subdivision rules"); None where that can't be told."""
        parts, axes = 2**level, 3 if octree else 2
        if self.kind == "box":
            values = self.values.copy()
            for axis in range(axes):
                half = self.values[3 + 3 * axis : 6 + 3 * axis]
                values[:3] += half * ((2 * place[axis] + 1) / parts - 1)
                values[3 + 3 * axis : 6 + 3 * axis] = half / parts
            return Volume(self.kind, values)
        if self.kind == "sphere" or self.values[0] > self.values[2]:
            return None
        values = self.values.copy()
        for axis, (low, high) in enumerate(((0, 2), (1, 3), (4, 5))[:axes]):
            width = (self.values[high] - self.values[low]) / parts
            values[low] = self.values[low] + place[axis] * width
            values[high] = values[low] + width
        return Volume(self.kind, values)

    @property
    def size(self) -> float:
        """Half of its greatest width."""
        return float(np.abs(self.values[3:]).max(initial=0.0))

    def holds_points(self, points: Floats) -> bool | None:
        """Say whether points, `(n, 3)` in its frame, lie in it; None where that can't be told."""
        slack = TOLERANCE_M + TOLERANCE * self.size
        if self.kind == "sphere":
            return bool((np.linalg.norm(points - self.values[:3], axis=1) <= self.values[3] + slack).all())
        if self.kind == "box":
            axes = self.values[3:].reshape(3, 3).T
            if abs(np.linalg.det(axes)) <= 1e-12 * np.float64(max(self.size, 1e-3)) ** 3:
                return None
            local = np.linalg.solve(axes, (points - self.values[:3]).T)
            return bool((np.abs(local).max(axis=1) <= 1 + slack / np.linalg.norm(axes, axis=0)).all())
        if self.geocentric:
            lonlat_h = ecef_to_lonlat(points)
            low, high = lonlat_h.min(axis=0), lonlat_h.max(axis=0)
            return _region_in(np.array([*np.radians(low[:2]), *np.radians(high[:2]), low[2], high[2]]), self.values)
        return None

    def holds(self, other: "Volume") -> bool | None:
        """Say whether another volume of the same frame lies in it; None where that can't be told."""
        if self.kind == "region" or other.kind == "region":
            if self.kind != other.kind:
                return None
            return _region_in(other.values, self.values)
        if other.kind == "box":
            return self.holds_points(other.values[:3] + SIGNS @ other.values[3:].reshape(3, 3))
        if self.kind == "sphere":
            gap = np.linalg.norm(other.values[:3] - self.values[:3]) + other.values[3] - self.values[3]
            return bool(gap <= TOLERANCE_M + TOLERANCE * self.size)
        axes = self.values[3:].reshape(3, 3)
        across = np.linalg.norm(axes, axis=1, keepdims=True)
        if not across.all():
            return None
        # The farthest points of the sphere along the box's axes; exact where those are at right angles.
        return self.holds_points(np.concatenate([other.values[:3] + sign * other.values[3] * axes / across for sign in (1, -1)]))


def _region_in(inner: Floats, outer: Floats) -> bool | None:
    if inner[0] > inner[2] or outer[0] > outer[2]:
        return None
    slack = np.array([1e-9, 1e-9, 1e-9, 1e-9, TOLERANCE_M, TOLERANCE_M]) + TOLERANCE * np.abs(outer - np.roll(outer, 2))
    low, high = [0, 1, 4], [2, 3, 5]
    return bool((inner[low] >= outer[low] - slack[low]).all() and (inner[high] <= outer[high] + slack[high]).all())


def _region(look: Look, values: Floats) -> bool:
    west, south, east, north, low, high = values
    half = np.pi / 2 + 1e-9
    if not (abs(west) <= np.pi + 1e-9 and abs(east) <= np.pi + 1e-9 and abs(south) <= half and abs(north) <= half):
        look.found.add("T104", look.at("region"), "经纬度须为弧度")
        return False
    if south > north or low > high:
        look.found.add("T104", look.at("region"), "南大于北或低大于高")
        return False
    return True


def read_volume(look: Look | None) -> Volume | None:
    """Return the volume that a `boundingVolume` says, the box before the others; None where it says none or is broken."""
    if look is None:
        return None
    found: list[Volume] = []
    for kind, count in SHAPES.items():
        if kind not in look.value:
            continue
        values = Look(look.value, look.path, look.found, "T104").numbers(kind, count)
        if values is None:
            continue
        numbers = np.array(values)
        if kind == "sphere" and numbers[3] < 0:
            look.found.add("T104", look.at(kind), "半径为负")
        elif kind != "region" or _region(look, numbers):
            found.append(Volume(kind, numbers))
        if kind == "box" and not numbers[3:].reshape(3, 3).any(axis=1).all():
            look.found.warn("T104", look.at(kind), "有半轴为零")
    extensions = look.value.get("extensions")
    if not look.value.keys() & SHAPES.keys() and not (isinstance(extensions, dict) and extensions):
        look.found.add("T104", look.path, "须有 box、region 或 sphere")
    look.extended()
    _s2(look, extensions)
    return found[0] if found else None


def _s2(look: Look, extensions: Any) -> None:
    s2 = extensions.get("3DTILES_bounding_volume_S2") if isinstance(extensions, Mapping) else None
    if isinstance(s2, dict):
        inner = Look(s2, look.at("extensions.3DTILES_bounding_volume_S2"), look.found, "T104")
        token = inner.need("token", "string")
        if token is not None and not TOKEN.fullmatch(token):
            inner.fault("token", f"{token!r} 不是 S2 单元")
        low, high = inner.need("minimumHeight", "number"), inner.need("maximumHeight", "number")
        if low is not None and high is not None and low > high:
            inner.fault("minimumHeight", "大于 maximumHeight")
