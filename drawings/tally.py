"""How many model-space entities a DXF file holds, counted on its own lines: the figure that no reader may fall short of."""

import numpy as np

from drawings.tags import Tags, tags_of

PARTS = frozenset({b"VERTEX", b"SEQEND", b"ATTRIB", b"SECTION", b"ENDSEC", b"EOF"})
"""Records that are no entities of their own (DXF reference, ENTITIES section)."""


def section(tags: Tags, name: bytes) -> tuple[int, int] | None:
    """Return the first record inside a section and the record that closes it.

    Returns
    -------
    tuple or None
        None where the section is missing or not closed.
    """
    for record, kind in enumerate(tags.names):
        opening = int(tags.records[record]) + 1
        if kind == b"SECTION" and opening < len(tags.codes) and tags.codes[opening] == 2 and tags.value(opening).upper() == name:
            try:
                return record + 1, tags.names.index(b"ENDSEC", record)
            except ValueError:
                return None
    return None


def tally(tags: Tags) -> int | None:
    """Return the number of model-space entities in the ENTITIES section.

    Returns
    -------
    int or None
        None where the section is missing or not closed: then there is nothing to compare with.
    """
    found = section(tags, b"ENTITIES")
    if found is None:
        return None
    first, last = found
    marks = np.flatnonzero(tags.codes == 67)
    owners = np.searchsorted(tags.records, marks, side="right") - 1
    paper = {owner for owner, mark in zip(owners.tolist(), marks.tolist(), strict=True) if tags.value(mark) == b"1"}
    return sum(tags.names[record] not in PARTS and record not in paper for record in range(first, last))


def count_entities(data: bytes) -> int | None:
    """Return the number of model-space entities in a text DXF, None where they can't be counted."""
    return tally(tags_of(data))
