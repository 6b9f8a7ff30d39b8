"""The kernels of the losses, each beside the composition that it stands for."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...autograd import fused
from ...compositions import logsumexp


def squared_error_text(x: Any, y: Any) -> Any:
    """The mean of (x - y)^2."""
    return np.mean((x - y) ** 2)


def squared_error_back(g: Any, needed: Any, x: Any, y: Any, difference: Any) -> Any:
    """2 g (x - y) / n, and its negative."""
    back = difference * (g * (2.0 / difference.size))
    return back if needed[0] else None, -back if needed[1] else None


@fused(squared_error_text, squared_error_back)
def squared_error(x: Any, y: Any) -> Any:
    """The mean of ``(x - y)**2`` over all elements of two arrays of one shape."""
    difference = x - y
    flat = difference.reshape(-1)
    return np.asarray(flat @ flat / flat.size, flat.dtype), difference


def surprise_text(x: Any, target: Any) -> Any:
    """logsumexp of each row, minus its entry at the target."""
    return logsumexp(x, -1) - x[np.arange(len(target)), target]


def surprise_back(g: Any, needed: Any, x: Any, target: Any, softmax: Any) -> Any:
    """g (softmax - one at the target)."""
    back = softmax * g[:, None]
    back[np.arange(len(target)), target] -= g
    return back, None


@fused(surprise_text, surprise_back)
def surprise(x: Any, target: Any) -> Any:
    """``-log softmax(x)`` at the target: logits ``(N, C)``, class indices ``(N,)`` -> ``(N,)``."""
    softmax = x - x.max(axis=1, keepdims=True)
    picked = softmax[np.arange(len(target)), target]
    np.exp(softmax, out=softmax)
    total = softmax.sum(axis=1)
    softmax /= total[:, None]
    return np.log(total) - picked, softmax
