"""What a cell of a tileset is made of: a digest that is another whenever its bytes could be.

A cell's name tells it, so that a cell that is there already under its name is taken over, and of a site of which one feature changed
one cell is modelled and written.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import orjson
import shapely
from numpy.typing import NDArray

from gis.models.detailed import Detailed
from gis.models.feature import Feature, Site
from models3d.heights import is_line, is_patch
from models3d.sizes import size
from models3d.solid import type_of

Indices = NDArray[np.int64]
Flags = NDArray[np.bool_]
NONE = np.zeros(0, np.int64)


def _shape(feature: Feature, ground_m: float, model: Detailed | None) -> tuple[Any, ...]:
    """Return what beside its geometry decides a feature's solid where it stands alone."""
    heights = (feature.base_1985_m, feature.height_m, feature.z_min_m, feature.z_max_m, ground_m)
    return (feature.kind, *heights, feature.attributes, model.digest if model else None)


def _row(feature: Feature) -> tuple[Any, ...]:
    """Return what a feature's row of the property table tells beyond its shape."""
    state = feature.state
    told = (feature.feature_id, feature.enterprise_id, feature.code, feature.name)
    return (*told, state.alarm_level, state.open_alarms, state.case_count)


def _climbs(feature: Feature) -> bool:
    """Say whether a patch lies on the roof that covers it."""
    return is_patch(feature) and bool(size("surface", feature.kind, type_of(feature)).get("roofs", False))


@dataclass(frozen=True, slots=True, eq=False)
class Reach:
    """Where features lie, and what may stand on what there."""

    boxes: NDArray[np.float64]
    """`(n, 4)` west, south, east, north, degrees (EPSG:4490)."""
    points: Flags
    climbing: Flags
    """Patches that lie on the roof that covers them."""
    bearing: Flags
    """Bodies and patches, on which others may stand."""

    around: tuple[float, ...] = field(init=False)
    """The box around all."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "around", tuple(around(self.boxes).tolist()))

    def some(self, rows: NDArray[np.int64]) -> "Reach":
        """Return those of some rows."""
        return Reach(self.boxes[rows], self.points[rows], self.climbing[rows], self.bearing[rows])

    @property
    def leaning(self) -> Flags:
        """Which may stand on others."""
        return self.points | self.climbing


def reach(features: Sequence[Feature]) -> Reach:
    """Return where features of kinds that a scene shows lie."""
    point = np.array([isinstance(feature.geom, shapely.Point) for feature in features], bool)
    climbing = np.array([_climbs(feature) for feature in features], bool) & ~point
    bearing = np.array([not is_line(feature) and feature.kind != "site_boundary" for feature in features], bool) & ~point
    return Reach(shapely.bounds(np.array([feature.geom for feature in features], object)).reshape(-1, 4), point, climbing, bearing)


def around(boxes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the least box around boxes, `(n, 4)`; of none one that nothing touches."""
    return np.concatenate([boxes[:, :2].min(axis=0, initial=np.inf), boxes[:, 2:].max(axis=0, initial=-np.inf)])


def _near(box: NDArray[np.float64], others: NDArray[np.float64]) -> Flags:
    """Say which of `others`, `(n, 4)`, share a point with a box."""
    west, south, east, north = others.T
    found: Flags = (west <= box[2]) & (south <= box[3]) & (east >= box[0]) & (north >= box[1])
    return found


def touching(boxes: NDArray[np.float64], others: NDArray[np.float64]) -> Flags:
    """Say which of `others`, `(n, 4)`, share a point with one of `boxes`, `(k, 4)`."""
    found = np.zeros(len(others), bool)
    if len(boxes):
        near = np.flatnonzero(_near(around(boxes), others))
        one, many = boxes[:, None], others[near]
        found[near] = ((many[:, :2] <= one[..., 2:]).all(axis=2) & (many[:, 2:] >= one[..., :2]).all(axis=2)).any(axis=0)
    return found


def standing_on(features: Sequence[Feature], there: Reach | None = None) -> list[Indices]:
    """Return the features on which each may stand: bodies under a marker or a patch that climbs, and what those stand on.

    Parameters
    ----------
    features : sequence of Feature
        Of kinds that a scene shows.
    there : Reach, optional
        Theirs, where it is known.
    """
    there = there or reach(features)
    found = [NONE] * len(features)
    if not there.bearing.any() or not there.leaning.any():
        return found
    bearers = np.flatnonzero(there.bearing)
    envelopes = shapely.box(*there.boxes.T)
    tree = shapely.STRtree(envelopes[bearers])
    # Patches first, for a marker stands on a patch that lies on a roof.
    for rows in (np.flatnonzero(there.climbing), np.flatnonzero(there.points)):
        asked, under = tree.query(envelopes[rows], predicate="intersects")
        order = np.argsort(asked, kind="stable")
        ends = np.searchsorted(asked[order], np.arange(len(rows) + 1))
        for place, row in enumerate(rows.tolist()):
            mine = bearers[under[order[ends[place] : ends[place + 1]]]]
            deeper = [found[index] for index in mine.tolist() if there.climbing[index]]
            found[row] = np.unique(np.concatenate([mine[mine != row], *deeper]))
    return found


def digests(
    site: Site,
    features: Sequence[Feature],
    cells: Mapping[str, Indices],
    below: Sequence[Indices],
    *,
    ground_m: NDArray[np.float64],
    made_by: str,
) -> dict[str, str]:
    """Return a digest of each cell, 16 hexadecimal digits.

    Parameters
    ----------
    site : what detailed models it has
    features : of it, of kinds that a scene shows
    cells : cell → rows of `features`
    below : what each stands on, see `standing_on`
    ground_m : the heights under the features, over the ellipsoid
    made_by : of the code, the site's origin and whatever else is the same for all
    """
    heights, models = ground_m.tolist(), site.models
    found = {}
    for key, members in cells.items():
        under = [below[row] for row in members.tolist() if len(below[row])]
        borne = np.unique(np.concatenate(under)).tolist() if under else []
        rows = [*members.tolist(), *borne]
        shapes = [_shape(features[row], heights[row], models.get(features[row].feature_id)) for row in rows]
        told = orjson.dumps((made_by, key, shapes, [_row(features[row]) for row in members.tolist()]), repr, orjson.OPT_SORT_KEYS)
        digest = hashlib.sha256(told + b"\0")
        digest.update(b"".join(shapely.to_wkb(np.array([features[row].geom for row in rows], object))))
        found[key] = digest.hexdigest()[:16]
    return found


def modelled(members: Sequence[Indices], below: Sequence[Indices]) -> Indices:
    """Return the rows that have to be modelled so that the members of some cells are as they would be among all."""
    own = np.unique(np.concatenate([NONE, *members]))
    return np.unique(np.concatenate([own, *(below[row] for row in own.tolist())])).astype(np.int64)
