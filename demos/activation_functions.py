"""Activation functions: where they are flat, their derivative passes nothing on.

The tutorial says: the sigmoid is "under saturated activation functions", with "a high exposure to
the risk" of vanishing gradients; rectified linear units (ReLU) "do not saturate when receiving
positive values", but may die, which "can be resolved by using Leaky ReLU". Its figure 6 shows them.

Theory predicts: the slope of the sigmoid is a (1 - a), at most 1/4; that of tanh is 1 - a^2, at
most 1; both vanish exponentially on both sides. ReLU's is 1 above 0 and 0 below, leaky ReLU's 1 and
0.01. Ten of them in a row multiply the error by the product of ten slopes.

Where they disagree: saturation is not the sigmoid's only fault. Where it is steepest, and not
saturated at all, it passes on a quarter of the error; tanh, which saturates as well, passes on all
of it, and learns as fast as ReLU. And a leaky ReLU is not a cure everywhere: ten of them, all
negative, pass on 1e-20.

Experiment: each activation and its derivative by autodiff, at inputs that are drawn, against the
derivative by hand; then ten in a row. The controls are the places where a slope must not vanish.
Then networks of 4 hidden layers learn the digits by SGD, each activation at the best of three
rates, until 95% are right. The control is tanh.

Sources: calculus; Nair & Hinton 2010 for ReLU; Maas, Hannun & Ng 2013 for its leaky form.

Command: ``python -m demos activation_functions``; about five seconds.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from matplotlib.figure import Figure

from minigrad import func, nn, optim
from minigrad.nn import init

from .claims import Claim
from .digits import CLASSES, PIXELS, split
from .pictures import Picture
from .protocol import Each
from .side_by_side import accuracies, learn_digits, networks
from .style import BLACK, BLUE, GREEN, LINES, ORANGE, SKY, VERMILION

LEAK = 0.01  # the slope of leaky ReLU below 0
INPUTS, WIDEST = 1000, 8.0  # how many are drawn, and from where
EXACT, CLOSE = 1e-12, 1e-9
FLAT_AT, FLAT = 10.0, 1e-4  # there a saturated slope is smaller
FAR = 1e6
IN_A_ROW = 10
QUARTER = 0.25

WIDTH, HIDDEN = 64, 4  # of the networks that learn the digits; layers
NETS, QUICK_NETS = 5, 2
TARGET, EVERY, MOST = 0.95, 10, 700  # share of digits right; steps
SLOWER, ABOUT_AS_FAST = 5.0, 2.0  # times as many steps


class Activation(NamedTuple):
    """A layer that computes it, and its slope by hand; how its networks start, and rates."""

    value: nn.Module
    slope: Callable[[Any], Any]
    fill: Callable[..., Any]
    rates: tuple[float, ...]  # of learning, the best in the middle


def _sigmoid_slope(x: Any) -> Any:
    return 1.0 / (2.0 + np.exp(x) + np.exp(-x))


SIGMOID, TANH, RELU, LEAKY = "sigmoid", "tanh", "ReLU", "leaky ReLU"
SMALL, LARGE = (0.1, 0.3, 1.0), (1.0, 3.0, 10.0)
xavier, he = init.xavier_normal_, partial(init.kaiming_normal_, nonlinearity="relu")
ACTIVATIONS = {
    SIGMOID: Activation(nn.Sigmoid(), _sigmoid_slope, xavier, LARGE),
    TANH: Activation(nn.Tanh(), lambda x: 4.0 * _sigmoid_slope(2.0 * x), xavier, SMALL),
    RELU: Activation(nn.ReLU(), lambda x: (x > 0.0).astype(float), he, SMALL),
    LEAKY: Activation(nn.LeakyReLU(LEAK), lambda x: np.where(x > 0.0, 1.0, LEAK), he, SMALL),
}
STEEPEST = {SIGMOID: 0.25, TANH: 1.0}  # of those that saturate: their slope at 0
BELOW = {RELU: 0.0, LEAKY: LEAK}  # of the others: their slope at 0 and below


class Race(NamedTuple):
    """Networks of one activation on their way to 95%."""

    activation: str
    rate: float
    nets: int
    seed: int


@dataclass(frozen=True)
class Results:
    """Slopes by autodiff, by activation."""

    inputs: np.ndarray  # drawn
    slopes: dict[str, np.ndarray]  # there
    at_zero: dict[str, float]
    beyond: dict[str, np.ndarray]  # (2,): at -FLAT_AT and FLAT_AT
    far: np.ndarray  # ReLU's, at positive inputs up to FAR
    in_a_row: dict[str, np.ndarray]  # at the drawn inputs, of ten in a row
    races: dict[str, dict[float, np.ndarray]]  # by activation and rate: steps of each network


def run(seed: int, quick: bool = False, each: Each = map) -> Results:
    """Slopes, and races."""
    nets = QUICK_NETS if quick else NETS
    races = [
        Race(name, rate, nets, seed)
        for name, one in ACTIVATIONS.items()
        for rate in (one.rates[1:2] if quick else one.rates)
    ]
    times = dict(zip(races, each(race, races), strict=True))
    draw = np.random.default_rng(seed)
    inputs = np.sort(draw.uniform(-WIDEST, WIDEST, INPUTS))
    values = {name: one.value for name, one in ACTIVATIONS.items()}
    return Results(
        inputs=inputs,
        slopes={name: slope(value, inputs) for name, value in values.items()},
        at_zero={name: float(slope(value, 0.0)) for name, value in values.items()},
        beyond={n: slope(value, np.array([-FLAT_AT, FLAT_AT])) for n, value in values.items()},
        far=slope(values[RELU], FAR * draw.uniform(1e-12, 1.0, INPUTS)),
        in_a_row={n: slope(repeated(value), inputs) for n, value in values.items()},
        races={
            name: {one.rate: time for one, time in times.items() if one.activation == name}
            for name in ACTIVATIONS
        },
    )


def slope(function: Callable[[Any], Any], x: Any) -> np.ndarray:
    """The derivative by autodiff, element by element."""
    return np.asarray(func.grad(lambda x: np.sum(function(x)))(x))


def repeated(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Ten in a row."""

    def ten(x: Any) -> Any:
        for _ in range(IN_A_ROW):
            x = function(x)
        return x

    return ten


def race(unit: Race) -> np.ndarray:
    """How many steps each needs, infinity if too many."""
    activation = ACTIVATIONS[unit.activation]
    draws = [np.random.default_rng([unit.seed, number]) for number in range(unit.nets)]
    widths = [PIXELS, *[WIDTH] * HIDDEN, CLASSES]
    model = networks(widths, draws, activation.fill, activation.value)
    optimizer = optim.SGD(model.parameters(), lr=unit.rate, on_nonfinite="ignore")
    digits, _ = split()
    needed = np.full(unit.nets, math.inf)
    with np.errstate(over="ignore", invalid="ignore"):  # a rate may be too large for some
        for step in range(EVERY, MOST + EVERY, EVERY):
            learn_digits(model, draws, optimizer, EVERY)
            there = accuracies(model, digits) >= TARGET
            needed[there & np.isinf(needed)] = step
            if np.isfinite(needed).all():
                break
    return needed


def claims(results: Results, quick: bool = False) -> list[Claim]:
    """The table's lines."""
    return [
        *_derivative_claims(results),
        *_zero_claims(results),
        *_flat_claims(results),
        *_row_claims(results),
        *_speed_claims(results),
    ]


def _derivative_claims(results: Results) -> Iterator[Claim]:
    for name, activation in ACTIVATIONS.items():
        error = float(np.abs(results.slopes[name] - activation.slope(results.inputs)).max())
        yield Claim(
            f"the derivative of {name} by autodiff is that by hand, at {len(results.inputs)} "
            f"inputs, to {EXACT:g}",
            "0 apart (calculus)",
            f"{error:.1e} apart",
            error < EXACT,
        )


def _zero_claims(results: Results) -> Iterator[Claim]:
    for name, exact in STEEPEST.items():
        found, largest = results.at_zero[name], float(results.slopes[name].max())
        yield Claim(
            f"the slope of {name} is {exact:g} at 0, to {EXACT:g}, and nowhere larger",
            f"{exact:g} (calculus)",
            f"{found:.6g}, elsewhere at most {largest:.6f}",
            abs(found - exact) < EXACT and largest <= found,
        )
    for name, exact in BELOW.items():
        found = results.at_zero[name]
        yield Claim(
            f"the slope of {name} at 0, where it has a kink, is taken from below",
            f"{exact:g} (as PyTorch does)",
            f"{found:g}",
            found == exact,
        )


def _flat_claims(results: Results) -> Iterator[Claim]:
    for name in STEEPEST:
        largest = float(results.beyond[name].max())
        exact = float(ACTIVATIONS[name].slope(FLAT_AT))
        yield Claim(
            f"the slope of {name} at -{FLAT_AT:g} and {FLAT_AT:g} is below {FLAT:g}: it saturates",
            f"{exact:.1e} (calculus)",
            f"at most {largest:.1e}",
            0.0 < largest < FLAT,
        )
    below, above = results.beyond[RELU]
    yield Claim(
        f"the slope of {RELU} at -{FLAT_AT:g} is 0: nothing passes",
        "0 (calculus)",
        f"{below:g}",
        bool(below == 0.0),
    )
    least, largest = float(results.far.min()), float(results.far.max())
    yield Claim(
        f"the slope of {RELU} is 1 at {len(results.far)} positive inputs up to {FAR:g}",
        "1 (calculus)",
        f"from {least:g} to {largest:g}",
        least == largest == 1.0,
        is_control=True,
    )
    below, above = results.beyond[LEAKY]
    yield Claim(
        f"the slope of {LEAKY} is {LEAK:g} at -{FLAT_AT:g}, and 1 at {FLAT_AT:g}",
        f"{LEAK:g} and 1 (calculus)",
        f"{below:g} and {above:g}",
        bool(below == LEAK and above == 1.0),
        is_control=True,
    )


def _row_claims(results: Results) -> Iterator[Claim]:
    positive = results.inputs > 0.0
    largest = float(results.in_a_row[SIGMOID].max())
    yield Claim(
        f"{IN_A_ROW} sigmoids in a row pass on less than {QUARTER}^{IN_A_ROW}, at every input",
        f"below {QUARTER**IN_A_ROW:.1e} (calculus)",
        f"at most {largest:.1e}",
        0.0 < largest < QUARTER**IN_A_ROW,
    )
    passed = results.in_a_row[LEAKY]
    error = float(np.abs(passed[~positive] / LEAK**IN_A_ROW - 1.0).max())
    yield Claim(
        f"{IN_A_ROW} leaky ReLUs in a row pass on next to nothing at negative inputs, as predicted "
        f"to {CLOSE:g} of it",
        f"{LEAK**IN_A_ROW:.0e} ({LEAK:g}^{IN_A_ROW})",
        f"{float(np.median(passed[~positive])):.0e}, {error:.1e} apart",
        error < CLOSE,
    )
    passed = results.in_a_row[RELU][positive]
    yield Claim(
        f"{IN_A_ROW} ReLUs in a row pass on all at {len(passed)} positive inputs",
        "1 (calculus)",
        f"from {passed.min():g} to {passed.max():g}",
        bool((passed == 1.0).all()),
        is_control=True,
    )


def best(times: dict[float, np.ndarray]) -> tuple[float, float]:
    """The rate at which the median network is fastest, and its number of steps."""
    return min(
        ((rate, float(np.median(steps))) for rate, steps in times.items()), key=lambda p: p[1]
    )


def _speed_claims(results: Results) -> Iterator[Claim]:
    relu_rate, relu = best(results.races[RELU])
    for name, text, expected in (
        (SIGMOID, f"more than {SLOWER:g} times as many steps", "slower (tutorial)"),
        (TANH, f"fewer than {ABOUT_AS_FAST:g} times as many steps", "as fast, though it saturates"),
        (LEAKY, f"fewer than {ABOUT_AS_FAST:g} times as many steps", "as fast"),
    ):
        rate, steps = best(results.races[name])
        times = steps / relu
        yield Claim(
            f"{HIDDEN} layers of {name} learn {TARGET:.0%} of the digits in {text} as of ReLU, "
            "each at its best rate",
            expected,
            f"{steps:g} (at {rate:g}) to {relu:g} (at {relu_rate:g}), {times:.1f} times",
            times > SLOWER if name == SIGMOID else times < ABOUT_AS_FAST,
            is_control=name != SIGMOID,
        )


def figures(results: Results) -> dict[str, Picture]:
    """The tutorial's figure 6 with derivatives, ten in a row, and the race."""
    return {
        "activations": _activations(results),
        "ten_in_a_row": _ten_in_a_row(results),
        "speed": _speed(results),
    }


def _activations(results: Results) -> Picture:
    figure = Figure(figsize=(11, 3.9), layout="constrained")
    axes = figure.subplots(1, len(ACTIVATIONS), sharey=True)
    for ax, (name, activation) in zip(axes, ACTIVATIONS.items(), strict=True):
        x = results.inputs
        ax.plot(x, activation.value(x), c=BLUE, label="value")
        jump = int((x <= 0.0).sum())  # no line through a slope's jump
        where, found = np.insert(x, jump, np.nan), np.insert(results.slopes[name], jump, np.nan)
        broken = name in BELOW
        parts = (where, found) if broken else (x, results.slopes[name])
        ax.plot(*parts, c=VERMILION, ls=LINES[1], label="derivative, by autodiff")
        ax.axhline(0.0, c=BLACK, lw=0.6)
        ax.set(title=name, xlabel="x", xlim=(-5.0, 5.0), ylim=(-1.15, 2.15))
        ax.set_xticks(range(-4, 5, 2))
    axes[0].set_ylabel("value and derivative")
    axes[0].legend(loc="upper left")
    return Picture(
        figure,
        "Four panels, each with an activation and its derivative by autodiff. The sigmoid's is a "
        "low bell of height 1/4, that of tanh a bell of height 1; both are zero far out. ReLU's is "
        f"0 below 0 and 1 above, that of leaky ReLU {LEAK:g} below and 1 above.",
    )


def _ten_in_a_row(results: Results) -> Picture:
    figure = Figure(figsize=(8, 4.6), layout="constrained")
    ax = figure.subplots()
    looks = {SIGMOID: VERMILION, TANH: BLUE, RELU: SKY, LEAKY: BLACK}
    for (name, colour), line in zip(looks.items(), LINES, strict=False):
        passed = np.where(results.in_a_row[name] > 0.0, results.in_a_row[name], np.nan)
        jump = int((results.inputs <= 0.0).sum())
        x, y = (np.insert(values, jump, np.nan) for values in (results.inputs, passed))
        parts = (x, y) if name in BELOW else (results.inputs, passed)
        label = f"{name} (0 at negative inputs)" if name == RELU else name
        width, line = (7.0, LINES[0]) if name == RELU else (1.8, line)  # two lie on each other
        ax.plot(*parts, c=colour, ls=line, lw=width, label=label)
    bound = QUARTER**IN_A_ROW
    ax.axhline(
        bound, c=ORANGE, lw=1.0, ls=LINES[4], label=f"{QUARTER}^{IN_A_ROW}, bound for the sigmoid"
    )
    ax.set(yscale="log", ylim=(1e-22, 1e2), xlabel="x", ylabel="derivative of ten in a row")
    ax.set_title("what ten activations in a row pass on of the error")
    ax.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
    return Picture(
        figure,
        "The derivative of ten activations in a row by input, on a logarithmic axis. The sigmoid's "
        f"stays below {bound:.0e}; that of tanh is 1 at 0 and small elsewhere; ReLU's is 1 at "
        "positive inputs and absent at negative ones; that of leaky ReLU is 1 at positive and "
        f"{LEAK**IN_A_ROW:.0e} at negative inputs.",
    )


def _speed(results: Results) -> Picture:
    figure = Figure(figsize=(8, 4.2), layout="constrained")
    ax = figure.subplots()
    colours = {SIGMOID: VERMILION, TANH: SKY, RELU: BLUE, LEAKY: GREEN}
    said = []
    for place, (name, times) in enumerate(results.races.items()):
        rate, steps = best(times)
        ax.plot(times[rate], np.full(len(times[rate]), place), "|", c=BLACK, ms=14)
        ax.plot(steps, place, "D", c=colours[name], mec=BLACK, ms=9)
        ax.text(1.15 * times[rate].max(), place, f"{steps:g}, at lr = {rate:g}", va="center")
        said.append(f"{steps:g} for {name}")
    names = [f"control: {name}" if name in (TANH, LEAKY) else name for name in results.races]
    ax.set_yticks(range(len(names)), names)
    ax.set(xscale="log", xlim=(10.0, 3000.0), ylim=(-0.6, 3.6))
    ax.set_xlabel(f"steps to {TARGET:.0%} of digits right (ticks: networks; diamonds: the median)")
    ax.set_ylabel(f"{HIDDEN} hidden layers of")
    ax.set_title("each at the best of three learning rates")
    return Picture(
        figure,
        f"Symbols, on a logarithmic axis, of the steps to {TARGET:.0%} of the digits right, at the "
        f"best of the learning rates: {', '.join(said)}.",
    )
