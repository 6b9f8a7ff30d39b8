"""Spoiled results of `demos.dying_relu`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from demos.dying_relu import (
    CONSTANT,
    DIVERGING,
    FAIR,
    LEAK,
    LEAKY_01,
    LEAKY_1,
    NO_LEAK,
    RELU,
    TOO_LARGE,
    WIDE,
    WIDE_LEAKY,
    Results,
    Shape,
)

Spoil = Callable[[Results], Results]


def with_collapsed(shape: Shape, share: float) -> Spoil:
    """That share of the networks; the others, as the born dead must not be revived, are not."""

    def spoil(results: Results) -> Results:
        one = results.collapse[shape]
        after = np.where(np.arange(len(one.after)) < share * len(one.after), 0.0, 1.0)
        before = np.append(0.0, np.ones(len(after) - 1))
        spoiled = one._replace(before=before, after=after)
        return replace(results, collapse={**results.collapse, shape: spoiled})

    return spoil


def with_a_revival(results: Results) -> Results:
    one = results.collapse[RELU]
    after = one.after.copy()
    after[one.before.argmin()] = 0.5 * CONSTANT  # it answers, if hardly
    collapse = {**results.collapse, RELU: one._replace(after=after)}
    return replace(results, collapse=collapse)


def with_learned(leak: float, rate: float, name: str, value: float) -> Spoil:
    def spoil(results: Results) -> Results:
        one = results.learned[leak][rate]
        values = np.full_like(getattr(one, name), value)
        rates = {**results.learned[leak], rate: one._replace(**{name: values})}
        return replace(results, learned={**results.learned, leak: rates})

    return spoil


SPOILED = {
    "|x|, ReLU of width 2": with_collapsed(RELU, 0.5),
    "a leak of 0.01 does not save": with_collapsed(LEAKY_01, 0.0),
    "a leak of 0.1 saves": with_collapsed(LEAKY_1, 0.5),
    "ReLU of width 8": with_collapsed(WIDE, 0.5),
    "a leak of 0.01 at width 8": with_collapsed(WIDE_LEAKY, 0.5),
    "is revived": with_a_revival,
    f"ReLU at rate {TOO_LARGE:g}": with_learned(NO_LEAK, TOO_LARGE, "dead", 0.01),
    f"ReLU at rate {FAIR:g}": with_learned(NO_LEAK, FAIR, "dead", 0.05),
    "has a gradient of 0": with_learned(LEAK, FAIR, "passing_nothing", 0.01),
    "go to infinity": with_learned(LEAK, DIVERGING, "finite", True),
}
