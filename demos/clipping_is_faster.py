"""Where curvature grows with the gradient, clipping is faster, by any factor.

The tutorial says: to change the derivative before the weights are updated by it "is a common
solution to exploding gradients", and one of two main methods is gradient clipping.

Theory predicts: a fixed learning rate must be small enough for the largest curvature M on the way,
so that the steps to a minimum grow in proportion to M. A clipped step has the same length wherever
the gradient is large, and its rate has to fit only where it is small: as starts move away, it is
faster by a factor without bound. In ``x^4`` a fixed rate is at most 6 / M, and it then takes ``M /
(48 y^2)`` steps to the place y where the slope is small enough. With clipped steps of a length l it
takes ``x / l`` of them to come near from x, and then in proportion to ``l^2``; with the best l for
each distance that grows as ``M^(1/3)``.

Where they disagree: the tutorial has clipping as a remedy when gradients explode. It is more: here
nothing ever explodes, as every learning rate is tuned, and clipping wins all the same. And it does
not help against "underflows", as the tutorial has it: clipping only ever shortens a step.

Experiment: descents of ``x^4`` and ``cosh x`` from 100 random starts up to some distance, until the
slope is below 1e-3, with gradients by minigrad. For every distance the fixed learning rate with the
fewest steps is sought, but one rate and one threshold of clipping for all distances, the best from
the farthest; then also the best clipping for each. The control is ``x^2``, of the same curvature
everywhere.

Sources: Zhang, He, Sra & Jadbabaie 2020, where clipped descent is "arbitrarily faster than gradient
descent with fixed stepsize"; calculus for the numbers of steps.

Command: ``python -m demos clipping_is_faster``; about ten seconds.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from minigrad import func

from .claims import Claim, mean_and_error
from .pictures import Picture
from .protocol import Each
from .style import BLACK, BLUE, GREEN, LINES, ORANGE, VERMILION

STARTS, QUICK_STARTS = 100, 40
SMALL_SLOPE = 1e-3  # is reached in the end
RATES = np.geomspace(0.5, 32.0, 61)  # fixed, over the largest curvature; 1 is among them
CLIPPED_RATES = np.geomspace(2.0**-8, 2.0**6, 29)  # 1/2 is among them, one step to x^2's minimum
LENGTHS = np.append(np.geomspace(2.0**-4, 2.0**4, 17), np.inf)  # of a clipped step; not clipped
QUICK_RATES, QUICK_CLIPPED_RATES, QUICK_LENGTHS = RATES[1::3], CLIPPED_RATES[::2], LENGTHS[1::2]
PATIENCE = 200  # steps of a clipped descent in the mean over starts
SLOPE = 0.85, 1.1  # of the steps of a fixed rate by curvature, on logarithmic axes
NEAR, QUICK_NEAR = 0.15, 0.25  # of the predicted number of those, relative
CLIPPED_GROWTH = 4.0  # of the steps with one clipping, at most
CUBE_ROOT, NEAR_CUBE_ROOT = 1 / 3, 0.1
SPEED_UP, QUICK_SPEED_UP = 100.0, 30.0


class Case(NamedTuple):
    """A function, its second derivative, and how far away descents start."""

    function: Callable[[Any], Any]
    curvature: Callable[[float], float]
    distances: tuple[int, ...]
    quick_distances: tuple[int, ...]


QUARTIC, COSH, SQUARE = "x⁴", "cosh x", "x²"
CASES = {
    QUARTIC: Case(lambda x: x**4, lambda x: 12.0 * x**2, (1, 2, 4, 8, 16), (2, 4, 8)),
    COSH: Case(np.cosh, math.cosh, (3, 5, 7, 9), (3, 5, 7)),
    SQUARE: Case(lambda x: x**2, lambda x: 2.0, (1, 4, 16), (1, 4)),
}
FITTED_FROM = 2  # that x^4 start counts for the growth: nearer, a step may hit the minimum by luck


class Unit(NamedTuple):
    """Descents from one distance: what can be done in a process of its own."""

    case: str
    distance: int
    seed: int
    quick: bool


class Counted(NamedTuple):
    """Steps to a small slope: of the best fixed rate, and of every setting of clipping."""

    fixed: np.ndarray  # (starts,)
    clipped: np.ndarray  # (settings, starts), inf where a setting was given up


@dataclass(frozen=True)
class Results:
    """Steps from every start, by function and distance."""

    fixed: dict[str, dict[int, np.ndarray]]  # with the best rate for that distance
    clipped: dict[str, dict[int, np.ndarray]]  # with the best clipping for the farthest starts
    retuned: dict[str, dict[int, np.ndarray]]  # with the best for that distance


def run(seed: int, quick: bool = False, each: Each = map) -> Results:
    """Descend from all distances with all settings, and choose the best."""
    distances = {n: case.quick_distances if quick else case.distances for n, case in CASES.items()}
    units = [Unit(name, d, seed, quick) for name, far in distances.items() for d in far]
    found = dict(zip(units, each(measure, units), strict=True))
    counted = {n: {u.distance: c for u, c in found.items() if u.case == n} for n in CASES}
    best = {name: _best_of_all(by) for name, by in counted.items()}
    return Results(
        fixed={n: {d: one.fixed for d, one in by.items()} for n, by in counted.items()},
        clipped={
            n: {d: one.clipped[best[n]] for d, one in by.items()} for n, by in counted.items()
        },
        retuned={
            n: {d: one.clipped[_fewest(one.clipped)] for d, one in by.items()}
            for n, by in counted.items()
        },
    )


def _best_of_all(counted: dict[int, Counted]) -> int:
    """Of the clippings that arrive from everywhere, the one with the fewest steps from afar."""
    arrive = np.all([np.isfinite(one.clipped).all(axis=1) for one in counted.values()], axis=0)
    return _fewest(np.where(arrive[:, None], counted[max(counted)].clipped, np.inf))


def _fewest(steps: np.ndarray) -> int:
    """The setting with the fewest steps, in the mean over starts."""
    return int(steps.mean(axis=1).argmin())


def measure(unit: Unit) -> Counted:
    """Descend with all settings from one distance."""
    case = CASES[unit.case]
    draw = np.random.default_rng([unit.seed, list(CASES).index(unit.case) + 1, unit.distance])
    starts = unit.distance * draw.uniform(0.5, 1.0, QUICK_STARTS if unit.quick else STARTS)
    rates = (QUICK_RATES if unit.quick else RATES) / case.curvature(unit.distance)
    fixed = count(case.function, starts, rates, np.full(len(rates), np.inf), only_best=True)
    grid = (QUICK_CLIPPED_RATES, QUICK_LENGTHS) if unit.quick else (CLIPPED_RATES, LENGTHS)
    clipped_rates, lengths = (values.ravel() for values in np.meshgrid(*grid))
    thresholds = lengths / clipped_rates
    clipped = count(case.function, starts, clipped_rates, thresholds, PATIENCE)
    return Counted(fixed[_fewest(fixed)], clipped)


def count(
    function: Callable[[Any], Any],
    starts: np.ndarray,
    rates: np.ndarray,
    thresholds: np.ndarray,
    patience: float = math.inf,
    only_best: bool = False,
) -> np.ndarray:
    """The steps to a small slope, of every setting from every start: (settings, starts).

    A setting is given up, and infinite, if it leads to twice the farthest start, or takes more
    steps in the mean than ``patience``, or with ``only_best`` than another that has arrived.
    """
    slope = func.grad(lambda x: np.sum(function(x)))
    answer = np.full((len(rates), len(starts)), np.inf)
    left, x = np.arange(len(rates)), np.tile(starts, (len(rates), 1))
    taken, far = np.zeros(x.shape), 2.0 * starts.max()
    rates, thresholds = rates[:, None], thresholds[:, None]
    while len(left):
        g = slope(x)
        moving = np.abs(g) >= SMALL_SLOPE
        arrived = ~moving.any(axis=1)
        if arrived.any():
            answer[left[arrived]] = taken[arrived]
            patience = min(patience, taken[arrived].mean(axis=1).min()) if only_best else patience
        taken = taken + moving
        x = np.where(moving, x - rates * np.clip(g, -thresholds, thresholds), x)
        stay = ~arrived & (taken.mean(axis=1) <= patience) & (np.abs(x).max(axis=1) <= far)
        if not stay.all():
            left, x, taken = left[stay], x[stay], taken[stay]
            rates, thresholds = rates[stay], thresholds[stay]
    return answer


def growth(steps: dict[int, np.ndarray]) -> tuple[float, float]:
    """The power of the curvature with which the steps of x^4 grow, and its standard error."""
    some = {d: counts for d, counts in steps.items() if d >= FITTED_FROM}
    curvatures = np.log([CASES[QUARTIC].curvature(d) for d in some])
    pairs = np.array([mean_and_error(counts) for counts in some.values()])
    weights = (curvatures - curvatures.mean()) / curvatures.var() / len(curvatures)
    error = np.linalg.norm(weights * pairs[:, 1] / pairs[:, 0])
    return float(weights @ np.log(pairs[:, 0])), float(error)


def predicted_steps(curvature: Any) -> Any:
    """Of x^4, by the best fixed rate: the time of the flow to a small slope over 6 / M."""
    return curvature / (48.0 * (SMALL_SLOPE / 4.0) ** (2 / 3))


def speed_up(results: Results, name: str) -> dict[int, tuple[float, float]]:
    """The steps of the best fixed rate over those of one clipping, and its standard error."""
    answer = {}
    for distance, fixed in results.fixed[name].items():
        (slow, slow_error), (fast, fast_error) = (
            mean_and_error(steps) for steps in (fixed, results.clipped[name][distance])
        )
        ratio = slow / fast
        answer[distance] = ratio, ratio * math.hypot(slow_error / slow, fast_error / fast)
    return answer


def claims(results: Results, quick: bool = False) -> list[Claim]:
    """The table's lines."""
    return [
        *_fixed_claims(results, quick),
        *_clipped_claims(results),
        *(_speed_up_claim(results, name, quick) for name in (QUARTIC, COSH)),
        _control_claim(results),
    ]


def _fixed_claims(results: Results, quick: bool) -> Iterator[Claim]:
    steps = results.fixed[QUARTIC]
    power, error = growth(steps)
    low, high = SLOPE
    yield Claim(
        f"{QUARTIC}, the best fixed rate for each distance: the steps grow with a power of the "
        f"largest curvature M of {low} to {high}",
        "1 (Zhang et al. 2020)",
        f"{power:.3f} ± {error:.3f}",
        low < power < high,
    )
    far, near = max(steps), QUICK_NEAR if quick else NEAR
    found, error = mean_and_error(steps[far])
    wanted = predicted_steps(CASES[QUARTIC].curvature(far))
    yield Claim(
        f"{QUARTIC}, from up to {far}: the best fixed rate takes the predicted number of steps, to "
        f"{near:.0%}{' (quick: widened)' if quick else ''}",
        f"{wanted:.0f} (M / 48y²)",
        f"{found:.0f} ± {error:.0f}",
        abs(found / wanted - 1.0) < near,
    )


def _clipped_claims(results: Results) -> Iterator[Claim]:
    steps = results.clipped[QUARTIC]
    far = max(steps)
    pairs = [mean_and_error(counts) for counts in steps.values()]
    ratio = float(steps[far].mean() / steps[FITTED_FROM].mean())
    curvatures = CASES[QUARTIC].curvature(far) / CASES[QUARTIC].curvature(FITTED_FROM)
    yield Claim(
        f"{QUARTIC}, one clipping for all distances, the best from {far}: there it takes less than "
        f"{CLIPPED_GROWTH:g} times the steps as from up to {FITTED_FROM}",
        f"less than {CLIPPED_GROWTH:g}, as M grows {curvatures:.0f}-fold",
        f"{ratio:.2f}: {', '.join(f'{mean:.1f} ± {error:.1f}' for mean, error in pairs)}",
        ratio < CLIPPED_GROWTH,
    )
    power, error = growth(results.retuned[QUARTIC])
    yield Claim(
        f"{QUARTIC}, the best clipping for each distance: the steps grow with that power of M, to "
        f"{NEAR_CUBE_ROOT:g}",
        f"{CUBE_ROOT:.3f} (scaling)",
        f"{power:.3f} ± {error:.3f}",
        abs(power - CUBE_ROOT) < NEAR_CUBE_ROOT,
    )


def _speed_up_claim(results: Results, name: str, quick: bool) -> Claim:
    found = speed_up(results, name)
    far, least = max(found), QUICK_SPEED_UP if quick else SPEED_UP
    return Claim(
        f"{name}: the farther the starts, the more times faster one clipping is than the best "
        f"fixed rate, from up to {far} more than {least:g}{' (quick: widened)' if quick else ''}",
        "without bound (Zhang et al. 2020)",
        ", ".join(f"{ratio:.1f} ± {error:.1f}" for ratio, error in found.values()),
        all(a[0] < b[0] for a, b in pairwise(found.values())) and found[far][0] > least,
    )


def _control_claim(results: Results) -> Claim:
    found = speed_up(results, SQUARE)
    return Claim(
        f"{SQUARE}, of one curvature: from every distance clipping is not faster at all",
        "1 (calculus)",
        ", ".join(f"{ratio:.2f}" for ratio, _ in found.values()),
        all(ratio == 1.0 for ratio, _ in found.values()),
        is_control=True,
    )


def figures(results: Results) -> dict[str, Picture]:
    """Steps by the largest curvature, and how much faster clipping is by distance."""
    figure = Figure(figsize=(11, 4.8), layout="constrained")
    left, right = figure.subplots(1, 2)
    _steps(left, results)
    _speed_ups(right, results)
    far = max(results.fixed[QUARTIC])
    fixed, clipped = (float(by[QUARTIC][far].mean()) for by in (results.fixed, results.clipped))
    return {
        "steps_by_curvature": Picture(
            figure,
            "Two panels with logarithmic axes. Left: the steps of descents of x⁴ by the largest "
            "curvature: with the best fixed rate they rise along the predicted line of slope 1, "
            f"to {fixed:.0f}, with clipping hardly, to {clipped:.0f}. Right: how many times faster "
            "clipping is, by the distance of the starts: for x⁴ and cosh x it rises steeply, for "
            "the control, x², it is 1 everywhere.",
        )
    }


def _steps(ax: Axes, results: Results) -> None:
    distances = np.array(list(results.fixed[QUARTIC]), float)
    curvatures = np.array([CASES[QUARTIC].curvature(d) for d in distances])
    ax.plot(curvatures, predicted_steps(curvatures), c=BLACK, lw=1.2, label="M / 48y², predicted")
    retuned = [steps.mean() for steps in results.retuned[QUARTIC].values()]
    line = retuned[-1] * (curvatures / curvatures[-1]) ** CUBE_ROOT
    ax.plot(curvatures, line, c=BLACK, lw=1.2, ls=LINES[1], label="slope 1/3, predicted")
    for by, name, marker, colour in (
        (results.fixed, "best fixed rate for each distance", "o", BLUE),
        (results.clipped, "one clipping for all distances", "s", VERMILION),
        (results.retuned, "best clipping for each distance", "^", GREEN),
    ):
        means, errors = zip(*map(mean_and_error, by[QUARTIC].values()), strict=True)
        look: dict[str, Any] = {
            "c": colour,
            "marker": marker,
            "ls": "",
            "mfc": "white",
            "label": name,
        }
        ax.errorbar(curvatures, means, errors, capsize=3, **look)
    ax.set(xscale="log", yscale="log", xlabel="largest curvature on the way, M")
    ax.set(ylabel="steps to |f′| < 0.001 (mean ± s.e.)", title=f"descents of {QUARTIC}")
    ax.legend(loc="upper left")


def _speed_ups(ax: Axes, results: Results) -> None:
    for (name, marker, colour, role), line in zip(
        (
            (QUARTIC, "o", BLUE, ""),
            (COSH, "s", VERMILION, ""),
            (SQUARE, "X", ORANGE, "control: "),
        ),
        LINES,
        strict=False,
    ):
        found = speed_up(results, name)
        ratios, errors = zip(*found.values(), strict=True)
        look: dict[str, Any] = {"c": colour, "marker": marker, "ls": line, "label": f"{role}{name}"}
        ax.errorbar(list(found), ratios, errors, capsize=3, **look)
    ticks = [1, 2, 4, 8, 16]
    ax.set(xscale="log", yscale="log", xlabel="farthest start", xticks=ticks, xticklabels=ticks)
    ax.minorticks_off()
    ax.set(ylabel="steps of the best fixed rate / of one clipping", title="how much faster it is")
    ax.legend(loc="upper left")
