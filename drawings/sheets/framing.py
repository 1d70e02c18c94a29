"""The sheet around a map: paper, frame, binding edge, centring marks."""

from drawings.sheets.inks import FINE, THICK, Ink, framed, ink, stroke
from drawings.sheets.paper import A3, FRAME
from styles.palette import Theme


def frame(theme: Theme) -> list[Ink]:
    """Return the edge of the paper, the frame and the centring marks (GB/T 14689-2008, 5 and 6)."""
    black = ink(theme)
    across, up = A3.middle
    marks = (
        ((0.0, up), (FRAME.left, up)),
        ((FRAME.right, up), (A3.right, up)),
        ((across, 0.0), (across, FRAME.bottom)),
        ((across, FRAME.top), (across, A3.top)),
    )
    return [framed(A3.inset(0.1), black, FINE), framed(FRAME, black, THICK), *(stroke(mark, black, 0.5) for mark in marks)]
