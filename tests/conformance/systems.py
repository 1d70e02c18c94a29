"""OGC API - Features - Part 2 (18-058r1, annex A): coordinate reference systems by reference."""

import numpy as np
import pyproj
import shapely
from conformance.suite import CRS84, Server, bbox, check, geometry
from shapely.geometry.base import BaseGeometry

CRS = "ogcapi-features-2/1.0/conf/crs"


def listed(server: Server, name: str) -> list[str]:
    """Return the systems of a collection; `#/crs` stands for those of the whole list."""
    systems = server.json(f"/collections/{name}")["crs"]
    return [*systems, *(server.json("/collections")["crs"] if "#/crs" in systems else [])]


def moved(shape: BaseGeometry, uri: str) -> BaseGeometry:
    """Return a shape of longitude and latitude in a system, its axes as they are defined."""
    if "/EPSG/" not in uri:
        return shape
    code = uri.rsplit("/", 1)[1]
    # CGCS2000 and WGS 84 are taken as the same (no parameters are published): each is reached from a geographic system of its own.
    base = "EPSG:4490" if pyproj.CRS(f"EPSG:{code}").datum.name.startswith("China") else "EPSG:4326"
    transformer = pyproj.Transformer.from_crs(base, f"EPSG:{code}")

    # Lists, as PROJ takes a lone position for a scalar.
    return shapely.transform(shape, lambda points: np.column_stack(transformer.transform(points[:, 1].tolist(), points[:, 0].tolist())))


@check(CRS, "/conf/crs/crs-uri", "/conf/crs/default-crs", "/conf/crs/storageCrs")
def systems(server: Server) -> None:
    for name in server.samples:
        found = listed(server, name)
        assert found[0].startswith(CRS84)
        assert all(uri.startswith("http://www.opengis.net/def/crs/") for uri in found)
        storage = server.json(f"/collections/{name}").get("storageCrs")
        assert storage is None or storage in found
        assert server.get(server.items(name)).headers["content-crs"] == f"<{CRS84}>"


@check(CRS, "/conf/crs/crs-parameter", "/conf/crs/crs-parameter-default", "/conf/crs/crs-parameter-transform")
def shapes_in_each_system(server: Server) -> None:
    for name in server.samples:
        plain = server.page(name, limit=2)["features"]
        at = f"{server.items(name)}/{plain[0]['id']}"
        for uri in listed(server, name):
            for path, more in ((server.items(name), {"limit": 2}), (at, {})):
                answer = server.get(path, crs=uri, **more)
                assert answer.status_code == 200, uri
                assert answer.headers["content-crs"] == f"<{uri}>"
                document = answer.json()
                told = geometry(document["features"][0] if more else document)
                expected = moved(geometry(plain[0]), uri)
                assert shapely.equals_exact(
                    shapely.force_2d(told), shapely.force_2d(expected), 1e-2 if abs(told.bounds[0]) > 400 else 1e-6
                ), uri


@check(CRS, "/conf/crs/crs-parameter-invalid", "/conf/crs/bbox-crs-parameter-invalid")
def unknown_systems(server: Server) -> None:
    for name in server.samples:
        for wrong in ("http://www.opengis.net/def/crs/EPSG/0/99999", "nonsense"):
            server.refused(server.items(name), crs=wrong)
            server.refused(server.items(name), bbox="1,2,3,4", bbox_crs=wrong)


@check(CRS, "/conf/crs/bbox-crs-parameter", "/conf/crs/bbox-crs-parameter-default", "/conf/crs/bbox-crs-parameter-transform")
def boxes_in_each_system(server: Server) -> None:
    for name in server.samples:
        wanted = server.page(name, limit=1)["features"][0]
        alone = {one["id"] for one in server.page(name, bbox=bbox(geometry(wanted)), limit=1000)["features"]}
        for uri in listed(server, name):
            if uri.endswith("CRS84h"):
                continue
            shape = moved(geometry(wanted), uri)
            room = 0.1 if abs(shape.bounds[0]) > 400 else 1e-6
            found = {one["id"] for one in server.page(name, bbox=bbox(shape, room), bbox_crs=uri, limit=1000)["features"]}
            assert wanted["id"] in found, uri
            assert len(found) <= len(alone) + 5, uri
