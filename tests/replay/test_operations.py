"""A compiled step gives the bits of the plain one: whatever is done with tensors in it."""

from __future__ import annotations

from collections import OrderedDict, namedtuple
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

import minigrad as mg
from minigrad import Generator, func, tensor
from minigrad.autograd import grad
from minigrad.nn import functional as F
from minigrad.testing import strategies as gen

from ..ops.cases import CASES
from ..ops.test_programs import N, programs
from .twins import agree, batch, flat, of_weight, rows, same_at_first

Pair = namedtuple("Pair", "first second")


class Row(list):  # type: ignore[type-arg]
    """A list by another name."""


# --- descent by hand ----------------------------------------------------------------------------


def in_place(w: Any, g: Any) -> None:
    w.data -= 0.1 * g.data


def assigned(w: Any, g: Any) -> None:
    w.data = w.data - 0.1 * g.data


def under_no_grad(w: Any, g: Any) -> None:
    with mg.no_grad():
        w -= 0.1 * g


@pytest.mark.parametrize("update", [in_place, assigned, under_no_grad])
def test_descent_by_hand(update: Any) -> None:
    def step(w: Any, x: Any) -> Any:
        loss = ((w * x) ** 2).mean() + (w**3).sum()
        loss.backward()
        update(w, w.grad)
        w.grad = None
        return loss

    agree(of_weight(step), rows)


def test_a_gradient_that_is_read_may_be_older_than_the_step() -> None:
    def step(w: Any, x: Any) -> Any:
        (w * x).sum().backward()
        return (w.grad * 2.0).sum()

    def clear(w: Any) -> None:
        w.grad = None

    agree(of_weight(step), rows)
    agree(of_weight(step), rows, changes=dict.fromkeys([1, 2, 5], clear))


def test_momentum_kept_in_a_gradient_and_an_average_kept_in_a_tensor() -> None:
    def step(w: Any, x: Any) -> Any:
        (w * x).sum().backward()
        w.data -= 0.1 * w.grad
        w.grad *= 0.9
        w.data = 0.9 * w.data + 0.1 * x[0]
        return w.grad + w.detach()

    agree(of_weight(step), rows)


@pytest.mark.parametrize("read", [lambda w: w.detach(), lambda w: w.data, lambda w: w])
def test_data_assigned_between_calls(read: Any) -> None:
    def renew(w: Any) -> None:
        w.data = np.ones(3, np.float32)

    agree(of_weight(lambda w, x: (x * read(w)).detach()), rows, changes={4: renew})


# --- derivatives of derivatives -----------------------------------------------------------------


def penalty(w: Any, x: Any) -> Any:
    y = x.detach().requires_grad_()
    (slope,) = grad(((w * y) ** 3).sum(), y, create_graph=True)
    loss = (slope**2).sum()
    (g,) = grad(loss, w)
    w.data -= 0.001 * g
    return loss, slope.detach()


def cube(x: Any) -> Any:
    return (x**3).sum()


TRANSFORMS: dict[str, Callable[[Any], Any]] = {
    "grad": lambda x: func.grad(cube)(x),
    "value_and_grad": lambda x: func.value_and_grad(cube)(x),
    "vjp": lambda x: func.vjp(np.sin, x)[1](x),
    "jvp": lambda x: func.jvp(np.sin, (x,), (2.0 * x,)),
    "hvp": lambda x: func.hvp(cube, x, 2.0 * x),
    "jacobian": lambda x: func.jacobian(np.tanh)(x),
    "hessian": lambda x: func.hessian(cube)(x),
}


def test_a_gradient_penalty() -> None:
    agree(of_weight(penalty), rows)


@pytest.mark.parametrize("name", TRANSFORMS)
def test_transforms_of_functions(name: str) -> None:
    plain, compiled = TRANSFORMS[name], mg.compile(TRANSFORMS[name])
    for i in range(5):  # outside a step they return arrays, in it tensors
        wanted, found = (flat(f(tensor(batch(i, 2, 3)))) for f in (plain, compiled))
        assert [np.asarray(x).tobytes() for x in found] == [np.asarray(x).tobytes() for x in wanted]


@pytest.mark.parametrize("exponent", [3, 2.5, -1, 2, 0, 1.0])
def test_numbers_beside_arrays_keep_their_dtype_in_derivatives(exponent: Any) -> None:
    def step(w: Any, x: Any) -> Any:
        loss = (abs(w) ** exponent).sum() + (2.0 ** (w * x)).sum() + (3 / (w + 9)).sum()
        loss.backward()
        return loss

    for dtype in np.float16, np.float32, np.float64:
        agree(of_weight(step, dtype=dtype), rows)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_gradient_given_to_backward(dtype: Any) -> None:
    def step(w: Any, x: Any) -> None:
        ((w * x) * w).backward((x * 1.1).astype(dtype))

    def make() -> Any:
        w, v = tensor(batch(1, 3), requires_grad=True), tensor(batch(2, 3))

        def step(x: Any) -> Any:
            (w + x[0]).backward(v)  # what is given is not what is summed up in
            return v * 1.0

        return step, [w, v]

    agree(of_weight(step), rows)
    agree(make, rows)


# --- random numbers -----------------------------------------------------------------------------


def test_random_numbers_are_drawn_in_each_replay() -> None:
    def make() -> Any:
        own = Generator(4)

        def step(x: Any) -> Any:
            drawn = mg.randn(4, 3) + mg.rand(3, generator=own) + mg.normal(0.0, 2.0, (4, 1))
            chosen = x[mg.randperm(4)] * mg.randint(0, 9, (3,), generator=own).astype("f")
            return drawn + F.dropout(chosen, 0.5) + mg.randn_like(x), mg.rand_like(x)

        return step, own

    agree(make, same_at_first)


def test_seeds_are_set_in_each_replay() -> None:
    def make() -> Any:
        own = Generator(4)

        def step(x: Any) -> Any:
            mg.manual_seed(3)
            own.manual_seed(1)
            return x * mg.randn(3), mg.rand(3, generator=own)

        return step, own

    agree(make, same_at_first)


# --- operations ---------------------------------------------------------------------------------


def filled(w: Any, x: Any) -> Any:
    t = x.copy()
    t[0] = 1.0
    t[1:, ::2] += x[1:, 1:]
    t *= x
    t[t > 0.5] = 0.5
    t.fill_(2.0)[:1].zero_()
    np.add(t, x, out=t)
    u = x.T.copy()
    u.sort(axis=0)
    return t, u


def made_inside(w: Any, x: Any) -> Any:
    total = mg.zeros(3)
    for i in range(4):
        total += x[i]
    ones = mg.ones_like(x)
    ones[0] = x[1]
    listed = mg.tensor([1.0, 2.0])
    listed += x[0, :2]
    return total, ones, mg.full((2,), 3.0), listed, mg.tensor(x, dtype=np.float64)


OPERATIONS: dict[str, Callable[[Any, Any], Any]] = {
    "in place": filled,
    "made inside": made_inside,
    "argument in place": lambda w, x: (x.__setitem__(0, 1.0), np.add(x, 1.0, out=x).sum())[1],
    "split": lambda w, x: np.split(x * w.detach(), 2) + np.array_split(x, 3),
    "eigh": lambda w, x: np.linalg.eigh(x.T @ x),
    "eigh parts": lambda w, x: np.linalg.eigh(x.T @ x)[1] * 2.0,
    "slogdet": lambda w, x: sum(np.linalg.slogdet(x.T @ x)),
    "svd": lambda w, x: tuple(np.linalg.svd(x, full_matrices=False)),
    "qr": lambda w, x: np.linalg.qr(x)[1] @ x[0],
    "sort": lambda w, x: (np.sort(x, 0), np.take_along_axis(x, np.argsort(x, 0), 0)),
    "argmax": lambda w, x: x[0][x[0].argmax()] + np.argmin(x),
    "two results": lambda w, x: (*np.modf(x), *np.divmod(x[0, 0], x[1, 1])),
    "where": lambda w, x: np.where(x > 0.0, x, w.detach()),
    "views": lambda w, x: (x.T[::-1], x.reshape(3, 4).T, x[:, None, 1:], x[..., 0]),
    "0-d": lambda w, x: x.sum() * x.max() + np.float32(2.0) - x.mean() / 3,
    "reductions": lambda w, x: (x.std(axis=0), np.prod(x, 1), np.median(x), x.any(), np.cumsum(x)),
    "empty": lambda w, x: (x[:0] * 2.0 + 1.0, x[:0].sum(0), np.concatenate([x[:0], x])),
    "thin": lambda w, x: ((x[:, :1].T + 1.0)[:, None] * 2.0).transpose(2, 0, 1) + 1.0,
    "dtypes": lambda w, x: (x.half() * 2 + 1, x.double() / 3, x.astype(int) * 2.5, x > 0),
    "dict": lambda w, x: {"a": x * 2.0, "b": [x.sum(), {"c": x[0] + 1.0}], "n": 3},
    "named": lambda w, x: Pair(x * 2.0, (x.sum(), "text", None, 1.5, np.float32(2.0))),
    "kinds": lambda w, x: [OrderedDict(a=x.sum()), Row([x.max() * 2.0]), (x.min(),)],
    "None": lambda w, x: None,
    "the argument": lambda w, x: x,
    "arguments of numpy": lambda w, x: np.clip(x, -0.5, 0.5) + np.maximum(x, 0.1),
    "numbers": lambda w, x: (
        np.ldexp(x, 3),
        np.heaviside(x, 0.5),
        np.hypot(x, 3),
        x * np.float64(2),
    ),
    "statistics": lambda w, x: (np.histogram(x, 5), np.percentile(x, 30, 0), np.cov(x), np.ptp(x)),
    "linear": lambda w, x: (np.linalg.solve(x.T @ x + np.eye(3, dtype="f"), x[0]), np.vecdot(x, x)),
    "put": lambda w, x: (np.put(x, [0], 2.0), x.copy_(x[::-1].copy()), np.fill_diagonal(x, 0.0)),
    "complex": lambda w, x: (np.exp(1j * x), (np.fft.fft(x) * np.conj(x)).real.sum()),
    "integers": lambda w, x: (x.astype(int) // 2, (x.astype(int) % 3 + 3) << 1, ~(x > 0) & (x < 1)),
    "ufunc methods": lambda w, x: (np.add.reduce(x), np.add.accumulate(x), np.add.outer(x, x[0])),
    "einsum": lambda w, x: np.einsum("ij,kj->ik", x, x) + np.tensordot(x, x.T, 1),
    "where=": lambda w, x: np.add(x, 1.0, out=x.copy(), where=x > 0.0),
}


@pytest.mark.parametrize("name", OPERATIONS)
def test_operations_without_a_gradient(name: str) -> None:
    agree(of_weight(OPERATIONS[name]), same_at_first)


REFUSED = {  # their shapes, or those of their gradients, depend on values
    "getitem-11", "getitem-12", "getitem-13", "compress-0", "extract-0",
    "sort-0", "sort-1", "sort-2", "partition-0", "partition-1", "partition-2",
}  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_every_row_of_the_table_forward_and_back(case: Any) -> None:
    def make() -> Any:
        return step, []

    def step(*inputs: Any) -> Any:
        variables = [x.detach().requires_grad_() for x in inputs]
        z = case.call(*variables)
        parts = [part for part in flat(z) if getattr(part, "requires_grad", False)]
        total = sum((part * part).sum() for part in parts)
        return z, grad(total.real, variables, allow_unused=True) if parts else None

    if case.name in REFUSED:
        with pytest.raises(RuntimeError, match="depends on values takes a value out of the step"):
            mg.compile(step)(*map(tensor, case.inputs))
    else:
        agree(make, lambda i: tuple(np.asarray(x * (1.0 + 0.001 * i)) for x in case.inputs), 4)


# --- random programs ----------------------------------------------------------------------------


@settings(max_examples=150)
@given(programs(), gen.arrays((N, N)), gen.arrays((N, N)), st.sampled_from("fd"))
def test_straight_line_programs(program: Any, x: np.ndarray, y: np.ndarray, dtype: str) -> None:
    _, run = program
    start = np.linspace(-1.0, 1.0, N * N).reshape(N, N).astype(dtype)

    def make() -> Any:
        w = tensor(start, requires_grad=True)

        def step(x: Any, y: Any) -> Any:
            loss = (run(w * x, y) + run(y, w) * w).sum()
            loss.backward()
            w.data -= 0.01 * w.grad
            w.grad = None
            return loss, run(x, y)

        return step, w

    with np.errstate(all="ignore"):
        agree(make, lambda i: tuple((a * (1.0 - 0.3 * i)).astype(dtype) for a in (x, y)), calls=4)
