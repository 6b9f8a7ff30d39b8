"""A 784-256-128-10 ReLU network: batch 128, cross-entropy, Adam, float32."""

from __future__ import annotations

from typing import Any

import numpy as np

from .by_hand import Adam, FlatParameters, relu_in_place, softmax_in_place
from .dense import cross_entropy, layers, net
from .peers import Step, adam
from .workload import Script, Workload, copied

SIZES, LEARN_RATE = (784, 256, 128, 10), 1e-3


def workload(batch: int = 128) -> Workload:
    draw = np.random.default_rng(0)
    x = draw.random((batch, SIZES[0]), np.float32)
    labels = draw.integers(0, SIZES[-1], batch)
    arrays = layers(draw, SIZES, gain=2.0**0.5)

    def script(torch: Any, nn: Any, optim: Any) -> Script:
        model = nn.Sequential(
            nn.Linear(784, 256), nn.ReLU(), nn.Linear(256, 128), nn.ReLU(), nn.Linear(128, 10)
        )
        copied(torch, model.parameters(), arrays)
        inputs, targets = torch.tensor(x), torch.tensor(labels)
        optimizer = optim.Adam(model.parameters(), lr=LEARN_RATE)
        criterion = nn.CrossEntropyLoss()

        def step() -> Any:
            optimizer.zero_grad()
            loss = criterion(model(inputs), targets)
            loss.backward()
            optimizer.step()
            return loss

        return step

    def loss(xp: Any, parameters: Any) -> Any:
        z = net(xp, x, parameters, lambda z: xp.maximum(z, 0.0))
        return cross_entropy(xp, z, labels)

    return Workload(script, lambda: by_hand(x, labels, arrays), arrays, loss, adam(LEARN_RATE))


def by_hand(x: np.ndarray, labels: np.ndarray, arrays: list[np.ndarray]) -> Step:
    n, zero = len(x), np.array(0.0, np.float32)
    flat = FlatParameters(arrays)
    (w1, b1, w2, b2, w3, b3), (g1, c1, g2, c2, g3, c3) = flat.parameters, flat.gradients
    h1, h2, z = (np.empty((n, m), np.float32) for m in SIZES[1:])
    d1, d2 = np.empty_like(h1), np.empty_like(h2)
    on1, on2 = np.empty(h1.shape, bool), np.empty(h2.shape, bool)
    ones, rows, share = np.ones(n, np.float32), np.arange(n), np.array(1.0 / n, np.float32)
    adam_step = Adam(flat, LEARN_RATE)

    def step() -> float:
        x.dot(w1.T, h1)
        np.add(h1, b1, h1)
        relu_in_place(h1)
        h1.dot(w2.T, h2)
        np.add(h2, b2, h2)
        relu_in_place(h2)
        h2.dot(w3.T, z)
        np.add(z, b3, z)
        loss = softmax_in_place(z, rows, labels)
        z[rows, labels] -= 1.0
        np.multiply(z, share, z)
        z.T.dot(h2, g3)
        ones.dot(z, c3)
        z.dot(w3, d2)
        np.greater(h2, zero, on2)
        np.multiply(d2, on2, d2)
        d2.T.dot(h1, g2)
        ones.dot(d2, c2)
        d2.dot(w2, d1)
        np.greater(h1, zero, on1)
        np.multiply(d1, on1, d1)
        d1.T.dot(x, g1)
        ones.dot(d1, c1)
        adam_step()
        return loss

    return step
