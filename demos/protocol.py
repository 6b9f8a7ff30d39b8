"""What a demo is made of: a docstring in labelled paragraphs, a run, its claims and its figures.

A demo is a module of this package whose docstring follows `catalogue.LABELS` and is the one source
of the page about it. It has constants in capitals, and three functions:

``run(seed, quick, each)``
    does the experiment and returns a frozen dataclass. It is pure: the same seed gives the same
    results, whatever ``each`` is. Independent units of a sweep, if they take long, go through
    ``each(function, arguments)``: the function stands at the top of its module and its arguments
    can be pickled, for it may run in another process. Every unit draws from a generator of its
    own, ``np.random.default_rng([seed, ...])``, so that their order does not matter. Where it
    waits for a sweep it is broken off, and run again with the results: before and between sweeps
    there should be little to do.
``claims(results, quick)``
    compares with published or predicted numbers, and with controls that must not show the effect.
    Every claim can fail. What is expected is computed, or is a constant with its source; what is
    measured comes from the results alone. The quick form may widen a threshold, and then says so
    in the claim's text.
``figures(results)``
    draws the effect with its control beside it, each figure with a text for those who cannot see.
    Where motion explains, a figure is an `Animation`: the same with the artists that move.

A new demo takes its place in `catalogue.ORDER`, and ``tests/demos/spoiled`` has a file of its name
that shows how each of its claims can fail.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Protocol, TypeVar

from .claims import Claim
from .pictures import Picture

Argument = TypeVar("Argument")
Result = TypeVar("Result")


class Each(Protocol):
    """The results of a function for every argument, in order: ``map``, or an executor's ``map``."""

    def __call__(
        self, function: Callable[[Argument], Result], arguments: Iterable[Argument], /
    ) -> Iterable[Result]: ...


class Demo(Protocol):
    """A demo's module."""

    def run(self, seed: int, quick: bool = False, each: Each = map) -> Any: ...

    def claims(self, results: Any, quick: bool = False) -> list[Claim]: ...

    def figures(self, results: Any) -> dict[str, Picture]: ...
