"""Recording: how a function runs on tensors, and what of it goes on the tape.

`binary` serves the operators, where the time of a small network goes; `dispatch` serves any
function of NumPy's or the user's, `apply` those that have rules.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable
from numbers import Number
from typing import Any

import numpy as np

from . import changes
from .anomaly import examine
from .modes import EXAMINE, MODE, MODULE_PATH, RECORD
from .registry import CONSTANT, TABLE, Op, any_complex
from .tape import Node, Variable

_HOLDERS = {np.ndarray, list, tuple}
_OPERANDS = {float, int, bool, complex, np.ndarray}
_WRITERS = {np.copyto, np.put, np.place, np.putmask, np.put_along_axis, np.fill_diagonal}
_WRITERS |= {operator.setitem, np.ndarray.sort, np.ndarray.partition, np.ndarray.fill}


def binary(op: Op, x: Any, y: Any) -> Any:
    """Run an op of two operands, at least one of them a tensor."""
    x_parent = y_parent = node = None
    x_array, y_array = x, y
    if isinstance(x, Variable):
        x_array, x_parent = x._array, x._node
    elif type(x) not in _OPERANDS and (x_array := operand(x)) is NotImplemented:
        return NotImplemented
    if isinstance(y, Variable):
        y_array, y_parent = y._array, y._node
    elif type(y) not in _OPERANDS and (y_array := operand(y)) is NotImplemented:
        return NotImplemented
    z = op.function(x_array, y_array)
    if type(z) is not np.ndarray:
        z = np.asarray(z)
    mode = MODE.get()
    if mode & RECORD and (x_parent is not None or y_parent is not None):
        tracked = (x_parent is not None) + 2 * (y_parent is not None)
        plan = op.plans.get(tracked) or op.compile(tracked)
        edges = plan.gather(x_array, y_array, z, x_parent, y_parent)
        node = Node(plan, edges, z, changes.place_of(3))
        if type(x) is np.ndarray or type(y) is np.ndarray:
            watch(node, (x, y))
    if mode & EXAMINE:
        note(op.name, z, (x_array, y_array), node)
    return Variable.result(z, node)


def operand(value: Any) -> Any:
    """The operand of an operator, a list as an array; NotImplemented if it is none."""
    if isinstance(value, (list, tuple)):
        return np.asarray(strip(value))
    return value if isinstance(value, (np.ndarray, np.generic, Number)) else NotImplemented


def dispatch(function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Run any function on arguments among which there are tensors, in lists too."""
    if not MODE.get() & RECORD or not (is_tracked(args) or is_tracked(kwargs.values())):
        return run_bare(function, args, kwargs)
    entry = TABLE.get(function)
    if type(entry) is Op:
        return apply(entry, args, kwargs)
    if function in _WRITERS or kwargs.get("out") is not None:
        refuse(name_of(function), "out")
    if entry is CONSTANT:
        return run_bare(function, args, kwargs)
    if entry is None:
        raise TypeError(
            f"{name_of(function)} has no derivative here; give it tensor.detach(), build it of "
            "functions that have one, or give it rules with minigrad.autograd.derivative"
        )
    return entry(*args, **kwargs)


def apply(op: Op, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Run an op of which some argument is tracked, and record it."""
    is_usual = not kwargs and len(args) <= op.leading  # only arguments with rules, in their order
    given = args if is_usual else bind_checked(op, args, kwargs)
    value: Any
    values: list[Any] = []
    parents: list[Any] = []
    tracked, is_held = 0, False
    for i, x in enumerate(given):
        if isinstance(x, Variable):
            value, parent = x._array, x._node
        else:
            value, parent, is_held = strip(x), parent_of(x), is_held or type(x) in _HOLDERS
            if parent is not None or type(x) is list:  # of tensors a list, of numbers an array
                value = np.asarray(value) if parent is None else list(value)
        values.append(value)
        parents.append(parent)
        if parent is not None:
            tracked |= 1 << i
    arrays = values if is_usual else strip(args)
    if op.composition is not None and any_complex(arrays):
        return op.composition(*args)
    z = op.function(*arrays, **{name: strip(x) for name, x in kwargs.items()})
    z, saved = (z, z) if op.composition is None else z
    if type(z) is not np.ndarray:
        z = saved = np.asarray(z)
    node = None
    if z.dtype.kind in "fc":
        rest = len(values)
        plan = op.plans.get(tracked) or op.compile(tracked)
        edges = plan.gather(*values, *op.defaults[rest:], saved, *parents, *op.absent[rest:])
        node = Node(plan, edges, z, changes.place_of(4))
        if is_held:
            watch(node, given)
    if MODE.get() & EXAMINE:
        note(op.name, z, changes.arrays_in(arrays), node)
    return Variable.result(z, node)


def bind_checked(op: Op, args: tuple[Any, ...], kwargs: dict[str, Any]) -> list[Any]:
    """The values of all parameters; raise if the derivative does not go through one of them."""
    for name in kwargs.keys() - op.index.keys():
        refuse(op.name, name)
    values = [*args, *op.defaults[len(args) :]]
    for name, i in op.index.items():
        values[i] = kwargs.get(name, values[i])
        is_refused = name in op.refused or (name not in op.rules and is_tracked((values[i],)))
        if is_refused and values[i] is not op.defaults[i]:
            refuse(op.name, name)
    return values


def refuse(name: str, argument: str) -> None:
    """Raise because a derivative does not go through an argument."""
    if argument == "out":
        raise RuntimeError(
            f"{name}: a tensor that requires grad is neither changed in place nor written into "
            "another array, for its derivative would be lost; write t = t + x for t += x, "
            "np.where(mask, x, t) for t[i] = x, or change it inside `with no_grad():`"
        )
    raise TypeError(
        f"{name}: the derivative of a tensor that requires grad does not go through {argument}=; "
        "leave it out, or give it tensor.detach()"
    )


def run_bare(function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Call a function on bare arrays, and stamp what it writes into as changed."""
    arrays = strip(args)
    z = function(*arrays, **{name: strip(value) for name, value in kwargs.items()})
    out = args[0] if function in _WRITERS else kwargs.get("out")
    for target in out if isinstance(out, tuple) else (out,):
        if isinstance(target, Variable):
            changes.mark_changed(target._array)
            return target
    if MODE.get() & EXAMINE:
        note(name_of(function), z, changes.arrays_in(arrays), None)
    return nested(wrap, z)


def watch(node: Node, values: Iterable[Any]) -> None:
    """Fingerprint the ndarrays among the arguments that the node keeps: writing leaves no stamp."""
    raw = [id(array) for array in changes.arrays_in(values)]
    if raw:
        kept = changes.arrays_in(kept for _, _, kept in node.edges or ())
        node.prints = [(a, changes.fingerprint(a)) for a in kept if id(a) in raw] or None


def note(name: str, z: Any, arrays: Iterable[Any], node: Node | None) -> None:
    """Raise if ``z`` is not finite; otherwise note in the node which module it was called in."""
    place = (*changes.user_place(), MODULE_PATH.get())
    for array in changes.arrays_in([z]):
        examine(name, array, arrays, place)
    if node is not None:
        node.place = place


def nested(f: Callable[[Any], Any], value: Any) -> Any:
    """What ``f`` makes of a value, or of each in nested lists and tuples."""
    if isinstance(value, (list, tuple)):
        values = [nested(f, v) for v in value]
        return type(value)(*values) if hasattr(value, "_fields") else type(value)(values)
    return f(value)


def strip(value: Any) -> Any:
    """The bare array of a tensor, in lists and tuples too."""
    if isinstance(value, Variable):
        return value._array
    return nested(strip, value) if type(value) is list or type(value) is tuple else value


def wrap(z: Any) -> Any:
    """What an operation gave, as a tensor where it is an array."""
    return Variable.result(z) if isinstance(z, (np.ndarray, np.generic)) else z


def parent_of(value: Any) -> Any:
    """The node of a tensor; of a list, the tuple of its elements' nodes; None if there is none."""
    if isinstance(value, Variable):
        return value._node
    if type(value) is list or type(value) is tuple:
        return tuple(map(parent_of, value)) if is_tracked(value) else None
    return None


def is_tracked(values: Iterable[Any]) -> bool:
    """Whether there is a tracked tensor among the values, in lists and tuples too."""
    for value in values:
        if isinstance(value, Variable):
            if value._node is not None:
                return True
        elif (type(value) is list or type(value) is tuple) and is_tracked(value):
            return True
    return False


def name_of(function: Any) -> str:
    """A function as its user calls it."""
    module = getattr(function, "__module__", None) or "numpy"
    return f"{module.strip('_')}.{function.__qualname__}".replace("numpy.", "np.", 1)
