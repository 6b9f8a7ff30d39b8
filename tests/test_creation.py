"""Making tensors, and randomness from one generator."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import minigrad as mg
from minigrad import Generator, tensor


@pytest.mark.parametrize(
    ("data", "dtype"),
    [
        (1.5, np.float32), (3, np.int64), (True, np.bool_), ([1, 2], np.int64),
        ([1, 2.0], np.float32), ([[True]], np.bool_), ([], np.float32), (1 + 2j, np.complex128),
        (np.float64(1.0), np.float64), ([np.float64(1.0)], np.float64), (np.ones(2), np.float64),
        (np.ones(2, np.float16), np.float16),
        (np.arange(2), np.int64), (np.int32(1), np.int32),
    ],
)  # fmt: skip
def test_python_numbers_get_the_default_dtype_and_arrays_keep_theirs(data: Any, dtype: Any) -> None:
    assert tensor(data).dtype == dtype
    assert tensor(data, dtype=np.float16 if dtype != np.complex128 else dtype).shape == np.shape(
        data
    )


def test_tensor_copies_and_from_numpy_shares() -> None:
    array = np.ones(2)
    assert not np.shares_memory(tensor(array), array)
    assert not np.shares_memory(tensor(tensor(array)), array)
    assert np.shares_memory(mg.from_numpy(array), array)
    assert mg.as_tensor(t := tensor(array)) is t
    assert np.shares_memory(mg.as_tensor(array), array)


def test_default_dtype_can_be_set() -> None:
    try:
        mg.set_default_dtype(np.float64)
        assert tensor(1.0).dtype == np.float64
        assert mg.zeros(2).dtype == mg.rand(2).dtype == np.float64
        assert repr(tensor(1.0)) == "tensor(1.)"
        assert repr(tensor(np.float32(1.0))) == "tensor(1., dtype=float32)"
    finally:
        mg.set_default_dtype(np.float32)
    with pytest.raises(TypeError, match="float dtype, got int64"):
        mg.set_default_dtype(np.int64)


def test_values() -> None:
    assert mg.zeros(2, 3).shape == mg.zeros((2, 3)).shape == (2, 3)
    assert mg.zeros().shape == ()
    assert mg.ones(2).tolist() == [1.0, 1.0]
    assert mg.full((2,), 7).dtype == np.int64
    assert mg.full(2, 0.5).dtype == np.float32
    assert mg.eye(2, 3).tolist() == [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]
    assert mg.arange(2, 8, 3).tolist() == [2, 5]
    assert mg.arange(3.0).dtype == np.float32
    line = mg.linspace(-2, 2, 2000)
    assert (line.dtype, line.shape, line[0].item(), line[-1].item()) == (
        np.float32,
        (2000,),
        -2.0,
        2.0,
    )


@pytest.mark.parametrize(
    "make",
    [
        lambda **kw: tensor([1.0, 2.0], **kw),
        lambda **kw: mg.zeros(2, **kw),
        lambda **kw: mg.ones(2, **kw),
        lambda **kw: mg.full((2,), 1.0, **kw),
        lambda **kw: mg.arange(2.0, **kw),
        lambda **kw: mg.linspace(0, 1, 2, **kw),
        lambda **kw: mg.eye(2, **kw),
        lambda **kw: mg.rand(2, **kw),
        lambda **kw: mg.randn(2, **kw),
        lambda **kw: mg.randint(0, 5, (2,), **kw),
        lambda **kw: mg.randperm(2, **kw),
        lambda **kw: mg.normal(0.0, 1.0, (2,), **kw),
        lambda **kw: mg.zeros_like(mg.ones(2), **kw),
        lambda **kw: mg.ones_like(mg.ones(2), **kw),
        lambda **kw: mg.full_like(mg.ones(2), 3.0, **kw),
        lambda **kw: mg.rand_like(mg.ones(2), **kw),
        lambda **kw: mg.randn_like(mg.ones(2), **kw),
        lambda **kw: mg.randint_like(mg.ones(2), 5, **kw),
        lambda **kw: mg.from_numpy(np.ones(2), **kw),
    ],
)
def test_every_function_takes_dtype_and_requires_grad(make: Any) -> None:
    t = make(dtype=mg.float64, requires_grad=True)
    assert t.dtype == mg.float64
    assert t.requires_grad
    assert t.is_leaf
    assert not make().requires_grad


def test_like_functions_take_shape_and_dtype_from_another() -> None:
    other = tensor(np.ones((2, 3), np.float16))
    for make in mg.zeros_like, mg.ones_like, mg.rand_like, mg.randn_like:
        assert (make(other).shape, make(other).dtype) == ((2, 3), np.float16)
    assert mg.randint_like(other, 3, 9).numpy().min() >= 3


RANDOM = {
    "rand": lambda g: mg.rand(3, generator=g),
    "randn": lambda g: mg.randn(3, generator=g),
    "normal": lambda g: mg.normal(1.0, 2.0, (3,), generator=g),
    "randint": lambda g: mg.randint(100, (3,), generator=g),
    "randperm": lambda g: mg.randperm(20, generator=g),
    "rand_like": lambda g: mg.rand_like(mg.ones(3), generator=g),
    "randn_like": lambda g: mg.randn_like(mg.ones(3), generator=g),
    "randint_like": lambda g: mg.randint_like(mg.ones(3), 100, generator=g),
}


@pytest.mark.parametrize("name", RANDOM)
def test_random_functions_repeat_with_a_seed(name: str) -> None:
    make = RANDOM[name]
    one, other = make(Generator(5)), make(Generator().manual_seed(5))
    np.testing.assert_array_equal(one, other)
    np.testing.assert_array_equal(one, make(np.random.Generator(np.random.PCG64(5))))
    mg.manual_seed(5)
    np.testing.assert_array_equal(one, make(None))
    assert make(None).tolist() != one.tolist()


def test_distributions() -> None:
    n = 100_000
    assert abs(mg.rand(n).numpy().mean() - 0.5) < 4 * np.sqrt(1 / 12 / n)
    assert abs(mg.randn(n).numpy().mean()) < 4 / np.sqrt(n)
    assert abs(mg.normal(3.0, 2.0, (n,)).numpy().std() - 2.0) < 4 * 2.0 / np.sqrt(2 * n)
    drawn = mg.randint(-2, 3, (n,)).numpy()
    assert set(drawn.tolist()) == {-2, -1, 0, 1, 2}
    assert mg.normal(np.zeros(3), np.ones(3)).shape == (3,)


def test_a_generator_is_saved_and_restored() -> None:
    g = Generator(1)
    g.random(7)
    state = g.get_state()
    ahead = g.random(3)
    for other in Generator().set_state(state), g.set_state(state):
        np.testing.assert_array_equal(other.random(3), ahead)


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: tensor("abc"), TypeError, "numbers"),
        (lambda: tensor([None]), TypeError, "numbers"),
        (
            lambda: tensor([1.0], requires_grad=True) and tensor([1], requires_grad=True),
            TypeError,
            "floats",
        ),
        (lambda: tensor(tensor([1.0], requires_grad=True) * 2.0), RuntimeError, "detach"),
        (lambda: mg.from_numpy([1.0]), TypeError, "ndarray, got list"),
        (lambda: mg.zeros(2.5), TypeError, "whole numbers"),
        (lambda: mg.arange(0, 5, 0), ValueError, "step"),
        (lambda: mg.normal(0.0, -1.0, (2,)), ValueError, "std >= 0"),
        (lambda: mg.randint(5, 5, (2,)), ValueError, "low < high"),
        (lambda: mg.randint(5), TypeError, "size"),
        (lambda: mg.manual_seed(-1), ValueError, "whole number"),
        (lambda: mg.manual_seed(1.5), ValueError, "whole number"),
    ],
)
def test_bad_input_gets_one_sentence(call: Any, error: Any, words: str) -> None:
    with pytest.raises(error, match=words) as caught:
        call()
    assert "\n" not in str(caught.value)
