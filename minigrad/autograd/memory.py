"""What the engine knows of a tensor: an array, the node that made it, and when its memory changed.

Every change made through a Tensor stamps the owner of the memory, so ``.data``, ``.detach()`` and
views share one stamp, with a serial number from the series that numbers the nodes. What a node
kept was changed behind its back if its owner's stamp is the younger. An ``ndarray`` of the user's
takes no stamp when it is written to, so a node that keeps one keeps its fingerprint too.
"""

import functools
import itertools
import os
import sys
import weakref
from collections.abc import Callable, Iterable
from typing import Any, ClassVar

import numpy as np

from .modes import MODE, REPLAY, refuse_reading

next_serial = itertools.count(1).__next__

_PLAIN = {np.ndarray, int, float, bool, str, type(None)}  # no need to look closer
_LIBRARY = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep
_WIDTH = 509  # a prime, so that rows which trade places move between the sums of a fingerprint

_stamps: dict[int, tuple[int, Any]] = {}  # id of an owner, while it lives -> serial, place
latest = 0  # the serial of the latest change of all: what is younger needs no look


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


# --- changes in place ---------------------------------------------------------------------------


def user_place() -> Any:
    """Where the user's code called the library, by code and offset, whatever calls lie between."""
    frame: Any = sys._getframe(2)
    while _is_own(frame.f_code) and frame.f_back is not None:
        frame = frame.f_back
    return frame.f_code, frame.f_lasti


@functools.lru_cache(4096)
def _is_own(code: Any) -> bool:
    return bool(code.co_filename.startswith(_LIBRARY))


def describe(place: Any) -> str:
    """A place as ``file:line``, and the module path if it is known."""
    code, offset, *path = place
    line = list(code.co_positions())[offset // 2][0]
    return f"{code.co_filename}:{line}" + "".join(f" in {'.'.join(n)}" for n in path if n)


def mark_changed(*arrays: np.ndarray) -> None:
    """Stamp the memory of arrays that were just changed in place."""
    global latest
    if MODE.get() & REPLAY:
        refuse_reading("load_state_dict, a GradScaler or the like")  # it would not be recorded
    latest = next_serial()
    stamp = latest, user_place()
    for array in arrays:
        owner = array if array.base is None else owner_of(array)
        key = id(owner)
        if key not in _stamps:
            weakref.finalize(owner, _stamps.pop, key).atexit = False
        _stamps[key] = stamp


def last_change(array: np.ndarray, serial: int) -> Any:
    """Where the memory of ``array`` was changed since ``serial``, None if it was not."""
    changed, place = _stamps.get(id(owner_of(array)), (0, None))
    return place if changed > serial else None


def owner_of(array: np.ndarray) -> np.ndarray:
    """The array that owns the memory of this one."""
    while isinstance(array.base, np.ndarray):
        array = array.base
    return array


def arrays_in(values: Any) -> list[np.ndarray]:
    """The arrays in nested tuples and lists of kept values."""
    return [value for value in leaves(list(values)) if isinstance(value, np.ndarray)]


def fingerprint(array: np.ndarray) -> int:
    """A checksum of the bytes of an array, at about memory speed."""
    flat = np.ascontiguousarray(array).reshape(-1).view(np.uint8)
    cut = flat.size - flat.size % (8 * _WIDTH)
    sums = flat[:cut].view(np.uint64).reshape(-1, _WIDTH).sum(axis=0) if cut else flat[:0]
    return hash((sums.tobytes(), flat[cut:].tobytes()))
