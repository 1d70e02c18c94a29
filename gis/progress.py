"""A progress bar on standard error; a plain line now and then where nobody watches a terminal."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

Told = Callable[[int, int, str], None]
LINES = 10
"""So many lines tell the whole way where there is no terminal."""


@contextmanager
def shown(what: str) -> Iterator[Told]:
    """Show how far something has come while the block runs; yields the function to call with done, total and what."""
    console = Console(stderr=True)
    if not console.is_terminal:

        def tell(done: int, total: int, _: str) -> None:
            if done == total or done % max(1, total // LINES) == 0:
                console.print(f"{what} {done}/{total}")

        yield tell
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[name]}"),
    )
    with Progress(*columns, console=console) as progress:
        task = progress.add_task(what, total=None, name="")
        yield lambda done, total, name: progress.update(task, completed=done, total=total, name=name)
