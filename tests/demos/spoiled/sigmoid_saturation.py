"""Spoiled results of `demos.sigmoid_saturation`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from demos.sigmoid_saturation import CROSS, INPUTS, NEURONS, SQUARED, Results

Spoil = Callable[[Results], Results]


def with_a_steeper_sigmoid(results: Results) -> Results:
    return replace(results, slopes=results.slopes * 1.01)


def with_another_slope_at(z: float) -> Spoil:
    return lambda results: replace(
        results, slopes_at={**results.slopes_at, z: results.slopes_at[z] * 1.01}
    )


def with_another_cost(results: Results) -> Results:
    slopes = results.cost_slopes
    return replace(results, cost_slopes={**slopes, SQUARED: 2.0 * slopes[SQUARED]})


def with_another_end(number: int) -> Spoil:
    def spoil(results: Results) -> Results:
        outputs = results.outputs[SQUARED].copy()
        outputs[-1, number] += 0.01
        return replace(results, outputs={**results.outputs, SQUARED: outputs})

    return spoil


def with_epochs(name: str, ratio: float) -> Spoil:
    """From the saturated start, over those from the other."""

    def spoil(results: Results) -> Results:
        wrong = results.epochs[name][0]
        epochs = {**results.epochs, name: np.array([wrong, round(wrong * ratio)])}
        return replace(results, epochs=epochs)

    return spoil


def with_more_epochs(name: str) -> Spoil:
    def spoil(results: Results) -> Results:
        epochs = results.epochs_from_starts[name].copy()
        epochs[0] = epochs[0] * 1.1 + 3
        return replace(results, epochs_from_starts={**results.epochs_from_starts, name: epochs})

    return spoil


SPOILED = {
    "steepest at 0": with_a_steeper_sigmoid,
    **{f"at {z:g}, in the red zone": with_another_slope_at(z) for z in INPUTS},
    "the slope of the squared error is": with_another_cost,
    **{
        f"from ({neuron.weight}, {neuron.bias})": with_another_end(number)
        for number, neuron in enumerate(NEURONS.values())
    },
    f"{SQUARED}: from the saturated start": with_epochs(SQUARED, 4.0),
    f"{CROSS}: from the saturated start": with_epochs(CROSS, 3.0),
    **{f"{name}: from 60 starts drawn": with_more_epochs(name) for name in (SQUARED, CROSS)},
}
