"""The database of this machine as a command reads it: started where it is ours and away, brought up to date, one snapshot."""

from collections.abc import Iterator
from contextlib import contextmanager

from gis.settings import Settings
from gis.store.cluster import ensure_running
from gis.store.connect import Plain, glancing
from gis.store.schema import bring_up


@contextmanager
def here() -> Iterator[Plain]:
    """Open one read-only snapshot of this machine's database for what is inside."""
    urls = ensure_running(Settings())
    bring_up(urls.owner)
    with glancing(urls.reader) as connection:
        yield connection
