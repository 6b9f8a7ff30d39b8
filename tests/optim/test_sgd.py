"""Gradient descent in use: the formula, in place, and a network that learns."""

from __future__ import annotations

import numpy as np
import pytest

import minigrad as mg
from minigrad import nn, optim, tensor
from minigrad.nn import functional as F


def test_a_step_is_the_formula_in_place() -> None:
    p = tensor(np.array([1.0, 2.0]), requires_grad=True)
    memory = p.detach().numpy()
    optimizer = optim.SGD([p], lr=0.1)
    (p**3).sum().backward()
    optimizer.step()
    np.testing.assert_array_equal(memory, np.array([1.0, 2.0]) - 0.1 * 3.0 * np.array([1.0, 4.0]))
    optimizer.zero_grad()
    assert p.grad is None
    optimizer.step()
    np.testing.assert_allclose(memory, [0.7, 0.8])


def test_a_step_keeps_the_dtype() -> None:
    p = tensor([1.0, 2.0], requires_grad=True)
    (p * p).sum().backward()
    optim.SGD([p], lr=0.1).step()
    assert p.dtype == np.float32


def test_a_step_between_forward_and_backward_is_found() -> None:
    p = tensor([1.0, 2.0], requires_grad=True)
    optimizer = optim.SGD([p], lr=0.1)
    (p * p).sum().backward()
    loss = (p * p).sum()
    optimizer.step()
    with pytest.raises(RuntimeError, match=r"changed in place after it, at .*test_sgd\.py"):
        loss.backward()


def test_it_learns_the_exclusive_or() -> None:
    g = mg.Generator(3)
    net = nn.Sequential(nn.Linear(2, 8, generator=g), nn.Tanh(), nn.Linear(8, 2, generator=g))
    x = tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    y = np.array([0, 1, 1, 0])
    optimizer = optim.SGD(net.parameters(), lr=0.5)
    for _ in range(500):
        optimizer.zero_grad()
        loss = F.cross_entropy(net(x), y)
        loss.backward()
        optimizer.step()
    assert loss.item() < 0.02
    assert np.argmax(net(x), axis=1).tolist() == y.tolist()
