"""The published data, by what scikit-learn makes of its recipe; the signals, on losses by hand."""

from __future__ import annotations

import numpy as np
import pytest

from demos.exploding_gradients import LEARNED, SPREAD, examples
from demos.explosion import Setting, learn, quartic, signals

NAN = float("nan")


def test_the_examples_are_those_of_scikit_learn() -> None:
    """Of 1.9.1: ``make_regression(1000, 20, noise=0.1, random_state=1)``."""
    inputs, targets = examples()
    assert inputs.shape == (1000, 20)
    np.testing.assert_allclose(inputs[0, :3], [0.58372668, 0.78593639, -0.17187155], atol=1e-8)
    np.testing.assert_allclose(inputs[-1, -2:], [-1.41961373, -0.23298524], atol=1e-8)
    np.testing.assert_allclose(
        targets[[0, 1, 2, -1], 0], [283.43826532, 103.36498179, -182.49159203, -217.26844717]
    )
    assert targets.std() == pytest.approx(SPREAD, abs=0.05)
    assert (targets.min(), targets.max()) == pytest.approx((-436.1774, 575.3049), abs=1e-4)


@pytest.mark.parametrize(
    ("losses", "poor", "jump", "nan"),
    [
        ([4.0, 3.0, 2.0, 1.0], False, False, False),
        ([4.0, 4.0, 3.0, 2.1], True, False, False),
        ([4.0, 0.3, 0.3, 0.3], False, True, False),
        ([4.0, 5.0, NAN, NAN], True, False, True),
        ([4.0, 5.0, 60.0, NAN], True, True, True),
    ],
)
def test_signals(losses: list[float], poor: bool, jump: bool, nan: bool) -> None:
    found = signals(np.array([losses]))
    assert (found.poor.item(), found.jump.item(), found.nan.item()) == (poor, jump, nan)


def test_a_jump_counts_when_it_is_early() -> None:
    assert not signals(np.array([[1.0] * 50 + [100.0]])).jump.any()


def test_the_quartic_loss_is_the_mean_fourth_power() -> None:
    assert quartic(np.array([1.0, 3.0]), np.zeros(2)) == 41.0


def test_a_step_is_that_of_the_formula() -> None:
    """One epoch of one batch of a linear network, by hand."""
    inputs, targets = (array[:8] for array in examples())
    setting, rows = Setting(rate=0.5, hidden="", clip_norm=1.0), np.arange(8)
    course = learn(setting, (inputs, targets), rows, 1, np.random.default_rng(0))
    draw = np.random.default_rng(0)
    draw.uniform(size=21)  # of the layer's own start, weights and bias
    weights = draw.uniform(-1.0, 1.0, 20) * np.sqrt(6.0 / 20.0)
    errors = inputs @ weights - targets[:, 0]
    gradient = 2.0 * np.append(errors @ inputs, errors.sum()) / 8.0
    assert course.losses[0] == pytest.approx(float(np.mean(errors**2)), rel=1e-5)
    assert course.norms[0] == pytest.approx(float(np.linalg.norm(gradient)), rel=1e-5)
    step = 0.5 * gradient / np.linalg.norm(gradient)
    outputs = inputs @ (weights - step[:-1]) - step[-1]
    np.testing.assert_allclose(course.outputs, outputs, rtol=1e-4, atol=1e-4)


def test_norms_of_tensors_by_themselves_are_added_as_squares() -> None:
    data, rows = examples(), np.arange(LEARNED)
    one, other = (
        learn(Setting(by_tensor=by, clip_norm=1e9), data, rows, 1, np.random.default_rng(0))
        for by in (False, True)
    )
    np.testing.assert_allclose(one.norms[:3], other.norms[:3], rtol=1e-5)
