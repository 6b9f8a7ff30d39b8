"""Spoiled results of `demos.gradient_as_direction`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from demos.gradient_as_direction import DIMENSIONS, Results


def with_a_wrong_slope(results: Results) -> Results:
    slopes = results.slopes.copy()
    slopes[0, 0] -= 1e-4
    return replace(results, slopes=slopes)


def with_a_symmetric_gradient(results: Results) -> Results:
    """Exchanging its first two entries changes nothing: the control shows the effect."""
    gradient = results.gradient.copy()
    gradient[:, 1] = gradient[:, 0]
    slopes = np.einsum("pi,pdi->pd", gradient, results.directions)
    steepest = np.linalg.norm(gradient, axis=1)
    return replace(results, gradient=gradient, slopes=slopes, steepest=steepest)


def with_a_too_steep_gradient(results: Results) -> Results:
    return replace(results, steepest=results.steepest * (1.0 + 1e-6))


def with_a_steeper_direction(results: Results) -> Results:
    """A direction along the gradient rises faster than it, by less than slopes are known to."""
    directions, slopes = results.directions.copy(), results.slopes.copy()
    directions[0, 0] = results.gradient[0] / np.linalg.norm(results.gradient[0])
    slopes[0, 0] = results.steepest[0] * (1.0 + 1e-9)
    return replace(results, directions=directions, slopes=slopes)


def with_a_slope_at_the_minimum(results: Results) -> Results:
    return replace(results, stationary_norm=1e-6)


def with_longer_products(d: int) -> Callable[[Results], Results]:
    return lambda results: replace(
        results, cosines={**results.cosines, d: results.cosines[d] * 1.2}
    )


SPOILED = {
    "slope along v": with_a_wrong_slope,
    "entries exchanged": with_a_symmetric_gradient,
    "slope along the gradient": with_a_too_steep_gradient,
    "rises faster": with_a_steeper_direction,
    "quadratic": with_a_slope_at_the_minimum,
    **{f"in {d} dimensions": with_longer_products(d) for d in DIMENSIONS},
}
