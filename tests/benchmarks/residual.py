"""Residual blocks: 8 of two 64-wide linear layers with batch norm and ReLU; SGD, momentum, clip."""

from __future__ import annotations

from typing import Any

import numpy as np

from .by_hand import BatchNorm, FlatParameters, Momentum, relu_in_place, softmax_in_place
from .peers import Step
from .workload import Script, Workload, copied

WIDTH, CLASSES, BLOCKS = 64, 10, 8
LEARN_RATE, MOMENTUM, CLIP = 0.05, 0.9, 1.0


def workload(batch: int = 128) -> Workload:
    draw = np.random.default_rng(0)
    x = draw.standard_normal((batch, WIDTH)).astype(np.float32)
    labels = draw.integers(0, CLASSES, batch)
    arrays = []
    for _ in range(2 * BLOCKS):
        arrays.append((draw.standard_normal((WIDTH, WIDTH)) * (2 / WIDTH) ** 0.5).astype("f"))
        arrays += [np.ones(WIDTH, np.float32), np.zeros(WIDTH, np.float32)]
    arrays.append((draw.standard_normal((CLASSES, WIDTH)) / 8).astype("f"))
    arrays.append(np.zeros(CLASSES, np.float32))

    def script(torch: Any, nn: Any, optim: Any) -> Script:
        class Block(nn.Module):  # type: ignore[misc]  # of either library
            def __init__(self) -> None:
                super().__init__()
                layers = nn.Linear(WIDTH, WIDTH, bias=False), nn.Linear(WIDTH, WIDTH, bias=False)
                norms = nn.BatchNorm1d(WIDTH), nn.BatchNorm1d(WIDTH)
                self.branch = nn.Sequential(layers[0], norms[0], nn.ReLU(), layers[1], norms[1])
                self.relu = nn.ReLU()

            def forward(self, x: Any) -> Any:
                return self.relu(x + self.branch(x))

        net = nn.Sequential(*[Block() for _ in range(BLOCKS)], nn.Linear(WIDTH, CLASSES))
        parameters = list(net.parameters())
        copied(torch, parameters, arrays)
        inputs, targets = torch.tensor(x), torch.tensor(labels)
        optimizer = optim.SGD(parameters, lr=LEARN_RATE, momentum=MOMENTUM)
        criterion = nn.CrossEntropyLoss()

        def step() -> Any:
            optimizer.zero_grad()
            loss = criterion(net(inputs), targets)
            loss.backward()
            nn.utils.clip_grad_norm_(parameters, CLIP)
            optimizer.step()
            return loss

        return step

    return Workload(script, lambda: by_hand(x, labels, arrays), arrays)


def by_hand(x: np.ndarray, labels: np.ndarray, arrays: list[np.ndarray]) -> Step:
    n, zero = len(x), np.array(0.0, np.float32)
    flat = FlatParameters(arrays)
    descend = Momentum(flat, LEARN_RATE, MOMENTUM)
    w, b, gw, gb = *flat.parameters[-2:], *flat.gradients[-2:]
    blocks = [
        [
            (
                flat.parameters[i],
                flat.gradients[i],
                BatchNorm(*flat.parameters[i + 1 : i + 3], *flat.gradients[i + 1 : i + 3], n),
            )
            for i in (6 * block, 6 * block + 3)
        ]
        for block in range(BLOCKS)
    ]
    hidden, out = ([np.empty((n, WIDTH), np.float32) for _ in range(BLOCKS + k)] for k in (0, 1))
    out[0] = x
    logits, d, dh = (np.empty((n, m), np.float32) for m in (CLASSES, WIDTH, WIDTH))
    on = np.empty((n, WIDTH), bool)
    ones, rows, share = np.ones(n, np.float32), np.arange(n), np.array(1.0 / n, np.float32)

    def step() -> float:
        for k, ((w1, _, norm1), (w2, _, norm2)) in enumerate(blocks):
            h, y = hidden[k], out[k + 1]
            out[k].dot(w1.T, h)
            norm1.forward(h)
            relu_in_place(h)
            h.dot(w2.T, y)
            norm2.forward(y)
            np.add(y, out[k], y)
            relu_in_place(y)
        out[-1].dot(w.T, logits)
        np.add(logits, b, logits)
        loss = softmax_in_place(logits, rows, labels)
        logits[rows, labels] -= 1.0
        np.multiply(logits, share, logits)
        logits.T.dot(out[-1], gw)
        ones.dot(logits, gb)
        logits.dot(w, d)
        for k in reversed(range(BLOCKS)):
            (w1, g1, norm1), (w2, g2, norm2) = blocks[k]
            np.greater(out[k + 1], zero, on)
            np.multiply(d, on, d)  # what the skip hands back
            back = norm2.backward(d)
            back.T.dot(hidden[k], g2)
            back.dot(w2, dh)
            np.greater(hidden[k], zero, on)
            np.multiply(dh, on, dh)
            back = norm1.backward(dh)
            back.T.dot(out[k], g1)
            back.dot(w1, dh)
            np.add(d, dh, d)
        flat.clip(CLIP)
        descend()
        return loss

    return step
