"""The kernels of the layers with weights, each beside the composition that it stands for.

They are the linear layer's, and one for both batch and layer normalisation.
"""

import math
from functools import lru_cache
from types import SimpleNamespace
from typing import Any

import numpy as np

from ...autograd import Tensor, fused, replayed
from ...autograd.record import constant
from ...errors import expect, wrong_kind, wrong_value

# --- linear -------------------------------------------------------------------------------------


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


# --- normalisation ------------------------------------------------------------------------------


def batch_norm(input: Any, running_mean: Any = None, running_var: Any = None, weight: Any = None,
               bias: Any = None, training: bool = False, momentum: float = 0.1,
               eps: float = 1e-5) -> Any:  # fmt: skip
    """Each channel less its mean, over its deviation: ``(N, C, ...)`` to the same shape.

    In training these are the mean and the biased variance of the batch, and the running ones,
    tensors, move towards them and the unbiased variance by ``momentum``; otherwise they are the
    running ones, if there are any (Ioffe & Szegedy 2015, algorithms 1 and 2).

    >>> batch_norm(np.array([[1.0], [3.0]]), training=True, eps=0.0)
    tensor([[-1.],
            [ 1.]], dtype=float64)
    """
    shape, like = input.shape, running_mean if weight is None else weight
    if len(shape) < 2 or (like is not None and like.shape != shape[1:2]):
        wanted = f"inputs of shape (N, {'C' if like is None else like.size}, ...)"
        raise wrong_value("batch_norm", wanted, shape)
    weight = Tensor(np.ones(shape[1], input.dtype)) if weight is None else weight
    bias = Tensor(np.zeros(shape[1], input.dtype)) if bias is None else bias
    if not training and running_mean is not None:
        side, scale = (-1, *[1] * (len(shape) - 2)), weight / np.sqrt(running_var + eps)
        return (input - running_mean.reshape(side)) * scale.reshape(side) + bias.reshape(side)
    m, moments = math.prod(shape) // max(shape[1], 1), SimpleNamespace()
    expect(m > 1, "batch_norm", "more than one value per channel", shape, "enlarge it, or eval()")
    z = normalize(input, weight, bias, eps, moments)
    if training and running_mean is not None and vars(moments):
        move(running_mean, running_var, moments, momentum, m / (m - 1))
    return z


@replayed
def move(running_mean: Any, running_var: Any, moments: Any, momentum: float, share: float) -> Any:
    """Bring the running statistics nearer to those of the batch."""
    keep, kind = 1.0 - momentum, moments.mean.dtype.char
    for running, new, f in (running_mean, moments.mean, 1.0), (running_var, moments.var, share):
        moved, old = new * constant(momentum * f, kind), running._array
        moved += old * constant(keep, kind)
        running._array = moved if moved.dtype is old.dtype else moved.astype(old.dtype)  # anew
    return running_mean._array, running_var._array


@replayed
def increment(count: Any) -> None:
    """Count a batch."""
    count._array[()] += 1  # by an index it takes a tenth of the time


def layer_norm(input: Any, normalized_shape: Any, weight: Any = None, bias: Any = None,
               eps: float = 1e-5) -> Any:  # fmt: skip
    """Mean 0 and variance 1 over the last axes: any shape to the same shape.

    ``normalized_shape`` is the shape of those axes, and of weight and bias (Ba, Kiros & Hinton
    2016, eq. 4). It is a batch normalisation of the transpose.

    >>> layer_norm(np.array([1.0, 3.0]), (2,), eps=0.0)
    tensor([-1.,  1.], dtype=float64)
    """
    last, shape = tuple(normalized_shape), input.shape
    fit = last and shape[-len(last) :] == last
    expect(fit, "layer_norm", f"inputs of shape (..., {str(last)[1:-1].strip(',')})", shape)
    rows = input.reshape(math.prod(shape[: -len(last)]), math.prod(last))
    neutral = (Tensor(fill(len(rows), input.dtype)) for fill in (np.ones, np.zeros))
    z = normalize(rows.T, *neutral, eps, SimpleNamespace()).T.reshape(shape)
    z = z if weight is None else z * weight
    return z if bias is None else z + bias


def normalize_text(x: Any, weight: Any, bias: Any, eps: float, _: Any) -> Any:
    """(x - mean) / sqrt(variance + eps) * weight + bias."""
    axes, side = (0, *range(2, x.ndim)), (-1, *[1] * (x.ndim - 2))
    spread = x - np.mean(x, axes, keepdims=True)
    z = spread / np.sqrt(np.mean(spread * spread, axes, keepdims=True) + eps)
    return z * np.reshape(weight, side) + np.reshape(bias, side)


def normalize_back(g: Any, needed: Any, *kept: Any) -> Any:
    """(g - s / m - z t / m) weight / deviation, t and s, the sums of g z and g over m elements."""
    x, weight, _, _, _, (spread, scale) = kept
    g, one = rows_of(g), same(1.0, spread.shape[1], spread.dtype)
    p = g * spread
    t, s, share = p.dot(one) * scale, g.dot(one), constant(1.0 / len(one), one.dtype.char)
    np.multiply(spread, (t * scale * share)[:, None], p)
    np.subtract(g, p, p)
    p -= (s * share)[:, None]
    p *= (scale * weight)[:, None]
    return shaped(p, x.shape), t, s, None, None


@fused(normalize_text, normalize_back)
def normalize(x: Any, weight: Any, bias: Any, eps: float, moments: Any) -> Any:
    """Each channel with mean 0 and variance 1, then ``* weight + bias``, ``(N, C, ...)``.

    The mean and the biased variance are left in ``moments``. Forward and backward of
    ``(128, 64)`` take 37 us, 123 as the composition.
    """
    expect(x.dtype.kind in "fc", "a normalisation", "floats", x.dtype, "use .float()", TypeError)
    rows = rows_of(x)
    share = same(1.0 / (rows.shape[1] or 1), rows.shape[1], rows.dtype)
    moments.mean = mean = rows.dot(share)
    spread = rows - mean[:, None]
    y = spread * spread
    moments.var = var = y.dot(share)
    scale = constant(1.0, x.dtype.char) / np.sqrt(var + constant(eps, x.dtype.char))
    np.multiply(spread, (scale * weight)[:, None], y)
    y += bias[:, None]
    return shaped(y, x.shape), (spread, scale)


def rows_of(x: Any) -> Any:
    """The channels as rows: a view where the memory allows it."""
    return x.T if x.ndim == 2 else x.transpose(1, *range(2, x.ndim), 0).reshape(x.shape[1], -1)


def shaped(rows: Any, shape: tuple[int, ...]) -> Any:
    """Rows of channels in the shape ``(N, C, ...)``: a view."""
    return rows.T if len(shape) == 2 else np.moveaxis(rows.reshape(*shape[1:], shape[0]), -1, 0)
