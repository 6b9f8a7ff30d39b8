"""The layers that normalise: over the batch, or over the features."""

from typing import Any

import numpy as np

from ..creation import get_default_dtype
from ..errors import check, wrong_value
from .kernels.norm import batch_norm, increment, layer_norm
from .module import Buffer, Module, Parameter


class BatchNorm(Module):
    """What `BatchNorm1d` and `BatchNorm2d` share: all but the rank of their input."""

    shapes: dict[int, str] = {}  # of inputs, by rank

    def __init__(self, num_features: int, eps: float = 1e-5, momentum: float | None = 0.1,
                 affine: bool = True, track_running_stats: bool = True,
                 dtype: Any = None) -> None:  # fmt: skip
        name, tracked = type(self).__name__, track_running_stats
        check(name, num_features=num_features, eps=eps, affine=affine, track_running_stats=tracked)
        check(name, momentum=1.0 if momentum is None else momentum)
        self.num_features, self.eps, self.momentum = num_features, eps, momentum
        ones = np.ones(num_features, dtype or get_default_dtype())
        self.weight = Parameter(ones) if affine else None
        self.bias = Parameter(0.0 * ones) if affine else None
        self.running_mean = Buffer(0.0 * ones) if tracked else None
        self.running_var = Buffer(ones.copy()) if tracked else None
        self.num_batches_tracked = Buffer(np.array(0)) if tracked else None

    def forward(self, input: Any) -> Any:
        """The same shape; in training the running statistics follow."""
        if input.ndim not in self.shapes:
            wanted = " or ".join(self.shapes.values())
            raise wrong_value(type(self).__name__, f"inputs of shape {wanted}", input.shape)
        given = self.running_mean, self.running_var, self.weight, self.bias
        count, momentum = self.num_batches_tracked, self.momentum
        if momentum is None:
            momentum = 1.0 if count is None else 1.0 / (count.item() + 1)
        z = batch_norm(input, *given, self.training, momentum, self.eps)
        if self.training and count is not None:
            increment(count)
        return z


class BatchNorm1d(BatchNorm):
    """Each channel with mean 0 and variance 1: ``(N, C)`` or ``(N, C, L)`` to the same shape.

    In training it normalises by the mean and the *biased* variance of the batch, over all axes but
    the second, and the running statistics move towards that mean and the *unbiased* variance;
    ``eval()`` makes it normalise by those. Then ``* weight + bias``, which start as 1 and 0
    (Ioffe & Szegedy 2015, algorithms 1 and 2). One value per channel in training is an error.

    Args:
        num_features: C.
        eps: added to the variance.
        momentum: how far the running statistics move in a step; None for the mean of all steps.
        affine: whether there are weight and bias.
        track_running_stats: without them the statistics are always those of the batch.

    >>> import minigrad
    >>> BatchNorm1d(1)(minigrad.tensor([[1.0], [3.0]])).detach()
    tensor([[-1.],
            [ 1.]])
    """

    shapes = {2: "(N, C)", 3: "(N, C, L)"}


class BatchNorm2d(BatchNorm):
    """As `BatchNorm1d`, ``(N, C, height, width)`` to the same shape.

    >>> import minigrad
    >>> BatchNorm2d(3)(minigrad.zeros(2, 3, 4, 4)).shape
    (2, 3, 4, 4)
    """

    shapes = {4: "(N, C, height, width)"}


class LayerNorm(Module):
    """Mean 0 and variance 1 over the last axes, ``* weight + bias``: any shape to the same shape.

    Nothing depends on the batch, so training and evaluation are the same (Ba, Kiros & Hinton 2016,
    eq. 4). The variance is the biased one.

    Args:
        normalized_shape: the shape of the last axes, or their length if it is one.
        eps: added to the variance.
        elementwise_affine: whether there is a weight, starting as 1, and, unless ``bias`` is
            False, a bias, starting as 0; both of ``normalized_shape``.

    >>> import minigrad
    >>> LayerNorm(2)(minigrad.tensor([1.0, 3.0])).detach()
    tensor([-1.,  1.])
    """

    def __init__(self, normalized_shape: Any, eps: float = 1e-5, elementwise_affine: bool = True,
                 bias: bool = True, dtype: Any = None) -> None:  # fmt: skip
        shape = normalized_shape if isinstance(normalized_shape, tuple) else (normalized_shape,)
        check("LayerNorm", normalized_shape=shape or (0,), eps=eps, bias=bias)
        check("LayerNorm", elementwise_affine=elementwise_affine)
        self.normalized_shape, self.eps = shape, eps
        ones = np.ones(shape, dtype or get_default_dtype())
        self.weight = Parameter(ones) if elementwise_affine else None
        self.bias = Parameter(0.0 * ones) if elementwise_affine and bias else None

    def forward(self, input: Any) -> Any:
        """The same shape."""
        return layer_norm(input, self.normalized_shape, self.weight, self.bias, self.eps)
