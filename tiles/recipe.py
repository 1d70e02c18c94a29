"""What tiles are made by: when the code or the tokens change, every tile is out of date."""

import hashlib
from functools import cache
from importlib.resources import files

PACKAGES = ("models3d", "models3d.kit", "models3d.parts", "tiles", "styles", "gis.geometry")
SINGLE = (("gis", "kinds.yaml"), ("gis", "crs.py"), ("gis", "ground.py"))


@cache
def recipe() -> str:
    """Return a digest of all that decides how a site becomes bytes, 16 hexadecimal digits: of the code as this process found it."""
    sources = [(package, entry.name) for package in PACKAGES for entry in files(package).iterdir() if entry.name.endswith((".py", ".yaml"))]
    digest = hashlib.sha256()
    for package, name in sorted([*sources, *SINGLE]):
        digest.update(f"{package}/{name}\0".encode() + files(package).joinpath(name).read_bytes())
    return digest.hexdigest()[:16]
