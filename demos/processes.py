"""Processes on this machine, whose ``each`` does the units of a sweep side by side."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import BrokenExecutor, ProcessPoolExecutor
from contextlib import contextmanager

from . import ctrl_c
from .protocol import Argument, Each, Result


@contextmanager
def processes(jobs: int) -> Iterator[Each]:
    """An ``each`` over so many processes; they are ended with it, whatever they are doing."""
    if jobs == 1:
        yield map
        return
    pool = Pool(jobs)
    try:
        yield pool.each
    finally:
        pool.stop()


class Pool:
    """Processes that are started when first needed, and anew after one of them has died."""

    def __init__(self, jobs: int) -> None:
        self._jobs = jobs
        self._executor: ProcessPoolExecutor | None = None

    def each(
        self, function: Callable[[Argument], Result], arguments: Iterable[Argument], /
    ) -> Iterator[Result]:
        """As ``map``: the results, in the order of the arguments."""
        # Spawned, not forked: a fork would copy the locks of the progress bar's threads.
        spawn = multiprocessing.get_context("spawn")
        self._executor = self._executor or ProcessPoolExecutor(self._jobs, spawn)
        with ctrl_c.held_back():  # the processes start here
            results = self._executor.map(function, arguments)
        try:
            yield from results
        except BrokenExecutor:
            self.stop()
            raise

    def stop(self) -> None:
        """End the processes at once."""
        if self._executor is not None:
            for process in multiprocessing.active_children():
                process.terminate()
            self._executor.shutdown(cancel_futures=True)
            self._executor = None
