"""The abstract tests have teeth: for each class that we declare, one fault of ours that its tests, and so those of the class, find."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import conformance.core
import conformance.cql2
import conformance.editing
import conformance.filtering
import conformance.records
import conformance.systems
import conformance.tiles
import conformance.volumes  # noqa: F401 — their checks register themselves
import pytest
from conformance.suite import CHECKS, JSON, SPEC, NotHere, Server

import api.ogc.editing
import api.ogc.items
import api.ogc.parameters
import api.ogc.records
import api.ogc.volumes
import api.routes.styles
import api.routes.tilesets
import api.vector_tiles
import gis.store.editing
import gis.store.filters.compiler
import gis.store.filters.times
import gis.store.items
from api.ogc import documents, pages
from api.ogc.conformance import CLASSES, EDITING
from api.routes import collections
from gis.errors import Invalid
from gis.store.filters.fragment import Fragment

RECORDS, VOLUMES = "ogcapi-records-1/1.0/conf", "https://www.opengis.net/spec/ogcapi-geovolumes-1/1.0/conf"
Patch = Callable[[pytest.MonkeyPatch], None]
FEATURES, CQL2, TILES, STYLES = "ogcapi-features", "cql2/1.0/conf", "ogcapi-tiles-1/1.0/conf", "ogcapi-styles-1/0.0/conf"
COMPILER = gis.store.filters.compiler
Compiler = COMPILER.Compiler


def swap(owner: Any, name: str, change: Callable[..., Any]) -> Patch:
    """Return what puts another function in a function's place: it gets the old one before the arguments."""

    def patch(monkey: pytest.MonkeyPatch) -> None:
        old = getattr(owner, name)
        monkey.setattr(owner, name, lambda *given, **named: change(old, *given, **named))

    return patch


def put(mapping: Any, name: str, value: Any) -> Patch:
    """Return what puts another value into a table."""
    return lambda monkey: monkey.setitem(mapping, name, value)


def without(document: dict[str, Any], *rels: str) -> dict[str, Any]:
    """Return a document without some of its links."""
    return document | {"links": [link for link in document["links"] if link["rel"] not in rels]}


def only_first(old: Callable[..., Any], node: Mapping[str, Any], system: Any) -> Any:
    """Read only the first part of a collection of shapes."""
    return old(node["geometries"][0] if node.get("type") == "GeometryCollection" else node, system)


def upside_down(old: Callable[..., Any], text: str, *more: Any) -> Any:
    """Take a property on the right for one on the left."""
    tree = old(text, *more)
    if isinstance(tree, dict) and len(tree["args"]) == 2 and not isinstance(tree["args"][0], dict) and isinstance(tree["args"][1], dict):
        return tree | {"args": tree["args"][::-1]}
    return tree


def no_json(old: Callable[..., Any], text: str, language: str = "cql2-text", parameter: str = "filter") -> Any:
    """Read JSON as if it were text."""
    if language == "cql2-json":
        raise Invalid(parameter, "不是 cql2-text")
    return old(text, language, parameter)


def no_escapes(old: Callable[..., Any], text: str, language: str = "cql2-text", parameter: str = "filter") -> Any:
    """Take whatever cannot be read as text for no filter."""
    try:
        return old(text, language, parameter)
    except Invalid:
        if language == "cql2-text":
            return True
        raise


def no_roles(old: Callable[..., Any], *given: Any) -> Any:
    """Tell no roles."""
    told = old(*given)
    return told | {"properties": {name: {**one, "x-ogc-role": "id"} for name, one in told["properties"].items()}}


async def blind(old: Callable[..., Any], *given: Any) -> Any:
    """Change whatever stands."""
    *before, writer = given
    return await old(*before, replace(writer, versions=None))


async def lost(old: Callable[..., Any], connection: Any, kind: Any, values: Any, writer: Any) -> Any:
    """Create something else than what is asked for."""
    return await old(connection, kind, {name: value for name, value in values.items() if name != "name"}, writer)


MUTANTS: dict[str, Patch] = {
    "ogcapi-common-1/1.0/conf/core": swap(documents, "landing", lambda old, *given: without(old(*given), "service-desc", "service-doc")),
    "ogcapi-common-2/1.0/conf/collections": swap(
        documents, "collections", lambda old, base, listed, *more: old(base, [*listed, *listed], *more)
    ),
    f"{FEATURES}-1/1.0/conf/core": swap(api.ogc.parameters, "_box", lambda *_: []),
    f"{FEATURES}-1/1.0/conf/geojson": lambda monkey: monkey.setattr(api.ogc.items, "GEOJSON", JSON),
    f"{FEATURES}-1/1.0/conf/html": lambda monkey: monkey.setattr(pages, "page", lambda *_: b"{}"),
    f"{FEATURES}-1/1.0/conf/oas30": swap(
        collections, "definition", lambda old, *given, **named: old(*given, **named) | {"openapi": "3.1.0"}
    ),
    f"{FEATURES}-2/1.0/conf/crs": swap(
        gis.store.items, "geometry_sql", lambda old, collection, system, ground: old(collection, replace(system, swapped=False), ground)
    ),
    f"{FEATURES}-3/1.0/conf/queryables": swap(documents, "queryables", lambda old, *given: old(*given) | {"$id": "elsewhere"}),
    f"{FEATURES}-3/1.0/conf/queryables-query-parameters": swap(api.ogc.parameters, "equals", lambda *_: Fragment("TRUE")),
    f"{FEATURES}-3/1.0/conf/filter": swap(api.ogc.parameters, "filtered", lambda *_: Fragment("TRUE")),
    f"{FEATURES}-3/1.0/conf/features-filter": swap(
        api.ogc.parameters, "filtered", lambda old, *given: replace(old(*given), text=f"({old(*given).text} OR TRUE)")
    ),
    f"{FEATURES}-5/1.0/conf/schemas": swap(documents, "schema", lambda old, *given: old(*given) | {"type": "array"}),
    f"{FEATURES}-5/1.0/conf/core-roles-features": swap(documents, "schema", no_roles),
    f"{FEATURES}-5/1.0/conf/returnables-and-receivables": swap(
        documents, "schema", lambda old, *given: old(*given) | {"properties": dict(list(old(*given)["properties"].items())[2:])}
    ),
    f"{FEATURES}-5/1.0/conf/queryables": swap(documents, "queryables", lambda old, *given: old(*given) | {"$schema": "elsewhere"}),
    f"{FEATURES}-5/1.0/conf/sortables": swap(
        api.ogc.parameters, "ordered", lambda old, collection, text: old(collection, text.removeprefix("-"))
    ),
    f"{FEATURES}-4/1.0/conf/create-replace-delete": swap(gis.store.editing, "create", lost),
    f"{FEATURES}-4/1.0/conf/update": swap(api.ogc.editing, "columns_of", lambda old, *given, **_: old(*given, whole=True)),
    f"{FEATURES}-4/1.0/conf/optimistic-locking-etags": swap(gis.store.editing, "change", blind),
    f"{FEATURES}-4/1.0/conf/features": swap(
        api.ogc.editing,
        "columns_of",
        lambda old, kind, body, system, *, whole: old(kind, body, replace(system, swapped=False), whole=whole),
    ),
    f"{CQL2}/cql2-text": swap(COMPILER, "parse", no_escapes),
    f"{CQL2}/cql2-json": swap(COMPILER, "parse", no_json),
    f"{CQL2}/basic-cql2": put(COMPILER.COMPARISONS, "<=", "{} < {}"),
    f"{CQL2}/advanced-comparison-operators": swap(
        Compiler, "_like", lambda old, *given: replace(old(*given), text=old(*given).text.replace("LIKE", "ILIKE"))
    ),
    f"{CQL2}/case-insensitive-comparison": put(COMPILER.CASE, "casei", "btrim"),
    f"{CQL2}/accent-insensitive-comparison": put(COMPILER.CASE, "accenti", "btrim"),
    f"{CQL2}/basic-spatial-functions": swap(
        COMPILER, "box_of", lambda old, sides, system: old([min(sides[0], sides[2]), sides[1], max(sides[0], sides[2]), sides[3]], system)
    ),
    f"{CQL2}/basic-spatial-functions-plus": swap(COMPILER, "geometry_of", only_first),
    f"{CQL2}/spatial-functions": put(COMPILER.SPATIAL, "s_touches", "ST_Intersects({}, {})"),
    f"{CQL2}/temporal-functions": put(gis.store.filters.times.INTERVALS, "t_metby", "{e1} = {s2}"),
    f"{CQL2}/array-functions": put(COMPILER.ARRAYS, "a_contains", "{a} && {b}"),
    f"{CQL2}/property-property": swap(COMPILER, "parse", upside_down),
    f"{CQL2}/functions": swap(Compiler, "_function", lambda old, of, node, path: old(of, node | {"op": "lower"}, path)),
    f"{CQL2}/arithmetic": put(COMPILER.ARITHMETIC, "div", "({}::double precision / {})"),
    f"{TILES}/core": lambda monkey: monkey.setattr(api.vector_tiles, "MEDIA", "application/octet-stream"),
    f"{TILES}/mvt": swap(api.vector_tiles, "_place", lambda old, z, x, y: old(z, y, x) if y < x else old(z, "0", "0")),
    f"{TILES}/tileset": lambda monkey: monkey.setattr(api.routes.tilesets, "STANDARD_PIXEL_M", 0.0254 / 96),
    f"{TILES}/tilesets-list": lambda monkey: monkey.setattr(api.routes.tilesets, "SCHEME", "related"),
    f"{TILES}/dataset-tilesets": swap(documents, "landing", lambda old, *given: without(old(*given), f"{documents.REL}/tilesets-vector")),
    f"{TILES}/geodata-tilesets": swap(api.routes.tilesets, "_brief", lambda old, base, *_: old(base)),
    f"{TILES}/collections-selection": swap(api.vector_tiles, "layer_names", lambda *_: None),
    f"{STYLES}/core": swap(api.routes.styles, "_theme", lambda *_: "light"),
    f"{STYLES}/mapbox-styles": swap(api.routes.styles, "map_document", lambda old, *given: old(*given) | {"sources": {}}),
    f"{STYLES}/sld-11": lambda monkey: monkey.setattr(
        api.routes.styles, "_sld", lambda _: '<StyledLayerDescriptor version="1.0.0" xmlns="http://www.opengis.net/sld"/>'
    ),
    f"{RECORDS}/record-core": swap(
        api.ogc.records, "feature", lambda old, *given: {name: one for name, one in old(*given).items() if name != "time"}
    ),
    f"{RECORDS}/record-core-query-parameters": swap(api.ogc.records, "_says", lambda old, text, phrases: old(text, list(phrases)[:1])),
    f"{RECORDS}/record-collection": swap(api.ogc.records, "collection", lambda old, *given: old(*given) | {"type": "Catalog"}),
    f"{RECORDS}/record-api": swap(api.ogc.records, "page", lambda old, *given: without(old(*given), "next")),
    f"{VOLUMES}/core": swap(api.ogc.volumes, "meets", lambda old, box, asked: old(box, (*asked[:2], *asked[3:5]))),
    f"{VOLUMES}/3d-tiles": swap(api.ogc.volumes, "tileset_url", lambda old, *given: old(*given).replace("tileset.json", "none.json")),
}


@contextmanager
def nothing_kept() -> Iterator[None]:
    """Forget before and after what is kept of requests, statements and styles, as it was made by other code."""
    kept = (api.ogc.items._asked, api.vector_tiles.asked, gis.store.items.page_sql, gis.store.items._feature, gis.store.items._counted)

    def forget() -> None:
        for one in kept:
            one.cache_clear()

    forget()
    yield
    forget()


def test_each_class_has_a_mutant() -> None:
    assert MUTANTS.keys() == {uri.removeprefix(SPEC) for uri in (*CLASSES, *EDITING)}


@pytest.mark.parametrize("name", MUTANTS)
def test_a_mutant_is_found(server: Server, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    fresh = Server(server.client, server.writable)
    vars(fresh).update(samples=server.samples, conforms=server.conforms)
    assert name in fresh.conforms
    with nothing_kept():
        MUTANTS[name](monkeypatch)
        for one in CHECKS:
            if one.conformance == name:
                try:
                    one.run(fresh)
                except NotHere as missing:
                    pytest.skip(f"without {missing}")
                except (AssertionError, LookupError, ValueError):
                    return
    pytest.fail(f"no test of {name} finds it")
