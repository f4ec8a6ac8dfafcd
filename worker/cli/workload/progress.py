"""Progress as people see it: a bar on a terminal, a line now and then elsewhere. To stderr, beside the report."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

Advance = Callable[[int], None]
LINES: Final = 4


@contextmanager
def progress(console: Console, what: str, total: int, unit: str = "claims") -> Iterator[Advance]:
    """Yields what is to be called with the number done by now."""
    if console.is_terminal:
        columns = (TextColumn("{task.description:<18}"), BarColumn(None), MofNCompleteColumn(), TimeElapsedColumn())
        with Progress(*columns, console=console) as bar:
            task = bar.add_task(what, total=total)
            yield lambda done: bar.update(task, completed=min(done, total))
            bar.update(task, completed=total)
    else:
        yield _Lines(console, what, total, unit)


class _Lines:
    """A line for each so-manieth part of the way."""

    def __init__(self, console: Console, what: str, total: int, unit: str) -> None:
        self._console = console
        self._what = what
        self._total = total
        self._unit = unit
        self._told = 0

    def __call__(self, done: int) -> None:
        part = LINES * min(done, self._total) // max(1, self._total)
        if part > self._told:
            self._told = part
            self._console.print(
                f"{self._what}: {min(done, self._total)} of {self._total} {self._unit}", highlight=False
            )
