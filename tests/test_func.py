"""Derivatives of plain functions."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import minigrad as mg
from minigrad import Tensor, tensor
from minigrad.func import grad, hessian, hvp, jacobian, jvp, value_and_grad, vjp

X = np.array([0.5, -1.0, 2.0])


def rosenbrock(x: Any) -> Any:
    return np.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2)


# --- grad and value_and_grad --------------------------------------------------------------------


def test_grad_gives_ndarrays_of_the_arguments_shape() -> None:
    g = grad(rosenbrock)(X)
    assert type(g) is np.ndarray
    wanted = [
        -400 * 0.5 * (-1 - 0.25) - 2 * 0.5,
        200 * (-1 - 0.25) + 400 * (2 - 1) + -2 * 2,
        200 * (2 - 1),
    ]
    np.testing.assert_allclose(g, wanted, rtol=1e-14)
    value, same = value_and_grad(rosenbrock)(X)
    assert value == rosenbrock(X)
    assert type(value) is np.ndarray
    np.testing.assert_array_equal(same, g)


def test_numbers_are_arguments_too() -> None:
    g = grad(np.sin)(0.5)
    assert type(g) is np.ndarray
    assert g.shape == ()
    assert g == np.cos(0.5)
    assert grad(lambda x, y: x * y, 1)(2.0, 3.0) == 2.0


def test_argnums() -> None:
    def f(x: Any, y: Any, n: int) -> Any:
        return np.sum(x**n * y)

    gx, gy = grad(f, (0, 1))(X, X, 2)
    np.testing.assert_allclose(gx, 2 * X * X)
    np.testing.assert_allclose(gy, X**2)
    np.testing.assert_array_equal(grad(f, -2)(X, X, 2), gy)
    np.testing.assert_array_equal(grad(f, 1)(X, X, n=2), gy)


def test_nested_structures_in_and_out() -> None:
    params = {"w": X, "layers": [(X, 2.0), (X[:2], 3.0)]}

    def f(p: Any) -> Any:
        return np.sum(p["w"] * p["layers"][0][0]) * p["layers"][0][1] + np.sum(p["layers"][1][0])

    g = grad(f)(params)
    assert list(g) == ["w", "layers"]
    np.testing.assert_array_equal(g["w"], 2.0 * X)
    assert isinstance(g["layers"][0], tuple)
    assert g["layers"][0][1] == np.sum(X * X)
    assert g["layers"][1][1] == 0.0
    value, pullback = vjp(lambda p: {"a": p["w"] * 2.0, "b": [p["layers"][0][1]]}, params)
    np.testing.assert_array_equal(value["a"], 2.0 * X)
    (g,) = pullback({"a": X, "b": [5.0]})
    np.testing.assert_array_equal(g["w"], 2.0 * X)
    assert g["layers"][0][1] == 5.0


def test_dtypes_are_kept() -> None:
    x = X.astype(np.float32)
    assert grad(lambda a: np.sum(a * a))(x).dtype == np.float32
    assert jacobian(np.tanh)(x).dtype == np.float32


def test_a_function_that_does_not_depend_on_its_argument_has_gradient_zero() -> None:
    np.testing.assert_array_equal(grad(lambda x: 1.0)(X), np.zeros(3))
    np.testing.assert_array_equal(grad(lambda x: np.argmax(x))(X), np.zeros(3))
    np.testing.assert_array_equal(jacobian(lambda x: np.ones(2))(X), np.zeros((2, 3)))


def test_inputs_are_left_alone() -> None:
    x = X.copy()
    value, pullback = vjp(lambda a: np.sin(a) * a, x)
    x[:] = 100.0
    np.testing.assert_allclose(pullback(np.ones(3))[0], np.cos(X) * X + np.sin(X))
    grad(rosenbrock)(X)
    np.testing.assert_array_equal(X, [0.5, -1.0, 2.0])
    assert type(value) is np.ndarray


# --- nesting ------------------------------------------------------------------------------------


def test_grad_of_grad_of_grad() -> None:
    assert grad(grad(np.sin))(0.5) == -np.sin(0.5)
    np.testing.assert_allclose(
        grad(grad(grad(np.tanh)))(0.3), -2 + 8 * np.tanh(0.3) ** 2 - 6 * np.tanh(0.3) ** 4
    )


def test_perturbations_are_not_confused() -> None:
    """d/dx [x d/dy (x + y)] = 1, and not 2 (Siskind & Pearlmutter 2005)."""
    assert grad(lambda x: x * grad(lambda y: x + y)(1.0))(1.0) == 1.0
    assert grad(lambda x: grad(lambda y: x * y * y)(x))(3.0) == 12.0
    assert grad(lambda x: x * grad(lambda y: x * y)(2.0))(5.0) == 10.0


def test_vjp_inside_vjp() -> None:
    def outer(x: Any) -> Any:
        _, pullback = vjp(np.sin, x)
        return pullback(x)[0]  # x cos x

    value, pullback = vjp(outer, X)
    np.testing.assert_allclose(value, X * np.cos(X))
    np.testing.assert_allclose(pullback(np.ones(3))[0], np.cos(X) - X * np.sin(X))


def test_a_pullback_is_differentiable_in_its_cotangent() -> None:
    _, pullback = vjp(np.sin, X)
    np.testing.assert_allclose(
        grad(lambda u: np.sum(pullback(u)[0] ** 2))(np.ones(3)), 2.0 * np.cos(X) ** 2, rtol=1e-14
    )


def test_jvp_inside_grad_and_grad_inside_jvp() -> None:
    def slope(x: Any) -> Any:
        return jvp(lambda a: np.sum(a**3), (x,), (np.ones(3),))[1]

    np.testing.assert_allclose(grad(slope)(X), 6.0 * X)
    _, tangent = jvp(grad(lambda a: np.sum(a**3)), (X,), (np.ones(3),))
    np.testing.assert_allclose(tangent, 6.0 * X)


def test_third_order_agrees_with_the_complex_step() -> None:
    def f(x: Any) -> Any:
        return np.exp(np.sin(x) * x)

    h = 1e-30
    plain = grad(grad(f))
    point = tensor(0.7 + 1j * h, requires_grad=True)
    third = np.imag(np.asarray(plain(point).detach())) / h
    np.testing.assert_allclose(grad(plain)(0.7), third, rtol=1e-13)


# --- tensors ------------------------------------------------------------------------------------


def test_f_may_close_over_tensors() -> None:
    w = tensor(np.array([1.0, 2.0, 3.0]), requires_grad=True)
    g = grad(lambda x: (w * x**2).sum())(X)
    assert type(g) is np.ndarray
    np.testing.assert_array_equal(g, 2.0 * np.array([1.0, 2.0, 3.0]) * X)
    assert w.grad is None


def test_a_tensor_that_requires_grad_gives_tensors_and_stays_on_the_tape() -> None:
    x = tensor(X, requires_grad=True)
    g = grad(lambda a: np.sum(a**3))(x)
    assert isinstance(g, Tensor)
    g.sum().backward()
    np.testing.assert_array_equal(x.grad, 6.0 * X)
    assert type(grad(lambda a: np.sum(a**3))(x.detach())) is np.ndarray


def test_an_outer_graph_survives_an_inner_pass() -> None:
    x = tensor(X, requires_grad=True)
    h = np.exp(x)
    g = grad(lambda a: np.sum(a * h.detach()))(X)
    np.testing.assert_array_equal(g, np.exp(X))
    grad(lambda a: (a * h).sum())(X)
    h.sum().backward()
    np.testing.assert_array_equal(x.grad, np.exp(X))


def test_grad_works_under_no_grad() -> None:
    with mg.no_grad():
        assert grad(np.exp)(0.0) == 1.0


# --- vjp, jvp, jacobian, hessian, hvp -----------------------------------------------------------


def test_vjp_returns_a_tuple_and_may_be_pulled_many_times() -> None:
    value, pullback = vjp(lambda x, y: x @ y, np.eye(3), X)
    assert type(value) is np.ndarray
    for _ in range(2):
        result = pullback(np.array([1.0, 0.0, 2.0]))
        assert isinstance(result, tuple)
        np.testing.assert_array_equal(result[0], np.outer([1.0, 0.0, 2.0], X))
        np.testing.assert_array_equal(result[1], [1.0, 0.0, 2.0])


def test_jvp_of_several_arguments() -> None:
    value, tangent = jvp(np.multiply, (X, X + 1.0), (np.ones(3), 2.0 * np.ones(3)))
    np.testing.assert_array_equal(value, X * (X + 1.0))
    np.testing.assert_allclose(tangent, (X + 1.0) + 2.0 * X)
    _, tangent = jvp(lambda x: (x * x, [np.sum(x)]), (X,), (np.ones(3),))
    np.testing.assert_array_equal(tangent[0], 2.0 * X)
    assert tangent[1][0] == 3.0


def test_jacobian_has_the_shape_of_output_then_input() -> None:
    a = np.arange(6.0).reshape(2, 3)
    j = jacobian(lambda x: a * x[0, 0] + x.sum())(np.ones((2, 2)))
    assert j.shape == (2, 3, 2, 2)
    np.testing.assert_array_equal(jacobian(lambda x: a @ x)(X), a)
    assert jacobian(np.sum)(X).shape == (3,)
    assert jacobian(lambda x: x[:0])(X).shape == (0, 3)
    np.testing.assert_array_equal(jacobian(lambda x, y: x * y, 1)(X, X), np.diag(X))


def test_hessian_is_symmetric_and_known() -> None:
    h = hessian(rosenbrock)(np.array([1.0, 1.0]))
    np.testing.assert_allclose(h, [[802.0, -400.0], [-400.0, 200.0]])
    assert hessian(lambda x: np.sum(x**2) * x[0, 0])(np.ones((2, 2))).shape == (2, 2, 2, 2)


def test_hvp_has_the_structure_of_its_primals() -> None:
    whole = hessian(rosenbrock)(X)
    v = np.array([1.0, 2.0, 3.0])
    np.testing.assert_allclose(hvp(rosenbrock, X, v), whole @ v)
    product = hvp(rosenbrock, (X,), (v,))
    assert isinstance(product, tuple)
    np.testing.assert_allclose(product[0], whole @ v)
    x_part, y_part = hvp(lambda x, y: np.sum(x * y**2), (X, X), (v, np.zeros(3)))
    np.testing.assert_array_equal(x_part, np.zeros(3))
    np.testing.assert_allclose(y_part, 2.0 * X * v)


# --- errors -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: grad(np.sum, 1)(X), ValueError, "1 positional arguments, got 1"),
        (lambda: grad(np.sum, (0, -2))(X), ValueError, "got -2"),
        (lambda: grad(np.sin)(X), ValueError, r"one number, got \(3,\)"),
        (lambda: grad(lambda x: (x, x))(1.0), ValueError, r"one number, got \(\), \(\)"),
        (lambda: grad(np.sum)(np.arange(3)), TypeError, "argument 0 to be of floats, got int64"),
        (lambda: grad(lambda x: x)(3), TypeError, "got int64"),
        (lambda: jacobian(np.sin)(np.array([True])), TypeError, "got bool"),
        (lambda: jacobian(lambda x: (x, x))(X), ValueError, "one array, got 2"),
        (
            lambda: vjp(np.sin, X)[1](np.ones(2)),
            ValueError,
            r"cotangent.*\[\(3,\)\], got \[\(2,\)\]",
        ),
        (lambda: jvp(np.sin, (X,), (np.ones(2),)), ValueError, "tangent"),
        (lambda: hvp(np.sum, X, np.ones(2)), ValueError, "tangent"),
    ],
)
def test_bad_input_gets_one_sentence(call: Any, error: Any, words: str) -> None:
    with pytest.raises(error, match=words) as caught:
        call()
    assert "\n" not in str(caught.value)


def test_an_error_in_f_leaves_nothing_behind() -> None:
    with pytest.raises(ZeroDivisionError):
        grad(lambda x: 1 / 0)(X)
    assert type(grad(np.sum)(X)) is np.ndarray


# --- SciPy --------------------------------------------------------------------------------------


def test_scipy_minimizes_with_value_and_grad() -> None:
    optimize = pytest.importorskip("scipy.optimize", reason="SciPy is an optional peer")
    found = optimize.minimize(value_and_grad(rosenbrock), np.zeros(4), jac=True)
    assert found.success
    np.testing.assert_allclose(found.x, np.ones(4), atol=1e-5)
    newton = optimize.minimize(
        value_and_grad(rosenbrock),
        np.zeros(4),
        jac=True,
        hessp=lambda x, v: hvp(rosenbrock, x, v),
        method="Newton-CG",
    )
    np.testing.assert_allclose(newton.x, np.ones(4), atol=1e-3)
