"""Spoiled results of `demos.training_with_depth`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from demos.training_with_depth import (
    CONTROLS,
    DEEP,
    QUICK_RATES,
    SHOWN,
    SIGMOIDS,
    Results,
    Setting,
)

Spoil = Callable[[Results], Results]


def with_another(setting: Setting, field: str, change: Callable[[np.ndarray], None]) -> Spoil:
    """What was measured of one setting, changed in place in a copy."""

    def spoil(results: Results) -> Results:
        values = getattr(results.learning[setting], field).copy()
        change(values)
        spoiled = results.learning[setting]._replace(**{field: values})
        return replace(results, learning={**results.learning, setting: spoiled})

    return spoil


def set_one(value: float) -> Callable[[np.ndarray], None]:
    return lambda values: np.put(values, 0, value)


def scale_first_error(measurement: int, scale: float) -> Callable[[np.ndarray], None]:
    def change(errors: np.ndarray) -> None:
        errors[measurement, :, 0] *= scale

    return change


SPOILED = {
    **{
        f"{DEEP} layers of sigmoids at rate {rate:g}": with_another(
            Setting(SIGMOIDS, DEEP, rate), "losses", set_one(1.0)
        )
        for rate in QUICK_RATES
    },
    "1 layer of sigmoids": with_another(Setting(SIGMOIDS, 1, 1.0), "losses", set_one(0.6)),
    **{
        f"{DEEP} layers, {setting.kind}, at rate": with_another(setting, "losses", set_one(0.5))
        for setting in CONTROLS
    },
    "move by less": with_another(SHOWN, "moved", set_one(0.02)),
    **{
        f"{DEEP} layers, {setting.kind}, the first": with_another(setting, "moved", set_one(0.01))
        for setting in CONTROLS
    },
    "is as predicted": with_another(SHOWN, "errors", scale_first_error(0, 0.4)),
    "is below 0.001": with_another(SHOWN, "errors", scale_first_error(3, 100.0)),
    "it is above": with_another(CONTROLS[0], "errors", scale_first_error(3, 0.01)),
}
