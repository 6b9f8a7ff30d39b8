"""The linear layer."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..autograd import Tensor
from ..dtypes import get_default_dtype
from . import functional, init
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

    def __init__(
        self,
        in_features: int,
        out_features: int,
        bias: bool = True,
        dtype: Any = None,
        *,
        generator: np.random.Generator | None = None,
    ) -> None:
        for name, size in (("in_features", in_features), ("out_features", out_features)):
            if not isinstance(size, (int, np.integer)) or size < 1:
                raise ValueError(f"Linear expects {name} as a whole number from 1 on, got {size!r}")
        self.in_features, self.out_features = in_features, out_features
        dtype, bound = dtype or get_default_dtype(), 1.0 / math.sqrt(in_features)
        self.weight = Parameter(np.empty((out_features, in_features), dtype))
        init.uniform_(self.weight, -bound, bound, generator)
        self.bias = Parameter(np.empty(out_features, dtype)) if bias else None
        if self.bias is not None:
            init.uniform_(self.bias, -bound, bound, generator)

    def forward(self, x: Any) -> Tensor:
        """``(..., in_features) -> (..., out_features)``."""
        z: Tensor = functional.linear(x, self.weight, self.bias)
        return z

    def extra_repr(self) -> str:
        has_bias = self.bias is not None
        return f"in_features={self.in_features}, out_features={self.out_features}, bias={has_bias}"
