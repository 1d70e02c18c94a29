"""Scenes: from an enterprise's features to solids in local metres."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import shapely
from numpy.typing import NDArray

from gis.errors import GeometryError
from gis.ground import Ground
from gis.kinds import KINDS
from gis.models.feature import Feature, Site
from models3d.footprints import Footprints, fault, footprints
from models3d.heights import extent
from models3d.mesh import Mesh, concatenate
from models3d.parts.basin import basin
from models3d.parts.marker import HEIGHT_M, Head, marker
from models3d.parts.prism import prism, prisms
from styles.tokens import Rgb, scene_colour

STACK_TAPER = 0.7
"""Top of a stack relative to its foot."""
KERB_M = 0.15
"""Least height of a basin's rim over the ground, as drawn: the globe would hide the water of one that ends flush with it."""
HEADS: dict[str, Head] = {"outlet": "octahedron", "monitoring_point": "cube"}


@dataclass(frozen=True, slots=True, eq=False)
class SolidMesh:
    """One feature as a closed solid."""

    feature: Feature
    mesh: Mesh
    colours: NDArray[np.uint8]
    """`(n, 3)` uint8, sRGB, one a vertex of the mesh."""
    z_min_m: float
    """Foot and top relative to the ground at the footprint, metres; as stored where they are, else as drawn."""
    z_max_m: float


@dataclass(frozen=True, slots=True)
class Scene:
    """An enterprise's features as solids in one frame."""

    origin: tuple[float, float, float]
    """Longitude, latitude (degrees, EPSG:4490), ellipsoid height (metres) of the frame's zero; axes east, north, up."""
    solids: tuple[SolidMesh, ...]


def type_of(feature: Feature) -> str | None:
    """Return the value of the kind's type attribute, None where it has none."""
    attribute = KINDS[feature.kind].type_attribute
    return None if attribute is None else feature.attributes.get(attribute)


def _painted(feature: Feature, parts: Sequence[tuple[Mesh, Rgb]], z_m: tuple[float, float]) -> SolidMesh:
    colours = np.concatenate([np.tile(np.array(colour, np.uint8), (len(mesh.positions), 1)) for mesh, colour in parts])
    return SolidMesh(feature, concatenate([mesh for mesh, _ in parts]), colours, *z_m)


def _named(feature: Feature, reason: str) -> str:
    return f"{KINDS[feature.kind].label} {feature.code or ''} {feature.name} ({feature.feature_id}): {reason}"


def _checked(features: Sequence[Feature], ground: Ground, origin: tuple[float, float, float]) -> Footprints:
    """Return the footprints; raises GeometryError naming every feature on which no solid can stand."""
    reasons: list[str] = []
    for feature in features:
        reason = "the outline is empty" if feature.geom is None or feature.geom.is_empty else None
        low, high = extent(feature, type_of(feature))
        if not (np.isfinite([low, high]).all() and low < high) and KINDS[feature.kind].geometry == "Polygon":
            reason = reason or f"its foot, {low} m, is not below its top, {high} m"
        if reason:
            reasons.append(_named(feature, reason))
    if not reasons:
        places = footprints(features, origin, ground)
        faults = [(feature, fault(shape)) for feature, shape in zip(features, places.shapes, strict=True)]
        reasons = [_named(feature, reason) for feature, reason in faults if reason]
    if reasons:
        raise GeometryError("; ".join(reasons))
    return places


def _extrusions(
    features: Sequence[Feature], shapes: NDArray[np.object_], z_m: NDArray[np.float64], taper: NDArray[np.float64]
) -> list[Mesh]:
    """Return a mesh for each feature; several where its footprint has several parts, as one."""
    parts, owner = shapely.get_parts(shapes, return_index=True)
    try:
        meshes = prisms(parts, z_m[owner, 0], z_m[owner, 1], taper[owner])
    except GeometryError:
        # All at once can't say whose outline it was; one by one can.
        for part, index in zip(parts, owner, strict=True):
            try:
                prism(part, *z_m[index])
            except GeometryError as error:
                raise GeometryError(_named(features[index], str(error))) from error
        raise
    groups: list[list[Mesh]] = [[] for _ in features]
    for mesh, index in zip(meshes, owner, strict=True):
        groups[index].append(mesh)
    return [group[0] if len(group) == 1 else concatenate(group) for group in groups]


def _basin(feature: Feature, shape: shapely.Geometry, up_m: float, z_m: tuple[float, float]) -> SolidMesh:
    pairs = [basin(part, z_m[0] + up_m, max(z_m[1], KERB_M) + up_m) for part in shapely.get_parts(shape)]
    wall, water = scene_colour("structure"), scene_colour("structure", "pond")
    return _painted(feature, [painted for body, top in pairs for painted in ((body, wall), (top, water))], z_m)


def _markers(features: Sequence[Feature], places: Footprints, solids: Sequence[tuple[shapely.Geometry, float]]) -> list[SolidMesh]:
    """Stand a marker on what lies under each point: the roof or stack top of a solid, else the ground.

    Parameters
    ----------
    solids : outline and top (up metres) of everything that a marker can stand on
    """
    tree = shapely.STRtree([outline for outline, _ in solids])
    tops = np.array([top for _, top in solids])
    markers = []
    for feature, shape, up_m in zip(features, places.shapes, places.up_m, strict=True):
        under = tops[tree.query(shape, predicate="intersects")]
        foot_m = float(max(up_m + (feature.z_min_m or 0.0), *under)) if len(under) else up_m + (feature.z_min_m or 0.0)
        post, head = marker(HEADS.get(feature.kind, "octahedron"), (shape.x, shape.y, foot_m))
        low = feature.z_min_m if feature.z_min_m is not None else foot_m - up_m
        high = feature.z_max_m if feature.z_max_m is not None else foot_m - up_m + HEIGHT_M
        markers.append(
            _painted(feature, [(post, scene_colour("structure")), (head, scene_colour(feature.kind, type_of(feature)))], (low, high))
        )
    return markers


def without_faults(site: Site, ground: Ground) -> tuple[Site, list[str]]:
    """Return the site without the features on which no solid can stand, and why each was left out."""
    kept: list[Feature] = []
    reasons: list[str] = []
    for feature in site.features:
        try:
            scene(replace(site, features=(feature,)), ground)
        except GeometryError as error:
            reasons.append(str(error))
        else:
            kept.append(feature)
    return replace(site, features=tuple(kept)), reasons


def scene(site: Site, ground: Ground) -> Scene:
    """Build a solid for each feature of a site, in the order of `site.features`; the enterprise itself has none.

    Raises
    ------
    GeometryError
        Footprints or heights on which no solid can stand; names all of them.
    """
    features = [feature for feature in site.features if feature.kind != "enterprise"]
    if not features:
        return Scene(site.origin, ())
    places = _checked(features, ground, site.origin)
    types = [type_of(feature) for feature in features]
    z_m = np.array([extent(feature, type_) for feature, type_ in zip(features, types, strict=True)])
    point = shapely.get_type_id(places.shapes) == shapely.GeometryType.POINT
    open_top = np.array([type_ == "pond" for type_ in types]) & ~point
    solids: dict[int, SolidMesh] = {}

    raised = np.flatnonzero(~point & ~open_top)
    taper = np.array([STACK_TAPER if type_ == "stack" else 1.0 for type_ in types])
    meshes = _extrusions([features[index] for index in raised], places.shapes[raised], (z_m + places.up_m[:, None])[raised], taper[raised])
    for index, mesh in zip(raised.tolist(), meshes, strict=True):
        solids[index] = _painted(features[index], [(mesh, scene_colour(features[index].kind, types[index]))], tuple(z_m[index].tolist()))
    for index in np.flatnonzero(open_top).tolist():
        solids[index] = _basin(features[index], places.shapes[index], float(places.up_m[index]), tuple(z_m[index].tolist()))

    standing = [
        (places.shapes[index], float(solid.mesh.positions[:, 2].max()))
        for index, solid in solids.items()
        if solid.feature.kind != "site_boundary"
    ]
    spots = np.flatnonzero(point)
    marked = _markers([features[index] for index in spots], Footprints(places.shapes[spots], places.up_m[spots]), standing)
    solids.update(zip(spots.tolist(), marked, strict=True))
    return Scene(site.origin, tuple(solids[index] for index in range(len(features))))
