"""The draft of OGC API - 3D GeoVolumes (22-029): 3D containers and their tilesets."""

from urllib.parse import urljoin

from conformance.suite import REL, Json, NotHere, Server, check

CLASS = "https://www.opengis.net/spec/ogcapi-geovolumes-1/1.0/conf"
MEDIA = "application/3dtiles+json"


def containers(server: Server) -> list[Json]:
    """Return the 3D containers of the list, and those that they hold."""
    found = [one for one in server.collections if any(link["rel"] == f"{REL}3d-geovolumes" for link in one["links"])]
    if not found:
        raise NotHere("a 3D container")
    return [*found, *(child for one in found for child in one.get("children", ()))]


@check(f"{CLASS}/core", "/conf/core/fc-md-op", "/conf/core/3dcontainer")
def boxes(server: Server) -> None:
    found = containers(server)
    assert len({one["id"] for one in found}) == len(found)
    for one in found:
        alone = server.json(f"/collections/{one['id']}")
        (box,) = alone["extent"]["spatial"]["bbox"]
        assert len(box) == 6
        assert all(box[axis] < box[axis + 3] for axis in range(3))
        assert server.json(server.link(one, "self"))["id"] == one["id"]
        for child in alone.get("children", ()):
            (inner,) = child["extent"]["spatial"]["bbox"]
            assert all(box[axis] <= inner[axis] <= inner[axis + 3] <= box[axis + 3] for axis in range(3))
            for asked, there in ((inner, True), ([inner[0], inner[1], inner[5] + 1, inner[3], inner[4], inner[5] + 2], False)):
                held = server.json(f"/collections/{one['id']}", bbox=",".join(map(str, asked)))["children"]
                assert (child["id"] in {other["id"] for other in held}) == there


@check(f"{CLASS}/3d-tiles", "/conf/3dtiles/tileset")
def tilesets(server: Server) -> None:
    for one in containers(server):
        (link,) = [link for link in one["links"] if link["rel"] == f"{REL}3d-geovolumes"]
        assert link["type"] == MEDIA
        answer = server.client.get(link["href"])
        assert answer.status_code == 200
        told = answer.json()
        assert told["asset"]["version"] == "1.1"
        todo = [told["root"]]
        while todo:
            tile = todo.pop()
            todo += tile.get("children", ())
            for content in [*tile.get("contents", ()), *([tile["content"]] if "content" in tile else ())]:
                assert server.client.get(urljoin(link["href"], content["uri"])).content[:4] == b"glTF"
