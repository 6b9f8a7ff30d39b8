"""The layers of images that pool: one number for each window."""

from typing import Any

from .kernels.conv import avg_pool2d, frame_of, max_pool2d
from .layer import Layer


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
