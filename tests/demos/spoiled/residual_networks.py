"""Spoiled results of `demos.residual_networks`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from demos.blocks import (
    BARE,
    BARE_RESIDUAL,
    CLEAN_SIGMOID,
    FROM_ZERO,
    PLAIN,
    PLAIN_SIGMOID,
    RESIDUAL,
    SIGMOID_OF_SUM,
    Setting,
)
from demos.residual_networks import (
    BARE_RATE,
    DEEP,
    OTHER_RATES,
    QUICK_DEPTHS,
    SIGMOIDS,
    WIDE,
    Results,
)

Spoil = Callable[[Results], Results]
SHALLOW, LEARNED_DEEP = QUICK_DEPTHS


def with_learned(setting: Setting, field: str, value: float) -> Spoil:
    """All that was measured of one setting."""

    def spoil(results: Results) -> Results:
        one = results.learned[setting]
        spoiled = one._replace(**{field: np.full_like(getattr(one, field), value)})
        return replace(results, learned={**results.learned, setting: spoiled})

    return spoil


def with_first_error(setting: Setting, change: Callable[[Any], None]) -> Spoil:
    """Of all networks, at the first block, over that at the last."""

    def spoil(results: Results) -> Results:
        errors = results.errors[setting] / results.errors[setting][:, -1:]
        change(errors[:, 0])
        return replace(results, errors={**results.errors, setting: errors})

    return spoil


def times(factor: float) -> Callable[[Any], None]:
    return lambda reached: np.multiply(reached, factor, reached)


def one_at(value: float) -> Callable[[Any], None]:
    return lambda reached: reached.__setitem__(0, value)


SPOILED = {
    f"plain, {LEARNED_DEEP} layers tell more": with_learned(
        Setting(PLAIN, LEARNED_DEEP), "wrong", 0.2
    ),
    f"plain, {SHALLOW} layers tell fewer": with_learned(Setting(PLAIN, SHALLOW), "wrong", 0.12),
    f"residual, {LEARNED_DEEP} layers tell": with_learned(
        Setting(RESIDUAL, LEARNED_DEEP), "wrong", 0.2
    ),
    f"plain, {LEARNED_DEEP} layers at a rate": with_learned(
        Setting(PLAIN, LEARNED_DEEP, OTHER_RATES[0]), "wrong", 0.2
    ),
    "plain, 8 layers: towards": with_first_error(Setting(PLAIN, 8), times(1.4)),
    "plain, 20 layers: towards": with_first_error(Setting(PLAIN, 20), times(3.0)),
    "plain, 56 layers: towards": with_first_error(Setting(PLAIN, DEEP), times(10.0)),
    f"of {WIDE} units": with_first_error(Setting(PLAIN, DEEP, width=WIDE), times(4.0)),
    f"plain, {DEEP} layers: the error": with_first_error(Setting(PLAIN, DEEP), one_at(900.0)),
    f"residual, {DEEP} layers: it": with_first_error(Setting(RESIDUAL, DEEP), times(20.0)),
    f"plain, {DEEP} layers without": with_first_error(Setting(BARE, DEEP), times(100.0)),
    "no loss is finite": with_learned(
        Setting(BARE_RESIDUAL, LEARNED_DEEP, BARE_RATE), "losses", 1.0
    ),
    "branches from 0": with_learned(Setting(FROM_ZERO, LEARNED_DEEP, BARE_RATE), "losses", 1.0),
    "of sigmoids, plain": with_first_error(Setting(PLAIN_SIGMOID, SIGMOIDS), times(1e8)),
    "a sigmoid of the sum": with_first_error(Setting(SIGMOID_OF_SUM, SIGMOIDS), times(100.0)),
    "nothing behind": with_first_error(Setting(CLEAN_SIGMOID, SIGMOIDS), times(0.01)),
}
