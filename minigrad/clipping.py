"""Clipping: the norm of gradients, safely summed, and what brings it down.

What `nn.utils` offers and what every optimizer has built in are these same functions.
"""

import math
import sys
from collections.abc import Collection, Iterable
from typing import Any

import numpy as np

from .autograd import Tensor, mark_changed
from .errors import wrong_kind, wrong_state

Named = list[tuple[str | None, Tensor]]
Arrays = dict[tuple[int, str | None], np.ndarray]  # by number and name

_TOLD = 5  # how many parameters an error names


def named(who: str, parameters: Any, also_one: bool = False) -> Named:
    """Parameters with their names, None where they are given without.

    One parameter alone is an error, lest its rows are taken for several, unless ``also_one``.

    >>> import minigrad
    >>> named("it", [minigrad.zeros(2)]), named("it", [("bias", minigrad.zeros(1))])
    ([(None, tensor([0., 0.]))], [('bias', tensor([0.]))])
    """
    parameters = [parameters] if also_one and isinstance(parameters, Tensor) else parameters
    if isinstance(parameters, (Tensor, set)) or not isinstance(parameters, Iterable):
        given = f"one {type(parameters).__name__}"
        raise wrong_kind(who, "a list of parameters", given, "write [p] for one")
    pairs: Any = [p if isinstance(p, tuple) and len(p) == 2 else (None, p) for p in parameters]
    for number, (_, p) in enumerate(pairs):
        if not isinstance(p, Tensor):
            given = f"{type(p).__name__} as number {number}"
            raise wrong_kind(who, "parameters that are tensors", given, "give model.parameters()")
    return list(pairs)


def gradients_of(parameters: Named) -> Arrays:
    """The arrays of the gradients that there are, by the number and name of the parameter."""
    return {(i, n): p._grad._array for i, (n, p) in enumerate(parameters) if p._grad is not None}


def global_norm(arrays: Collection[np.ndarray], norm_type: float = 2.0) -> float:
    """The norm of all arrays as one vector, infinite or NaN only if one of its elements is.

    It is the root of the plain sum of squares, unless that may have overflowed or vanished, as
    in float32 it does at 1e20 and 1e-23; then it is summed in float64, over the largest element.

    >>> global_norm([np.full(4, 1e20)])
    2e+20
    """
    if norm_type == 2.0:
        squares = sum([float(np.vdot(array, array)) for array in arrays])
        if 1e-20 < squares < 1e30:  # then none overflowed or vanished in float32
            return math.sqrt(squares)
    top = float(np.max([np.abs(array).max(initial=0.0) for array in arrays], initial=0.0))
    if math.isinf(norm_type) or top == 0.0 or not math.isfinite(top):
        return top
    powers = math.fsum(np.sum((np.abs(a, dtype=np.float64) / top) ** norm_type) for a in arrays)
    return min(top * math.pow(powers, 1.0 / norm_type), sys.float_info.max)


def clip_values(arrays: Iterable[np.ndarray], bound: float) -> bool:
    """Bring every element into ``[-bound, bound]``, in place; whether any was outside."""
    outside = [a for a in arrays if not -bound <= a.min(initial=0.0) <= a.max(initial=0.0) <= bound]
    for array in outside:
        np.clip(array, -bound, bound, array)
        mark_changed(array)
    return bool(outside)


def scale(arrays: Collection[np.ndarray], coefficient: float) -> None:
    """Multiply all arrays, in place."""
    for array in arrays:
        np.multiply(array, np.asarray(coefficient, array.dtype), array)
    mark_changed(*arrays)


def rescale(arrays: Collection[np.ndarray], norm: float, clip_norm: Any,
            rescale_norm: Any = None) -> float:  # fmt: skip
    """Scale, in place, what has this norm; returns the coefficient.

    ``clip_norm`` is an upper bound (Pascanu et al. 2013, algorithm 1; the 1e-6 is PyTorch's).
    """
    # A norm of NaN is not below the bound, and stays.
    coefficient = 1.0 if clip_norm is None or norm + 1e-6 < clip_norm else clip_norm / (norm + 1e-6)
    if rescale_norm is not None and norm > 1e-30:
        coefficient = rescale_norm / norm
    if coefficient != 1.0:
        scale(arrays, coefficient)
    return coefficient


def nonfinite(who: str, gradients: Arrays) -> RuntimeError:
    """The error that names the parameters whose gradients are not finite."""
    wrong = [(*key, a.shape) for key, a in gradients.items() if not np.isfinite(a).all()]
    found = [f"{i} {name!r} of shape {s}" if name else f"{i} of shape {s}" for i, name, s in wrong]
    more = f" and {len(found) - _TOLD} more" if len(found) > _TOLD else ""
    given = f"NaN or Inf in that of parameter {', '.join(found[:_TOLD])}{more}"
    mend = "nothing was changed; minigrad.detect_anomaly() finds where the first came from"
    return wrong_state(who, "finite gradients", given, mend)
