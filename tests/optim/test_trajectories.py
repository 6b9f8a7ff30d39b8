"""Fifty steps of every optimizer: against its formula written out in NumPy, and against PyTorch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from minigrad import Tensor, optim, tensor

Array = np.ndarray
State = dict[str, Any]
STEPS = 50

# --- the formulas, one parameter at a time ------------------------------------------------------


def sgd(p: Array, g: Array, s: State, o: State) -> Array:
    g = g + o["weight_decay"] * p
    if o["momentum"]:
        s["v"] = o["momentum"] * s["v"] + (1 - o["dampening"]) * g if "v" in s else g
        g = g + o["momentum"] * s["v"] if o["nesterov"] else s["v"]
    return p - o["lr"] * g


def adagrad(p: Array, g: Array, s: State, o: State) -> Array:
    g = g + o["weight_decay"] * p
    s["sum"] = s.get("sum", o["initial_accumulator_value"]) + g**2
    lr = o["lr"] / (1 + (s["t"] - 1) * o["lr_decay"])
    return p - lr * g / (np.sqrt(s["sum"]) + o["eps"])


def rmsprop(p: Array, g: Array, s: State, o: State) -> Array:
    g, a = g + o["weight_decay"] * p, o["alpha"]
    s["v"] = a * s.get("v", 0.0) + (1 - a) * g**2
    s["m"] = a * s.get("m", 0.0) + (1 - a) * g
    variance = np.maximum(s["v"] - s["m"] ** 2, 0.0) if o["centered"] else s["v"]
    step = g / (np.sqrt(variance) + o["eps"])
    s["b"] = o["momentum"] * s.get("b", 0.0) + step
    return p - o["lr"] * (s["b"] if o["momentum"] else step)


def adadelta(p: Array, g: Array, s: State, o: State) -> Array:
    g, rho, eps = g + o["weight_decay"] * p, o["rho"], o["eps"]
    s["v"] = rho * s.get("v", 0.0) + (1 - rho) * g**2
    delta = np.sqrt(s.get("d", 0.0) + eps) / np.sqrt(s["v"] + eps) * g
    s["d"] = rho * s.get("d", 0.0) + (1 - rho) * delta**2
    return p - o["lr"] * delta


def adam(p: Array, g: Array, s: State, o: State) -> Array:
    (b1, b2), t = o["betas"], s["t"]
    if o["decoupled_weight_decay"]:
        p = p - o["lr"] * o["weight_decay"] * p
    else:
        g = g + o["weight_decay"] * p
    s["m"] = b1 * s.get("m", 0.0) + (1 - b1) * g
    s["v"] = b2 * s.get("v", 0.0) + (1 - b2) * g**2
    s["top"] = np.maximum(s.get("top", 0.0), s["v"])
    v = (s["top"] if o["amsgrad"] else s["v"]) / (1 - b2**t)
    return p - o["lr"] * s["m"] / (1 - b1**t) / (np.sqrt(v) + o["eps"])


def nadam(p: Array, g: Array, s: State, o: State) -> Array:
    (b1, b2), t, decay = o["betas"], s["t"], o["momentum_decay"]
    if o["decoupled_weight_decay"]:
        p = p - o["lr"] * o["weight_decay"] * p
    else:
        g = g + o["weight_decay"] * p
    mu, following = (b1 * (1 - 0.5 * 0.96 ** (i * decay)) for i in (t, t + 1))
    s["product"] = s.get("product", 1.0) * mu
    s["m"] = b1 * s.get("m", 0.0) + (1 - b1) * g
    s["v"] = b2 * s.get("v", 0.0) + (1 - b2) * g**2
    ahead = following * s["m"] / (1 - s["product"] * following)
    ahead = ahead + (1 - mu) * g / (1 - s["product"])
    return p - o["lr"] * ahead / (np.sqrt(s["v"] / (1 - b2**t)) + o["eps"])


FORMULAS: dict[str, Callable[[Array, Array, State, State], Array]] = {
    "SGD": sgd, "Adagrad": adagrad, "RMSprop": rmsprop, "Adadelta": adadelta, "Adam": adam,
    "AdamW": adam, "NAdam": nadam,
}  # fmt: skip

# --- random options -----------------------------------------------------------------------------

LR, SHARE, EPS = st.floats(1e-3, 0.1), st.sampled_from([0.0, 0.5, 0.9]), st.floats(1e-3, 1e-1)
ALPHA = st.sampled_from([0.5, 0.99])
DECAY, FLAG = st.sampled_from([0.0, 0.1]), st.booleans()
BETAS = st.tuples(st.sampled_from([0.0, 0.8, 0.9]), st.sampled_from([0.9, 0.999]))
OPTIONS: dict[str, dict[str, Any]] = {
    "SGD": {"momentum": SHARE, "dampening": SHARE, "nesterov": FLAG},
    "Adagrad": {"lr_decay": SHARE, "initial_accumulator_value": SHARE, "eps": EPS},
    "RMSprop": {"alpha": ALPHA, "momentum": SHARE, "centered": FLAG, "eps": EPS},
    "Adadelta": {"rho": SHARE, "eps": EPS},
    "Adam": {"betas": BETAS, "eps": EPS, "amsgrad": FLAG, "decoupled_weight_decay": FLAG},
    "AdamW": {"betas": BETAS, "eps": EPS, "amsgrad": FLAG},
    "NAdam": {"betas": BETAS, "eps": EPS, "momentum_decay": DECAY, "decoupled_weight_decay": FLAG},
}  # fmt: skip
SHAPES = st.lists(st.sampled_from([(), (3,), (2, 3), (0,), (1, 4)]), min_size=2, max_size=5)


def options_of(name: str) -> st.SearchStrategy[State]:
    def allowed(options: State) -> State:
        if options.get("nesterov") and options["momentum"] == 0.0:
            options["nesterov"] = False
        return {**options, "dampening": 0.0} if options.get("nesterov") else options

    shared = {"lr": LR, "weight_decay": DECAY, "maximize": FLAG}
    return st.fixed_dictionaries({**shared, **OPTIONS[name]}).map(allowed)


def slope(p: Array, number: int, step: int) -> Array | None:
    """The gradient of a made-up loss; now and then a parameter has none."""
    if (7 * number + step) % 9 == 4:
        return None
    return np.asarray(p - number + 0.2 * np.cos(3.0 * p + step), p.dtype)


def starts(shapes: list[tuple[int, ...]], dtype: Any = np.float64) -> list[Array]:
    draw = np.random.default_rng(0)
    return [np.asarray(draw.standard_normal(shape), dtype) for shape in shapes]


def run(optimizer: Any, params: list[Tensor]) -> None:
    for step in range(STEPS):
        for number, p in enumerate(params):
            p.grad = slope(p.detach().numpy(), number, step)
        optimizer.step()


@pytest.mark.parametrize("name", FORMULAS)
@settings(max_examples=25)
@given(data=st.data())
def test_fifty_steps_follow_the_formula(name: str, data: st.DataObject) -> None:
    shapes, groups = data.draw(SHAPES), [data.draw(options_of(name)) for _ in range(2)]
    arrays = starts(shapes)
    params = [tensor(array, requires_grad=True) for array in arrays]
    entries = [{**own, "params": params[i::2]} for i, own in enumerate(groups)]
    lr, maximize = groups[0]["lr"], groups[0]["maximize"]
    run(getattr(optim, name)(entries, lr, maximize=maximize), params)
    for number, (p, array) in enumerate(zip(params, arrays, strict=True)):
        options = {"decoupled_weight_decay": name == "AdamW", **groups[number % 2]}
        state: State = {"t": 0}
        for step in range(STEPS):
            g = slope(array, number, step)
            if g is not None:
                state["t"] += 1
                g = -g if options["maximize"] else g
                array = FORMULAS[name](array, g, state, options)
        np.testing.assert_allclose(p.detach(), array, rtol=1e-10, atol=1e-10)


@pytest.fixture
def torch() -> Any:
    torch = pytest.importorskip("torch", reason="PyTorch is an optional peer")
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)  # in which its NAdam keeps mu_product
    yield torch
    torch.set_default_dtype(before)


def twins(torch: Any, arrays: list[Array]) -> list[Any]:
    return [torch.tensor(array, requires_grad=True) for array in arrays]


def run_torch(torch: Any, optimizer: Any, params: list[Any]) -> None:
    for step in range(STEPS):
        for number, p in enumerate(params):
            g = slope(p.detach().numpy(), number, step)
            p.grad = None if g is None else torch.from_numpy(g)
        optimizer.step()


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("name", FORMULAS)
def test_fifty_steps_agree_with_pytorch(torch: Any, name: str, dtype: Any) -> None:
    tolerance = 1e-10 if dtype is np.float64 else 1e-5

    @settings(max_examples=25)
    @given(shapes=SHAPES, options=options_of(name))
    def agree(shapes: list[tuple[int, ...]], options: State) -> None:
        if dtype is np.float32 and options.get("centered"):
            options["maximize"] = False  # where all runs away, the variance is lost to rounding
        arrays = starts(shapes, dtype)
        params, others = [tensor(a, requires_grad=True) for a in arrays], twins(torch, arrays)
        run(getattr(optim, name)(params, **options), params)
        run_torch(torch, getattr(torch.optim, name)(others, **options), others)
        for p, other in zip(params, others, strict=True):
            assert p.dtype == dtype
            np.testing.assert_allclose(
                p.detach(), other.detach().numpy(), rtol=tolerance, atol=tolerance
            )

    agree()


@pytest.mark.parametrize("name", FORMULAS)
def test_signatures_and_defaults_are_pytorchs(torch: Any, name: str) -> None:
    import inspect

    ours = inspect.signature(getattr(optim, name)).parameters
    theirs = inspect.signature(getattr(torch.optim, name)).parameters
    execution = {"foreach", "capturable", "differentiable", "fused"}
    wanted = [n for n in theirs if n not in execution]
    wanted += ["decoupled_weight_decay"] * (name == "AdamW")  # an `Adam` with other defaults
    control = {"clip_value", "clip_norm", "rescale_norm", "on_nonfinite"}
    assert sorted(n for n in ours if n not in control) == sorted(wanted)
    positional = [n for n in wanted if ours[n].kind.name == "POSITIONAL_OR_KEYWORD"]
    assert positional == wanted[: len(positional)]
    for option in set(wanted[1:]) & set(theirs):
        assert ours[option].default == theirs[option].default
    assert all(ours[option].kind.name == "KEYWORD_ONLY" for option in control)


# --- state --------------------------------------------------------------------------------------


def to_arrays(state_dict: State) -> State:
    states = {
        number: {k: v.numpy() for k, v in state.items()}
        for number, state in state_dict["state"].items()
    }
    return {**state_dict, "state": states}


def to_torch(torch: Any, state_dict: State) -> State:
    states = {
        number: {k: torch.tensor(v) for k, v in state.items()}
        for number, state in state_dict["state"].items()
    }
    return {**state_dict, "state": states}


RICH: dict[str, State] = {
    "SGD": {"momentum": 0.9}, "RMSprop": {"momentum": 0.5, "centered": True},
    "Adam": {"amsgrad": True},
}  # fmt: skip


@pytest.mark.parametrize("name", FORMULAS)
def test_states_are_pytorchs_and_go_both_ways(torch: Any, name: str) -> None:
    arrays, options = starts([(3,), (), (2, 3)]), {"lr": 0.02, **RICH.get(name, {})}
    params, others = [tensor(a, requires_grad=True) for a in arrays], twins(torch, arrays)
    ours = getattr(optim, name)(params, **options)
    theirs = getattr(torch.optim, name)(others, **options)
    run(ours, params)
    run_torch(torch, theirs, others)
    mine, other = ours.state_dict(), to_arrays(theirs.state_dict())
    assert mine["state"].keys() == other["state"].keys()
    for number, state in other["state"].items():
        assert mine["state"][number].keys() == state.keys()
        for key, value in state.items():
            np.testing.assert_allclose(mine["state"][number][key], value, rtol=1e-10)
    assert mine["param_groups"][0]["params"] == other["param_groups"][0]["params"]
    assert mine["param_groups"][0].keys() <= other["param_groups"][0].keys()
    fresh, fresh_torch = getattr(optim, name)(params), getattr(torch.optim, name)(others)
    fresh.load_state_dict(other)
    fresh_torch.load_state_dict(to_torch(torch, {**mine, "param_groups": other["param_groups"]}))
    run(fresh, params)
    run_torch(torch, fresh_torch, others)
    for p, q in zip(params, others, strict=True):
        np.testing.assert_allclose(p.detach(), q.detach().numpy(), rtol=1e-10)


@pytest.mark.parametrize("name", FORMULAS)
def test_a_loaded_state_goes_on_bit_for_bit(name: str) -> None:
    options = {"lr": 0.02, **RICH.get(name, {})}
    params = [tensor(a, requires_grad=True) for a in starts([(3,), (), (2, 3), (0,)])]
    optimizer = getattr(optim, name)(
        [{"params": params[:1], "lr": 0.01}, {"params": params[1:]}], **options
    )
    run(optimizer, params)
    copies = [tensor(p.detach(), requires_grad=True) for p in params]
    other = getattr(optim, name)([{"params": copies[:1]}, {"params": copies[1:]}])
    saved = optimizer.state_dict()
    other.load_state_dict(saved)
    run(optimizer, params)
    run(other, copies)
    for p, q in zip(params, copies, strict=True):
        np.testing.assert_array_equal(p.detach(), q.detach())
    again = getattr(optim, name)([{"params": copies[:1]}, {"params": copies[1:]}])
    again.load_state_dict(saved)  # what was saved is a copy, and so is what was loaded
    assert str(again.state_dict()) == str(saved)
