"""Spoiled results of `demos.gradient_through_time`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from demos.gradient_through_time import BACK, LSTMS, PYTORCH, RADIUS, STAYS, VANISHES, Results
from demos.recurrent import FORGET_BIASES

Spoil = Callable[[Results], Results]


def with_a_leak(results: Results) -> Results:
    """One unit of the memory loses a millionth of a millionth in all the steps together."""
    carousel = results.carousel.copy()
    carousel[0] -= 1e-12
    return replace(results, carousel=carousel)


def with_another_gate(bias: float) -> Spoil:
    def spoil(results: Results) -> Results:
        found = results.gates[bias].copy()
        found[-1] *= 1.0 + 1e-9
        return replace(results, gates={**results.gates, bias: found})

    return spoil


def with_left(start: str, left: float) -> Spoil:
    """That much in each network, but for the last, where it is a little less."""

    def spoil(results: Results) -> Results:
        errors = results.errors[start].copy()
        errors[:, 0] = left * errors[:, -1]
        errors[-1, 0] *= 0.9
        return replace(results, errors={**results.errors, start: errors})

    return spoil


def with_seeds_far_apart(start: str) -> Spoil:
    """The mean stays, but is no longer known well enough."""

    def spoil(results: Results) -> Results:
        errors = results.errors[start].copy()
        errors[:, 0] *= np.resize([1e60, 1e-60], len(errors))
        return replace(results, errors={**results.errors, start: errors})

    return spoil


def with_powers_far_apart(results: Results) -> Results:
    """Around what is predicted, so that the mean factor of a step stays within its bounds."""
    errors = results.errors[PYTORCH].copy()
    apart = np.resize([1e16, 1e-16], len(errors))
    errors[:, 0] = RADIUS**BACK * apart * errors[:, -1]
    return replace(results, errors={**results.errors, PYTORCH: errors})


def with_a_faster_step(results: Results) -> Results:
    """A fifth less a step: it vanishes all the more."""
    errors = results.errors[PYTORCH].copy()
    errors[:, 0] *= 0.8**BACK
    return replace(results, errors={**results.errors, PYTORCH: errors})


SPOILED = {
    "the error of the memory what": with_a_leak,
    **{f"gates of bias {bias:g} ": with_another_gate(bias) for bias in FORGET_BIASES},
    "by the radius of W": with_a_faster_step,
    f"{PYTORCH}: less than": with_powers_far_apart,
    **{
        f"{start}: less than": with_left(start, 2.0 * bound)
        for start, bound in VANISHES.items()
        if start != PYTORCH
    },
    **{
        f"{start}: more than": with_seeds_far_apart(start)
        if start in LSTMS
        else with_left(start, 0.5 * bound)
        for start, bound in STAYS.items()
    },
}
