"""Spoiled results of `demos.reading_digits_by_pixel`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from demos.reading_digits_by_pixel import (
    BY_PIXEL,
    BY_ROW,
    LEVEL,
    LSTM,
    QUICK_NO_GAP,
    Results,
    Setting,
)

Spoil = Callable[[Results], Results]


def with_less(results: Results, setting: Setting, less: float) -> Results:
    """The networks of one setting read so much less at the end."""
    accuracies = results.accuracies[setting].copy()
    accuracies[:, -1] -= less
    return replace(results, accuracies={**results.accuracies, setting: accuracies})


def with_all_worse(results: Results) -> Results:
    """All networks that read by pixel: gaps stay."""
    for setting in results.accuracies:
        if setting.pixels == BY_PIXEL:
            results = with_less(results, setting, 0.3)
    return results


def with_no_certainty(results: Results) -> Results:
    """The mean gap stays, but is no longer known well enough."""
    best = results.best(BY_PIXEL)
    apart = np.resize([0.3, -0.3], len(results.ends(best)))
    accuracies = results.accuracies[best].copy()
    accuracies[:, -1] += apart
    return replace(results, accuracies={**results.accuracies, best: accuracies})


def with_a_gap_by_row(results: Results) -> Results:
    return with_less(results, results.best(BY_ROW), 2.0 * QUICK_NO_GAP)


SPOILED: dict[str, Spoil] = {
    f"{LSTM.start}, by pixel": with_all_worse,
    "at their best rate": with_no_certainty,
    "by row": with_a_gap_by_row,
    f"over {LEVEL.start}": lambda results: with_less(results, LEVEL, 0.2),
}
