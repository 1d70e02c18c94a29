"""Rows as GeoJSON (RFC 7946)."""

from collections.abc import Iterable, Mapping
from typing import Any


def feature_collection(rows: Iterable[Mapping[str, Any]], key: str = "feature_id") -> dict[str, Any]:
    """Return rows as a feature collection: `geometry` and the key apart, all else as properties.

    >>> feature_collection([{"feature_id": 1, "geometry": None, "name": "罐"}])["features"]
    [{'type': 'Feature', 'id': 1, 'geometry': None, 'properties': {'name': '罐'}}]
    """
    return {
        "type": "FeatureCollection",
        "features": [
            {
                "type": "Feature",
                "id": row.get(key),
                "geometry": row.get("geometry"),
                "properties": {name: value for name, value in row.items() if name not in ("geometry", key)},
            }
            for row in rows
        ],
    }
