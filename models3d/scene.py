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
from models3d.courses import courses
from models3d.detailed import solid
from models3d.footprints import Footprints, fault, footprints, sound
from models3d.heights import SUNK_M, edge_m, extent, is_patch
from models3d.markers import markers
from models3d.mesh import Mesh, concatenate
from models3d.parts.basin import basin
from models3d.parts.frame import frame
from models3d.parts.prism import prism, prisms
from models3d.patches import lay
from models3d.solid import SolidMesh, painted, type_of
from models3d.standing import drape, stand
from styles.tokens import scene_colour

STACK_TAPER = 0.7
"""Top of a stack relative to its foot."""
KERB_M = 0.15
"""Least height of a basin's rim over the ground, as drawn: the globe would hide the water of one that ends flush with it."""

LINES = (shapely.GeometryType.LINESTRING, shapely.GeometryType.MULTILINESTRING)
AREAS = (shapely.GeometryType.POLYGON, shapely.GeometryType.MULTIPOLYGON)

Flags = NDArray[np.bool_]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Scene:
    """An enterprise's features as solids in one frame."""

    origin: tuple[float, float, float]
    """Longitude, latitude (degrees, EPSG:4490), ellipsoid height (metres) of the frame's zero; axes east, north, up."""
    solids: tuple[SolidMesh, ...]


def shown(features: Sequence[Feature]) -> tuple[Feature, ...]:
    """Return the features of the kinds that a scene shows; the enterprise, counties and process flows are none."""
    return tuple(feature for feature in features if KINDS[feature.kind].form != "none" and not KINDS[feature.kind].schematic)


def _named(feature: Feature, reason: str) -> str:
    return f"{KINDS[feature.kind].label} {feature.code or ''} {feature.name} ({feature.feature_id}): {reason}"


def _fault(feature: Feature) -> str | None:
    """Say what keeps a feature from being brought to metres or from standing between its heights; None where nothing does."""
    if feature.geom is None or feature.geom.is_empty:
        return "the outline is empty"
    if not np.isfinite(shapely.get_coordinates(feature.geom)).all():
        return "the outline has coordinates that are no numbers"
    if isinstance(feature.geom, shapely.Point):
        return None
    low, high = extent(feature, type_of(feature))
    return None if np.isfinite([low, high]).all() and low < high else f"its foot, {low} m, is not below its top, {high} m"


def _checked(features: Sequence[Feature], places: Footprints | None, ground: Ground, origin: tuple[float, float, float]) -> Footprints:
    """Return the footprints; raises GeometryError naming every feature on which no solid can stand."""
    reasons = [] if places else [_named(feature, reason) for feature in features if (reason := _fault(feature))]
    if not reasons:
        places = places or footprints(features, origin, ground)
        lines = np.array([KINDS[feature.kind].form in ("line", "pipe") for feature in features], bool)
        if sound(places.shapes, lines):
            return places
        faults = [fault(shape, line=line) for shape, line in zip(places.shapes, lines.tolist(), strict=True)]
        reasons = [_named(feature, reason) for feature, reason in zip(features, faults, strict=True) if reason]
    raise GeometryError("; ".join(reasons))


def _extrusions(features: Sequence[Feature], shapes: NDArray[np.object_], z_m: Floats, taper: Floats) -> list[Mesh]:
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
    if len(meshes) == len(features):
        return meshes
    groups: list[list[Mesh]] = [[] for _ in features]
    for mesh, index in zip(meshes, owner, strict=True):
        groups[index].append(mesh)
    return [group[0] if len(group) == 1 else concatenate(group) for group in groups]


def _coloured(features: Sequence[Feature], types: Sequence[str | None], meshes: Sequence[Mesh], z_m: Floats) -> list[SolidMesh]:
    """Return meshes as the solids of features, each in the colour of its kind and type."""
    each = {look: scene_colour(*look) for look in {(feature.kind, type_) for feature, type_ in zip(features, types, strict=True)}}
    sizes = [len(mesh.positions) for mesh in meshes]
    table = np.array([each[feature.kind, type_] for feature, type_ in zip(features, types, strict=True)], np.uint8).reshape(-1, 3)
    colours, ends = np.repeat(table, sizes, axis=0), np.cumsum(sizes).tolist()
    return [
        SolidMesh(feature, mesh, colours[end - size : end], low, high)
        for feature, mesh, size, end, (low, high) in zip(features, meshes, sizes, ends, z_m.tolist(), strict=True)
    ]


def _basin(feature: Feature, shape: shapely.Geometry, up_m: float, z_m: tuple[float, float]) -> SolidMesh:
    pairs = [basin(part, z_m[0] + up_m, max(z_m[1], KERB_M) + up_m) for part in shapely.get_parts(shape)]
    wall, water = scene_colour("structure"), scene_colour("structure", "pond")
    return painted(feature, [one for body, top in pairs for one in ((body, wall), (top, water))], z_m)


def _sifted(site: Site, ground: Ground) -> tuple[tuple[Feature, ...], list[str]]:
    """Halve what fails until the features that fail are alone: a few faults among thousands are soon found."""
    try:
        scene(site, ground)
    except GeometryError as error:
        if len(site.features) == 1:
            return (), [str(error)]
        middle = len(site.features) // 2
        (left, first), (right, last) = (
            _sifted(replace(site, features=half), ground) for half in (site.features[:middle], site.features[middle:])
        )
        return left + right, first + last
    return site.features, []


def without_faults(site: Site, ground: Ground) -> tuple[Site, list[str]]:
    """Return the site without the features on which no solid can stand, and why each was left out."""
    kept, reasons = _sifted(site, ground)
    return replace(site, features=kept), reasons


@dataclass(frozen=True, slots=True, eq=False)
class _Sorts:
    """Which feature becomes what, by its kind's form and the shape that it has."""

    point: Flags
    line: Flags
    patch: Flags
    basin: Flags
    frame: Flags
    body: Flags


def _sorted(features: Sequence[Feature], types: Sequence[str | None]) -> _Sorts:
    shape = shapely.get_type_id([feature.geom for feature in features])
    point, line = shape == shapely.GeometryType.POINT, np.isin(shape, LINES)
    patch = np.zeros(len(features), bool)
    flat = np.array([KINDS[feature.kind].form != "solid" for feature in features])
    for index in np.flatnonzero(flat & ~point & ~line).tolist():
        line[index] = edge_m(features[index]) is not None
        patch[index] = not line[index] and is_patch(features[index])
    outlined = ~point & ~line & ~patch
    right = outlined & np.array([KINDS[feature.kind].geometry == "PolygonZ" for feature in features])
    open_top = outlined & np.array([type_ == "pond" for type_ in types])
    return _Sorts(point, line, patch, open_top, right, outlined & ~right & ~open_top)


UPRIGHT = frozenset(kind.name for kind in KINDS.values() if kind.form == "solid" and kind.name != "underground_structure")
"""Kinds whose outlines stand from the foot to the top that is given, where both are."""


def extents(features: Sequence[Feature]) -> Floats:
    """Return the foot and the top of features, `(n, 2)` metres relative to the ground, as `models3d.heights.extent` says them."""
    outlined = np.isin(shapely.get_type_id(np.array([feature.geom for feature in features], object)), AREAS).tolist()
    found = [
        (feature.z_min_m, feature.z_max_m)
        if area and feature.kind in UPRIGHT and feature.z_min_m is not None and feature.z_max_m is not None
        else extent(feature, type_of(feature))
        for feature, area in zip(features, outlined, strict=True)
    ]
    return np.array(found, float).reshape(-1, 2)


def scene(site: Site, ground: Ground, places: Footprints | None = None) -> Scene:
    """Build a solid for each feature of a site that a scene shows, in the order of `site.features`.

    Parameters
    ----------
    site : Site
    ground : Ground
    places : Footprints, optional
        Of the features that are shown, where they are known: all have a foot below their top.

    Raises
    ------
    GeometryError
        Footprints or heights on which no solid can stand; names all of them.
    """
    features = shown(site.features)
    if not features:
        return Scene(site.origin, ())
    places = _checked(features, places, ground, site.origin)
    types = [type_of(feature) for feature in features]
    sorts = _sorted(features, types)
    shapes, up_m = places.shapes.copy(), places.up_m
    z_m = extents(features)
    detailed = {
        index: solid(feature, site.models[feature.feature_id], site.origin, ground)
        for index, feature in enumerate(features if site.models else ())
        if feature.feature_id in site.models
    }

    bodies, patches = np.flatnonzero(sorts.body).tolist(), np.flatnonzero(sorts.patch)
    heights = (z_m + up_m[:, None]).tolist()
    heights = [(low, max(high, up_m[index] + KERB_M) if sorts.basin[index] else high) for index, (low, high) in enumerate(heights)]
    standing = {
        index: part
        for index in (*bodies, *np.flatnonzero(sorts.basin).tolist())
        if index not in detailed and (part := stand(features[index], types[index], shapes[index], *heights[index]))
    }
    # A detailed model has its own roof, over which a level patch would hover: under it patches lie on the ground.
    roofs = [index for index in bodies if index not in detailed]
    roofed = [(shapes[index], float(z_m[index, 1] + up_m[index])) for index in roofs] if len(patches) else []
    shapes[patches], z_m[patches], on = lay([features[index] for index in patches], shapes[patches], up_m[patches], z_m[patches], roofed)
    under = {index: roofs[row] for index, row in zip(patches.tolist(), on.tolist(), strict=True) if row >= 0}

    meshes: dict[int, Mesh] = {}
    for index, body in under.items():
        # A patch on a level roof lies at its top; on a sloping one so much over each face.
        over_m = float(z_m[index, 1] + up_m[index] - z_m[body, 1] - up_m[body])
        if body in standing and len((mesh := drape(shapes[index], standing[body].roof, -SUNK_M, over_m)).positions):
            meshes[index] = mesh
    plain = (sorts.body | sorts.patch) & ~np.isin(np.arange(len(features)), [*standing, *meshes])
    raised = np.flatnonzero(plain)
    taper = np.array([STACK_TAPER if type_ == "stack" else 1.0 for type_ in types])
    extruded = _extrusions([features[index] for index in raised], shapes[raised], (z_m + up_m[:, None])[raised], taper[raised])
    meshes.update(zip(raised.tolist(), extruded, strict=True))
    lines = np.flatnonzero(sorts.line)
    drawn = courses([features[index] for index in lines], shapes[lines], (z_m + up_m[:, None])[lines])
    meshes.update(zip(lines.tolist(), drawn, strict=True))
    for index in np.flatnonzero(sorts.frame).tolist():
        meshes[index] = concatenate([frame(part, *(z_m[index] + up_m[index])) for part in shapely.get_parts(shapes[index])])
    drawn_as = list(meshes)
    solids = dict(
        zip(
            drawn_as,
            _coloured([features[one] for one in drawn_as], [types[one] for one in drawn_as], list(meshes.values()), z_m[drawn_as]),
            strict=True,
        )
    )
    solids |= {
        index: painted(features[index], part.meshes, (float(z_m[index, 0]), float(z_m[index, 1]))) for index, part in standing.items()
    }
    for index in np.flatnonzero(sorts.basin & ~np.isin(np.arange(len(features)), list(standing))).tolist():
        solids[index] = _basin(features[index], shapes[index], float(up_m[index]), (float(z_m[index, 0]), float(z_m[index, 1])))

    solids |= detailed

    ground_plate = np.array([feature.kind == "site_boundary" for feature in features])
    bearing, spots = np.flatnonzero((sorts.body | sorts.basin | sorts.patch) & ~ground_plate), np.flatnonzero(sorts.point)
    met = shapely.STRtree(shapes[bearing]).query(shapes[spots], predicate="intersects")[1] if len(spots) else spots
    under_them = bearing[np.unique(met)].tolist()
    tops = [(shapes[index], float(solids[index].mesh.positions[:, 2].max())) for index in under_them]
    marked = markers([features[index] for index in spots], replace(places, shapes=shapes).some(spots), tops)
    solids = dict(zip(spots.tolist(), marked, strict=True)) | solids
    return Scene(site.origin, tuple(solids[index] for index in range(len(features))))
