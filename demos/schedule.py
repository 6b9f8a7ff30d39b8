"""When which demo runs: in order, the next one as soon as a process would be idle."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait

from .display import Display
from .processes import Executor
from .runner import Course, Done, Outcome, Task, do


def outcomes(courses: dict[str, Course], executor: Executor, display: Display) -> Iterator[Outcome]:
    """The outcome of each demo as it is finished; those that started first come first."""
    waiting, under_way = list(courses.items()), dict[Future[Done], _UnderWay]()
    while waiting or under_way:
        while waiting and len(under_way) <= executor.beside:
            demo = _UnderWay(*waiting.pop(0), display)
            under_way |= demo.submit(next(demo.course), executor)
        for future in wait(under_way, return_when=FIRST_COMPLETED).done:
            demo = under_way.pop(future)
            demo.missing -= 1
            if demo.missing:
                continue
            try:
                under_way |= demo.submit(demo.course.send(demo.done()), executor)
            except StopIteration as stopped:
                display.end(stopped.value)
                yield stopped.value


class _UnderWay:
    """A demo, and its tasks that are being done."""

    def __init__(self, name: str, course: Course, display: Display) -> None:
        self.name, self.course, self._display = name, course, display
        self._futures: list[Future[Done]] = []
        self.missing = 0  # of them
        display.begin(name)

    def submit(self, tasks: list[Task], executor: Executor) -> dict[Future[Done], _UnderWay]:
        self._display.ask(self.name, len(tasks))
        self.missing = len(tasks)
        self._futures = [self._watched(executor.submit(do, task)) for task in tasks]
        return dict.fromkeys(self._futures, self)

    def done(self) -> list[Done]:
        """What came of the tasks, in their order."""
        return [_done(future) for future in self._futures]

    def _watched(self, future: Future[Done]) -> Future[Done]:
        future.add_done_callback(lambda _: self._display.advance(self.name))
        return future


def _done(future: Future[Done]) -> Done:
    try:
        return future.result()
    except Exception as error:  # of its process, or on the way to it or back
        return Done(None, 0.0, f"{type(error).__name__}: {' '.join(str(error).split())}")
