"""The layers of images: convolution and pooling."""

import math
from typing import Any

from ..creation import zeros
from ..errors import wrong_value
from ..ranges import check
from . import init
from .kernels.conv import avg_pool2d, conv2d, frame_of, max_pool2d
from .layer import Layer
from .module import Module, Parameter


class Conv2d(Module):
    """Each window times a weight: ``(N, in, height, width) -> (N, out, rows, columns)``.

    ``weight`` is ``(out, in / groups, *kernel_size)``. Weight and bias start uniform within
    ``1 / sqrt(in / groups * kernel pixels)``, PyTorch's default (LeCun et al. 1989).

    Args:
        in_channels, out_channels: in and out.
        kernel_size, stride, dilation: of the windows, their distance, and that of their pixels; a
            number, or one for rows and one for columns.
        padding: by zeros on each side, in the same way; ``"valid"`` for none, ``"same"`` for as
            much as keeps height and width at stride 1.
        groups: into how many groups the channels are divided, none of which sees another.
        bias: whether there is one.

    >>> import minigrad
    >>> Conv2d(1, 4, 3, padding=1)(minigrad.zeros(2, 1, 8, 8)).shape
    (2, 4, 8, 8)
    """

    def __init__(
        self, in_channels: int, out_channels: int, kernel_size: Any, stride: Any = 1,
        padding: Any = 0, dilation: Any = 1, groups: int = 1, bias: bool = True,
        dtype: Any = None, *, generator: init.Rng = None,
    ) -> None:  # fmt: skip
        check(
            "Conv2d", in_channels=in_channels, out_channels=out_channels, groups=groups, bias=bias
        )
        if in_channels % groups or out_channels % groups:
            given = f"{in_channels} and {out_channels}"
            raise wrong_value("Conv2d", f"channels in {groups} equal groups", given)
        size = frame_of("Conv2d", kernel_size, stride, padding, dilation).size
        self.stride, self.padding, self.dilation, self.groups = stride, padding, dilation, groups
        shape = (out_channels, in_channels // groups, *size)
        self.weight = Parameter(zeros(shape, dtype=dtype))
        self.bias = Parameter(zeros(out_channels, dtype=dtype)) if bias else None
        for parameter in self.parameters():
            init.uniform_(parameter, -1.0, 1.0, generator).data /= math.sqrt(math.prod(shape[1:]))

    def forward(self, input: Any) -> Any:
        """``(N, in, height, width) -> (N, out, rows, columns)``."""
        options = self.stride, self.padding, self.dilation, self.groups
        return conv2d(input, self.weight, self.bias, *options)


class Pool2d(Layer):
    """What `MaxPool2d` and `AvgPool2d` share: their options are looked at when they are made."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        window = {k: v for k, v in vars(self).items() if k != "count_include_pad"}
        frame_of(type(self).__name__, **window)

    def forward(self, input: Any) -> Any:
        """``(N, C, height, width) -> (N, C, rows, columns)``."""
        return self.function(input, **{name: getattr(self, name) for name in self.taken})


class MaxPool2d(Pool2d, of=max_pool2d):
    """The largest of each window: ``(N, C, height, width) -> (N, C, rows, columns)``.

    The stride is the kernel size if it is not given. The padding is never the largest. Of equal
    pixels the first takes the whole gradient, as in PyTorch.

    >>> import minigrad
    >>> MaxPool2d(2)(minigrad.zeros(1, 3, 8, 8)).shape
    (1, 3, 4, 4)
    """


class AvgPool2d(Pool2d, of=avg_pool2d):
    """The mean of each window: ``(N, C, height, width) -> (N, C, rows, columns)``.

    The stride is the kernel size if it is not given. The zeros of the padding count unless
    ``count_include_pad`` is False.

    >>> import minigrad
    >>> AvgPool2d(2)(minigrad.ones(1, 1, 2, 2))
    tensor([[[[1.]]]])
    """
