"""Real data in their raw units explode a gradient, by their features more than by their target.

The tutorial says: "Poor data preparation led to large differences in the target variable" is a
reason for exploding gradients, next to the learning rate and the loss; scaling and clipping the
gradient are the cures.

Theory predicts: the curvature of a linear layer is twice the mean product of its inputs, whatever
the target: the steps of a linear network diverge where the rate is above ``2 (1 + momentum)`` over
its largest eigenvalue. In a network of two layers the curvature grows with the target too, see the
demo of rate times target. So both are to be prepared; a robust loss bounds the error, but not the
inputs that it is multiplied by.

Where they disagree: the tutorial's list has the target, but not the features. Here the features
matter more: with a standardised target alone nothing is learned, and not even a linear network is
stable. A robust loss, which cures the target's scale, does not cure theirs. And the end is not
always NaN: most networks are thrown so far by one step that all units of ReLU are silent, and stay
so; they answer with one number. And the two ways to clip are not alike: elements clipped to 5 turn
the gradient, and with some seeds a network learns less than half of what it learns with the norm
clipped to 1.

Experiment: 442 patients with diabetes, ten features as shipped, from age in years to cholesterol in
mg/dl, and the progression of the disease after a year, from 25 to 346. 342 are to be learned by 25
units of ReLU, with SGD at a rate of 0.01 with momentum, in batches of 32, 30 epochs. Features and
target are standardised, both, one or none; then one thing is changed at a time. The share of the
variance that is explained tells what was learned. The controls are everything standardised, and a
linear network, which is compared with least squares.

Sources: Efron, Hastie, Johnstone & Tibshirani 2004 for the data; Polyak 1964 for the largest rate
with momentum; Brownlee 2019, who has the tutorial's lists.

Command: ``python -m demos exploding_gradients_diabetes``; about ten seconds.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from minigrad import datasets

from .claims import Claim
from .explosion import EARLY, MOMENTUM, Setting, learn, signals
from .pictures import Picture
from .protocol import Each
from .shares import count, most, nearly_all, together
from .style import BLACK, BLUE, VERMILION

LEARNED = 342  # of 442; the others are for testing
NETS, QUICK_NETS = 20, 5
EPOCHS = 30
NOTHING, SOMETHING, WELL = 0.05, 0.1, 0.4  # of the variance is explained
TESTED = 0.2  # of the variance of other patients
NEAR = 0.05  # least squares, in the share of the variance
MOST = 0.5  # of the networks


class Variant(NamedTuple):
    """What is standardised, and how a network learns."""

    features: bool = False
    target: bool = False
    setting: Setting = Setting()


SHIPPED, BOTH = "as shipped", "both standardised"
FEATURES, TARGET = "features standardised alone", "target standardised alone"
SHIPPED_ABSOLUTE, LEAST_SQUARES = "as shipped, absolute loss", "linear, features standardised"
LINEAR, CLIPPED = "linear, target standardised", "features standardised, norm clipped to 1"
LOST = {
    SHIPPED: Variant(),
    TARGET: Variant(target=True),
    SHIPPED_ABSOLUTE: Variant(setting=Setting(loss="absolute")),
}
EXPLODING = {
    FEATURES: Variant(features=True),
    LINEAR: Variant(target=True, setting=Setting(hidden="")),
}
HELPED = {
    "as shipped, norm clipped to 1": Variant(setting=Setting(clip_norm=1.0)),
    "as shipped, rate 1e-6": Variant(setting=Setting(rate=1e-6)),
    "features standardised, elements clipped to 5": Variant(True, setting=Setting(clip_value=5.0)),
}
CURED = {
    CLIPPED: Variant(True, setting=Setting(clip_norm=1.0)),
    "features standardised, rate 0.0001": Variant(True, setting=Setting(rate=0.0001)),
    "features standardised, absolute loss": Variant(True, setting=Setting(loss="absolute")),
    "features standardised, Huber loss": Variant(True, setting=Setting(loss="Huber")),
}
CONTROLS = {
    BOTH: Variant(True, True),
    LEAST_SQUARES: Variant(True, setting=Setting(hidden="")),
}
VARIANTS = LOST | EXPLODING | HELPED | CURED | CONTROLS


@cache
def patients() -> tuple[np.ndarray, np.ndarray]:
    """Features (442, 10) and target (442, 1), as shipped; not to be changed, they are read once."""
    features, target, _ = datasets.diabetes()
    return features, target[:, None]


class Unit(NamedTuple):
    """One network that learns."""

    variant: Variant
    seed: tuple[int, int]


class Learning(NamedTuple):
    """How it went: of one network, or, with an axis before, of all that learn alike."""

    losses: np.ndarray  # (updates,)
    norms: np.ndarray  # (updates,): of the gradient, before it was clipped
    learned: np.ndarray  # (): the share of the variance explained, -inf if it answers NaN
    tested: np.ndarray  # (): the same for other patients
    is_constant: np.ndarray  # (): whether it answers with one number
    least_squares: np.ndarray  # (): what those of least squares explain of what was learned


@dataclass(frozen=True)
class Results:
    """All networks that learned."""

    learning: dict[str, Learning]  # by variant


def run(seed: int, quick: bool = False, each: Each = map) -> Results:
    """Every variant, many times, with the same patients to learn from."""
    seeds = [(seed, number) for number in range(QUICK_NETS if quick else NETS)]
    units = [Unit(variant, one) for variant in VARIANTS.values() for one in seeds]
    found = iter(list(each(measure, units)))
    return Results({name: together([next(found) for _ in seeds]) for name in VARIANTS})


def measure(unit: Unit) -> Learning:
    """One network learns from some of the patients."""
    draw = np.random.default_rng(unit.seed)
    order = draw.permutation(len(patients()[0]))
    rows, others = order[:LEARNED], order[LEARNED:]
    features, target = patients()
    x = standardised(features, rows) if unit.variant.features else features
    y = standardised(target, rows) if unit.variant.target else target
    course = learn(unit.variant.setting, (x, y), rows, EPOCHS, draw)
    fitted = np.column_stack([features, np.ones(len(features))])
    weights = np.linalg.lstsq(fitted[rows], y[rows, 0])[0]
    return Learning(
        course.losses,
        course.norms,
        explained(course.outputs, y[:, 0], rows),
        explained(course.outputs, y[:, 0], others),
        np.ptp(course.outputs) == 0.0,
        explained(fitted @ weights, y[:, 0], rows),
    )


def standardised(values: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Of mean 0 and variance 1 in the rows that are learned."""
    return np.asarray((values - values[rows].mean(axis=0)) / values[rows].std(axis=0))


def explained(outputs: np.ndarray, target: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """1 less the mean squared error over the variance."""
    with np.errstate(over="ignore", invalid="ignore"):
        left = np.mean((outputs[rows] - target[rows]) ** 2) / target[rows].var()
    return np.asarray(-np.inf if np.isnan(left) else 1.0 - left)


def highest_rate(standardise: bool) -> float:
    """Above it full gradient steps with momentum diverge in a linear network (Polyak 1964)."""
    features, _ = patients()
    x = standardised(features, np.arange(len(features))) if standardise else features
    x = np.column_stack([x, np.ones(len(x))])
    curvature = np.linalg.eigvalsh(2.0 * x.T @ x / len(x))[-1]
    return float(2.0 * (1.0 + MOMENTUM) / curvature)


def claims(results: Results, quick: bool = False) -> list[Claim]:
    """The table's lines."""
    found = results.learning
    return [
        *(_nothing_claim(name, found[name]) for name in LOST),
        *_end_claims(found[SHIPPED]),
        *(_explosion_claim(name, found[name]) for name in EXPLODING),
        *(_learning_claim(name, found[name], SOMETHING) for name in HELPED),
        *(_learning_claim(name, found[name], WELL) for name in CURED),
        _tested_claim(found[CLIPPED]),
        _learning_claim(BOTH, found[BOTH], WELL, is_control=True),
        _least_squares_claim(found[LEAST_SQUARES]),
    ]


def _nothing_claim(name: str, found: Learning) -> Claim:
    lost = found.learned < NOTHING
    return Claim(
        f"{name}: less than {NOTHING:.0%} of the variance is learned by {most(lost)} networks",
        "nothing: a step overshoots" if name != SHIPPED_ABSOLUTE else "a cure (tutorial)",
        f"{count(lost)}; {_range(found.learned)}",
        nearly_all(lost),
    )


def _end_claims(found: Learning) -> Iterator[Claim]:
    jumps = signals(found.losses).jump
    yield Claim(
        f"{SHIPPED}, the loss jumps tenfold in the first {EARLY} updates in {most(jumps)} "
        "networks (signal 2)",
        "a large change (tutorial)",
        count(jumps),
        nearly_all(jumps),
    )
    nan, silent = signals(found.losses).nan, found.is_constant
    yield Claim(
        f"{SHIPPED}, more than {MOST:.0%} of the networks end answering one number, not NaN",
        "NaN (tutorial)",
        f"{count(silent & ~nan)}; NaN {count(nan)}",
        bool((silent & ~nan).mean() > MOST),
    )


def _explosion_claim(name: str, found: Learning) -> Claim:
    nan, highest = signals(found.losses).nan, highest_rate(VARIANTS[name].features)
    return Claim(
        f"{name}: the loss becomes NaN in {most(nan)} networks",
        f"a linear one is stable below a rate of {highest:.1g} (eigenvalue)",
        count(nan),
        nearly_all(nan),
    )


def _learning_claim(name: str, found: Learning, share: float, is_control: bool = False) -> Claim:
    learns = found.learned > share
    return Claim(
        f"{name}: more than {share:.0%} of the variance is learned by {most(learns)} networks",
        f"{len(learns)} of {len(learns)}",
        f"{count(learns)}; {_range(found.learned)}",
        nearly_all(learns),
        is_control,
    )


def _tested_claim(found: Learning) -> Claim:
    learns = found.tested > TESTED
    return Claim(
        f"{CLIPPED}, more than {TESTED:.0%} of the variance of other patients is explained by "
        f"{most(learns)} networks",
        f"{len(learns)} of {len(learns)}",
        f"{count(learns)}; {_range(found.tested)}",
        nearly_all(learns),
    )


def _least_squares_claim(found: Learning) -> Claim:
    short = found.least_squares - found.learned
    return Claim(
        f"{LEAST_SQUARES}, raw target: it learns as much as least squares does, to {NEAR:g}, in "
        "every network",
        f"{np.median(found.least_squares):.3f} (least squares)",
        f"{np.median(found.learned):.3f}, at most {short.max():.3f} less",
        bool(np.abs(short).max() < NEAR),
        is_control=True,
    )


def _range(shares: np.ndarray) -> str:
    low, middle, high = (
        _share(one) for one in np.quantile(shares, (0.0, 0.5, 1.0), method="lower")
    )
    return f"median {middle} ({low} to {high})"


def _share(value: float) -> str:
    return f"{value:.2f}" if value > -100.0 else "below -100"


def figures(results: Results) -> dict[str, Picture]:
    """What was learned, and the gradients."""
    return {"variance_explained": _explained(results), "gradient_norm": _gradients(results)}


FLOOR = -1.0  # of the axis: below it, or NaN


def _explained(results: Results) -> Picture:
    figure = Figure(figsize=(9.5, 6.2), layout="constrained")
    ax = figure.subplots()
    for row, name in enumerate(VARIANTS):
        found = results.learning[name]
        for values, shift, marker, colour, label in (
            (found.learned, -0.15, "o", BLUE, "learned from"),
            (found.tested, 0.15, "^", VERMILION, "other patients"),
        ):
            shown = np.maximum(values, FLOOR)
            places = np.full(len(shown), row + shift)
            ax.plot(shown, places, marker, c=colour, mfc="none", label="" if row else label)
    for end in np.cumsum([len(LOST) + len(EXPLODING), len(HELPED), len(CURED)]):
        ax.axhline(end - 0.5, c=BLACK, lw=0.8)
    ax.axvline(0.0, c=BLACK, lw=0.8)
    ax.set_yticks(range(len(VARIANTS)), VARIANTS)
    ax.set_xticks(
        [FLOOR, -0.5, 0.0, 0.5, 1.0], ["−1, less\nor NaN", "−0.5", "0: the mean", "0.5", "1"]
    )
    ax.set(xlim=(FLOOR - 0.07, 1.0), ylim=(len(VARIANTS) - 0.5, -0.5), ylabel="variant")
    ax.set_xlabel("share of the variance that is explained")
    ax.legend(loc="upper right", title="patients")
    medians = [float(np.median(results.learning[name].learned)) for name in CURED]
    return Picture(
        figure,
        "The share of the variance that each network explains, by variant. In the upper block, as "
        "shipped, with the target standardised alone, with the absolute loss as shipped, with the "
        "features standardised alone, and for a linear network, no network is above 0. Clipped, "
        "or at a low rate, networks learn from the data as shipped, if less. With standardised "
        f"features and any of five cures the medians are {min(medians):.2f} to "
        f"{max(medians):.2f}, close to those of the controls below.",
    )


def _gradients(results: Results) -> Picture:
    figure = Figure(figsize=(11, 4.2), layout="constrained")
    axes = figure.subplots(1, 3, sharex=True, sharey=True)
    for ax, name, colour in zip(
        axes, (SHIPPED, FEATURES, BOTH), (VERMILION, BLACK, BLUE), strict=True
    ):
        _norms(ax, results.learning[name].norms, colour)
        ax.set(yscale="log", xlabel="update", title=name)
    axes[0].set_ylabel("norm of the gradient")
    axes[2].set_title(f"control: {BOTH}")
    largest = {name: np.nanmax(results.learning[name].norms) for name in (SHIPPED, FEATURES, BOTH)}
    return Picture(
        figure,
        f"Norm of the gradient in the first {EARLY} updates on a logarithmic axis, all networks. "
        f"As shipped it jumps up to {largest[SHIPPED]:.0e} and falls back within an update, as "
        "all units are silent from then on; with features standardised alone it rises to "
        f"{largest[FEATURES]:.0e} and ends; with both standardised it stays below "
        f"{largest[BOTH]:.0f}.",
    )


def _norms(ax: Axes, norms: np.ndarray, colour: str) -> None:
    updates = np.arange(1, EARLY + 1)
    for one in norms[:, :EARLY]:
        ax.plot(updates, one, c=colour, lw=0.8)
