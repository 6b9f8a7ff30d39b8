"""The adding problem: two numbers of a sequence are marked, and their sum is asked for.

Hochreiter & Schmidhuber 1997, in the form of Le, Jaitly & Hinton 2015.
"""

from __future__ import annotations

import numpy as np

INPUTS = 2  # a number, and whether it is marked
KNOWS_NOTHING = 1.0 / 6.0  # the error of always 1: the variance of the sum of two numbers


def adding(steps: int, batch: int, draw: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Numbers with marks (steps, batch, 2), one in each half, and sums of those marked."""
    numbers = draw.uniform(0.0, 1.0, (steps, batch)).astype(np.float32)
    half, each = steps // 2, np.arange(batch)
    marks = np.zeros_like(numbers)
    marks[draw.integers(0, half, batch), each] = 1.0
    marks[draw.integers(half, steps, batch), each] = 1.0
    return np.stack([numbers, marks], axis=-1), (numbers * marks).sum(axis=0)[:, None]
