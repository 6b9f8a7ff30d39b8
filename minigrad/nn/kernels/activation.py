"""The rows of the activations, stable at every finite input, and those that alter errors alone."""

import math
from typing import Any

import numpy as np

from ...autograd import Tensor, derivative, primitive
from ...autograd.record import apply
from ...autograd.registry import TABLE
from ...errors import expect
from ...ranges import check

# --- saturating ---------------------------------------------------------------------------------

_TANH = TABLE[np.tanh]


def tanh(input: Any) -> Any:
    """The hyperbolic tangent, any shape to the same shape; its row is NumPy's.

    >>> tanh(np.array([0.0, 1000.0]))
    array([0., 1.])
    """
    return apply(_TANH, (input,), {}) if isinstance(input, Tensor) else np.tanh(input)


@primitive
def sigmoid(input: Any) -> Any:
    """``1 / (1 + exp(-x))``, any shape to the same shape.

    >>> sigmoid(np.array([0.0, 1000.0, -1000.0]))
    array([0.5, 1. , 0. ])
    """
    with np.errstate(over="ignore"):  # exp may be inf: 1 / inf is the right 0
        z = np.asarray(np.exp(-input))
    z += 1.0
    return np.reciprocal(z, out=z)


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


@primitive
def relu(input: Any) -> Any:
    """``x`` where positive, 0 elsewhere, any shape to the same shape; its slope at 0 is 0.

    >>> relu(np.array([-1.0, 0.0, 2.0]))
    array([0., 0., 2.])
    """
    return np.maximum(input, 0.0)


@primitive
def gated(x: Any, y: Any) -> Any:
    """x where y > 0, 0 elsewhere: by bits, for to branch takes twenty times as long.

    On 131,072 numbers of random signs it is 24 us, 480 by np.where; a product is as quick, but not
    right where x is infinite.
    """
    if x.dtype.char not in "efd":
        return np.where(y > 0.0, x, 0.0)
    bits = f"i{x.itemsize}"
    return (x.view(bits) & -(y > 0.0).astype(bits)).view(x.dtype)


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
    if not g.size:
        return g
    largest = np.max(np.abs(g))
    unit = np.where(largest > 0.0, largest, 1.0)
    return g * np.minimum(1.0, norm / unit / (np.linalg.norm(g / unit) + 1e-6 / unit))


derivative(clip_gradient, input=clipped)
derivative(scale_gradient, input=lambda g, factor: g * factor)
