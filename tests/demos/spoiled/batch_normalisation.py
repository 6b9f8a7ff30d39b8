"""Spoiled results of `demos.batch_normalisation`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from demos.batch_normalisation import EIGHT, FAST, LAST, SMALL, XAVIER, Results
from demos.sigmoid_networks import NONE, NORM, SHAKEN, Setting

Spoil = Callable[[Results], Results]
LOW, MIDDLE, HIGH = range(3)  # percentiles


def with_values(setting: Setting, norm: str, field: str, place: Any, value: float) -> Spoil:
    """What was measured, set to a value in places of a copy."""
    return changed(setting, norm, field, lambda values: values.__setitem__(place, value))


def changed(setting: Setting, norm: str, field: str, change: Callable[[Any], Any]) -> Spoil:
    def spoil(results: Results) -> Results:
        values = getattr(results.learned[setting, norm], field).copy()
        change(values)
        spoiled = results.learned[setting, norm]._replace(**{field: values})
        return replace(results, learned={**results.learned, (setting, norm): spoiled})

    return spoil


def jump(percentiles: np.ndarray) -> None:
    """Medians that jump once, half way."""
    percentiles[:, percentiles.shape[1] // 2 :, MIDDLE] += 2.0


def narrow(percentiles: np.ndarray) -> None:
    """Inputs that spread less in the end."""
    percentiles[:, -1, HIGH] -= 1.0


SPOILED = {
    "no accuracy is above": with_values(SMALL, NONE, "accuracies", (0, -1), 0.3),
    "all accuracies are above": with_values(SMALL, NORM, "accuracies", (0, slice(-5, None)), 0.93),
    "all are at": with_values(SMALL, NORM, "accuracies", (0, slice(10)), 0.5),
    "it takes each network": with_values(XAVIER, NORM, "accuracies", (0, slice(4)), 0.5),
    "each at its best": with_values(FAST, NONE, "accuracies", (slice(None), 1), 0.95),
    "every accuracy is above": with_values(XAVIER, NONE, "accuracies", (0, slice(-5, None)), 0.85),
    f"{XAVIER}: the median": changed(XAVIER, NORM, "percentiles", jump),
    f"{FAST}: the median": changed(FAST, NORM, "percentiles", jump),
    "it is not saturation": with_values(SMALL, NONE, "percentiles", (0, 0, LOW, 0), -2.0),
    "in the end inputs spread": changed(XAVIER, NORM, "percentiles", narrow),
    "wanders more": with_values(
        XAVIER, SHAKEN, "percentiles", (slice(None), slice(None), MIDDLE), 0.0
    ),
    "still it is": with_values(XAVIER, SHAKEN, "accuracies", 0, 0.5),
    f"{EIGHT}, {NONE}": with_values(EIGHT, NONE, "losses", (0, slice(-LAST, None)), 2.0),
    f"{EIGHT}, batch norm": with_values(EIGHT, NORM, "losses", (0, slice(-LAST, None)), 1.0),
}
