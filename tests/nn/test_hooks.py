"""Hooks of modules, beside PyTorch's."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import minigrad as mg
from minigrad import nn, tensor


class Product(nn.Module):
    """Two inputs, one of them perhaps no tensor, and two outputs."""

    def forward(self, x: Any, y: Any, factor: float = 1.0) -> Any:
        return x * y * factor, x + y


def bare(value: Any) -> Any:
    return None if value is None else np.asarray(value).copy()


def test_forward_hooks_see_and_replace() -> None:
    net, seen = nn.Sequential(nn.Tanh(), nn.Linear(2, 2)), []
    x = mg.ones(1, 2)
    handles = [
        net[0].register_forward_pre_hook(lambda module, args: seen.append(("before", len(args)))),
        net[0].register_forward_pre_hook(lambda module, args: args[0] * 0.0),
        net[0].register_forward_hook(lambda module, args, z: seen.append(("after", z.tolist()))),
        net[0].register_forward_hook(lambda module, args, z: z + 5.0),
    ]
    np.testing.assert_array_equal(net(x).detach(), net[1](mg.full((1, 2), 5.0)).detach())
    assert seen == [("before", 1), ("after", [[0.0, 0.0]])]
    for handle in handles:
        handle.remove()
    np.testing.assert_array_equal(net(x).detach(), net[1](np.tanh(x)).detach())
    assert len(seen) == 2


def recorded(library: Any, x: Any, y: Any, answer: Any = None) -> tuple[list[Any], Any, Any]:
    """What a full backward hook of a product sees, and the gradients that arrive."""
    seen: list[Any] = []

    class Multiply(library.nn.Module):  # type: ignore[misc,name-defined]
        forward = Product.forward

    module = Multiply()

    def hook(owner: Any, grad_input: Any, grad_output: Any) -> Any:
        assert owner is module
        seen.append(([bare(g) for g in grad_input], [bare(g) for g in grad_output]))
        return (
            None if answer is None else tuple(None if g is None else g * answer for g in grad_input)
        )

    module.register_full_backward_hook(hook)
    z, total = module(x, y, 2.0)
    (z * z).sum().backward(retain_graph=True)
    (z.sum() + 3.0 * total.sum()).backward()
    return seen, bare(x.grad), bare(getattr(y, "grad", None))


@pytest.mark.parametrize("tracked", [(True, True), (True, False), (False, True)])
@pytest.mark.parametrize("answer", [None, 10.0])
def test_full_backward_hooks_see_and_replace_what_pytorchs_do(tracked: Any, answer: Any) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is an optional peer")
    arrays = np.array([1.0, 2.0, 3.0]), np.array([[0.5, 1.0, 2.0]])

    def run(library: Any) -> Any:
        x, y = (library.tensor(a, requires_grad=on) for a, on in zip(arrays, tracked, strict=True))
        scale = None if answer is None else library.tensor(answer, dtype=library.float64)
        return recorded(library, x, y, None if scale is None else answer)

    ours, *mine = run(mg)
    theirs, *yours = run(torch)
    assert len(ours) == len(theirs) == 2
    for own, other in zip(ours, theirs, strict=True):
        for one, two in zip(own, other, strict=True):  # of inputs, then of outputs
            for g, h in zip(
                one, two, strict=True
            ):  # where PyTorch has None we have 0, or vice versa
                np.testing.assert_allclose(0.0 if g is None else g, 0.0 if h is None else h)
    for g, h in zip(mine, yours, strict=True):
        if h is not None:
            np.testing.assert_allclose(g, h, rtol=1e-14)


def test_all_gradients_of_a_module_of_two_inputs_come_to_one_call_and_can_be_changed() -> None:
    module, seen = Product(), []
    module.register_full_backward_hook(lambda *given: seen.append(given[1:]))
    module.register_full_backward_hook(lambda module, grads, _: (grads[0] * 2.0, grads[1] * 3.0))
    x = tensor(np.array([1.0, 2.0], np.float32), requires_grad=True)
    y = tensor(np.array([[5.0]]), requires_grad=True)
    z, total = module(x, y)
    assert z.dtype == np.float64
    (z.sum() + 10.0 * total.sum()).backward()
    (((gx, gy), (gz, gt)),) = seen
    assert (gx.tolist(), gy.tolist()) == ([15.0, 15.0], [[23.0]])
    assert (gz.tolist(), gt.tolist()) == ([[1.0, 1.0]], [[10.0, 10.0]])
    assert (x.grad.tolist(), y.grad.tolist()) == ([30.0, 30.0], [[69.0]])
    assert (x.grad.dtype, y.grad.dtype) == (np.float32, np.float64)


def test_a_full_backward_hook_of_a_first_layer_sees_the_error_too() -> None:
    layer, seen = nn.Linear(2, 1), []
    layer.register_full_backward_hook(lambda module, *grads: seen.append(grads))
    layer(mg.ones(3, 2)).sum().backward()
    ((grad_input, grad_output),) = seen
    assert grad_input == (None,)
    assert grad_output[0].tolist() == [[1.0]] * 3


def test_hooks_leave_values_dtypes_and_gradients_alone() -> None:
    def gradients(watched: bool) -> list[Any]:
        mg.manual_seed(0)
        net = nn.Sequential(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 1))
        x = tensor(np.ones((4, 2), np.float32), requires_grad=True)
        for module in net.modules() if watched else ():
            module.register_full_backward_hook(lambda *_: None)
            module.register_forward_hook(lambda *_: None)
            module.register_forward_pre_hook(lambda *_: None)
        z = net(x)
        z.sum().backward()
        return [z.detach().numpy(), *(bare(p.grad) for p in (x, *net.parameters()))]

    for plain, watched in zip(gradients(False), gradients(True), strict=True):
        np.testing.assert_array_equal(plain, watched)
        assert plain.dtype == watched.dtype


def test_full_backward_hooks_are_on_the_tape() -> None:
    module = nn.Tanh()
    module.register_full_backward_hook(
        lambda module, grad_input, grad_output: (2.0 * grad_input[0],)
    )
    x = tensor(np.array([0.3]), requires_grad=True)
    (g,) = mg.autograd.grad(module(x).sum(), x, create_graph=True)
    t = np.tanh(0.3)
    np.testing.assert_allclose(g.detach(), 2 * (1 - t * t))
    np.testing.assert_allclose(mg.autograd.grad(g.sum(), x)[0], 4 * -2 * t * (1 - t * t))


def test_hooks_and_names_of_anomalies_go_together() -> None:
    net = nn.Sequential(nn.Sequential(nn.ReLU()))
    net[0][0].register_forward_hook(lambda module, args, z: np.log(z))
    named = pytest.raises(mg.AnomalyError, match=r"in Sequential\.0\.0")
    with mg.detect_anomaly(), np.errstate(divide="ignore"), named:
        net(tensor([0.0]))


def test_a_call_without_hooks_keeps_no_graph_alive() -> None:
    net = nn.Tanh()
    handle = net.register_forward_hook(lambda *_: None)
    handle.remove()
    assert net(mg.ones(1)).shape == (1,)
