"""The derivatives of reductions and scans along axes, each beside its adjoint."""

import math
from typing import Any

import numpy as np

from ..autograd.registry import TABLE, derivative, primitive


def along(axis: Any, ndim: int) -> tuple[int, ...]:
    """The axes as a tuple of numbers from 0; all for None."""
    if axis is None:
        return tuple(range(ndim))
    return tuple(i % ndim for i in (axis if isinstance(axis, tuple) else (axis,)))


def count(shape: tuple[int, ...], axis: Any) -> int:
    """How many elements each result of a reduction is made of."""
    return math.prod(shape[i] for i in along(axis, len(shape)))


@primitive
def spread(g: Any, shape: tuple[int, ...], axis: Any = None, keepdims: Any = False) -> Any:
    """Repeat ``g`` along the axes that a reduction of ``shape`` removed: the adjoint of sum."""
    if axis is not None and not keepdims:
        g = np.expand_dims(g, along(axis, len(shape)))
    full = np.empty(shape, g.dtype)
    full[...] = g
    return full


def extreme_rule(g: Any, z: Any, a: Any, axis: Any, keepdims: Any) -> Any:
    """The gradient to the elements that are the extreme, shared equally by those that tie."""
    shape = np.shape(a)
    chosen = np.equal(a, spread(z, shape, axis, keepdims))
    number = np.sum(chosen, axis, keepdims=bool(keepdims), dtype=z.dtype)
    return np.where(chosen, spread(g / np.maximum(number, 1.0), shape, axis, keepdims), 0.0)


derivative(spread, g=lambda g, axis, keepdims: np.sum(g, axis, keepdims=bool(keepdims)))
derivative(np.sum, a=lambda g, a_shape, axis, keepdims: spread(g, a_shape, axis, keepdims))
derivative(np.mean, a=lambda g, a_shape, axis, keepdims: spread(
    g / max(count(a_shape, axis), 1), a_shape, axis, keepdims))  # fmt: skip
derivative(np.cumsum, a=lambda g, a_shape, axis: np.reshape(  # the sum from each place on
    np.flip(np.cumsum(np.flip(g, axis or 0), axis or 0), axis or 0), a_shape))  # fmt: skip
for extreme in np.max, np.min, np.amax, np.amin:
    derivative(extreme, a=extreme_rule)
for name in "sum", "mean", "max", "min":  # the methods are NumPy's shorter way
    TABLE[getattr(np, name)].forward = getattr(np.ndarray, name)
