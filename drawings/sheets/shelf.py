"""Printed sheets kept by what they were drawn from: a request for an unchanged one costs no drawing, a changed one is drawn at once."""

import threading
from dataclasses import dataclass, field
from pathlib import Path

from drawings.process.layout import Solve
from drawings.sheets.batch import write
from drawings.sheets.canvas import Format, printed
from drawings.sheets.composing import compose, digest
from gis.models.sheet import Kind, SheetFacts
from styles.palette import Theme


@dataclass(frozen=True, slots=True)
class Shelf:
    """A folder of printed sheets, one of each enterprise, drawing, theme and format."""

    folder: Path
    base_url: str
    solve: Solve
    """Lays processes out (`drawings.process.elk.Elk.lay_out`)."""
    lock: threading.Lock = field(default_factory=threading.Lock)
    """One sheet is drawn at a time: two would only share a core."""

    def version(self, facts: SheetFacts, kind: Kind, theme: Theme) -> str:
        """Return what the sheet of now is known by."""
        return digest(facts, kind, theme, self.base_url)

    def sheet(self, facts: SheetFacts, kind: Kind, format_: Format, theme: Theme) -> bytes:
        """Return the sheet of now; drawn where it is not there, and then kept in place of the one before."""
        own = self.folder / str(facts.enterprise.feature_id)
        name = f"{kind}-{theme}-{self.version(facts, kind, theme)}.{format_}"
        try:
            return own.joinpath(name).read_bytes()
        except FileNotFoundError:
            pass
        with self.lock:
            data = printed(compose(facts, kind, theme, self.base_url, self.solve), format_)
            write(own / name, data)
        for old in own.glob(f"{kind}-{theme}-*.{format_}"):
            if old.name != name:
                old.unlink(missing_ok=True)
        return data
