"""Gradients clipped by hand, and parameters as one vector."""

import math
from typing import Any

import numpy as np

from ..autograd import Tensor, mark_changed, replayed
from ..clipping import Arrays, clip_values, global_norm, gradients_of, named, nonfinite, rescale
from ..errors import expect
from ..ranges import check


@replayed
def get_total_norm(tensors: Any, norm_type: float = 2.0,
                   error_if_nonfinite: bool = False) -> Tensor:  # fmt: skip
    """The norm of all tensors as one vector, in their dtype; it does not overflow on its way.

    >>> import minigrad
    >>> get_total_norm([minigrad.full((2, 2), 1e20)])
    tensor(2.e+20)
    """
    arrays = {(i, n): t._array for i, (n, t) in enumerate(named("get_total_norm", tensors, True))}
    return _norm("get_total_norm", arrays, norm_type, error_if_nonfinite)


@replayed
def clip_grad_norm_(parameters: Any, max_norm: float, norm_type: float = 2.0,
                    error_if_nonfinite: bool = True) -> Tensor:  # fmt: skip
    """Bring the norm of all gradients down to ``max_norm``; returns the norm before.

    Every gradient is multiplied, in place, by ``min(1, max_norm / (norm + 1e-6))`` (Pascanu,
    Mikolov & Bengio 2013, algorithm 1).

    Args:
        parameters: tensors, or pairs of name and tensor; those without a gradient do not count.
        max_norm: the bound, above 0.
        norm_type: 2, 1, infinity or any other above 0.
        error_if_nonfinite: raise, rather than go on as PyTorch does by default.

    Raises:
        RuntimeError: if a gradient is not finite, naming the parameters; nothing is changed then.

    >>> import minigrad
    >>> p = minigrad.tensor([3.0, 4.0], requires_grad=True)
    >>> (p * p / 2.0).sum().backward()
    >>> clip_grad_norm_([p], max_norm=1.0), p.grad
    (tensor(5.), tensor([0.6, 0.8]))
    """
    check("clip_grad_norm_", max_norm=max_norm)
    gradients = gradients_of(named("clip_grad_norm_", parameters, True))
    norm = _norm("clip_grad_norm_", gradients, norm_type, error_if_nonfinite)
    rescale(gradients.values(), norm.item(), max_norm)
    return norm


@replayed
def clip_grad_value_(parameters: Any, clip_value: float) -> None:
    """Bring every element of the gradients into ``[-clip_value, clip_value]``, in place.

    >>> import minigrad
    >>> p = minigrad.tensor([3.0, -0.5], requires_grad=True)
    >>> (p * p).sum().backward()
    >>> clip_grad_value_([p], 2.0)
    >>> p.grad
    tensor([ 2., -1.])
    """
    check("clip_grad_value_", clip_value=clip_value)
    gradients = gradients_of(named("clip_grad_value_", parameters, True))
    clip_values(gradients.values(), clip_value)


def parameters_to_vector(parameters: Any) -> Tensor:
    """All elements of the parameters in one vector, on the tape.

    >>> import minigrad
    >>> parameters_to_vector([minigrad.zeros(2), minigrad.ones(1, 2)])
    tensor([0., 0., 1., 1.])
    """
    pairs = named("parameters_to_vector", parameters, True)
    expect(pairs, "parameters_to_vector", "parameters", "none", "give some")
    return np.concatenate([p.reshape(-1) for _, p in pairs])  # type: ignore[return-value]  # of tensors: one


@replayed
def vector_to_parameters(vec: Any, parameters: Any) -> None:
    """Write the elements of a vector, a tensor or an array, over those of the parameters.

    Raises:
        ValueError: if there are not as many; nothing is changed then.

    >>> import minigrad
    >>> p, q = minigrad.zeros(2), minigrad.ones(1, 2)
    >>> vector_to_parameters(np.arange(4.0), [p, q])
    >>> q
    tensor([[2., 3.]])
    """
    who, array = "vector_to_parameters", np.asarray(getattr(vec, "_array", vec))
    params = [p for _, p in named(who, parameters, True)]
    *starts, size = np.cumsum([0, *[p.size for p in params]])
    expect(array.shape == (size,), who, f"a vector of {size} elements", f"shape {array.shape}")
    for p, start in zip(params, starts, strict=True):
        p._array[...] = array[start : start + p.size].reshape(p.shape)
    mark_changed(*[p._array for p in params])


def _norm(who: str, arrays: Arrays, norm_type: float, strict: bool) -> Tensor:
    check(who, norm_type=norm_type)
    norm = global_norm(arrays.values(), norm_type)
    if strict and not math.isfinite(norm):
        raise nonfinite(who, arrays)
    return Tensor(np.asarray(norm, np.result_type(*(arrays.values() or [Tensor.default_dtype]))))
