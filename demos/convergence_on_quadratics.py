"""On a quadratic the learning rate and the condition number alone decide how fast descent is.

The tutorial says: following the gradient "converges effectively to the minimum point", and an
"incorrect selection of the learning rate, resulting in large weight updates" is the first reason
why training explodes, until the loss is NaN. It shows one dimension and one learning rate.

Theory predicts: along the axis of curvature c a step multiplies the distance by ``1 - lr c``. With
curvatures from mu to L and kappa = L / mu, the slowest axis decides: a factor of 1 - 1/kappa a step
at lr = 1/L, of (kappa - 1) / (kappa + 1) at 2 / (mu + L), which no other rate betters, and growth
above 2/L, where the steepest axis multiplies by ``lr L - 1``. From there on the loss passes the
largest float64 after ``ln(1.8e308 / loss) / (2 ln(lr L - 1))`` steps.

Experiment: quadratics of 50 dimensions, randomly rotated, with curvatures in geometric progression
and condition numbers from 2 to 1000, descended with gradients by minigrad from random starts until
the slowest axis is alone; then all learning rates at one condition number, and three beyond 2/L
until the loss overflows. The control is a learning rate just above 2/L, which must not converge.

Sources: Polyak 1987 and Nesterov 2004, textbooks, for the factors; arithmetic for the overflow.

Command: ``python -m demos convergence_on_quadratics``; about five seconds.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from minigrad import func

from .claims import Claim
from .pictures import Picture
from .protocol import Each
from .style import BLACK, BLUE, GREEN, LINES, MARKERS, VERMILION

DIMENSIONS = 50
STEPS = {2: 320, 10: 1_200, 100: 5_000, 1000: 28_000}  # by kappa: then the slowest axis is alone
KAPPAS, QUICK_KAPPAS = tuple(STEPS), (2, 10, 100)
SHOWN = 10  # the kappa of which all learning rates are tried
RATES = np.linspace(0.15, 2.25, 22)  # times 1/L; not 2, where the distance stays as it is
GROWING_STEPS = 1000  # above 2/L the steepest axis soon is
TAIL = 0.9  # of the steps are over when the factor is measured
TOLERANCE = 2e-3  # of a factor and of its distance from 1, relative
GROWTH = 1.019, 1.021
OVERSHOOTS, QUICK_OVERSHOOTS = (1.01, 1.1, 2.0), (1.1, 2.0)  # learning rates, times 2/L
LARGEST = sys.float_info.max


class Rule(NamedTuple):
    """A choice of the learning rate, times 1/L, and by how much a step is to multiply."""

    rate: Callable[[float], float]  # of kappa
    factor: Callable[[float], float]
    formula: str


OPTIMAL, INVERSE, BELOW, ABOVE = "2/(μ + L)", "1/L", "1.98/L", "2.02/L"
RULES = {
    OPTIMAL: Rule(lambda k: 2.0 / (1.0 + 1.0 / k), lambda k: (k - 1.0) / (k + 1.0), "(κ−1)/(κ+1)"),
    INVERSE: Rule(lambda k: 1.0, lambda k: 1.0 - 1.0 / k, "1 − 1/κ"),
    BELOW: Rule(lambda k: 1.98, lambda k: max(0.98, 1.0 - 1.98 / k), "max(0.98, 1 − 1.98/κ)"),
    ABOVE: Rule(lambda k: 2.02, lambda k: 1.02, "1.02"),
}


class Quadratic(NamedTuple):
    """``x A x / 2`` of largest curvature 1, its minimum at 0, and a start."""

    matrix: np.ndarray
    steepest: np.ndarray  # the direction of curvature 1
    start: np.ndarray

    def loss(self, x: Any) -> Any:
        """The sum over the columns of ``x`` (d, n)."""
        return np.sum(0.5 * x * (self.matrix @ x))  # halved first: it is to overflow last


class Unit(NamedTuple):
    """A quadratic, learning rates times 1/L, and steps: descents from one start side by side."""

    kappa: float
    rates: tuple[float, ...]
    steps: int
    seed: int


class Overshoot(NamedTuple):
    """A learning rate, times 2/L, at which the loss is to overflow."""

    ratio: float
    seed: int


class Overflow(NamedTuple):
    """After how many steps the loss is not finite, and the part of it that grows, at the start."""

    step: int
    growing: float


@dataclass(frozen=True)
class Results:
    """Distances from the minimum, of every descent at every step, and overflows."""

    distances: dict[str, dict[int, np.ndarray]]  # by rule and kappa: (steps + 1,)
    by_rate: np.ndarray  # (steps + 1, rates), at kappa = SHOWN
    overflows: dict[float, Overflow]


def run(seed: int, quick: bool = False, each: Each = map) -> Results:
    """Descend: all rules at all condition numbers, all rates at one, and beyond 2/L."""
    kappas = QUICK_KAPPAS if quick else KAPPAS
    settled = [name for name in RULES if name != ABOVE]
    units = [Unit(k, tuple(RULES[n].rate(k) for n in settled), STEPS[k], seed) for k in kappas]
    units += [Unit(k, (RULES[ABOVE].rate(k),), GROWING_STEPS, seed) for k in kappas]
    units += [Unit(SHOWN, tuple(RATES), STEPS[SHOWN], seed)]
    *found, by_rate = each(descend, units)
    below = dict(zip(kappas, found, strict=False))
    above = dict(zip(kappas, found[len(kappas) :], strict=True))
    distances = {n: {k: below[k][:, i] for k in kappas} for i, n in enumerate(settled)}
    ratios = QUICK_OVERSHOOTS if quick else OVERSHOOTS
    overflows = each(overflow, [Overshoot(ratio, seed) for ratio in ratios])
    return Results(
        distances={**distances, ABOVE: {k: above[k][:, 0] for k in kappas}},
        by_rate=by_rate,
        overflows=dict(zip(ratios, overflows, strict=True)),
    )


def quadratic(kappa: float, seed: int) -> Quadratic:
    """A random one of that condition number, and a start with a part along each of its axes."""
    draw = np.random.default_rng([seed, int(kappa)])
    axes, _ = np.linalg.qr(draw.standard_normal((DIMENSIONS, DIMENSIONS)))
    curvatures = np.geomspace(1.0 / kappa, 1.0, DIMENSIONS)
    parts = draw.choice([-1.0, 1.0], DIMENSIONS) * draw.uniform(0.5, 1.5, DIMENSIONS)
    return Quadratic(axes * curvatures @ axes.T, axes[:, -1], axes @ parts)


def descend(unit: Unit) -> np.ndarray:
    """The distance from the minimum before every step and after the last: (steps + 1, rates)."""
    given = quadratic(unit.kappa, unit.seed)
    slope = func.grad(given.loss)
    x = np.tile(given.start[:, None], len(unit.rates))
    rates, course = np.array(unit.rates), [x]
    for _ in range(unit.steps):
        x = x - rates * slope(x)
        course.append(x)
    return np.asarray(np.linalg.norm(course, axis=1))


def overflow(unit: Overshoot) -> Overflow:
    """Descend beyond 2/L until the loss is not finite any more."""
    given = quadratic(SHOWN, unit.seed)
    loss_and_slope = func.value_and_grad(given.loss)
    x, step, rate = given.start[:, None], 0, 2.0 * unit.ratio
    with np.errstate(over="ignore", invalid="ignore"):
        loss, slope = loss_and_slope(x)
        while math.isfinite(loss):
            x = x - rate * slope
            loss, slope = loss_and_slope(x)
            step += 1
    return Overflow(step, 0.5 * float(given.steepest @ given.start) ** 2)


def factor(distances: np.ndarray) -> np.ndarray:
    """By how much a step multiplies the distance, in the tail of the course."""
    first = int(TAIL * (len(distances) - 1))
    steps = len(distances) - 1 - first
    return np.asarray((distances[-1] / distances[first]) ** (1.0 / steps))


def predicted_factor(rate: np.ndarray, kappa: float) -> np.ndarray:
    """That of the slowest axis; ``rate`` times 1/L."""
    return np.maximum(np.abs(1.0 - rate), np.abs(1.0 - rate / kappa))


def predicted_overflow(ratio: float, growing: float = 1.0) -> float:
    """After how many steps a loss that grows passes the largest float64."""
    return (math.log(LARGEST) - math.log(growing)) / (2.0 * math.log(2.0 * ratio - 1.0))


def claims(results: Results, quick: bool = False) -> list[Claim]:
    """The table's lines."""
    return [
        *(_factor_claim(results, name) for name in (OPTIMAL, INVERSE, BELOW)),
        _growth_claim(results),
        _best_claim(results),
        *_overflow_claims(results),
    ]


def _factor_claim(results: Results, name: str) -> Claim:
    courses, rule = results.distances[name], RULES[name]
    found = np.array([factor(course) for course in courses.values()])
    wanted = np.array([rule.factor(k) for k in courses])
    error = np.abs(found / wanted - 1.0)
    if name != BELOW:  # there two axes are equally slow, at kappa = 99
        error = np.maximum(error, np.abs((1.0 - found) / (1.0 - wanted) - 1.0))
    what = "of it" if name == BELOW else "of it and of what it lacks of 1"
    return Claim(
        f"at lr {name} a step multiplies the distance as predicted for κ = {_listed(courses)}, to "
        f"{TOLERANCE:.1%} {what}",
        f"{_factors(wanted)} ({rule.formula})",
        f"{_factors(found)}; at most {error.max():.1e} off",
        bool(error.max() < TOLERANCE and found.max() < 1.0),
    )


def _growth_claim(results: Results) -> Claim:
    courses = results.distances[ABOVE]
    found = np.array([factor(course) for course in courses.values()])
    low, high = GROWTH
    return Claim(
        f"at lr {ABOVE} the distance grows, by {low} to {high} a step for each κ",
        f"1.02 (lr L − 1), for κ = {_listed(courses)}",
        ", ".join(f"{one:.6f}" for one in found),
        bool(np.all((low < found) & (found < high))),
        is_control=True,
    )


def _best_claim(results: Results) -> Claim:
    found, best = factor(results.by_rate), float(factor(results.distances[OPTIMAL][SHOWN]))
    grows, above = found > 1.0, RATES > 2.0
    return Claim(
        f"at κ = {SHOWN}, of {len(RATES)} learning rates from {RATES[0]}/L to {RATES[-1]}/L"
        f" none contracts faster than {OPTIMAL}, and those that diverge are those above 2/L",
        f"none faster than {RULES[OPTIMAL].factor(SHOWN):.4f}; {above.sum()} diverge (textbook)",
        f"fastest {found.min():.4f}, against {best:.4f}; {grows.sum()} diverge",
        bool(found.min() >= best and np.array_equal(grows, above)),
    )


def _overflow_claims(results: Results) -> Iterator[Claim]:
    for ratio, found in results.overflows.items():
        wanted = math.ceil(predicted_overflow(ratio, found.growing))
        yield Claim(
            f"at {ratio:g} times 2/L the loss overflows float64 when predicted, to one step",
            f"step {wanted} (from a loss of 1: {predicted_overflow(ratio):.0f})",
            f"step {found.step}",
            abs(found.step - wanted) <= 1,
        )


def _listed(courses: dict[int, np.ndarray]) -> str:
    return ", ".join(str(kappa) for kappa in courses)


def _factors(values: np.ndarray) -> str:
    return ", ".join(f"{value:.5f}" for value in values)


def figures(results: Results) -> dict[str, Picture]:
    """The factor by condition number, and by learning rate."""
    figure = Figure(figsize=(11, 4.8), layout="constrained")
    left, right = figure.subplots(1, 2)
    _by_kappa(left, results)
    _by_rate(right, results)
    slowest = max(results.distances[OPTIMAL])
    lack = 1.0 - float(factor(results.distances[OPTIMAL][slowest]))
    return {
        "factor_of_a_step": Picture(
            figure,
            "Left: by how much a step falls short of no change at all, by condition number, both "
            f"axes logarithmic: straight lines down, at {slowest} to {lack:.1e} for the best "
            "learning rate and half that for 1/L. Right: the factor of a step by learning rate at "
            f"condition number {SHOWN}: it falls to {factor(results.by_rate).min():.2f} near the "
            "best rate, then rises steeply and passes 1 at 2/L. All symbols lie on the predicted "
            "lines.",
        )
    }


def _by_kappa(ax: Axes, results: Results) -> None:
    line = np.geomspace(min(KAPPAS), max(KAPPAS), 100)
    for (name, colour), marker in zip(((OPTIMAL, BLUE), (INVERSE, GREEN)), MARKERS, strict=False):
        courses, rule = results.distances[name], RULES[name]
        kappas = np.array(list(courses))
        found = np.array([factor(course) for course in courses.values()])
        ax.plot(line, [1.0 - rule.factor(k) for k in line], c=colour, lw=1.2)
        label = f"lr = {name}: factor {rule.formula}"
        ax.plot(kappas, 1.0 - found, marker, c=colour, mfc="white", label=label)
    ax.set(xscale="log", yscale="log", xlabel="condition number, κ = L/μ")
    ax.set(ylabel="1 − factor of a step", title="the worse conditioned, the slower")
    ax.legend(loc="lower left", title="symbols measured, lines predicted")


def _by_rate(ax: Axes, results: Results) -> None:
    line = np.linspace(0.0, 2.3, 400)
    found = factor(results.by_rate)
    ax.axhline(1.0, c=BLACK, lw=0.8, ls=LINES[3])
    ax.axvline(2.0, c=BLACK, lw=0.8, ls=LINES[3])
    ax.plot(line, predicted_factor(line, SHOWN), c=BLACK, lw=1.2, label="predicted")
    for grows, marker, colour, label in (
        (False, "o", BLUE, "measured: converges"),
        (True, "X", VERMILION, "control, above 2/L: diverges"),
    ):
        some = (RATES > 2.0) == grows
        ax.plot(RATES[some], found[some], marker, c=colour, mfc="white", ms=7, label=label)
    best = RULES[OPTIMAL].rate(SHOWN), float(factor(results.distances[OPTIMAL][SHOWN]))
    ax.plot(*best, "D", c=GREEN, ms=8, label=f"measured: lr = {OPTIMAL}")
    ax.set(xlabel="learning rate × L", ylabel="factor of a step", ylim=(0.75, 1.3))
    ax.set_title(f"all learning rates at κ = {SHOWN}")
    ax.legend(loc="upper left")
