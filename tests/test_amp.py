"""Mixed precision: float16 emulated, and the loss scaler that says what it does."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import minigrad as mg
from minigrad import Tensor, amp, func, nn, optim, tensor


def half(x: Any) -> np.ndarray:
    """What float16 holds of an array, in its own dtype."""
    with np.errstate(over="ignore"):
        return np.asarray(x).astype(np.float16).astype(np.asarray(x).dtype)


# --- emulation ------------------------------------------------------------------------------------


def test_every_result_is_one_that_float16_holds() -> None:
    x = tensor(np.linspace(0.1, 3.0, 50), dtype=np.float32, requires_grad=True)
    with amp.emulate():
        steps = [x * 1.1, np.exp(x), x.sum(), x @ x, np.sort(x), x.detach() / 3.0, np.cbrt(x)]
    for z in steps:
        assert z.dtype == np.float32
        np.testing.assert_array_equal(z.detach(), half(z.detach().numpy()))
    assert any((z.detach().numpy() != half(x.detach().numpy() * 1.1)).any() for z in [x * 1.1])


def test_gradients_are_rounded_on_their_way() -> None:
    x = tensor([1.0, 2.0], requires_grad=True)
    with amp.emulate():
        (x * 2.0**-13 * 2.0**-13).sum().backward()
    np.testing.assert_array_equal(x.grad, [0.0, 0.0])  # 2^-26 is below half of 2^-24
    with amp.emulate():
        (x * 2.0**-12 * 2.0**-12).sum().backward()
    np.testing.assert_array_equal(x.grad, [2.0**-24, 2.0**-24])


def test_the_limits_of_float16() -> None:
    with amp.emulate():
        assert (tensor(2.0**-25) * 1.0).item() == 0.0
        assert (tensor(2.0**-25 * 1.001) * 1.0).item() == 2.0**-24
        assert (tensor(65504.0) * 1.0).item() == 65504.0
        assert (tensor(65520.0) * 1.0).item() == np.inf
        assert (tensor(1.0) + 2.0**-11).item() == 1.0
        assert (tensor([3, 4]) * 2).tolist() == [6, 8]
        assert np.argmax(tensor([1.0, 2.0])).item() == 1


def test_what_rules_see_is_rounded_too() -> None:
    x = tensor(1.2345678, dtype=np.float64, requires_grad=True)
    with amp.emulate():
        np.exp(x).backward()
    assert x.grad.item() == half(np.exp(1.2345678))


def test_it_ends_with_its_block_and_nests() -> None:
    x = tensor([0.1])
    with pytest.raises(KeyError), amp.emulate():
        raise KeyError
    with amp.emulate(np.float32), amp.emulate(np.float16):
        rounded = x * 1.1
    assert (x * 1.1).item() != rounded.item() == half(rounded.numpy()).item()
    with (
        pytest.raises(TypeError, match=r"dtype of floats, got int64; give np\.float16"),
        amp.emulate(int),
    ):
        pass


def test_second_derivatives_under_emulation() -> None:
    with amp.emulate():
        found = func.grad(func.grad(lambda x: x**3))(np.float32(1.1))
    np.testing.assert_allclose(found, 6.6, rtol=2e-3)


# --- the scaler -----------------------------------------------------------------------------------


def model(values: Any = (1.0, -2.0)) -> tuple[Tensor, optim.SGD]:
    x = tensor(list(values), requires_grad=True)
    return x, optim.SGD([x], lr=0.1)


def test_a_scaled_step_is_the_same_step() -> None:
    (x, plain), (y, scaled), scaler = model(), model(), amp.GradScaler(init_scale=4096.0)
    for _ in range(3):
        plain.zero_grad()
        (x * x).sum().backward()
        plain.step()
        scaled.zero_grad()
        scaler.scale((y * y).sum()).backward()
        scaler.step(scaled)
        scaler.update()
    np.testing.assert_array_equal(x.detach(), y.detach())
    assert scaler.last_step == amp.ScaledStep(False, "", 4096.0, 0, 3)


def test_scaling_keeps_what_float16_would_flush() -> None:
    for scale, expected in ((1.0, 0.0), (2.0**10, 2.0**-26)):
        x, optimizer = model([1.0])
        scaler = amp.GradScaler(init_scale=scale)
        with amp.emulate():
            scaler.scale((x * 2.0**-26).sum()).backward()
        scaler.step(optimizer)
        assert x.grad is not None
        assert x.grad.item() == expected


def test_a_step_that_is_not_finite_is_skipped_and_says_why() -> None:
    x, optimizer = model()
    scaler = amp.GradScaler(init_scale=2.0**20, growth_interval=2)
    scales = []
    for factor in (np.inf, 1.0, 1.0, np.nan, 1.0):
        optimizer.zero_grad()
        scaler.scale((np.abs(x) * factor).sum()).backward()
        before = x.tolist()
        scaler.step(optimizer)
        report = scaler.last_step
        assert report.skipped == (not np.isfinite(factor)) == (x.tolist() == before)
        assert ("not finite at a scale of" in report.reason) == report.skipped
        scaler.update()
        scales.append(scaler.get_scale())
    assert scales == [2.0**19, 2.0**19, 2.0**20, 2.0**19, 2.0**19]
    assert report == amp.ScaledStep(False, "", 2.0**19, 2, 5)


def test_a_static_scale_stays() -> None:
    x, optimizer = model()
    scaler = amp.GradScaler(init_scale=8.0, growth_interval=1, dynamic=False)
    for factor in 1.0, np.inf:
        optimizer.zero_grad()
        scaler.scale((np.abs(x) * factor).sum()).backward()
        scaler.step(optimizer)
        scaler.update()
        assert scaler.get_scale() == 8.0
    assert scaler.last_step.times_skipped == 1


def test_unscaling_first_lets_gradients_be_clipped_by_hand() -> None:
    x, optimizer = model([3.0, 4.0])
    scaler = amp.GradScaler(init_scale=128.0)
    scaler.scale((x * x).sum() / 2.0).backward()
    scaler.unscale_(optimizer)
    norm = nn.utils.clip_grad_norm_([x], 1.0)
    scaler.step(optimizer)
    assert norm.item() == 5.0
    np.testing.assert_allclose(x.detach(), [2.94, 3.92], rtol=1e-6)
    with pytest.raises(RuntimeError, match="once for each optimizer"):
        scaler.unscale_(optimizer)


def test_disabled_it_does_nothing() -> None:
    x, optimizer = model()
    scaler = amp.GradScaler(enabled=False)
    loss = (x * x).sum()
    assert scaler.scale(loss) is loss
    loss.backward()
    scaler.step(optimizer)
    scaler.update()
    assert scaler.get_scale() == 1.0
    np.testing.assert_allclose(x.detach(), [0.8, -1.6], rtol=1e-6)


@pytest.mark.parametrize(
    "options",
    [
        {"init_scale": 0.0}, {"init_scale": np.nan}, {"growth_factor": 1.0},
        {"backoff_factor": 1.0}, {"backoff_factor": 0.0},
        {"growth_interval": 0}, {"growth_interval": 1.5}, {"device": "cuda"},
        {"enabled": "yes"}, {"dynamic": None},
    ],
)  # fmt: skip
def test_options_that_cannot_be(options: dict[str, Any]) -> None:
    with pytest.raises((TypeError, ValueError), match=rf"GradScaler expects {next(iter(options))}"):
        amp.GradScaler(**options)


def test_modes_do_not_leak() -> None:
    with amp.emulate(), mg.no_grad():
        assert not mg.is_grad_enabled()
    assert mg.is_grad_enabled()
