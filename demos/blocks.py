"""Networks of blocks of two layers, plain or residual, of ReLU or sigmoids, normalised or not."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from minigrad import nn
from minigrad.nn import init

from .digits import CLASSES, PIXELS

WIDTH = 32


class Kind(NamedTuple):
    """Of blocks."""

    skip: bool
    norm: bool = True
    from_zero: bool = False  # the last layer of a branch
    sigmoid: bool = False  # in place of ReLU
    clean: bool = False  # no activation behind the sum


PLAIN, RESIDUAL = Kind(False), Kind(True)
BARE, BARE_RESIDUAL = Kind(False, norm=False), Kind(True, norm=False)
FROM_ZERO = Kind(True, norm=False, from_zero=True)
PLAIN_SIGMOID = Kind(False, norm=False, sigmoid=True)
SIGMOID_OF_SUM = Kind(True, norm=False, sigmoid=True)
CLEAN_SIGMOID = Kind(True, norm=False, sigmoid=True, clean=True)


class Setting(NamedTuple):
    """Networks that start alike, and learn alike, if they do."""

    kind: Kind
    depth: int
    rate: float = 0.02
    width: int = WIDTH


def network(setting: Setting, draw: np.random.Generator) -> nn.Sequential:
    """An input layer with what is behind it, blocks, and the layer of classes."""
    kind, width = setting.kind, setting.width
    activation = nn.Sigmoid() if kind.sigmoid else nn.ReLU()

    def linear(fan_in: int, fan_out: int = width) -> list[nn.Module]:
        layer = nn.Linear(fan_in, fan_out, bias=False, generator=draw)
        gain = 1.0 if kind.sigmoid else math.sqrt(2.0)
        init.normal_(layer.weight, 0.0, gain / math.sqrt(fan_in), generator=draw)
        return [layer, nn.BatchNorm1d(fan_out)] if kind.norm else [layer]

    modules: list[nn.Module] = [*linear(PIXELS), activation]
    for _ in range(blocks(setting)):
        branch = nn.Sequential(*linear(width), activation, *linear(width))
        block = nn.Residual(branch, zero_init_last=kind.from_zero) if kind.skip else branch
        modules.append(block if kind.clean else nn.Sequential(block, activation))
    return nn.Sequential(*modules, nn.Linear(width, CLASSES, generator=draw))


def blocks(setting: Setting) -> int:
    """Of two layers; the first layer and that of the classes are in none."""
    return (setting.depth - 2) // 2
