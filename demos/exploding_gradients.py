"""Exploding gradients: three signals, three causes and two cures, on the data they were shown with.

The tutorial says: exploding gradients are known by a poor loss, by "a large change in loss", and by
a loss that becomes NaN. They come from a learning rate that is too high, from "large differences in
the target variable", and from a loss that allows "large error values". They are cured by gradient
scaling, which brings the gradient to a chosen norm, and by gradient clipping, which bounds its
elements. (In mixed precision "gradient scaling" is another thing: see the demo of loss scaling.)

Theory predicts: a step overshoots where the rate times the curvature is above a bound, and the next
gradient is then larger still. The squared error of a network that multiplies weights by weights has
a curvature that grows with them, so that nothing stops it, until a number is too large for float32:
after 3.4e38 comes infinity, and infinity minus infinity is NaN. A step of a bounded length cannot
run away like that.

Where they disagree: a poor loss alone is no sign of an explosion, a rate that is far too low makes
one as well; it is the jump that tells, and NaN. And the published errors are single runs: beside
the median of 20 networks they are twice as large when the norm is clipped, and a quarter when
elements are. In the Keras of that time (2.2) the norm was that of all gradients together; clipping
each by itself, as Keras does today, leads to smaller errors.

Experiment: Brownlee's, with the same 1000 examples to the last bit: a linear function of 20 inputs
with noise, of a standard deviation of 153, half of it to learn; 25 hidden units; SGD at a rate of
0.01 with momentum, in batches of 32, 100 epochs. Then one thing is changed at a time. The controls
are the same change to the other side, where no network may explode. Errors are those of the target
in its original units.

Sources: Brownlee 2019, How to Avoid Exploding Gradients With Gradient Clipping,
machinelearningmastery.com, from which the tutorial has its lists; Pascanu, Mikolov & Bengio 2013
for the norm.

Command: ``python -m demos exploding_gradients``; about thirty seconds.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure

from .claims import Claim
from .explosion import EARLY, HALF, Setting, Signals, learn, signals
from .pictures import Picture
from .protocol import Each
from .shares import count, most, nearly_all, together
from .style import BLACK, BLUE, GREEN, LINES, MARKERS, ORANGE, SKY, VERMILION

ROWS, LEARNED, INPUTS, INFORMATIVE = 1000, 500, 20, 10
NETS, QUICK_NETS = 20, 3
EPOCHS, QUICK_EPOCHS = 100, 20
SPREAD = 152.7  # the target's standard deviation, to which "target / std" brings it to 1

BOUND_BY_NORM, BOUND_BY_VALUE, QUICK_BOUND = 100.0, 200.0, 1000.0  # of the mean squared error
NEAR, ORDER_OF_MAGNITUDE = 3.0, 10.0  # factors
LARGE = (1e3, 1e4)  # the largest norm of a gradient that is to be clipped


class Variant(NamedTuple):
    """How a network learns, and what."""

    setting: Setting = Setting()
    scale: float = 1.0  # of the target


PLAIN, TENFOLD_TARGET = "as published", "target × 10"
BY_NORM, BY_TENSOR = "norm of all clipped to 1", "norm of each tensor clipped to 1"
RESCALED, BY_VALUE = "norm rescaled to 1", "elements clipped to 5"
CREEPING = "rate 1e-7"
EXPLODING = {
    PLAIN: Variant(),
    "cause 1, rate 0.003": Variant(Setting(rate=0.003)),
    f"cause 2, {TENFOLD_TARGET}": Variant(scale=10.0),
    "cause 2, target / 3": Variant(scale=1.0 / 3.0),
    "cause 3, quartic loss": Variant(Setting(loss="quartic"), 1.0 / SPREAD),
}
CALM = {  # the controls of the causes
    "rate 0.001": Variant(Setting(rate=0.001)),
    "rate 0.0001": Variant(Setting(rate=0.0001)),
    "target / 10": Variant(scale=0.1),
    "target / std": Variant(scale=1.0 / SPREAD),
    "absolute loss": Variant(Setting(loss="absolute")),
    "Huber loss": Variant(Setting(loss="Huber")),
}
CURES = {
    BY_NORM: Variant(Setting(clip_norm=1.0)),
    BY_TENSOR: Variant(Setting(clip_norm=1.0, by_tensor=True)),
    RESCALED: Variant(Setting(rescale_norm=1.0)),
    BY_VALUE: Variant(Setting(clip_value=5.0)),
}
VARIANTS = EXPLODING | CALM | CURES | {CREEPING: Variant(Setting(rate=1e-7))}
PUBLISHED = {BY_NORM: (5.082, 27.433), BY_VALUE: (9.487, 9.985)}  # errors learned and tested


@cache
def examples() -> tuple[np.ndarray, np.ndarray]:
    """Inputs (1000, 20) and targets (1000, 1), with scikit-learn's draws in its order.

    They are those of its ``make_regression(1000, 20, noise=0.1, random_state=1)``.
    """
    # The published data were drawn by it.
    draw = np.random.RandomState(1)
    inputs = draw.standard_normal((ROWS, INPUTS))
    weights = np.zeros((INPUTS, 1))
    weights[:INFORMATIVE] = 100.0 * draw.uniform(size=(INFORMATIVE, 1))
    targets = inputs @ weights + draw.normal(scale=0.1, size=(ROWS, 1))
    rows, columns = np.arange(ROWS), np.arange(INPUTS)
    draw.shuffle(rows)
    draw.shuffle(columns)
    return inputs[rows][:, columns], targets[rows]


class Unit(NamedTuple):
    """One network that learns."""

    variant: Variant
    epochs: int
    seed: tuple[int, int]


class Learning(NamedTuple):
    """How it went: of one network, or, with an axis before, of all that learn alike."""

    losses: np.ndarray  # (updates,)
    norms: np.ndarray  # (updates,): of the gradient, before it was clipped
    learned: np.ndarray  # (): the mean squared error of what was learned
    tested: np.ndarray  # (): and of what was not


@dataclass(frozen=True)
class Results:
    """All networks that learned."""

    learning: dict[str, Learning]  # by variant


def run(seed: int, quick: bool = False, each: Each = map) -> Results:
    """Every variant, many times."""
    seeds = [(seed, number) for number in range(QUICK_NETS if quick else NETS)]
    units = [
        Unit(variant, epochs_of(name, quick), one)
        for name, variant in VARIANTS.items()
        for one in seeds
    ]
    found = iter(list(each(measure, units)))
    return Results({name: together([next(found) for _ in seeds]) for name in VARIANTS})


def epochs_of(name: str, quick: bool) -> int:
    """How long a variant learns; what is compared with published errors takes all the time."""
    return QUICK_EPOCHS if quick and name not in PUBLISHED else EPOCHS


def measure(unit: Unit) -> Learning:
    """One network learns the first half of the examples."""
    inputs, targets = examples()
    scale = unit.variant.scale
    course = learn(
        unit.variant.setting,
        (inputs, scale * targets),
        np.arange(LEARNED),
        unit.epochs,
        np.random.default_rng(unit.seed),
    )
    with np.errstate(over="ignore", invalid="ignore"):
        squares = (course.outputs / scale - targets[:, 0]) ** 2
    return Learning(course.losses, course.norms, squares[:LEARNED].mean(), squares[LEARNED:].mean())


def claims(results: Results, quick: bool = False) -> list[Claim]:
    """The table's lines."""
    return [
        *_explosion_claims(results),
        *_signal_claims(results),
        *_calm_claims(results),
        *_cure_claims(results, quick),
        *_published_claims(results),
        _gradient_claim(results),
        _creeping_claim(results),
    ]


def _explosion_claims(results: Results) -> Iterator[Claim]:
    for name in EXPLODING:
        found = signals(results.learning[name].losses).nan
        ends = np.isfinite(results.learning[name].losses).sum(axis=1)
        yield Claim(
            f"{name}: the loss becomes NaN in {most(found)} networks (signal 3)",
            "nan (Brownlee, one run)" if name == PLAIN else "an explosion (tutorial)",
            f"{count(found)}, after {np.median(ends):.0f} updates in the median",
            nearly_all(found),
        )


def _signal_claims(results: Results) -> Iterator[Claim]:
    found = {name: signals(results.learning[name].losses) for name in EXPLODING}
    for number, field, text in (
        (1, "poor", f"before that the loss is poor, not below {HALF:g} of the first"),
        (2, "jump", f"in the first {EARLY} updates it jumps tenfold from one to the next"),
    ):
        counts = {name: getattr(one, field) for name, one in found.items()}
        least = min(counts, key=lambda name: counts[name].sum())
        yield Claim(
            f"signal {number}: {text}, in {most(counts[least])} networks of each of these",
            "a signal (tutorial)",
            f"{count(counts[least])} or more",
            all(nearly_all(one) for one in counts.values()),
        )


def _calm_claims(results: Results) -> Iterator[Claim]:
    for name in CALM:
        yield _calm_claim(results, name, is_control=True)


def _calm_claim(results: Results, name: str, is_control: bool) -> Claim:
    found = _any(signals(results.learning[name].losses))
    return Claim(
        f"{name}: {most(found)} networks show none of the three signals",
        f"{len(found)} of {len(found)}",
        count(~found),
        nearly_all(~found),
        is_control,
    )


def _cure_claims(results: Results, quick: bool) -> Iterator[Claim]:
    for name in CURES:
        yield _calm_claim(results, name, is_control=False)
    for name in CURES:
        bound = BOUND_BY_VALUE if name == BY_VALUE else BOUND_BY_NORM
        errors, text = results.learning[name].learned, ""
        if epochs_of(name, quick) < EPOCHS:
            bound, text = QUICK_BOUND, f" (quick: {QUICK_EPOCHS} epochs)"
        low = errors < bound
        yield Claim(
            f"with {name}, {most(low)} networks learn to a mean squared error below "
            f"{bound:g}{text}",
            f"the target's variance is {SPREAD**2:.0f}",
            f"{count(low)}; {_range(errors)}",
            nearly_all(low),
        )


def _published_claims(results: Results) -> Iterator[Claim]:
    for name, factor in ((BY_NORM, NEAR), (BY_VALUE, ORDER_OF_MAGNITUDE)):
        found, published = results.learning[name], PUBLISHED[name]
        ratios = np.array([np.median(found.learned), np.median(found.tested)]) / published
        yield Claim(
            f"published errors, {name}, learned and tested, are ours in the median by a factor of "
            f"less than {factor:g}",
            "{} and {} (Brownlee, one run)".format(*published),
            f"{_range(found.learned)} and {_range(found.tested)}",
            bool(np.abs(np.log(ratios)).max() < np.log(factor)),
        )


def _gradient_claim(results: Results) -> Claim:
    largest = np.nanmax(results.learning[BY_NORM].norms, axis=1)
    return Claim(
        f"while its norm is clipped, the largest gradient is between {LARGE[0]:g} and "
        f"{LARGE[1]:g} in each network",
        '"hundreds or thousands" (Brownlee)',
        f"{largest.min():.0f} to {largest.max():.0f}",
        bool(LARGE[0] < largest.min() and largest.max() < LARGE[1]),
    )


def _creeping_claim(results: Results) -> Claim:
    found = signals(results.learning[CREEPING].losses)
    only_poor = found.poor & ~found.jump & ~found.nan
    return Claim(
        f"{CREEPING}: {most(only_poor)} networks have a poor loss, but neither a jump nor NaN",
        "a poor loss alone is no explosion",
        count(only_poor),
        nearly_all(only_poor),
        is_control=True,
    )


def _any(found: Signals) -> np.ndarray:
    return np.asarray(found.poor | found.jump | found.nan)


def _range(errors: np.ndarray) -> str:
    return f"{np.median(errors):.3g} ({errors.min():.3g} to {errors.max():.3g})"


def figures(results: Results) -> dict[str, Picture]:
    """Losses, signals and gradients."""
    return {
        "loss": _losses(results),
        "signals": _signals(results),
        "gradient_norm": _gradients(results),
    }


def _losses(results: Results) -> Picture:
    figure = Figure(figsize=(11, 4.8), layout="constrained")
    left, right = figure.subplots(1, 2)
    colours = (VERMILION, BLACK, BLUE, SKY, ORANGE)
    for name, colour, line, marker in zip(EXPLODING, colours, LINES, MARKERS, strict=False):
        losses = results.learning[name].losses[0]
        last = int(np.isfinite(losses).sum())
        left.plot(np.arange(1, last + 1), losses[:last], c=colour, ls=line, label=name, lw=1.4)
        left.plot(last, losses[last - 1], marker, c=colour, ms=8)
    left.set(yscale="log", xlabel="update", ylabel="loss of the batch")
    left.set(xlim=(0.0, EARLY), ylim=(1e0, 1e31))
    left.set_title("explosions; the symbol is the last before NaN")
    left.legend(loc="upper right")
    shown = {BY_NORM: BLUE, BY_VALUE: GREEN, "target / std": ORANGE, "rate 0.001": BLACK}
    for (name, colour), line in zip(shown.items(), LINES, strict=False):
        losses = results.learning[name].losses / VARIANTS[name].scale ** 2
        middle = _smoothed(np.median(losses, axis=0))
        right.plot(np.arange(1, len(middle) + 1), middle, c=colour, ls=line, label=name, lw=1.4)
    right.set(yscale="log", xlabel="update", ylabel="loss, in units of the target squared")
    right.set_title("cures and controls: the median network")
    right.legend(loc="upper right")
    return Picture(
        figure,
        "Loss by update on logarithmic axes. Left: one network as published, and with each cause "
        f"of an explosion, rises by powers of ten and is NaN within {EARLY} updates. Right: the "
        "median network with the norm clipped, with elements clipped, with the target over its "
        "standard deviation and with a lower rate falls steadily by a factor of more than a "
        "hundred.",
    )


def _smoothed(losses: np.ndarray, width: int = 16) -> np.ndarray:
    """Geometric means over an epoch of batches, as far as there are whole ones."""
    kernel = np.full(width, 1.0 / width)
    return np.asarray(np.exp(np.convolve(np.log(losses), kernel, "valid")))


def _signals(results: Results) -> Picture:
    shares = {
        name: [one.mean() for one in signals(results.learning[name].losses)] for name in VARIANTS
    }
    figure = Figure(figsize=(7.2, 6.4), layout="constrained")
    ax = figure.subplots()
    ax.imshow(np.array([*shares.values()]), cmap="Greys", vmin=0.0, vmax=1.0, aspect="auto")
    for row, values in enumerate(shares.values()):
        for column, share in enumerate(values):
            colour = "white" if share > 0.5 else BLACK
            ax.text(column, row, f"{share:.2f}", ha="center", va="center", c=colour)
    for end in np.cumsum([len(EXPLODING), len(CALM), len(CURES)]):
        ax.axhline(end - 0.5, c=BLACK, lw=1.5)
    ax.set(yticks=range(len(shares)), yticklabels=shares, xlabel="signal", ylabel="variant")
    ax.set_xticks(range(3), ["1: poor loss", "2: tenfold jump", "3: NaN"])
    ax.grid(False)
    ax.set_title(f"share of {len(results.learning[PLAIN].losses)} networks that show a signal")
    lowest = min(min(shares[name]) for name in EXPLODING)
    highest = max(max(shares[name]) for name in CALM | CURES)
    return Picture(
        figure,
        "A table of the share of networks that show each of the three signals. In the first "
        f"block, which explodes, every share is at least {lowest:.2f}; in the blocks of controls "
        f"and of cures at most {highest:.2f}. The last row, {CREEPING}, has a poor loss alone.",
    )


def _gradients(results: Results) -> Picture:
    figure = Figure(figsize=(11, 4.4), layout="constrained")
    left, right = figure.subplots(1, 2)
    plain, clipped = (results.learning[name].norms for name in (PLAIN, BY_NORM))
    for norms in plain[:, : EARLY // 2]:
        left.plot(np.arange(1, len(norms) + 1), norms, c=VERMILION, lw=0.8)
    left.set_title("as published: the gradient explodes")
    updates = np.arange(1, clipped.shape[1] + 1)
    low, middle, high = np.quantile(clipped, (0.0, 0.5, 1.0), axis=0)
    right.fill_between(updates, low, high, color=SKY, lw=0.0, label="range of all networks")
    right.plot(updates, middle, c=BLUE, lw=0.8, label="median")
    right.axhline(1.0, c=BLACK, ls=LINES[1], label="norm after clipping")
    right.set_title("clipped: it stays within thousands, and falls")
    right.legend(loc="center right", bbox_to_anchor=(1.0, 0.3))
    for ax in (left, right):
        ax.set(yscale="log", xlabel="update", ylabel="norm of the gradient, before clipping")
    return Picture(
        figure,
        "Norm of the gradient by update, before it is clipped, on logarithmic axes. Left, as "
        f"published, that of every network rises, up to {np.nanmax(plain):.0e}, within a few "
        f"updates. Right, with the norm clipped to 1, it is at most {clipped.max():.0f}, falls, "
        f"and is never below {clipped.min():.3g}: every update has the norm 1.",
    )
