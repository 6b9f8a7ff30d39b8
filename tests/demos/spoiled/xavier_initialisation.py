"""Spoiled results of `demos.xavier_initialisation`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from demos.xavier_initialisation import GOOD, KINDS, LARGE, SMALL, STANDARD, STARTS, XAVIER, Results

Spoil = Callable[[Results], Results]


def with_scaled(name: str, field: str, scale: float) -> Spoil:
    def spoil(results: Results) -> Results:
        one = results.measured[name]
        spoiled = one._replace(**{field: getattr(one, field) * scale})
        return replace(results, measured={**results.measured, name: spoiled})

    return spoil


def with_first_deviation(name: str, kind: int, scale: float) -> Spoil:
    """Of the first layer alone."""

    def spoil(results: Results) -> Results:
        deviations = results.measured[name].deviations.copy()
        deviations[:, kind, 0] *= scale
        spoiled = results.measured[name]._replace(deviations=deviations)
        return replace(results, measured={**results.measured, name: spoiled})

    return spoil


def with_loss(name: str, value: float) -> Spoil:
    """Of one network, at all steps."""

    def spoil(results: Results) -> Results:
        course = results.courses[name].copy()
        course[:, 0] = value
        return replace(results, courses={**results.courses, name: course})

    return spoil


ERRORS, GRADIENTS = KINDS.index("errors dL/dz"), KINDS.index("gradients dL/dW")
SPOILED = {
    **{f"{name}: the mean singular": with_scaled(name, "singular", 1.3) for name in GOOD},
    "weights alone": with_scaled(XAVIER, "alone", 1.02),
    **{f"{name}: the error": with_first_deviation(name, ERRORS, 1.4) for name in STARTS},
    **{
        f"{name}: the gradient": with_first_deviation(
            name, GRADIENTS, 1.5 if name != LARGE else 0.012
        )
        for name in STARTS
    },
    f"{XAVIER}: less": with_scaled(XAVIER, "saturated", 10.0),
    f"{LARGE}: more": with_scaled(LARGE, "saturated", 0.5),
    f"{STANDARD}: it takes": with_loss(STANDARD, 0.2),
    **{f"{name}: no network": with_loss(name, 0.2) for name in (SMALL, LARGE)},
}
