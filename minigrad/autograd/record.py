"""Recording: how a function runs on tensors, and what of it goes on the tape.

`infix` makes the operators, where the time of a small network goes; `apply` runs any op, and
`dispatch` any function of NumPy's at all.
"""

import functools
import operator
import sys
from collections.abc import Iterable
from numbers import Number
from typing import Any

import numpy as np

from ..errors import examine
from . import memory
from .memory import Variable, holds_tensor, is_tracked, nested, strip
from .modes import ALTER, ALTERATION, EXAMINE, MODE, MODULE_PATH, RECORD, REPLAY, SCRIPT, replayed
from .registry import CONSTANT, TABLE, Op, any_complex
from .tape import record

_WRITERS = {np.copyto, np.put, np.place, np.putmask, np.put_along_axis, np.fill_diagonal}
_WRITERS |= {operator.setitem, np.ndarray.sort, np.ndarray.partition, np.ndarray.fill}
_NUMBERS, _FLOATS = {int, float}, "efdg"

mark_changed = replayed(memory.mark_changed)


def infix(function: Any, is_reflected: bool = False) -> Any:
    """The method of an operator between a tensor and anything: the shortest way onto the tape.

    Reflected, the tensor is on the right.
    """
    op = TABLE[function] = TABLE.get(function) or Op(function)

    def call(self: Any, other: Any) -> Any:
        x, x_node, y_node = self._array, self._node, None
        y: Any = other
        if isinstance(other, Variable):
            y, y_node = other._array, other._node
        elif type(other) not in _NUMBERS:
            return operate(op, *((other, self) if is_reflected else (self, other)))
        elif other and x.dtype.char in _FLOATS:
            other = y = constant(other, x.dtype.char)
        if MODE.get() != RECORD:
            return apply(op, (other, self) if is_reflected else (self, other), {})
        if is_reflected:
            x, y, x_node, y_node = y, x, y_node, x_node
        z = function(x, y)
        if type(z) is not np.ndarray:
            z = np.asarray(z)
        key = (x_node is not None) + 2 * (y_node is not None)
        if not key:
            return Variable.result(z)
        plan = op.plans.get(key) or op.plan_of(key)
        parents = (x_node, y_node) if key == 3 else (x_node or y_node,)
        return record(plan, parents, plan.gather(z, x, y), z, sys._getframe(1))

    return call


@functools.lru_cache(1000)
def constant(number: float, kind: Any) -> Any:
    """A number as an array: beside one of its kind that is faster, and the same; -0 may be 0."""
    array: np.ndarray = np.array(number, kind)
    array.flags.writeable = False
    return array


def operate(op: Op, x: Any, y: Any) -> Any:
    """Run an op of two operands, one of which may be anything; NotImplemented if it is none."""
    pair = []
    for value in x, y:
        if isinstance(value, (list, tuple)):
            refuse_detaching("an operator's list", is_tracked(value) or None)
            value = np.asarray(strip(value))
        elif not isinstance(value, (Variable, np.ndarray, np.generic, Number)):
            return NotImplemented
        pair.append(value)
    return apply(op, tuple(pair), {}, 3)


def dispatch(function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Run any function on arguments among which there are tensors, in lists too."""
    entry = TABLE.get(function)
    if type(entry) is Op:
        return apply(entry, args, kwargs, 3)
    if not MODE.get() & RECORD or not (is_tracked(args) or is_tracked(kwargs.values())):
        return run_bare(function, args, kwargs)
    if function in _WRITERS or kwargs.get("out") is not None:
        refuse(name_of(function), "out")
    if entry is CONSTANT:
        return run_bare(function, args, kwargs)
    if entry is None:
        raise TypeError(f"{name_of(function)} has no derivative here; give it tensor.detach(), "
                        "build it of functions that have one, or give it rules with "
                        "minigrad.autograd.derivative")  # fmt: skip
    return entry(*args, **kwargs)


def apply(op: Op, args: tuple[Any, ...], kwargs: dict[str, Any], depth: int = 2) -> Any:
    """Run an op on arguments among which there are tensors; record it if one of them is tracked.

    ``depth`` is how many calls away the user's code is.
    """
    mode, forward = MODE.get(), op.forward
    given: Any = args
    if kwargs or mode != RECORD or len(args) > op.plain:
        if not (mode & RECORD and is_tracked((*args, *kwargs.values()))):
            return run_bare(op.function, args, kwargs)
        given = bind(op, args, kwargs)
        if mode & REPLAY:
            forward = SCRIPT.get().written(forward, (args, kwargs))
    elif len(args) == 1 and op.is_unary and isinstance(args[0], Variable):
        return unary(op, args[0], depth + 1)
    values, parents, key, is_bare = taken(op, given)
    if not key:
        return wrap(op.function(*values))
    if key & op.unruled:
        bind(op, args, kwargs)  # which says what is wrong
    if op.composition is not None and any_complex(values):
        return op.composition(*args, **kwargs)
    if given is args:
        z = saved = forward(*values)
    else:
        z = saved = forward(*values[: len(args)], **{k: values[op.index[k]] for k in kwargs})
    if op.composition is not None:
        z, saved = z
    if mode & ALTER:
        altered = ALTERATION.get()(z)
        z, saved = altered, altered if saved is z else saved
    if type(z) is not np.ndarray:
        z = saved = np.asarray(z)
    if z.dtype.kind not in "fc":
        return Variable.result(z)
    plan = op.plans.get(key) or op.plan_of(key)
    tensor = record(plan, parents, plan.gather(saved, *values), z, sys._getframe(depth))
    if is_bare:
        watch(tensor._node, given)
    if mode & EXAMINE:
        note(op.name, z, memory.arrays_in(values), tensor._node)
    return tensor


def taken(op: Op, given: Iterable[Any]) -> tuple[list[Any], list[Any], int, bool]:
    """The bare arguments of an op, the nodes of those that are tracked, and the key of its plan.

    Last comes whether there may be arrays of the user's own among the arguments.
    """
    values: list[Any] = []
    parents: list[Any] = []
    key, bit, is_bare = 0, 1, False
    for x in given:
        if isinstance(x, Variable):
            if x._node is not None:
                parents.append(x._node)
                key |= bit
            x = x._array
        elif type(x) is np.ndarray:
            is_bare = True
        elif type(x) is list or type(x) is tuple:
            is_bare = True
            if is_tracked(x):
                parents += [getattr(v, "_node", None) for v in x]
                key |= bit | bit << len(op.index)
                x = list(map(strip, x))
            else:  # numbers in the place of an array are one
                x = strip(x) if holds_tensor(x) or not bit & op.ruled else np.asarray(x)
        values.append(x)
        bit += bit
    return values, parents, key, is_bare


def unary(op: Op, x: Variable, depth: int) -> Any:
    """`apply` to one tensor, in half the time."""
    z = op.forward(x._array)
    if type(z) is not np.ndarray:
        z = np.asarray(z)
    if x._node is None or z.dtype.kind not in "fc":
        return Variable.result(z)
    plan = op.plans.get(1) or op.plan_of(1)
    return record(plan, (x._node,), plan.gather(z, x._array), z, sys._getframe(depth))


def bind(op: Op, args: tuple[Any, ...], kwargs: dict[str, Any]) -> list[Any]:
    """The values of all parameters; raise if the derivative does not go through one of them."""
    values = [*args, *op.defaults[len(args) :]]
    for name, value in kwargs.items():
        if name not in op.index:
            refuse(op.name, name)
        values[op.index[name]] = value
    for i, name in op.unsafe:
        if values[i] is not op.defaults[i] and (name in op.refused or is_tracked((values[i],))):
            refuse(op.name, name)
    return values


def refuse(name: str, argument: str) -> None:
    """Raise because a derivative does not go through an argument."""
    if argument == "out":
        raise RuntimeError(f"{name}: a tensor that requires grad is neither changed in place nor "
                           "written into another array, for its derivative would be lost; write t "
                           "= t + x for t += x, np.where(mask, x, t) for t[i] = x, or change it "
                           "inside `with no_grad():`")  # fmt: skip
    raise TypeError(f"{name}: the derivative of a tensor that requires grad does not go through "
                    f"{argument}=; leave it out, or give it tensor.detach()")  # fmt: skip


def refuse_detaching(what: str, node: Any) -> None:
    """Raise if there is a node, because a derivative would be lost."""
    if node is not None:
        raise RuntimeError(f"{what}: a tensor that requires grad is not turned into an ndarray, "
                           "for its derivative would be lost; use .detach().numpy(), np.stack for "
                           "a list of tensors, np.where to fill an array, or a function that has a "
                           "derivative here")  # fmt: skip


def run_bare(function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Call a function on bare arrays, and stamp what it writes into as changed."""
    arrays = [strip(value) for value in args]  # a dict stays the one it is
    mode, out = MODE.get(), args[0] if function in _WRITERS else kwargs.get("out")
    run = SCRIPT.get().written(function, (args, kwargs)) if mode & REPLAY else function
    z = run(*arrays, **{name: strip(value) for name, value in kwargs.items()})
    for target in out if isinstance(out, tuple) else (out,):
        if isinstance(target, Variable):
            mark_changed(target._array)
            return target
    if mode & ALTER:
        z = nested(ALTERATION.get(), z)
    if mode & EXAMINE:
        note(name_of(function), z, memory.arrays_in(arrays), None)
    return nested(wrap, z)


def watch(node: Any, values: Iterable[Any]) -> None:
    """Fingerprint the ndarrays among the arguments that the node keeps: writing leaves no stamp."""
    for value in values:
        is_group = type(value) is tuple or type(value) is list
        if type(value) is np.ndarray or (is_group and np.ndarray in map(type, value)):
            kept = memory.arrays_in(node.kept) if is_group else node.kept
            raw = [a for a in memory.arrays_in([value]) if any(a is k for k in kept)]
            node.prints = [*(node.prints or ()), *[(a, memory.fingerprint(a)) for a in raw]]


def note(name: str, z: Any, arrays: Iterable[Any], node: Any) -> None:
    """Raise if ``z`` is not finite; otherwise note in the node which module it was called in."""
    place = (*memory.user_place(), MODULE_PATH.get())
    for array in memory.arrays_in([z]):
        examine(name, array, arrays, memory.describe(place))
    if node is not None:
        node.at = place[1:]


def wrap(z: Any) -> Any:
    """What an operation gave, as a tensor where it is an array."""
    return Variable.result(z) if isinstance(z, (np.ndarray, np.generic)) else z


def name_of(function: Any) -> str:
    """A function as its user calls it."""
    module = getattr(function, "__module__", None) or "numpy"
    name = getattr(function, "__qualname__", function.__name__)  # ufuncs of NumPy 2.0 have none
    return f"{module.strip('_')}.{name}".replace("numpy.", "np.", 1)


Op.apply = staticmethod(apply)
