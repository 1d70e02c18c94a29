"""Facts that lie in YAML files beside the code."""

from importlib.resources import files
from typing import Any

import yaml

# The same language, read by libyaml where it is built in: ten times faster, and some of these files are read at each start.
Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def facts(package: str, name: str) -> Any:
    """Return what a YAML file of a package says."""
    return yaml.load(files(package).joinpath(name).read_text(encoding="utf-8"), Loader)  # noqa: S506 — a safe loader
