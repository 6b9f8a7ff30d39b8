"""A 2-16-16-1 network with tanh: batch 64, mean squared error, plain SGD, float32."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np

LEARN_RATE = 0.05
SIZES = (2, 16, 16, 1)

_draw = np.random.default_rng(0)
X = _draw.standard_normal((64, 2)).astype(np.float32)
Y = np.sin(X[:, :1] + 2.0 * X[:, 1:]).astype(np.float32)
WEIGHTS = [
    (_draw.standard_normal((m, n)) / np.sqrt(n)).astype(np.float32) for n, m in pairwise(SIZES)
]
BIASES = [np.zeros(m, np.float32) for m in SIZES[1:]]

Step = Callable[[], float]


def minigrad() -> Step:
    import minigrad
    from minigrad import nn, optim

    return _as_in_pytorch(minigrad, nn, optim)


def torch() -> Step:
    import torch
    from torch import nn, optim

    torch.set_num_threads(1)
    return _as_in_pytorch(torch, nn, optim)


def _as_in_pytorch(library: Any, nn: Any, optim: Any) -> Step:
    """The same text for both: what a plain training loop looks like."""
    net = nn.Sequential(nn.Linear(2, 16), nn.Tanh(), nn.Linear(16, 16), nn.Tanh(), nn.Linear(16, 1))
    arrays = [array for pair in zip(WEIGHTS, BIASES, strict=True) for array in pair]
    for parameter, array in zip(net.parameters(), arrays, strict=True):
        parameter.data = library.tensor(array)
    x, y = library.tensor(X), library.tensor(Y)
    optimizer = optim.SGD(net.parameters(), lr=LEARN_RATE)
    criterion = nn.MSELoss()

    def step() -> float:
        optimizer.zero_grad()
        loss = criterion(net(x), y)
        loss.backward()
        optimizer.step()
        number: float = loss.item()
        return number

    return step


def numpy() -> Step:
    w1, w2, w3 = (w.copy() for w in WEIGHTS)
    b1, b2, b3 = (b.copy() for b in BIASES)
    n = len(X)
    h1, h2, z3 = (np.empty((n, m), np.float32) for m in SIZES[1:])
    d1, d2, s1, s2 = (np.empty((n, 16), np.float32) for _ in range(4))
    g1, g2, g3 = (np.empty_like(w) for w in WEIGHTS)
    c1, c2, c3 = (np.empty_like(b) for b in BIASES)
    ones, one = np.ones(n, np.float32), np.array(1.0, np.float32)
    lr, scale = np.array(LEARN_RATE, np.float32), np.array(2.0 / n, np.float32)

    def step() -> float:
        np.matmul(X, w1.T, h1)
        np.add(h1, b1, h1)
        np.tanh(h1, h1)
        np.matmul(h1, w2.T, h2)
        np.add(h2, b2, h2)
        np.tanh(h2, h2)
        np.matmul(h2, w3.T, z3)
        np.add(z3, b3, z3)
        np.subtract(z3, Y, z3)
        flat = z3.reshape(-1)
        loss = float(flat @ flat) / n
        np.multiply(z3, scale, z3)
        np.matmul(z3.T, h2, g3)
        np.matmul(ones, z3, c3)
        np.matmul(z3, w3, d2)
        np.multiply(h2, h2, s2)
        np.subtract(one, s2, s2)
        np.multiply(d2, s2, d2)
        np.matmul(d2.T, h1, g2)
        np.matmul(ones, d2, c2)
        np.matmul(d2, w2, d1)
        np.multiply(h1, h1, s1)
        np.subtract(one, s1, s1)
        np.multiply(d1, s1, d1)
        np.matmul(d1.T, X, g1)
        np.matmul(ones, d1, c1)
        for p, g in (w1, g1), (b1, c1), (w2, g2), (b2, c2), (w3, g3), (b3, c3):
            np.multiply(g, lr, g)
            np.subtract(p, g, p)
        return loss

    return step


def _functional(numpy: Any) -> Callable[[Any, Any], Any]:
    def loss(weights: Any, biases: Any) -> Any:
        h = X
        for w, b in zip(weights[:-1], biases[:-1], strict=True):
            h = numpy.tanh(h @ w.T + b)
        return numpy.mean((h @ weights[-1].T + biases[-1] - Y) ** 2)

    return loss


def autograd() -> Step:
    import autograd.numpy as anp
    from autograd import value_and_grad

    loss_of = _functional(anp)
    params = [[w.copy() for w in WEIGHTS], [b.copy() for b in BIASES]]
    both = value_and_grad(lambda params: loss_of(*params))

    def step() -> float:
        loss, gradients = both(params)
        for group, group_gradients in zip(params, gradients, strict=True):
            for p, g in zip(group, group_gradients, strict=True):
                p -= np.float32(LEARN_RATE) * g
        return float(loss)

    return step


def mygrad() -> Step:
    import mygrad

    loss_of = _functional(mygrad)
    params = [[mygrad.tensor(a) for a in group] for group in (WEIGHTS, BIASES)]

    def step() -> float:
        loss = loss_of(*params)
        loss.backward()
        for group in params:
            for p in group:
                p.data -= np.float32(LEARN_RATE) * p.grad
                p.null_grad()
        return loss.item()

    return step
