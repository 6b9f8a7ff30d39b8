"""What the hand-written workloads share: parameters side by side, Adam, a clip, a softmax."""

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


def softmax_in_place(z: np.ndarray, rows: np.ndarray, labels: np.ndarray) -> float:
    """Turn logits into probabilities; the mean cross-entropy at the labels."""
    z -= z.max(axis=1, keepdims=True)
    picked = z[rows, labels]
    np.exp(z, z)
    total = z.sum(axis=1)
    z /= total[:, None]
    return float((np.log(total) - picked).mean())
