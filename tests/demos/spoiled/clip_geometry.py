"""Spoiled results of `demos.clip_geometry`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from demos.clip_geometry import CAUCHY, NORMAL, STUDENT, Results

Spoil = Callable[[Results], Results]


def with_scaled(kind: str, tail: str, field: str, scale: float) -> Spoil:
    def spoil(results: Results) -> Results:
        found = getattr(results, kind)
        one = found[tail]._replace(**{field: getattr(found[tail], field) * scale})
        return replace(results, **{kind: {**found, tail: one}})

    return spoil


SPOILED = {
    "normal: the cosine": with_scaled("by_value", NORMAL, "cosines", 1.02),
    f"{STUDENT} than {NORMAL}": with_scaled("by_value", STUDENT, "cosines", 1.2),
    f"{CAUCHY} than {STUDENT}": with_scaled("by_value", CAUCHY, "cosines", 4.0),
    "the norm clipped:": with_scaled("by_norm", CAUCHY, "cosines", 1.0 - 1e-9),
    "the norm rescaled:": with_scaled("rescaled", NORMAL, "cosines", 1.0 - 1e-9),
    "where none exceeds": with_scaled("unbounded", STUDENT, "cosines", 1.0 - 1e-9),
    "rescaled, the norm": with_scaled("rescaled", STUDENT, "norms", 1.0 - 1e-9),
    "clipped, the norm is n": with_scaled("by_norm", NORMAL, "norms", 1.0 + 1e-9),
}
