"""The cells of the recurrent layers, and the kernel for a whole sequence in one operation.

All arrays in the kernel are feature-major, ``(features, batch)``. The state of a step is the hidden
state above the input above a 1, so one product with the weights side by side gives all
pre-activations of the step, biases included. They come in blocks of the hidden size; those of
sigmoids come first and with half their weight, since ``sigmoid(a) = tanh(a / 2) / 2 + 1 / 2``: one
tanh serves all.

A cell is one step: as an equation, and for the kernel forward and back in place. It says which
block each part of the weights and biases is (and so, in an order that is its own inverse, which
part each block is), how many are of sigmoids, and how many arrays its memory ``c`` has, of which
the first is a result too.

- ``equations`` gets what comes from the input and from the old hidden state, and the old states.
- ``forward`` and ``back`` get the blocks of pre-activations, which forward turns into activations,
  the hidden state ``h`` after the step, and the memory before and after it, ``old`` and ``new``.
- ``back`` gets the gradients of ``h`` and ``new`` as well, fills that of the blocks, and moves that
  of the memory a step back.

GRU, which no workload is timed with, is its equations alone, step by step.
"""

from typing import Any

import numpy as np

from ...autograd import fused
from .functions import sigmoid
from .layers import linear


class Elman:
    """h = tanh(a) (Elman 1990), or max(a, 0) (Le, Jaitly & Hinton 2015)."""

    order, sigmoids, memories = [0], 0, 0

    def __init__(self, nonlinearity: str) -> None:
        self.relu = nonlinearity == "relu"

    def equations(self, x: Any, from_h: Any, h: Any) -> Any:
        a = x + from_h
        return [np.where(a > 0.0, a, 0.0) if self.relu else np.tanh(a)]

    def forward(self, a: Any, h: Any, old: Any, new: Any) -> None:
        h.clip(0.0, np.inf, h) if self.relu else np.tanh(h, h)  # where its one block is as well

    def back(self, a: Any, h: Any, old: Any, new: Any, dh: Any, dc: Any, da: Any) -> None:
        np.multiply(dh, h > 0.0, da[0]) if self.relu else np.subtract(dh, h * h * dh, da[0])


class LSTM:
    """c = f c + i g, h = o tanh(c) (Hochreiter & Schmidhuber 1997; for f Gers et al. 2000)."""

    order, sigmoids, memories = [0, 1, 3, 2], 3, 2

    def equations(self, x: Any, from_h: Any, h: Any, c: Any) -> Any:
        i, f, g, o = np.split(x + from_h, 4, -1)
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        return [sigmoid(o) * np.tanh(c), c]

    def forward(self, a: Any, h: Any, old: Any, new: Any) -> None:
        np.tanh(a, a)
        np.add(np.multiply(a[:3], 0.5, a[:3]), 0.5, a[:3])  # of the sigmoids
        (i, f, o, g), (c, tanh_c) = a, new
        np.multiply(f, old[0], c)
        c += i * g
        np.multiply(o, np.tanh(c, tanh_c), h)

    def back(self, a: Any, h: Any, old: Any, new: Any, dh: Any, dc: Any, da: Any) -> None:
        (i, f, o, g), (di, df, do, dg) = a, da
        dc += dh * (o - h * new[1])  # dh o (1 - tanh(c)^2), for o tanh(c) = h
        np.multiply(i, g, di)
        np.multiply(dc, i - di * g, dg)  # dc i (1 - g^2)
        di *= dc
        dc *= f
        np.multiply(dc, old[0], df)
        np.multiply(dh, h, do)
        da[:3] *= 1.0 - a[:3]


class GRU:
    """n = tanh(x_n + r h_n), h = n + z (h - n) (Cho et al. 2014; with r after the product)."""

    order, memories = [0, 1, 2], 0

    def equations(self, x: Any, from_h: Any, h: Any) -> Any:
        (x_r, x_z, x_n), (h_r, h_z, h_n) = (np.split(a, 3, -1) for a in (x, from_h))
        n = np.tanh(x_n + sigmoid(x_r + h_r) * h_n)
        return [n + sigmoid(x_z + h_z) * (h - n)]


def recurrence_text(x: Any, start: Any, w_ih: Any, w_hh: Any, b_ih: Any, b_hh: Any,
                    cell: Any) -> Any:  # fmt: skip
    """The equations of the cell, step by step."""
    (h, *c), states = start, []
    for x_t in x:
        h, *c = cell.equations(linear(x_t, w_ih, b_ih), linear(h, w_hh, b_hh), h, *c)
        states.append(h)
    return np.stack([*states, *c])


def recurrence_back(g: Any, needed: Any, *kept: Any) -> Any:
    """Back through time; the gradients of the weights grow with each step, while da is at hand."""
    x, start, cell, (joint, state, blocks, memory) = *kept[:2], *kept[-2:]
    (steps, batch, _), (_, size, width) = x.shape, joint.shape
    d_state = np.zeros((width - 1 if needed[0] else size, batch), joint.dtype)
    dh, dc, total = d_state[:size], g[-1].T.copy(), np.zeros_like(joint)
    da, dx = np.empty_like(blocks[0]), np.empty((steps, x.shape[2] * needed[0], batch), joint.dtype)
    flat_da, down = da.reshape(-1, batch), joint.reshape(-1, width)[:, : len(d_state)].T.copy()
    flat_total, part = total.reshape(-1, width), np.empty((len(flat_da), width), joint.dtype)
    busy, states = g.any((1, 2)).tolist(), state.swapaxes(1, 2)  # often only the last step is
    each = g.swapaxes(1, 2), busy, dx, states, blocks, state[1:, :size], memory, memory[1:]
    for g_t, some, dx_t, past, a, h, old, new in zip(*[v[:steps][::-1] for v in each], strict=True):
        if some:
            dh += g_t
        cell.back(a, h, old, new, dh, dc, da)
        flat_total += flat_da.dot(past, part)
        down.dot(flat_da, d_state)
        if needed[0]:
            dx_t[:] = d_state[size:]
    parts = total[cell.order].reshape(-1, width)
    of_start, of_bias = np.stack([dh.T, dc.T][: len(start)]), parts[:, -1]
    return dx.swapaxes(1, 2), of_start, parts[:, size:-1], parts[:, :size], of_bias, of_bias, None


@fused(recurrence_text, recurrence_back)
def recurrence(x: Any, start: Any, w_ih: Any, w_hh: Any, b_ih: Any, b_hh: Any, cell: Any) -> Any:
    """All hidden states of a sequence, ``(steps, N, inputs) -> (steps, N, hidden)``.

    ``start`` is the first state or, of a cell with a memory, the first two, ``(2, N, hidden)``;
    then the last memory follows as one step more. Forward and backward of LSTM(2, 64), 100 steps,
    batch 64, take 7 ms, 20 as the composition.
    """
    (steps, batch, inputs), size = x.shape, start.shape[2]
    kind, width = np.result_type(x, start, w_ih, w_hh), size + inputs + 1
    bias = np.zeros(len(w_hh)) if b_ih is None else b_ih + b_hh
    joint = np.concatenate([w_hh, w_ih, bias[:, None]], 1, dtype=kind)
    joint = np.ascontiguousarray(joint.reshape(-1, size, width)[cell.order])
    state = np.empty((steps + 2, width, batch), kind)
    state[0, :size], state[:-2, size:-1], state[:, -1] = start[0].T, x.swapaxes(1, 2), 1.0
    hidden, rows = state[:, :size], len(w_hh)
    flat = hidden[1:-1] if rows == size else np.empty((steps, rows, batch), kind)
    blocks, weights = flat.reshape(steps, -1, size, batch), joint.reshape(-1, width).copy()
    weights[: cell.sigmoids * size] *= 0.5
    memory = np.empty((steps + 1, cell.memories, size, batch), kind)
    memory[0, :1] = start[1:].swapaxes(1, 2)
    each = zip(state, flat, blocks, hidden[1:], memory, memory[1:], strict=False)
    for past, flat_a, a, h, old, new in each:
        weights.dot(past, flat_a)
        cell.forward(a, h, old, new)
    results = hidden[1 : steps + len(start)]
    results[steps:] = memory[-1, :1]
    return results.swapaxes(1, 2), (joint, state, blocks, memory)
