"""Tasks done side by side: in order, over a process that dies, and without one left behind."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterable
from concurrent.futures import BrokenExecutor
from typing import Any

import pytest

from demos.processes import Executor, processes


def square(x: int) -> int:
    return x * x


def process_of(_: int) -> int:
    return os.getpid()


def die(_: int) -> None:
    os._exit(1)


def refuse(x: int) -> int:
    raise ValueError(f"no {x}")


def blas_threads(_: int) -> str | None:
    return os.environ.get("OPENBLAS_NUM_THREADS")


def each(executor: Executor, function: Callable[[Any], Any], arguments: Iterable[Any]) -> list[Any]:
    """The results of tasks that are all submitted before the first is waited for."""
    futures = [executor.submit(function, argument) for argument in arguments]
    return [future.result(timeout=60.0) for future in futures]


def test_one_job_is_done_in_this_process() -> None:
    with processes(1) as executor:
        assert each(executor, process_of, [0]) == [os.getpid()]
        assert each(executor, square, [3, 1, 2]) == [9, 1, 4]


def test_several_are_done_in_others_in_order_and_one_that_died_is_replaced() -> None:
    with processes(2) as executor:
        assert each(executor, square, range(20)) == [x * x for x in range(20)]
        assert os.getpid() not in each(executor, process_of, range(4))
        assert set(each(executor, blas_threads, range(4))) == {"1"}
        with pytest.raises(ValueError, match="no 1"):
            each(executor, refuse, [1, 2])
        with pytest.raises(BrokenExecutor):
            each(executor, die, [1])
        assert each(executor, square, [3]) == [9]
    assert multiprocessing.active_children() == []
