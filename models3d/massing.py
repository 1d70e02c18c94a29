"""The massing of an enterprise: what stands for all its features from afar, as one solid of one feature."""

import numpy as np
import shapely
from numpy.typing import NDArray

from gis.ground import Ground
from gis.kinds import KINDS
from gis.models.feature import Feature, Site
from models3d.footprints import Footprints, footprints
from models3d.heights import extent, is_line, is_patch
from models3d.mesh import Mesh, concatenate, scale, translate
from models3d.parts.marker import head, post
from models3d.parts.prism import prism, prisms
from models3d.scene import shown
from models3d.solid import SolidMesh, type_of
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
MOST_BLOCKS = 512
"""Of a massing; where there are more, neighbours are one block."""
LEAST_CELL_M = 32.0
"""Side of the squares whose blocks become one, doubled until there are few enough."""
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


def _stands(feature: Feature) -> bool:
    """Say whether a feature shows above the ground with a body of its own."""
    if feature.kind == "site_boundary":
        return True
    body = feature.geom.geom_type != "Point" and not is_line(feature) and not is_patch(feature)
    return body and KINDS[feature.kind].geometry != "PolygonZ" and extent(feature, type_of(feature))[1] > 0


def _merged(outlines: Outlines, low_m: Floats, high_m: Floats) -> tuple[Outlines, Floats, Floats]:
    """Return a block for each square of the site: the hull of the outlines there, as high as they are on the mean of their areas."""
    spots = shapely.get_coordinates(shapely.centroid(outlines))
    side_m = LEAST_CELL_M
    while len(np.unique(np.floor(spots / side_m), axis=0)) > MOST_BLOCKS:
        side_m *= 2
    cells, owner = np.unique(np.floor(spots / side_m), axis=0, return_inverse=True)
    owner = owner.reshape(-1)
    order = np.argsort(owner, kind="stable")
    hulls = shapely.convex_hull(shapely.multipolygons(outlines[order], indices=owner[order]))
    area = shapely.area(outlines)
    low = np.full(len(cells), np.inf)
    np.minimum.at(low, owner, low_m)
    high = np.bincount(owner, high_m * area) / np.bincount(owner, area)
    return hulls, low, np.maximum(high, low + THIN_M)


def _blocks(features: list[Feature], places: Footprints) -> tuple[list[Mesh], Flags]:
    """Return coarse prisms of features, and which of them are plates of ground."""
    parts, owner = shapely.get_parts(places.shapes, return_index=True)
    coarse = shapely.simplify(parts, DETAIL_M)
    usable = shapely.is_valid(coarse) & ~shapely.is_empty(coarse)
    outlines = np.where(usable, coarse, parts)
    z_m = np.array([extent(feature, type_of(feature)) for feature in features])
    plate = np.array([feature.kind == "site_boundary" for feature in features])
    low = (np.where(plate, z_m[:, 0], np.maximum(z_m[:, 0], 0)) + places.up_m)[owner]
    high, plate = (z_m[:, 1] + places.up_m)[owner], plate[owner]
    if (~plate).sum() > MOST_BLOCKS:
        merged = _merged(outlines[~plate], low[~plate], high[~plate])
        outlines, low, high = (np.concatenate([own[plate], one]) for own, one in zip((outlines, low, high), merged, strict=True))
        plate = np.arange(len(outlines)) < plate.sum()
    return prisms(outlines, low, high), plate


def massing(site: Site, ground: Ground) -> SolidMesh:
    """Build the massing of a site: coarse blocks of all that stands above the ground, under the enterprise's own identity.

    Parameters
    ----------
    site : Site
        Its features have passed `models3d.scene.scene`.
    ground : Ground

    Returns
    -------
    SolidMesh
        Of `site.enterprise`; a large marker at its point where nothing has an outline. Blocks may overlap.
    """
    features = [feature for feature in shown(site.features) if _stands(feature)]
    if features:
        places = footprints(features, site.origin, ground)
        meshes, plates = _blocks(features, places)
        plate = np.repeat(plates, [len(mesh.positions) for mesh in meshes])
        mesh = concatenate(meshes)
    else:
        place = footprints([site.enterprise], site.origin, ground)
        spot = shapely.get_coordinates(shapely.centroid(place.shapes))[0]
        mesh = translate(scale(concatenate([post(), head("octahedron")]), SIGN_SCALE), np.array([*spot, place.up_m[0]]))
        plate = np.zeros(len(mesh.positions), bool)
    colours = np.where(plate[:, None], np.array(scene_colour("site_boundary")), np.array(scene_colour("massing"))).astype(np.uint8)
    tops = [extent(feature, type_of(feature)) for feature in features]
    z_min_m = min((low for low, _ in tops), default=0.0)
    z_max_m = max((high for _, high in tops), default=float(np.ptp(mesh.positions[:, 2])))
    return SolidMesh(site.enterprise, mesh, colours, z_min_m, z_max_m)
