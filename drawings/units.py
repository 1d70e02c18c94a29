"""Units of length of drawings: what a header declares, what a size proves, what a scale stands for."""

from dataclasses import dataclass

import numpy as np
from ezdxf.document import Drawing
from numpy.typing import NDArray

from drawings.ledger import finding
from gis.issues import Issue, Place

METRE, MILLIMETRE = 1.0, 0.001
NAMES = {METRE: "米", MILLIMETRE: "毫米", 0.01: "厘米", 0.0254: "英寸", 0.3048: "英尺", 1000.0: "千米"}
"""Units that drawings come in: metres per unit → name."""
INSUNITS = {1: 0.0254, 2: 0.3048, 4: MILLIMETRE, 5: 0.01, 6: METRE, 7: 1000.0}
"""$INSUNITS codes of these units (DXF reference, header variables)."""
SCALE_TOLERANCE = 0.001
"""How far a scale may be from that of a unit (norm, Georeference): well above the 0.02 % of the projection."""
EXTENT_M = (20.0, 10_000.0)
"""Smallest and largest plausible side of a plant, metres."""

Points = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Declared:
    """What the header says about the unit."""

    code: int
    """$INSUNITS; 0 says nothing."""

    @property
    def metres(self) -> float | None:
        """Metres per unit, None where nothing or something unknown is declared."""
        return INSUNITS.get(self.code)

    def __str__(self) -> str:
        """Return its Chinese name."""
        if self.code == 0:
            return "无单位"
        return NAMES[INSUNITS[self.code]] if self.code in INSUNITS else f"代码 {self.code}"


def declared(document: Drawing) -> Declared:
    """Return the unit that a document's header declares."""
    return Declared(int(document.header.get("$INSUNITS", 0)))


def unit_of(scale: float) -> float | None:
    """Return the unit that a scale stands for, metres per unit; None for no known one.

    Examples
    --------
    >>> unit_of(0.00100003), unit_of(0.97)
    (0.001, None)
    """
    return next((unit for unit in NAMES if abs(scale / unit - 1) <= SCALE_TOLERANCE), None)


def unit_by_size(points: Points) -> float | None:
    """Return the only unit in which a plan of this size is a plant, metres per unit; None where it is none or more than one.

    Asked are metres and millimetres, the two units of Chinese plans (GB/T 50001: site plans and levels in metres, all else in millimetres).
    """
    side = float(np.max(np.ptp(points, axis=0))) if len(points) else 0.0
    plausible = [unit for unit in (METRE, MILLIMETRE) if EXTENT_M[0] <= side * unit <= EXTENT_M[1]]
    return plausible[0] if len(plausible) == 1 else None


def norm_issues(said: Declared) -> list[Issue]:
    """Return what is wrong with a declared unit by the norm; none declared is left to the coordinates."""
    if said.code in (0, 6):
        return []
    message = f"图形单位声明为{said}，规范要求米"
    return [finding("E106", message, "请在 UNITS 中改为“米”（$INSUNITS=6）", Place(field="$INSUNITS"))]


def settled_issues(said: Declared, unit: float, proof: str) -> list[Issue]:
    """Return a warning where a unit was settled by something other than the header; metres need no header to say so.

    Parameters
    ----------
    said : Declared
        What the header says.
    unit : float
        Metres per unit.
    proof : str
        What settled it, in Chinese.
    """
    if said.metres == unit or (said.code == 0 and unit == METRE):
        return []
    name = NAMES.get(unit, f"{unit:g} 米")
    message = f"单位按{proof}确定为{name}（图中声明：{said}）"
    return [finding("W106", message, "请核对；下次出图请在 UNITS 中声明实际单位", Place(field="$INSUNITS"))]
