"""The paper: sizes of A3 and A4 sheets and boxes on them.

All coordinates of a sheet are millimetres, x right, y up, from the lower left corner.
"""

from dataclasses import dataclass

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Box:
    """An upright rectangle on paper."""

    left: float
    bottom: float
    right: float
    top: float

    @property
    def width(self) -> float:
        """Its width, mm."""
        return self.right - self.left

    @property
    def height(self) -> float:
        """Its height, mm."""
        return self.top - self.bottom

    @property
    def middle(self) -> Point:
        """Its middle."""
        return (self.left + self.right) / 2, (self.bottom + self.top) / 2

    @property
    def corners(self) -> tuple[Point, Point, Point, Point]:
        """Its corners, counter-clockwise from the lower left."""
        return (self.left, self.bottom), (self.right, self.bottom), (self.right, self.top), (self.left, self.top)

    def inset(self, margin: float) -> "Box":
        """Return the box that is smaller by a margin on every side."""
        return Box(self.left + margin, self.bottom + margin, self.right - margin, self.top - margin)

    def holds(self, point: Point) -> bool:
        """Return whether a point lies in it."""
        return self.left <= point[0] <= self.right and self.bottom <= point[1] <= self.top


A3 = Box(0.0, 0.0, 420.0, 297.0)
FRAME = Box(25.0, 5.0, 415.0, 292.0)
"""Of a bound A3 sheet (GB/T 14689-2008, table 2: a = 25 mm at the binding edge, c = 5 mm elsewhere for A3)."""
A4 = Box(0.0, 0.0, 210.0, 297.0)
A4_FRAME = Box(25.0, 5.0, 205.0, 292.0)
"""Of a bound A4 sheet (GB/T 14689-2008, table 2)."""
TINY, SMALL, BODY, HEAD, NAME, TITLE = 2.4, 2.6, 2.8, 3.5, 4.2, 5.0
"""Sizes of type (em), mm. A Chinese character of the smallest is 2.2 mm high, a capital of it 1.76 mm."""
LEAST = 2.25
"""Smallest size of type on a sheet, mm: a Chinese character of it is 2.07 mm high."""
LEADING = 1.3
"""Distance of lines, of the type's size."""
