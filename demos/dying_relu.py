"""ReLU units die in training; a leak keeps their gradient, but not always the learning.

The tutorial says: ReLU "faces the problem of dying ReLUs, which means some neurons stop generating
anything other than zeroes. This problem can be resolved by using Leaky ReLU instead".

Theory predicts: a unit that is silent for all data has no gradient, and stays so. A network with a
silent layer has collapsed to a constant: of narrow, deep ones most do, many from birth. A step that
is too large kills units of any network. With a leak every unit has a gradient.

Where they disagree: leaky ReLU resolves it by degrees. Of narrow networks that are to learn |x|
almost all collapse to a constant with ReLU, still a quarter with the usual slope of 0.01, and few
with 0.1; wider layers do as much. And where a learning rate is so large that ReLU units die of it,
leaky ones go on to infinity instead: death is also what stops a divergence.

Experiment: networks of 10 hidden layers of width 2 that learn y = |x| with Adam at 0.01; collapsed
if their output is constant. Networks of 64-64-64-10 units that learn the digits by SGD at several
rates: a unit is dead if it is silent for all digits, and passes nothing on if its gradient is zero
whatever the error at the outputs. The controls are leaks, width, and smaller rates.

Sources: Lu, Su & Karniadakis 2018 for |x| (more than 90% collapse), Lu et al. 2020 for the bound of
the born dead; Stanford's CS231n, notes on neural networks, where "as much as 40% of your network
can be dead" if the learning rate is too high; Maas, Hannun & Ng 2013 for the leak.

Command: ``python -m demos dying_relu``; about twenty seconds.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from minigrad import autograd, nn, no_grad, optim, tensor
from minigrad.nn import init

from .claims import Claim, mean_and_error, with_error
from .dead_at_birth import dead_to_one
from .digits import CLASSES, PIXELS, split
from .pictures import Picture
from .protocol import Each
from .side_by_side import Linears, before_activation, learn_digits, networks
from .style import BLACK, BLUE, LINES, ORANGE, SKY, VERMILION

# y = |x|.
LAYERS, POINTS, REACH = 10, 40, math.sqrt(3.0)  # hidden layers; on [-REACH, REACH], variance 1
NETS, QUICK_NETS = 120, 40
STEPS, QUICK_STEPS = 1000, 150
ADAM_RATE = 0.01
CONSTANT = 1e-3  # a range of outputs below it
MOST, FEW, QUICK_FEW, STILL_MANY = 0.85, 0.15, 0.25, 0.10  # of networks collapse
LU = 0.9  # more than that collapse

# The digits.
HIDDEN = 64
NO_LEAK, LEAK = 0.0, 0.01
FAIR, TOO_LARGE, DIVERGING = 0.3, 1.5, 2.0  # learning rates
RATES = (FAIR, 1.0, TOO_LARGE, DIVERGING)
QUICK_RATES = {NO_LEAK: (FAIR, TOO_LARGE), LEAK: (FAIR, DIVERGING)}
LEARNERS, QUICK_LEARNERS = 16, 5
DIGIT_STEPS, QUICK_DIGIT_STEPS = 400, 200
CS231N = 0.4
MANY_DEAD, QUICK_MANY_DEAD, FEW_DEAD = 0.25, 0.15, 0.02  # of units
HALF = 0.5  # of networks


def activation(leak: float) -> nn.Module:
    """ReLU if there is no leak."""
    return nn.LeakyReLU(leak) if leak else nn.ReLU()


he = partial(init.kaiming_normal_, nonlinearity="relu")


class Shape(NamedTuple):
    """Networks that are to learn |x|."""

    width: int
    leak: float


RELU, LEAKY_01, LEAKY_1 = Shape(2, 0.0), Shape(2, 0.01), Shape(2, 0.1)
WIDE, WIDE_LEAKY = Shape(8, 0.0), Shape(8, 0.01)
SHAPES = (RELU, LEAKY_01, LEAKY_1, WIDE, WIDE_LEAKY)


class Narrow(NamedTuple):
    """A unit of the experiment on |x|."""

    shape: Shape
    nets: int
    steps: int
    seed: int


class Collapse(NamedTuple):
    """By network: the range of its outputs before and after learning."""

    before: np.ndarray
    after: np.ndarray


class Learning(NamedTuple):
    """A unit of the experiment on the digits."""

    leak: float
    rate: float
    nets: int
    steps: int
    seed: int


class Learned(NamedTuple):
    """By network, after learning."""

    dead: np.ndarray  # the share of hidden units that are silent for all digits
    passing_nothing: np.ndarray  # the share whose gradient is zero
    finite: np.ndarray  # whether it is


@dataclass(frozen=True)
class Results:
    """What became of the networks."""

    collapse: dict[Shape, Collapse]
    learned: dict[float, dict[float, Learned]]  # by leak and rate


def run(seed: int, quick: bool = False, each: Each = map) -> Results:
    """|x|, then the digits."""
    nets, steps = (QUICK_NETS, QUICK_STEPS) if quick else (NETS, STEPS)
    collapse = each(learn_absolute, [Narrow(shape, nets, steps, seed) for shape in SHAPES])
    rates = QUICK_RATES if quick else {NO_LEAK: RATES, LEAK: RATES}
    nets, steps = (QUICK_LEARNERS, QUICK_DIGIT_STEPS) if quick else (LEARNERS, DIGIT_STEPS)
    units = [Learning(leak, rate, nets, steps, seed) for leak in rates for rate in rates[leak]]
    learned = dict(zip(units, each(learn, units), strict=True))
    return Results(
        collapse=dict(zip(SHAPES, collapse, strict=True)),
        learned={
            leak: {unit.rate: one for unit, one in learned.items() if unit.leak == leak}
            for leak in rates
        },
    )


def learn_absolute(unit: Narrow) -> Collapse:
    """Learn y = |x|, all points at once."""
    draws = [np.random.default_rng([unit.seed, number]) for number in range(unit.nets)]
    widths = [1, *[unit.shape.width] * LAYERS, 1]
    model = networks(widths, draws, he, activation(unit.shape.leak))
    x = np.linspace(-REACH, REACH, POINTS, dtype=np.float32)[None, :, None]
    inputs, targets = tensor(x), tensor(np.abs(x))
    before = _range(model, inputs)
    optimizer = optim.Adam(model.parameters(), lr=ADAM_RATE)
    for _ in range(unit.steps):
        optimizer.zero_grad()
        ((model(inputs) - targets) ** 2).mean(axis=1).sum().backward()
        optimizer.step()
    return Collapse(before, _range(model, inputs))


def _range(model: nn.Module, inputs: Any) -> np.ndarray:
    with no_grad():
        return np.asarray(np.ptp(np.asarray(model(inputs)), axis=(1, 2)))


def learn(unit: Learning) -> Learned:
    """Learn the digits, and count the units that are dead then."""
    draws = [np.random.default_rng([unit.seed, number]) for number in range(unit.nets)]
    widths = [PIXELS, HIDDEN, HIDDEN, CLASSES]
    model = networks(widths, draws, he, activation(unit.leak))
    # A network that goes to infinity stays there; it is counted, and the others go on.
    optimizer = optim.SGD(model.parameters(), lr=unit.rate, on_nonfinite="ignore")
    with np.errstate(over="ignore", invalid="ignore"):
        learn_digits(model, draws, optimizer, unit.steps)
        return _after(model, draws)


def _after(model: nn.Sequential, draws: list[np.random.Generator]) -> Learned:
    digits, _ = split()
    *hidden, outputs = before_activation(model, tensor(digits.images[None]))
    silent = np.stack([(z.detach().numpy() <= 0.0).all(axis=1) for z in hidden], axis=1)
    errors = np.stack([draw.standard_normal(outputs.shape[1:]) for draw in draws])
    biases = [m.bias for m in model if isinstance(m, Linears) and m.bias is not None][:-1]
    gradients = autograd.grad((outputs * errors.astype(np.float32)).sum(), biases)
    nothing = np.stack([np.asarray(g)[:, 0] == 0.0 for g in gradients], axis=1)
    return Learned(
        dead=silent.mean(axis=(1, 2)),
        passing_nothing=nothing.mean(axis=(1, 2)),
        finite=np.isfinite(outputs.detach().numpy()).all(axis=(1, 2)),
    )


def claims(results: Results, quick: bool = False) -> list[Claim]:
    """The table's lines."""
    return [
        *_collapse_claims(results, QUICK_FEW if quick else FEW),
        *_training_claims(results, QUICK_MANY_DEAD if quick else MANY_DEAD),
    ]


def _collapse_claims(results: Results, few: float) -> Iterator[Claim]:
    for shape, bound, more, text, expected in (
        (RELU, MOST, True, "ReLU of width 2", f"more than {LU:.0%} (Lu, Su & Karniadakis)"),
        (LEAKY_01, STILL_MANY, True, "a leak of 0.01 does not save all", "not 0"),
        (LEAKY_1, few, False, "a leak of 0.1 saves most", "few"),
        (WIDE, few, False, "ReLU of width 8", "few"),
        (WIDE_LEAKY, few, False, "a leak of 0.01 at width 8", "few"),
    ):
        collapsed = (results.collapse[shape].after < CONSTANT).astype(float)
        yield Claim(
            f"|x|, {text}: {'more' if more else 'less'} than {bound:.0%} collapse to a constant",
            expected,
            with_error(collapsed, 3),
            bool(collapsed.mean() > bound) == more,
            is_control=not more,
        )
    before, after = results.collapse[RELU]
    born, revived = int((before == 0.0).sum()), int(((before == 0.0) & (after > 0.0)).sum())
    bound = dead_to_one(RELU.width, LAYERS - 1)
    yield Claim(
        "|x|, ReLU: no network that was born dead is revived by learning",
        f"0 of the born dead, who are at most {bound:.1%} (Lu et al.)",
        f"{revived} of {born}, who are {born / len(before):.1%}",
        revived == 0 and born > 0,
    )


def _training_claims(results: Results, many: float) -> Iterator[Claim]:
    relu, leaky = results.learned[NO_LEAK], results.learned[LEAK]
    dead = {rate: one.dead[one.finite] for rate, one in relu.items()}
    yield Claim(
        f"digits, ReLU at rate {TOO_LARGE:g}: more than {many:.0%} of the units die",
        f"as much as {CS231N:.0%} (CS231n)",
        with_error(dead[TOO_LARGE], 3),
        bool(dead[TOO_LARGE].mean() > many),
    )
    yield Claim(
        f"digits, ReLU at rate {FAIR:g}: less than {FEW_DEAD:.0%} of the units die",
        "few",
        with_error(dead[FAIR], 3),
        bool(dead[FAIR].mean() < FEW_DEAD),
        is_control=True,
    )
    nothing = [float(one.passing_nothing[one.finite].max(initial=0.0)) for one in leaky.values()]
    silent = relu[TOO_LARGE].passing_nothing[relu[TOO_LARGE].finite]
    yield Claim(
        f"digits, a leak of {LEAK}: no unit of a finite network has a gradient of 0, at any rate",
        "0 (calculus)",
        f"{max(nothing):g} of units; of ReLU's, at {TOO_LARGE:g}, {silent.mean():.3f}",
        max(nothing) == 0.0,
        is_control=True,
    )
    lost = (~leaky[DIVERGING].finite).astype(float)
    yield Claim(
        f"digits, a leak of {LEAK} at rate {DIVERGING:g}: more than {HALF:.0%} of the networks "
        "go to infinity",
        "not 0",
        with_error(lost, 3),
        bool(lost.mean() > HALF),
    )


def figures(results: Results) -> dict[str, Picture]:
    """Collapse, and death in training."""
    return {"collapse_and_death": _collapse_and_death(results)}


def _collapse_and_death(results: Results) -> Picture:
    figure = Figure(figsize=(11, 4.6), layout="constrained")
    left, right = figure.subplots(1, 2)
    collapsed = [results.collapse[shape].after < CONSTANT for shape in SHAPES]
    shares, errors = zip(*(mean_and_error(one) for one in collapsed), strict=True)
    names = [
        f"{f'leak {shape.leak}' if shape.leak else 'ReLU'},\nwidth {shape.width}"
        for shape in SHAPES
    ]
    colours = (VERMILION, ORANGE, SKY, BLUE, BLUE)
    left.bar(names, shares, color=colours, ec=BLACK, yerr=errors, capsize=3)
    for place, (share, error) in enumerate(zip(shares, errors, strict=True)):
        left.text(place, share + error + 0.015, f"{share:.2f}", ha="center")
    left.axhline(LU, c=BLACK, ls=LINES[1], label="more than that with ReLU: Lu, Su & Karniadakis")
    left.set(ylim=(0.0, 1.2), xlabel="networks that learn |x|, of ten hidden layers")
    left.set(ylabel="share collapsed to a constant", title="with ReLU almost all collapse")
    left.tick_params(axis="x", labelsize=9)
    left.legend(loc="upper right")
    _death_by_rate(right, results)
    relu = results.learned[NO_LEAK][TOO_LARGE]
    return Picture(
        figure,
        "Left: bars of the share of networks that collapse to a constant when they learn |x|: "
        + ", ".join(f"{s:.2f} for {n}" for n, s in zip(names, shares, strict=True)).replace(
            ",\n", " of "
        )
        + ". Right: by learning rate on the digits, the share of units that are dead; for ReLU it "
        f"rises to {relu.dead[relu.finite].mean():.2f} at a rate of {TOO_LARGE:g}, while no "
        "leaky unit passes nothing on; but the share of leaky networks that go to infinity rises "
        "too.",
    )


def _death_by_rate(ax: Axes, results: Results) -> None:
    for leak, name, label, line, colour in (
        (NO_LEAK, "dead", "ReLU: units dead", "o-", VERMILION),
        (LEAK, "passing_nothing", f"leak {LEAK}: units with gradient 0", "s-", BLUE),
    ):
        found = [(r, getattr(one, name)[one.finite]) for r, one in results.learned[leak].items()]
        means = [(rate, shares.mean()) for rate, shares in found if len(shares)]
        ax.plot(*zip(*means, strict=True), line, c=colour, mfc="white", label=label)
    for leak, label, line, colour in (
        (NO_LEAK, "ReLU: networks at infinity", "^:", ORANGE),
        (LEAK, f"leak {LEAK}: networks at infinity", "D:", BLACK),
    ):
        lost = [(rate, 1.0 - one.finite.mean()) for rate, one in results.learned[leak].items()]
        ax.plot(*zip(*lost, strict=True), line, c=colour, mfc="white", label=label)
    ax.axhline(CS231N, c=BLACK, lw=0.8, ls=LINES[1], label='"as much as 40%" (CS231n)')
    ax.set(xlabel="learning rate", ylabel="share", ylim=(-0.03, 1.05))
    ax.set_title("digits: death in training, and its price")
    ax.legend(loc="upper left")
