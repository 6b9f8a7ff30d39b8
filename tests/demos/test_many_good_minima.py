"""Networks side by side in one array, against minigrad's layers one at a time."""

from __future__ import annotations

import numpy as np
import pytest

from demos.many_good_minima import CLASSES, INPUTS, data, losses, range_but_one, start
from minigrad import Tensor, nn
from minigrad.nn import functional as F

HIDDEN, RUNS = 5, 3


def test_losses_and_gradients_are_those_of_each_network_alone() -> None:
    weights = start(HIDDEN, RUNS, np.random.default_rng(3))
    learned, _ = data()
    inputs = learned.inputs.astype(np.float32)
    together = losses(weights, inputs, learned.targets.astype(np.float32))
    together.sum().backward()
    for run in range(RUNS):
        first = nn.Linear(INPUTS + 1, HIDDEN, bias=False)
        second = nn.Linear(HIDDEN, CLASSES)
        alone = first.weight, second.weight, second.bias
        for parameter, batched in zip(alone, weights, strict=True):
            parameter.data = batched.detach().numpy()[run].reshape(parameter.shape)
        hidden = F.tanh(first(Tensor(inputs.T.copy())))
        loss = F.cross_entropy(second(hidden), learned.labels)
        loss.backward()
        assert together.detach().numpy()[run] == pytest.approx(loss.item(), rel=1e-5)
        for parameter, batched in zip(alone, weights, strict=True):
            np.testing.assert_allclose(
                batched.grad.numpy()[run].reshape(parameter.shape),
                parameter.grad.numpy(),
                rtol=1e-3,
                atol=1e-6,
            )


def test_the_components_are_white_and_the_others_are_not_learned_from() -> None:
    learned, tested = data()
    np.testing.assert_allclose(np.cov(learned.inputs[:INPUTS], ddof=0), np.eye(INPUTS), atol=1e-9)
    np.testing.assert_array_equal(learned.inputs[INPUTS], 1.0)
    assert learned.inputs.shape[1] == 1000
    assert tested.inputs.shape[1] == 797


def test_the_range_leaves_out_the_value_farthest_out() -> None:
    assert range_but_one(np.array([3.0, 1.0, 9.0, 2.0])) == 2.0
    assert range_but_one(np.array([3.0, 3.5, -9.0, 2.0])) == 1.5
