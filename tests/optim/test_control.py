"""What every optimizer does to gradients before the update, and what it leaves alone."""

from __future__ import annotations

import copy
import pickle
import tracemalloc
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from minigrad import Tensor, nn, optim, tensor
from minigrad.autograd import memory

NAMES = "SGD Adagrad RMSprop Adadelta Adam AdamW NAdam".split()
STEPS = 50


def with_gradient(value: Any, gradient: Any, dtype: Any = np.float64) -> Tensor:
    p = tensor(np.asarray(value, dtype), requires_grad=True)
    p.grad = np.asarray(gradient, dtype)
    return p


def everything(optimizer: Any, params: list[Tensor]) -> str:
    gradients = [None if p.grad is None else p.grad.tolist() for p in params]
    return repr(([p.tolist() for p in params], gradients, optimizer.state_dict()))


# --- clipping and scaling -----------------------------------------------------------------------

BOUND = st.one_of(st.none(), st.floats(0.01, 3.0))


@settings(max_examples=60)
@given(value=BOUND, norm=BOUND, rescale=st.booleans(), dtype=st.sampled_from(["f4", "f8"]))
def test_fifty_clipped_steps_follow_the_formula(
    value: float | None, norm: float | None, rescale: bool, dtype: str
) -> None:
    draw = np.random.default_rng(0)
    arrays = [draw.standard_normal(shape).astype(dtype) for shape in ((3,), (2, 2), ())]
    params = [tensor(array, requires_grad=True) for array in arrays]
    kind = "rescale_norm" if rescale else "clip_norm"
    optimizer = optim.SGD(params, lr=0.1, clip_value=value, **{kind: norm})
    engaged = 0
    tolerance = 1e-10 if dtype == "f8" else 1e-5
    for step in range(STEPS):
        gradients = [np.asarray(4.0 * np.sin(a + step), dtype) for a in arrays]
        for p, g in zip(params, gradients, strict=True):
            p.grad = g
        optimizer.step()
        clipped = [g if value is None else np.clip(g, -value, value) for g in gradients]
        flat = np.concatenate([g.astype(float).ravel() for g in clipped])
        length = np.sqrt((flat**2).sum())
        factor = 1.0
        if norm is not None:
            factor = norm / length if rescale else min(1.0, norm / (length + 1e-6))
        changed = factor != 1.0 or any(
            (a != b).any() for a, b in zip(clipped, gradients, strict=True)
        )
        engaged += bool(changed)
        before = np.sqrt(sum(float((g.astype(float) ** 2).sum()) for g in gradients))
        report = optimizer.clipping
        np.testing.assert_allclose(
            [report.norm, report.norm_after, report.coefficient],
            [before, length * factor, factor],
            rtol=tolerance,
        )
        assert report[3:] == (changed, False, engaged, 0, step + 1)
        for p, g in zip(params, clipped, strict=True):
            np.testing.assert_allclose(p.grad, g * factor, rtol=tolerance, atol=tolerance)
        arrays = [
            np.asarray(a - 0.1 * g * factor, dtype) for a, g in zip(arrays, clipped, strict=True)
        ]
        for p, a in zip(params, arrays, strict=True):
            np.testing.assert_allclose(p.detach(), a, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("name", NAMES)
def test_clipping_inside_is_clip_grad_norm_before_the_step(name: str) -> None:
    inside, outside = ([with_gradient([1.0, 2.0], [3.0, -4.0])] for _ in range(2))
    first = getattr(optim, name)(inside, clip_norm=1.0, clip_value=3.5)
    second = getattr(optim, name)(outside)
    first.step()
    nn.utils.clip_grad_value_(outside, 3.5)
    nn.utils.clip_grad_norm_(outside, 1.0)
    second.step()
    np.testing.assert_allclose(inside[0].detach(), outside[0].detach(), rtol=1e-15)
    np.testing.assert_allclose(inside[0].grad, outside[0].grad, rtol=1e-15)


def test_peers_the_norm_does_not_overflow_in_float32() -> None:
    p = with_gradient([0.0, 0.0], [1e20, 0.0], np.float32)
    optimizer = optim.SGD([p], lr=1.0, clip_norm=1.0)
    optimizer.step()
    np.testing.assert_allclose(p.detach(), [-1.0, 0.0], rtol=1e-6)
    assert optimizer.clipping.norm == pytest.approx(1e20)


def test_peers_the_norm_does_not_vanish_in_float32() -> None:
    p = with_gradient([0.0], [3e-25], np.float32)
    optimizer = optim.SGD([p], lr=1.0, rescale_norm=1.0)
    optimizer.step()
    assert p.tolist() == [-1.0]
    assert optimizer.clipping.norm == pytest.approx(3e-25)


def test_a_gradient_without_direction_is_not_rescaled() -> None:
    for g in 0.0, 1e-40:
        p = with_gradient([1.0], [g])
        optimizer = optim.SGD([p], lr=1.0, rescale_norm=1.0)
        optimizer.step()
        assert p.grad is not None
        assert p.grad.tolist() == [g]
        assert not optimizer.clipping.engaged


def test_peers_a_gradient_that_came_twice_is_scaled_once() -> None:
    p, q = (tensor(np.array([3.0]), requires_grad=True) for _ in range(2))
    (p + q).sum().backward()
    optim.SGD([p, q], clip_norm=0.5).step()
    assert p.grad is not None and q.grad is not None  # noqa: PT018
    np.testing.assert_allclose(np.hypot(p.grad.item(), q.grad.item()), 0.5, rtol=1e-5)


def test_peers_the_report_says_if_clipping_ever_binds() -> None:
    p = with_gradient([0.0], [3.0])
    optimizer = optim.SGD([p], clip_norm=2.0)
    optimizer.step()
    p.grad = np.array([1.0])
    optimizer.step()
    report = optimizer.clipping
    assert (report.norm, report.norm_after, report.coefficient) == (1.0, 1.0, 1.0)
    assert (report.engaged, report.times_engaged, report.steps) == (False, 1, 2)
    with pytest.raises(AttributeError):
        report.norm = 0.0  # type: ignore[misc]


# --- gradients that are not finite --------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_gradient_that_is_not_finite_changes_nothing(name: str, bad: float) -> None:
    params = [with_gradient([1.0, 2.0], [0.1, 0.2]) for _ in range(3)]
    options = {"clip_norm": 0.1, "clip_value": 0.05}
    optimizer = getattr(optim, name)(params, **options)
    optimizer.step()
    params[1].grad = np.array([bad, 1.0])
    before = everything(optimizer, params)
    with pytest.raises(RuntimeError, match=r"parameter 1 of shape \(2,\); nothing was changed"):
        optimizer.step()
    assert everything(optimizer, params) == before
    assert optimizer.clipping.steps == 1


def test_names_and_numbers_of_parameters_stand_in_the_error() -> None:
    net = nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 1))
    optimizer = optim.Adam([{"params": net[0].named_parameters()}, {"params": net[1].parameters()}])
    for p in net.parameters():
        p.grad = np.full(p.shape, np.nan)
    with pytest.raises(RuntimeError) as caught:
        optimizer.step()
    wanted = (
        "0 'weight' of shape (3, 2), 1 'bias' of shape (3,), 2 of shape (1, 3), 3 of shape (1,)"
    )
    assert wanted in str(caught.value)
    many = [with_gradient([1.0], [np.nan]) for _ in range(9)]
    with pytest.raises(RuntimeError, match="and 4 more"):
        optim.SGD(many).step()


def test_skip_passes_over_the_step_and_says_so() -> None:
    p = with_gradient([1.0], [np.inf])
    optimizer = optim.Adam([p], on_nonfinite="skip", clip_norm=1.0)
    before = everything(optimizer, [p])
    optimizer.step()
    assert everything(optimizer, [p]) == before
    assert optimizer.clipping.skipped
    p.grad = np.array([1.0])
    optimizer.step()
    report = optimizer.clipping
    assert (report.skipped, report.times_skipped, report.steps) == (False, 1, 2)
    assert p.item() < 1.0


def test_ignore_goes_on_as_pytorch_does() -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is an optional peer")
    p, q = with_gradient([1.0, 1.0], [np.nan, 2.0]), torch.ones(2, dtype=torch.float64)
    q.grad = torch.tensor([np.nan, 2.0], dtype=torch.float64)
    optim.SGD([p], lr=0.5, on_nonfinite="ignore", clip_value=1.0).step()
    torch.nn.utils.clip_grad_value_([q], 1.0)
    torch.optim.SGD([q], lr=0.5).step()
    np.testing.assert_array_equal(p.detach(), q.numpy())


def test_huge_finite_gradients_are_no_error() -> None:
    p = with_gradient([0.0], [1e20], np.float32)
    optim.SGD([p], lr=1e-20).step()
    assert p.tolist() == [-1.0]
    p = with_gradient([0.0, 0.0], [1.5e308, 1.5e308])  # their norm is beyond float64
    optim.SGD([p], lr=1e-308).step()
    np.testing.assert_allclose(p.detach(), [-1.5, -1.5])


# --- in place, without new memory ---------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_steps_after_the_first_allocate_no_arrays(name: str, dtype: Any) -> None:
    size = 200_000
    options = {"RMSprop": {"centered": True, "momentum": 0.5}, "Adam": {"amsgrad": True}}
    params = [with_gradient(np.ones(size), np.ones(size), dtype) for _ in range(2)]
    memory = [p.detach().numpy() for p in params]
    optimizer = getattr(optim, name)(
        params, weight_decay=0.1, clip_norm=1.0, clip_value=0.5, **options.get(name, {})
    )
    optimizer.step()
    tracemalloc.start()
    for _ in range(3):
        optimizer.step()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < size
    for p, array in zip(params, memory, strict=True):
        assert p.dtype == dtype
        assert np.shares_memory(p.detach().numpy(), array)
    for state in optimizer.state.values():
        assert all(a.dtype == dtype for a in state.values() if isinstance(a, np.ndarray))


@pytest.mark.parametrize("name", NAMES)
def test_any_layout_of_a_parameter_is_changed_in_place(name: str) -> None:
    whole = np.arange(12.0).reshape(3, 4)
    views = [np.asfortranarray(whole), whole[::-1, ::2].copy("F")]
    results = []
    for arrays in (views, [np.ascontiguousarray(v) for v in views]):
        params = [Tensor(a.copy("K")).requires_grad_() for a in arrays]
        for p in params:
            p.grad = np.sin(p.detach().numpy())
        getattr(optim, name)(params, lr=0.1).step()
        results.append([p.tolist() for p in params])
    assert results[0] == results[1]


def test_what_changed_is_marked() -> None:
    p = with_gradient([1.0], [3.0])
    assert p.grad is not None
    before = memory.next_serial()
    optim.SGD([p], clip_norm=1.0).step()
    for array in p.detach().numpy(), p.grad.numpy():
        assert memory.last_change(array, before)


def test_zero_grad_keeps_the_array_if_told() -> None:
    p = tensor(np.array([1.0, 2.0]), requires_grad=True)
    optimizer = optim.SGD([p], lr=0.25)
    (p * p).sum().backward()
    assert p.grad is not None
    gradient = p.grad
    optimizer.zero_grad(set_to_none=False)
    assert p.grad is gradient
    assert gradient.tolist() == [0.0, 0.0]
    optimizer.zero_grad()
    assert p.grad is None
    optimizer.step()
    assert p.tolist() == [1.0, 2.0]


def test_copies_and_pickles_go_on_bit_for_bit() -> None:
    net = nn.Linear(2, 3)
    optimizer = optim.Adam(net.parameters(), lr=0.1)
    others = []
    for copied in copy.deepcopy, lambda pair: pickle.loads(pickle.dumps(pair)):
        for p in net.parameters():
            p.grad = np.sin(p.detach().numpy())
        optimizer.step()
        others.append(copied((net, optimizer)))
        twin, twin_optimizer = others[-1]
        for params in net.parameters(), twin.parameters():
            for p in params:
                p.grad = np.cos(p.detach().numpy())
        before = twin.weight.tolist()
        optimizer.step()
        twin_optimizer.step()
        assert twin.weight.tolist() == net.weight.tolist() != before


def test_an_optimizer_of_ones_own_names_its_options_and_its_update() -> None:
    class SignDescent(optim.Optimizer):
        lr: float = 0.1

        def update(self, bucket: Any) -> None:
            np.multiply(np.sign(bucket.gradient), bucket.group["lr"], bucket.gradient)

    p = with_gradient([1.0, 2.0], [3.0, -4.0])
    SignDescent([p], lr=0.5).step()
    assert p.tolist() == [0.5, 2.5]
    with pytest.raises(ValueError, match="SignDescent expects lr as a number"):
        SignDescent([p], lr=-1.0)


# --- groups -------------------------------------------------------------------------------------


def test_groups_have_options_of_their_own() -> None:
    p, q, r = (with_gradient([1.0], [1.0]) for _ in range(3))
    optimizer = optim.SGD([{"params": [p]}, {"params": q, "lr": 0.5}], lr=0.1)
    optimizer.add_param_group({"params": iter([r]), "lr": 0.2, "name": "late"})
    optimizer.step()
    assert [t.item() for t in (p, q, r)] == [0.9, 0.5, 0.8]
    optimizer.param_groups[1]["lr"] = 0.0
    optimizer.step()
    assert q.item() == 0.5
    assert [group["lr"] for group in optimizer.param_groups] == [0.1, 0.0, 0.2]
    assert optimizer.state_dict()["param_groups"][2]["params"] == [2]


def test_a_model_converted_after_its_optimizer_was_made_is_followed() -> None:
    p = with_gradient([1.0], [1.0], np.float32)
    optimizer = optim.SGD([p], lr=0.5, momentum=0.5)
    optimizer.step()
    p._array, p.grad = p._array.astype(np.float64), None
    p.grad = np.array([1.0])
    optimizer.step()
    assert p.dtype == np.float64
    assert p.tolist() == [0.5 - 0.75]
    assert optimizer.state[p]["momentum_buffer"].dtype == np.float64


def test_several_dtypes_are_clipped_together() -> None:
    p, q = with_gradient([0.0], [3.0], np.float32), with_gradient([0.0], [4.0], np.float64)
    optimizer = optim.SGD([p, q], lr=1.0, clip_norm=1.0)
    optimizer.step()
    np.testing.assert_allclose([p.item(), q.item()], [-0.6, -0.8], rtol=1e-6)
    assert optimizer.clipping.norm == 5.0


# --- bad input ----------------------------------------------------------------------------------


def leaf() -> Tensor:
    return tensor(np.ones(2), requires_grad=True)


READ_ONLY = np.broadcast_to(np.ones(1), (3,))

BAD = [
    (lambda: optim.SGD(leaf()), TypeError, "SGD expects a list of parameters, got one Tensor"),
    (lambda: optim.SGD({leaf()}), TypeError, "got one set"),
    (lambda: optim.SGD(3), TypeError, "got one int"),
    (lambda: optim.SGD([]), ValueError, "got none"),
    (lambda: optim.SGD(iter(())), ValueError, "got none"),
    (lambda: optim.SGD([np.ones(2)]), TypeError, "got ndarray as number 0"),
    (lambda: optim.SGD([leaf(), 1.0]), TypeError, "got float as number 1"),
    (lambda: optim.SGD(nn.Sequential(nn.Linear(1, 1))), TypeError, "got Linear as number 0"),
    (lambda: optim.SGD({"params": [leaf()]}), TypeError, "got str as number 0"),
    (lambda: optim.SGD([leaf() * 2.0]), ValueError, "leaves"),
    (lambda: optim.SGD([tensor([1, 2])]), ValueError, "int64"),
    (lambda: optim.SGD([tensor(np.ones(2, complex))]), ValueError, "complex128"),
    (lambda: optim.SGD([Tensor(READ_ONLY)]), ValueError, "writable"),
    (lambda: optim.SGD([p := leaf(), p]), ValueError, "each once, got number 1"),
    (
        lambda: optim.SGD([{"params": [p := leaf()]}, {"params": [p]}]),
        ValueError,
        "each once, got number 0",
    ),
    (lambda: optim.SGD([{"params": [leaf()]}, [leaf()]]), TypeError, "as a dict of params"),
    (lambda: optim.SGD([{"lr": 0.1}]), TypeError, "got lr"),
    (lambda: optim.SGD([{"params": [leaf()], "rate": 0.1}]), TypeError, "got params, rate"),
    (lambda: optim.SGD([{"params": [leaf()], "lr": -1}]), ValueError, "lr as a number"),
    (lambda: optim.SGD([leaf()], rate=0.1), TypeError, "rate"),
    (lambda: optim.SGD([leaf()], lr=-0.1), ValueError, r"lr as a number in \[0, inf\), got -0.1"),
    (lambda: optim.SGD([leaf()], lr=np.nan), ValueError, "got nan"),
    (lambda: optim.SGD([leaf()], lr=np.inf), ValueError, "got inf"),
    (lambda: optim.SGD([leaf()], lr="fast"), ValueError, "got 'fast'"),
    (lambda: optim.SGD([leaf()], lr=None), TypeError, "got None"),
    (lambda: optim.SGD([leaf()], lr=True), ValueError, "got True"),
    (lambda: optim.SGD([leaf()], lr=tensor(0.1)), TypeError, "got tensor"),
    (lambda: optim.SGD([leaf()], momentum=-1.0), ValueError, "momentum"),
    (lambda: optim.SGD([leaf()], weight_decay=-1.0), ValueError, "weight_decay"),
    (lambda: optim.SGD([leaf()], nesterov=True), ValueError, "nesterov with a momentum"),
    (
        lambda: optim.SGD([leaf()], momentum=0.5, dampening=0.5, nesterov=True),
        ValueError,
        "no dampening",
    ),
    (lambda: optim.SGD([leaf()], momentum=0.9, nesterov=1), ValueError, "True or False, got 1"),
    (lambda: optim.SGD([leaf()], clip_norm=0.0), ValueError, "clip_norm"),
    (lambda: optim.SGD([leaf()], clip_value=-1.0), ValueError, "clip_value"),
    (lambda: optim.SGD([leaf()], rescale_norm=np.nan), ValueError, "rescale_norm"),
    (lambda: optim.SGD([leaf()], clip_norm=1.0, rescale_norm=1.0), ValueError, "got both"),
    (lambda: optim.SGD([leaf()], on_nonfinite="warn"), ValueError, "'raise', 'skip' or 'ignore'"),
    (lambda: optim.Adam([leaf()], betas=(0.9, 1.0)), ValueError, r"betas .*, got \(0.9, 1.0\)"),
    (lambda: optim.Adam([leaf()], betas=(-0.1, 0.9)), ValueError, "betas"),
    (lambda: optim.Adam([leaf()], betas=0.9), ValueError, "got 0.9"),
    (lambda: optim.Adam([leaf()], betas=(0.9, 0.9, 0.9)), ValueError, "two numbers"),
    (lambda: optim.Adam([leaf()], eps=-1e-8), ValueError, "eps"),
    (lambda: optim.AdamW([leaf()], decoupled_weight_decay=1), ValueError, "decoupled"),
    (lambda: optim.NAdam([leaf()], momentum_decay=-1.0), ValueError, "momentum_decay"),
    (lambda: optim.RMSprop([leaf()], alpha=1.5), ValueError, "alpha"),
    (lambda: optim.RMSprop([leaf()], centered=None), TypeError, "centered"),
    (lambda: optim.Adagrad([leaf()], lr_decay=-1.0), ValueError, "lr_decay"),
    (lambda: optim.Adagrad([leaf()], initial_accumulator_value=-1), ValueError, "initial"),
    (lambda: optim.Adadelta([leaf()], rho=1.1), ValueError, "rho"),
    (lambda: optim.Optimizer([with_gradient(1.0, 1.0)]).step(), TypeError, "no update"),
]  # fmt: skip


@pytest.mark.parametrize(("call", "error", "words"), BAD, ids=[words for _, _, words in BAD])
def test_bad_input_gets_one_sentence(call: Any, error: Any, words: str) -> None:
    with pytest.raises(error, match=words) as caught:
        call()
    assert "\n" not in str(caught.value)


def test_a_group_that_cannot_be_changes_nothing() -> None:
    p = with_gradient([1.0], [1.0])
    optimizer = optim.SGD([p])
    for group in {"params": [p]}, {"params": [leaf()], "lr": -1.0}, {"params": 3}, "group":
        with pytest.raises((TypeError, ValueError)):
            optimizer.add_param_group(group)
    assert len(optimizer.param_groups) == 1
    assert len(optimizer.state_dict()["param_groups"]) == 1


def spoiled(**changes: Any) -> dict[str, Any]:
    optimizer = optim.Adam([with_gradient([1.0, 2.0], [1.0, 1.0]), leaf()])
    optimizer.step()
    return {**optimizer.state_dict(), **changes}


STATE = {"step": 1, "exp_avg": np.ones(2), "exp_avg_sq": np.ones(2)}
GROUP = spoiled()["param_groups"][0]


@pytest.mark.parametrize(
    "state_dict",
    [
        None, [], {}, {"state": {}}, {"param_groups": []}, spoiled(param_groups=None),
        spoiled(state=None), spoiled(param_groups=[]), spoiled(param_groups=[GROUP, GROUP]),
        spoiled(param_groups=[{**GROUP, "params": [0]}]),
        spoiled(param_groups=[{"params": [0, 1]}]),
        spoiled(param_groups=[{**GROUP, "lr": -1.0}]),
        spoiled(param_groups=[{**GROUP, "betas": 1}]),
        spoiled(state={0: {"step": 1}}), spoiled(state={0: {**STATE, "momentum": np.ones(2)}}),
        spoiled(state={0: {**STATE, "exp_avg": np.ones(3)}}), spoiled(state={0: 3}),
        spoiled(state={0: {**STATE, "step": np.ones(2)}}),
        spoiled(state={0: {**STATE, "step": "one"}}),
        spoiled(state={1: STATE, 0: {**STATE, "exp_avg": None}}),
        optim.SGD([leaf(), leaf()]).state_dict(),
    ],
)  # fmt: skip
def test_a_state_that_does_not_fit_changes_nothing(state_dict: Any) -> None:
    params = [with_gradient([1.0, 2.0], [1.0, 1.0]), leaf()]
    optimizer = optim.Adam(params, lr=0.5)
    optimizer.step()
    before = everything(optimizer, params)
    with pytest.raises(ValueError, match=r"^Adam\.load_state_dict expects what") as caught:
        optimizer.load_state_dict(state_dict)
    assert "\n" not in str(caught.value)
    assert everything(optimizer, params) == before
