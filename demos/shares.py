"""Several networks: what was measured of them side by side, and how many show something."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

import numpy as np

Measured = TypeVar("Measured", bound=tuple[Any, ...])

ONE_IN = 20  # networks may be an exception


def together(several: Sequence[Measured]) -> Measured:
    """What was measured of each, a named tuple, as one whose arrays have an axis of networks."""
    kind: Any = type(several[0])
    joined: Measured = kind(*(np.array(values) for values in zip(*several, strict=True)))
    return joined


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
