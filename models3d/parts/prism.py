"""Prisms and frustums over polygons with holes: the exact simple solid, many at a time."""

import numpy as np
import shapely

from models3d.mesh import Mesh
from models3d.parts.caps import triangulate
from models3d.parts.rings import Floats, Polygons, clean, rings
from models3d.parts.walls import QUAD, sides


def prisms(polygons: Polygons, z_min_m: Floats, z_max_m: Floats, taper: Floats | None = None) -> list[Mesh]:
    """Raise each polygon to a closed solid between two heights.

    Vertices of one solid: its floor, its roof, then four a wall; floor, roof and walls share no vertex, so every edge is sharp
    except between walls that approximate a curve.

    Parameters
    ----------
    polygons : (p,) array of valid shapely Polygon, metres
    z_min_m, z_max_m : (p,) metres, `z_min_m < z_max_m`
    taper : (p,), optional
        Size of the roof relative to the floor, scaled about the polygon's centroid; 1 (a prism) where not given.

    Returns
    -------
    list of Mesh
        One watertight (once welded) mesh a polygon; arrays are views into common ones.

    Raises
    ------
    gis.errors.GeometryError
        An outline can't be cut into triangles.
    """
    if not len(polygons):
        return []
    outlines = clean(polygons)
    table = rings(outlines)
    cuts, cut_starts = triangulate(outlines, table)
    low, high = z_min_m[table.polygon], z_max_m[table.polygon]
    top_xy = table.xy
    if taper is not None:
        centre = shapely.get_coordinates(shapely.centroid(outlines))[table.polygon]
        share = taper[table.polygon, None]
        # Upright walls keep their coordinates to the last bit.
        top_xy = np.where(share == 1, table.xy, centre + (table.xy - centre) * share)
    quads = sides(table, low, high, top_xy)

    counts = np.diff(table.starts)
    begin, local = 6 * table.starts[table.polygon], np.arange(len(table.xy)) - table.starts[table.polygon]
    floor = begin + local
    roof = floor + counts[table.polygon]
    side = (begin + 2 * counts[table.polygon] + 4 * local)[:, None] + np.arange(4)
    positions, normals = np.empty((6 * len(local), 3)), np.zeros((6 * len(local), 3), np.float32)
    positions[floor], normals[floor, 2] = np.column_stack([table.xy, low]), -1
    positions[roof], normals[roof, 2] = np.column_stack([top_xy, high]), 1
    positions[side], normals[side] = quads.positions, quads.normals

    # Triangles count from the first vertex of their own solid.
    own = 6 * table.starts
    cut_owner = table.polygon[cuts[:, 0]]
    floors = (floor[cuts] - own[cut_owner, None])[:, ::-1].astype(np.uint32)
    roofs = (roof[cuts] - own[cut_owner, None]).astype(np.uint32)
    walls = (side - begin[:, None])[:, QUAD].astype(np.uint32)
    meshes = []
    for index in range(len(polygons)):
        vertices = slice(own[index], own[index + 1])
        cut = slice(cut_starts[index], cut_starts[index + 1])
        ring = slice(table.starts[index], table.starts[index + 1])
        triangles = np.concatenate([floors[cut], roofs[cut], walls[ring].reshape(-1, 3)])
        meshes.append(Mesh(positions[vertices], normals[vertices], triangles))
    return meshes


def prism(polygon: shapely.Polygon, z_min_m: float, z_max_m: float, taper: float = 1.0) -> Mesh:
    """Raise one polygon; see `prisms`."""
    return prisms(np.array([polygon], object), np.array([z_min_m]), np.array([z_max_m]), np.array([taper]))[0]
