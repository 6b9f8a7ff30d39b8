"""Networks of sigmoids with batch normalisation before each, without it, or shaken behind it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from minigrad import nn
from minigrad.nn import init

from .digits import CLASSES, PIXELS

SHAKE = 0.7  # deviation of the logarithm of a unit's scale, and of its shift


class Setting(NamedTuple):
    """How a network starts and learns, and its hidden layers."""

    start: str
    rate: float
    layers: int = 3
    width: int = 100

    def __str__(self) -> str:
        return f"{self.layers} layers, {self.start}, rate {self.rate:g}"


STARTS: dict[str, Callable[..., Any]] = {
    "N(0, 0.01²)": partial(init.normal_, std=0.01),
    "N(0, 0.1²)": partial(init.normal_, std=0.1),
    "Xavier": init.xavier_normal_,
}
NONE, NORM, SHAKEN = "without batch norm", "batch norm", "batch norm, shaken"


class Shaken(nn.Module):
    """Each unit by a random scale, plus a random shift, anew in each call: ``(N, units)``."""

    def __init__(self, units: int, draw: np.random.Generator) -> None:
        self.units, self.draw = units, draw

    def forward(self, x: Any) -> Any:
        """The same shape."""
        scale, shift = SHAKE * self.draw.standard_normal((2, self.units)).astype(np.float32)
        return x * np.exp(scale) + shift


def network(setting: Setting, norm: str, draw: np.random.Generator) -> nn.Sequential:
    """Its last two modules are a sigmoid and the layer of classes."""
    modules: list[nn.Module] = []
    widths = [PIXELS, *[setting.width] * setting.layers, CLASSES]
    for fan_in, fan_out in pairwise(widths):
        linear = nn.Linear(fan_in, fan_out, generator=draw)
        STARTS[setting.start](linear.weight, generator=draw)
        if linear.bias is not None:
            init.zeros_(linear.bias)
        norms = [] if norm == NONE else [nn.BatchNorm1d(fan_out)]
        shaken = [Shaken(fan_out, draw)] if norm == SHAKEN else []
        modules += [linear, *norms, *shaken, nn.Sigmoid()]
    return nn.Sequential(*modules[: modules.index(linear) + 1])
