"""Spoiled results of `demos.convergence_on_quadratics`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from demos.convergence_on_quadratics import (
    ABOVE,
    BELOW,
    INVERSE,
    OPTIMAL,
    QUICK_OVERSHOOTS,
    RATES,
    Results,
)

Spoil = Callable[[Results], Results]
KAPPA = 100


def with_another_factor(name: str, times: float) -> Spoil:
    """By that much at one condition number."""

    def spoil(results: Results) -> Results:
        courses = results.distances[name]
        course = courses[KAPPA] * times ** np.arange(len(courses[KAPPA]))
        return replace(results, distances={**results.distances, name: {**courses, KAPPA: course}})

    return spoil


def with_a_faster_rate(results: Results) -> Results:
    by_rate = results.by_rate.copy()
    by_rate[:, len(RATES) // 2] *= 0.8 ** np.arange(len(by_rate))
    return replace(results, by_rate=by_rate)


def with_a_late_overflow(ratio: float) -> Spoil:
    def spoil(results: Results) -> Results:
        late = results.overflows[ratio]._replace(step=results.overflows[ratio].step + 2)
        return replace(results, overflows={**results.overflows, ratio: late})

    return spoil


SPOILED = {
    f"at lr {OPTIMAL} ": with_another_factor(OPTIMAL, 1.0001),
    f"at lr {INVERSE} ": with_another_factor(INVERSE, 1.0001),
    f"at lr {BELOW} ": with_another_factor(BELOW, 1.003),
    f"at lr {ABOVE} ": with_another_factor(ABOVE, 0.97),
    "none contracts faster": with_a_faster_rate,
    **{f"at {ratio:g} times 2/L": with_a_late_overflow(ratio) for ratio in QUICK_OVERSHOOTS},
}
