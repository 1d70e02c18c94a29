"""A big drawing: the example's plant again and again on a grid, inside one boundary, every code its own."""

import re
from pathlib import Path

import ezdxf.filemanagement
from ezdxf.entities.insert import Insert

PITCH_M = 320.0
COLUMNS = 8


def _recode(label: Insert, copy: int) -> None:
    for attrib in label.attribs:
        if attrib.dxf.tag == "CODE" and attrib.dxf.text:
            found = re.fullmatch(r"(DA|DW|YS)(\d{3})", attrib.dxf.text)
            attrib.dxf.text = f"{found[1]}{int(found[2]) + 10 * copy:03d}" if found else f"{attrib.dxf.text}-{copy}"


def write(source: Path, target: Path, copies: int) -> None:
    """Write a drawing with that many copies of the source's plant."""
    document = ezdxf.filemanagement.readfile(source)
    space = document.modelspace()
    plant = list(space)
    (boundary,) = [entity for entity in plant if entity.dxf.layer == "QJ-A-BOUND"]
    x0, y0 = min(point[0] for point in boundary.get_points("xy")), min(point[1] for point in boundary.get_points("xy"))  # type: ignore[attr-defined]
    for copy in range(1, copies):
        east, north = PITCH_M * (copy % COLUMNS), PITCH_M * (copy // COLUMNS)
        for entity in plant:
            if entity is boundary:
                continue
            again = entity.copy()
            again.translate(east, north, 0)
            space.add_entity(again)
            if isinstance(again, Insert):
                _recode(again, copy)
    width, depth = PITCH_M * COLUMNS + 100, PITCH_M * -(-copies // COLUMNS) + 100
    west, south = x0 - 100, y0 - 100
    corners = [(west, south), (west + width, south), (west + width, south + depth), (west, south + depth)]
    boundary.set_points(corners, format="xy")  # type: ignore[attr-defined]
    document.saveas(target)
