"""A compiled step gives the bits of the plain one: what a step may do, and what changes between."""

from __future__ import annotations

import copy
import threading
import tracemalloc
from collections import OrderedDict, namedtuple
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

import minigrad as mg
from minigrad import Generator, Tensor, amp, func, nn, optim, tensor
from minigrad.autograd import grad
from minigrad.nn import functional as F
from minigrad.testing import strategies as gen

from ..ops.cases import CASES
from ..ops.test_programs import N, programs
from .twins import Make, agree, batch, facts, training

Pair = namedtuple("Pair", "first second")


class Row(list):  # type: ignore[type-arg]
    """A list by another name."""


def of_weight(step: Callable[[Any, Any], Any], **options: Any) -> Make:
    """How to make ``step(w, x)`` with a weight of its own, of shape (3,)."""

    def make() -> tuple[Callable[..., Any], Any]:
        w = tensor(batch(99, 3), requires_grad=True, **options)
        return lambda *x: step(w, *x), w

    return make


def rows(i: int) -> tuple[np.ndarray]:
    return (batch(i, 4, 3),)


def same_at_first(i: int) -> tuple[np.ndarray]:
    """The same in both recorded runs, where what is not written down would go unnoticed."""
    return rows(max(i, 1))


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


def flat(value: Any) -> list[Any]:
    return [v for part in value for v in flat(part)] if isinstance(value, tuple) else [value]


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
            before = own.random is not None
            own.manual_seed(1)
            return x * mg.randn(3), before

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
    return total, ones, mg.full((2,), 3.0)


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


# --- arguments ----------------------------------------------------------------------------------


def product(w: Any, x: Any, y: Any) -> Any:
    z = w * x + y
    z.sum().backward()
    return z


def test_one_array_given_twice_and_then_two() -> None:
    w = tensor([1.0, 2.0, 3.0], requires_grad=True)
    step = mg.compile(lambda x, y: (w * x + y * y).detach())
    one, other = batch(0, 4, 3), batch(1, 4, 3)
    for x, y in [(one, one)] * 4 + [(one, other), (other, one), (other, other)]:
        assert facts_of(step(x, y)) == facts_of((w * x + Tensor(y) * y).detach())


def facts_of(value: Any) -> list[Any]:
    return list(facts(value))


LAYOUTS = [
    lambda i: batch(i, 4, 3),
    lambda i: batch(i, 2, 3),
    lambda i: batch(i, 3, 4).T,
    lambda i: batch(i, 4, 6)[:, ::2],
    lambda i: batch(i, 4, 3).astype(np.float64),
    lambda i: batch(i, 4, 3).astype(np.float16),
    lambda i: np.broadcast_to(batch(i, 3), (4, 3)),
    lambda i: batch(i, 0, 3),
    lambda i: batch(i, 3),
]


def test_other_shapes_dtypes_and_strides_are_recorded_anew() -> None:
    step = agree(
        of_weight(lambda w, x: product(w, x, x)),
        lambda i: (LAYOUTS[i % len(LAYOUTS)](i),),
        calls=4 * len(LAYOUTS),
    )
    assert len(step.programs) >= 6
    assert all(program.is_sure for program in step.programs.values())


@pytest.mark.parametrize(
    "values",
    [
        [0.0, -0.0],
        [(1,), (1.0,), (True,)],
        [1, 1.0, True],
        [np.float32(2.0), np.float32(3.0)],
        ["sum", "mean"],
        [None, 2],
    ],
)
def test_arguments_that_are_no_arrays_count_by_value(values: Any) -> None:
    def step(w: Any, x: Any, value: Any) -> Any:
        number = value[0] if isinstance(value, tuple) else value
        if isinstance(value, str):
            return getattr(x, value)()
        return x * (5 if number is None else number)

    x = np.arange(6).reshape(2, 3)
    agree(of_weight(step), lambda i: (x, values[i // 2 % len(values)]), calls=6 * len(values))


def test_a_result_that_is_the_next_argument() -> None:
    w = tensor(batch(0, 3), requires_grad=True)
    plain = lambda h: ((h * 0.5 + w) * 2.0).detach()  # noqa: E731
    step, state, wanted = mg.compile(plain), tensor(batch(1, 3)), tensor(batch(1, 3))
    for _ in range(8):
        state, wanted = step(state), plain(wanted)
        assert facts_of(state) == facts_of(wanted)


def test_keyword_arguments() -> None:
    step = mg.compile(lambda x, y=None, *, scale=1.0: x * scale if y is None else x * scale - y)
    x, y = batch(0, 2), batch(1, 2)
    for _ in range(4):
        assert facts_of(step(x, scale=3.0)) == facts_of(Tensor(x) * 3.0)
        assert facts_of(step(x, y)) == facts_of(step(x, y=Tensor(y))) == facts_of(Tensor(x) - y)
    assert len(step.programs) == 3


def test_the_default_dtype_counts() -> None:
    step = mg.compile(lambda x: x + mg.zeros(2))
    x = np.ones(2, np.float16)
    try:
        for dtype in np.float32, np.float64:
            mg.set_default_dtype(dtype)
            assert [step(x).dtype for _ in range(4)] == [dtype] * 4
    finally:
        mg.set_default_dtype(np.float32)


def test_as_many_programs_as_there_is_room_for() -> None:
    step = mg.compile(lambda x, n: x * n)
    x = np.ones(2)
    for n in [*range(100), 3]:
        assert step(x, n).tolist() == [n, n]
    assert len(step.programs) == 64


# --- what changes between calls -----------------------------------------------------------------


def network() -> Any:
    return nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Dropout(0.4), nn.Linear(4, 2))


def loaded(state: Any) -> None:
    state[0].load_state_dict({k: v * 0.5 for k, v in state[0].state_dict().items()})


CHANGES: dict[str, dict[int, Callable[[Any], Any]]] = {
    "eval and train": {3: lambda s: s[0].eval(), 7: lambda s: s[0].train()},
    "one in eval": {4: lambda s: s[0][1].eval(), 8: lambda s: s[0][2].eval()},
    "requires_grad": {
        4: lambda s: s[0][0].weight.requires_grad_(False),
        8: lambda s: s[0][0].weight.requires_grad_(True),
    },
    "load_state_dict": {4: loaded, 5: loaded},
    "data": {4: lambda s: setattr(s[0][3].weight, "data", np.ones((2, 4)))},
    "lr": {4: lambda s: s[1].param_groups[0].update(lr=0.5)},
    "momentum": {4: lambda s: s[1].param_groups[0].update(momentum=0.5)},
    "the option of a layer": {4: lambda s: setattr(s[0][2], "p", 0.1)},
    "momentum of batch norm": {4: lambda s: setattr(s[0][1], "momentum", 0.5)},
    "a parameter": {4: lambda s: setattr(s[0][3], "bias", nn.Parameter(np.ones(2, "f")))},
    "a layer": {4: lambda s: s[0].append(nn.Linear(2, 2)), 8: lambda s: s[0].pop(0)},
    "gradient": {4: lambda s: setattr(s[0][3].weight, "grad", np.ones((2, 4)))},
}


@pytest.mark.parametrize("name", CHANGES)
def test_what_changes_between_calls(name: str) -> None:
    width = 4 if name == "a layer" else 3
    agree(training(network), lambda i: (batch(i, 4, width if i > 7 else 3),), 12, CHANGES[name])


class Counting(nn.Linear):
    """A layer that keeps something of every call."""

    def forward(self, input: Any) -> Any:
        self.latest = super().forward(input)
        self.calls = getattr(self, "calls", 0) + 1
        return self.latest


def test_a_module_that_keeps_what_it_did_is_run_itself_each_time() -> None:
    def make() -> Any:
        net = Counting(3, 2)

        def step(x: Any) -> Any:
            loss = (net(x) ** 2).sum()
            loss.backward()
            return loss, net.calls, net.latest.detach()

        return step, net

    agree(make, rows, is_replayed=False)


def test_a_model_converted_between_calls() -> None:
    def make() -> Any:
        net = nn.Sequential(nn.Linear(3, 4), nn.LayerNorm(4), nn.Linear(4, 2))

        def step(x: Any) -> Any:
            loss = (net(x) ** 2).sum()
            loss.backward()
            return loss

        return step, net

    agree(make, rows, changes={4: lambda net: net.double()})


def test_a_state_of_the_optimizer_that_is_loaded() -> None:
    saved: dict[str, Any] = {}

    def save(state: Any) -> None:
        saved["now"] = state[1].state_dict()

    def load(state: Any) -> None:
        state[1].load_state_dict(copy.deepcopy(saved["now"]))

    agree(training(network, optim.Adam), rows, changes={3: save, 5: load})


# --- modes, threads, nesting --------------------------------------------------------------------


def test_other_modes_around_the_call() -> None:
    w = tensor([1.0, 2.0, 3.0], requires_grad=True)
    plain = lambda x: (w * x.detach() * 1.1).detach()  # noqa: E731
    step, x = mg.compile(plain), batch(0, 4, 3)
    for _ in range(4):
        for mode in mg.no_grad, mg.enable_grad, mg.detect_anomaly, amp.emulate:
            with mode():
                assert facts_of(step(x)) == facts_of(plain(Tensor(x)))
    assert len(step.programs) == 2
    with pytest.raises(mg.AnomalyError), mg.detect_anomaly():
        step(np.full((4, 3), np.inf, np.float32))


def test_nothing_is_recorded_under_no_grad() -> None:
    w = tensor([1.0, 2.0], requires_grad=True)
    step = mg.compile(lambda: (w * 2.0).requires_grad)
    for _ in range(4):
        assert step() is True
        with mg.no_grad():
            assert step() is False


def test_a_compiled_step_in_another() -> None:
    def make() -> Any:
        w = tensor(batch(1, 3), requires_grad=True)
        inner = mg.compile(lambda x: w * x.detach())

        def step(x: Any) -> Any:
            loss = (w * inner(x)).sum() + inner(batch(5, 3)).sum()
            loss.backward()
            return loss

        return step, w

    agree(make, rows)


def test_two_threads_at_one_step() -> None:
    w = tensor(batch(0, 50), requires_grad=True)
    step = mg.compile(lambda x: (np.tanh(w * x) * 2.0 + x).detach())
    wrong: list[Any] = []

    def work(number: int) -> None:
        for i in range(60):
            x = batch(number * 100 + i, 40, 50)
            found = step(x)
            if facts_of(found) != facts_of((np.tanh(w * x) * 2.0 + Tensor(x)).detach()):
                wrong.append((number, i))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert [program.is_sure for program in step.programs.values()] == [True]


# --- what the caller holds, and memory ----------------------------------------------------------


def test_results_and_gradients_that_are_held_stay_as_they_were() -> None:
    w = tensor(batch(0, 3), requires_grad=True)

    @mg.compile
    def step(x: Any) -> Any:
        w.grad = None
        z = w * x
        z.sum().backward()
        return z, z[0], z.T

    held, copies = [], []
    for i in range(8):
        held.append((*step(batch(i, 4, 3)), w.grad))
        copies.append([t.tolist() for t in held[-1]])
    assert [[t.tolist() for t in each] for each in held] == copies
    memory = [t.numpy() for each in held for t in (each[0], each[-1])]
    pairs = [(a, b) for i, a in enumerate(memory) for b in memory[:i]]
    assert not any(np.shares_memory(a, b) for a, b in pairs)


def test_a_replay_reuses_its_memory() -> None:
    def step(x: Any) -> Any:
        for _ in range(10):
            x = np.tanh(x * 1.5 + 1.0)
        return x.sum()

    compiled, x = mg.compile(step), np.ones(100_000)
    for _ in range(3):
        compiled(x)
    tracemalloc.start()
    compiled(x)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < x.nbytes / 10
    assert len({word for word in compiled.text.split() if word.startswith("b")}) <= 4


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
