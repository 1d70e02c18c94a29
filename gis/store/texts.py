"""Texts as PostgreSQL can keep them."""

import math
from collections.abc import Mapping
from typing import Any


def writable(text: str) -> bool:
    """Tell whether a text can be kept: it has no NUL and no half of a surrogate pair."""
    return text.isprintable() or not any(character == "\0" or "\ud800" <= character <= "\udfff" for character in text)


def keepable(value: Any) -> Any:
    """Return what is told of a drawing as PostgreSQL can keep it: broken files have NUL, half characters and NaN in them."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode("utf-8").replace("\0", "\ufffd")
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {keepable(key): keepable(item) for key, item in value.items()}
    return [keepable(item) for item in value] if isinstance(value, (list, tuple)) else value
