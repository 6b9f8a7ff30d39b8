"""Spoiled results of `demos.gradient_descent_1d`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from demos.gradient_descent_1d import D2L_RATES, RATES, Descent, Results

Spoil = Callable[[Results], Results]


def moved(descent: Descent, step: int, by: float) -> Descent:
    """A descent that is elsewhere after one of its steps."""
    positions = descent.positions.copy()
    positions[step] += by
    return replace(descent, positions=positions)


def with_one_moved(name: str, step: int, by: float) -> Spoil:
    return lambda results: replace(results, **{name: moved(getattr(results, name), step, by)})


def with_one_of_several_moved(name: str, key: object, step: int, by: float) -> Spoil:
    def spoil(results: Results) -> Results:
        descents = getattr(results, name)
        return replace(results, **{name: {**descents, key: moved(descents[key], step, by)}})

    return spoil


SPOILED = {
    "by autodiff": with_one_moved("by_autodiff", 20, 1e-9),
    "by hand": with_one_moved("by_hand", 20, 1e-9),
    "2000 starts": with_one_moved("from_everywhere", -1, 1e-4),
    **{f"at rate {rate} ": with_one_of_several_moved("at_rates", rate, 10, 1e-3) for rate in RATES},
    "at rate 1/6 ": with_one_of_several_moved("at_rates", "1/6", 1, 1e-9),
    "the tutorial's own run": with_one_moved("as_printed", -1, 1e-5),
    "the function of the prose": with_one_moved("other_sign", -1, 1.0),
    **{
        f"steps at rate {rate:g} from": with_one_of_several_moved("parabola", rate, -1, 1e-6)
        for rate in D2L_RATES
    },
}
