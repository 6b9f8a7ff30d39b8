"""What the recurrent workloads share: the task, and what surrounds the steps by hand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .by_hand import Adam, FlatParameters
from .peers import Step
from .workload import Script, Workload, copied

INPUTS, HIDDEN, LEARN_RATE, CLIP = 2, 64, 1e-3, 1.0

# forward of a sequence, and backward from the gradient of the last hidden state: feature-major
Passes = tuple[Callable[[], np.ndarray], Callable[[np.ndarray], None]]
Build = Callable[[np.ndarray, list[np.ndarray], list[np.ndarray]], Passes]


def recurrent(kind: str, gates: int, build: Build, batch: int, steps: int) -> Workload:
    """Hidden 64, 2 inputs, the last output to a mean squared error, Adam, global norm clipped."""
    draw = np.random.default_rng(0)
    x = draw.random((steps, batch, INPUTS), np.float32)
    y = x[:, :, :1].mean(axis=0)
    rows, bound = gates * HIDDEN, HIDDEN**-0.5
    shapes = (rows, INPUTS), (rows, HIDDEN), (rows,), (rows,), (1, HIDDEN), (1,)
    arrays = [draw.uniform(-bound, bound, shape).astype(np.float32) for shape in shapes]

    def script(torch: Any, nn: Any, optim: Any) -> Script:
        layer, head = getattr(nn, kind)(INPUTS, HIDDEN), nn.Linear(HIDDEN, 1)
        parameters = [*layer.parameters(), *head.parameters()]
        copied(torch, parameters, arrays)
        inputs, targets = torch.tensor(x), torch.tensor(y)
        optimizer = optim.Adam(parameters, lr=LEARN_RATE)
        criterion = nn.MSELoss()

        def step() -> Any:
            optimizer.zero_grad()
            output, _ = layer(inputs)
            loss = criterion(head(output[-1]), targets)
            loss.backward()
            nn.utils.clip_grad_norm_(parameters, CLIP)
            optimizer.step()
            return loss

        return step

    return Workload(script, lambda: by_hand(x, y, arrays, build), arrays)


def by_hand(x: np.ndarray, y: np.ndarray, arrays: Sequence[np.ndarray], build: Build) -> Step:
    flat = FlatParameters(arrays)
    (*weights, w, b), (*gradients, gw, gb) = flat.parameters, flat.gradients
    forward, backward = build(x, weights, gradients)
    adam_step = Adam(flat, LEARN_RATE)
    n, target = x.shape[1], y.T.copy()
    d, dh = np.empty_like(target), np.empty((HIDDEN, n), np.float32)
    share = np.array(2.0 / n, np.float32)

    def step() -> float:
        last = forward()
        w.dot(last, d)
        np.add(d, b, d)
        np.subtract(d, target, d)
        loss = float(d[0] @ d[0]) / n
        np.multiply(d, share, d)
        d.dot(last.T, gw)
        gb[0] = d.sum()
        w.T.dot(d, dh)
        backward(dh)
        flat.clip(CLIP)
        adam_step()
        return loss

    return step


def states(x: np.ndarray) -> np.ndarray:
    """For each step the hidden state above the input above a 1, the first hidden state 0."""
    steps, n, inputs = x.shape
    state = np.ones((steps + 1, HIDDEN + inputs + 1, n), np.float32)
    state[:-1, HIDDEN:-1] = x.swapaxes(1, 2)
    state[0, :HIDDEN] = 0.0
    return state
