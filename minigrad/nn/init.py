"""Initialisers: each fills a tensor in place and returns it.

``generator`` is the one behind `minigrad.manual_seed` unless another is given.
"""

import math
from typing import Any

import numpy as np

from ..autograd import Tensor
from ..errors import expect, wrong_kind
from ..random import default_generator
from ..ranges import check

Rng = np.random.Generator | None

GAINS = {"tanh": 5.0 / 3.0, "relu": math.sqrt(2.0), "selu": 0.75}
GAINS |= dict.fromkeys("linear conv1d conv2d conv3d sigmoid".split(), 1.0)


def calculate_gain(nonlinearity: str, param: float | None = None) -> float:
    """The factor by which a nonlinearity wants its weights larger than a linear layer.

    ``leaky_relu`` takes its negative slope as ``param`` (He et al. 2015, eq. 15).

    >>> round(calculate_gain("relu"), 4)
    1.4142
    """
    slope = 0.01 if param is None else param
    check("calculate_gain", negative_slope=slope)
    known = {**GAINS, "leaky_relu": math.sqrt(2.0 / (1.0 + slope**2))}
    expect(nonlinearity in known, "calculate_gain", f"one of {[*known]}", repr(nonlinearity))
    return known[nonlinearity]


def uniform_(tensor: Tensor, a: float = 0.0, b: float = 1.0, generator: Rng = None) -> Tensor:
    """Uniform on [a, b)."""
    check("uniform_", a=a, b=b)
    expect(a <= b, "uniform_", "a <= b", f"{a} and {b}", "exchange them")
    return _fill(tensor, (generator or default_generator).uniform(a, b, tensor.shape))


def normal_(tensor: Tensor, mean: float = 0.0, std: float = 1.0, generator: Rng = None) -> Tensor:
    """Normal with the given mean and standard deviation."""
    check("normal_", mean=mean, std=std)
    return _fill(tensor, (generator or default_generator).normal(mean, std, tensor.shape))


def trunc_normal_(tensor: Tensor, mean: float = 0.0, std: float = 1.0, a: float = -2.0,
                  b: float = 2.0, generator: Rng = None) -> Tensor:  # fmt: skip
    """Normal as `normal_`, under the condition that it is within [a, b].

    By inversion of the distribution function (Devroye 1986, chapter 2), which is summed over
    20,000 steps of the part within 9 standard deviations of where the density is largest.
    """
    check("trunc_normal_", mean=mean, std=std, a=a, b=b)
    expect(a < b, "trunc_normal_", "a < b", f"{a} and {b}", "exchange them")
    low, high = (a - mean) / std, (b - mean) / std
    peak = min(max(low, 0.0), high)
    grid = np.linspace(max(low, peak - 9.0), min(high, peak + 9.0), 20_001)
    middle = 0.5 * (grid[1:] + grid[:-1])
    below = np.cumsum(np.exp(0.5 * (peak - middle) * (peak + middle)))
    share = (generator or default_generator).uniform(0.0, below[-1], tensor.shape)
    return _fill(tensor, mean + std * np.interp(share, [0.0, *below], grid))


def constant_(tensor: Tensor, val: float) -> Tensor:
    """One value everywhere."""
    check("constant_", val=val)
    return _fill(tensor, val)


def zeros_(tensor: Tensor) -> Tensor:
    """Zeros."""
    return _fill(tensor, 0.0)


def ones_(tensor: Tensor) -> Tensor:
    """Ones."""
    return _fill(tensor, 1.0)


def eye_(tensor: Tensor) -> Tensor:
    """Ones on the diagonal of a matrix, zeros elsewhere."""
    rows, columns = tensor.shape
    return _fill(tensor, np.eye(rows, columns))


def xavier_uniform_(tensor: Tensor, gain: float = 1.0, generator: Rng = None) -> Tensor:
    """Uniform with variance ``gain**2 * 2 / (fan_in + fan_out)`` (Glorot & Bengio 2010, eq. 16).

    >>> import minigrad
    >>> w = xavier_uniform_(minigrad.zeros(300, 100))
    >>> bool(abs(w.numpy()).max() <= (6.0 / 400.0) ** 0.5)
    True
    """
    bound = gain * math.sqrt(6.0 / sum(fans(tensor)))
    return uniform_(tensor, -bound, bound, generator)


def xavier_normal_(tensor: Tensor, gain: float = 1.0, generator: Rng = None) -> Tensor:
    """Normal with variance ``gain**2 * 2 / (fan_in + fan_out)`` (Glorot & Bengio 2010, eq. 12)."""
    return normal_(tensor, 0.0, gain * math.sqrt(2.0 / sum(fans(tensor))), generator)


def kaiming_uniform_(tensor: Tensor, a: float = 0.0, mode: str = "fan_in",
        nonlinearity: str = "leaky_relu", generator: Rng = None) -> Tensor:  # fmt: skip
    """Uniform with variance ``gain**2 / fan`` (He et al. 2015, eq. 10); ``a`` is the leak."""
    bound = math.sqrt(3.0) * _he_std(tensor, a, mode, nonlinearity)
    return uniform_(tensor, -bound, bound, generator)


def kaiming_normal_(tensor: Tensor, a: float = 0.0, mode: str = "fan_in",
                    nonlinearity: str = "leaky_relu", generator: Rng = None) -> Tensor:  # fmt: skip
    """Normal with variance ``gain**2 / fan`` (He et al. 2015, eq. 10); ``a`` is the leak."""
    return normal_(tensor, 0.0, _he_std(tensor, a, mode, nonlinearity), generator)


def orthogonal_(tensor: Tensor, gain: float = 1.0, generator: Rng = None) -> Tensor:
    """A random matrix with orthogonal rows or columns, whichever are fewer, of norm ``gain``.

    Axes from the third on are part of the rows (Saxe, McClelland & Ganguli 2014); the signs make
    all such matrices equally likely (Mezzadri 2007, section 5).
    """
    check("orthogonal_", gain=gain)
    shape = tensor.shape[0], fans(tensor)[0]
    draws = (generator or default_generator).standard_normal(sorted(shape, reverse=True))
    q, r = np.linalg.qr(draws)
    q = gain * q * np.sign(np.diagonal(r))
    return _fill(tensor, (q if shape[0] >= shape[1] else q.T).reshape(tensor.shape))


def fans(tensor: Tensor) -> tuple[int, int]:
    """How many inputs feed one output of a weight ``(out, in, ...)``, and outputs one input."""
    fit = tensor.ndim >= 2 and tensor.size
    expect(fit, "an initialiser", "a weight of 2 axes or more, not empty", tensor.shape)
    return tensor.size // tensor.shape[0], tensor.size // tensor.shape[1]


def _he_std(tensor: Tensor, a: float, mode: str, nonlinearity: str) -> float:
    expect(mode in ("fan_in", "fan_out"), "kaiming", "mode as 'fan_in' or 'fan_out'", repr(mode))
    return calculate_gain(nonlinearity, a) / math.sqrt(fans(tensor)[mode == "fan_out"])


def _fill(tensor: Tensor, values: Any) -> Tensor:
    kind = tensor.dtype if isinstance(tensor, Tensor) else type(tensor).__name__
    if kind not in (np.float16, np.float32, np.float64):
        raise wrong_kind("an initialiser", "a tensor of floats", kind, "convert it")
    tensor.data[...] = values
    return tensor
