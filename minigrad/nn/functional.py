"""The layers and losses as functions of tensors or arrays."""

import math
from typing import Any

import numpy as np

from ..autograd import Tensor, replayed
from ..creation import default_generator
from ..errors import check, expect, wrong_value
from .kernels.conv import avg_pool2d as avg_pool2d, conv2d as conv2d, max_pool2d as max_pool2d
from .kernels.functions import alike, binary_surprise, clip_gradient as clip_gradient, erf, reduced
from .kernels.functions import mse_loss as mse_loss, relu as relu, scale_gradient as scale_gradient
from .kernels.functions import share_of, sigmoid as sigmoid, surprise, tanh as tanh
from .kernels.layers import batch_norm as batch_norm, layer_norm as layer_norm, linear as linear

weights_of = replayed(np.asarray)  # of classes: constants

# --- activations: several operations each, all of them stable -----------------------------------


def leaky_relu(input: Any, negative_slope: Any = 0.01) -> Any:
    """``x`` where positive, ``negative_slope * x`` elsewhere, any shape to the same shape.

    >>> leaky_relu(np.array([-1.0, 2.0]))
    array([-0.01,  2.  ])
    """
    return np.where(input > 0.0, input, negative_slope * input)


def prelu(input: Any, weight: Any) -> Any:
    """``x`` where positive, ``weight * x`` elsewhere; one weight, or one for each of axis 1.

    >>> prelu(np.array([-2.0, 2.0]), np.array([0.25]))
    array([-0.5,  2. ])
    """
    shape, number = np.shape(input), np.shape(weight)
    fit = number in ((1,), shape[1:2])
    expect(fit, "prelu", f"1 weight or {shape[1:2]} for the shape {shape}", number)
    return leaky_relu(input, weight.reshape([*number, *[1] * (len(shape) - 2)] if shape else ()))


def elu(input: Any, alpha: float = 1.0) -> Any:
    """``x`` where positive, ``alpha * (exp(x) - 1)`` elsewhere, any shape to the same shape.

    >>> elu(np.array([-1000.0, 2.0]))
    array([-1.,  2.])
    """
    return np.where(input > 0.0, input, alpha * np.expm1(np.where(input > 0.0, 0.0, input)))


def selu(input: Any) -> Any:
    """`elu` scaled so that activations keep mean 0 and variance 1 (Klambauer et al. 2017, eq. 2).

    >>> selu(np.array([1.0])).round(4)
    array([1.0507])
    """
    return 1.0507009873554805 * elu(input, 1.6732632423543772)


def gelu(input: Any, approximate: str = "none") -> Any:
    """``x`` times the probability that a standard normal number is below ``x``; any shape.

    ``approximate="tanh"`` takes the tanh of a cubic for it (Hendrycks & Gimpel 2016, section 2).

    >>> gelu(np.array([0.0, 1.0])), gelu(np.array([0.0, 1.0]), "tanh")
    (array([0.        , 0.84134475]), array([0.        , 0.84119199]))
    """
    check("gelu", approximate=approximate)
    if approximate == "none":
        return input * (0.5 + 0.5 * erf(input * math.sqrt(0.5)))
    cubic = input * (1.0 + 0.044715 * input * input)
    return input * (0.5 + 0.5 * tanh(cubic * math.sqrt(2.0 / math.pi)))


def silu(input: Any) -> Any:
    """``x * sigmoid(x)``, any shape to the same shape.

    >>> silu(np.array([0.0, 1000.0]))
    array([   0., 1000.])
    """
    return input * sigmoid(input)


def softplus(input: Any, beta: float = 1.0, threshold: float = 20.0) -> Any:
    """``log(1 + exp(beta * x)) / beta``, and ``x`` itself where ``beta * x > threshold``.

    >>> softplus(np.array([0.0, 1000.0])).round(4)
    array([6.931e-01, 1.000e+03])
    """
    check("softplus", beta=beta)
    v = beta * input
    return np.where(v > threshold, input, np.logaddexp(0.0, v) * (1.0 / beta))


def logsigmoid(input: Any) -> Any:
    """``log(sigmoid(x))``, any shape to the same shape; finite where the sigmoid is 0.

    >>> logsigmoid(np.array([0.0, -1000.0])).round(4)
    array([-6.931e-01, -1.000e+03])
    """
    return -np.logaddexp(0.0, -input)


def log_softmax(input: Any, dim: int) -> Any:
    """The logarithm of `softmax`, finite where that is 0.

    >>> log_softmax(np.array([0.0, -1000.0]), 0)
    array([    0., -1000.])
    """
    dim = axis_of("softmax", input, dim)
    x = input - np.max(getattr(input, "detach", lambda: input)(), dim, keepdims=True)
    return x - np.log(np.sum(np.exp(x), dim, keepdims=True))


def softmax(input: Any, dim: int) -> Any:
    """``exp(x)`` over its sum along the axis ``dim``: positive, and 1 in sum.

    >>> softmax(np.array([0.0, 0.0]), 0)
    array([0.5, 0.5])
    """
    return np.exp(log_softmax(input, dim))


# --- what picks, drops and passes on ------------------------------------------------------------


def dropout(input: Any, p: float = 0.5, training: bool = True, *, generator: Any = None) -> Any:
    """In training, 0 with probability ``p`` and ``x / (1 - p)`` otherwise, element by element.

    >>> dropout(np.ones(3), 0.5, training=False)
    array([1., 1., 1.])
    """
    check("dropout", p=p)
    if not training or p == 0.0:
        return input
    noise = dropped(input.shape, input.dtype, p, generator or default_generator)
    return input * (Tensor(noise) if isinstance(input, Tensor) else noise)


@replayed
def dropped(shape: Any, dtype: Any, p: float, generator: np.random.Generator) -> np.ndarray:
    """What `dropout` multiplies by: 0 with probability ``p``, and ``1 / (1 - p)``."""
    noise: np.ndarray = (generator.random(shape, np.float32) >= p).astype(dtype)
    return noise * (1.0 / (1.0 - p) if p < 1.0 else 0.0)


def embedding(input: Any, weight: Any) -> Any:
    """Rows of ``weight`` by index: ``(...)``, ``(num, dim)`` -> ``(..., dim)``.

    >>> embedding(np.array([1, 0]), np.array([[0.5], [2.5]]))
    array([[2.5],
           [0.5]])
    """
    return weight[indices("embedding", input, len(weight))]


def flatten(input: Any, start_dim: int = 1, end_dim: int = -1) -> Any:
    """The axes from ``start_dim`` to ``end_dim`` as one: all but the first by default.

    >>> flatten(np.zeros((2, 3, 4))).shape
    (2, 12)
    """
    shape = np.shape(input) or (1,)
    start, end = axis_of("flatten", input, start_dim), axis_of("flatten", input, end_dim) + 1
    return input.reshape(*shape[:start], math.prod(shape[start:end]), *shape[end:])


def axis_of(who: str, x: Any, dim: int) -> int:
    """The axis ``dim`` of an array, counted from the first."""
    n = max(np.ndim(x), 1)
    expect(dim in range(-n, n), who, f"dim as an axis of shape {np.shape(x)}", repr(dim), "name it")
    return dim % n


@replayed
def indices(who: str, values: Any, number: int, ignored: int | None = None) -> np.ndarray:
    """Indices into ``number`` classes, checked, as an array of integers."""
    index = np.asarray(values)
    wrong = ((index < 0) | (index >= number)) & (index != ignored)
    if np.count_nonzero(wrong) or (index.size and index.dtype.kind not in "iu"):
        given = " ".join([f"{index.dtype}", *map(str, index[wrong][:1])])
        raise wrong_value(who, f"indices as integers from 0 to {number - 1}", given)
    return index


# --- losses of differences ----------------------------------------------------------------------


def l1_loss(input: Any, target: Any, reduction: str = "mean") -> Any:
    """The absolute error of two arrays of one shape, reduced.

    >>> l1_loss(np.array([1.0, 2.0]), np.array([1.0, 4.0])).item()
    1.0
    """
    alike("l1_loss", input, target)
    return reduced(np.abs(input - target), reduction)


def huber_loss(input: Any, target: Any, reduction: str = "mean", delta: float = 1.0) -> Any:
    """Half the squared error up to ``delta``, linear further out (Huber 1964), reduced.

    >>> huber_loss(np.array([1.0, 3.0]), np.zeros(2), "none")
    array([0.5, 2.5])
    """
    check("huber_loss", delta=delta)
    alike("huber_loss", input, target)
    near = np.clip(input - target, -delta, delta)
    return reduced(near * (input - target - 0.5 * near), reduction)


def smooth_l1_loss(input: Any, target: Any, reduction: str = "mean", beta: float = 1.0) -> Any:
    """`huber_loss` of ``delta = beta`` over ``beta`` (Girshick 2015, eq. 3); `l1_loss` for 0.

    >>> smooth_l1_loss(np.array([1.0, 3.0]), np.zeros(2), "none", beta=2.0)
    array([0.25, 2.  ])
    """
    if beta == 0.0:
        return l1_loss(input, target, reduction)
    return huber_loss(input, target, reduction, beta) * (1.0 / beta)


# --- losses of probabilities --------------------------------------------------------------------


def binary_cross_entropy(input: Any, target: Any, weight: Any = None,
                         reduction: str = "mean") -> Any:  # fmt: skip
    """``-target * log(p) - (1 - target) * log(1 - p)``, logarithms not below -100, reduced.

    ``weight`` multiplies the losses, to whose shape it broadcasts.

    >>> binary_cross_entropy(np.array([0.5]), np.array([1.0])).item()
    0.6931471805599453
    """
    alike("binary_cross_entropy", input, target)
    check_probabilities(input)
    losses = binary_surprise(input, target)
    return reduced(losses if weight is None else losses * weight, reduction)


@replayed
def check_probabilities(input: Any) -> None:
    """Raise unless all are in [0, 1]."""
    p = np.asarray(getattr(input, "_array", input))
    wrong = " ".join(map(str, p[~((p >= 0.0) & (p <= 1.0))][:1]))
    expect(not wrong, "binary_cross_entropy", "probabilities in [0, 1]", wrong)


def binary_cross_entropy_with_logits(input: Any, target: Any, weight: Any = None,
        reduction: str = "mean", pos_weight: Any = None) -> Any:  # fmt: skip
    """`binary_cross_entropy` of ``sigmoid(input)``, exact at any logits.

    ``pos_weight`` multiplies the losses of target 1, ``weight`` all; both broadcast.

    >>> binary_cross_entropy_with_logits(np.array([-1000.0]), np.array([1.0])).item()
    1000.0
    """
    alike("binary_cross_entropy_with_logits", input, target)
    ones = target if pos_weight is None else target * pos_weight
    losses = -(logsigmoid(input) * ones + logsigmoid(-input) * (1.0 - target))
    return reduced(losses if weight is None else losses * weight, reduction)


def cross_entropy(input: Any, target: Any, weight: Any = None, ignore_index: int = -100,
                  reduction: str = "mean", label_smoothing: float = 0.0) -> Any:  # fmt: skip
    """``-log softmax(input)`` at the target class, exact at any logits.

    Args:
        input: logits of shape ``(C,)``, ``(N, C)`` or ``(N, C, d1, ...)``.
        target: class indices of shape ``()``, ``(N,)`` or ``(N, d1, ...)``; or probabilities in
            the shape of the logits.
        weight: of each class, ``(C,)``.
        ignore_index: an index whose losses are 0 and do not count.
        reduction: ``"mean"`` by the weights of the target classes (for probabilities over all
            losses), ``"sum"`` or ``"none"``.
        label_smoothing: how much of the target is spread over all classes alike (Szegedy et al.
            2016, section 7).

    >>> cross_entropy(np.zeros((1, 4)), np.array([2])).item()
    1.3862943611198906
    """
    check("cross_entropy", label_smoothing=label_smoothing)
    given = input, target, weight, ignore_index, label_smoothing, reduction
    scores, spread, share = _spread_out("cross_entropy", *given)
    return reduced(surprise(scores, spread), reduction, share)


def nll_loss(input: Any, target: Any, weight: Any = None, ignore_index: int = -100,
             reduction: str = "mean") -> Any:  # fmt: skip
    """Minus the entry at the target class, of logarithms of probabilities as of `log_softmax`.

    Shapes and options as of `cross_entropy` with class indices.

    >>> nll_loss(np.array([[-0.5, -2.0]]), np.array([1])).item()
    2.0
    """
    given = input, target, weight, ignore_index, 0.0, reduction
    scores, spread, share = _spread_out("nll_loss", *given)
    return reduced(-np.sum(scores * spread, -1), reduction, share)


def _spread_out(who: str, input: Any, target: Any, weight: Any, ignored: int, smoothing: float,
                reduction: str) -> tuple[Any, Any, Any]:  # fmt: skip
    """The scores with classes last, the factor of each, and what the mean multiplies the sum by."""
    scores, spread = (np.moveaxis(x, 1, -1) if np.ndim(x) > 2 else x for x in (input, target))
    number = np.shape(scores)[-1] if np.ndim(scores) else 0
    fit = number and scores.dtype.kind in "fc" and (weight is None or np.shape(weight) == (number,))
    given = np.shape(input), getattr(input, "dtype", None), np.shape(weight)
    expect(fit, who, "scores of floats (C,), (N, C) or (N, C, ...) and a weight (C,)", given)
    form = scores.shape, scores.dtype
    if getattr(target, "dtype", np.dtype(int)).kind in "fc":
        alike(who, input, target)
        spread = spread * (1.0 - smoothing) + smoothing / number
        return scores, spread if weight is None else spread * weights_of(weight, form[1]), None
    spread, share = _one_hot(who, form, target, weight, ignored, smoothing, reduction)
    return scores, *map(Tensor if isinstance(scores, Tensor) else np.asarray, (spread, share))


@replayed
def _one_hot(who: str, form: Any, target: Any, weight: Any, ignored: int, smoothing: float,
             reduction: str) -> tuple[np.ndarray, np.ndarray]:  # fmt: skip
    """The factor of each score for class indices, and one over the sum of their weights."""
    (*shape, number), dtype = form
    index = indices(who, target, number, ignored)
    expect(list(index.shape) == shape, who, f"class indices of shape {tuple(shape)}", index.shape)
    counted = (index != ignored)[..., None].astype(dtype)
    counted = counted if weight is None else counted * weights_of(weight, dtype)
    spread = (index[..., None] == np.arange(number)) * counted
    total = float(spread.sum())
    if smoothing:
        spread = spread * (1.0 - smoothing) + counted * (smoothing / number)
    return spread, np.array(share_of(shape, total) if reduction == "mean" else 1.0, dtype)
