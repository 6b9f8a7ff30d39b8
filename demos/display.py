"""The progress: how many demos are finished, and how far those are that are under way."""

from __future__ import annotations

from types import TracebackType

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)

from .report import line
from .runner import Outcome


class Display:
    """A line for all demos, and below it one for each that is under way."""

    def __init__(self, console: Console, demos: int) -> None:
        columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn()
        self._bar = Progress(*columns, TimeElapsedColumn(), console=console)
        self._demos = self._bar.add_task("demos", total=demos)
        self._tasks: dict[str, TaskID] = {}
        self._asked: dict[str, int] = {}

    def __enter__(self) -> Display:
        self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bar.stop()

    def begin(self, name: str) -> None:
        """A demo begins."""
        self._tasks[name] = self._bar.add_task(name, total=0)
        self._asked[name] = 0

    def ask(self, name: str, tasks: int) -> None:
        """It has so many tasks more."""
        self._asked[name] += tasks
        self._bar.update(self._tasks[name], total=self._asked[name])

    def advance(self, name: str) -> None:
        """One of its tasks is done."""
        self._bar.advance(self._tasks[name])

    def end(self, outcome: Outcome) -> None:
        """It is finished."""
        self._bar.remove_task(self._tasks.pop(outcome.name))
        self._bar.advance(self._demos)
        self._bar.console.print(line(outcome))
