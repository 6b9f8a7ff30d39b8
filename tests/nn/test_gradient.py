"""Changing the error on its way back: clipped or scaled, to first and second order."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, strategies as st

import minigrad as mg
from minigrad import tensor
from minigrad.autograd import grad
from minigrad.nn import functional as F


def error_behind(x: np.ndarray, error: np.ndarray, **options: Any) -> np.ndarray:
    """What comes back through `clip_gradient` of an error."""
    t = tensor(x, requires_grad=True)
    z = F.clip_gradient(t, **options)
    np.testing.assert_array_equal(z.detach(), x)
    z.backward(error)
    assert t.grad is not None
    assert t.grad.dtype == x.dtype
    return t.grad.numpy()


@given(seed=st.integers(0, 99), bound=st.floats(0.01, 5.0))
def test_the_error_is_clipped_by_value_or_norm(seed: int, bound: float) -> None:
    x, error = np.random.default_rng(seed).standard_normal((2, 3, 4))
    np.testing.assert_allclose(error_behind(x, error, value=bound), np.clip(error, -bound, bound))
    norm = np.sqrt((error**2).sum())
    wanted = error * min(1.0, bound / (norm + 1e-6))
    np.testing.assert_allclose(error_behind(x, error, norm=bound), wanted, rtol=1e-12)


def test_the_norm_neither_overflows_nor_divides_by_zero() -> None:
    for size in 1e-30, 1e20, 3e38:
        error = np.array([size, -size], np.float32)
        back = error_behind(np.ones(2, np.float32), error, norm=0.5)
        wanted = error if size < 1.0 else [0.5 / np.sqrt(2.0), -0.5 / np.sqrt(2.0)]
        np.testing.assert_allclose(back, wanted, rtol=1e-5)
    nothing = np.zeros(2, np.float32)
    np.testing.assert_array_equal(error_behind(nothing, nothing, norm=0.5), nothing)
    empty = np.zeros((0, 2))
    assert error_behind(empty, empty, norm=0.5).shape == (0, 2)


@pytest.mark.parametrize("factor", [0.1, -1.0, 0.0, 2])
def test_the_error_is_scaled(factor: float) -> None:
    x = tensor(np.array([1.0, 2.0]), requires_grad=True)
    (F.scale_gradient(x, factor) ** 3).sum().backward()
    np.testing.assert_allclose(x.grad, factor * 3.0 * np.array([1.0, 4.0]), rtol=1e-14)


def test_second_order_has_the_factor_of_either_pass() -> None:
    """Of f(s(x)) with the factor c: c f' comes back, and differentiating it c again: c^2 f''."""
    x = tensor(np.array([1.0, 2.0]), requires_grad=True)
    (g,) = grad((F.scale_gradient(x, 0.5) ** 3).sum(), x, create_graph=True)
    (second,) = grad(g.sum(), x)
    np.testing.assert_allclose(second, 0.25 * 6.0 * np.array([1.0, 2.0]), rtol=1e-14)


def test_second_order_of_an_error_at_its_bound_is_zero() -> None:
    """Of f(s(x)) with the error clipped: f'' passes back where f' is inside the bound."""
    x = tensor(np.array([0.1, 2.0]), requires_grad=True)
    (g,) = grad((F.clip_gradient(x, value=1.0) ** 3).sum(), x, create_graph=True)
    np.testing.assert_allclose(g.detach(), [0.03, 1.0])
    (second,) = grad(g.sum(), x)
    np.testing.assert_allclose(second, [0.6, 0.0])


def test_second_order_of_an_error_at_the_norm_is_that_of_its_direction() -> None:
    x = np.array([1.0, 2.0])
    t = tensor(x, requires_grad=True)
    (g,) = grad((F.clip_gradient(t, norm=0.5) ** 3).sum(), t, create_graph=True)
    (second,) = grad(g[0], t)
    h = 1e-6

    def first(x: np.ndarray) -> Any:
        error = 3.0 * x**2
        return error[0] * 0.5 / (np.sqrt((error**2).sum()) + 1e-6)

    slopes = np.array([(first(x + h * e) - first(x - h * e)) / (2 * h) for e in np.eye(2)])
    error = 3.0 * x**2  # the slopes come back through the clip too, being an error themselves
    scale = min(1.0, 0.5 / (np.sqrt((slopes**2).sum()) + 1e-6))
    assert error.shape == (2,)
    np.testing.assert_allclose(second, slopes * scale, rtol=1e-6)


def test_arrays_pass_through() -> None:
    x = np.ones(2)
    for found in F.clip_gradient(x, value=1.0), F.scale_gradient(x, 2.0):
        assert type(found) is np.ndarray
        np.testing.assert_array_equal(found, x)
    assert not F.scale_gradient(mg.ones(2), 2.0).requires_grad
