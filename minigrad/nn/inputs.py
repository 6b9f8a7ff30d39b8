"""What is expected of inputs, and the sentence that says so where they are otherwise."""

from typing import Any

import numpy as np

from ..errors import wrong_value


def alike(who: str, input: Any, target: Any) -> None:
    """Raise unless input and target have one shape."""
    if np.shape(input) != np.shape(target):
        given = f"{np.shape(input)} and {np.shape(target)}"
        raise wrong_value(who, "input and target of one shape", given, "reshape one of them")


def axis_of(who: str, x: Any, dim: int) -> int:
    """The axis ``dim`` of an array, counted from the first."""
    number = max(np.ndim(x), 1)
    if dim not in range(-number, number):
        raise wrong_value(who, f"dim as an axis of shape {np.shape(x)}", repr(dim), "name one")
    return dim % number


def indices(who: str, values: Any, number: int, ignored: int | None = None) -> np.ndarray:
    """Indices into ``number`` classes, checked, as an array of integers."""
    index = np.asarray(values)
    wrong = (index < 0) | (index >= number) | (index.dtype.kind not in "iu")
    if ignored is not None:
        wrong &= index != ignored
    if wrong.any():
        given = f"{index.dtype} {index[wrong][0]}"
        raise wrong_value(who, f"indices as integers from 0 to {number - 1}", given)
    return index
