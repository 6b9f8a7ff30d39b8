"""Spoiled results of `demos.exploding_gradients`."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from demos.exploding_gradients import (
    BY_NORM,
    BY_VALUE,
    CALM,
    CREEPING,
    CURES,
    EXPLODING,
    PLAIN,
)

from . import with_another

SOME = 1  # network; in the quick form none may be an exception


def survive(losses: np.ndarray) -> None:
    """Some explode, but not to NaN."""
    losses[:SOME] = np.nan_to_num(losses[:SOME], nan=1e30)


def do_well_at_first(losses: np.ndarray) -> None:
    """Some explode from a small loss."""
    for one in losses[:SOME]:
        one[np.isfinite(one).sum() - 1] = 1e-3


def do_not_jump(losses: np.ndarray) -> None:
    """Some are NaN from one update to the next."""
    for one in losses[:SOME]:
        one[np.isfinite(one)] = one[0]


def explode(losses: np.ndarray) -> None:
    losses[:SOME, -1] = np.nan


def learn(losses: np.ndarray) -> None:
    losses[:SOME] = np.linspace(losses[:SOME, 0], 1e-3, losses.shape[1]).T


def set_some(value: float) -> Callable[[np.ndarray], None]:
    return lambda values: values[:SOME].fill(value)


def set_one(value: float) -> Callable[[np.ndarray], None]:
    return lambda values: np.put(values, 0, value)


def set_all(value: float) -> Callable[[np.ndarray], None]:
    return lambda values: values.fill(value)


SPOILED = {
    **{
        f"{name}: the loss becomes NaN": with_another(name, "losses", survive) for name in EXPLODING
    },
    "signal 1:": with_another(PLAIN, "losses", do_well_at_first),
    "signal 2:": with_another(PLAIN, "losses", do_not_jump),
    **{f"{name}: at least": with_another(name, "losses", explode) for name in CALM | CURES},
    **{f"with {name}, at": with_another(name, "learned", set_some(2e3)) for name in CURES},
    f"published errors, {BY_NORM}": with_another(BY_NORM, "tested", set_all(1.0)),
    f"published errors, {BY_VALUE}": with_another(BY_VALUE, "tested", set_all(500.0)),
    "largest gradient": with_another(BY_NORM, "norms", set_one(2e4)),
    CREEPING: with_another(CREEPING, "losses", learn),
}
