"""Which reader reads what: by the end of a file's name."""

from collections.abc import Callable
from importlib import import_module
from typing import cast

from gis.models.body import Model

Reader = Callable[[bytes], Model]

READERS = {
    ".obj": "obj",
    ".glb": "gltf",
    ".gltf": "gltf",
    ".ifc": "ifc",
    ".json": "cityjson",
    ".gml": "citygml",
    ".xml": "citygml",
    ".citygml": "citygml",
    ".jsonl": "cityjson",
    ".wkt": "ewkt",
    ".sql": "ewkt",
}
"""End of a name → module beside this one."""


def reader_of(file_name: str) -> Reader | None:
    """Return the reader for a file's name, None where there is none here; it is loaded now, as some take a second."""
    ending = file_name.lower().rpartition(".")[2]
    module = READERS.get(f".{ending}")
    return None if module is None else cast("Reader", import_module(f"models3d.readers.{module}").read)
