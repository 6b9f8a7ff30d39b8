"""The module: its parts, what is done to all of them, and what is loaded into them."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import numpy as np
import pytest

import minigrad as mg
from minigrad import nn, tensor
from minigrad.nn import functional as F


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


def test_a_trajectory_of_50_steps_is_pytorchs() -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is an optional peer")

    def train(library: Any, net: Any, x: Any, labels: Any) -> list[float]:
        loss_of, losses = library.nn.CrossEntropyLoss(label_smoothing=0.1), []
        for _ in range(50):
            loss = loss_of(net(x), labels)
            net.zero_grad()
            loss.backward()
            for p in net.parameters():
                p.data -= 0.5 * p.grad
            losses.append(loss.item())
        return losses

    for dtype, tolerance in (np.float64, 1e-10), (np.float32, 1e-5):
        net = network(dtype=dtype)
        twin = torch.nn.Sequential(
            torch.nn.Linear(3, 5), torch.nn.Tanh(), torch.nn.Linear(5, 4), torch.nn.Sigmoid(),
            torch.nn.Linear(4, 2),
        ).to(torch.float64 if dtype == np.float64 else torch.float32)  # fmt: skip
        arrays = {k: torch.tensor(v.numpy()) for k, v in net.state_dict().items()}
        twin.load_state_dict(arrays)
        x = X.astype(dtype)
        ours = train(mg, net, tensor(x), tensor(LABELS))
        theirs = train(torch, twin, torch.tensor(x), torch.tensor(LABELS))
        np.testing.assert_allclose(ours, theirs, rtol=tolerance)
        for (name, p), q in zip(net.named_parameters(), twin.parameters(), strict=True):
            np.testing.assert_allclose(
                p.detach(), q.detach(), rtol=tolerance, atol=tolerance, err_msg=name
            )


# --- parts --------------------------------------------------------------------------------------


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
    assert [name for name, _ in two.named_children()] == ["left"]
    two.left = nn.Linear(2, 3)  # an attribute replaced is a part replaced
    names = [name for name, _ in two.named_parameters()]
    assert names == ["scale", "left.weight", "left.bias", "right.weight", "right.bias"]
    assert next(two.named_parameters("net"))[0] == "net.scale"
    two.extra = nn.Tanh()
    assert [name for name, _ in two.named_children()] == ["left", "right", "extra"]


def furnish(self: Any, library: Any) -> None:
    """One of every kind of part, a child first."""
    self.child = library.nn.Linear(2, 3)
    self.tied = self.child
    self.register_buffer("mean", library.zeros(3))
    self.weight = library.nn.Parameter(library.ones(2))
    self.none = None
    self.register_buffer("absent", None)
    self.register_buffer("passing", library.zeros(1), persistent=False)
    self.head = library.nn.ModuleDict({"a": library.nn.PReLU(), "b": library.nn.ReLU()})
    self.tail = library.nn.ModuleList([library.nn.Embedding(3, 2)])
    self.row = library.nn.Sequential(library.nn.Linear(2, 2, bias=False), library.nn.Tanh())


class Mixed(nn.Module):
    def __init__(self) -> None:
        furnish(self, mg)


def test_names_and_order_of_all_parts_are_pytorchs() -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is an optional peer")
    ours, theirs = Mixed(), torch.nn.Module()
    furnish(theirs, torch)
    for kind in "named_parameters", "named_buffers", "named_modules", "named_children":
        names = [[name for name, _ in getattr(net, kind)()] for net in (ours, theirs)]
        assert names[0] == names[1], kind
    assert list(ours.state_dict()) == list(theirs.state_dict())
    assert repr(ours) == repr(theirs).replace("Module(", "Mixed(", 1)
    assert len(list(ours.buffers())) == 2
    assert len(list(ours.children())) == 4
    assert len(list(ours.modules())) == 10


def test_parts_in_plain_lists_and_dicts_are_found_under_the_names_of_module_lists() -> None:
    class Listed(nn.Module):
        def __init__(self) -> None:
            self.layers = [nn.Linear(2, 2), (nn.Linear(2, 1, bias=False),)]
            self.scales = {"in": nn.Parameter(mg.ones(1))}
            self.history = [0.5, "text", None]

    names = [name for name, _ in Listed().named_parameters()]
    assert names == ["scales.in", "layers.0.weight", "layers.0.bias", "layers.1.0.weight"]
    assert not any(m.training for m in Listed().eval().modules())


def test_a_buffer_is_a_part_and_not_a_parameter() -> None:
    mixed = Mixed()
    assert isinstance(mixed.mean, nn.Buffer)
    assert not mixed.mean.requires_grad
    assert [name for name, _ in mixed.named_buffers()] == ["mean", "passing"]
    mixed.mean[...] = 2.0
    assert mixed.state_dict()["mean"].tolist() == [2.0] * 3
    for again in copy.deepcopy(mixed), pickle.loads(pickle.dumps(mixed)):
        assert list(again.state_dict()) == list(mixed.state_dict())
        assert again.passing.persistent is False


def test_parameters_are_made_of_tensors_arrays_and_numbers() -> None:
    assert nn.Parameter(1.5).dtype == np.float32
    assert nn.Parameter(np.ones(2)).dtype == np.float64
    assert not nn.Parameter(mg.ones(2), requires_grad=False).requires_grad
    with pytest.raises(TypeError, match="floats, got int64"):
        nn.Parameter(mg.arange(3))


# --- what is done to all ------------------------------------------------------------------------


def test_train_eval_and_zero_grad_reach_every_module() -> None:
    net = network()
    assert net.training
    assert net.eval() is net
    assert not any(module.training for module in net.modules())
    net.train()
    assert all(module.training for module in net.modules())
    net(X).sum().backward()
    assert all(parameter.grad is not None for parameter in net.parameters())
    net[0].weight.grad = None
    net.zero_grad(set_to_none=False)
    assert net[0].weight.grad is None
    assert net[0].bias.grad.tolist() == [0.0] * 5
    net.zero_grad()
    assert all(parameter.grad is None for parameter in net.parameters())
    assert net.requires_grad_(False) is net
    assert not net(X).requires_grad
    assert net.requires_grad_()(X).requires_grad


def test_apply_comes_to_children_first() -> None:
    seen: list[str] = []
    net = nn.Sequential(nn.Tanh(), nn.Sequential(nn.ReLU()))
    assert net.apply(lambda module: seen.append(type(module).__name__)) is net
    assert seen == ["Tanh", "ReLU", "Sequential", "Sequential"]


def test_conversion_keeps_parameters_and_converts_gradients_and_buffers() -> None:
    net = Mixed()
    net.register_buffer("count", mg.tensor([1]))
    optimized = list(net.parameters())
    before = net.child(mg.ones(1, 2))
    net.child(mg.ones(1, 2)).sum().backward()
    assert net.double() is net
    assert all(a is b for a, b in zip(net.parameters(), optimized, strict=True))
    assert {p.dtype for p in net.parameters()} == {np.dtype(np.float64)}
    assert net.mean.dtype == np.float64
    assert net.count.dtype == np.int64
    assert net.child.weight.grad.dtype == np.float64
    after = net.child(mg.ones(1, 2, dtype=np.float64))
    np.testing.assert_allclose(after.detach(), before.detach(), rtol=1e-6)
    net.zero_grad()
    after.sum().backward()
    assert net.child.weight.grad.dtype == np.float64
    assert net.half().child.weight.dtype == np.float16
    assert net.float().child.weight.dtype == np.float32
    assert net.to(np.float64).child.bias.dtype == np.float64


# --- state --------------------------------------------------------------------------------------


def test_the_state_shares_memory_and_is_loaded_by_copying() -> None:
    net, other = network(0), network(1)
    state = net.state_dict()
    assert np.shares_memory(state["0.weight"].numpy(), net[0].weight.detach().numpy())
    assert not state["0.weight"].requires_grad
    parameters = list(other.parameters())
    passed = other.load_state_dict(state)
    assert passed == ([], [])
    assert passed.missing_keys == []
    for own, p, q in zip(parameters, other.parameters(), net.parameters(), strict=True):
        assert own is p
        np.testing.assert_array_equal(p.detach(), q.detach())
        assert not np.shares_memory(p.detach().numpy(), q.detach().numpy())
    reverse = state["2.bias"].numpy()[::-1].copy()
    net.load_state_dict({**state, "2.bias": state["2.bias"].numpy()[::-1]})  # what is written into
    np.testing.assert_array_equal(net[2].bias.detach(), reverse)
    float32 = {k: v.numpy().astype(np.float32) for k, v in state.items()}  # arrays, converted
    other.load_state_dict(float32)
    assert other[0].weight.dtype == np.float64


def test_all_that_does_not_fit_is_one_error_and_nothing_is_loaded() -> None:
    net = network()
    before = {k: v.numpy().copy() for k, v in net.state_dict().items()}
    state = {k: v + 1.0 for k, v in before.items() if k != "4.bias"}
    state |= {"5.weight": np.ones(1), "0.weight": np.ones((3, 5))}
    wanted = (
        r"Sequential.load_state_dict expects .* got no 4.bias, an unexpected 5.weight, "
        r"0.weight of shape \(3, 5\) for \(5, 3\); nothing was loaded"
    )
    with pytest.raises(ValueError, match=wanted):
        net.load_state_dict(state)
    with pytest.raises(ValueError, match=r"got 0.weight of shape \(3, 5\) for \(5, 3\); nothing"):
        net.load_state_dict(state, strict=False)
    with pytest.raises(ValueError, match="could not convert"):
        net.load_state_dict({**before, "4.bias": np.array(["a", "b"])})
    for k, v in net.state_dict().items():
        np.testing.assert_array_equal(v, before[k])
    del state["0.weight"]
    passed = net.load_state_dict(state, strict=False)
    assert passed.missing_keys == ["0.weight", "4.bias"]
    assert passed.unexpected_keys == ["5.weight"]
    np.testing.assert_array_equal(net[2].bias.detach(), before["2.bias"] + 1.0)


def test_loading_between_forward_and_backward_is_found() -> None:
    net = network()
    loss = net(X).sum()
    net.load_state_dict(network(1).state_dict())
    with pytest.raises(RuntimeError, match="changed in place"):
        loss.backward()


def test_a_state_goes_to_pytorch_and_back() -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is an optional peer")
    twin = torch.nn.Sequential(torch.nn.Linear(3, 5), torch.nn.PReLU(5), torch.nn.Embedding(4, 2))
    net = nn.Sequential(nn.Linear(3, 5), nn.PReLU(5), nn.Embedding(4, 2))
    net.load_state_dict(twin.state_dict())
    for p, q in zip(net.parameters(), twin.parameters(), strict=True):
        np.testing.assert_array_equal(p.detach(), q.detach())


# --- calls --------------------------------------------------------------------------------------


def test_modules_run_on_arrays_too() -> None:
    assert type(F.relu(X)) is np.ndarray
    assert network()(X).requires_grad
    with mg.no_grad():
        assert not network()(X).requires_grad


def test_anomalies_are_named_by_path_through_containers() -> None:
    class Root(nn.Module):
        def forward(self, x: Any) -> Any:
            return np.sqrt(x)

    class Net(nn.Module):
        def __init__(self) -> None:
            self.layers = nn.ModuleList([nn.Tanh(), nn.Sequential(Root())])
            self.heads = nn.ModuleDict({"out": Root()})
            self.plain = [Root()]

        def forward(self, x: Any, where: str) -> Any:
            return {"heads": self.heads["out"], "list": self.layers[1], "plain": self.plain[0]}[
                where
            ](x)

    net, x = Net(), tensor([-1.0])
    for where, path in ("heads", "heads.out"), ("list", "layers.1.0"), ("plain", "plain.0"):
        named = pytest.raises(mg.AnomalyError, match=rf"in Net\.{path}(;|$)")
        with mg.detect_anomaly(), np.errstate(invalid="ignore"), named:
            net(x, where)
