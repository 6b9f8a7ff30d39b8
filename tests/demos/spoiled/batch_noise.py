"""Spoiled results of `demos.batch_noise`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from demos.batch_noise import (
    ALL,
    DROPOUT,
    EVALUATION,
    GAINS,
    KINDS,
    MAIN,
    NOISY,
    NONE,
    TRAINING,
    Results,
)

Spoil = Callable[[Results], Results]
SMALL, _, LARGE = GAINS


def with_more(start: str, size: int, field: str, amount: float) -> Spoil:
    """Of all networks."""

    def spoil(results: Results) -> Results:
        one = results.learned[start, size]
        spoiled = one._replace(**{field: getattr(one, field) + amount})
        return replace(results, learned={**results.learned, (start, size): spoiled})

    return spoil


def with_noise(kind: str, factors: np.ndarray, least: float = 0.0) -> Spoil:
    """Of a kind, by the size of batches."""

    def spoil(results: Results) -> Results:
        one = results.learned[MAIN, ALL]
        noise = one.noise.copy()
        noise[:, KINDS.index(kind)] = np.maximum(noise[:, KINDS.index(kind)] * factors, least)
        learned = {**results.learned, (MAIN, ALL): one._replace(noise=noise)}
        return replace(results, learned=learned)

    return spoil


SPOILED = {
    "noise of the logits": with_noise(TRAINING, np.array([1.0, 1.0, 1.0, 1.0, 2.0, 2.0])),
    "noise by dropout": with_noise(DROPOUT, np.array([2.0, 2.0, 1.0, 1.0, 1.0, 1.0])),
    "in evaluation": with_noise(EVALUATION, np.ones(6), least=0.01),
    f"parts of {NOISY}: the loss": with_more(MAIN, NOISY, "test_loss", 0.015),
    f"parts of {NOISY}: the accuracy": with_more(MAIN, NOISY, "test_accuracy", -0.02),
    f"from {MAIN}'s start": with_more(MAIN, NONE, "test_loss", 0.1),
    "how much higher": with_more(LARGE, NONE, "test_loss", -0.1),
    f"parts of {NOISY}: from every": with_more(SMALL, NOISY, "test_loss", 0.1),
}
