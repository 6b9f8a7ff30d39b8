"""The tutorial's descent: 3 x^2 - 3 x + 4 on 100 points, by gradient descent, float32."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

LEARN_RATE = 0.01
START = np.linspace(0.0295, 0.2008, 100, dtype=np.float32)

Step = Callable[[], float]


def minigrad() -> Step:
    import minigrad as torch

    xt = torch.tensor(START, requires_grad=True)

    def step() -> float:
        yt = (3 * xt**2 - 3 * xt + 4).sum()
        yt.backward()
        xt.data -= LEARN_RATE * xt.grad.data
        xt.grad = None
        return yt.item()

    return step


def numpy() -> Step:
    x = START.copy()
    three, square, gradient = np.empty_like(x), np.empty_like(x), np.empty_like(x)
    constants = [np.array(value, np.float32) for value in (3, 4, 6, LEARN_RATE)]
    c3, c4, c6, lr = constants

    def step() -> float:
        np.multiply(x, c3, three)
        np.multiply(three, x, square)
        np.subtract(square, three, square)
        np.add(square, c4, square)
        loss = square.sum()
        np.multiply(x, c6, gradient)
        np.subtract(gradient, c3, gradient)
        np.multiply(gradient, lr, gradient)
        np.subtract(x, gradient, x)
        return float(loss)

    return step


def torch() -> Step:
    import torch

    torch.set_num_threads(1)
    xt = torch.tensor(START, requires_grad=True)

    def step() -> float:
        yt = (3 * xt**2 - 3 * xt + 4).sum()
        yt.backward()
        xt.data -= LEARN_RATE * xt.grad.data
        xt.grad = None
        return yt.item()

    return step


def autograd() -> Step:
    import autograd.numpy as anp
    from autograd import value_and_grad

    x = START.copy()
    both = value_and_grad(lambda x: anp.sum(3 * x**2 - 3 * x + 4))

    def step() -> float:
        nonlocal x
        loss, gradient = both(x)
        x = x - np.float32(LEARN_RATE) * gradient
        return float(loss)

    return step


def mygrad() -> Step:
    import mygrad

    x = mygrad.tensor(START)

    def step() -> float:
        y = (3 * x**2 - 3 * x + 4).sum()
        y.backward()
        x.data -= np.float32(LEARN_RATE) * x.grad
        x.null_grad()
        return y.item()

    return step
