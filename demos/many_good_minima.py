"""The larger a network, the less it matters in which of its many minima descent ends.

The tutorial says: "the diversity of weight configurations offers many acceptable local minimums,
i.e., many good solutions, and drastically reduces the likelihood of local minima arising".

Theory predicts: losses at minima crowd together as a network grows, and poor minima are likely only
in small ones. There are many minima for a plain reason too: to exchange two hidden units, or to
turn the signs of all weights of a tanh unit, changes nothing, so that each minimum of n units has
``n! 2^n`` copies, exactly as good, and far from each other.

Where they disagree: local minima do not become unlikely, each has millions of copies in a network
of 8 units already. What shrinks with size is the spread of their losses. That is said of losses as
they are: relative to their mean they first spread more, and most where the network just about fits
its examples.

Experiment: networks of one hidden layer of 2 to 64 tanh units learn 1000 real digits, given by
their first eight principal components, from many random starts side by side as one batched product,
by 600 full gradients with momentum. Then, of one of 8 units, copies by random symmetries, and the
loss half way to each. The controls are the smallest network, in which the start does matter, and
the half way, where the loss is high: the copies are separate minima.

Sources: Choromanska et al. 2015; Alpaydin & Kaynak 1998 for the digits.

Command: ``python -m demos many_good_minima``; about fifteen seconds.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from matplotlib.figure import Figure

from minigrad import Tensor, logsumexp, optim
from minigrad.nn import init

from . import memory
from .claims import Claim
from .digits import CLASSES, split
from .pictures import Picture
from .protocol import Each
from .style import BLACK, BLUE, LINES, VERMILION

INPUTS, EXAMPLES = 8, 1000
RATE, MOMENTUM = 0.3, 0.9
STEPS, QUICK_STEPS = 600, 300
RUNS = 20  # side by side
BLOCKS = {2: 8, 4: 8, 8: 2, 16: 1, 32: 1, 64: 1}  # by hidden units: of so many runs
QUICK_BLOCKS, QUICK_RUNS = {2: 1, 8: 1, 32: 1}, 10
SMALL, LARGE = 2, 32
NARROWER, QUICK_NARROWER = 10.0, 5.0  # by that the losses of the large network at least
RANGE, QUICK_RANGE = 0.03, 0.04  # of the large network's accuracies but one, at most
MIRRORED, SYMMETRIES = 8, 50  # hidden units, and copies
EXACT = 1e-12
BETWEEN = 2.0  # times the loss of the copies: half way, at least
WAY = np.linspace(0.0, 1.0, 41)


class Unit(NamedTuple):
    """Runs side by side: what can be done in a process of its own."""

    hidden: int
    runs: int
    steps: int
    seed: int
    block: int


class Weights(NamedTuple):
    """Of networks side by side; the first with a column for the constant input."""

    first: Any  # (R, n, 9)
    second: Any  # (R, 10, n)
    bias: Any  # (R, 10, 1)


class Trained(NamedTuple):
    """Where the runs have ended: loss on the examples, accuracy on other digits, and weights."""

    losses: np.ndarray
    accuracies: np.ndarray
    weights: Weights


@dataclass(frozen=True)
class Results:
    """Losses and accuracies by hidden units, and the copies of one minimum."""

    losses: dict[int, np.ndarray]  # (runs,)
    accuracies: dict[int, np.ndarray]  # (runs,)
    copies: np.ndarray  # (SYMMETRIES,): the losses of copies
    ways: np.ndarray  # (SYMMETRIES, WAY): the losses on the way from the minimum to each

    def spread(self, hidden: int) -> tuple[float, float]:
        """The standard deviation of the losses, and its standard error."""
        losses = self.losses[hidden]
        found = float(losses.std(ddof=1))
        return found, found / math.sqrt(2.0 * (len(losses) - 1))


def run(seed: int, quick: bool = False, each: Each = map) -> Results:
    """Train networks of every size from many starts, and mirror one."""
    blocks, runs, steps = (
        (QUICK_BLOCKS, QUICK_RUNS, QUICK_STEPS) if quick else (BLOCKS, RUNS, STEPS)
    )
    units = [
        Unit(hidden, runs, steps, seed, block)
        for hidden, count in blocks.items()
        for block in range(count)
    ]
    found = dict(zip(units, each(train, units), strict=True))
    trained = {n: [one for unit, one in found.items() if unit.hidden == n] for n in blocks}
    copies, ways = mirror(trained[MIRRORED][0].weights, seed)
    return Results(
        losses={n: np.concatenate([one.losses for one in trained[n]]) for n in blocks},
        accuracies={n: np.concatenate([one.accuracies for one in trained[n]]) for n in blocks},
        copies=copies,
        ways=ways,
    )


class Part(NamedTuple):
    """Images by their whitened components, with a constant 1 (9, N), and labels (N,)."""

    inputs: np.ndarray
    labels: np.ndarray

    @property
    def targets(self) -> np.ndarray:
        """One at each label (10, N)."""
        return np.eye(CLASSES, dtype=self.inputs.dtype)[:, self.labels]


@cache
def data() -> tuple[Part, Part]:
    """The digits to learn from, whose components these are, and all others."""
    learned, tested = split()
    images = np.concatenate([learned.images, tested.images]).astype(float)
    labels = np.concatenate([learned.labels, tested.labels])
    mean = images[:EXAMPLES].mean(axis=0)
    _, sizes, axes = np.linalg.svd(images[:EXAMPLES] - mean, full_matrices=False)
    components = (images - mean) @ (axes[:INPUTS].T / sizes[:INPUTS]) * math.sqrt(EXAMPLES)
    inputs = np.vstack([components.T, np.ones(len(images))])
    return (
        Part(inputs[:, :EXAMPLES], labels[:EXAMPLES]),
        Part(inputs[:, EXAMPLES:], labels[EXAMPLES:]),
    )


def train(unit: Unit) -> Trained:
    """Train networks side by side, in float32."""
    memory.keep()
    draw = np.random.default_rng([unit.seed, unit.hidden, unit.block, unit.runs])
    weights = start(unit.hidden, unit.runs, draw)
    optimizer = optim.SGD(list(weights), lr=RATE, momentum=MOMENTUM)
    learned, tested = data()
    examples = Part(learned.inputs.astype(np.float32), learned.labels)
    inputs, targets = examples.inputs, examples.targets
    for _ in range(unit.steps):
        optimizer.zero_grad()
        loss = np.sum(losses(weights, inputs, targets))  # of all runs: each has its own gradient
        loss.backward()
        optimizer.step()
    ended = Weights(*(w.detach().numpy().astype(float) for w in weights))
    right = scores(ended, tested.inputs).argmax(axis=1) == tested.labels
    return Trained(losses(ended, learned.inputs, learned.targets), right.mean(axis=1), ended)


def start(hidden: int, runs: int, draw: np.random.Generator) -> Weights:
    """Networks side by side: weights normal, of variance 1 / fan-in, and biases 0."""
    first = Tensor(np.zeros((runs, hidden, INPUTS + 1), np.float32))
    init.normal_(first[..., :INPUTS], std=INPUTS**-0.5, generator=draw)
    second = Tensor(np.zeros((runs, CLASSES, hidden), np.float32))
    init.normal_(second, std=hidden**-0.5, generator=draw)
    bias = Tensor(np.zeros((runs, CLASSES, 1), np.float32))
    return Weights(*(w.requires_grad_() for w in (first, second, bias)))


def scores(weights: Weights, inputs: Any) -> Any:
    """Of every network for every class and image: (R, 10, N)."""
    return weights.second @ np.tanh(weights.first @ inputs) + weights.bias


def losses(weights: Weights, inputs: Any, targets: Any) -> Any:
    """The mean cross-entropy of every network: (R,)."""
    found = scores(weights, inputs)
    return np.mean(logsumexp(found, 1) - np.sum(found * targets, axis=1), axis=1)


def mirror(weights: Weights, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Losses of copies of the first network by random symmetries, and on the ways to them."""
    draw, (learned, _) = np.random.default_rng([seed, 0]), data()
    one = Weights(*(w[:1] for w in weights))
    hidden, share = one.first.shape[1], WAY[:, None, None]
    copies, ways = [], []
    for _ in range(SYMMETRIES):
        order, signs = draw.permutation(hidden), draw.choice([-1.0, 1.0], hidden)
        first = one.first[:, order] * signs[:, None]
        copy = Weights(first, one.second[..., order] * signs, one.bias)
        way = Weights(*((1.0 - share) * a + share * b for a, b in zip(one, copy, strict=True)))
        copies.append(losses(copy, learned.inputs, learned.targets)[0])
        ways.append(losses(way, learned.inputs, learned.targets))
    return np.array(copies), np.array(ways)


def range_but_one(values: np.ndarray) -> float:
    """Of all values but the one that is farthest out."""
    ordered = np.sort(values)
    return float(min(ordered[-1] - ordered[1], ordered[-2] - ordered[0]))


def claims(results: Results, quick: bool = False) -> list[Claim]:
    """The table's lines."""
    return [
        _monotone_claim(results),
        _narrower_claim(results, QUICK_NARROWER if quick else NARROWER, quick),
        _relative_claim(results),
        *_range_claims(results, QUICK_RANGE if quick else RANGE, quick),
        *_copy_claims(results),
    ]


def _monotone_claim(results: Results) -> Claim:
    spreads = {n: results.spread(n) for n in results.losses}
    return Claim(
        f"from {', '.join(map(str, spreads))} hidden units, the losses of different starts spread "
        "less with every step up",
        "falling (Choromanska et al. 2015)",
        ", ".join(f"{spread:.4f} ± {error:.4f}" for spread, error in spreads.values()),
        all(a[0] > b[0] for a, b in pairwise(spreads.values())),
    )


def _narrower_claim(results: Results, least: float, quick: bool) -> Claim:
    (small, small_error), (large, large_error) = results.spread(SMALL), results.spread(LARGE)
    ratio = small / large
    error = ratio * math.hypot(small_error / small, large_error / large)
    return Claim(
        f"of {LARGE} units they spread more than {least:g} times less than of {SMALL}"
        f"{' (quick: widened)' if quick else ''}",
        f"more than {least:g} (33 by hand-written NumPy)",
        f"{ratio:.0f} ± {error:.0f}",
        ratio > least,
    )


def _relative_claim(results: Results) -> Claim:
    shares = {n: results.spread(n)[0] / losses.mean() for n, losses in results.losses.items()}
    return Claim(
        f"but over their mean they do not spread less: of {MIRRORED} units more than of {SMALL}",
        "most of 12 to 16 units, 0.16 (by hand-written NumPy)",
        ", ".join(f"{share:.3f} of {n}" for n, share in shares.items()),
        bool(shares[MIRRORED] > shares[SMALL]),
    )


def _range_claims(results: Results, bound: float, quick: bool) -> Iterator[Claim]:
    widened = " (quick: widened)" if quick else ""
    for n, text, expected in (
        (LARGE, f"all are good: accuracies of all but one lie within {bound:g}", "less"),
        (SMALL, f"it matters which: accuracies of all but one need more than {bound:g}", "more"),
    ):
        found = results.accuracies[n]
        width = range_but_one(found)
        yield Claim(
            f"of {n} units {text} on other digits{widened}",
            f"{expected} than {bound:g} (Choromanska et al. 2015)",
            f"{width:.3f}; all {len(found)} from {found.min():.3f} to {found.max():.3f}",
            width < bound if n == LARGE else width > bound,
            is_control=n == SMALL,
        )


def _copy_claims(results: Results) -> list[Claim]:
    loss = results.ways[0, 0]
    apart = float(np.abs(results.copies - loss).max())
    between = results.ways[:, len(WAY) // 2]
    count = math.factorial(MIRRORED) * 2**MIRRORED
    return [
        Claim(
            f"{SYMMETRIES} random ones of the {count:,} copies of a minimum of {MIRRORED} units "
            f"are as good, to {EXACT:g}",
            "0 apart (symmetry)",
            f"{apart:.1e} apart, at a loss of {loss:.3f}",
            apart < EXACT,
        ),
        Claim(
            f"half way to any of these copies the loss is more than {BETWEEN:g} times theirs: they "
            "are separate minima",
            f"above {BETWEEN * loss:.3f}",
            f"{between.min():.3f} to {between.max():.3f}",
            bool(between.min() > BETWEEN * loss),
            is_control=True,
        ),
    ]


def figures(results: Results) -> dict[str, Picture]:
    """Final losses by size, and the loss on the way from a minimum to its copies."""
    return {"losses_by_size": _by_size(results), "ways_between_copies": _ways(results)}


def _by_size(results: Results) -> Picture:
    figure = Figure(figsize=(11, 4.8), layout="constrained")
    left, right = figure.subplots(1, 2)
    places = range(len(results.losses))
    violins: Any = left.violinplot(list(results.losses.values()), places, widths=0.8)
    for body in violins["bodies"]:
        body.set(facecolor=BLUE, alpha=0.35)
    for place, losses_of_size in zip(places, results.losses.values(), strict=True):
        left.plot(np.full(len(losses_of_size), place), losses_of_size, ".", c=BLACK, ms=3)
    names = [f"{n}\n(control)" if n == SMALL else str(n) for n in results.losses]
    left.set(xticks=places, xticklabels=names, xlabel="hidden units", ylim=(0.0, None))
    left.set(
        ylabel="loss at the end, of each start (nats)", title="the start matters less and less"
    )
    spreads = np.array([results.spread(n) for n in results.losses])
    means = [losses_of_size.mean() for losses_of_size in results.losses.values()]
    right.plot(places, means, c=VERMILION, ls=LINES[1], marker="s", mfc="white", label="mean loss")
    right.errorbar(
        places,
        spreads[:, 0],
        spreads[:, 1],
        c=BLUE,
        marker="o",
        mfc="white",
        capsize=3,
        label="standard deviation over starts (± s.e.)",
    )
    right.set(xticks=places, xticklabels=results.losses, xlabel="hidden units", yscale="log")
    right.set(ylabel="loss (nats)", title="the spread of losses shrinks")
    right.legend(loc="lower left")
    small, large = (results.losses[n] for n in (SMALL, LARGE))
    return Picture(
        figure,
        "Left: losses at the end by the number of hidden units, one violin for each size: of "
        f"{SMALL} units they lie between {small.min():.2f} and {small.max():.2f}, of {LARGE} "
        f"between {large.min():.3f} and {large.max():.3f}. Right: their standard deviation falls "
        f"from {spreads[0, 0]:.3f} to {spreads[-1, 0]:.4f}, on a logarithmic axis.",
    )


def _ways(results: Results) -> Picture:
    figure = Figure(figsize=(7.5, 4.6), layout="constrained")
    ax = figure.subplots()
    ax.plot(WAY, results.ways.T, c=BLUE, lw=0.7, alpha=0.5)
    ax.plot([], c=BLUE, label=f"to {len(results.ways)} of its copies")
    ends = np.array([results.ways[0, 0], results.copies[0]])
    ax.plot([0.0, 1.0], ends, "o", c=BLACK, ms=8, label=f"minimum and copy: {ends[0]:.3f}")
    ax.set(xlabel="share of the way", ylabel="loss (nats)", ylim=(0.0, None))
    ax.set_title(f"straight ways from a minimum of {MIRRORED} units to its copies")
    ax.legend(loc="upper right")
    between = results.ways[:, len(WAY) // 2]
    return Picture(
        figure,
        f"The loss on straight ways from a minimum to {len(results.ways)} of its copies: "
        f"{ends[0]:.3f} at both ends, and from {between.min():.2f} to {between.max():.2f} half "
        "way: every copy has a valley of its own.",
    )
