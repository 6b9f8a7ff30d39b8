"""Spoiled results of `demos.lstm_against_rnn`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from demos.adding import KNOWS_NOTHING
from demos.lstm_against_rnn import (
    LEARNED,
    LEVEL,
    MORE,
    NEAR,
    OPEN,
    OPENED,
    QUICK_TANH,
    RELU,
    SHUT,
    SOLVED,
    Results,
    Setting,
)

Spoil = Callable[[Results], Results]


def with_ends(setting: Setting, error: float) -> Spoil:
    """All networks of a setting end there."""

    def spoil(results: Results) -> Results:
        ended = [
            one._replace(losses=np.full_like(one.losses, error)) for one in results.trained[setting]
        ]
        return replace(results, trained={**results.trained, setting: ended})

    return spoil


def with_arrival(setting: Setting, **arrivals: float) -> Spoil:
    """So much of the error arrives in the first network of a setting."""

    def spoil(results: Results) -> Results:
        first, *others = results.trained[setting]
        trained = [first._replace(**arrivals), *others]
        return replace(results, trained={**results.trained, setting: trained})

    return spoil


def with_little_more(results: Results) -> Results:
    """Orthogonal weights let through hardly more than an LSTM does."""
    most = max(one.before for one in results.trained[OPENED])
    return with_arrival(LEVEL, before=0.9 * MORE * most)(results)


SPOILED = {
    f"{OPENED.start}: at least": with_ends(OPENED, KNOWS_NOTHING),
    f"{SHUT.start}: at least": with_ends(SHUT, KNOWS_NOTHING),
    **{
        f"{tanh.start}, at rate {tanh.rate:g}": with_ends(tanh, 0.9 * LEARNED)
        for tanh in QUICK_TANH
    },
    f"{LEVEL.start}, at rate": with_little_more,
    "opens its gates": with_arrival(SHUT, after=0.9 * OPEN),
    f"{RELU.start}: at least": with_ends(RELU, 1.1 * LEARNED),
    f"{NEAR.start}, over": with_ends(NEAR, 1.1 * SOLVED),
}
