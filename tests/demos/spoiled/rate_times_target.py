"""Spoiled results of `demos.rate_times_target`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from demos.rate_times_target import KINDS, Results

Spoil = Callable[[Results], Results]


def with_all_at_the_last_scale(name: str) -> Spoil:
    """There networks fail at other rates than predicted, but not all of them."""

    def spoil(results: Results) -> Results:
        rates = results.rates[name].copy()
        rates[-1] *= 4.0
        return replace(results, rates={**results.rates, name: rates})

    return spoil


def with_all_failed(name: str) -> Spoil:
    """At all scales alike, so that the slope is as predicted."""

    def spoil(results: Results) -> Results:
        failed = np.ones_like(results.failed[name])
        return replace(results, failed={**results.failed, name: failed})

    return spoil


SPOILED = {
    **{f"{name}: the highest rate": with_all_at_the_last_scale(name) for name in KINDS},
    **{f"{name}: at each scale": with_all_failed(name) for name in KINDS},
}
