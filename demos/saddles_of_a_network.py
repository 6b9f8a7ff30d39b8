"""A network's critical points are saddles where the loss is high, and descent leaves them.

The tutorial says: "being trapped by a local minimum does not compromise deep learning algorithms
since it searches for minimum in a high-dimensional space", where minima are "very rare".

Theory predicts: the higher the loss of a critical point, the more directions lead down from it, so
that a point with none, a minimum, lies low. A saddle with a direction down holds descent only from
a set of starts without volume: in ``x^2 - y^2`` a step multiplies y by 1 + 2 lr, and it takes
``ln(1/y) / ln(1 + 2 lr)`` steps to leave; only from y = 0 exactly it takes for ever.

Where they disagree: that minima are rare does not mean that descent seldom ends in one: it nearly
always does. What minima do not do, saddles do: they hold it up. And not all saddles lie high: a
search from descended starts finds some lower than where some descents end, but few directions lead
down from those, and many from the high ones.

Experiment: a network of 35 weights (4 inputs, 4 tanh units, 3 classes) on 150 real digits from 0 to
2, given by their first four principal components, with weight decay. Its critical points of every
index are searched with Hessians by minigrad, from random starts and from starts that have descended
for a while and were shaken; then 100 plain descents from random starts, and where they are after
more and more steps. The controls are a start exactly on the ridge, and descent, which must end in
minima where the search from such starts finds none.

Sources: Dauphin et al. 2014 for index and loss; Lee et al. 2016 for descent, which avoids strict
saddles; Alpaydin & Kaynak 1998 for the digits.

Command: ``python -m demos saddles_of_a_network``; about fifteen seconds.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from minigrad import func

from .claims import Claim
from .critical_points import critical_points, eigenvalues
from .pictures import Picture
from .protocol import Each
from .small_network import WEIGHTS, losses, total
from .style import BLACK, BLUE, GREEN, LINES, MARKERS, ORANGE, VERMILION

BLOCK = 40  # starts that are searched side by side
RANDOM_BLOCKS, DESCENDED_BLOCKS, QUICK_BLOCKS = 2, 3, 1
ROUNDS, QUICK_ROUNDS = 60, 30
LONGEST, SHAKE, SHORT_RATE = 300, 0.3, 1.0  # of the descents to start a search from
DISTINCT = 6  # decimals of the loss by which critical points are told apart
SHOWN_FROM = 1e-4  # above the lowest loss: the left end of the figure's axis
CORRELATION = 0.8

DESCENT_BLOCK, DESCENT_BLOCKS, QUICK_DESCENT_BLOCKS = 25, 4, 1
RATE = 3.0
CHECKS, QUICK_CHECKS = (125, 250, 500, 1000, 2000), (50, 100, 300)  # steps, when they are looked at
IN_MINIMA, QUICK_IN_MINIMA = 0.75, 0.25  # of the descents, at least, at the last

STARTS_FROM_RIDGE = (1e-2, 1e-4, 1e-8, 1e-16)  # y; x starts at 1
SADDLE_RATE, PATIENCE = 0.1, 1000


class Search(NamedTuple):
    """A block of starts: what can be searched in a process of its own."""

    rounds: int
    descended: bool
    seed: int
    number: int


class Descent(NamedTuple):
    """A block of descents, and after how many steps they are looked at."""

    checks: tuple[int, ...]
    seed: int
    number: int


class Points(NamedTuple):
    """Loss, and how many directions lead down, of points or (checks, points)."""

    loss: np.ndarray
    down: np.ndarray


@dataclass(frozen=True)
class Results:
    """Critical points by their start, descents by their steps, and the way off a saddle."""

    random: Points
    descended: Points
    checks: tuple[int, ...]
    descents: Points  # (checks, descents)
    off_the_ridge: dict[float, np.ndarray]  # by the first y: |y| at every step until it is 1
    on_the_ridge: float  # |y| after PATIENCE steps from 0


def run(seed: int, quick: bool = False, each: Each = map) -> Results:
    """Search critical points, descend, and leave a saddle."""
    rounds = QUICK_ROUNDS if quick else ROUNDS
    blocks = (QUICK_BLOCKS,) * 2 if quick else (RANDOM_BLOCKS, DESCENDED_BLOCKS)
    searches = [
        Search(rounds, bool(descended), seed, number)
        for descended, count in enumerate(blocks)
        for number in range(count)
    ]
    found = list(each(search, searches))
    checks = QUICK_CHECKS if quick else CHECKS
    count = QUICK_DESCENT_BLOCKS if quick else DESCENT_BLOCKS
    descents = list(each(descend, [Descent(checks, seed, number) for number in range(count)]))
    return Results(
        random=_joined(found[: blocks[0]]),
        descended=_joined(found[blocks[0] :]),
        checks=checks,
        descents=_joined(descents),
        off_the_ridge={y: leave(y) for y in STARTS_FROM_RIDGE},
        on_the_ridge=float(leave(0.0)[-1]),
    )


def search(unit: Search) -> Points:
    """The critical points that are found from a block of starts."""
    draw = np.random.default_rng([unit.seed, 1, unit.descended, unit.number])
    starts = draw.standard_normal((BLOCK, WEIGHTS)) * draw.uniform(0.1, 1.0, (BLOCK, 1))
    if unit.descended:
        slope, longest = func.grad(total), math.log(LONGEST)
        lengths = np.exp(draw.uniform(0.0, longest, BLOCK)).astype(int)
        for step in range(lengths.max()):
            some = lengths > step
            starts[some] -= SHORT_RATE * slope(starts[some])
        starts += SHAKE * draw.standard_normal(starts.shape)
    found = critical_points(total, starts, unit.rounds)
    return Points(losses(found.points), found.leads_down)


def descend(unit: Descent) -> Points:
    """Plain descent from random starts."""
    draw = np.random.default_rng([unit.seed, 2, unit.number])
    weights, slope = draw.standard_normal((DESCENT_BLOCK, WEIGHTS)), func.grad(total)
    seen = []
    for step in range(1, max(unit.checks) + 1):
        weights = weights - RATE * slope(weights)
        if step in unit.checks:
            down = (eigenvalues(total, weights) < 0.0).sum(axis=1)
            seen.append(Points(losses(weights), down))
    return Points(*(np.array(arrays) for arrays in zip(*seen, strict=True)))


def leave(start: float) -> np.ndarray:
    """|y| at every step of a descent of ``x^2 - y^2``, until it is 1 or patience is at its end."""
    point, slope = np.array([1.0, start]), func.grad(lambda p: p[0] ** 2 - p[1] ** 2)
    course = [point[1]]
    while course[-1] < 1.0 and len(course) <= PATIENCE:
        point = point - SADDLE_RATE * slope(point)
        course.append(point[1])
    return np.array(course)


def _joined(parts: list[Points]) -> Points:
    return Points(*(np.concatenate(arrays, axis=-1) for arrays in zip(*parts, strict=True)))


def distinct(points: Points) -> Points:
    """Each critical point once: those of the same loss are copies of each other."""
    _, first = np.unique(points.loss.round(DISTINCT), return_index=True)
    return Points(points.loss[first], points.down[first])


def ranks(values: np.ndarray) -> np.ndarray:
    """The rank of each value, the mean rank of those that tie."""
    _, place, count = np.unique(values, return_inverse=True, return_counts=True)
    return np.asarray((np.cumsum(count) - 0.5 * (count - 1))[place])


def predicted_steps(start: float) -> int:
    """How many steps it takes to leave the saddle."""
    return math.ceil(-math.log(start) / math.log(1.0 + 2.0 * SADDLE_RATE))


def claims(results: Results, quick: bool = False) -> list[Claim]:
    """The table's lines."""
    return [
        *_index_claims(results),
        _no_minimum_claim(results),
        *_descent_claims(results, quick),
        *_ridge_claims(results),
    ]


def _index_claims(results: Results) -> Iterator[Claim]:
    found = _joined([results.random, results.descended])
    once = distinct(found)
    ranked = Points(ranks(once.loss), ranks(once.down))
    for text, points in (
        (f"over all {len(found.loss)} critical points found", found),
        (f"over the {len(once.loss)} distinct ones, by rank", ranked),
    ):
        correlation, low, high = _correlation(points.loss, points.down)
        yield Claim(
            f"{text}, loss and directions down correlate by more than {CORRELATION}",
            "near 1 (Dauphin et al. 2014)",
            f"{correlation:.3f}, from {low:.3f} to {high:.3f} (2 s.e.)",
            correlation > CORRELATION,
        )


def _no_minimum_claim(results: Results) -> Claim:
    down = results.random.down
    return Claim(
        "none of the critical points found from random starts is a minimum",
        "0 (rare where the loss is high)",
        f"{(down == 0).sum()} of {len(down)}; {down.min()} to {down.max()} of {WEIGHTS} directions "
        f"lead down",
        bool(down.min() > 0),
    )


def _descent_claims(results: Results, quick: bool) -> list[Claim]:
    loss, down = results.descents.loss[-1], results.descents.down
    shares = (down == 0).mean(axis=1)
    error = math.sqrt(shares[-1] * (1.0 - shares[-1]) / down.shape[1])
    least, steps = QUICK_IN_MINIMA if quick else IN_MINIMA, results.checks[-1]
    lowest = float(results.random.loss.min())
    lower = results.descended.loss[results.descended.down > 0]
    return [
        Claim(
            f"descents do end in minima: after {steps} steps, from no direction down at least "
            f"{least:.0%}{' (quick: widened)' if quick else ''}",
            "all in the end (Lee et al. 2016)",
            f"{shares[-1]:.0%} ± {error:.0%} of {down.shape[1]}",
            bool(shares[-1] >= least),
            is_control=True,
        ),
        Claim(
            "saddles hold descents up, not for ever: more are in minima at each look, after "
            f"{', '.join(map(str, results.checks))} steps",
            "a rising share (Lee et al. 2016)",
            ", ".join(f"{share:.0%}" for share in shares),
            bool(np.all(np.diff(shares) > 0.0)),
        ),
        Claim(
            "all descents end below the lowest of the saddles found from random starts",
            f"below {lowest:.4f}",
            f"from {loss.min():.4f} to {loss.max():.4f}",
            bool(loss.max() < lowest),
        ),
        Claim(
            "but not below all saddles: one found from a descended start lies lower than where "
            "some descents end",
            f"below {loss.max():.4f}",
            f"{lower.min():.4f}",
            bool(lower.min() < loss.max()),
        ),
    ]


def _ridge_claims(results: Results) -> list[Claim]:
    wanted = [predicted_steps(y) for y in results.off_the_ridge]
    found = [len(course) - 1 for course in results.off_the_ridge.values()]
    return [
        Claim(
            f"x² − y² is left, to |y| = 1, in exactly so many steps from y = "
            f"{', '.join(f'{y:.0e}' for y in results.off_the_ridge)}",
            f"{', '.join(map(str, wanted))} (ln(1/y) / ln(1 + 2 lr))",
            ", ".join(map(str, found)),
            found == wanted,
        ),
        Claim(
            f"from y = 0 exactly it is not left in {PATIENCE} steps",
            "y = 0 (arithmetic)",
            f"y = {results.on_the_ridge:g}",
            results.on_the_ridge == 0.0,
            is_control=True,
        ),
    ]


def _correlation(x: np.ndarray, y: np.ndarray) -> tuple[float, float, float]:
    """Pearson's, with its bounds of two standard errors (Fisher 1921)."""
    found = float(np.corrcoef(x, y)[0, 1])
    width = 2.0 / math.sqrt(len(x) - 3)
    low, high = np.tanh(np.arctanh(found) + np.array([-width, width]))
    return found, float(low), float(high)


def figures(results: Results) -> dict[str, Picture]:
    """Directions down by loss and by steps, and the way off a saddle."""
    return {"index_by_loss": _by_loss(results), "way_off_a_saddle": _way_off(results)}


def _by_loss(results: Results) -> Picture:
    figure = Figure(figsize=(11, 4.8), layout="constrained")
    left, right = figure.subplots(1, 2)
    ends = Points(*(array[-1] for array in results.descents))
    found = _joined([results.random, results.descended])
    lowest = min(found.loss.min(), ends.loss.min())
    for points, name, marker, colour in (
        (results.random, "critical, from random starts", "o", BLUE),
        (results.descended, "critical, from descended starts", "s", VERMILION),
        (ends, "control: where descents end", "x", BLACK),
    ):
        above = np.maximum(points.loss - lowest, SHOWN_FROM)
        left.plot(above, points.down, marker, c=colour, mfc="none", ms=6, label=name)
    left.set(xscale="log", ylim=(-0.4, 11.5), yticks=range(0, 9, 2))
    left.set_xlabel(
        f"loss above the lowest, {lowest:.4f} (nats; {SHOWN_FROM:g} or less at the left)"
    )
    left.set_ylabel(f"directions that lead down, of {WEIGHTS}")
    left.set_title("the higher the loss, the more lead down")
    left.legend(loc="upper left")
    _by_steps(right, results)
    shares = (results.descents.down == 0).mean(axis=1)
    return Picture(
        figure,
        "Left: how many directions lead down from critical points by their loss, on a logarithmic "
        f"axis: from {found.down[found.loss.argmin()]} at a loss of {found.loss.min():.3f} it "
        f"rises to {found.down[found.loss.argmax()]} at {found.loss.max():.2f}; descents end at "
        "the lower left. Right: the share of descents with no direction down rises with their "
        f"steps from {shares[0]:.0%} to {shares[-1]:.0%}.",
    )


def _by_steps(ax: Axes, results: Results) -> None:
    down = results.descents.down
    for (name, chosen), marker, look, colour in zip(
        (
            ("none: a minimum", down == 0),
            ("one", down == 1),
            ("two or more", down > 1),
        ),
        MARKERS,
        LINES,
        (BLUE, VERMILION, GREEN),
        strict=False,
    ):
        share = chosen.mean(axis=1)
        error = np.sqrt(share * (1.0 - share) / down.shape[1])
        ax.errorbar(
            results.checks, share, error, c=colour, marker=marker, ls=look, capsize=3, label=name
        )
    ax.set(xscale="log", xlabel="steps of descent", ylabel="share of descents (± s.e.)")
    ax.set(xticks=results.checks, xticklabels=results.checks, ylim=(-0.03, 1.03))
    ax.minorticks_off()
    ax.set_title("descents leave saddles in time")
    ax.legend(loc="center right", title="directions down")


def _way_off(results: Results) -> Picture:
    figure = Figure(figsize=(11, 4.4), layout="constrained")
    left, right = figure.subplots(1, 2)
    colours = (BLUE, VERMILION, GREEN, ORANGE)
    for (start, course), look, colour in zip(
        results.off_the_ridge.items(), LINES, colours, strict=False
    ):
        left.plot(course, c=colour, ls=look, label=f"from y = {start:.0e}")
    left.axhline(1.0, c=BLACK, lw=0.8, ls=LINES[3])
    left.set(yscale="log", xlabel="step", ylabel="|y|", title="x² − y² from beside the ridge")
    left.annotate(
        f"control: from y = 0 it is\n{results.on_the_ridge:g} after {PATIENCE} steps",
        (0.97, 0.06),
        xycoords="axes fraction",
        ha="right",
    )
    left.legend(loc="center right")
    starts = np.array(list(results.off_the_ridge))
    line = np.geomspace(starts.min(), 0.1, 50)
    right.plot(line, -np.log(line) / math.log(1.2), c=BLACK, lw=1.2, label="predicted")
    steps = [len(course) - 1 for course in results.off_the_ridge.values()]
    right.plot(starts, steps, "o", c=BLUE, mfc="white", ms=7, label="measured")
    right.set(xscale="log", xlabel="first y", ylabel="steps to |y| = 1")
    right.set_title("nearness costs only its logarithm")
    right.legend()
    return Picture(
        figure,
        "Left: distance from the ridge of x² − y² by step, on a logarithmic axis: from each of "
        f"{len(steps)} starts a straight line up to 1. Right: the steps that takes, {steps[0]} to "
        f"{steps[-1]}, lie on the predicted line over the logarithm of the first distance.",
    )
