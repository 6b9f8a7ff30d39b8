"""The engine's contract, a section for each of its ten lines."""

from __future__ import annotations

import asyncio
import gc
import sys
import threading
import weakref
from typing import Any

import numpy as np
import pytest

import minigrad as mg
from minigrad import Tensor, tensor
from minigrad.autograd import grad


def leaf(*values: float, dtype: Any = np.float64) -> Tensor:
    return tensor(np.array(values, dtype), requires_grad=True)


# --- 1. iterative everywhere --------------------------------------------------------------------


def test_a_chain_of_100_000_operations_is_built_walked_back_and_freed() -> None:
    depth = 100_000
    assert depth > sys.getrecursionlimit()
    x = leaf(1.0)
    y = x
    for _ in range(depth):
        y = y * 1.00001
    y.backward(retain_graph=True)
    assert x.grad is not None
    np.testing.assert_allclose(x.grad.numpy(), 1.00001**depth, rtol=1e-9)
    node = weakref.ref(y.grad_fn)
    del y
    assert node() is None


def test_a_chain_of_10_000_operations_is_differentiated_twice() -> None:
    x = leaf(1.0)
    y = x
    for _ in range(10_000):
        y = y + x * 1e-4
    (slope,) = grad((y * y).sum(), x, create_graph=True)
    (curvature,) = grad(slope, x, grad_outputs=np.ones(1))
    np.testing.assert_allclose(curvature.numpy(), 2.0 * 2.0**2, rtol=1e-9)


# --- 2. freed as it is walked, no reference cycle -----------------------------------------------


def test_no_node_outlives_the_last_tensor_that_leads_to_it() -> None:
    gc.collect()
    gc.disable()
    try:
        x = leaf(1.0, 2.0)
        y = np.exp(x) * x
        z = y.sum()
        nodes = [weakref.ref(y.grad_fn), weakref.ref(z.grad_fn)]
        del y
        assert all(node() is not None for node in nodes)
        del z
        assert all(node() is None for node in nodes)
    finally:
        gc.enable()


def test_no_cycle_arises_when_gradients_are_recorded() -> None:
    gc.collect()
    gc.disable()
    try:
        x = leaf(1.0, 2.0)
        y = (np.tanh(x) * x).sum()
        y.backward(create_graph=True)
        assert x.grad is not None
        parts = [weakref.ref(x), weakref.ref(y.grad_fn), weakref.ref(x.grad.grad_fn)]
        del x, y
        assert [part() for part in parts] == [None, None, None]
    finally:
        gc.enable()


def test_kept_arrays_are_freed_by_backward_though_the_output_lives() -> None:
    x = leaf(1.0, 2.0)
    h = np.exp(x)
    kept = weakref.ref(h.detach().numpy())
    y = np.log(h).sum()
    del h
    assert kept() is not None
    y.backward()
    assert kept() is None


def test_gradients_of_inner_nodes_are_dropped_as_they_are_consumed() -> None:
    seen: list[weakref.ref[np.ndarray]] = []
    alive: list[int] = []

    def watch(g: Tensor) -> None:
        alive.append(sum(ref() is not None for ref in seen))
        seen.append(weakref.ref(g._array.base if g._array.base is not None else g._array))

    x = leaf(*range(10))
    y = x
    for _ in range(20):
        y = y * 2.0
        y.register_hook(watch)
    y.sum().backward()
    assert len(alive) == 20
    assert max(alive) <= 1


def test_add_keeps_no_array_and_multiply_keeps_what_its_rules_name() -> None:
    x, y = leaf(1.0, 2.0), leaf(3.0, 4.0)
    a, b = x * 1.0, y * 1.0
    arrays = [weakref.ref(t.detach().numpy()) for t in (a, b)]
    total = a + b
    del a, b
    assert [array() for array in arrays] == [None, None]
    a = x * 1.0
    array = weakref.ref(a.detach().numpy())
    product = a * np.array([5.0, 6.0])  # only a is tracked: its rule names the other factor
    del a
    assert array() is None
    (total.sum() + product.sum()).backward()


def test_a_rule_that_names_a_shape_keeps_no_array() -> None:
    x = leaf(1.0, 2.0)
    h = x * 1.0
    array = weakref.ref(h.detach().numpy())
    y = h.sum()
    del h
    assert array() is None
    y.backward()


# --- 3. second passes ---------------------------------------------------------------------------


def test_a_second_backward_names_the_op_and_retain_graph() -> None:
    x = leaf(1.0, 2.0)
    y = np.sin(x).sum()
    y.backward()
    with pytest.raises(RuntimeError, match=r"sum.*retain_graph=True.*detach"):
        y.backward()
    assert x.grad is not None
    np.testing.assert_array_equal(x.grad.numpy(), np.cos([1.0, 2.0]))


def test_a_graph_freed_in_part_raises_before_any_gradient_is_touched() -> None:
    x, w = leaf(1.0, 2.0), leaf(3.0, 4.0)
    h = np.sin(x)
    h.sum().backward()
    x.grad = None
    with pytest.raises(RuntimeError, match="sin"):
        (h * w).sum().backward()
    assert x.grad is None
    assert w.grad is None


def test_n_passes_over_a_retained_graph_give_n_times_the_gradient() -> None:
    x = leaf(1.0, 2.0)
    y = (x * x * x).sum()
    for n in 1, 2, 3:
        y.backward(retain_graph=True)
        assert x.grad is not None
        np.testing.assert_allclose(x.grad.numpy(), n * 3.0 * np.array([1.0, 4.0]), rtol=1e-15)


def test_inner_gradients_do_not_leak_from_one_pass_into_the_next() -> None:
    x = leaf(1.0, 2.0)
    h = x * x
    y = h.sum() + (h * h).sum()
    first = grad(y, [x, h], retain_graph=True)
    second = grad(y, [x, h])
    for a, b in zip(first, second, strict=True):
        np.testing.assert_array_equal(a.numpy(), b.numpy())
    assert h.grad is None


# --- 4. leaf gradients are owned ----------------------------------------------------------------


def test_leaves_of_a_sum_get_separate_gradients() -> None:
    for create_graph in False, True:
        a, b = leaf(1.0, 2.0), leaf(3.0, 4.0)
        (a + b).sum().backward(create_graph=create_graph)
        assert a.grad is not None
        assert b.grad is not None
        assert not np.shares_memory(a.grad.detach().numpy(), b.grad.detach().numpy())


@pytest.mark.parametrize("shape", [(), (1,), (3, 2), (2, 1, 3), (0, 2)])
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_leaf_gradients_are_writable_contiguous_and_like_the_leaf(shape: Any, dtype: Any) -> None:
    x = Tensor(np.ones(shape, dtype).T).requires_grad_()
    y = x.T * 2.0
    y.backward(np.broadcast_to(np.ones((), dtype), y.shape))
    assert x.grad is not None
    g = x.grad.numpy()
    assert g.flags.writeable
    assert g.flags.c_contiguous
    assert g.base is None
    assert (g.shape, g.dtype) == (x.shape, x.dtype)


def test_the_gradient_given_to_backward_is_not_shared() -> None:
    x = leaf(1.0, 2.0)
    given = np.array([3.0, 4.0])
    x.backward(given)
    assert x.grad is not None
    assert not np.shares_memory(x.grad.numpy(), given)


def test_a_gradient_of_zero_axes_stays_so() -> None:
    x = tensor(2.0, requires_grad=True)
    (x * x).backward()
    assert x.grad is not None
    assert type(x.grad.numpy()) is np.ndarray
    assert x.grad.shape == ()


def test_a_gradient_keeps_the_dtype_of_its_leaf_in_mixed_arithmetic() -> None:
    x, y = leaf(1.0, 2.0, dtype=np.float32), leaf(3.0, 4.0)
    (x * y).sum().backward()
    assert x.grad is not None
    assert y.grad is not None
    assert (x.grad.dtype, y.grad.dtype) == (np.float32, np.float64)


# --- 5. nothing is detached in silence ----------------------------------------------------------

ARRAY = np.arange(3.0)
WAYS_OUT = {
    "np.asarray": lambda t: np.asarray(t),
    "np.array of a list": lambda t: np.array([t, t]),
    "np.array of a list of elements": lambda t: np.array([t[0], t[1]]),
    "ndarray.dot": lambda t: ARRAY.dot(t),
    "np.float64": lambda t: np.float64(t),
    "np.vectorize": lambda t: np.vectorize(abs)(t),
    "np.testing": lambda t: np.testing.assert_allclose(t, ARRAY),
    "np.fft.fft": lambda t: np.fft.fft(t),
    "np.median": lambda t: np.median(t),
    "np.linalg.qr": lambda t: np.linalg.qr(t * np.eye(3)),
    "np.apply_along_axis": lambda t: np.apply_along_axis(np.sum, 0, t),
    "np.copyto": lambda t: np.copyto(ARRAY.copy(), t),
    "np.save": lambda t: np.save("never-written", t),
    "t.numpy": lambda t: t.numpy(),
    "out= an array": lambda t: np.add(t, 1.0, out=ARRAY.copy()),
    "out= in a reduction": lambda t: np.sum(t, out=np.zeros(())),
    "out= of a constant function": lambda t: np.sign(t, out=ARRAY.copy()),
    "out= the tensor": lambda t: np.add(ARRAY, 1.0, out=t),
    "array += t": lambda t: ARRAY.copy().__iadd__(t),
    "float of many": lambda t: float(t),
    "a rule that does not know where=": lambda t: np.sum(t, where=[True, False, True]),
    "a ufunc with where=": lambda t: np.exp(t, where=[True, False, True]),
    "a tensor where no rule is": lambda t: np.where(t, 1.0, t),
    "np.add.at": lambda t: np.add.at(ARRAY.copy(), [0], t[:1]),
    "np.multiply.outer": lambda t: np.multiply.outer(t, t),
}


@pytest.mark.parametrize("way", WAYS_OUT)
def test_a_tracked_tensor_is_not_detached_in_silence(way: str) -> None:
    t = leaf(1.0, 2.0, 3.0)
    with pytest.raises((RuntimeError, TypeError, ValueError)) as caught:
        WAYS_OUT[way](t)
    message = str(caught.value)
    assert "detach()" in message or "no_grad" in message or ".tolist()" in message
    assert "\n" not in message


def test_array_item_assignment_of_a_tracked_tensor_raises() -> None:
    t, array = leaf(1.0, 2.0), np.zeros(2)
    with pytest.raises(ValueError, match="setting an array element") as caught:  # NumPy's words
        array[0] = t[0]
    assert "np.where to fill an array" in str(caught.value.__cause__)
    with pytest.raises(RuntimeError, match="ndarray"):
        array[:] = t
    array[0] = t.detach()[0]
    np.testing.assert_array_equal(array, [1.0, 0.0])


def test_a_scalar_may_be_read_as_a_number() -> None:
    t = leaf(1.5)
    assert float(t.sum()) == 1.5
    assert t.sum().item() == 1.5


def test_an_untracked_tensor_takes_part_everywhere() -> None:
    t = tensor([1.0, 2.0, 4.0])
    assert isinstance(np.median(t), Tensor)
    np.testing.assert_array_equal(np.asarray(t), [1.0, 2.0, 4.0])
    np.testing.assert_array_equal(np.add(t, 1.0, out=t), [2.0, 3.0, 5.0])
    np.testing.assert_array_equal(t, [2.0, 3.0, 5.0])
    assert np.array([t, t]).shape == (2, 3)
    with mg.no_grad():
        assert isinstance(np.median(leaf(1.0, 2.0) * 1.0), Tensor)


# --- 6. changes in place ------------------------------------------------------------------------


def line_after(marker: str) -> int:
    """The number of the line of this file that carries a comment."""
    with open(__file__) as file:
        return 1 + next(i for i, line in enumerate(file) if line.endswith(f"# {marker}\n"))


CHANGES = {
    "data": lambda t: t.data.__setitem__(0, 9.0),
    "detach": lambda t: t.detach().fill_(9.0),
    "a view": lambda t: t.detach()[1:].zero_(),
    "a view of a view": lambda t: t.data.reshape(3, 1).T[0, 2:].__iadd__(1.0),
    "no_grad": lambda t: mg.no_grad()(t.__isub__)(1.0),
    "out=": lambda t: np.multiply(t.data, 2.0, out=t.data),
    "copyto": lambda t: np.copyto(t.data, 0.0),
    "sort": lambda t: t.data.sort(),
}


@pytest.mark.parametrize("way", CHANGES)
def test_an_array_that_the_tape_needs_is_found_changed(way: str) -> None:
    x = leaf(3.0, 2.0, 1.0)
    y = (x * x).sum()
    CHANGES[way](x)
    with pytest.raises(RuntimeError, match=r"multiply.*shape \(3,\).*changed in place"):
        y.backward()
    assert x.grad is None


def test_the_error_names_the_op_the_shape_and_both_lines() -> None:
    x = leaf(1.0, 2.0, 3.0)
    y = x * x  # recorded here
    x.data[0] = 5.0  # changed here
    with pytest.raises(RuntimeError) as caught:
        y.sum().backward()
    message = str(caught.value)
    assert "<multiply>" in message
    assert "(3,)" in message
    assert f"{__file__}:{line_after('recorded here')}" in message
    assert f"{__file__}:{line_after('changed here')}" in message


def test_an_output_that_a_rule_needs_is_found_changed() -> None:
    x = leaf(1.0, 2.0)
    y = np.exp(x)
    y.detach()[0] = 0.0
    with pytest.raises(RuntimeError, match="exp"):
        y.sum().backward()


def test_an_ndarray_operand_is_found_changed() -> None:
    for size in 3, 5000:
        x, a = tensor(np.ones(size), requires_grad=True), np.arange(float(size))
        y = (x * a).sum()
        a[-2:] = a[-2:][::-1].copy()
        with pytest.raises(RuntimeError, match=r"multiply.*test_contract.py:\d+.*through NumPy"):
            y.backward()


def test_an_index_array_is_found_changed() -> None:
    x, index = leaf(1.0, 2.0, 3.0), np.array([0, 1])
    y = x[index].sum()
    index[0] = 2
    with pytest.raises(RuntimeError, match="getitem"):
        y.backward()


def test_a_change_that_no_rule_minds_is_allowed() -> None:
    x, a = leaf(1.0, 2.0), np.ones(2)
    y = (x + a).sum() + (x.detach() * 2.0).sum()
    a[:] = 5.0
    y.backward()
    x.data -= 0.1
    (x * 2.0).sum().backward()
    np.testing.assert_array_equal(x.grad.numpy(), [3.0, 3.0])


def test_memory_that_is_used_again_for_something_else_is_no_change() -> None:
    for _ in range(50):
        scratch = tensor(np.zeros(8))
        scratch += 1.0
        del scratch
        x = tensor(np.ones(8), requires_grad=True)
        (x * x).sum().backward()


@pytest.mark.parametrize("symbol", ["+", "-", "*", "/", "//", "%", "**", "@"])
def test_operators_in_place_on_a_tracked_tensor_name_the_remedy(symbol: str) -> None:
    t = leaf(1.0, 2.0)
    with pytest.raises(RuntimeError, match=r"t = t \+ x.*no_grad"):
        exec(f"t {symbol}= 2.0", {}, {"t": t})
    np.testing.assert_array_equal(t.detach(), [1.0, 2.0])


def test_item_assignment_on_a_tracked_tensor_names_the_remedy() -> None:
    t = leaf(1.0, 2.0)
    with pytest.raises(RuntimeError, match=r"np\.where.*no_grad"):
        t[0] = 1.0
    untracked = tensor([0.0, 0.0], dtype=np.float64)
    with pytest.raises(RuntimeError, match=r"np\.where"):
        untracked[0] = t[0]
    with pytest.raises(RuntimeError, match=r"t = t \+ x"):
        untracked += t
    np.testing.assert_array_equal(untracked, [0.0, 0.0])


def test_changes_in_place_under_no_grad_are_allowed() -> None:
    t = leaf(1.0, 2.0)
    with mg.no_grad():
        t -= 0.5
        t[1] = 7.0
        t *= 2.0
    np.testing.assert_array_equal(t.detach(), [1.0, 14.0])
    assert t.requires_grad


# --- 7. modes -----------------------------------------------------------------------------------


def test_threads_do_not_see_each_others_modes() -> None:
    seen: list[bool] = []
    with mg.no_grad():
        thread = threading.Thread(target=lambda: seen.append(mg.is_grad_enabled()))
        thread.start()
        thread.join()
        assert not mg.is_grad_enabled()
    assert seen == [True]


def test_coroutines_do_not_see_each_others_modes() -> None:
    async def inside(started: asyncio.Event, done: asyncio.Event) -> None:
        with mg.no_grad():
            started.set()
            await done.wait()

    async def main() -> bool:
        started, done = asyncio.Event(), asyncio.Event()
        task = asyncio.create_task(inside(started, done))
        await started.wait()
        enabled = mg.is_grad_enabled()
        done.set()
        await task
        return enabled

    assert asyncio.run(main())


def test_exceptions_restore_the_modes() -> None:
    with pytest.raises(KeyError), mg.no_grad(), mg.enable_grad(), mg.detect_anomaly():
        raise KeyError
    assert mg.is_grad_enabled()


def test_modes_nest_and_decorate() -> None:
    x = leaf(1.0)

    @mg.no_grad()
    def frozen(depth: int) -> bool:
        return (x * x).requires_grad or (depth > 0 and frozen(depth - 1))

    assert not frozen(3)
    with mg.no_grad():
        with mg.enable_grad():
            assert (x * x).requires_grad
        assert not (x * x).requires_grad
    assert (x * x).requires_grad


# --- 8. conventions: see test_conventions.py beside the table -----------------------------------

# --- 9. anomalies: see test_anomaly.py ----------------------------------------------------------

# --- 10. kinds ----------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.int64, np.int32, np.uint8, np.bool_])
def test_integers_and_bools_cannot_require_grad(dtype: Any) -> None:
    t = tensor([1, 0], dtype=dtype)
    with pytest.raises(TypeError, match=f"floats, got {np.dtype(dtype)}"):
        t.requires_grad_()
    with pytest.raises(TypeError, match="floats"):
        tensor([1, 0], dtype=dtype, requires_grad=True)
    assert not t.requires_grad


def test_complex_input_is_accepted_for_checking() -> None:
    z = np.array([0.5 + 1e-30j, 2.0])
    x = tensor(z, requires_grad=True)
    (np.sin(x) * x).sum().backward()
    assert x.grad is not None
    np.testing.assert_allclose(x.grad.numpy(), np.cos(z) * z + np.sin(z), rtol=1e-15)
