"""A big drawing: the example's plant again and again on a grid, each within a boundary of its own, every code its own."""

import re
from pathlib import Path

import ezdxf.filemanagement
from ezdxf.entities.insert import Insert

PITCH_M = 320.0
COLUMNS = 8
SERIAL = re.compile(r"\d+$|\d+(?=、)")
STEP = 15
"""From a copy's serial numbers to those of the next: more than the example has of any code."""


def _moved_on(codes: str, copy: int) -> str:
    """Return codes with other serial numbers: whatever form a code must have, it keeps it.

    >>> _moved_on("TA001、MF0002", 2)
    'TA031、MF0032'
    """
    return SERIAL.sub(lambda found: f"{int(found[0]) + STEP * copy:0{len(found[0])}d}", codes)


def _recode(label: Insert, copy: int) -> None:
    for attrib in label.attribs:
        if attrib.dxf.tag in {"CODE", "PARENT"}:
            attrib.dxf.text = _moved_on(attrib.dxf.text, copy)
        elif attrib.dxf.tag == "MN":
            attrib.dxf.text = f"{attrib.dxf.text[:-4]}{_moved_on(attrib.dxf.text[-4:], copy)}"


def write(source: Path, target: Path, copies: int) -> int:
    """Write a drawing with that many copies of the source's plant; returns the number of its entities."""
    document = ezdxf.filemanagement.readfile(source)
    space = document.modelspace()
    plant = list(space)
    for copy in range(1, copies):
        for entity in plant:
            again = entity.copy()
            again.translate(PITCH_M * (copy % COLUMNS), PITCH_M * (copy // COLUMNS), 0)
            space.add_entity(again)
            if isinstance(again, Insert):
                _recode(again, copy)
    document.saveas(target)
    return len(space)
