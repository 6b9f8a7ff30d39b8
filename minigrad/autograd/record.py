"""Recording: how a function runs on tensors, and what of it goes on the tape.

`infix` makes the operators, where the time of a small network goes; `apply` runs any op, and
`dispatch` any function of NumPy's at all.
"""

from __future__ import annotations

import operator
import sys
from collections.abc import Iterable
from numbers import Number
from typing import Any

import numpy as np

from . import changes
from .anomaly import examine
from .modes import ALTER, ALTERATION, EXAMINE, MODE, MODULE_PATH, RECORD
from .registry import CONSTANT, TABLE, Op, any_complex
from .tape import Node
from .variable import Variable, is_tracked, nested, strip

_WRITERS = {np.copyto, np.put, np.place, np.putmask, np.put_along_axis, np.fill_diagonal}
_WRITERS |= {operator.setitem, np.ndarray.sort, np.ndarray.partition, np.ndarray.fill}
_NUMBERS = {int, float}
_MOST_CONSTANTS = 1000

_constants: dict[tuple[str, float], np.ndarray] = {}


def infix(function: Any) -> Any:
    """The method of an operator between a tensor and anything: the shortest way onto the tape."""
    op = TABLE[function] = Op(function)

    def call(self: Any, other: Any) -> Any:
        x, x_node = self._array, self._node
        if isinstance(other, Variable):
            y, y_node = other._array, other._node
        elif type(other) in _NUMBERS:
            y, y_node = constant(other, x.dtype), None
        else:
            return operate(op, self, other)
        if MODE.get() != RECORD:
            return apply(op, (self, other), {})
        z = function(x, y)
        if type(z) is not np.ndarray:
            z = np.asarray(z)
        if x_node is None:
            if y_node is None:
                return Variable.result(z)
            tracked, parents = 2, (y_node,)
        else:
            tracked, parents = (1, (x_node,)) if y_node is None else (3, (x_node, y_node))
        plan = op.plans.get(tracked) or op.compile(tracked)
        node = Node(plan, parents, plan.gather(z, x, y), z, sys._getframe(1))
        return Variable.result(z, node)

    return call


def reflected(function: Any) -> Any:
    """The method of an operator that has the tensor on its right."""
    return lambda self, other: operate(TABLE[function], other, self)


def constant(number: float, dtype: np.dtype[Any]) -> Any:
    """A Python number beside an array of floats as an array of that dtype: NumPy's, but faster."""
    known = _constants.get((dtype.char, number))
    if known is not None:
        return known
    if dtype.kind != "f":
        return number
    made = np.array(number, dtype)
    if number and number == number:  # 0.0 and -0.0 are one key, NaN is none
        if len(_constants) == _MOST_CONSTANTS:
            _constants.clear()
        made.flags.writeable = False
        _constants[dtype.char, number] = made
    return made


def operate(op: Op, x: Any, y: Any) -> Any:
    """Run an op of two operands, one of which may be anything; NotImplemented if it is none."""
    pair = []
    for value in x, y:
        if isinstance(value, (list, tuple)):
            if is_tracked(value):
                refuse_detaching("an operator's list")
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
        raise TypeError(
            f"{name_of(function)} has no derivative here; give it tensor.detach(), build it of "
            "functions that have one, or give it rules with minigrad.autograd.derivative"
        )
    return entry(*args, **kwargs)


def apply(op: Op, args: tuple[Any, ...], kwargs: dict[str, Any], depth: int = 2) -> Any:
    """Run an op on arguments among which there are tensors; record it if one of them is tracked.

    ``depth`` is how many calls away the user's code is.
    """
    mode = MODE.get()
    if kwargs or mode != RECORD or len(args) > op.plain:
        return apply_in_full(op, args, kwargs, mode, depth + 1)
    values: list[Any] = []
    parents: list[Any] = []
    tracked, bit, is_held = 0, 1, False
    for x in args:
        if isinstance(x, Variable):
            if x._node is not None:
                parents.append(x._node)
                tracked |= bit
            x = x._array
        elif type(x) is list or type(x) is tuple:
            if type(x) is list or is_tracked(x):
                return apply_in_full(op, args, kwargs, mode, depth + 1)
            x = strip(x)
        elif type(x) is np.ndarray:
            is_held = True
        values.append(x)
        bit += bit
    if not tracked:
        return wrap(op.function(*values))
    if tracked & ~op.ruled:
        return apply_in_full(op, args, kwargs, mode, depth + 1)
    if op.composition is None:
        z = saved = op.forward(*values)
    elif any_complex(values):
        return op.composition(*args)
    else:
        z, saved = op.forward(*values)
    if type(z) is not np.ndarray:
        z = saved = np.asarray(z)
    if z.dtype.kind not in "fc":
        return Variable.result(z)
    plan = op.plans.get(tracked) or op.compile(tracked)
    node = Node(plan, parents, plan.gather(saved, *values), z, sys._getframe(depth))
    if is_held:
        watch(node, args)
    return Variable.result(z, node)


def apply_in_full(op: Op, args: Any, kwargs: Any, mode: int, depth: int) -> Any:
    """`apply` for calls of every form, in every mode."""
    if not mode & RECORD or not (is_tracked(args) or is_tracked(kwargs.values())):
        return run_bare(op.function, args, kwargs)
    given = bind(op, args, kwargs)
    values: list[Any] = []
    parents: list[Any] = []
    tracked = 0
    for i, x in enumerate(given):
        value, parent = strip(x), parent_of(x)
        if parent is not None:
            parents.append(parent)
            tracked |= 1 << i | (type(parent) is tuple) << (i + len(op.index))
            value = list(value) if type(parent) is tuple else value
        elif type(x) is list:
            value = np.asarray(value)
        values.append(value)
    arrays = strip(args), {name: strip(value) for name, value in kwargs.items()}
    if op.composition is not None and any_complex(values):
        return op.composition(*args, **kwargs)
    z = saved = op.forward(*arrays[0], **arrays[1])
    if op.composition is not None:
        z, saved = z
    if mode & ALTER:
        altered = ALTERATION.get()(z)
        z, saved = altered, altered if saved is z else saved
    if type(z) is not np.ndarray:
        z = saved = np.asarray(z)
    node = None
    if z.dtype.kind in "fc":
        plan = op.plans.get(tracked) or op.compile(tracked)
        node = Node(plan, parents, plan.gather(saved, *values), z, sys._getframe(depth))
        watch(node, given)
    if mode & EXAMINE:
        note(op.name, z, changes.arrays_in(values), node)
    return Variable.result(z, node)


def bind(op: Op, args: tuple[Any, ...], kwargs: dict[str, Any]) -> list[Any]:
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


def refuse_detaching(what: str) -> None:
    """Raise because a derivative would be lost."""
    raise RuntimeError(
        f"{what}: a tensor that requires grad is not turned into an ndarray, for its derivative "
        "would be lost; use .detach().numpy(), np.stack for a list of tensors, np.where to fill an "
        "array, or a function that has a derivative here"
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
    mode = MODE.get()
    if mode & ALTER:
        z = nested(ALTERATION.get(), z)
    if mode & EXAMINE:
        note(name_of(function), z, changes.arrays_in(arrays), None)
    return nested(wrap, z)


def watch(node: Node, values: Iterable[Any]) -> None:
    """Fingerprint the ndarrays among the arguments that the node keeps: writing leaves no stamp."""
    raw = [id(array) for array in changes.arrays_in(values)]
    if raw:
        kept = changes.arrays_in(node.kept)
        node.prints = [(a, changes.fingerprint(a)) for a in kept if id(a) in raw] or None


def note(name: str, z: Any, arrays: Iterable[Any], node: Node | None) -> None:
    """Raise if ``z`` is not finite; otherwise note in the node which module it was called in."""
    place = (*changes.user_place(), MODULE_PATH.get())
    for array in changes.arrays_in([z]):
        examine(name, array, arrays, place)
    if node is not None:
        node.place = place


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


def name_of(function: Any) -> str:
    """A function as its user calls it."""
    module = getattr(function, "__module__", None) or "numpy"
    return f"{module.strip('_')}.{function.__qualname__}".replace("numpy.", "np.", 1)


Op.apply = staticmethod(apply)
