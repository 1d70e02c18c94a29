"""What the map server conforms to: each class by the abstract tests of `tests/conformance`, which fail without it."""

from api.routes.styles import CONFORMANCE as STYLES
from api.routes.tilesets import CONFORMANCE as TILES

FEATURES = "http://www.opengis.net/spec/ogcapi-features"
CLASSES = (
    "http://www.opengis.net/spec/ogcapi-common-1/1.0/conf/core",
    "http://www.opengis.net/spec/ogcapi-common-2/1.0/conf/collections",
    *(f"{FEATURES}-1/1.0/conf/{name}" for name in ("core", "geojson", "html", "oas30")),
    f"{FEATURES}-2/1.0/conf/crs",
    *(f"{FEATURES}-3/1.0/conf/{name}" for name in ("queryables", "queryables-query-parameters", "filter", "features-filter")),
    *(
        f"{FEATURES}-5/1.0/conf/{name}"
        for name in ("schemas", "core-roles-features", "returnables-and-receivables", "queryables", "sortables")
    ),
    *(
        f"http://www.opengis.net/spec/cql2/1.0/conf/{name}"
        for name in (
            "cql2-text",
            "cql2-json",
            "basic-cql2",
            "advanced-comparison-operators",
            "case-insensitive-comparison",
            "accent-insensitive-comparison",
            "basic-spatial-functions",
            "basic-spatial-functions-plus",
            "spatial-functions",
            "temporal-functions",
            "array-functions",
            "property-property",
            "functions",
            "arithmetic",
        )
    ),
    *TILES,
    *STYLES,
    *(
        f"http://www.opengis.net/spec/ogcapi-records-1/1.0/conf/{name}"
        for name in ("record-core", "record-core-query-parameters", "record-collection", "record-api")
    ),
    *(f"https://www.opengis.net/spec/ogcapi-geovolumes-1/1.0/conf/{name}" for name in ("core", "3d-tiles")),
)
EDITING = tuple(f"{FEATURES}-4/1.0/conf/{name}" for name in ("create-replace-delete", "update", "optimistic-locking-etags", "features"))
"""Where features may be written."""
