"""What the workloads with dense layers share: starts, and losses with NumPy's names."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np


def layers(
    draw: np.random.Generator, sizes: Sequence[int], gain: float = 1.0, dtype: Any = np.float32
) -> list[np.ndarray]:
    """Weights ``(out, in)`` and biases of zero, alternating, as ``parameters()`` has them."""
    arrays = []
    for n, m in pairwise(sizes):
        arrays.append((gain * draw.standard_normal((m, n)) / np.sqrt(n)).astype(dtype))
        arrays.append(np.zeros(m, dtype))
    return arrays


def net(xp: Any, x: Any, parameters: Any, activation: Any, last: bool = False) -> Any:
    """Dense layers with an activation between them, and after the last one too if asked."""
    pairs = list(zip(parameters[::2], parameters[1::2], strict=True))
    h = x
    for i, (w, b) in enumerate(pairs):
        h = xp.matmul(h, xp.transpose(w)) + b
        h = activation(h) if last or i < len(pairs) - 1 else h
    return h


def tanh_net(xp: Any, x: Any, parameters: Any) -> Any:
    return net(xp, x, parameters, xp.tanh)


def mse(xp: Any, z: Any, y: Any) -> Any:
    return xp.mean((z - y) ** 2)


def cross_entropy(xp: Any, z: Any, labels: np.ndarray) -> Any:
    z = z - xp.max(z, axis=1, keepdims=True)
    picked = z[np.arange(len(labels)), labels]
    return xp.mean(xp.log(xp.sum(xp.exp(z), axis=1)) - picked)
