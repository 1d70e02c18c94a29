"""3D containers: what space an enterprise, or the city, takes up, and which tileset shows it.

The draft of OGC API - 3D GeoVolumes, 22-029 (its repository at 1677ee2: classes core and 3D Tiles); `children`, and `bbox` on a container,
are of the drafts before it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from api.live import city_url, tileset_url
from api.ogc.documents import JSON, REL, both, link
from gis.reference_systems import BASE, CRS84, CRS84H
from gis.store.catalogue import Volume

Json = dict[str, Any]
Box = tuple[float, float, float, float, float, float]
"""West, south, lowest, east, north, highest: degrees, and ellipsoid heights in metres."""
TILESET = "application/3dtiles+json"
VOLUMES = f"{REL}/3d-geovolumes"
ENDING = "-3d"
CITY = f"city{ENDING}"


@dataclass(frozen=True, slots=True)
class Placed:
    """An enterprise that has a tileset, where it stands."""

    volume: Volume
    ground_m: float
    """Ellipsoid height of its ground."""

    @property
    def id(self) -> str:
        """What its container is called."""
        return f"{self.volume.feature_id}{ENDING}"

    @property
    def box(self) -> Box:
        """The space that it takes up."""
        one = self.volume
        return one.west, one.south, self.ground_m + one.low_m, one.east, one.north, self.ground_m + one.high_m


def union(boxes: Sequence[Box]) -> Box:
    """Return the box around boxes."""
    least, most = (tuple(pick(box[axis] for box in boxes) for axis in range(6)) for pick in (min, max))
    return least[0], least[1], least[2], most[3], most[4], most[5]


def meets(box: Box, asked: Sequence[float]) -> bool:
    """Tell whether a box meets one of four or six numbers."""
    half = len(asked) // 2
    sides = [(box[axis], box[axis + 3], asked[axis], asked[axis + half]) for axis in range(half)]
    return all(low <= most and high >= least for low, high, least, most in sides)


def _container(base: str, name: str, title: str, *, box: Box, url: str, form: str | None) -> Json:
    own = both(base, f"/collections/{name}", form, title) if form else [link("self", f"{base}/collections/{name}", JSON, title)]
    return {
        "id": name,
        "title": title,
        "description": f"{title}：三维切片（3D Tiles 1.1），高程为椭球高，单位米",
        "collectionType": "3d-container",
        "itemType": "unknown",
        "extent": {
            "spatial": {"bbox": [list(box)], "crs": CRS84H.uri},
            "temporal": {"interval": [[None, None]], "trs": f"{BASE.replace('crs', 'uom')}/ISO-8601/0/Gregorian"},
        },
        "crs": [CRS84H.uri, CRS84.uri],
        "links": [*own, link(VOLUMES, f"{base}{url}", TILESET, f"{title}：三维切片")],
    }


def container(base: str, one: Placed, form: str | None = None) -> Json:
    """Return the container of an enterprise's tileset."""
    assert one.volume.version is not None, "placed is what has a tileset"  # noqa: S101
    return _container(base, one.id, one.volume.name, box=one.box, url=tileset_url(one.volume.feature_id, one.volume.version), form=form)


def city(base: str, version: str, placed: Sequence[Placed], form: str | None = None, asked: Sequence[float] = ()) -> Json:
    """Return the container of the city's tileset, in it those of the enterprises, or of those that meet a box."""
    inside = [one for one in placed if not asked or meets(one.box, asked)]
    whole = union([one.box for one in placed])
    return _container(base, CITY, "全市", box=whole, url=city_url(version), form=form) | {
        "children": [container(base, one) for one in inside]
    }
