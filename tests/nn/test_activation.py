"""The activations: against formulas written out in NumPy, and against PyTorch where it is."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, strategies as st

import minigrad as mg
from minigrad import nn, tensor
from minigrad.nn import functional as F
from minigrad.nn.kernels.functions import erf
from minigrad.testing import gradcheck
from minigrad.testing.strategies import values

SELU_SCALE, SELU_ALPHA = 1.0507009873554804934193349852946, 1.6732632423543772848170429916717
PHI = np.vectorize(lambda x: 0.5 * math.erfc(-x / math.sqrt(2.0)), otypes=[float])
CUBIC = math.sqrt(2.0 / math.pi)


def logistic(x: np.ndarray) -> np.ndarray:
    return 1.0 / (1.0 + np.exp(-x))


def bent(x: np.ndarray) -> np.ndarray:
    return np.tanh(CUBIC * (x + 0.044715 * x**3))


# name: (options, value of x and the options, its slope), each written out
ACTIVATIONS: dict[str, tuple[dict[str, Any], Callable[..., Any], Callable[..., Any]]] = {
    "Sigmoid": ({}, logistic, lambda x: np.exp(-x) / (1 + np.exp(-x)) ** 2),
    "LogSigmoid": ({}, lambda x: -np.log1p(np.exp(-x)), lambda x: 1 / (1 + np.exp(x))),
    "Tanh": ({}, np.tanh, lambda x: 1 / np.cosh(x) ** 2),
    "ReLU": ({}, lambda x: x * (x > 0), lambda x: 1.0 * (x > 0)),
    "LeakyReLU": (
        {"negative_slope": 0.3},
        lambda x, a: np.where(x > 0, x, a * x),
        lambda x, a: np.where(x > 0, 1.0, a),
    ),
    "ELU": (
        {"alpha": 1.7},
        lambda x, a: np.where(x > 0, x, a * (np.exp(x) - 1)),
        lambda x, a: np.where(x > 0, 1.0, a * np.exp(x)),
    ),
    "SELU": (
        {},
        lambda x: SELU_SCALE * np.where(x > 0, x, SELU_ALPHA * (np.exp(x) - 1)),
        lambda x: SELU_SCALE * np.where(x > 0, 1.0, SELU_ALPHA * np.exp(x)),
    ),
    "GELU": (
        {},
        lambda x, _: x * PHI(x),
        lambda x, _: PHI(x) + x * np.exp(-x * x / 2) / math.sqrt(2 * math.pi),
    ),
    "GELU tanh": (
        {"approximate": "tanh"},
        lambda x, _: 0.5 * x * (1 + bent(x)),
        lambda x, _: (
            0.5 * (1 + bent(x)) + 0.5 * x * (1 - bent(x) ** 2) * CUBIC * (1 + 3 * 0.044715 * x * x)
        ),
    ),
    "SiLU": (
        {},
        lambda x: x * logistic(x),
        lambda x: logistic(x) * (1 + x * (1 - logistic(x))),
    ),
    "Softplus": (
        {"beta": 2.5, "threshold": 5.0},
        lambda x, b, t: np.where(b * x > t, x, np.log(1 + np.exp(b * x)) / b),
        lambda x, b, t: np.where(b * x > t, 1.0, logistic(b * x)),
    ),
    "Softplus plain": ({}, lambda x, *_: np.log(1 + np.exp(x)), lambda x, *_: logistic(x)),
}
every_activation = pytest.mark.parametrize("name", ACTIVATIONS)
shapes = st.lists(st.integers(0, 4), max_size=3).map(tuple)


def made(name: str, library: Any = nn) -> Any:
    return getattr(library, name.split()[0])(**ACTIVATIONS[name][0])


def away_from_kinks(shape: tuple[int, ...], seed: int) -> np.ndarray:
    x = np.random.default_rng(seed).uniform(-4.0, 4.0, shape)
    return np.where(np.abs(x) < 0.02, 0.5, np.where(np.abs(x - 2.0) < 0.02, 1.5, x))


@every_activation
@given(shape=shapes, seed=st.integers(0, 99))
def test_values_and_gradients_are_those_of_the_formula(
    name: str, shape: tuple[int, ...], seed: int
) -> None:
    module = made(name)
    x = away_from_kinks(shape, seed)
    options = [getattr(module, option) for option in type(module).taken]
    t = tensor(x, requires_grad=True)
    z = module(t)
    assert z.shape == shape
    np.testing.assert_allclose(z.detach(), ACTIVATIONS[name][1](x, *options), rtol=1e-10)
    weights = np.random.default_rng(seed + 1).uniform(0.5, 1.5, shape)
    z.backward(weights)
    slope = ACTIVATIONS[name][2](x, *options)
    np.testing.assert_allclose(t.grad, weights * slope, rtol=1e-10, atol=1e-14)


@every_activation
def test_second_order(name: str) -> None:
    gradcheck(made(name), away_from_kinks((3, 4), 0))


@every_activation
def test_huge_inputs_give_no_warning_and_the_right_limits(name: str) -> None:
    x = np.array([-1e4, 1e4], np.float32)
    t = tensor(x, requires_grad=True)
    z = made(name)(t)
    z.sum().backward()
    assert np.isfinite(z.detach()).all()
    grows = name not in ("Sigmoid", "LogSigmoid", "Tanh")
    ends = {"Sigmoid": 1.0, "LogSigmoid": 0.0, "Tanh": 1.0, "SELU": SELU_SCALE * 1e4}
    np.testing.assert_allclose(z[1].item(), ends.get(name, 1e4), rtol=1e-6)
    slope = SELU_SCALE if name == "SELU" else 1.0
    np.testing.assert_allclose(t.grad[1].item(), slope if grows else 0.0, atol=1e-6)
    left = {"LogSigmoid": 1.0, "LeakyReLU": 0.3}
    np.testing.assert_allclose(t.grad[0].item(), left.get(name, 0.0), atol=1e-6)


@every_activation
def test_stable_and_like_pytorch_at_every_size_of_input(name: str) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is an optional peer")
    sizes = np.array([0.0, 1e-8, 1e-3, 0.5, 3.0, 8.0, 30.0, 88.0, 120.0, 1e4])
    both = np.concatenate([-sizes[::-1], sizes])
    for dtype, tolerance in (np.float64, 1e-10), (np.float32, 1e-5):
        x = both.astype(dtype)
        t, u = tensor(x, requires_grad=True), torch.tensor(x, requires_grad=True)
        z, theirs = made(name)(t), made(name, torch.nn)(u)
        assert z.dtype == dtype
        np.testing.assert_allclose(z.detach(), theirs.detach(), rtol=tolerance, atol=tolerance)
        z.sum().backward()
        theirs.sum().backward()
        np.testing.assert_allclose(t.grad, u.grad, rtol=tolerance, atol=tolerance)
        assert repr(made(name)) == repr(made(name, torch.nn))


@every_activation
def test_arrays_give_arrays(name: str) -> None:
    x = away_from_kinks((2, 3), 1)
    found = made(name)(x)
    assert type(found) is np.ndarray
    np.testing.assert_array_equal(found, made(name)(tensor(x)))


@pytest.mark.parametrize("name", ["Sigmoid", "Tanh", "ReLU"])
def test_one_operation_is_recorded(name: str) -> None:
    x = tensor(np.ones(2), requires_grad=True)
    assert made(name)(x).grad_fn.parents[0] is x._node


# --- over an axis -------------------------------------------------------------------------------


@given(shape=st.lists(st.integers(1, 4), min_size=1, max_size=3).map(tuple), seed=st.integers(0, 9))
def test_softmax_and_its_logarithm(shape: tuple[int, ...], seed: int) -> None:
    x = values(shape, mg.testing.strategies.REAL, np.random.default_rng(seed))
    weights = np.random.default_rng(seed + 1).uniform(0.5, 1.5, shape)
    for dim in range(-len(shape), len(shape)):
        p = np.exp(x) / np.exp(x).sum(dim, keepdims=True)
        inner = (weights * p).sum(dim, keepdims=True)
        for module, value, gradient in (
            (nn.Softmax(dim), p, p * (weights - inner)),
            (nn.LogSoftmax(dim), np.log(p), weights - p * weights.sum(dim, keepdims=True)),
        ):
            t = tensor(x, requires_grad=True)
            z = module(t)
            np.testing.assert_allclose(z.detach(), value, rtol=1e-10)
            z.backward(weights)
            np.testing.assert_allclose(t.grad, gradient, rtol=1e-10, atol=1e-14)


@pytest.mark.parametrize("kind", ["Softmax", "LogSoftmax"])
def test_softmax_like_pytorchs(kind: str) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is an optional peer")
    draw = np.random.default_rng(0)
    plain = draw.standard_normal((3, 4, 2))
    for x in plain, 1e4 * plain, np.where(draw.random((3, 4, 2)) < 0.3, -np.inf, plain):
        for dtype, tolerance in (np.float64, 1e-10), (np.float32, 1e-5):
            t = tensor(x.astype(dtype), requires_grad=True)
            u = torch.tensor(x.astype(dtype), requires_grad=True)
            z, theirs = getattr(nn, kind)(1)(t), getattr(torch.nn, kind)(1)(u)
            weights = draw.uniform(0.5, 1.5, x.shape).astype(dtype)
            z.backward(np.where(np.isfinite(z.detach()), weights, 0.0))
            theirs.backward(torch.tensor(weights).where(theirs.isfinite(), 0.0))
            np.testing.assert_allclose(z.detach(), theirs.detach(), rtol=tolerance)
            np.testing.assert_allclose(t.grad, u.grad, rtol=tolerance, atol=tolerance)
    gradcheck(getattr(nn, kind)(0), plain)


# --- learnt, and dropped ------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(), (3,), (2, 3), (2, 3, 4), (2, 3, 4, 2)])
@pytest.mark.parametrize("number", [1, 3])
def test_prelu(shape: tuple[int, ...], number: int) -> None:
    module = nn.PReLU(number, 0.4, dtype=np.float64)
    assert module.weight.tolist() == [0.4] * number
    if number > 1 and len(shape) < 2:
        with pytest.raises(ValueError, match="prelu expects 1 weight"):
            module(mg.ones(shape))
        return
    slopes = np.linspace(0.1, 0.6, number)
    module.weight.data[...] = slopes
    x = away_from_kinks(shape, 0)
    t = tensor(x, requires_grad=True)
    z = module(t)
    wide = slopes.reshape(-1, *[1] * (len(shape) - 2)) if len(shape) > 1 else slopes[0]
    np.testing.assert_allclose(z.detach(), np.where(x > 0, x, wide * x), rtol=1e-14)
    weights = np.random.default_rng(1).uniform(0.5, 1.5, shape)
    z.backward(weights)
    np.testing.assert_allclose(t.grad, weights * np.where(x > 0, 1.0, wide), rtol=1e-14)
    below = weights * np.where(x > 0, 0.0, x)
    channels = (0, *range(2, x.ndim)) if number > 1 else None
    np.testing.assert_allclose(module.weight.grad, np.atleast_1d(below.sum(channels)), rtol=1e-12)
    gradcheck(F.prelu, x, slopes)
    torch = pytest.importorskip("torch", reason="PyTorch is an optional peer")
    twin, u = torch.nn.PReLU(number, 0.4).double(), torch.tensor(x, requires_grad=True)
    assert repr(module) == repr(twin)
    assert list(module.state_dict()) == list(twin.state_dict())
    twin.weight.data[:] = torch.tensor(slopes)
    theirs = twin(u)
    theirs.backward(torch.tensor(weights))
    np.testing.assert_allclose(z.detach(), theirs.detach(), rtol=1e-14)
    np.testing.assert_allclose(t.grad, u.grad, rtol=1e-14)
    np.testing.assert_allclose(module.weight.grad, twin.weight.grad, rtol=1e-12)


def test_dropout_keeps_the_mean_and_is_nothing_in_evaluation() -> None:
    x = tensor(np.ones((200, 300), np.float32), requires_grad=True)
    for p in 0.1, 0.5, 0.8:
        dropped = nn.Dropout(p)(x)
        kept = dropped.detach().numpy() != 0.0
        assert abs(kept.mean() - (1 - p)) < 5 * math.sqrt(p * (1 - p) / x.size)
        np.testing.assert_array_equal(dropped.detach(), np.where(kept, np.float32(1 / (1 - p)), 0))
        dropped.sum().backward()
        np.testing.assert_array_equal(x.grad, dropped.detach())
        assert dropped.dtype == np.float32
        x.grad = None
        assert nn.Dropout(p).eval()(x) is x
    assert nn.Dropout(0.0)(x) is x
    assert not nn.Dropout(1.0)(x).detach().numpy().any()


def test_dropout_draws_from_the_generator() -> None:
    x = mg.ones(100)
    one, two = (nn.Dropout(generator=mg.Generator(3))(x) for _ in range(2))
    np.testing.assert_array_equal(one, two)
    mg.manual_seed(3)
    np.testing.assert_array_equal(one, F.dropout(x))
    assert not np.array_equal(one, F.dropout(x))
    assert type(F.dropout(np.ones(3))) is np.ndarray


# --- the error function -------------------------------------------------------------------------


def test_erf_is_accurate_to_1e_13() -> None:
    x = np.concatenate([np.linspace(-7.0, 7.0, 20_001), 10.0 ** np.arange(-300, 5)])
    wanted = np.array([math.erf(v) for v in x])
    np.testing.assert_allclose(erf(x), wanted, rtol=1e-13)
    assert erf(x.astype(np.float32)).dtype == np.float32
    np.testing.assert_allclose(erf(x.astype(np.float32)), wanted, rtol=1e-6, atol=1e-6)


def test_options_can_be_changed_later_as_in_pytorch() -> None:
    module = nn.LeakyReLU(0.1, inplace=True)
    module.negative_slope = 0.5
    assert module(mg.tensor([-2.0])).tolist() == [-1.0]
    assert repr(module) == "LeakyReLU(negative_slope=0.5)"
