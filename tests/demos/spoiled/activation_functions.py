"""Spoiled results of `demos.activation_functions`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from demos.activation_functions import (
    ACTIVATIONS,
    LEAKY,
    RELU,
    SIGMOID,
    STEEPEST,
    TANH,
    Results,
)

Spoil = Callable[[Results], Results]


def with_one_changed(field: str, name: str, index: int, value: float) -> Spoil:
    """One element of one activation's slopes."""

    def spoil(results: Results) -> Results:
        slopes = getattr(results, field)
        changed = slopes[name].copy()
        changed[index] = value
        return replace(results, **{field: {**slopes, name: changed}})

    return spoil


def with_a_slope_at_zero(name: str, value: float) -> Spoil:
    return lambda results: replace(results, at_zero={**results.at_zero, name: value})


def with_steps(name: str, ratio: float) -> Spoil:
    """Times as many as those of ReLU."""

    def spoil(results: Results) -> Results:
        steps = ratio * min(np.median(steps) for steps in results.races[RELU].values())
        races = {**results.races, name: {1.0: np.full(3, steps)}}
        return replace(results, races=races)

    return spoil


def with_a_far_slope(results: Results) -> Results:
    return replace(results, far=results.far * np.linspace(1.0, 0.9, len(results.far)))


SPOILED = {
    **{
        f"the derivative of {name} ": with_one_changed("slopes", name, 0, 0.005)
        for name in ACTIVATIONS
    },
    **{
        f"the slope of {name} is {slope:g} at 0": with_a_slope_at_zero(name, 2.0)
        for name, slope in STEEPEST.items()
    },
    f"the slope of {RELU} at 0, where": with_a_slope_at_zero(RELU, 1.0),
    f"the slope of {LEAKY} at 0, where": with_a_slope_at_zero(LEAKY, 0.0),
    f"the slope of {SIGMOID} at -10": with_one_changed("beyond", SIGMOID, 1, 0.1),
    f"the slope of {TANH} at -10": with_one_changed("beyond", TANH, 0, 0.1),
    f"the slope of {RELU} at -10": with_one_changed("beyond", RELU, 0, 0.01),
    f"the slope of {RELU} is 1 at": with_a_far_slope,
    f"the slope of {LEAKY} is ": with_one_changed("beyond", LEAKY, 0, 0.0),
    "sigmoids in a row": with_one_changed("in_a_row", SIGMOID, 0, 1e-4),
    "leaky ReLUs in a row": with_one_changed("in_a_row", LEAKY, 0, 0.01),
    f"layers of {SIGMOID} learn": with_steps(SIGMOID, 3.0),
    f"layers of {TANH} learn": with_steps(TANH, 3.0),
    f"layers of {LEAKY} learn": with_steps(LEAKY, 3.0),
    "in a row pass on all": with_one_changed("in_a_row", RELU, -1, 0.5),
}
