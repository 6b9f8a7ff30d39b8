"""The first layers: against formulas written out in NumPy, and against PyTorch where it is."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import minigrad as mg
from minigrad import nn, tensor
from minigrad.nn import functional as F, init


def network(seed: int = 0, dtype: Any = np.float64) -> nn.Sequential:
    g = mg.Generator(seed)
    return nn.Sequential(
        nn.Linear(3, 5, dtype=dtype, generator=g),
        nn.Tanh(),
        nn.Linear(5, 4, dtype=dtype, generator=g),
        nn.Sigmoid(),
        nn.Linear(4, 2, dtype=dtype, generator=g),
    )


X = np.linspace(-1.0, 1.0, 21).reshape(7, 3)
LABELS = np.array([0, 1, 1, 0, 1, 0, 0])


def by_hand(weights: list[np.ndarray]) -> tuple[float, list[np.ndarray]]:
    """Loss and gradients of `network` under cross-entropy, back-propagated on paper."""
    w1, b1, w2, b2, w3, b3 = weights
    h1 = np.tanh(X @ w1.T + b1)
    h2 = 1.0 / (1.0 + np.exp(-(h1 @ w2.T + b2)))
    logits = h2 @ w3.T + b3
    p = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    rows = np.arange(len(X))
    d3 = p.copy()
    d3[rows, LABELS] -= 1.0
    d3 /= len(X)
    d2 = d3 @ w3 * h2 * (1.0 - h2)
    d1 = d2 @ w2 * (1.0 - h1**2)
    back = [d1.T @ X, d1.sum(0), d2.T @ h1, d2.sum(0), d3.T @ h2, d3.sum(0)]
    return float(-np.log(p[rows, LABELS]).mean()), back


def test_a_network_agrees_with_back_propagation_by_hand() -> None:
    net = network()
    loss = F.cross_entropy(net(X), LABELS)
    loss.backward()
    wanted, gradients = by_hand([p.detach().numpy() for p in net.parameters()])
    np.testing.assert_allclose(loss.item(), wanted, rtol=1e-14)
    for parameter, gradient in zip(net.parameters(), gradients, strict=True):
        np.testing.assert_allclose(parameter.grad, gradient, rtol=1e-12, atol=1e-16)


def test_a_network_agrees_with_pytorch() -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is an optional peer")
    net = network()
    twin = torch.nn.Sequential(
        torch.nn.Linear(3, 5), torch.nn.Tanh(), torch.nn.Linear(5, 4), torch.nn.Sigmoid(),
        torch.nn.Linear(4, 2),
    ).double()  # fmt: skip
    for name, parameter in net.named_parameters():
        dict(twin.named_parameters())[name].data[:] = torch.from_numpy(parameter.detach().numpy())
    loss = nn.CrossEntropyLoss()(net(X), LABELS)
    other = torch.nn.CrossEntropyLoss()(twin(torch.from_numpy(X)), torch.from_numpy(LABELS))
    loss.backward()
    other.backward()
    np.testing.assert_allclose(loss.item(), other.item(), rtol=1e-13)
    for name, parameter in net.named_parameters():
        theirs = dict(twin.named_parameters())[name].grad.numpy()
        np.testing.assert_allclose(parameter.grad, theirs, rtol=1e-11, atol=1e-16)


# --- modules ------------------------------------------------------------------------------------


class Two(nn.Module):
    def __init__(self) -> None:
        self.left = nn.Linear(2, 2)
        self.right = self.left
        self.scale = nn.Parameter(np.ones(1))
        self.constant = mg.ones(1)

    def forward(self, x: Any) -> Any:
        return self.right(self.left(x)) * self.scale * self.constant


def test_parameters_are_found_by_walking_attributes() -> None:
    two = Two()
    assert [name for name, _ in two.named_parameters()] == ["scale", "left.weight", "left.bias"]
    assert len(list(two.parameters())) == 3
    assert [name for name, _ in two.named_modules()] == ["", "left"]
    two.left = nn.Linear(2, 3)  # an attribute replaced is a part replaced
    names = [name for name, _ in two.named_parameters()]
    assert names == ["scale", "left.weight", "left.bias", "right.weight", "right.bias"]
    assert next(two.named_parameters("net"))[0] == "net.scale"


def test_names_are_pytorchs() -> None:
    names = [name for name, _ in network().named_parameters()]
    assert names == ["0.weight", "0.bias", "2.weight", "2.bias", "4.weight", "4.bias"]


def test_train_eval_and_zero_grad_reach_every_module() -> None:
    net = network()
    assert net.training
    assert net.eval() is net
    assert not any(module.training for module in net.modules())
    net.train()
    assert all(module.training for module in net.modules())
    net(X).sum().backward()
    assert all(parameter.grad is not None for parameter in net.parameters())
    net.zero_grad()
    assert all(parameter.grad is None for parameter in net.parameters())


def test_sequential_is_a_sequence() -> None:
    net = network()
    assert len(net) == 5
    assert isinstance(net[1], nn.Tanh)
    assert [type(module).__name__ for module in net][::2] == ["Linear"] * 3
    assert list(nn.Sequential().children()) == []


def test_repr_is_a_tree() -> None:
    assert repr(nn.Sequential(nn.Linear(2, 1), nn.Sequential(nn.ReLU()))) == (
        "Sequential(\n"
        "  (0): Linear(in_features=2, out_features=1, bias=True)\n"
        "  (1): Sequential(\n"
        "    (0): ReLU()\n"
        "  )\n"
        ")"
    )


def test_modules_run_on_arrays_too() -> None:
    assert type(F.relu(X)) is np.ndarray
    assert network()(X).requires_grad
    with mg.no_grad():
        assert not network()(X).requires_grad


# --- layers -------------------------------------------------------------------------------------


def test_linear_takes_any_number_of_leading_axes() -> None:
    layer = nn.Linear(3, 2, dtype=np.float64)
    for shape in (3,), (4, 3), (2, 4, 3), (0, 3):
        x = tensor(np.ones(shape), requires_grad=True)
        y = layer(x)
        assert y.shape == (*shape[:-1], 2)
        y.sum().backward()
        np.testing.assert_allclose(x.grad, np.ones(shape) * layer.weight.detach().numpy().sum(0))
    assert nn.Linear(3, 2, bias=False).bias is None
    assert nn.Linear(3, 2).weight.dtype == np.float32


def test_linear_starts_as_pytorchs_does() -> None:
    layer = nn.Linear(400, 300, generator=mg.Generator(0))
    for values in layer.weight, layer.bias:
        array = values.detach().numpy()
        assert abs(array).max() <= 1.0 / 20.0
        assert abs(array.var() * 3.0 * 400.0 - 1.0) < 0.15


def test_activations_in_one_table() -> None:
    x = np.array([-2.0, 0.0, 3.0])
    for module, value, slope in (
        (nn.Sigmoid(), 1 / (1 + np.exp(-x)), np.exp(-x) / (1 + np.exp(-x)) ** 2),
        (nn.Tanh(), np.tanh(x), 1 / np.cosh(x) ** 2),
        (nn.ReLU(), [0, 0, 3], [0, 0, 1]),
    ):
        t = tensor(x, requires_grad=True)
        y = module(t)
        np.testing.assert_allclose(y.detach(), value, rtol=1e-15)
        y.sum().backward()
        np.testing.assert_allclose(t.grad, slope, rtol=1e-14)


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_losses_and_their_reductions(reduction: str) -> None:
    x, y = X, X[::-1].copy()
    reduce: Any = {"mean": np.mean, "sum": np.sum, "none": lambda a: a}[reduction]
    found = nn.MSELoss(reduction)(tensor(x), tensor(y))
    np.testing.assert_allclose(found, reduce((x - y) ** 2), rtol=1e-14)
    labels = np.arange(7) % 3
    logs = x - np.log(np.exp(x).sum(1, keepdims=True))
    found = nn.CrossEntropyLoss(reduction)(tensor(x), tensor(labels))
    np.testing.assert_allclose(found, reduce(-logs[np.arange(7), labels]), rtol=1e-13)


def test_cross_entropy_is_stable_at_huge_logits() -> None:
    for dtype in np.float32, np.float64:
        x = tensor(np.array([[1e4, -1e4, 0.0]] * 2, dtype), requires_grad=True)
        loss = F.cross_entropy(x, np.array([0, 1]))
        loss.backward()
        assert loss.item() == 1e4
        np.testing.assert_allclose(x.grad, [[0, 0, 0], [0.5, -0.5, 0]], atol=1e-30)


# --- initialisers -------------------------------------------------------------------------------

VARIANCES = {
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


def test_constants_and_gains() -> None:
    weight = mg.ones(2, 3)
    assert init.constant_(weight, 0.5).tolist() == [[0.5] * 3] * 2
    assert init.zeros_(weight).tolist() == [[0.0] * 3] * 2
    assert init.calculate_gain("tanh") == 5.0 / 3.0
    assert init.calculate_gain("linear") == init.calculate_gain("sigmoid") == 1.0
    assert init.calculate_gain("leaky_relu", 1.0) == 1.0
    assert init.fans(mg.zeros(4, 3, 5, 5)) == (75, 100)


# --- bad input ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: nn.Linear(0, 2), ValueError, "in_features as a whole number from 1 on, got 0"),
        (lambda: nn.Linear(2, 1.5), ValueError, "out_features"),
        (lambda: nn.Linear(3, 2)(mg.ones(5, 4)), ValueError, r"shape \(\.\.\., 3\), got \(5, 4\)"),
        (lambda: nn.Linear(3, 2)(mg.tensor(1.0)), ValueError, r"got \(\)"),
        (
            lambda: nn.Sequential(nn.Tanh(), np.tanh),
            TypeError,
            "expects modules, got ufunc as number 1",
        ),
        (lambda: nn.Module()(1.0), TypeError, "no forward"),
        (lambda: F.mse_loss(mg.ones(3, 1), mg.ones(3)), ValueError, r"\(3, 1\) and \(3,\)"),
        (lambda: F.mse_loss(mg.ones(3), mg.ones(3), "max"), ValueError, "'mean', 'sum' or 'none'"),
        (lambda: F.cross_entropy(mg.ones(3), np.array([1])), ValueError, r"logits \(N, C\)"),
        (lambda: F.cross_entropy(mg.ones(2, 3), np.ones(2)), ValueError, "float64"),
        (
            lambda: F.cross_entropy(mg.ones(2, 3), np.array([0, 3])),
            ValueError,
            "from 0 to 2, got 0 to 3",
        ),
        (lambda: F.cross_entropy(mg.ones(2, 3), np.array([-1, 0])), ValueError, "got -1 to 0"),
        (lambda: init.xavier_normal_(mg.ones(3)), ValueError, "2 axes"),
        (lambda: init.kaiming_normal_(mg.ones(3, 3), mode="in"), ValueError, "fan_in"),
        (lambda: init.calculate_gain("swish"), ValueError, "'swish'"),
    ],
)
def test_bad_input_gets_one_sentence(call: Any, error: Any, words: str) -> None:
    with pytest.raises(error, match=words) as caught:
        call()
    assert "\n" not in str(caught.value)
