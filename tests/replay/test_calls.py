"""A compiled step gives the bits of the plain one: arguments, and what changes between calls."""

from __future__ import annotations

import copy
import threading
import tracemalloc
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import minigrad as mg
from minigrad import Tensor, amp, nn, optim, tensor

from .twins import agree, batch, facts_of, of_weight, rows, training

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


def test_a_result_that_is_the_next_argument() -> None:
    w = tensor(batch(0, 3), requires_grad=True)
    plain = lambda h: ((h * 0.5 + w) * 2.0).detach()  # noqa: E731
    step, state, wanted = mg.compile(plain), tensor(batch(1, 3)), tensor(batch(1, 3))
    for _ in range(8):
        state, wanted = step(state), plain(wanted)
        assert facts_of(state) == facts_of(wanted)


def test_keyword_arguments() -> None:
    step = mg.compile(lambda x, y=None, *, z=1.0: x * z if y is None else x * z - y)
    x, y, z = batch(0, 2), batch(1, 2), batch(2, 2)
    for _ in range(4):
        assert facts_of(step(x, z=z)) == facts_of(Tensor(x) * z)
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


def test_a_module_and_a_bound_method() -> None:
    net = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2))
    for step in mg.compile(net), mg.compile(net.forward):
        for i in range(4):
            x = batch(i, 5, 3)
            assert facts_of(step(x)) == facts_of(net(Tensor(x)).detach())
        assert "tanh" in step.text


def test_two_tensors_of_one_memory_that_part_between_calls() -> None:
    def make() -> Any:
        w = tensor(batch(0, 3), requires_grad=True)
        start = w.detach()
        return lambda x: x * w.detach() - start, [w, start]

    def part(state: Any) -> None:
        state[0].data = np.ones(3, np.float32)

    agree(make, rows, changes={4: part})


def test_as_many_programs_as_there_is_room_for() -> None:
    step = mg.compile(lambda x: x * 2.0)
    for n in [*range(1, 100), 3]:
        assert step(np.ones(n)).tolist() == [2.0] * n
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


def test_recording_holds_hardly_more_than_the_step_itself() -> None:
    w = tensor(np.ones(50_000), requires_grad=True)

    def step() -> Any:
        w.grad = None
        x = w
        for _ in range(20):
            x = np.tanh(x * 1.1)
        loss = x.mean()
        loss.backward()
        return loss

    peaks = []
    for run in step, step, mg.compile(step):
        tracemalloc.start()
        run()
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[2] < 1.1 * peaks[1]


def test_what_it_was_recorded_with_is_not_kept() -> None:
    compiled = mg.compile(lambda x: np.tanh(x * 2.0))
    batches = [batch(i, 4, 3) for i in range(3)]
    for x in batches:
        compiled(x)
    alive = [weakref.ref(x) for x in batches]
    del x
    batches.clear()
    assert all(ref() is None for ref in alive)
