"""Schedules: against formulas of the epoch in closed form, and step by step against PyTorch."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from minigrad import load, optim, save, tensor
from minigrad.optim import lr_scheduler as schedules

STEPS = 50
Options = dict[str, Any]


def optimizer_of(library: Any = optim, make: Any = tensor, name: str = "SGD") -> Any:
    lrs = 0.5, 0.02
    groups = [{"params": [make([1.0], requires_grad=True)], "lr": lr} for lr in lrs]
    momentum = {"momentum": 0.9} if name == "SGD" else {}
    return getattr(library, name)(groups, lr=0.1, **momentum)


# --- in closed form -----------------------------------------------------------------------------


def step_lr(t: int, o: Options) -> float:
    return o["gamma"] ** (t // o["step_size"])


def multi_step_lr(t: int, o: Options) -> float:
    return o["gamma"] ** sum(m <= t for m in o["milestones"])


def linear_lr(t: int, o: Options) -> float:
    rise = (o["end_factor"] - o["start_factor"]) * min(t, o["total_iters"]) / o["total_iters"]
    return o["start_factor"] + rise


GAMMA, COUNT = st.floats(0.5, 1.1), st.integers(1, 30)
FACTORS = {
    "StepLR": (step_lr, {"step_size": COUNT, "gamma": GAMMA}),
    "MultiStepLR": (
        multi_step_lr,
        {"milestones": st.lists(st.integers(0, 60), max_size=5), "gamma": GAMMA},
    ),
    "ExponentialLR": (lambda t, o: o["gamma"] ** t, {"gamma": GAMMA}),
    "LinearLR": (
        linear_lr,
        {
            "start_factor": st.floats(0.1, 1.0),
            "end_factor": st.floats(0.0, 1.0),
            "total_iters": COUNT,
        },
    ),
    "LambdaLR": (lambda t, o: o["lr_lambda"](t), {"lr_lambda": st.just(lambda t: 1 / (1 + t))}),
}


@pytest.mark.parametrize("name", FACTORS)
@settings(max_examples=25)
@given(data=st.data())
def test_factors_of_the_first_learning_rate(name: str, data: st.DataObject) -> None:
    formula, strategies = FACTORS[name]
    options = data.draw(st.fixed_dictionaries(strategies))
    optimizer = optimizer_of()
    schedule = getattr(schedules, name)(optimizer, **options)
    for t in range(STEPS):
        factor = formula(t, options)
        wanted = [0.5 * factor, 0.02 * factor]
        np.testing.assert_allclose(schedule.get_last_lr(), wanted, rtol=1e-10, atol=1e-15)
        assert [group["lr"] for group in optimizer.param_groups] == schedule.get_last_lr()
        assert schedule.last_epoch == t
        schedule.step()


@settings(max_examples=25)
@given(T_max=COUNT, eta_min=st.floats(0.0, 0.01))
def test_the_cosine(T_max: int, eta_min: float) -> None:
    schedule = schedules.CosineAnnealingLR(optimizer_of(), T_max, eta_min)
    for t in range(STEPS):
        height = (1 + math.cos(math.pi * t / T_max)) / 2
        wanted = [eta_min + (lr - eta_min) * height for lr in (0.5, 0.02)]
        np.testing.assert_allclose(schedule.get_last_lr(), wanted, rtol=1e-10, atol=1e-10)
        schedule.step()


@settings(max_examples=25)
@given(
    pct_start=st.floats(0.0, 1.0), strategy=st.sampled_from(["cos", "linear"]), three=st.booleans()
)
def test_the_cycle(pct_start: float, strategy: Any, three: bool) -> None:
    optimizer, total = optimizer_of(), 40
    schedule = schedules.OneCycleLR(
        optimizer, [1.0, 0.1], total, pct_start=pct_start, anneal_strategy=strategy,
        three_phase=three,
    )  # fmt: skip
    up, end = pct_start * total - 1, total - 1
    ends = [0.0, up, 2 * up, end] if three else [0.0, up, end]
    for t in range(total):
        i = next((i for i in range(1, len(ends)) if t <= ends[i]), len(ends) - 1)
        share = (t - ends[i - 1]) / (ends[i] - ends[i - 1]) if ends[i] != ends[i - 1] else 1.0
        share = share if strategy == "linear" else (1 - math.cos(math.pi * share)) / 2
        for group, top in zip(optimizer.param_groups, (1.0, 0.1), strict=True):
            low = top / 25
            heights = [low, top, low, low / 1e4] if three else [low, top, low / 1e4]
            wanted = heights[i - 1] + (heights[i] - heights[i - 1]) * share
            assert group["lr"] == pytest.approx(wanted, rel=1e-10)
            momenta = [0.95, 0.85, 0.95, 0.95]
            wanted = momenta[i - 1] + (momenta[i] - momenta[i - 1]) * share
            assert group["momentum"] == pytest.approx(wanted, rel=1e-10)
        schedule.step()
    with pytest.raises(ValueError, match="OneCycleLR expects 40 steps, got another"):
        schedule.step()
    assert schedule.last_epoch == total


# --- against PyTorch ----------------------------------------------------------------------------


@pytest.fixture
def torch() -> Any:
    return pytest.importorskip("torch", reason="PyTorch is an optional peer")


def lr_lambda(t: int) -> float:
    return 0.95**t


def phases(library: Any, optimizer: Any, number: int) -> list[Any]:
    """Schedules of one optimizer, several of them chained."""
    L = library
    made = [
        lambda o: [L.LambdaLR(o, [lr_lambda, lambda t: 1.0])],
        lambda o: [L.StepLR(o, 7, 0.5)],
        lambda o: [L.MultiStepLR(o, [20, 3, 3, 11], 0.7)],
        lambda o: [L.LinearLR(o, 0.2, 0.9, 13)],
        lambda o: [L.CosineAnnealingLR(o, 10, 0.001)],
        lambda o: [L.OneCycleLR(o, 0.7, 60)],
        lambda o: [L.OneCycleLR(o, [0.7, 0.1], epochs=6, steps_per_epoch=10, three_phase=True)],
        lambda o: [L.OneCycleLR(o, 0.3, 55, pct_start=0.5, anneal_strategy="linear")],
        lambda o: [L.OneCycleLR(o, 0.3, 55, cycle_momentum=False, div_factor=3.0)],
        lambda o: [L.ExponentialLR(o, 0.95), L.StepLR(o, 5, 0.7)],
        lambda o: [L.LinearLR(o, 0.1, total_iters=8), L.CosineAnnealingLR(o, 17)],
        lambda o: [L.CosineAnnealingLR(o, 9), L.ExponentialLR(o, 0.99), L.LinearLR(o)],
        lambda o: [
            L.SequentialLR(o, [L.LinearLR(o, 0.1, total_iters=5), L.ExponentialLR(o, 0.9)], [6])
        ],
        lambda o: [
            L.SequentialLR(
                o, [L.StepLR(o, 2, 0.5), L.CosineAnnealingLR(o, 12), L.LambdaLR(o, lr_lambda)],
                [5, 30],
            )
        ],
        lambda o: [L.SequentialLR(o, [L.ExponentialLR(o, 0.5), L.MultiStepLR(o, [0, 2])], [0])],
        lambda o: [L.SequentialLR(o, [L.LinearLR(o), L.OneCycleLR(o, 0.4, 60)], [9])],
    ]  # fmt: skip
    return made[number](optimizer) if number < len(made) else []


@pytest.mark.parametrize("name", ["SGD", "Adam"])
@pytest.mark.parametrize("number", range(16))
def test_fifty_steps_agree_with_pytorch(torch: Any, number: int, name: str) -> None:
    ours, theirs = optimizer_of(name=name), optimizer_of(torch.optim, torch.tensor, name)
    ours_chain = phases(schedules, ours, number)
    theirs_chain = phases(torch.optim.lr_scheduler, theirs, number)
    theirs.step()
    for _ in range(STEPS):
        for group, other in zip(ours.param_groups, theirs.param_groups, strict=True):
            np.testing.assert_allclose(group["lr"], other["lr"], rtol=1e-12, atol=1e-16)
            key = "momentum" if name == "SGD" else "betas"
            np.testing.assert_allclose(group[key], other[key], rtol=1e-12)
        for one, other in zip(ours_chain, theirs_chain, strict=True):
            one.step()
            other.step()
            np.testing.assert_allclose(one.get_last_lr(), other.get_last_lr(), rtol=1e-12)
            assert one.last_epoch == other.last_epoch


def test_all_phases_are_tried() -> None:
    assert phases(schedules, optimizer_of(), 16) == []
    assert phases(schedules, optimizer_of(), 15) != []


PLATEAU = {
    "mode": st.sampled_from(["min", "max"]), "factor": st.floats(0.1, 0.9),
    "patience": st.integers(0, 4), "threshold": st.sampled_from([0.0, 1e-4, 0.1]),
    "threshold_mode": st.sampled_from(["rel", "abs"]), "cooldown": st.integers(0, 3),
    "min_lr": st.sampled_from([0.0, 0.01, [0.1, 0.001]]), "eps": st.sampled_from([1e-8, 1e-2]),
}  # fmt: skip


@settings(max_examples=40)
@given(options=st.fixed_dictionaries(PLATEAU), seed=st.integers(0, 99))
def test_plateaus_agree_with_pytorch(options: Options, seed: int) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is an optional peer")
    ours, theirs = optimizer_of(), optimizer_of(torch.optim, torch.tensor)
    one = schedules.ReduceLROnPlateau(ours, **options)
    other = torch.optim.lr_scheduler.ReduceLROnPlateau(theirs, **options)
    draw = np.random.default_rng(seed)
    for t in range(STEPS):
        measure = float("nan") if t == 7 else draw.standard_normal() + 3.0 / (1 + t)
        one.step(tensor(measure))
        other.step(np.float32(measure))
        assert one.get_last_lr() == other.get_last_lr()
        assert [group["lr"] for group in ours.param_groups] == one.get_last_lr()


@pytest.mark.parametrize("name", ["StepLR", "ExponentialLR", "LinearLR", "CosineAnnealingLR"])
def test_going_on_from_an_epoch_agrees_with_pytorch(torch: Any, name: str) -> None:
    argument = {"StepLR": 4, "ExponentialLR": 0.9, "LinearLR": 0.5, "CosineAnnealingLR": 10}[name]
    ours, theirs = optimizer_of(), optimizer_of(torch.optim, torch.tensor)
    for group in (*ours.param_groups, *theirs.param_groups):
        group["initial_lr"] = 0.8
    one = getattr(schedules, name)(ours, argument, last_epoch=2)
    other = getattr(torch.optim.lr_scheduler, name)(theirs, argument, last_epoch=2)
    theirs.step()
    for _ in range(9):
        np.testing.assert_allclose(one.get_last_lr(), other.get_last_lr(), rtol=1e-12)
        one.step()
        other.step()


SCHEDULES = (
    "LambdaLR StepLR MultiStepLR ExponentialLR LinearLR CosineAnnealingLR OneCycleLR "
    "ReduceLROnPlateau SequentialLR"
).split()


@pytest.mark.parametrize("name", SCHEDULES)
def test_signatures_and_defaults_are_pytorchs(torch: Any, name: str) -> None:
    import inspect

    ours = inspect.signature(getattr(schedules, name)).parameters
    theirs = inspect.signature(getattr(torch.optim.lr_scheduler, name)).parameters
    assert list(ours) == list(theirs)
    assert [p.default for p in ours.values()] == [p.default for p in theirs.values()]


def test_a_schedule_of_ones_own_names_its_options_and_its_learning_rates() -> None:
    class Halving(schedules.LRScheduler):
        patience: int = 1

        def get_lr(self) -> list[float]:
            return [lr * 0.5 ** (self.last_epoch // self.patience) for lr in self.base_lrs]

    schedule = Halving(optimizer_of(), patience=2)
    for _ in range(4):
        schedule.step()
    assert schedule.get_last_lr() == [0.125, 0.005]
    with pytest.raises(ValueError, match="Halving expects patience as a whole number"):
        Halving(optimizer_of(), patience=-1)


# --- states -------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", range(16))
def test_a_saved_schedule_goes_on_bit_for_bit(number: int, tmp_path: Any) -> None:
    optimizer, fresh = optimizer_of(), optimizer_of()
    chain, others = phases(schedules, optimizer, number), phases(schedules, fresh, number)
    for _ in range(20):
        for one in chain:
            one.step()
    state = [optimizer.state_dict(), [one.state_dict() for one in chain]]
    save(state, tmp_path / "state.npz")
    own, states = load(tmp_path / "state.npz")
    fresh.load_state_dict(own)
    for one, saved in zip(others, states, strict=True):
        one.load_state_dict(saved)
    for _ in range(30):
        for one, other in zip(chain, others, strict=True):
            one.step()
            other.step()
            assert one.get_last_lr() == other.get_last_lr()
    assert str(fresh.param_groups) == str(optimizer.param_groups)


def test_a_saved_plateau_goes_on_bit_for_bit() -> None:
    one, other = (schedules.ReduceLROnPlateau(optimizer_of(), patience=1) for _ in range(2))
    one.step(1.0)
    one.step(2.0)
    other.load_state_dict(one.state_dict())
    for schedule in one, other:
        schedule.step(3.0)
    assert one.get_last_lr() == other.get_last_lr() == [0.05, 0.002]


# --- bad input ----------------------------------------------------------------------------------


def sequence(optimizer: Any, count: int, milestones: Any) -> Any:
    parts = [schedules.ExponentialLR(optimizer, 0.9) for _ in range(count)]
    return schedules.SequentialLR(optimizer, parts, milestones)


BAD = [
    (lambda o: schedules.StepLR(0.1, 3), TypeError, "StepLR expects an optimizer, got float"),
    (lambda o: schedules.OneCycleLR(None, 3), TypeError, "an optimizer, got NoneType"),
    (lambda o: schedules.StepLR(o, 0), ValueError, r"whole number in \[1, inf\), got 0"),
    (lambda o: schedules.StepLR(o, 1.5), ValueError, "step_size"),
    (lambda o: schedules.StepLR(o, 3, gamma=-1.0), ValueError, "gamma"),
    (lambda o: schedules.StepLR(o, 3, gamma=math.nan), ValueError, "gamma"),
    (lambda o: schedules.StepLR(o, 3, last_epoch=-2), ValueError, "last_epoch"),
    (lambda o: schedules.StepLR(o, 3, last_epoch=4), ValueError, "groups with 'initial_lr'"),
    (lambda o: schedules.StepLR(o, 3, rate=4), TypeError, "rate"),
    (lambda o: schedules.MultiStepLR(o, [3, -1]), ValueError, "milestones"),
    (lambda o: schedules.MultiStepLR(o, 3), ValueError, "milestones as whole numbers"),
    (lambda o: schedules.MultiStepLR(o, range(3)), TypeError, r"got range\(0, 3\)"),
    (lambda o: schedules.ExponentialLR(o, None), TypeError, "gamma"),
    (lambda o: schedules.LinearLR(o, 0.0), ValueError, "start_factor"),
    (lambda o: schedules.LinearLR(o, end_factor=1.5), ValueError, "end_factor"),
    (lambda o: schedules.LinearLR(o, total_iters=0), ValueError, "total_iters"),
    (lambda o: schedules.CosineAnnealingLR(o, 0), ValueError, "T_max"),
    (lambda o: schedules.LambdaLR(o, 0.5), ValueError, "lr_lambda as functions"),
    (lambda o: schedules.LambdaLR(o, [abs]), ValueError, "each of 2 groups, got 1"),
    (lambda o: schedules.LambdaLR(o, lambda t: -1.0), ValueError, "LambdaLR expects lr as"),
    (lambda o: schedules.LambdaLR(o, lambda t: math.nan), ValueError, "got nan"),
    (lambda o: schedules.OneCycleLR(o, 1.0), ValueError, "total_steps, or epochs"),
    (lambda o: schedules.OneCycleLR(o, 1.0, epochs=3), ValueError, "total_steps, or epochs"),
    (lambda o: schedules.OneCycleLR(o, 1.0, 0), ValueError, "total_steps"),
    (lambda o: schedules.OneCycleLR(o, [1.0], 9), ValueError, "max_lr for each of 2 groups"),
    (lambda o: schedules.OneCycleLR(o, 1.0, 9, pct_start=2.0), ValueError, "pct_start"),
    (lambda o: schedules.OneCycleLR(o, 1.0, 9, anneal_strategy="x"), ValueError, "'cos' or"),
    (lambda o: schedules.OneCycleLR(o, 1.0, 9, max_momentum=1.0), ValueError, "max_momentum"),
    (lambda o: schedules.OneCycleLR(o, 1.0, 9, div_factor=0.0), ValueError, "div_factor"),
    (lambda o: schedules.ReduceLROnPlateau(o, "least"), ValueError, "'min' or 'max'"),
    (lambda o: schedules.ReduceLROnPlateau(o, factor=1.0), ValueError, "factor"),
    (lambda o: schedules.ReduceLROnPlateau(o, patience=-1), ValueError, "patience"),
    (lambda o: schedules.ReduceLROnPlateau(o, threshold_mode=1), ValueError, "'rel' or"),
    (lambda o: schedules.ReduceLROnPlateau(o, min_lr=[0.0]), ValueError, "min_lr for each"),
    (lambda o: sequence(o, 2, [3, 4]), ValueError, "1 rising milestones for 2 schedules"),
    (lambda o: sequence(o, 3, [4, 3]), ValueError, r"got \[4, 3\]"),
    (lambda o: sequence(o, 0, []), ValueError, "for 0 schedules"),
    (lambda o: schedules.SequentialLR(o, [3], []), ValueError, "got int as number 0"),
    (
        lambda o: schedules.SequentialLR(o, [schedules.ReduceLROnPlateau(o)], []),
        ValueError,
        "got ReduceLROnPlateau as number 0",
    ),
    (
        lambda o: schedules.SequentialLR(o, [schedules.StepLR(optimizer_of(), 3)], []),
        ValueError,
        "of the same optimizer",
    ),
    (lambda o: schedules.LRScheduler(o), TypeError, "no get_lr"),
    (lambda o: schedules.StepLR(o, 3).load_state_dict(None), ValueError, "NoneType"),
    (
        lambda o: schedules.StepLR(o, 3).load_state_dict(
            schedules.LinearLR(optimizer_of()).state_dict()
        ),
        ValueError,
        "StepLR.load_state_dict expects",
    ),
]


@pytest.mark.parametrize(("call", "error", "words"), BAD, ids=[words for _, _, words in BAD])
def test_bad_input_gets_one_sentence(call: Any, error: Any, words: str) -> None:
    optimizer = optimizer_of()
    with pytest.raises(error, match=words) as caught:
        call(optimizer)
    assert "\n" not in str(caught.value)
    if "LR" not in words:
        assert [group["lr"] for group in optimizer.param_groups] == [0.5, 0.02]


def test_one_cycle_wants_a_momentum() -> None:
    optimizer = optim.Adagrad([tensor([1.0])], lr=0.5)
    with pytest.raises(ValueError, match="got Adagrad; give cycle_momentum=False"):
        schedules.OneCycleLR(optimizer, 1.0, 10)
    assert optimizer.param_groups[0]["lr"] == 0.5
    schedules.OneCycleLR(optimizer, 1.0, 10, cycle_momentum=False)


def test_a_sequence_whose_state_does_not_fit_changes_nothing() -> None:
    optimizer = optimizer_of()
    one = sequence(optimizer, 2, [5])
    state = one.state_dict()
    for spoiled in {**state, "schedulers": [state["schedulers"][0], {}]}, {"last_epoch": 1}:
        before = one.state_dict()
        with pytest.raises(ValueError, match="load_state_dict expects"):
            one.load_state_dict(spoiled)
        assert one.state_dict() == before


def test_a_function_that_fails_changes_nothing() -> None:
    optimizer = optimizer_of()
    schedule = schedules.LambdaLR(optimizer, lambda t: 1.0 / (3 - t))
    for _ in range(2):
        schedule.step()
    before = schedule.state_dict()
    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            schedule.step()
    assert schedule.state_dict() == before
