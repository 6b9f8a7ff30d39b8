"""A random landscape of any number of dimensions, and a search for its critical points."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from minigrad import func

from .critical_points import critical_points

AREA = 10.0  # how far apart starts are; waves are about 2 pi long
MOVES, MOVE = 10, 0.2  # of starts along the gradient: how many, and by up to this much of it


class Landscape:
    """A sum of random waves: nearly a normal field, with the covariance ``exp(-r^2 / 2)``."""

    def __init__(self, dimensions: int, waves: int, seed: int) -> None:
        draw = np.random.default_rng([seed, 3, dimensions])
        self.directions = draw.standard_normal((dimensions, waves))
        self.phases = draw.uniform(0.0, 2.0 * math.pi, waves)
        self.scale = math.sqrt(2.0 / waves)

    def heights(self, x: Any) -> Any:
        """Of points (P, N): (P,)."""
        return self.scale * np.sum(np.cos(x @ self.directions + self.phases), axis=-1)

    def total(self, x: Any) -> Any:
        """The sum of the heights of points."""
        return np.sum(self.heights(x))


class Search(NamedTuple):
    """Starts in a landscape: what can be searched in a process of its own."""

    dimensions: int
    waves: int
    starts: int
    rounds: int  # of steps towards a critical point
    moved: bool  # whether the starts are moved down or up first, to be low or high
    seed: int
    number: int  # a search of its own for each


class Heights(NamedTuple):
    """Of critical points (n,): ``height / sqrt(N)``, and the share of directions that lead down."""

    height: np.ndarray
    share: np.ndarray


def search(unit: Search) -> Heights:
    """The critical points that are found from random starts, by Hessians from minigrad."""
    landscape = Landscape(unit.dimensions, unit.waves, unit.seed)
    draw = np.random.default_rng([unit.seed, 4, unit.dimensions, unit.moved, unit.number])
    x = AREA * draw.standard_normal((unit.starts, unit.dimensions))
    if unit.moved:
        slope, rates = func.grad(landscape.total), draw.uniform(-MOVE, MOVE, (unit.starts, 1))
        for _ in range(MOVES):
            x = x - rates * slope(x)
    found = critical_points(landscape.total, x, unit.rounds)
    height = landscape.heights(found.points) / math.sqrt(unit.dimensions)
    return Heights(height, found.leads_down / unit.dimensions)


def joined(parts: list[Heights]) -> Heights:
    """What several searches have found."""
    return Heights(*(np.concatenate(arrays) for arrays in zip(*parts, strict=True)))
