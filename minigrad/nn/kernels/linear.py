"""The kernel of the linear layer, beside the composition that it stands for."""

from functools import lru_cache
from typing import Any

import numpy as np

from ...autograd import fused
from ...errors import wrong_kind, wrong_value


def linear_text(input: Any, weight: Any, bias: Any = None) -> Any:
    """x W^T + b."""
    z = input @ weight.T
    return z if bias is None else z + bias


def linear_back(g: Any, needed: Any, input: Any, weight: Any, bias: Any, _: Any) -> Any:
    """g W, g^T x and the sum of g."""
    shape, back = input.shape, None
    if len(shape) != 2:
        g, input = g.reshape(-1, g.shape[-1]), input.reshape(-1, shape[-1])
    if needed[0]:  # in the memory layout of the input, so that what is behind it need not copy
        back = g.dot(weight) if input.flags.c_contiguous else weight.T.dot(g.T).T
        back = back if len(shape) == 2 else back.reshape(shape)
    weight_back = g.T.dot(input) if needed[1] else None
    return back, weight_back, same(1.0, len(g), g.dtype).dot(g) if needed[2] else None


@lru_cache
def same(value: float, n: int, dtype: Any) -> np.ndarray:
    """A vector of one value, 1 to sum over rows with, 1 / n for the mean.

    As a product it takes half the time of a sum.
    """
    return np.full(n, value, dtype)


@fused(linear_text, linear_back)
def linear(input: Any, weight: Any, bias: Any = None) -> Any:
    """``input @ weight.T + bias``: ``(..., in)``, ``(out, in)``, ``(out,)`` -> ``(..., out)``.

    Forward and backward of ``(64, 16)``, ``(16, 16)`` take 15 us, 23 as the composition. There
    ``a.dot(b)`` takes 0.4 us less than ``a @ b``, which gives the same bits.

    >>> linear(np.ones((2, 3)), np.ones((1, 3)), np.ones(1))
    array([[4.],
           [4.]])
    """
    has_bias = bias is not None
    if input.shape[-1:] != weight.shape[1:] or (has_bias and bias.shape != weight.shape[:1]):
        wanted = f"inputs of shape (..., {weight.shape[-1]})"
        given = f"{input.shape}, its weight being {weight.shape} and its bias {np.shape(bias)}"
        raise wrong_value("Linear", wanted, given, "reshape one of them")
    z = input.dot(weight.T) if input.ndim == 2 else input @ weight.T
    if has_bias:
        z += bias
    if z.dtype is not weight.dtype and input.dtype.kind != "f":
        raise wrong_kind("Linear", "inputs of floats", input.dtype, "use .float() on them")
    return z, None
