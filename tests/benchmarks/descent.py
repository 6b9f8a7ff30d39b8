"""The tutorial's descent: 3 x^2 - 3 x + 4 on 100 points, by gradient descent, float32."""

from __future__ import annotations

from typing import Any

import numpy as np

from .peers import Step, sgd
from .workload import Script, Workload

LEARN_RATE = 0.01


def workload(points: int = 100) -> Workload:
    start = np.linspace(0.0295, 0.2008, points, dtype=np.float32)

    def script(torch: Any, nn: Any, optim: Any) -> Script:
        xt = torch.tensor(start, requires_grad=True)

        def step() -> Any:
            yt = (3 * xt**2 - 3 * xt + 4).sum()
            yt.backward()
            xt.data -= LEARN_RATE * xt.grad.data
            xt.grad = None
            return yt

        return step

    def loss(xp: Any, parameters: Any) -> Any:
        return xp.sum(3 * parameters[0] ** 2 - 3 * parameters[0] + 4)

    return Workload(script, lambda: by_hand(start.copy()), [start], loss, sgd(LEARN_RATE))


def by_hand(x: np.ndarray) -> Step:
    three, square, gradient = np.empty_like(x), np.empty_like(x), np.empty_like(x)
    c3, c4, c6, lr = (np.array(value, np.float32) for value in (3, 4, 6, LEARN_RATE))

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
