"""Five times ``sigmoid(h) * h`` on a million numbers, their sum, and its gradient, float32."""

from __future__ import annotations

from typing import Any

import numpy as np

from .peers import Step, sgd
from .workload import Script, Workload

TIMES, LEARN_RATE = 5, 0.01


def workload(size: int = 1_000_000) -> Workload:
    start = np.random.default_rng(0).standard_normal(size).astype(np.float32)

    def script(torch: Any, nn: Any, optim: Any) -> Script:
        x = torch.tensor(start, requires_grad=True)
        sigmoid, optimizer = nn.functional.sigmoid, optim.SGD([x], lr=LEARN_RATE)

        def step() -> Any:
            optimizer.zero_grad()
            h = x
            for _ in range(TIMES):
                h = sigmoid(h) * h
            loss = h.mean()
            loss.backward()
            optimizer.step()
            return loss

        return step

    def loss(xp: Any, parameters: Any) -> Any:
        h = parameters[0]
        for _ in range(TIMES):
            h = 1.0 / (1.0 + xp.exp(-h)) * h
        return xp.mean(h)

    return Workload(script, lambda: by_hand(start.copy()), [start], loss, sgd(LEARN_RATE))


def by_hand(x: np.ndarray) -> Step:
    """On whole arrays, as the others do it."""
    hidden, gates = (np.empty((TIMES, x.size), np.float32) for _ in range(2))
    g, slope, one = np.empty_like(x), np.empty_like(x), np.array(1.0, np.float32)
    scale = np.array(LEARN_RATE / x.size, np.float32)

    def step() -> float:
        h = x
        for z, gate in zip(hidden, gates, strict=True):
            np.negative(h, gate)
            np.exp(gate, gate)
            np.add(gate, one, gate)
            np.divide(one, gate, gate)
            h = np.multiply(gate, h, z)
        loss = float(h.mean())
        g.fill(scale)
        for z, gate in zip(hidden[::-1], gates[::-1], strict=True):
            np.multiply(z, gate, slope)  # of gate h by h: gate + z - z gate
            np.subtract(z, slope, slope)
            np.add(slope, gate, slope)
            np.multiply(g, slope, g)
        np.subtract(x, g, x)
        return loss

    return step
