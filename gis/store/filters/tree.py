"""CQL2 as text or JSON to its tree (OGC 21-065r2): read by the package `cql2`, whose recursion has no floor, so depth is bounded before."""

import json
import re
from collections.abc import Mapping
from typing import Any, Literal

import cql2

from gis.errors import Invalid
from gis.store.texts import writable

Language = Literal["cql2-text", "cql2-json"]
MOST_CHARACTERS = 64 * 1024
MOST_NESTED = 500
"""Parentheses and operators that may stand inside each other, counted as if all did; the parser's stack ends at some thousands."""
DEEPEST = 60
MOST_NODES = 5_000

_NUMBER = r"[-+]?(?:\d++(?:\.\d*+)?|\.\d++)(?:[eE][-+]?\d++)?"
_POSITION = rf"{_NUMBER}(?:\s++{_NUMBER}){{0,3}}"
_COORDINATES = re.compile(rf"\(\s*+{_POSITION}(?:\s*+,\s*+{_POSITION})*+\s*+\)")
_QUOTED = re.compile(r"'[^']*+'|\"[^\"]*+\"")
_NESTING = re.compile(r"[(\-+*/^%]|\b(?:not|div)\b", re.IGNORECASE)
_PLACE = re.compile(r"-->\s*(\d+):(\d+)")


def nesting(text: str) -> int:
    """Return how deep a text may be nested at most: quoted text and lists of coordinates count as one.

    >>> nesting("s_intersects(geom, POLYGON((-1 -2, -3 -4, -5 -6, -1 -2)))"), nesting("a = 1 + 2 - 3")
    (2, 2)
    """
    return len(_NESTING.findall(_COORDINATES.sub("0", _QUOTED.sub("0", text))))


def _failure(error: BaseException) -> str:
    """Return what the parser says, in one line, with its place."""
    text = str(error)
    place = _PLACE.search(text)
    if place is None:
        return text.splitlines()[0][:300] if text else "无法读取"
    expected = text.rsplit("=", 1)[-1].strip()
    return f"第 {place[1]} 行第 {place[2]} 个字符处有误：{expected:.200}"


def parse(text: str, language: Language = "cql2-text", parameter: str = "filter") -> Any:
    """Return the tree of a filter: the JSON encoding of CQL2, as lists, dictionaries, texts, numbers and truth values.

    Raises
    ------
    Invalid
        It is no CQL2, too long, too deep, or holds characters that no database keeps.
    """
    if len(text) > MOST_CHARACTERS:
        raise Invalid(parameter, f"超过 {MOST_CHARACTERS} 个字符")
    if not writable(text):
        raise Invalid(parameter, "含有不能保存的字符（NUL 或半个代理对）")
    if language == "cql2-text" and nesting(text) > MOST_NESTED:
        raise Invalid(parameter, f"嵌套太深：括号和运算符超过 {MOST_NESTED} 个")
    try:
        tree = cql2.parse_text(text).to_json() if language == "cql2-text" else cql2.parse_json(modern(text)).to_json()
    except RecursionError as error:
        raise Invalid(parameter, "嵌套太深") from error
    except BaseException as error:
        # The package raises plain exceptions too, where a shape has no coordinates, and panics are no `Exception`.
        if isinstance(error, (KeyboardInterrupt, SystemExit)):
            raise
        raise Invalid(parameter, f"不是 {language}：{_failure(error)}") from error
    _bounded(tree, parameter)
    return tree


def _bounded(tree: Any, parameter: str) -> None:
    """Refuse a tree too deep or too large to make SQL of; lists of plain values and coordinates count as one."""
    level, nodes = [tree], 0
    for _ in range(DEEPEST):
        following: list[Any] = []
        for node in level:
            if isinstance(node, Mapping):
                following += [] if "coordinates" in node or "bbox" in node else list(node.values())
            elif isinstance(node, list):
                following += [one for one in node if isinstance(one, (Mapping, list))] if len(node) > 3 else node
        nodes += len(level)
        if nodes > MOST_NODES:
            raise Invalid(parameter, f"太长：超过 {MOST_NODES} 个部分")
        if not following:
            return
        level = following
    raise Invalid(parameter, f"嵌套太深：超过 {DEEPEST // 2} 层")


def _modern(node: Any) -> Any:
    """Write functions as the final standard does, where the drafts of it wrote `casei`, `accenti` and `function` as members."""
    if isinstance(node, list):
        return [_modern(one) for one in node]
    if not isinstance(node, dict):
        return node
    if len(node) == 1:
        ((name, inner),) = node.items()
        if name in ("casei", "accenti"):
            return {"op": name, "args": [_modern(inner)]}
        if name == "function" and isinstance(inner, dict):
            return {"op": inner.get("name"), "args": _modern(inner.get("args", []))}
    return {name: inner if name == "coordinates" else _modern(inner) for name, inner in node.items()}


def modern(text: str) -> str:
    """Return the JSON encoding of CQL2 in its final form.

    >>> modern('{"op": "=", "args": [{"casei": {"property": "name"}}, "x"]}')
    '{"op": "=", "args": [{"op": "casei", "args": [{"property": "name"}]}, "x"]}'
    """
    if not any(f'"{word}"' in text for word in ("casei", "accenti", "function")):
        return text
    return json.dumps(_modern(json.loads(text)))
