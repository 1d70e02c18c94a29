"""How many model-space entities a DXF file holds, counted on its own lines: the figure that no reader may fall short of."""

from collections.abc import Iterator

PARTS = frozenset({b"VERTEX", b"SEQEND", b"ATTRIB", b"SECTION", b"ENDSEC", b"EOF"})
"""Records that are no entities of their own (DXF reference, ENTITIES section)."""


def _tags(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    lines = iter(data.splitlines())
    for code in lines:
        yield code.strip(), next(lines, b"").strip()


def count_entities(data: bytes) -> int | None:
    """Return the number of model-space entities in the ENTITIES section of a text DXF.

    Returns
    -------
    int or None
        None where the section is missing or not closed: then there is nothing to compare with.
    """
    count, inside, entered, fresh = 0, False, False, False
    for code, value in _tags(data):
        if not inside:
            inside = entered and code == b"2" and value == b"ENTITIES"
            entered = code == b"0" and value == b"SECTION"
        elif code == b"0":
            if value == b"ENDSEC":
                return count
            fresh = value not in PARTS
            count += fresh
        elif code == b"67" and value == b"1" and fresh:
            # Paper space.
            count, fresh = count - 1, False
    return None
