"""Bodies in degrees brought to metres."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from gis.crs import Source, lonlat_to_enu, to_lonlat
from gis.models.body import Body


def local(bodies: Sequence[Body], epsg: int) -> tuple[list[Body], tuple[float, float]]:
    """Bring degrees, longitude first, to metres east and north of the first point; heights stay as they are.

    Returns
    -------
    list of Body, and longitude and latitude (degrees, EPSG:4490) of that point
    """
    lon, lat = to_lonlat(bodies[0].points[:1, :2], Source(epsg))[0].tolist()
    moved = []
    for body in bodies:
        lonlat = to_lonlat(body.points[:, :2], Source(epsg))
        flat = lonlat_to_enu(np.column_stack([lonlat, np.zeros(len(lonlat))]), (lon, lat, 0.0))
        moved.append(replace(body, points=np.column_stack([flat[:, :2], body.points[:, 2]])))
    return moved, (lon, lat)
