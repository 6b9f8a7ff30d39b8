"""Changes in place: which memory changed when and where, and whether a node still needs it.

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
from typing import Any

import numpy as np

from .modes import refuse_reading
from .variable import leaves

Place = Any  # a tuple of the code, the offset in it, and under detect_anomaly the module path

next_serial = itertools.count(1).__next__

_LIBRARY = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep
_WIDTH = 509  # a prime, so that rows which trade places move between the sums of a fingerprint

_stamps: dict[int, tuple[int, Place]] = {}  # id of an owner, while it lives -> serial, place
latest = 0  # the serial of the latest change of all: what is younger needs no look


def user_place() -> Place:
    """Where the user's code called the library, through however many calls of the library's own."""
    frame: Any = sys._getframe(2)
    while _is_own(frame.f_code) and frame.f_back is not None:
        frame = frame.f_back
    return frame.f_code, frame.f_lasti


@functools.lru_cache(4096)
def _is_own(code: Any) -> bool:
    return bool(code.co_filename.startswith(_LIBRARY))


def describe(place: Place) -> str:
    """A place as ``file:line``, and the module path if it is known."""
    code, offset, *path = place
    line = list(code.co_positions())[offset // 2][0]
    return f"{code.co_filename}:{line}" + "".join(f" in {'.'.join(n)}" for n in path if n)


def mark_changed(*arrays: np.ndarray) -> None:
    """Stamp the memory of arrays that were just changed in place."""
    global latest
    refuse_reading("load_state_dict, a GradScaler or the like")  # their changes are not recorded
    latest = next_serial()
    stamp = latest, user_place()
    for array in arrays:
        owner = array if array.base is None else owner_of(array)
        key = id(owner)
        if key not in _stamps:
            weakref.finalize(owner, _stamps.pop, key).atexit = False
        _stamps[key] = stamp


def last_change(array: np.ndarray, serial: int) -> Place | None:
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
