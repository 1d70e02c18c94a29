"""The library: every symbol, line and fill by its id, and which of them a kind of feature has.

>>> style_of("outlet", "air").symbol.name_zh
'废气排放口'
"""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

import yaml
from pydantic import ValidationError

from gis.errors import StyleError
from gis.kinds import ENUMS, KINDS
from styles.source import FORMS, FillSource, FrameSource, LineSource, LookSource, StyleSource, SymbolSource, What
from styles.symbol import Fill, Line, State, Style, Symbol

_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The one written in C where PyYAML was built with it."""


def read(file: Traversable, what: What) -> Any:
    """Return what a file holds, checked; raises StyleError that lists all its faults."""
    try:
        return FORMS[what].validate_python(yaml.load(file.read_text(encoding="utf-8"), Loader=_Loader))  # noqa: S506 - a safe loader, either way
    except yaml.YAMLError as error:
        raise StyleError(f"{file.name}: {error}") from error
    except ValidationError as error:
        faults = (f"{file.name}: {'.'.join(str(part) for part in fault['loc'])}: {fault['msg']}" for fault in error.errors())
        raise StyleError("\n".join(faults)) from error


def _own(name: str) -> Traversable:
    return files("styles").joinpath(name)


@cache
def symbols() -> Mapping[str, Symbol]:
    """Return the symbols by id, in the order of their files' names."""
    frames: dict[str, FrameSource] = read(_own("frames.yaml"), "frames")
    states: dict[State, LookSource] = read(_own("states.yaml"), "states")
    found = sorted((file for file in _own("symbols").iterdir() if file.name.endswith(".yaml")), key=lambda file: file.name)
    sources: dict[str, SymbolSource] = {file.name.removesuffix(".yaml"): read(file, "symbol") for file in found}
    try:
        return {name: source.build(name, frames, states) for name, source in sources.items()}
    except ValueError as error:
        raise StyleError(str(error)) from error


@cache
def lines() -> Mapping[str, Line]:
    """Return the line styles by id."""
    sources: dict[str, LineSource] = read(_own("lines.yaml"), "lines")
    return {name: source.build(name) for name, source in sources.items()}


@cache
def fills() -> Mapping[str, Fill]:
    """Return the fill styles by id; their `outline` is a line style."""
    sources: dict[str, FillSource] = read(_own("fills.yaml"), "fills")
    found = {name: source.build(name) for name, source in sources.items()}
    lost = [f"fills.yaml: {name}: no line style {fill.outline!r}" for name, fill in found.items() if fill.outline not in {None, *lines()}]
    if lost:
        raise StyleError("\n".join(lost))
    return found


@cache
def styles() -> Mapping[str, Style]:
    """Return the styles by `kind` and `kind.type`, as `styles/kinds.yaml` says."""
    sources: dict[str, StyleSource] = read(_own("kinds.yaml"), "kinds")
    faults, found = [], {}
    for name, source in sources.items():
        kind, _, type_ = name.partition(".")
        if kind not in KINDS or (type_ and type_ not in types_of(kind)):
            faults.append(f"kinds.yaml: {name}: gis/kinds.yaml has no such kind or type")
        try:
            line = lines()[source.line] if source.line else None
            found[name] = Style(symbols()[source.symbol], line, fills()[source.fill] if source.fill else None)
        except KeyError as error:
            faults.append(f"kinds.yaml: {name}: there is no {error.args[0]!r}")
    if faults:
        raise StyleError("\n".join(faults))
    return found


def types_of(kind: str) -> tuple[str, ...]:
    """Return the types of a kind, as its code list has them; none where it has no types."""
    return tuple(type_labels(kind))


def type_labels(kind: str) -> Mapping[str, str]:
    """Return what the types of a kind are called, by type, in the order of its code list."""
    row = KINDS[kind]
    return ENUMS[row.attribute(row.type_attribute).enum or ""] if row.type_attribute else {}


def style_of(kind: str, type_: str | None = None) -> Style:
    """Return how a kind of feature is drawn, or one type of it where that has a style of its own.

    Parameters
    ----------
    kind : str
        A name of `gis.kinds.KINDS`.
    type_ : str, optional
        The value of its type attribute.
    """
    return styles().get(f"{kind}.{type_}") or styles()[kind]
