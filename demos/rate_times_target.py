"""Large targets explode only where the curvature grows with them: not in a linear network.

The tutorial says: the reasons for exploding gradients are an "incorrect selection of the learning
rate, resulting in large weight updates" and, apart from it, "poor data preparation" that "led to
large differences in the target variable".

Theory predicts: with a hidden layer of ReLU the two are one. A network that has learned targets c
times as large has weights sqrt(c) times as large in both layers, and a curvature c times as large:
the highest rate at which it learns goes down as 1 / c. Indeed the rate over c, with weights that
start sqrt(c) times as large, gives the same course step by step, but for the last bias. A linear
network has the same curvature whatever its targets, so that its highest rate does not change at
all; a layer of tanh is bounded, and so is its curvature in the weights after it.

Where they disagree: large targets by themselves explode nothing. They do where two layers multiply
each other and no activation is bounded; elsewhere they only make the loss a larger number.

Experiment: the highest rate at which networks of 25 hidden units of ReLU, of tanh, and linear ones
learn Brownlee's regression, with the target as it is and times 10 and 100. A network has failed if
its loss after 10 epochs is NaN or not below the first. The highest rate is the mean of where single
networks fail. The linear network and tanh are the controls.

Sources: the curvature of two layers is calculus; Brownlee 2019 for the data, see the demo of
exploding gradients; Spearman 1908 and Kaerber 1931 for the mean of where networks fail.

Command: ``python -m demos rate_times_target``; about ten seconds.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure

from .claims import Claim
from .exploding_gradients import LEARNED, examples
from .explosion import Setting, learn
from .pictures import Picture
from .protocol import Each
from .style import BLACK, BLUE, VERMILION

SCALES = (1.0, 10.0, 100.0)  # of the target
QUICK_SCALES = (1.0, 100.0)
NETS, QUICK_NETS = 12, 4
EPOCHS = 10
RELU, LINEAR, TANH = "ReLU", "linear", "tanh"


class Kind(NamedTuple):
    """A network, and around which rates it fails, at a scale of 1."""

    hidden: str
    rates: tuple[float, ...]  # in equal steps of their logarithm
    slope: float  # of the highest rate by the scale, both logarithmic, as predicted
    tolerance: float
    is_control: bool


KINDS = {
    RELU: Kind(RELU, tuple(0.0009 * 1.2**i for i in range(6)), -1.0, 0.05, False),
    LINEAR: Kind("", tuple(0.1 * 1.15**i for i in range(6)), 0.0, 0.05, True),
    TANH: Kind(TANH, tuple(0.03 * 1.4**i for i in range(6)), 0.0, 0.1, True),
}
QUICK_EVERY = 2  # of the rates
QUICK_TIMES = 2.0  # as far as that a slope may be off in the quick form


class Unit(NamedTuple):
    """One network that learns."""

    setting: Setting
    scale: float
    seed: tuple[int, int]


@dataclass(frozen=True)
class Results:
    """Which networks failed."""

    scales: tuple[float, ...]
    rates: dict[str, np.ndarray]  # (scales, rates), by kind
    failed: dict[str, np.ndarray]  # (scales, rates, networks)


def run(seed: int, quick: bool = False, each: Each = map) -> Results:
    """Every network at every rate, for every scale of the target."""
    seeds = [(seed, number) for number in range(QUICK_NETS if quick else NETS)]
    scales = QUICK_SCALES if quick else SCALES
    rates = {
        name: np.outer(np.array(scales) ** kind.slope, kind.rates[:: QUICK_EVERY if quick else 1])
        for name, kind in KINDS.items()
    }
    units = [
        Unit(Setting(rate, hidden=KINDS[name].hidden), scale, one)
        for name in KINDS
        for scale, row in zip(scales, rates[name].tolist(), strict=True)
        for rate in row
        for one in seeds
    ]
    found = iter(list(each(fails, units)))
    return Results(
        scales,
        rates,
        {
            name: np.array([[[next(found) for _ in seeds] for _ in row] for row in rates[name]])
            for name in KINDS
        },
    )


def fails(unit: Unit) -> bool:
    """Whether the loss after all epochs is NaN, or not below the first."""
    inputs, targets = examples()
    data = inputs, unit.scale * targets
    draw = np.random.default_rng(unit.seed)
    losses = learn(unit.setting, data, np.arange(LEARNED), EPOCHS, draw).losses
    last = losses[-len(losses) // EPOCHS :]
    return not bool(np.median(last) < losses[0])


class Highest(NamedTuple):
    """The logarithm of the rate at which half of the networks fail, and its standard error."""

    log: np.ndarray  # (scales,)
    error: np.ndarray


def highest(results: Results, name: str) -> Highest:
    """The mean of where single networks fail: Spearman's and Kaerber's estimate.

    Networks that fail nowhere, or everywhere, are taken to change half a step beyond the rates.
    """
    logs, failed = np.log(results.rates[name]), results.failed[name]
    shares, step = failed.mean(axis=2), logs[0, 1] - logs[0, 0]
    variance = (shares * (1.0 - shares) / (failed.shape[2] - 1)).sum(axis=1)
    where = logs[:, -1] + step * (0.5 - shares.sum(axis=1))
    return Highest(where, step * np.sqrt(variance))


def slope(results: Results, name: str) -> tuple[float, float]:
    """By which power of the scale the highest rate goes, and its standard error."""
    found, x = highest(results, name), np.log(results.scales)
    weights = (x - x.mean()) / ((x - x.mean()) ** 2).sum()
    return float(weights @ found.log), float(np.sqrt(weights**2 @ found.error**2))


def claims(results: Results, quick: bool = False) -> list[Claim]:
    """The table's lines."""
    return [*_slope_claims(results, quick), *_range_claims(results)]


def _slope_claims(results: Results, quick: bool) -> Iterator[Claim]:
    for name, kind in KINDS.items():
        power, error = slope(results, name)
        tolerance = kind.tolerance * (QUICK_TIMES if quick else 1.0)
        text = "as 1 / scale" if kind.slope else "not at all"
        yield Claim(
            f"{name}: the highest rate changes with the scale of the target {text}: its power is "
            f"{kind.slope:g}, to {tolerance:g}{' (quick)' if quick else ''}",
            f"{kind.slope:g} (curvature)",
            f"{power:.4f} ± {error:.4f}",
            abs(power - kind.slope) < tolerance,
            kind.is_control,
        )


def _range_claims(results: Results) -> Iterator[Claim]:
    for name, kind in KINDS.items():
        low, high = results.rates[name][:, 0], results.rates[name][:, -1]
        where = np.exp(highest(results, name).log)
        yield Claim(
            f"{name}: at each scale it lies within the rates that were tried",
            f"within a factor of {high[0] / low[0]:.1f}",
            ", ".join(f"{rate:.2g}" for rate in where) + " at scales "
            + ", ".join(f"{scale:g}" for scale in results.scales),
            bool(((low < where) & (where < high)).all()),
            kind.is_control,
        )  # fmt: skip


def figures(results: Results) -> dict[str, Picture]:
    """The share of networks that fail, and the highest rate by the scale."""
    return {"highest_rate": _highest_rates(results)}


def _highest_rates(results: Results) -> Picture:
    figure = Figure(figsize=(11, 4.8), layout="constrained")
    left, right = figure.subplots(1, 2)
    looks = zip(KINDS.items(), (VERMILION, BLUE, BLACK), ("o", "s", "^"), strict=True)
    for (name, kind), colour, marker in looks:
        rates, shares = results.rates[name], results.failed[name].mean(axis=2)
        for number, scale in enumerate(results.scales):
            look = {"c": colour, "marker": marker, "ls": "-", "mfc": "white", "lw": 1.3}
            left.plot(rates[number], shares[number], label="" if number else name, **look)
            if not kind.is_control:
                left.text(rates[number, -1], 1.03, f"× {scale:g}", ha="center")
        found, scales = highest(results, name), np.array(results.scales)
        predicted = np.exp(found.log[0]) * scales**kind.slope
        right.plot(scales, predicted, c=colour, lw=1.2)
        power, error = slope(results, name)
        role = "control, " if kind.is_control else ""
        label = f"{role}{name}: power {power:.3f} ± {error:.3f}"
        right.plot(scales, np.exp(found.log), marker, c=colour, mfc="white", ms=8, label=label)
    left.set(xscale="log", xlabel="learning rate", ylabel="share of networks that fail")
    left.set(title=f"within {EPOCHS} epochs, by scale of the target", ylim=(-0.05, 1.12))
    left.text(results.rates[LINEAR][0, -1], 1.03, "all scales", ha="center")
    left.legend(loc="center", bbox_to_anchor=(0.62, 0.5))
    right.set(xscale="log", yscale="log", xlabel="scale of the target")
    right.set(ylabel="highest learning rate", title="lines predicted, symbols measured")
    right.set_ylim(None, 5.0)
    right.legend(loc="upper right")
    return Picture(
        figure,
        "Left: the share of networks that fail, by learning rate, rises from 0 to 1 for each kind "
        "and each scale of the target; for ReLU the curves of different scales are far apart, "
        "those of the linear network and of tanh lie on each other. Right: the highest rate by "
        "the scale of the target on logarithmic axes; for ReLU it falls on the predicted line, as "
        f"the power {slope(results, RELU)[0]:.2f}; for the controls, a linear network and tanh, "
        "it is level.",
    )
