"""Where there is no derivative, one table says what is given instead: line 8 of the contract."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from minigrad import func, tensor
from minigrad.autograd import grad
from minigrad.nn import functional as F

ZERO = np.zeros(3)
CONVENTIONS: dict[str, tuple[Callable[[Any], Any], Any, Any]] = {
    "relu'(0) = 0": (lambda x: np.sum(F.relu(x)), ZERO, [0, 0, 0]),
    "abs'(0) = 0": (lambda x: np.sum(np.abs(x)), ZERO, [0, 0, 0]),
    "fabs'(0) = 0": (lambda x: np.sum(np.fabs(x)), ZERO, [0, 0, 0]),
    "norm'(0) = 0": (np.linalg.norm, ZERO, [0, 0, 0]),
    "p-norm'(0) = 0": (lambda x: np.linalg.norm(x, 3), ZERO, [0, 0, 0]),
    "matrix norm'(0) = 0": (np.linalg.norm, np.zeros((2, 2)), np.zeros((2, 2))),
    "std'(constant) = 0": (np.std, np.ones(3), [0, 0, 0]),
    "hypot'(0, 0) = 0": (lambda x: np.sum(np.hypot(x, x)), ZERO, [0, 0, 0]),
    "copysign'(0) = 0": (lambda x: np.sum(np.copysign(x, -1.0)), ZERO, [0, 0, 0]),
    "0^0: slope 0": (lambda x: np.sum(np.power(x, np.zeros(3))), ZERO, [0, 0, 0]),
    "0^y: slope 0 by y": (lambda y: np.sum(np.zeros(3) ** y), np.ones(3), [0, 0, 0]),
    "sinc'(0) = 0": (lambda x: np.sum(np.sinc(x)), ZERO, [0, 0, 0]),
    "max shares a tie": (np.max, np.array([1.0, 3.0, 3.0]), [0, 0.5, 0.5]),
    "min shares a tie of three": (np.min, np.ones(3), [1 / 3, 1 / 3, 1 / 3]),
    "max shares a tie along an axis": (
        lambda x: np.sum(np.max(x, axis=1)),
        np.array([[2.0, 2.0], [1.0, 0.0]]),
        [[0.5, 0.5], [1, 0]],
    ),
    "maximum shares a tie": (lambda x: np.sum(np.maximum(x, 1.0)), np.arange(3.0), [0, 0.5, 1]),
    "minimum shares a tie": (lambda x: np.sum(np.minimum(1.0, x)), np.arange(3.0), [1, 0.5, 0]),
    "fmax takes the number beside NaN": (
        lambda x: np.sum(np.fmax(x, np.array([np.nan, 0.0, 9.0]))),
        np.ones(3),
        [1, 1, 0],
    ),
    "clip shares a tie with a bound": (
        lambda x: np.sum(np.clip(x, 0.0, 2.0)),
        np.array([0.0, 1.0, 3.0]),
        [0.5, 1, 0],
    ),
    "sort shares ties": (
        lambda x: np.sum(np.sort(x) * np.array([1.0, 10.0, 100.0])),
        np.array([5.0, 2.0, 5.0]),
        [55, 1, 55],
    ),
    "sort shares ties along an axis": (
        lambda x: np.sum(np.sort(x, axis=0) * np.array([[1.0, 2.0], [10.0, 20.0]])),
        np.array([[4.0, 1.0], [4.0, 0.0]]),
        [[5.5, 20], [5.5, 2]],
    ),
    "partition shares ties": (
        lambda x: np.sum(np.partition(x, 1) * np.array([1.0, 10.0, 100.0])),
        np.array([2.0, 5.0, 2.0]),
        [5.5, 100, 5.5],
    ),
    "prod is exact with one zero": (np.prod, np.array([0.0, 2.0, 3.0]), [6, 0, 0]),
    "prod is exact with two zeros": (np.prod, np.array([0.0, 0.0, 3.0]), [0, 0, 0]),
    "prod of nothing is 1": (lambda x: np.prod(x[:0]) * x[0], np.array([2.0]), [1]),
    "cumprod is exact with zeros": (
        lambda x: np.sum(np.cumprod(x)),
        np.array([2.0, 0.0, 3.0]),
        [1, 8, 0],
    ),
    "where drops a finite branch": (
        lambda x: np.sum(np.where(x > 0.0, x, np.exp(x) * 1e300)),
        np.array([1.0, 2.0]),
        [1, 1],
    ),
    "nan_to_num'(NaN) = 0": (
        lambda x: np.sum(np.nan_to_num(x)),
        np.array([np.nan, np.inf, 1.0]),
        [0, 0, 1],
    ),
    "remainder is broken at whole quotients": (
        lambda x: np.sum(np.remainder(x, 2.0)),
        np.array([4.0, 5.0]),
        [1, 1],
    ),
    "floor is flat": (lambda x: np.sum(np.floor(x) + x), np.array([1.0, 1.5]), [1, 1]),
    "mean of nothing has no gradient": (lambda x: np.sum(x[:0]) + x[0], np.array([2.0]), [1]),
}


@pytest.mark.parametrize("name", CONVENTIONS)
def test_convention(name: str) -> None:
    f, x, wanted = CONVENTIONS[name]
    np.testing.assert_allclose(func.grad(f)(x), wanted, rtol=1e-15)


def test_no_rule_turns_a_zero_gradient_into_nan_at_zero() -> None:
    """Second derivatives at the same points are finite too, where the first are smooth."""
    for f in (
        lambda x: np.sum(np.sinc(x)),
        lambda x: np.prod(x),
        lambda x: np.sum(np.cumprod(x)),
        lambda x: np.linalg.norm(x),
    ):
        assert np.isfinite(func.hessian(f)(ZERO)).all()
    np.testing.assert_allclose(
        np.diag(func.hessian(lambda x: np.sum(np.sinc(x)))(ZERO)), -(np.pi**2) / 3
    )


def test_where_drops_an_infinite_gradient_too() -> None:
    for create_graph in False, True:
        x = tensor(np.array([1.0, 2.0]), requires_grad=True)
        chosen = np.where(x > 1.5, x, 0.0)
        (g,) = grad(chosen, x, np.array([np.inf, 1.0]), create_graph=create_graph)
        np.testing.assert_array_equal(g, [0.0, 1.0])


def test_mean_of_nothing_passes_back_nothing() -> None:
    for shape, axis in ((0,), None), ((2, 0), 1), ((0, 2), 0):
        x = tensor(np.ones(shape), requires_grad=True)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # NumPy's, of the mean of an empty slice
            y = np.mean(x, axis=axis)
        y.sum().backward()
        assert x.grad is not None
        assert x.grad.shape == shape


def test_a_conversion_to_integers_is_constant() -> None:
    x = tensor(np.array([1.5, 2.5]), requires_grad=True)
    y = x.astype(np.int64)
    assert not y.requires_grad
    (x * y).sum().backward()
    np.testing.assert_array_equal(x.grad, [1.0, 2.0])
