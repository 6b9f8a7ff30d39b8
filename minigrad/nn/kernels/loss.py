"""The kernels and rows of the losses, each kernel beside the composition that it stands for."""

from typing import Any

import numpy as np

from ...autograd import derivative, fused, primitive
from ...autograd.record import constant
from ...compositions import logsumexp
from ...errors import wrong_value
from ...ranges import check


def alike(who: str, input: Any, target: Any) -> None:
    """Raise unless input and target have one shape."""
    if np.shape(input) != np.shape(target):
        given = f"{np.shape(input)} and {np.shape(target)}"
        raise wrong_value(who, "input and target of one shape", given, "reshape one of them")


def reduced(losses: Any, reduction: str, total: float | None = None) -> Any:
    """The losses themselves, their sum, or their mean: the sum over ``total``, or their number."""
    check("a loss", reduction=reduction)
    if reduction == "none":
        return losses
    total = losses.size if total is None else total
    if reduction == "mean" and not total > 0.0:
        given = f"shape {losses.shape} and a total weight of {total}"
        raise wrong_value("a loss", "some losses to take the mean of", given, "leave the batch out")
    return losses.sum() * (1.0 / total if reduction == "mean" else 1.0)


# --- differences --------------------------------------------------------------------------------


def mse_loss_text(input: Any, target: Any, reduction: str = "mean") -> Any:
    """(x - y)^2, reduced."""
    return reduced((input - target) ** 2, reduction)


def mse_loss_back(g: Any, needed: Any, input: Any, target: Any, reduction: str, d: Any) -> Any:
    """2 g (x - y), over n for a mean, and its negative."""
    back = d * g
    back *= constant(2.0 / d.size if reduction == "mean" else 2.0, d.dtype.char)
    return back if needed[0] else None, -back if needed[1] else None, None


@fused(mse_loss_text, mse_loss_back)
def mse_loss(input: Any, target: Any, reduction: str = "mean") -> Any:
    """The squared error of two arrays of one shape: its mean, its sum, or unreduced.

    >>> mse_loss(np.array([1.0, 2.0]), np.array([1.0, 4.0]))
    array(2.)
    """
    if input.shape != target.shape:
        alike("mse_loss", input, target)
    d = input - target
    if reduction != "mean" or not d.size:
        return np.asarray(reduced(d * d, reduction)), d
    flat = d.reshape(-1)
    return np.asarray(flat.dot(flat) / flat.size), d


# --- surprise -----------------------------------------------------------------------------------


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
    """``-log softmax(x)`` of the last axis, times ``spread``, in sum: ``(..., C)`` -> ``(...)``."""
    logs = x - x.max(-1, keepdims=True)
    logs -= np.log(np.exp(logs).sum(-1, keepdims=True))
    return np.asarray(-np.sum(np.where(spread == 0.0, 0.0, logs) * spread, -1)), logs
