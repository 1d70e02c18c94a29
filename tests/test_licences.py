"""What is installed fits Apache-2.0 (docs/decisions/009-licences.md)."""

import json
import re
from importlib.metadata import Distribution, distributions
from pathlib import Path

MODULES = Path(__file__).parents[1] / "web" / "node_modules" / ".package-lock.json"
PERMISSIVE = re.compile(r"\b(MIT|BSD|Apache|ISC|PSF|Python Software Foundation|zlib|0BSD)\b", re.IGNORECASE)
LIBRARIES = {
    "ifcopenshell",
    "psycopg",
    "psycopg-binary",
    "psycopg-pool",
    "psycopg2-binary",
    "certifi",
    "pathspec",
    "hypothesis",
    "node_modules/elkjs",
}
"""Weak copyleft, used unchanged."""
MIT_TEXT = "Permission is hereby granted, free of charge, to any person obtaining a copy"
BUILD_TOOLS = re.compile(r"^node_modules/lightningcss")


def licence(distribution: Distribution) -> str:
    metadata = distribution.metadata
    named = metadata.get("License-Expression") or ", ".join(
        line.rpartition("::")[2] for line in metadata.get_all("Classifier") or [] if line.startswith("License")
    )
    return str(named or metadata.get("License") or of_text(distribution))


def of_text(distribution: Distribution) -> str:
    """Where the metadata name none: the licence that the package carries."""
    texts = [
        " ".join(Path(str(file.locate())).read_text().split())
        for file in distribution.files or []
        if file.name in {"LICENSE", "LICENSE.txt"}
    ]
    return "MIT" if any(MIT_TEXT in text for text in texts) else ""


def test_python_packages() -> None:
    found = {distribution.metadata["Name"]: licence(distribution) for distribution in distributions()}
    assert len(found) > 50
    assert {name: text for name, text in found.items() if not PERMISSIVE.search(text) and name not in LIBRARIES | {"quanjing"}} == {}
    assert {name: text for name, text in found.items() if re.search(r"\bA?GPL", text)} == {}


def test_browser_packages() -> None:
    packages = json.loads(MODULES.read_text(encoding="utf-8"))["packages"]
    found = {path: package.get("license", "") for path, package in packages.items() if not BUILD_TOOLS.match(path)}
    assert len(found) > 50
    assert {path: text for path, text in found.items() if not PERMISSIVE.search(text) and path not in LIBRARIES} == {}
