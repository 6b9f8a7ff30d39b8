"""Gradients clipped by hand, and parameters as one vector."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from minigrad import Tensor, nn, tensor
from minigrad.autograd import memory
from minigrad.nn import utils

SHAPES = st.lists(st.sampled_from([(), (3,), (2, 3), (0,), (1, 4)]), max_size=4)
NORMS = st.sampled_from([2.0, 1.0, 3, 0.5, np.inf])


def params_of(shapes: list[tuple[int, ...]], dtype: Any, seed: int, size: float) -> list[Tensor]:
    draw = np.random.default_rng(seed)
    params = [tensor(np.zeros(shape, dtype), requires_grad=True) for shape in (*shapes, (2,))]
    for p in params[:-1]:  # the last has no gradient
        p.grad = size * draw.standard_normal(p.shape)
    return params


def gradients(params: list[Tensor]) -> list[np.ndarray]:
    return [p.grad.numpy().astype(float) for p in params if p.grad is not None]


def with_gradients(*values: Any, dtype: Any = np.float64) -> list[Tensor]:
    params = [tensor(np.zeros(np.shape(value), dtype), requires_grad=True) for value in values]
    for p, value in zip(params, values, strict=True):
        p.grad = value
    return params


@settings(max_examples=80)
@given(
    shapes=SHAPES, dtype=st.sampled_from([np.float32, np.float64]), seed=st.integers(0, 9),
    size=st.sampled_from([1e-4, 1.0, 1e4]), max_norm=st.floats(1e-2, 1e2), norm_type=NORMS,
)  # fmt: skip
def test_the_norm_is_brought_down_by_the_formula(
    shapes: Any, dtype: Any, seed: int, size: float, max_norm: float, norm_type: float
) -> None:
    tolerance = 1e-10 if dtype is np.float64 else 1e-5
    params = params_of(shapes, dtype, seed, size)
    before = gradients(params)
    flat = np.concatenate([np.zeros(0), *[g.ravel() for g in before]])
    norm = 0.0
    if flat.size:
        top = np.abs(flat).max()
        norm = top if norm_type == np.inf else (np.abs(flat) ** norm_type).sum() ** (1 / norm_type)
    found = utils.clip_grad_norm_(params, max_norm, norm_type)
    assert found.shape == ()
    assert found.dtype == (dtype if shapes else np.float32)
    np.testing.assert_allclose(found.item(), norm, rtol=tolerance)
    factor = min(1.0, max_norm / (norm + 1e-6))
    for g, old in zip(gradients(params), before, strict=True):
        np.testing.assert_allclose(g, old * factor, rtol=2 * tolerance)
    assert params[-1].grad is None


@settings(max_examples=80)
@given(
    shapes=SHAPES.map(lambda shapes: [s for s in shapes if 0 not in s]), seed=st.integers(0, 9),
    dtype=st.sampled_from([np.float32, np.float64]), size=st.sampled_from([1e-4, 1.0, 1e4]),
    max_norm=st.floats(1e-2, 1e2), norm_type=NORMS,
)  # fmt: skip
def test_the_norm_is_pytorchs(
    shapes: Any, dtype: Any, seed: int, size: float, max_norm: float, norm_type: float
) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is an optional peer")
    tolerance = 1e-10 if dtype is np.float64 else 1e-5
    params = params_of(shapes, dtype, seed, size)
    before = gradients(params)
    found = utils.clip_grad_norm_(params, max_norm, norm_type)
    others = [torch.zeros(p.shape, dtype=getattr(torch, str(p.dtype))) for p in params]
    for p, old in zip(others, before, strict=False):
        p.grad = torch.tensor(old, dtype=p.dtype)
    theirs = torch.nn.utils.clip_grad_norm_(others, max_norm, norm_type)
    np.testing.assert_allclose(found.item(), theirs.item(), rtol=tolerance)
    for g, p in zip(gradients(params), others, strict=False):
        np.testing.assert_allclose(g, p.grad.numpy(), rtol=2 * tolerance)


@settings(max_examples=40)
@given(shapes=SHAPES, seed=st.integers(0, 9), clip_value=st.floats(1e-2, 2.0))
def test_values_are_brought_into_bounds(shapes: Any, seed: int, clip_value: float) -> None:
    params = params_of(shapes, np.float64, seed, 1.0)
    before = gradients(params)
    assert utils.clip_grad_value_(params, clip_value) is None
    for g, old in zip(gradients(params), before, strict=True):
        np.testing.assert_array_equal(g, np.clip(old, -clip_value, clip_value))


def test_peers_neither_overflow_nor_vanishing_in_float32() -> None:
    for size, rel in (1e20, 1e-6), (1e-22, 1e-6), (1e-30, 1e-6), (1e-44, 1e-1):
        params = with_gradients([3 * size, 4 * size], dtype=np.float32)
        assert utils.clip_grad_norm_(params, 1.0).item() == pytest.approx(5 * size, rel=rel, abs=0)
    params = with_gradients([3e20, 4e20], dtype=np.float32)
    utils.clip_grad_norm_(params, 1.0)
    np.testing.assert_allclose(gradients(params)[0], [0.6, 0.8], rtol=1e-6)
    assert utils.get_total_norm([tensor([3e20, 4e20])]).item() == pytest.approx(5e20)
    assert utils.get_total_norm([tensor(np.full(4, 1e300))]).item() == 2e300


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("norm_type", [2.0, 1.0, np.inf])
def test_peers_what_is_not_finite_is_an_error_that_names_it(bad: float, norm_type: float) -> None:
    params = with_gradients([1.0, 2.0], [[bad, 1.0]])
    named = [("weight", params[0]), ("bias", params[1])]
    for given_, words in (params, r"parameter 1 of shape \(1, 2\)"), (named, "1 'bias' of shape"):
        with pytest.raises(RuntimeError, match=words):
            utils.clip_grad_norm_(given_, 0.1, norm_type)
    np.testing.assert_array_equal(gradients(params)[0], [1.0, 2.0])
    with pytest.raises(RuntimeError, match="parameter 0 of shape"):
        utils.get_total_norm(tensor([bad]), norm_type, error_if_nonfinite=True)
    norm = utils.get_total_norm([tensor([bad])], norm_type).item()
    np.testing.assert_equal(norm, np.abs(bad))


def test_what_is_not_finite_goes_on_as_in_pytorch_when_asked() -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is an optional peer")
    for bad in np.nan, np.inf:
        params, other = with_gradients([1.0, bad]), torch.zeros(2, dtype=torch.float64)
        other.grad = torch.tensor([1.0, bad], dtype=torch.float64)
        with np.errstate(invalid="ignore"):
            utils.clip_grad_norm_(params, 1.0, error_if_nonfinite=False)
        torch.nn.utils.clip_grad_norm_([other], 1.0)
        np.testing.assert_array_equal(gradients(params)[0], other.grad.numpy())


def test_a_gradient_within_the_bound_is_left_bit_for_bit_and_unmarked() -> None:
    params = with_gradients([0.3, 0.4])
    before = memory.next_serial()
    utils.clip_grad_norm_(params, 1.0)
    utils.clip_grad_value_(params[0], 1.0)
    array = params[0].grad.numpy()  # type: ignore[union-attr]
    assert array.tolist() == [0.3, 0.4]
    assert memory.last_change(array, before) is None
    utils.clip_grad_norm_(params[0], 0.1)
    assert memory.last_change(array, before)


# --- vectors ------------------------------------------------------------------------------------


@given(shapes=SHAPES.filter(bool), dtype=st.sampled_from([np.float32, np.float64]))
def test_to_a_vector_and_back(shapes: Any, dtype: Any) -> None:
    draw = np.random.default_rng(0)
    params = [tensor(draw.standard_normal(s).astype(dtype), requires_grad=True) for s in shapes]
    memory = [p.detach().numpy() for p in params]
    vector = utils.parameters_to_vector(params)
    np.testing.assert_array_equal(
        vector.detach(), np.concatenate([a.ravel() for a in memory]), strict=True
    )
    (vector * np.arange(vector.size)).sum().backward()
    count = 0
    for p in params:
        if p.size:
            np.testing.assert_array_equal(np.ravel(p.grad), np.arange(count, count + p.size))
        count += p.size
    for new in np.arange(float(count)), tensor(-np.arange(float(count))):
        utils.vector_to_parameters(new, params)
        for p, array in zip(params, memory, strict=True):
            assert np.shares_memory(p.detach().numpy(), array) or not p.size
            assert p.dtype == dtype
        np.testing.assert_array_equal(utils.parameters_to_vector(params).detach(), new)


def test_a_vector_written_between_forward_and_backward_is_found() -> None:
    p = tensor(np.ones(2), requires_grad=True)
    loss = (p * p).sum()
    utils.vector_to_parameters(np.zeros(2), p)
    with pytest.raises(RuntimeError, match="changed in place"):
        loss.backward()


# --- bad input ----------------------------------------------------------------------------------

P = with_gradients([1.0, 2.0])

BAD = [
    (lambda: utils.clip_grad_norm_(P, -1.0), ValueError, r"max_norm as a number in \(0, inf\)"),
    (lambda: utils.clip_grad_norm_(P, 0.0), ValueError, "got 0.0"),
    (lambda: utils.clip_grad_norm_(P, np.nan), ValueError, "got nan"),
    (lambda: utils.clip_grad_norm_(P, None), TypeError, "got None"),
    (lambda: utils.clip_grad_norm_(P, 1.0, 0.0), ValueError, "norm_type"),
    (lambda: utils.clip_grad_norm_(P, 1.0, -np.inf), ValueError, "norm_type"),
    (lambda: utils.clip_grad_norm_(nn.Linear(1, 1), 1.0), TypeError, "got one Linear"),
    (lambda: utils.clip_grad_norm_([np.ones(2)], 1.0), TypeError, "got ndarray as number 0"),
    (lambda: utils.clip_grad_value_(P, -1.0), ValueError, "clip_value"),
    (lambda: utils.clip_grad_value_([None], 1.0), TypeError, "got NoneType as number 0"),
    (lambda: utils.get_total_norm([1.0]), TypeError, "got float as number 0"),
    (lambda: utils.get_total_norm(P, "two"), ValueError, "norm_type"),
    (lambda: utils.parameters_to_vector([]), ValueError, "got none"),
    (lambda: utils.parameters_to_vector(3), TypeError, "got one int"),
    (
        lambda: utils.vector_to_parameters(np.ones(3), P),
        ValueError,
        r"2 elements, got shape \(3,\)",
    ),
    (lambda: utils.vector_to_parameters(np.ones((1, 2)), P), ValueError, r"got shape \(1, 2\)"),
    (lambda: utils.vector_to_parameters([1.0], P), ValueError, r"got shape \(1,\)"),
]


@pytest.mark.parametrize(("call", "error", "words"), BAD, ids=[words for _, _, words in BAD])
def test_bad_input_gets_one_sentence_and_changes_nothing(call: Any, error: Any, words: str) -> None:
    with pytest.raises(error, match=words) as caught:
        call()
    assert "\n" not in str(caught.value)
    assert P[0].tolist() == [0.0, 0.0]
    assert gradients(P)[0].tolist() == [1.0, 2.0]
