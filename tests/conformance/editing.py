"""OGC API - Features - Part 4 (20-002): create, replace, update, delete, and no lost update."""

from copy import deepcopy

import httpx
from conformance.suite import GEOJSON, Json, NotHere, Server, check
from conformance.systems import listed, moved
from shapely.geometry import mapping, shape

CLASS = "ogcapi-features-4/1.0/conf"
MERGE = "application/merge-patch+json"


class Written:
    """A feature that a check writes; it is gone afterwards."""

    def __init__(self, server: Server) -> None:
        if server.writable is None:
            raise NotHere("a feature that may be written")
        self.server, (self.collection, feature) = server, server.writable
        self.feature: Json = deepcopy(feature)

    def post(self, **headers: str) -> httpx.Response:
        """Create it."""
        return self.server.client.post(
            self.server.items(self.collection), json=self.feature, headers={"Content-Type": GEOJSON} | named(headers)
        )

    def __enter__(self) -> "Written":
        self.answer = self.post()
        assert self.answer.status_code == 201, self.answer.text
        self.at = self.answer.headers["location"]
        return self

    def __exit__(self, *_: object) -> None:
        self.server.client.delete(self.at, headers={"If-Match": "*"})

    @property
    def etag(self) -> str:
        """The version that stands."""
        return self.server.get(self.at).headers["etag"]

    @property
    def text(self) -> str:
        """A property that holds text."""
        return next(name for name, value in reversed(self.feature["properties"].items()) if isinstance(value, str))

    def change(self, method: str, body: Json, media: str = GEOJSON, **headers: str) -> httpx.Response:
        """Change it."""
        return self.server.client.request(method, self.at, json=body, headers={"Content-Type": media} | named(headers))


def named(headers: dict[str, str]) -> dict[str, str]:
    """Return headers by their names."""
    return {name.replace("_", "-"): value for name, value in headers.items()}


@check(f"{CLASS}/create-replace-delete", "/conf/create-replace-delete/post-op", "/conf/create-replace-delete/post-response-rid")
def create(server: Server) -> None:
    with Written(server) as written:
        stands = server.json(written.at)
        assert {name: stands["properties"][name] for name in written.feature["properties"]} == written.feature["properties"]
        assert written.at.endswith(f"{server.items(written.collection)}/{stands['id']}")
        assert {"POST"} <= set(server.client.options(server.items(written.collection)).headers["allow"].replace(" ", "").split(","))
    bad = server.client.post(server.items(written.collection), content="{", headers={"Content-Type": GEOJSON})
    assert bad.status_code == 400
    other = server.client.post(server.items(written.collection), content="x", headers={"Content-Type": "text/plain"})
    assert other.status_code in (400, 415)


@check(f"{CLASS}/create-replace-delete", "/conf/create-replace-delete/put-op", "/conf/create-replace-delete/delete-op")
def replace_and_delete(server: Server) -> None:
    with Written(server) as written:
        changed = deepcopy(written.feature)
        changed["properties"][written.text] = "another"
        assert written.change("PUT", changed, if_match=written.etag).status_code in (200, 204)
        assert server.json(written.at)["properties"][written.text] == "another"
        assert server.client.delete(written.at, headers={"If-Match": written.etag}).status_code in (200, 204)
        assert server.get(written.at).status_code in (404, 410)
        assert server.client.delete(written.at, headers={"If-Match": "*"}).status_code in (404, 410)


@check(f"{CLASS}/update", "/conf/update/patch-op", "/conf/update/patch-response")
def update(server: Server) -> None:
    with Written(server) as written:
        before = server.json(written.at)
        patch = {"properties": {written.text: "another"}}
        assert written.change("PATCH", patch, MERGE, if_match=written.etag).status_code in (200, 204)
        after = server.json(written.at)
        assert after["geometry"] == before["geometry"]
        left = {name for name in written.feature["properties"] if name != written.text}
        assert {name: after["properties"][name] for name in left} == {name: before["properties"][name] for name in left}
        assert after["properties"][written.text] == "another"


@check(f"{CLASS}/optimistic-locking-etags", "/conf/optimistic-locking-etags/if-match", "/conf/optimistic-locking-etags/etag")
def no_lost_update(server: Server) -> None:
    with Written(server) as written:
        stale = written.etag
        patch = {"properties": {written.text: "another"}}
        assert written.change("PATCH", patch, MERGE).status_code == 428
        assert written.change("PATCH", patch, MERGE, if_match=stale).status_code in (200, 204)
        assert written.etag != stale
        assert written.change("PATCH", patch, MERGE, if_match=stale).status_code == 412
        assert written.change("PUT", written.feature, if_match=stale).status_code == 412
        assert server.client.delete(written.at, headers={"If-Match": stale}).status_code == 412


@check(f"{CLASS}/features", "/conf/features/geojson", "/conf/features/crs84", "/conf/features/storage-crs")
def systems(server: Server) -> None:
    with Written(server) as written:
        before = shape(server.json(written.at)["geometry"])
        for uri in listed(server, written.collection):
            if uri.endswith("CRS84h"):
                continue
            body = written.feature | {"geometry": mapping(moved(before, uri))}
            answer = written.change("PUT", body, if_match=written.etag, content_crs=f"<{uri}>")
            assert answer.status_code in (200, 204), (uri, answer.text)
            assert shape(server.json(written.at)["geometry"]).distance(before) < 1e-6, uri
