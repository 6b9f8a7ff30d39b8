"""Rows of weights, against minigrad's layers."""

from __future__ import annotations

import numpy as np
import pytest

from demos.small_network import CLASSES, DECAY, HIDDEN, INPUTS, WEIGHTS, data, losses, total
from minigrad import Tensor, func, nn
from minigrad.nn import functional as F


def test_losses_and_gradients_are_those_of_layers() -> None:
    rows = np.random.default_rng(2).standard_normal((3, WEIGHTS))
    found, slopes = losses(rows), func.grad(total)(rows)
    inputs, classes = data()
    for row, loss, slope in zip(rows, found, slopes, strict=True):
        first = nn.Linear(INPUTS + 1, HIDDEN, bias=False, dtype=np.float64)
        second = nn.Linear(HIDDEN, CLASSES, dtype=np.float64)
        end = first.weight.size
        first.weight.data = row[:end].reshape(INPUTS + 1, HIDDEN).T
        second.weight.data = row[end:-CLASSES].reshape(HIDDEN, CLASSES).T
        second.bias.data = row[-CLASSES:]
        logits = second(F.tanh(first(Tensor(inputs))))
        alone = F.cross_entropy(logits, classes.argmax(axis=1))
        alone.backward()
        assert loss == pytest.approx(alone.item() + DECAY * row @ row, rel=1e-12)
        parts = first.weight.grad.numpy().T, second.weight.grad.numpy().T, second.bias.grad.numpy()
        wanted = np.concatenate([part.ravel() for part in parts]) + 2.0 * DECAY * row
        np.testing.assert_allclose(slope, wanted, rtol=1e-9, atol=1e-12)
