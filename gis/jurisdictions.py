"""The tree of jurisdictions: the city, its counties and parks, as `jurisdictions.csv` names them."""

import csv
from collections.abc import Mapping
from functools import cache
from importlib.resources import files


def rows() -> list[dict[str, str | None]]:
    """Return the jurisdictions: `code` (GB/T 2260, of parks our own), `parent` (None of the city), `name`, `level`."""
    lines = files("gis").joinpath("jurisdictions.csv").read_text(encoding="utf-8").splitlines()
    return [{**row, "parent": row["parent"] or None} for row in csv.DictReader(lines)]


@cache
def owning() -> Mapping[str, str]:
    """Return the jurisdictions that an enterprise may lie in, code → name: counties and parks."""
    return {str(row["code"]): str(row["name"]) for row in rows() if row["level"] != "city"}
