"""The command line: ``python -m demos [NAME ...]`` with its options."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TextIO

from . import catalogue, ctrl_c

try:
    from rich.console import Console

    from . import gallery, report, runner, schedule
    from .cluster import Unavailable, cluster
    from .display import Display
    from .processes import Executor, processes
    from .runner import Outcome
except ModuleNotFoundError as error:
    missing = str(error.name).split(".")[0]
    if missing not in ("numpy", "matplotlib", "rich", "jinja2"):
        raise
    sys.exit(
        f"python -m demos needs {missing}, which is not installed; "
        'install it with python -m pip install -e ".[demos]"'
    )

INTERRUPTED = 130  # what a shell expects after Ctrl-C
WIDTH = 140  # of the table, where no terminal says its own
OUT = "the folder of the figures, of results.json and of the gallery (default: out)"
JOBS = "processes on this machine; results do not depend on it (default: 1)"
EXECUTOR = "a dask.distributed cluster by its scheduler's address, in place of processes"


def main(arguments: list[str] | None = None) -> int:
    """Run the demos. The exit status: 0 if every claim holds, 1 if not, 2 if misunderstood."""
    asked = _parser().parse_args(arguments)
    known = catalogue.names()
    if asked.list:
        print(*(f"{name}: {catalogue.page(name).title}" for name in known), sep="\n")
        return 0
    unknown = [name for name in asked.names if name not in known]
    if unknown:
        print(
            f"there is no demo {', '.join(unknown)}; the demos are {', '.join(known)}",
            file=sys.stderr,
        )
        return 2
    try:
        asked.out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        print(
            f"--out expects a folder that can be written, got {asked.out}: {error.strerror}",
            file=sys.stderr,
        )
        return 2
    asked.names = list(dict.fromkeys(asked.names)) or known
    return _run_and_report(asked)


def _run_and_report(asked: argparse.Namespace) -> int:
    start = time.perf_counter()
    outcomes: list[Outcome] = []
    interrupted = False
    try:
        with ctrl_c.noticed() as check:
            for outcome in _outcomes(asked):
                check()
                outcomes = sorted([*outcomes, outcome], key=lambda one: asked.names.index(one.name))
                seconds = time.perf_counter() - start
                report.save(outcomes, asked.seed, asked.quick, seconds, asked.out)
    except Unavailable as error:
        print(error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        interrupted = True
    console = _console(sys.stdout)
    console.print(report.table(outcomes))
    seconds = time.perf_counter() - start
    gallery.save(outcomes, len(asked.names), asked.seed, asked.quick, seconds, asked.out)
    console.print(report.summary(outcomes, asked.quick, seconds, asked.out))
    if interrupted:
        console.print(f"interrupted: {len(outcomes)} of {len(asked.names)} demos were finished")
        return INTERRUPTED
    return 0 if all(outcome.holds for outcome in outcomes) else 1


def _outcomes(asked: argparse.Namespace) -> Iterator[Outcome]:
    """Each demo's outcome as it is finished, under a progress bar."""
    courses = {
        name: runner.course(name, asked.seed, asked.quick, asked.out) for name in asked.names
    }
    display = Display(_console(sys.stderr), len(courses))
    with _executor(asked) as executor, display:
        yield from schedule.outcomes(courses, executor, display)


def _executor(asked: argparse.Namespace) -> AbstractContextManager[Executor]:
    return cluster(asked.executor) if asked.executor else processes(asked.jobs)


def _console(stream: TextIO) -> Console:
    width = None if stream.isatty() or "COLUMNS" in os.environ else WIDTH
    return Console(file=stream, width=width, markup=False, emoji=False, highlight=False)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m demos",
        description="Run the demos, print what they claim, and save their figures.",
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="a demo; all if none is named")
    parser.add_argument("--list", action="store_true", help="name the demos and stop")
    parser.add_argument("--quick", action="store_true", help="fewer repetitions, wider thresholds")
    parser.add_argument("--out", type=Path, default=Path("out"), metavar="DIR", help=OUT)
    who = parser.add_mutually_exclusive_group()
    who.add_argument("--jobs", type=_count, default=1, metavar="N", help=JOBS)
    who.add_argument("--executor", type=_address, metavar="dask:ADDRESS", help=EXECUTOR)
    parser.add_argument("--seed", type=_seed, default=0, metavar="N", help="default: 0")
    return parser


def _count(text: str) -> int:
    return _whole_number(text, 1)


def _address(text: str) -> str:
    kind, _, address = text.partition(":")
    if kind != "dask" or not address:
        raise argparse.ArgumentTypeError(
            f"dask: and the address of a scheduler is expected, such as dask:127.0.0.1:8786, "
            f"got {text!r}"
        )
    return address


def _seed(text: str) -> int:
    return _whole_number(text, 0)


def _whole_number(text: str, least: int) -> int:
    if not text.isdecimal() or int(text) < least:
        raise argparse.ArgumentTypeError(
            f"a whole number from {least} on is expected, got {text!r}"
        )
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
