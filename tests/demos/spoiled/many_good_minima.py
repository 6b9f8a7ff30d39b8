"""Spoiled results of `demos.many_good_minima`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from demos.many_good_minima import LARGE, MIRRORED, SMALL, WAY, Results

Spoil = Callable[[Results], Results]


def with_scaled_spread(hidden: int, scale: float) -> Spoil:
    def spoil(results: Results) -> Results:
        losses = results.losses[hidden]
        spread = losses.mean() + scale * (losses - losses.mean())
        return replace(results, losses={**results.losses, hidden: spread})

    return spoil


def with_hardly_narrower_losses(results: Results) -> Results:
    """The large network spreads nearly as widely as the middle one, but not quite."""
    scale = 0.9 * results.spread(MIRRORED)[0] / results.spread(LARGE)[0]
    return with_scaled_spread(LARGE, scale)(results)


def with_accuracies(hidden: int, low: float, high: float) -> Spoil:
    def spoil(results: Results) -> Results:
        accuracies = np.linspace(low, high, len(results.accuracies[hidden]))
        return replace(results, accuracies={**results.accuracies, hidden: accuracies})

    return spoil


def with_a_worse_copy(results: Results) -> Results:
    copies = results.copies.copy()
    copies[7] += 1e-9
    return replace(results, copies=copies)


def with_a_level_way(results: Results) -> Results:
    ways = results.ways.copy()
    ways[7, len(WAY) // 2] = ways[7, 0]
    return replace(results, ways=ways)


SPOILED = {
    "spread less with every step": with_scaled_spread(MIRRORED, 5.0),
    f"of {LARGE} units they spread": with_hardly_narrower_losses,
    "over their mean": with_scaled_spread(MIRRORED, 0.3),
    f"of {LARGE} units all are good": with_accuracies(LARGE, 0.9, 0.95),
    f"of {SMALL} units it matters": with_accuracies(SMALL, 0.6, 0.62),
    "are as good": with_a_worse_copy,
    "half way": with_a_level_way,
}
