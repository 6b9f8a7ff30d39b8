"""For each demo, results spoiled in one place: a part of a claim's text, and what breaks it.

A claim that no spoiled result breaks would hold whatever the run does.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np


def with_another(name: str, field: str, change: Callable[[np.ndarray], None]) -> Any:
    """What was measured of one variant, changed in place in a copy."""

    def spoil(results: Any) -> Any:
        values = getattr(results.learning[name], field).copy()
        change(values)
        spoiled = results.learning[name]._replace(**{field: values})
        return replace(results, learning={**results.learning, name: spoiled})

    return spoil
