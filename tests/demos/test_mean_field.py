"""The quadrature of mean field theory, against what is known in closed form."""

from __future__ import annotations

import math

import numpy as np
import pytest

from demos.mean_field import RELU, SIGMOID, TANH, Nonlinearity, predict

LINEAR = Nonlinearity(lambda x: x, np.ones_like)


@pytest.mark.parametrize("spread", [0.5, 1.0, 2.0])
def test_a_linear_network_multiplies_signal_and_error_by_its_gain(spread: float) -> None:
    found = predict(LINEAR, 1.0, spread, 6)
    np.testing.assert_allclose(found.variances, spread ** np.arange(6), rtol=1e-12)
    np.testing.assert_allclose(found.factors, math.sqrt(spread), rtol=1e-12)


@pytest.mark.parametrize("spread", [1.0, 2.0])
def test_relu_halves_signal_and_error(spread: float) -> None:
    found = predict(RELU, 3.0, spread, 6)
    np.testing.assert_allclose(found.variances, 3.0 * (spread / 2.0) ** np.arange(6), rtol=1e-6)
    np.testing.assert_allclose(found.factors, math.sqrt(spread / 2.0), rtol=1e-12)


def test_a_wide_normal_sees_the_sigmoids_slope_as_a_spike() -> None:
    # E[phi'(z)^2] tends to the integral of phi'^2, which is 1/6, times the density at 0.
    variance, spread = 1e4, 1.0
    density = 1.0 / math.sqrt(2.0 * math.pi * variance)
    (factor,) = predict(SIGMOID, variance, spread, 1).factors
    assert factor == pytest.approx(math.sqrt(spread * density / 6.0), rel=1e-3)


@pytest.mark.parametrize("phi", [SIGMOID, TANH], ids=["sigmoid", "tanh"])
def test_slopes_by_hand_are_those_of_the_complex_step(phi: Nonlinearity) -> None:
    x = np.linspace(-4.0, 4.0, 33)
    np.testing.assert_allclose(phi.slope(x), phi.value(x + 1e-30j).imag / 1e-30, rtol=1e-12)


def test_the_share_of_small_slopes_is_that_of_the_normal_tails() -> None:
    edge = math.log((1.0 + math.sqrt(0.96)) / (1.0 - math.sqrt(0.96)))  # sigmoid' = 0.01 there
    (share,) = predict(SIGMOID, 9.0, 1.0, 1).share_below(0.01, SIGMOID)
    assert share == pytest.approx(math.erfc(edge / 3.0 / math.sqrt(2.0)), abs=1e-3)
