"""From Xavier's start a deep ReLU network loses half the signal a layer, from He's none.

The tutorial says: "Xavier initialization is a way that selects the weights of the network from an
intermediate range of values, while passing through the various layers, in such a way that the
variance is not significant"; and rectified linear units are "more resilient to the vanishing
gradient" than the sigmoid.

Theory predicts: half the pre-activations are negative, so ReLU halves the mean square. With
Xavier's Var W = 1/n that is lost in every layer, forward and backward, 2^-29 in thirty; He's 2/n
makes up for it. That is the mean over networks. A single one of width n multiplies the mean square
by (2/n) times the sum of n squared halves of normal variables, whose logarithm is smaller on the
mean, by about 5/(2n): a layer of 64 units from He's start loses 4% in the typical network.

Where they disagree: the tutorial recommends Xavier's start and ReLU, one after the other. Together
they bring the problem back: networks of 30 layers do not learn at any rate within the epochs there
are (at 0.1, two of 60 began to after 600 steps). Nor is He's factor all: the fluctuation grows with
depth over width, and 30 layers of 64 units need a small rate even so; at 0.01 one network in
thirteen was above a loss of 0.8 after 600 steps, as training throws it back, and at 0.005 one in a
hundred does not get below it.

Experiment: 30 layers of 64 units, without biases, each network with one digit: mean squares of
pre-activations and errors by layer. Then learning the digits by SGD, 600 steps of 64: 30 layers
from Xavier's start at three rates and from He's at 0.005, and 5 to 22 layers at 0.01; a loss is the
mean of ten batches, and the lowest counts, or where nothing is to be learned the last five. The
control is He's start.

Sources: He et al. 2015, where thirty layers stall from Xavier's start and converge from their own;
Glorot & Bengio 2010 for Xavier's; Hanin & Rolnick 2018 for the fluctuation.

Command: ``python -m demos he_initialisation``; about thirty seconds.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from minigrad import autograd, nn, optim, tensor
from minigrad.nn import functional as F, init

from .claims import Claim, mean_and_error, with_error
from .digits import CLASSES, LEARNED, PIXELS, split
from .pictures import Picture
from .protocol import Each
from .side_by_side import before_activation, learn_digits, networks
from .style import BLACK, BLUE, LINES, ORANGE, VERMILION

WIDTH, DEEP = 64, 30
STARTS = XAVIER, HE = "Xavier", "He"
FILLS: dict[str, Callable[..., Any]] = {
    XAVIER: init.xavier_normal_,
    HE: partial(init.kaiming_normal_, nonlinearity="relu"),
}
SHARES = {XAVIER: 0.5, HE: 1.0}  # of the mean square, left by a layer on the mean
BANDS = {XAVIER: (-1.15, -0.93), HE: (-0.15, 0.15)}  # of the slope, in powers of 2 a layer
TOGETHER, GROUPS, QUICK_GROUPS = 50, 4, 1  # networks whose signals are measured
BACKWARD_TOLERANCE = 0.03  # of the slope: the law is exact forward only
FACTOR = 3.0  # the mean ratio over networks, which a few dominate, is as predicted up to it

STEPS, QUICK_STEPS = 600, 250
NETS, QUICK_NETS = 5, 2
XAVIER_RATES, HE_RATE, QUICK_XAVIER_RATES = (0.01, 0.1, 1.0), 0.005, (0.1,)
STUCK = 2.25  # a loss; ln 10 = 2.303 is guessing
WELL, FAIRLY = 0.8, 1.0  # losses, of all networks but one, and of all
QUICK_WELL, QUICK_FAIRLY = 1.9, 2.0
SMOOTHED, LAST = 10, 5  # batches, whose mean is a loss; so many losses are the end
DEPTHS, QUICK_DEPTHS, DEPTH_RATE, DEPTH_NETS = (5, 10, 15, 22), (5, 15), 0.01, 3
QUICK_DEPTH_STEPS = 200
STALLS, STALLED = 15, 1.5  # from so many layers on; a loss
LOW, QUICK_LOW = 0.2, 1.5  # losses


class Group(NamedTuple):
    """Networks whose signals are measured together: what can be done in a process of its own."""

    start: str
    numbers: range  # of the networks: they draw from generators of their own
    seed: int


class Signals(NamedTuple):
    """Mean squares, (networks, layers)."""

    forward: np.ndarray  # of pre-activations
    backward: np.ndarray  # of errors dL/dz


class Training(NamedTuple):
    """Networks that learn side by side."""

    start: str
    layers: int  # hidden ones
    rate: float
    nets: int
    steps: int
    seed: int


@dataclass(frozen=True)
class Results:
    """Signals, and learning."""

    signals: dict[str, Signals]  # by start
    deep: dict[tuple[str, float], np.ndarray]  # by start and rate: losses (steps / SMOOTHED, nets)
    depths: tuple[int, ...]
    by_depth: dict[str, np.ndarray]  # by start: the lowest losses (depths, nets)


def run(seed: int, quick: bool = False, each: Each = map) -> Results:
    """Signals at the start, then learning."""
    groups = range(QUICK_GROUPS if quick else GROUPS)
    measured = [
        Group(start, range(TOGETHER * group, TOGETHER * (group + 1)), seed)
        for start in FILLS
        for group in groups
    ]
    found = dict(zip(measured, each(measure, measured), strict=True))
    nets, steps = (QUICK_NETS, QUICK_STEPS) if quick else (NETS, STEPS)
    rates = [(XAVIER, rate) for rate in (QUICK_XAVIER_RATES if quick else XAVIER_RATES)]
    deep = {
        (start, rate): Training(start, DEEP, rate, nets, steps, seed)
        for start, rate in [*rates, (HE, HE_RATE)]
    }
    depths, few = (QUICK_DEPTHS, QUICK_NETS) if quick else (DEPTHS, DEPTH_NETS)
    steps = QUICK_DEPTH_STEPS if quick else STEPS
    sweep = {
        (start, depth): Training(start, depth, DEPTH_RATE, few, steps, seed)
        for start in FILLS
        for depth in depths
    }
    units = [*deep.values(), *sweep.values()]
    trained = dict(zip(units, each(train, units), strict=True))
    return Results(
        signals={
            start: Signals(
                *map(
                    np.concatenate,
                    zip(*(found[g] for g in measured if g.start == start), strict=True),
                )
            )
            for start in FILLS
        },
        deep={key: trained[unit] for key, unit in deep.items()},
        depths=depths,
        by_depth={
            start: np.array([trained[sweep[start, depth]].min(axis=0) for depth in depths])
            for start in FILLS
        },
    )


def measure(group: Group) -> Signals:
    """The signals in networks at their start, each with a digit of its own."""
    draws = [
        np.random.default_rng([group.seed, STARTS.index(group.start), number])
        for number in group.numbers
    ]
    widths = [PIXELS, *[WIDTH] * DEEP, CLASSES]
    model = networks(widths, draws, FILLS[group.start], nn.ReLU(), bias=False)
    digits, _ = split()
    chosen = [draw.integers(0, LEARNED) for draw in draws]
    *hidden, logits = before_activation(model, tensor(digits.images[chosen][:, None]))
    loss = F.cross_entropy(logits[:, 0], digits.labels[chosen], reduction="sum")
    errors = autograd.grad(loss, hidden)
    forward, backward = (
        np.stack([(np.asarray(z, float) ** 2).mean(axis=(1, 2)) for z in values], axis=1)
        for values in ([z.detach().numpy() for z in hidden], errors)
    )
    return Signals(forward, backward)


def train(unit: Training) -> np.ndarray:
    """Learn the digits: the losses, (steps / SMOOTHED, nets), each the mean of some batches."""
    draws = [
        np.random.default_rng([unit.seed, STARTS.index(unit.start), number])
        for number in range(unit.nets)
    ]
    widths = [PIXELS, *[WIDTH] * unit.layers, CLASSES]
    model = networks(widths, draws, FILLS[unit.start], nn.ReLU())
    losses = learn_digits(model, draws, optim.SGD(model.parameters(), lr=unit.rate), unit.steps)
    return np.asarray(losses.reshape(-1, SMOOTHED, unit.nets).mean(axis=1))


def typical_slope(start: str) -> float:
    """The predicted change a layer of the mean square in a network, in powers of 2, on the mean.

    Of the squared halves of n normal variables k are not 0, and their sum is chi-squared.
    """
    psi = [-np.euler_gamma - 2.0 * math.log(2.0), -np.euler_gamma]  # at 1/2 and 1
    for k in range(1, WIDTH - 1):
        psi.append(psi[k - 1] + 2.0 / k)  # psi(x + 1) = psi(x) + 1/x, at x = k/2
    logs = sum(
        math.comb(WIDTH, k) * 0.5**WIDTH * (psi[k - 1] + math.log(2.0)) for k in range(1, WIDTH + 1)
    )
    return float((logs + math.log(2.0 / WIDTH)) / math.log(2.0) + math.log2(SHARES[start]))


def slopes(mean_squares: np.ndarray) -> np.ndarray:
    """The change a layer, in powers of 2, by the line through all layers; of each network."""
    layers = np.arange(mean_squares.shape[1])
    return np.asarray(np.polyfit(layers, np.log2(mean_squares).T, 1)[0])


def claims(results: Results, quick: bool = False) -> list[Claim]:
    """The table's lines."""
    return [
        *_signal_claims(results),
        *_ratio_claims(results),
        *_deep_claims(results, *((QUICK_WELL, QUICK_FAIRLY) if quick else (WELL, FAIRLY))),
        *_depth_claims(results, QUICK_LOW if quick else LOW),
    ]


def _signal_claims(results: Results) -> Iterator[Claim]:
    for start, signals in results.signals.items():
        low, high = BANDS[start]
        exact = typical_slope(start)
        for way, found in (
            ("forward", slopes(signals.forward)),
            (
                "backward",
                -slopes(signals.backward),
            ),
        ):
            mean, error = mean_and_error(found)
            bound = 4.0 * error + (BACKWARD_TOLERANCE if way == "backward" else 0.0)
            more = f" and {BACKWARD_TOLERANCE}" if way == "backward" else ""
            yield Claim(
                f"{start}, {way}: a layer changes the mean square by a power of 2 between {low} "
                f"and {high}, as predicted for {WIDTH} units within 4 s.e.{more}",
                f"{exact:.4f}, for wide layers {math.log2(SHARES[start]):.0f}",
                with_error(found),
                abs(mean - exact) < bound and low <= mean <= high,
                is_control=start == HE,
            )


def _ratio_claims(results: Results) -> Iterator[Claim]:
    for start, signals in results.signals.items():
        ratios = signals.forward[:, -1] / signals.forward[:, 0]
        exact, found = SHARES[start] ** (DEEP - 1), float(ratios.mean())
        error = float(ratios.std(ddof=1) / math.sqrt(len(ratios)))
        yield Claim(
            f"{start}: the mean square in layer {DEEP} over that in layer 1 is on the mean of all "
            f"networks as predicted, up to a factor of {FACTOR:g}",
            f"{exact:.3g} ({SHARES[start]:g}^{DEEP - 1}, He et al.)",
            f"{found:.3g} ± {error:.2g}",
            1.0 / FACTOR < found / exact < FACTOR,
            is_control=start == HE,
        )


def _deep_claims(results: Results, well: float, fairly: float) -> Iterator[Claim]:
    xavier = {rate: losses for (start, rate), losses in results.deep.items() if start == XAVIER}
    stuck = np.concatenate([losses[-LAST:].mean(axis=0) for losses in xavier.values()])
    yield Claim(
        f"{DEEP} layers from Xavier's start do not learn: the loss of the last {LAST * SMOOTHED} "
        f"batches is above {STUCK} with every seed at rates {', '.join(f'{r:g}' for r in xavier)}",
        f'"completely stalls" (He et al.); guessing has {math.log(CLASSES):.3f}',
        f"from {stuck.min():.3f} to {stuck.max():.3f}",
        bool((stuck > STUCK).all()),
    )
    found = results.deep[HE, HE_RATE].min(axis=0)
    yield Claim(
        f"{DEEP} layers from He's start learn: at rate {HE_RATE:g} the loss falls below {fairly:g} "
        f"with every seed, and below {well:g} with all but one",
        "converges (He et al.)",
        "lowest: " + ", ".join(f"{loss:.3f}" for loss in found),
        bool((found < fairly).all() and (found >= well).sum() <= 1),
        is_control=True,
    )


def _depth_claims(results: Results, low: float) -> Iterator[Claim]:
    depths = np.array(results.depths)
    xavier, he = (results.by_depth[start].mean(axis=1) for start in (XAVIER, HE))
    learn = depths <= STALLS
    yield Claim(
        f"from Xavier's start the loss grows with depth, above {STALLED} from {STALLS} layers on",
        "grows",
        ", ".join(f"{loss:.3f}" for loss in xavier) + f" for {', '.join(map(str, depths))} layers",
        bool((np.diff(xavier) > 0.0).all() and (xavier[depths >= STALLS] > STALLED).all()),
    )
    yield Claim(
        f"from He's start the loss is below {low} up to {STALLS} layers",
        "low",
        ", ".join(f"{loss:.3f}" for loss in he),
        bool((he[learn] < low).all()),
        is_control=True,
    )


def figures(results: Results) -> dict[str, Picture]:
    """Signals by layer, and learning by start and depth."""
    return {"signals": _signals(results), "learning": _learning(results)}


def _signals(results: Results) -> Picture:
    figure = Figure(figsize=(11, 4.8), layout="constrained")
    axes = figure.subplots(1, 2, sharey=True)
    layers = np.arange(1, DEEP + 1)
    for ax, way, title in (
        (axes[0], "forward", "forward: pre-activations"),
        (axes[1], "backward", "backward: errors dL/dz"),
    ):
        for start, colour, marker in (XAVIER, VERMILION, "o"), (HE, BLUE, "s"):
            values = np.log2(getattr(results.signals[start], way))
            first = 0 if way == "forward" else -1
            values -= values[:, first : (first + 1) or None]
            role = "control: " if start == HE else ""
            middle = values.mean(axis=0)
            low, high = np.quantile(values, [0.1, 0.9], axis=0)
            ax.fill_between(layers, low, high, fc=colour, alpha=0.2, ec="none")
            ax.plot(layers, middle, marker, c=colour, mfc="white", label=f"{role}{start}, measured")
            steps = layers - 1 if way == "forward" else DEEP - layers
            ax.plot(layers, steps * typical_slope(start), c=colour, lw=1.2)
            ax.plot(layers, steps * math.log2(SHARES[start]), c=BLACK, ls=LINES[1], lw=1.0)
        ax.set(title=title, xlabel="layer, from the input")
    axes[0].plot([], [], c=BLACK, lw=1.2, label=f"predicted, typical at width {WIDTH}")
    axes[0].plot([], [], c=BLACK, ls=LINES[1], lw=1.0, label="predicted, mean")
    axes[0].set_ylabel("log₂ of the mean square, relative")
    axes[0].legend(loc="lower left", title=f"{len(values)} networks; bands: 80% of them")
    return Picture(
        figure,
        "The logarithm of the mean square by layer, of pre-activations on the left and of errors "
        "on the right. From Xavier's start it loses about one power of 2 a layer, "
        f"{(DEEP - 1) * slopes(results.signals[XAVIER].forward).mean():.0f} in all; from He's, the "
        "control, it stays near 0. The symbols lie on the predicted lines.",
    )


def _learning(results: Results) -> Picture:
    figure = Figure(figsize=(11, 4.8), layout="constrained")
    left, right = figure.subplots(1, 2)
    looks = ((LINES[1], ORANGE), (LINES[2], VERMILION), (LINES[3], BLACK))
    for (start, rate), losses in results.deep.items():
        number = XAVIER_RATES.index(rate) if start == XAVIER else -1
        line, colour = looks[number] if start == XAVIER else (LINES[0], BLUE)
        step = SMOOTHED * np.arange(len(losses))
        role = "control: " if start == HE else ""
        label = f"{role}{start}, lr = {rate:g}"
        left.plot(step, losses.mean(axis=1), c=colour, ls=line, label=label)
        left.plot(step, losses, c=colour, lw=0.5, alpha=0.5)
    left.axhline(math.log(CLASSES), c=BLACK, lw=0.8, label="guessing, ln 10")
    left.set(xlabel="step", ylabel="cross-entropy on batches", ylim=(0.0, 2.9))
    left.set_title(f"{DEEP} ReLU layers; thin lines: single networks")
    left.legend(loc="lower left")
    _by_depth(right, results)
    found = results.deep[HE, HE_RATE].min(axis=0)
    return Picture(
        figure,
        f"Left: the loss of {DEEP} ReLU layers by step. From Xavier's start it stays at that of "
        f"guessing, ln 10, at all rates; from He's, the control, it falls to {found.mean():.2f}. "
        f"Right: the lowest loss by depth, on a logarithmic axis: from Xavier's start "
        f"it rises from {results.by_depth[XAVIER][0].mean():.2f} at {results.depths[0]} layers to "
        f"{results.by_depth[XAVIER][-1].mean():.2f} at {results.depths[-1]}, from He's it stays "
        "low.",
    )


def _by_depth(ax: Axes, results: Results) -> None:
    for start, colour, marker in (XAVIER, VERMILION, "o"), (HE, BLUE, "s"):
        losses = results.by_depth[start]
        role = "control: " if start == HE else ""
        ax.plot(results.depths, losses.mean(axis=1), f"{marker}-", c=colour, label=f"{role}{start}")
        ax.plot(results.depths, losses, marker, c=colour, mfc="none", ms=4)
    ax.axhline(math.log(CLASSES), c=BLACK, lw=0.8, label="guessing, ln 10")
    ax.set(yscale="log", xlabel="ReLU layers", ylabel="lowest loss")
    ax.set_xticks(results.depths)
    ax.set_title(f"lr = {DEPTH_RATE:g}; small symbols: single networks")
    ax.legend(loc="center right")
