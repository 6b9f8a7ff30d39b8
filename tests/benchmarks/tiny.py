"""A 2-16-16-1 network with tanh: batch 64, mean squared error, plain SGD, float32."""

from __future__ import annotations

from typing import Any

import numpy as np

from .dense import layers, mse, tanh_net
from .peers import Step, sgd
from .workload import Script, Workload, copied

LEARN_RATE = 0.05


def workload(batch: int = 64) -> Workload:
    draw = np.random.default_rng(0)
    x = draw.standard_normal((batch, 2)).astype(np.float32)
    y = np.sin(x[:, :1] + 2.0 * x[:, 1:]).astype(np.float32)
    arrays = layers(draw, (2, 16, 16, 1))

    def script(torch: Any, nn: Any, optim: Any) -> Script:
        net = nn.Sequential(
            nn.Linear(2, 16), nn.Tanh(), nn.Linear(16, 16), nn.Tanh(), nn.Linear(16, 1)
        )
        copied(torch, net.parameters(), arrays)
        inputs, targets = torch.tensor(x), torch.tensor(y)
        optimizer = optim.SGD(net.parameters(), lr=LEARN_RATE)
        criterion = nn.MSELoss()

        def step() -> Any:
            optimizer.zero_grad()
            loss = criterion(net(inputs), targets)
            loss.backward()
            optimizer.step()
            return loss

        return step

    def loss(xp: Any, parameters: Any) -> Any:
        return mse(xp, tanh_net(xp, x, parameters), y)

    return Workload(script, lambda: by_hand(x, y, arrays), arrays, loss, sgd(LEARN_RATE))


def by_hand(x: np.ndarray, y: np.ndarray, arrays: list[np.ndarray]) -> Step:
    w1, b1, w2, b2, w3, b3 = parameters = [a.copy() for a in arrays]
    g1, c1, g2, c2, g3, c3 = gradients = [np.empty_like(p) for p in parameters]
    n = len(x)
    h1, h2, z3 = (np.empty((n, m), np.float32) for m in (16, 16, 1))
    d1, d2, s1, s2 = (np.empty((n, 16), np.float32) for _ in range(4))
    ones, one = np.ones(n, np.float32), np.array(1.0, np.float32)
    lr, scale = np.array(LEARN_RATE, np.float32), np.array(2.0 / n, np.float32)

    def step() -> float:
        x.dot(w1.T, h1)
        np.add(h1, b1, h1)
        np.tanh(h1, h1)
        h1.dot(w2.T, h2)
        np.add(h2, b2, h2)
        np.tanh(h2, h2)
        h2.dot(w3.T, z3)
        np.add(z3, b3, z3)
        np.subtract(z3, y, z3)
        flat = z3.reshape(-1)
        loss = float(flat @ flat) / n
        np.multiply(z3, scale, z3)
        z3.T.dot(h2, g3)
        ones.dot(z3, c3)
        z3.dot(w3, d2)
        np.multiply(h2, h2, s2)
        np.subtract(one, s2, s2)
        np.multiply(d2, s2, d2)
        d2.T.dot(h1, g2)
        ones.dot(d2, c2)
        d2.dot(w2, d1)
        np.multiply(h1, h1, s1)
        np.subtract(one, s1, s1)
        np.multiply(d1, s1, d1)
        d1.T.dot(x, g1)
        ones.dot(d1, c1)
        for p, g in zip(parameters, gradients, strict=True):
            np.multiply(g, lr, g)
            np.subtract(p, g, p)
        return loss

    return step
