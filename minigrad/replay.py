"""Replaying: a training step written down once, as the NumPy calls that it makes, and run as that.

What is run is straight Python text, which makes neither tensors nor nodes, and writes what NumPy's
ufuncs give into the same memory each time. It is made of what two runs of the step write down.
"""

import functools
import itertools
import operator
import re
import threading
import weakref
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np

from .autograd import Tensor, mark_changed
from .autograd.memory import leaves, nested, owner_of, strip
from .autograd.modes import MODE, RECORD, REPLAY, SCRIPT, refuse_reading, switched
from .creation import as_tensor
from .errors import expect

# what gives a shape that depends on values, or a Python value
_BY_VALUE = """allclose argwhere array2string array_equal array_equiv array_repr array_str
bincount compress count_nonzero extract flatnonzero intersect1d nonzero setdiff1d setxor1d
trim_zeros union1d unique unique_all unique_counts unique_inverse unique_values""".split()


class compile:
    """A training step that is recorded in its first two runs, and from then on replayed.

    Recording writes down every call of NumPy and of a kernel, forward, backward and in updates; a
    replay makes the same calls and gives the same bits, without tensors, nodes and a walk in
    between: a small network takes half the time. ``text`` shows the calls.

    Args:
        step: a function of tensors or arrays, which it gets as tensors, that returns tensors, in
            tuples, lists and dicts too. It may change parameters and buffers, call ``backward``,
            optimizers, schedules and clipping, and draw random numbers by `minigrad`. What else it
            does, such as to print or to append to a list, is done only while it is recorded.
            Arguments require no grad (the step may call ``requires_grad_()`` on them), and tensors
            come back without a graph. A module will do, and a bound method.

    A program holds for the shapes, dtypes and memory layouts of the arguments, for what requires
    grad and for what the modules that are called have as attributes: for others the step is
    recorded anew. Under `detect_anomaly` and the like it runs as it is. What it does not notice:
    an error that the step catches, ``np.errstate`` within it, and a returned array of the step's
    own that is changed outside.

    Raises:
        TypeError, ValueError: for arguments that cannot be.
        RuntimeError: if a value would leave the step, by ``item()``, ``if loss > 1:``, a hook and
            so on, for Python might decide by it; if the second run did not do what the first did.

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
        self.text = ""  # of the latest program

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        mode = MODE.get()
        if mode & ~RECORD:  # to be examined or altered, or a part of another step
            return _untracked(self.step(*map(as_tensor, args), **nested(as_tensor, kwargs)))
        arrays, key = [], [mode, Tensor.default_dtype, *kwargs]
        wanted, mend = "arguments that are tensors or arrays", "close over the rest"
        for value in (*args, *kwargs.values()):
            array = getattr(value, "_array", value)
            expect(type(array) is np.ndarray, "compile", wanted, type(value), mend, TypeError)
            arrays.append(array)
            key += *_form(array), getattr(value, "_node", None) is None
        with self._lock:
            program = self.programs.get(tuple(key))
            if program is None or not program.is_sure or not program.is_current():
                return self.record(tuple(key), program, args, kwargs)
            found = iter(program.run(*arrays))
            return nested(lambda _: next(found), program.structure)

    def record(self, key: Any, before: "Program | None", args: Any, kwargs: Any) -> Any:
        """Run the step itself, and write down what it does."""
        program = Program()
        given, named = [program.given(v) for v in args], nested(program.given, kwargs)
        token = SCRIPT.set(program)
        try:
            with switched(REPLAY, 0):
                outputs = self.step(*given, **named)
        finally:
            SCRIPT.reset(token)
        program.finish(outputs)
        self.programs[key], self.text = program, program.text
        if before is not None and before.is_current() and program.is_current():
            program.check_same(before, getattr(self, "__name__", "the step"))
            program.is_sure, program.known, before.known = True, {}, {}
        while len(self.programs) > 64:
            del self.programs[next(iter(self.programs))]
        return _untracked(outputs)


class Seen(SimpleNamespace):
    """What stands for an array in the lines of a program: with it the array need not be kept.

    It has the array's ``form``, a weak ``ref`` to it, the ``array`` itself if no line made it, and
    as ``owner`` an object that all arrays of the same memory share.
    """


class Program:
    """What one run of a step writes down: first as lines, then as text and the function it defines.

    A line has a function, its arguments, its result, and whether it is whole: 1 if it takes
    tensors, not arrays, 2 if it gives some, too. Values are known by identity, and for arrays
    stand objects that live longer. In the text ``x`` are arguments, ``c`` what stays from run to
    run, ``b`` memory that ufuncs write into, ``v`` other results; numbers are given in order, so
    what does the same has the same text.
    """

    def __init__(self) -> None:
        self.lines, self.is_sure = list[Any](), False
        self.used: Any = {}  # tensors, with their array and node at that time
        # by id of an array, which may be that of a later one; modules: views of what they hold, and
        # what that was
        self.known, self.called = dict[int, Seen](), dict[Any, Any]()
        self.scope = dict[str, Any](Tensor=Tensor, strip=strip, inf=np.inf, nan=np.nan, replay=None)
        self.constants, self.names = dict[str, Any](), dict[int, str]()  # names by id of the value
        self.inputs, self.number = list[np.ndarray](), itertools.count(1)
        # names that are not needed any more, by form; and forms and names, by owner of their memory
        self.free, self.made = dict[Any, Any](), dict[Any, Any]()

    # --- writing down ----------------------------------------------------------------------------

    def given(self, value: Any) -> Any:
        """An argument as the step gets it: an array as a tensor, which shares its memory."""
        wanted, mend = "arguments that require no grad", "call requires_grad_() in the step"
        expect(not getattr(value, "requires_grad", False), "compile", wanted, "one", mend)
        self.inputs.append(strip(value).view())
        return Tensor(self.inputs[-1])

    def saw(self, module: Any) -> None:
        """A module is called: note what it holds, options, parts, and whether it is in training."""
        parts = [part for part in (module, *vars(module).values()) if hasattr(part, "forward")]
        found = [vars(module), *(part for part in parts if isinstance(part, (dict, list)))]
        views = [part.values() if isinstance(part, dict) else part for part in found]
        self.called[module] = views, [*itertools.chain(*views)]

    def written(self, function: Any, given: Any = ()) -> Any:
        """A function of arrays, as one that writes down its calls; it was given these tensors."""
        for t in [t for t in leaves(given) if isinstance(t, Tensor)]:
            node = t._node and weakref.ref(t._node)
            self.used[id(t), id(t._array)] = weakref.ref(t), self.seen(t._array), node

        def run(*args: Any, **kwargs: Any) -> Any:
            masks = [a for a in leaves(args[1:]) if getattr(a, "dtype", None) == np.bool_]
            picks = {np.where: len(args) == 1, np.delete: masks, operator.getitem: masks}
            if picks.get(function) or function.__name__ in _BY_VALUE:
                refuse_reading(f"{function.__name__} with a result that depends on values")
            z = function(*args, **kwargs)
            self.add(function, args, kwargs, z, False)
            return nested(lambda z: as_array(z) if isinstance(z, np.generic) else z, z)

        as_array = run if function is np.asarray else self.written(np.asarray)
        return run

    def call(self, function: Any, args: Any, kwargs: dict[str, Any]) -> Any:
        """Call what is `replayed`, and write that down as one line."""
        args = tuple(tuple(a) if isinstance(a, Iterator) else a for a in args)
        with switched(0, REPLAY):
            z = function(*args, **kwargs)
        self.add(function, args, kwargs, z, True)
        return z

    def add(self, function: Any, args: Any, kwargs: dict[str, Any], z: Any, whole: bool) -> None:
        """Add a line."""
        given, made = nested(self.seen, [args, kwargs]), functools.partial(self.seen, is_made=True)
        kind = whole + any(isinstance(part, Tensor) for part in leaves(z))
        self.lines.append((function, *given, nested(made, strip(z)), kind))

    def seen(self, value: Any, is_made: bool = False) -> Any:
        """What stands for an array; any other value itself."""
        if type(value) is not np.ndarray:
            return value
        found = self.known.get(id(value))
        if found is None or found.ref() is not value:
            found = self.known[id(value)] = Seen(ref=weakref.ref(value), form=_form(value))
            found.array, found.owner = None if is_made else value, object()
            found.owner = self.seen(owner_of(value), is_made).owner
        return found

    def owners(self, values: Any) -> dict[int, None]:
        """The ids of what stands for the owners of arrays and tensors, in order."""
        found = [self.seen(strip(value)) for value in leaves(values)]
        return {id(value.owner): None for value in found if isinstance(value, Seen)}

    # --- making the text -------------------------------------------------------------------------

    def finish(self, outputs: Any) -> None:
        """Make the text, and the function."""
        self.names |= {id(self.seen(x)): f"x{i}" for i, x in enumerate(self.inputs)}
        self.kept = set(self.owners(outputs))  # memory that is not to be written into again
        last = dict[int, int | None]()  # the last line that needs it, by owner of memory
        for i, (_, *values, whole) in enumerate(self.lines):
            last |= dict.fromkeys(self.owners(values), i)
            self.kept |= set(self.owners(values)) if whole else set()
        last |= dict.fromkeys(self.kept)
        changing = [args for f, args, *_ in self.lines if f is mark_changed or f.__name__ == "at"]
        body, self.changed = [], set(self.owners(changing))  # memory that is changed in place
        for i, line in enumerate(self.lines):
            is_even = getattr(line[0], "signature", "") is None  # may write over what it reads
            body += [] if is_even else [self.line(*line)]
            for owner in [owner for owner in self.owners(line[1:4]) if last[owner] == i]:
                for form, name in self.made.pop(owner, ()):
                    self.free.setdefault(form, []).append(name)
            body += [self.line(*line)] if is_even else []
        head = f"def replay({', '.join(f'x{i}' for i in range(len(self.inputs)))}):"
        results = ", ".join(self.value(z) for z in leaves(outputs))
        self.text = "\n    ".join([head, *body, f"return [{results}]\n"])
        exec(self.text, self.scope)
        self.run, self.structure = self.scope["replay"], nested(lambda z: None, outputs)
        named = [[t(), a.array, n and n(), self.names.get(id(a))] for t, a, n in self.used.values()]
        self.used = [used for used in named if used[0] is not None and used[3] in self.constants]
        self.views = [view for views, _ in self.called.values() for view in views]
        self.held = [value for _, held in self.called.values() for value in held]
        self.lines, self.names, self.inputs = [], {}, []

    def line(self, function: Any, args: Any, kwargs: dict[str, Any], z: Any, whole: int) -> str:
        """The text of a line."""
        given = [self.value(v, whole) for v in args]
        given += [f"{k}={self.value(v, whole)}" for k, v in kwargs.items()]
        is_new = isinstance(z, Seen) and not (id(z.owner) in self.kept or id(z) in self.names)
        if is_new and isinstance(function, np.ufunc) and not kwargs:
            given.append(f"out={self.target(z, True)}")
        call = f"{self.constant(function, function.__name__)}({', '.join(given)})"
        call = f"strip({call})" if whole == 2 else call
        if whole:  # of which another object may come the next time
            self.names.pop(id(z), None)
        target = self.target(z)
        return call if target == "_" else f"{target} = {call}"

    def target(self, z: Any, is_buffer: bool = False) -> str:
        """What a result is assigned to: names for the new arrays and numbers that are in it."""
        if isinstance(z, (tuple, list)):
            names = [self.target(part) for part in z]
            return f"({', '.join(names)}{',' * (len(z) == 1)})" if set(names) - {"_"} else "_"
        is_array = isinstance(z, Seen)
        if id(z) in self.names or not (is_array or isinstance(z, (np.generic, float))):
            return "_"
        form = (is_buffer, *z.form) if is_array else None
        free = form and self.free.get(form)
        name = free.pop() if free else f"{'vb'[is_buffer]}{next(self.number)}"
        if is_buffer:
            self.scope.setdefault(name, np.ndarray(z.form[0], z.form[2], strides=z.form[1]))
        self.names[id(z)] = name
        if is_array:
            self.made.setdefault(id(z.owner), []).append((form, name))
        return name

    def value(self, value: Any, whole: int = 0) -> str:
        """The text of a value: its name, a literal, or the name of a constant."""
        value = self.seen(value)
        if isinstance(value, Tensor):
            name = self.names.get(id(self.seen(value._array)), "c")
            if not whole or (name[0] != "c" and not (value.is_leaf and value.requires_grad)):
                return f"Tensor({self.value(value._array)})"
        elif id(value) in self.names:
            return self.names[id(value)]
        elif type(value) is tuple or type(value) is list:
            inside = ", ".join(self.value(part, whole) for part in value)
            return f"({inside}{',' * (len(value) == 1)})" if type(value) is tuple else f"[{inside}]"
        elif value is None or type(value) in (bool, int, str, float):
            return repr(value)
        return self.constant(value)

    def constant(self, value: Any, label: str = "") -> str:
        """The name of what stays from run to run: of a function its own, if it is free."""
        if id(value) not in self.names:
            label = label if label.isidentifier() else "c"
            name = label if label not in ("c", *self.scope) else f"{label}{len(self.constants)}"
            self.names[id(value)] = name
            self.scope[name] = self.constants[name] = getattr(value, "array", value)
        return self.names[id(value)]

    # --- whether it holds ------------------------------------------------------------------------

    def is_current(self) -> bool:
        """Whether tensors require grad, and modules hold what they held, as when recorded."""
        for used in self.used:
            tensor, array, node, name = used
            if tensor._array is not array:
                if _form(tensor._array) != _form(array) or sum(u[3] == name for u in self.used) > 1:
                    return False
                self.scope[name] = self.constants[name] = used[1] = tensor._array
            if tensor._node is not node or getattr(node, "hooks", None):
                return False
        now = [*itertools.chain.from_iterable(self.views)]
        return len(now) == len(self.held) and all(map(operator.is_, now, self.held))

    def check_same(self, before: "Program", who: str) -> None:
        """Raise if the run before did something else."""
        was, now = (program.text.split("\n    ") for program in (before, self))
        unlike = [f"{a!r}, then {b!r}" for a, b in zip(was, now, strict=False) if a != b]
        for name, value in self.constants.items():
            was_one = before.constants.get(name)
            is_made = value is not was_one and not self.changed.isdisjoint(self.owners(value))
            if not unlike and (is_made or not _same(was_one, value)):
                place = next(line for line in now if re.search(rf"\b{name}\b", line))
                unlike = [f"in {place!r} {name} was another"]
        if unlike:
            raise RuntimeError(f"compile: {who} did not do the same twice: {unlike[0]}; give what "
                               "changes as an argument, an array or a tensor; both runs were "
                               "carried out")  # fmt: skip


_untracked = functools.partial(nested, lambda z: z.detach() if isinstance(z, Tensor) else z)
_form = operator.attrgetter("shape", "strides", "dtype")


def _same(one: Any, other: Any) -> bool:
    """Whether constants of two runs are one; a namespace is a place to write into."""
    if one is other or type(one) is type(other) is SimpleNamespace:
        return True
    if isinstance(one, (np.ndarray, np.generic)) and type(one) is type(other):
        return _form(one) == _form(other) and one.tobytes() == other.tobytes()
    may_change = isinstance(one, Tensor) or hasattr(one, "__dict__")  # which may hold tensors
    return not may_change and type(one) is type(other) and bool(one == other)
