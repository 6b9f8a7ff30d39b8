"""Spoiled results of `demos.vanishing_gradient`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from demos.vanishing_gradient import (
    AT_ALL_DEPTHS,
    LARGE,
    RELU_HE,
    STARTS,
    TANH_XAVIER,
    XAVIER,
    Results,
)

Spoil = Callable[[Results], Results]


def with_scaled_norms(name: str, layer: int, scale: object) -> Spoil:
    """Of one layer alone: layer 2 changes the mean factor, layer 1 only what reaches it."""

    def spoil(results: Results) -> Results:
        norms = results.norms[name].copy()
        norms[:, layer - 1] *= scale
        return replace(results, norms={**results.norms, name: norms})

    return spoil


def with_seeds_far_apart(results: Results) -> Results:
    """The mean factor stays, but is no longer known well enough to tell it from 1/4."""
    scale = np.resize([1.05**8, 0.95**8], len(results.norms[XAVIER]))
    return with_scaled_norms(XAVIER, 2, scale)(results)


def with_saturation(name: str, share: float) -> Spoil:
    def spoil(results: Results) -> Results:
        saturated = np.full_like(results.saturated[name], share)
        return replace(results, saturated={**results.saturated, name: saturated})

    return spoil


def with_another_slope(name: str) -> Spoil:
    def spoil(results: Results) -> Results:
        reach = results.reach[name] * 0.9 ** np.array(results.depths)
        return replace(results, reach={**results.reach, name: reach})

    return spoil


SPOILED = {
    **{f"{name}: a layer multiplies": with_scaled_norms(name, 2, 0.1) for name in STARTS},
    "steepest slope": with_seeds_far_apart,
    **{
        f"{name}: the error at layer 1": with_scaled_norms(name, 1, 3.0)
        for name in (XAVIER, TANH_XAVIER, RELU_HE)
    },
    "fewer than": with_saturation(XAVIER, 0.1),
    f"{LARGE}: most units": with_saturation(LARGE, 0.1),
    **{f"{name}: one layer more": with_another_slope(name) for name in AT_ALL_DEPTHS},
}
