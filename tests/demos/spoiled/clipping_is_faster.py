"""Spoiled results of `demos.clipping_is_faster`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from demos.clipping_is_faster import CASES, COSH, FITTED_FROM, QUARTIC, SQUARE, Results

Spoil = Callable[[Results], Results]


def with_scaled(field: str, name: str, scale: float, distance: int | None = None) -> Spoil:
    """The steps of one function by one kind of descent, from one distance or from all."""

    def spoil(results: Results) -> Results:
        by = getattr(results, field)
        steps = {d: s * (scale if distance in (d, None) else 1.0) for d, s in by[name].items()}
        return replace(results, **{field: {**by, name: steps}})

    return spoil


FARTHEST = CASES[QUARTIC].quick_distances[-1]
SPOILED = {
    "grow with a power of the largest": with_scaled("fixed", QUARTIC, 0.3, FITTED_FROM),
    "the predicted number": with_scaled("fixed", QUARTIC, 1.5),
    "one clipping for all": with_scaled("clipped", QUARTIC, 0.4, FITTED_FROM),
    "grow with that power": with_scaled("retuned", QUARTIC, 3.0, FARTHEST),
    f"{QUARTIC}: the farther": with_scaled("clipped", QUARTIC, 20.0),
    f"{COSH}: the farther": with_scaled("clipped", COSH, 20.0),
    f"{SQUARE}, of one": with_scaled("clipped", SQUARE, 0.5, 1),
}
