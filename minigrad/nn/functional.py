"""The layers and losses as functions of tensors or arrays."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..autograd import Tensor, derivative, primitive
from ..autograd.record import dispatch
from .kernels import linear as linear_kernel, loss as loss_kernels


def linear(input: Any, weight: Any, bias: Any = None) -> Any:
    """``input @ weight.T + bias``: ``(..., in)``, ``(out, in)``, ``(out,)`` -> ``(..., out)``."""
    try:
        return linear_kernel.linear(input, weight, bias)
    except ValueError:
        raise ValueError(
            f"Linear expects inputs of shape (..., {shape_of(weight)[-1]}), got {shape_of(input)}"
        ) from None


@primitive
def sigmoid(input: Any) -> Any:
    """``1 / (1 + exp(-x))``, any shape to the same shape.

    >>> sigmoid(np.array([0.0, 1000.0, -1000.0]))
    array([0.5, 1. , 0. ])
    """
    with np.errstate(over="ignore"):  # exp may be inf: 1 / inf is the right 0
        return 1.0 / (1.0 + np.exp(-input))


@primitive
def relu(input: Any) -> Any:
    """``x`` where positive, 0 elsewhere, any shape to the same shape; its slope at 0 is 0.

    >>> relu(np.array([-1.0, 0.0, 2.0]))
    array([0., 0., 2.])
    """
    return np.maximum(input, 0.0)


derivative(sigmoid, input=lambda g, z: g * (z - z * z))
derivative(relu, input=lambda g, z: np.where(z > 0.0, g, 0.0))


def tanh(input: Any) -> Any:
    """The hyperbolic tangent, any shape to the same shape."""
    return dispatch(np.tanh, (input,), {}) if isinstance(input, Tensor) else np.tanh(input)


def mse_loss(input: Any, target: Any, reduction: str = "mean") -> Any:
    """The squared error of two arrays of one shape: its mean, its sum, or unreduced."""
    if shape_of(input) != shape_of(target):
        raise ValueError(
            f"mse_loss expects input and target of one shape, got {shape_of(input)} and "
            f"{shape_of(target)}; reshape one of them"
        )
    if reduction == "mean":
        return loss_kernels.squared_error(input, target)
    return reduced((input - target) ** 2, reduction)


def cross_entropy(input: Any, target: Any, reduction: str = "mean") -> Any:
    """``-log softmax(input)`` at the target class: logits ``(N, C)``, class indices ``(N,)``."""
    shape, indices = shape_of(input), np.asarray(target)
    if len(shape) != 2 or indices.shape != shape[:1] or indices.dtype.kind not in "iu":
        raise ValueError(
            f"cross_entropy expects logits (N, C) and N class indices, got {shape} and a target of "
            f"shape {indices.shape}, {indices.dtype}"
        )
    if indices.size and not 0 <= indices.min() <= indices.max() < shape[1]:
        raise ValueError(
            f"cross_entropy expects class indices from 0 to {shape[1] - 1}, got "
            f"{indices.min()} to {indices.max()}"
        )
    return reduced(loss_kernels.surprise(input, indices), reduction)


def shape_of(x: Any) -> tuple[int, ...]:
    """The shape of a tensor, an array or nested lists."""
    shape: tuple[int, ...] = x.shape if hasattr(x, "shape") else np.shape(x)
    return shape


def reduced(losses: Any, reduction: str) -> Any:
    """The mean or sum of losses, or the losses themselves."""
    if reduction not in ("mean", "sum", "none"):
        raise ValueError(f"reduction expects 'mean', 'sum' or 'none', got {reduction!r}")
    return losses.mean() if reduction == "mean" else losses.sum() if reduction == "sum" else losses
