"""Sequential, ModuleList and ModuleDict, beside PyTorch's."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import numpy as np
import pytest

import minigrad as mg
from minigrad import nn


def network() -> nn.Sequential:
    return nn.Sequential(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 3), nn.ReLU())


def test_sequential_is_a_sequence() -> None:
    net = network()
    assert len(net) == 4
    assert isinstance(net[1], nn.Tanh)
    assert isinstance(net[-1], nn.ReLU)
    assert [type(module).__name__ for module in net] == ["Linear", "Tanh", "Linear", "ReLU"]
    assert list(nn.Sequential().children()) == []
    with pytest.raises(IndexError):
        net[4]


def test_a_slice_of_a_sequential_keeps_its_modules_and_their_names() -> None:
    net = network()
    tail = net[2:]
    assert isinstance(tail, nn.Sequential)
    assert list(tail.state_dict()) == ["2.weight", "2.bias"]
    assert tail[0] is net[2]
    x = np.ones((1, 3), np.float32)
    np.testing.assert_array_equal(tail(x).detach(), net[3](net[2](x)).detach())
    assert len(net[::-1]) == 4


def test_modules_of_a_sequential_are_replaced_and_moved_as_in_a_list() -> None:
    net = network()
    net[-1] = nn.Linear(3, 1)
    del net[0]
    net.insert(0, nn.Identity())
    net.append(nn.Sequential())
    assert [type(m).__name__ for m in reversed(net)] == [
        "Sequential", "Linear", "Linear", "Tanh", "Identity",
    ]  # fmt: skip
    assert list(net.state_dict()) == ["2.weight", "2.bias", "3.weight", "3.bias"]
    assert net[1] in net
    assert net(mg.ones(2, 3)).shape == (2, 1)
    assert isinstance(nn.Sequential(network())[0], nn.Sequential)  # one module, not spread out
    assert isinstance(nn.Sequential(nn.ModuleDict())[0], nn.ModuleDict)


def test_sequential_of_a_dict_keeps_its_names() -> None:
    net = nn.Sequential({"first": nn.Linear(2, 2), "bend": nn.Tanh()})
    assert list(net.state_dict()) == ["first.weight", "first.bias"]
    net[0] = nn.Linear(2, 1)
    assert [name for name, _ in net[:1].named_children()] == ["first"]
    assert list(copy.deepcopy(net).state_dict()) == ["first.weight", "first.bias"]
    assert net(mg.ones(1, 2)).shape == (1, 1)
    with mg.detect_anomaly(), pytest.raises(mg.AnomalyError, match=r"in Sequential\.first"):
        net(mg.full((1, 2), np.nan))
    net.append(nn.ReLU())
    assert list(net.state_dict()) == ["0.weight", "0.bias"]


def test_module_list_has_the_methods_of_a_list() -> None:
    layers = nn.ModuleList(nn.Linear(i, i) for i in (1, 2, 3))
    layers.append(nn.Tanh())
    layers.insert(0, nn.ReLU())
    layers.extend([nn.SELU()])
    layers += [nn.ELU()]
    del layers[2]
    layers[-1] = nn.GELU()
    kinds = [type(module).__name__ for module in layers]
    assert kinds == ["ReLU", "Linear", "Linear", "Tanh", "SELU", "GELU"]
    assert list(layers.state_dict()) == ["1.weight", "1.bias", "2.weight", "2.bias"]
    assert list(layers[2:].state_dict()) == ["0.weight", "0.bias"]
    assert isinstance(layers[2:], nn.ModuleList)
    assert isinstance(layers.pop(), nn.GELU)
    with pytest.raises(TypeError, match="ModuleList has no forward"):
        layers(1.0)


def test_module_dict_has_the_methods_of_a_dict() -> None:
    heads = nn.ModuleDict({"a": nn.Linear(1, 1)})
    heads["b"] = nn.Tanh()
    heads.update({"c": nn.PReLU()})
    assert list(heads) == ["a", "b", "c"]
    assert "b" in heads
    assert [type(m).__name__ for m in heads.values()] == ["Linear", "Tanh", "PReLU"]
    del heads["b"]
    assert list(heads.state_dict()) == ["a.weight", "a.bias", "c.weight"]
    assert isinstance(heads.pop("c"), nn.PReLU)


@pytest.mark.parametrize(
    "made", [network, lambda: nn.ModuleList(network()), lambda: nn.ModuleDict(network().items())]
)
def test_containers_are_equal_and_hashed_by_identity_and_are_copied(made: Any) -> None:
    one, other = made(), made()
    assert len({one, other}) == 2
    for again in copy.deepcopy(one), pickle.loads(pickle.dumps(one)):
        assert type(again) is type(one)
        assert repr(again) == repr(one)
        for (name, p), (key, q) in zip(
            again.state_dict().items(), one.state_dict().items(), strict=True
        ):
            assert name == key
            np.testing.assert_array_equal(p, q)
            assert not np.shares_memory(p.numpy(), q.numpy())


def test_repr_is_a_tree() -> None:
    assert repr(nn.Sequential(nn.Linear(2, 1), nn.Sequential(nn.ReLU()))) == (
        "Sequential(\n"
        "  (0): Linear(in_features=2, out_features=1, bias=True)\n"
        "  (1): Sequential(\n"
        "    (0): ReLU()\n"
        "  )\n"
        ")"
    )
    norm = "BatchNorm1d(num_features=3, eps=1e-05, momentum=0.1)"
    assert repr(nn.BatchNorm1d(3)) == repr(nn.BatchNorm1d(3).eval()) == norm
    torch = pytest.importorskip("torch", reason="PyTorch is an optional peer")

    def built(library: Any) -> Any:
        return library.Sequential(
            library.Linear(2, 3, bias=False),
            library.ModuleDict({"x": library.LeakyReLU(0.2), "y": library.Softmax(dim=-1)}),
            library.Sequential(library.Flatten(), library.Identity(), library.Embedding(3, 2)),
            library.ModuleList([library.GELU("tanh"), library.MSELoss()]),
            library.Embedding(4, 2),
            library.Sequential(),
        )

    assert repr(built(nn)) == repr(built(torch.nn))
