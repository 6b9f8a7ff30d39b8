"""The registry: which functions have which rules, and what each rule needs kept for it.

A rule is a plain NumPy expression. Its first parameter is ``g``, the gradient of the loss with
respect to the output; its others name what it needs: ``z`` (the output), an argument of the
function by its name, or ``<argument>_shape`` for an argument's shape alone::

    derivative(np.multiply, x=lambda g, y: g * y, y=lambda g, x: g * x)

Everything else follows from this one text: what the tape keeps (`Op.compile`), every order of
derivative (under ``create_graph`` the same rules receive tensors), the list of what is supported.
"""

import functools
import inspect
from collections.abc import Callable, Iterable
from typing import Any, ClassVar

import numpy as np

from .memory import Variable, holds_tensor

Function = Callable[..., Any]

TABLE: dict[Any, Any] = {}  # function -> its Op, or CONSTANT, or a composition of other entries
CONSTANT = object()  # the entry of a piecewise constant function: its result is never tracked
OUTPUT = -1  # among the sources of a plan: the op's own output
UNCOVERED = {"correction", "initial", "mean", "out", "where"}  # of NumPy's, unless a rule names it


class Plan:
    """How an op is recorded and walked back for one choice of tracked arguments.

    It is compiled from texts that handle exactly what the rules name. For ``multiply`` with both
    arguments tracked they are ``lambda z, x, y: (y, x)``, which gathers what is kept, and
    ``lambda g, kept: (x_rule(g, kept[0]), y_rule(g, kept[1]))``, which pulls back.
    """

    def __init__(self, op: "Op", key: int) -> None:
        names = [name for name, i in op.index.items() if key >> i & 1]
        listed = [key >> (len(op.index) + op.index[name]) & 1 for name in names]
        at = listed.index(1) if 1 in listed else len(names)
        behind = range(at + 1 - len(names), 0)  # places counted from the end
        places = [*range(at), slice(at, behind.start or None), *behind]
        self.op = op
        self.slots: dict[str, Any] = dict(zip(names, places, strict=False))  # of their parents
        needs = [need for name in names for need in needs_of(op.rules[name])]
        self.kept = list(dict.fromkeys(needs)) if op.backward is None else [*op.index, "z"]
        self.sources = [OUTPUT if need == "z" else self.slots.get(need) for need in self.kept]
        values = "".join(f"{op.text_of(need)}, " for need in self.kept)
        scope = {"shape_of": shape_of, "default": op.defaults}
        arguments = "".join(f", {name}=default[{i}]" for name, i in op.index.items())
        self.gather = eval(f"lambda z{arguments}: ({values})", scope)
        self.names = frozenset(names)
        self.pull = self.pull_for(self.names)

    @functools.cache  # noqa: B019  # plans live as long as the table
    def pull_for(self, wanted: frozenset[str]) -> Function:
        """The function of ``g`` and what is kept that gives each parent's gradient, or None."""
        op, text = self.op, ""
        for name, slot in self.slots.items():
            call = f"found[{op.index[name]}]"
            if op.backward is None:
                takes = (f", kept[{self.kept.index(need)}]" for need in needs_of(op.rules[name]))
                call = f"{name}_rule(g{''.join(takes)})"
            is_list = isinstance(slot, slice)  # of tensors, some of them perhaps not wanted
            text += f"*{call}, " if is_list else f"{call}, " if name in wanted else "None, "
        text = f"({text})"
        if op.backward is not None:
            text = f"(lambda found: {text})(backward(g, needed, *kept))"
        scope: dict[str, Any] = {f"{name}_rule": rule for name, rule in op.rules.items()}
        scope |= {"backward": op.backward, "needed": tuple(name in wanted for name in op.index)}
        pull: Function = eval(f"lambda g, kept: {text}", scope)
        pull.__name__ = f"{op.name}_back"
        return pull


class Op:
    """A function of arrays, its parameters in order, and its rules by parameter."""

    apply: ClassVar[Function]  # how an op runs on tensors; recording sets it

    def __init__(self, function: Function, parameters: str | None = None) -> None:
        found = parameters_of(function, parameters)
        self.function = self.forward = function  # on arrays; and as it is recorded
        self.name: str = function.__name__
        self.index = {name: i for i, name in enumerate(found)}
        self.defaults = tuple(found.values())
        self.composition: Function | None = None  # of a fused op: its text in plain NumPy
        self.backward: Function | None = None  # of a fused op: all gradients at once
        self.plans: dict[int, Plan] = {}  # by which arguments are tracked, as bits of a number
        self.set_rules({})

    def set_rules(self, rules: dict[str, Function]) -> None:
        """Take these as all the rules of the op."""
        self.rules = {name: rules[name] for name in self.index if name in rules}
        self.refused = UNCOVERED - {need for rule in rules.values() for need in needs_of(rule)}
        self.ruled = sum(1 << self.index[name] for name in self.rules)  # as bits
        self.unruled = (1 << len(self.index)) - 1 - self.ruled
        covered = set(rules) - self.refused
        self.unsafe = [(i, name) for name, i in self.index.items() if name not in covered]
        refused = [i for name, i in self.index.items() if name in self.refused]
        self.plain = min(refused, default=len(self.index))  # how many arguments need no look
        self.is_unary = self.ruled & 1 and self.backward is None
        self.plans.clear()

    def plan_of(self, key: int) -> Plan:
        """The plan for the tracked arguments: bits of a number, above them those that are lists."""
        if key not in self.plans:
            self.plans[key] = Plan(self, key)
        return self.plans[key]

    def text_of(self, need: str) -> str:
        """The text that gives, when the op is recorded, what a rule names."""
        owner = need.removesuffix("_shape")
        if need == "z" or need in self.index:
            return need
        if owner in self.index:
            return f"shape_of({owner})"
        raise TypeError(f"derivative: {self.name} has no {need!r}, only {', '.join(self.index)}; "
                        "name one of them, one of them with _shape, or in a rule z")  # fmt: skip


def derivative(function: Function, parameters: str | None = None, /, **rules: Function) -> Function:
    """Give ``function`` its derivative: one rule for each argument it can be differentiated by.

    Args:
        function: a NumPy function or ufunc (whose arguments are called ``x, y``), or a function
            made with `primitive`.
        parameters: its parameter list as text, for a function that has no signature.
        **rules: ``argument=rule``; the rule of a list of arrays returns a list of gradients. A
            rule is made of operators and ``np`` functions only, and leaves it to the engine to
            undo broadcasting.

    Returns:
        The function.

    Raises:
        TypeError: if a rule names what the function does not have.

    >>> import numpy as np, minigrad
    >>> @primitive
    ... def softplus(x):
    ...     return np.logaddexp(0.0, x)
    >>> softplus = derivative(softplus, x=lambda g, x: g / (1.0 + np.exp(-x)))
    >>> minigrad.func.grad(softplus)(0.0)
    array(0.5)
    """
    op = TABLE.get(function)
    if not isinstance(op, Op) or parameters is not None:
        op = Op(function, parameters)
    for name, rule in rules.items():
        for need in (name, *needs_of(rule)):
            op.text_of(need)
    op.set_rules({**op.rules, **rules})
    TABLE[function] = op
    return function


def primitive(function: Function) -> Function:
    """Make a function of arrays one operation, to be given its rules by `derivative`.

    Called with tensors it is recorded as a whole: its text sees arrays only.

    >>> @primitive
    ... def cube(x):
    ...     return x * x * x
    >>> cube = derivative(cube, x=lambda g, x: 3.0 * g * x * x)
    >>> cube(2.0)
    8.0
    """

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        is_first = args and isinstance(args[0], Variable)  # as it is most often
        if is_first or holds_tensor(args) or (kwargs and holds_tensor(kwargs.values())):
            return op.apply(op, args, kwargs, 2)
        return function(*args, **kwargs)

    op = TABLE[call] = Op(function)
    return call


def fused(composition: Function, backward: Function) -> Callable[[Function], Function]:
    """Decorate a kernel: a fast text of what ``composition`` says in plain NumPy.

    The kernel ``forward(*inputs)`` returns the output and whatever ``backward`` wants saved;
    ``backward(g, needed, *inputs, saved)`` returns one fresh gradient an input, or None where
    ``needed`` is False. Both see real arrays only, and may work in place on what they allocate.
    Complex input and derivatives of higher order go through the composition.

    >>> import numpy as np, minigrad
    >>> def backward(g, needed, x, saved):
    ...     return (g * (saved + x * (1.0 - saved * saved)),)
    >>> @fused(lambda x: x * np.tanh(x), backward)
    ... def x_tanh_x(x):
    ...     t = np.tanh(x)
    ...     return x * t, t
    >>> minigrad.func.grad(minigrad.func.grad(x_tanh_x))(0.0)
    array(2.)
    """

    def decorate(forward: Function) -> Function:
        @functools.wraps(forward)
        def plain(*args: Any, **kw: Any) -> Any:
            return composition(*args, **kw) if any_complex(args) else forward(*args, **kw)[0]

        call = primitive(plain)
        op = TABLE[call]
        op.forward, op.composition, op.backward = forward, composition, backward
        op.set_rules(dict.fromkeys(op.index, backward))
        return call

    return decorate


def any_complex(values: Iterable[Any]) -> bool:
    """Whether there is a complex array among the values."""
    for value in values:  # noqa: SIM110  # half the time of any()
        if type(value) is np.ndarray and value.dtype.kind == "c":
            return True
    return False


def shape_of(value: Any) -> Any:
    """The shape of an array; of a list of arrays, the list of their shapes."""
    if type(value) is np.ndarray:
        return value.shape
    return [np.shape(v) for v in value] if type(value) is list else np.shape(value)


def needs_of(rule: Function) -> tuple[str, ...]:
    """What a rule names after its gradient."""
    code = getattr(inspect.unwrap(rule), "__code__", None)
    if code is not None:  # to make a signature takes a hundred times as long
        return tuple(code.co_varnames[1 : code.co_argcount])
    return tuple(inspect.signature(rule).parameters)[1:]


def parameters_of(function: Function, text: str | None = None) -> dict[str, Any]:
    """The parameters of a function with their defaults, None where there is no default."""
    if isinstance(function, np.ufunc):
        text = ", ".join("xy"[: function.nin])
    found = inspect.signature(eval(f"lambda {text}: None") if text else function).parameters
    if "z" in found or inspect.Parameter.VAR_POSITIONAL in {p.kind for p in found.values()}:
        raise TypeError(f"{function.__name__} expects arguments with names of their own, and none "
                        f"called z, to be an op, got {', '.join(map(str, found.values()))}; write "
                        "a function that has them")  # fmt: skip
    absent = inspect.Parameter.empty, getattr(np, "_NoValue", None)
    return {k: None if any(p.default is a for a in absent) else p.default for k, p in found.items()}
