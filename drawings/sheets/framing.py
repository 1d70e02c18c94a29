"""The sheet around what it shows: paper, frame, binding edge, centring marks."""

from drawings.sheets.inks import FINE, THICK, Ink, framed, ink, stroke
from drawings.sheets.paper import A3, FRAME, Box
from styles.palette import Theme


def frame(theme: Theme, paper: Box = A3, edge: Box = FRAME) -> list[Ink]:
    """Return the edge of the paper, the frame and the centring marks (GB/T 14689-2008, 5 and 6)."""
    black = ink(theme)
    across, up = paper.middle
    marks = (
        ((0.0, up), (edge.left, up)),
        ((edge.right, up), (paper.right, up)),
        ((across, 0.0), (across, edge.bottom)),
        ((across, edge.top), (across, paper.top)),
    )
    return [framed(paper.inset(0.1), black, FINE), framed(edge, black, THICK), *(stroke(mark, black, 0.5) for mark in marks)]
