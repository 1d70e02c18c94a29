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

    # Vertices of one solid: floor, roof, walls; triangles count from the first of their own solid.
    own, counts = 6 * table.starts, np.diff(table.starts)
    size, local = counts[table.polygon], np.arange(len(table.xy)) - table.starts[table.polygon]
    floor = own[table.polygon] + local
    roof = floor + size
    first_side = 2 * size + 4 * local
    side = (own[table.polygon] + first_side)[:, None] + np.arange(4)
    positions, normals = np.empty((6 * len(local), 3)), np.zeros((6 * len(local), 3), np.float32)
    for vertices, xy, z, way in ((floor, table.xy, low, -1), (roof, top_xy, high, 1)):
        positions[vertices, :2], positions[vertices, 2], normals[vertices, 2] = xy, z, way
    positions[side], normals[side] = quads.positions, quads.normals

    cut_owner = table.polygon[cuts[:, 0]]
    begins = 2 * (cut_starts + table.starts)
    lids = np.diff(cut_starts)[cut_owner]
    place = begins[cut_owner] + np.arange(len(cuts)) - cut_starts[cut_owner]
    floors = cuts - table.starts[cut_owner, None]
    triangles = np.empty((begins[-1], 3), np.uint32)
    triangles[place] = floors[:, ::-1]
    triangles[place + lids] = floors + counts[cut_owner, None]
    place = begins[table.polygon] + 2 * (np.diff(cut_starts)[table.polygon] + local)
    triangles[place[:, None] + np.arange(2)] = first_side[:, None, None] + QUAD
    bounds = zip(*(array.tolist() for array in (own[:-1], own[1:], begins[:-1], begins[1:])), strict=True)
    return [Mesh(positions[begin:end], normals[begin:end], triangles[first:last]) for begin, end, first, last in bounds]


def prism(polygon: shapely.Polygon, z_min_m: float, z_max_m: float, taper: float = 1.0) -> Mesh:
    """Raise one polygon; see `prisms`."""
    return prisms(np.array([polygon], object), np.array([z_min_m]), np.array([z_max_m]), np.array([taper]))[0]
