"""The massing of an enterprise: what stands for all its features from afar, as one solid of one feature.

It is put together from shares, one a square of the ground, so that of a large site of which one feature changed one share is made anew.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Self

import numpy as np
import shapely
from numpy.typing import NDArray

from gis.ground import Ground
from gis.kinds import KINDS
from gis.models.feature import Feature
from models3d.footprints import Footprints, footprints
from models3d.heights import is_line, is_patch
from models3d.mesh import Mesh, concatenate, scale, translate
from models3d.parts.marker import head, post
from models3d.parts.prism import prism, prisms
from models3d.solid import SolidMesh
from styles.tokens import scene_colour

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Outlines = NDArray[np.object_]

DETAIL_M = 0.5
"""Outlines lose what is smaller."""
SIGN_SCALE = 5.0
"""An enterprise of which nothing has an outline is a marker of this size."""
BLOCK_HEIGHT = 0.7
"""Share of a massing's corners that lie below the top of its block: chimneys do not count, halls do."""
MOST_BLOCKS = 256
"""Of a massing; where there are more, neighbours are one block."""
LEAST_SQUARE_M = 32.0
"""Side of the squares whose blocks become one, doubled until there are few enough."""
SHARE_M = 512.0
"""Side of the squares whose features make a share, a multiple of `LEAST_SQUARE_M` by a power of two."""
THIN_M = 1.0
"""A massing narrower than this has a block of this width."""


def block(positions: NDArray[np.float64]) -> Mesh:
    """Return the upright box that stands for a massing from afar.

    Parameters
    ----------
    positions : (n, 3) float64, metres
        Its corners: east, north, up.
    """
    around = shapely.minimum_rotated_rectangle(shapely.MultiPoint(positions[:, :2]))
    if around.geom_type != "Polygon" or around.area < THIN_M**2:
        around = shapely.box(*shapely.buffer(around, THIN_M / 2).bounds)
    foot = float(positions[:, 2].min())
    return prism(around, foot, max(float(np.quantile(positions[:, 2], BLOCK_HEIGHT)), foot + THIN_M))


def _stands(feature: Feature, top_m: float) -> bool:
    """Say whether a feature shows above the ground with a body of its own."""
    if feature.kind == "site_boundary":
        return True
    body = not isinstance(feature.geom, shapely.Point) and not is_line(feature) and not is_patch(feature)
    return body and KINDS[feature.kind].geometry != "PolygonZ" and top_m > 0


@dataclass(frozen=True, slots=True, eq=False)
class _Blocks:
    """Upright blocks, each of one or more outlines."""

    squares: NDArray[np.int64]
    """`(k, 2)` column and row of the square of each."""
    outlines: Outlines
    low_m: Floats
    volume_m3: Floats
    """Area by height, over all outlines of each."""
    area_m2: Floats

    @classmethod
    def joined(cls, several: Sequence[Self]) -> Self:
        """Return blocks in a row."""
        return cls(*(np.concatenate([getattr(one, name) for one in several]) for name in cls.__slots__))

    def some(self, rows: slice) -> Self:
        """Return those of some rows."""
        return type(self)(*(getattr(self, name)[rows] for name in self.__slots__))

    def merged(self, squares: NDArray[np.int64]) -> Self:
        """Return a block a square: the hull of the outlines there, as high as they are on the mean of their areas."""
        unique, owner = np.unique(squares, axis=0, return_inverse=True)
        owner = owner.reshape(-1)
        order = np.argsort(owner, kind="stable")
        hulls = shapely.convex_hull(shapely.multipolygons(self.outlines[order], indices=owner[order]))
        low = np.full(len(unique), np.inf)
        np.minimum.at(low, owner, self.low_m)
        volume, area = (np.bincount(owner, weights).astype(np.float64) for weights in (self.volume_m3, self.area_m2))
        return type(self)(unique, hulls, low, volume, area)

    def prisms(self) -> list[Mesh]:
        """Return them as solids."""
        high_m = self.volume_m3 / self.area_m2
        return prisms(self.outlines, self.low_m, np.maximum(high_m, self.low_m + THIN_M) if len(high_m) else high_m)


@dataclass(frozen=True, slots=True, eq=False)
class Share:
    """What the features of one square of the ground give to a massing."""

    places: Floats
    """`(k, 2)` metres of a plane grid: where each outline counts."""
    outlines: Outlines
    """`(k,)` metres east and north."""
    low_m: Floats
    high_m: Floats
    plate: Flags
    """Which are plates of ground: those never merge."""
    reach_m: tuple[float, float]
    """Least foot and greatest top of the features, relative to the ground at each."""
    plated: bool
    """Whether there is a plate."""
    _counts: dict[float, int] = field(default_factory=dict, repr=False)
    made: dict[float, _Blocks] = field(default_factory=dict, repr=False)
    solids: dict[float, list[Mesh]] = field(default_factory=dict, repr=False)
    """All by the side of the squares: a share that stays is not merged again."""

    def same(self, other: "Share") -> bool:
        """Say whether both make the same blocks."""
        arrays = ((getattr(self, name), getattr(other, name)) for name in ("places", "low_m", "high_m", "plate"))
        return (
            self.reach_m == other.reach_m
            and all(map(np.array_equal, *zip(*arrays, strict=True)))
            and bool((shapely.to_wkb(self.outlines) == shapely.to_wkb(other.outlines)).all())
        )

    def squares(self, side_m: float) -> NDArray[np.int64]:
        """Return the square of each body."""
        return np.floor(self.places[~self.plate] / side_m).astype(np.int64)

    def count(self, side_m: float) -> int:
        """Return how many blocks its bodies make, see `blocks`."""
        if side_m not in self._counts:
            self._counts[side_m] = len(np.unique(self.squares(side_m) @ PAIRED)) if side_m else int((~self.plate).sum())
        return self._counts[side_m]

    def bodies(self) -> _Blocks:
        """Return its bodies, each as itself."""
        own = ~self.plate
        outlines, low, high = self.outlines[own], self.low_m[own], self.high_m[own]
        area = shapely.area(outlines)
        return _Blocks(self.squares(SHARE_M), outlines, low, high * area, area)


PAIRED = np.array([1 << 32, 1])
"""Two whole numbers as one."""


def _runs(counts: Sequence[int]) -> list[slice]:
    """Return the runs of so many each."""
    ends = np.cumsum(counts).tolist()
    return [slice(end - count, end) for count, end in zip(counts, ends, strict=True)]


def blocks(shares: Sequence[Share], side_m: float) -> list[_Blocks]:
    """Return of each share its bodies as one block a square of that side, 0 for each as itself; what is not known yet is made at once."""
    fresh = [one for one in shares if side_m not in one.made]
    if fresh:
        bodies = [one.bodies() for one in fresh]
        whole, counts = _Blocks.joined(bodies), [len(one.low_m) for one in bodies]
        if side_m:
            owner = np.repeat(np.arange(len(fresh)), counts)
            merged = whole.merged(np.column_stack([owner, *(np.concatenate([one.squares(side_m) for one in fresh]).T)]))
            whole, counts = replace(merged, squares=merged.squares[:, 1:]), np.bincount(merged.squares[:, 0], minlength=len(fresh)).tolist()
        for one, run in zip(fresh, _runs(counts), strict=True):
            one.made[side_m] = whole.some(run)
    return [one.made[side_m] for one in shares]


def solids(shares: Sequence[Share], side_m: float) -> list[Mesh]:
    """Return the blocks of shares as solids."""
    fresh = [one for one in shares if side_m not in one.solids]
    if fresh:
        there = blocks(fresh, side_m)
        whole = _Blocks.joined(there)
        meshes = (
            whole.prisms()
            if side_m
            else prisms(coarse(whole.outlines), whole.low_m, np.concatenate([one.high_m[~one.plate] for one in fresh]))
        )
        for one, run in zip(fresh, _runs([len(own.low_m) for own in there]), strict=True):
            one.solids[side_m] = meshes[run]
    return [mesh for one in shares for mesh in one.solids[side_m]]


def coarse(outlines: Outlines) -> Outlines:
    """Return outlines without their small details; such as would not be valid then stay as they are."""
    simple = shapely.simplify(outlines, DETAIL_M)
    usable = shapely.is_valid(simple) & ~shapely.is_empty(simple)
    return np.where(usable, simple, outlines)


def share(features: Sequence[Feature], there: Footprints, z_m: Floats, places: Floats) -> Share:
    """Return what features give to a massing.

    Parameters
    ----------
    features : of kinds that a scene shows; they have passed `models3d.scene.scene`
    there : where they stand
    z_m : (n, 2) foot and top of each, relative to the ground
    places : (n, 2) metres of a plane grid, where each counts
    """
    standing = np.array([_stands(feature, top_m) for feature, top_m in zip(features, z_m[:, 1].tolist(), strict=True)], bool)
    if not standing.any():
        return Share(np.zeros((0, 2)), np.array([], object), np.zeros(0), np.zeros(0), np.zeros(0, bool), (np.inf, -np.inf), plated=False)
    plate = np.array([feature.kind == "site_boundary" for feature in features], bool)[standing]
    up_m, z_m = there.up_m[standing], z_m[standing]
    parts, owner = there.shapes[standing], np.arange(np.count_nonzero(standing))
    if (shapely.get_type_id(parts) != shapely.GeometryType.POLYGON).any():
        parts, owner = shapely.get_parts(parts, return_index=True)
    low = np.where(plate, z_m[:, 0], np.maximum(z_m[:, 0], 0)) + up_m
    return Share(
        places[standing][owner],
        parts,
        low[owner],
        (z_m[:, 1] + up_m)[owner],
        plate[owner],
        (float(z_m[:, 0].min()), float(z_m[:, 1].max())),
        bool(plate.any()),
    )


def _bodies(shares: Sequence[Share]) -> list[Mesh]:
    """Return the bodies as blocks, each as itself or, where those are too many, merged by squares that are as small as can be."""
    side_m = 0.0
    # A share makes one block at least, whatever the side: where there are too many shares, no side need be tried.
    if sum(one.count(0.0) > 0 for one in shares) > MOST_BLOCKS:
        side_m = SHARE_M
    while (count := sum(one.count(side_m) for one in shares)) > MOST_BLOCKS and side_m < SHARE_M:
        side_m = side_m * 2 or LEAST_SQUARE_M
    if count <= MOST_BLOCKS:
        return solids(shares, side_m)
    whole, times = _Blocks.joined(blocks(shares, side_m)), 1
    while len(np.unique(whole.squares // times, axis=0)) > MOST_BLOCKS:
        times *= 2
    return whole.merged(whole.squares // times).prisms()


def massing(enterprise: Feature, shares: Sequence[Share], origin: tuple[float, float, float], ground: Ground) -> SolidMesh:
    """Build the massing of a site: coarse blocks of all that stands above the ground, under the enterprise's own identity.

    Parameters
    ----------
    enterprise : Feature
    shares : of squares of the ground, `SHARE_M` wide, in the order of their names
    origin : of the frame: longitude, latitude (degrees), ellipsoid height (metres)
    ground : Ground

    Returns
    -------
    SolidMesh
        Of the enterprise; a large marker at its point where nothing has an outline. Blocks may overlap.
    """
    told = [one for one in shares if len(one.outlines)]
    if told:
        grounds = [one for one in told if one.plated]
        plates = [mesh for one in grounds for mesh in prisms(coarse(one.outlines[one.plate]), one.low_m[one.plate], one.high_m[one.plate])]
        mesh = concatenate([*plates, *_bodies(told)])
        plated = sum(len(plate.positions) for plate in plates)
        z_min_m, z_max_m = min(one.reach_m[0] for one in told), max(one.reach_m[1] for one in told)
    else:
        place = footprints([enterprise], origin, ground)
        spot = shapely.get_coordinates(shapely.centroid(place.shapes))[0]
        mesh = translate(scale(concatenate([post(), head("octahedron")]), SIGN_SCALE), np.array([*spot, place.up_m[0]]))
        plated, z_min_m, z_max_m = 0, 0.0, float(np.ptp(mesh.positions[:, 2]))
    colours = np.tile(np.array(scene_colour("massing"), np.uint8), (len(mesh.positions), 1))
    colours[:plated] = scene_colour("site_boundary")
    return SolidMesh(enterprise, mesh, colours, z_min_m, z_max_m)
