"""The registry: which functions have which rules, and what each rule needs kept for it.

A rule is a plain NumPy expression. Its first parameter is ``g``, the gradient of the loss with
respect to the output; its others name what it needs: ``z`` (the output), an argument of the
function by its name, or ``<argument>_shape`` for an argument's shape alone::

    derivative(np.multiply, x=lambda g, y: g * y, y=lambda g, x: g * x)

Everything else follows from this one text: what the tape keeps (`Op.compile`), every order of
derivative (under ``create_graph`` the same rules receive tensors), the list of what is supported.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable
from typing import Any, ClassVar, NamedTuple

import numpy as np

from .variable import holds_variable

Function = Callable[..., Any]

TABLE: dict[Any, Any] = {}  # function -> its Op, or CONSTANT, or a composition of other entries
CONSTANT = object()  # the entry of a piecewise constant function: its result is never tracked
OUTPUT = -1  # among the sources of a plan: the op's own output
UNCOVERED = {"correction", "initial", "mean", "out", "where"}  # of NumPy's, unless a rule names it


class Plan(NamedTuple):
    """How one op is recorded and walked back for one choice of tracked arguments."""

    op: Op
    gather: Function  # (z, *arguments) -> the values that the rules name, each once
    pull: Function  # (g, kept values) -> the gradient of each tracked argument
    rules: tuple[tuple[Function, tuple[int, ...]], ...]  # of each, and which kept values it takes
    sources: tuple[int | None, ...]  # of each kept value: OUTPUT, or which tracked argument it is
    is_nested: bool  # whether an argument is a list of tensors, and its parent a tuple of nodes


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
        self.plans: dict[int, Plan] = {}  # by which parameters are tracked, as bits of a number
        self.set_rules({})

    def set_rules(self, rules: dict[str, Function]) -> None:
        """Take these as all the rules of the op."""
        self.rules = {name: rules[name] for name in self.index if name in rules}
        self.refused = UNCOVERED - {need for rule in rules.values() for need in needs_of(rule)}
        self.ruled = sum(1 << self.index[name] for name in self.rules)
        refused = [i for name, i in self.index.items() if name in self.refused]
        self.plain = min(refused, default=len(self.index))  # how many arguments need no look
        self.plans.clear()

    def compile(self, tracked: int) -> Plan:
        """The plan for tracked arguments, from texts that handle exactly what their rules name.

        For ``multiply`` with both tracked they are ``lambda z, x, y: (y, x)``, which gathers, and
        ``lambda g, kept: (x_rule(g, kept[0]), y_rule(g, kept[1]))``, which pulls back.
        """
        nested = tracked >> len(self.index)  # which arguments are lists, above the tracked ones
        names = [name for name, i in self.index.items() if tracked >> i & 1]
        origin = {"z": OUTPUT, **{name: i for i, name in enumerate(names)}}
        if self.backward is not None:
            needed = tuple(name in names for name in self.index)
            kept = [*self.index, "z"]  # z is what the kernel saved
            rules: list[Any] = [(self.backward, ())] * len(names)
            chosen = "".join(f"found[{self.index[name]}], " for name in names)
            pull = f"lambda g, kept: (lambda found: ({chosen}))(backward(g, needed, *kept))"
            pull = "lambda g, kept: backward(g, needed, *kept)" if all(needed) else pull
        else:
            needed, kept, rules = (), [], []
            for name in names:
                needs = needs_of(self.rules[name])
                kept += [need for need in needs if need not in kept]
                rules.append((self.rules[name], tuple(map(kept.index, needs))))
            takes = ["".join(f", kept[{i}]" for i in taken) for _, taken in rules]
            calls = [f"{name}_rule(g{taken}), " for name, taken in zip(names, takes, strict=True)]
            pull = f"lambda g, kept: ({''.join(calls)})"
        scope: dict[str, Any] = {f"{name}_rule": rule for name, rule in self.rules.items()}
        scope |= {"shape_of": shape_of, "needed": needed, "backward": self.backward}
        scope["default"] = self.defaults
        arguments = "".join(f", {name}=default[{i}]" for name, i in self.index.items())
        gather = f"lambda z{arguments}: ({''.join(f'{self.text_of(need)}, ' for need in kept)})"
        sources = tuple(map(origin.get, kept))
        plan = Plan(self, eval(gather, scope), eval(pull, scope), tuple(rules), sources, nested > 0)
        self.plans[tracked] = plan
        return plan

    def text_of(self, need: str) -> str:
        """The text that gives, when the op is recorded, what a rule names."""
        owner = need.removesuffix("_shape")
        if need == "z" or need in self.index:
            return need
        if owner in self.index:
            return f"shape_of({owner})"
        raise TypeError(
            f"derivative: {self.name} has no {need!r}, only {', '.join(self.index)}; name one of "
            "them, in a rule also z, or one of them with _shape"
        )


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


def composition(*functions: Any) -> Callable[[Function], Function]:
    """Decorate the text that stands for ``functions`` when a tensor is tracked."""

    def decorate(text: Function) -> Function:
        TABLE.update(dict.fromkeys(functions, text))
        return text

    return decorate


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
        for value in (*args, *kwargs.values()) if kwargs else args:
            if type(value) not in _PLAIN and holds_variable((value,)):
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
        def plain(*inputs: Any) -> Any:
            return composition(*inputs) if any_complex(inputs) else forward(*inputs)[0]

        call = primitive(plain)
        op = TABLE[call]
        op.forward, op.composition, op.backward = forward, composition, backward
        op.set_rules(dict.fromkeys(op.index, backward))
        return call

    return decorate


_PLAIN = {np.ndarray, int, float, bool, str, type(None)}


def any_complex(values: Iterable[Any]) -> bool:
    """Whether there is a complex array among the values."""
    for value in values:  # noqa: SIM110  # any() takes twice the time
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
    return tuple(inspect.signature(rule).parameters)[1:]


def parameters_of(function: Function, text: str | None) -> dict[str, Any]:
    """The parameters of a function with their defaults, None where there is no default."""
    if isinstance(function, np.ufunc):
        text = ", ".join("xy"[: function.nin])
    found = inspect.signature(eval(f"lambda {text}: None") if text else function).parameters
    if "z" in found or inspect.Parameter.VAR_POSITIONAL in {p.kind for p in found.values()}:
        raise TypeError(
            f"{function.__name__} expects arguments with names of their own, and none called z, to "
            f"be an op, got {', '.join(map(str, found.values()))}; write a function that has them"
        )
    absent = inspect.Parameter.empty, getattr(np, "_NoValue", None)
    given = {name: parameter.default for name, parameter in found.items()}
    return {k: None if any(v is a for a in absent) else v for k, v in given.items()}
