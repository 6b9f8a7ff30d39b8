"""Twenty sigmoid layers of 64: batch 128, mean squared error, plain SGD, float32."""

from __future__ import annotations

from typing import Any

import numpy as np

from .dense import layers, mse, net
from .peers import Step, sgd
from .workload import Script, Workload, copied

DEPTH, WIDTH, LEARN_RATE = 20, 64, 0.1


def workload(batch: int = 128) -> Workload:
    draw = np.random.default_rng(0)
    x, y = (draw.random((batch, WIDTH), np.float32) for _ in range(2))
    arrays = layers(draw, (WIDTH,) * (DEPTH + 1), gain=4.0)

    def script(torch: Any, nn: Any, optim: Any) -> Script:
        pairs = [(nn.Linear(WIDTH, WIDTH), nn.Sigmoid()) for _ in range(DEPTH)]
        model = nn.Sequential(*[module for pair in pairs for module in pair])
        copied(torch, model.parameters(), arrays)
        inputs, targets = torch.tensor(x), torch.tensor(y)
        optimizer = optim.SGD(model.parameters(), lr=LEARN_RATE)
        criterion = nn.MSELoss()

        def step() -> Any:
            optimizer.zero_grad()
            loss = criterion(model(inputs), targets)
            loss.backward()
            optimizer.step()
            return loss

        return step

    def loss(xp: Any, parameters: Any) -> Any:
        return mse(xp, net(xp, x, parameters, lambda z: 1.0 / (1.0 + xp.exp(-z)), last=True), y)

    return Workload(script, lambda: by_hand(x, y, arrays), arrays, loss, sgd(LEARN_RATE))


def by_hand(x: np.ndarray, y: np.ndarray, arrays: list[np.ndarray]) -> Step:
    weights, biases = ([a.copy() for a in arrays[i::2]] for i in (0, 1))
    hidden = [np.empty_like(y) for _ in range(DEPTH)]
    error, other = np.empty_like(y), np.empty_like(y)
    gw, gb = np.empty((WIDTH, WIDTH), np.float32), np.empty(WIDTH, np.float32)
    ones, one = np.ones(len(x), np.float32), np.array(1.0, np.float32)
    lr, scale = np.array(LEARN_RATE, np.float32), np.array(2.0 / y.size, np.float32)
    forward = list(zip([x, *hidden], weights, biases, hidden))  # noqa: B905  # one input more
    transposed = [w.T for w in weights]

    def step() -> float:
        for (h, _, b, z), w_t in zip(forward, transposed, strict=True):
            h.dot(w_t, z)
            np.add(z, b, z)
            np.negative(z, z)
            np.exp(z, z)
            np.add(z, one, z)
            np.divide(one, z, z)
        np.subtract(hidden[-1], y, error)
        flat = error.reshape(-1)
        loss = float(flat @ flat) / flat.size
        np.multiply(error, scale, error)
        for h, w, b, z in reversed(forward):
            np.multiply(z, z, other)
            np.subtract(z, other, other)
            np.multiply(error, other, other)
            other.dot(w, error)
            other.T.dot(h, gw)
            ones.dot(other, gb)
            np.multiply(gw, lr, gw)
            np.subtract(w, gw, w)
            np.multiply(gb, lr, gb)
            np.subtract(b, gb, b)
        return loss

    return step
