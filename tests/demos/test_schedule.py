"""Demos side by side: the next begins before a process is idle, and none waits for another."""

from __future__ import annotations

import io
import os
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from demos import runner, schedule
from demos.claims import Claim
from demos.display import Display
from demos.processes import Executor, ThisProcess, processes
from demos.runner import Course, Done, Outcome, Task


class ByHand:
    """Does a task when it is told to, the oldest first."""

    def __init__(self, beside: int) -> None:
        self.beside = beside
        self.queue: deque[tuple[Future[Any], Callable[..., Any], tuple[Any, ...]]] = deque()

    def submit(self, function: Callable[..., Any], /, *arguments: Any) -> Future[Any]:
        self.queue.append((Future(), function, arguments))
        return self.queue[-1][0]

    def do_one(self) -> None:
        future, function, arguments = self.queue.popleft()
        future.set_result(function(*arguments))


def demo(name: str, log: list[str], *sweeps: int) -> Course:
    """A course of some sweeps that notes its beginning and its end."""
    log.append(f"{name} begins")
    for units in sweeps:
        done = yield [Task(str, (f"{name}{number}",)) for number in range(units)]
        assert [one.value for one in done] == [f"{name}{number}" for number in range(units)]
    log.append(f"{name} ends")
    return Outcome(name, 0.0)


def run(executor: Executor, courses: dict[str, Course]) -> list[str]:
    with Display(Console(file=io.StringIO()), len(courses)) as display:
        return [one.name for one in schedule.outcomes(courses, executor, display)]


def test_alone_one_demo_ends_before_the_next_begins() -> None:
    log: list[str] = []
    courses = {name: demo(name, log, 1, 5, 1) for name in "abc"}
    assert run(ThisProcess(), courses) == list("abc")
    assert log == [f"{name} {what}" for name in "abc" for what in ("begins", "ends")]


def test_the_next_demo_begins_while_one_has_not_enough_for_all_processes() -> None:
    log: list[str] = []
    executor = ByHand(beside=2)
    courses = {"a": demo("a", log, 1, 6, 1), "b": demo("b", log, 1), "c": demo("c", log, 1)}
    under_way = iter(schedule.outcomes(courses, executor, Display(Console(), 3)))
    waited = pytest.MonkeyPatch()
    with waited.context() as patch:
        patch.setattr(schedule, "wait", lambda futures, **_: _first_done(executor, futures))
        assert next(under_way).name == "b"
        assert log == ["a begins", "b begins", "c begins", "b ends"]
        assert [one.name for one in under_way] == ["c", "a"]


def _first_done(executor: ByHand, futures: dict[Future[Done], Any]) -> Any:
    executor.do_one()

    class Waited:
        done = {future for future in futures if future.done()}

    return Waited


def sweeping(function: Callable[[Any], Any], *sweeps: list[Any]) -> Any:
    """A demo whose run has these sweeps, takes them up last to first, and claims what they gave."""

    class Module:
        @staticmethod
        def run(seed: int, quick: bool, each: Any) -> list[list[Any]]:
            asked = [each(function, arguments) for arguments in sweeps]
            return [list(results) for results in reversed(asked)]

        @staticmethod
        def claims(results: list[list[Any]], quick: bool) -> list[Claim]:
            return [Claim("", "", str(results), True)]

        @staticmethod
        def figures(results: Any) -> dict[str, Any]:
            return {}

    return Module


def outcome(name: str, out: Path) -> Outcome:
    with Display(Console(file=io.StringIO()), 1) as display:
        courses = {name: runner.course(name, 0, False, out)}
        (found,) = schedule.outcomes(courses, ThisProcess(), display)
    return found


def test_a_run_is_taken_up_with_the_results_of_its_sweeps(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "load", lambda _: sweeping(abs, [-1, -2], [], [3]))
    (claim,) = outcome("any", tmp_path).claims
    assert claim.measured == "[[3], [], [1, 2]]"


def test_a_unit_that_raises_is_named_with_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "load", lambda _: sweeping(refuse, [1]))
    said = outcome("any", tmp_path).error
    assert said.startswith("any did not finish: ValueError in test_schedule.py, line ")
    assert said.endswith(": no 1")


def refuse(x: int) -> int:
    raise ValueError(f"no\n{x}")


def test_figures_that_cannot_be_written_are_a_failure(tmp_path: Path) -> None:
    (tmp_path / "gradient_as_direction").touch()
    assert "was not written" in outcome("gradient_as_direction", tmp_path).error


def waiting(name: str, seconds: float) -> Course:
    """A demo without units: all of it is one task, that takes a while."""
    (done,) = yield [Task(time.sleep, (seconds,))]
    return Outcome(name, done.seconds)


def test_two_processes_take_half_the_time_for_demos_without_units() -> None:
    with processes(2) as executor:
        run(executor, {"first": demo("first", [], 4)})  # the processes are there
        start = time.perf_counter()
        run(executor, {name: waiting(name, 0.3) for name in "abcdefgh"})
        assert time.perf_counter() - start < 0.75 * 8 * 0.3


def dying(name: str, done: list[Done]) -> Course:
    done += yield [Task(os._exit, (1,))]
    return Outcome(name, 0.0)


def test_of_a_process_that_dies_no_later_demo_knows() -> None:
    done: list[Done] = []
    with processes(2) as executor:
        assert run(executor, {"a": dying("a", done)}) == ["a"]
        assert run(executor, {"b": demo("b", [], 3)}) == ["b"]
    assert done[0].error.startswith("BrokenProcessPool: ")
