"""Identities that change the error on its way back: clipped, or scaled.

What they do is part of the pass, and under ``create_graph`` recorded and differentiated with it:
an error held at its bound is a constant there, and a factor acts once in every pass.
"""

from typing import Any

import numpy as np

from ...autograd import derivative, primitive
from ...ranges import check


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
    if len(given) != 1:
        raise ValueError(f"clip_gradient expects value= or norm=, got {given or 'neither'}")
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
