"""An LSTM: hidden 64, 100 steps, batch 64, 2 inputs, last output to MSE, Adam, clip 1."""

from __future__ import annotations

import numpy as np

from .recurrent import HIDDEN, Passes, recurrent, states
from .workload import Workload

H = HIDDEN


def workload(batch: int = 64, steps: int = 100) -> Workload:
    return recurrent("LSTM", 4, passes, batch, steps)


def passes(x: np.ndarray, weights: list[np.ndarray], gradients: list[np.ndarray]) -> Passes:
    """Gates in the order i, f, o, g: the sigmoids together, their weights halved for the tanh."""
    (steps, n, _), state = x.shape, states(x)
    w_ih, w_hh, b_ih, b_hh = weights
    joint = np.empty((4 * H, state.shape[1]), np.float32)
    halved, total, part = (np.empty_like(joint) for _ in range(3))
    order = [slice(0, 2 * H), slice(3 * H, 4 * H), slice(2 * H, 3 * H)]
    places = [slice(0, 2 * H), slice(2 * H, 3 * H), slice(3 * H, 4 * H)]
    gates, cell = np.empty((steps, 4, H, n), np.float32), np.zeros((steps + 1, H, n), np.float32)
    tanh_cell = np.empty((steps, H, n), np.float32)
    da, slope = np.empty((4, H, n), np.float32), np.empty((3, H, n), np.float32)
    di, df, do, dg = da
    dc, u = np.empty((H, n), np.float32), np.empty((H, n), np.float32)
    half, one = np.array(0.5, np.float32), np.array(1.0, np.float32)

    def forward() -> np.ndarray:
        for place, rows in zip(places, order, strict=True):
            joint[place, :H], joint[place, H:-1] = w_hh[rows], w_ih[rows]
            np.add(b_ih[rows], b_hh[rows], joint[place, -1])
        np.multiply(joint, half, halved)
        halved[3 * H :] = joint[3 * H :]
        for t in range(steps):
            a, c, h = gates[t], cell[t + 1], state[t + 1, :H]
            i, f, o, g = a
            np.matmul(halved, state[t], a.reshape(4 * H, n))
            np.tanh(a, a)
            np.multiply(a[:3], half, a[:3])
            np.add(a[:3], half, a[:3])
            np.multiply(f, cell[t], c)
            np.multiply(i, g, u)
            np.add(c, u, c)
            np.tanh(c, tanh_cell[t])
            np.multiply(o, tanh_cell[t], h)
        last: np.ndarray = state[steps, :H]
        return last

    def backward(dh: np.ndarray) -> None:
        total[...] = dc[...] = 0.0
        down = joint[:, :H].T
        for t in reversed(range(steps)):
            a, h = gates[t], state[t + 1, :H]
            i, f, o, g = a
            np.multiply(h, tanh_cell[t], u)  # dc += dh o (1 - tanh(c)^2), for o tanh(c) = h
            np.subtract(o, u, u)
            np.multiply(u, dh, u)
            np.add(dc, u, dc)
            np.multiply(i, g, di)
            np.multiply(di, g, dg)  # dc i (1 - g^2)
            np.subtract(i, dg, dg)
            np.multiply(dg, dc, dg)
            np.multiply(di, dc, di)
            np.multiply(dc, f, dc)
            np.multiply(dc, cell[t], df)
            np.multiply(dh, h, do)
            np.subtract(one, a[:3], slope)
            np.multiply(da[:3], slope, da[:3])
            flat = da.reshape(4 * H, n)
            flat.dot(state[t].T, part)
            np.add(total, part, total)
            down.dot(flat, dh)
        g_ih, g_hh, c_ih, c_hh = gradients
        for place, rows in zip(places, order, strict=True):
            g_hh[rows], g_ih[rows] = total[place, :H], total[place, H:-1]
            c_ih[rows] = c_hh[rows] = total[place, -1]

    return forward, backward
