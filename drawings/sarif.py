"""Findings as SARIF 2.1.0 (OASIS), which editors and build servers show beside the file."""

from collections.abc import Iterable
from importlib.metadata import version
from typing import Any
from urllib.parse import quote

from gis.issues import CODES, GROUPS, Issue, Severity

LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.VIOLATION: "warning"}
"""SARIF knows no violation: those warn, and say in their properties what they are."""
RULES = {code: number for number, code in enumerate(CODES)}


def _rules() -> list[dict[str, Any]]:
    return [
        {
            "id": code.code,
            "shortDescription": {"text": code.label},
            "help": {"text": code.hint},
            "defaultConfiguration": {"level": LEVELS[code.severity]},
            "properties": {"category": GROUPS[f"E{code.code[1]}"], "severity": code.severity.value},
        }
        for code in CODES.values()
    ]


def _location(issue: Issue) -> dict[str, Any]:
    place = issue.place
    location: dict[str, Any] = {}
    if place.file:
        location["physicalLocation"] = {"artifactLocation": {"uri": quote(place.file)}}
    names = [name for name in (place.layer, place.handle, place.field) if name]
    if names:
        location["logicalLocations"] = [{"name": place.handle or names[-1], "fullyQualifiedName": "/".join(names), "kind": "element"}]
    if place.xy:
        location["properties"] = {"x": place.xy[0], "y": place.xy[1], "crs": "EPSG:4545"}
    return location


def _result(issue: Issue) -> dict[str, Any]:
    result: dict[str, Any] = {
        "ruleId": issue.code,
        "ruleIndex": RULES[issue.code],
        "level": LEVELS[issue.severity],
        "message": {"text": f"{issue.message}。{issue.hint}" if issue.hint else issue.message},
        "properties": {"severity": issue.severity.value},
    }
    location = _location(issue)
    return result | {"locations": [location]} if location else result


def sarif(issues: Iterable[Issue]) -> dict[str, Any]:
    """Return findings as a SARIF log with one run; places are in drawing metres (EPSG:4545), entities are named by layer and handle."""
    driver = {"name": "quanjing", "semanticVersion": version("quanjing"), "rules": _rules()}
    run = {
        "tool": {"driver": driver},
        "language": "zh-CN",
        "columnKind": "unicodeCodePoints",
        "results": [_result(issue) for issue in issues],
    }
    schema = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
    return {"$schema": schema, "version": "2.1.0", "runs": [run]}
