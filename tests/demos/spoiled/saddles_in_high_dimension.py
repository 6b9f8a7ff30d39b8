"""Spoiled results of `demos.saddles_in_high_dimension`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from demos.landscape import Heights
from demos.random_matrices import semicircle_below
from demos.saddles_in_high_dimension import EXACT, HIGH, LOW, RARER_AT, SHARES, Results

Spoil = Callable[[Results], Results]
NONE = Heights(np.zeros(0), np.zeros(0))


def with_scaled_probability(size: int, scale: float) -> Spoil:
    """Of one size alone; that hardly changes the coefficient, unless it is an end."""

    def spoil(results: Results) -> Results:
        probability = results.probability.copy()
        probability[:, size - 1] *= scale
        return replace(results, probability=probability)

    return spoil


def with_rare_large_matrices(results: Results) -> Results:
    return with_scaled_probability(results.probability.shape[1], 0.01)(results)


def with_scaled_minima(dimensions: int | None, scale: float) -> Spoil:
    def spoil(results: Results) -> Results:
        n = dimensions or max(results.by_index)
        weights = results.by_index[n].copy()
        weights[:, 0] *= scale
        return replace(results, by_index={**results.by_index, n: weights})

    return spoil


def with_heights(dimensions: int, height: np.ndarray, share: np.ndarray) -> Spoil:
    heights = Heights(height, share)
    return lambda results: replace(
        results,
        unmoved={**results.unmoved, dimensions: heights},
        moved={**results.moved, dimensions: NONE},
    )


NEAR_ZERO = np.linspace(-0.1, 0.1, 50)
MIDDLE = np.linspace(-0.5, 0.5, 50)
ALL = np.linspace(-1.9, 1.9, 50)
UP_AND_DOWN = np.resize([0.04, -0.04], 50)

SPOILED = {
    **{f"a random {n} ": with_scaled_probability(n, 1.1) for n, _ in enumerate(EXACT, 1)},
    "its logarithm": with_rare_large_matrices,
    "independent signs": with_scaled_probability(RARER_AT, 5.0),
    **{f"random landscape in {n}-D": with_scaled_minima(n, 1.2) for n in SHARES},
    "each one more": with_scaled_minima(None, 2.0),
    "over all heights": with_scaled_minima(None, 0.01),
    "correlate": with_heights(HIGH, NEAR_ZERO, semicircle_below(NEAR_ZERO) + UP_AND_DOWN),
    "the semicircle's": with_heights(HIGH, ALL, semicircle_below(ALL) + 0.06),
    "it rises": with_heights(HIGH, MIDDLE, 0.5 + 0.25 * MIDDLE + 0.1 * UP_AND_DOWN),
    "none is a minimum": with_heights(HIGH, np.append(ALL, -2.0), semicircle_below([*ALL, -2.0])),
    f"in {LOW} dimensions": with_heights(LOW, ALL, np.full(50, 0.5)),
}
