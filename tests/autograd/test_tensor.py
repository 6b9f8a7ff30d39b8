"""The tensor: PyTorch's names, Python's protocols, NumPy's methods."""

from __future__ import annotations

import copy
import operator
import pickle
from typing import Any

import numpy as np
import pytest

import minigrad as mg
from minigrad import Tensor, tensor
from minigrad.autograd import grad
from minigrad.nn import Parameter


def leaf(*values: float) -> Tensor:
    return tensor(np.array(values), requires_grad=True)


# --- backward and grad --------------------------------------------------------------------------


def test_backward_takes_a_gradient_of_the_shape_of_its_tensor() -> None:
    x = leaf(1.0, 2.0)
    (x * x).backward(np.array([1.0, 10.0]))
    np.testing.assert_array_equal(x.grad, [2.0, 40.0])
    (x * x).backward(tensor([1.0, 10.0]))
    np.testing.assert_array_equal(x.grad, [4.0, 80.0])


def test_backward_refuses_what_it_cannot_use() -> None:
    x = leaf(1.0, 2.0)
    with pytest.raises(ValueError, match=r"one element, got shape \(2,\)"):
        (x * x).backward()
    with pytest.raises(ValueError, match=r"shape \(2,\).*got \(3,\)"):
        (x * x).backward(np.ones(3))
    with pytest.raises(RuntimeError, match="requires grad"):
        x.detach().sum().backward()
    with mg.no_grad():
        y = x.sum()
    with pytest.raises(RuntimeError, match="requires_grad_"):
        y.backward()


def test_grad_gives_gradients_and_touches_nothing() -> None:
    x, y = leaf(1.0, 2.0), leaf(3.0, 4.0)
    h = x * y
    gx, gh = grad((h * h).sum(), [x, h])
    np.testing.assert_array_equal(gx, 2.0 * np.array([1.0, 2.0]) * np.array([9.0, 16.0]))
    np.testing.assert_array_equal(gh, 2.0 * np.array([3.0, 8.0]))
    assert x.grad is None
    assert h.grad is None


def test_grad_weighs_outputs_with_grad_outputs() -> None:
    x = leaf(1.0, 2.0)
    (g,) = grad([x * x, x.sum()], x, [np.array([1.0, 2.0]), None])
    np.testing.assert_array_equal(g, [3.0, 9.0])
    (g,) = grad(x * x, [x], np.array([1.0, 2.0]))
    np.testing.assert_array_equal(g, [2.0, 8.0])


def test_grad_of_an_unused_input_raises_or_is_none() -> None:
    x, y = leaf(1.0), leaf(2.0)
    with pytest.raises(RuntimeError, match=r"inputs \[1\].*allow_unused=True"):
        grad((x * x).sum(), [x, y])
    assert grad((x * x).sum(), [x, y], allow_unused=True)[1] is None
    with pytest.raises(RuntimeError, match="input 0"):
        grad(x.sum(), [x.detach()])


def test_grad_of_an_inner_tensor_leaves_the_rest_of_the_graph() -> None:
    x = leaf(1.0, 2.0)
    h = np.exp(x)
    grad((h * h).sum(), h)
    h.sum().backward()
    np.testing.assert_array_equal(x.grad, np.exp([1.0, 2.0]))


def test_gradients_of_higher_order() -> None:
    x = leaf(0.5)
    y, wanted = np.sin(x).sum(), [np.cos(0.5), -np.sin(0.5), -np.cos(0.5), np.sin(0.5)]
    for value in wanted:
        (y,) = grad(y, x, create_graph=True, grad_outputs=None if y.ndim == 0 else np.ones(1))
        np.testing.assert_allclose(y.detach(), [value], rtol=1e-15)


def test_create_graph_accumulates_on_the_tape() -> None:
    x = leaf(2.0)
    (x**3).sum().backward(create_graph=True)
    (x**2).sum().backward(create_graph=True)
    assert x.grad is not None
    assert x.grad.requires_grad
    (curvature,) = grad(x.grad.sum(), x)
    np.testing.assert_array_equal(curvature, [14.0])
    x.grad = None
    (x**2).sum().backward()
    assert x.grad is not None
    assert not x.grad.requires_grad


def test_a_plain_pass_adds_to_a_recorded_gradient() -> None:
    x = leaf(2.0)
    (x**3).sum().backward(create_graph=True)
    (x**2).sum().backward()
    np.testing.assert_array_equal(np.asarray(x.grad.detach()), [16.0])


def test_gradients_reach_a_leaf_by_many_paths_once() -> None:
    x = leaf(1.0, 2.0)
    h = x * 2.0
    for _ in range(4):
        h = h + h * x
    h.sum().backward()
    reference = mg.func.grad(lambda a: np.sum(2.0 * a * (1.0 + a) ** 4))(np.array([1.0, 2.0]))
    np.testing.assert_allclose(x.grad, reference, rtol=1e-14)


# --- hooks and retained gradients ---------------------------------------------------------------


def test_hooks_see_and_replace_the_gradient() -> None:
    x = leaf(1.0, 2.0)
    h = x * 3.0
    seen: list[Any] = []
    first = h.register_hook(lambda g: seen.append(g.tolist()))
    h.register_hook(lambda g: g * 10.0)
    x.register_hook(lambda g: g + 1.0)
    (h * 2.0).sum().backward(retain_graph=True)
    np.testing.assert_array_equal(x.grad, [61.0, 61.0])
    assert seen == [[2.0, 2.0]]
    first.remove()
    first.remove()
    (h * 2.0).sum().backward()
    assert seen == [[2.0, 2.0]]


def test_hooks_whose_handles_are_dropped_are_all_called() -> None:
    x, seen = leaf(1.0), []
    for name in "first second third".split():
        x.register_hook(lambda g, name=name: seen.append(name))
    (x * 2.0).sum().backward()
    assert seen == ["first", "second", "third"]


def test_hooks_work_on_the_tape() -> None:
    x = leaf(2.0)
    h = x * x
    h.register_hook(lambda g: g * x)
    (g,) = grad(h.sum(), x, create_graph=True)
    np.testing.assert_array_equal(g.detach(), [8.0])
    np.testing.assert_array_equal(grad(g.sum(), x)[0], [8.0])


def test_a_hook_cannot_do_harm() -> None:
    x = leaf(1.0, 2.0)
    h = x * 1.0
    h.register_hook(lambda g: g.data.fill_(0.0))
    with pytest.raises(ValueError, match="read-only"):
        h.sum().backward()
    h = x * 1.0
    h.register_hook(lambda g: g.sum())
    with pytest.raises(ValueError, match=r"shape \(2,\), got \(\)"):
        h.sum().backward()
    with pytest.raises(RuntimeError, match="register_hook expects"):
        x.detach().register_hook(print)


def test_retained_gradients() -> None:
    x = leaf(1.0, 2.0)
    h = x * 3.0
    h.retain_grad()
    (h * h).sum().backward()
    np.testing.assert_array_equal(h.grad, [6.0, 12.0])
    assert not np.shares_memory(h.grad, x.grad)
    with pytest.raises(RuntimeError, match="retain_grad expects"):
        x.detach().retain_grad()


# --- what it is ---------------------------------------------------------------------------------


def test_leaf_and_grad_fn() -> None:
    x = leaf(1.0)
    y = np.sin(x) * 2.0
    assert x.is_leaf
    assert x.grad_fn is None
    assert not y.is_leaf
    assert repr(y.grad_fn) == "<multiply>"
    assert y.detach().is_leaf
    assert not y.detach().requires_grad


def test_requires_grad_is_set_and_unset_on_leaves() -> None:
    x = tensor([1.0])
    assert x.requires_grad_() is x
    x.requires_grad = False
    assert not x.requires_grad
    x.requires_grad = True
    y = x * 2.0
    assert y.requires_grad_() is y
    with pytest.raises(RuntimeError, match="detach"):
        y.requires_grad_(False)


def test_data_shares_memory_and_is_assigned_by_copy() -> None:
    x = leaf(1.0, 2.0)
    assert np.shares_memory(x.data, x.detach())
    assert not x.data.requires_grad
    x.data -= 1.0
    x.data = np.array([5.0, 6.0])
    assert x.requires_grad
    np.testing.assert_array_equal(x.detach(), [5.0, 6.0])
    with pytest.raises(ValueError, match=r"data expects.*\(2,\).*got \(3,\)"):
        x.data = np.ones(3)


def test_grad_is_assigned_by_copy_and_checked() -> None:
    x, g = leaf(1.0, 2.0), np.array([3.0, 4.0])
    x.grad = tensor(g)
    g[0] = 9.0
    np.testing.assert_array_equal(x.grad, [3.0, 4.0])
    with pytest.raises(ValueError, match="grad expects"):
        x.grad = np.ones(3)
    x.grad = None
    assert x.grad is None


def test_clone_is_a_copy_on_the_tape() -> None:
    x = leaf(1.0, 2.0)
    y = x.clone()
    assert not np.shares_memory(x.detach(), y.detach())
    (y * y).sum().backward()
    np.testing.assert_array_equal(x.grad, [2.0, 4.0])


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (tensor([1.0, 2.5]), "tensor([1. , 2.5])"),
        (tensor([1.0, 2.5], requires_grad=True), "tensor([1. , 2.5], requires_grad=True)"),
        (tensor(0.02949), "tensor(0.0295)"),
        (tensor([1, 2]), "tensor([1, 2])"),
        (tensor([True]), "tensor([ True])"),
        (tensor(np.array([1.0])), "tensor([1.], dtype=float64)"),
        (tensor(np.ones(1, np.float16)), "tensor([1.], dtype=float16)"),
        (mg.zeros(0), "tensor([])"),
        (mg.zeros(0, 3), "tensor([], shape=(0, 3))"),
        (leaf(1.0) * 2.0, "tensor([2.], dtype=float64, grad_fn=<multiply>)"),
    ],
)
def test_repr(value: Tensor, text: str) -> None:
    assert repr(value) == text


def test_format() -> None:
    assert f"{tensor(0.5):.3f}" == "0.500"
    assert f"{tensor(np.float32(0.1))}" == "0.10000000149011612"
    assert f"{tensor([1.0])}" == "tensor([1.])"


def test_python_numbers() -> None:
    assert float(tensor(2.5)) == 2.5
    assert int(tensor([3])) == 3
    assert bool(tensor(0.0)) is False
    assert tensor([[7]]).item() == 7
    assert [10, 20, 30][tensor(1)] == 20
    assert tensor([[1, 2], [3, 4]]).tolist() == [[1, 2], [3, 4]]
    for convert in float, int, bool, Tensor.item:
        with pytest.raises(ValueError, match=r"one element.*got shape \(2,\)"):
            convert(tensor([1.0, 2.0]))
    with pytest.raises(TypeError):
        [10, 20, 30][tensor(1.0)]


def test_length_iteration_and_membership() -> None:
    t = leaf(1.0, 2.0, 3.0)
    assert len(t) == 3
    assert [x.item() for x in t] == [1.0, 2.0, 3.0]
    a, b, _ = t
    (a * b).backward()
    np.testing.assert_array_equal(t.grad, [2.0, 1.0, 0.0])
    assert 2.0 in t
    assert 5.0 not in t
    with pytest.raises(TypeError, match="axis"):
        len(tensor(1.0))


def test_comparison_is_elementwise_and_hash_is_identity() -> None:
    t = leaf(1.0, 2.0)
    same = t == tensor([1.0, 5.0])
    assert isinstance(same, Tensor)
    assert not same.requires_grad
    assert same.tolist() == [True, False]
    assert (t != 1.0).tolist() == [False, True]
    assert {t: 1}[t] == 1
    assert hash(t) != hash(t.detach())


def test_leaves_are_copied_and_pickled() -> None:
    x = leaf(1.0, 2.0)
    (x * x).sum().backward()
    for other in pickle.loads(pickle.dumps(x)), copy.deepcopy(x):
        assert other.requires_grad
        assert not np.shares_memory(other.detach(), x.detach())
        np.testing.assert_array_equal(other.grad, x.grad)
        (other * other).sum().backward()
        np.testing.assert_array_equal(x.grad, [2.0, 4.0])
    assert np.shares_memory(copy.copy(x).detach(), x.detach())
    parameter = pickle.loads(pickle.dumps(Parameter(mg.ones(2))))
    assert isinstance(parameter, Parameter)
    both = copy.deepcopy([x, x])
    assert both[0] is both[1]
    with pytest.raises(RuntimeError, match=r"leaf.*multiply.*detach"):
        copy.deepcopy(x * 2.0)


# --- operators and methods ----------------------------------------------------------------------


OPERATORS = (operator.add, operator.sub, operator.mul, operator.truediv, operator.mod, operator.pow)


@pytest.mark.parametrize("symbol", OPERATORS)
def test_operators_with_numbers_arrays_and_lists_on_either_side(symbol: Any) -> None:
    for other in 2.0, 3, np.float64(1.5), np.array([1.5, 2.5]), [1.5, 2.5], leaf(1.5, 2.5):
        array = np.array([0.5, 1.25])
        bare = np.asarray(other.detach() if isinstance(other, Tensor) else other)
        t = tensor(array, requires_grad=True)
        left, right = symbol(t, other), symbol(other, t)
        np.testing.assert_array_equal(left.detach(), symbol(array, bare))
        np.testing.assert_allclose(right.detach(), symbol(bare, array), rtol=1e-15)
        assert left.requires_grad
        assert right.requires_grad


def test_operators_refuse_what_is_not_a_number() -> None:
    t = leaf(1.0)
    for other in "a", None, {}, object():
        with pytest.raises(TypeError):
            t + other
        with pytest.raises(TypeError):
            other * t
        assert (t == other).tolist() == [False]


def test_constant_operators_and_bit_operators() -> None:
    t = leaf(5.0, -7.0)
    assert (t // 2.0).tolist() == [2.0, -4.0]
    assert not (t // 2.0).requires_grad
    assert (t % 2.0).tolist() == [1.0, 1.0]
    assert (~(t > 0) | (t < 0) & (t > -9)).tolist() == [False, True]


def test_a_number_to_a_power_keeps_float32() -> None:
    for exponent in 2, 3, 0.5, -1:
        x = tensor([1.0, 4.0], requires_grad=True)
        y = x**exponent
        (g,) = grad(y.sum(), x, create_graph=True)
        assert (y.dtype, g.dtype) == (np.float32, np.float32)
        np.testing.assert_allclose(
            g.detach(), exponent * np.array([1.0, 4.0]) ** (exponent - 1), rtol=1e-6
        )


METHODS = {
    "all": (), "any": (), "argmax": (), "argmin": (0,), "argpartition": (1,), "argsort": (),
    "astype": (np.float32,), "clip": (0.0, 1.0), "compress": ([True, False], 0), "conj": (),
    "conjugate": (), "copy": (), "cumprod": (1,), "cumsum": (), "diagonal": (), "dot": (np.eye(3),),
    "flatten": (), "max": (0,), "mean": (), "min": (), "nonzero": (), "prod": (), "ravel": (),
    "repeat": (2, 0), "reshape": (3, 2), "round": (1,), "squeeze": (), "std": (0,), "sum": (1,),
    "swapaxes": (0, 1), "take": ([0, 2],), "trace": (), "transpose": (1, 0), "var": (),
}  # fmt: skip


@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize("requires_grad", [False, True])
def test_methods_agree_with_ndarray(name: str, requires_grad: bool) -> None:
    array = np.array([[0.3, -1.2, 2.0], [0.7, 1.1, -0.4]])
    t = tensor(array, requires_grad=requires_grad)
    result = getattr(t, name)(*METHODS[name])
    wanted = getattr(array, name)(*METHODS[name])
    for one, other in zip(
        result if isinstance(result, tuple) else [result],
        wanted if isinstance(wanted, tuple) else [wanted],
        strict=True,
    ):
        assert isinstance(one, Tensor)
        np.testing.assert_allclose(one.detach(), other, rtol=1e-15)


def test_methods_cover_what_ndarray_has() -> None:
    elsewhere = {  # bytes and memory layout, no mathematics
        "base", "byteswap", "choose", "ctypes", "data", "device", "dump", "dumps", "flags", "flat",
        "getfield", "itemsize", "nbytes", "put", "resize", "setfield", "setflags", "strides",
        "to_device", "tobytes", "tofile", "tostring", "view",
    }  # fmt: skip
    found = np.ones((2, 2))  # NumPy 2.0 lists names that it no longer has
    public = {name for name in dir(found) if not name.startswith("_") and hasattr(found, name)}
    missing = {name for name in public if not hasattr(mg.ones(2, 2), name)} - elsewhere
    assert missing == set()


def test_changing_methods() -> None:
    t = tensor([3.0, 1.0, 2.0])
    t.sort()
    assert t.tolist() == [1.0, 2.0, 3.0]
    t.partition(1)
    t.fill(4.0)
    t.fill_(5.0)
    t.copy_(tensor([1.0, 2.0, 3.0]))
    t[1:] = 0.0
    assert t.tolist() == [1.0, 0.0, 0.0]
    assert t.zero_().tolist() == [0.0, 0.0, 0.0]
    t /= 2.0
    t **= 2
    assert t.tolist() == [0.0, 0.0, 0.0]


def test_shape_attributes() -> None:
    t = mg.zeros(2, 3)
    assert (t.shape, t.ndim, t.size, t.dtype) == ((2, 3), 2, 6, np.float32)
    assert (t.T.shape, t.mT.shape, t.real.shape) == ((3, 2), (3, 2), (2, 3))
    assert t.imag.tolist() == t.tolist()


def test_to_half_float_and_double_convert_on_the_tape() -> None:
    x = tensor([1.0, 2.0], requires_grad=True)
    assert x.to(np.float32) is x
    assert x.float() is x
    assert (x.half().dtype, x.double().dtype) == (np.float16, np.float64)
    (x.double() * 3.0).sum().backward()
    np.testing.assert_array_equal(x.grad, [3.0, 3.0])
