"""Spoiled results of `demos.loss_scaling`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from demos.loss_scaling import (
    EIGHT,
    ENOUGH,
    FACTORS,
    FROM_BELOW,
    JUST_RIGHT,
    NOTHING,
    RELU,
    SIX,
    TOO_LARGE,
    Results,
)

Spoil = Callable[[Results], Results]


def with_lost(name: str, power: int, layer: int | None, by: float) -> Spoil:
    """So much more of the gradients of a layer, or of all."""

    def spoil(results: Results) -> Results:
        lost = results.seen[name].lost.copy()
        lost[:, FACTORS.index(power), slice(None) if layer is None else layer] += by
        return replace(results, seen={**results.seen, name: results.seen[name]._replace(lost=lost)})

    return spoil


def with_first_layer_spared(name: str) -> Spoil:
    """What the first layer keeps, the last loses."""

    def spoil(results: Results) -> Results:
        lost = results.seen[name].lost.copy()
        lost[:, 0, 0] -= 0.5
        lost[:, 0, -1] += 0.5
        return replace(results, seen={**results.seen, name: results.seen[name]._replace(lost=lost)})

    return spoil


def with_cheaper_layers(results: Results) -> Results:
    one = results.seen[EIGHT]
    return replace(results, seen={**results.seen, EIGHT: one._replace(bits=one.bits * 0.9)})


def with_learned(kind: str, power: int | None, field: str, change: Any) -> Spoil:
    def spoil(results: Results) -> Results:
        found = getattr(results, kind)
        values = change(getattr(found[power], field).copy())
        return replace(
            results, **{kind: {**found, power: found[power]._replace(**{field: values})}}
        )

    return spoil


def with_worse_float32(results: Results) -> Results:
    """And with it the scale that is to do as well."""
    factor = 0.5 / results.fixed[None].losses.max()
    fixed, dynamic = (
        {power: one._replace(losses=one.losses * factor) for power, one in found.items()}
        for found in (results.fixed, results.dynamic)
    )
    fixed[NOTHING] = results.fixed[NOTHING]
    return replace(results, fixed=fixed, dynamic=dynamic)


SPOILED = {
    "2^-25 is rounded": lambda results: replace(results, rounded=(0.0, 2.0**-25)),
    "is still 1": lambda results: replace(results, sum_of_two=1.0 + 2.0**-10),
    "weight of float32": lambda results: replace(
        results, updated={**results.updated, "float32": 0.79}
    ),
    **{f"{name}: more than": with_lost(name, 0, -1, 0.5) for name in (SIX, EIGHT)},
    **{f"{name}: at the first": with_first_layer_spared(name) for name in (SIX, EIGHT)},
    f"{RELU}, He": with_lost(RELU, 0, None, 0.01),
    "bits of the exponent": with_cheaper_layers,
    f"a factor of 2^{ENOUGH}": with_lost(SIX, ENOUGH, None, 0.1),
    f"a factor of 2^{FACTORS[-1]}": with_lost(EIGHT, FACTORS[-1], None, 0.01),
    "learning, no scale": with_learned("fixed", NOTHING, "zeros", lambda zeros: zeros - 0.01),
    f"learning, a scale of 2^{JUST_RIGHT}": with_learned(
        "fixed", JUST_RIGHT, "losses", lambda losses: losses * 1.05
    ),
    f"learning, a scale of 2^{TOO_LARGE}": with_learned(
        "fixed", TOO_LARGE, "losses", np.nan_to_num
    ),
    "learning in float32": with_worse_float32,
    f"changes, 2^{TOO_LARGE} at": with_learned("dynamic", TOO_LARGE, "skipped", np.zeros_like),
    f"changes, 2^{FROM_BELOW} at": with_learned("dynamic", FROM_BELOW, "skipped", np.ones_like),
    f"changes, 2^{NOTHING} at": with_learned("dynamic", NOTHING, "powers", np.zeros_like),
}
