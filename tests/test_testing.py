"""The checks themselves: gradcheck and the strategies, as their users see them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import find, given

from minigrad import nn, tensor
from minigrad.testing import GradcheckError, gradcheck, strategies as gen

X = np.array([[0.5, -1.2], [2.0, 0.3]])


# --- gradcheck ------------------------------------------------------------------------------------


def test_any_numpy_function_is_checked_to_second_order() -> None:
    report = gradcheck(
        lambda x, y: np.sum(np.exp(x) @ y) / np.linalg.det(x), X, X + 3.0 * np.eye(2)
    )
    assert report == (("complex step", "complex step"), ())


def test_numbers_tensors_and_constants_are_inputs() -> None:
    gradcheck(lambda x, n, y: x**n * y, 1.5, 3, tensor(np.array([1.0, 2.0])))
    gradcheck(lambda x, name: np.sum(x) if name == "sum" else x, X, "sum")
    with pytest.raises(TypeError, match="input of floats, got \\['int'\\]"):
        gradcheck(np.exp, 3)


def test_several_outputs_are_checked_together() -> None:
    def both(x: Any) -> Any:
        return np.sin(x), np.sum(x)

    assert gradcheck(both, X).methods == ("complex step", "complex step")
    with pytest.raises(GradcheckError, match="order 1"):
        gradcheck((both, lambda g, x: g[0] * np.cos(x)), X)


def test_float32_input_is_checked_in_float64() -> None:
    assert gradcheck(np.exp, X.astype(np.float32)).methods[0] == "complex step"


def test_modules_are_functions_too() -> None:
    net = nn.Sequential(
        nn.Linear(2, 3, dtype=np.float64), nn.Tanh(), nn.Linear(3, 1, dtype=np.float64)
    )
    assert gradcheck(net, X).methods == ("complex step", "complex step")


def test_what_is_not_analytic_is_checked_by_differences() -> None:
    for f in np.abs, lambda x: np.linalg.norm(x), lambda x: np.hypot(x, 1.0):
        assert gradcheck(f, X).methods == ("differences", "differences")
    exact = gradcheck(np.abs, X, reference=lambda x: np.sqrt(x * x))
    assert exact.methods == ("complex step", "complex step")


def test_a_wrong_rule_is_told_from_one_that_is_not_analytic() -> None:
    from minigrad.autograd import derivative, primitive

    @primitive
    def wrong(x: Any) -> Any:
        return np.abs(x)

    derivative(wrong, x=lambda g, x: 1.0001 * g * np.sign(x))
    with pytest.raises(GradcheckError, match=r"gradcheck of wrong, order 1.*differences"):
        gradcheck(wrong, X)


def test_a_second_order_that_is_wrong_is_found() -> None:
    from minigrad.autograd import derivative, primitive

    @primitive
    def cube(x: Any) -> Any:
        return x**3

    constant = 3.0 * X**2  # right at X, but with no derivative of its own
    derivative(cube, x=lambda g: g * constant)
    with pytest.raises(GradcheckError, match=r"order 2: along a random direction"):
        gradcheck(cube, X)


def test_kinks_are_noticed_and_reported() -> None:
    x = np.array([0.0, 1.0, -1.0])
    report = gradcheck(lambda a: np.maximum(a, 0.0), x)
    assert report.kinks == ((0, (0,)),)
    assert report.methods == ("differences",)
    with pytest.raises(GradcheckError, match=r"kink there with slopes -\d.* and \d"):
        gradcheck((np.abs, lambda g, a: 2.0 * g), np.zeros(1))


def test_a_pair_of_function_and_hand_written_vjp() -> None:
    def product(x: Any, y: Any) -> Any:
        return x * y

    report = gradcheck((product, lambda g, x, y: (g * y, g * x)), X, X + 1.0)
    assert report.methods == ("complex step",)
    with pytest.raises(GradcheckError, match=r"by input 1 at index \(0, 0\) the hand-written vjp"):
        gradcheck((product, lambda g, x, y: (g * y, g * x * 1.0001)), X, X + 1.0)
    with pytest.raises(ValueError, match=r"a vjp giving shapes \[\(3,\)\], got \[\(3, 1\)\]"):
        gradcheck((np.sum, lambda g, x: g * np.ones((3, 1))), np.ones(3))


def test_a_failure_says_everything_and_its_seed_repeats_it() -> None:
    with pytest.raises(GradcheckError) as caught:
        gradcheck((np.square, lambda g, x: 2.1 * g * x), X, seed=11)
    message = str(caught.value)
    for part in "square", "order 1", "input 0", "index (0, 0)", "complex step", "error", "seed=11":
        assert part in message
    with pytest.raises(GradcheckError) as again:
        gradcheck((np.square, lambda g, x: 2.1 * g * x), X, seed=11)
    assert str(again.value) == message


def test_a_tiny_error_is_found() -> None:
    with pytest.raises(GradcheckError):
        gradcheck((np.exp, lambda g, x: g * np.exp(x) * (1.0 + 1e-10)), X)


# --- strategies -----------------------------------------------------------------------------------


@given(gen.arrays())
def test_values_are_distinct_and_of_mixed_magnitude(x: np.ndarray) -> None:
    assert x.ndim <= 3
    assert x.dtype == np.float64
    assert abs(x).max(initial=0.0) <= 3.0


@pytest.mark.parametrize("name", "REAL NONZERO POSITIVE UNIT ABOVE_ONE".split())
def test_domains_keep_away_from_their_kinks(name: str) -> None:
    domain: gen.Domain = getattr(gen, name)
    for seed in range(20):
        x = gen.values((50,), domain, np.random.default_rng(seed))
        assert np.unique(x).size == 50
        assert domain.low <= x.min()
        assert x.max() <= domain.high
        assert all(abs(x - kink).min() >= 1e-2 for kink in domain.kinks)
    assert abs(np.log10(abs(x)).std()) > 0.1


@pytest.mark.parametrize("layout", gen.LAYOUTS[:-1])
def test_layouts_are_equal_arrays_in_other_memory(layout: str) -> None:
    for shape in (), (3,), (2, 3), (2, 0), (2, 3, 4):
        x = np.arange(float(np.prod(shape))).reshape(shape)
        np.testing.assert_array_equal(gen.laid_out(x, layout), x)
    laid = gen.laid_out(np.ones((3, 4)), layout)
    assert laid.flags.writeable == (layout != "read-only")
    strides = {"C": (32, 8), "F": (8, 24), "transposed": (8, 24), "strided": (64, 16)}
    assert laid.strides == {**strides, "reversed": (-32, -8), "read-only": (32, 8)}[layout]


def test_every_layout_of_three_axes_is_another() -> None:
    assert len({gen.laid_out(np.ones((2, 3, 4)), name).strides for name in gen.LAYOUTS}) == 6


def test_broadcast_layout_repeats_the_first_row() -> None:
    assert gen.laid_out(np.arange(6.0).reshape(2, 3), "broadcast").strides == (0, 8)


def test_ambiguous_and_square_shapes_are_drawn() -> None:
    for wanted in (((3, 3), (3,)), ((2, 2), (2, 1)), ((2, 2, 2), (2, 2)), ((4, 4), ())):
        assert find(gen.broadcastable_shapes(), lambda pair, w=wanted: pair == w) == wanted
    assert find(gen.shapes(), lambda s: len(s) == 3 and len(set(s)) == 1) is not None
    assert find(gen.shapes(), lambda s: 0 in s) is not None


@given(gen.arrays(shape=(3,), domain=gen.POSITIVE, dtype=np.float32, layouts=("C",)))
def test_shape_domain_dtype_and_layout_are_chosen(x: np.ndarray) -> None:
    assert (x.shape, x.dtype) == ((3,), np.float32)
    assert x.min() > 0.0
