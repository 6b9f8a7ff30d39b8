"""The derivatives of functions that arrange and join arrays."""

import math
from typing import Any

import numpy as np

from ..autograd.registry import TABLE, derivative
from ..errors import wrong_value


def reshape_rule(g: Any, a_shape: Any, order: Any) -> Any:
    """The gradient in the shape of the argument."""
    if order not in ("C", "F"):
        raise wrong_value("the derivative of reshape", "order 'C' or 'F'", repr(order), "use one")
    return np.reshape(g, a_shape, order)


def concatenate_rule(g: Any, arrays_shape: Any, axis: Any) -> list[Any]:
    """The piece of the gradient that belongs to each array."""
    if axis is None:
        flat = concatenate_rule(g, [(math.prod(shape),) for shape in arrays_shape], 0)
        return [np.reshape(piece, shape) for piece, shape in zip(flat, arrays_shape, strict=True)]
    before = (slice(None),) * (axis % g.ndim)
    ends = np.cumsum([shape[axis] for shape in arrays_shape]).tolist()
    return [g[(*before, slice(i, j))] for i, j in zip([0, *ends], ends, strict=False)]


derivative(np.reshape, "a, shape=None, order='C', copy=None", a=reshape_rule)
for flattening in np.ravel, np.ndarray.flatten:
    derivative(flattening, "a, order='C'", a=reshape_rule)
for same_elements in np.squeeze, np.expand_dims:
    derivative(same_elements, a=lambda g, a_shape: np.reshape(g, a_shape))
derivative(np.copy, a=lambda g: g)
derivative(np.ndarray.copy, "a, order='C'", a=lambda g: g)
derivative(np.transpose, a=lambda g, axes: np.transpose(
    g, None if axes is None else np.argsort([i % len(axes) for i in axes])))  # fmt: skip
derivative(np.matrix_transpose, x=lambda g: g.mT)
derivative(np.swapaxes, a=lambda g, axis1, axis2: np.swapaxes(g, axis1, axis2))
derivative(np.moveaxis, a=lambda g, source, destination: np.moveaxis(g, destination, source))
derivative(np.broadcast_to, array=lambda g: g)
derivative(np.flip, m=lambda g, axis: np.flip(g, axis))
derivative(np.roll, a=lambda g, shift, axis: np.roll(g, np.negative(shift), axis))
derivative(np.tril, m=lambda g, k: np.tril(g, k))
derivative(np.triu, m=lambda g, k: np.triu(g, k))
joined = "arrays, axis=0, out=None, dtype=None, casting='same_kind'"
derivative(np.concatenate, joined, arrays=concatenate_rule)
TABLE[np.transpose].forward = np.ndarray.transpose  # NumPy's shorter ways
TABLE[np.matrix_transpose].forward = lambda x: x.mT
TABLE[np.reshape].forward = lambda a, shape, order="C": a.reshape(shape, order=order)
