"""Running a demo: as tasks that any process can do, up to what it claims and draws.

A run is pure, so it need not wait for the units of its sweeps: where results are missing it is
broken off, the units become tasks of their own, and when they are done it is run again with their
results. What a demo does before its sweeps should therefore take no time.
"""

from __future__ import annotations

import threading
import time
import traceback
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple, cast

from .claims import Claim
from .files import write_whole
from .protocol import Argument, Demo, Each, Result
from .style import figure_style


@dataclass(frozen=True)
class Outcome:
    """How a demo went."""

    name: str
    seconds: float  # of work, in all processes together
    claims: list[Claim] = field(default_factory=list)
    alts: dict[str, str] = field(default_factory=dict)  # what each figure shows, by its name
    files: dict[str, list[str]] = field(default_factory=dict)  # and those that it became
    error: str = ""  # one sentence, if it raised

    @property
    def holds(self) -> bool:
        """Whether it came to its end with every claim held."""
        return not self.error and all(claim.holds for claim in self.claims)


class Sweep(NamedTuple):
    """Units that a run asks for: a function and its arguments, one a unit."""

    function: Callable[[Any], Any]
    arguments: list[Any]


class Drawing(NamedTuple):
    """A figure: what it shows, and its files' content by their kind."""

    alt: str
    contents: dict[str, bytes]


class Finished(NamedTuple):
    """What a demo claims and draws."""

    claims: list[Claim]
    drawings: dict[str, Drawing]


class Task(NamedTuple):
    """Something that can be done in any process."""

    function: Callable[..., Any]
    arguments: tuple[Any, ...]


class Done(NamedTuple):
    """What came of a task, or why nothing did."""

    value: Any
    seconds: float
    error: str = ""


Course = Generator[list[Task], list[Done], Outcome]


def load(name: str) -> Demo:
    """A demo's module."""
    return cast(Demo, import_module(f"{__package__}.{name}"))


def course(name: str, seed: int, quick: bool, out: Path) -> Course:
    """A demo up to its files in a folder of its name.

    Yields tasks that may be done side by side, is sent what came of them, returns the outcome.
    """
    seconds, results = 0.0, list[list[Any]]()
    tasks = [Task(advance, (name, seed, quick, results))]
    while True:
        done = (yield tasks) if tasks else []
        seconds += sum(one.seconds for one in done)
        for error in (one.error for one in done if one.error):
            return Outcome(name, seconds, error=f"{name} did not finish: {error}")
        match [one.value for one in done]:
            case [Finished(claims, drawings)]:
                return _saved(name, seconds, claims, drawings, out)
            case [Sweep(function, arguments)]:
                tasks = [Task(function, (argument,)) for argument in arguments]
            case values:
                results = [*results, values]
                tasks = [Task(advance, (name, seed, quick, results))]


def _saved(
    name: str, seconds: float, claims: list[Claim], drawings: dict[str, Drawing], out: Path
) -> Outcome:
    files = {
        title: [f"{name}/{title}.{kind}" for kind in drawing.contents]
        for title, drawing in drawings.items()
    }
    try:
        for title, drawing in drawings.items():
            for file, content in zip(files[title], drawing.contents.values(), strict=True):
                write_whole(out / file, content)
    except OSError as error:
        return Outcome(name, seconds, error=f"{name} was not written: {error}")
    alts = {title: drawing.alt for title, drawing in drawings.items()}
    return Outcome(name, seconds, claims, alts, files)


def do(task: Task) -> Done:
    """Do a task in this process."""
    start = time.perf_counter()
    try:
        value, error = task.function(*task.arguments), ""
    except Exception as raised:  # the other demos still run
        value, error = None, _sentence(raised)
    return Done(value, time.perf_counter() - start, error)


def advance(name: str, seed: int, quick: bool, results: list[list[Any]]) -> Finished | Sweep:
    """Run a demo as far as the results of its sweeps go: to its end, or to the next sweep."""
    sweeps: list[Sweep] = []

    def each(
        function: Callable[[Argument], Result], arguments: Iterable[Argument], /
    ) -> Iterator[Result]:
        sweeps.append(Sweep(function, list(arguments)))
        return known(len(sweeps) - 1)

    def known(number: int) -> Iterator[Any]:  # as lazy as map
        if number >= len(results):
            raise _ResultsAreMissing
        yield from results[number]

    try:
        return _finished(load(name), seed, quick, each)
    except _ResultsAreMissing:
        return sweeps[len(results)]


class _ResultsAreMissing(BaseException):  # which no demo takes for an error of its own
    pass


_drawing = threading.Lock()  # matplotlib has one style for all threads; a cluster's are many


def _finished(demo: Demo, seed: int, quick: bool, each: Each) -> Finished:
    results = demo.run(seed, quick, each)
    claims = demo.claims(results, quick)
    with _drawing, figure_style():
        drawings = {
            title: Drawing(picture.alt, {kind: picture.drawn(kind) for kind in picture.kinds})
            for title, picture in demo.figures(results).items()
        }
    return Finished(claims, drawings)


def _sentence(error: Exception) -> str:
    place = traceback.extract_tb(error.__traceback__)[-1]
    reason = " ".join(str(error).split()) or "no reason given"
    return f"{type(error).__name__} in {Path(place.filename).name}, line {place.lineno}: {reason}"
