"""Many descents in one array, against minigrad's optimizer one at a time."""

from __future__ import annotations

import math

import numpy as np
import pytest

import minigrad as mg
from demos.clipping_is_faster import SMALL_SLOPE, count

STARTS = np.array([1.1, 1.6, 1.9])


def steps_of_sgd(start: float, rate: float, threshold: float) -> int:
    """Until the slope of x^4 is small, by clipping the norm, which is the one slope's size."""
    x = mg.tensor([start], dtype=np.float64, requires_grad=True)
    optimizer = mg.optim.SGD([x], lr=rate, clip_norm=None if threshold == np.inf else threshold)
    for step in range(1000):
        optimizer.zero_grad()
        (x**4).sum().backward()
        if abs(float(np.asarray(x.grad)[0])) < SMALL_SLOPE:
            return step
        optimizer.step()
    raise AssertionError("it did not arrive")


@pytest.mark.parametrize(("rate", "threshold"), [(0.1, np.inf), (1.0, 0.5), (4.0, 0.1)])
def test_steps_are_those_of_sgd(rate: float, threshold: float) -> None:
    (found,) = count(lambda x: x**4, STARTS, np.array([rate]), np.array([threshold]))
    assert found.tolist() == [steps_of_sgd(start, rate, threshold) for start in STARTS]


def test_settings_that_lead_away_or_take_long_are_given_up() -> None:
    rates, thresholds = np.array([0.1, 0.001, 10.0]), np.full(3, np.inf)
    found = count(lambda x: x**4, STARTS, rates, thresholds, patience=1000)
    assert np.isfinite(found).all(axis=1).tolist() == [True, False, False]


def test_only_the_best_need_arrive() -> None:
    rates, thresholds = np.array([0.1, 0.05]), np.full(2, np.inf)
    best, slower = count(lambda x: x**4, STARTS, rates, thresholds, only_best=True)
    assert best.mean() < math.inf
    assert not np.isfinite(slower).any()
