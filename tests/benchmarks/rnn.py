"""A tanh RNN: hidden 64, 100 steps, batch 64, 2 inputs, last output to MSE, Adam, clip 1."""

from __future__ import annotations

import numpy as np

from .recurrent import HIDDEN, Passes, recurrent, states
from .workload import Workload


def workload(batch: int = 64, steps: int = 100) -> Workload:
    return recurrent("RNN", 1, passes, batch, steps)


def passes(x: np.ndarray, weights: list[np.ndarray], gradients: list[np.ndarray]) -> Passes:
    steps, state = len(x), states(x)
    (w_ih, w_hh, b_ih, b_hh), (g_ih, g_hh, c_ih, c_hh) = weights, gradients
    joint = np.empty((HIDDEN, state.shape[1]), np.float32)
    total, part = np.empty_like(joint), np.empty_like(joint)
    da, one = np.empty((HIDDEN, x.shape[1]), np.float32), np.array(1.0, np.float32)

    def forward() -> np.ndarray:
        joint[:, :HIDDEN], joint[:, HIDDEN:-1] = w_hh, w_ih
        np.add(b_ih, b_hh, joint[:, -1])
        for t in range(steps):
            h = state[t + 1, :HIDDEN]
            joint.dot(state[t], h)
            np.tanh(h, h)
        last: np.ndarray = state[steps, :HIDDEN]
        return last

    def backward(dh: np.ndarray) -> None:
        total[...] = 0.0
        down = w_hh.T
        for t in reversed(range(steps)):
            h = state[t + 1, :HIDDEN]
            np.multiply(h, h, da)
            np.subtract(one, da, da)
            np.multiply(da, dh, da)
            da.dot(state[t].T, part)
            np.add(total, part, total)
            down.dot(da, dh)
        g_hh[...], g_ih[...] = total[:, :HIDDEN], total[:, HIDDEN:-1]
        c_ih[...] = c_hh[...] = total[:, -1]

    return forward, backward
