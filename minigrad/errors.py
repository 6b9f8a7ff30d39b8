"""What is said: the one form of every complaint, the report of a NaN, the text of a tensor.

A complaint says who, what was expected, what came, and what to do.
"""

from collections.abc import Iterable
from typing import Any

import numpy as np

ZERO_TIMES_INFINITY = """; a gradient of 0 met an infinite derivative, as behind the branch of \
np.where not taken: give f a safe argument first, np.where(mask, f(np.where(mask, x, 1.0)), 0.0)"""


def wrong_value(who: str, expected: Any, got: Any, mend: str = "") -> ValueError:
    """The error for a value or a shape.

    >>> raise wrong_value("Linear", "inputs of shape (..., 3)", (5, 4), "transpose them")
    Traceback (most recent call last):
    ValueError: Linear expects inputs of shape (..., 3), got (5, 4); transpose them
    """
    return ValueError(sentence(who, expected, got, mend))


def expect(holds: Any, who: str, expected: Any, got: Any, mend: str = "",
           error: type[Exception] = ValueError) -> None:  # fmt: skip
    """Raise an error unless something holds: where the words may be made beforehand.

    >>> expect(2 > 1, "uniform_", "a <= b", "1 and 2", "exchange them")
    """
    if not holds:
        raise error(sentence(who, expected, got, mend))


def wrong_kind(who: str, expected: Any, got: Any, mend: str = "") -> TypeError:
    """The error for something of another kind."""
    return TypeError(sentence(who, expected, got, mend))


def wrong_state(who: str, expected: Any, got: Any, mend: str = "") -> RuntimeError:
    """The error for what cannot be done as things are."""
    return RuntimeError(sentence(who, expected, got, mend))


def sentence(who: str, expected: Any, got: Any, mend: str = "") -> str:
    """A complaint in one sentence; a class that came is called by its name."""
    given = got.__name__ if isinstance(got, type) else got
    return f"{who} expects {expected}, got {given}{'; ' if mend else ''}{mend}"


class AnomalyError(RuntimeError):
    """A NaN or Inf seen under `detect_anomaly`."""


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


def tensor_text(array: np.ndarray, usual: Any, note: str) -> str:
    """An array as PyTorch shows it; its dtype is told unless it is one of the usual ones."""
    body = np.array2string(array, precision=4, separator=", ", prefix="tensor(")
    notes = [] if array.size or array.ndim == 1 else [f"shape={array.shape}"]
    notes += [] if array.dtype in usual else [f"dtype={array.dtype}"]
    return f"tensor({', '.join([body, *notes, *filter(None, [note])])})"
