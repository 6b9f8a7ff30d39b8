"""Derivatives of plain functions: NumPy arrays in, NumPy arrays out.

``f`` takes and returns arrays, numbers, or lists, tuples and dicts of them, and is written with
NumPy's functions alone; it may close over tensors. Numbers become float64 arrays.

Every function here can be applied to a function that uses it itself. There, and where a tensor
that requires grad is passed in, Tensors come out, as the derivative goes on through them.
"""

from collections.abc import Callable, Iterable, Sequence
from contextvars import ContextVar
from functools import partial
from typing import Any

import numpy as np

from .autograd import Tensor, enable_grad, grad as gradients_of
from .autograd.modes import MODE, REPLAY
from .autograd.tape import alias
from .autograd.variable import is_tracked, leaves, nested
from .errors import expect, wrong_value
from .report import bare

Function = Callable[..., Any]

_depth: ContextVar[int] = ContextVar("minigrad_func_depth", default=0)


def grad(f: Function, argnums: int | Sequence[int] = 0) -> Function:
    """The function that computes the gradient of the scalar ``f`` by an argument, or by several.

    Args:
        f: a function whose output has one element.
        argnums: which argument, or a sequence of them for a tuple of gradients.

    Returns:
        A function of the same arguments; it gives arrays of the argument's shape and structure.

    Raises:
        TypeError: if the argument is not of floats.
        ValueError: if the output has more than one element, or ``argnums`` is out of range.

    >>> grad(lambda x: np.sum(x**3))(np.array([1.0, 2.0]))
    array([ 3., 12.])
    >>> grad(grad(np.exp))(0.0)
    array(1.)
    """

    return lambda *args, **kwargs: value_and_grad(f, argnums)(*args, **kwargs)[1]


def value_and_grad(f: Function, argnums: int | Sequence[int] = 0) -> Function:
    """As `grad`, but gives the pair ``(value, gradient)``: what ``scipy.optimize`` asks for.

    >>> def rosenbrock(x):
    ...     return np.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2)
    >>> value_and_grad(rosenbrock)(np.array([1.0, 2.0]))
    (array(100.), array([-400.,  200.]))

    With SciPy installed,
    ``scipy.optimize.minimize(value_and_grad(rosenbrock), x0, jac=True)`` finds the minimum.
    """

    def both(*args: Any, **kwargs: Any) -> Any:
        run = _Run("grad", f, args, kwargs, argnums)
        run.check_scalar()
        gradients = pull(run.outputs, run.variables, [None], run.taped, retain=False)
        return run.value, arranged(gradients, run.arguments)

    return both


def vjp(f: Function, *primals: Any) -> tuple[Any, Callable[[Any], tuple[Any, ...]]]:
    """The value of ``f(*primals)``, and its pull-back.

    Returns:
        ``(value, pullback)``: ``pullback(cotangent)``, with a cotangent of the value's shape and
        structure, is the tuple of the cotangents of all primals; it may be called many times.

    >>> value, pullback = vjp(np.multiply, 2.0, 3.0)
    >>> value, pullback(1.0)
    (array(6.), (array(3.), array(2.)))
    """
    copies = nested(lambda x: x if isinstance(x, Tensor) else np.array(x), primals)
    run = _Run("vjp", f, copies)

    def pullback(cotangent: Any) -> Any:
        cotangents = _matched("vjp", "cotangent", cotangent, run.outputs)
        taped = run.taped or _depth.get() > 0 or is_tracked(cotangents)
        return arranged(pull(run.outputs, run.variables, cotangents, taped), primals)

    return run.value, pullback


def jvp(f: Function, primals: Sequence[Any], tangents: Sequence[Any]) -> tuple[Any, Any]:
    """The value of ``f(*primals)``, and its derivative along ``tangents``.

    It is the pull-back of the pull-back, which is linear in its cotangent.

    >>> jvp(np.sin, (0.0,), (2.0,))
    (array(0.), array(2.))
    """
    run = _Run("jvp", f, tuple(primals))
    directions = _matched("jvp", "tangent", tuple(tangents), run.variables)
    duals = [Tensor(np.zeros_like(bare(output))).requires_grad_() for output in run.outputs]
    pulled = pull(run.outputs, run.variables, duals, True)
    return run.value, arranged(pull(pulled, duals, directions, run.taped), run.output)


def hvp(f: Function, primals: Any, tangents: Any) -> Any:
    """The product of the Hessian of the scalar ``f`` at ``primals`` with ``tangents``.

    Args:
        f: a function whose output has one element.
        primals: the tuple of its arguments; what is not a tuple is its one argument.
        tangents: the direction, of the same structure.

    Returns:
        The product, of that structure too.

    >>> hvp(lambda x: np.sum(x**3), np.array([1.0, 2.0]), np.array([1.0, 1.0]))
    array([ 6., 12.])
    """
    if not isinstance(primals, tuple):
        return hvp(f, (primals,), (tangents,))[0]
    run = _Run("hvp", f, primals)
    run.check_scalar()
    directions = _matched("hvp", "tangent", tangents, run.variables)
    slopes = pull(run.outputs, run.variables, [None], True)
    return arranged(pull(slopes, run.variables, directions, run.taped), primals)


def jacobian(f: Function, argnums: int = 0) -> Function:
    """The function that computes all partial derivatives of the array ``f`` by one argument.

    Returns:
        A function of the same arguments, that gives an array of the shape of the output followed
        by the shape of the argument, in the argument's structure.

    >>> jacobian(lambda x: x**2)(np.array([1.0, 2.0]))
    array([[2., 0.],
           [0., 4.]])
    """

    def matrix(*args: Any, **kwargs: Any) -> Any:
        run = _Run("jacobian", f, args, kwargs, argnums)
        if len(run.outputs) != 1:
            raise wrong_value("jacobian", "f to return one array", len(run.outputs), "use vjp")
        z = bare(run.outputs[0])
        units = np.eye(z.size, dtype=z.dtype).reshape(z.size, *z.shape)
        rows = [pull(run.outputs, run.variables, [unit], run.taped) for unit in units]
        columns = zip(*rows, strict=True) if rows else [[np.zeros(0)]] * len(run.variables)
        shapes = [z.shape + x.shape for x in run.variables]
        return arranged(map(np.reshape, map(np.stack, columns), shapes), run.arguments)

    return matrix


def hessian(f: Function, argnums: int = 0) -> Function:
    """The function that computes all second derivatives of the scalar ``f`` by one argument.

    Returns:
        A function of the same arguments, that gives an array with the argument's shape twice.

    >>> hessian(lambda x: x[0] ** 2 * x[1])(np.array([1.0, 2.0]))
    array([[4., 2.],
           [2., 0.]])
    """
    return jacobian(grad(f, argnums), argnums)


class _Run:
    """One run of a function with some of its arguments, by default all, made variables."""

    def __init__(self, who: str, f: Function, args: Any, kw: Any = None, at: Any = None) -> None:
        numbers = range(len(args)) if at is None else [at] if isinstance(at, int) else at
        self.who, self.taped = who, _depth.get() > 0 or is_tracked(leaves(args))
        self.variables: list[Tensor] = []
        given = list(args)
        for number in numbers:
            wanted = f"argnums among the {len(args)} positional arguments"
            expect(-len(args) <= number < len(args), who, wanted, number, "count them from 0")
            given[number] = nested(partial(self._variable, number), args[number])
        self.arguments = args[at] if isinstance(at, int) else tuple(args[n] for n in numbers)
        token = _depth.set(_depth.get() + 1)
        try:
            with enable_grad():
                self.output = f(*given, **(kw or {}))
        finally:
            _depth.reset(token)
        self.outputs = leaves(self.output)
        self.value = self.output if self.taped else nested(plain, self.output)

    def _variable(self, number: int, value: Any) -> Tensor:
        array = bare(value)
        wanted, mend = f"argument {number} to be of floats", "give np.asarray(x, float)"
        expect(array.dtype.kind in "fc", self.who, wanted, array.dtype, mend, TypeError)
        node = getattr(value, "_node", None)
        self.variables.append(Tensor(array, node and alias(node)).requires_grad_())
        return self.variables[-1]

    def check_scalar(self) -> None:
        """Raise unless the function returned one number."""
        if [np.size(output) for output in self.outputs] != [1]:
            shapes = ", ".join(str(np.shape(output)) for output in self.outputs) or "nothing"
            raise wrong_value(self.who, "f to return one number", shapes, "use jacobian or vjp")


def pull(zs: Any, xs: Sequence[Tensor], cotangents: Any, taped: bool, retain: bool = True) -> Any:
    """The cotangent of every variable, zeros where no output depends on it; taped, as tensors."""
    pairs = [(z, g) for z, g in zip(zs, cotangents, strict=True) if is_tracked((z,))]
    found: Sequence[Any] = [None] * len(xs)
    if pairs:
        tracked, given = zip(*pairs, strict=True)
        found = gradients_of(tracked, xs, given, retain or taped, taped, allow_unused=True)
    shown = [np.zeros_like(x._array) if g is None else g for g, x in zip(found, xs, strict=True)]
    return shown if taped else list(map(plain, shown))


def arranged(values: Iterable[Any], structure: Any) -> Any:
    """Values, given one by one, in a nested structure."""
    rest = iter(values)
    return nested(lambda _: next(rest), structure)


def _matched(who: str, what: str, tree: Any, others: Sequence[Any]) -> list[Any]:
    """The leaves of a tree, checked against those they belong to."""
    given = leaves(tree)
    shapes, wanted = [np.shape(x) for x in given], [np.shape(x) for x in others]
    if shapes != wanted:
        raise wrong_value(who, f"a {what} of shapes {wanted}", shapes, "give one array for each")
    return given


def plain(value: Any) -> Any:
    """A result as an array, unless it is part of a step that is recorded to be replayed."""
    return value if MODE.get() & REPLAY else bare(value)
