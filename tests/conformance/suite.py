"""The abstract tests of the OGC API standards against a server at any address: one function a requirement, registered under its class."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import httpx
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry

SPEC = "http://www.opengis.net/spec/"
REL = "http://www.opengis.net/def/rel/ogc/1.0/"
CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
GEOJSON, JSON, HTML = "application/geo+json", "application/json", "text/html"
ONCE = httpx.Limits(max_keepalive_connections=0)
"""For other people's servers: one may close its connection after a fault, just as it is used again."""
ENOUGH, SOME = 2, 3
"""Collections that each check looks at: the first ones that hold so many features with a shape."""
Json = dict[str, Any]


class NotHere(Exception):
    """The server has not what a check needs: the standard's test data, or a feature that may be written."""


@dataclass(frozen=True, slots=True)
class Check:
    """What proves abstract tests of one class."""

    conformance: str
    """The class without the beginning of its URI."""
    tests: tuple[str, ...]
    """Their ids in the standard."""
    run: Callable[["Server"], None]


CHECKS: list[Check] = []


def check(conformance: str, *tests: str) -> Callable[[Callable[["Server"], None]], Callable[["Server"], None]]:
    """Register a function as the abstract tests of a class."""

    def register(function: Callable[["Server"], None]) -> Callable[["Server"], None]:
        CHECKS.append(Check(conformance, tests, function))
        return function

    return register


@dataclass
class Server:
    """A server that is tested.

    Parameters
    ----------
    client : httpx.Client
        Whose base is the landing page.
    writable : tuple, optional
        A collection, and a feature that may be written into it, taken out and changed.
    """

    client: httpx.Client
    writable: tuple[str, Json] | None = None

    def get(self, path: str, accept: str = "", **parameters: Any) -> httpx.Response:
        """Ask; `_` in a parameter's name is `-`."""
        named = {name.replace("_", "-"): value for name, value in parameters.items()}
        return self.client.get(path, params=named or None, headers={"Accept": accept} if accept else None)

    def json(self, path: str, **parameters: Any) -> Json:
        """Ask for a document that must be there."""
        answer = self.get(path, accept=f"{GEOJSON}, {JSON}", **parameters)
        assert answer.status_code == 200, f"{answer.url}: {answer.status_code} {answer.text[:300]}"
        found: Json = answer.json()
        return found

    @cached_property
    def landing(self) -> Json:
        """The landing page."""
        return self.json("/")

    @cached_property
    def conforms(self) -> frozenset[str]:
        """The classes that the server declares, without the beginning of their URIs."""
        return frozenset(
            uri.removeprefix(SPEC) for uri in self.json(self.link(self.landing, "conformance", f"{REL}conformance"))["conformsTo"]
        )

    def link(self, document: Json, *rels: str, media: str = "json") -> str:
        """Return where the first link leads that has one of these relations, of a media type if there are several."""
        found = [one for one in document["links"] if one["rel"] in rels]
        assert found, f"no link {rels[0]}"
        fitting = [one for one in found if media in one.get("type", media)] or found
        return str(fitting[0]["href"])

    @cached_property
    def collections(self) -> list[Json]:
        """What is said of the collections in their list."""
        return list(self.json(self.link(self.landing, "data", f"{REL}data"))["collections"])

    @cached_property
    def samples(self) -> list[str]:
        """The collections that are looked at closely."""
        found: list[str] = []
        for one in self.collections:
            if one.get("itemType", "feature") == "feature" and len(found) < ENOUGH:
                features = self.page(one["id"], limit=SOME)["features"]
                if len(features) == SOME and all(feature["geometry"] for feature in features):
                    found.append(one["id"])
        assert found, f"no collection has {SOME} features"
        return found

    def named(self, name: str) -> str:
        """Return the id of the collection of a table, whether or not its schema stands before it."""
        for one in self.collections:
            if one["id"].rsplit(".", 1)[-1] == name:
                return str(one["id"])
        raise NotHere(f"collection {name}")

    def items(self, collection: str) -> str:
        """Return the path of a collection's features."""
        return f"/collections/{collection}/items"

    def page(self, collection: str, **parameters: Any) -> Json:
        """Return a page of features."""
        return self.json(self.items(collection), **parameters)

    def refused(self, path: str, **parameters: Any) -> None:
        """Assert that a request is the caller's fault, and is told so."""
        answer = self.get(path, **parameters)
        assert answer.status_code == 400, f"{answer.url}: {answer.status_code}"

    def matched(self, collection: str, text: str, **parameters: Any) -> int:
        """Return how many features a filter selects."""
        page = self.page(collection, filter=text, limit=1, **parameters)
        return int(page["numberMatched"])


def geometry(feature: Json) -> BaseGeometry:
    """Return a feature's shape."""
    return shape(feature["geometry"])


def bbox(given: BaseGeometry, room: float = 1e-6) -> str:
    """Return the box of a shape as a parameter, with a little room around it."""
    west, south, east, north = given.bounds
    sides = (west - room, south - room, east + room, north + room)
    if room < 1e-3:
        # Of longitude and latitude, which end.
        sides = (max(sides[0], -180), max(sides[1], -90), min(sides[2], 180), min(sides[3], 90))
    return ",".join(map(str, sides))
