"""The initialisers: each against its stated variance, and its shape."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import minigrad as mg
from minigrad import nn
from minigrad.nn import init

# name: (call, variance of a weight (200, 300))
VARIANCES: dict[str, tuple[Any, float]] = {
    "uniform_": (lambda t, g: init.uniform_(t, -2.0, 2.0, g), 4.0 / 3.0),
    "normal_": (lambda t, g: init.normal_(t, 0.0, 0.3, g), 0.09),
    "xavier_uniform_": (lambda t, g: init.xavier_uniform_(t, generator=g), 2 / 500),
    "xavier_normal_": (lambda t, g: init.xavier_normal_(t, 2.0, g), 8 / 500),
    "kaiming_uniform_": (
        lambda t, g: init.kaiming_uniform_(t, nonlinearity="relu", generator=g),
        2 / 300,
    ),
    "kaiming_normal_": (
        lambda t, g: init.kaiming_normal_(t, 0.5, "fan_out", generator=g),
        2 / 1.25 / 200,
    ),
    "orthogonal_": (lambda t, g: init.orthogonal_(t, 3.0, g), 9.0 / 300),
}


@pytest.mark.parametrize("name", VARIANCES)
def test_initialisers_have_their_stated_variance(name: str) -> None:
    fill, variance = VARIANCES[name]
    weight = nn.Parameter(mg.zeros(200, 300))
    assert fill(weight, mg.Generator(1)) is weight
    values = weight.detach().numpy().astype(float)
    assert abs(values.mean()) < 4.0 * np.sqrt(variance / values.size)
    assert abs(values.var() / variance - 1.0) < 4.0 * np.sqrt(2.0 / values.size)
    assert weight.requires_grad
    again = fill(mg.zeros(200, 300), mg.Generator(1))
    np.testing.assert_array_equal(again, weight.detach())


def test_uniform_ones_stay_within_their_bounds() -> None:
    w = init.xavier_uniform_(mg.zeros(20, 30)).numpy()
    assert abs(w).max() <= math.sqrt(6 / 50)
    w = init.kaiming_uniform_(mg.zeros(20, 30), mode="fan_out").numpy()
    assert abs(w).max() <= math.sqrt(6 / 20)


@pytest.mark.parametrize("shape", [(4, 4), (3, 5), (5, 3), (4, 2, 3), (2, 3, 2)])
def test_orthogonal_rows_or_columns(shape: tuple[int, ...]) -> None:
    w = init.orthogonal_(mg.zeros(shape, dtype=np.float64), 2.0).numpy().reshape(shape[0], -1)
    small = w @ w.T if w.shape[0] <= w.shape[1] else w.T @ w
    np.testing.assert_allclose(small, 4.0 * np.eye(len(small)), atol=1e-12)


def test_orthogonal_matrices_are_equally_likely() -> None:
    """Of a rotation or reflection of the plane, one column is uniform on the circle."""
    g = mg.Generator(0)
    draws = [init.orthogonal_(mg.zeros(2, 2), generator=g).numpy() for _ in range(2000)]
    angles = np.array([math.atan2(w[1, 0], w[0, 0]) for w in draws])
    for order in 1, 2, 4:
        assert abs(np.exp(1j * order * angles).mean()) < 4 / math.sqrt(2000)
    assert abs(np.mean([np.linalg.det(w) > 0 for w in draws]) - 0.5) < 4 * 0.5 / math.sqrt(2000)


@pytest.mark.parametrize(
    ("mean", "std", "a", "b"),
    [
        (0, 1, -2, 2),
        (0, 0.02, -2, 2),
        (1, 2, 0, 1.5),
        (0, 1, 5, 9),
        (0, 1, -40, -8),
        (3, 0.1, -9, 9),
    ],
)
def test_truncated_normal(mean: float, std: float, a: float, b: float) -> None:
    """The moments, by quadrature over the density, and the bounds."""
    w = init.trunc_normal_(mg.zeros(60_000, dtype=np.float64), mean, std, a, b, mg.Generator(2))
    x = w.numpy()
    assert a <= x.min()
    assert x.max() <= b
    low, high = max(a, mean - 12 * std), min(b, mean + 12 * std)
    grid = np.linspace(low, high, 400_001)
    near = min(max(mean, low), high)
    density = np.exp(-((grid - mean) ** 2 - (near - mean) ** 2) / (2 * std**2))
    density /= density.sum()
    wanted = (density * grid).sum()
    variance = (density * (grid - wanted) ** 2).sum()
    assert abs(x.mean() - wanted) < 4 * math.sqrt(variance / x.size)
    fourth = (density * (grid - wanted) ** 4).sum() / variance**2
    assert abs(x.var() / variance - 1) < 4 * math.sqrt((fourth - 1) / x.size)
    share = np.mean(x < wanted)
    below = density[grid < wanted].sum()
    assert abs(share - below) < 4 * math.sqrt(below * (1 - below) / x.size)


def test_constants() -> None:
    weight = mg.ones(2, 3)
    assert init.constant_(weight, 0.5).tolist() == [[0.5] * 3] * 2
    assert init.zeros_(weight).tolist() == [[0.0] * 3] * 2
    assert init.ones_(weight).tolist() == [[1.0] * 3] * 2
    assert init.eye_(weight).tolist() == [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]


def test_gains_and_fans_are_pytorchs() -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is an optional peer")
    for name in "linear conv1d conv2d conv3d sigmoid tanh relu selu leaky_relu".split():
        assert init.calculate_gain(name) == pytest.approx(torch.nn.init.calculate_gain(name))
    for slope in 0, 0.2, 1:
        ours = init.calculate_gain("leaky_relu", slope)
        assert ours == pytest.approx(torch.nn.init.calculate_gain("leaky_relu", slope))
    for shape in (4, 3), (4, 3, 5, 5), (2, 6, 3):
        theirs = torch.nn.init._calculate_fan_in_and_fan_out(torch.zeros(shape))
        assert init.fans(mg.zeros(shape)) == theirs


def test_a_change_between_forward_and_backward_is_found() -> None:
    layer = nn.Linear(2, 2)
    loss = (layer(np.ones((1, 2), np.float32)) ** 2).sum()
    init.orthogonal_(layer.weight)
    with pytest.raises(RuntimeError, match="changed in place"):
        loss.backward()
