"""Running a demo: what it claims and draws, or in one sentence why it could not."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import cast

from rich.progress import Progress, TaskID

from .claims import Claim
from .protocol import Argument, Demo, Each, Result
from .style import figure_style


@dataclass(frozen=True)
class Outcome:
    """How a demo went."""

    name: str
    seconds: float
    claims: list[Claim] = field(default_factory=list)
    alts: dict[str, str] = field(default_factory=dict)  # what each figure shows, by its name
    files: dict[str, list[str]] = field(default_factory=dict)  # and those that it became
    error: str = ""  # one sentence, if it raised

    @property
    def holds(self) -> bool:
        """Whether it came to its end with every claim held."""
        return not self.error and all(claim.holds for claim in self.claims)


def load(name: str) -> Demo:
    """A demo's module."""
    return cast(Demo, import_module(f"{__package__}.{name}"))


def attempt(name: str, seed: int, quick: bool, each: Each, out: Path) -> Outcome:
    """Run a demo and save its figures in a folder of its name."""
    start = time.perf_counter()
    try:
        demo = load(name)
        results = demo.run(seed, quick, each)
        claims = demo.claims(results, quick)
        with figure_style():
            pictures = demo.figures(results)
            saved = {title: one.save(out / name, title) for title, one in pictures.items()}
    except Exception as error:  # the other demos still run
        return Outcome(name, time.perf_counter() - start, error=_sentence(name, error))
    alts = {title: picture.alt for title, picture in pictures.items()}
    files = {title: [f"{name}/{path.name}" for path in paths] for title, paths in saved.items()}
    return Outcome(name, time.perf_counter() - start, claims, alts, files)


def counted(each: Each, bar: Progress, task: TaskID) -> Each:
    """The same, with a progress bar that counts the units that are done."""

    def counting(
        function: Callable[[Argument], Result], arguments: Iterable[Argument], /
    ) -> Iterator[Result]:
        units = list(arguments)
        bar.reset(task, total=len(units), visible=True)
        for result in each(function, units):
            bar.advance(task)
            yield result

    return counting


def _sentence(name: str, error: Exception) -> str:
    place = traceback.extract_tb(error.__traceback__)[-1]
    reason = " ".join(str(error).split()) or "no reason given"
    return (
        f"{name} did not finish: {type(error).__name__} in {Path(place.filename).name}, "
        f"line {place.lineno}: {reason}"
    )
