"""Quick results of every demo, measured once for all tests, two demos at a time.

In processes of their own the demos are not traced for coverage, which halves their speed, and
which the tests of the library are for.
"""

from __future__ import annotations

from concurrent.futures import Future, ProcessPoolExecutor
from functools import cache
from multiprocessing import get_context
from typing import Any

from demos import catalogue
from demos.claims import Claim
from demos.runner import load

SEED = 0
OTHER_SEED = 1


def run(name: str, seed: int) -> Any:
    return load(name).run(seed, quick=True)


@cache
def _all_runs() -> dict[tuple[str, int], Future[Any]]:
    pool = ProcessPoolExecutor(2, get_context("spawn"))
    tasks = [(name, seed) for seed in (SEED, OTHER_SEED) for name in catalogue.names()]
    return {task: pool.submit(run, *task) for task in tasks}


def quick_results(name: str, seed: int = SEED) -> Any:
    return _all_runs()[name, seed].result()


def quick_claims(name: str, seed: int = SEED) -> list[Claim]:
    return load(name).claims(quick_results(name, seed), quick=True)
