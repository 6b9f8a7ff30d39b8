"""Tensors inside NumPy: each call it may hand over has a row, is constant, or is refused."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import pytest
from numpy.testing.overrides import (
    get_overridable_numpy_array_functions,
    get_overridable_numpy_ufuncs,
)

import minigrad as mg
from minigrad import Tensor, tensor
from minigrad.autograd.registry import CONSTANT, TABLE

UFUNCS = {f for f in get_overridable_numpy_ufuncs() if getattr(np, f.__name__, None) is f}
FUNCTIONS = get_overridable_numpy_array_functions()
UNKNOWN = sorted(
    (f for f in UFUNCS | FUNCTIONS if f not in TABLE),
    key=lambda f: (getattr(f, "__module__", None) or "", f.__name__),
)


def leaf() -> Tensor:
    return tensor(np.array([[1.5, 0.5], [0.25, 2.0]]), requires_grad=True)


def test_the_lists_of_numpy_are_there() -> None:
    assert len(UFUNCS) > 80
    assert len(FUNCTIONS) > 250


@pytest.mark.parametrize("function", UNKNOWN, ids=lambda f: f.__name__)
def test_what_has_no_row_is_refused_in_one_sentence(function: Any) -> None:
    if isinstance(function, np.ufunc):
        call = lambda: function(*[leaf()] * function.nin)  # noqa: E731  # one expression for each
    else:  # as NumPy calls it, whatever its own signature is
        call = lambda: leaf().__array_function__(function, (Tensor,), (leaf(),), {})  # noqa: E731
    with pytest.raises((TypeError, RuntimeError)) as caught:
        call()
    message = str(caught.value)
    assert function.__name__ in message
    assert "has no derivative here" in message or "neither changed in place" in message
    assert "detach()" in message or "no_grad" in message


@pytest.mark.parametrize(
    "function", [f for f in TABLE if TABLE[f] is CONSTANT], ids=lambda f: f.__name__
)
def test_piecewise_constant_functions_give_untracked_results(function: Any) -> None:
    others: dict[Any, tuple[Any, ...]] = {
        np.digitize: (np.array([0.0, 1.0]),), np.argpartition: (1,), np.isin: (1.5,),
    }  # fmt: skip
    pairs = "isclose allclose array_equal array_equiv may_share_memory shares_memory eq ne".split()
    if function is np.einsum_path:
        result = function("ij,jk", leaf(), leaf())
    elif function is np.can_cast:
        result = function(leaf().dtype, np.float64)
    elif function is np.searchsorted:
        result = function(leaf()[0], leaf())
    elif function in others:
        result = function(leaf(), *others[function])
    else:
        result = function(*[leaf()] * getattr(function, "nin", 1 + (function.__name__ in pairs)))
    parts = result if isinstance(result, (tuple, list)) else [result]
    assert not any(isinstance(part, Tensor) and part.requires_grad for part in parts)


def test_constant_results_are_tensors_that_index_and_choose() -> None:
    t = leaf()
    best = np.argmax(t)
    assert isinstance(best, Tensor)
    assert np.arange(10)[best] == 3
    y = np.where(t > 1.0, t * t, 0.0).sum() + t[np.argsort(t[0])].sum() + t[t > 1.0].sum()
    y.backward()
    np.testing.assert_array_equal(t.grad, [[5.0, 1.0], [1.0, 6.0]])


def test_numpy_functions_and_operators_arrive_at_the_same_row() -> None:
    t, array = leaf(), np.ones((2, 2))
    for one, other in (
        (np.add(t, array), t + array),
        (np.matmul(array, t), array @ t),
        (np.sum(t, axis=0), t.sum(axis=0)),
        (np.power(t, 2.0), t**2),
        (array * t, t * array),
        (np.float64(2.0) - t, 2.0 - t),
    ):
        np.testing.assert_array_equal(one.detach(), other.detach())
        assert isinstance(one, Tensor)


def test_results_always_hold_an_ndarray() -> None:
    for t in leaf(), leaf().detach():
        for y in t.sum(), np.max(t), t[0, 0], t[0] @ t[0], np.exp(t[0, 0]), np.argmax(t):
            assert type(y._array) is np.ndarray
            assert y.shape == ()


def test_subclasses_of_ndarray_and_scalars_become_arrays() -> None:
    masked = np.ma.masked_array([1.0, 2.0], [True, False])
    assert type(Tensor(masked)._array) is np.ndarray
    assert type(Tensor(np.float32(1.0))._array) is np.ndarray


def test_functions_write_into_untracked_tensors_and_leave_a_stamp() -> None:
    x = tensor(np.ones(3), requires_grad=True)
    writes: list[Any] = [
        lambda t: np.copyto(t, 2.0),
        lambda t: np.put(t, [0], 2.0),
        lambda t: np.putmask(t, [True, False, False], 2.0),
        lambda t: np.place(t, [True, False, False], 2.0),
        lambda t: np.add(t, 1.0, out=t),
        lambda t: np.cumsum(t, out=t),
        lambda t: t.__setitem__(0, 2.0),
    ]
    for write in writes:
        t = tensor(np.ones(3))
        y = (x * t).sum()
        write(t)
        assert t.tolist() != [1.0, 1.0, 1.0]
        with pytest.raises(RuntimeError, match="changed in place"):
            y.backward()


def test_out_gives_the_tensor_itself() -> None:
    t = mg.ones(3)
    assert np.add(t, 1.0, out=t) is t
    assert np.sum(mg.ones(2, 3), axis=0, out=t) is t
    assert t.tolist() == [2.0, 2.0, 2.0]


def test_named_results_keep_their_names() -> None:
    result = np.linalg.slogdet(leaf())
    assert result.logabsdet.requires_grad
    assert not result.sign.requires_grad
    assert np.linalg.eigh(leaf() + leaf().T).eigenvalues.requires_grad
    assert isinstance(np.linalg.svd(leaf().detach()).S, Tensor)


def test_type_checkers_do_not_see_array_conversion() -> None:
    source = inspect.getsource(Tensor)
    before, _, after = source.partition("if not TYPE_CHECKING")
    assert "def __array__" not in before
    assert "def __array__(" in after


def test_a_number_shared_by_an_operand_and_an_array_subclass() -> None:
    class Loud:
        __array_ufunc__ = None

        def __radd__(self, other: Any) -> str:
            return "mine"

    assert leaf() + Loud() == "mine"
