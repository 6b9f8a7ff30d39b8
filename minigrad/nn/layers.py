"""The layers with weights: products with them, rows of them by index, and normalisation."""

import math
from typing import Any

import numpy as np

from ..creation import Rng, full, get_default_dtype, zeros
from ..errors import check, expect, wrong_value
from . import functional as F, init
from .kernels.conv import frame_of
from .kernels.layers import increment
from .module import Buffer, Module, Parameter


class Linear(Module):
    """``x @ weight.T + bias``, ``(..., in_features) -> (..., out_features)``.

    ``weight`` is ``(out_features, in_features)``. Weight and bias start uniform within
    ``1 / sqrt(in_features)``, PyTorch's default: a gain of ``1 / sqrt(3)``, under which the signal
    of a deep network fades (Glorot & Bengio 2010, eq. 15); see `nn.init` for others.

    >>> import minigrad
    >>> layer = Linear(3, 2)
    >>> layer(minigrad.zeros(5, 3)).shape
    (5, 2)
    """

    def __init__(self, in_features: int, out_features: int, bias: bool = True, *, dtype: Any = None,
                 generator: Rng = None) -> None:  # fmt: skip
        check("Linear", in_features=in_features, out_features=out_features, bias=bias)
        self.in_features, self.out_features = in_features, out_features
        self.weight = Parameter(zeros(out_features, in_features, dtype=dtype))
        self.bias = Parameter(zeros(out_features, dtype=dtype)) if bias else None
        bound = 1.0 / math.sqrt(in_features)
        for parameter in self.parameters():
            init.uniform_(parameter, -bound, bound, generator)

    def forward(self, x: Any) -> Any:
        """``(..., in_features) -> (..., out_features)``."""
        return F.linear(x, self.weight, self.bias)

    def extra_repr(self) -> str:
        return f"{super().extra_repr()}, bias={self.bias is not None}"


class Conv2d(Module):
    """Each window times a weight: ``(N, in, height, width) -> (N, out, rows, columns)``.

    ``weight`` is ``(out, in / groups, *kernel_size)``. Weight and bias start uniform within
    ``1 / sqrt(in / groups * kernel pixels)``, PyTorch's default (LeCun et al. 1989).

    Args:
        in_channels, out_channels: in and out.
        kernel_size, stride, dilation: of the windows, their distance, and that of their pixels; a
            number, or one for rows and one for columns.
        padding: by zeros on each side, in the same way.
        groups: into how many groups the channels are divided, none of which sees another.
        bias: whether there is one.

    >>> import minigrad
    >>> Conv2d(1, 4, 3, padding=1)(minigrad.zeros(2, 1, 8, 8)).shape
    (2, 4, 8, 8)
    """

    def __init__(self, in_channels: int, out_channels: int, kernel_size: Any, stride: Any = 1,
                 padding: Any = 0, dilation: Any = 1, groups: int = 1, bias: bool = True,
                 dtype: Any = None, *, generator: Rng = None) -> None:  # fmt: skip
        channels = {"in_channels": in_channels, "out_channels": out_channels}
        check("Conv2d", **channels, groups=groups, bias=bias)
        fit = not any(number % groups for number in channels.values())
        expect(fit, "Conv2d", f"channels in {groups} equal groups", channels)
        self.stride, self.padding, self.dilation, self.groups = stride, padding, dilation, groups
        size = frame_of("Conv2d", kernel_size, stride, padding, dilation).size
        shape = (out_channels, in_channels // groups, *size)
        self.weight = Parameter(zeros(shape, dtype=dtype))
        self.bias = Parameter(zeros(out_channels, dtype=dtype)) if bias else None
        for parameter in self.parameters():
            init.uniform_(parameter, -1.0, 1.0, generator).data /= math.sqrt(math.prod(shape[1:]))

    def forward(self, input: Any) -> Any:
        """``(N, in, height, width) -> (N, out, rows, columns)``."""
        options = self.stride, self.padding, self.dilation, self.groups
        return F.conv2d(input, self.weight, self.bias, *options)


class Embedding(Module):
    """Rows of ``weight`` by index, ``(...) -> (..., embedding_dim)``.

    ``weight`` is ``(num_embeddings, embedding_dim)`` and starts normal with mean 0 and variance 1.

    >>> import minigrad
    >>> Embedding(10, 3)(minigrad.tensor([1, 9])).shape
    (2, 3)
    """

    def __init__(self, num_embeddings: int, embedding_dim: int, *, dtype: Any = None,
                 generator: Rng = None) -> None:  # fmt: skip
        check("Embedding", num_embeddings=num_embeddings, embedding_dim=embedding_dim)
        self.num_embeddings, self.embedding_dim = num_embeddings, embedding_dim
        self.weight = Parameter(zeros(num_embeddings, embedding_dim, dtype=dtype))
        init.normal_(self.weight, generator=generator)

    def forward(self, x: Any) -> Any:
        """``(...) -> (..., embedding_dim)``."""
        return F.embedding(x, self.weight)

    def extra_repr(self) -> str:
        return f"{self.num_embeddings}, {self.embedding_dim}"


class PReLU(Module):
    """`LeakyReLU` whose slope is learnt: ``num_parameters`` of them, 1 or one for each of axis 1.

    They start as ``init``, 0.25 (He et al. 2015, eq. 1).

    >>> import minigrad
    >>> PReLU()(minigrad.tensor([-1.0, 2.0]))
    tensor([-0.25,  2.  ], grad_fn=<where>)
    """

    def __init__(self, num_parameters: int = 1, init: float = 0.25, *, dtype: Any = None) -> None:
        check("PReLU", num_parameters=num_parameters, init=init)
        self.num_parameters = num_parameters
        self.weight = Parameter(full((num_parameters,), float(init), dtype))

    def forward(self, x: Any) -> Any:
        """Any shape to the same shape."""
        return F.prelu(x, self.weight)


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
        z = F.batch_norm(input, *given, self.training, momentum, self.eps)
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
        return F.layer_norm(input, self.normalized_shape, self.weight, self.bias, self.eps)
