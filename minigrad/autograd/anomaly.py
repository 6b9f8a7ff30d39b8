"""The anomaly report: what the first NaN or Inf is, where it came from, and what it came of."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from .changes import Place, describe

ZERO_TIMES_INFINITY = (
    "; a gradient of 0 met an infinite derivative, as behind the branch of np.where that was not "
    "taken: give f a safe argument first, np.where(mask, f(np.where(mask, x, 1.0)), 0.0)"
)


class AnomalyError(RuntimeError):
    """A NaN or Inf seen under `detect_anomaly`."""


def examine(what: str, made: Any, sources: Iterable[Any], place: Place) -> None:
    """Raise if an array that ``what`` made of ``sources`` is not finite."""
    array = _bare(made)
    if array.dtype.kind not in "fc" or np.isfinite(array).all():
        return
    nan, inf, given = np.isnan(array), np.isinf(array), list(map(_bare, sources))
    is_product = len(given) == 1 and given[0].shape == array.shape and not given[0][nan | inf].any()
    raise AnomalyError(
        f"{what} gave {nan.sum()} NaN and {inf.sum()} Inf among {array.size} values, shape "
        f"{array.shape} {array.dtype}, of {' and '.join(map(_range, given))}, called at "
        f"{describe(place)}{ZERO_TIMES_INFINITY if is_product and place and nan.any() else ''}"
    )


def _bare(value: Any) -> np.ndarray:
    return np.asarray(getattr(value, "_array", value))


def _range(array: np.ndarray) -> str:
    finite = array[np.isfinite(array)] if array.dtype.kind in "fc" else array
    span = f" from {finite.min():g} to {finite.max():g}" if finite.size else ""
    return f"shape {array.shape} {array.dtype}{span}"
