"""What the engine knows of a tensor: an array, and the node that made it."""

from collections.abc import Callable, Iterable
from typing import Any, ClassVar

import numpy as np


class Variable:
    """An array and its node, None where nothing is recorded."""

    __slots__ = ("__weakref__", "_array", "_grad", "_node")

    result: ClassVar[Any]  # the class of what operations return

    def __init__(self, array: Any, node: Any = None) -> None:
        self._array: np.ndarray = array if type(array) is np.ndarray else np.asarray(array)
        self._node = node
        self._grad: Any = None


def nested(f: Callable[[Any], Any], value: Any) -> Any:
    """What ``f`` makes of a value, or of each in nested lists, tuples and dicts, in order."""
    if isinstance(value, dict):
        return {key: nested(f, v) for key, v in value.items()}
    if isinstance(value, (list, tuple)):
        values = [nested(f, v) for v in value]
        return type(value)(*values) if hasattr(value, "_fields") else type(value)(values)
    return f(value)


def leaves(value: Any) -> list[Any]:
    """The values in nested lists, tuples and dicts, in order."""
    found: list[Any] = []
    nested(found.append, value)
    return found


def strip(value: Any) -> Any:
    """The bare array of a tensor, in lists and tuples too."""
    if isinstance(value, Variable):
        return value._array
    return nested(strip, value) if type(value) is list or type(value) is tuple else value


def holds_tensor(values: Iterable[Any], tracked: bool = False) -> bool:
    """Whether there is a tensor, or a tracked one, among the values, in lists and tuples too."""
    for value in values:
        if type(value) in _PLAIN:
            continue
        if isinstance(value, Variable):
            if not tracked or value._node is not None:
                return True
        elif (type(value) is list or type(value) is tuple) and holds_tensor(value, tracked):
            return True
    return False


def is_tracked(values: Iterable[Any]) -> bool:
    """Whether there is a tracked tensor among the values, in lists and tuples too."""
    return holds_tensor(values, tracked=True)


_PLAIN = {np.ndarray, int, float, bool, str, type(None)}  # no need to look closer
