"""What is wrong elsewhere and right here: a test for each row of the list that the engine answers.

The peers were autograd 1.9.1, MyGrad 2.5.0, micrograd, DeZero, JAX and PyTorch 2.15.
"""

from __future__ import annotations

import gc
import weakref

import numpy as np
import pytest

import minigrad as mg
from minigrad import tensor
from minigrad.autograd import grad
from minigrad.testing import gradcheck


def test_autograd_captured_array_changed_gives_100_where_1_2_3_is_due() -> None:
    x = tensor(np.ones(3), requires_grad=True)
    captured = np.array([1.0, 2.0, 3.0])
    y = (x * captured).sum()
    captured[:] = 100.0
    with pytest.raises(RuntimeError, match=r"multiply.*at .*test_peers\.py:\d+.*changed in place"):
        y.backward()


def test_pytorch_modified_in_place_says_neither_what_nor_where() -> None:
    w = tensor(np.ones((2, 3)), requires_grad=True)
    y = np.exp(w)
    y.data *= 2.0
    with pytest.raises(RuntimeError, match=r"<exp> at .*\.py:\d+.*\(2, 3\).*at .*\.py:\d+"):
        y.sum().backward()


def test_micrograd_and_mygrad_second_backward() -> None:
    x = tensor(3.0, requires_grad=True)
    y = x * x * x
    y.backward(retain_graph=True)
    assert x.grad == 27.0
    y.backward(retain_graph=True)
    assert x.grad == 54.0
    y.backward()
    with pytest.raises(RuntimeError, match="retain_graph=True"):
        y.backward()
    assert x.grad == 81.0


def test_micrograd_and_pytorch_deep_graphs_overflow_the_stack() -> None:
    x = tensor(1.0, requires_grad=True)
    y = x
    for _ in range(50_000):
        y = -y + 0.0
    y.backward()
    assert x.grad == 1.0


def test_micrograd_nodes_survive_until_the_cycle_collector_runs() -> None:
    gc.collect()
    gc.disable()
    try:
        x = tensor(1.0, requires_grad=True)
        y = np.tanh(x) * x
        node = weakref.ref(y.grad_fn)
        y.backward()
        del y
        assert node() is None
    finally:
        gc.enable()


def test_rnn_users_are_told_to_detach_the_carried_state() -> None:
    w, state = tensor(0.5, requires_grad=True), tensor(1.0)
    state = np.tanh(w * state)
    state.backward()
    carried_on = np.tanh(w * state)
    with pytest.raises(RuntimeError, match=r"state\.detach\(\)"):
        carried_on.backward()


def test_norm_of_zero_has_gradient_nan_in_autograd_mygrad_and_jax() -> None:
    for order in None, 2, 1, 3:
        x = tensor(np.zeros(3), requires_grad=True)
        np.linalg.norm(x, order).backward()
        np.testing.assert_array_equal(x.grad, np.zeros(3))


def test_prod_with_a_zero_has_gradient_nan_in_autograd() -> None:
    for values, gradient, curvature in (
        ([0.0, 2.0, 3.0], [6.0, 0.0, 0.0], [[0, 3, 2], [3, 0, 0], [2, 0, 0]]),
        ([0.0, 0.0, 3.0], [0.0, 0.0, 0.0], [[0, 3, 0], [3, 0, 0], [0, 0, 0]]),
    ):
        x = np.array(values)
        np.testing.assert_array_equal(mg.func.grad(np.prod)(x), gradient)
        np.testing.assert_array_equal(mg.func.hessian(np.prod)(x), curvature)


def test_nan_through_the_branch_of_where_that_was_not_taken() -> None:
    x = tensor(np.array([0.0, 4.0]), requires_grad=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        y = np.where(x > 0.0, np.sqrt(x), 0.0).sum()
        with (
            mg.detect_anomaly(),
            pytest.raises(mg.AnomalyError, match=r"sqrt.*a gradient of 0 met.*np\.where\(mask, f"),
        ):
            y.backward(retain_graph=True)
    safe = np.where(x > 0.0, np.sqrt(np.where(x > 0.0, x, 1.0)), 0.0).sum()
    safe.backward()
    np.testing.assert_array_equal(x.grad, [0.0, 0.25])
    x = tensor(np.array([-1e300, 0.0, 1e300]), requires_grad=True)
    with np.errstate(over="ignore"):
        np.where(x > 0.0, x * x, 1.0).sum().backward()  # the rule not taken is finite
    assert np.isfinite(np.asarray(x.grad)[:2]).all()


def test_autograd_exp2_turns_float32_into_float64() -> None:
    x = tensor([1.0, 2.0], requires_grad=True)
    y = np.exp2(x)
    (g,) = grad(y.sum(), x, create_graph=True)
    assert g is not None
    assert (y.dtype, g.dtype) == (np.float32, np.float32)


def test_mygrad_ndarray_dot_tensor_silently_loses_the_gradient() -> None:
    t = tensor(np.ones(2), requires_grad=True)
    with pytest.raises(RuntimeError, match="detach"):
        np.ones(2).dot(t)


def test_dezero_two_parameters_share_a_gradient() -> None:
    a, b = tensor([3.0], requires_grad=True), tensor([4.0], requires_grad=True)
    (a + b).sum().backward()
    assert a.grad is not None
    a.grad *= 0.5
    assert b.grad == 1.0
    b.grad = a.grad
    assert b.grad is not None
    b.grad *= 0.5
    assert a.grad == 0.5


def test_pytorch_anomaly_mode_is_backward_only_nan_only_and_shows_no_values() -> None:
    x = tensor([1.0, -1.0], requires_grad=True)
    with mg.detect_anomaly(), np.errstate(all="ignore"):
        with pytest.raises(mg.AnomalyError, match=r"log gave 1 NaN and 0 Inf.*from -1 to 1.*py:\d"):
            np.log(x)
        with pytest.raises(mg.AnomalyError, match=r"multiply gave 0 NaN and 1 Inf.*float32"):
            x * np.array([np.inf, 1.0], np.float32)


def test_gradcheck_raises_no_false_alarm_at_a_kink() -> None:
    report = gradcheck(np.abs, np.array([0.0, 1.0]))
    assert report.kinks == ((0, (0,)),)


def test_gradcheck_says_more_than_false() -> None:
    with pytest.raises(AssertionError) as caught:
        gradcheck((np.exp, lambda g, x: 1.001 * g * np.exp(x)), np.zeros((2, 2)), seed=5)
    message = str(caught.value)
    for part in "exp", "input 0", "index (0, 0)", "vjp gives", "complex step", "error", "seed=5":
        assert part in message


def test_hessian_products_agree_with_the_whole_hessian() -> None:
    def f(x: np.ndarray) -> np.ndarray:
        return np.sum(np.tanh(x) ** 2 * x[::-1])

    x, v = np.array([0.3, -1.0, 0.7]), np.array([1.0, 2.0, -0.5])
    whole = mg.func.hessian(f)(x)
    np.testing.assert_allclose(mg.func.hvp(f, x, v), whole @ v, rtol=1e-13)
    np.testing.assert_allclose(whole, whole.T, rtol=1e-13)
