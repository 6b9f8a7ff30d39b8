"""The windows of images and their adjoint, and convolution and pooling, which are made of them.

Within, images are laid out ``(channels, height, width, N)``: then windows are cut out in runs of N
numbers and more, and a convolution is one product. What comes out has the shape
``(N, channels, height, width)`` and keeps this layout in memory.

Only the windows and their adjoint are operations of their own. A 3x3 convolution of 16 channels on
``(128, 16, 8, 8)`` takes 1.7 ms forward and back, 1.6 by hand: a kernel would gain little.
"""

import math
from collections import namedtuple
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from ...autograd import derivative, primitive
from ...errors import expect, wrong_value

# Which windows are cut out of images, and for whom, by rows and by columns; the edges are what is
# padded before and behind.
Frame = namedtuple("Frame", "who size stride dilation span edges least")


@lru_cache
def frame_of(who: str, kernel_size: Any, stride: Any, padding: Any, dilation: Any = 1) -> Frame:
    """The frame of a layer's options, each a number or two."""
    given = {"kernel_size": kernel_size, "stride": kernel_size if stride is None else stride}
    given |= {"dilation": dilation, "padding": padding}
    pairs = {name: v if isinstance(v, tuple) else (v, v) for name, v in given.items()}
    for name, pair in pairs.items():
        low = int(name != "padding")
        fit = len(pair) == 2 and all(hasattr(n, "__index__") and n >= low for n in pair)
        expect(fit, who, f"{name} as a whole number >= {low}, or two", repr(given[name]))
    size, stride, dilation, around = pairs.values()
    span = [d * (k - 1) + 1 for k, d in zip(size, dilation, strict=True)]
    fit = "Pool" not in who or all(2 * n <= k for n, k in zip(around, size, strict=True))
    expect(fit, who, "padding of half the kernel_size or less", padding)
    least = tuple(full - 2 * n for full, n in zip(span, around, strict=True))
    return Frame(who, size, stride, dilation, span, [(n, n) for n in around], least)


@primitive
def windows(x: Any, frame: Frame, fill: float = 0.0) -> Any:
    """All windows, ``(N, C, height, width) -> (C, *frame.size, rows, columns, N)``."""
    fit, given = x.ndim == 4 and x.dtype.kind in "fc", f"{x.shape} {x.dtype}"
    expect(fit, frame.who, "floats (N, C, height, width)", given)
    images = np.pad(x.transpose(1, 2, 3, 0), [(0, 0), *frame.edges, (0, 0)], constant_values=fill)
    fit = frame.span[0] <= images.shape[1] and frame.span[1] <= images.shape[2]
    expect(fit, frame.who, f"images of {frame.least} pixels or more", x.shape)
    return np.ascontiguousarray(seen(images, frame))


@primitive
def fold(g: Any, frame: Frame, shape: tuple[int, ...]) -> Any:
    """Images of a shape, in which each pixel is the sum over its places in the windows."""
    (n, c, height, width), ((top, bottom), (left, right)) = shape, frame.edges
    images = np.zeros((c, top + height + bottom, left + width + right, n), g.dtype)
    view = seen(images, frame)
    for i, j in np.ndindex(frame.size):
        view[:, i, j] += g[:, i, j]
    return images[:, top : top + height, left : left + width].transpose(3, 0, 1, 2)


def seen(images: Any, frame: Frame) -> Any:
    """The windows of padded images, as a view of them."""
    (down, right), (high, wide) = frame.stride, frame.dilation
    view = sliding_window_view(images, frame.span, (1, 2), writeable=True)
    return view[:, ::down, ::right, :, ::high, ::wide].transpose(0, 4, 5, 1, 2, 3)


derivative(windows, x=lambda g, x_shape, frame: fold(g, frame, x_shape))
derivative(fold, g=lambda g, frame: windows(g, frame))


def conv2d(input: Any, weight: Any, bias: Any = None, stride: Any = 1, padding: Any = 0,
           dilation: Any = 1, groups: int = 1) -> Any:  # fmt: skip
    """Each window times the weight, ``(N, C, height, width) -> (N, out, rows, columns)``.

    ``weight`` is ``(out, C / groups, *kernel_size)``; see `nn.Conv2d` for the rest.

    >>> conv2d(np.ones((1, 1, 3, 3)), np.ones((1, 1, 2, 2)))
    array([[[[4., 4.],
             [4., 4.]]]])
    """
    outputs, inputs, *size = weight.shape
    cols = windows(input, frame_of("Conv2d", tuple(size), stride, padding, dilation))
    if outputs % groups or len(cols) != inputs * groups:
        wanted = f"inputs of {inputs * groups} channels for weight {weight.shape}, groups={groups}"
        raise wrong_value("Conv2d", wanted, input.shape)
    flat = cols.reshape(groups, inputs * math.prod(size), -1)
    z = (weight.reshape(groups, -1, flat.shape[1]) @ flat).reshape(outputs, *cols.shape[3:])
    return (z if bias is None else z + bias.reshape(-1, 1, 1, 1)).transpose(3, 0, 1, 2)


def max_pool2d(input: Any, kernel_size: Any, stride: Any = None, padding: Any = 0,
               dilation: Any = 1) -> Any:  # fmt: skip
    """The largest of each window, ``(N, C, height, width) -> (N, C, rows, columns)``.

    Of equal ones the first takes the whole gradient, as in PyTorch; ``np.max`` would share it.

    >>> max_pool2d(np.arange(4.0).reshape(1, 1, 2, 2), 2)
    array([[[[3.]]]])
    """
    cols = pooled(input, frame_of("MaxPool2d", kernel_size, stride, padding, dilation), -math.inf)
    first = np.argmax(cols, 1, keepdims=True)
    return np.take_along_axis(cols, first, 1)[:, 0].transpose(3, 0, 1, 2)


def avg_pool2d(input: Any, kernel_size: Any, stride: Any = None, padding: Any = 0) -> Any:
    """The mean of each window, ``(N, C, height, width) -> (N, C, rows, columns)``.

    The zeros of the padding count.

    >>> avg_pool2d(np.arange(4.0).reshape(1, 1, 2, 2), 2)
    array([[[[1.5]]]])
    """
    cols = pooled(input, frame_of("AvgPool2d", kernel_size, stride, padding), 0.0)
    return np.mean(cols, 1).transpose(3, 0, 1, 2)


def pooled(input: Any, frame: Frame, fill: float) -> Any:
    """What a pool sees at once along axis 1, ``(C, pixels, rows, columns, N)``."""
    cols = windows(input, frame, fill)
    return cols.reshape(cols.shape[0], math.prod(frame.size), *cols.shape[3:])
