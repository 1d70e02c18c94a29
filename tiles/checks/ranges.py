"""Whether the numbers of a property keep to its `min` and `max`.

Both hold for what values mean: after `normalized`, `scale` and `offset` (3D Metadata, class.property.schema). A class says what is
allowed, a table, texture or attribute what is there (EXT_structural_metadata, property.schema).
"""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tiles.table import COMPONENTS

SLACK = {"FLOAT64": 1e-12}
"""Of a number: what its way through a component type may take away; an integer loses nothing."""
TRANSFORMED_SLACK = 1e-6


def flat(value: Any) -> Iterator[Any]:
    """Yield the numbers of a number, or of arrays of them."""
    if isinstance(value, list):
        for item in value:
            yield from flat(item)
    else:
        yield value


def _present(property_: Mapping[str, Any], values: NDArray[Any]) -> NDArray[Any]:
    """Return the rows that are not `noData`."""
    if "noData" not in property_:
        return values
    absent = np.array(list(flat(property_["noData"])), dtype=values.dtype)
    return values[(values != absent).any(axis=1)] if len(absent) == values.shape[1] else values


def _meant(told: Mapping[str, Any], values: NDArray[Any]) -> NDArray[Any]:
    """Return stored numbers as what they mean."""
    if told.get("normalized"):
        greatest = np.iinfo(COMPONENTS[told["componentType"]]).max
        values = np.maximum(values.astype(float) / greatest, -1)
    for key, change in (("scale", np.multiply), ("offset", np.add)):
        if key in told:
            values = change(values.astype(float), np.array(list(flat(told[key])), dtype=float))
    return values


def _less(seen: list[Any], bound: list[Any], slack: float) -> bool:
    return any(one < limit - slack * max(abs(one), abs(limit)) for one, limit in zip(seen, bound, strict=False))


def beyond(property_: Mapping[str, Any], row: Mapping[str, Any], values: NDArray[Any]) -> Iterator[tuple[str, str]]:
    """Yield where values leave what their class allows, or are not what a row says is there.

    Parameters
    ----------
    property_ : sound one of a class, numeric
    row : sound one of a property table, texture or attribute; empty for an entity's
    values : (n, k) as stored; k numbers of an element, or of all elements of an array of fixed length

    Yields
    ------
    tuple of str
        `min` or `max`, and what is wrong.
    """
    told = {**property_, **row}
    if not {"min", "max"} & told.keys():
        return
    values = _present(property_, values)
    if not len(values):
        return
    meant = _meant(told, values)
    exact = meant.dtype.kind in "iu"
    slack = 0.0 if exact else SLACK.get(property_["componentType"], TRANSFORMED_SLACK)
    if any(key in told for key in ("normalized", "scale", "offset")):
        slack = TRANSFORMED_SLACK
    for key, seen, sign in (("min", meant.min(axis=0), 1), ("max", meant.max(axis=0), -1)):
        there = [sign * one for one in seen.tolist()]
        allowed, said = ([sign * one for one in flat(told_of[key])] if key in told_of else None for told_of in (property_, row))
        if allowed is not None and _less(there, allowed, slack):
            yield key, f"数据为 {seen.tolist()}，类中 {key} 为 {property_[key]}"
        elif said is not None and (_less(there, said, slack) or _less(said, there, slack)):
            yield key, f"数据为 {seen.tolist()}，写的是 {row[key]}"
