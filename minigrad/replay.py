"""Replaying: a training step written down once, as the NumPy calls that it makes, and run as that.

What is run is straight Python text, which makes neither tensors nor nodes, and writes what NumPy's
ufuncs give into the same memory each time. It is made of what two runs of the step write down.
"""

import functools
import itertools
import math
import operator
import re
import threading
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from .autograd import Tensor
from .autograd.changes import mark_changed, owner_of
from .autograd.modes import MODE, RECORD, REPLAY, SCRIPT, refuse_reading, switched
from .autograd.record import constant
from .autograd.variable import holds_tensor, leaves, nested, strip
from .errors import expect

_MOST = 64  # programs that a step may have
_BY_VALUE = set(
    """
allclose argwhere array2string array_equal array_equiv array_repr array_str bincount compress
count_nonzero extract flatnonzero intersect1d nonzero setdiff1d setxor1d trim_zeros union1d unique
unique_all unique_counts unique_inverse unique_values""".split()
)  # their shape, or a Python value


class compile:
    """A training step that is recorded in its first two runs, and from then on replayed.

    Recording writes down every call of NumPy and of a kernel, forward, backward and in updates; a
    replay makes the same calls and gives the same bits, without tensors, nodes and a walk in
    between: a small network takes half the time. ``text`` shows the calls.

    Args:
        step: a function of tensors, arrays (which it gets as tensors) and whatever has a hash, that
            returns tensors, in tuples, lists and dicts too. It may change parameters and buffers,
            call ``backward``, optimizers, schedules and clipping, and draw random numbers by
            `minigrad`. What else it does, such as to print or to append to a list, is done only
            while it is recorded. Tensors come back without a graph.

    A program holds for the shapes, dtypes and memory layouts of the arguments, for the values of
    those that are no arrays, for what requires grad and for what the modules that are called have
    as attributes: for others the step is recorded anew, which keeps all arrays of a run until it
    is over. Under `detect_anomaly` and the like it runs as it is.

    Raises:
        RuntimeError: if a value would leave the step, by ``item()``, ``if loss > 1:``, a hook and
            so on, for Python might decide by it; if the second run did not do what the first did;
            if ``backward`` would set the ``.grad`` of an argument.

    >>> import minigrad
    >>> w = minigrad.tensor([1.0, 2.0], requires_grad=True)
    >>> optimizer = minigrad.optim.SGD([w], lr=0.1)
    >>> @compile
    ... def step(x):
    ...     optimizer.zero_grad()
    ...     loss = ((w * x) ** 2).sum()
    ...     loss.backward()
    ...     optimizer.step()
    ...     return loss
    >>> for _ in range(3):
    ...     print(f"{step(np.array([1.0, 0.5], np.float32)).item():.4f}")
    2.0000
    1.5425
    1.2241
    """

    def __init__(self, step: Callable[..., Any]) -> None:
        expect(callable(step), "compile", "a function", type(step), "give the step", TypeError)
        functools.update_wrapper(self, step)
        self.step, self.programs, self._lock = step, dict[Any, Program](), threading.RLock()

    @property
    def text(self) -> str:
        """What is replayed, as Python text: the latest program."""
        return next((program.text for program in reversed(self.programs.values())), "")

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        mode = MODE.get()
        if mode & ~RECORD:  # to be examined or altered, or a part of another step
            args = tuple(map(_given, args))
            return _bare(self.step(*args, **{name: _given(v) for name, v in kwargs.items()}))
        arrays, key = [], [mode, Tensor.default_dtype, *kwargs]
        for value in (*args, *kwargs.values()):
            array = value._array if isinstance(value, Tensor) else value
            if type(array) is np.ndarray:
                arrays.append(array)
                key += *_form(array), getattr(value, "_node", None) is None
            else:
                key += type(value), value, type(value) in (float, tuple) and repr(value)
        try:
            program = self.programs.get(tuple(key))
        except TypeError as error:
            raise TypeError(f"compile expects arguments that are tensors, arrays or have a hash, "
                            f"got an {error}; give its arrays one by one") from None  # fmt: skip
        with self._lock:
            if program is not None and program.is_current() and program.is_sure:
                return program.run(*arrays)
            return self.record(tuple(key), program, args, kwargs)

    def record(self, key: Any, before: "Program | None", args: Any, kwargs: Any) -> Any:
        """Run the step itself, and write down what it does."""
        script = Script()
        given = [script.given(value) for value in args]
        named = {name: script.given(value) for name, value in kwargs.items()}
        token = SCRIPT.set(script)
        try:
            with switched(REPLAY, 0):
                outputs = self.step(*given, **named)
        finally:
            SCRIPT.reset(token)
        if len(self.programs) >= _MOST:
            self.programs.pop(next(iter(self.programs)))
        self.programs[key] = program = Program(script, outputs)
        if before is not None and before.is_current() and program.is_current():
            program.check_same(before, getattr(self, "__name__", "the step"))
            program.is_sure = True
        return _bare(outputs)


class Script:
    """What one run of a step writes down: lines of function, arguments, result, and ``whole``.

    A line is ``whole`` that calls what takes tensors, and not arrays. Values are known by identity,
    so all of them are kept.
    """

    def __init__(self) -> None:
        self.inputs, self.lines = list[np.ndarray](), list[Any]()
        self.used: dict[Any, Any] = {}  # tensors, with their array and node at that time
        self.called: dict[Any, Any] = {}  # modules: views of what they hold, and what that was

    def given(self, value: Any) -> Any:
        """An argument as the step gets it: an array as a tensor, which shares its memory."""
        if not isinstance(value, (Tensor, np.ndarray)):
            return value
        self.inputs.append(strip(value).view())
        return Tensor(self.inputs[-1]).requires_grad_(getattr(value, "requires_grad", False))

    def saw(self, module: Any) -> None:
        """A module is called: note what it holds, options, parts, and whether it is in training."""
        parts = [part for part in (module, *vars(module).values()) if hasattr(part, "forward")]
        found = [vars(module), *(part for part in parts if isinstance(part, (dict, list)))]
        views = [part.values() if isinstance(part, dict) else part for part in found]
        self.called[module] = views, [*itertools.chain(*views)]

    def written(self, function: Any, given: Any = ()) -> Any:
        """A function of arrays, as one that writes down its calls; it was given these tensors."""
        found = [t for t in leaves(given) if isinstance(t, Tensor)]
        self.used |= {(id(t), id(t._array)): (t, t._array, t._node) for t in found}

        def run(*args: Any, **kwargs: Any) -> Any:
            masks = [a for a in leaves(args[1:]) if getattr(a, "dtype", None) == np.bool_]
            is_nonzero = function is np.where and len(args) == 1
            is_mask = function in (operator.getitem, np.delete) and masks
            if function.__name__ in _BY_VALUE or is_nonzero or is_mask:
                refuse_reading(f"{function.__name__} with a result that depends on values")
            z = function(*args, **kwargs)
            z = np.asarray(z) if isinstance(z, np.generic) and _is_ufunc(function) else z
            self.lines.append((function, args, kwargs, z, False))
            return nested(self.as_array, z)

        return run

    def as_array(self, z: Any) -> Any:
        """A scalar of NumPy's as an array, anything else as it is."""
        return self.written(np.asarray)(z) if isinstance(z, np.generic) else z

    def call(self, function: Any, args: Any, kwargs: dict[str, Any]) -> Any:
        """Call what is `replayed`, and write that down as one line."""
        args = tuple(tuple(a) if isinstance(a, Iterator) else a for a in args)
        made = leaves(args[0]) if function.__name__ == "add_to_grads" else []
        if any(t._array is x for t in made if t is not None for x in self.inputs):
            refuse_reading("a gradient of an argument, which backward() leaves in its .grad,")
        with switched(0, REPLAY):
            z = function(*args, **kwargs)
        self.lines.append((function, args, kwargs, z, True))
        return z


class Program:
    """A script as text, and as the function that this defines.

    ``x`` are arguments, ``c`` what stays from run to run, ``b`` memory that ufuncs write into, and
    ``v`` other results. Names are given in order, so what does the same has the same text.
    """

    def __init__(self, script: Script, outputs: Any) -> None:
        self.scope: dict[str, Any] = {"Tensor": Tensor, "strip": strip, "replay": None}
        self.scope |= {"inf": math.inf, "nan": math.nan}
        self.constants: dict[str, Any] = {}
        self.names = {id(x): f"x{i}" for i, x in enumerate(script.inputs)}  # by id of the value
        self.number = itertools.count(1)
        self.free: dict[Any, list[str]] = {}  # names that are not needed any more, by form
        self.made: dict[int, list[Any]] = {}  # forms and names, by owner of their memory
        self.kept = set(_owners(outputs))  # memory that is not to be written into again
        last = dict[int, int | None]()  # the last line that needs it, by owner of memory
        for i, (_, *values, whole) in enumerate(script.lines):
            last |= dict.fromkeys(_owners(values), i)
            self.kept |= set(_owners(values)) if whole else set()
        last |= dict.fromkeys(self.kept)
        body, self.changed = [], dict[int, None]()  # memory that is changed in place
        for i, line in enumerate(script.lines):
            is_change = line[0] is mark_changed or line[0].__name__ == "at"  # of a ufunc
            self.changed |= _owners(line[1]) if is_change else {}
            body.append(self.line(*line))
            for owner in [owner for owner in _owners(line[1:4]) if last[owner] == i]:
                for form, name in self.made.pop(owner, ()):
                    self.free.setdefault(form, []).append(name)
        head = f"def replay({', '.join(f'x{i}' for i in range(len(script.inputs)))}):"
        self.text = "\n    ".join([head, *body, f"return {self.value(outputs)}\n"])
        exec(self.text, self.scope)
        self.run, self.is_sure = self.scope["replay"], False
        named = [[*used, self.names.get(id(used[1]))] for used in script.used.values()]
        self.used = [used for used in named if used[-1] in self.constants]
        self.views = [view for views, _ in script.called.values() for view in views]
        self.held = [value for _, held in script.called.values() for value in held]
        self.ids = [*map(id, self.held)]

    def line(self, function: Any, args: Any, kwargs: dict[str, Any], z: Any, whole: bool) -> str:
        """The text of a line."""
        is_even = _is_ufunc(function) and function is not np.ldexp  # the one with an integer
        args = _with_arrays(args) if is_even else args
        given = [self.value(v, whole) for v in args]
        given += [f"{k}={self.value(v, whole)}" for k, v in kwargs.items()]
        is_buffer = (
            (_is_ufunc(function) and not kwargs and id(z) not in self.kept | self.names.keys())
            and _form(np.empty_like(z)) == _form(z)  # not so for some with axes of length 1
        )
        out = "out=" * (function in (np.maximum, np.minimum))  # others are quicker without
        given += [out + self.target(z, is_buffer)] if is_buffer else []
        call = f"{self.constant(function, function.__name__)}({', '.join(given)})"
        call = f"strip({call})" if holds_tensor([z]) else call
        if whole:  # of which another object may come the next time
            self.names.pop(id(strip(z)), None)
        target = "_" if is_buffer else self.target(strip(z))
        return call if target == "_" else f"{target} = {call}"

    def target(self, z: Any, is_buffer: bool = False) -> str:
        """What a result is assigned to: names for the new arrays and numbers that are in it."""
        if isinstance(z, (tuple, list)):
            names = [self.target(part) for part in z]
            return f"({', '.join(names)}{',' * (len(z) == 1)})" if set(names) - {"_"} else "_"
        if not isinstance(z, (np.ndarray, np.generic, float)) or id(z) in self.names:
            return "_"
        form = (is_buffer, *_form(z)) if isinstance(z, np.ndarray) else id(z)
        free = self.free.get(form)
        name = free.pop() if free else f"{'vb'[is_buffer]}{next(self.number)}"
        if is_buffer:
            self.scope.setdefault(name, np.empty_like(z))
        self.names[id(z)] = name
        if isinstance(z, np.ndarray):
            self.made.setdefault(id(owner_of(z)), []).append((form, name))
        return name

    def value(self, value: Any, whole: bool = False) -> str:
        """The text of a value: its name, a literal, or the name of a constant."""
        if isinstance(value, Tensor):
            name, is_leaf = self.names.get(id(value._array)), value.is_leaf and value.requires_grad
            if not whole or not (is_leaf or name is None or name in self.constants):
                return f"Tensor({self.value(value._array)})"
        elif id(value) in self.names:
            return self.names[id(value)]
        elif isinstance(value, (tuple, list)):
            inside, kind = ", ".join(self.value(part, whole) for part in value), type(value)
            if kind is tuple:
                return f"({inside}{',' * (len(value) == 1)})"
            one = "*" * hasattr(value, "_fields")
            of = "" if kind is list else self.constant(kind, kind.__name__)
            return f"{of}({one}[{inside}])" if of else f"[{inside}]"
        elif isinstance(value, dict) and holds_tensor(leaves(value)):
            pairs = (f"{self.value(k)}: {self.value(v)}" for k, v in value.items())
            return f"{{{', '.join(pairs)}}}"
        elif value is None or type(value) in (bool, int, str, float):
            return repr(value)
        return self.constant(value)

    def constant(self, value: Any, label: str = "") -> str:
        """The name of what stays from run to run: of a function its own, if it is free."""
        if id(value) not in self.names:
            label = label if label.isidentifier() else "c"
            is_free = label != "c" and label not in self.scope
            name = label if is_free else f"{label}{len(self.constants)}"
            self.names[id(value)] = name
            self.scope[name] = self.constants[name] = value
        return self.names[id(value)]

    def is_current(self) -> bool:
        """Whether tensors require grad and modules are in training as they were when recorded."""
        for used in self.used:
            tensor, array, node, name = used
            if tensor._array is not array:
                if _form(tensor._array) != _form(array):
                    return False
                self.scope[name] = self.constants[name] = used[1] = tensor._array
            if tensor._node is not node or getattr(node, "hooks", None):
                return False
        return [*map(id, itertools.chain.from_iterable(self.views))] == self.ids

    def check_same(self, before: "Program", who: str) -> None:
        """Raise if the run before did something else."""
        was, now = (program.text.split("\n    ") for program in (before, self))
        unlike = [f"{a!r}, then {b!r}" for a, b in zip(was, now, strict=False) if a != b]
        for name, value in self.constants.items():
            was_one = before.constants.get(name)
            is_made = value is not was_one and not self.changed.keys().isdisjoint(_owners(value))
            if not unlike and (is_made or not _same(was_one, value)):
                place = next(line for line in now if re.search(rf"\b{name}\b", line))
                unlike = [f"in {place!r} {name} was another"]
        if unlike:
            raise RuntimeError(f"compile: {who} did not do the same twice: {unlike[0]}; give what "
                               "changes as an argument, an array or a tensor; both runs were "
                               "carried out")  # fmt: skip


def _given(value: Any) -> Any:
    return Tensor(value) if isinstance(value, np.ndarray) else value


def _bare(outputs: Any) -> Any:
    return nested(lambda z: z.detach() if isinstance(z, Tensor) else z, outputs)


def _is_ufunc(function: Any) -> bool:
    return isinstance(function, np.ufunc) and function.nout == 1


def _form(array: Any) -> Any:
    return array.shape, array.strides, array.dtype


def _owners(values: Any) -> dict[int, None]:
    """What owns the memory of arrays and tensors, in order, by id."""
    arrays = map(strip, leaves(values))
    return {id(owner_of(array)): None for array in arrays if isinstance(array, np.ndarray)}


def _with_arrays(args: Any) -> Any:
    """Numbers as arrays of the dtype that they are beside, which is faster and the same."""
    kinds = {a.dtype.char for a in args if isinstance(a, np.ndarray)}
    if len(kinds) != 1 or not kinds <= set("efdg"):
        return args
    return [constant(a, *kinds) if type(a) in (int, float) and a else a for a in args]


def _same(one: Any, other: Any) -> bool:
    """Whether constants of two runs are one; a dict is a place to write into."""
    if one is other or (type(one) is dict and type(other) is dict):
        return True
    if isinstance(one, (np.ndarray, np.generic)) and type(one) is type(other):
        return _form(one) == _form(other) and one.tobytes() == other.tobytes()
    if isinstance(one, Tensor) or hasattr(one, "__dict__"):  # it may hold tensors
        return False
    return type(one) is type(other) and bool(one == other)
