"""Batch and layer normalisation: against formulas in NumPy, PyTorch, and their own composition."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, strategies as st

import minigrad as mg
from minigrad import nn, tensor
from minigrad.nn import functional as F
from minigrad.nn.kernels import layers as kernels
from minigrad.testing import gradcheck

from .peer import near, same_gradients, start_alike

SHAPES = {"BatchNorm1d": [(5, 3), (2, 3), (4, 3, 6), (1, 3, 2)], "BatchNorm2d": [(2, 3, 4, 5)]}
CASES = [(kind, shape) for kind, shapes in SHAPES.items() for shape in shapes]


def drawn(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng([seed, *shape]).normal(0.5, 2.0, shape)


def by_hand(
    x: np.ndarray, g: np.ndarray, axes: Any, eps: float, w: Any, b: Any
) -> tuple[np.ndarray, np.ndarray]:
    """The normalised x times w plus b, and the gradient with respect to x, as a full Jacobian."""
    m = np.prod([x.shape[a] for a in axes])
    mean = x.mean(axes, keepdims=True)
    deviation = np.sqrt(((x - mean) ** 2).mean(axes, keepdims=True) + eps)
    z = (x - mean) / deviation
    total = (g * w).sum(axes, keepdims=True)
    moment = (g * w * z).sum(axes, keepdims=True)
    return z * w + b, (g * w - total / m - z * moment / m) / deviation


def with_affine(layer: Any) -> Any:
    for k, parameter in enumerate(layer.parameters()):
        parameter.data[...] = drawn(*parameter.shape, seed=k + 1)
    return layer


# --- batch norm ---------------------------------------------------------------------------------


@pytest.mark.parametrize("affine", [True, False])
@pytest.mark.parametrize(("kind", "shape"), CASES)
def test_batch_norm_is_its_formula(kind: str, shape: tuple[int, ...], affine: bool) -> None:
    layer = with_affine(getattr(nn, kind)(3, eps=0.01, affine=affine, dtype=np.float64))
    x, g = drawn(*shape), drawn(*shape, seed=9)
    axes, side = (0, *range(2, len(shape))), (-1, *[1] * (len(shape) - 2))
    w, b = (
        (p.detach().numpy().reshape(side) for p in (layer.weight, layer.bias))
        if affine
        else (1.0, 0.0)
    )
    t = tensor(x, requires_grad=True)
    z = layer(t)
    z.backward(g)
    value, slope = by_hand(x, g, axes, 0.01, w, b)
    np.testing.assert_allclose(z.detach(), value, rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(t.grad, slope, rtol=1e-10, atol=1e-12)
    if affine:
        plain = (value - b) / w
        np.testing.assert_allclose(layer.weight.grad, (g * plain).sum(axes), rtol=1e-10)
        np.testing.assert_allclose(layer.bias.grad, g.sum(axes), rtol=1e-12)
    else:
        assert layer.weight is layer.bias is None


@given(n=st.integers(2, 9), c=st.integers(1, 5), seed=st.integers(0, 999))
def test_every_channel_has_mean_0_and_variance_1(n: int, c: int, seed: int) -> None:
    z = F.batch_norm(tensor(drawn(n, c, seed=seed)), training=True, eps=0.0).numpy()
    np.testing.assert_allclose(z.mean(0), 0.0, atol=1e-13)
    np.testing.assert_allclose((z * z).mean(0), 1.0, rtol=1e-12)


def test_it_normalises_by_the_biased_and_follows_the_unbiased_variance() -> None:
    x = np.array([[1.0], [3.0]])
    layer = nn.BatchNorm1d(1, eps=0.0, momentum=1.0, dtype=np.float64)
    np.testing.assert_array_equal(layer(tensor(x)).detach(), [[-1.0], [1.0]])  # variance 1
    assert layer.running_mean.tolist() == [2.0]
    assert layer.running_var.tolist() == [2.0]


@pytest.mark.parametrize("momentum", [0.1, 1.0, 0.0, None])
@pytest.mark.parametrize(("kind", "shape"), CASES)
def test_running_statistics_follow(kind: str, shape: tuple[int, ...], momentum: Any) -> None:
    layer = getattr(nn, kind)(3, momentum=momentum, dtype=np.float64)
    mean, var, axes = np.zeros(3), np.ones(3), (0, *range(2, len(shape)))
    for step in range(1, 4):
        x = drawn(*shape, seed=step)
        layer(tensor(x))
        rate = 1.0 / step if momentum is None else momentum
        mean += rate * (x.mean(axes) - mean)
        var += rate * (x.var(axes, ddof=1) - var)
        np.testing.assert_allclose(layer.running_mean, mean, rtol=1e-12)
        np.testing.assert_allclose(layer.running_var, var, rtol=1e-12)
        assert layer.num_batches_tracked.tolist() == step
    layer.eval()
    before = {name: b.detach().numpy().copy() for name, b in layer.named_buffers()}
    x, side = drawn(*shape), (-1, *[1] * (len(shape) - 2))
    wanted = (x - mean.reshape(side)) / np.sqrt(var.reshape(side) + 1e-5)
    np.testing.assert_allclose(layer(tensor(x)).detach(), wanted, rtol=1e-11)
    for name, buffer in layer.named_buffers():
        np.testing.assert_array_equal(buffer, before[name])


def test_evaluation_is_differentiated_and_takes_one_value_per_channel() -> None:
    layer = with_affine(nn.BatchNorm1d(3, dtype=np.float64))
    layer(tensor(drawn(4, 3)))
    layer.eval()
    gradcheck(lambda x: layer(x), drawn(1, 3))
    z = layer(tensor(drawn(2, 3)))  # keeps the running variance
    layer.train()(tensor(drawn(4, 3)))  # which moves on
    z.sum().backward()
    assert layer.weight.grad is not None


def test_without_tracking_the_batch_is_what_counts_in_evaluation_too() -> None:
    layer = nn.BatchNorm1d(3, track_running_stats=False, dtype=np.float64)
    assert [name for name, _ in layer.named_buffers()] == []
    x = tensor(drawn(4, 3))
    np.testing.assert_array_equal(layer(x).detach(), layer.eval()(x).detach())


def test_a_call_that_fails_leaves_the_running_statistics() -> None:
    layer = nn.BatchNorm1d(3)
    state = {name: b.tolist() for name, b in layer.named_buffers()}
    for x in mg.ones(1, 3), mg.ones(0, 3), mg.ones(2, 4), mg.ones(3), mg.ones(2, 3, 4, 5):
        with pytest.raises(ValueError, match="expects"):
            layer(x)
    bad = np.full((2, 3), np.inf, np.float32)
    with np.errstate(invalid="ignore"), pytest.raises(mg.AnomalyError), mg.detect_anomaly():
        layer(tensor(bad))
    assert {name: b.tolist() for name, b in layer.named_buffers()} == state


def test_recording_or_not_the_statistics_are_the_same() -> None:
    one, other = nn.BatchNorm1d(3), nn.BatchNorm1d(3)
    x = mg.randn(4, 3)
    z = one(x)
    with mg.no_grad():
        np.testing.assert_array_equal(other(x), z.detach())
    np.testing.assert_array_equal(one.running_var, other.running_var)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("options", [{}, {"momentum": None, "eps": 0.1}, {"affine": False}])
@pytest.mark.parametrize(("kind", "shape"), CASES)
def test_batch_norm_agrees_with_pytorch(kind: str, shape: Any, options: Any, dtype: Any) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is an optional peer")
    layer = with_affine(getattr(nn, kind)(3, dtype=dtype, **options))
    twin = getattr(torch.nn, kind)(3, **options)
    start_alike(torch, layer, twin, dtype)
    for step in range(3):
        x, g = drawn(*shape, seed=step).astype(dtype), drawn(*shape, seed=step + 9).astype(dtype)
        t, u = tensor(x, requires_grad=True), torch.tensor(x, requires_grad=True)
        z, y = layer(t), twin(u)
        layer.zero_grad()
        twin.zero_grad()
        z.backward(g)
        y.backward(torch.from_numpy(g))
        near(z, y)
        near(t.grad, u.grad)
        same_gradients(layer, twin)
    for name, value in twin.state_dict().items():
        near(layer.state_dict()[name], value)
    x = drawn(*shape).astype(dtype)
    near(layer.eval()(tensor(x)), twin.eval()(torch.from_numpy(x)))


# --- layer norm ---------------------------------------------------------------------------------


@pytest.mark.parametrize("options", [{}, {"bias": False}, {"elementwise_affine": False}])
@pytest.mark.parametrize(
    ("shape", "last"), [((4,), 4), ((3, 4), 4), ((2, 3, 4), (3, 4)), ((1, 2), 2)]
)
def test_layer_norm_is_its_formula(shape: Any, last: Any, options: Any) -> None:
    layer = with_affine(nn.LayerNorm(last, eps=0.01, dtype=np.float64, **options))
    x, g = drawn(*shape), drawn(*shape, seed=9)
    axes = (-1,) if isinstance(last, int) else tuple(range(-len(last), 0))
    w = layer.weight.detach().numpy() if layer.weight is not None else 1.0
    b = layer.bias.detach().numpy() if layer.bias is not None else 0.0
    t = tensor(x, requires_grad=True)
    z = layer(t)
    z.backward(g)
    value, slope = by_hand(x, g, axes, 0.01, w, b)
    np.testing.assert_allclose(z.detach(), value, rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(t.grad, slope, rtol=1e-10, atol=1e-12)
    over = tuple(range(len(shape) - len(axes)))
    if layer.bias is not None:
        np.testing.assert_allclose(layer.bias.grad, g.sum(over), rtol=1e-12)
        np.testing.assert_allclose(layer.weight.grad, (g * (value - b) / w).sum(over), rtol=1e-9)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("options", [{}, {"bias": False}, {"elementwise_affine": False}])
def test_layer_norm_agrees_with_pytorch(options: Any, dtype: Any) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is an optional peer")
    layer = with_affine(nn.LayerNorm((3, 4), dtype=dtype, **options))
    twin = torch.nn.LayerNorm((3, 4), **options)
    start_alike(torch, layer, twin, dtype)
    x = drawn(5, 3, 4).astype(dtype)
    t, u = tensor(x, requires_grad=True), torch.tensor(x, requires_grad=True)
    z, y = layer(t), twin(u)
    (z * z * z).mean().backward()
    (y * y * y).mean().backward()
    near(z, y)
    near(t.grad, u.grad)
    same_gradients(layer, twin)


def test_an_empty_batch_has_an_empty_layer_norm() -> None:
    x = tensor(np.ones((0, 4)), requires_grad=True)
    nn.LayerNorm(4, dtype=np.float64)(x).sum().backward()
    assert x.grad.shape == (0, 4)


# --- the kernel ---------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(4, 3), (2, 3, 5), (2, 3, 2, 2), (2, 1), (7, 1, 1)])
def test_the_kernel_is_its_composition(shape: tuple[int, ...]) -> None:
    arrays = drawn(*shape), drawn(shape[1], seed=1), drawn(shape[1], seed=2)
    found, wanted = (
        f(*arrays, 0.1, SimpleNamespace()) for f in (kernels.normalize, kernels.normalize_text)
    )
    np.testing.assert_allclose(found, wanted, rtol=1e-12, atol=1e-13)
    gradcheck(lambda *a: kernels.normalize(*a, 0.1, SimpleNamespace()), *arrays)


def test_a_large_mean_does_not_drown_the_variance() -> None:
    x = (1e4 + np.array([[0.0], [1.0], [2.0]])).astype(np.float32)
    z = F.batch_norm(tensor(x), training=True, eps=0.0)
    np.testing.assert_allclose(z.numpy()[:, 0], [-1.2247449, 0.0, 1.2247449], rtol=1e-6)


# --- bad input ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: nn.BatchNorm1d(0), ValueError, "num_features"),
        (lambda: nn.BatchNorm1d(2.5), ValueError, "num_features"),
        (lambda: nn.BatchNorm2d("3"), ValueError, "num_features"),
        (lambda: nn.BatchNorm1d(3, eps=-1.0), ValueError, "eps"),
        (lambda: nn.BatchNorm1d(3, momentum=1.5), ValueError, r"momentum as a number in \[0, 1\]"),
        (lambda: nn.BatchNorm2d(3, momentum=-0.1), ValueError, "momentum"),
        (lambda: nn.BatchNorm1d(3, affine=1), ValueError, "affine"),
        (lambda: nn.BatchNorm1d(3)(mg.ones(3)), ValueError, r"shape \(N, C\) or \(N, C, L\), got"),
        (lambda: nn.BatchNorm1d(3)(mg.ones(2, 4)), ValueError, r"\(N, 3, ...\), got \(2, 4\)"),
        (lambda: nn.BatchNorm2d(3)(mg.ones(2, 3)), ValueError, r"\(N, C, height, width\)"),
        (lambda: nn.BatchNorm1d(3)(mg.ones(1, 3)), ValueError, "more than one value per channel"),
        (lambda: nn.BatchNorm1d(3)(mg.ones(0, 3)), ValueError, "more than one value per channel"),
        (lambda: nn.BatchNorm1d(3)(mg.arange(6).reshape(2, 3)), TypeError, "floats, got int64"),
        (lambda: nn.LayerNorm(3)(mg.arange(6).reshape(2, 3)), TypeError, "floats, got int64"),
        (lambda: F.batch_norm(mg.ones(3), training=True), ValueError, r"\(N, C, ...\)"),
        (lambda: nn.LayerNorm(0), ValueError, "normalized_shape"),
        (lambda: nn.LayerNorm(()), ValueError, "layer_norm|normalized_shape"),
        (lambda: nn.LayerNorm((3, -1)), ValueError, "normalized_shape"),
        (lambda: nn.LayerNorm(3, eps=-1.0), ValueError, "eps"),
        (lambda: nn.LayerNorm(3)(mg.ones(2, 4)), ValueError, r"shape \(\.\.\., 3\), got \(2, 4\)"),
        (lambda: nn.LayerNorm((2, 3))(mg.ones(3)), ValueError, r"shape \(\.\.\., 2, 3\), got"),
    ],
)  # fmt: skip
def test_bad_input_gets_one_sentence(call: Any, error: Any, words: str) -> None:
    with pytest.raises((error, TypeError), match=words) as caught:
        call()
    assert "\n" not in str(caught.value)
