"""Spoiled results of `demos.convolutional_resnet`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from demos.convolutional_resnet import PLAIN, QUICK_BLOCKS, RESIDUAL, Results, layers

Spoil = Callable[[Results], Results]
SHALLOW, DEEP = QUICK_BLOCKS


def with_all(kind: str, blocks: int, field: str, value: float) -> Spoil:
    """All that was measured of one kind."""

    def spoil(results: Results) -> Results:
        one = results.learned[kind, blocks]
        spoiled = one._replace(**{field: np.full_like(getattr(one, field), value)})
        return replace(results, learned={**results.learned, (kind, blocks): spoiled})

    return spoil


def all_bad(results: Results) -> Results:
    """Residual networks that do not learn, whatever their depth."""
    shallow = with_all(RESIDUAL, SHALLOW, "wrong", 0.3)
    return shallow(with_all(RESIDUAL, DEEP, "wrong", 0.3)(results))


def degraded(results: Results) -> Results:
    """Residual networks that learn, but worse if they are deep."""
    shallow = with_all(RESIDUAL, SHALLOW, "wrong", 0.02)
    return shallow(with_all(RESIDUAL, DEEP, "wrong", 0.2)(results))


def with_first_error(kind: str, factor: float) -> Spoil:
    def spoil(results: Results) -> Results:
        one = results.learned[kind, DEEP]
        errors = one.errors.copy()
        errors[:, 0] *= factor
        learned = {**results.learned, (kind, DEEP): one._replace(errors=errors)}
        return replace(results, learned=learned)

    return spoil


SPOILED = {
    "of the digits that are learned are told wrong than": with_all(PLAIN, DEEP, "wrong", 0.3),
    "not so": degraded,
    f"residual, {layers(DEEP)} layers: fewer": all_bad,
    "of the digits not learned": with_all(PLAIN, DEEP, "test_wrong", 0.1),
    "it does not vanish": with_first_error(PLAIN, 100.0),
    "it grows by less": with_first_error(RESIDUAL, 100.0),
}
