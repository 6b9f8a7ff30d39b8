"""derivative(), primitive() and fused(): what users extend the table with."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from minigrad import func, tensor
from minigrad.autograd import derivative, fused, grad, primitive
from minigrad.autograd.registry import TABLE, Op
from minigrad.testing import gradcheck


@primitive
def scaled(x: Any, factor: Any = 2.0, *, shift: float = 0.0) -> Any:
    """x times a factor, plus a shift."""
    assert type(x) is np.ndarray or np.isscalar(x), "a primitive sees arrays only"
    return x * factor + shift


derivative(scaled, x=lambda g, factor: g * factor, factor=lambda g, x: g * x)


def test_a_primitive_is_recorded_as_one_operation() -> None:
    x, factor = tensor(np.ones(2), requires_grad=True), tensor(3.0, requires_grad=True)
    y = scaled(x, factor, shift=1.0)
    assert repr(y.grad_fn) == "<scaled>"
    np.testing.assert_array_equal(y.detach(), [4.0, 4.0])
    y.sum().backward()
    np.testing.assert_array_equal(x.grad, [3.0, 3.0])
    assert factor.grad == 2.0
    gradcheck(scaled, np.array([1.0, 2.0]), np.array(3.0))


def test_a_primitive_of_arrays_returns_arrays() -> None:
    assert type(scaled(np.ones(2))) is np.ndarray
    assert scaled(1.0) == 2.0
    assert scaled.__doc__ == "x times a factor, plus a shift."


def test_a_primitive_takes_defaults_and_keywords() -> None:
    x = tensor(np.ones(2), requires_grad=True)
    (g,) = grad(scaled(x).sum(), x)
    np.testing.assert_array_equal(g, [2.0, 2.0])
    (g,) = grad(scaled(factor=5.0, x=x).sum(), x)
    np.testing.assert_array_equal(g, [5.0, 5.0])


def test_a_primitive_without_rules_says_so() -> None:
    @primitive
    def mystery(x: Any) -> Any:
        return x

    with pytest.raises(TypeError, match=r"mystery.*does not go through x="):
        mystery(tensor(1.0, requires_grad=True))
    assert mystery(tensor(1.0)).item() == 1.0


def test_a_rule_is_added_to_a_row_and_replaced() -> None:
    @primitive
    def twice(x: Any, y: Any) -> Any:
        return 2.0 * x * y

    derivative(twice, x=lambda g, y: 7.0 * g * y)
    derivative(twice, y=lambda g, x: 2.0 * g * x)
    assert func.grad(twice)(1.0, 3.0) == 21.0
    derivative(twice, x=lambda g, y: 2.0 * g * y)
    assert func.grad(twice)(1.0, 3.0) == 6.0
    gradcheck(twice, np.ones(3), np.full(3, 2.0))


def test_a_numpy_function_gets_a_row_like_any_other() -> None:
    assert np.i0 not in TABLE
    derivative(np.i0, x=lambda g, x: g * np.i0(x))  # not its derivative, but a rule
    try:
        assert func.grad(np.i0)(1.0) == np.i0(1.0)
    finally:
        del TABLE[np.i0]


def test_a_list_of_arrays_is_one_argument() -> None:
    @primitive
    def total(arrays: Any) -> Any:
        return sum(arrays)

    derivative(total, arrays=lambda g, arrays_shape: [g for _ in arrays_shape])
    x, y = tensor(np.ones(2), requires_grad=True), tensor(np.ones((3, 2)), requires_grad=True)
    z = total([x, np.ones(2), y])
    z.sum().backward()
    np.testing.assert_array_equal(x.grad, [3.0, 3.0])
    np.testing.assert_array_equal(y.grad, np.ones((3, 2)))


def test_what_a_rule_names_is_checked_when_it_is_registered() -> None:
    with pytest.raises(TypeError, match=r"scaled has no 'w', only x, factor, shift"):
        derivative(scaled, w=lambda g: g)
    with pytest.raises(TypeError, match=r"scaled has no 'weight'"):
        derivative(scaled, x=lambda g, weight: g * weight)
    with pytest.raises(TypeError, match="none called z"):
        primitive(lambda z: z)
    with pytest.raises(TypeError, match="names of their own"):
        primitive(lambda *arrays: arrays)


def test_a_rule_of_the_wrong_shape_is_named_in_the_error() -> None:
    @primitive
    def double(x: Any) -> Any:
        return 2.0 * x

    derivative(double, x=lambda g: 2.0 * g[:-1])
    with pytest.raises(ValueError, match=r"rule of <double>.*shape \(3,\).*got \(2,\)"):
        func.grad(lambda x: np.sum(double(x)))(np.ones(3))


def test_rules_name_output_arguments_and_shapes() -> None:
    seen: dict[str, Any] = {}

    @primitive
    def probe(x: Any, y: Any, flag: bool = True) -> Any:
        return x * y

    def rule(g: Any, z: Any, y: Any, x_shape: Any, flag: bool) -> Any:
        seen.update(z=z, y=y, x_shape=x_shape, flag=flag)
        return g * y

    derivative(probe, x=rule)
    func.grad(lambda x: np.sum(probe(x, np.full(2, 3.0))))(np.ones((4, 2)))
    assert seen["x_shape"] == (4, 2)
    assert seen["flag"] is True
    np.testing.assert_array_equal(seen["z"], np.full((4, 2), 3.0))


# --- fused --------------------------------------------------------------------------------------


def text(x: Any, w: Any, b: Any = None) -> Any:
    z = np.tanh(x @ w)
    return z if b is None else z + b


def back(g: Any, needed: Any, x: Any, w: Any, b: Any, t: Any) -> Any:
    inner = g * (1.0 - t * t)
    return (
        inner @ w.T if needed[0] else None,
        x.T @ inner if needed[1] else None,
        g if needed[2] else None,
    )


@fused(text, back)
def kernel(x: Any, w: Any, b: Any = None) -> Any:
    """tanh(x w) + b."""
    t = np.tanh(x @ w)
    return t if b is None else t + b, t


X, W, B = (
    np.linspace(-1.0, 1.0, 6).reshape(2, 3),
    np.linspace(0.5, -0.7, 6).reshape(3, 2),
    np.ones(2),
)


def test_a_kernel_agrees_with_its_composition_in_value_and_gradient() -> None:
    np.testing.assert_array_equal(kernel(X, W, B), text(X, W, B))
    for needed in (0, 1, 2), (0,), (1,), (0, 2):
        arrays = [X, W, B]
        found, wanted = (
            func.grad(lambda *args, f=f: np.sum(f(*args) ** 2), needed)(*arrays)
            for f in (kernel, text)
        )
        for one, other in zip(found, wanted, strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-14)


def test_a_kernel_is_checked_to_second_order_through_its_composition() -> None:
    report = gradcheck(kernel, X, W, B)
    assert report.methods == ("complex step", "complex step")
    gradcheck(kernel, X, W)


def test_a_kernel_sees_real_arrays_only() -> None:
    seen: list[str] = []

    @fused(lambda x: seen.append("composition") or x * x, lambda g, needed, x, _: (2.0 * g * x,))
    def square(x: Any) -> Any:
        seen.append("kernel")
        assert x.dtype.kind == "f"
        return x * x, None

    square(np.ones(2))
    func.grad(lambda x: np.sum(square(x)))(np.ones(2))
    assert seen == ["kernel", "kernel"]
    func.grad(func.grad(square))(np.array(1.0))
    square(np.ones(2) + 1j)
    square(tensor(np.ones(2) + 1j, requires_grad=True))
    assert seen[2:] == ["kernel", "composition", "composition", "composition"]


def test_a_kernel_with_an_argument_used_twice() -> None:
    x = np.array([[0.3, -0.2], [0.5, 0.1]])
    gradcheck(lambda a: kernel(a, a, a[0]), x)


def test_second_derivatives_of_a_kernel_whose_arguments_depend_on_each_other() -> None:
    def through(f: Any) -> Any:
        return func.hessian(lambda x: np.sum(f(x, np.sin(x) @ x)))

    x = np.linspace(-1.0, 1.0, 9).reshape(3, 3)
    np.testing.assert_allclose(through(kernel)(x), through(text)(x), rtol=1e-12, atol=1e-13)


# --- the table ----------------------------------------------------------------------------------


def test_every_op_names_parameters_its_function_has() -> None:
    for function, op in TABLE.items():
        if isinstance(op, Op) and "tests" not in str(getattr(function, "__module__", "")):
            assert op.rules, op.name
            assert set(op.rules) <= set(op.index)
