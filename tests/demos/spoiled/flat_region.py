"""Spoiled results of `demos.flat_region`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from demos.flat_region import BY_HAND, CLAIMED, FARTHEST, SHELVES, STARTS, Results

Spoil = Callable[[Results], Results]


def with_another_tanh(results: Results) -> Results:
    return replace(results, tanh_slope=results.tanh_slope * 1.1)


def with_a_wrong_slope(results: Results) -> Results:
    slopes = results.slopes.copy()
    slopes[0] *= 1.0 + 1e-9
    return replace(results, slopes=slopes)


def with_more_steps(name: str, key: float) -> Spoil:
    def spoil(results: Results) -> Results:
        steps = getattr(results, name)
        return replace(results, **{name: {**steps, key: round(steps[key] * 1.1)}})

    return spoil


def with_more_steps_from_one_start(results: Results) -> Results:
    steps = results.steps_at_random.copy()
    steps[0] *= 2
    return replace(results, steps_at_random=steps)


def with_a_long_way(results: Results) -> Results:
    return replace(results, from_farthest=results.from_farthest[0] - np.array([0.0, 1e-4]))


def with_steps_that_shrink(results: Results) -> Results:
    return replace(results, course=np.array([4.0, 2.0, 1.0, 0.5]))


def with_a_slower_parabola(results: Results) -> Results:
    """By the right factor, but it needs a step more."""
    return replace(results, on_parabola=FARTHEST * 0.9 ** np.arange(len(results.on_parabola) + 1))


def with_another_factor(results: Results) -> Results:
    return replace(results, on_parabola=FARTHEST * 0.8 ** np.arange(len(results.on_parabola)))


SPOILED = {
    "slope of tanh": with_another_tanh,
    "by autodiff": with_a_wrong_slope,
    **{
        f"from {start:g} on the flat side": with_more_steps("steps_from", start)
        for start in (*CLAIMED, BY_HAND)
    },
    "starts drawn": with_more_steps_from_one_start,
    f"from {FARTHEST:g}, ": with_a_long_way,
    f"from {STARTS[-1]:g} the first step": with_steps_that_shrink,
    f"from {FARTHEST:g} on a parabola": with_a_slower_parabola,
    "on the parabola too": with_another_factor,
    **{
        f"over a shelf of slope {eps:g} ": with_more_steps("steps_on_shelf", eps) for eps in SHELVES
    },
}
