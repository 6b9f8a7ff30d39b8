"""Random programs over the table, random shapes, layouts and values: the complex step agrees."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from hypothesis import given, settings, strategies as st

from minigrad import Tensor, func, tensor
from minigrad.autograd import grad
from minigrad.testing import gradcheck, strategies as gen

# --- elementwise and broadcasting ----------------------------------------------------------------

BINARY: dict[str, tuple[Callable[[Any, Any], Any], gen.Domain, gen.Domain]] = {
    "add": (np.add, gen.REAL, gen.REAL),
    "subtract": (np.subtract, gen.REAL, gen.REAL),
    "multiply": (np.multiply, gen.REAL, gen.REAL),
    "divide": (np.divide, gen.REAL, gen.NONZERO),
    "power": (np.power, gen.POSITIVE, gen.REAL),
    "where": (lambda x, y: np.where(np.real(x) > 0.0, x, y), gen.NONZERO, gen.REAL),
    "maximum": (lambda x, y: np.maximum(x, y + 10.0) + np.maximum(x, y - 10.0), gen.REAL, gen.REAL),
}


@given(st.sampled_from(sorted(BINARY)), st.data())
def test_binary_operations_on_shapes_that_broadcast(name: str, data: st.DataObject) -> None:
    f, first, second = BINARY[name]
    left, right = data.draw(gen.broadcastable_shapes())
    x, y = data.draw(gen.arrays(left, first)), data.draw(gen.arrays(right, second))
    report = gradcheck(f, x, y)
    assert report.methods == ("complex step", "complex step")


UNARY = {
    "exp": (np.exp, gen.REAL),
    "log": (np.log, gen.POSITIVE),
    "sqrt": (np.sqrt, gen.POSITIVE),
    "tanh": (np.tanh, gen.REAL),
    "arcsin": (np.arcsin, gen.UNIT),
    "arccosh": (np.arccosh, gen.ABOVE_ONE),
    "reciprocal": (np.reciprocal, gen.NONZERO),
    "sinc": (np.sinc, gen.REAL),
}


@given(st.sampled_from(sorted(UNARY)), st.data())
def test_unary_operations_on_any_array(name: str, data: st.DataObject) -> None:
    f, domain = UNARY[name]
    gradcheck(f, data.draw(gen.arrays(domain=domain)))


@given(st.sampled_from(["sum", "mean", "prod", "max", "min", "cumsum", "cumprod"]), st.data())
def test_reductions_over_any_axis_of_any_array(name: str, data: st.DataObject) -> None:
    x = data.draw(gen.arrays(gen.shapes(min_dims=1).filter(lambda s: 0 not in s)))
    axis = data.draw(st.none() | st.integers(-x.ndim, x.ndim - 1))
    function: Any = getattr(np, name)
    report = gradcheck(lambda a: function(a, axis), x)
    ties = name in ("max", "min") and np.unique(x).size < x.size
    assert ties or report.methods == ("complex step", "complex step")


@given(gen.arrays(gen.shapes(min_dims=1)), st.data())
def test_any_basic_index(x: np.ndarray, data: st.DataObject) -> None:
    from hypothesis.extra.numpy import basic_indices

    index = data.draw(basic_indices(x.shape, allow_newaxis=True))
    t = Tensor(x).requires_grad_()
    z = t[index]
    np.testing.assert_array_equal(z.detach(), x[index])
    weights = np.arange(1.0, z.size + 1.0).reshape(z.shape)
    (found,) = grad(z, t, weights)
    wanted = np.zeros(x.shape)
    wanted[index] = weights
    np.testing.assert_array_equal(found, wanted)


@given(gen.arrays(gen.shapes(min_dims=1).filter(lambda s: s[0] > 0)), st.data())
def test_any_index_array_adds_where_a_place_is_picked_twice(x: np.ndarray, data: Any) -> None:
    index = np.array(data.draw(st.lists(st.integers(-len(x), len(x) - 1), max_size=6)), int)
    gradcheck(lambda a: a[index] ** 2, x)


@given(st.data())
def test_products_of_matrices_of_any_shape(data: st.DataObject) -> None:
    n, k, m, batch = (data.draw(st.integers(1, 3)) for _ in range(4))
    if data.draw(st.booleans()):
        n = k = m  # squares, where a transposition too few goes unnoticed
    left = data.draw(st.sampled_from([(k,), (n, k), (batch, n, k), (1, n, k)]))
    right = data.draw(st.sampled_from([(k,), (k, m), (batch, k, m), (1, k, m)]))
    x, y = data.draw(gen.arrays(left)), data.draw(gen.arrays(right))
    gradcheck(np.matmul, x, y)
    gradcheck(np.dot, x, y)


# --- straight-line programs ---------------------------------------------------------------------

N = 3
STEPS: dict[str, Callable[..., Any]] = {
    "add": lambda a, b: a + b,
    "subtract": lambda a, b: a - b,
    "multiply": lambda a, b: a * b,
    "divide": lambda a, b: a / (2.0 + np.tanh(b)),
    "power": lambda a, b: (1.5 + np.sin(a)) ** np.cos(b),
    "matmul": lambda a, b: np.tanh(a @ b),
    "einsum": lambda a, b: np.sin(np.einsum("ij,kj->ki", a, b)),
    "tensordot": lambda a, b: np.tanh(np.tensordot(a, b, 1)),
    "outer": lambda a, b: np.outer(a[0], b[:, 1]),
    "sin": lambda a, b: np.sin(a),
    "exp": lambda a, b: np.exp(np.tanh(a)),
    "log": lambda a, b: np.log(2.0 + np.tanh(a)),
    "sqrt": lambda a, b: np.sqrt(1.5 + np.sin(a)),
    "arctan": lambda a, b: np.arctan(a),
    "sum": lambda a, b: np.tanh(a.sum(axis=0, keepdims=True)) + b,
    "mean": lambda a, b: a - a.mean(axis=1, keepdims=True),
    "prod": lambda a, b: np.tanh(np.prod(a, axis=1)) * b,
    "cumsum": lambda a, b: np.sin(np.cumsum(a, axis=0)),
    "cumprod": lambda a, b: np.cumprod(np.tanh(a), axis=1),
    "transpose": lambda a, b: a.T,
    "reshape": lambda a, b: np.reshape(np.reshape(a, (N * N,)), (N, N), order="F"),
    "roll": lambda a, b: np.roll(a, 1, axis=0),
    "flip": lambda a, b: a[::-1] + b[:, ::-1],
    "index": lambda a, b: a[[0, 0, 2]],
    "concatenate": lambda a, b: np.concatenate([a[:1], b[1:]]),
    "stack": lambda a, b: np.stack([a[0], b[1], a[:, 2]]),
    "where": lambda a, b: np.where(np.eye(N) > 0.0, a, b),
    "tril": lambda a, b: np.tril(a) + np.triu(b, 1),
    "kron": lambda a, b: np.kron(a[:1], b[:, :1]),
    "diagonal": lambda a, b: np.diag(np.diag(a)) + b,
    "trace": lambda a, b: a * np.tanh(np.trace(b)),
    "inv": lambda a, b: np.linalg.inv(4.0 * np.eye(N) + np.tanh(a)),
    "det": lambda a, b: b * np.linalg.det(2.0 * np.eye(N) + 0.5 * np.tanh(a)),
    "repeat": lambda a, b: np.repeat(a[:1], N, axis=0) * b,
}


@st.composite
def programs(draw: Any) -> tuple[list[tuple[str, int, int]], Callable[[Any, Any], Any]]:
    """A list of steps, each reading two of the values before it, and the function they make."""
    steps: list[tuple[str, int, int]] = []
    for position in range(2, 2 + draw(st.integers(1, 8))):
        operands = [draw(st.integers(max(0, position - 3), position - 1)) for _ in range(2)]
        steps.append((draw(st.sampled_from(sorted(STEPS))), operands[0], operands[1]))

    def run(x: Any, y: Any) -> Any:
        values = [x, y]
        for name, i, j in steps:
            values.append(STEPS[name](values[i], values[j]))
        return values[-1]

    return steps, run


@settings(max_examples=150)
@given(programs(), gen.arrays((N, N)), gen.arrays((N, N)))
def test_straight_line_programs_agree_with_the_complex_step(
    program: tuple[Any, Callable[[Any, Any], Any]], x: np.ndarray, y: np.ndarray
) -> None:
    _, run = program
    report = gradcheck(run, x, y)
    assert report.kinks == ()


@settings(max_examples=30)
@given(programs(), gen.arrays((N, N)), gen.arrays((N, N)))
def test_programs_agree_by_every_way_of_differentiating(
    program: tuple[Any, Callable[[Any, Any], Any]], x: np.ndarray, y: np.ndarray
) -> None:
    """backward, grad, vjp, jvp and the Jacobian's rows say the same."""
    _, run = program
    a, b = tensor(x, requires_grad=True), tensor(y, requires_grad=True)
    weights = np.linspace(0.5, 1.5, N * N).reshape(N, N)

    def scalar(x: Any, y: Any) -> Any:
        return np.sum(run(x, y) * weights)

    value = scalar(a, b)
    wanted = func.grad(scalar, (0, 1))(x, y)
    if isinstance(value, Tensor) and value.requires_grad:
        value.backward()
        for t, g in zip((a, b), wanted, strict=True):
            held = np.zeros((N, N)) if t.grad is None else np.asarray(t.grad)
            np.testing.assert_allclose(held, g, rtol=1e-12, atol=1e-12)
    pulled = func.vjp(run, x, y)[1](weights)
    rows = [func.jacobian(run, i)(x, y) for i in (0, 1)]
    for g, by_vjp, matrix in zip(wanted, pulled, rows, strict=True):
        np.testing.assert_allclose(by_vjp, g, rtol=1e-12, atol=1e-12)
        np.testing.assert_allclose(np.tensordot(weights, matrix, 2), g, rtol=1e-11, atol=1e-11)
    pushed = func.jvp(run, (x, y), (y, x))[1]
    along = np.tensordot(rows[0], y, 2) + np.tensordot(rows[1], x, 2)
    np.testing.assert_allclose(pushed, along, rtol=1e-10, atol=1e-11)


# --- extreme values -----------------------------------------------------------------------------


def test_stable_functions_at_large_arguments() -> None:
    """Value and gradient are finite at +-1e3, in float32 and float64."""
    from minigrad import logsumexp
    from minigrad.nn import functional as F

    for dtype in np.float32, np.float64:
        for f in (
            np.tanh, F.sigmoid, F.relu, np.arctan, np.arcsinh, lambda x: logsumexp(x, -1),
            lambda x: np.logaddexp(x, -x), lambda x: np.hypot(x, x), np.abs, np.sign,
        ):  # fmt: skip
            x = tensor(np.array([-1e3, -1.0, 0.0, 1.0, 1e3], dtype), requires_grad=True)
            y = f(x)
            assert np.isfinite(y.detach()).all()
            if y.requires_grad:
                y.sum().backward()
                assert np.isfinite(x.grad).all()
