"""What is said of arrays: the text of a tensor, and the report of the first NaN or Inf."""

from collections.abc import Iterable
from typing import Any

import numpy as np

ZERO_TIMES_INFINITY = """; a gradient of 0 met an infinite derivative, as behind the branch of \
np.where not taken: give f a safe argument first, np.where(mask, f(np.where(mask, x, 1.0)), 0.0)"""


class AnomalyError(RuntimeError):
    """A NaN or Inf seen under `detect_anomaly`."""


def tensor_text(array: np.ndarray, usual: Any, note: str) -> str:
    """An array as PyTorch shows it; its dtype is told unless it is one of the usual ones."""
    body = np.array2string(array, precision=4, separator=", ", prefix="tensor(")
    notes = [] if array.size or array.ndim == 1 else [f"shape={array.shape}"]
    notes += [] if array.dtype in usual else [f"dtype={array.dtype}"]
    return f"tensor({', '.join([body, *notes, *filter(None, [note])])})"


def examine(what: str, made: Any, sources: Iterable[Any], place: str) -> None:
    """Raise if an array that ``what`` made of ``sources``, called at a place, is not finite."""
    array = bare(made)
    if array.dtype.kind not in "fc" or np.isfinite(array).all():
        return
    nan, inf, given = np.isnan(array), np.isinf(array), list(map(bare, sources))
    is_product = len(given) == 1 and given[0].shape == array.shape and not given[0][nan | inf].any()
    hint = ZERO_TIMES_INFINITY if is_product and place and nan.any() else ""
    raise AnomalyError(f"{what} gave {nan.sum()} NaN and {inf.sum()} Inf among {array.size} "
                       f"values, shape {array.shape} {array.dtype}, of "
                       f"{' and '.join(map(_range, given))}, called at {place}{hint}")  # fmt: skip


def bare(value: Any) -> np.ndarray:
    """The array of a tensor, or whatever else as one."""
    return np.asarray(getattr(value, "_array", value))


def _range(array: np.ndarray) -> str:
    finite = array[np.isfinite(array)] if array.dtype.kind in "fc" else array
    span = f" from {finite.min():g} to {finite.max():g}" if finite.size else ""
    return f"shape {array.shape} {array.dtype}{span}"
