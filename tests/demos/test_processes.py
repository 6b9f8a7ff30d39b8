"""Units done side by side: in order, over a process that dies, and without one left behind."""

from __future__ import annotations

import multiprocessing
import os
from concurrent.futures import BrokenExecutor

import pytest

from demos.processes import processes


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


def test_one_job_is_done_in_this_process() -> None:
    with processes(1) as each:
        assert list(each(process_of, [0])) == [os.getpid()]
        assert list(each(square, [3, 1, 2])) == [9, 1, 4]


def test_several_are_done_in_others_in_order_and_one_that_died_is_replaced() -> None:
    with processes(2) as each:
        assert list(each(square, range(20))) == [x * x for x in range(20)]
        assert os.getpid() not in each(process_of, range(4))
        assert set(each(blas_threads, range(4))) == {"1"}
        with pytest.raises(ValueError, match="no 1"):
            list(each(refuse, [1, 2]))
        with pytest.raises(BrokenExecutor):
            list(each(die, range(4)))
        assert list(each(square, [3])) == [9]
    assert multiprocessing.active_children() == []
