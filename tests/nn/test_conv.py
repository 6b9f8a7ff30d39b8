"""Convolution and pooling: against loops over pixels in NumPy, and against PyTorch."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

import minigrad as mg
from minigrad import nn, tensor
from minigrad.nn import functional as F
from minigrad.nn.kernels import conv as kernels
from minigrad.testing import gradcheck

from .peer import near, same_gradients, start_alike, train_alike

CONVOLUTIONS: list[tuple[tuple[Any, ...], dict[str, Any]]] = [
    ((4, 6, 3), {}),
    ((4, 6, (3, 2)), {"stride": (2, 1), "padding": (1, 2)}),
    ((4, 6, 3), {"padding": 2, "dilation": 2}),
    ((4, 6, (3, 5)), {"padding": (1, 2)}),
    ((4, 6, 3), {"groups": 2, "bias": False}),
    ((4, 4, 3), {"groups": 4, "stride": 2, "padding": 1, "dilation": (1, 2)}),
    ((4, 2, 1), {}),
    ((4, 2, 2), {"stride": 3}),
]
POOLS: list[tuple[str, dict[str, Any]]] = [
    ("MaxPool2d", {"kernel_size": 2}),
    ("MaxPool2d", {"kernel_size": (3, 2), "stride": 1, "padding": 1}),
    ("MaxPool2d", {"kernel_size": 2, "stride": (1, 2), "dilation": (2, 3)}),
    ("AvgPool2d", {"kernel_size": 2}),
    ("AvgPool2d", {"kernel_size": 3, "stride": 2, "padding": (0, 1)}),
    ("AvgPool2d", {"kernel_size": 3, "stride": 1, "padding": 1}),
]


def drawn(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng([seed, *shape]).normal(0.0, 1.0, shape)


def pair(value: Any) -> tuple[int, int]:
    return value if isinstance(value, tuple) else (value, value)


def convolved(
    x: np.ndarray, w: np.ndarray, b: Any, stride: Any, padding: Any, dilation: Any, groups: int
) -> np.ndarray:
    """One product at a time."""
    (sy, sx), (py, px), (dy, dx) = map(pair, (stride, padding, dilation))
    x = np.pad(x, ((0, 0), (0, 0), (py, py), (px, px)))
    (n, _, high, wide), (m, per, ky, kx) = x.shape, w.shape
    rows, columns = (high - dy * (ky - 1) - 1) // sy + 1, (wide - dx * (kx - 1) - 1) // sx + 1
    z = np.zeros((n, m, rows, columns))
    for o, i, j, k in product(range(m), range(rows), range(columns), range(per)):
        channel = o // (m // groups) * per + k
        for u, v in product(range(ky), range(kx)):
            z[:, o, i, j] += w[o, k, u, v] * x[:, channel, i * sy + u * dy, j * sx + v * dx]
    return z if b is None else z + b[:, None, None]


# --- convolution --------------------------------------------------------------------------------


@settings(max_examples=40)
@given(
    n=st.integers(1, 3), kernel=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    stride=st.integers(1, 3), padding=st.tuples(st.integers(0, 2), st.integers(0, 2)),
    dilation=st.integers(1, 2), groups=st.sampled_from([1, 2]), bias=st.booleans(),
)  # fmt: skip
def test_a_convolution_is_its_sums(
    n: int, kernel: Any, stride: Any, padding: Any, dilation: int, groups: int, bias: bool
) -> None:
    options = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
    layer = nn.Conv2d(4, 2, kernel, bias=bias, dtype=np.float64, **options)
    x = drawn(n, 4, 7, 6)
    w, b = layer.weight.detach().numpy(), layer.bias.detach().numpy() if bias else None
    z = layer(tensor(x))
    np.testing.assert_allclose(z.detach(), convolved(x, w, b, **options), rtol=1e-11, atol=1e-12)
    g = drawn(*z.shape, seed=1)
    z.backward(g)
    found = layer.weight.grad.numpy()
    for index in (
        np.ndindex(w.shape) if w.size <= 12 else [(0, 0, 0, 0), tuple(i - 1 for i in w.shape)]
    ):
        unit = np.zeros_like(w)
        unit[index] = 1.0
        slope = (convolved(x, unit, None, **options) * g).sum()
        np.testing.assert_allclose(found[index], slope, rtol=1e-10, atol=1e-11)
    if bias:
        np.testing.assert_allclose(layer.bias.grad, g.sum((0, 2, 3)), rtol=1e-10)


@pytest.mark.parametrize(("args", "options"), CONVOLUTIONS, ids=str)
def test_convolution_to_second_order(args: Any, options: Any) -> None:
    layer = nn.Conv2d(*args, dtype=np.float64, **options)
    rest = {k: v for k, v in options.items() if k != "bias"}
    weights = [p.detach().numpy() for p in layer.parameters()]
    report = gradcheck(lambda x, *w: F.conv2d(x, *w, **rest) ** 2, drawn(2, 4, 5, 6), *weights)
    assert report.methods == ("complex step", "complex step")


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize(("args", "options"), CONVOLUTIONS, ids=str)
def test_convolution_agrees_with_pytorch(args: Any, options: Any, dtype: Any) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is an optional peer")
    layer, twin = nn.Conv2d(*args, dtype=dtype, **options), torch.nn.Conv2d(*args, **options)
    agree(torch, layer, twin, drawn(3, 4, 7, 8).astype(dtype))


def agree(torch: Any, layer: Any, twin: Any, x: np.ndarray) -> None:
    """In state_dict keys, value, and gradients."""
    start_alike(torch, layer, twin, x.dtype)
    t, u = tensor(x, requires_grad=True), torch.tensor(x, requires_grad=True)
    z, y = layer(t), twin(u)
    near(z, y)
    g = drawn(*z.shape, seed=1).astype(x.dtype)
    z.backward(g)
    y.backward(torch.from_numpy(g))
    near(t.grad, u.grad)
    same_gradients(layer, twin)


def test_a_convolutional_network_trains_as_in_pytorch() -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is an optional peer")

    def network(library: Any) -> Any:
        return library.Sequential(
            library.Conv2d(1, 4, 3, padding=1), library.BatchNorm2d(4), library.ReLU(),
            library.MaxPool2d(2), library.Conv2d(4, 6, 3, groups=2), library.ReLU(),
            library.AvgPool2d(2), library.Flatten(), library.Linear(6, 3),
        )  # fmt: skip

    net, twin = network(nn).double(), network(torch.nn)
    start_alike(torch, net, twin)
    batches = (drawn(5, 1, 8, 8, seed=step) for step in range(50))
    train_alike(torch, net, twin, batches, lambda z: z - 1.0)


def test_an_empty_batch_passes() -> None:
    x = tensor(np.ones((0, 4, 5, 5)), requires_grad=True)
    layer = nn.Conv2d(4, 2, 3, dtype=np.float64)
    z = nn.AvgPool2d(2)(nn.MaxPool2d(1)(layer(x)))
    assert z.shape == (0, 2, 1, 1)
    z.sum().backward()
    assert x.grad.shape == x.shape
    assert not layer.weight.grad.numpy().any()


def test_weights_start_as_pytorchs_do() -> None:
    layer = nn.Conv2d(8, 400, 5, groups=2, generator=mg.Generator(0))
    for p in layer.parameters():
        values = p.detach().numpy().astype(float)
        assert abs(values).max() <= 0.1  # 4 channels of 25 pixels
        assert abs(values.var() * 300.0 - 1.0) < 4.0 * np.sqrt(0.8 / values.size)


@pytest.mark.parametrize("order", ["NCHW", "CHWN", "strided"])
def test_the_layout_of_the_images_makes_no_difference(order: str) -> None:
    x = drawn(3, 4, 6, 6)
    view = {
        "NCHW": x,
        "CHWN": np.ascontiguousarray(x.transpose(1, 2, 3, 0)).transpose(3, 0, 1, 2),
        "strided": np.repeat(x, 2, 3)[..., ::2],
    }[order]
    net = nn.Sequential(nn.Conv2d(4, 4, 3, dtype=np.float64), nn.BatchNorm2d(4, dtype=np.float64))
    found, wanted = tensor(x, requires_grad=True), mg.Tensor(view).requires_grad_()
    for t in found, wanted:
        (net(t) ** 3).reshape(3, -1)[:, ::3].sum().backward()
    np.testing.assert_allclose(found.grad, wanted.grad, rtol=1e-12, atol=1e-13)


# --- pooling ------------------------------------------------------------------------------------


def pooled(
    kind: str, x: np.ndarray, kernel_size: Any, stride: Any = None, padding: Any = 0,
    dilation: Any = 1,
) -> np.ndarray:  # fmt: skip
    """One window at a time."""
    (ky, kx), (dy, dx), (py, px) = map(pair, (kernel_size, dilation, padding))
    sy, sx = pair(kernel_size if stride is None else stride)
    fill = -np.inf if kind == "MaxPool2d" else 0.0
    x = np.pad(x, ((0, 0), (0, 0), (py, py), (px, px)), constant_values=fill)
    rows = (x.shape[2] - dy * (ky - 1) - 1) // sy + 1
    columns = (x.shape[3] - dx * (kx - 1) - 1) // sx + 1
    z = np.empty((*x.shape[:2], rows, columns))
    for i, j in product(range(rows), range(columns)):
        top, left = i * sy, j * sx
        window = x[:, :, top : top + dy * (ky - 1) + 1 : dy, left : left + dx * (kx - 1) + 1 : dx]
        z[:, :, i, j] = (np.max if kind == "MaxPool2d" else np.mean)(window, axis=(2, 3))
    return z


@pytest.mark.parametrize(("kind", "options"), POOLS, ids=str)
def test_pools_are_their_definition(kind: str, options: Any) -> None:
    x = drawn(2, 3, 7, 8)
    found = getattr(nn, kind)(**options)(tensor(x))
    np.testing.assert_allclose(found, pooled(kind, x, **options), rtol=1e-13)
    function = {"MaxPool2d": F.max_pool2d, "AvgPool2d": F.avg_pool2d}[kind]
    report = gradcheck(lambda x: function(x, **options) ** 2, drawn(1, 2, 5, 6))
    assert report.methods == ("complex step", "complex step")


@pytest.mark.parametrize(("kind", "options"), POOLS, ids=str)
def test_pools_agree_with_pytorch(kind: str, options: Any) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is an optional peer")
    layer, twin = getattr(nn, kind)(**options), getattr(torch.nn, kind)(**options)
    for dtype in np.float64, np.float32:
        agree(torch, layer, twin, np.round(drawn(3, 4, 7, 8)).astype(dtype))  # with ties


def test_of_equal_pixels_the_first_takes_the_gradient() -> None:
    x = tensor(np.ones((1, 1, 2, 4)), requires_grad=True)
    F.max_pool2d(x, 2).sum().backward()
    assert x.grad.tolist() == [[[[1.0, 0.0, 1.0, 0.0], [0.0] * 4]]]


def test_a_global_mean_is_a_pool() -> None:
    x = drawn(3, 4, 5, 5)
    np.testing.assert_allclose(F.avg_pool2d(x, 5)[..., 0, 0], x.mean((2, 3)), rtol=1e-13)


# --- the adjoint pair ---------------------------------------------------------------------------


@settings(max_examples=40)
@given(
    size=st.tuples(st.integers(1, 3), st.integers(1, 3)), stride=st.integers(1, 3),
    dilation=st.integers(1, 2), before=st.integers(0, 2), after=st.integers(0, 2),
)  # fmt: skip
def test_folding_is_the_adjoint_of_cutting_out(
    size: Any, stride: int, dilation: int, before: int, after: int
) -> None:
    plain = kernels.frame_of("test", size, stride, 0, dilation)
    frame = plain._replace(edges=[(before, after)] * 2)
    x = drawn(2, 3, 6, 7)
    cols = kernels.windows(x, frame)
    g = drawn(*cols.shape, seed=1)
    inner = (x * kernels.fold(g, frame, x.shape)).sum()
    np.testing.assert_allclose((cols * g).sum(), inner, rtol=1e-10, atol=1e-10)


# --- bad input ----------------------------------------------------------------------------------

X = np.ones((2, 4, 5, 5), np.float32)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: nn.Conv2d(0, 1, 3), "Conv2d expects in_channels"),
        (lambda: nn.Conv2d(1, 1.5, 3), "out_channels"),
        (lambda: nn.Conv2d(1, 1, 0), "kernel_size as a whole number >= 1, or two, got 0"),
        (lambda: nn.Conv2d(1, 1, (3, 3, 3)), r"kernel_size .* got \(3, 3, 3\)"),
        (lambda: nn.Conv2d(1, 1, 3, stride=0), "stride"),
        (lambda: nn.Conv2d(1, 1, 3, stride=1.5), "stride"),
        (lambda: nn.Conv2d(1, 1, 3, padding=-1), "padding as a whole number >= 0"),
        (lambda: nn.Conv2d(1, 1, 3, padding="same"), "padding as a whole number >= 0, .* 'same'"),
        (lambda: nn.Conv2d(1, 1, 3, dilation=(1, 0)), "dilation"),
        (lambda: nn.Conv2d(1, 1, 3, groups=0), "groups"),
        (lambda: nn.Conv2d(4, 6, 3, groups=4), "in 4 equal groups, got .*4.* 6"),
        (lambda: nn.Conv2d(3, 6, 3, groups=2), "in 2 equal groups"),
        (lambda: nn.Conv2d(1, 1, 3, bias=3), "bias"),
        (lambda: nn.Conv2d(3, 1, 3)(tensor(X)), "Conv2d expects inputs of 3 channels for"),
        (lambda: nn.Conv2d(4, 1, 3)(tensor(X[0])), r"\(N, C, height, width\), got \(4, 5, 5\)"),
        (lambda: nn.Conv2d(4, 1, 6)(tensor(X)), r"images of \(6, 6\) pixels or more"),
        (lambda: nn.Conv2d(4, 1, 7, padding=(0, 1))(tensor(X)), r"images of \(7, 5\) pixels"),
        (lambda: F.conv2d(tensor(X), mg.ones(3, 2, 3, 3), groups=2), "Conv2d expects"),
        (lambda: nn.MaxPool2d(0), "MaxPool2d expects kernel_size"),
        (lambda: nn.MaxPool2d(2, padding=2), "padding of half the kernel_size or less, got 2"),
        (lambda: nn.AvgPool2d(2, stride=0), "AvgPool2d expects stride"),
        (lambda: nn.AvgPool2d(2, ceil_mode=True), "ceil_mode"),
        (lambda: nn.MaxPool2d(2)(tensor(X[0])), r"MaxPool2d expects floats \(N, C, "),
        (lambda: nn.MaxPool2d(2)(tensor(X > 0.0)), r"floats .* got \(2, 4, 5, 5\) bool"),
        (lambda: nn.MaxPool2d(6)(tensor(X)), r"images of \(6, 6\) pixels or more"),
    ],
)  # fmt: skip
def test_bad_input_gets_one_sentence(call: Any, words: str) -> None:
    with pytest.raises((ValueError, TypeError), match=words) as caught:
        call()
    assert "\n" not in str(caught.value)
