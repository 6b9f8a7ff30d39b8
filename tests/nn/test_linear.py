"""Linear, Embedding, Flatten and Identity: against NumPy, and PyTorch where it is."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, strategies as st

import minigrad as mg
from minigrad import nn, tensor
from minigrad.nn import functional as F
from minigrad.testing import gradcheck


@given(
    lead=st.lists(st.integers(0, 3), max_size=3).map(tuple),
    m=st.integers(1, 4),
    n=st.integers(1, 4),
    has_bias=st.booleans(),
    seed=st.integers(0, 99),
)
def test_linear_takes_any_number_of_leading_axes(
    lead: tuple[int, ...], m: int, n: int, has_bias: bool, seed: int
) -> None:
    draw = np.random.default_rng(seed)
    layer = nn.Linear(m, n, has_bias, dtype=np.float64)
    w = layer.weight.detach().numpy()
    b = layer.bias.detach().numpy() if layer.bias is not None else np.zeros(n)
    x = draw.standard_normal((*lead, m))
    t = tensor(x, requires_grad=True)
    z = layer(t)
    wanted = np.einsum("...m,nm->...n", x, w) + b
    np.testing.assert_allclose(z.detach(), wanted, rtol=1e-10, atol=1e-12)
    assert z.shape == wanted.shape
    g = draw.standard_normal(z.shape)
    z.backward(g)
    rows, inputs = g.reshape(-1, n), x.reshape(-1, m)
    np.testing.assert_allclose(t.grad, np.einsum("...n,nm->...m", g, w), rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(layer.weight.grad, rows.T @ inputs, rtol=1e-10, atol=1e-12)
    if has_bias:
        np.testing.assert_allclose(layer.bias.grad, rows.sum(0), rtol=1e-10, atol=1e-12)


def test_linear_starts_as_pytorchs_does() -> None:
    layer = nn.Linear(400, 300, generator=mg.Generator(0))
    for values in layer.weight, layer.bias:
        array = values.detach().numpy()
        assert array.dtype == np.float32
        assert abs(array).max() <= 1.0 / 20.0
        assert abs(array.var() * 3.0 * 400.0 - 1.0) < 0.15
    assert nn.Linear(3, 2, bias=False).bias is None


@pytest.mark.parametrize("shape", [(), (3,), (2, 4), (0,)])
def test_embedding(shape: tuple[int, ...]) -> None:
    layer = nn.Embedding(5, 3, dtype=np.float64)
    w = layer.weight.detach().numpy()
    index = np.random.default_rng(0).integers(0, 5, shape)
    z = layer(tensor(index))
    np.testing.assert_array_equal(z.detach(), w[index])
    g = np.random.default_rng(1).standard_normal(z.shape)
    wanted = np.zeros_like(w)
    np.add.at(wanted, index, g)
    z.backward(g)
    np.testing.assert_allclose(layer.weight.grad, wanted, rtol=1e-12)
    torch = pytest.importorskip("torch", reason="PyTorch is an optional peer")
    twin = torch.nn.Embedding(5, 3).double()
    twin.weight.data[:] = torch.tensor(w)
    twin(torch.tensor(index)).backward(torch.tensor(g))
    np.testing.assert_allclose(layer.weight.grad, twin.weight.grad, rtol=1e-12)
    assert repr(layer) == repr(twin)


def test_embedding_of_arrays_and_second_order() -> None:
    w = np.random.default_rng(0).standard_normal((4, 2))
    index = np.array([[0, 3], [3, 1]])
    np.testing.assert_array_equal(F.embedding(index, w), w[index])
    gradcheck(lambda w: F.embedding(index, w) ** 2, w)
    start = nn.Embedding(300, 200, generator=mg.Generator(1)).weight.detach().numpy()
    assert abs(start.mean()) < 0.02
    assert abs(start.var() - 1.0) < 0.03


@pytest.mark.parametrize("shape", [(), (3,), (2, 3), (2, 3, 4), (2, 3, 4, 5), (2, 0, 4), (0, 3, 4)])
def test_flatten_like_pytorchs(shape: tuple[int, ...]) -> None:
    x = np.arange(float(np.prod(shape))).reshape(shape)
    if len(shape) > 1:
        np.testing.assert_array_equal(nn.Flatten()(x), x.reshape(shape[0], int(np.prod(shape[1:]))))
    torch = pytest.importorskip("torch", reason="PyTorch is an optional peer")
    n = max(len(shape), 1)
    for start in range(-n, n):
        for end in (i for i in range(-n, n) if i % n >= start % n):
            found = nn.Flatten(start, end)(tensor(x))
            np.testing.assert_array_equal(found, torch.flatten(torch.tensor(x), start, end))


def test_identity() -> None:
    x = mg.ones(2)
    assert nn.Identity()(x) is x


def layers(library: Any, **options: Any) -> Any:
    return library.Sequential(library.Embedding(5, 3), library.Linear(3, 2))


def test_state_keys_are_pytorchs() -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is an optional peer")
    assert list(layers(nn).state_dict()) == list(layers(torch.nn).state_dict())
