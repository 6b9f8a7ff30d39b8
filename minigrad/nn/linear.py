"""The layers that are linear in what they learn: products with a weight, and its rows by index."""

import math
from typing import Any

from ..creation import zeros
from ..errors import check, expect
from . import functional as F, init
from .kernels.conv import frame_of
from .module import Module, Parameter


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
                 generator: init.Rng = None) -> None:  # fmt: skip
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
        has_bias = self.bias is not None
        return f"in_features={self.in_features}, out_features={self.out_features}, bias={has_bias}"


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
                 dtype: Any = None, *, generator: init.Rng = None) -> None:  # fmt: skip
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
                 generator: init.Rng = None) -> None:  # fmt: skip
        check("Embedding", num_embeddings=num_embeddings, embedding_dim=embedding_dim)
        self.num_embeddings, self.embedding_dim = num_embeddings, embedding_dim
        self.weight = Parameter(zeros(num_embeddings, embedding_dim, dtype=dtype))
        init.normal_(self.weight, generator=generator)

    def forward(self, x: Any) -> Any:
        """``(...) -> (..., embedding_dim)``."""
        return F.embedding(x, self.weight)

    def extra_repr(self) -> str:
        return f"{self.num_embeddings}, {self.embedding_dim}"
