"""Progress bars on stderr, when it is a terminal."""

import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bars

from stages.engine.progress import Advance, Progress, Silent


class TerminalProgress:
    """One bar per task, removed when the task ends."""

    def __init__(self, bars: Bars) -> None:
        self._bars = bars

    def task(self, label: str, total: int) -> AbstractContextManager[Advance]:
        """A bar of `total` units."""
        return self._task(label, total)

    @contextmanager
    def _task(self, label: str, total: int) -> Iterator[Advance]:
        row = self._bars.add_task(label, total=total)

        def advance(done: int = 1) -> None:
            self._bars.advance(row, done)

        try:
            yield advance
        finally:
            self._bars.remove_task(row)


@contextmanager
def terminal_progress() -> Iterator[Progress]:
    """Bars on a terminal; silence elsewhere."""
    if not sys.stderr.isatty():
        yield Silent()
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with Bars(*columns, console=Console(stderr=True), transient=True) as bars:
        yield TerminalProgress(bars)
