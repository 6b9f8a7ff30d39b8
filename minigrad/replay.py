"""Replaying: a training step written down once, as the NumPy calls that it makes, and run as that.

What is run then is straight Python text: it makes neither tensors nor nodes, and writes what NumPy's
ufuncs give into the same memory each time.
"""

import functools
import math
import re
import threading
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

from .autograd import Tensor
from .autograd.changes import owner_of
from .autograd.modes import MODE, RECORD, REPLAY, SCRIPT, switched
from .autograd.record import constant
from .autograd.variable import leaves, nested, strip
from .errors import expect, wrong_kind

_LARGE = 2**14  # bytes: what takes more is given back once it is not needed
_MOST = 64  # programs that a step may have


class Line(NamedTuple):
    """A call that a step makes: of NumPy or a kernel, or ``whole``, of what takes tensors."""

    function: Callable[..., Any]
    args: Any
    kwargs: dict[str, Any]
    result: Any
    whole: bool


class Script:
    """What one run of a step writes down. Values are known by identity, so all of them stay."""

    def __init__(self, inputs: list[np.ndarray]) -> None:
        self.inputs, self.lines = inputs, list[Line]()
        self.tensors: dict[Any, Any] = {}  # that were used: with their array and node at that time
        self.trained: dict[Any, bool] = {}  # modules that were called: whether in training

    def written(self, function: Any, given: Any = ()) -> Any:
        """A function of arrays, as one that writes down how it is called; tensors were given."""
        used = [t for t in leaves(given) if isinstance(t, Tensor)]
        self.tensors |= {(id(t), id(t._array)): (t, t._array, t._node) for t in used}

        def run(*args: Any, **kwargs: Any) -> Any:
            z = function(*args, **kwargs)
            z = np.asarray(z) if isinstance(z, np.generic) and _is_ufunc(function) else z
            self.lines.append(Line(function, args, kwargs, z, False))
            return tuple(map(self.as_array, z)) if type(z) is tuple else self.as_array(z)

        return run

    def as_array(self, z: Any) -> Any:
        """A scalar of NumPy's as an array, anything else as it is."""
        return self.written(np.asarray)(z) if isinstance(z, np.generic) else z

    def call(self, function: Any, args: Any, kwargs: dict[str, Any]) -> Any:
        """Call what is `replayed`, and write that down as one line."""
        args = tuple(tuple(a) if isinstance(a, Iterator) else a for a in args)
        with switched(0, REPLAY):
            z = function(*args, **kwargs)
        self.lines.append(Line(function, args, kwargs, z, True))
        return z


class Program:
    """A script as text, and as the function that the text defines.

    Names are given in order, so two runs that do the same have the same text.
    """

    def __init__(self, script: Script, outputs: Any) -> None:
        self.scope: dict[str, Any] = {"Tensor": Tensor, "strip": strip, "replay": None}
        self.constants: dict[str, Any] = {}
        self.names = {id(x): f"x{i}" for i, x in enumerate(script.inputs)}  # by id of the value
        self.number = 0
        self.kept = set(_owners(outputs))  # memory that is not written into again
        last = dict[int, int]()  # by owner of memory: the last line that needs it
        for i, line in enumerate(script.lines):
            owners = _owners(line[1:4])
            last |= dict.fromkeys(owners, i)
            self.kept |= owners.keys() if line.whole else set()
        last |= dict.fromkeys(_owners(outputs), len(script.lines))
        self.made: dict[int, list[str]] = {}  # by owner: the names of what there is in its memory
        self.free: dict[Any, list[str]] = {}  # by form: buffers that are not needed any more
        body = []
        for i, line in enumerate(script.lines):
            body.append(self.text_of(line))
            over = [key for key in _owners(line[1:4]) if last[key] == i and key in self.made]
            body += [f"del {', '.join(names)}" for names in map(self.given_back, over) if names]
        body.append(f"return {self.text(outputs)}")
        head = f"def replay({', '.join(f'x{i}' for i in range(len(script.inputs)))}):"
        self.source = "\n    ".join([head, *body]) + "\n"
        exec(self.source, self.scope)
        self.run = self.scope["replay"]
        named = [[*used, self.names.get(id(used[1]))] for used in script.tensors.values()]
        self.tensors = [used for used in named if used[3] in self.constants]
        self.trained, self.is_sure = list(script.trained.items()), False

    def text_of(self, line: Line) -> str:
        """The text of a line, which from then on has names for what it makes."""
        function, args, kwargs, z, whole = line
        name = self.constant(function, getattr(function, "__name__", "call"))
        if _is_ufunc(function):
            args = _with_arrays(args)
        given = [self.text(value, whole) for value in args]
        given += [f"{key}={self.text(value, whole)}" for key, value in kwargs.items()]
        if _is_ufunc(function) and not kwargs and z.base is None and id(z) not in self.kept:
            given.append(self.buffer(z))
            return f"{name}({', '.join(given)})"
        targets = self.targets(strip(z))
        call = f"{name}({', '.join(given)})"
        call = f"strip({call})" if isinstance(z, Tensor) else call
        return call if targets == "_" else f"{targets} = {call}"

    def targets(self, z: Any) -> str:
        """Names for the arrays and floats that a call gives, in tuples and lists too."""
        if type(z) in (tuple, list):
            names = [self.targets(part) for part in z]
            return f"({', '.join(names)},)" if set(names) - {"_"} else "_"
        if not isinstance(z, (np.ndarray, np.generic, float)) or id(z) in self.names:
            return "_"
        return self.new("v", z)

    def new(self, label: str, value: Any) -> str:
        """A name for a value that is made."""
        self.number += 1
        name = self.names[id(value)] = f"{label}{self.number}"
        if label == "b" or (isinstance(value, np.ndarray) and owner_of(value).nbytes > _LARGE):
            self.made.setdefault(id(owner_of(value)), []).append(name)
        return name

    def buffer(self, z: np.ndarray) -> str:
        """The name of memory for a result: of some that is free, or of new."""
        free = self.free.get(_form(z))
        if free:
            name = self.names[id(z)] = free.pop()
            self.made[id(z)] = [name]
            return name
        name = self.new("b", z)
        self.scope[name] = np.empty_like(z)
        return name

    def given_back(self, owner: int) -> list[str]:
        """Names to delete, for they hold much memory that is over; a buffer becomes free."""
        names, buffer = self.made.pop(owner), None
        if names[0] in self.scope:
            buffer, *names = names
            self.free.setdefault(_form(self.scope[buffer]), []).append(buffer)
        return names

    def text(self, value: Any, whole: bool = False) -> str:
        """The text of a value: its name, a literal, or the name of a constant."""
        if isinstance(value, Tensor):
            name = self.names.get(id(value._array))
            if not whole:
                return f"Tensor({self.text(value._array)})"
            if name is not None and name not in self.constants:
                self.check_lasts(value)
                return f"Tensor({name})"
        elif id(value) in self.names:
            return self.names[id(value)]
        elif type(value) is tuple or type(value) is list:
            inside = ", ".join(self.text(part, whole) for part in value)
            return f"[{inside}]" if type(value) is list else f"({inside}{',' * (len(value) == 1)})"
        elif value is None or type(value) in (bool, int, str):
            return repr(value)
        elif type(value) is float and math.isfinite(value):
            return repr(value)
        return self.constant(value)

    def constant(self, value: Any, label: str = "") -> str:
        """The name of what stays from run to run: of a function its own, if it is free."""
        if id(value) not in self.names:
            label = re.sub(r"\W", "", label).replace("lambda", "back")
            name = f"{label or 'c'}{len(self.constants)}"
            name = label if label and label not in self.scope else name
            self.names[id(value)] = name
            self.scope[name] = self.constants[name] = value
        return self.names[id(value)]

    def check_lasts(self, tensor: Tensor) -> None:
        """Raise if ``.grad`` would be set of a tensor that is another one in each run."""
        if tensor.is_leaf and tensor.requires_grad:
            raise RuntimeError("compile: backward() sets the .grad of a tensor that is an argument "
                               "or made in the step, and so another one in each run; ask for it "
                               "by minigrad.grad(loss, x)")  # fmt: skip

    def is_current(self) -> bool:
        """Whether what it was made for is still so: tensors that require grad, training modes."""
        for used in self.tensors:
            tensor, array, node, name = used
            if tensor._array is not array:
                if _form(tensor._array) != _form(array):
                    return False
                self.scope[name] = used[1] = tensor._array
            if tensor._node is not node:
                return False
        return all(module.training is mode for module, mode in self.trained)

    def check_same(self, who: str, before: "Program") -> None:
        """Raise if the run before did something else."""
        for old, new in zip(before.source.split("\n"), self.source.split("\n"), strict=False):
            if old != new:
                raise _unlike(who, f"{old.strip()!r} in the first run, {new.strip()!r} in the next")
        for name, value in self.constants.items():
            if not _same(before.constants[name], value):
                line = next(text for text in self.source.split("\n") if re.search(rf"\b{name}\b", text))
                raise _unlike(who, f"another {name} in {line.strip()!r}, of {value!r}")


class Compiled:
    """What `compile` returns."""

    def __init__(self, step: Callable[..., Any]) -> None:
        expect(callable(step), "compile", "a function", type(step), "give the step", TypeError)
        functools.update_wrapper(self, step)
        self.step, self._programs, self._lock = step, dict[Any, Program](), threading.RLock()

    @property
    def text(self) -> str:
        """The latest program as Python text, or nothing before the first run."""
        return next((program.source for program in reversed(self._programs.values())), "")

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        mode = MODE.get()
        if mode & ~RECORD:  # to be examined, altered, or part of another step
            return self.step(*args, **kwargs)
        arrays, key = [], [mode, *kwargs]
        for value in (*args, *kwargs.values()):
            array = value._array if isinstance(value, Tensor) else value
            if type(array) is np.ndarray:
                arrays.append(array)
                key += array.shape, array.strides, array.dtype, getattr(value, "_node", None) is None
            else:
                key += type(value), value
        try:
            program = self._programs.get(tuple(key))
        except TypeError:
            given = [type(value) for value in args if type(value).__hash__ is None]
            raise wrong_kind("compile", "arguments that are tensors, arrays or have a hash", given,
                             "give their arrays one by one") from None  # fmt: skip
        with self._lock:
            if program is not None and program.is_current() and program.is_sure:
                return program.run(*arrays)
            return self.record(tuple(key), program, args, kwargs)

    def record(self, key: Any, before: Program | None, args: Any, kwargs: dict[str, Any]) -> Any:
        """Run the step itself, and write down what it does."""
        inputs: list[np.ndarray] = []

        def own(value: Any) -> Any:
            if not isinstance(value, (Tensor, np.ndarray)):
                return value
            inputs.append(strip(value).view())
            tracked = isinstance(value, Tensor) and value.requires_grad
            return Tensor(inputs[-1]).requires_grad_(tracked)

        given, named = [own(v) for v in args], {k: own(v) for k, v in kwargs.items()}
        script = Script(inputs)
        token = SCRIPT.set(script)
        try:
            with switched(REPLAY, 0):
                outputs = self.step(*given, **named)
        finally:
            SCRIPT.reset(token)
        program = Program(script, outputs)
        if len(self._programs) >= _MOST:
            self._programs.pop(next(iter(self._programs)))
        self._programs[key] = program
        if before is not None and before.is_current():
            program.check_same(getattr(self, "__name__", "a step"), before)
            program.is_sure = True
        return nested(lambda z: Tensor(z._array) if isinstance(z, Tensor) else z, outputs)


def compile(step: Callable[..., Any]) -> Compiled:
    """A training step that is recorded twice and from then on replayed, bit for bit the same.
    """
    return Compiled(step)


def _is_ufunc(function: Any) -> bool:
    return isinstance(function, np.ufunc) and function.nout == 1


def _form(array: np.ndarray) -> Any:
    return array.shape, array.dtype, array.strides


def _owners(values: Any) -> dict[int, None]:
    """What owns the memory of the arrays and tensors, in order, by id."""
    arrays = map(strip, leaves(values))
    return {id(owner_of(array)): None for array in arrays if isinstance(array, np.ndarray)}


def _with_arrays(args: Any) -> Any:
    """Numbers as arrays of the dtype that they are beside, which is faster and the same."""
    kinds = {a.dtype.char for a in args if isinstance(a, np.ndarray)}
    if len(kinds) != 1 or not kinds <= set("efdg"):
        return args
    return [constant(a, *kinds) if type(a) in (int, float) and a else a for a in args]


def _same(one: Any, other: Any) -> bool:
    """Whether two constants of two runs are one: a dict is a place to write into."""
    if one is other or (type(one) is dict and type(other) is dict):
        return True
    if isinstance(one, (np.ndarray, np.generic)) and type(one) is type(other):
        return _form(one) == _form(other) and one.tobytes() == other.tobytes()
    return not isinstance(one, Tensor) and type(one) is type(other) and bool(one == other)


def _unlike(who: str, what: str) -> RuntimeError:
    return RuntimeError(f"compile: {who} did not do the same twice: {what}; give what changes as an "
                        "argument, an array or a tensor; both runs were carried out")  # fmt: skip
