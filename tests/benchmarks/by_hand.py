"""What the hand-written workloads share: flat parameters, updates, batch norm, a softmax."""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt

import numpy as np


class FlatParameters:
    """Copies of arrays side by side in one, with their gradients in another."""

    def __init__(self, arrays: Sequence[np.ndarray]) -> None:
        sizes = np.cumsum([a.size for a in arrays])
        self.values = np.concatenate(arrays, axis=None)
        self.slopes = np.zeros_like(self.values)
        self.parameters, self.gradients = (
            [
                part.reshape(a.shape)
                for part, a in zip(np.split(flat, sizes[:-1]), arrays, strict=True)
            ]
            for flat in (self.values, self.slopes)
        )

    def clip(self, most: float) -> None:
        """Bring the norm of all gradients down to ``most``, as PyTorch does."""
        norm = sqrt(self.slopes @ self.slopes)
        if most < norm + 1e-6:
            np.multiply(self.slopes, np.float32(most / (norm + 1e-6)), self.slopes)


class Adam:
    """Adam with PyTorch's defaults, on all parameters at once and in place."""

    def __init__(self, flat: FlatParameters, lr: float) -> None:
        self.flat, self.lr, self.steps = flat, lr, 0
        self.first, self.second, self.scratch = (np.zeros_like(flat.values) for _ in range(3))
        self.rates = [np.array(v, flat.values.dtype) for v in (0.9, 0.1, 0.999, 0.001)]

    def __call__(self) -> None:
        m, v, s, g = self.first, self.second, self.scratch, self.flat.slopes
        keep1, add1, keep2, add2 = self.rates
        self.steps += 1
        np.multiply(m, keep1, m)
        np.multiply(g, add1, s)
        np.add(m, s, m)
        np.multiply(v, keep2, v)
        np.multiply(g, g, g)
        np.multiply(g, add2, g)
        np.add(v, g, v)
        np.sqrt(v, s)
        np.multiply(s, s.dtype.type(1.0 / sqrt(1.0 - 0.999**self.steps)), s)
        np.add(s, s.dtype.type(1e-8), s)
        np.divide(m, s, s)
        np.multiply(s, s.dtype.type(self.lr / (1.0 - 0.9**self.steps)), s)
        np.subtract(self.flat.values, s, self.flat.values)


class Momentum:
    """Gradient descent with momentum, on all parameters at once and in place."""

    def __init__(self, flat: FlatParameters, lr: float, momentum: float) -> None:
        self.flat, self.velocity, self.scratch = flat, None, np.empty_like(flat.values)
        self.lr, self.momentum = np.array(lr, np.float32), np.array(momentum, np.float32)

    def __call__(self) -> None:
        if self.velocity is None:
            self.velocity = self.flat.slopes.copy()
        else:
            np.multiply(self.velocity, self.momentum, self.velocity)
            np.add(self.velocity, self.flat.slopes, self.velocity)
        np.multiply(self.velocity, self.lr, self.scratch)
        np.subtract(self.flat.values, self.scratch, self.flat.values)


class BatchNorm:
    """Batch norm in training, in place: ``(m, C)``, or ``(C, m)`` if transposed."""

    def __init__(
        self, weight: np.ndarray, bias: np.ndarray, by_weight: np.ndarray, by_bias: np.ndarray,
        m: int, transposed: bool = False,
    ) -> None:  # fmt: skip
        shape = (len(weight), m) if transposed else (m, len(weight))
        self.spread, self.back = np.empty(shape, np.float32), np.empty(shape, np.float32)
        self.mean, self.var, self.scale, self.s, self.t, self.u = (
            np.empty_like(weight) for _ in range(6)
        )
        self.given = weight, bias, by_weight, by_bias
        self.share, self.ones = np.full(m, 1.0 / m, np.float32), np.ones(m, np.float32)
        self.side = (lambda v: v[:, None]) if transposed else (lambda v: v)
        self.over = (lambda v, x, z: x.dot(v, z)) if transposed else np.dot
        self.running_mean, self.running_var = np.zeros_like(weight), np.ones_like(weight)
        self.unbiased = np.array(m / (m - 1), np.float32)

    def forward(self, x: np.ndarray) -> None:
        weight, bias, *_ = self.given
        self.over(self.share, x, self.mean)
        np.subtract(x, self.side(self.mean), self.spread)
        np.multiply(self.spread, self.spread, x)
        self.over(self.share, x, self.var)
        np.add(self.var, EPS, self.scale)
        np.sqrt(self.scale, self.scale)
        np.divide(ONE, self.scale, self.scale)
        np.multiply(self.scale, weight, self.u)
        np.multiply(self.spread, self.side(self.u), x)
        np.add(x, self.side(bias), x)
        self.running_mean += TENTH * (self.mean - self.running_mean)
        self.running_var += TENTH * (self.unbiased * self.var - self.running_var)

    def backward(self, d: np.ndarray) -> np.ndarray:
        weight, _, by_weight, by_bias = self.given
        back, s, t = self.back, self.s, self.t
        np.multiply(d, self.spread, back)
        self.over(self.ones, back, t)
        np.multiply(t, self.scale, by_weight)
        self.over(self.ones, d, by_bias)
        np.multiply(by_weight, self.scale, t)
        np.multiply(t, self.share[0], t)
        np.multiply(by_bias, self.share[0], s)
        np.multiply(self.spread, self.side(t), back)
        np.subtract(d, back, back)
        np.subtract(back, self.side(s), back)
        np.multiply(self.scale, weight, self.u)
        np.multiply(back, self.side(self.u), back)
        return back


EPS, ZERO, TENTH, ONE, INF = (np.array(v, np.float32) for v in (1e-5, 0.0, 0.1, 1.0, np.inf))


def relu_in_place(h: np.ndarray) -> None:
    """The positive part: clipping takes a third of the time of ``np.maximum``."""
    h.clip(ZERO, INF, h)


def softmax_in_place(z: np.ndarray, rows: np.ndarray, labels: np.ndarray) -> float:
    """Turn logits into probabilities; the mean cross-entropy at the labels."""
    z -= z.max(axis=1, keepdims=True)
    picked = z[rows, labels]
    np.exp(z, z)
    total = z.sum(axis=1)
    z /= total[:, None]
    return float((np.log(total) - picked).mean())
