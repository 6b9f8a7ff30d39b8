"""On a flat region steps are so small that the minimum is not reached within the epochs there are.

The tutorial says: from a start s "the derivative becomes flatter, and each subsequent step size
becomes smaller", so that minimization needs "to run longer than the number of training epochs
before reaching the local minima, i.e., point p". That is its figure 4.

Theory predicts: many small steps follow the gradient flow dx/dt = -f'(x) with t = lr times steps,
so that a way takes the integral of dx / |f'(x)| over it, divided by lr. From x0 on the flat side
of 1 - exp(-x^2 / 2) that grows like exp(x0^2 / 2); over a shelf where the slope is still
eps + x^2 it takes about pi / (lr sqrt(eps)) steps.

Where they disagree: that steps become smaller is not what does the harm. On a parabola every step
is smaller than the one before, and the minimum is reached in a few of them, as the distance shrinks
by the same factor. Far out on a flat region the first step is the smallest, and steps grow all the
way to the steepest place.

Experiment: descent by autodiff, at rate 0.1, until the minimum is nearer than 0.1: on
1 - exp(-x^2 / 2) from 1 to 4 and from random starts, from 6 for the tutorial's 150 epochs, and from
5 with the slope by hand, for it takes a hundred thousand steps. Then on a curve with a shelf on the
way from s to p. The control is a parabola with the same curvature at its minimum.

Sources: calculus; the tutorial, figure 4; Zhang et al., Dive into Deep Learning (D2L),
chapter_optimization/optimization-intro.md, for the slope of tanh at 4; Strogatz 1994, section 4.3,
for the time that a bottleneck takes.

Command: ``python -m demos flat_region``; about one second.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from minigrad import func

from .claims import Claim
from .pictures import Picture
from .protocol import Each
from .style import BLACK, BLUE, GREEN, LINES, MARKERS, ORANGE, SKY, VERMILION

RATE, EPOCHS = 0.1, 150  # the tutorial's number of epochs
NEAR = 0.1  # the minimum is reached
STARTS, BY_HAND, FARTHEST = (1.0, 2.0, 3.0, 4.0), 5.0, 6.0
CLAIMED = (2.0, 3.0, 4.0)  # from 1 on steps are too long for the flow
RANDOM_STARTS, LONGEST = 100, 200_000  # how many; and steps at most
TOLERANCE = 0.05  # of a number of steps, relative
EXACT = 1e-12
SHELVES = (0.1, 0.01, 0.001, 0.0001)  # eps, the least slope there
ON_TIME = SHELVES[0]  # a shelf so short that it is passed in time
SHELF_START, SHELF_MINIMUM = 2.0, -2.0
TANH_AT, TANH_PRINTED = 4.0, "0.0013"  # by D2L
STILL = 1e-5  # less than that is no way at all
STEEPEST = 1.0  # where the slope of the bump is largest


def bump(x: Any) -> Any:
    """1 - exp(-x^2 / 2): flat far from its minimum at 0."""
    return 1.0 - np.exp(-0.5 * x * x)


def bump_slope(x: Any) -> Any:
    """Its derivative, by hand."""
    return x * np.exp(-0.5 * x * x)


def parabola(x: Any) -> Any:
    """x^2 / 2: the same curvature at the minimum, and nowhere flat."""
    return 0.5 * x * x


def shelf(x: Any, eps: Any) -> Any:
    """A curve from s = 2 to p = -2 that is almost level at 0."""
    return x**4 / 8.0 + x**3 / 3.0 + eps * (x * x / 4.0 + x)


def shelf_slope(x: Any, eps: float) -> Any:
    """Its derivative, by hand."""
    return (x * x + eps) * (x - SHELF_MINIMUM) / 2.0


@dataclass(frozen=True)
class Results:
    """The descents; a course has the positions before each step and after the last."""

    tanh_slope: float
    starts: np.ndarray  # drawn
    slopes: np.ndarray  # there, by autodiff
    steps_from: dict[float, int]  # the numbers of steps to the minimum, by start
    steps_at_random: np.ndarray  # the same from the drawn starts
    course: np.ndarray  # from the last of STARTS
    from_farthest: np.ndarray  # (EPOCHS + 1,)
    on_parabola: np.ndarray  # (steps + 1,): from FARTHEST
    steps_on_shelf: dict[float, int]  # by eps
    on_shelf: np.ndarray  # (steps + 1, eps)


def run(seed: int, quick: bool = False, each: Each = map) -> Results:
    """Everything that the claims and the figures need; there is no sweep that takes long."""
    drawn = np.random.default_rng(seed).uniform(CLAIMED[0], CLAIMED[-1], RANDOM_STARTS)
    on_bump = descend(bump, np.array([*STARTS, *drawn]), 0.0, LONGEST)
    steps = arrivals(on_bump, 0.0)
    eps = np.array(SHELVES)
    starts = np.full(len(eps), SHELF_START)
    on_shelf = descend(lambda x: shelf(x, eps), starts, SHELF_MINIMUM, LONGEST)
    return Results(
        tanh_slope=float(func.grad(np.tanh)(TANH_AT)),
        starts=drawn,
        slopes=func.grad(lambda x: np.sum(bump(x)))(drawn),
        steps_from={
            **dict(zip(STARTS, steps[: len(STARTS)].tolist(), strict=True)),
            BY_HAND: steps_by_hand(BY_HAND),
        },
        steps_at_random=steps[len(STARTS) :],
        course=on_bump[: steps[len(STARTS) - 1] + 1, len(STARTS) - 1],
        from_farthest=descend(bump, np.array(FARTHEST), 0.0, EPOCHS),
        on_parabola=descend(parabola, np.array(FARTHEST), 0.0, LONGEST),
        steps_on_shelf=dict(zip(SHELVES, arrivals(on_shelf, SHELF_MINIMUM).tolist(), strict=True)),
        on_shelf=on_shelf,
    )


def descend(f: Callable[[Any], Any], x: np.ndarray, minimum: float, longest: int) -> np.ndarray:
    """Plain gradient descent until all are near the minimum; the course of each."""
    slope, course = func.grad(lambda x: np.sum(f(x))), [x]
    while len(course) <= longest and np.any(np.abs(course[-1] - minimum) >= NEAR):
        course.append(course[-1] - RATE * slope(course[-1]))
    return np.array(course)


def arrivals(course: np.ndarray, minimum: float) -> np.ndarray:
    """After how many steps each is near the minimum."""
    return np.asarray((np.abs(course - minimum) < NEAR).argmax(axis=0))


def steps_by_hand(x: float) -> int:
    """The number of steps on the bump, without autodiff."""
    steps = 0
    while x >= NEAR:
        x -= RATE * x * math.exp(-0.5 * x * x)
        steps += 1
    return steps


def flow_time(slope: Callable[[Any], Any], start: float, end: float) -> float:
    """How many steps the gradient flow takes from start to end: the integral of dx / lr |f'|."""
    x = np.linspace(start, end, 200_001)
    return abs(float(np.trapezoid(1.0 / slope(x), x))) / RATE


def from_start(start: float) -> float:
    """The predicted number of steps on the bump."""
    return flow_time(bump_slope, start, NEAR)


def over_shelf(eps: float) -> float:
    """The predicted number of steps on the curve with the shelf."""
    return flow_time(lambda x: shelf_slope(x, eps), SHELF_START, SHELF_MINIMUM + NEAR)


def claims(results: Results, quick: bool = False) -> list[Claim]:
    """The table's lines."""
    return [
        *_slope_claims(results),
        *_start_claims(results),
        _farthest_claim(results),
        _growing_claim(results),
        *_parabola_claims(results),
        *_shelf_claims(results),
    ]


def _slope_claims(results: Results) -> list[Claim]:
    by_hand = bump_slope(results.starts)
    error = float(np.abs(results.slopes / by_hand - 1.0).max())
    return [
        Claim(
            f"the slope of tanh at {TANH_AT:g} is what D2L prints",
            f"{TANH_PRINTED} (D2L)",
            f"{results.tanh_slope:.6f}",
            f"{results.tanh_slope:.4f}" == TANH_PRINTED,
        ),
        Claim(
            f"by autodiff the slope of 1 - exp(-x²/2) is x exp(-x²/2), to {EXACT:g} of it",
            "0 apart (calculus)",
            f"{error:.1e} apart",
            error < EXACT,
        ),
    ]


def _start_claims(results: Results) -> Iterator[Claim]:
    for start in (*CLAIMED, BY_HAND):
        wanted, found = from_start(start), results.steps_from[start]
        how = ", by hand," if start == BY_HAND else ""
        yield Claim(
            f"from {start:g} on the flat side{how} it takes as many steps to the minimum as "
            f"predicted, to {TOLERANCE:.0%}",
            f"{wanted:.0f} (gradient flow)",
            f"{found}",
            abs(found / wanted - 1.0) < TOLERANCE,
        )
    flows = np.array([from_start(start) for start in results.starts])
    worst = float(np.abs(results.steps_at_random / flows - 1.0).max())
    yield Claim(
        f"from each of {len(results.starts)} starts drawn between {CLAIMED[0]:g} and "
        f"{CLAIMED[-1]:g} too, to {TOLERANCE:.0%}",
        "0% apart (gradient flow)",
        f"at most {worst:.3%} apart",
        worst < TOLERANCE,
    )


def _farthest_claim(results: Results) -> Claim:
    way = float(results.from_farthest[0] - results.from_farthest[-1])
    return Claim(
        f"from {FARTHEST:g}, {EPOCHS} epochs lead less than {STILL:g} towards the minimum",
        f"{EPOCHS * RATE * bump_slope(FARTHEST):.3g} (lr f'({FARTHEST:g}) an epoch); the minimum "
        f"is {from_start(FARTHEST):.1e} epochs away",
        f"{way:.3g}",
        0.0 < way < STILL,
    )


def _growing_claim(results: Results) -> Claim:
    steps = np.abs(np.diff(results.course))
    top = int(steps.argmax())
    grow = bool((np.diff(steps[: top + 1]) > 0.0).all())
    place = float(results.course[top])
    return Claim(
        f"from {STARTS[-1]:g} the first step is the smallest, and steps grow to the steepest place",
        f"up to x = {STEEPEST:g} (f'' = 0)",
        f"from {steps[0]:.1e} to {steps[top]:.1e} at x = {place:.2f}",
        bool(grow and abs(place - STEEPEST) < RATE and steps[0] == steps.min()),
    )


def _parabola_claims(results: Results) -> list[Claim]:
    steps = np.abs(np.diff(results.on_parabola))
    wanted = math.ceil(math.log(NEAR / FARTHEST) / math.log(1.0 - RATE))
    error = float(np.abs(steps[1:] / steps[:-1] / (1.0 - RATE) - 1.0).max())
    return [
        Claim(
            f"from {FARTHEST:g} on a parabola of the same curvature, the minimum is reached",
            f"in {wanted} steps ({FARTHEST:g} · {1.0 - RATE:g}^n < {NEAR:g})",
            f"in {len(steps)} steps",
            len(steps) == wanted,
            is_control=True,
        ),
        Claim(
            f"on the parabola too every step is smaller than the one before, by the same factor, "
            f"to {EXACT:g} of it",
            f"× {1.0 - RATE:g} a step (1 - lr)",
            f"{error:.1e} apart",
            error < EXACT,
            is_control=True,
        ),
    ]


def _shelf_claims(results: Results) -> Iterator[Claim]:
    for eps in SHELVES:
        wanted, found = over_shelf(eps), results.steps_on_shelf[eps]
        in_time = eps == ON_TIME
        yield Claim(
            f"over a shelf of slope {eps:g} it takes {'fewer' if in_time else 'more'} than "
            f"{EPOCHS} epochs from s to p, as predicted to {TOLERANCE:.0%}",
            f"{wanted:.0f} (gradient flow), of them {math.pi / RATE / math.sqrt(eps):.0f} "
            "(π / (lr √eps)) on the shelf",
            f"{found}",
            abs(found / wanted - 1.0) < TOLERANCE and (found < EPOCHS) == in_time,
            is_control=in_time,
        )


def figures(results: Results) -> dict[str, Picture]:
    """The tutorial's figure 4, and how the number of steps grows with flatness."""
    return {"flat_on_the_way": _on_the_way(results), "flat_far_out": _far_out(results)}


def _on_the_way(results: Results) -> Picture:
    figure = Figure(figsize=(11, 4.6), layout="constrained")
    left, right = figure.subplots(1, 2)
    flat = SHELVES[1]
    column = SHELVES.index(flat)
    x = np.linspace(-2.6, 2.05, 300)
    left.plot(x, shelf(x, flat), c=BLUE, label=f"f, with a shelf of slope {flat:g}")
    course = results.on_shelf[: EPOCHS + 1, column]
    left.plot(course, shelf(course, flat), "o", c=VERMILION, mfc="none", label="epochs 0 to 150")
    for name, where, offset in (
        ("s", SHELF_START, (-14, -4)),
        (f"after {EPOCHS} epochs", course[-1], (-20, 28)),
        (f"p, after {results.steps_on_shelf[flat]}", SHELF_MINIMUM, (-12, 30)),
    ):
        left.annotate(
            name,
            (where, shelf(where, flat)),
            offset,
            textcoords="offset points",
            ha="right" if name == "s" else "center",
            arrowprops=None if name == "s" else {"arrowstyle": "->"},
        )
    left.set(xlabel="x", ylabel="f(x)", title="figure 4: flat on the way from s to p")
    left.legend(loc="upper left")
    _shelf_steps(right, results)
    return Picture(
        figure,
        f"Left: a curve that falls from s at x = {SHELF_START:g}, is almost level around 0 and "
        f"falls again to p at x = {SHELF_MINIMUM:g}; after {EPOCHS} epochs the descent is still on "
        f"the level part, at x = {course[-1]:.2f}. Right: the number of steps from s to p by the "
        "least slope of the level part, on logarithmic axes; the symbols lie on the predicted "
        f"line, and only one is below {EPOCHS} epochs.",
    )


def _shelf_steps(ax: Axes, results: Results) -> None:
    eps = np.geomspace(SHELVES[-1] / 2.0, 2.0 * SHELVES[0], 40)
    ax.plot(eps, [over_shelf(e) for e in eps], c=BLUE, lw=1.2, label="gradient flow, predicted")
    ax.plot(
        eps, math.pi / RATE / np.sqrt(eps), c=ORANGE, lw=1.2, ls=LINES[1], label="π / (lr √eps)"
    )
    ax.plot(*zip(*results.steps_on_shelf.items(), strict=True), "o", c=BLACK, label="measured")
    ax.axhline(EPOCHS, c=VERMILION, ls=LINES[3], label=f"{EPOCHS} epochs")
    ax.set(xscale="log", yscale="log", xlabel="least slope on the shelf, eps", ylabel="steps")
    ax.set_title("the flatter, the longer")
    ax.legend()


def _far_out(results: Results) -> Picture:
    figure = Figure(figsize=(11, 4.6), layout="constrained")
    left, right = figure.subplots(1, 2)
    for name, course, line, colour in (
        (f"1 − exp(−x²/2), from {STARTS[-1]:g}", results.course, LINES[0], BLUE),
        (f"1 − exp(−x²/2), from {FARTHEST:g}", results.from_farthest, LINES[2], VERMILION),
        (f"control: x²/2, from {FARTHEST:g}", results.on_parabola, LINES[1], GREEN),
    ):
        steps = np.arange(1, len(course))
        left.plot(steps, np.abs(np.diff(course)), c=colour, ls=line, label=name)
    left.set(xscale="log", yscale="log", ylim=(1e-9, 1e3))
    left.set(xlabel="step", ylabel="length of the step")
    left.set_title("small steps at the start, or at the end")
    left.legend(loc="upper right")
    starts = np.linspace(0.3, 6.2, 60)
    right.plot(starts, [from_start(s) for s in starts], c=BLUE, lw=1.2, label="gradient flow")
    points = (results.starts, results.steps_at_random)
    right.plot(*points, MARKERS[2], c=SKY, mfc="none", ms=4, label="measured, drawn starts")
    right.plot(*zip(*results.steps_from.items(), strict=True), "o", c=BLACK, label="measured")
    control = np.ceil(np.log(NEAR / starts) / np.log(1.0 - RATE))
    right.plot(starts, control, c=GREEN, ls=LINES[1], label="control: x²/2")
    right.axhline(EPOCHS, c=VERMILION, ls=LINES[3], label=f"{EPOCHS} epochs")
    right.set(yscale="log", xlabel="start, x0", ylabel="steps to |x| < 0.1")
    right.set_title("lines predicted, symbols measured")
    right.legend()
    return Picture(
        figure,
        f"Left: the length of steps, on logarithmic axes. From {STARTS[-1]:g} on the flat side "
        f"it grows for {len(results.course) - 20} steps and falls at the end; from {FARTHEST:g} it "
        "stays at 1e-8; on the parabola, the control, it falls from the start and the minimum is "
        f"reached after {len(results.on_parabola) - 1}. Right: steps to the minimum by start, on a "
        f"logarithmic axis: from {results.steps_from[1.0]} at 1 to {results.steps_from[5.0]} at 5, "
        "on the predicted curve; for the control about 40 everywhere.",
    )
