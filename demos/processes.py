"""Who does the tasks: this process, or others on this machine."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor, Future, ProcessPoolExecutor
from contextlib import contextmanager
from typing import Any, Protocol, TypeVar

from . import ctrl_c

Result = TypeVar("Result")


class Executor(Protocol):
    """What does tasks, each as soon as it can."""

    beside: int  # how many tasks are done at a time beside what this process does

    def submit(self, function: Callable[..., Result], /, *arguments: Any) -> Future[Result]: ...


@contextmanager
def processes(jobs: int) -> Iterator[Executor]:
    """So many; those that are not this one end with the block, whatever they are doing."""
    if jobs == 1:
        yield ThisProcess()
        return
    pool = Pool(jobs)
    try:
        yield pool
    finally:
        pool.stop()


class ThisProcess:
    """Does every task at once; what Ctrl-C breaks off is not caught."""

    beside = 0

    def submit(self, function: Callable[..., Result], /, *arguments: Any) -> Future[Result]:
        """The result of a task, as it is there already."""
        future = Future[Result]()
        future.set_result(function(*arguments))
        return future


class Pool:
    """Processes that are started when first needed, and anew after one of them has died."""

    def __init__(self, jobs: int) -> None:
        self.beside = jobs
        self._executor: ProcessPoolExecutor | None = None

    def submit(self, function: Callable[..., Result], /, *arguments: Any) -> Future[Result]:
        """The result of a task, once there is one."""
        with ctrl_c.held_back():  # processes start here
            try:
                return self._started().submit(function, *arguments)
            except BrokenExecutor:  # by a task before
                self.stop()
                return self._started().submit(function, *arguments)

    def stop(self) -> None:
        """End the processes at once."""
        if self._executor is not None:
            for process in multiprocessing.active_children():
                process.terminate()
            self._executor.shutdown(cancel_futures=True)
            self._executor = None

    def _started(self) -> ProcessPoolExecutor:
        if self._executor is None:
            # Spawned, not forked: a fork would copy the locks of the progress bar's threads.
            spawn = multiprocessing.get_context("spawn")
            self._executor = ProcessPoolExecutor(self.beside, spawn)
        return self._executor
