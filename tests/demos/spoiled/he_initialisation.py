"""Spoiled results of `demos.he_initialisation`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from demos.he_initialisation import FILLS, HE, XAVIER, Results

Spoil = Callable[[Results], Results]


def with_another_slope(start: str, way: str) -> Spoil:
    """By the layers in between: the last over the first stays."""

    def spoil(results: Results) -> Results:
        signals = results.signals[start]
        values = getattr(signals, way).copy()
        values[:, 1:8] *= 1e8
        values[:, -8:-1] *= 1e-8
        spoiled = {**results.signals, start: signals._replace(**{way: values})}
        return replace(results, signals=spoiled)

    return spoil


def with_one_large_ratio(start: str) -> Spoil:
    """Of one network, whose slope does not say so: the mean is over networks, not logarithms."""

    def spoil(results: Results) -> Results:
        signals = results.signals[start]
        forward = signals.forward.copy()
        most = forward[:, -1].argmax()
        forward[most, -1] *= 1e3
        spoiled = {**results.signals, start: signals._replace(forward=forward)}
        return replace(results, signals=spoiled)

    return spoil


def with_lowest(start: str, loss: float) -> Spoil:
    """The lowest loss of one of the deep networks, at one of the rates."""

    def spoil(results: Results) -> Results:
        key = next(key for key in results.deep if key[0] == start)
        losses = results.deep[key].copy()
        losses[:, 0] = loss
        return replace(results, deep={**results.deep, key: losses})

    return spoil


def with_losses(start: str, loss: float) -> Spoil:
    def spoil(results: Results) -> Results:
        losses = np.full_like(results.by_depth[start], loss)
        return replace(results, by_depth={**results.by_depth, start: losses})

    return spoil


SPOILED = {
    **{
        f"{start}, {way}": with_another_slope(start, way)
        for start in FILLS
        for way in ("forward", "backward")
    },
    **{f"{start}: the mean square": with_one_large_ratio(start) for start in FILLS},
    "do not learn": with_lowest(XAVIER, 1.0),
    "from He's start learn": with_lowest(HE, 2.1),
    "grows with depth": with_losses(XAVIER, 2.0),
    "from He's start the loss": with_losses(HE, 2.0),
}
