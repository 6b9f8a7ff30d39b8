"""A dask.distributed cluster that does the tasks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from importlib import import_module
from typing import Any

from .processes import Executor, Result
from .versions import versions

PATIENCE = "10s"  # with a scheduler that does not answer


class Unavailable(Exception):
    """In one sentence why there is no cluster to work with."""


@contextmanager
def cluster(address: str) -> Iterator[Executor]:
    """The cluster whose scheduler is there; tasks that are not done are given up with the block."""
    client = _client(address)
    try:
        threads = sum(client.ncores().values())
        if not threads:
            raise Unavailable(f"the dask scheduler at {address} has no workers")
        _compare(client, address)
        executor = client.get_executor(pure=False)
        yield _Cluster(executor, threads)
        executor.shutdown(wait=False)
    finally:
        client.close()


class _Cluster:
    def __init__(self, executor: Any, threads: int) -> None:
        self.beside = threads
        self._executor = executor

    def submit(self, function: Callable[..., Result], /, *arguments: Any) -> Future[Result]:
        future: Future[Result] = self._executor.submit(function, *arguments)
        return future


def _client(address: str) -> Any:
    try:
        distributed = import_module("distributed")
    except ModuleNotFoundError as error:
        raise Unavailable(
            f"--executor dask:{address} needs {error.name}, which is not installed; "
            "install it with python -m pip install distributed"
        ) from None
    try:
        return distributed.Client(address, timeout=PATIENCE, set_as_default=False)
    except (OSError, ValueError) as error:
        raise Unavailable(f"no dask scheduler answers at {address}: {error}") from None


def _compare(client: Any, address: str) -> None:
    """Workers with other versions would come to other numbers."""
    try:
        theirs = client.run(versions)
    except Exception as error:
        raise Unavailable(
            f"the dask workers at {address} cannot import minigrad and demos ({error}); "
            "start them in the folder that has both"
        ) from None
    for worker, found in theirs.items():
        for what, version in versions().items():
            if found[what] != version:
                raise Unavailable(
                    f"the dask worker {worker} has {what} {found[what]}, not {version} as here"
                )
