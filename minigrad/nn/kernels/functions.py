"""The rows and kernels of activations and losses, and the identities that alter errors alone.

All are stable at every finite input; a kernel stands beside the composition that it stands for.
"""

import math
from typing import Any

import numpy as np

from ...autograd import Tensor, derivative, fused, primitive
from ...autograd.record import apply, constant
from ...autograd.registry import TABLE
from ...compositions import logsumexp
from ...errors import check, expect

# --- saturating ---------------------------------------------------------------------------------


def tanh(input: Any) -> Any:
    """The hyperbolic tangent, any shape to the same shape; its row is NumPy's.

    >>> tanh(np.array([0.0, 1000.0]))
    array([0., 1.])
    """
    return apply(TABLE[np.tanh], (input,), {}) if isinstance(input, Tensor) else np.tanh(input)


@primitive
def sigmoid(input: Any) -> Any:
    """``1 / (1 + exp(-x))``, any shape to the same shape.

    >>> sigmoid(np.array([0.0, 1000.0, -1000.0]))
    array([0.5, 1. , 0. ])
    """
    z = np.asarray(-input)
    with np.errstate(over="ignore"):  # exp may be inf: 1 / inf is the right 0
        z = np.exp(z, z) if z.dtype.kind == "f" else np.asarray(np.exp(z))
    one = constant(1.0, z.dtype.char)
    return np.divide(one, np.add(z, one, z), z)  # np.reciprocal takes twice as long


derivative(sigmoid, input=lambda g, z: (1.0 - z) * z * g)  # in this order in one temporary

_ANGLES = (np.arange(36) + 0.5) * (math.pi / 36.0)
_RATIOS = [math.erf(x) / x for x in 6.0 * np.cos(0.5 * _ANGLES)]
_SERIES: list[float] = (np.cos(np.outer(np.arange(36), _ANGLES)) @ _RATIOS / 18.0).tolist()


@primitive
def erf(x: Any) -> Any:
    """The error function within 2e-14, any shape to the same shape.

    It is x times a Chebyshev series in ``x**2`` that interpolates erf(x) / x on [-6, 6], summed by
    Clenshaw's recurrence (1955); further out it is 1 or -1 in float64.

    >>> erf(np.array([0.0, 0.5, 1000.0])).round(8)
    array([0.        , 0.52049988, 1.        ])
    """
    x = np.minimum(np.maximum(x, -6.0), 6.0)
    v, a, b = x * x / 9.0 - 2.0, 0.0, 0.0
    for c in _SERIES[:0:-1]:
        a, b = v * a - b + c, a
    return np.where(np.abs(x) < 6.0, x * (0.5 * (v * a + _SERIES[0]) - b), x / 6.0)


derivative(erf, x=lambda g, x: g * (2.0 / math.sqrt(math.pi)) * np.exp(-x * x))

# --- rectified ----------------------------------------------------------------------------------

_BITS = {"e": np.int16, "f": np.int32, "d": np.int64}


@primitive
def relu(input: Any) -> Any:
    """``x`` where positive, 0 elsewhere, any shape to the same shape; its slope at 0 is 0.

    >>> relu(np.array([-1.0, 0.0, 2.0]))
    array([0., 0., 2.])
    """
    x = np.asarray(input)
    kind = x.dtype.char if x.dtype.kind == "f" else "d"
    return x.clip(constant(0.0, kind), constant(math.inf, kind))  # np.maximum takes twice as long


@primitive
def gated(x: Any, y: Any) -> Any:
    """x where y > 0, 0 elsewhere: by bits, for to branch takes twenty times as long.

    On 131,072 numbers of random signs it is 27 us, 460 by np.where; a product is as quick, but not
    right where x is infinite, while one of bits by 0 or 1 is.
    """
    bits = _BITS.get(x.dtype.char)
    if bits is None:
        return np.where(y > 0.0, x, 0.0)
    kept = (y > constant(0.0, y.dtype.char)).astype(bits)
    kept *= x.view(bits)
    return kept.view(x.dtype)


derivative(relu, input=lambda g, z: gated(g, z))
derivative(gated, x=lambda g, y: gated(g, y), y=lambda g: 0.0 * g)

# --- identities that change the error on its way back --------------------------------------------
# Under create_graph that is recorded too: an error held at its bound is a constant there.


@primitive
def clip_gradient(input: Any, value: float | None = None, norm: float | None = None) -> Any:
    """``input`` itself; on its way back the error is clipped.

    Args:
        input: any shape.
        value: brings every element of the error into ``[-value, value]``.
        norm: multiplies the error by ``min(1, norm / (its norm + 1e-6))``, the norm being that of
            the whole array (Pascanu, Mikolov & Bengio 2013, algorithm 1). Give one of the two.

    >>> import minigrad
    >>> x = minigrad.tensor([3.0, 0.5], requires_grad=True)
    >>> (clip_gradient(x, value=1.0) ** 2).sum().backward()
    >>> x.grad
    tensor([1., 1.])
    """
    given = {k: v for k, v in (("value", value), ("norm", norm)) if v is not None}
    expect(len(given) == 1, "clip_gradient", "value= or norm=", given or "neither")
    check("clip_gradient", **given)
    return np.asarray(input)[...]


@primitive
def scale_gradient(input: Any, factor: float) -> Any:
    """``input`` itself; on its way back the error is multiplied by ``factor``.

    A negative factor reverses it (Ganin & Lempitsky 2015, eq. 10), 0 stops it.

    >>> import minigrad
    >>> x = minigrad.tensor([3.0], requires_grad=True)
    >>> scale_gradient(x, 0.1).backward()
    >>> x.grad
    tensor([0.1])
    """
    check("scale_gradient", factor=factor)
    return np.asarray(input)[...]


def clipped(g: Any, value: Any, norm: Any) -> Any:
    """g within its bounds, or shortened; sums of squares are taken relative to the largest."""
    if value is not None:
        return np.minimum(np.maximum(g, -value), value)
    largest = np.max(np.abs(g)) if g.size else 0.0
    unit = np.where(largest > 0.0, largest, 1.0)
    return g * np.minimum(1.0, norm / unit / (np.linalg.norm(g / unit) + 1e-6 / unit))


derivative(clip_gradient, input=clipped)
derivative(scale_gradient, input=lambda g, factor: g * factor)

# --- what losses share --------------------------------------------------------------------------


def alike(who: str, input: Any, target: Any) -> None:
    """Raise unless input and target have one shape."""
    one, other = np.shape(input), np.shape(target)
    expect(one == other, who, "input and target of one shape", f"{one} and {other}", "reshape one")


def reduced(losses: Any, reduction: str, share: Any = None) -> Any:
    """The losses, their sum, or their mean: the sum times ``share``, or one over their number."""
    check("a loss", reduction=reduction)
    if reduction != "mean":
        return losses if reduction == "none" else losses.sum()
    return losses.sum() * (share_of(losses.shape, losses.size) if share is None else share)


def share_of(shape: Any, total: float) -> float:
    """What a mean multiplies a sum by: one over the total weight."""
    given = f"shape {tuple(shape)} and a total weight of {total}"
    expect(total > 0.0, "a loss", "some losses to take the mean of", given, "leave the batch out")
    return 1.0 / total


# --- losses of differences ----------------------------------------------------------------------


@primitive
def mse_loss(input: Any, target: Any, reduction: str = "mean") -> Any:
    """The squared error of two arrays of one shape: its mean, its sum, or unreduced.

    >>> mse_loss(np.array([1.0, 2.0]), np.array([1.0, 4.0]))
    np.float64(2.0)
    """
    if input.shape != target.shape:
        alike("mse_loss", input, target)
    d = input - target
    flat = d.reshape(-1)
    return flat.dot(flat) / d.size if reduction == "mean" and d.size else reduced(d * d, reduction)


def slope(g: Any, input: Any, target: Any, reduction: Any) -> Any:
    """2 g (x - y), over n for a mean."""
    return (input - target) * (g * (2.0 / input.size if reduction == "mean" else 2.0))


derivative(mse_loss, input=slope)
derivative(mse_loss, target=lambda g, target, input, reduction: slope(g, target, input, reduction))

# --- losses of probabilities --------------------------------------------------------------------


@primitive
def binary_surprise(x: Any, y: Any) -> Any:
    """-y log x - (1 - y) log(1 - x), the logarithms not below -100."""
    with np.errstate(divide="ignore"):
        yes, no = np.maximum(np.log([x, 1.0 - x]), -100.0)
    return -y * yes - (1.0 - y) * no


_TINY = 9.999999960041972e-13  # PyTorch's bound of the variance: 1e-12 in float32
derivative(binary_surprise, x=lambda g, x, y: g * (x - y) / np.maximum(x * (1.0 - x), _TINY))


def surprise_text(x: Any, spread: Any) -> Any:
    """The sum over classes of spread (logsumexp x - x)."""
    return np.sum(spread * (logsumexp(x, -1, keepdims=True) - x), -1)


def surprise_back(g: Any, needed: Any, x: Any, spread: Any, logs: Any) -> Any:
    """g (softmax times the sum of spread - spread), and -g log softmax."""
    g = g[..., None]
    back = np.exp(logs) * (g * spread.sum(-1, keepdims=True)) - g * spread if needed[0] else None
    return back, -g * logs if needed[1] else None


@fused(surprise_text, surprise_back)
def surprise(x: Any, spread: Any) -> Any:
    """``-log softmax(x)`` of the last axis, times ``spread``, in sum: ``(..., C)`` -> ``(...)``.

    Forward and backward of ``(128, 10)`` take 30 us, 71 as the composition.
    """
    logs, one = x - x.max(-1, keepdims=True), np.ones(x.shape[-1], x.dtype)
    logs -= np.log(np.exp(logs).dot(one))[..., None]
    return np.asarray(-(np.where(spread == 0.0, 0.0, logs) * spread).dot(one)), logs
