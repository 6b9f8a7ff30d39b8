"""How many networks of several show something: counted, and whether that is nearly all."""

from __future__ import annotations

import numpy as np

ONE_IN = 20  # networks may be an exception


def nearly_all(found: np.ndarray) -> bool:
    """Whether it is true of all but the exceptions."""
    return bool(found.sum() >= _least(found))


def most(found: np.ndarray) -> str:
    """How many that takes, in words."""
    return f"at least {_least(found)} of {len(found)}"


def count(found: np.ndarray) -> str:
    """Of how many it is true, in words."""
    return f"{found.sum()} of {len(found)}"


def _least(found: np.ndarray) -> int:
    return len(found) - len(found) // ONE_IN
