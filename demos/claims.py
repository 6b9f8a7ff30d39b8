"""What a demo claims: a published or predicted number, beside the one that was measured."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Claim:
    """One line of the table."""

    text: str  # what must hold, with its threshold
    expected: str  # the published or predicted number, and by whom
    measured: str
    holds: bool
    is_control: bool = False  # shows that the effect is absent where it should be


def mean_and_error(values: np.ndarray) -> tuple[float, float]:
    """The mean over repetitions, and its standard error."""
    return float(values.mean()), float(values.std(ddof=1) / np.sqrt(len(values)))


def with_error(values: np.ndarray, digits: int = 4) -> str:
    """The mean and its standard error as text."""
    mean, error = mean_and_error(values)
    return f"{mean:.{digits}f} ± {error:.{digits}f}"


def geometric_mean(values: np.ndarray, axis: int | None = None) -> np.ndarray:
    """The mean of factors."""
    return np.asarray(np.exp(np.log(values).mean(axis=axis)))
